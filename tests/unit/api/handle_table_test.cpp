#include "api/buffer_registry.hpp"
#include "api/handle_table.hpp"
#include "api/session_record.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace fleetcast::api {

class HandleTable : public ::testing::Test {
protected:
  session_key add() {
    auto key = next_session_key();
    table_.add(key, std::make_shared<session_record>(session_environment{table_, buffers_}, key,
                                                     actors::receive_request{}, nullptr));
    return key;
  }

  buffer_registry buffers_;
  handle_table table_;
};

TEST_F(HandleTable, FindsWhatWasAddedUntilItIsRemoved) {
  auto key = add();
  auto other = add();
  ASSERT_NE(table_.find(to_handle(key)), nullptr);
  EXPECT_EQ(table_.find(to_handle(key))->key(), key);
  table_.remove(key);
  EXPECT_EQ(table_.find(to_handle(key)), nullptr);
  EXPECT_NE(table_.find(to_handle(other)), nullptr);
  table_.remove(key);
  EXPECT_EQ(table_.size(), 1U);
}

TEST_F(HandleTable, FindsNothingForOtherHandles) {
  auto key = add();
  auto bits = reinterpret_cast<std::uintptr_t>(to_handle(key));
  for (auto other :
       {std::uintptr_t{0}, std::numeric_limits<std::uintptr_t>::max(), bits + 1, bits - 1,
        bits | std::uintptr_t{1} << 63, reinterpret_cast<std::uintptr_t>(&table_),
        reinterpret_cast<std::uintptr_t>(to_negotiate_handle(key))})
    EXPECT_EQ(table_.find(reinterpret_cast<HANDLE>(other)), nullptr) << other;
}

TEST_F(HandleTable, NeverGivesAKeyTwice) {
  auto key = add();
  table_.clear();
  EXPECT_NE(add(), key);
  EXPECT_EQ(table_.find(to_handle(key)), nullptr);
}

} // namespace fleetcast::api
