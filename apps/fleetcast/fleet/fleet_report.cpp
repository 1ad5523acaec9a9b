#include "apps/fleetcast/fleet/fleet_report.hpp"

#include "actors/console/folded_text.hpp"
#include "apps/common/json_output.hpp"
#include "apps/common/progress.hpp"
#include "apps/fleetcast/failure_object.hpp"
#include "protocol/limiting_factor.hpp"
#include "protocol/utc_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <utility>

namespace fleetcast::apps {

namespace {

using actors::folded;
using actors::text_table;
using actors::fleet::fleet_view;
using actors::fleet::host_view;
using actors::fleet::is_over;
using actors::fleet::job_phase;
using actors::fleet::phase_of;

/// What a host's cause stands below it by.
constexpr std::size_t cause_indent = 4;

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

std::string time_text(double seconds) {
  return seconds < 0 ? "-" : format_time(seconds);
}

/// Hosts to be looked at, the worst first.
std::vector<const host_view*> by_urgency(const fleet_view& view) {
  std::vector<const host_view*> result;
  for (const auto& host : view.hosts)
    result.push_back(&host);
  std::stable_sort(result.begin(), result.end(), [](const auto* a, const auto* b) {
    return std::pair{urgency(*a), share_of(*a)} < std::pair{urgency(*b), share_of(*b)};
  });
  return result;
}

void append(std::vector<std::string>& to, std::vector<std::string> lines) {
  std::move(lines.begin(), lines.end(), std::back_inserter(to));
}

/// What a job is about, and how it stands, above the hosts.
std::vector<std::string> live_heading(const fleet_view& view, std::size_t columns) {
  std::vector<std::string> result;
  if (const auto title = format_title(view); !title.empty())
    append(result, folded(title, columns));
  append(result, folded(format_summary(view), columns));
  return result;
}

text_table live_table_of(const std::vector<const host_view*>& hosts, const host_labels& labels) {
  text_table result{
    {{"host"}, {"state"}, {"done", 1}, {"rate", 3}, {"limit", 2}, {"left", 4}, {"cause"}}};
  for (const auto* host : hosts) {
    const auto moves = runs(*host);
    result.add({labels.of(*host), state_of(*host), fmt::format("{:.0f} %", 100 * share_of(*host)),
                moves ? format_rate(static_cast<double>(host->report.bits_per_second)) : "",
                moves ? limited_by(*host) : "", moves ? time_text(time_left(*host)) : "",
                host->reason ? host->reason.text : ""});
  }
  return result;
}

/// As many whole hosts as there is room for; of the rest, how many they are.
void append_hosts(std::vector<std::string>& to, text_table::layout table, std::size_t rows) {
  append(to, std::move(table.heading));
  for (std::size_t i = 0; i < table.rows.size(); ++i) {
    const auto is_last = i + 1 == table.rows.size();
    if (to.size() + table.rows[i].size() + (is_last ? 0 : 1) > rows) {
      to.push_back(fmt::format("and {} more", table.rows.size() - i));
      break;
    }
    append(to, std::move(table.rows[i]));
  }
  to.resize(std::min(to.size(), rows));
}

} // namespace

host_labels::host_labels(const fleet_view& view) {
  for (const auto& host : view.hosts)
    ++agents_[host.name];
}

std::string host_labels::of(const host_view& host) const {
  const auto found = agents_.find(host.name);
  if (found == agents_.end() || found->second < 2)
    return host.name;
  const bool is_ipv6 = host.name.find(':') != std::string::npos;
  return is_ipv6 ? fmt::format("[{}]:{}", host.name, host.port)
                 : fmt::format("{}:{}", host.name, host.port);
}

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
    text += fmt::format(", slowest {} at {:.0f} % ({}), {} left", host_labels{view}.of(*last),
                        100 * share_of(*last), limited_by(*last), time_text(time_left(*last)));
  return text;
}

std::string format_title(const fleet_view& view) {
  if (!view.request)
    return {};
  const auto& r = *view.request;
  return fmt::format("{}/{}/{} to {}", r.server, r.name_space, r.object, r.destination);
}

std::vector<std::string> format_live(const fleet_view& view, std::size_t columns,
                                     std::size_t rows) {
  auto lines = live_heading(view, columns);
  append_hosts(lines, live_table_of(by_urgency(view), host_labels{view}).fit(columns), rows);
  return lines;
}

namespace {

std::string format_outcome(const fleet_view& view) {
  const auto good = std::count_if(view.hosts.begin(), view.hosts.end(),
                                  [](const host_view& host) { return host.succeeded; });
  return fmt::format("{} of {} hosts succeeded, in {}", good, view.hosts.size(),
                     format_time(static_cast<double>(view.elapsed.count()) / 1000));
}

text_table report_table_of(const fleet_view& view, const host_labels& labels) {
  text_table result{
    {{"host"}, {"state"}, {"bytes", 1}, {"time", 3}, {"rate", 2}, {"repaired", 4}, {"digest", 5}}};
  for (const auto& host : view.hosts) {
    const auto& report = host.report;
    result.add({labels.of(host), state_of(host), format_bytes(report.written_bytes),
                format_time(static_cast<double>(report.elapsed_ms) / 1000),
                format_rate(static_cast<double>(report.bits_per_second)),
                std::to_string(report.repaired_symbols),
                report.digest.empty() ? "-" : report.digest});
  }
  return result;
}

} // namespace

std::string format_report(const fleet_view& view, bool just_asked, std::size_t columns) {
  std::vector<std::string> lines;
  const auto say = [&](const std::string& text, std::size_t indent = 0) {
    append(lines, folded(text, columns, indent));
  };
  if (const auto title = format_title(view); !title.empty())
    say(title);
  const host_labels labels{view};
  auto table = report_table_of(view, labels).fit(columns);
  append(lines, std::move(table.heading));
  for (std::size_t i = 0; i < view.hosts.size(); ++i) {
    const auto& host = view.hosts[i];
    append(lines, std::move(table.rows[i]));
    if (const auto& why = host.reason ? host.reason.text : host.report.reason; !why.empty())
      say(labels.of(host) + ": " + why, cause_indent);
  }
  say(just_asked ? format_summary(view) : format_outcome(view));
  if (digests_differ(view))
    say("hosts have different contents: the object changed meanwhile; get it again");
  return fmt::format("{}\n", fmt::join(lines, "\n"));
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
protocol::failure cause_of(const host_view& host) {
  return host.reason || host.report.reason.empty() ? host.reason
                                                   : protocol::fleet::failure_of(host.report);
}

std::string moment_text(std::uint64_t unix_microseconds) {
  return protocol::utc_text(std::chrono::sys_time<std::chrono::microseconds>{
    std::chrono::microseconds{static_cast<std::int64_t>(unix_microseconds)}});
}

} // namespace

nlohmann::json to_json(const host_view& host) {
  const auto& report = host.report;
  nlohmann::json result{{"host", host.name},
                        {"port", host.port},
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
  if (const auto failed = cause_of(host); !failed.text.empty())
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
    result["slowest"] = host_labels{view}.of(*last);
  return result;
}

} // namespace fleetcast::apps
