/// Lines out of the bytes that somebody sends to a console's socket.
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>

namespace fleetcast::actors {

/// Commands are short: what is longer or is not printable text was not meant for us. One wrong line
/// ends it: nothing behind it is looked at.
class line_buffer {
public:
  static constexpr std::size_t max_line = 1024;

  /// Lines that may wait: somebody who sends commands faster than they are answered is read no further.
  static constexpr std::size_t max_waiting = 16;

  enum class refusal { none, too_long, not_text };

  /// Takes in as many bytes as there is room for lines; returns how many.
  std::size_t put(std::string_view bytes);

  bool empty() const noexcept { return lines_.empty(); }

  /// The next line, without its end. Requires !empty().
  std::string take();

  refusal refused() const noexcept { return refused_; }

private:
  void end_line();

  std::string begun_;
  std::deque<std::string> lines_;
  refusal refused_ = refusal::none;
};

} // namespace fleetcast::actors
