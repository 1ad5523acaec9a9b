#include "tests/walker/session.hpp"

#include <algorithm>
#include <cstring>

namespace fleetcast::walker {

namespace {

thread_local const session* current = nullptr;

bool is_gone(DWORD answer) {
  return answer == ERROR_INVALID_HANDLE || answer == ERROR_NOT_READY;
}

constexpr unsigned all_required = 0b111;

} // namespace

bool shown_bytes::intact() const noexcept {
  return offset <= original->size() && size <= original->size() - offset
         && std::memcmp(bytes, original->data() + offset, size) == 0;
}

// -- callbacks ------------------------------------------------------------------------------------------

/// Entering and leaving a callback.
class session::visit {
public:
  visit(session& owner, HANDLE key, stage where) : owner_(owner), where_(where) {
    const auto last = owner_.last_.load();
    const bool was_cancelled = owner_.cancelled_;
    owner_.require(!owner_.inside_.exchange(true), "R-TH-5: two callbacks at once");
    owner_.require(owner_.start_called_, "R-ISES-17: a callback before StartSession");
    owner_.require(!owner_.ended_, "R-SHUT-4: a callback after Shutdown returned");
    owner_.require(last != stage::complete, "C-CP-2: a callback after SESSION_COMPLETE");
    owner_.require(last < where || (last == where && where == stage::contents),
                   "R-TH-6: callbacks out of order");
    owner_.require(key == owner_.key_, "a callback with another key");
    if (where != stage::complete) {
      owner_.require(owner_.content_ != nullptr, "R-ST-3: a session of nothing started");
      owner_.require(!owner_.cancelled_inside_,
                     "R-CAN-8: a callback after one that cancelled the session");
      if (was_cancelled)
        owner_.require(++owner_.late_ <= 1, "R-CAN-8: callbacks go on after a cancel");
    }
    owner_.last_ = where;
    current = &owner_;
  }

  ~visit() {
    current = nullptr;
    if (where_ == stage::complete)
      owner_.complete_returned_ = true;
    owner_.inside_ = false;
  }

  visit(const visit&) = delete;
  visit& operator=(const visit&) = delete;

private:
  session& owner_;
  stage where_;
};

PVOID session::function(TRANSPORTCLIENT_CALLBACK_ID id) {
  static constexpr auto self = [](PVOID data) -> session& { return *static_cast<session*>(data); };
  static const PFN_WdsTransportClientSessionStart start
    = [](HANDLE key, PVOID data, PULARGE_INTEGER size) {
        visit here{self(data), key, stage::start};
        self(data).on_start(*size);
      };
  static const PFN_WdsTransportClientSessionStartEx start_ex
    = [](HANDLE key, PVOID data, PTRANSPORTCLIENT_SESSION_INFO info) {
        visit here{self(data), key, stage::start_ex};
        self(data).on_start_ex(*info);
      };
  static const PFN_WdsTransportClientSessionNegotiate negotiate
    = [](HANDLE key, PVOID data, PTRANSPORTCLIENT_SESSION_INFO info, HANDLE negotiate_key) {
        visit here{self(data), key, stage::negotiate};
        self(data).on_start_ex(*info);
        self(data).on_negotiate(negotiate_key);
      };
  static const PFN_WdsTransportClientReceiveMetadata metadata
    = [](HANDLE key, PVOID data, PVOID bytes, ULONG size) {
        visit here{self(data), key, stage::metadata};
        self(data).on_metadata(bytes, size);
      };
  static const PFN_WdsTransportClientReceiveContents contents
    = [](HANDLE key, PVOID data, PVOID bytes, ULONG size, PULARGE_INTEGER offset) {
        visit here{self(data), key, stage::contents};
        self(data).on_contents(bytes, size, offset->QuadPart);
      };
  static const PFN_WdsTransportClientSessionComplete complete
    = [](HANDLE key, PVOID data, DWORD error) {
        visit here{self(data), key, stage::complete};
        self(data).on_complete(error);
      };
  switch (id) {
    case WDS_TRANSPORTCLIENT_SESSION_START:
      return reinterpret_cast<PVOID>(start);
    case WDS_TRANSPORTCLIENT_RECEIVE_CONTENTS:
      return reinterpret_cast<PVOID>(contents);
    case WDS_TRANSPORTCLIENT_SESSION_COMPLETE:
      return reinterpret_cast<PVOID>(complete);
    case WDS_TRANSPORTCLIENT_RECEIVE_METADATA:
      return reinterpret_cast<PVOID>(metadata);
    case WDS_TRANSPORTCLIENT_SESSION_STARTEX:
      return reinterpret_cast<PVOID>(start_ex);
    default:
      return reinterpret_cast<PVOID>(negotiate);
  }
}

void session::on_start(const ULARGE_INTEGER& size) {
  require(size.QuadPart == content_->content.size(), "C-ST-2: a wrong size");
  delivered_.resize(content_->blocks());
  beside_.inside(*this, stage::start);
}

void session::on_start_ex(const TRANSPORTCLIENT_SESSION_INFO& info) {
  require(info.ulStructureLength == sizeof(info)
            && info.ullFileSize.QuadPart == content_->content.size()
            && info.ulBlockSize == block_size,
          "C-SX-2: wrong session info");
  if (last_ == stage::start_ex)
    beside_.inside(*this, stage::start_ex);
}

void session::on_negotiate(HANDLE negotiate_key) {
  beside_.negotiate(*this, negotiate_key);
  beside_.inside(*this, stage::negotiate);
}

void session::on_metadata(void* bytes, ULONG size) {
  const shown_bytes what{bytes, size, 0, &content_->metadata};
  require(size == content_->metadata.size() && size != 0 && what.intact(),
          "C-MD-1: wrong metadata");
  beside_.shown(*this, stage::metadata, what);
  beside_.inside(*this, stage::metadata);
}

void session::on_contents(void* bytes, ULONG size, std::uint64_t offset) {
  const auto block = static_cast<std::size_t>(offset / block_size);
  if (offset % block_size != 0 || block >= delivered_.size() || size != content_->size_of(block))
    fail("R-RC-7: no whole block: " + std::to_string(offset) + "+" + std::to_string(size));
  require(!delivered_[block], "R-RC-7: a block came twice");
  require(wanted(block), "R-NEG-2: a block beside the range");
  delivered_[block] = true;
  ++blocks_seen_;
  const shown_bytes what{bytes, size, offset, &content_->content};
  require(what.intact(), "wrong bytes");
  beside_.shown(*this, stage::contents, what);
  beside_.inside(*this, stage::contents);
}

void session::on_complete(DWORD error) {
  final_ = error;
  require(++completes_ == 1, "R-CP-6: a second SESSION_COMPLETE");
  check_outcome(error);
  query();
  beside_.inside(*this, stage::complete);
}

void session::check_outcome(DWORD error) {
  std::lock_guard guard{codes_mutex_};
  const bool from_cancel = error == ERROR_CANCELLED || codes_.contains(error);
  if (cancelled_inside_)
    require(from_cancel, "W-CAN-1: cancelled inside a callback, ended otherwise");
  require(from_cancel || std::strcmp(FleetcastErrorText(error), "unknown error") != 0,
          "C-CP-4: an unknown outcome");
  if (error != ERROR_SUCCESS)
    return;
  require(content_ != nullptr, "a session of nothing succeeded");
  for (std::size_t block = 0; block < delivered_.size(); ++block)
    require(delivered_[block] == wanted(block), "R-RC-7: success with blocks missing");
}

bool session::wanted(std::size_t block) const {
  if (!has_range_)
    return true;
  const auto begin = std::uint64_t{block} * block_size;
  return size_ != 0 && begin < first_ + size_ && first_ < begin + content_->size_of(block);
}

// -- calls ----------------------------------------------------------------------------------------------

session::session(journal& log, companion& beside, std::uint64_t number, const object* content,
                 std::uint64_t seed)
  : log_(log),
    beside_(beside),
    number_(number),
    content_(content),
    luck_(seed) {}

void session::register_callback(TRANSPORTCLIENT_CALLBACK_ID id, PVOID function) {
  const bool was_closed = closed_;
  const bool was_started = starts_ != 0;
  const bool bad
    = static_cast<std::uint32_t>(id) >= WDS_TRANSPORTCLIENT_MAX_CALLBACKS || function == nullptr;
  if (!bad)
    may_be_registered_ |= 1U << static_cast<unsigned>(id);
  const auto answer = made(call::register_callback,
                           [&] { return WdsTransportClientRegisterCallback(key_, id, function); });
  after_close(was_closed, answer);
  require(answer != ERROR_SUCCESS || !(bad || was_started), "W-REG-5, R-REG-9: was registered");
  require(answer != ERROR_INVALID_PARAMETER || bad, "R-REG-9: refused a good callback");
  if (answer == ERROR_SUCCESS)
    registered_ |= 1U << static_cast<unsigned>(id);
}

void session::start() {
  const bool was_closed = closed_;
  const bool was_started = starts_ != 0;
  const bool was_complete = (registered_ & all_required) == all_required;
  start_called_ = true;
  const auto answer = made(call::start, [this] { return WdsTransportClientStartSession(key_); });
  after_close(was_closed, answer);
  require(answer != ERROR_INVALID_PARAMETER || !was_complete, "R-START-9: all was registered");
  if (answer != ERROR_SUCCESS)
    return;
  require(!was_started && ++starts_ == 1, "R-START-9: started twice");
  require((may_be_registered_ & all_required) == all_required, "W-START-2: callbacks are missing");
}

void session::cancel(std::optional<DWORD> code) {
  const bool was_closed = closed_;
  if (code) {
    std::lock_guard guard{codes_mutex_};
    if (*code != ERROR_SUCCESS)
      codes_.insert(*code);
  }
  const auto answer
    = code ? made(call::cancel_ex, [&] { return WdsTransportClientCancelSessionEx(key_, *code); })
           : made(call::cancel, [&] { return WdsTransportClientCancelSession(key_); });
  after_close(was_closed, answer);
  require(answer != ERROR_SUCCESS || code != DWORD{ERROR_SUCCESS}, "R-CANX-2: took code 0");
  if (answer != ERROR_SUCCESS)
    return;
  if (inside_own_callback() && last_ != stage::complete)
    cancelled_inside_ = true;
  cancelled_ = true;
}

void session::close() {
  const bool was_closed = closed_;
  const auto answer = made(call::close, [this] { return WdsTransportClientCloseSession(key_); });
  after_close(was_closed, answer);
  if (answer == ERROR_SUCCESS)
    require(!closed_.exchange(true), "R-CLS-10: closed twice");
}

void session::wait(ULONG milliseconds) {
  const bool was_closed = closed_;
  const bool was_over = complete_returned_;
  const auto answer
    = made(call::wait, [&] { return WdsTransportClientWaitForCompletion(key_, milliseconds); });
  after_close(was_closed, answer);
  if (inside_own_callback())
    // Another thread's CloseSession may be about to return.
    return require(answer == ERROR_POSSIBLE_DEADLOCK || answer == ERROR_INVALID_HANDLE,
                   "R-WAIT-9: waits inside its own callback");
  require(answer != ERROR_POSSIBLE_DEADLOCK, "R-WAIT-9: no deadlock here");
  require(answer != WAIT_TIMEOUT || milliseconds != INFINITE, "R-WAIT-7: eternity ended");
  // SESSION_COMPLETE may have returned and its news be under way.
  require(answer != ERROR_SUCCESS || complete_returned_, "R-WAIT-8: not over yet");
  require(answer != ERROR_SHUTDOWN_IN_PROGRESS || !was_over, "R-WAIT-5: it is over");
}

void session::query() {
  const bool was_closed = closed_;
  const bool was_over = completes_ != 0;
  ULONG status = 0;
  ULONG error = 0;
  const auto answer
    = made(call::query, [&] { return WdsTransportClientQueryStatus(key_, &status, &error); });
  after_close(was_closed, answer);
  if (answer != ERROR_SUCCESS)
    return;
  require(status >= WDS_TRANSPORTCLIENT_STATUS_IN_PROGRESS
            && status <= WDS_TRANSPORTCLIENT_STATUS_FAILURE,
          "W-QRY-2: no such status");
  require((error != 0) == (status == WDS_TRANSPORTCLIENT_STATUS_FAILURE), "R-QRY-8: error code");
  if (was_over)
    require(status != WDS_TRANSPORTCLIENT_STATUS_IN_PROGRESS && error == final_,
            "R-QRY-10: not what SESSION_COMPLETE said");
}

void session::statistics(ULONG length) {
  const bool was_closed = closed_;
  FLEETCAST_SESSION_STATISTICS figures{};
  figures.ulLength = length;
  const auto answer
    = made(call::session_statistics, [&] { return FleetcastGetSessionStatistics(key_, &figures); });
  after_close(was_closed, answer);
  if (answer == ERROR_SUCCESS)
    require(
      length >= sizeof(figures) && figures.ullOutstandingBytes <= figures.ullDeliveredBytes
        && (figures.ullObjectBytes == 0 || figures.ullDeliveredBytes <= figures.ullObjectBytes),
      "figures that cannot be");
}

void session::error_text(ULONG room) {
  const bool was_closed = closed_;
  const bool failed = complete_returned_ && final_ != ERROR_SUCCESS;
  std::vector<char> text(room + 1, 'x');
  ULONG needed = 0;
  const auto answer = made(call::session_error, [&] {
    return FleetcastGetSessionError(key_, room == 0 ? nullptr : text.data(), room, &needed);
  });
  after_close(was_closed, answer);
  require(text.back() == 'x', "wrote beyond the room");
  if (answer == ERROR_SUCCESS)
    require(std::strlen(text.data()) + 1 == needed && (!failed || needed > 1), "a wrong story");
}

void session::negotiate(HANDLE negotiate_key, std::uint64_t first, std::uint64_t size) {
  ULARGE_INTEGER start;
  ULARGE_INTEGER length;
  start.QuadPart = first;
  length.QuadPart = size;
  const auto answer = made(call::negotiate, [&] {
    return WdsTransportClientNegotiateRequiredDataRange(key_, negotiate_key, start, length);
  });
  if (!inside_own_callback() || last_ != stage::negotiate)
    return require(answer != ERROR_SUCCESS, "R-NEG-1: outside of its callback");
  const auto whole = content_->content.size();
  const bool good = first <= whole && size <= whole - first;
  require(answer == (good ? ERROR_SUCCESS : ERROR_INVALID_PARAMETER) || negotiate_key == nullptr,
          "R-NEG-3: a range");
  if (answer != ERROR_SUCCESS)
    return;
  has_range_ = true;
  first_ = first;
  size_ = size;
}

void session::complete_receive(const shown_bytes& block) {
  ULARGE_INTEGER at;
  at.QuadPart = block.offset;
  const auto answer = made(call::complete_receive, [&] {
    return WdsTransportClientCompleteReceive(key_, block.size, &at);
  });
  require(answer != ERROR_INVALID_PARAMETER, "W-CR-2: a block that is owed was refused");
  if (inside_own_callback())
    require(answer == ERROR_SUCCESS, "R-CR-8, R-CR-10: refused inside the callback");
}

void session::complete_receive_again(ULONG size, std::uint64_t offset) {
  ULARGE_INTEGER at;
  at.QuadPart = offset;
  const auto answer = made(call::complete_receive,
                           [&] { return WdsTransportClientCompleteReceive(key_, size, &at); });
  require(answer != ERROR_SUCCESS, "R-CR-9: completed what is not there");
}

bool session::inside_own_callback() const noexcept {
  return current == this;
}

// -- verdicts -------------------------------------------------------------------------------------------

void session::verify_ended() {
  ended_ = true;
  require(completes_ == starts_, "R-CP-6: not one SESSION_COMPLETE for each start");
  require(!inside_, "R-SHUT-4: Shutdown returned before a callback");
}

void session::print(std::ostream& out) const {
  constexpr const char* stages[]
    = {"none", "start", "startex", "negotiate", "metadata", "contents", "complete"};
  out << "  session " << number_ << " of " << (content_ != nullptr ? content_->name : "nothing")
      << ": last callback " << stages[static_cast<std::size_t>(last_.load())]
      << (inside_ ? ", inside it" : "") << "; blocks " << blocks_seen_ << "; started " << starts_
      << ", cancelled " << cancelled_ << ", closed " << closed_ << ", completed " << completes_
      << " with " << final_ << '\n';
}

void session::fail(const std::string& what) const {
  log_.fail("session " + std::to_string(number_) + ": " + what);
}

void session::require(bool so, const char* what) const {
  if (!so)
    fail(what);
}

/// While a callback runs the library cannot be down.
template <class Function>
DWORD session::made(call which, Function function) {
  const auto answer = log_.made(which, number_, function);
  require(current == nullptr || answer != ERROR_NOT_READY, "R-SHUT-4: went down under a callback");
  return answer;
}

void session::after_close(bool was_closed, DWORD answer) {
  require(!was_closed || is_gone(answer), "R-CLS-10: a closed key was taken");
  if (is_gone(answer))
    gone_ = true;
}

} // namespace fleetcast::walker
