#include "actors/observe/event_log.hpp"
#include "actors/serve/watch.hpp"

#include <gtest/gtest.h>

#include <string>

namespace fleetcast::actors {
namespace event_log_test {
namespace {

using protocol::milliseconds;

TEST(EventLog, KeepsTheLastAndCountsAll) {
  event_log log;
  for (std::size_t i = 0; i < event_log::capacity + 10; ++i)
    log.note(event_kind::dropped, i, std::to_string(i));
  const auto all = log.after(0);
  ASSERT_EQ(all.size(), event_log::capacity);
  EXPECT_EQ(all.front().number, 11U) << "the gap shows what was forgotten";
  EXPECT_EQ(all.back().number, log.count());
  const auto last = log.after(log.count() - 1);
  ASSERT_EQ(last.size(), 1U);
  EXPECT_EQ(last.front().text, std::to_string(event_log::capacity + 9));
}

TEST(EventLog, CutsWhatAPeerCouldMakeLong) {
  event_log log;
  log.note(event_kind::receiver_joined, 1, std::string(10'000, 'x'));
  EXPECT_EQ(log.after(0).front().text.size(), event_log::max_text);
}

/// What a watch notes from here on, of one kind.
class Watch : public ::testing::Test {
protected:
  std::vector<event> noted(event_kind kind) const {
    std::vector<event> result;
    for (auto& one : events().after(before_))
      if (one.kind == kind)
        result.push_back(std::move(one));
    return result;
  }

  void look() {
    now += milliseconds(500);
    EXPECT_TRUE(watch.due(now));
    watch.look(now, seen);
    EXPECT_FALSE(watch.due(now));
  }

  transmission_watch watch;
  transmission_watch::view seen;
  protocol::timestamp now = protocol::seconds(1000);

private:
  std::uint64_t before_ = events().count();
};

TEST_F(Watch, NotesARateThatMovesByAQuarterAndWhy) {
  seen.rate = 100'000'000;
  seen.limit = "network: receiver 3";
  look();
  seen.rate = 90'000'000;
  look();
  EXPECT_TRUE(noted(event_kind::rate_changed).empty());
  seen.rate = 50'000'000;
  look();
  look();
  const auto notes = noted(event_kind::rate_changed);
  ASSERT_EQ(notes.size(), 1U);
  EXPECT_EQ(notes.front().text, "100.0 Mbit/s -> 50.0 Mbit/s; limited by network: receiver 3");
  EXPECT_EQ(watch.rate_changes(), 1U);
}

TEST_F(Watch, NotesAStormOnceUntilItIsOver) {
  look();
  for (int i = 0; i < 3; ++i) {
    seen.feedback_messages += 5000;
    look();
  }
  EXPECT_EQ(noted(event_kind::nack_storm).size(), 1U);
  look();
  seen.feedback_messages += 5000;
  look();
  EXPECT_EQ(watch.nack_storms(), 2U);
}

TEST_F(Watch, SumsUpWhatWasDropped) {
  look();
  seen.drops[static_cast<std::size_t>(protocol::wire::drop_reason::forged)] = 12;
  look();
  look();
  const auto notes = noted(event_kind::dropped);
  ASSERT_EQ(notes.size(), 1U);
  EXPECT_EQ(notes.front().text, "12 feedback datagrams: forged");
}

} // namespace
} // namespace event_log_test
} // namespace fleetcast::actors
