#include "api/configuration.hpp"

#include "actors/io/trial_switches.hpp"
#include "actors/trust/identity.hpp"
#include "actors/trust/private_files.hpp"
#include "actors/trust/trust_file.hpp"
#include "protocol/edit_distance.hpp"
#include "protocol/text.hpp"

#include <toml.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <limits>
#include <optional>
#include <sstream>
#include <string_view>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>

namespace fleetcast::api {

namespace {

using std::string_view;
using tl::unexpected;

// The parser recurses into brackets and along dotted keys. A file of settings needs neither, so these
// bounds cost nobody anything and keep any file from exhausting the stack.
constexpr std::size_t max_file_size = 64 * 1024;
constexpr std::size_t max_line_size = 4352; // a path of 4096 bytes with its key
constexpr std::ptrdiff_t max_brackets = 64;

/// What of a wrong line or value is shown.
constexpr std::size_t max_shown = 80;

constexpr std::size_t max_threads = 256;
constexpr std::size_t max_interface_size = 255;

// -- the settings -------------------------------------------------------------------------------------

using text_member = std::string configuration::*;

bool take_threads(configuration& into, const std::string& text) {
  const auto* end = text.data() + text.size();
  auto [stopped, error] = std::from_chars(text.data(), end, into.worker_threads);
  return error == std::errc{} && stopped == end && into.worker_threads >= 1
         && into.worker_threads <= max_threads;
}

bool take_interface(configuration& into, const std::string& text) {
  into.interface = text;
  return text.size() <= max_interface_size;
}

bool take_fingerprint(configuration& into, const std::string& text) {
  into.fingerprint = text;
  return actors::io::is_fingerprint(text);
}

template <text_member Member>
bool take_path(configuration& into, const std::string& text) {
  into.*Member = text;
  return text.starts_with('/') && text.find('\0') == std::string::npos;
}

bool take_security(configuration& into, const std::string& text) {
  into.security = text;
  return text == "sealed" || text == "none";
}

bool take_log_level(configuration& into, const std::string& text) {
  constexpr std::array<string_view, 5> names{"off", "error", "warning", "info", "debug"};
  const auto found = std::find(names.begin(), names.end(), text);
  into.log_level = FLEETCAST_LOG_OFF + static_cast<ULONG>(found - names.begin());
  return found != names.end();
}

bool take_console(configuration& into, const std::string& text) {
  into.console = text == "1" ? FLEETCAST_CONSOLE_ON : FLEETCAST_CONSOLE_OFF;
  return text == "0" || text == "1";
}

struct setting {
  string_view key;      ///< in a file; in capitals behind FLEETCAST_, in the environment
  string_view expected; ///< what a value must be
  string_view example;
  bool is_number;
  bool (*take)(configuration& into, const std::string& text);
};

constexpr string_view a_path = "an absolute path";

constexpr std::array settings{
  setting{"interface", "the name or the address of a network interface", "eth1", false,
          take_interface},
  setting{"fingerprint", "SHA256: and 43 characters, as `fleetcast serve` prints it",
          "SHA256:BuP9j9opu2CrWVV95h7bCuzbIxE0vjDnW0Vfjht5L6k", false, take_fingerprint},
  setting{"known_servers", a_path, "/etc/fleetcast/known_servers", false,
          take_path<&configuration::known_servers>},
  setting{"identity", a_path, "/etc/fleetcast/identity", false,
          take_path<&configuration::identity>},
  setting{"security", "sealed or none", "sealed", false, take_security},
  setting{"threads", "a whole number from 1 to 256", "4", true, take_threads},
  setting{"log_level", "off, error, warning, info or debug", "info", false, take_log_level},
  setting{"log_file", a_path, "/var/log/fleetcast.log", false, take_path<&configuration::log_file>},
  setting{"console", "1 or 0", "1", true, take_console},
};

// -- words --------------------------------------------------------------------------------------------

/// Part of a file or a variable, fit for a terminal.
std::string shown(string_view text) {
  return protocol::outside_text(text, max_shown);
}

std::string variable_of(const setting& one) {
  std::string result = "FLEETCAST_";
  for (const char c : one.key)
    result += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return result;
}

std::string line_for(const setting& one) {
  const std::string quote = one.is_number ? "" : "\"";
  return std::string{one.key} + " = " + quote + std::string{one.example} + quote;
}

std::string at(const std::filesystem::path& file, std::size_t line) {
  return file.string() + ", line " + std::to_string(line) + ": ";
}

std::string not_toml(const std::filesystem::path& file, std::size_t line, string_view text) {
  return at(file, line) + "'" + shown(text)
         + "' is not understood: expected one setting a line, text in double quotes. Write, for "
           "example: "
         + line_for(settings.front());
}

std::string wrong_value(const std::filesystem::path& file, const toml::value& value,
                        const setting& one) {
  const auto where = value.location();
  return at(file, where.line()) + "'" + shown(where.line_str()) + "' is not understood: expected "
         + std::string{one.expected} + ". Write, for example: " + line_for(one);
}

std::string wrong_variable(const setting& one, const std::string& value) {
  const auto name = variable_of(one);
  return "the environment variable " + name + " is '" + shown(value)
         + "', which is not understood: expected " + std::string{one.expected}
         + ". Write, for example: " + name + "=" + std::string{one.example};
}

std::string unknown_key(const std::filesystem::path& file, const std::string& key,
                        const toml::value& value) {
  const string_view word = string_view{key}.substr(0, max_shown);
  const auto* nearest
    = std::min_element(settings.begin(), settings.end(), [&](const setting& a, const setting& b) {
        return protocol::edit_distance(word, a.key) < protocol::edit_distance(word, b.key);
      });
  return at(file, value.location().line()) + "there is no setting '" + shown(key)
         + "'. The nearest is '" + std::string{nearest->key}
         + "'. Write, for example: " + line_for(*nearest);
}

// -- a file -------------------------------------------------------------------------------------------

/// Nothing: small and flat enough for the parser.
std::optional<std::string> check_bounds(const std::filesystem::path& file, string_view text) {
  if (text.size() > max_file_size)
    return "could not read the configuration: " + file.string()
           + " is larger than 64 KiB, which no file of settings is";
  if (std::count(text.begin(), text.end(), '[') + std::count(text.begin(), text.end(), '{')
      > max_brackets)
    return "could not read the configuration: " + file.string()
           + " is full of brackets, which no setting needs";
  for (std::size_t number = 1; !text.empty(); ++number) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (line.size() > max_line_size)
      return not_toml(file, number, line);
  }
  return std::nullopt;
}

std::optional<std::string> take_value(configuration& into, const std::filesystem::path& file,
                                      const std::string& key, const toml::value& value) {
  const auto* known = std::find_if(settings.begin(), settings.end(),
                                   [&](const setting& one) { return one.key == key; });
  if (known == settings.end())
    return unknown_key(file, key, value);
  std::string text;
  if (known->is_number && value.is_integer())
    text = std::to_string(value.as_integer());
  else if (!known->is_number && value.is_string())
    text = value.as_string().str;
  if (text.empty() || !known->take(into, text))
    return wrong_value(file, value, *known);
  return std::nullopt;
}

/// Of a file that is there.
tl::expected<std::string, std::string> read_text(const std::filesystem::path& file,
                                                 int descriptor) {
  auto failed = [&](int error) {
    return unexpected{"could not read the configuration: " + file.string() + ": "
                      + std::generic_category().message(error)};
  };
  struct stat info {};
  if (::fstat(descriptor, &info) != 0)
    return failed(errno);
  if (!S_ISREG(info.st_mode) && !S_ISCHR(info.st_mode)) // /dev/null: no settings
    return failed(S_ISDIR(info.st_mode) ? EISDIR : EINVAL);
  // It names the known servers, and may name a fingerprint: who can write it decides which servers are believed.
  if (S_ISREG(info.st_mode))
    if (auto exposed = actors::io::refuse_exposed(
          {file, "will not use the configuration", "others could have changed it"}, info))
      return unexpected{std::move(exposed.text)};
  auto text = actors::io::read_all(descriptor, max_file_size);
  if (!text)
    return failed(text.error());
  return *std::move(text);
}

/// Nothing when there is no such file.
tl::expected<std::optional<configuration>, std::string>
read_file(const std::filesystem::path& file) {
  // Not blocking: it may be the name of a pipe.
  const actors::io::file_descriptor opened{
    ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)};
  if (!opened && (errno == ENOENT || errno == ENOTDIR))
    return std::nullopt;
  if (!opened)
    return unexpected{"could not read the configuration: " + file.string() + ": "
                      + std::generic_category().message(errno)
                      + ". Make it readable, or name another file with FLEETCAST_CONFIG"};
  auto text = read_text(file, opened.get());
  if (!text)
    return unexpected{std::move(text.error())};
  auto parsed = parse_configuration(file, *text);
  if (!parsed)
    return unexpected{std::move(parsed.error())};
  return std::optional{*std::move(parsed)};
}

// -- the environment ----------------------------------------------------------------------------------

/// Empty counts as not set.
std::string value_of(const environment& variables, const std::string& name) {
  const char* value = variables(name.c_str());
  return value != nullptr ? value : "";
}

tl::expected<configuration, std::string> read_variables(const environment& variables) {
  configuration result;
  for (const auto& one : settings) {
    const auto value = value_of(variables, variable_of(one));
    if (!value.empty() && !one.take(result, value))
      return unexpected{wrong_variable(one, value)};
  }
  return result;
}

tl::expected<configuration, std::string>
read_files(const environment& variables, const std::vector<std::filesystem::path>& usual_files) {
  const auto named = value_of(variables, "FLEETCAST_CONFIG");
  const auto files = named.empty() ? usual_files : std::vector<std::filesystem::path>{named};
  for (const auto& file : files) {
    auto read = read_file(file);
    if (!read)
      return unexpected{std::move(read.error())};
    if (read->has_value())
      return **std::move(read);
  }
  if (!named.empty())
    return unexpected{"could not read the configuration: there is no file '" + shown(named)
                      + "', which the environment variable FLEETCAST_CONFIG names"};
  return configuration{};
}

template <class T>
void fill(T& upper, const T& lower) {
  if (upper == T{})
    upper = lower;
}

} // namespace

configuration layered(configuration upper, const configuration& lower) {
  fill(upper.worker_threads, lower.worker_threads);
  fill(upper.interface, lower.interface);
  fill(upper.fingerprint, lower.fingerprint);
  fill(upper.known_servers, lower.known_servers);
  fill(upper.identity, lower.identity);
  fill(upper.security, lower.security);
  fill(upper.log_file, lower.log_file);
  fill(upper.log_level, lower.log_level);
  fill(upper.console, lower.console);
  if (upper.log == nullptr) {
    upper.log = lower.log;
    upper.log_context = lower.log_context;
  }
  return upper;
}

environment process_environment() {
  return [](const char* name) -> const char* { return ::secure_getenv(name); };
}

std::vector<std::filesystem::path> usual_configuration_files() {
  return {actors::io::user_directory("XDG_CONFIG_HOME", ".config") / "fleetcast" / "config.toml",
          "/etc/fleetcast/config.toml"};
}

tl::expected<configuration, std::string>
read_configuration(const environment& variables,
                   const std::vector<std::filesystem::path>& usual_files) {
  auto upper = read_variables(variables);
  if (!upper)
    return upper;
  if (auto wrong = actors::io::wrong_trial_switch(variables); !wrong.empty())
    return unexpected{std::move(wrong)};
  auto lower = read_files(variables, usual_files);
  if (!lower)
    return lower;
  return layered(*std::move(upper), *lower);
}

tl::expected<configuration, std::string> parse_configuration(const std::filesystem::path& file,
                                                             const std::string& text) {
  if (auto problem = check_bounds(file, text))
    return unexpected{*std::move(problem)};
  toml::value root;
  try {
    std::istringstream in{text};
    root = toml::parse(in, file.string());
  } catch (const toml::exception& e) {
    return unexpected{not_toml(file, e.location().line(), e.location().line_str())};
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception&) { // numbers out of range, dates that are none
    return unexpected{"could not read the configuration: " + file.string()
                      + " is not TOML. Write, for example: " + line_for(settings.front())};
  }
  // In the order of the file, whatever that of the table is: the first mistake is told.
  std::vector<std::pair<std::string, toml::value>> entries;
  for (const auto& [key, value] : root.as_table())
    entries.emplace_back(key, value);
  std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) {
    return a.second.location().line() < b.second.location().line();
  });
  configuration result;
  for (const auto& [key, value] : entries)
    if (auto problem = take_value(result, file, key, value))
      return unexpected{*std::move(problem)};
  return result;
}

} // namespace fleetcast::api
