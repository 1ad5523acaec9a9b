/// Bodies of control datagrams. What is read, once written, is read the same again and fits a
/// datagram.
#include "protocol/wire/data_codec.hpp"

#include <cstdlib>

namespace {

using namespace fleetcast::protocol;
using namespace fleetcast::protocol::wire;

template <class Message, class Decode>
void check(const Message& m, const message_bytes& written, Decode decode) {
  if (written.size() > defaults::symbol_size || decode(written) != m)
    std::abort();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto body = std::as_bytes(std::span{data, size});
  if (const auto m = decode_group_message(body))
    check(m, std::visit([](const auto& kind) { return encode(kind); }, *m), decode_group_message);
  if (const auto m = decode_feedback(body))
    check(m, encode(*m), decode_feedback);
  return 0;
}
