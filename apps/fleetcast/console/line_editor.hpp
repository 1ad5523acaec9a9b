/// Lines from a person: editing, history, completion (libedit).
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace fleetcast::apps {

/// One at a time in a process: libedit has one state.
class line_editor {
public:
  /// The words that may stand where `line` ends.
  using completer = std::function<std::vector<std::string>(const std::string& line)>;

  /// `history`: file that lines are kept in from one run to the next.
  line_editor(std::string prompt, std::filesystem::path history, completer words);
  ~line_editor();

  line_editor(const line_editor&) = delete;
  line_editor& operator=(const line_editor&) = delete;

  /// Nothing at the end of input.
  std::optional<std::string> read();

private:
  std::string prompt_;
  std::filesystem::path history_;
};

} // namespace fleetcast::apps
