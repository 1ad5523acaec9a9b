#include "api/held_reader.hpp"

#include "actors/io/batch_scheduling.hpp"
#include "actors/io/own_thread.hpp"
#include "actors/observe/log.hpp"
#include "actors/trust/openssl_thread.hpp"
#include "protocol/wire/block_digest.hpp"

#include <algorithm>
#include <exception>
#include <optional>
#include <utility>

namespace fleetcast::api {

namespace {

/// Digests in a message: little beside what they are of, and soon enough for requests to follow while more is read.
constexpr std::size_t batch = 32;

std::optional<protocol::wire::digest> digest_if_possible(std::span<const std::byte> bytes) {
  try {
    return protocol::wire::digest_of(bytes);
  } catch (const std::exception& broken) {
    actors::log("callbacks").error("what is held cannot be proven: {}", broken.what());
    return std::nullopt; // comes as contents, then
  }
}

} // namespace

held_reader::held_reader(std::vector<block> blocks, source read, actors::held_actor to)
  : blocks_(std::move(blocks)),
    read_(std::move(read)),
    to_(std::move(to)) {
  auto thread = actors::io::start_thread("reading what is held", [this] {
    const actors::io::openssl_thread openssl;
    actors::io::schedule_as_program(); // whose function runs here
    run();
  });
  if (thread) {
    thread_ = std::move(*thread);
    return;
  }
  actors::log("callbacks").warn("{}; so what is held is received again", thread.error().text);
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
  actors::held_digests found;
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

} // namespace fleetcast::api
