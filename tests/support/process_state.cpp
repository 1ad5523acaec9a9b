#include "tests/support/process_state.hpp"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

#include <unistd.h>

namespace fleetcast::actors::testing {

namespace {

std::size_t entries_of(const char* directory) {
  const std::filesystem::directory_iterator all{directory};
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

std::size_t resident() {
  std::ifstream statistics{"/proc/self/statm"};
  std::size_t all = 0;
  std::size_t pages = 0;
  std::size_t of_files = 0;
  statistics >> all >> pages >> of_files;
  return (pages - of_files) * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

} // namespace

process_state process_state::now() {
  process_state result;
  result.threads = entries_of("/proc/self/task");
  result.descriptors = entries_of("/proc/self/fd") - 1; // the one that looking takes
  result.resident_bytes = resident();
  return result;
}

process_state process_state::settled_at(const process_state& wanted) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds{10};
  auto state = now();
  while ((state.threads > wanted.threads || state.descriptors > wanted.descriptors)
         && std::chrono::steady_clock::now() < until) {
    std::this_thread::yield();
    state = now();
  }
  return state;
}

std::ostream& operator<<(std::ostream& out, const process_state& state) {
  return out << state.threads << " threads, " << state.descriptors << " descriptors, "
             << state.resident_bytes / 1024 << " KiB resident";
}

} // namespace fleetcast::actors::testing
