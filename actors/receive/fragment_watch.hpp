/// Notices that datagrams travel in fragments, which nothing else here can see.
#pragma once

#include <cstdint>

namespace fleetcast::actors {

/// The kernel counts the packets that it reassembles, for the whole host. If it reassembled at least half as many as
/// datagrams arrived in the same time, they were ours: no other traffic keeps pace with a transfer that fills the link.
class fragment_watch {
public:
  fragment_watch() = default;

  /// `reassembled`: IP packets that this host has reassembled so far.
  explicit fragment_watch(std::uint64_t reassembled) noexcept : reassembled_(reassembled) {}

  /// `datagrams` have arrived in all: is it time to ask the kernel?
  bool is_worth_a_look(std::uint64_t datagrams) const noexcept {
    return !is_found_ && datagrams >= looked_at_ + stride;
  }

  /// Whether datagrams arrive in fragments. Once it was true, it is not worth another look.
  [[nodiscard]] bool find(std::uint64_t reassembled, std::uint64_t datagrams) noexcept {
    const auto came = datagrams - looked_at_;
    is_found_ = reassembled - reassembled_ >= came / 2;
    looked_at_ = datagrams;
    reassembled_ = reassembled;
    return is_found_;
  }

private:
  /// Datagrams between two looks: enough to judge by, and few enough that small objects are judged, too.
  static constexpr std::uint64_t stride = 500;

  std::uint64_t reassembled_ = 0; ///< at the last look
  std::uint64_t looked_at_ = 0;   ///< datagrams by then
  bool is_found_ = false;
};

} // namespace fleetcast::actors
