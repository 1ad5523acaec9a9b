#include "apps/fleetcast/screen.hpp"

#include <clocale>
#include <cstddef>

#include <ncurses.h>

namespace fleetcast::apps {

screen::screen() {
  std::setlocale(LC_CTYPE, "");
  initscr();
  cbreak();
  noecho();
  keypad(stdscr, TRUE);
  curs_set(0);
}

screen::~screen() {
  endwin();
}

void screen::show(const std::vector<std::string>& lines, char mark) {
  erase();
  const auto rows = static_cast<std::size_t>(getmaxy(stdscr));
  const auto columns = getmaxx(stdscr);
  for (std::size_t i = 0; i < lines.size() && i < rows; ++i) {
    const auto is_heading = !lines[i].empty() && lines[i].front() == mark;
    if (is_heading)
      attron(A_REVERSE);
    mvaddnstr(static_cast<int>(i), 0, lines[i].c_str() + (is_heading ? 1 : 0), columns);
    if (is_heading)
      attroff(A_REVERSE);
  }
  refresh();
}

int screen::key(std::chrono::milliseconds patience) {
  timeout(static_cast<int>(patience.count()));
  const auto key = getch();
  return key == ERR ? 0 : key;
}

} // namespace fleetcast::apps
