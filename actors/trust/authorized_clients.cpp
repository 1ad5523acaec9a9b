#include "actors/trust/authorized_clients.hpp"

#include "actors/trust/identity.hpp"
#include "actors/trust/private_files.hpp"
#include "actors/trust/trust_file.hpp"
#include "actors/trust/words.hpp"
#include "protocol/text.hpp"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

namespace fleetcast::actors::io {

using protocol::failure;
using protocol::failure_code;

namespace {

/// Ten times the hosts of a large fleet, with comments.
constexpr std::size_t max_file_size = 10'000'000;

/// What of a bad line is shown.
constexpr std::size_t shown_of_line = 80;

/// A file system's clock is this coarse at worst: what was changed later than that before it was read
/// may have been changed once more without a trace.
constexpr std::chrono::nanoseconds coarsest_clock = std::chrono::seconds{2};

failure bad_line(const std::filesystem::path& file, std::size_t number, std::string_view line) {
  const auto shown = protocol::outside_text(line, shown_of_line);
  return {failure_code::invalid_request, 0,
          "could not tell which clients are authorized: " + file.string() + ", line "
            + std::to_string(number) + ": expected 'SHA256:… comment' but found '" + shown
            + "'. Write the fingerprint that `fleetcast identity` prints on the client, or '#' in "
              "front of a comment"};
}

failure fault(int error, const char* step, const std::filesystem::path& file) {
  return system_failure(error, failure_code::read_fault,
                        std::string{"could not "} + step + " the list of authorized clients", file);
}

std::chrono::nanoseconds since_epoch(const struct timespec& time) {
  return std::chrono::seconds{time.tv_sec} + std::chrono::nanoseconds{time.tv_nsec};
}

std::chrono::nanoseconds now() {
  struct timespec time {};
  ::clock_gettime(CLOCK_REALTIME, &time);
  return since_epoch(time);
}

} // namespace

tl::expected<fingerprint_set, failure> parse_authorized_clients(const std::filesystem::path& file,
                                                                std::string_view text) {
  fingerprint_set result;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    auto rest = line;
    const auto word = take_word(rest);
    if (word.empty() || word.starts_with('#'))
      continue;
    if (!is_fingerprint(word))
      return tl::make_unexpected(bad_line(file, number, line));
    result.emplace(word);
  }
  return result;
}

tl::expected<void, failure> authorized_clients::refresh() {
  // Not blocking: it may be the name of a pipe.
  const file_descriptor opened{::open(file_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  auto result = opened ? read(opened.get()) : tl::make_unexpected(fault(errno, "open", file_));
  if (!result) {
    known_.clear();
    read_ = {};
  }
  return result;
}

tl::expected<void, failure> authorized_clients::read(int descriptor) {
  const auto begin = now();
  struct stat info {};
  if (::fstat(descriptor, &info) != 0)
    return tl::make_unexpected(fault(errno, "look at", file_));
  // Who can write it decides who is served.
  if (auto exposed = refuse_exposed({file_, "will not use the list of authorized clients",
                                     "others could have added themselves"},
                                    info))
    return tl::make_unexpected(std::move(exposed));
  const version current{info.st_dev, info.st_ino, info.st_size, since_epoch(info.st_ctim)};
  if (current == read_)
    return {};
  auto text = read_all(descriptor, max_file_size);
  if (!text)
    return tl::make_unexpected(fault(text.error(), "read", file_));
  auto parsed = parse_authorized_clients(file_, *text);
  if (!parsed)
    return tl::make_unexpected(std::move(parsed.error()));
  known_ = std::move(*parsed);
  const auto age = begin - current.changed;
  read_ = age > coarsest_clock ? current : version{};
  return {};
}

} // namespace fleetcast::actors::io
