#include "apps/fleetcast/list/list_report.hpp"

#include "actors/console/text_table.hpp"
#include "apps/common/progress.hpp"
#include "protocol/text.hpp"
#include "protocol/utc_text.hpp"

#include <algorithm>
#include <chrono>
#include <string_view>

namespace fleetcast::apps {

namespace {

using protocol::wire::listed;
using protocol::wire::listed_kind;

/// All of it: a name that is cut off is none.
std::string shown_name(std::string_view name) {
  return protocol::outside_text(name, name.size());
}

std::string time_of(const listed& entry) {
  return protocol::utc_text(std::chrono::sys_seconds{std::chrono::seconds{entry.modified}});
}

/// Empty: it was not told.
std::string time_for_people(const listed& entry) {
  if (entry.modified == 0)
    return "-";
  auto text = time_of(entry);
  text[text.find('T')] = ' ';
  return text;
}

std::vector<std::string> cells_of(const listed& entry) {
  switch (entry.kind) {
    case listed_kind::object:
      return {format_bytes(entry.size), time_for_people(entry), shown_name(entry.name)};
    case listed_kind::directory:
      return {"-", "-", shown_name(entry.name) + "/"};
    case listed_kind::name_space:
      return {"-", "-",
              shown_name(entry.name) + (entry.is_listable ? "/" : "/ (cannot be listed)")};
  }
  return {};
}

const char* name_of(listed_kind kind) {
  switch (kind) {
    case listed_kind::object:
      return "object";
    case listed_kind::directory:
      return "directory";
    case listed_kind::name_space:
      return "namespace";
  }
  return "";
}

/// Its address, as the server's names are: any bytes.
std::string address_of(const listed& entry, const list_address& where) {
  const auto server = where.text + "/";
  switch (entry.kind) {
    case listed_kind::name_space:
      return server + entry.name + "/";
    case listed_kind::directory:
      return server + where.name_space + "/" + where.directory() + entry.name + "/";
    case listed_kind::object:
      break;
  }
  return server + where.name_space + "/" + where.directory() + entry.name;
}

/// No shell finds a meaning or the end of a word in it.
bool is_typed_as_it_stands(char c) {
  constexpr std::string_view marks = "._-+,%";
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')
         || marks.find(c) != std::string_view::npos || static_cast<unsigned char>(c) >= 0x80;
}

} // namespace

std::string table_of(const listed_entries& entries, std::size_t columns) {
  actors::text_table table{{{"SIZE"}, {"MODIFIED", 1}, {"NAME"}}};
  for (const auto& entry : entries)
    table.add(cells_of(entry));
  return table.text(columns);
}

nlohmann::json to_json(const listed& entry, const list_address& where) {
  nlohmann::json result{{"kind", name_of(entry.kind)},
                        {"name", where.directory() + entry.name},
                        {"address", address_of(entry, where)}};
  if (entry.kind == listed_kind::object) {
    result["object_bytes"] = entry.size;
    result["modified"] = entry.modified == 0 ? nlohmann::json{} : nlohmann::json(time_of(entry));
  }
  if (entry.kind == listed_kind::name_space)
    result["listable"] = entry.is_listable;
  return result;
}

std::string completion_of(const listed& entry, const list_address& where) {
  const bool is_safe = protocol::is_plain_text(entry.name)
                       && std::all_of(entry.name.begin(), entry.name.end(), is_typed_as_it_stands);
  return is_safe ? address_of(entry, where) : std::string{};
}

} // namespace fleetcast::apps
