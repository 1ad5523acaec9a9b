/// A member of a group that harms it: asks for an object like any client, and says with the keys that it gets what only
/// the server may say, or what no honest receiver would. For the lab (tests/lab/member), which watches the others.
#include "actors/io/network_interface.hpp"
#include "actors/io/udp_batch.hpp"
#include "actors/io/udp_socket.hpp"
#include "protocol/simulation/forger.hpp"
#include "protocol/wire/data_codec.hpp"
#include "tests/member/connection.hpp"
#include "tests/member/voice.hpp"

#include <CLI/CLI.hpp>

#include <array>
#include <chrono>
#include <cstdio>
#include <map>
#include <random>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include <sys/socket.h>

namespace fleetcast::member {
namespace {

namespace asio = boost::asio;
namespace io = actors::io;
namespace wire = protocol::wire;
using clock = std::chrono::steady_clock;
using protocol::simulation::forger;
using protocol::simulation::forgery;

const std::map<std::string, forgery>& forgeries() {
  static const std::map<std::string, forgery> result{
    {"last-packet-number", forgery::last_packet_number},
    {"near-packet-number", forgery::near_packet_number},
    {"symbols-to-come", forgery::symbols_to_come},
    {"symbols-of-the-end", forgery::symbols_of_the_end},
    {"manifests", forgery::manifests},
    {"heartbeat-to-come", forgery::heartbeat_to_come},
    {"heartbeat-elsewhere", forgery::heartbeat_elsewhere},
    {"heartbeat-scheduled", forgery::heartbeat_scheduled},
    {"heartbeat-slow", forgery::heartbeat_slow},
    {"anchors", forgery::anchors},
  };
  return result;
}

constexpr const char* holds_window = "holds-window";
constexpr const char* asks_for_all = "asks-for-all";
constexpr const char* is_mute = "mute";

std::vector<std::string> kinds() {
  std::vector<std::string> result{"all", holds_window, asks_for_all, is_mute};
  for (const auto& [name, kind] : forgeries())
    result.push_back(name);
  return result;
}

struct options {
  std::string server;
  std::uint16_t port = 5040;
  std::string name_space;
  std::string object;
  std::string interface = "eth0";
  std::string kind = "all";
  double interval_ms = 5;
  double seconds = 10;
  std::string source;
  std::string reporter;
  std::uint64_t seed = std::random_device{}();
};

asio::ip::udp::endpoint endpoint_of(const wire::endpoint& from) {
  asio::ip::address_v4::bytes_type bytes;
  if (from.address.size() != bytes.size())
    throw std::runtime_error{"the server is not one of IPv4"};
  for (std::size_t i = 0; i < bytes.size(); ++i)
    bytes.at(i) = std::to_integer<unsigned char>(from.address[i]);
  return {asio::ip::address_v4{bytes}, from.port};
}

/// Hears where the sender is.
class ear {
public:
  ear(const wire::session_accept& accept, const io::network_interface& interface)
    : socket_(io::udp_socket::open_group_receiver(endpoint_of(accept.group), interface).value()),
      opener_(accept.suite, accept.group_key),
      tag_(accept.session_tag) {}

  /// Reads what is there.
  void listen() {
    std::array<std::byte, 65'536> buffer; // one at a time: no coalescing is asked for with recv
    for (;;) {
      const auto size = ::recv(socket_.native_handle(), buffer.data(), buffer.size(), MSG_DONTWAIT);
      if (size <= 0)
        return;
      hear({buffer.data(), static_cast<std::size_t>(size)});
    }
  }

  protocol::position at() const { return at_; }
  std::uint64_t packet() const { return packet_; }
  std::uint64_t sent_at() const { return sent_at_; }

private:
  void hear(std::span<const std::byte> datagram) {
    const auto h = wire::decode(datagram, opener_.overhead());
    if (!h || h->session_tag != tag_)
      return;
    if (h->type == wire::datagram_type::source)
      at_.block = h->block;
    if (h->type != wire::datagram_type::control)
      return;
    std::vector<std::byte> body(h->payload_size);
    if (!opener_.open(*h, datagram, body))
      return;
    const auto message = wire::decode_group_message(body);
    const auto* beat = message ? std::get_if<wire::heartbeat>(&*message) : nullptr;
    // Its own forgeries come back by the loop; what the server says grows little by little.
    if (beat == nullptr || (sent_at_ != 0 && beat->sent_at > sent_at_ + second))
      return;
    sent_at_ = std::max(sent_at_, beat->sent_at);
    at_ = beat->next;
    packet_ = h->packet_number;
  }

  static constexpr std::uint64_t second = 1'000'000'000;

  io::udp_socket socket_;
  wire::opener opener_;
  std::uint32_t tag_;
  protocol::position at_;
  std::uint64_t packet_ = 0;
  std::uint64_t sent_at_ = 0;
};

/// What it tells the server of itself.
class reporter {
public:
  explicit reporter(const wire::session_accept& accept)
    : accept_(accept),
      sealer_(accept.suite, accept.receiver_key) {}

  std::vector<std::byte> make(const std::string& kind, const ear& heard,
                              const protocol::geometry& layout) {
    wire::feedback m;
    m.echo_sent_at = heard.sent_at();
    m.highest_packet = m.received_packets = heard.packet();
    m.limit = protocol::unlimited;
    m.free_blocks = 64;
    if (kind == holds_window) {
      m.limit = {};
      m.free_blocks = 0;
    } else if (kind == asks_for_all) {
      m.wanted = {{0, layout.block_count()}};
    } else {
      m.completed_blocks = heard.at().block; // as if it got on like the others
    }
    const auto body = wire::encode(m);
    wire::header h;
    h.lane = accept_.lane;
    h.session_tag = accept_.session_tag;
    h.packet_number = ++packet_;
    h.block = accept_.receiver_id;
    std::vector<std::byte> result(wire::header_size + body.size() + sealer_.overhead());
    sealer_.seal(h, body, result);
    return result;
  }

private:
  wire::session_accept accept_;
  wire::sealer sealer_;
  std::uint64_t packet_ = 0;
};

/// The forgeries that this kind is made of; none: what is false are its reports.
std::vector<forgery> forgeries_of(const std::string& kind) {
  std::vector<forgery> result;
  for (const auto& [name, one] : forgeries())
    if (kind == "all" || kind == name)
      result.push_back(one);
  return result;
}

/// Whether the server has ended it, and with which words.
bool was_ended(connection& server) {
  while (const auto message = server.poll())
    if (const auto* ended = std::get_if<wire::session_ended>(&*message)) {
      std::printf("ended: %s\n", ended->reason.text.c_str());
      return true;
    }
  return false;
}

int run(const options& with) {
  std::printf("seed %llu\n", static_cast<unsigned long long>(with.seed));
  const auto interface = io::find_interface(with.interface);
  if (!interface)
    throw std::runtime_error{interface.error().text};
  connection server{with.server, with.port};
  const auto accept = server.join(with.name_space, with.object);
  const auto layout
    = protocol::geometry::make(accept.object_size, accept.symbol_size, accept.source_symbols)
        .value();
  const auto claimed = [&](const std::string& address) {
    return address.empty()
             ? std::optional<voice::endpoint>{}
             : std::optional<voice::endpoint>{std::in_place, asio::ip::make_address(address),
                                              endpoint_of(accept.feedback).port()};
  };
  ear heard{accept, *interface};
  reporter reports{accept};
  const voice to_group{endpoint_of(accept.group), with.interface, claimed(with.source)};
  const voice to_server{endpoint_of(accept.feedback), with.interface, claimed(with.reporter)};
  forger forges{{forgeries_of(with.kind)}, layout,   accept.suite, accept.group_key,
                accept.session_tag,        with.seed};
  std::printf("joined\n");
  std::fflush(stdout);
  constexpr auto report_pause = std::chrono::milliseconds(20);
  auto report_at = clock::now();
  const auto until = clock::now() + std::chrono::duration<double>(with.seconds);
  std::uint64_t sent = 0;
  while (clock::now() < until && !was_ended(server)) {
    heard.listen();
    if (with.kind != is_mute && clock::now() >= report_at) {
      to_server.say(reports.make(with.kind, heard, layout));
      report_at = clock::now() + report_pause;
    }
    if (heard.packet() != 0 && !forges.options().kinds.empty()) {
      to_group.say(forges.make(protocol::duration{static_cast<std::int64_t>(heard.sent_at())},
                               heard.at(), heard.packet()));
      ++sent;
    }
    // The pace of its forgeries; nothing is synchronised by it.
    std::this_thread::sleep_for(std::chrono::duration<double, std::milli>(with.interval_ms));
  }
  std::printf("forged %llu\n", static_cast<unsigned long long>(sent));
  return 0;
}

} // namespace
} // namespace fleetcast::member

int main(int argc, char** argv) {
  using fleetcast::member::kinds;
  fleetcast::member::options with;
  CLI::App program{
    "Joins a transmission and harms the others as far as its keys let it. For the lab."};
  program.add_option("--server", with.server, "Address of the server (IPv4)")->required();
  program.add_option("--port", with.port, "Of its control connections")->capture_default_str();
  program.add_option("--namespace", with.name_space, "Of the object")->required();
  program.add_option("--object", with.object, "Its name")->required();
  program.add_option("--interface", with.interface, "Of the group")->capture_default_str();
  program.add_option("--kind", with.kind, "What it says")->check(CLI::IsMember(kinds()));
  program.add_option("--interval", with.interval_ms, "Milliseconds between two forgeries")
    ->check(CLI::Range(0.1, 1000.0));
  program.add_option("--seconds", with.seconds, "How long at most")->check(CLI::Range(0.1, 120.0));
  program.add_option("--source", with.source, "Address that forgeries claim to come from");
  program.add_option("--reporter", with.reporter, "Address that reports claim to come from");
  program.add_option("--seed", with.seed, "Of chance");
  CLI11_PARSE(program, argc, argv);
  try {
    return fleetcast::member::run(with);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "member: %s\n", error.what());
    return 1;
  }
}
