#include "apps/fleetcast/console/screen.hpp"

#include "actors/console/folded_text.hpp"

#include <clocale>
#include <cstring>
#include <string_view>

#include <langinfo.h>
#include <ncurses.h>
#include <term.h>
#include <unistd.h>

namespace fleetcast::apps {

namespace {

bool is_utf8_locale() {
  return std::strcmp(::nl_langinfo(CODESET), "UTF-8") == 0;
}

/// A "?" for each character that is not ASCII.
std::string ascii_only(std::string_view text) {
  std::string result;
  for (const char byte : text) {
    const auto value = static_cast<unsigned char>(byte);
    if (value < 0x80)
      result += byte;
    else if (value >= 0xc0)
      result += '?';
  }
  return result;
}

} // namespace

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

std::size_t screen::width() const {
  return static_cast<std::size_t>(getmaxx(stdscr));
}

void screen::show(const std::vector<std::string>& text, char mark) {
  erase();
  const auto rows = static_cast<std::size_t>(getmaxy(stdscr));
  for (std::size_t i = 0; i < text.size() && i < rows; ++i) {
    std::string_view line = text[i];
    const auto is_heading = line.starts_with(mark);
    line.remove_prefix(is_heading ? 1 : 0);
    const auto fitting = actors::cut_to_columns(line, width());
    const auto shown = is_utf8_locale() ? std::string{fitting} : ascii_only(fitting);
    if (is_heading)
      attron(A_REVERSE);
    mvaddstr(static_cast<int>(i), 0, shown.c_str());
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
