#include "actors/receive/held_reader.hpp"

#include "actors/io/batch_scheduling.hpp"
#include "actors/io/own_thread.hpp"
#include "actors/observe/log.hpp"
#include "actors/trust/openssl_thread.hpp"
#include "protocol/wire/block_digest.hpp"

#include <algorithm>
#include <exception>
#include <optional>
#include <utility>

namespace fleetcast::actors {

namespace {

/// Digests in a message: little beside what they are of, and soon enough for requests to follow while more is read.
constexpr std::size_t batch = 32;

std::optional<protocol::wire::digest> digest_if_possible(std::span<const std::byte> bytes) {
  try {
    return protocol::wire::digest_of(bytes);
  } catch (const std::exception& broken) {
    log("held_reader").error("what is held cannot be proven: {}", broken.what());
    return std::nullopt; // comes as contents, then
  }
}

} // namespace

std::vector<held_reader::block> held_reader::blocks_of(const session_started& started,
                                                       const std::optional<byte_range>& required) {
  std::vector<block> result;
  for (const auto& range : started.held)
    for (auto number = range.first; number - range.first < range.count; ++number) {
      const auto offset = std::uint64_t{number} * started.block_size;
      const auto size = std::min<std::uint64_t>(started.block_size, started.object_size - offset);
      if (!required || required->touches(offset, size))
        result.push_back({number, offset, static_cast<std::uint32_t>(size)});
    }
  return result;
}

held_reader::held_reader(std::vector<block> blocks, source read, held_actor to)
  : blocks_(std::move(blocks)),
    read_(std::move(read)),
    to_(std::move(to)) {
  auto thread = io::start_thread("reading what is held", [this] {
    const io::openssl_thread openssl;
    io::schedule_as_program(); // whose function runs here
    run();
  });
  if (thread) {
    thread_ = std::move(*thread);
    return;
  }
  log("held_reader").warn("{}; so what is held is received again", thread.error().text);
  read_ = [](std::uint64_t, std::span<std::byte>) { return outcome::absent; };
  run();
}

held_reader::~held_reader() {
  over_ = true;
  if (thread_.joinable())
    thread_.join();
}

void held_reader::run() const {
  std::vector<std::byte> memory;
  held_digests found;
  const auto send = [&] { caf::anon_send(to_, std::exchange(found, {})); };
  for (const auto& each : blocks_) {
    if (over_)
      return;
    memory.resize(std::max<std::size_t>(memory.size(), each.size));
    const auto bytes = std::span{memory}.first(each.size);
    const auto result = read_(each.offset, bytes);
    if (result == outcome::over)
      return;
    const auto is_there = result == outcome::read;
    found.push_back({each.number, is_there ? digest_if_possible(bytes) : std::nullopt});
    if (found.size() == batch)
      send();
  }
  if (!found.empty())
    send();
}

} // namespace fleetcast::actors
