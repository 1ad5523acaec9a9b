#include "apps/manual/story.hpp"

#include <algorithm>
#include <sstream>
#include <utility>

namespace fleetcast::apps::manual {

namespace {

/// Indented lines lose this, which sets them off in --help; the page does that in its own way.
constexpr std::size_t indent = 2;

class reader {
public:
  void take(const std::string& line) {
    if (line.empty()) {
      end_part();
      is_paragraph_new_ = true;
    } else if (line.starts_with(' ')) {
      take_line(line.substr(std::min(indent, line.find_first_not_of(' '))), true);
    } else {
      take_line(begin(line), false);
    }
  }

  story_sections end() {
    end_part();
    return std::move(result_);
  }

private:
  /// What is left of the line: the words that say which section begins are gone.
  std::string begin(const std::string& line) {
    struct heading {
      const char* words;
      std::vector<story_part>& section;
    };
    for (const auto& [words, section] :
         {heading{"Examples:", result_.examples}, heading{"Example:", result_.examples},
          heading{"Exit codes:", result_.exit_codes}}) {
      if (!line.starts_with(words))
        continue;
      end_part();
      now_ = &section;
      const auto rest = line.find_first_not_of(' ', std::string_view{words}.size());
      is_paragraph_new_ = false;
      return rest == std::string::npos ? "" : line.substr(rest);
    }
    if (std::exchange(is_paragraph_new_, false))
      now_ = &result_.description;
    return line;
  }

  void take_line(const std::string& line, bool is_as_it_stands) {
    if (line.empty())
      return;
    if (part_.is_as_it_stands != is_as_it_stands)
      end_part();
    part_.is_as_it_stands = is_as_it_stands;
    part_.text += line + "\n";
  }

  void end_part() {
    if (!part_.text.empty())
      now_->push_back(part_);
    part_ = {};
  }

  story_sections result_;
  std::vector<story_part>* now_ = &result_.description;
  story_part part_;
  bool is_paragraph_new_ = true;
};

} // namespace

story_sections sections_of(std::string_view story) {
  std::istringstream lines{std::string{story}};
  reader taken;
  for (std::string line; std::getline(lines, line);)
    taken.take(line);
  return taken.end();
}

} // namespace fleetcast::apps::manual
