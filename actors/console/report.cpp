#include "actors/console/report.hpp"

#include "protocol/utc_text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <functional>
#include <utility>

#include <fnmatch.h>

namespace fleetcast::actors::report {

namespace {

double seconds(std::chrono::nanoseconds time) {
  return std::chrono::duration<double>(time).count();
}

json value_of(const fact& one) {
  return std::visit([](const auto& value) { return json(value); }, one.value);
}

json find(const status_snapshot& in, metric what) {
  for (const auto& one : in.facts)
    if (one.what == what)
      return value_of(one);
  return nullptr;
}

std::string session_of(const status_snapshot& one) {
  const auto id = find(one, metric::session);
  return id.is_string() ? id.get<std::string>() : "";
}

/// The id as a number; null: none.
json id_of_session(const std::string& text) {
  std::uint64_t id = 0;
  const auto* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, id);
  return error == std::errc{} && stopped == end ? json(id) : json(nullptr);
}

/// With the session that each actor works for; empty: for none.
void for_each(const snapshots& all, const std::string& session,
              const std::function<void(const status_snapshot&, const std::string&)>& visit) {
  for (const auto& one : all) {
    const auto own = session_of(one);
    const auto& whose = own.empty() ? session : own;
    visit(one, whose);
    for_each(one.children, whose, visit);
  }
}

bool is_session(const status_snapshot& one) {
  return one.actor == "receive_session" || one.actor == "send_session";
}

bool matches(const std::string& pattern, const std::string& name) {
  return name.find(pattern) != std::string::npos
         || ::fnmatch(pattern.c_str(), name.c_str(), 0) == 0;
}

const char* to_string(metric_kind kind) {
  constexpr std::array names{"counter", "gauge", "real", "text"};
  return names.at(static_cast<std::size_t>(kind));
}

} // namespace

std::string utc_text(std::chrono::system_clock::time_point at) {
  return protocol::utc_text(std::chrono::floor<std::chrono::milliseconds>(at));
}

json of_actor(const status_snapshot& one) {
  json result;
  result["id"] = one.id;
  result["actor"] = one.actor;
  result["state"] = one.state;
  result["answered"] = one.answered;
  result["mailbox"] = one.answered ? json(one.mailbox) : json(nullptr);
  result["restarts"] = 0; // true of every actor: none is ever started again
  result["age_seconds"] = one.answered ? json(seconds(one.age)) : json(nullptr);
  auto& facts = result["facts"] = json::object();
  for (const auto& f : one.facts) {
    auto& place = facts[std::string{f.name()}];
    (f.label.empty() ? place : place[f.label]) = value_of(f);
  }
  result["children"] = of_actors(one.children);
  return result;
}

json of_actors(const snapshots& roots) {
  auto result = json::array();
  for (const auto& one : roots)
    result.push_back(of_actor(one));
  return result;
}

json of_sessions(const snapshots& roots) {
  auto result = json::array();
  for_each(roots, "", [&](const status_snapshot& one, const std::string&) {
    if (!is_session(one))
      return;
    json row;
    row["session"] = id_of_session(session_of(one));
    row["direction"] = one.actor == "receive_session" ? "receive" : "send";
    row["actor_id"] = one.id;
    row["state"] = one.state;
    row["object"] = find(one, metric::object);
    row["peer"] = find(one, metric::peer);
    row["interface"] = find(one, metric::interface);
    row["local_address"] = find(one, metric::local_address);
    row["group"] = find(one, metric::group);
    row["feedback"] = find(one, metric::feedback);
    row["percent"] = find(one, metric::percent);
    row["bits_per_second"] = find(one, metric::rate);
    row["seconds_left"] = find(one, metric::eta);
    row["repaired_symbols"] = find(one, metric::repaired_symbols);
    row["repair_datagrams"] = find(one, metric::repair_datagrams);
    row["loss_percent"] = find(one, metric::loss);
    row["receivers"] = find(one, metric::receivers);
    row["limited_by"] = find(one, metric::limited_by);
    row["limited_by_detail"] = find(one, metric::limited_by_detail);
    result.push_back(std::move(row));
  });
  return result;
}

const status_snapshot* find_session(const snapshots& roots, std::string_view id) {
  const status_snapshot* result = nullptr;
  for_each(roots, "", [&](const status_snapshot& one, const std::string&) {
    if (is_session(one) && session_of(one) == id)
      result = &one;
  });
  return result;
}

const status_snapshot* find_actor(const snapshots& roots, caf::actor_id id) {
  const status_snapshot* result = nullptr;
  for_each(roots, "", [&](const status_snapshot& one, const std::string&) {
    if (one.id == id)
      result = &one;
  });
  return result;
}

json of_receivers(const receiver_list& list) {
  std::vector<const receiver_report*> order;
  for (const auto& one : list.receivers)
    order.push_back(&one);
  std::sort(order.begin(), order.end(), [](const auto* x, const auto* y) {
    return std::pair{x->completed_blocks, x->id} < std::pair{y->completed_blocks, y->id};
  });
  auto result = json::array();
  for (const auto* r : order) {
    const auto expected = r->received_packets + r->lost_packets;
    json row;
    row["receiver"] = r->id;
    row["host"] = r->host;
    row["address"] = r->address;
    row["feedback"] = r->feedback;
    row["percent"] = r->blocks == 0 ? 100.0 : 100.0 * r->completed_blocks / r->blocks;
    row["bits_per_second"] = r->rate;
    row["loss_percent"] = expected == 0 ? 0.0
                                        : 100.0 * static_cast<double>(r->lost_packets)
                                            / static_cast<double>(expected);
    row["heard_seconds"] = seconds(r->heard);
    row["limited_by"] = r->limited_by;
    row["completed_blocks"] = r->completed_blocks;
    row["blocks"] = r->blocks;
    row["free_blocks"] = r->free_blocks;
    row["window_limit"] = r->window_limit;
    row["received_packets"] = r->received_packets;
    row["lost_packets"] = r->lost_packets;
    row["kernel_drops"] = r->kernel_drops;
    row["no_room_drops"] = r->no_room_drops;
    row["joined_seconds"] = seconds(r->joined);
    row["rtt_seconds"] = seconds(r->rtt);
    result.push_back(std::move(row));
  }
  return result;
}

json of_counters(const snapshots& roots, const std::string& pattern) {
  auto result = json::array();
  for_each(roots, "", [&](const status_snapshot& one, const std::string& session) {
    for (const auto& f : one.facts) {
      const auto& info = info_of(f.what);
      if (info.kind == metric_kind::text || !matches(pattern, std::string{info.name}))
        continue;
      json row;
      row["name"] = info.name;
      row["label"] = f.label;
      row["value"] = value_of(f);
      row["unit"] = info.unit;
      row["session"] = id_of_session(session);
      row["actor"] = one.actor;
      row["actor_id"] = one.id;
      row["meaning"] = info.meaning;
      result.push_back(std::move(row));
    }
  });
  return result;
}

json of_event(const event& one) {
  json result;
  result["number"] = one.number;
  result["time"] = utc_text(one.at);
  result["kind"] = actors::to_string(one.kind);
  result["session"] = one.session == 0 ? json(nullptr) : json(one.session);
  result["text"] = one.text;
  return result;
}

json of_events(const std::vector<event>& events) {
  auto result = json::array();
  for (const auto& one : events)
    result.push_back(of_event(one));
  return result;
}

json of_metrics_table() {
  auto result = json::array();
  for (const auto& one : all_metrics()) {
    json row;
    row["name"] = one.name;
    row["kind"] = to_string(one.kind);
    row["unit"] = one.unit;
    row["meaning"] = one.meaning;
    result.push_back(std::move(row));
  }
  return result;
}

} // namespace fleetcast::actors::report
