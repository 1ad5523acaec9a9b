#include "actors/io/io_thread.hpp"
#include "actors/io/network_interface.hpp"
#include "actors/io/udp_socket.hpp"
#include "actors/observe/event_log.hpp"
#include "actors/serve/transmission.hpp"
#include "protocol/wire/data_codec.hpp"
#include "protocol/wire/seal.hpp"
#include "tests/support/actor_fixture.hpp"
#include "tests/support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

namespace fleetcast::actors::testing {
namespace send_session_test {
namespace {

namespace wire = protocol::wire;
using bytes = std::vector<std::byte>;

constexpr std::size_t object_size = 300'000;

io::way loopback_way() {
  return {io::find_interface("lo").value(), boost::asio::ip::address_v4::loopback()};
}

/// A receiver as the session sees one: an actor that plays its control connection.
struct receiver {
  explicit receiver(caf::actor_system& system)
    : link(std::make_unique<caf::scoped_actor>(system)) {}

  caf::scoped_actor& operator*() { return *link; }
  receiver_id id() const { return joined.accept.receiver_id; }

  std::unique_ptr<caf::scoped_actor> link;
  join_reply joined;
};

class SendSession : public ::testing::Test {
protected:
  void start(memory_content::reading before_read = {}, bool unsealed = false) {
    auto options = small_block_options(directory.path());
    options.unsealed = unsealed;
    auto prepared
      = prepare_transmission(std::make_shared<memory_content>(
                               "lab/image", sample_bytes(object_size, 1), std::move(before_read)),
                             loopback_way(), options, io);
    ASSERT_TRUE(prepared) << prepared.error().text;
    session = system.spawn(send_session, std::move(*prepared));
    self->monitor(session);
  }

  ~SendSession() override {
    if (session)
      caf::anon_send(session, cancel_atom::value,
                     failure{failure_code::transmission_ended, 0, "the test is over"});
    session = nullptr;
  }

  receiver join(std::vector<wire::seal_suite> suites = {wire::seal_suite::chacha20_poly1305},
                const boost::asio::ip::address& feedback = {}, bool resumes = false) {
    receiver result{system};
    join_request request;
    request.request.resume = resumes;
    request.feedback = feedback;
    request.request.suites = std::move(suites);
    request.request.cache_blocks = 64;
    request.local = boost::asio::ip::address_v4::loopback();
    request.peer = request.local;
    request.link = caf::actor_cast<control_server_actor>(*result);
    (*result)
      ->request(session, answer_patience, join_atom::value, request)
      .receive([&](const join_reply& reply) { result.joined = reply; },
               [&](const caf::error& error) { ADD_FAILURE() << system.render(error); });
    return result;
  }

  void send_receipt(receiver& from, std::uint64_t size = object_size) {
    (*from)->send(session, from.id(), wire::receipt{size, 1, 0});
  }

  void leave(receiver& from) {
    (*from)->send(session, leave_atom::value, from.id(),
                  failure{failure_code::cancelled, 0, "enough"});
  }

  void await_end() {
    self->receive([](const caf::down_msg& down) { EXPECT_FALSE(down.reason); },
                  caf::after(answer_patience) >>
                    [] { ADD_FAILURE() << "the session did not end"; });
  }

  static void await_note(receiver& at) {
    (*at)->receive([](const wire::receipt_noted&) {},
                   caf::after(answer_patience) >>
                     [] { ADD_FAILURE() << "the receipt was not noted"; });
  }

  static failure await_ended(receiver& at) {
    failure result;
    (*at)->receive([&](const wire::session_ended& ended) { result = ended.reason; },
                   caf::after(answer_patience) >>
                     [] { ADD_FAILURE() << "nobody said that the session ended"; });
    return result;
  }

  /// Asked through `by`, whose earlier messages the answer then reflects.
  status_snapshot status(caf::scoped_actor& by) {
    return ask_status(by, caf::actor_cast<caf::actor>(session));
  }

  /// A feedback datagram as that receiver seals it.
  static bytes feedback_of(const wire::session_accept& accept, std::uint64_t packet,
                           const wire::feedback& message) {
    wire::sealer sealer{accept.suite, accept.receiver_key};
    wire::header h;
    h.type = wire::datagram_type::control;
    h.lane = accept.lane;
    h.session_tag = accept.session_tag;
    h.packet_number = packet;
    h.block = accept.receiver_id;
    const auto body = wire::encode(message);
    bytes result(wire::header_size + body.size() + sealer.overhead());
    sealer.seal(h, body, result);
    return result;
  }

  void hear(std::vector<bytes> datagrams) {
    struct owner {
      std::vector<bytes> memory;
      io::received_datagrams view;
    };
    auto whole = std::make_shared<owner>();
    whole->memory = std::move(datagrams);
    for (const auto& d : whole->memory)
      whole->view.datagrams.emplace_back(d);
    self->send(session, io::datagram_batch{
                          std::shared_ptr<const io::received_datagrams>{whole, &whole->view}});
  }

  temporary_directory directory;
  io::io_thread io;
  caf::actor_system_config config;
  caf::actor_system system{config};
  caf::scoped_actor self{system};
  send_session_actor session;
};

// -- receivers come and go ------------------------------------------------------------------------

TEST_F(SendSession, AcceptsWithEverythingTheReceiverNeeds) {
  start();
  const auto one = join();
  ASSERT_FALSE(one.joined.reason) << one.joined.reason.text;
  const auto& a = one.joined.accept;
  EXPECT_EQ(a.object_size, object_size);
  EXPECT_EQ(a.symbol_size, 512U);
  EXPECT_EQ(a.source_symbols, 16U);
  EXPECT_NE(a.receiver_id, 0U);
  EXPECT_EQ(a.suite, wire::seal_suite::chacha20_poly1305);
  EXPECT_EQ(a.group.address.size(), 4U);
  EXPECT_NE(a.group.port, 0U);
  EXPECT_NE(a.feedback.port, 0U);
  EXPECT_EQ(one.joined.session, session);
  EXPECT_TRUE(a.features.has(wire::feature::anchors));
  EXPECT_TRUE(a.features.has(wire::feature::fetch));
  EXPECT_EQ(a.sources, (std::vector<std::vector<std::byte>>{
                         {std::byte{127}, std::byte{0}, std::byte{0}, std::byte{1}}}));
  EXPECT_EQ(a.ttl, 1U);
}

TEST_F(SendSession, AnswersAFetchWithPartsThatProveThemselves) {
  start();
  auto one = join();
  const auto block_size
    = std::size_t{one.joined.accept.source_symbols} * one.joined.accept.symbol_size;
  const auto ask = [&](const wire::fetch& asked, std::size_t answers) {
    (*one)->send(session, one.id(), asked);
    std::vector<wire::fetched> result;
    while (result.size() < answers) {
      bool came = false;
      (*one)->receive(
        [&](const wire::fetched& part) {
          result.push_back(part);
          came = true;
        },
        caf::after(answer_patience) >> [] { ADD_FAILURE() << "no answer"; });
      if (!came)
        break;
    }
    return result;
  };
  const auto parts = ask({0, false, true, 1}, 2);
  ASSERT_EQ(parts.size(), 2U);
  const auto leaves = std::get<wire::leaf_digests>(parts[0].part);
  const auto leaf = std::get<wire::fetched_leaf>(parts[1].part);
  EXPECT_EQ(leaf.bytes.size(), block_size);
  EXPECT_EQ(wire::leaf_digests_of(leaf.bytes), leaves);
  const auto manifest = ask({0, true, false, 0}, 1);
  ASSERT_EQ(manifest.size(), 1U);
  EXPECT_EQ(std::get<wire::manifest>(manifest[0].part).digests.at(0),
            wire::digest_of_leaves(block_size, leaves));
}

TEST_F(SendSession, GivesAFetcherItsAllowanceAndNoMore) {
  start();
  auto one = join();
  const wire::fetch asked{0, false, false, 1};
  for (std::int64_t sent = 0; sent < 2 * fetch_allowance::burst; sent += 2 * wire::digest_leaf)
    (*one)->send(session, one.id(), asked);
  bool refused = false;
  for (bool more = true; more && !refused;)
    (*one)->receive(
      [&](const wire::fetched& part) {
        refused = std::holds_alternative<wire::fetched_nothing>(part.part);
      },
      caf::after(answer_patience) >> [&] { more = false; });
  EXPECT_TRUE(refused);
}

TEST_F(SendSession, SendsAwayWhoFetchesABlockThatIsNone) {
  start();
  auto one = join();
  auto two = join();
  (*one)->send(session, one.id(), wire::fetch{UINT32_MAX, false, true, 0});
  EXPECT_EQ(await_ended(one).code, failure_code::invalid_request);
  EXPECT_EQ(fact(status(*two), "receivers"), "1");
}

/// A receiver that was named somebody else's address must see that its words arrive at this server.
TEST_F(SendSession, TellsEachReceiverOnceWhichOfItsWordsArrived) {
  start();
  auto one = join();
  auto two = join();
  const auto heard_of = [&](receiver& of) {
    std::vector<std::uint64_t> result;
    bool more = true;
    (*of)->receive_while(more)(
      [&](const wire::feedback_state& state) { result.push_back(state.heard_packet); },
      caf::after(std::chrono::seconds(0)) >> [&] { more = false; });
    return result;
  };
  hear({feedback_of(one.joined.accept, 4711, {}), feedback_of(one.joined.accept, 4712, {})});
  status(*one);
  status(*two);
  EXPECT_EQ(heard_of(one), std::vector<std::uint64_t>{4711});
  EXPECT_TRUE(heard_of(two).empty()) << "nothing of it was heard";
}

TEST_F(SendSession, ReadsWhatOneThatResumesAsksForAndNothingElse) {
  struct reads {
    std::mutex mutex;
    std::vector<std::uint64_t> blocks;
    std::promise<void> two;
  };
  const auto all = std::make_shared<reads>();
  start([all](std::uint64_t offset) -> tl::expected<void, failure> {
    const std::lock_guard guard{all->mutex};
    all->blocks.push_back(offset / (512 * 16));
    if (all->blocks.size() == 2)
      all->two.set_value();
    return {};
  });
  auto one = join({wire::seal_suite::chacha20_poly1305}, {}, true);
  EXPECT_EQ(fact(status(*one), "source datagrams"), "0");
  wire::feedback wish;
  wish.wanted = {{3, 1}};
  wish.manifests = {{0, 1}};
  hear({feedback_of(one.joined.accept, 1, wish)});
  ASSERT_EQ(all->two.get_future().wait_for(answer_patience), std::future_status::ready);
  status(*one);
  const std::lock_guard guard{all->mutex};
  EXPECT_EQ(all->blocks, (std::vector<std::uint64_t>{3, 0}))
    << "what is sent comes before what is read for its digest";
}

TEST_F(SendSession, TakesTheSuiteThatTheFirstReceiverLikesBest) {
  start();
  const auto one = join({wire::seal_suite::aes_256_gcm, wire::seal_suite::chacha20_poly1305});
  EXPECT_EQ(one.joined.accept.suite, wire::seal_suite::aes_256_gcm);
  const auto two = join({wire::seal_suite::chacha20_poly1305});
  EXPECT_EQ(two.joined.reason.code, failure_code::handshake_failed);
  const auto three = join({wire::seal_suite::chacha20_poly1305, wire::seal_suite::aes_256_gcm});
  EXPECT_EQ(three.joined.accept.suite, wire::seal_suite::aes_256_gcm);
}

TEST_F(SendSession, NeverSendsUnsealedUntoldAndEndsWithNobodyToSendTo) {
  start();
  const auto one = join({wire::seal_suite::none});
  EXPECT_EQ(one.joined.reason.code, failure_code::handshake_failed);
  EXPECT_NE(one.joined.reason.text.find("serve --security none"), std::string::npos);
  await_end();
}

TEST_F(SendSession, SendsUnsealedToThoseWhoAskForItAndToNobodyElse) {
  start({}, true);
  const auto one = join({wire::seal_suite::none});
  EXPECT_EQ(one.joined.accept.suite, wire::seal_suite::none);
  EXPECT_TRUE(one.joined.accept.unverified);
  const auto two = join();
  EXPECT_EQ(two.joined.reason.code, failure_code::handshake_failed);
  EXPECT_NE(two.joined.reason.text.find("get --security none"), std::string::npos);
}

TEST_F(SendSession, EndsWhenTheLastReceiptIsNoted) {
  start();
  auto one = join();
  auto two = join();
  send_receipt(one);
  await_note(one);
  const auto between = status(*two);
  EXPECT_EQ(fact(between, "receivers"), "1");
  EXPECT_EQ(fact(between, "completed receivers"), "1");
  send_receipt(two);
  await_note(two);
  await_end();
}

TEST_F(SendSession, CallsAReceiptAClaimUntilItsAuthorHasReportedEveryBlock) {
  start();
  auto honest = join();
  auto late = join();
  auto liar = join();
  auto witness = join();
  wire::feedback all;
  const auto& how = honest.joined.accept;
  all.completed_blocks
    = protocol::geometry::make(object_size, how.symbol_size, how.source_symbols)->block_count();
  wire::feedback nearly;
  nearly.completed_blocks = all.completed_blocks - 1;
  const auto before = events().count();
  hear({feedback_of(honest.joined.accept, 1, all)});
  hear({feedback_of(liar.joined.accept, 1, nearly)});
  status(self); // it has heard them
  send_receipt(honest);
  await_note(honest);
  EXPECT_EQ(fact(status(*witness), "claimed receivers"), "0");
  send_receipt(late); // and its report comes after it
  EXPECT_EQ(fact(status(*late), "receivers"), "3") << "it is not believed yet";
  hear({feedback_of(late.joined.accept, 1, all)});
  await_note(late);
  EXPECT_EQ(fact(status(*witness), "claimed receivers"), "0");
  send_receipt(liar);
  await_note(liar);
  const auto after = status(*witness);
  EXPECT_EQ(fact(after, "completed receivers"), "3");
  EXPECT_EQ(fact(after, "claimed receivers"), "1");
  std::vector<std::string> told;
  for (const auto& one : events().after(before))
    if (one.kind == event_kind::receiver_done || one.kind == event_kind::receiver_claimed)
      told.push_back(std::string{to_string(one.kind)} + ": " + one.text);
  ASSERT_EQ(told.size(), 3U);
  EXPECT_NE(told[0].find("done: receiver 1 "), std::string::npos) << told[0];
  EXPECT_NE(told[0].find(" has it, verified, after "), std::string::npos) << told[0];
  EXPECT_NE(told[1].find(" has it, verified, after "), std::string::npos) << told[1];
  EXPECT_NE(told[2].find("claimed: receiver 3 "), std::string::npos) << told[2];
  EXPECT_NE(told[2].find(" claimed to have it after "), std::string::npos) << told[2];
}

TEST_F(SendSession, EndsWhenTheLastReceiverLeaves) {
  start();
  auto one = join();
  auto two = join();
  leave(one);
  EXPECT_EQ(fact(status(*one), "receivers"), "1");
  leave(two);
  await_end();
}

TEST_F(SendSession, TakesAReceiverWhoseLinkDiesOutOfTheGroup) {
  start();
  auto one = join();
  auto two = join();
  one.link.reset();
  // News of a death travel their own way: until they are there the receiver counts.
  std::string receivers;
  for (int round = 0; round < 10'000 && receivers != "1"; ++round)
    receivers = fact(status(*two), "receivers").value_or("no such fact");
  EXPECT_EQ(receivers, "1");
  two.link.reset();
  await_end();
}

TEST_F(SendSession, TakesAReceiptForAnotherSizeForNone) {
  start();
  auto one = join();
  auto two = join();
  send_receipt(one, object_size - 1);
  const auto after = status(*one);
  EXPECT_EQ(fact(after, "completed receivers"), "0");
  EXPECT_EQ(fact(after, "receivers"), "1") << "who lies is no receiver";
  EXPECT_EQ(await_ended(one).code, failure_code::invalid_request);
  EXPECT_FALSE((*one)->has_next_message()) << "the receipt was noted";
}

TEST_F(SendSession, IgnoresReceiptsAndLeavesOfStrangers) {
  start();
  auto one = join();
  (*one)->send(session, one.id() + 1, wire::receipt{object_size, 1, 0});
  (*one)->send(session, leave_atom::value, one.id() + 1,
               failure{failure_code::cancelled, 0, "enough"});
  EXPECT_EQ(fact(status(*one), "receivers"), "1");
}

TEST_F(SendSession, HearsAReceiverAtAnotherAddressOfItsInterface) {
  start();
  const auto here = boost::asio::ip::make_address("127.0.0.9");
  auto one = join();
  auto two = join({wire::seal_suite::chacha20_poly1305}, here);
  const auto three = join({wire::seal_suite::chacha20_poly1305}, here);
  ASSERT_FALSE(two.joined.reason) << two.joined.reason.text;
  const auto& a = two.joined.accept;
  EXPECT_EQ(a.feedback.address,
            (std::vector{std::byte{127}, std::byte{0}, std::byte{0}, std::byte{9}}));
  EXPECT_EQ(three.joined.accept.feedback, a.feedback);
  EXPECT_NE(one.joined.accept.feedback, a.feedback);
  EXPECT_EQ(one.joined.accept.group, a.group);
  const auto socket = io::udp_socket::open_feedback_sender({}, {here, a.feedback.port});
  ASSERT_TRUE(socket) << socket.error().text;
  EXPECT_EQ(socket->send(feedback_of(a, 1, {})), 0);
  std::string heard;
  for (int round = 0; round < 10'000 && heard != "1"; ++round)
    heard = fact(status(*two), "feedback messages").value_or("no such fact");
  EXPECT_EQ(heard, "1");
}

TEST_F(SendSession, SaysWhichWayItsDatagramsTake) {
  start();
  auto one = join();
  const auto said = status(*one);
  const auto port = std::to_string(one.joined.accept.feedback.port);
  EXPECT_EQ(fact(said, "interface"), "lo");
  EXPECT_EQ(fact(said, "local address"), "127.0.0.1");
  EXPECT_EQ(fact(said, "feedback"), "127.0.0.1:" + port);
  EXPECT_NE(fact(said, "group").value_or("").find(":504"), std::string::npos);
}

// -- failures -------------------------------------------------------------------------------------

TEST_F(SendSession, TellsEveryReceiverWhenTheContentReaderDies) {
  // The first read waits for the second receiver to have joined.
  auto everybody_is_here = std::make_shared<std::promise<void>>();
  start(
    [gate = everybody_is_here->get_future().share()](std::uint64_t) -> tl::expected<void, failure> {
      gate.wait();
      throw std::runtime_error{"the test wants the reader to crash"};
    });
  auto one = join();
  auto two = join();
  everybody_is_here->set_value();
  for (auto* each : {&one, &two}) {
    const auto reason = await_ended(*each);
    EXPECT_EQ(reason.code, failure_code::internal);
    EXPECT_NE(reason.text.find("content_reader"), std::string::npos) << reason.text;
    EXPECT_NE(reason.text.find("lab/image"), std::string::npos) << reason.text;
  }
  await_end();
}

class SendSessionReading : public SendSession,
                           public ::testing::WithParamInterface<failure_code> {};

TEST_P(SendSessionReading, TellsTheReceiversWhyTheObjectCannotBeRead) {
  start([](std::uint64_t offset) -> tl::expected<void, failure> {
    if (offset == 0)
      return {};
    return tl::unexpected{failure{GetParam(), 5, "the disk says no"}};
  });
  auto one = join();
  const auto reason = await_ended(one);
  EXPECT_EQ(reason.code, GetParam());
  EXPECT_NE(reason.text.find("the disk says no"), std::string::npos) << reason.text;
  await_end();
}

INSTANTIATE_TEST_SUITE_P(Each, SendSessionReading,
                         ::testing::Values(failure_code::read_fault, failure_code::object_changed),
                         [](const auto& param) {
                           return param.param == failure_code::read_fault ? "ReadFault"
                                                                          : "ObjectChanged";
                         });

TEST_F(SendSession, TellsTheReceiversWhenItIsCancelled) {
  start();
  auto one = join();
  self->send(session, cancel_atom::value,
             failure{failure_code::transmission_ended, 0, "the server is shutting down"});
  EXPECT_EQ(await_ended(one).code, failure_code::transmission_ended);
  await_end();
}

/// Says that it is large and has nothing.
class huge_content final : public content {
public:
  explicit huge_content(std::uint64_t size) : size_(size) {}

  const std::string& name() const noexcept override { return name_; }
  std::uint64_t size() const noexcept override { return size_; }
  tl::expected<void, failure> read(std::uint64_t, std::span<std::byte>) const override {
    return {};
  }
  bool same_as(const content& other) const noexcept override { return this == &other; }

private:
  std::string name_ = "lab/huge";
  std::uint64_t size_;
};

TEST_F(SendSession, IsNotMadeForMoreBlocksThanReceiversTake) {
  auto options = small_block_options(directory.path());
  const auto prepare = [&](std::uint64_t size) {
    return prepare_transmission(std::make_shared<huge_content>(size), loopback_way(), options, io);
  };
  options.shape = {1, 1};
  const auto refused = prepare(4'000'000'000);
  ASSERT_FALSE(refused) << "every receiver would refuse it";
  EXPECT_EQ(refused.error().code, failure_code::invalid_request);
  EXPECT_NE(refused.error().text.find("lab/huge has 4000000000 bytes"), std::string::npos)
    << refused.error().text;
  options.shape.reset();
  EXPECT_TRUE(prepare(std::uint64_t{10} << 40U)) << "10 TiB in standard blocks";
}

// -- feedback -------------------------------------------------------------------------------------

TEST_F(SendSession, CountsFeedbackThatIsNoneByReason) {
  start();
  const auto receiver = join();
  const auto& one = receiver.joined.accept;
  const auto good = feedback_of(one, 7, {});
  auto forged = feedback_of(one, 8, {});
  forged.back() ^= std::byte{1};
  auto foreign = feedback_of(one, 9, {});
  foreign[4] ^= std::byte{1}; // the session tag
  auto longer = feedback_of(one, 10, {});
  longer.push_back({});
  auto stranger = one;
  stranger.receiver_id += 1;
  wire::feedback beyond;
  beyond.repairs = {{1'000'000, 1}};
  hear({good, good, forged, foreign, longer, bytes(10), feedback_of(stranger, 1, {}),
        feedback_of(one, 11, beyond)});
  const auto after = status(self);
  EXPECT_EQ(fact(after, "feedback messages"), "1");
  for (const auto* reason : {"replayed", "forged", "wrong session", "oversized", "truncated",
                             "unknown receiver", "out of range"})
    EXPECT_EQ(fact(after, std::string{"dropped: "} + reason), "1") << reason;
  EXPECT_EQ(fact(after, "receivers"), "1");
}

TEST_F(SendSession, CutsBlocksByWhatTheNetworkTakes) {
  auto options = small_block_options(directory.path());
  options.shape.reset();
  const auto prepare = [&](std::size_t mtu) {
    options.mtu = mtu;
    return prepare_transmission(std::make_shared<huge_content>(1), loopback_way(), options, io)
      .value();
  };
  const auto usual = prepare(0);
  EXPECT_EQ(usual.layout.symbol_size(), protocol::defaults::symbol_size)
    << "what hosts take is not known, though `lo` takes 64 KiB";
  EXPECT_EQ(usual.path.packet, 1476U);
  EXPECT_EQ(prepare(1400).layout.symbol_size(), 1024U);
  const auto jumbo = prepare(9000);
  EXPECT_EQ(jumbo.layout.symbol_size(), 5632U);
  EXPECT_EQ(jumbo.layout.block_size(), usual.layout.block_size());
  EXPECT_FALSE(jumbo.path.is_fragmented());
}

TEST_F(SendSession, ShowsItsChildrenInItsStatus) {
  start();
  auto one = join();
  const auto tree = status(*one);
  EXPECT_EQ(tree.state, "sending");
  for (const auto* kind : {"content_reader", "socket_writer", "socket_reader"})
    EXPECT_NE(find_actor(tree, kind), nullptr) << kind;
}

} // namespace
} // namespace send_session_test
} // namespace fleetcast::actors::testing
