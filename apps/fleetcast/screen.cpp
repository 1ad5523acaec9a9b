#include "apps/fleetcast/screen.hpp"

#include <clocale>
#include <cstddef>

#include <ncurses.h>
#include <term.h>
#include <unistd.h>

namespace fleetcast::apps {

bool screen::is_possible() {
  int problem = 0;
  return isatty(STDIN_FILENO) != 0 && isatty(STDOUT_FILENO) != 0
         && setupterm(nullptr, STDOUT_FILENO, &problem) == OK && cursor_address != nullptr;
}

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

void screen::show(const std::vector<std::string>& text, char mark) {
  erase();
  const auto rows = static_cast<std::size_t>(getmaxy(stdscr));
  const auto width = getmaxx(stdscr);
  for (std::size_t i = 0; i < text.size() && i < rows; ++i) {
    const auto is_heading = !text[i].empty() && text[i].front() == mark;
    if (is_heading)
      attron(A_REVERSE);
    mvaddnstr(static_cast<int>(i), 0, text[i].c_str() + (is_heading ? 1 : 0), width);
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
