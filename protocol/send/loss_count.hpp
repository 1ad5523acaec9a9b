/// Datagrams that a path was sent and that it lost, and how evenly the losses fell.
///
/// Losses come in bursts, of 44 where a segmented buffer is dropped: the shares of two counts then differ by chance much
/// more than those of independent losses would. By how much (the index of dispersion) shows in the cells that a count is
/// made of. A queue that overflows loses evenly.
#pragma once

namespace fleetcast::protocol {

class loss_count {
public:
  /// So many more were sent, and of them lost, one after another.
  void add(double sent, double lost) noexcept;

  void add(const loss_count& other) noexcept;

  /// Forgets all but this share of itself.
  void keep(double share) noexcept;

  double sent() const noexcept { return sent_ + open_sent_; }
  double lost() const noexcept { return lost_ + open_lost_; }
  double share() const noexcept { return sent() > 0 ? lost() / sent() : 0; }

  /// Cells that are full: with fewer than three the dispersion says nothing.
  unsigned cells() const noexcept { return cells_; }

  /// How much more the losses vary than independent ones would; 1: no more.
  double dispersion() const noexcept;

  /// The standard deviation of `share` if `share` itself were the chance to be lost.
  double deviation() const noexcept;

private:
  double sent_ = 0; ///< in full cells
  double lost_ = 0;
  double sent_squared_ = 0; ///< sums over the full cells
  double lost_squared_ = 0;
  double sent_times_lost_ = 0;
  unsigned cells_ = 0;
  double open_sent_ = 0; ///< of the cell that is being filled
  double open_lost_ = 0;
};

/// The standard deviation of the difference between the shares of two counts of one path that did not change between
/// them.
double deviation_between(const loss_count& a, const loss_count& b) noexcept;

} // namespace fleetcast::protocol
