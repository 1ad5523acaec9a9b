/// What the kernel itself carries: datagrams of one size to a multicast group by sendmmsg, one datagram a
/// packet, as fast as it takes them; and receivers that count and forget them. What is sent is the limit
/// that a reliable transfer on the same links is held against; what is received of a flood is less.
#include <CLI/CLI.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/multicast.hpp>
#include <boost/asio/ip/udp.hpp>
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <system_error>
#include <vector>

#include <poll.h>
#include <sys/socket.h>

namespace {

namespace asio = boost::asio;
using asio::ip::udp;
using clock = std::chrono::steady_clock;

/// As Fleetcast's own on Ethernet: a symbol of 1408 bytes, header and seal.
constexpr std::size_t datagram_bytes = 1448;
constexpr std::size_t batch = 44;
constexpr int receive_buffer = 32 << 20;

const udp::endpoint group{asio::ip::make_address("239.255.77.2"), 6004};

[[noreturn]] void fail(const char* what) {
  throw std::system_error{errno, std::generic_category(), what};
}

struct batch_of_messages {
  explicit batch_of_messages(std::size_t bytes) : memory(batch * bytes) {
    for (std::size_t i = 0; i < batch; ++i) {
      parts[i] = {memory.data() + i * bytes, bytes};
      messages[i].msg_hdr.msg_iov = &parts[i];
      messages[i].msg_hdr.msg_iovlen = 1;
    }
  }

  std::vector<char> memory;
  std::array<iovec, batch> parts{};
  std::array<mmsghdr, batch> messages{};
};

void wait_for(int socket, short event, int milliseconds) {
  pollfd waiting{socket, event, 0};
  if (::poll(&waiting, 1, milliseconds) < 0 && errno != EINTR)
    fail("poll");
}

/// Sends for so long, then says how much.
void send(const asio::ip::address_v4& local, double seconds) {
  asio::io_context context;
  udp::socket socket{context, udp::v4()};
  socket.set_option(asio::ip::multicast::outbound_interface{local});
  socket.non_blocking(true);
  batch_of_messages out{datagram_bytes};
  for (auto& m : out.messages) {
    m.msg_hdr.msg_name = const_cast<sockaddr*>(group.data());
    m.msg_hdr.msg_namelen = static_cast<socklen_t>(group.size());
  }
  std::uint64_t datagrams = 0;
  const auto begin = clock::now();
  const auto end
    = begin + std::chrono::duration_cast<clock::duration>(std::chrono::duration<double>{seconds});
  while (clock::now() < end) {
    const int sent = ::sendmmsg(socket.native_handle(), out.messages.data(), batch, 0);
    if (sent > 0)
      datagrams += static_cast<std::uint64_t>(sent);
    else if (errno == EAGAIN || errno == ENOBUFS)
      wait_for(socket.native_handle(), POLLOUT, 10);
    else if (errno != EINTR)
      fail("sendmmsg");
  }
  const std::chrono::duration<double> took = clock::now() - begin;
  fmt::print("sent {} datagrams of {} bytes in {:.3f} s\n", datagrams, datagram_bytes,
             took.count());
}

/// Counts from the first datagram until none comes for half a second; gives up after `seconds`.
void receive(const asio::ip::address_v4& local, double seconds) {
  asio::io_context context;
  udp::socket socket{context};
  socket.open(udp::v4());
  // Beyond the system's limit where privileged.
  if (::setsockopt(socket.native_handle(), SOL_SOCKET, SO_RCVBUFFORCE, &receive_buffer,
                   sizeof receive_buffer)
      != 0)
    socket.set_option(asio::socket_base::receive_buffer_size{receive_buffer});
  socket.bind(group);
  socket.set_option(asio::ip::multicast::join_group{group.address().to_v4(), local});
  socket.non_blocking(true);
  fmt::print("ready\n");
  std::fflush(stdout);
  constexpr int silence_ms = 500;
  batch_of_messages in{datagram_bytes};
  std::uint64_t datagrams = 0;
  const auto patience = clock::now() + std::chrono::duration<double>{seconds};
  clock::time_point first;
  auto last = clock::now();
  while (clock::now() < patience) {
    const int got = ::recvmmsg(socket.native_handle(), in.messages.data(), batch, 0, nullptr);
    if (got > 0) {
      last = clock::now();
      if (datagrams == 0)
        first = last;
      datagrams += static_cast<std::uint64_t>(got);
      continue;
    }
    if (errno != EAGAIN && errno != EINTR)
      fail("recvmmsg");
    if (datagrams > 0 && clock::now() - last > std::chrono::milliseconds{silence_ms})
      break;
    wait_for(socket.native_handle(), POLLIN, silence_ms);
  }
  const std::chrono::duration<double> took = last - first;
  fmt::print("received {} datagrams of {} bytes in {:.3f} s\n", datagrams, datagram_bytes,
             took.count());
}

} // namespace

int main(int argc, char** argv) {
  CLI::App program{"Floods a multicast group, or counts what arrives of the flood."};
  program.require_subcommand(1);
  std::string local;
  double seconds = 2;
  auto* sending = program.add_subcommand("send", "Send for --seconds");
  auto* receiving = program.add_subcommand("receive", "Count, for --seconds at most");
  for (auto* command : {sending, receiving}) {
    command->add_option("--local", local, "IPv4 address of the interface")->required();
    command->add_option("--seconds", seconds)->check(CLI::Range(0.1, 60.0))->capture_default_str();
  }
  CLI11_PARSE(program, argc, argv);
  try {
    const auto address = asio::ip::make_address_v4(local);
    if (*sending)
      send(address, seconds);
    else
      receive(address, seconds);
    return EXIT_SUCCESS;
  } catch (const std::exception& e) {
    fmt::print(stderr, "raw_datagrams: {}\n", e.what());
    return EXIT_FAILURE;
  }
}
