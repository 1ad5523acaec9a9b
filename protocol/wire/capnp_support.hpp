/// What the codecs share: Cap'n Proto messages to and from plain bytes, with limits, and with the
/// library's exceptions kept inside.
#pragma once

#include "protocol/wire/data_messages.hpp"

#include <capnp/message.h>
#include <capnp/serialize.h>
#include <kj/array.h>
#include <kj/exception.h>

#include <cstddef>
#include <exception>
#include <span>

namespace fleetcast::protocol::wire {

/// Deepest nesting of structs and lists that is followed. Ours are four deep; the rest is for
/// fields of later versions.
constexpr int max_nesting = 8;

/// The words of `bytes` in memory aligned for Cap'n Proto. Empty when `bytes` is empty, not whole
/// words, or longer than `max_size`: no message.
kj::Array<capnp::word> aligned_words(std::span<const std::byte> bytes, std::size_t max_size);

/// A reader of `size_in_words` words may look at each of them once: far-fetched pointers that make
/// a small message look like a large one run into this.
capnp::ReaderOptions reader_limits(std::size_t size_in_words) noexcept;

/// The bytes of `values`, which must outlive it.
template <class Values>
capnp::Data::Reader as_data(const Values& values) {
  const auto bytes = std::as_bytes(std::span{values});
  return {reinterpret_cast<const kj::byte*>(bytes.data()), bytes.size()};
}

/// Calls `read` with the root of the one message in `bytes`. Returns false when the bytes are no
/// such message; whatever `read` did until that was noticed is void.
template <class Root, class Read>
[[nodiscard]] bool read_message(std::span<const std::byte> bytes, std::size_t max_size, Read read) {
  try {
    const auto words = aligned_words(bytes, max_size);
    if (words.size() == 0)
      return false;
    capnp::FlatArrayMessageReader message{words.asPtr(), reader_limits(words.size())};
    if (message.getEnd() != words.end())
      return false;
    read(message.getRoot<Root>());
    return true;
  } catch (const kj::Exception&) {
    return false;
  } catch (const std::exception&) {
    return false; // out of memory: a lost message, like any other
  }
}

/// The message in the standard stream framing, unpacked, behind `prefix` bytes of zeros.
message_bytes serialize(capnp::MessageBuilder& message, std::size_t prefix = 0);

} // namespace fleetcast::protocol::wire
