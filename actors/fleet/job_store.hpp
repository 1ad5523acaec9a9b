/// Where an agent keeps its jobs for its next life. The programs bring the implementation, as they have the files.
#pragma once

#include "protocol/failure.hpp"
#include "protocol/fleet/job.hpp"

#include <string>
#include <vector>

namespace fleetcast::actors::fleet {

/// Calls come one after another, and may wait for the disk.
class job_store {
public:
  job_store() = default;
  job_store(const job_store&) = delete;
  job_store& operator=(const job_store&) = delete;
  virtual ~job_store() = default;

  /// Writes `request` to stable storage; one that is kept already stays. No failure: it is kept.
  [[nodiscard]] virtual protocol::failure keep(const protocol::fleet::job_request& request) = 0;

  /// Forgets the job, if it was kept. What cannot be removed is logged, and would be started again.
  virtual void drop(const std::string& id) = 0;

  /// The jobs kept and not dropped, by earlier runs too, oldest first. What cannot be read is left alone, and logged.
  [[nodiscard]] virtual std::vector<protocol::fleet::job_request> kept() = 0;
};

} // namespace fleetcast::actors::fleet
