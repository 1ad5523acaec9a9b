#include "apps/fleetcast/get/report_text.hpp"

#include "apps/common/leftovers.hpp"
#include "apps/common/progress.hpp"
#include "apps/common/say.hpp"

#include <fmt/core.h>

#include <cmath>
#include <cstdio>

namespace fleetcast::apps {

namespace {

std::string format_kept(const kept_part& kept) {
  auto result = fmt::format(
    "{} of it are kept in {}: run the same command again to continue, or with --fresh "
    "to start over; to give up, remove that file and {}",
    format_bytes(kept.bytes), kept.path, journal_name_of(kept.path));
  if (kept.unrecorded)
    result += ". More could not be recorded: " + kept.unrecorded->text;
  return result;
}

} // namespace

std::string format_continuing(std::uint64_t bytes, std::uint64_t object_bytes) {
  const auto percent
    = object_bytes == 0
        ? 0.0
        : std::floor(100.0 * static_cast<double>(bytes) / static_cast<double>(object_bytes));
  return fmt::format("continuing at {:.0f} %: {} of {} are here and are checked again", percent,
                     format_bytes(bytes), format_bytes(object_bytes));
}

std::string format_reusing(const std::string& path, std::uint64_t bytes) {
  return fmt::format("{} has {}: what has not changed is taken from there", path,
                     format_bytes(bytes));
}

void say_failure(const get_failure& failure) {
  const auto code = failure.error != ERROR_SUCCESS ? fmt::format(" (error {}, {})", failure.error,
                                                                 FleetcastErrorText(failure.error))
                                                   : "";
  say(stderr, "fleetcast get: {}{}\n", failure.message, code);
  if (failure.kept)
    say(stderr, "fleetcast get: {}\n", format_kept(*failure.kept));
}

void say_warning(const std::string& line) {
  say(stderr, "fleetcast get: warning: {}\n", line);
}

} // namespace fleetcast::apps
