/// Memory straight from the system, in huge pages where it has them.
#pragma once

#include <cstddef>
#include <optional>

namespace fleetcast::actors::io {

/// Zeroed, private memory; becomes resident when it is touched, by huge pages (2 MiB) where the kernel grants
/// them (madvise(2) MADV_HUGEPAGE: not where an administrator chose "never"), else by small ones. What is
/// left beyond whole huge pages comes by small ones always.
class huge_region {
public:
  static constexpr std::size_t small_page = 4096;
  static constexpr std::size_t huge_page = std::size_t{2} * 1024 * 1024;

  /// At least `size` bytes > 0, aligned to huge pages if it is as long as one, else to pages. Nothing if the
  /// system has no more, or lets this process have no more.
  static std::optional<huge_region> map(std::size_t size);

  ~huge_region();
  huge_region(huge_region&& other) noexcept;
  huge_region& operator=(huge_region&& other) noexcept;

  std::byte* data() const noexcept { return data_; }
  std::size_t size() const noexcept { return size_; }

private:
  huge_region(std::byte* data, std::size_t size) noexcept : data_(data), size_(size) {}

  std::byte* data_;
  std::size_t size_; ///< whole pages
};

} // namespace fleetcast::actors::io
