#include "actors/console/rendering.hpp"

#include "actors/console/text_table.hpp"
#include "actors/observe/metrics.hpp"
#include "protocol/text.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

namespace fleetcast::actors {

namespace {

using report::json;

std::string text_of(const json& value) {
  if (value.is_null())
    return "-";
  if (value.is_string())
    return protocol::plain_text(value.get<std::string>(), '?');
  if (value.is_number_float())
    return fmt::format("{:.3f}", value.get<double>());
  return value.dump();
}

std::string text_at(const json& in, const char* key) {
  return in.contains(key) ? text_of(in[key]) : "-";
}

/// A number, or "-".
template <class Format>
std::string number_at(const json& in, const char* key, Format format) {
  return in.contains(key) && in[key].is_number() ? format(in[key].get<double>()) : "-";
}

std::string percent(double value) {
  // Never "100.0" of what is not done.
  return fmt::format("{:.1f}", std::floor(value * 10) / 10);
}

std::string loss(double value) {
  return fmt::format("{:.2f}", value);
}

std::string rate(double value) {
  return rate_text(static_cast<std::uint64_t>(value));
}

std::string with_unit(const metric_info& info, const json& value) {
  if (!value.is_number())
    return text_of(value);
  if (info.unit == "bits_per_second")
    return rate(value.get<double>());
  if (info.unit == "percent")
    return fmt::format("{:.2f} %", value.get<double>());
  return text_of(value) + " " + std::string{info.unit};
}

const metric_info* find_info(std::string_view name) {
  for (const auto& one : all_metrics())
    if (one.name == name)
      return &one;
  return nullptr;
}

std::string spaced(std::string name) {
  std::replace(name.begin(), name.end(), '_', ' ');
  return name;
}

// -- actors -----------------------------------------------------------------------------------------

void add_to_tree(const json& actor, const std::string& indent, text_table& table) {
  table.add({text_at(actor, "id"), indent + text_at(actor, "actor"), text_at(actor, "state"),
             text_at(actor, "mailbox"), text_at(actor, "restarts"),
             number_at(actor, "age_seconds", time_text)});
  for (const auto& child : actor["children"])
    add_to_tree(child, indent + "  ", table);
}

std::string tree(const json& actors) {
  text_table table{{{"ID"}, {"ACTOR"}, {"STATE"}, {"MAILBOX"}, {"RESTARTS"}, {"AGE"}}};
  for (const auto& root : actors)
    add_to_tree(root, "", table);
  return table.text();
}

std::string facts(const json& actor, const std::string& indent) {
  std::string result;
  const auto add = [&](const std::string& name, const std::string& key, const json& value) {
    const auto* info = find_info(key);
    result += fmt::format("{}  {:<24} {}\n", indent, name,
                          info != nullptr ? with_unit(*info, value) : text_of(value));
  };
  for (const auto& [key, value] : actor["facts"].items()) {
    if (!value.is_object()) {
      add(spaced(key), key, value);
      continue;
    }
    for (const auto& [label, one] : value.items())
      add(spaced(key) + ": " + label, key, one);
  }
  return result;
}

/// With all that it says; `deep`: its children, too.
std::string whole_actor(const json& actor, const std::string& indent, bool deep) {
  auto result = fmt::format("{}{} (actor {}): {}\n", indent, text_at(actor, "actor"),
                            text_at(actor, "id"), text_at(actor, "state"));
  if (actor["answered"].get<bool>())
    result += fmt::format("{}  {:<24} {} messages\n{}  {:<24} {}\n", indent, "mailbox",
                          text_at(actor, "mailbox"), indent, "age",
                          number_at(actor, "age_seconds", time_text));
  result += facts(actor, indent);
  for (const auto& child : actor["children"])
    result += deep ? whole_actor(child, indent + "  ", true)
                   : fmt::format("{}  child {} (actor {})\n", indent, text_at(child, "actor"),
                                 text_at(child, "id"));
  return result;
}

// -- tables -----------------------------------------------------------------------------------------

/// "silent: receiver 2 (lab-17, 10.0.0.17), 12 s"
std::string limit(const json& session) {
  const auto detail = text_at(session, "limited_by_detail");
  return text_at(session, "limited_by") + (detail == "-" ? "" : ": " + detail);
}

/// What a receiver has rebuilt, or a sender has sent for that.
std::string repairs(const json& session) {
  const auto rebuilt = text_at(session, "repaired_symbols");
  return rebuilt == "-" ? text_at(session, "repair_datagrams") : rebuilt;
}

std::string sessions(const json& all, std::size_t columns) {
  if (all.empty())
    return "no session\n";
  text_table table{{{"ID"},
                    {"DIRECTION", 6},
                    {"STATE", 1},
                    {"%"},
                    {"RATE", 2},
                    {"LIMITED BY"},
                    {"ETA", 3},
                    {"LOSS %", 5},
                    {"REPAIRS", 7},
                    {"RECEIVERS", 4},
                    {"OBJECT"},
                    {"PEER"},
                    {"INTERFACE", 8}}};
  for (const auto& s : all)
    table.add({text_at(s, "session"), text_at(s, "direction"), text_at(s, "state"),
               number_at(s, "percent", percent), number_at(s, "bits_per_second", rate), limit(s),
               number_at(s, "seconds_left", time_text), number_at(s, "loss_percent", loss),
               repairs(s), text_at(s, "receivers"), text_at(s, "object"), text_at(s, "peer"),
               text_at(s, "interface")});
  return table.text(columns);
}

std::string receivers(const json& all, std::size_t columns) {
  if (all.empty())
    return "no receiver\n";
  text_table table{{{"ID"},
                    {"HOST"},
                    {"%"},
                    {"RATE", 1},
                    {"LIMITED BY"},
                    {"LOSS %", 4},
                    {"HEARD AGO", 2},
                    {"FREE BLOCKS", 6},
                    {"KERNEL DROPS", 5},
                    {"ADDRESS", 3},
                    {"FEEDBACK TO", 7}}};
  for (const auto& r : all)
    table.add({text_at(r, "receiver"), text_at(r, "host"), number_at(r, "percent", percent),
               number_at(r, "bits_per_second", rate), text_at(r, "limited_by"),
               number_at(r, "loss_percent", loss), number_at(r, "heard_seconds", time_text),
               text_at(r, "free_blocks"), text_at(r, "kernel_drops"), text_at(r, "address"),
               text_at(r, "feedback")});
  return table.text(columns);
}

std::string counters(const json& all) {
  if (all.empty())
    return "no counter has such a name\n";
  text_table table{{{"NAME"}, {"VALUE"}, {"UNIT"}, {"SESSION"}, {"ACTOR"}, {"MEANING"}}};
  for (const auto& c : all) {
    const auto label = text_at(c, "label");
    table.add({text_at(c, "name") + (label.empty() ? "" : ": " + label), text_at(c, "value"),
               text_at(c, "unit"), text_at(c, "session"), text_at(c, "actor"),
               text_at(c, "meaning")});
  }
  return table.text();
}

std::string events(const json& all) {
  std::string result;
  for (const auto& one : all)
    result += render_event(one);
  return result.empty() ? "nothing notable yet\n" : result;
}

// -- help -------------------------------------------------------------------------------------------

std::string help_line(const json& one) {
  return text_at(one, "name") + " " + text_at(one, "arguments");
}

std::string help(const json& all) {
  if (all.size() == 1) {
    const auto& one = all.front();
    const auto details = text_at(one, "details");
    return help_line(one) + "\n\n" + text_at(one, "summary") + ".\n"
           + (details.empty() ? "" : details + "\n") + "\nExample: " + text_at(one, "example")
           + "\n";
  }
  std::string result;
  for (const auto& one : all)
    result += fmt::format("{:<40} {}\n", help_line(one), text_at(one, "summary"));
  return result;
}

std::string lines(const json& all) {
  std::string result;
  for (const auto& one : all)
    result += text_of(one) + "\n";
  return result;
}

} // namespace

std::string rate_text(std::uint64_t bits_per_second) {
  const auto value = static_cast<double>(bits_per_second);
  if (value >= 1e9)
    return fmt::format("{:.2f} Gbit/s", value / 1e9);
  if (value >= 1e6)
    return fmt::format("{:.1f} Mbit/s", value / 1e6);
  return fmt::format("{:.1f} kbit/s", value / 1e3);
}

std::string time_text(double seconds) {
  if (seconds < 60)
    return fmt::format("{:.1f} s", seconds);
  const auto whole = static_cast<std::uint64_t>(seconds);
  return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
}

std::string render_event(const json& event) {
  const auto time = event["time"].get<std::string>();
  const auto& session = event["session"];
  return fmt::format("{} {:<8} {}{}\n", time, text_at(event, "kind"),
                     session.is_null() ? "" : "session " + text_of(session) + ": ",
                     text_at(event, "text"));
}

std::string render(const command& what, const json& answer, std::size_t columns) {
  switch (what.what) {
    case verb::help:
      return help(answer["commands"]);
    case verb::tree:
      return tree(answer["actors"]);
    case verb::actor:
      return whole_actor(answer["actor"], "", false);
    case verb::session:
      return whole_actor(answer["session"], "", true);
    case verb::sessions:
      return sessions(answer["sessions"], columns);
    case verb::receivers:
      return receivers(answer["receivers"], columns);
    case verb::counters:
      return counters(answer["counters"]);
    case verb::events:
      return events(answer["events"]);
    case verb::complete:
      return lines(answer["words"]);
    case verb::watch:
    case verb::dump:
      return answer.dump(2, ' ', true, json::error_handler_t::replace) + "\n";
    default:
      return text_at(answer, "done") + "\n";
  }
}

} // namespace fleetcast::actors
