/// The jobs of an agent on the disk: one file each, JSON, mode 0600, named after its id. A directory is locked (flock) by
/// the agent that uses it: another one would do the same jobs.
#pragma once

#include "actors/fleet/job_store.hpp"
#include "apps/common/descriptor.hpp"

#include <tl/expected.hpp>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace fleetcast::apps {

class kept_jobs final : public actors::fleet::job_store {
public:
  /// Makes the directory if it is not there. Or why it cannot be used.
  [[nodiscard]] static tl::expected<std::shared_ptr<kept_jobs>, protocol::failure>
  open(const std::filesystem::path& directory);

  [[nodiscard]] protocol::failure keep(const protocol::fleet::job_request& request) override;
  void drop(const std::string& id) override;

  /// The latest last: as they came.
  [[nodiscard]] std::vector<protocol::fleet::job_request> kept() override;

private:
  kept_jobs(std::filesystem::path directory, descriptor lock)
    : directory_(std::move(directory)),
      lock_(std::move(lock)) {}

  std::filesystem::path file_of(const std::string& id) const;

  std::filesystem::path directory_;
  descriptor lock_;
};

} // namespace fleetcast::apps
