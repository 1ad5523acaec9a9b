#include "actors/serve/receipt_desk.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>

namespace fleetcast::actors {
namespace receipt_desk_test {
namespace {

using protocol::receiver_id;
using protocol::timestamp;
using protocol::wire::receipt;

constexpr timestamp start = protocol::seconds(1000);
constexpr protocol::duration instant{1};

/// For an object of 100 bytes that took 1 ns.
receipt with_repaired(std::uint64_t symbols) {
  return {100, 1, symbols};
}

void expect_counted(const receipt_desk& desk, std::uint64_t completed, std::uint64_t claimed) {
  EXPECT_EQ(desk.completed(), completed);
  EXPECT_EQ(desk.claimed(), claimed);
}

TEST(ReceiptDesk, CountsAtOnceWhatReportsShow) {
  receipt_desk desk;
  const auto settled = desk.on_receipt(start, 1, with_repaired(7), true);
  ASSERT_TRUE(settled);
  EXPECT_TRUE(settled->is_shown);
  EXPECT_EQ(settled->repaired_symbols, 7U);
  expect_counted(desk, 1, 0);
  EXPECT_FALSE(desk.next_due(start + 2 * receipt_desk::patience));
}

TEST(ReceiptDesk, TakesAReceiptForAClaimUntilTheReportIsHere) {
  receipt_desk desk;
  EXPECT_FALSE(desk.on_receipt(start, 1, with_repaired(7), false));
  expect_counted(desk, 0, 0);
  EXPECT_FALSE(desk.on_report(1, false)) << "an older report";
  expect_counted(desk, 0, 0);
  const auto settled = desk.on_report(1, true);
  ASSERT_TRUE(settled);
  EXPECT_TRUE(settled->is_shown);
  EXPECT_EQ(settled->repaired_symbols, 7U);
  EXPECT_FALSE(desk.on_report(1, true)) << "it is done";
  expect_counted(desk, 1, 0);
}

TEST(ReceiptDesk, AwaitsAReportForItsPatienceAndNoLonger) {
  receipt_desk desk;
  EXPECT_FALSE(desk.on_receipt(start, 1, with_repaired(7), false));
  EXPECT_FALSE(desk.next_due(start + receipt_desk::patience - instant));
  EXPECT_EQ(desk.next_due(start + receipt_desk::patience), std::optional<receiver_id>{1});
  expect_counted(desk, 0, 0);
  const auto settled = desk.settle(1, false);
  ASSERT_TRUE(settled);
  EXPECT_FALSE(settled->is_shown);
  EXPECT_EQ(settled->repaired_symbols, 7U);
  EXPECT_FALSE(desk.next_due(start + receipt_desk::patience)) << "it is done";
  expect_counted(desk, 1, 1);
}

/// Its link may be gone before a report of every block is looked at.
TEST(ReceiptDesk, GoesByTheReportsWhateverEndsTheWaiting) {
  receipt_desk desk;
  EXPECT_FALSE(desk.on_receipt(start, 1, with_repaired(0), false));
  const auto settled = desk.settle(1, true);
  ASSERT_TRUE(settled);
  EXPECT_TRUE(settled->is_shown);
  expect_counted(desk, 1, 0);
}

TEST(ReceiptDesk, NamesOneThatIsDueWhileOthersAreNot) {
  receipt_desk desk;
  EXPECT_FALSE(desk.on_receipt(start, 9, with_repaired(0), false));
  EXPECT_FALSE(desk.on_receipt(start + instant, 3, with_repaired(0), false));
  EXPECT_EQ(desk.next_due(start + receipt_desk::patience), std::optional<receiver_id>{9});
  ASSERT_TRUE(desk.settle(9, false));
  EXPECT_FALSE(desk.next_due(start + receipt_desk::patience));
  EXPECT_EQ(desk.next_due(start + receipt_desk::patience + instant), std::optional<receiver_id>{3});
}

TEST(ReceiptDesk, KeepsTheFirstOfSeveralClaims) {
  receipt_desk desk;
  EXPECT_FALSE(desk.on_receipt(start, 1, with_repaired(7), false));
  EXPECT_FALSE(desk.on_receipt(start + instant, 1, with_repaired(8), false));
  EXPECT_EQ(desk.next_due(start + receipt_desk::patience), std::optional<receiver_id>{1})
    << "a receiver that repeats its receipt would never be done";
  const auto settled = desk.settle(1, false);
  ASSERT_TRUE(settled);
  EXPECT_EQ(settled->repaired_symbols, 7U);
  expect_counted(desk, 1, 1);
}

TEST(ReceiptDesk, LeavesNoClaimBehindAReceiptThatCounts) {
  receipt_desk desk;
  EXPECT_FALSE(desk.on_receipt(start, 1, with_repaired(7), false));
  const auto settled = desk.on_receipt(start + instant, 1, with_repaired(8), true);
  ASSERT_TRUE(settled);
  EXPECT_EQ(settled->repaired_symbols, 8U);
  EXPECT_FALSE(desk.next_due(start + 2 * receipt_desk::patience));
  EXPECT_FALSE(desk.settle(1, true));
  expect_counted(desk, 1, 0);
}

TEST(ReceiptDesk, CountsNothingWithoutAReceipt) {
  receipt_desk desk;
  EXPECT_FALSE(desk.on_report(1, true));
  EXPECT_FALSE(desk.settle(1, true));
  EXPECT_FALSE(desk.settle(1, false));
  expect_counted(desk, 0, 0);
}

TEST(ReceiptDesk, ForgetsTheClaimOfOneThatIsGone) {
  receipt_desk desk;
  EXPECT_FALSE(desk.on_receipt(start, 1, with_repaired(7), false));
  EXPECT_FALSE(desk.on_receipt(start, 2, with_repaired(7), false));
  desk.forget(1);
  EXPECT_FALSE(desk.settle(1, true));
  EXPECT_EQ(desk.next_due(start + receipt_desk::patience), std::optional<receiver_id>{2});
  expect_counted(desk, 0, 0);
}

} // namespace
} // namespace receipt_desk_test
} // namespace fleetcast::actors
