/// How many repair symbols follow each block unasked, learnt from what is asked for.
///
/// In a large group somebody lacks something of almost every block, and a request costs a message, a
/// back-off and a round trip, with memory held at the receiver meanwhile. Symbols that nearly always would be
/// asked for are better sent at once. Where nothing is lost, nothing is added.
///
/// The level is a quantile, found by stochastic approximation (Robbins and Monro 1951): every block that
/// somebody asks for raises it a little, every other one lowers it a little, so that the share of blocks
/// that are asked for settles at the one that is tolerated. Where nearly all are asked for it jumps: at the
/// first time to what a group of this size needs if losses as reported strike each by itself, later by what
/// was lacking. Blocks that were sent before a jump are topped up to the new level: ten thousand receivers
/// would ask for the same.
///
/// A block is judged by its first request, or, without one, when `patience` is over: by then whoever lacked
/// something would have said so. Blocks under judgement are remembered, `remembered_blocks` at most.
#pragma once

#include "protocol/geometry.hpp"
#include "protocol/timestamp.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

namespace fleetcast::protocol {

class proactive_parity {
public:
  /// `k` source symbols of a block are full ones.
  explicit proactive_parity(std::uint16_t k);

  /// `block`, of `k` source symbols, was sent: so many repair symbols shall follow it.
  std::uint16_t after(timestamp now, block_number block, std::uint16_t k);

  /// What a receiver reported of its losses.
  void on_report(std::uint64_t received, std::uint64_t lost) noexcept;

  /// Somebody in a group of `group_size` lacks `symbols` symbols of `block` that are neither sent nor owed yet.
  void on_request(block_number block, std::uint16_t symbols, std::size_t group_size);

  struct top_up {
    block_number block = 0;
    std::uint16_t symbols = 0;
  };

  /// Symbols owed to blocks that were sent before the level jumped; once.
  [[nodiscard]] std::vector<top_up> take_top_ups();

  /// Judges blocks sent `patience` ago or earlier that nobody has asked for. `tolerated`, between 0 and 1, is
  /// the share of blocks that may be asked for.
  void judge(timestamp now, duration patience, double tolerated);

  /// Symbols a full block, on average.
  double level() const noexcept { return level_; }

private:
  struct sent_block {
    block_number block = 0;
    timestamp at{};
    std::uint16_t parity = 0; ///< that followed it
    bool asked = false;
    bool since_jump = true;
  };

  /// How far one block moves the level: less, the more blocks are out whose judgement is to come.
  double step() const noexcept;
  void move(double by) noexcept;
  void jump(double to);
  double needed(std::size_t group_size) const;
  void settle(const sent_block& oldest);

  std::uint16_t full_k_;
  double most_;
  double level_ = 0;
  double carry_ = 0; ///< fraction of a symbol that is still owed
  double tolerated_ = 0.5;
  std::deque<sent_block> out_;
  bool started_ = false; ///< there was a jump
  bool jumped_ = false;  ///< and nothing was topped up since

  // Of the reports before the first jump:
  std::uint64_t received_ = 0;
  std::uint64_t lost_ = 0;

  // Since the last jump, of blocks sent after it:
  std::size_t asked_ = 0;
  std::size_t fine_ = 0;
  std::uint64_t lacking_ = 0;
};

} // namespace fleetcast::protocol
