#include "actors/serve/digest_cache.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace digest_cache_test {
namespace {

using namespace fleetcast::actors;
using fleetcast::protocol::block_number;
using fleetcast::protocol::digest_run;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using bytes = std::vector<std::byte>;

constexpr std::size_t page = 4096;

digest_run run(block_number first, block_number end, int salt = 0) {
  digest_run result{first, {}};
  for (auto b = first; b < end; ++b)
    result.digests.push_back({static_cast<std::byte>(b), static_cast<std::byte>(salt)});
  return result;
}

/// An object of 100 blocks.
digest_key key(int number) {
  digest_key result{{}, 100'000, 1000};
  result.version.front() = static_cast<std::byte>(number);
  return result;
}

/// A disk on which everything can go wrong.
struct disk {
  struct file {
    std::string name;
    bytes contents;
  };

  std::list<file> files; ///< the one that was used longest ago first
  std::string foreign;   ///< begins the name of files that are not ours
  int write_error = 0;
  int remove_error = 0;
  std::optional<std::size_t> room; ///< bytes that can still be written
  unsigned calls = 0;

  std::uint64_t size() const {
    std::uint64_t result = 0;
    for (const auto& f : files)
      result += f.contents.size();
    return result;
  }
};

class scripted_store final : public digest_store {
public:
  explicit scripted_store(std::shared_ptr<disk> on) : disk_(std::move(on)) {}

  std::string name() const override { return "/state/digests"; }

  tl::expected<std::vector<found>, store_fault> list() override {
    std::vector<found> result;
    for (const auto& f : disk_->files)
      result.push_back({f.name, f.contents.size()});
    return result;
  }

  tl::expected<bytes, store_fault> read(const std::string& file, std::uint64_t most) override {
    if (auto wrong = look_at(file); wrong.error != 0)
      return tl::unexpected{wrong};
    if (used(file).contents.size() > most)
      return tl::unexpected{store_fault{EFBIG, {}}};
    return used(file).contents;
  }

  store_outcome create(const std::string& file, std::span<const std::byte> what) override {
    if (auto wrong = look_at(file); wrong.error != 0 && wrong.error != ENOENT)
      return tl::unexpected{wrong};
    if (disk_->write_error != 0)
      return tl::unexpected{store_fault{disk_->write_error, {}}};
    std::erase_if(disk_->files, [&](const auto& f) { return f.name == file; });
    disk_->files.push_back({file, {}});
    return write(disk_->files.back().contents, what);
  }

  store_outcome append(const std::string& file, std::span<const std::byte> what) override {
    if (auto wrong = look_at(file); wrong.error != 0)
      return tl::unexpected{wrong};
    if (disk_->write_error != 0)
      return tl::unexpected{store_fault{disk_->write_error, {}}};
    return write(used(file).contents, what);
  }

  store_outcome cut(const std::string& file, std::uint64_t size) override {
    if (disk_->write_error != 0)
      return tl::unexpected{store_fault{disk_->write_error, {}}};
    used(file).contents.resize(size);
    return {};
  }

  store_outcome remove(const std::string& file) override {
    if (auto wrong = look_at(file); wrong.error != 0)
      return tl::unexpected{wrong};
    if (disk_->remove_error != 0)
      return tl::unexpected{store_fault{disk_->remove_error, {}}};
    std::erase_if(disk_->files, [&](const auto& f) { return f.name == file; });
    return {};
  }

private:
  store_fault look_at(const std::string& file) const {
    ++disk_->calls;
    if (!disk_->foreign.empty() && file.starts_with(disk_->foreign))
      return {EPERM, "it is a link"};
    const auto known = std::any_of(disk_->files.begin(), disk_->files.end(),
                                   [&](const auto& f) { return f.name == file; });
    return {known ? 0 : ENOENT, {}};
  }

  disk::file& used(const std::string& file) {
    auto& all = disk_->files;
    const auto i
      = std::find_if(all.begin(), all.end(), [&](const auto& f) { return f.name == file; });
    all.splice(all.end(), all, i);
    return all.back();
  }

  /// As much as there is room for.
  store_outcome write(bytes& to, std::span<const std::byte> what) {
    const auto fits = std::min(what.size(), disk_->room.value_or(what.size()));
    to.insert(to.end(), what.begin(), what.begin() + static_cast<std::ptrdiff_t>(fits));
    if (disk_->room)
      *disk_->room -= fits;
    return fits == what.size() ? store_outcome{} : tl::unexpected{store_fault{ENOSPC, {}}};
  }

  std::shared_ptr<disk> disk_;
};

class DigestCache : public ::testing::Test {
protected:
  /// As after a restart of the server.
  void start(std::uint64_t bound = digest_cache::usual_bound) {
    cache.emplace(
      std::make_unique<scripted_store>(on),
      [this](const std::string& what) { told.push_back(what); }, bound);
  }

  void keep(int object, std::vector<digest_run> runs) { cache->keep(key(object), runs); }

  std::vector<digest_run> find(int object) { return cache->find(key(object)); }

  std::shared_ptr<disk> on = std::make_shared<disk>();
  std::vector<std::string> told;
  std::optional<digest_cache> cache;
};

TEST_F(DigestCache, KnowsAfterARestartWhatItWasTold) {
  start();
  EXPECT_THAT(find(1), IsEmpty());
  keep(1, {run(0, 10), run(20, 21)});
  keep(1, {run(10, 15)});
  start();
  EXPECT_THAT(find(1), ElementsAre(run(0, 15), run(20, 21)));
  EXPECT_THAT(find(2), IsEmpty());
  EXPECT_THAT(told, IsEmpty());
}

TEST_F(DigestCache, CutsATornTailAndGoesOnBehindIt) {
  start();
  keep(1, {run(0, 10)});
  keep(1, {run(10, 20)});
  on->files.back().contents.pop_back();
  start();
  EXPECT_THAT(find(1), ElementsAre(run(0, 10)));
  keep(1, {run(30, 40)});
  start();
  EXPECT_THAT(find(1), ElementsAre(run(0, 10), run(30, 40)));
}

TEST_F(DigestCache, ReplacesAFileWithATornOrForeignHeader) {
  start();
  keep(1, {run(0, 10)});
  on->files.back().contents.resize(digest_header_size - 1);
  start();
  EXPECT_THAT(find(1), IsEmpty());
  EXPECT_THAT(on->files, IsEmpty());
  keep(1, {run(0, 5)});
  EXPECT_THAT(find(1), ElementsAre(run(0, 5)));
  on->files.back().contents.front() ^= std::byte{1};
  EXPECT_THAT(find(1), IsEmpty());
  EXPECT_THAT(told, IsEmpty()) << "nobody needs to know";
}

TEST_F(DigestCache, MayLoseAFileAtAnyTime) {
  start();
  keep(1, {run(0, 10)});
  on->files.clear();
  keep(1, {run(10, 20)});
  EXPECT_THAT(find(1), ElementsAre(run(10, 20)));
  on->files.clear();
  EXPECT_THAT(find(1), IsEmpty());
  EXPECT_EQ(cache->size(), 0U);
  EXPECT_FALSE(cache->is_off());
}

TEST_F(DigestCache, NeverBelievesAgainWhatWasDropped) {
  start();
  keep(1, {run(0, 10)});
  const auto untrue = on->files;
  cache->drop(key(1));
  EXPECT_THAT(on->files, IsEmpty());
  keep(1, {run(0, 10, 1)});
  EXPECT_THAT(on->files, IsEmpty()) << "another transmission may have hashed it before";
  on->files = untrue;
  EXPECT_THAT(find(1), IsEmpty()) << "another process may have written it";
}

/// What it cannot remember it would believe again.
TEST_F(DigestCache, IsOffWhenItHasMoreToDistrustThanItRemembers) {
  start();
  const auto numbered = [](std::size_t number) {
    auto result = key(static_cast<int>(number % 256));
    result.version.back() = static_cast<std::byte>(number / 256);
    return result;
  };
  for (std::size_t i = 0; i < digest_cache::most_remembered; ++i)
    cache->drop(numbered(i));
  cache->drop(numbered(0)); // is distrusted already
  EXPECT_FALSE(cache->is_off());
  EXPECT_THAT(told, IsEmpty());
  const auto last = numbered(digest_cache::most_remembered);
  const std::vector<digest_run> runs{run(0, 10)};
  cache->keep(last, runs);
  const auto untrue = on->files;
  cache->drop(last);
  EXPECT_TRUE(cache->is_off());
  EXPECT_THAT(told, ElementsAre(HasSubstr("more than 1000 times")));
  EXPECT_THAT(on->files, IsEmpty()) << "the next process would believe it";
  cache->keep(last, runs);
  EXPECT_THAT(on->files, IsEmpty());
  on->files = untrue;
  EXPECT_THAT(cache->find(last), IsEmpty());
}

/// Else the next transmission would meet the same untrue digest.
TEST_F(DigestCache, IsOffWhenItCannotDropAFile) {
  start();
  keep(1, {run(0, 10)});
  on->remove_error = EROFS;
  cache->drop(key(1));
  cache->drop(key(1));
  EXPECT_TRUE(cache->is_off());
  EXPECT_THAT(find(1), IsEmpty());
  EXPECT_EQ(told.size(), 1U);
}

// -- the bound ------------------------------------------------------------------------------------

TEST_F(DigestCache, RemovesWhatWasUsedLongestAgo) {
  start(3 * page);
  for (const int object : {1, 2, 3})
    keep(object, {run(0, 50)});
  EXPECT_FALSE(find(1).empty()); // is use
  keep(4, {run(0, 50)});
  EXPECT_FALSE(find(1).empty());
  EXPECT_THAT(find(2), IsEmpty());
  EXPECT_FALSE(find(3).empty());
  EXPECT_FALSE(find(4).empty());
  EXPECT_EQ(cache->size(), 3 * page);
  EXPECT_EQ(cache->files(), 3U);
}

TEST_F(DigestCache, RemembersOrderAndSizeOverARestart) {
  start(3 * page);
  for (const int object : {1, 2, 3})
    keep(object, {run(0, 50)});
  EXPECT_FALSE(find(1).empty());
  start(3 * page);
  keep(4, {run(0, 50)});
  EXPECT_THAT(find(2), IsEmpty());
  EXPECT_FALSE(find(1).empty());
}

TEST_F(DigestCache, MakesRoomForAFileThatGrowsWithoutRemovingIt) {
  start(3 * page);
  for (const int object : {1, 2, 3})
    keep(object, {run(0, 50)});
  std::vector<digest_run> more;
  for (block_number b = 40; b < 100; ++b)
    more.push_back(run(b, b + 1));
  keep(1, more);
  EXPECT_EQ(cache->size(), 3 * page);
  EXPECT_THAT(find(1), ElementsAre(run(0, 100)));
  EXPECT_THAT(find(2), IsEmpty());
  EXPECT_FALSE(find(3).empty());
}

TEST_F(DigestCache, KeepsToABoundThatBecameSmaller) {
  start();
  for (const int object : {1, 2, 3})
    keep(object, {run(0, 50)});
  start(2 * page);
  EXPECT_EQ(on->files.size(), 2U);
  EXPECT_THAT(find(1), IsEmpty());
}

/// Transmissions that hash the same blocks must not fill the directory.
TEST_F(DigestCache, BoundsWhatOneObjectTakes) {
  start();
  for (int i = 0; i < 100; ++i)
    keep(1, {run(0, 50)});
  EXPECT_LE(on->size(), digest_header_size + digest_record_overhead + 101 * 96U);
  EXPECT_THAT(find(1), ElementsAre(run(0, 50)));
}

TEST_F(DigestCache, NeverExceedsItsBoundWithOneObject) {
  start(page);
  for (block_number b = 0; b < 100; ++b)
    keep(1, {run(b, b + 1)});
  EXPECT_LE(on->size(), page);
  EXPECT_EQ(on->files.size(), 1U);
  EXPECT_FALSE(find(1).empty());
}

TEST_F(DigestCache, CountsFilesThatMadeRoomForOthers) {
  start(3 * page);
  for (const int object : {1, 2, 3})
    keep(object, {run(0, 50)});
  EXPECT_EQ(cache->evicted(), 0U);
  keep(4, {run(0, 50)});
  keep(5, {run(0, 50)});
  EXPECT_EQ(cache->evicted(), 2U);
  cache->drop(key(5));
  EXPECT_EQ(cache->evicted(), 2U) << "that one was removed for another reason";
  start(page);
  EXPECT_EQ(cache->evicted(), 1U) << "there are two, and room for one";
}

TEST_F(DigestCache, CountsBlocksWhoseDigestsItDoesNotKeep) {
  start(page);
  keep(1, {run(0, 10), run(20, 25)});
  keep(1, {});
  EXPECT_EQ(cache->not_kept(), 0U);
  for (int i = 0; i < 10; ++i)
    keep(1, {run(30, 60)});
  const auto full = cache->not_kept();
  EXPECT_GT(full, 0U) << "its file is full";
  EXPECT_EQ(full % 30, 0U) << "batches are kept or not";
  cache->drop(key(1));
  keep(1, {run(0, 10), run(20, 25)});
  EXPECT_EQ(cache->not_kept(), full + 15) << "it is not believed";
  on->write_error = ENOSPC;
  keep(2, {run(0, 3)});
  EXPECT_EQ(cache->not_kept(), full + 18) << "the disk is full";
  keep(2, {run(0, 4)});
  EXPECT_EQ(cache->not_kept(), full + 22) << "it is off";
}

TEST_F(DigestCache, TouchesNoFilesOfOthersInItsDirectory) {
  on->files.push_back({"notes.txt", bytes(10 * page)});
  on->files.push_back({std::string(64, 'x') + ".digests", bytes(10 * page)});
  start(2 * page);
  keep(1, {run(0, 50)});
  EXPECT_EQ(on->files.size(), 3U);
  EXPECT_EQ(cache->size(), page);
}

// -- what goes wrong ------------------------------------------------------------------------------

TEST_F(DigestCache, IsOffOnceTheDiskIsFullAndSaysSoOnce) {
  start();
  keep(1, {run(0, 10)});
  on->room = 100;
  for (int i = 0; i < 3; ++i)
    keep(1, {run(10, 20)});
  keep(2, {run(0, 10)});
  EXPECT_TRUE(cache->is_off());
  EXPECT_THAT(told, ElementsAre(HasSubstr("No space left on device")));
  on->room.reset();
  const auto before = on->calls;
  keep(3, {run(0, 10)});
  EXPECT_EQ(on->calls, before) << "it stays off";
  start();
  EXPECT_THAT(find(1), ElementsAre(run(0, 10))) << "what was torn counts for nothing";
}

/// Whatever is left where writing stopped.
TEST_F(DigestCache, HasRightDigestsOrNoneWhereverTheDiskBecameFull) {
  for (std::size_t room = 0; room < 1000; room += 7) {
    *on = {};
    start();
    on->room = room;
    keep(1, {run(0, 5)});
    keep(1, {run(5, 10), run(20, 25)});
    on->room.reset();
    start();
    for (const auto& found : find(1))
      for (auto b = found.first; b < found.end(); ++b)
        ASSERT_EQ(found.digests[b - found.first], run(b, b + 1).digests.front()) << room;
    keep(1, {run(0, 25)});
    ASSERT_THAT(find(1), ElementsAre(run(0, 25))) << room;
  }
}

TEST_F(DigestCache, OnAReadOnlyDiskIsOff) {
  start();
  on->write_error = EROFS;
  keep(1, {run(0, 10)});
  EXPECT_TRUE(cache->is_off());
  EXPECT_EQ(told.size(), 1U);
}

TEST_F(DigestCache, LeavesAPlantedFileAloneAndNamesItOnce) {
  start();
  keep(2, {run(0, 10)});
  keep(1, {run(0, 10)});
  on->foreign = "01";
  for (int i = 0; i < 3; ++i) {
    EXPECT_THAT(find(1), IsEmpty());
    keep(1, {run(0, 10)});
    cache->drop(key(1));
  }
  EXPECT_THAT(told, ElementsAre(HasSubstr("/state/digests/01")));
  EXPECT_FALSE(cache->is_off());
  EXPECT_FALSE(find(2).empty());
  EXPECT_EQ(on->files.size(), 2U);
}

} // namespace
} // namespace digest_cache_test
