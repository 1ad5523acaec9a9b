/// Writes the manual pages and completions of all programs; run while Fleetcast is built, and not installed.
///
///     write_manual DIRECTORY    into DIRECTORY/man1, /bash, /zsh and /fish, which it makes
///
/// The same programs give the same files. Pages have a date only when SOURCE_DATE_EPOCH gives one. Exit codes: 0 all
/// written, 1 something could not be, 2 wrong usage.
#include "api/fleetcast_ext.h"
#include "apps/fleetcast/fleetcast_program.hpp"
#include "apps/manual/cli_entry.hpp"
#include "apps/manual/completion.hpp"
#include "apps/manual/man_page.hpp"
#include "apps/manual/wdsmcast_entry.hpp"

#include <fmt/core.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <ios>
#include <string>

namespace {

using namespace fleetcast::apps::manual;

namespace fs = std::filesystem;

/// "2026-11-29"; empty without SOURCE_DATE_EPOCH.
std::string date_of_build() {
  const char* seconds = std::getenv("SOURCE_DATE_EPOCH");
  if (seconds == nullptr || *seconds == '\0')
    return {};
  const std::chrono::sys_seconds moment{std::chrono::seconds{std::stoll(seconds)}};
  const std::chrono::year_month_day day{std::chrono::floor<std::chrono::days>(moment)};
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(day.year()),
                     static_cast<unsigned>(day.month()), static_cast<unsigned>(day.day()));
}

void write(const fs::path& file, const std::string& text) {
  fs::create_directories(file.parent_path());
  std::ofstream out;
  out.exceptions(std::ios::failbit | std::ios::badbit);
  out.open(file, std::ios::binary);
  out << text;
  out.close();
}

void write_pages(const fs::path& to, const command_entry& program) {
  const man_edition edition{FleetcastVersion(), date_of_build()};
  for (const auto* one : all_of(program))
    write(to / "man1" / man_file(*one), man_page(*one, program, edition));
}

void write_all(const fs::path& to) {
  fleetcast::apps::fleetcast_program program;
  const auto fleetcast = entry_of(program.commands());
  write_pages(to, fleetcast);
  write(to / "bash" / "fleetcast", bash_completion(fleetcast));
  write(to / "zsh" / "_fleetcast", zsh_completion(fleetcast));
  write(to / "fish" / "fleetcast.fish", fish_completion(fleetcast));
  const auto wdsmcast = wdsmcast_entry();
  write_pages(to, wdsmcast);
  write(to / "bash" / "wdsmcast", bash_colon_completion(wdsmcast));
  write(to / "zsh" / "_wdsmcast", zsh_colon_completion(wdsmcast));
  write(to / "fish" / "wdsmcast.fish", fish_colon_completion(wdsmcast));
}

} // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("Usage: write_manual DIRECTORY\n", stderr);
    return 2;
  }
  try {
    write_all(argv[1]);
    return 0;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "write_manual: %s\n", e.what());
    return 1;
  }
}
