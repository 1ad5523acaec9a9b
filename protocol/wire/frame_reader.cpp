#include "protocol/wire/frame_reader.hpp"

#include <boost/endian/conversion.hpp>
#include <fmt/format.h>

#include <cstdint>

namespace fleetcast::protocol::wire {

namespace {

failure bad_length(std::uint32_t length) {
  return {
    failure_code::invalid_request, 0,
    fmt::format("reading the next control message: its length is {} and must be 1 to {}; make "
                "sure that the peer is a Fleetcast",
                length, max_control_message)};
}

failure overrun(std::size_t size) {
  return {failure_code::invalid_request, 0,
          fmt::format("taking in control messages: {} bytes wait to be read and {} may; the peer "
                      "sends more than the protocol asks for, so end its connection",
                      size, frame_reader::max_buffered)};
}

} // namespace

void frame_reader::append(std::span<const std::byte> bytes) {
  if (failure_)
    return;
  if (bytes.size() > max_buffered - buffered()) {
    failure_ = overrun(buffered() + bytes.size());
    return;
  }
  buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(consumed_));
  consumed_ = 0;
  buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
}

tl::expected<std::optional<message_bytes>, failure> frame_reader::next() {
  if (failure_)
    return tl::unexpected{failure_};
  if (buffered() < frame_prefix_size)
    return std::nullopt;
  const auto waiting = std::span<const std::byte>{buffer_}.subspan(consumed_);
  const auto length
    = boost::endian::load_little_u32(reinterpret_cast<const unsigned char*>(waiting.data()));
  if (length == 0 || length > max_control_message) {
    failure_ = bad_length(length);
    return tl::unexpected{failure_};
  }
  if (waiting.size() - frame_prefix_size < length)
    return std::nullopt;
  const auto body = waiting.subspan(frame_prefix_size, length);
  consumed_ += frame_prefix_size + length;
  return message_bytes{body.begin(), body.end()};
}

} // namespace fleetcast::protocol::wire
