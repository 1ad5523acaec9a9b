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

  /// To stable storage. Why it cannot be kept; none: it is.
  [[nodiscard]] virtual protocol::failure keep(const protocol::fleet::job_request& request) = 0;

  /// The job is over, or was never kept.
  virtual void drop(const std::string& id) = 0;

  /// What was kept and not dropped, in any life. Whatever else lies there is left alone, and named in the log.
  [[nodiscard]] virtual std::vector<protocol::fleet::job_request> kept() = 0;
};

} // namespace fleetcast::actors::fleet
