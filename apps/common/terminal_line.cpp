#include "apps/common/terminal_line.hpp"

#include "apps/common/say.hpp"

#include <utility>

#include <sys/ioctl.h>
#include <unistd.h>

namespace fleetcast::apps {

namespace {

constexpr std::size_t default_columns = 80;

} // namespace

bool terminal_line::possible() const {
  return isatty(fileno(stream_)) == 1;
}

std::size_t terminal_line::columns() const {
  winsize size{};
  if (ioctl(fileno(stream_), TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
    return default_columns;
  return size.ws_col;
}

void terminal_line::draw(const std::string& text) {
  say(stream_, "\r{}\033[K", text);
  drawn_ = true;
}

void terminal_line::clear() {
  if (!std::exchange(drawn_, false))
    return;
  say(stream_, "\r\033[K");
}

} // namespace fleetcast::apps
