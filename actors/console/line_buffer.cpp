#include "actors/console/line_buffer.hpp"

#include "protocol/text.hpp"

#include <utility>

namespace fleetcast::actors {

std::size_t line_buffer::put(std::string_view bytes) {
  std::size_t taken = 0;
  for (const auto c : bytes) {
    if (refused_ != refusal::none || lines_.size() == max_waiting)
      break;
    ++taken;
    if (c == '\n')
      end_line();
    else if (begun_.size() == max_line)
      refused_ = refusal::too_long;
    else
      begun_.push_back(c);
  }
  return taken;
}

void line_buffer::end_line() {
  if (begun_.ends_with('\r'))
    begun_.pop_back();
  if (!protocol::is_plain_text(begun_))
    refused_ = refusal::not_text;
  else
    lines_.push_back(std::move(begun_));
  begun_.clear();
}

std::string line_buffer::take() {
  auto result = std::move(lines_.front());
  lines_.pop_front();
  return result;
}

} // namespace fleetcast::actors
