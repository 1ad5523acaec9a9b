#include "apps/wdsmcast/command_line.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

namespace fleetcast::apps {

namespace {

using std::string_view;
using text_member = std::string wdsmcast_arguments::*;
using flag_member = bool wdsmcast_arguments::*;
using command = wdsmcast_arguments::verb;
using tl::unexpected;

// -- the options ----------------------------------------------------------------------------------

/// An option with a value, what its value is called, and what /? says of it.
struct valued_option {
  string_view name;
  string_view value;
  text_member member;
  string_view text;
};

constexpr std::array valued_options{
  valued_option{"Server", "<name or address>[:<port>]", &wdsmcast_arguments::server,
                "The Fleetcast server; port 5040 unless given. IPv6 addresses with a "
                "port in brackets: [2001:db8::1]:5040."},
  valued_option{"Namespace", "<namespace>", &wdsmcast_arguments::name_space,
                "The namespace that holds the file."},
  valued_option{"SourceFile", "<object>", &wdsmcast_arguments::source_file,
                "The name of the file in the namespace."},
  valued_option{"DestinationFile", "<path>", &wdsmcast_arguments::destination_file,
                "Where to put it: a file, or a directory that exists. A file of that "
                "name is replaced, in one step and only by a whole copy."},
  valued_option{"Trace", "<file>", &wdsmcast_arguments::trace,
                "Write what happens to this file, as text with times."},
  valued_option{"Interface", "<name or address>", &wdsmcast_arguments::interface,
                "Receive on this interface; without it, on the one that leads to the "
                "server."},
  valued_option{"Fingerprint", "SHA256:<...>", &wdsmcast_arguments::fingerprint,
                "The identity that the server must have, as it prints it when it "
                "starts. Without it, the identity is pinned on first use."},
  valued_option{"KnownServers", "<file>", &wdsmcast_arguments::known_servers,
                "File of identities pinned so far; without it "
                "~/.config/fleetcast/known_servers."},
};

/// These of them must be there: the first ones.
constexpr std::size_t required_options = 4;

struct flag_option {
  string_view name;
  flag_member member;
  string_view text;
};

constexpr std::array flag_options{
  flag_option{"Progress", &wdsmcast_arguments::progress,
              "Show how far it is, once a second or as a bar on a terminal."},
  flag_option{"Verbose", &wdsmcast_arguments::verbose, "Say more."},
};

/// What asks for authentication. Values are looked at no further: what proves who this host is are its
/// own key and certificate, and a password has no business in memory, on the wire or in a trace.
struct credential_option {
  string_view name;
  bool
    needs_value; ///< the original asks for a password that is missing; there is nothing to ask for
  string_view value;
  string_view text;
};

constexpr std::array credential_options{
  credential_option{"Username", true, "<user>",
                    "Makes this host tell the server who it is: by its own identity, which "
                    "`fleetcast identity` shows. The name itself is neither used nor sent "
                    "nor written anywhere."},
  credential_option{"Password", false, "<password>",
                    "As /Username:. The password itself is neither used nor sent nor "
                    "written anywhere."},
};

struct verb_option {
  string_view name;
  command what;
  string_view text;
};

constexpr std::array verb_options{
  verb_option{"Transfer-File", command::transfer_file, "Receive one file."},
  verb_option{"?", command::help, "Show this help."},
  verb_option{"Help", command::help, "The same."},
  verb_option{"h", command::help, "The same."},
  verb_option{"Version", command::version, "Show the version."},
};

/// What the original has and this one has not, and what to do instead.
struct missing_option {
  string_view name;
  string_view advice;
};

constexpr std::array missing_options{
  missing_option{"Apply-Image", "this release does not apply images; get the file with "
                                "/Transfer-File, then apply it, for example with wimapply of the "
                                "package wimtools"},
};

// -- reading one argument -------------------------------------------------------------------------

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool same_name(string_view a, string_view b) {
  return std::ranges::equal(a, b, {}, lower, lower);
}

template <class Options>
auto find_option(const Options& options, string_view name) {
  auto found
    = std::ranges::find_if(options, [&](const auto& one) { return same_name(one.name, name); });
  return found == options.end() ? nullptr : &*found;
}

/// One argument, taken apart.
struct option_text {
  string_view name;
  std::optional<string_view> value; ///< what follows the colon
};

std::optional<option_text> split(string_view argument) {
  for (string_view prefix : {"--", "-", "/"}) {
    if (!argument.starts_with(prefix))
      continue;
    argument.remove_prefix(prefix.size());
    auto colon = argument.find(':');
    if (colon == string_view::npos)
      return option_text{argument, std::nullopt};
    return option_text{argument.substr(0, colon), argument.substr(colon + 1)};
  }
  return std::nullopt;
}

// -- the whole command line -----------------------------------------------------------------------

class parser {
public:
  tl::expected<wdsmcast_arguments, refusal> run(std::span<const char* const> arguments) {
    if (std::ranges::any_of(arguments, asks_for_help))
      return result_;
    for (string_view argument : arguments)
      if (auto taken = take(argument); !taken)
        return unexpected{std::move(taken.error())};
    if (auto complete = check_complete(); !complete)
      return unexpected{std::move(complete.error())};
    return std::move(result_);
  }

private:
  using outcome = tl::expected<void, refusal>;

  static outcome refuse(DWORD error, std::string text) {
    return unexpected{refusal{error, std::move(text)}};
  }

  static outcome refuse(std::string text) {
    return refuse(ERROR_INVALID_PARAMETER, std::move(text) + "; wdsmcast /? tells more");
  }

  static bool asks_for_help(string_view argument) {
    auto option = split(argument);
    auto* found = option && !option->value ? find_option(verb_options, option->name) : nullptr;
    return found != nullptr && found->what == command::help;
  }

  outcome take(string_view argument) {
    auto option = split(argument);
    if (!option)
      return refuse("an argument begins with neither / nor -: a value follows its option after a "
                    "colon, without a space, and in quotes if it holds spaces, as in "
                    "\"/DestinationFile:/srv/my images/disk.img\"");
    if (auto* missing = find_option(missing_options, option->name))
      return refuse(ERROR_NOT_SUPPORTED, fmt::format("/{}: {}", missing->name, missing->advice));
    if (auto* verb = find_option(verb_options, option->name))
      return take_verb(*verb, *option);
    if (auto* flag = find_option(flag_options, option->name))
      return take_flag(*flag, *option);
    if (auto* valued = find_option(valued_options, option->name))
      return take_value(*valued, *option);
    if (auto* credential = find_option(credential_options, option->name))
      return take_credential(*credential, *option);
    return refuse_unknown(option->name);
  }

  outcome take_verb(const verb_option& verb, const option_text& option) {
    if (option.value)
      return refuse(fmt::format("/{} takes no value", verb.name));
    if (verb_)
      return refuse("more than one command was given");
    verb_ = verb.what;
    return {};
  }

  outcome take_flag(const flag_option& flag, const option_text& option) {
    if (option.value)
      return refuse(fmt::format("/{} takes no value", flag.name));
    result_.*flag.member = true; // twice is as good as once
    return {};
  }

  outcome take_value(const valued_option& valued, const option_text& option) {
    if (!option.value || option.value->empty())
      return refuse(
        fmt::format("/{} has no value: write /{}:{}", valued.name, valued.name, valued.value));
    if (!given_.insert(valued.name).second)
      return refuse(fmt::format("/{} was given twice", valued.name));
    result_.*valued.member = *option.value;
    return {};
  }

  outcome take_credential(const credential_option& credential, const option_text& option) {
    if (credential.needs_value && (!option.value || option.value->empty()))
      return refuse(
        fmt::format("/{} has no value: write /{}:<user>", credential.name, credential.name));
    if (!given_.insert(credential.name).second)
      return refuse(fmt::format("/{} was given twice", credential.name));
    result_.authenticate = true;
    return {};
  }

  static outcome refuse_unknown(string_view name) {
    // "/Server=x", or a path that was meant as a value: the part behind is nobody's business.
    auto end = name.find_first_of("=/\\ ");
    if (end != string_view::npos && find_option(valued_options, name.substr(0, end)) != nullptr)
      return refuse(
        fmt::format("/{} has no value: its value follows after a colon", name.substr(0, end)));
    if (end != string_view::npos)
      return refuse(fmt::format("there is no option that begins with /{}; a value follows its "
                                "option after a colon, without a space",
                                name.substr(0, end)));
    return refuse(fmt::format("there is no option /{}", name));
  }

  outcome check_complete() {
    if (!verb_)
      return refuse("no command was given: write /Transfer-File, /? or /Version");
    result_.what = *verb_;
    if (result_.what != command::transfer_file)
      return {};
    for (const auto& valued : std::span{valued_options}.first<required_options>())
      if (!given_.contains(valued.name))
        return refuse(fmt::format("/Transfer-File needs /{}:{}", valued.name, valued.value));
    return {};
  }

  wdsmcast_arguments result_;
  std::optional<command> verb_;
  std::set<string_view> given_;
};

} // namespace

std::vector<option_words> wdsmcast_options() {
  std::vector<option_words> result;
  for (const auto& one : verb_options)
    if (one.what == command::transfer_file)
      result.push_back({one.name, {}, one.text, true});
  for (std::size_t i = 0; i < valued_options.size(); ++i) {
    const auto& one = valued_options[i];
    result.push_back({one.name, one.value, one.text, i < required_options});
  }
  for (const auto& one : flag_options)
    result.push_back({one.name, {}, one.text, false});
  for (const auto& one : credential_options)
    result.push_back({one.name, one.value, one.text, false});
  for (const auto& one : verb_options)
    if (one.what != command::transfer_file)
      result.push_back({one.name, {}, one.text, false});
  return result;
}

tl::expected<wdsmcast_arguments, refusal> parse_wdsmcast(std::span<const char* const> arguments) {
  return parser{}.run(arguments);
}

} // namespace fleetcast::apps
