/// What a coordinator keeps of a job, so that its id is all one has to know later.
#pragma once

#include "actors/fleet/coordinator.hpp"

#include <tl/expected.hpp>

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fleetcast::apps {

struct job_record {
  actors::fleet::job_request request;
  std::vector<actors::fleet::fleet_host> hosts;
  bool abort_on_failure = false;
};

/// A fresh id: the time, for people, and chance.
[[nodiscard]] std::string make_job_id();

/// $XDG_STATE_HOME/fleetcast/jobs or ~/.local/state/fleetcast/jobs.
[[nodiscard]] std::filesystem::path default_job_directory();

/// Mode 0600. The error is a sentence; a record that is there already stays as it is.
[[nodiscard]] tl::expected<void, std::string> save(const job_record& record,
                                                   const std::filesystem::path& directory);

/// Nothing when there is none.
[[nodiscard]] tl::expected<std::optional<job_record>, std::string>
load_job(const std::string& id, const std::filesystem::path& directory);

/// What a record's file holds, to text and back.
[[nodiscard]] std::string to_text(const job_record& record);
[[nodiscard]] std::optional<job_record> parse_job(std::string_view text);

} // namespace fleetcast::apps
