#include "actors/serve/content_reader.hpp"
#include "protocol/wire/block_digest.hpp"

#include <caf/all.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <utility>

namespace content_reader_test {
namespace {

using namespace fleetcast::actors;
using fleetcast::protocol::block_number;
using fleetcast::protocol::geometry;
using fleetcast::protocol::wire::digest_of;

constexpr std::chrono::seconds patience{20};
constexpr std::uint16_t symbol = 64;
constexpr std::uint16_t symbols = 4;
constexpr std::size_t block = std::size_t{symbol} * symbols;

std::byte byte_at(std::uint64_t offset) {
  return static_cast<std::byte>(offset * 7 + 1);
}

/// Bytes that tell where they stand; fails from `fails_at` on.
class pattern final : public content {
public:
  explicit pattern(std::uint64_t size, std::uint64_t fails_at = UINT64_MAX)
    : size_(size),
      fails_at_(fails_at) {}

  const std::string& name() const noexcept override { return name_; }
  std::uint64_t size() const noexcept override { return size_; }
  bool same_as(const content& other) const noexcept override { return this == &other; }

  tl::expected<void, failure> read(std::uint64_t offset, std::span<std::byte> out) const override {
    if (offset + out.size() > size_)
      return tl::unexpected{failure{failure_code::internal, 0, "read beyond the end"}};
    if (offset >= fails_at_)
      return tl::unexpected{failure{failure_code::read_fault, 5, "bad sector"}};
    for (std::size_t i = 0; i < out.size(); ++i)
      out[i] = byte_at(offset + i);
    return {};
  }

private:
  std::uint64_t size_;
  std::uint64_t fails_at_;
  std::string name_ = "lab/pattern";
};

/// The test itself is the session.
class ContentReader : public ::testing::Test {
protected:
  content_reader_actor spawn(std::uint64_t size, std::uint64_t fails_at = UINT64_MAX,
                             std::size_t buffers = 16, bool hashes = true) {
    layout = geometry::make(size, symbol, symbols);
    pool = io::block_pool::make(block, buffers);
    return system.spawn<caf::detached>(
      content_reader, std::shared_ptr<content>{std::make_shared<pattern>(size, fails_at)}, *layout,
      pool, hashes, caf::actor_cast<send_session_actor>(self));
  }

  void ask(const content_reader_actor& reader, std::vector<block_number> blocks) {
    self->send(reader, std::move(blocks));
  }

  std::optional<block_read> next_block() {
    std::optional<block_read> result;
    self->receive([&](const block_read& got) { result = got; },
                  [&](const read_failed& failed) { last_failure = failed.reason; },
                  caf::after(patience) >> [] { ADD_FAILURE() << "no answer came"; });
    return result;
  }

  status_snapshot status(const content_reader_actor& reader) {
    status_snapshot result;
    self->request(reader, patience, status_atom::value)
      .receive([&](const status_snapshot& answer) { result = answer; },
               [&](const caf::error& error) { ADD_FAILURE() << system.render(error); });
    return result;
  }

  void expect_right(const block_read& got) const {
    const auto size = layout->size_of(got.number);
    const std::span<const std::byte> bytes{got.bytes.get(), size};
    for (std::size_t i = 0; i < size; ++i)
      ASSERT_EQ(bytes[i], byte_at(layout->offset_of(got.number) + i)) << i;
    EXPECT_EQ(got.digest, digest_of(bytes));
    const auto padded = std::size_t{layout->source_symbols_of(got.number)} * symbol;
    for (std::size_t i = size; i < padded; ++i)
      ASSERT_EQ(got.bytes.get()[i], std::byte{0}) << i;
  }

  caf::actor_system_config config;
  caf::actor_system system{config};
  caf::scoped_actor self{system};
  std::optional<geometry> layout;
  std::shared_ptr<io::block_pool> pool;
  failure last_failure;
};

/// Fills the pool's memory with ones, so that padding left out shows.
void soil(io::block_pool& pool) {
  std::vector<fleetcast::protocol::block_buffer> all;
  while (auto buffer = pool.allocate()) {
    std::memset(buffer.get(), 0xff, block);
    all.push_back(std::move(buffer));
  }
}

TEST_F(ContentReader, ReadsHashesAndPadsObjectsOfAwkwardSizes) {
  for (const std::uint64_t size :
       {std::uint64_t{1}, std::uint64_t{symbol - 1}, std::uint64_t{symbol},
        std::uint64_t{symbol + 1}, std::uint64_t{3 * symbol - 1}, std::uint64_t{3 * symbol + 1},
        std::uint64_t{block - 1}, std::uint64_t{block}, std::uint64_t{block + 1},
        std::uint64_t{5 * block - 1}, std::uint64_t{5 * block + 1}}) {
    SCOPED_TRACE(size);
    const auto reader = spawn(size);
    soil(*pool);
    for (block_number number = 0; number < layout->block_count(); ++number) {
      ask(reader, {number});
      const auto got = next_block();
      ASSERT_TRUE(got) << last_failure.text;
      EXPECT_EQ(got->number, number);
      expect_right(*got);
    }
    caf::anon_send_exit(reader, caf::exit_reason::user_shutdown);
  }
}

TEST_F(ContentReader, HashesNothingThatNobodyVerifies) {
  const auto reader = spawn(block + 1, UINT64_MAX, 16, false);
  ask(reader, {1});
  const auto got = next_block();
  ASSERT_TRUE(got) << last_failure.text;
  EXPECT_EQ(got->digest, fleetcast::protocol::wire::digest{});
  EXPECT_EQ(got->bytes.get()[0], byte_at(block));
}

TEST_F(ContentReader, AnswersInTheOrderAsked) {
  const auto reader = spawn(10 * block);
  ask(reader, {7, 2, 9});
  ask(reader, {0});
  for (const block_number number : {7U, 2U, 9U, 0U}) {
    const auto got = next_block();
    ASSERT_TRUE(got) << last_failure.text;
    EXPECT_EQ(got->number, number);
    expect_right(*got);
  }
  const auto snapshot = status(reader);
  EXPECT_EQ(snapshot.actor, "content_reader");
  EXPECT_EQ(snapshot.state, "idle");
  caf::anon_send_exit(reader, caf::exit_reason::user_shutdown);
}

TEST_F(ContentReader, HasNothingToReadOfAnEmptyObject) {
  const auto reader = spawn(0);
  ask(reader, {});
  EXPECT_EQ(status(reader).state, "idle");
  ask(reader, {0});
  EXPECT_FALSE(next_block());
  EXPECT_EQ(last_failure.code, failure_code::internal);
  caf::anon_send_exit(reader, caf::exit_reason::user_shutdown);
}

TEST_F(ContentReader, PassesOnWhyAReadFailedAndWhichBlock) {
  const auto reader = spawn(4 * block, 2 * block);
  ask(reader, {1, 2, 0});
  EXPECT_TRUE(next_block());
  EXPECT_FALSE(next_block());
  EXPECT_EQ(last_failure.code, failure_code::read_fault);
  EXPECT_EQ(last_failure.detail, 5U);
  EXPECT_EQ(last_failure.text, "while reading block 2 of 4: bad sector");
  EXPECT_TRUE(next_block()); // each request has its answer
  caf::anon_send_exit(reader, caf::exit_reason::user_shutdown);
}

TEST_F(ContentReader, WaitsForABufferAndThenGoesOn) {
  const auto reader = spawn(4 * block, UINT64_MAX, 2);
  ask(reader, {0, 1, 2, 3});
  auto first = next_block();
  const auto second = next_block();
  ASSERT_TRUE(first && second);
  const auto deadline = std::chrono::steady_clock::now() + patience;
  auto snapshot = status(reader);
  while (snapshot.state != "waiting for a buffer" && std::chrono::steady_clock::now() < deadline)
    snapshot = status(reader);
  EXPECT_EQ(snapshot.state, "waiting for a buffer");
  EXPECT_FALSE(self->has_next_message());
  first.reset();
  const auto third = next_block();
  ASSERT_TRUE(third) << last_failure.text;
  EXPECT_EQ(third->number, 2U);
  expect_right(*third);
  caf::anon_send_exit(reader, caf::exit_reason::user_shutdown);
}

TEST_F(ContentReader, GivesUpWhenNoBufferEverComes) {
  content_reader_state state;
  layout = geometry::make(2 * block, symbol, symbols);
  pool = io::block_pool::make(block, 1);
  state.open(std::make_shared<pattern>(2 * block), *layout, pool);
  const auto held = pool->allocate();
  state.enqueue({0, 1});
  const std::chrono::steady_clock::time_point start{};
  EXPECT_FALSE(state.read_next(start));
  EXPECT_FALSE(state.read_next(start + std::chrono::seconds{9}));
  const auto outcome = state.read_next(start + std::chrono::seconds{11});
  ASSERT_TRUE(outcome);
  const auto* failed = std::get_if<read_failed>(&*outcome);
  ASSERT_NE(failed, nullptr);
  EXPECT_EQ(failed->reason.code, failure_code::internal);
  EXPECT_FALSE(state.idle());
}

} // namespace
} // namespace content_reader_test
