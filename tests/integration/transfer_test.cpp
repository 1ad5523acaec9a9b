/// The whole product in one process, over the loopback interface: a serving runtime with listener and
/// directory, a receiving runtime, real sockets in between. Whatever is awaited has a limit, which only
/// a failing test reaches.
///
/// Between two actor systems of one process only anon_send will do: what an actor sends itself is run by
/// the workers of its own system, whoever it is for, and they then keep the other system from ending.
#include "actors/io/udp_batch.hpp"
#include "actors/io/udp_socket.hpp"
#include "actors/kit/session_ids.hpp"
#include "actors/runtime.hpp"
#include "actors/serve/server_budget.hpp"
#include "protocol/wire/datagram.hpp"
#include "tests/support/actor_fixture.hpp"
#include "tests/support/loopback_server.hpp"
#include "tests/support/temporary_directory.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/multicast.hpp>
#include <boost/asio/ip/udp.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <poll.h>

namespace fleetcast::actors::testing {
namespace transfer_test {
namespace {

namespace asio = boost::asio;
namespace wire = protocol::wire;
using asio::ip::udp;
using bytes = std::vector<std::byte>;

// -- consumer -------------------------------------------------------------------------------------

using started_atom = caf::atom_constant<caf::atom("started")>;
using block_atom = caf::atom_constant<caf::atom("block")>;
using go_atom = caf::atom_constant<caf::atom("go")>;

/// What a download does besides taking blocks.
struct download_habits {
  bool holds = false; ///< releases nothing until it gets a go
  std::optional<byte_range> wants;
};

/// Puts an object together.
using downloading_actor = consumer_actor::extend<caf::reacts_to<go_atom>>;

struct download {
  explicit download(downloading_actor::pointer) {}
  static inline const char* name = "download";

  writer_actor writer;
  std::vector<block_release> held;

  void release_all() {
    for (const auto& block : std::exchange(held, {}))
      caf::anon_send(writer, release_atom::value, block);
  }
};

downloading_actor::behavior_type downloading(downloading_actor::stateful_pointer<download> self,
                                             session_id id, caf::actor test, download_habits habits,
                                             std::shared_ptr<bytes> object) {
  auto holding = std::make_shared<bool>(habits.holds);
  return {
    [=](const session_started& started) {
      self->state.writer = started.writer;
      object->resize(started.object_size);
      if (habits.wants)
        caf::anon_send(started.ranges, *habits.wants);
      caf::anon_send(
        test, started_atom::value, id,
        std::string{reinterpret_cast<const char*>(started.metadata.get()), started.metadata_size});
    },
    [=](const block_delivery& block) {
      if (block.offset + block.size <= object->size())
        std::memcpy(object->data() + block.offset, block.bytes.get(), block.size);
      caf::anon_send(test, block_atom::value, id);
      if (*holding && (!habits.wants || habits.wants->touches(block.offset, block.size)))
        self->state.held.push_back({block.offset, block.size});
      else
        self->send(self->state.writer, release_atom::value,
                   block_release{block.offset, block.size});
    },
    [](const session_progress&) {},
    [=](const session_finished& finished) {
      if (self->state.writer)
        self->state.release_all();
      self->state.writer = nullptr;
      caf::anon_send(test, id, finished);
      self->quit();
    },
    [](status_atom) {
      return status_snapshot{"consumer", "idle", {}, {}};
    },
    [=](go_atom) {
      *holding = false;
      self->state.release_all();
    },
  };
}

// -- fixture --------------------------------------------------------------------------------------

class Transfer : public ::testing::Test {
protected:
  Transfer() : options{small_block_options(state.path())}, self{clients.system()} {}

  ~Transfer() override {
    // Consumers that still hold blocks would hold the clients' runtime.
    for (auto& [id, d] : downloads)
      if (!d.finished)
        self->send(clients.manager(), cancel_atom::value, id,
                   failure{failure_code::cancelled, 0, "over"});
    serving.reset();
  }

  // -- objects and downloads ----------------------------------------------------------------------

  /// A file that the server offers.
  const bytes& offer(const std::string& name, std::size_t size) {
    auto& content = offered[name];
    content = sample_bytes(size, std::hash<std::string>{}(name));
    std::ofstream file{files.path() / name, std::ios::binary};
    file.write(reinterpret_cast<const char*>(content.data()),
               static_cast<std::streamsize>(content.size()));
    EXPECT_TRUE(file.flush()) << "the test's disk is full";
    return content;
  }

  void serve() { serving = std::make_unique<loopback_server>(options, files.path()); }

  enum class pace { free, holding };

  session_id get(const std::string& name, pace how = pace::free,
                 std::optional<byte_range> wants = {}) {
    const auto id = next_session_id();
    receive_request request;
    request.server = "127.0.0.1";
    request.port = serving->port();
    request.name_space = "lab";
    request.object = name;
    request.interface = "lo";
    request.unsealed = clients_unsealed;
    request.known_servers = (state.path() / "known_servers").string();
    auto& d = downloads[id];
    d.object = name;
    d.actor = clients.system().spawn(downloading, id, caf::actor_cast<caf::actor>(self),
                                     download_habits{how == pace::holding, wants}, d.received);
    self->send(clients.manager(), open_atom::value, id, request, consumer_actor{d.actor});
    return id;
  }

  void let_go(session_id id) { self->send(downloads[id].actor, go_atom::value); }

  // -- waiting ------------------------------------------------------------------------------------

  /// Takes messages until `reached`; false when nothing more comes.
  bool await(const std::function<bool()>& reached) {
    bool silent = false;
    while (!reached() && !silent)
      self->receive(
        [&](started_atom, session_id id, const std::string& metadata) {
          downloads[id].started = true;
          downloads[id].metadata = metadata;
        },
        [&](block_atom, session_id id) { ++downloads[id].blocks; },
        [&](session_id id, const session_finished& finished) {
          downloads[id].finished = finished;
          ++downloads[id].times_finished;
        },
        caf::after(answer_patience) >> [&] { silent = true; });
    EXPECT_FALSE(silent) << "nothing happened for " << answer_patience.count() << " s";
    return !silent;
  }

  bool await_block(session_id id) {
    return await([&] { return downloads[id].blocks != 0 || downloads[id].finished; })
           && !downloads[id].finished;
  }

  session_finished await_finish(session_id id) {
    await([&] { return downloads[id].finished.has_value(); });
    return downloads[id].finished.value_or(session_finished{});
  }

  void expect_intact(session_id id) {
    const auto finished = await_finish(id);
    EXPECT_EQ(finished.reason.code, failure_code::none) << finished.reason.text;
    const auto& d = downloads[id];
    EXPECT_EQ(d.times_finished, 1U);
    EXPECT_EQ(finished.summary.object_size, offered[d.object].size());
    EXPECT_TRUE(*d.received == offered[d.object]) << d.object << " is not what was sent";
  }

  status_snapshot server_status() { return serving->status(); }
  status_snapshot client_status() {
    return ask_status(self, caf::actor_cast<caf::actor>(clients.manager()));
  }

  /// Asks for `status` until it fits: for what no message tells.
  bool await_status(const std::function<status_snapshot()>& status,
                    const std::function<bool(const status_snapshot&)>& fits) {
    const auto until = std::chrono::steady_clock::now() + answer_patience;
    while (std::chrono::steady_clock::now() < until)
      if (fits(status()))
        return true;
    return false;
  }

  struct one_download {
    std::string object;
    downloading_actor actor;
    std::shared_ptr<bytes> received = std::make_shared<bytes>();
    bool started = false;
    std::string metadata;
    std::size_t blocks = 0;
    std::optional<session_finished> finished;
    std::size_t times_finished = 0;
  };

  temporary_directory state;
  temporary_directory files;
  send_options options;
  bool clients_unsealed = false;
  std::map<std::string, bytes> offered;
  runtime clients;
  caf::scoped_actor self;
  std::map<session_id, one_download> downloads;
  std::unique_ptr<loopback_server> serving;
};

/// More small blocks than a receiver has memory for: who holds the first one stops the transmission on
/// its way, until it lets go.
constexpr std::size_t long_object = 3 * protocol::defaults::cache_blocks * 512 * 16 + 77;

// -- the ordinary way -----------------------------------------------------------------------------

TEST_F(Transfer, BringsAFileToThreeReceiversIntact) {
  options.shape.reset();
  offer("image", 5'000'123);
  serve();
  const auto a = get("image");
  const auto b = get("image");
  const auto c = get("image");
  for (const auto id : {a, b, c})
    expect_intact(id);
  EXPECT_TRUE(
    await_status([&] { return server_status(); },
                 [](const status_snapshot& s) { return fact(s, "send sessions") == "0"; }))
    << "the transmission goes on with nobody listening";
}

TEST_F(Transfer, LetsALateReceiverCatchUp) {
  offer("image", long_object);
  serve();
  const auto early = get("image", pace::holding);
  ASSERT_TRUE(await_block(early));
  const auto late = get("image");
  ASSERT_TRUE(await([&] { return downloads[late].started; }));
  const auto status = server_status();
  EXPECT_EQ(fact(status, "send sessions"), "1");
  EXPECT_EQ(count_in(status, "receivers"), 2U);
  let_go(early);
  expect_intact(early);
  expect_intact(late);
}

TEST_F(Transfer, BringsAnEmptyFile) {
  offer("nothing", 0);
  serve();
  const auto id = get("nothing");
  expect_intact(id);
  EXPECT_TRUE(downloads[id].started);
  EXPECT_EQ(downloads[id].blocks, 0U);
}

TEST_F(Transfer, BringsTheMetadataOfTheObject) {
  offer("image", 1000);
  offer("image.fcmeta", 100);
  serve();
  const auto id = get("image");
  expect_intact(id);
  const auto& sent = offered["image.fcmeta"];
  EXPECT_EQ(downloads[id].metadata,
            std::string(reinterpret_cast<const char*>(sent.data()), sent.size()));
}

TEST_F(Transfer, OfAPartEndsWithoutTheRest) {
  const auto& sent = offer("image", long_object);
  serve();
  constexpr byte_range wanted{3'000, 4'000}; // one block: no credit is needed for it
  // It holds what it gets, so the whole object could never come.
  const auto part = get("image", pace::holding, wanted);
  const auto finished = await_finish(part);
  EXPECT_EQ(finished.reason.code, failure_code::none) << finished.reason.text;
  EXPECT_TRUE(std::equal(sent.begin() + wanted.first, sent.begin() + wanted.first + wanted.size,
                         downloads[part].received->begin() + wanted.first));
  EXPECT_TRUE(
    await_status([&] { return server_status(); },
                 [](const status_snapshot& s) { return fact(s, "send sessions") == "0"; }));
}

TEST_F(Transfer, BringsEightObjectsAtOnce) {
  std::vector<session_id> ids;
  for (int i = 0; i < 8; ++i)
    offer("image" + std::to_string(i), 300'000 + static_cast<std::size_t>(i));
  serve();
  for (int i = 0; i < 8; ++i)
    ids.push_back(get("image" + std::to_string(i)));
  for (const auto id : ids)
    expect_intact(id);
}

TEST_F(Transfer, SendsNoMoreObjectsAtOnceThanItMay) {
  options.bounds = {2, 1};
  offer("image", long_object);
  offer("other", 1000);
  serve();
  const auto first = get("image", pace::holding);
  ASSERT_TRUE(await_block(first));
  const auto refused = get("other");
  EXPECT_EQ(await_finish(refused).reason.code, failure_code::server_busy);
  EXPECT_FALSE(downloads[refused].started);
  const auto late = get("image");
  ASSERT_TRUE(await([&] { return downloads[late].started; })) << "what runs can be joined";
  let_go(first);
  expect_intact(first);
  expect_intact(late);
}

TEST_F(Transfer, SendsNoFasterThanItMayWhateverEachObjectWould) {
  constexpr protocol::bit_rate most = 20'000'000;
  constexpr std::size_t size = 500'000;
  options.fixed_rate = 1'000'000'000;
  options.budget = server_budget::make(most);
  std::vector<std::string> names{"a", "b", "c"};
  for (const auto& name : names)
    offer(name, size);
  serve();
  const auto begin = std::chrono::steady_clock::now();
  std::vector<session_id> ids;
  for (const auto& name : names)
    ids.push_back(get(name));
  for (const auto id : ids)
    expect_intact(id);
  // However slow this machine is it takes no less: that much has to be sent, but for what may leave ahead.
  const auto took = std::chrono::steady_clock::now() - begin;
  EXPECT_GE(took, protocol::time_of(names.size() * size, most) * 9 / 10);
}

TEST_F(Transfer, RefusesAnObjectThatIsNotThere) {
  serve();
  const auto id = get("nowhere");
  EXPECT_EQ(await_finish(id).reason.code, failure_code::object_not_found);
  EXPECT_FALSE(downloads[id].started);
}

// -- switches -------------------------------------------------------------------------------------

/// A variable of the environment, while it lives.
class variable {
public:
  variable(const char* name, const char* value) : name_(name) { ::setenv(name, value, 1); }
  ~variable() { ::unsetenv(name_); }

  variable(const variable&) = delete;
  variable& operator=(const variable&) = delete;

private:
  const char* name_;
};

TEST_F(Transfer, WithoutSecurityBringsAFileToTwoReceivers) {
  options.unsealed = true;
  clients_unsealed = true;
  offer("image", long_object);
  serve();
  const auto a = get("image");
  const auto b = get("image");
  expect_intact(a);
  expect_intact(b);
}

TEST_F(Transfer, WithoutSecurityIsRefusedWhenTheServerAloneWantsIt) {
  options.unsealed = true;
  offer("image", 1000);
  serve();
  const auto reason = await_finish(get("image")).reason;
  EXPECT_EQ(reason.code, failure_code::handshake_failed);
  EXPECT_NE(reason.text.find("fleetcast get --security none"), std::string::npos) << reason.text;
}

TEST_F(Transfer, WithoutSecurityIsRefusedWhenTheClientAloneWantsIt) {
  clients_unsealed = true;
  offer("image", 1000);
  serve();
  const auto reason = await_finish(get("image")).reason;
  EXPECT_EQ(reason.code, failure_code::handshake_failed);
  EXPECT_NE(reason.text.find("fleetcast serve --security none"), std::string::npos) << reason.text;
}

TEST_F(Transfer, MendsLossThatIsInjected) {
  const variable loss{"FLEETCAST_INJECT_LOSS", "10"};
  offer("image", long_object);
  serve();
  const auto id = get("image");
  expect_intact(id);
  EXPECT_GT(downloads[id].finished->summary.statistics.repaired_symbols, 0U);
}

class TransferWithMtu : public Transfer, public ::testing::WithParamInterface<std::size_t> {};

TEST_P(TransferWithMtu, BringsAFileWhoseSymbolsFitAndMendsLoss) {
  const variable loss{"FLEETCAST_INJECT_LOSS", "5"};
  options.shape.reset();
  options.mtu = GetParam();
  offer("image", 5'000'123);
  serve();
  const auto one = get("image");
  const auto other = get("image");
  expect_intact(one);
  expect_intact(other);
}

INSTANTIATE_TEST_SUITE_P(Mtu, TransferWithMtu,
                         ::testing::Values(std::size_t{1280}, std::size_t{4000}, std::size_t{9000}),
                         ::testing::PrintToStringParamName());

class TransferWithOffloads : public Transfer, public ::testing::WithParamInterface<const char*> {};

TEST_P(TransferWithOffloads, BringsALargeFileToTwoReceivers) {
  const variable chosen{"FLEETCAST_OFFLOADS", GetParam()};
  options.shape.reset();
  offer("image", 20'000'003);
  serve();
  const auto held = get("image", pace::holding);
  ASSERT_TRUE(await_block(held));
  // The switch works: what the sockets say of themselves.
  const auto says = [](const status_snapshot& tree, const char* actor, const char* name) {
    const auto* found = find_actor(tree, actor);
    return found != nullptr ? fact(*found, name) : std::nullopt;
  };
  const std::string_view chosen_offloads{GetParam()};
  if (chosen_offloads.find("gro") == std::string_view::npos) {
    EXPECT_EQ(says(client_status(), "socket_reader", "receive offload"), "off");
  }
  if (chosen_offloads.find("gso") == std::string_view::npos) {
    EXPECT_EQ(says(server_status(), "socket_writer", "send offload"), "off");
  }
  const auto other = get("image");
  let_go(held);
  expect_intact(held);
  expect_intact(other);
}

INSTANTIATE_TEST_SUITE_P(Offloads, TransferWithOffloads,
                         ::testing::Values("none", "gso", "gro", "gso,gro"), [](const auto& each) {
                           std::string name{each.param};
                           name.erase(std::remove(name.begin(), name.end(), ','), name.end());
                           return name;
                         });

// -- ends before the end --------------------------------------------------------------------------

TEST_F(Transfer, CanBeCancelledInTheMiddleWithoutHarmToOthers) {
  offer("image", long_object);
  serve();
  const auto cancelled = get("image", pace::holding);
  const auto other = get("image");
  ASSERT_TRUE(await_block(cancelled));
  self->send(clients.manager(), cancel_atom::value, cancelled,
             failure{failure_code::cancelled, 1223, "by the user"});
  const auto finished = await_finish(cancelled);
  EXPECT_EQ(finished.reason.code, failure_code::cancelled);
  EXPECT_EQ(finished.reason.detail, 1223U);
  expect_intact(other);
}

TEST_F(Transfer, TellsTheReceiverWhenTheServerGoesAway) {
  offer("image", long_object);
  serve();
  const auto id = get("image", pace::holding);
  ASSERT_TRUE(await_block(id));
  serving.reset();
  const auto reason = await_finish(id).reason;
  EXPECT_TRUE(reason.code == failure_code::transmission_ended
              || reason.code == failure_code::connection_lost)
    << static_cast<int>(reason.code) << ": " << reason.text;
}

TEST_F(Transfer, EndsWithTheRuntimeOfTheReceiverAndTheServerNotices) {
  offer("image", long_object);
  serve();
  {
    runtime short_lived;
    receive_request request;
    request.server = "127.0.0.1";
    request.port = serving->port();
    request.name_space = "lab";
    request.object = "image";
    request.interface = "lo";
    request.known_servers = (state.path() / "known_servers").string();
    const auto received = std::make_shared<bytes>();
    const auto consumer
      = short_lived.system().spawn(downloading, session_id{0}, caf::actor_cast<caf::actor>(self),
                                   download_habits{true, {}}, received);
    caf::anon_send(short_lived.manager(), open_atom::value, session_id{0}, request,
                   consumer_actor{consumer});
    ASSERT_TRUE(await([&] { return downloads[0].blocks != 0 || downloads[0].finished; }));
  }
  await([&] { return downloads[0].finished.has_value(); });
  EXPECT_EQ(downloads[0].finished->reason.code, failure_code::cancelled);
  EXPECT_TRUE(
    await_status([&] { return server_status(); },
                 [](const status_snapshot& s) { return fact(s, "send sessions") == "0"; }));
}

TEST_F(Transfer, BothEndsSayWhichWayTheDatagramsTake) {
  offer("image", long_object);
  serve();
  const auto id = get("image", pace::holding);
  ASSERT_TRUE(await_block(id));
  const auto receiving = client_status();
  const auto sending = server_status();
  const auto* at_receiver = find_actor(receiving, "receive_session");
  const auto* at_sender = find_actor(sending, "send_session");
  ASSERT_NE(at_receiver, nullptr);
  ASSERT_NE(at_sender, nullptr);
  for (const auto* end : {at_receiver, at_sender}) {
    EXPECT_EQ(fact(*end, "interface"), "lo");
    EXPECT_EQ(fact(*end, "local address"), "127.0.0.1");
  }
  EXPECT_EQ(fact(*at_receiver, "group"), fact(*at_sender, "group"));
  EXPECT_EQ(fact(*at_receiver, "feedback"), fact(*at_sender, "feedback"));
  EXPECT_EQ(fact(*at_receiver, "feedback from").value_or("").find("127.0.0.1:"), 0U);
  let_go(id);
  expect_intact(id);
}

// -- hostile datagrams ----------------------------------------------------------------------------

/// Throws datagrams at whatever address, from a socket that belongs to no transmission.
class stranger {
public:
  explicit stranger(std::uint32_t seed) : random_{seed} {
    socket_.set_option(asio::ip::multicast::outbound_interface(asio::ip::address_v4::loopback()));
    socket_.set_option(asio::ip::multicast::enable_loopback(true));
  }

  void send(const bytes& datagram, const udp::endpoint& to) {
    socket_.send_to(asio::buffer(datagram), to);
  }

  bytes noise(std::size_t size) {
    bytes result(size);
    for (auto& b : result)
      b = static_cast<std::byte>(random_());
    return result;
  }

private:
  std::mt19937 random_;
  asio::io_context context_;
  udp::socket socket_{context_, {asio::ip::address_v4::loopback(), 0}};
};

/// The next control datagram that comes down a group: a heartbeat or a manifest.
bytes overhear(const udp::endpoint& group) {
  const auto lo = io::find_interface("lo");
  auto socket = io::udp_socket::open_group_receiver(group, lo.value());
  if (!socket)
    throw std::runtime_error{socket.error().text};
  const auto shared = std::make_shared<const io::udp_socket>(std::move(*socket));
  io::batch_receiver receiver{shared};
  io::receive_buffer buffer;
  pollfd waiting{shared->native_handle(), POLLIN, 0};
  while (::poll(&waiting, 1, static_cast<int>(std::chrono::milliseconds{answer_patience}.count()))
         == 1) {
    receiver.receive(buffer);
    for (const auto d : buffer.contents().datagrams) {
      const auto header = wire::decode(d, wire::max_seal_size);
      if (header && header->type == wire::datagram_type::control)
        return {d.begin(), d.end()};
    }
  }
  return {};
}

/// `datagram` under another header, with a seal that no longer fits.
bytes with_header(bytes datagram, const std::function<void(wire::header&)>& change) {
  auto header = wire::decode(datagram, wire::max_seal_size).value();
  change(header);
  wire::encode(header, std::span<std::byte, wire::header_size>{datagram.data(), wire::header_size});
  return datagram;
}

udp::endpoint address_of(const status_snapshot& socket_reader) {
  return {asio::ip::make_address(fact(socket_reader, "address").value()),
          static_cast<std::uint16_t>(std::stoul(fact(socket_reader, "port").value()))};
}

TEST_F(Transfer, SurvivesHostileDatagramsAndCountsThemByReason) {
  offer("image", long_object);
  serve();
  const auto id = get("image", pace::holding);
  ASSERT_TRUE(await_block(id));
  const auto receiving = client_status();
  const auto sending = server_status();
  const auto* group_reader = find_actor(receiving, "socket_reader");
  const auto* feedback_reader = find_actor(sending, "socket_reader");
  ASSERT_NE(group_reader, nullptr);
  ASSERT_NE(feedback_reader, nullptr);
  const auto group = address_of(*group_reader);
  auto feedback = address_of(*feedback_reader);
  if (feedback.address().is_unspecified())
    feedback.address(asio::ip::address_v4::loopback());

  const auto seed = std::random_device{}();
  RecordProperty("seed", std::to_string(seed));
  SCOPED_TRACE("seed " + std::to_string(seed));
  stranger attacker{seed};
  const auto genuine = overhear(group);
  ASSERT_FALSE(genuine.empty()) << "nothing comes down the group";
  auto cut = genuine;
  cut.pop_back();
  auto longer = genuine;
  longer.push_back({});
  const auto forged = with_header(genuine, [](auto& h) { h.packet_number += 1'000'000'000; });
  const auto foreign = with_header(genuine, [](auto& h) { ++h.session_tag; });
  const auto lane = with_header(genuine, [](auto& h) { ++h.lane; });
  const auto beyond = with_header(genuine, [](auto& h) {
    h.type = wire::datagram_type::source;
    h.block = 1'000'000;
  });
  const auto unknown = with_header(genuine, [](auto& h) { h.block = 4711; });
  const auto upward = with_header(genuine, [](auto& h) {
    h.block = 1; // the first receiver's id
    h.packet_number += 1'000'000'000;
  });
  for (const auto& d : {genuine, cut, longer, forged, foreign, lane, beyond})
    attacker.send(d, group);
  for (const auto& d : {cut, longer, foreign, lane, beyond, unknown, upward})
    attacker.send(d, feedback);
  for (std::size_t size = 0; size < 3000; size += 100) {
    attacker.send(attacker.noise(size), group);
    attacker.send(attacker.noise(size), feedback);
  }
  attacker.send(attacker.noise(60'000), group);
  attacker.send(attacker.noise(60'000), feedback);

  const auto counts = [](std::vector<std::string> reasons) {
    return [reasons](const status_snapshot& s) {
      return std::all_of(reasons.begin(), reasons.end(), [&](const std::string& reason) {
        return count_in(s, "dropped: " + reason) != 0;
      });
    };
  };
  EXPECT_TRUE(await_status([&] { return client_status(); },
                           counts({"replayed", "truncated", "oversized", "forged", "wrong session",
                                   "wrong lane", "out of range", "unknown version"})));
  EXPECT_TRUE(
    await_status([&] { return server_status(); },
                 counts({"truncated", "oversized", "forged", "wrong session", "wrong lane",
                         "wrong direction", "unknown receiver", "unknown version"})));
  let_go(id);
  expect_intact(id);
}

} // namespace
} // namespace transfer_test
} // namespace fleetcast::actors::testing
