#include "tests/walker/objects.hpp"

#include "tests/support/actor_fixture.hpp"

#include <algorithm>
#include <cstring>
#include <fstream>
#include <stdexcept>

namespace fleetcast::walker {

namespace {

void write_file(const std::filesystem::path& path, const std::vector<std::byte>& bytes) {
  std::ofstream file{path, std::ios::binary};
  file.write(reinterpret_cast<const char*>(bytes.data()),
             static_cast<std::streamsize>(bytes.size()));
  if (!file.flush())
    throw std::runtime_error{"cannot write " + path.string()};
}

} // namespace

std::uint32_t object::size_of(std::size_t block) const noexcept {
  return static_cast<std::uint32_t>(
    std::min<std::size_t>(block_size, content.size() - block * block_size));
}

bool object::has(std::uint64_t offset, std::span<const std::byte> bytes) const noexcept {
  return offset <= content.size() && bytes.size() <= content.size() - offset
         && std::equal(bytes.begin(), bytes.end(),
                       content.begin() + static_cast<std::ptrdiff_t>(offset));
}

std::vector<object> make_objects(std::uint64_t seed) {
  constexpr std::size_t sizes[] = {0,
                                   1,
                                   block_size - 1,
                                   block_size,
                                   block_size + 1,
                                   100'000,
                                   128 * block_size + 77, // more than a receiver has memory for
                                   3'000'001};
  std::vector<object> result;
  for (auto size : sizes) {
    object made;
    made.name = "object-" + std::to_string(size);
    made.content = actors::testing::sample_bytes(size, seed + size);
    if (result.size() % 2 == 0)
      made.metadata = actors::testing::sample_bytes(1 + result.size() * 1000, seed + size + 1);
    result.push_back(std::move(made));
  }
  return result;
}

void write_objects(const std::vector<object>& objects, const std::filesystem::path& directory) {
  for (const auto& what : objects) {
    write_file(directory / what.name, what.content);
    if (!what.metadata.empty())
      write_file(directory / (what.name + ".fcmeta"), what.metadata);
  }
}

} // namespace fleetcast::walker
