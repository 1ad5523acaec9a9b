#include "protocol/send/capped_rate.hpp"
#include "protocol/send/fixed_rate.hpp"
#include "protocol/send/pacer.hpp"
#include "protocol/send/rate_budget.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <random>
#include <vector>

namespace fleetcast::protocol {
namespace rate_budget_test {
namespace {

constexpr bit_rate whole = 90'000'000;

TEST(RateBudget, GivesAllToTheOnlyOne) {
  rate_budget budget{whole};
  EXPECT_EQ(budget.share(budget.add()), whole);
}

TEST(RateBudget, DividesEquallyAmongThoseWhoWantAll) {
  rate_budget budget{whole};
  const auto a = budget.add();
  const auto b = budget.add();
  const auto c = budget.add();
  for (const auto each : {a, b, c})
    EXPECT_EQ(budget.share(each), whole / 3);
  budget.remove(b);
  EXPECT_EQ(budget.share(a), whole / 2);
  EXPECT_EQ(budget.share(c), whole / 2);
}

TEST(RateBudget, GivesWhatOneDoesNotWantToThoseWhoDo) {
  rate_budget budget{whole};
  const auto modest = budget.add();
  const auto a = budget.add();
  const auto b = budget.add();
  budget.demand(modest, 10'000'000);
  EXPECT_EQ(budget.share(modest), 10'000'000U);
  EXPECT_EQ(budget.share(a), 40'000'000U);
  EXPECT_EQ(budget.share(b), 40'000'000U);
}

TEST(RateBudget, SpreadsWhatNobodyWants) {
  rate_budget budget{whole};
  const auto a = budget.add();
  const auto b = budget.add();
  budget.demand(a, 10'000'000);
  budget.demand(b, 20'000'000);
  EXPECT_EQ(budget.share(a), 40'000'000U) << "so that one that wants more begins at once";
  EXPECT_EQ(budget.share(b), 50'000'000U);
}

TEST(RateBudget, KeepsSomethingForOneThatWantsNothing) {
  rate_budget budget{whole};
  const auto idle = budget.add();
  const auto busy = budget.add();
  budget.demand(idle, 0);
  EXPECT_EQ(budget.share(idle), whole / 16) << "for its heartbeats, and to begin again with";
  EXPECT_EQ(budget.share(busy), whole - whole / 16);
}

TEST(RateBudget, NeverGivesMoreThanThereIsNorLessThanAFairPart) {
  std::mt19937_64 random{7};
  rate_budget budget{whole};
  std::vector<rate_budget::id> all;
  for (int step = 0; step < 20'000; ++step) {
    const auto choice = random() % 10;
    if (all.empty() || (choice == 0 && all.size() < 100)) {
      all.push_back(budget.add());
    } else if (choice == 1) {
      std::swap(all[random() % all.size()], all.back());
      budget.remove(all.back());
      all.pop_back();
    } else {
      budget.demand(all[random() % all.size()], random() % (2 * whole));
    }
    ASSERT_TRUE(budget.validate()) << step;
  }
}

// -- capped_rate --------------------------------------------------------------------------------------

capped_rate capped(bit_rate own, bit_rate cap) {
  return capped_rate{std::make_unique<fixed_rate>(own), cap};
}

/// `rate` over one span of demand.
std::optional<bit_rate> demand_after(capped_rate& of, timestamp begin, bit_rate rate) {
  of.demand(begin);
  of.on_sent(begin, 1,
             rate / 8 * static_cast<bit_rate>(capped_rate::demand_span / milliseconds(1)) / 1000);
  return of.demand(begin + capped_rate::demand_span);
}

TEST(CappedRate, IsTheLowerOneOfItsOwnAndTheCap) {
  auto rate = capped(50'000'000, 20'000'000);
  EXPECT_EQ(rate.rate({}), 20'000'000U);
  rate.cap(80'000'000);
  EXPECT_EQ(rate.rate({}), 50'000'000U);
  rate.cap(0);
  EXPECT_EQ(rate.rate({}), 1U) << "never 0";
}

TEST(CappedRate, WantsAllThatItsOwnPolicyAllowsWhileItUsesItsShareUp) {
  auto rate = capped(50'000'000, 20'000'000);
  EXPECT_EQ(demand_after(rate, seconds(1), 19'000'000), 50'000'000U);
}

TEST(CappedRate, WantsLittleMoreThanItSendsWhenItDoesNot) {
  auto rate = capped(50'000'000, 20'000'000);
  EXPECT_EQ(demand_after(rate, seconds(1), 8'000'000), 16'000'000U);
  EXPECT_EQ(demand_after(rate, seconds(2), 0), 0U) << "it waits for others, or is paused";
}

TEST(CappedRate, SaysWhoseRateItIs) {
  auto rate = capped(50'000'000, 20'000'000);
  rate.on_sent({}, 1, 1000);
  EXPECT_EQ(rate.limited_by(), limiting_factor::rate);
  EXPECT_FALSE(rate.slowest());
}

// -- the bound, as it is kept -----------------------------------------------------------------------------

/// A transmission that paces itself as sender and send_session do.
struct transmission {
  transmission(rate_budget& from, bit_rate own)
    : budget(from),
      id(from.add()),
      rate(std::make_unique<fixed_rate>(own), from.share(id)) {}

  /// Bytes that leave at `now`.
  std::size_t turn(timestamp now) {
    constexpr std::size_t datagram = 1448;
    if (const auto wanted = rate.demand(now))
      budget.demand(id, *wanted);
    rate.cap(budget.share(id));
    if (!is_busy) {
      pace.idle();
      return 0;
    }
    std::size_t sent = 0;
    if (!pace.ready(now))
      return 0;
    while (pace.may_continue(now)) {
      rate.on_sent(now, ++packet, datagram);
      pace.spend(now, datagram, rate.rate(now));
      sent += datagram;
    }
    return sent;
  }

  rate_budget& budget;
  rate_budget::id id;
  capped_rate rate;
  pacer pace;
  std::uint64_t packet = 0;
  bool is_busy = true;
};

TEST(RateBudget, IsKeptOverAnySecondWhileTransmissionsComeAndGo) {
  std::mt19937_64 random{11};
  rate_budget budget{whole};
  std::vector<std::unique_ptr<transmission>> all;
  std::vector<std::size_t> sent; // in each millisecond
  for (int ms = 0; ms < 10'000; ++ms) {
    if (ms % 500 == 0 && all.size() < 12)
      all.push_back(std::make_unique<transmission>(budget, 20'000'000 + random() % 200'000'000));
    if (ms % 700 == 699)
      all[random() % all.size()]->is_busy = random() % 2 == 0;
    std::size_t bytes = 0;
    for (const auto& one : all)
      bytes += random() % 3 == 0 ? 0 : one->turn(milliseconds(ms)); // some come late
    sent.push_back(bytes);
  }
  const auto quantum = [&](std::size_t transmissions) {
    // What may leave ahead of time, what a late turn makes up for, and the datagram that is one too many.
    return static_cast<double>(whole) / 8
             * std::chrono::duration<double>(defaults::pacing_quantum + defaults::max_burst).count()
           + 2.0 * 1448 * static_cast<double>(transmissions);
  };
  double most = 0;
  for (std::size_t from = 0; from + 1000 <= sent.size(); ++from) {
    double second = 0;
    for (std::size_t ms = from; ms < from + 1000; ++ms)
      second += static_cast<double>(sent[ms]);
    most = std::max(most, second);
  }
  EXPECT_LE(most, static_cast<double>(whole) / 8 + quantum(all.size()));
  EXPECT_GE(most, 0.95 * static_cast<double>(whole) / 8) << "and it is used";
}

TEST(RateBudget, GoesWithinAMomentToTheOneThatIsLeft) {
  rate_budget budget{whole};
  transmission a{budget, 1'000'000'000};
  transmission b{budget, 1'000'000'000};
  std::size_t before = 0;
  for (int ms = 0; ms < 1000; ++ms) {
    before += a.turn(milliseconds(ms));
    b.turn(milliseconds(ms));
  }
  EXPECT_NEAR(static_cast<double>(before) * 8, whole / 2.0, whole * 0.05);
  b.is_busy = false;
  std::size_t after = 0;
  for (int ms = 1000; ms < 2000; ++ms) {
    after += a.turn(milliseconds(ms));
    b.turn(milliseconds(ms));
  }
  EXPECT_GE(static_cast<double>(after) * 8, whole * 0.85);
}

} // namespace
} // namespace rate_budget_test
} // namespace fleetcast::protocol
