#include "actors/io/udp_batch.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>
#include <utility>

#include <netinet/in.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sys/socket.h>

namespace fleetcast::actors::io {

namespace {

/// Messages of one sendmmsg, at most.
constexpr std::size_t max_messages = 64;

constexpr std::size_t cache_line = 64;

constexpr std::size_t whole_cache_lines(std::size_t size) noexcept {
  return (size + cache_line - 1) / cache_line * cache_line;
}

/// What sendmmsg needs for one message beside the message itself.
struct outgoing_message {
  iovec bytes{};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(std::uint16_t))> control{};
};

void request_segments(msghdr& message, outgoing_message& extra, std::uint16_t segment) {
  message.msg_control = extra.control.data();
  message.msg_controllen = extra.control.size();
  auto* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = IPPROTO_UDP;
  header->cmsg_type = UDP_SEGMENT;
  header->cmsg_len = CMSG_LEN(sizeof segment);
  std::memcpy(CMSG_DATA(header), &segment, sizeof segment);
}

/// How the kernel says that it, the device or the path cannot do *this* segmented send: no checksum
/// offload, segments beyond the path's MTU, or no such feature.
bool means_cannot_segment(int error) noexcept {
  return error == EIO || error == EINVAL || error == EOPNOTSUPP || error == EMSGSIZE;
}

template <class T>
T value_of(const cmsghdr* header) noexcept {
  T value{};
  std::memcpy(&value, CMSG_DATA(header), sizeof value);
  return value;
}

struct annotations {
  std::size_t segment = 0; ///< 0: not coalesced
  bool has_drops = false;
  std::uint32_t drops = 0;
};

annotations read_annotations(msghdr& message) noexcept {
  annotations result;
  for (auto* c = CMSG_FIRSTHDR(&message); c != nullptr; c = CMSG_NXTHDR(&message, c)) {
    if (c->cmsg_level == IPPROTO_UDP && c->cmsg_type == UDP_GRO) {
      result.segment = static_cast<std::size_t>(std::max(0, value_of<int>(c)));
    } else if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_RXQ_OVFL) {
      result.has_drops = true;
      result.drops = value_of<std::uint32_t>(c);
    }
  }
  return result;
}

} // namespace

// -- sending --------------------------------------------------------------------------------------

batch_sender::batch_sender(std::shared_ptr<const udp_socket> socket,
                           const udp_endpoint& destination)
  : socket_(std::move(socket)),
    destination_(destination),
    segmentation_(socket_->usable().gso) {}

send_outcome batch_sender::send(std::span<const std::byte> bytes,
                                std::span<const std::uint16_t> sizes) {
  plan(sizes);
  const auto until = clock::now() + limits::send_patience;
  send_outcome outcome;
  for (std::size_t next = 0; next < runs_.size();) {
    int error = 0;
    const auto pushed = push(bytes, next, error);
    for (std::size_t i = next; i < next + pushed; ++i)
      count_sent(runs_[i], outcome);
    next += pushed;
    if (error == 0 || gives_up_segmenting(next, error) || wait_for_room(error, until))
      continue;
    count_refused(runs_[next], error, outcome);
    ++next;
  }
  return outcome;
}

/// Cuts the batch into runs. A shorter datagram may end a segmented buffer but not stand within.
void batch_sender::plan(std::span<const std::uint16_t> sizes) {
  runs_.clear();
  std::size_t offset = 0;
  bool open = false;
  for (const auto size : sizes) {
    const bool fits = open && segmentation_ && size > 0 && size <= runs_.back().segment
                      && runs_.back().datagrams < limits::max_segments
                      && runs_.back().bytes + size <= limits::max_segmented_bytes;
    if (!fits)
      runs_.push_back(run{offset, 0, 0, size});
    auto& current = runs_.back();
    current.bytes += size;
    ++current.datagrams;
    open = size > 0 && size == current.segment;
    offset += size;
  }
}

/// One sendmmsg, from run `first` on. Returns how many runs the kernel took; `error` is why not one.
std::size_t batch_sender::push(std::span<const std::byte> bytes, std::size_t first, int& error) {
  std::array<mmsghdr, max_messages> messages{};
  std::array<outgoing_message, max_messages> extras;
  const auto count = std::min(runs_.size() - first, max_messages);
  for (std::size_t i = 0; i < count; ++i) {
    const auto& r = runs_[first + i];
    auto& header = messages[i].msg_hdr;
    // iovec serves both directions; sending does not write through it.
    extras[i].bytes = {const_cast<std::byte*>(bytes.data() + r.offset), r.bytes};
    header.msg_iov = &extras[i].bytes;
    header.msg_iovlen = 1;
    header.msg_name = destination_.data();
    header.msg_namelen = static_cast<socklen_t>(destination_.size());
    if (r.datagrams > 1)
      request_segments(header, extras[i], r.segment);
  }
  int taken = -1;
  do {
    ++statistics_.calls;
    taken = ::sendmmsg(socket_->native_handle(), messages.data(), static_cast<unsigned>(count),
                       MSG_NOSIGNAL);
  } while (taken < 0 && errno == EINTR);
  error = taken < 0 ? errno : 0;
  return taken < 0 ? 0 : static_cast<std::size_t>(taken);
}

/// Where segmentation was refused, it stays off and the datagrams not yet sent go one by one.
bool batch_sender::gives_up_segmenting(std::size_t refused, int error) {
  if (runs_[refused].datagrams < 2 || !means_cannot_segment(error))
    return false;
  segmentation_ = false;
  ++statistics_.fallbacks;
  std::vector<run> singles;
  for (std::size_t i = refused; i < runs_.size(); ++i) {
    auto rest = runs_[i];
    for (; rest.datagrams > 1; --rest.datagrams) {
      singles.push_back(run{rest.offset, rest.segment, 1, rest.segment});
      rest.offset += rest.segment;
      rest.bytes -= rest.segment;
    }
    singles.push_back(rest);
  }
  runs_.resize(refused);
  runs_.insert(runs_.end(), singles.begin(), singles.end());
  return true;
}

bool batch_sender::wait_for_room(int error, clock::time_point until) {
  if (error != EAGAIN && error != EWOULDBLOCK && error != ENOBUFS)
    return false;
  const auto left
    = std::chrono::duration_cast<std::chrono::milliseconds>(until - clock::now()).count();
  if (left <= 0)
    return false;
  ++statistics_.waits;
  if (error == ENOBUFS) {
    // The device's queue is full, of which no event tells the end: look again in a millisecond.
    ::poll(nullptr, 0, 1);
    return true;
  }
  pollfd writable{socket_->native_handle(), POLLOUT, 0};
  return ::poll(&writable, 1, static_cast<int>(left)) > 0;
}

void batch_sender::count_sent(const run& sent, send_outcome& outcome) {
  outcome.sent += sent.datagrams;
  statistics_.datagrams += sent.datagrams;
  statistics_.bytes += sent.bytes;
  statistics_.segmented += sent.datagrams > 1 ? sent.datagrams : 0;
}

void batch_sender::count_refused(const run& refused, int error, send_outcome& outcome) {
  outcome.refused += refused.datagrams;
  outcome.error = error;
  statistics_.refused += refused.datagrams;
  statistics_.last_error = error;
}

// -- receiving ------------------------------------------------------------------------------------

receive_buffer::receive_buffer() {
  constexpr std::size_t page = 4096;
  static_assert(limits::batch_buffer % page == 0);
  memory_.reset(static_cast<std::byte*>(std::aligned_alloc(page, limits::batch_buffer)));
  if (!memory_)
    throw std::bad_alloc{};
}

struct batch_receiver::slots {
  /// What recvmmsg tells beside a message: its source, the size of coalesced datagrams and the drop counter.
  struct beside {
    iovec bytes{};
    udp_endpoint from;
    alignas(cmsghdr)
      std::array<char, CMSG_SPACE(sizeof(int)) + CMSG_SPACE(sizeof(std::uint32_t))> control{};
  };

  /// Of `i`, into `memory`.
  void prepare(std::size_t i, std::span<std::byte> memory) noexcept {
    auto& extra = extras[i];
    extra.bytes = {memory.data(), memory.size()};
    auto& header = messages[i].msg_hdr;
    header.msg_iov = &extra.bytes;
    header.msg_iovlen = 1;
    header.msg_control = extra.control.data();
    header.msg_controllen = extra.control.size();
    header.msg_name = extra.from.data();
    header.msg_namelen = static_cast<socklen_t>(extra.from.capacity());
  }

  std::array<mmsghdr, limits::receive_slots> messages{};
  std::array<beside, limits::receive_slots> extras;
};

batch_receiver::batch_receiver(std::shared_ptr<const udp_socket> socket)
  : socket_(std::move(socket)),
    slots_(std::make_unique<slots>()) {}

batch_receiver::~batch_receiver() = default;

bool batch_receiver::receive(receive_buffer& into) {
  auto& contents = into.contents_;
  contents.datagrams.clear();
  contents.sources.clear();
  auto where = layout();
  const auto bytes_before = counters_.bytes.load(std::memory_order_relaxed);
  const auto wants_more = [&] {
    return where.has_room(0)
           && counters_.bytes.load(std::memory_order_relaxed) - bytes_before < limits::batch_bytes;
  };
  bool more = true;
  for (std::size_t calls = 0; more && calls < limits::receive_calls && wants_more(); ++calls)
    more = receive_some(into, where);
  contents.kernel_drops = counters_.kernel_drops.load(std::memory_order_relaxed);
  if (const auto lost = loss_.thin(contents.datagrams); lost > 0)
    counters_.injected_losses.fetch_add(lost, std::memory_order_relaxed);
  return !more;
}

batch_receiver::lanes batch_receiver::layout() const noexcept {
  lanes result;
  result.count = coalesces() ? limits::coalesced_lanes : limits::receive_slots;
  result.size = coalesces() ? limits::lane_bytes : limits::max_datagram;
  result.room = coalesces() ? limits::max_coalesced : limits::max_datagram;
  return result;
}

/// One recvmmsg. False when the socket is empty.
bool batch_receiver::receive_some(receive_buffer& into, lanes& where) {
  const auto asked = offer_room(into, where);
  counters_.calls.fetch_add(1, std::memory_order_relaxed);
  const int got = ::recvmmsg(socket_->native_handle(), slots_->messages.data(),
                             static_cast<unsigned>(asked), MSG_DONTWAIT, nullptr);
  if (got < 0)
    return goes_on_after(errno);
  const auto received = static_cast<std::size_t>(got);
  accept(into, where, received);
  return received == asked;
}

/// One receive a lane, from the first lane up to one without room. Returns how many.
std::size_t batch_receiver::offer_room(receive_buffer& into, const lanes& where) noexcept {
  const auto wanted = coalesces() ? std::min(width_, where.count) : where.count;
  std::size_t count = 0;
  for (; count < wanted && where.has_room(count); ++count)
    slots_->prepare(count, {into.memory_.get() + where.next(count), where.room});
  return count;
}

/// Counts an error of the socket. True: an interrupted call, to be made again.
bool batch_receiver::goes_on_after(int error) noexcept {
  if (error == EAGAIN || error == EWOULDBLOCK)
    return false;
  if (error == EINTR)
    return true;
  // An ICMP answer to something we sent (ECONNREFUSED) or an interface that went down: the socket
  // is as good as before, the next readiness tells.
  counters_.errors.fetch_add(1, std::memory_order_relaxed);
  counters_.last_error.store(error, std::memory_order_relaxed);
  return false;
}

/// What one call received, one message in each of the first lanes.
void batch_receiver::accept(receive_buffer& into, lanes& where, std::size_t received) {
  auto& [messages, extras] = *slots_;
  width_ = std::min(2 * width_, limits::coalesced_lanes);
  for (std::size_t i = 0; i < received; ++i) {
    auto& header = messages[i].msg_hdr;
    const auto notes = read_annotations(header);
    if (notes.has_drops)
      note_drops(notes.drops);
    const std::size_t size = messages[i].msg_len;
    if ((header.msg_flags & MSG_TRUNC) != 0) {
      counters_.truncated.fetch_add(1, std::memory_order_relaxed);
      continue;
    }
    const auto segment = notes.segment != 0 ? std::min(notes.segment, size) : size;
    extras[i].from.resize(header.msg_namelen);
    into.contents_.sources.push_back({{into.memory_.get() + where.next(i), size}, extras[i].from});
    if (take(into, where.next(i), size, segment) > 1)
      width_ = 1;
    where.used[i] += whole_cache_lines(size);
  }
}

/// Notes the datagrams of `segment` bytes, the last one perhaps shorter, in `size` bytes received.
/// Returns how many.
std::size_t batch_receiver::take(receive_buffer& into, std::size_t offset, std::size_t size,
                                 std::size_t segment) {
  auto& datagrams = into.contents_.datagrams;
  const std::span<const std::byte> received{into.memory_.get() + offset, size};
  const auto before = datagrams.size();
  datagrams.push_back(received.first(segment));
  for (auto at = segment; at < size; at += segment)
    datagrams.push_back(received.subspan(at, std::min(segment, size - at)));
  const auto added = datagrams.size() - before;
  counters_.datagrams.fetch_add(added, std::memory_order_relaxed);
  counters_.bytes.fetch_add(size, std::memory_order_relaxed);
  counters_.coalesced.fetch_add(added > 1 ? added : 0, std::memory_order_relaxed);
  return added;
}

/// The kernel's counter has 32 bits and wraps; it comes only with a datagram that got through.
void batch_receiver::note_drops(std::uint32_t total) noexcept {
  const std::uint32_t fresh = total - drops_seen_;
  drops_seen_ = total;
  counters_.kernel_drops.fetch_add(fresh, std::memory_order_relaxed);
}

batch_receiver::statistics batch_receiver::snapshot() const noexcept {
  constexpr std::size_t named_below = 9;
  static_assert(sizeof(statistics) == named_below * sizeof(std::uint64_t)
                && sizeof(counters) == sizeof(statistics));
  const auto relaxed = [](const auto& counter) { return counter.load(std::memory_order_relaxed); };
  return {.datagrams = relaxed(counters_.datagrams),
          .bytes = relaxed(counters_.bytes),
          .truncated = relaxed(counters_.truncated),
          .coalesced = relaxed(counters_.coalesced),
          .calls = relaxed(counters_.calls),
          .kernel_drops = relaxed(counters_.kernel_drops),
          .errors = relaxed(counters_.errors),
          .last_error = relaxed(counters_.last_error),
          .injected_losses = relaxed(counters_.injected_losses)};
}

} // namespace fleetcast::actors::io
