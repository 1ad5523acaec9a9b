#include "apps/common/terminal.hpp"

#include <cstdlib>
#include <limits>
#include <string_view>

#include <sys/ioctl.h>
#include <unistd.h>

namespace fleetcast::apps {

std::optional<terminal_size> terminal_behind(std::FILE* stream) {
  if (::isatty(::fileno(stream)) != 1)
    return std::nullopt;
  winsize size{};
  if (::ioctl(::fileno(stream), TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0)
    return terminal_size{};
  return terminal_size{size.ws_col, size.ws_row};
}

std::size_t columns_behind(std::FILE* stream) {
  const auto terminal = terminal_behind(stream);
  return terminal ? terminal->columns : std::numeric_limits<std::size_t>::max();
}

bool can_redraw(std::FILE* stream) {
  const char* const named = std::getenv("TERM");
  const std::string_view type = named != nullptr ? named : "";
  return !type.empty() && type != "dumb" && ::isatty(::fileno(stream)) == 1;
}

} // namespace fleetcast::apps
