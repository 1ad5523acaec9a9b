/// Names from strangers, and what they lead to below a directory of the server's.
///
/// The kernel resolves them (openat2, RESOLVE_BENEATH), so no race with somebody who moves directories about can lead
/// out; a name that would leave ("..", a symbolic link that leads out) is refused, links that stay inside are followed.
#pragma once

#include "protocol/failure.hpp"

#include <tl/expected.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace fleetcast::actors::beneath {

/// What something is opened for.
enum class purpose : std::uint8_t {
  read,
  list, ///< the names in a directory
  look, ///< what it is; whatever it is, nothing happens to it
};

/// Opens `path`, which is relative, below `directory`: a descriptor that is the caller's, or -1 and errno; EXDEV: it
/// leads out. Waits for nothing but the disk.
[[nodiscard]] int open_inside(int directory, const std::string& path, purpose what);

/// What a client hears when open_inside failed with `error`; `shown`: what it asked for, fit to be shown.
[[nodiscard]] tl::unexpected<protocol::failure> refusal_to_open(int error,
                                                                const std::string& shown);

/// `name` with its backslashes as slashes, and without slashes at its beginning.
[[nodiscard]] std::string path_of_name(std::string_view name);

/// `name` as valid UTF-8 of bounded length without control characters, whatever came in.
[[nodiscard]] std::string printable(std::string_view name);

/// The same between quotation marks.
[[nodiscard]] std::string quoted(std::string_view name);

[[nodiscard]] tl::unexpected<protocol::failure> refusal(protocol::failure_code code, int error,
                                                        std::string text);

/// Of an errno.
[[nodiscard]] std::string message_of(int error);

} // namespace fleetcast::actors::beneath
