#include "apps/wdsmcast/trace_file.hpp"

#include <fmt/chrono.h>

#include <cerrno>
#include <chrono>
#include <system_error>

namespace fleetcast::apps {

namespace {

std::string time_stamp() {
  using namespace std::chrono;
  auto now = floor<milliseconds>(system_clock::now());
  auto whole = floor<seconds>(now);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(system_clock::to_time_t(whole)),
                     (now - whole).count());
}

} // namespace

tl::expected<trace_file, file_failure> trace_file::open(const std::string& path) {
  if (auto* file = std::fopen(path.c_str(), "we"))
    return trace_file{file};
  auto error = errno;
  return tl::unexpected{file_failure{
    error, "cannot write the trace " + path + ": " + std::system_category().message(error)
             + "; choose another file for /Trace, or leave it out"}};
}

void trace_file::write(std::string_view text) {
  auto line = fmt::format("{} {}\n", time_stamp(), text);
  auto written = std::fwrite(line.data(), 1, line.size(), file_.get());
  if (written != line.size() || std::fflush(file_.get()) != 0)
    incomplete_ = true;
}

} // namespace fleetcast::apps
