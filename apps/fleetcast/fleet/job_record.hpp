/// What a coordinator keeps of a job, so that its id is all one has to know later.
#pragma once

#include "actors/fleet/coordinator.hpp"

#include <tl/expected.hpp>

#include <ctime>
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

/// How a job ended, as far as this host knows.
struct job_end {
  bool succeeded = false; ///< on every host
  std::time_t at = 0;
};

/// A line of `fleetcast fleet jobs`.
struct known_job {
  job_record record;
  std::time_t begun = 0;
  std::optional<job_end> end; ///< nothing: it is not over, or nobody waited for its end
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

/// Replaces what was noted before, if anything was. The error is a sentence.
[[nodiscard]] tl::expected<void, std::string> note_end(const std::string& id, const job_end& end,
                                                       const std::filesystem::path& directory);

/// Nothing when none is noted.
[[nodiscard]] std::optional<job_end> load_end(const std::string& id,
                                              const std::filesystem::path& directory);

/// All that this host has records of, the latest first. Files that are no records are left out.
[[nodiscard]] std::vector<known_job> load_jobs(const std::filesystem::path& directory);

/// In what two requests under one id differ: "the object (lab/a.img, lab/b.img)"; empty: in nothing.
[[nodiscard]] std::string difference(const job_record& known, const job_record& asked);

/// What a record's file holds, to text and back.
[[nodiscard]] std::string to_text(const job_record& record);
[[nodiscard]] std::optional<job_record> parse_job(std::string_view text);

} // namespace fleetcast::apps
