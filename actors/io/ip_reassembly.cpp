#include "actors/io/ip_reassembly.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

namespace fleetcast::actors::io {

namespace {

/// Empty where there is no such file.
std::string text_of(const char* file) {
  std::ifstream in{file};
  return {std::istreambuf_iterator<char>{in}, {}};
}

} // namespace

std::uint64_t counter_in_table(std::string_view text, std::string_view protocol,
                               std::string_view wanted) {
  std::istringstream lines{std::string{text}};
  std::string names;
  std::string values;
  while (std::getline(lines, names) && std::getline(lines, values)) {
    std::istringstream name_row{names};
    std::istringstream value_row{values};
    std::string name;
    std::string same;
    if (!(name_row >> name && value_row >> same) || name != protocol || same != protocol)
      continue;
    std::int64_t value = 0; // there are negative ones
    while (name_row >> name && value_row >> value)
      if (name == wanted)
        return static_cast<std::uint64_t>(std::max<std::int64_t>(value, 0));
  }
  return 0;
}

std::uint64_t counter_in_list(std::string_view text, std::string_view wanted) {
  std::istringstream lines{std::string{text}};
  std::string name;
  std::uint64_t value = 0;
  while (lines >> name >> value)
    if (name == wanted)
      return value;
  return 0;
}

std::uint64_t reassembled_packets() {
  return counter_in_table(text_of("/proc/net/snmp"), "Ip:", "ReasmOKs")
         + counter_in_list(text_of("/proc/net/snmp6"), "Ip6ReasmOKs");
}

} // namespace fleetcast::actors::io
