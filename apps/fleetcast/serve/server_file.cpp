#include "apps/fleetcast/serve/server_file.hpp"

#include "actors/io/file_descriptor.hpp"
#include "actors/trust/private_files.hpp"
#include "actors/trust/trust_file.hpp"
#include "protocol/text.hpp"

#include <fmt/format.h>
#include <toml.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <optional>
#include <sstream>
#include <string_view>
#include <system_error>
#include <tuple>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>

namespace fleetcast::apps {

namespace fs = std::filesystem;

namespace {

using protocol::failure;
using protocol::failure_code;
using file_settings = std::vector<file_setting>;

// The parser recurses into brackets and along dotted keys: these bounds keep any file from exhausting the stack, and
// leave room for hundreds of namespaces.
constexpr std::size_t max_file_size = 256 * 1024;
constexpr std::size_t max_line_size = 4352; // a path of 4096 bytes with its key
constexpr std::ptrdiff_t max_brackets = 512;

// Where something stands is counted in lines from the begin.
constexpr std::ptrdiff_t max_lines = 4096;

/// What of a wrong line is shown.
constexpr std::size_t max_shown = 80;

failure misunderstood(const fs::path& file, std::size_t line, const std::string& why) {
  return {failure_code::invalid_argument, 0, place_in(file, line) + why};
}

std::string shown(std::string_view text) {
  return "'" + protocol::outside_text(text, max_shown) + "'";
}

// -- values -------------------------------------------------------------------------------------------

/// A value as the command line would say it; nothing: no option takes such a thing.
std::optional<std::string> word_of(const toml::value& value) {
  if (value.is_string())
    return value.as_string().str;
  if (value.is_integer())
    return std::to_string(value.as_integer());
  if (value.is_floating())
    return fmt::format("{}", value.as_floating());
  if (value.is_boolean())
    return value.as_boolean() ? "true" : "false";
  return std::nullopt;
}

/// Also of a list. None where something in it is none, or nothing is in it.
std::vector<std::string> words_of(const toml::value& value) {
  if (!value.is_array()) {
    const auto word = word_of(value);
    return word ? std::vector{*word} : std::vector<std::string>{};
  }
  std::vector<std::string> result;
  for (const auto& one : value.as_array()) {
    const auto word = word_of(one);
    if (!word)
      return {};
    result.push_back(*word);
  }
  return result;
}

/// What a table holds.
struct table_entry {
  std::size_t line; ///< kept, since each question for it counts lines from the begin of the file
  std::size_t column;
  std::string key;
  toml::value value;
};

/// In the order of the file, whatever that of the table is.
std::vector<table_entry> in_order(const toml::value& table) {
  std::vector<table_entry> result;
  for (const auto& [key, value] : table.as_table())
    result.push_back({value.location().line(), value.location().column(), key, value});
  std::sort(result.begin(), result.end(), [](const table_entry& a, const table_entry& b) {
    return std::tie(a.line, a.column) < std::tie(b.line, b.column);
  });
  return result;
}

// -- the file -----------------------------------------------------------------------------------------

class server_file_reader {
public:
  explicit server_file_reader(fs::path file) : file_(std::move(file)) {}

  failure take(const toml::value& root) {
    for (const auto& one : in_order(root)) {
      auto wrong = one.key == "namespace" ? take_namespaces(one) : take_setting(one);
      if (wrong)
        return wrong;
    }
    return {};
  }

  file_settings result() { return std::move(result_); }

private:
  failure wrong(const table_entry& at, const std::string& why) const {
    return misunderstood(file_, at.line, why);
  }

  failure take_setting(const table_entry& one) {
    auto words = words_of(one.value);
    if (words.empty())
      return wrong(
        one,
        protocol::outside_text(one.key, max_shown)
          + " is not understood: expected text in double quotes, a number, true or false, or a "
            "list of these with something in it. To leave a setting out, leave its line out");
    result_.push_back({one.key, std::move(words), one.line, false});
    return {};
  }

  failure take_namespaces(const table_entry& all) {
    if (!all.value.is_table())
      return wrong(
        all, "namespaces are tables. Write, for example: [namespace.lab], and below it directory = "
             "\"/srv/images\"");
    for (const auto& one : in_order(all.value))
      if (auto failed = take_namespace(one))
        return failed;
    return {};
  }

  failure take_namespace(const table_entry& table) {
    if (table.key.find('=') != std::string::npos)
      return wrong(table, "the name of a namespace holds no '=': " + shown(table.key));
    if (!table.value.is_table() || table.value.as_table().count("directory") == 0)
      return wrong(table, "the namespace " + shown(table.key)
                            + " has no directory. Write below its line, for example: directory = "
                              "\"/srv/images\"");
    for (const auto& one : in_order(table.value))
      if (auto failed = take_of_namespace(table.key, one))
        return failed;
    return {};
  }

  failure take_of_namespace(const std::string& name, const table_entry& one) {
    if (one.key != "directory" && one.key != "authorized")
      return wrong(one, "a namespace has no setting " + shown(one.key)
                          + ", only directory and authorized. Settings of the server go above the "
                            "first [namespace…]");
    if (!one.value.is_string() || one.value.as_string().str.empty())
      return wrong(one, one.key + " is not understood: expected a path in double quotes");
    result_.push_back({one.key == "directory" ? "namespace" : one.key,
                       {name + "=" + one.value.as_string().str},
                       one.line,
                       true});
    return {};
  }

  fs::path file_;
  file_settings result_;
};

failure too_large(const fs::path& file) {
  return {failure_code::invalid_argument, 0,
          file.string()
            + " is too large for a file of settings: 256 KiB, 4096 lines and 512 brackets at most"};
}

/// Small and flat enough for the parser, or why not.
failure check_bounds(const fs::path& file, std::string_view text) {
  const auto brackets
    = std::count(text.begin(), text.end(), '[') + std::count(text.begin(), text.end(), '{');
  const auto lines = std::count(text.begin(), text.end(), '\n');
  if (text.size() > max_file_size || brackets > max_brackets || lines > max_lines)
    return too_large(file);
  for (std::size_t number = 1; !text.empty(); ++number) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (line.size() > max_line_size)
      return misunderstood(file, number, shown(line) + " is too long a line");
  }
  return {};
}

failure cannot_read(const fs::path& file, int error) {
  return {failure_code::read_fault, static_cast<std::uint32_t>(error),
          "could not read the settings: " + file.string() + ": "
            + std::generic_category().message(error)};
}

} // namespace

std::string place_in(const fs::path& file, std::size_t line) {
  return file.string() + ", line " + std::to_string(line) + ": ";
}

tl::expected<file_settings, failure> parse_server_file(const fs::path& file,
                                                       const std::string& text) {
  if (auto refused = check_bounds(file, text))
    return tl::unexpected{std::move(refused)};
  toml::value root;
  try {
    std::istringstream in{text};
    root = toml::parse(in, file.string());
  } catch (const toml::exception& e) {
    const bool is_twice
      = std::string_view{e.what()}.find("already exists") != std::string_view::npos;
    return tl::unexpected{misunderstood(
      file, e.location().line(),
      shown(e.location().line_str())
        + (is_twice ? " is there for the second time"
                    : " is not understood: expected one setting a line, text in double quotes"))};
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception&) { // numbers out of range, dates that are none
    return tl::unexpected{
      failure{failure_code::invalid_argument, 0, file.string() + " is not TOML"}};
  }
  server_file_reader taken{file};
  if (auto wrong = taken.take(root))
    return tl::unexpected{std::move(wrong)};
  return taken.result();
}

tl::expected<file_settings, failure> read_server_file(const fs::path& file) {
  // Not blocking: it may be the name of a pipe.
  const actors::io::file_descriptor opened{
    ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)};
  struct stat info {};
  if (!opened || ::fstat(opened.get(), &info) != 0)
    return tl::unexpected{cannot_read(file, errno)};
  // It says what is served, and to whom.
  const actors::io::trust_file trusted{file, "will not use the settings",
                                       "others could have changed them"};
  if (auto exposed = actors::io::refuse_exposed(trusted, info))
    return tl::unexpected{std::move(exposed)};
  if (auto exposed = actors::io::refuse_exposed_directory(trusted))
    return tl::unexpected{std::move(exposed)};
  const auto text = actors::io::read_all(opened.get(), max_file_size);
  if (!text)
    return tl::unexpected{text.error() == EFBIG ? too_large(file)
                                                : cannot_read(file, text.error())};
  return parse_server_file(file, *text);
}

} // namespace fleetcast::apps
