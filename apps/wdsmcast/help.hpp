#pragma once

#include <string>

namespace fleetcast::apps {

/// What `wdsmcast /?` prints: the usage, every option of its table, and the story.
[[nodiscard]] std::string wdsmcast_help();

/// In one sentence, what the program is for.
extern const char* const wdsmcast_summary;

/// What there is to say besides the options: paragraphs, examples, exit codes.
extern const char* const wdsmcast_story;

} // namespace fleetcast::apps
