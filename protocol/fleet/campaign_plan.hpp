/// What a campaign is to do, and how people see it.
#pragma once

#include "protocol/fleet/job.hpp"
#include "protocol/timestamp.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace fleetcast::protocol::fleet {

struct fleet_host {
  std::string name;
  std::uint16_t port = 0; ///< of its agent
};

/// When receivers begin. Later ones join the running transmission in any case.
struct start_policy {
  enum class kind : std::uint8_t { now, quorum, window };

  kind when = kind::now;
  std::size_t quorum = 0;         ///< hosts in contact
  std::chrono::seconds window{0}; ///< since the campaign began
};

struct campaign_plan {
  enum class task : std::uint8_t {
    run,    ///< start where it is not started yet, and see it through
    watch,  ///< ask once
    cancel, ///< end it everywhere
    retry   ///< start again where it failed, and see it through
  };

  task what = task::run;
  job_request
    request; ///< `host` is filled in for each; of a job known by its id alone the rest is empty
  std::vector<fleet_host> hosts;
  start_policy start;
  bool abort_on_failure = false;

  /// For everything; zero: no limit.
  std::chrono::seconds timeout{0};

  /// How long a host may be out of contact when nobody else is busy.
  std::chrono::milliseconds patience{15000};
};

/// A host as people see it.
struct host_view {
  std::string name;
  std::uint16_t port = 0; ///< of its agent: there may be several on a host
  std::size_t dials = 0;  ///< attempts to reach its agent
  bool in_contact = false;
  bool finished = false;
  bool succeeded = false;
  job_report report; ///< the latest
  failure reason;    ///< why it did not succeed, or why it is out of contact
};

struct fleet_view {
  std::string job;
  std::vector<host_view> hosts;
  /// As an agent told, with `watch`; else as it was given, if it was.
  std::optional<job_request> request;
  std::chrono::milliseconds elapsed{0};
  bool finished = false;
};

} // namespace fleetcast::protocol::fleet
