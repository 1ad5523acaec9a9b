#include "protocol/wire/capnp_support.hpp"

#include <kj/io.h>

#include <cstring>

namespace fleetcast::protocol::wire {

kj::Array<capnp::word> aligned_words(std::span<const std::byte> bytes, std::size_t max_size) {
  if (bytes.empty() || bytes.size() > max_size || bytes.size() % sizeof(capnp::word) != 0)
    return nullptr;
  auto words = kj::heapArray<capnp::word>(bytes.size() / sizeof(capnp::word));
  std::memcpy(words.begin(), bytes.data(), bytes.size());
  return words;
}

capnp::ReaderOptions reader_limits(std::size_t size_in_words) noexcept {
  capnp::ReaderOptions options;
  options.traversalLimitInWords = size_in_words;
  options.nestingLimit = max_nesting;
  return options;
}

message_bytes serialize(capnp::MessageBuilder& message, std::size_t prefix) {
  const auto size = capnp::computeSerializedSizeInWords(message) * sizeof(capnp::word);
  message_bytes result(prefix + size);
  kj::ArrayOutputStream out{
    kj::arrayPtr(reinterpret_cast<kj::byte*>(result.data()) + prefix, size)};
  capnp::writeMessage(out, message);
  return result;
}

} // namespace fleetcast::protocol::wire
