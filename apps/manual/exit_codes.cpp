#include "apps/manual/exit_codes.hpp"

#include <iterator>
#include <regex>

namespace fleetcast::apps::manual {

std::vector<exit_code_entry> exit_codes_of(const std::string& text) {
  // Lines are filled, so a code may begin one.
  static const std::regex code{R"((^|[;,]\s)(\d+(?:,\s\d+)*)\s(?=[a-zA-Z]))"};
  std::vector<exit_code_entry> result;
  std::size_t end = 0;
  for (std::sregex_iterator i{text.begin(), text.end(), code}, last; i != last; ++i) {
    const auto begin = static_cast<std::size_t>(i->position());
    if (!result.empty())
      result.back().text = text.substr(end, begin - end);
    end = begin + static_cast<std::size_t>(i->length());
    result.push_back({(*i)[2], {}});
  }
  if (result.empty() || result.front().codes != "0" || !text.starts_with('0'))
    return {};
  result.back().text = text.substr(end, text.find_last_not_of(" \n") + 1 - end);
  return result;
}

} // namespace fleetcast::apps::manual
