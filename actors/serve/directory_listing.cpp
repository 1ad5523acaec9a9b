#include "actors/serve/directory_listing.hpp"

#include "actors/io/file_descriptor.hpp"
#include "actors/serve/beneath.hpp"
#include "protocol/wire/listing_room.hpp"

#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace fleetcast::actors {

namespace {

using beneath::purpose;
using protocol::failure;
using protocol::failure_code;
using protocol::wire::listed;
using protocol::wire::listed_kind;
using protocol::wire::listing;

struct directory_closer {
  void operator()(DIR* one) const noexcept { ::closedir(one); }
};

using directory_stream = std::unique_ptr<DIR, directory_closer>;

// -- cursors ----------------------------------------------------------------------------------------

std::string cursor_at(off_t position) {
  return {reinterpret_cast<const char*>(&position), sizeof(position)};
}

/// Nothing: no cursor of ours.
std::optional<off_t> position_of(std::string_view cursor) {
  off_t result = 0;
  if (cursor.empty())
    return result;
  if (cursor.size() != sizeof(result))
    return std::nullopt;
  std::memcpy(&result, cursor.data(), sizeof(result));
  return result < 0 ? std::nullopt
                    : std::optional{result}; // or it would be taken for lseek's error
}

/// The names from there on; null: there is no such position, or the system refuses.
directory_stream names_from(io::file_descriptor directory, off_t position) {
  if (::lseek(directory.get(), position, SEEK_SET) != position)
    return nullptr;
  directory_stream result{::fdopendir(directory.get())};
  if (result)
    directory.release();
  return result;
}

// -- entries ----------------------------------------------------------------------------------------

bool is_readable(int descriptor) {
  return ::faccessat(descriptor, "", R_OK, AT_EMPTY_PATH | AT_EACCESS) == 0
         || (errno != EACCES && errno != EPERM);
}

/// Neither a file nor a directory nor a link to one.
bool is_of_no_use(unsigned char type) noexcept {
  return type != DT_REG && type != DT_DIR && type != DT_LNK && type != DT_UNKNOWN;
}

std::optional<listed> look_at(int root, const std::string& directory, std::string_view name) {
  const std::string own{name};
  const io::file_descriptor found{beneath::open_inside(root, directory + own, purpose::look)};
  struct stat info {};
  if (!found || ::fstat(found.get(), &info) != 0)
    return std::nullopt;
  if (S_ISDIR(info.st_mode))
    return listed{.name = own, .kind = listed_kind::directory};
  if (!S_ISREG(info.st_mode) || !is_readable(found.get()))
    return std::nullopt;
  return listed{
    .name = own, .size = static_cast<std::uint64_t>(info.st_size), .modified = info.st_mtim.tv_sec};
}

/// A backslash in a request counts as a slash, so nobody can ask for a name that has one.
bool is_wanted(const dirent& entry, std::string_view begin) {
  const std::string_view name{entry.d_name};
  return name.starts_with(begin) && name != "." && name != ".."
         && name.find('\\') == std::string_view::npos && !is_of_no_use(entry.d_type);
}

// -- pages ------------------------------------------------------------------------------------------

/// "sub/dir/be" is what begins with "be" in the directory "sub/dir/".
struct wanted_names {
  std::string directory;
  std::string begin;
  std::string shown; ///< the directory, for texts
};

wanted_names parse_prefix(const std::string& name_space, std::string_view prefix) {
  const auto path = beneath::path_of_name(prefix);
  const auto end = path.rfind('/') + 1; // 0 without one
  const auto directory = path.substr(0, end);
  return {directory, path.substr(end), beneath::printable(name_space + "/" + directory)};
}

tl::expected<listing, failure> page_of(DIR* names, off_t from, int root,
                                       const wanted_names& wanted) {
  listing result;
  protocol::wire::listing_room room;
  std::size_t looks = 0;
  for (std::size_t passed = 0; passed < max_names_passed && looks < max_looks; ++passed) {
    errno = 0;
    const auto* entry = ::readdir(names);
    if (entry == nullptr && errno != 0)
      return beneath::refusal(failure_code::read_fault, errno,
                              "the server cannot read the directory " + wanted.shown + ": "
                                + beneath::message_of(errno) + "; check its disk");
    if (entry == nullptr)
      return result;
    if (is_wanted(*entry, wanted.begin)) {
      ++looks;
      if (auto found = look_at(root, wanted.directory, entry->d_name)) {
        if (!room.take(found->name.size()))
          break;
        result.entries.push_back(*std::move(found));
      }
    }
    from = entry->d_off;
  }
  result.next = cursor_at(from);
  return result;
}

} // namespace

tl::expected<listing, failure> list_directory(int root, const std::string& name_space,
                                              std::string_view prefix, std::string_view cursor) {
  const auto position = position_of(cursor);
  const auto no_cursor = [&](int error) {
    return beneath::refusal(
      failure_code::invalid_request, error,
      "the place where the list of " + beneath::quoted(name_space)
        + " is to go on is none of this server's; list it from the beginning");
  };
  if (!position || prefix.find('\0') != std::string_view::npos)
    return no_cursor(0);
  const auto wanted = parse_prefix(name_space, prefix);
  io::file_descriptor directory{
    beneath::open_inside(root, wanted.directory.empty() ? "." : wanted.directory, purpose::list)};
  if (!directory)
    return beneath::refusal_to_open(errno, wanted.shown);
  const auto names = names_from(std::move(directory), *position);
  if (!names)
    return no_cursor(errno);
  return page_of(names.get(), *position, root, wanted);
}

} // namespace fleetcast::actors
