/// How a file that is written once shares the host's page cache with everybody else.
#pragma once

#include <cstdint>

#include <unistd.h>

namespace fleetcast::apps {

/// Whether a file of so many bytes should leave the page cache behind it: one that takes more than a quarter
/// of the memory would drive out what the host works with, and its beginning would be gone before anybody
/// wants it.
inline bool outgrows_page_cache(std::uint64_t bytes) noexcept {
  constexpr std::uint64_t share = 4;
  const auto pages = ::sysconf(_SC_PHYS_PAGES);
  const auto page_size = ::sysconf(_SC_PAGESIZE);
  if (pages <= 0 || page_size <= 0)
    return false;
  return bytes / static_cast<std::uint64_t>(page_size) > static_cast<std::uint64_t>(pages) / share;
}

} // namespace fleetcast::apps
