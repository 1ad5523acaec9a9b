/// A terminal taken over for a while (ncurses).
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

namespace fleetcast::apps {

/// Full screen from making to end; the terminal is as before afterwards. One at a time.
class screen {
public:
  /// Whether this terminal can do what it takes.
  static bool is_possible();

  screen();
  ~screen();

  screen(const screen&) = delete;
  screen& operator=(const screen&) = delete;

  /// How wide it is now.
  std::size_t width() const;

  /// What fits is shown, the rest cut off. Characters that the locale does not have (LC_ALL=C) become "?". Lines that begin with `mark` are set off as headings.
  void show(const std::vector<std::string>& text, char mark);

  /// A key, or 0 when none came in time; a resized window is a key of no meaning.
  int key(std::chrono::milliseconds patience);
};

} // namespace fleetcast::apps
