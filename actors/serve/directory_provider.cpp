#include "actors/serve/directory_provider.hpp"

#include "actors/observe/log.hpp"
#include "actors/serve/beneath.hpp"
#include "actors/serve/directory_listing.hpp"
#include "protocol/wire/control_messages.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <optional>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace fleetcast::actors {

namespace {

using protocol::failure;
using protocol::failure_code;

constexpr const char* log_name = "directory_provider";

using beneath::message_of;
using beneath::open_inside;
using beneath::path_of_name;
using beneath::printable;
using beneath::purpose;
using beneath::quoted;
using beneath::refusal;
using beneath::refusal_to_open;

// -- metadata -------------------------------------------------------------------------------------

constexpr const char* metadata_suffix = ".fcmeta";

using metadata_bytes = std::vector<std::byte>;

/// All of the file, which is closed. Fails when it holds more than receivers are sent.
tl::expected<metadata_bytes, failure> read_metadata(int descriptor, const std::string& shown) {
  constexpr auto limit = protocol::wire::max_metadata_size;
  struct stat found {};
  if (::fstat(descriptor, &found) != 0 || !S_ISREG(found.st_mode)) {
    ::close(descriptor);
    return refusal(failure_code::access_denied, 0,
                   "the metadata " + shown + " are not a regular file, and only those are served");
  }
  metadata_bytes result(limit + 1);
  std::size_t size = 0;
  ssize_t got = 1;
  while (got != 0 && size < result.size()) {
    got = ::read(descriptor, result.data() + size, result.size() - size);
    if (got < 0 && errno != EINTR)
      break;
    size += static_cast<std::size_t>(std::max<ssize_t>(got, 0));
  }
  const int error = got < 0 ? errno : 0;
  ::close(descriptor);
  if (error != 0)
    return refusal(failure_code::read_fault, error,
                   "the server cannot read the metadata " + shown + ": " + message_of(error));
  if (size > limit)
    return refusal(failure_code::read_fault, EFBIG,
                   "the metadata " + shown + " have more than the " + std::to_string(limit)
                     + " bytes that are sent with an object; its administrator can shorten them");
  result.resize(size);
  return result;
}

tl::expected<metadata_bytes, failure> metadata_of(int directory, const std::string& object,
                                                  const std::string& shown) {
  const int descriptor = open_inside(directory, object + metadata_suffix, purpose::read);
  if (descriptor >= 0)
    return read_metadata(descriptor, shown + metadata_suffix);
  if (errno == ENOENT || errno == ENAMETOOLONG)
    return metadata_bytes{};
  return refusal_to_open(errno, shown + metadata_suffix);
}

// -- content --------------------------------------------------------------------------------------

bool same_time(const timespec& a, const timespec& b) noexcept {
  return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

/// A regular file, held open: replacing it under its name leaves this version whole.
class file_content final : public content {
public:
  file_content(int descriptor, const struct stat& as_opened, std::string root, std::string name,
               metadata_bytes metadata)
    : descriptor_(descriptor),
      as_opened_(as_opened),
      root_(std::move(root)),
      name_(std::move(name)),
      metadata_(std::move(metadata)) {}

  ~file_content() override { ::close(descriptor_); }

  file_content(const file_content&) = delete;
  file_content& operator=(const file_content&) = delete;

  const std::string& name() const noexcept override { return name_; }

  std::uint64_t size() const noexcept override {
    return static_cast<std::uint64_t>(as_opened_.st_size);
  }

  std::span<const std::byte> metadata() const noexcept override { return metadata_; }

  tl::expected<void, failure> read(std::uint64_t offset, std::span<std::byte> out) const override {
    while (!out.empty()) {
      const auto got = ::pread(descriptor_, out.data(), out.size(), static_cast<off_t>(offset));
      if (got < 0 && errno == EINTR)
        continue;
      if (got < 0)
        return refusal(failure_code::read_fault, errno,
                       "the server cannot read " + name_ + " at byte " + std::to_string(offset)
                         + ": " + message_of(errno) + "; check its disk");
      if (got == 0)
        return changed("it ends at byte " + std::to_string(offset) + " of "
                       + std::to_string(size()));
      out = out.subspan(static_cast<std::size_t>(got));
      offset += static_cast<std::uint64_t>(got);
    }
    // After the read: a change before it shows as well as one during it.
    return check_unchanged();
  }

  bool same_as(const content& other) const noexcept override {
    const auto* file = dynamic_cast<const file_content*>(&other);
    return file != nullptr && as_opened_.st_dev == file->as_opened_.st_dev
           && as_opened_.st_ino == file->as_opened_.st_ino
           && as_opened_.st_size == file->as_opened_.st_size
           && same_time(as_opened_.st_mtim, file->as_opened_.st_mtim)
           && metadata_ == file->metadata_;
  }

  std::optional<object_version> version() const override { return version_of(root_, as_opened_); }

  bool is_settled() const override {
    struct stat now {};
    return ::fstat(descriptor_, &now) == 0 && now.st_size == as_opened_.st_size
           && same_time(now.st_mtim, as_opened_.st_mtim)
           && same_time(now.st_ctim, as_opened_.st_ctim)
           && actors::is_settled(now, std::chrono::system_clock::now());
  }

private:
  tl::expected<void, failure> check_unchanged() const {
    struct stat now {};
    if (::fstat(descriptor_, &now) != 0)
      return refusal(failure_code::read_fault, errno,
                     "the server cannot look at " + name_ + ": " + message_of(errno));
    if (now.st_size != as_opened_.st_size)
      return changed("it had " + std::to_string(size()) + " bytes and has "
                     + std::to_string(now.st_size));
    if (!same_time(now.st_mtim, as_opened_.st_mtim))
      return changed("it was written to");
    // The change time alone also moves when the file is renamed, linked, or given other rights or attributes: its bytes
    // stay. Should somebody write and set the other time back, blocks that are read again do not have their digest.
    return {};
  }

  tl::unexpected<failure> changed(const std::string& how) const {
    return refusal(failure_code::object_changed, 0,
                   name_ + " changed while it was being sent: " + how
                     + "; ask again once it is complete");
  }

  int descriptor_;
  struct stat as_opened_;
  std::string root_; ///< the directory that is served
  std::string name_;
  metadata_bytes metadata_;
};

/// Takes `descriptor` over.
tl::expected<std::shared_ptr<content>, failure>
adopt(int descriptor, const std::string& root, const std::string& shown, metadata_bytes metadata) {
  struct stat found {};
  const bool known = ::fstat(descriptor, &found) == 0;
  const int error = errno;
  if (known && S_ISREG(found.st_mode)) {
    // Twice the read-ahead; advice only.
    ::posix_fadvise(descriptor, 0, 0, POSIX_FADV_SEQUENTIAL);
    return std::make_shared<file_content>(descriptor, found, root, shown, std::move(metadata));
  }
  ::close(descriptor);
  if (!known)
    return refusal(failure_code::read_fault, error,
                   "the server cannot look at " + shown + ": " + message_of(error));
  if (S_ISDIR(found.st_mode))
    return refusal(failure_code::object_not_found, EISDIR,
                   shown + " is a directory; name a file in it");
  return refusal(failure_code::access_denied, 0,
                 shown + " is not a regular file, and only those are served");
}

std::optional<failure> malformed(std::string_view object) {
  if (object.empty())
    return failure{failure_code::invalid_name, 0, "the object's name is empty"};
  if (object.size() > protocol::wire::max_object_size)
    return failure{failure_code::invalid_name, 0,
                   "the object's name has " + std::to_string(object.size())
                     + " bytes, more than the " + std::to_string(protocol::wire::max_object_size)
                     + " allowed"};
  if (object.find('\0') != object.npos)
    return failure{failure_code::invalid_name, 0, quoted(object) + " contains a zero byte"};
  return std::nullopt;
}

} // namespace

// -- namespaces -----------------------------------------------------------------------------------

tl::expected<namespace_directory, failure> namespace_directory::parse(std::string_view text) {
  const auto equals = text.find('=');
  if (equals == text.npos || equals == 0 || equals + 1 == text.size())
    return refusal(failure_code::invalid_request, 0,
                   "namespace " + quoted(text) + ": give NAME=DIR, for example images=/srv/images");
  const auto name = text.substr(0, equals);
  if (name.size() > protocol::wire::max_namespace_size || name.find('/') != name.npos)
    return refusal(failure_code::invalid_request, 0,
                   "namespace " + quoted(text) + ": the name must have no '/' and at most "
                     + std::to_string(protocol::wire::max_namespace_size) + " bytes");
  return namespace_directory{std::string{name}, std::string{text.substr(equals + 1)}};
}

tl::expected<std::shared_ptr<directory_provider>, failure>
directory_provider::make(const std::vector<namespace_directory>& namespaces) {
  const std::shared_ptr<directory_provider> result{new directory_provider};
  for (const auto& each : namespaces) {
    const auto [added, is_new] = result->places_.emplace(each.name, place{each.directory, {}});
    if (!is_new)
      return refusal(failure_code::invalid_request, 0,
                     "namespace " + each.name + " is given twice; each name needs one directory");
    if (auto opened = result->look_up(each.name, added->second); !opened)
      return tl::unexpected{std::move(opened.error())};
  }
  return result;
}

tl::expected<io::file_descriptor, failure> directory_provider::look_up(const std::string& name,
                                                                       place& of) {
  io::file_descriptor opened{::open(of.path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)};
  struct stat info {};
  if (!opened || ::fstat(opened.get(), &info) != 0)
    return refusal(failure_code::invalid_request, errno,
                   "namespace " + name + ": cannot open the directory " + of.path + ": "
                     + message_of(errno));
  const std::pair<std::uint64_t, std::uint64_t> identity{info.st_dev, info.st_ino};
  const std::lock_guard guard{mutex_};
  const auto before = std::exchange(of.identity, identity);
  if (before != identity && before != decltype(before){})
    log(log_name).info("namespace {}: {} is another directory than before, and served from now on",
                       name, of.path);
  return opened;
}

tl::expected<directory_provider::found_directory, failure>
directory_provider::find(std::string_view name_space) {
  const auto found = places_.find(name_space);
  if (found == places_.end())
    return refusal(failure_code::namespace_unknown, 0,
                   "the server has no namespace " + quoted(name_space)
                     + "; check the spelling, capital letters count");
  auto directory = look_up(found->first, found->second);
  if (!directory) {
    log(log_name).error("{}", directory.error().text);
    return refusal(failure_code::read_fault, static_cast<int>(directory.error().detail),
                   "the server cannot open the directory of its namespace " + quoted(name_space)
                     + "; see its log");
  }
  return found_directory{found->first, found->second.path, std::move(*directory)};
}

tl::expected<std::shared_ptr<content>, failure>
directory_provider::open(std::string_view name_space, std::string_view object) {
  const auto directory = find(name_space);
  if (!directory)
    return tl::unexpected{directory.error()};
  if (auto bad = malformed(object))
    return tl::unexpected{*std::move(bad)};
  const auto path = path_of_name(object);
  const auto shown = printable(directory->name + "/" + path);
  const int descriptor = open_inside(directory->opened.get(), path, purpose::read);
  if (descriptor < 0)
    return refusal_to_open(errno, shown);
  auto metadata = metadata_of(directory->opened.get(), path, shown);
  if (!metadata) {
    ::close(descriptor);
    return tl::unexpected{std::move(metadata.error())};
  }
  return adopt(descriptor, directory->path, shown, std::move(*metadata));
}

std::vector<offered_namespace> directory_provider::namespaces() const {
  std::vector<offered_namespace> result;
  for (const auto& one : places_)
    result.push_back({one.first, true});
  return result;
}

tl::expected<protocol::wire::listing, failure> directory_provider::list(std::string_view name_space,
                                                                        std::string_view prefix,
                                                                        std::string_view cursor) {
  const auto directory = find(name_space);
  if (!directory)
    return tl::unexpected{directory.error()};
  return list_directory(directory->opened.get(), directory->name, prefix, cursor);
}

} // namespace fleetcast::actors
