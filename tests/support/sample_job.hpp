/// A legal job for one host.
#pragma once

#include "protocol/fleet/job.hpp"

#include <string>
#include <utility>

namespace fleetcast::protocol::fleet {

inline job_request sample_request(std::string job = "job-1") {
  job_request result;
  result.job = std::move(job);
  result.server = "server";
  result.port = 5040;
  result.name_space = "lab";
  result.object = "disk.img";
  result.destination = "{host}.img";
  result.host = "a";
  return result;
}

} // namespace fleetcast::protocol::fleet
