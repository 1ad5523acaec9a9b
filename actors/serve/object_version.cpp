#include "actors/serve/object_version.hpp"

#include "protocol/wire/block_digest.hpp"

#include <cstdint>
#include <vector>

#include <sys/stat.h>

namespace fleetcast::actors {

namespace {

class packer {
public:
  packer& number(std::uint64_t value) {
    for (std::size_t i = 0; i < sizeof value; ++i)
      bytes_.push_back(static_cast<std::byte>(value >> (8 * i)));
    return *this;
  }

  packer& time(const timespec& value) {
    return number(static_cast<std::uint64_t>(value.tv_sec))
      .number(static_cast<std::uint64_t>(value.tv_nsec));
  }

  packer& text(std::string_view value) {
    number(value.size());
    for (const auto c : value)
      bytes_.push_back(static_cast<std::byte>(c));
    return *this;
  }

  const std::vector<std::byte>& bytes() const noexcept { return bytes_; }

private:
  std::vector<std::byte> bytes_;
};

} // namespace

object_version version_of(std::string_view root, const struct stat& info) {
  packer p;
  p.text("fleetcast object version v1").text(root);
  p.number(info.st_dev).number(info.st_ino).number(static_cast<std::uint64_t>(info.st_size));
  p.time(info.st_mtim).time(info.st_ctim);
  return protocol::wire::digest_of(p.bytes());
}

bool is_settled(const struct stat& info, std::chrono::system_clock::time_point now) {
  const std::chrono::system_clock::time_point changed{
    std::chrono::seconds{info.st_ctim.tv_sec} + std::chrono::nanoseconds{info.st_ctim.tv_nsec}};
  return now - changed >= settling_time;
}

} // namespace fleetcast::actors
