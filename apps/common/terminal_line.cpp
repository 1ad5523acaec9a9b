#include "apps/common/terminal_line.hpp"

#include "apps/common/say.hpp"
#include "apps/common/terminal.hpp"

#include <utility>

namespace fleetcast::apps {

bool terminal_line::possible() const {
  return can_redraw(stream_);
}

std::size_t terminal_line::columns() const {
  return terminal_behind(stream_).value_or(terminal_size{}).columns;
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
