#include "actors/trust/known_servers.hpp"

#include "actors/trust/identity.hpp"
#include "actors/trust/private_files.hpp"
#include "actors/trust/trust_file.hpp"
#include "actors/trust/words.hpp"
#include "protocol/host_port.hpp"
#include "protocol/text.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <optional>
#include <thread>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace fleetcast::actors::io {

using protocol::failure;
using protocol::failure_code;

namespace {

/// 10 million bytes are more than 100,000 servers.
constexpr std::size_t max_known_servers_size = 10'000'000;

/// What of a bad line is shown.
constexpr std::size_t shown_of_known_server = 80;

/// Holding the lock takes one read and one append, so 5 s of waiting mean a stuck process.
constexpr std::chrono::milliseconds lock_poll{10};
constexpr int lock_polls = 500;

enum class match : std::uint8_t { none, same, other };

struct finding {
  match result = match::none;
  std::size_t line = 0; ///< of the first line with another fingerprint
  std::string fingerprint;
};

std::string in_lower_case(std::string_view text) {
  std::string result{text};
  for (auto& c : result)
    if (c >= 'A' && c <= 'Z')
      c = static_cast<char>(c - 'A' + 'a');
  return result;
}

/// "host:1" to "host:65535", "[::1]:5040": always with the port.
bool is_host_and_port(std::string_view text) {
  const auto named = protocol::parse_host_port(text);
  return named && named->port;
}

failure bad_known_server(const std::filesystem::path& file, std::size_t number,
                         std::string_view line) {
  const auto shown = protocol::outside_text(line, shown_of_known_server);
  return {failure_code::trust_store_fault, 0,
          "could not check the server's identity: " + file.string() + ", line "
            + std::to_string(number) + ": expected 'host:port SHA256:…' but found '" + shown
            + "'. Correct or remove that line; nothing was changed"};
}

/// Calls `take(line number, fingerprint)` for each pin of `server`.
template <class Take>
tl::expected<void, failure> for_each_pin(const std::filesystem::path& file, std::string_view text,
                                         const std::string& server, Take take) {
  for (std::size_t number = 1; !text.empty(); ++number) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    auto rest = line;
    const auto name = take_word(rest);
    if (name.empty() || name.starts_with('#'))
      continue;
    const auto pinned = take_word(rest);
    const auto remark = take_word(rest);
    if (!is_host_and_port(name) || !is_fingerprint(pinned)
        || (!remark.empty() && !remark.starts_with('#')))
      return tl::make_unexpected(bad_known_server(file, number, line));
    if (in_lower_case(name) == server)
      take(number, pinned);
  }
  return {};
}

tl::expected<finding, failure> search(const std::filesystem::path& file, std::string_view text,
                                      const std::string& server, const std::string& fingerprint) {
  finding result;
  auto read = for_each_pin(file, text, server, [&](std::size_t line, std::string_view pinned) {
    if (pinned == fingerprint)
      result.result = match::same;
    else if (result.result == match::none)
      result = {match::other, line, std::string{pinned}};
  });
  if (!read)
    return tl::make_unexpected(std::move(read.error()));
  return result;
}

failure changed(const std::filesystem::path& file, const finding& found, const std::string& server,
                const std::string& fingerprint) {
  return {
    failure_code::identity_changed, 0,
    "THE IDENTITY OF " + server
      + " HAS CHANGED. Somebody may be pretending to be that server, so nothing was sent to it. "
      + "Pinned: " + found.fingerprint + ". Offered now: " + fingerprint
      + ". If its operator made a new identity on purpose, compare the offered one with what "
        "`fleetcast serve` prints on that host when it starts. Only if they are the same, give it "
        "by hand, which replaces the pinned one: `fleetcast get … --fingerprint SHA256:…` here, or "
        "`fleetcast fleet get … --fingerprint SHA256:…` for all hosts of a fleet. Or remove line "
      + std::to_string(found.line) + " of " + file.string() + " and try again"};
}

/// 0 or errno; ETIMEDOUT when another process keeps it. Sleeps between attempts: the system has no wait
/// for a file's lock that ends after a time.
int lock(int descriptor, int operation) {
  for (int i = 0; i < lock_polls; ++i) {
    if (::flock(descriptor, operation | LOCK_NB) == 0)
      return 0;
    if (errno != EWOULDBLOCK && errno != EINTR)
      return errno;
    std::this_thread::sleep_for(lock_poll);
  }
  return ETIMEDOUT;
}

failure store_failure(int error, std::string_view what, const std::filesystem::path& file) {
  auto result = system_failure(error, failure_code::trust_store_fault, what, file);
  result.code = failure_code::trust_store_fault;
  result.text += error == ETIMEDOUT
                   ? ". Another process holds its lock for 5 s now; see who with: fuser -v '"
                       + file.string() + "'"
                   : ". Make it a file that you may read and write, or give the server's "
                     "fingerprint by hand: --fingerprint SHA256:…";
  return result;
}

/// Who can write it decides which servers are believed.
failure refuse_exposed(int descriptor, const std::filesystem::path& file) {
  const trust_file known{file, "will not use the known servers",
                         "others could have put servers of theirs into it"};
  struct stat info {};
  if (::fstat(descriptor, &info) != 0)
    return store_failure(errno, "could not look at the known servers", file);
  if (S_ISFIFO(info.st_mode))
    return store_failure(EINVAL, "will not read the known servers from a pipe,", file);
  auto result
    = S_ISREG(info.st_mode) ? io::refuse_exposed(known, info) : failure{}; // /dev/null pins nobody
  if (!result)
    result = refuse_exposed_directory(known);
  if (result)
    result.code = failure_code::trust_store_fault;
  return result;
}

/// The whole file under a lock that is released with the descriptor.
struct locked_file {
  file_descriptor descriptor;
  std::string text;
};

/// Nothing when there is no such file.
tl::expected<std::optional<locked_file>, failure> open_locked(const std::filesystem::path& file,
                                                              int flags, int lock_operation) {
  // Not blocking: it may be the name of a pipe.
  locked_file result{file_descriptor{::open(file.c_str(), flags | O_CLOEXEC | O_NONBLOCK, 0600)},
                     {}};
  if (!result.descriptor) {
    if (errno == ENOENT)
      return std::optional<locked_file>{};
    return tl::make_unexpected(store_failure(errno, "could not open the known servers", file));
  }
  if (auto exposed = refuse_exposed(result.descriptor.get(), file))
    return tl::make_unexpected(std::move(exposed));
  if (const int error = lock(result.descriptor.get(), lock_operation); error != 0)
    return tl::make_unexpected(store_failure(error, "could not lock the known servers", file));
  auto text = read_all(result.descriptor.get(), max_known_servers_size);
  if (!text)
    return tl::make_unexpected(
      store_failure(text.error(), "could not read the known servers", file));
  result.text = std::move(*text);
  return result;
}

using open_result = tl::expected<std::optional<locked_file>, failure>;

/// Whether the file pins just this identity; false when it does not name the server.
tl::expected<bool, failure> check(const open_result& opened, const std::filesystem::path& file,
                                  const std::string& server, const std::string& fingerprint) {
  if (!opened)
    return tl::make_unexpected(opened.error());
  if (!opened->has_value())
    return false;
  const auto found = search(file, (*opened)->text, server, fingerprint);
  if (!found)
    return tl::make_unexpected(found.error());
  if (found->result == match::other)
    return tl::make_unexpected(changed(file, *found, server, fingerprint));
  return found->result == match::same;
}

/// The places in the text where `server` is pinned with another fingerprint; none if it is also pinned with this one.
tl::expected<std::vector<off_t>, failure> other_pins(const std::filesystem::path& file,
                                                     std::string_view text,
                                                     const std::string& server,
                                                     const std::string& fingerprint) {
  std::vector<off_t> result;
  bool is_known = false;
  auto read = for_each_pin(file, text, server, [&](std::size_t, std::string_view pinned) {
    is_known = is_known || pinned == fingerprint;
    result.push_back(pinned.data() - text.data());
  });
  if (!read)
    return tl::make_unexpected(std::move(read.error()));
  return is_known ? std::vector<off_t>{} : result;
}

/// All fingerprints have one length, so a line keeps its own. 0 or errno.
int overwrite(int descriptor, const std::vector<off_t>& places, const std::string& fingerprint) {
  for (const auto place : places) {
    const auto written = ::pwrite(descriptor, fingerprint.data(), fingerprint.size(), place);
    if (written != static_cast<ssize_t>(fingerprint.size()))
      return written < 0 ? errno : EIO;
  }
  return ::fsync(descriptor) == 0 ? 0 : errno;
}

std::filesystem::path parent_of(const std::filesystem::path& file) {
  return file.has_parent_path() ? file.parent_path() : std::filesystem::path{"."};
}

/// Appends one line, wholly or not at all. 0 or errno.
int append_line(const locked_file& opened, const std::string& line) {
  const bool is_open_ended = !opened.text.empty() && opened.text.back() != '\n';
  const int descriptor = opened.descriptor.get();
  int error = write_all(descriptor, (is_open_ended ? "\n" : "") + line + "\n");
  if (error == 0 && ::fsync(descriptor) != 0)
    error = errno;
  // Half a line would make every later look-up fail. If this fails as well, that is what happens,
  // with the line's number.
  if (error != 0 && ::ftruncate(descriptor, static_cast<off_t>(opened.text.size())) != 0)
    return errno;
  return error;
}

} // namespace

std::string host_and_port(std::string_view host, std::uint16_t port) {
  auto name = in_lower_case(host);
  if (name.find(':') != std::string::npos && !name.starts_with('['))
    name = "[" + name + "]";
  return name + ":" + std::to_string(port);
}

std::filesystem::path known_servers::default_path() {
  return user_directory("XDG_CONFIG_HOME", ".config") / "fleetcast" / "known_servers";
}

tl::expected<known_servers::verdict, failure>
known_servers::check_or_pin(const std::string& server, const std::string& fingerprint) const {
  // Looked up read-only first: an administrator's file that this user may not write is fine as long
  // as nothing is to be pinned.
  auto known = check(open_locked(file_, O_RDONLY, LOCK_SH), file_, server, fingerprint);
  if (!known)
    return tl::make_unexpected(std::move(known.error()));
  if (*known)
    return verdict::known;
  return pin(server, fingerprint);
}

tl::expected<known_servers::verdict, failure>
known_servers::pin_given(const std::string& server, const std::string& fingerprint) const {
  auto found = check_or_pin(server, fingerprint);
  if (found || found.error().code != failure_code::identity_changed)
    return found;
  return replace(server, fingerprint);
}

tl::expected<std::vector<std::string>, failure>
known_servers::pinned(const std::string& server) const {
  std::vector<std::string> result;
  auto opened = open_locked(file_, O_RDONLY, LOCK_SH);
  if (!opened)
    return tl::make_unexpected(std::move(opened.error()));
  if (!opened->has_value())
    return result;
  auto read
    = for_each_pin(file_, (*opened)->text, server,
                   [&](std::size_t, std::string_view pinned) { result.emplace_back(pinned); });
  if (!read)
    return tl::make_unexpected(std::move(read.error()));
  return result;
}

tl::expected<known_servers::verdict, failure>
known_servers::pin(const std::string& server, const std::string& fingerprint) const {
  if (const int error = make_private_directories(parent_of(file_)); error != 0)
    return tl::make_unexpected(
      store_failure(error, "could not make the directory of the known servers", file_));
  const auto opened = open_locked(file_, O_RDWR | O_APPEND | O_CREAT, LOCK_EX);
  // Checked again: between the two locks another process may have pinned the same server.
  auto known = check(opened, file_, server, fingerprint);
  if (!known)
    return tl::make_unexpected(std::move(known.error()));
  if (*known)
    return verdict::known;
  int error = opened->has_value() ? append_line(**opened, server + " " + fingerprint) : ENOENT;
  if (error == 0 && (*opened)->text.empty())
    error = sync_directory(parent_of(file_));
  if (error != 0)
    return tl::make_unexpected(store_failure(error, "could not pin " + server, file_));
  return verdict::pinned;
}

tl::expected<known_servers::verdict, failure>
known_servers::replace(const std::string& server, const std::string& fingerprint) const {
  {
    // Not to append: Linux would then write at the end, whatever the place.
    const auto opened = open_locked(file_, O_RDWR, LOCK_EX);
    if (!opened)
      return tl::make_unexpected(opened.error());
    const auto text = opened->has_value() ? std::string_view{(*opened)->text} : std::string_view{};
    const auto places = other_pins(file_, text, server, fingerprint);
    if (!places)
      return tl::make_unexpected(places.error());
    if (!places->empty()) {
      const int error = overwrite((*opened)->descriptor.get(), *places, fingerprint);
      if (error != 0)
        return tl::make_unexpected(store_failure(error, "could not pin " + server, file_));
      return verdict::replaced;
    }
  }
  // Somebody else was faster: the old pins are gone.
  return pin(server, fingerprint);
}

} // namespace fleetcast::actors::io
