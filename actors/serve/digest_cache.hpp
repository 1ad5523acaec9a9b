/// Digests of blocks that this server has hashed before, also before it was started again: one file for each version of an
/// object (digest_file.hpp), in a directory of a bounded size.
///
/// It is a cache. What is lost is read and hashed again; what cannot be read in full counts as lost; what contradicts a
/// block that was read is dropped. Nothing is flushed. An error of the disk turns it off for the rest of the process, and so
/// does one version more to distrust than it remembers. The operator is told once: a server without it works as well, but
/// reads more.
///
/// Where the bound is reached, the file that was used longest ago goes. Objects that are small take 4 KiB all the same, so
/// that the bound holds for the number of files, too. What goes is counted, and so is what is not kept.
///
/// Not thread-safe, and waits for the disk: one actor has it (digest_keeper.hpp). Two servers may share a directory:
/// both write whole records, which are valid for either, and together they may keep twice as much.
#pragma once

#include "actors/serve/digest_file.hpp"
#include "actors/serve/digest_store.hpp"
#include "protocol/send/digest_run.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

namespace fleetcast::actors {

class digest_cache {
public:
  /// For digests of two million blocks: 350 GiB of objects.
  static constexpr std::uint64_t usual_bound = 64U << 20U;

  /// Files that are not ours, and versions that are not believed: how many of each are remembered.
  static constexpr std::size_t most_remembered = 1000;

  /// Takes sentences for the operator; each is said once.
  using teller = std::function<void(const std::string&)>;

  explicit digest_cache(std::unique_ptr<digest_store> store, teller tell,
                        std::uint64_t bound = usual_bound);

  /// What is known of that version, in ascending order; nothing: empty.
  [[nodiscard]] std::vector<protocol::digest_run> find(const digest_key& key);

  /// Keeps more of a version that `find` was asked for. All blocks are the object's.
  void keep(const digest_key& key, std::span<const protocol::digest_run> runs);

  /// Something in it is not true: the key stands for more than one version, and is not believed again.
  void drop(const digest_key& key);

  /// Whether it was turned off.
  bool is_off() const noexcept { return is_off_; }

  /// Bytes that all files take; a little less while another process shares the directory.
  std::uint64_t size() const noexcept { return size_; }

  std::size_t files() const noexcept { return files_.size(); }

  /// Files removed for others.
  std::uint64_t evicted() const noexcept { return evicted_; }

  /// Blocks whose digests were to be kept, and are not: no room, distrusted, or off.
  std::uint64_t not_kept() const noexcept { return not_kept_; }

private:
  struct file {
    std::uint64_t size = 0;
    std::uint64_t used = 0; ///< the larger, the later
  };

  void look_around();
  bool try_to_keep(const digest_key& key, std::span<const protocol::digest_run> runs);
  std::vector<protocol::digest_run> take(const digest_key& key, const std::string& name,
                                         const std::vector<std::byte>& contents);
  store_outcome write(const digest_key& key, const std::string& name,
                      const std::vector<std::byte>& records);
  bool make_room(const std::string& name, std::uint64_t size);
  bool remove(const std::string& name);
  bool remove_oldest_but(const std::string& name);
  void note(const std::string& name, std::uint64_t size);
  void forget(const std::string& name);
  std::uint64_t most_of(const digest_key& key) const;
  bool tell_if_harmless(const std::string& name, const store_fault& fault);
  void turn_off(const std::string& name, int error);
  void turn_off(const std::string& why);

  std::unique_ptr<digest_store> store_;
  teller tell_;
  std::uint64_t bound_;
  std::map<std::string, file> files_;
  std::uint64_t size_ = 0; ///< of `files_`, as they count
  std::uint64_t uses_ = 0;
  std::set<std::string> told_;       ///< files that are not ours
  std::set<std::string> distrusted_; ///< files that were dropped
  std::uint64_t evicted_ = 0;
  std::uint64_t not_kept_ = 0;
  bool is_off_ = false;
};

} // namespace fleetcast::actors
