/// Why frames of a fleet's link are dropped or end it, and how often that happened in this process; also how
/// many links there are.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

namespace fleetcast::actors::fleet {

/// Harmless: the frame goes no further, the link stays.
enum class frame_drop : std::uint8_t {
  utility,    ///< CAF's own SpawnServ exchange
  stranger,   ///< a monitor or down frame about an actor that this link does not concern
  reports,    ///< more than 8 reports of a job in a second
  heartbeats, ///< more than 4 in a second
};

/// Ends the link.
enum class frame_end : std::uint8_t {
  header,   ///< an operation, flag or field that no frame of the fleet has
  length,   ///< a payload of a length that this frame cannot have
  order,    ///< not the frame that a connection begins with, or a handshake in its middle
  node,     ///< another node than in the handshake
  content,  ///< not one of the fleet's messages, or damaged
  address,  ///< to or from an actor that has no part in this link
  answer,   ///< an answer to nothing that was asked here
  requests, ///< too many without an answer, or one whose number still waits for its answer
};

/// One word for counters.
std::string_view label(frame_drop why) noexcept;
std::string_view label(frame_end why) noexcept;

/// What the peer did, as part of a sentence: "it sent a payload of a length that ...".
std::string_view sentence(frame_end why) noexcept;

/// All links of a process; any thread.
class frame_tally {
public:
  static constexpr auto drops = static_cast<std::size_t>(frame_drop::heartbeats) + 1;
  static constexpr auto ends = static_cast<std::size_t>(frame_end::requests) + 1;

  void count_turned_away() noexcept { ++turned_away_; }
  void count(frame_drop why) noexcept { ++drops_[static_cast<std::size_t>(why)]; }
  void count(frame_end why) noexcept { ++ends_[static_cast<std::size_t>(why)]; }

  /// Links handed to the actor network since the process began.
  std::uint64_t links() const noexcept { return links_; }

  /// Of those, the ones that have not ended.
  std::uint64_t open_links() const noexcept { return open_links_; }

  /// Links beyond the bound on open ones.
  std::uint64_t turned_away() const noexcept { return turned_away_; }

  std::uint64_t of(frame_drop why) const noexcept { return drops_[static_cast<std::size_t>(why)]; }
  std::uint64_t of(frame_end why) const noexcept { return ends_[static_cast<std::size_t>(why)]; }

private:
  friend class counted_link;

  std::atomic<std::uint64_t> links_{0};
  std::atomic<std::uint64_t> open_links_{0};
  std::atomic<std::uint64_t> turned_away_{0};
  std::array<std::atomic<std::uint64_t>, drops> drops_{};
  std::array<std::atomic<std::uint64_t>, ends> ends_{};
};

/// A link, which is open for as long as this lives.
class counted_link {
public:
  explicit counted_link(std::shared_ptr<frame_tally> tally) : tally_(std::move(tally)) {
    ++tally_->links_;
    ++tally_->open_links_;
  }
  counted_link(counted_link&&) noexcept = default; // what was moved from counts nothing
  counted_link& operator=(counted_link&&) = delete;
  ~counted_link() {
    if (tally_)
      --tally_->open_links_;
  }

private:
  std::shared_ptr<frame_tally> tally_;
};

} // namespace fleetcast::actors::fleet
