/// The power fails. What a journal and its data's file were asked to do is recorded, and replayed as a disk may have come
/// to know it: up to every moment; of what was not flushed then, every subset (drawn by chance where there are many); of
/// the last write that reached the disk, a part of its last sector. No journal that is left may tell of a block that is not
/// there, or have forgotten one that was recorded for good.
#include "apps/common/journal.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <vector>

namespace fleetcast::apps {
namespace journal_crash_test {
namespace {

using bytes = std::vector<std::byte>;

constexpr std::size_t sector = 512;
constexpr std::uint32_t block_size = 2 * sector;
constexpr std::uint32_t blocks = 40;

/// Up to this many unflushed writes every subset is tried; with more, `tries_by_chance` random ones.
constexpr std::size_t most_tried_wholly = 12;
constexpr std::size_t tries_by_chance = 128;

bytes content_of(std::uint32_t block) {
  bytes result(block_size);
  for (std::size_t i = 0; i < result.size(); ++i)
    result[i] = static_cast<std::byte>((block * 37 + i * 11) % 255 + 1); // never what a hole has
  return result;
}

enum class file_kind : std::size_t { journal, data };

struct event {
  enum class kind { write, truncate, sync, sync_directory };

  kind what;
  file_kind where;
  std::uint64_t offset = 0; ///< truncate: the size
  bytes content{};

  bool changes_file() const { return what == kind::write || what == kind::truncate; }
};

void put(bytes& file, std::uint64_t offset, std::span<const std::byte> what) {
  file.resize(std::max<std::size_t>(file.size(), offset + what.size()));
  std::copy(what.begin(), what.end(), file.begin() + static_cast<std::ptrdiff_t>(offset));
}

/// What the disk has.
struct disk {
  std::array<bytes, 2> files;
  bool has_name = false; ///< of the journal

  bytes& at(file_kind k) { return files[static_cast<std::size_t>(k)]; }
  const bytes& at(file_kind k) const { return files[static_cast<std::size_t>(k)]; }

  void apply(const event& e) {
    if (e.what == event::kind::write)
      put(at(e.where), e.offset, e.content);
    else if (e.what == event::kind::truncate)
      at(e.where).resize(e.offset);
  }

  /// Of the write `e`: all whole sectors but the last one, and of that what `how` says.
  void tear(const event& e, unsigned how) {
    auto& file = at(e.where);
    const auto last = (e.content.size() - 1) / sector * sector;
    const auto half = (e.content.size() - last) / 2;
    const std::span content{e.content};
    put(file, e.offset, content.first(last));
    if (how == 0)
      put(file, e.offset + last, content.subspan(last, half));
    else if (how == 1)
      put(file, e.offset + last + half, content.subspan(last + half));
    else
      put(file, e.offset + last, bytes(e.content.size() - last, std::byte{0xee}));
  }
};

constexpr unsigned ways_to_tear = 3;

/// What was asked for, in order.
using history = std::vector<event>;

struct recorded_file final : journal_file {
  explicit recorded_file(history& h) : all(h) {}

  int write(std::uint64_t offset, std::span<const std::byte> what) override {
    all.push_back({event::kind::write, file_kind::journal, offset, {what.begin(), what.end()}});
    return 0;
  }
  int truncate(std::uint64_t size) override {
    all.push_back({event::kind::truncate, file_kind::journal, size});
    return 0;
  }
  int sync() override {
    all.push_back({event::kind::sync, file_kind::journal});
    return 0;
  }
  int sync_directory() override {
    all.push_back({event::kind::sync_directory, file_kind::journal});
    return 0;
  }

  history& all;
};

/// A transfer, as a staged file and its journal see it.
struct transfer_on {
  explicit transfer_on(disk begin) : base(std::move(begin)) {}

  void write(std::uint32_t block) {
    all.push_back(
      {event::kind::write, file_kind::data, std::uint64_t{block} * block_size, content_of(block)});
    kept.written({block, 1});
  }

  void checkpoint() {
    EXPECT_EQ(kept.checkpoint([this] {
      if (flushes_data)
        all.push_back({event::kind::sync, file_kind::data});
      return 0;
    }),
              0);
  }

  disk base;
  history all;
  journal kept{std::make_unique<recorded_file>(all)};
  bool flushes_data = true;
};

/// Looks at every way in which the power can fail.
class power_failure {
public:
  explicit power_failure(std::uint64_t seed) : random_(seed) {}

  std::uint64_t looked_at = 0;
  std::uint64_t lies = 0;      ///< blocks that were told of and are not there
  std::uint64_t forgotten = 0; ///< that were recorded for good and are not told of
  std::vector<disk> torn;      ///< some, with a journal that ends in the middle of a record

  void in(const transfer_on& t) {
    for (std::size_t moment = 0; moment <= t.all.size(); ++moment)
      at(t, moment);
  }

private:
  void at(const transfer_on& t, std::size_t moment) {
    auto stable = t.base;
    std::vector<const event*> loose;
    for (const auto kind : {file_kind::journal, file_kind::data}) {
      const auto flushed = flushed_to(t.all, moment, kind);
      for (std::size_t i = 0; i < moment; ++i) {
        const auto& e = t.all[i];
        if (e.where != kind || !e.changes_file())
          continue;
        if (i < flushed)
          stable.apply(e);
        else
          loose.push_back(&e);
      }
    }
    stable.has_name
      = stable.has_name
        || std::any_of(t.all.begin(), t.all.begin() + static_cast<std::ptrdiff_t>(moment),
                       [](const event& e) { return e.what == event::kind::sync_directory; });
    const auto promised = stable.has_name ? blocks_told(stable) : std::set<std::uint32_t>{};
    if (loose.size() <= most_tried_wholly) {
      for (std::uint64_t which = 0; which < std::uint64_t{1} << loose.size(); ++which)
        with(stable, loose, which, promised);
      return;
    }
    for (std::size_t i = 0; i < tries_by_chance; ++i)
      with(stable, loose, random_(), promised);
  }

  /// Everything of this file before that was flushed.
  static std::size_t flushed_to(const history& all, std::size_t moment, file_kind kind) {
    for (auto i = moment; i > 0; --i)
      if (all[i - 1].what == event::kind::sync && all[i - 1].where == kind)
        return i;
    return 0;
  }

  void with(const disk& stable, const std::vector<const event*>& loose, std::uint64_t which,
            const std::set<std::uint32_t>& promised) {
    auto left = stable;
    const event* last = nullptr;
    for (std::size_t i = 0; i < loose.size(); ++i) {
      if ((which >> i % 64 & 1U) == 0)
        continue;
      if (last != nullptr)
        left.apply(*last);
      last = loose[i];
    }
    if (last != nullptr && last->what == event::kind::write)
      for (unsigned how = 0; how < ways_to_tear; ++how) {
        auto damaged = left;
        damaged.tear(*last, how);
        look(damaged, promised);
        if (last->where == file_kind::journal && stable.has_name && torn.size() < 5)
          torn.push_back(damaged);
      }
    if (last != nullptr)
      left.apply(*last);
    look(left, promised);
  }

  void look(const disk& left, const std::set<std::uint32_t>& promised) {
    ++looked_at;
    const auto& told = blocks_told(left);
    for (const auto block : told)
      lies += is_there(left, block) ? 0 : 1;
    for (const auto block : promised)
      forgotten += told.contains(block) ? 0 : 1;
  }

  static bool is_there(const disk& left, std::uint32_t block) {
    const auto& data = left.at(file_kind::data);
    const auto content = content_of(block);
    const auto offset = std::size_t{block} * block_size;
    return data.size() >= offset + block_size
           && std::equal(content.begin(), content.end(),
                         data.begin() + static_cast<std::ptrdiff_t>(offset));
  }

  const std::set<std::uint32_t>& blocks_told(const disk& left) {
    const auto [i, is_new] = told_.try_emplace(left.at(file_kind::journal));
    if (is_new)
      if (const auto story = read_journal(i->first))
        for (const auto& span : story->blocks)
          for (std::uint32_t b = 0; b < span.count; ++b)
            i->second.insert(span.first + b);
    return i->second;
  }

  std::mt19937_64 random_;
  std::map<bytes, std::set<std::uint32_t>> told_; ///< by the journal's bytes
};

journal_identity identity() {
  return {{"server", "lab", "image"}, std::uint64_t{blocks} * block_size, block_size, 0600, {}};
}

bool tells_of(const std::vector<block_span>& spans, std::uint32_t block) {
  return std::any_of(spans.begin(), spans.end(), [block](const block_span& s) {
    return block >= s.first && block - s.first < s.count;
  });
}

/// What is not there yet: some blocks, a checkpoint, and so on.
void run(transfer_on& t, const std::vector<block_span>& there, std::mt19937_64& random) {
  std::vector<std::uint32_t> lacking;
  for (std::uint32_t block = 0; block < 30; ++block)
    if (!tells_of(there, block))
      lacking.push_back(block);
  for (std::size_t next = 0; next < lacking.size();) {
    const auto end = std::min<std::size_t>(next + 1 + random() % 9, lacking.size());
    for (; next < end; ++next)
      t.write(lacking[next]);
    t.checkpoint();
  }
  for (std::uint32_t block = 36; block < 39; ++block)
    t.write(block); // and what no checkpoint covers
}

class JournalCrash : public testing::TestWithParam<std::uint64_t> {};

TEST_P(JournalCrash, NoFailureOfThePowerMakesItTellOfABlockThatIsNotThere) {
  SCOPED_TRACE(testing::Message() << "seed " << GetParam());
  std::mt19937_64 random{GetParam()};
  power_failure failure{GetParam()};
  transfer_on t{disk{}};
  ASSERT_EQ(t.kept.begin(identity(), random()), 0);
  run(t, {}, random);
  failure.in(t);
  EXPECT_EQ(failure.lies, 0U);
  EXPECT_EQ(failure.forgotten, 0U);
  EXPECT_GT(failure.looked_at, 1000U);

  // And again while the next one goes on with what was left.
  ASSERT_FALSE(failure.torn.empty());
  for (const auto& left : std::vector<disk>{failure.torn}) {
    const auto story = read_journal(left.at(file_kind::journal));
    if (!story)
      continue;
    transfer_on next{left};
    ASSERT_EQ(next.kept.resume(*story), 0);
    run(next, story->blocks, random);
    failure.in(next);
  }
  EXPECT_EQ(failure.lies, 0U);
  EXPECT_EQ(failure.forgotten, 0U);
}

INSTANTIATE_TEST_SUITE_P(Seeds, JournalCrash, testing::Values(1, 2, 3));

TEST(JournalCrash, ManyUnflushedWritesAreTriedByChance) {
  std::mt19937_64 random{4};
  power_failure failure{4};
  transfer_on t{disk{}};
  ASSERT_EQ(t.kept.begin(identity(), random()), 0);
  for (std::uint32_t block = 0; block < 30; ++block)
    t.write(block);
  t.checkpoint();
  failure.in(t);
  EXPECT_EQ(failure.lies, 0U);
}

/// The test itself would notice: here data is not flushed before it is recorded.
TEST(JournalCrash, RecordsAheadOfTheirDataWouldBeFound) {
  std::mt19937_64 random{5};
  power_failure failure{5};
  transfer_on t{disk{}};
  t.flushes_data = false;
  ASSERT_EQ(t.kept.begin(identity(), random()), 0);
  run(t, {}, random);
  failure.in(t);
  EXPECT_GT(failure.lies, 0U);
}

} // namespace
} // namespace journal_crash_test
} // namespace fleetcast::apps
