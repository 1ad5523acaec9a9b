#include "apps/wdsmcast/help.hpp"

#include "apps/wdsmcast/command_line.hpp"

#include <cstddef>
#include <sstream>

namespace fleetcast::apps {

namespace {

constexpr std::size_t help_columns = 80;
constexpr std::size_t text_column = 21;

constexpr const char* usage = R"(Usage:
  wdsmcast [/Progress] [/Verbose] [/Trace:<file>] /Transfer-File
           /Server:<name or address>[:<port>] /Namespace:<namespace>
           /SourceFile:<object> /DestinationFile:<path>
           [/Interface:<name or address>] [/Fingerprint:SHA256:<...>]
           [/KnownServers:<file>] [/Username:<user>] [/Password:<password>]
  wdsmcast /? | /Help | /Version

Case makes no difference in the names of options, nor does their order; - and --
do as well as /. Put an argument in quotes if it holds spaces.

)";

/// The name to the left, what it is in lines to the right of it.
std::string entry(const option_words& option) {
  std::string result = "  /" + std::string{option.name} + (option.value.empty() ? "" : ":");
  std::istringstream words{std::string{option.text}};
  auto used = help_columns; // the first word begins the column, too
  bool is_first = true;
  for (std::string word; words >> word; is_first = false) {
    if (used + 1 + word.size() > help_columns) {
      const auto from = is_first ? result.size() : 0;
      result += (is_first ? "" : "\n") + std::string(text_column - from, ' ') + word;
      used = text_column + word.size();
    } else {
      result += " " + word;
      used += 1 + word.size();
    }
  }
  return result + "\n";
}

} // namespace

const char* const wdsmcast_summary
  = "wdsmcast receives a file from a multicast transmission and stores it.";

const char* const wdsmcast_story = R"(/Apply-Image is not supported and ends with error 50.
There is no fallback to another way of copying.

Examples:
  wdsmcast /Transfer-File /Server:wds1 /Namespace:images \
      /SourceFile:install.wim /DestinationFile:/var/tmp/install.wim

  wdsmcast /Progress /Verbose /Transfer-File /Server:10.0.0.5:5040 \
      /Namespace:WDS:Group1 /SourceFile:2024/install.wim \
      "/DestinationFile:/srv/my images/install.wim"

  wdsmcast -transfer-file "-server:[2001:db8::1]:5040" -namespace:lab \
      -sourcefile:disk.img -destinationfile:disk.img -trace:/tmp/trace.txt

Exit codes: 0 the whole file arrived, was verified, and is on the disk; 1 it is
not. The last line on standard error then gives the Win32 error code.
)";

std::string wdsmcast_help() {
  std::string result = std::string{wdsmcast_summary} + "\n\n" + usage;
  for (const auto& option : wdsmcast_options())
    result += entry(option);
  return result + "\n" + wdsmcast_story;
}

} // namespace fleetcast::apps
