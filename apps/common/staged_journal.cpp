#include "apps/common/staged_journal.hpp"

#include "apps/common/leftovers.hpp"

#include <algorithm>
#include <random>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace fleetcast::apps {

namespace {

/// What a disk held before must not pass for records of this journal.
std::uint64_t random_id() {
  std::random_device device;
  return std::uint64_t{device()} << 32U | device();
}

} // namespace

staged_journal::staged_journal(copy_source source, descriptor directory,
                               const std::string& hidden_name,
                               std::unique_ptr<disk_journal> earlier,
                               std::optional<journal_story> story)
  : source_(std::move(source)),
    directory_(std::move(directory)),
    name_(journal_name_of(hidden_name)),
    earlier_(std::move(earlier)),
    story_(std::move(story)) {}

std::vector<byte_span> staged_journal::held() const {
  std::vector<byte_span> result;
  if (!story_)
    return result;
  const auto& identity = story_->identity;
  for (const auto& span : story_->blocks) {
    const auto offset = std::uint64_t{span.first} * identity.block_size;
    const auto size = std::uint64_t{span.count} * identity.block_size;
    if (offset < identity.object_size)
      result.push_back({offset, std::min(size, identity.object_size - offset)});
  }
  return result;
}

void staged_journal::begin(std::uint64_t object_size, std::uint32_t block_size,
                           mode_t permissions) {
  block_size_ = block_size;
  const journal_identity identity{source_, object_size, block_size, permissions, {}};
  if (!fits(identity)) {
    refused_ = begin_anew(identity);
    return;
  }
  journal_ = std::make_unique<journal>(std::move(earlier_));
  is_anew_ = false;
  if (const auto error = journal_->resume(*story_); error != 0)
    refused_ = make_file_failure("cannot write the journal " + name_, error);
}

bool staged_journal::fits(const journal_identity& identity) const {
  return earlier_ && story_ && story_->identity.object_size == identity.object_size
         && story_->identity.block_size == identity.block_size;
}

std::optional<file_failure> staged_journal::begin_anew(const journal_identity& identity) {
  earlier_.reset();
  remove();
  auto file = disk_journal::create(directory_, name_);
  if (!file)
    return std::move(file.error());
  auto one = std::make_unique<journal>(std::move(*file));
  if (const auto error = one->begin(identity, random_id()); error != 0) {
    remove();
    return make_file_failure("cannot write the journal " + name_, error);
  }
  journal_ = std::move(one);
  return std::nullopt;
}

void staged_journal::written(std::uint64_t offset, std::uint64_t bytes) {
  if (!journal_ || refused_)
    return;
  journal_->written({static_cast<std::uint32_t>(offset / block_size_),
                     static_cast<std::uint32_t>((bytes + block_size_ - 1) / block_size_)});
}

void staged_journal::proven(std::uint64_t offset, std::uint64_t bytes) {
  if (is_anew_)
    written(offset, bytes);
}

int staged_journal::checkpoint(const std::function<int()>& flush) {
  return journal_ ? journal_->checkpoint(flush) : flush();
}

std::uint64_t staged_journal::recorded_bytes() const {
  const auto found = disk_journal::open(directory_, name_);
  const auto story = found ? read_journal(found->contents) : std::nullopt;
  return story ? story->bytes() : 0;
}

std::optional<file_failure> staged_journal::failure() const {
  if (refused_ || !journal_ || journal_->error() == 0)
    return refused_;
  return make_file_failure("cannot write the journal " + name_, journal_->error());
}

void staged_journal::remove() noexcept {
  ::unlinkat(directory_.get(), name_.c_str(), 0);
}

} // namespace fleetcast::apps
