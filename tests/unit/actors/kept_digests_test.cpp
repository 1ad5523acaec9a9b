#include "actors/io/io_thread.hpp"
#include "actors/io/network_interface.hpp"
#include "actors/serve/digest_keeper.hpp"
#include "actors/serve/transmission.hpp"
#include "protocol/wire/block_digest.hpp"
#include "protocol/wire/data_codec.hpp"
#include "protocol/wire/seal.hpp"
#include "tests/support/actor_fixture.hpp"
#include "tests/support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace fleetcast::actors::testing {
namespace kept_digests_test {
namespace {

namespace wire = protocol::wire;

constexpr std::size_t block_size = 8192; // of small_block_options
constexpr protocol::block_number blocks = 40;

/// An object in memory that has a version.
class versioned_content final : public content {
public:
  versioned_content(std::vector<std::byte> bytes, bool is_settled)
    : bytes_(std::move(bytes)),
      is_settled_(is_settled) {}

  const std::string& name() const noexcept override { return name_; }
  std::uint64_t size() const noexcept override { return bytes_.size(); }
  bool same_as(const content& other) const noexcept override { return this == &other; }
  std::optional<object_version> version() const override { return object_version{std::byte{7}}; }
  bool is_settled() const override { return is_settled_; }

  tl::expected<void, failure> read(std::uint64_t offset, std::span<std::byte> out) const override {
    ++reads;
    std::memcpy(out.data(), bytes_.data() + offset, out.size());
    return {};
  }

  mutable std::atomic<unsigned> reads = 0;

private:
  std::string name_ = "lab/image";
  std::vector<std::byte> bytes_;
  bool is_settled_;
};

/// Transmissions of one server, which is started again between them.
class KeptDigests : public ::testing::Test {
protected:
  ~KeptDigests() override {
    end_transmission();
    stop_keeper();
  }

  void start_keeper() {
    keeper = start_digest_keeper(system, directory.path() / "digests");
    ASSERT_TRUE(keeper);
    self->monitor(keeper);
  }

  void await_down() {
    self->receive([](const caf::down_msg& down) { EXPECT_FALSE(down.reason); },
                  caf::after(answer_patience) >> [] { ADD_FAILURE() << "it did not end"; });
  }

  void stop_keeper() {
    if (!keeper)
      return;
    self->send(std::exchange(keeper, nullptr), stop_atom::value);
    await_down();
  }

  /// A transmission whose one receiver holds what it has of an earlier session.
  void begin_transmission(std::vector<std::byte> contents, const digest_keeper_actor& told,
                          bool is_settled = true) {
    object = std::make_shared<versioned_content>(std::move(contents), is_settled);
    auto prepared = prepare_transmission(
      object, {io::find_interface("lo").value(), boost::asio::ip::address_v4::loopback()},
      small_block_options(directory.path()), io);
    ASSERT_TRUE(prepared) << prepared.error().text;
    ASSERT_EQ(prepared->layout.block_size(), block_size);
    prepared->digests = told;
    session = system.spawn(send_session, std::move(*prepared));
    self->monitor(session);
    packets = 0;
    join_request request;
    request.request.resume = true;
    request.request.suites = {wire::seal_suite::chacha20_poly1305};
    request.request.cache_blocks = 64;
    request.local = request.peer = boost::asio::ip::address_v4::loopback();
    request.link = caf::actor_cast<control_server_actor>(link);
    link->request(session, answer_patience, join_atom::value, request)
      .receive([&](const join_reply& reply) { accept = reply.accept; },
               [&](const caf::error& error) { ADD_FAILURE() << system.render(error); });
    // The question went out before the reply; its answer is there before this one.
    if (keeper)
      ask_status(self, caf::actor_cast<caf::actor>(keeper));
  }

  void end_transmission() {
    if (!session)
      return;
    self->send(std::exchange(session, nullptr), cancel_atom::value,
               failure{failure_code::transmission_ended, 0, "enough"});
    await_down();
    EXPECT_EQ(await_ended(), failure_code::transmission_ended);
  }

  /// What the receiver hears in the end.
  failure_code await_ended() {
    auto result = failure_code::none;
    link->receive([&](const wire::session_ended& ended) { result = ended.reason.code; },
                  caf::after(answer_patience) >>
                    [] { ADD_FAILURE() << "nobody said that the session ended"; });
    return result;
  }

  status_snapshot status() { return ask_status(self, caf::actor_cast<caf::actor>(session)); }

  void say(const wire::feedback& message) {
    wire::sealer sealer{accept.suite, accept.receiver_key};
    wire::header h;
    h.type = wire::datagram_type::control;
    h.lane = accept.lane;
    h.session_tag = accept.session_tag;
    h.packet_number = ++packets;
    h.block = accept.receiver_id;
    const auto body = wire::encode(message);
    struct owner {
      std::vector<std::byte> datagram;
      io::received_datagrams view;
    };
    auto whole = std::make_shared<owner>();
    whole->datagram.resize(wire::header_size + body.size() + sealer.overhead());
    sealer.seal(h, body, whole->datagram);
    whole->view.datagrams.emplace_back(whole->datagram);
    self->send(session, io::datagram_batch{
                          std::shared_ptr<const io::received_datagrams>{whole, &whole->view}});
  }

  void want_manifests(protocol::block_number first, std::uint32_t count) {
    wire::feedback m;
    m.manifests = {{first, count}};
    say(m);
  }

  /// Until the reader has read `count` blocks; the session has been told of them by then.
  void await_reads(std::size_t count) {
    const auto wanted = std::to_string(count);
    const auto give_up = std::chrono::steady_clock::now() + answer_patience;
    std::optional<std::string> read;
    while (read != wanted && std::chrono::steady_clock::now() < give_up) {
      const auto all = status();
      const auto* reader = find_actor(all, "content_reader");
      ASSERT_NE(reader, nullptr);
      read = fact(*reader, "blocks read");
    }
    ASSERT_EQ(read, wanted);
  }

  std::vector<protocol::digest_run> runs_at_keeper() {
    std::vector<protocol::digest_run> result;
    const digest_key key{{std::byte{7}}, blocks * block_size, block_size};
    self->request(keeper, answer_patience, find_digests{key})
      .receive([&](const known_digests& known) { result = known.runs; },
               [&](const caf::error& error) { ADD_FAILURE() << system.render(error); });
    return result;
  }

  std::size_t known_to_keeper() {
    std::size_t result = 0;
    for (const auto& run : runs_at_keeper())
      result += run.digests.size();
    return result;
  }

  wire::digest digest_of_block(protocol::block_number number) const {
    return wire::digest_of(std::span{bytes}.subspan(number * block_size, block_size));
  }

  std::uintmax_t size_of_files() const {
    std::uintmax_t result = 0;
    for (const auto& file : std::filesystem::directory_iterator{directory.path() / "digests"})
      result += file.file_size();
    return result;
  }

  /// The first process hashes all, and ends.
  void hash_everything() {
    start_keeper();
    begin_transmission(bytes, keeper);
    want_manifests(0, blocks);
    await_reads(blocks);
    end_transmission();
    stop_keeper();
  }

  temporary_directory directory;
  std::vector<std::byte> bytes = sample_bytes(blocks * block_size, 1);
  io::io_thread io;
  caf::actor_system_config config;
  caf::actor_system system{config};
  caf::scoped_actor self{system};
  caf::scoped_actor link{system};
  digest_keeper_actor keeper;
  send_session_actor session;
  std::shared_ptr<versioned_content> object;
  wire::session_accept accept;
  std::uint64_t packets = 0;
};

TEST_F(KeptDigests, AnswerAReceiverAfterARestartWithoutReadingWhatItHolds) {
  hash_everything();
  start_keeper();
  begin_transmission(bytes, keeper);
  EXPECT_EQ(fact(status(), "digests known"), std::to_string(blocks));
  const auto before = fact(status(), "control datagrams");
  want_manifests(0, blocks * 9 / 10);
  const auto after = status();
  EXPECT_NE(fact(after, "control datagrams"), before) << "the manifests";
  EXPECT_EQ(fact(after, "digest reads"), "0");
  EXPECT_EQ(object->reads, 0U);
}

TEST_F(KeptDigests, AreKeptOnceInFewRecords) {
  hash_everything();
  const auto size = size_of_files();
  EXPECT_LT(size,
            digest_header_size + blocks * (sizeof(wire::digest) + digest_record_overhead / 2));
  start_keeper();
  begin_transmission(bytes, keeper);
  wire::feedback m;
  m.wanted = {{5, 1}};
  say(m);
  await_reads(1);
  end_transmission();
  stop_keeper();
  EXPECT_EQ(size_of_files(), size);
}

TEST_F(KeptDigests, AreThoseOfTheBlocksThatWereRead) {
  start_keeper();
  begin_transmission(bytes, keeper);
  want_manifests(3, 1);
  want_manifests(7, 2);
  await_reads(3);
  end_transmission();
  EXPECT_EQ(runs_at_keeper(),
            (std::vector<protocol::digest_run>{{3, {digest_of_block(3)}},
                                               {7, {digest_of_block(7), digest_of_block(8)}}}));
}

TEST_F(KeptDigests, AreWorthNothingForAnotherVersion) {
  hash_everything();
  start_keeper();
  digest_key other{{std::byte{8}}, blocks * block_size, block_size};
  self->request(keeper, answer_patience, find_digests{other})
    .receive([](const known_digests& known) { EXPECT_TRUE(known.runs.empty()); },
             [&](const caf::error& error) { ADD_FAILURE() << system.render(error); });
  EXPECT_EQ(known_to_keeper(), blocks);
}

/// Somebody found a way to change an object and to keep its version.
TEST_F(KeptDigests, ThatAreNotTrueAnyMoreEndTheTransmissionAndAreDropped) {
  hash_everything();
  auto changed = bytes;
  changed[5 * block_size] ^= std::byte{1};
  start_keeper();
  begin_transmission(changed, keeper);
  wire::feedback m;
  m.wanted = {{5, 1}};
  say(m);
  EXPECT_EQ(await_ended(), failure_code::object_changed);
  await_down();
  session = nullptr;
  EXPECT_EQ(known_to_keeper(), 0U);
}

TEST_F(KeptDigests, AreNotThoseOfAnObjectThatMayStillChange) {
  start_keeper();
  begin_transmission(bytes, keeper, false);
  want_manifests(0, blocks);
  await_reads(blocks);
  end_transmission();
  EXPECT_EQ(known_to_keeper(), 0U);
}

TEST_F(KeptDigests, AreMissedByNobodyWhenTheirKeeperIsDead) {
  start_keeper();
  const auto dead = keeper;
  stop_keeper();
  begin_transmission(bytes, dead);
  want_manifests(0, blocks);
  await_reads(blocks);
}

/// Its disk hangs, say: what it was told must not pile up before it.
TEST_F(KeptDigests, AreNotSentToAKeeperThatDoesNotAnswer) {
  constexpr protocol::block_number many = 8 * digest_ledger::batch;
  caf::scoped_actor mute{system};
  begin_transmission(sample_bytes(many * block_size, 1),
                     caf::actor_cast<digest_keeper_actor>(mute));
  for (protocol::block_number first = 0; first < many; first += 128) {
    want_manifests(first, 128);
    await_reads(first + 128);
  }
  end_transmission();
  std::size_t batches = 0;
  std::size_t questions = 0;
  for (bool more = true; more;)
    mute->receive(
      [&](const find_digests&) {
        ++questions;
        return known_digests{};
      },
      [&](const keep_digests&) { ++batches; },
      caf::after(std::chrono::seconds(0)) >> [&] { more = false; });
  EXPECT_EQ(questions, 1U);
  EXPECT_EQ(batches, digest_ledger::most_under_way);
}

} // namespace
} // namespace kept_digests_test
} // namespace fleetcast::actors::testing
