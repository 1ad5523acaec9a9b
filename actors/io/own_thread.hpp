/// Starting a thread, which the system may refuse at any time.
#pragma once

#include "actors/io/signals_blocked.hpp"
#include "actors/io/thread_limit.hpp"

#include <tl/expected.hpp>

#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

namespace fleetcast::actors::io {

/// A thread that runs `work` and takes no signals. Or the limit that forbids it; `purpose` says for what it was
/// wanted: "the I/O".
template <class Work>
[[nodiscard]] tl::expected<std::thread, protocol::failure> start_thread(std::string_view purpose,
                                                                        Work work) {
  try {
    const signals_blocked quiet;
    return std::thread{std::move(work)};
  } catch (const std::system_error&) {
    return tl::unexpected{thread_refusal(purpose)};
  }
}

/// The same refusal, out of a constructor, which has no value to return. `what()` is the whole sentence.
class thread_refused : public std::exception {
public:
  explicit thread_refused(protocol::failure reason) : reason_(std::move(reason)) {}

  const protocol::failure& reason() const noexcept { return reason_; }
  const char* what() const noexcept override { return reason_.text.c_str(); }

private:
  protocol::failure reason_;
};

/// As `start_thread`; throws thread_refused.
template <class Work>
[[nodiscard]] std::thread start_thread_or_throw(std::string_view purpose, Work work) {
  auto result = start_thread(purpose, std::move(work));
  if (!result)
    throw thread_refused{std::move(result.error())};
  return std::move(*result);
}

} // namespace fleetcast::actors::io
