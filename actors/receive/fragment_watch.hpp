/// Notices that datagrams travel in fragments, which nothing else here can see.
#pragma once

#include <cstdint>

namespace fleetcast::actors {

/// The kernel counts the packets that it puts together, for the whole host. When they are half as many as the
/// datagrams that came meanwhile, they are these: no other traffic keeps pace for long with one that fills links.
class fragment_watch {
public:
  fragment_watch() = default;

  /// `reassembled`: IP packets that this host has put together so far.
  explicit fragment_watch(std::uint64_t reassembled) noexcept : reassembled_(reassembled) {}

  /// So many datagrams have come in all: the kernel is asked now and then only.
  bool is_worth_a_look(std::uint64_t datagrams) const noexcept {
    return !is_found_ && datagrams >= looked_at_ + stride;
  }

  /// True once, if it is so.
  [[nodiscard]] bool find(std::uint64_t reassembled, std::uint64_t datagrams) noexcept {
    const auto came = datagrams - looked_at_;
    is_found_ = reassembled - reassembled_ >= came / 2;
    looked_at_ = datagrams;
    reassembled_ = reassembled;
    return is_found_;
  }

private:
  /// Enough to tell, and little enough that a small object's reception is told, too.
  static constexpr std::uint64_t stride = 500;

  std::uint64_t reassembled_ = 0; ///< at the last look
  std::uint64_t looked_at_ = 0;   ///< datagrams by then
  bool is_found_ = false;
};

} // namespace fleetcast::actors
