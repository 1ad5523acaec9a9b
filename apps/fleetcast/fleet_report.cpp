#include "apps/fleetcast/fleet_report.hpp"

#include "apps/common/json_output.hpp"
#include "apps/common/progress.hpp"
#include "apps/fleetcast/failure_object.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <set>

namespace fleetcast::apps {

namespace {

using actors::fleet::fleet_view;
using actors::fleet::host_view;
using actors::fleet::is_over;
using actors::fleet::job_phase;
using actors::fleet::phase_of;

job_phase phase(const host_view& host) {
  return phase_of(host.report.phase);
}

double share_of(const host_view& host) {
  if (phase(host) == job_phase::done)
    return 1;
  const auto& report = host.report;
  if (report.object_bytes == 0)
    return 0;
  return std::min(1.0, static_cast<double>(report.written_bytes)
                         / static_cast<double>(report.object_bytes));
}

/// Seconds; negative: nobody knows.
double time_left(const host_view& host) {
  const auto& report = host.report;
  if (phase(host) != job_phase::receiving || report.bits_per_second == 0
      || report.written_bytes > report.object_bytes)
    return -1;
  return 8.0 * static_cast<double>(report.object_bytes - report.written_bytes)
         / static_cast<double>(report.bits_per_second);
}

/// In our words, whatever an agent says.
const char* limited_by(const host_view& host) {
  return to_string(protocol::limiting_factor_of(host.report.limited_by));
}

bool runs(const host_view& host) {
  return !host.finished && phase(host) == job_phase::receiving;
}

const host_view* slowest(const fleet_view& view) {
  const host_view* result = nullptr;
  for (const auto& host : view.hosts)
    if (runs(host) && (result == nullptr || share_of(host) < share_of(*result)))
      result = &host;
  return result;
}

/// Those to look at first come first.
int urgency(const host_view& host) {
  if (host.finished && !host.succeeded)
    return 0;
  if (!host.in_contact)
    return 1;
  return host.finished ? 4 : is_over(phase(host)) ? 3 : 2;
}

std::string fit(std::string text, std::size_t columns) {
  if (text.size() > columns)
    text.resize(columns);
  return text;
}

std::string time_text(double seconds) {
  return seconds < 0 ? "-" : format_time(seconds);
}

std::string live_line(const host_view& host) {
  const auto& report = host.report;
  const bool moves = runs(host);
  return fmt::format("{:<24} {:<15} {:>4.0f} % {:>14} {:<8} {:>8} {}", host.name, state_of(host),
                     100 * share_of(host),
                     moves ? format_rate(static_cast<double>(report.bits_per_second)) : "",
                     moves ? limited_by(host) : "", moves ? time_text(time_left(host)) : "",
                     host.reason ? host.reason.text : "");
}

} // namespace

std::string state_of(const host_view& host) {
  if (host.finished && !host.succeeded && phase(host) != job_phase::cancelled)
    return "failed";
  if (!host.in_contact)
    return "out of contact";
  if (phase(host) == job_phase::unknown)
    return host.finished ? "no such job" : "waiting";
  return std::string{to_string(phase(host))};
}

std::string format_summary(const fleet_view& view) {
  std::map<std::string, std::size_t> counts;
  double share = 0;
  for (const auto& host : view.hosts) {
    ++counts[state_of(host)];
    share += share_of(host) / static_cast<double>(view.hosts.size());
  }
  auto text = fmt::format("{} hosts:", view.hosts.size());
  for (const auto& [state, count] : counts)
    text += fmt::format("{} {} {}", text.ends_with(':') ? "" : ",", count, state);
  text += fmt::format("; {:.0f} %", 100 * share);
  if (const auto* last = slowest(view))
    text += fmt::format(", slowest {} at {:.0f} % ({}), {} left", last->name, 100 * share_of(*last),
                        limited_by(*last), time_text(time_left(*last)));
  return text;
}

std::vector<std::string> format_live(const fleet_view& view, std::size_t columns,
                                     std::size_t rows) {
  std::vector<const host_view*> hosts;
  for (const auto& host : view.hosts)
    hosts.push_back(&host);
  std::stable_sort(hosts.begin(), hosts.end(), [](const auto* a, const auto* b) {
    return std::pair{urgency(*a), share_of(*a)} < std::pair{urgency(*b), share_of(*b)};
  });
  std::vector<std::string> lines{fit(format_summary(view), columns),
                                 fit(fmt::format("{:<24} {:<15} {:>6} {:>14} {:<8} {:>8}", "host",
                                                 "state", "", "rate", "limit", "left"),
                                     columns)};
  const auto room = rows > lines.size() ? rows - lines.size() : 0;
  const auto shown = hosts.size() <= room ? hosts.size() : room > 0 ? room - 1 : 0;
  for (std::size_t i = 0; i < shown; ++i)
    lines.push_back(fit(live_line(*hosts[i]), columns));
  if (shown < hosts.size() && room > 0)
    lines.push_back(fit(fmt::format("… and {} more", hosts.size() - shown), columns));
  return lines;
}

namespace {

std::string format_outcome(const fleet_view& view) {
  const auto good = std::count_if(view.hosts.begin(), view.hosts.end(),
                                  [](const host_view& host) { return host.succeeded; });
  return fmt::format("{} of {} hosts succeeded, in {}", good, view.hosts.size(),
                     format_time(static_cast<double>(view.elapsed.count()) / 1000));
}

} // namespace

std::string format_report(const fleet_view& view, bool just_asked) {
  std::string text;
  for (const auto& host : view.hosts) {
    const auto& report = host.report;
    text += fmt::format("{:<24} {:<15} {:>10} {:>8} {:>14} repaired {:<8} {}\n", host.name,
                        state_of(host), format_bytes(report.written_bytes),
                        format_time(static_cast<double>(report.elapsed_ms) / 1000),
                        format_rate(static_cast<double>(report.bits_per_second)),
                        report.repaired_symbols, report.digest.empty() ? "-" : report.digest);
    const auto& why = host.reason ? host.reason.text : report.reason;
    if (!why.empty())
      text += fmt::format("    {}: {}\n", host.name, why);
  }
  text += (just_asked ? format_summary(view) : format_outcome(view)) + "\n";
  if (digests_differ(view))
    text += "hosts have different contents: the object changed meanwhile; get it again\n";
  return text;
}

bool digests_differ(const fleet_view& view) {
  std::set<std::string> digests;
  for (const auto& host : view.hosts)
    if (phase(host) == job_phase::done)
      digests.insert(host.report.digest);
  return digests.size() > 1;
}

namespace {

/// Why it did not succeed, or is out of contact: as the coordinator sees it, else as its agent says.
protocol::failure failure_of(const host_view& host) {
  const auto& report = host.report;
  if (host.reason || report.reason.empty())
    return host.reason;
  const auto code = report.code == 0 ? protocol::failure_code::internal
                                     : static_cast<protocol::failure_code>(report.code);
  return {code, 0, report.reason};
}

std::string moment_text(std::uint64_t unix_microseconds) {
  return utc_text(std::chrono::sys_time<std::chrono::microseconds>{
    std::chrono::microseconds{static_cast<std::int64_t>(unix_microseconds)}});
}

} // namespace

nlohmann::json to_json(const host_view& host) {
  const auto& report = host.report;
  nlohmann::json result{{"host", host.name},
                        {"state", state_of(host)},
                        {"in_contact", host.in_contact},
                        {"dials", host.dials},
                        {"finished", host.finished},
                        {"succeeded", host.succeeded},
                        {"bytes", report.written_bytes},
                        {"object_bytes", report.object_bytes},
                        {"percent", 100 * share_of(host)},
                        {"bits_per_second", report.bits_per_second},
                        {"limited_by", limited_by(host)},
                        {"repaired_symbols", report.repaired_symbols},
                        {"lost_packets", report.lost_packets},
                        {"seconds", static_cast<double>(report.elapsed_ms) / 1000},
                        {"digest", report.digest}};
  if (report.activated_us != 0)
    result["activated"] = moment_text(report.activated_us);
  if (const auto left = time_left(host); left >= 0)
    result["seconds_left"] = left;
  if (const auto failed = failure_of(host); !failed.text.empty())
    result["error"] = error_object(failed);
  return result;
}

nlohmann::json to_json(const fleet_view& view) {
  const auto count
    = [&](auto what) { return std::count_if(view.hosts.begin(), view.hosts.end(), what); };
  nlohmann::json result{
    {"job", view.job},
    {"hosts", view.hosts.size()},
    {"hosts_succeeded", count([](const host_view& host) { return host.succeeded; })},
    {"hosts_failed", count([](const host_view& host) { return host.finished && !host.succeeded; })},
    {"hosts_out_of_contact", count([](const host_view& host) { return !host.in_contact; })},
    {"seconds", static_cast<double>(view.elapsed.count()) / 1000},
    {"digests_differ", digests_differ(view)},
    {"summary", format_summary(view)}};
  if (const auto* last = slowest(view))
    result["slowest"] = last->name;
  return result;
}

} // namespace fleetcast::apps
