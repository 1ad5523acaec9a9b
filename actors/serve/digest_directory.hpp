/// The files of a digest cache in a directory of the file system.
///
/// The directory (0700) and its files (0600) belong to the user of this process, or are not used: a file that is a link or
/// a pipe, has a second name, belongs to somebody else or may be touched by others was planted, or is somebody's mistake.
/// It is left alone. No name is looked up twice: what was opened is looked at.
#pragma once

#include "actors/io/file_descriptor.hpp"
#include "actors/serve/digest_store.hpp"
#include "protocol/failure.hpp"

#include <filesystem>
#include <memory>

namespace fleetcast::actors {

class digest_directory final : public digest_store {
public:
  /// Makes what is missing of `path`. Fails if that cannot be done, or the directory is not ours alone; the text says how
  /// to mend it.
  [[nodiscard]] static tl::expected<std::unique_ptr<digest_directory>, protocol::failure>
  open(const std::filesystem::path& path);

  std::string name() const override { return path_.string(); }
  tl::expected<std::vector<found>, store_fault> list() override;
  tl::expected<std::vector<std::byte>, store_fault> read(const std::string& file,
                                                         std::uint64_t most) override;
  store_outcome create(const std::string& file, std::span<const std::byte> bytes) override;
  store_outcome append(const std::string& file, std::span<const std::byte> bytes) override;
  store_outcome cut(const std::string& file, std::uint64_t size) override;
  store_outcome remove(const std::string& file) override;

private:
  digest_directory(std::filesystem::path path, io::file_descriptor opened)
    : path_(std::move(path)),
      opened_(std::move(opened)) {}

  tl::expected<io::file_descriptor, store_fault> open_ours(const std::string& file, int flags);

  std::filesystem::path path_;
  io::file_descriptor opened_;
};

} // namespace fleetcast::actors
