/// What tells one version of an object from every other.
///
/// For a file these are the device, the inode, the size, and the times of its last write and its last change. The change
/// time is what counts: anyone who may write a file can set its write time back, but nobody can set its change time. It
/// moves in steps, though, of some milliseconds on most file systems and of two seconds on some. A file that has just been
/// changed may be changed again within the same step, and nothing shows. So its version is relied on only once the last
/// change is older than any such step (`is_settled`).
///
/// What still escapes: writes through a memory mapping, which a kernel notes when it pleases, and a clock that is set back
/// so exactly that a later change gets the time of an earlier one.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <string_view>

struct stat;

namespace fleetcast::actors {

/// Equal: the same bytes. Opaque, and of no use to anybody but its maker.
using object_version = std::array<std::byte, 32>;

/// Longer than the steps of any file system's times.
constexpr std::chrono::seconds settling_time{3};

/// Of the regular file that `info` describes, found below `root`, a directory that is served. Throws std::runtime_error if
/// OpenSSL fails: a defect of the installation.
[[nodiscard]] object_version version_of(std::string_view root, const struct stat& info);

/// Whether a change of that file from now on would give it another version.
[[nodiscard]] bool is_settled(const struct stat& info, std::chrono::system_clock::time_point now);

} // namespace fleetcast::actors
