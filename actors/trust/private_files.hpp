/// Small files that belong to one user: identities, the client's known servers.
#pragma once

#include "actors/io/file_descriptor.hpp"
#include "protocol/failure.hpp"

#include <tl/expected.hpp>

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

namespace fleetcast::actors::io {

/// "WHAT: PATH: No space left on device", with errno as detail; disk_full where that is the cause,
/// else `otherwise`.
protocol::failure system_failure(int error, protocol::failure_code otherwise, std::string_view what,
                                 const std::filesystem::path& path);

/// $VARIABLE when it is an absolute path, else `below_home` in the user's home directory. The
/// environment is not looked at in a program that runs with another user's rights (setuid).
std::filesystem::path user_directory(const char* variable, std::string_view below_home);

/// Makes what is missing of `directory` with mode 0700. 0 or errno.
int make_private_directories(const std::filesystem::path& directory);

/// All of a file of at most `limit` bytes (EFBIG beyond), or errno.
tl::expected<std::string, int> read_all(int descriptor, std::size_t limit);

/// 0 or errno.
int write_all(int descriptor, std::string_view text);

/// Writes a new file with mode 0600 beside `path`, syncs and renames it, unless `path` exists by
/// then: EEXIST. 0 or errno.
int create_private_file(const std::filesystem::path& path, std::string_view text);

/// Syncs a directory's entries. 0 or errno.
int sync_directory(const std::filesystem::path& directory);

/// Overwrites secrets before their memory is freed.
void wipe(std::string& secret) noexcept;

} // namespace fleetcast::actors::io
