#include "apps/fleetcast/console/line_editor.hpp"

#include "actors/trust/private_files.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <utility>

#include <editline/readline.h>

namespace fleetcast::apps {

namespace {

constexpr int max_history = 500;

// libedit calls functions, not objects.
line_editor::completer complete_with;
std::vector<std::string> candidates;

char* next_candidate(const char*, int state) {
  static std::size_t next;
  if (state == 0)
    next = 0;
  return next < candidates.size() ? ::strdup(candidates[next++].c_str()) : nullptr;
}

char** complete(const char* word, int, int end) {
  rl_attempted_completion_over = 1; // nothing said: nothing fits, file names least of all
  candidates = complete_with({rl_line_buffer, static_cast<std::size_t>(end)});
  return candidates.empty() ? nullptr : rl_completion_matches(word, next_candidate);
}

} // namespace

line_editor::line_editor(std::string prompt, std::filesystem::path history, completer words)
  : prompt_(std::move(prompt)),
    history_(std::move(history)) {
  complete_with = std::move(words);
  rl_readline_name = "fleetcast";
  rl_attempted_completion_function = complete;
  using_history();
  stifle_history(max_history);
  read_history(history_.c_str());
}

line_editor::~line_editor() {
  // Without a place for it there is no history, and nothing else is missing.
  if (actors::io::make_private_directories(history_.parent_path()) == 0)
    write_history(history_.c_str());
  complete_with = nullptr;
}

std::optional<std::string> line_editor::read() {
  const std::unique_ptr<char, decltype(&std::free)> line{readline(prompt_.c_str()), &std::free};
  if (!line)
    return std::nullopt;
  std::string result{line.get()};
  if (!result.empty())
    add_history(result.c_str());
  return result;
}

} // namespace fleetcast::apps
