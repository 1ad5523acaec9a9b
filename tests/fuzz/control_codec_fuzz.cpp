/// Control connections: the input is a stream for a frame_reader, and a body by itself. What is
/// read, once written, is read the same again.
#include "protocol/wire/control_codec.hpp"
#include "protocol/wire/frame_reader.hpp"

#include <algorithm>
#include <cstdlib>

namespace {

using namespace fleetcast::protocol::wire;

template <class Decode>
void check(std::span<const std::byte> body, Decode decode) {
  const auto m = decode(body);
  if (!m)
    return;
  const auto written = encode(*m);
  if (written.size() > frame_prefix_size + max_control_message)
    std::abort();
  const auto again = decode(std::span{written}.subspan(frame_prefix_size));
  if (!again || encode(*again) != written)
    std::abort();
}

void check_body(std::span<const std::byte> body) {
  check(body, decode_client_message);
  check(body, decode_server_message);
}

/// Arrives in pieces whose sizes the input decides, too.
void check_stream(std::span<const std::byte> stream) {
  frame_reader reader;
  while (!stream.empty()) {
    const auto piece = std::min(stream.size(), 1 + std::to_integer<std::size_t>(stream.front()));
    reader.append(stream.first(piece));
    stream = stream.subspan(piece);
    for (;;) {
      const auto body = reader.next();
      if (!body)
        return;
      if (!*body)
        break;
      if ((*body)->empty() || (*body)->size() > max_control_message)
        std::abort();
      check_body(**body);
    }
    if (reader.buffered() > frame_reader::max_buffered)
      std::abort();
  }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto input = std::as_bytes(std::span{data, size});
  check_body(input);
  check_stream(input);
  return 0;
}
