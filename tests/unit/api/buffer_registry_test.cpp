#include "api/buffer_registry.hpp"

#include <gtest/gtest.h>

#include <memory>

namespace fleetcast::api {

class BufferRegistry : public ::testing::Test {
protected:
  BufferRegistry() { weak_ = buffer_; }

  /// The registry alone keeps it from here on.
  void hold() {
    registry_.hold(buffer_);
    address_ = buffer_.get();
    buffer_.reset();
  }

  protocol::const_block_buffer buffer_{new std::byte[8]{}, std::default_delete<std::byte[]>{}};
  std::weak_ptr<const std::byte> weak_;
  const void* address_ = nullptr;
  buffer_registry registry_;
};

TEST_F(BufferRegistry, KeepsABufferUntilItsLastPromiseIsDropped) {
  registry_.hold(buffer_);
  hold();
  registry_.drop(address_);
  EXPECT_FALSE(weak_.expired());
  registry_.drop(address_);
  EXPECT_TRUE(weak_.expired());
  EXPECT_EQ(registry_.size(), 0U);
}

TEST_F(BufferRegistry, KeepsABufferUntilItsLastReferenceIsReleased) {
  hold();
  EXPECT_EQ(registry_.add_reference(address_), DWORD{ERROR_SUCCESS});
  registry_.drop(address_);
  EXPECT_FALSE(weak_.expired());
  EXPECT_EQ(registry_.release_reference(address_), DWORD{ERROR_SUCCESS});
  EXPECT_TRUE(weak_.expired());
}

TEST_F(BufferRegistry, DoesNotLetASurplusReleaseBreakAPromise) {
  hold();
  EXPECT_EQ(registry_.release_reference(address_), DWORD{ERROR_INVALID_PARAMETER});
  EXPECT_FALSE(weak_.expired());
  registry_.drop(address_);
  EXPECT_TRUE(weak_.expired());
}

TEST_F(BufferRegistry, DoesNotLetASurplusDropBreakAReference) {
  hold();
  EXPECT_EQ(registry_.add_reference(address_), DWORD{ERROR_SUCCESS});
  registry_.drop(address_);
  registry_.drop(address_);
  EXPECT_FALSE(weak_.expired());
  EXPECT_EQ(registry_.release_reference(address_), DWORD{ERROR_SUCCESS});
}

TEST_F(BufferRegistry, ForgetsEverythingWhenCleared) {
  hold();
  EXPECT_EQ(registry_.add_reference(address_), DWORD{ERROR_SUCCESS});
  registry_.clear();
  EXPECT_TRUE(weak_.expired());
  EXPECT_EQ(registry_.release_reference(address_), DWORD{ERROR_INVALID_PARAMETER});
}

} // namespace fleetcast::api
