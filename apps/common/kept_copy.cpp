#include "apps/common/kept_copy.hpp"

#include "apps/common/leftovers.hpp"
#include "apps/common/progress.hpp"

#include <fmt/format.h>
#include <tl/expected.hpp>

#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace fleetcast::apps {

namespace {

/// Of sentences: a stranger can plant any number of files.
constexpr std::size_t most_remarks = 8;

/// Any permissions but set-id and sticky bits.
constexpr mode_t plain_permissions = 0777;

descriptor open_kept(const descriptor& directory, const std::string& name) {
  return descriptor{
    ::openat(directory.get(), name.c_str(), O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)};
}

/// Another process may have published or removed it before it was locked.
bool still_has_name(const descriptor& directory, const std::string& name, const descriptor& file) {
  struct stat opened {};
  struct stat named {};
  return ::fstat(file.get(), &opened) == 0
         && ::fstatat(directory.get(), name.c_str(), &named, AT_SYMLINK_NOFOLLOW) == 0
         && opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
}

std::string described(const journal_story& story) {
  const auto& from = story.identity.source;
  return fmt::format("{} of {}/{}", format_bytes(story.bytes()), from.name_space, from.object);
}

class search {
public:
  search(const descriptor& directory, const copy_source& wanted, bool fresh)
    : directory_(directory),
      wanted_(wanted),
      fresh_(fresh) {}

  void look_at(const std::string& name) {
    auto file = open_kept(directory_, name);
    if (!file)
      return leave_alone(name, "it cannot be opened");
    if (const auto why = refusal_of_found(file, plain_permissions))
      return leave_alone(name, *why);
    if (!lock_hidden(file))
      return leave_alone(name, errno == EWOULDBLOCK ? "a transfer that still runs writes to it"
                                                    : "it cannot be locked");
    if (still_has_name(directory_, name, file))
      read_journal_of(name, std::move(file));
  }

  kept_search result() && { return std::move(result_); }

private:
  void read_journal_of(const std::string& name, descriptor file) {
    auto journal = disk_journal::open(directory_, journal_name_of(name));
    if (!journal)
      return remark(std::move(journal.error().text));
    auto story = read_journal(journal->contents);
    if (!story)
      return remove(name, "its journal has no whole header, so nothing is known of it");
    if (const auto why = refusal_of_found(file, story->identity.permissions))
      return leave_alone(name, *why);
    if (fresh_)
      return remove(name, described(*story) + ": --fresh starts over");
    const auto& from = story->identity.source;
    if (from.name_space != wanted_.name_space || from.object != wanted_.object)
      return remove(name, described(*story) + ", which is another object");
    if (story->blocks.empty())
      return remove(name, {});
    choose({std::move(file), name, std::move(journal->file), *std::move(story)});
  }

  void choose(kept_copy one) {
    if (result_.found && result_.found->story.bytes() >= one.story.bytes())
      std::swap(*result_.found, one);
    if (auto less = std::exchange(result_.found, std::move(one)))
      remove(less->hidden_name, described(less->story) + ", and another one has more");
  }

  /// Before the hidden file, which is swept without a journal should this process be killed in between. No reason:
  /// nothing is lost that anybody could miss.
  void remove(const std::string& name, const std::string& why) {
    for (const auto& each : {journal_name_of(name), name})
      (void)::unlinkat(directory_.get(), each.c_str(), 0);
    if (!why.empty())
      remark("removed the unfinished copy " + name + " (" + why + ")");
  }

  void leave_alone(const std::string& name, const std::string& why) {
    remark("the unfinished copy " + name + " is left alone: " + why);
  }

  void remark(std::string sentence) {
    auto& all = result_.remarks;
    if (all.size() < most_remarks)
      all.push_back(std::move(sentence));
    else if (all.size() == most_remarks)
      all.emplace_back("there are further unfinished copies that are not continued");
  }

  const descriptor& directory_;
  const copy_source& wanted_;
  bool fresh_;
  kept_search result_;
};

} // namespace

kept_search find_kept(const descriptor& directory, const std::string& target_name,
                      const copy_source& wanted, bool fresh) {
  search one{directory, wanted, fresh};
  for (const auto& name : list_hidden(directory, target_name))
    if (has_name(directory, journal_name_of(name)))
      one.look_at(name);
  return std::move(one).result();
}

} // namespace fleetcast::apps
