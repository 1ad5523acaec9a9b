#include "apps/common/transfer.hpp"
#include "tests/support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>

namespace fleetcast::apps {
namespace transfer_test {
namespace {

struct silent_observer : transfer_observer {
  void started(const std::string&, const reception&) override {}
  void progress(const transfer_figures&) override {}
  int exit_code_of(int signal) override { return signal; }
};

bool is_blocked(int signal) {
  sigset_t mask;
  pthread_sigmask(SIG_SETMASK, nullptr, &mask);
  return sigismember(&mask, signal) == 1;
}

/// A process of its own: what a transfer does to its signals is not undone.
void transfer_without_server(const std::filesystem::path& directory) {
  std::signal(SIGINT, SIG_DFL);
  signal_events signals;
  auto file = staged_file::create((directory / "copy").string());
  silent_observer observer;
  transfer one{*file, signals, observer, std::chrono::milliseconds{1000}};
  const bool was_blocked = is_blocked(SIGINT);
  // No server, so the library refuses it. Its end, with `one`, may wait for whatever it began.
  const auto end = one.run({L"", L"lab", L"image", 0, false});
  const bool good = was_blocked && !is_blocked(SIGINT) && end.how == transfer_end::kind::not_started
                    && std::filesystem::is_empty(directory);
  std::filesystem::remove_all(directory); // which this process has made anew
  std::_Exit(good ? 0 : 1);
}

TEST(Transfer, LetsASignalEndTheProcessOnceTheFileIsDiscarded) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const actors::testing::temporary_directory directory;
  EXPECT_EXIT(transfer_without_server(directory.path()), ::testing::ExitedWithCode(0), "");
}

} // namespace
} // namespace transfer_test
} // namespace fleetcast::apps
