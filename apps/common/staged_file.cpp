#include "apps/common/staged_file.hpp"

#include "apps/common/followed_path.hpp"
#include "apps/common/kept_copy.hpp"
#include "apps/common/leftovers.hpp"
#include "apps/common/page_cache.hpp"
#include "apps/common/place.hpp"
#include "apps/common/range_io.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <climits>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <numeric>
#include <system_error>

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

namespace fleetcast::apps {

namespace {

namespace fs = std::filesystem;

using tl::unexpected;

constexpr int max_name_attempts = 100;

/// Bytes between two times of starting the write-back: enough for a disk to work at its best, and little
/// enough that `sync` finds almost nothing to do.
constexpr std::uint64_t write_back_step = 8U << 20U;

/// Bytes written, or time since the first of them, after which what is on the disk is recorded. A killed process loses
/// twice that at most, as long as the disk keeps up: while one piece is flushed, the next one comes.
constexpr std::uint64_t recorded_step = 32U << 20U;
constexpr std::chrono::milliseconds recorded_interval{500};

constexpr mode_t all_permissions = 07777;

std::string random_suffix() {
  constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyz0123456789";
  std::array<unsigned char, random_letters> bytes{};
  // Uniqueness comes from O_EXCL; a short read would only cost an attempt.
  if (getrandom(bytes.data(), bytes.size(), 0) < 0)
    bytes.fill(0);
  std::string result;
  for (auto byte : bytes)
    result.push_back(letters[byte % letters.size()]);
  return result;
}

/// It still has a name: nobody took it for one that was left behind before it was locked.
bool is_linked(const descriptor& file) {
  struct stat info {};
  return ::fstat(file.get(), &info) == 0 && info.st_nlink > 0;
}

bool all_zero(std::span<const std::byte> bytes) {
  // Equal to itself one byte further on, and beginning with zero: then all are zero.
  return bytes.empty()
         || (bytes[0] == std::byte{0}
             && std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0);
}

std::span<const std::byte> bytes_of(const iovec& block) {
  return {static_cast<const std::byte*>(block.iov_base), block.iov_len};
}

std::uint64_t size_of(std::span<const iovec> blocks) {
  return std::accumulate(blocks.begin(), blocks.end(), std::uint64_t{0},
                         [](std::uint64_t sum, const iovec& b) { return sum + b.iov_len; });
}

/// False: not every file system can.
bool punch_hole(const descriptor& file, std::uint64_t offset, std::uint64_t bytes) {
  return ::fallocate(file.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                     static_cast<off_t>(offset), static_cast<off_t>(bytes))
         == 0;
}

std::string directory_of(const std::string& target) {
  auto directory = fs::path{target}.parent_path().string();
  return directory.empty() ? "." : directory;
}

struct opened_directory {
  descriptor file;
  std::string path;
};

tl::expected<opened_directory, file_failure> open_directory_of(const std::string& target) {
  auto path = directory_of(target);
  descriptor file{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!file)
    return unexpected{make_file_failure("cannot use the directory " + path, errno)};
  return opened_directory{std::move(file), std::move(path)};
}

std::string file_name_of(const std::string& target) {
  return fs::path{target}.filename().string();
}

/// Why a destination that ends with a slash cannot be used as a directory; `path`: without links.
file_failure no_directory(const std::string& destination, const fs::path& path) {
  struct stat info {};
  const auto error = ::stat(path.c_str(), &info) == 0 ? ENOTDIR : errno;
  std::error_code ignored;
  const auto file = destination.substr(0, destination.find_last_not_of('/') + 1);
  if (error == ENOENT)
    return {ENOENT, "the destination " + destination
                      + " names a directory that does not exist; make it first"};
  if (error == ENOTDIR && fs::exists(file, ignored))
    return {ENOTDIR, file + " is a file, and " + destination
                       + " names a directory; leave out the slash, or choose another destination"};
  return make_file_failure("cannot use the directory " + destination, error);
}

/// Why `link` cannot be followed to `end`, where the system reports `error`.
file_failure no_end_of_link(const fs::path& link, const fs::path& end, int error) {
  std::error_code ignored;
  // The kernel gets to what has no name: links of /proc lead there, and /dev/stdout is one.
  if (error == ENOENT && fs::exists(link, ignored))
    return {EEXIST, link.string()
                      + " leads to something without a name, such as a pipe; choose another "
                        "destination, or write to standard output (-)"};
  const auto story = "the symbolic link " + link.string() + " leads to " + end.string();
  if (error == ENOENT)
    return {ENOENT, story + ", which does not exist; make that file or choose another destination"};
  return make_file_failure(story, error);
}

} // namespace

// -- resolve_target -----------------------------------------------------------------------------------

tl::expected<std::string, file_failure> resolve_target(const std::string& destination,
                                                       const std::string& base_name) {
  std::error_code ignored;
  fs::path target = destination.empty() ? fs::path{"."} : fs::path{destination};
  const auto names_directory = !target.has_filename();
  auto followed = follow(target);
  if (followed && fs::is_directory(followed->path, ignored)) {
    if (base_name.empty() || base_name == "." || base_name == "..")
      return unexpected{file_failure{
        EISDIR,
        "the object's name gives no file name; name a file as the destination, not a directory"}};
    target = destination.empty() ? fs::path{base_name} : target / base_name;
    followed = follow(target);
  } else if (followed && names_directory) {
    return unexpected{no_directory(destination, followed->path)};
  }
  if (!followed)
    return unexpected{file_failure{followed.error().error, followed.error().text}};
  if (followed->last_was_link) {
    // Not looked up again: somebody may have put another link there meanwhile.
    struct stat info {};
    if (::stat(followed->path.c_str(), &info) != 0)
      return unexpected{no_end_of_link(target, followed->path, errno)};
    target = followed->path;
  }
  if (fs::exists(target, ignored) && !fs::is_regular_file(target, ignored))
    return unexpected{file_failure{
      EEXIST, target.string()
                + " exists and is not a regular file; choose another destination, or write to "
                  "standard output (-)"}};
  return target.string();
}

// -- staged_file --------------------------------------------------------------------------------------

staged_file::result<staged_file> staged_file::create(const std::string& target) {
  auto directory = open_directory_of(target);
  if (!directory)
    return unexpected{std::move(directory.error())};
  auto file = create_in(std::move(directory->file), file_name_of(target), target);
  if (file)
    file->directory_name_ = std::move(directory->path);
  return file;
}

staged_file::result<staged_file> staged_file::create_kept(const std::string& target,
                                                          const copy_source& source, bool fresh,
                                                          std::vector<std::string>& remarks) {
  auto directory = open_directory_of(target);
  if (!directory)
    return unexpected{std::move(directory.error())};
  auto file
    = make_kept(std::move(directory->file), file_name_of(target), target, source, fresh, remarks);
  if (file)
    file->directory_name_ = std::move(directory->path);
  return file;
}

staged_file::result<staged_file> staged_file::create_kept_in(descriptor directory,
                                                             const std::string& name,
                                                             const std::string& target,
                                                             const copy_source& source,
                                                             std::vector<std::string>& remarks) {
  return make_kept(std::move(directory), name, target, source, false, remarks);
}

staged_file::result<staged_file>
staged_file::make_kept(descriptor directory, const std::string& name, const std::string& target,
                       const copy_source& source, bool fresh, std::vector<std::string>& remarks) {
  auto journal_directory = open_again(directory, O_RDONLY | O_DIRECTORY);
  if (!journal_directory)
    return unexpected{make_file_failure("cannot use the directory " + directory_of(target), errno)};
  if (auto refused = refusal_of_name(directory, name, target))
    return unexpected{*std::move(refused)};
  auto earlier = find_kept(directory, name, source, fresh);
  remarks = std::move(earlier.remarks);
  if (auto& found = earlier.found) {
    sweep_leftovers(directory, name);
    staged_file file{target, name, std::move(directory), std::move(found->file),
                     std::move(found->hidden_name)};
    file.is_continued_ = true;
    file.journal_ = std::make_unique<staged_journal>(
      source, std::move(journal_directory), file.staged_name_.get(), std::move(found->journal),
      std::move(found->story));
    file.kept_ = file.journal_->held();
    return file;
  }
  auto file = make(std::move(directory), name, target);
  if (!file)
    return file;
  // Its owner stays this user until it is renamed: it could not be told from what others have planted.
  if (has_name(file->directory_, name))
    (void)::fchmod(file->file_.get(), S_IRUSR | S_IWUSR);
  file->journal_ = std::make_unique<staged_journal>(source, std::move(journal_directory),
                                                    file->staged_name_.get());
  return file;
}

staged_file::result<staged_file>
staged_file::create_in(descriptor directory, const std::string& name, const std::string& target) {
  auto file = make(std::move(directory), name, target);
  // What was secret does not lie open meanwhile. And if this process is killed, another of this user can open the
  // file, to remove it.
  if (file)
    take_over_access(file->directory_, name, file->file_, S_IRUSR | S_IWUSR);
  return file;
}

staged_file::result<staged_file> staged_file::make(descriptor directory, const std::string& name,
                                                   const std::string& target) {
  if (name.size() > NAME_MAX)
    return unexpected{make_file_failure("cannot use the file name " + name, ENAMETOOLONG)};
  if (auto refused = refusal_of_name(directory, name, target))
    return unexpected{*std::move(refused)};
  sweep_leftovers(directory, name);
  int error = EEXIST;
  for (int attempt = 0; attempt < max_name_attempts && error == EEXIST; ++attempt) {
    auto staged_name = hidden_prefix(name) + random_suffix();
    // 0666 as any program makes its files: the umask has the say.
    descriptor file{::openat(directory.get(), staged_name.c_str(),
                             O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666)};
    error = file ? EEXIST : errno;
    // Where a file system has no locks nothing is swept either.
    const bool is_ours = file && (lock_hidden(file) || errno != EWOULDBLOCK) && is_linked(file);
    if (is_ours)
      return staged_file{target, name, std::move(directory), std::move(file),
                         std::move(staged_name)};
  }
  return unexpected{
    make_file_failure("cannot make a file in the directory " + directory_of(target), error)};
}

staged_file::result<staged_file> staged_file::create_stream(const std::string& directory,
                                                            int output) {
  descriptor around{::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  descriptor file{::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600)};
  if (!around || !file)
    return unexpected{make_file_failure(
      "cannot make a temporary file in " + directory + " (TMPDIR names another)", errno)};
  staged_file result{"standard output", {}, std::move(around), std::move(file), {}};
  result.stream_.emplace(output);
  return result;
}

staged_file::staged_file(std::string target, std::string name, descriptor directory,
                         descriptor file, std::string staged_name)
  : target_(std::move(target)),
    name_(std::move(name)),
    directory_(std::move(directory)),
    file_(std::move(file)),
    staged_name_(std::move(staged_name)) {}

staged_file::~staged_file() {
  (void)keep();
}

staged_file::result<void> staged_file::size(std::uint64_t bytes) {
  // A stream gives its room back as it goes.
  if (!expects_holes_ && !stream_)
    if (auto refused = refusal_of_size(file_, bytes, target_))
      return unexpected{*std::move(refused)};
  size_ = bytes;
  if (::ftruncate(file_.get(), static_cast<off_t>(bytes)) != 0)
    return unexpected{make_file_failure(
      "cannot resize " + target_ + " to " + std::to_string(bytes) + " bytes", errno)};
  drops_behind_ = outgrows_page_cache(bytes);
  return {};
}

std::uint64_t staged_file::reuse(descriptor older, std::string path) {
  auto copy = older_copy::make(std::move(older), std::move(path));
  if (!copy)
    return 0;
  older_ = std::move(copy);
  return older_->size();
}

std::uint64_t staged_file::reuse_replaced() {
  return reuse(descriptor{::openat(directory_.get(), name_.c_str(),
                                   O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)},
               target_);
}

std::vector<byte_span> staged_file::held() const {
  auto spans = kept_;
  if (older_)
    spans.push_back({0, older_->size()});
  return spans;
}

bool staged_file::was_kept(std::uint64_t offset, std::uint64_t bytes) const noexcept {
  const auto behind
    = std::upper_bound(kept_.begin(), kept_.end(), offset,
                       [](std::uint64_t at, const byte_span& span) { return at < span.offset; });
  return behind != kept_.begin()
         && offset + bytes <= std::prev(behind)->offset + std::prev(behind)->size;
}

void staged_file::keep_blocks(std::uint32_t block_bytes) {
  struct stat info {};
  if (journal_ && ::fstat(file_.get(), &info) == 0)
    journal_->begin(size_, block_bytes, info.st_mode & all_permissions);
}

void staged_file::bypass_page_cache() {
  if (stream_)
    return; // it is read again soon
  direct_.open(file_);
  flush_in_background();
}

void staged_file::flush_in_background() {
  // Both stay until the flush is over, also when this object moves.
  const auto flush = [file = file_.get()] { return ::fdatasync(file) == 0 ? 0 : errno; };
  if (journal_)
    flush_ = std::make_unique<background_flush>(
      [flush, journal = journal_.get()] { return journal->checkpoint(flush); }, recorded_step,
      recorded_interval);
  else
    flush_ = std::make_unique<background_flush>(flush);
}

staged_file::result<void> staged_file::write(std::uint64_t offset,
                                             std::span<const std::byte> bytes) {
  // iovec serves both directions; writing does not write through it.
  const iovec block{const_cast<std::byte*>(bytes.data()), bytes.size()};
  return write(offset, std::span{&block, 1});
}

staged_file::result<void> staged_file::write(std::uint64_t offset, std::span<const iovec> blocks) {
  const auto begin = offset;
  const auto is_zero = [](const iovec& block) { return all_zero(bytes_of(block)); };
  while (!blocks.empty()) {
    const auto zero = std::find_if(blocks.begin(), blocks.end(), is_zero);
    const auto piece = blocks.first(static_cast<std::size_t>(zero - blocks.begin()));
    if (auto written = put(offset, piece); !written)
      return written;
    offset += size_of(piece);
    // And over the zeros behind it, if that is what ended it.
    const auto next = std::find_if_not(zero, blocks.end(), is_zero);
    const auto zeros = std::span{zero, next};
    if (auto cleared = clear(offset, zeros); !cleared)
      return cleared;
    offset += size_of(zeros);
    blocks = {next, blocks.end()};
  }
  if (journal_)
    journal_->written(begin, offset - begin);
  if (flush_)
    flush_->written(offset - begin);
  return pass_on(begin, offset - begin);
}

void staged_file::proven(std::uint64_t offset, std::uint64_t bytes) {
  if (was_kept(offset, bytes)) {
    if (journal_)
      journal_->proven(offset, bytes);
    return;
  }
  if (journal_)
    journal_->written(offset, bytes);
  if (flush_)
    flush_->written(bytes);
}

staged_file::result<void> staged_file::clear(std::uint64_t offset, std::span<const iovec> zeros) {
  const auto bytes = size_of(zeros);
  if (!may_hold_bytes() || bytes == 0 || punch_hole(file_, offset, bytes))
    return {};
  return put(offset, zeros);
}

staged_file::result<void> staged_file::pass_on(std::uint64_t offset, std::uint64_t bytes) {
  return stream_ ? stream_->advance(file_, offset, bytes) : result<void>{};
}

staged_file::result<void> staged_file::put(std::uint64_t offset, std::span<const iovec> blocks) {
  auto written_directly = direct_.write(offset, blocks);
  for (const auto& block : blocks) {
    const auto bytes = bytes_of(block);
    const auto done = std::min(written_directly, bytes.size());
    written_directly -= done;
    if (auto written = put(offset + done, bytes.subspan(done)); !written)
      return written;
    offset += bytes.size();
    // Counted either way: some file systems take direct writes and keep them in the page cache all the same.
    unstarted_ += bytes.size();
  }
  if (unstarted_ >= write_back_step)
    start_write_back();
  return {};
}

staged_file::result<void> staged_file::put(std::uint64_t offset, std::span<const std::byte> bytes) {
  if (const auto stop = write_range(file_, offset, bytes))
    return unexpected{
      failed("write at offset " + std::to_string(stop->offset) + " of", stop->error)};
  return {};
}

staged_file::result<void> staged_file::read_held(std::uint64_t offset, std::span<std::byte> bytes) {
  return was_kept(offset, bytes.size()) ? read(offset, bytes) : take_over(offset, bytes);
}

staged_file::result<void> staged_file::take_over(std::uint64_t offset, std::span<std::byte> bytes) {
  if (!older_)
    return unexpected{file_failure{ENODATA, "nothing of " + target_ + " is held at offset "
                                              + std::to_string(offset)}};
  if (auto taken = older_->read(offset, bytes); !taken)
    return taken;
  const std::span<const std::byte> there = bytes;
  if (all_zero(there) && punch_hole(file_, offset, there.size()))
    return {};
  return put(offset, there);
}

staged_file::result<void> staged_file::read(std::uint64_t offset, std::span<std::byte> bytes) {
  const auto stop = read_range(file_, offset, bytes);
  if (!stop)
    return {};
  const auto what
    = "cannot read what was written for " + target_ + " at offset " + std::to_string(stop->offset);
  if (stop->error == 0)
    return unexpected{file_failure{
      EIO, what + ": the hidden file ends before that, so somebody cut it short; get it again"}};
  return unexpected{make_file_failure(what, stop->error)};
}

void staged_file::start_write_back() noexcept {
  unstarted_ = 0;
  // Only a hint: where a file system does not know it, `sync` does all, and errors show there, too.
  ::sync_file_range(file_.get(), 0, 0, SYNC_FILE_RANGE_WRITE);
  if (drops_behind_)
    ::posix_fadvise(file_.get(), 0, 0, POSIX_FADV_DONTNEED);
}

staged_file::result<void> staged_file::sync() {
  if (stream_)
    return {};
  // A fleet's host says "staged" after this, and must then be able to rename.
  if (auto refused = refusal_of_name(directory_, name_, target_))
    return unexpected{*std::move(refused)};
  if (!journal_)
    take_over_access(directory_, name_, file_); // as it is by now
  if (const auto error = flush_ ? flush_->finish() : 0; error != 0)
    return unexpected{failed("flush", error)};
  if (::fsync(file_.get()) != 0)
    return unexpected{failed("flush", errno)};
  return {};
}

staged_file::result<void> staged_file::publish() {
  auto renamed = rename();
  return renamed ? sync_name() : renamed;
}

staged_file::result<void> staged_file::rename() {
  if (stream_)
    return stream_->written() == size_ ? result<void>{} : unexpected{failed("write all of", EIO)};
  if (auto refused = refusal_of_name(directory_, name_, target_))
    return unexpected{*std::move(refused)};
  if (!is_in_place())
    return unexpected{file_failure{ENOENT, "cannot rename the finished copy to " + target_
                                             + ": its directory was moved or replaced meanwhile; "
                                               "get it again"}};
  if (journal_)
    take_over_access(directory_, name_, file_);
  if (::renameat(directory_.get(), staged_name_.get().c_str(), directory_.get(), name_.c_str())
      != 0)
    return unexpected{failed_rename(errno)};
  staged_name_.clear();
  if (journal_)
    journal_->remove();
  sweep_superseded(directory_, name_);
  return {};
}

staged_file::result<void> staged_file::sync_name() {
  if (journal_ && ::fsync(file_.get()) != 0) // its owner and permissions are new
    return unexpected{failed("flush", errno)};
  // Some file systems cannot sync a directory; the rename is done all the same.
  if (!stream_ && ::fsync(directory_.get()) != 0 && errno != EINVAL && errno != ENOTSUP)
    return unexpected{failed("sync the directory of", errno)};
  return {};
}

std::optional<kept_part> staged_file::keep() noexcept {
  if (!journal_ || staged_name_.empty()) {
    discard();
    return std::nullopt;
  }
  if (flush_)
    (void)flush_->finish(); // what it failed for is not recorded
  (void)journal_->checkpoint([this] { return ::fdatasync(file_.get()) == 0 ? 0 : errno; });
  return keep_recorded();
}

std::optional<kept_part> staged_file::keep_recorded() noexcept {
  // Where the next transfer looks for it.
  const auto is_there = journal_ && !staged_name_.empty() && is_in_place() && is_linked(file_);
  const auto bytes = is_there ? journal_->recorded_bytes() : 0;
  if (bytes == 0) {
    discard();
    return std::nullopt;
  }
  kept_part kept{staged_path(), bytes, journal_->failure()};
  staged_name_.clear();
  return kept;
}

/// The journal first: without it the hidden file is removed by the next transfer, should this process be killed in between.
void staged_file::discard() noexcept {
  if (staged_name_.empty())
    return;
  if (journal_)
    journal_->remove();
  ::unlinkat(directory_.get(), staged_name_.get().c_str(), 0);
  staged_name_.clear();
}

std::string staged_file::staged_path() const {
  return (fs::path{directory_of(target_)} / staged_name_.get()).string();
}

bool staged_file::is_in_place() const {
  struct stat opened {};
  struct stat named {};
  if (directory_name_.empty() || ::fstat(directory_.get(), &opened) != 0)
    return true;
  if (::stat(directory_name_.c_str(), &named) != 0)
    return errno != ENOENT && errno != ENOTDIR;
  return opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
}

file_failure staged_file::failed_rename(int error) const {
  if (error == ENOENT && !is_linked(file_))
    return {error, "cannot rename the finished copy to " + target_
                     + ": somebody removed it meanwhile, or its directory; get it again"};
  return failed("rename the finished copy to", error);
}

file_failure staged_file::failed(const std::string& what, int error) const {
  return make_file_failure("cannot " + what + " " + target_, error);
}

} // namespace fleetcast::apps
