/// Reads again what a consumer says it holds, and tells the session the digests.
///
/// On a thread of its own, so that contents go on coming meanwhile: 1 GiB takes a third of a second of a processor, and
/// what a disk needs. Block by block, in order; a digest is sent on by the batch.
#pragma once

#include "actors/messages/receiving.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <thread>
#include <vector>

namespace fleetcast::actors {

class held_reader {
public:
  struct block {
    protocol::block_number number = 0;
    std::uint64_t offset = 0;
    std::uint32_t size = 0;
  };

  enum class outcome : std::uint8_t {
    read,
    absent, ///< the bytes are not there
    over    ///< nothing more is to be read
  };

  /// Fills the memory with the bytes from that offset of the object on. Called on this reader's thread.
  using source = std::function<outcome(std::uint64_t offset, std::span<std::byte> into)>;

  /// What of `started.held` the session waits for; `required`: the part of the object that is wanted, if not all of it.
  [[nodiscard]] static std::vector<block> blocks_of(const session_started& started,
                                                    const std::optional<byte_range>& required = {});

  /// Starts at once. If the system refuses a thread, nothing is there.
  held_reader(std::vector<block> blocks, source read, held_actor to);

  /// Waits for a read under way; no other begins.
  ~held_reader();

  held_reader(const held_reader&) = delete;
  held_reader& operator=(const held_reader&) = delete;

private:
  void run() const;

  std::vector<block> blocks_;
  source read_;
  held_actor to_;
  std::atomic<bool> over_{false};
  std::thread thread_;
};

} // namespace fleetcast::actors
