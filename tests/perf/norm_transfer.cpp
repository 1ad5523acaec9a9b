/// Sends or receives one file with NORM (RFC 5740, libnorm), for comparisons: libnorm comes as a library
/// only, so this is the least program around it. Rate, buffers and round trip are chosen in its favour for
/// a fast local network; its defaults are made for slow ones.
#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>

#include <normApi.h>

namespace {

constexpr const char* group = "239.255.77.1";
constexpr std::uint16_t port = 6003;

constexpr std::uint16_t segment_bytes = 1400;
constexpr std::uint16_t block_segments = 64;
constexpr std::uint16_t block_parity = 32;
constexpr std::uint32_t memory_bytes = 64U << 20;
constexpr unsigned socket_bytes = 8U << 20;

/// Seconds. NORM starts from half a second, and waits multiples of it.
constexpr double round_trip = 0.01;

/// Receivers are the nodes after the sender.
constexpr NormNodeId sender_node = 1;

struct arguments {
  std::string interface;
  std::string file;
  double rate = 0;
  unsigned receivers = 1;
  unsigned number = 1;
};

class session {
public:
  session(const std::string& interface, NormNodeId node)
    : instance_(NormCreateInstance(true)),
      session_(NormCreateSession(instance_, group, port, node)) {
    if (session_ == NORM_SESSION_INVALID)
      throw std::runtime_error{"NORM makes no session"};
    NormSetMulticastInterface(session_, interface.c_str());
    NormSetRxPortReuse(session_, true);
    NormSetGrttEstimate(session_, round_trip);
  }

  ~session() {
    NormDestroySession(session_);
    NormDestroyInstance(instance_);
  }

  session(const session&) = delete;
  session& operator=(const session&) = delete;

  NormSessionHandle get() const noexcept { return session_; }
  NormInstanceHandle instance() const noexcept { return instance_; }

  NormEvent next() const {
    NormEvent event{};
    if (!NormGetNextEvent(instance_, &event))
      throw std::runtime_error{"NORM ended"};
    return event;
  }

private:
  NormInstanceHandle instance_;
  NormSessionHandle session_;
};

/// Until every receiver has acknowledged the whole file.
int send(const arguments& how) {
  const session s{how.interface, sender_node};
  NormSetGroupSize(s.get(), how.receivers);
  NormSetGrttMax(s.get(), 1.0);
  if (how.rate > 0) {
    NormSetTxRate(s.get(), how.rate);
  } else {
    NormSetCongestionControl(s.get(), true);
    NormSetTxRateBounds(s.get(), 1e8, -1.0);
  }
  for (unsigned n = 1; n <= how.receivers; ++n)
    NormAddAckingNode(s.get(), sender_node + n);
  // One file of any size; NORM's own bound is 20 MB.
  NormSetTxCacheBounds(s.get(), NormSize{1} << 40, 1, 16);
  if (!NormStartSender(s.get(), NormGetRandomSessionId(), memory_bytes, segment_bytes,
                       block_segments, block_parity))
    throw std::runtime_error{"NORM starts no sender"};
  NormSetTxSocketBuffer(s.get(), socket_bytes);
  const auto object = NormFileEnqueue(s.get(), how.file.c_str());
  if (object == NORM_OBJECT_INVALID || !NormSetWatermark(s.get(), object))
    throw std::runtime_error{"NORM does not take " + how.file};
  for (;;) {
    if (s.next().type != NORM_TX_WATERMARK_COMPLETED)
      continue;
    if (NormGetAckingStatus(s.get()) == NORM_ACK_SUCCESS)
      return EXIT_SUCCESS;
    NormResetWatermark(s.get());
  }
}

/// Until the file is complete, and as long as the sender wants to be told so.
int receive(const arguments& how) {
  const session s{how.interface, sender_node + how.number};
  const std::filesystem::path target{how.file};
  // NORM receives under a name of its own.
  NormSetCacheDirectory(s.instance(), target.parent_path().c_str());
  if (!NormStartReceiver(s.get(), memory_bytes))
    throw std::runtime_error{"NORM starts no receiver"};
  NormSetRxSocketBuffer(s.get(), socket_bytes);
  fmt::print("ready\n");
  std::fflush(stdout);
  for (;;) {
    const auto event = s.next();
    if (event.type == NORM_RX_OBJECT_ABORTED)
      throw std::runtime_error{"NORM gave up the file"};
    if (event.type != NORM_RX_OBJECT_COMPLETED)
      continue;
    if (!NormFileRename(event.object, target.c_str()))
      throw std::runtime_error{"NORM cannot rename the file to " + how.file};
    fmt::print("complete\n");
    std::fflush(stdout);
  }
}

} // namespace

int main(int argc, char** argv) {
  CLI::App program{"Sends or receives one file with NORM."};
  program.require_subcommand(1);
  arguments how;
  auto* sending = program.add_subcommand("send", "Send FILE, end when all have it");
  auto* receiving = program.add_subcommand("receive", "Receive into FILE, until killed");
  for (auto* command : {sending, receiving}) {
    command->add_option("--interface", how.interface)->required();
    command->add_option("file", how.file)->required();
  }
  sending->add_option("--receivers", how.receivers, "How many there are")->required();
  sending->add_option("--rate", how.rate, "bit/s; without it, NORM's congestion control decides");
  receiving->add_option("--number", how.number, "1 to the number of receivers")->required();
  CLI11_PARSE(program, argc, argv);
  try {
    return *sending ? send(how) : receive(how);
  } catch (const std::exception& e) {
    fmt::print(stderr, "norm_transfer: {}\n", e.what());
    return EXIT_FAILURE;
  }
}
