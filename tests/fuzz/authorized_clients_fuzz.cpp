/// A server's list of authorized clients: whatever is in the file, it is understood or refused with a
/// short sentence.
#include "actors/trust/authorized_clients.hpp"
#include "actors/trust/identity.hpp"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace fleetcast::actors::io;
  constexpr std::size_t longest_story = 1000;
  const auto read = parse_authorized_clients("list", {reinterpret_cast<const char*>(data), size});
  if (!read && (read.error().text.empty() || read.error().text.size() > longest_story))
    std::abort();
  if (read)
    for (const auto& fingerprint : *read)
      if (!is_fingerprint(fingerprint))
        std::abort();
  return 0;
}
