/// What can be had from a directory of the server's, a page at a time.
///
/// The rules are those of opening (beneath.hpp): a file is listed if a request for its name would be served, so neither is
/// a link that leads out, or nowhere, nor what is not a regular file or may not be read. Directories are listed as such;
/// what is in them is asked for by itself. Names that begin with a dot are names like others.
///
/// A page takes bounded time and memory, whatever the size of the directory: at most `max_names_passed` names are
/// passed over, and at most `max_looks` files looked at. The cursor is the kernel's position in the directory, so nothing
/// is kept between two pages; names that come or go meanwhile may be missed.
#pragma once

#include "protocol/failure.hpp"
#include "protocol/wire/control_messages.hpp"

#include <tl/expected.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace fleetcast::actors {

/// Reading a million names takes the kernel about a second.
constexpr std::size_t max_names_passed = 16'384;

/// Each is a look-up of a path; on a cold disk each may be a seek.
constexpr std::size_t max_looks = 1'024;

/// A page of what is below the open directory `root`, which texts call `name_space`. `prefix` and `cursor` come from a
/// peer. Fails as opening does, and with invalid_request when the cursor is none. Blocks on the disk.
[[nodiscard]] tl::expected<protocol::wire::listing, protocol::failure>
list_directory(int root, const std::string& name_space, std::string_view prefix,
               std::string_view cursor);

} // namespace fleetcast::actors
