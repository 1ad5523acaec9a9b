/// What anybody who can connect may send to a console: lines out of any bytes in any pieces, and commands
/// out of any line.
#include "actors/console/command.hpp"
#include "actors/console/frame.hpp"
#include "actors/console/line_buffer.hpp"
#include "protocol/text.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using namespace fleetcast::actors;
using fleetcast::protocol::is_plain_text;

void require(bool holds) {
  if (!holds)
    std::abort();
}

void look_at(const std::string& line) {
  require(line.size() <= line_buffer::max_line && is_plain_text(line));
  const auto parsed = parse_command(line);
  if (!parsed) {
    require(!parsed.error().empty() && parsed.error().size() < 512);
    return;
  }
  for (const auto& argument : parsed->arguments)
    require(is_plain_text(argument));
  for (std::size_t i = 0; i < parsed->arguments.size(); ++i)
    (void)parsed->number(i);
  const frame answer{frame_kind::ok, line};
  const auto bytes = encode(answer);
  const auto header = decode_frame_header(std::string_view{bytes}.substr(0, bytes.find('\n')));
  require(header && header->kind == frame_kind::ok && header->size == line.size());
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0)
    return 0;
  const std::size_t piece = 1 + data[0];
  std::string_view rest{reinterpret_cast<const char*>(data) + 1, size - 1};
  (void)decode_frame_header(rest);
  line_buffer lines;
  while (!rest.empty()) {
    const auto taken = lines.put(rest.substr(0, piece));
    require(taken <= std::min(piece, rest.size()));
    rest.remove_prefix(taken);
    // Bytes are left only where there is no room for lines, or nothing more is looked at.
    require(taken > 0 || !lines.empty() || lines.refused() != line_buffer::refusal::none);
    while (!lines.empty())
      look_at(lines.take());
    if (lines.refused() != line_buffer::refusal::none)
      break;
  }
  return 0;
}
