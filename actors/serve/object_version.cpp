#include "actors/serve/object_version.hpp"

#include "actors/serve/packed_bytes.hpp"
#include "protocol/wire/block_digest.hpp"

#include <cstdint>
#include <vector>

#include <sys/stat.h>

namespace fleetcast::actors {

namespace {

void put_time(std::vector<std::byte>& out, const timespec& value) {
  put(out, static_cast<std::uint64_t>(value.tv_sec));
  put(out, static_cast<std::uint64_t>(value.tv_nsec));
}

void put_text(std::vector<std::byte>& out, std::string_view value) {
  put(out, std::uint64_t{value.size()});
  put(out, value);
}

} // namespace

object_version version_of(std::string_view root, const struct stat& info) {
  std::vector<std::byte> told;
  put_text(told, "fleetcast object version v1");
  put_text(told, root);
  put(told, std::uint64_t{info.st_dev});
  put(told, std::uint64_t{info.st_ino});
  put(told, static_cast<std::uint64_t>(info.st_size));
  put_time(told, info.st_mtim);
  put_time(told, info.st_ctim);
  return protocol::wire::digest_of(told);
}

bool is_settled(const struct stat& info, std::chrono::system_clock::time_point now) {
  const std::chrono::system_clock::time_point changed{
    std::chrono::seconds{info.st_ctim.tv_sec} + std::chrono::nanoseconds{info.st_ctim.tv_nsec}};
  return now - changed >= settling_time;
}

} // namespace fleetcast::actors
