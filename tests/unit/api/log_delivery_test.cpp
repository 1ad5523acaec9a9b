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
  {
    log_delivery delivery{actors::io::file_descriptor{}, &slow_program::take, &program};
    add(delivery, "first");
    ASSERT_EQ(program.arrived.get_future().wait_for(patience), std::future_status::ready);
    for (std::size_t i = 0; i < log_delivery::max_queued; ++i)
      add(delivery, "queued");
    for (int i = 0; i < 5; ++i)
      add(delivery, "lost");
    program.go.set_value();
  } // delivers what waits
  ASSERT_EQ(program.lines.size(), 1 + log_delivery::max_queued);
  EXPECT_EQ(program.lines.back(), "queued");
}

TEST(LogDelivery, TellsOfDroppedLinesWithTheNextOne) {
  slow_program program;
  auto made = ::memfd_create("log", MFD_CLOEXEC);
  ASSERT_GE(made, 0);
  const actors::io::file_descriptor copy{::dup(made)};
  {
    log_delivery delivery{actors::io::file_descriptor{made}, &slow_program::take, &program};
    add(delivery, "first");
    ASSERT_EQ(program.arrived.get_future().wait_for(patience), std::future_status::ready);
    for (std::size_t i = 0; i < log_delivery::max_queued + 7; ++i)
      add(delivery, "queued or lost");
    program.go.set_value();
    delivery.silence(); // the first line is through
    // The file gets the rest as fast as it goes: a line finds room sooner or later.
    for (int i = 0; i < 100'000; ++i)
      add(delivery, "after");
  }
  ASSERT_EQ(::lseek(copy.get(), 0, SEEK_SET), 0);
  const auto text = actors::io::read_all(copy.get(), 100'000'000);
  ASSERT_TRUE(text);
  EXPECT_THAT(*text, HasSubstr("Z info: first\n"));
  EXPECT_THAT(*text,
              ::testing::ContainsRegex("after \\(before this, [0-9]+ lines found no room\\)"));
  EXPECT_EQ(program.lines.size(), 1U);
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
} // namespace fleetcast::api
