#include "api/log_delivery.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include <sys/mman.h>
#include <unistd.h>

namespace fleetcast::api {
namespace log_delivery_test {
namespace {

using ::testing::HasSubstr;

constexpr std::chrono::seconds patience{20};

/// A program whose function stops at its first line until it is let go.
struct slow_program {
  std::promise<void> arrived;
  std::promise<void> go;
  std::vector<std::string> lines;

  static VOID CALLBACK take(PVOID context, ULONG, const char* line) {
    auto* self = static_cast<slow_program*>(context);
    if (self->lines.empty()) {
      self->arrived.set_value();
      self->go.get_future().wait_for(patience);
    }
    self->lines.emplace_back(line);
  }
};

void add(log_delivery& delivery, const std::string& text) {
  delivery.add(FLEETCAST_LOG_INFO, std::chrono::system_clock::now(), text);
}

TEST(LogDelivery, DropsWhatFindsNoRoomAndSaysHowMuch) {
  slow_program program;
  const int made = ::memfd_create("log", MFD_CLOEXEC);
  ASSERT_GE(made, 0);
  const actors::io::file_descriptor copy{::dup(made)};
  {
    log_delivery delivery{actors::io::file_descriptor{made}, &slow_program::take, &program};
    add(delivery, "first");
    ASSERT_EQ(program.arrived.get_future().wait_for(patience), std::future_status::ready);
    for (std::size_t i = 0; i < log_delivery::max_queued; ++i)
      add(delivery, "queued");
    for (int i = 0; i < 5; ++i)
      add(delivery, "lost");
    program.go.set_value();
  } // delivers what waits
  ASSERT_EQ(program.lines.size(), 1 + log_delivery::max_queued + 1);
  EXPECT_EQ(program.lines[log_delivery::max_queued], "queued");
  EXPECT_THAT(program.lines.back(), HasSubstr("5 lines of the log found no room"));
  ASSERT_EQ(::lseek(copy.get(), 0, SEEK_SET), 0);
  const auto text = actors::io::read_all(copy.get(), 1'000'000);
  ASSERT_TRUE(text);
  EXPECT_THAT(*text, HasSubstr("Z info: first\n"));
  EXPECT_THAT(*text, HasSubstr("Z warning: 5 lines"));
}

TEST(LogDelivery, IsSilentOnceSilenced) {
  slow_program program;
  log_delivery delivery{actors::io::file_descriptor{}, &slow_program::take, &program};
  delivery.silence();
  add(delivery, "too late");
  delivery.silence();
  EXPECT_TRUE(program.lines.empty());
}

} // namespace
} // namespace log_delivery_test
} // namespace fleetcast::api
