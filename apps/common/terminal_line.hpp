/// One line of a terminal that is drawn over and over. A terminal that is gone is no failure.
#pragma once

#include <cstddef>
#include <cstdio>
#include <string>

namespace fleetcast::apps {

class terminal_line {
public:
  /// `stream` is open for as long as this lives; nothing is drawn unless `draw` is called.
  explicit terminal_line(std::FILE* stream) noexcept : stream_(stream) {}

  /// Whether the stream goes to a terminal whose lines can be drawn over.
  [[nodiscard]] bool possible() const;

  /// How wide the terminal is now.
  [[nodiscard]] std::size_t columns() const;

  void draw(const std::string& text);

  /// Makes room for what is printed next.
  void clear();

private:
  std::FILE* stream_;
  bool drawn_ = false;
};

} // namespace fleetcast::apps
