#include "actors/io/huge_region.hpp"

#include <cstdint>
#include <limits>
#include <utility>

#include <sys/mman.h>

namespace fleetcast::actors::io {

namespace {

constexpr std::size_t round_up(std::size_t size, std::size_t unit) noexcept {
  return (size + unit - 1) / unit * unit;
}

std::byte* map_pages(std::size_t size) noexcept {
  auto* const got
    = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return got == MAP_FAILED ? nullptr : static_cast<std::byte*>(got);
}

void unmap(std::byte* data, std::size_t size) noexcept {
  if (size > 0)
    ::munmap(data, size);
}

} // namespace

std::optional<huge_region> huge_region::map(std::size_t size) {
  if (size > std::numeric_limits<std::size_t>::max() / 2)
    return std::nullopt;
  const auto whole = round_up(size, small_page);
  if (whole < huge_page) {
    auto* const data = map_pages(whole);
    return data == nullptr ? std::nullopt : std::optional{huge_region{data, whole}};
  }
  // The kernel aligns to small pages: take a huge one more, and give back what is before and behind.
  auto* const taken = map_pages(whole + huge_page);
  if (taken == nullptr)
    return std::nullopt;
  const auto address = reinterpret_cast<std::uintptr_t>(taken);
  const auto before = round_up(address, huge_page) - address;
  auto* const data = taken + before;
  unmap(taken, before);
  unmap(data + whole, huge_page - before);
  ::madvise(data, whole, MADV_HUGEPAGE); // refused, it works as well, if slower
  return huge_region{data, whole};
}

huge_region::~huge_region() {
  unmap(data_, size_);
}

huge_region::huge_region(huge_region&& other) noexcept
  : data_(std::exchange(other.data_, nullptr)),
    size_(std::exchange(other.size_, 0)) {}

huge_region& huge_region::operator=(huge_region&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

} // namespace fleetcast::actors::io
