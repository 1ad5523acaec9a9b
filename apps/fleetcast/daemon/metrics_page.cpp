#include "apps/fleetcast/daemon/metrics_page.hpp"

#include "actors/observe/rate_meter.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>

#include <prometheus/text_serializer.h>

namespace fleetcast::apps {

namespace {

using actors::fact;
using actors::metric;
using actors::metric_info;
using actors::metric_kind;
using actors::status_snapshot;

using labels = std::map<std::string, std::string>;
using series = std::map<labels, double>;

/// As Prometheus wants names: with the unit, and _total behind what only grows.
std::string name_of(const metric_info& info) {
  auto result = "fleetcast_" + std::string{info.name};
  for (const auto* unit : {"seconds", "bytes", "percent", "bits_per_second"})
    if (info.unit == unit && !result.ends_with(unit))
      result += "_" + std::string{unit};
  return info.kind == metric_kind::counter ? result + "_total" : result;
}

class survey_reader {
public:
  survey_reader(std::size_t max_sessions, std::size_t max_receivers)
    : max_sessions_(max_sessions),
      max_receivers_(max_receivers) {}

  void read(const actors::console_survey& survey) {
    for (const auto& root : survey.roots)
      read(root, "");
    for (const auto& [session, list] : survey.receivers)
      if (has_series(session))
        read(session, list);
    add(actors::metrics::sessions_not_shown(left_out_.size()), {});
  }

  std::vector<prometheus::MetricFamily> families() const {
    std::vector<prometheus::MetricFamily> result;
    for (const auto& [what, all] : values_) {
      const auto& info = actors::info_of(what);
      prometheus::MetricFamily family;
      family.name = name_of(info);
      family.help = std::string{info.meaning} + " (" + std::string{info.unit} + ")";
      const auto counts = info.kind == metric_kind::counter;
      family.type = counts ? prometheus::MetricType::Counter : prometheus::MetricType::Gauge;
      for (const auto& [with, value] : all) {
        prometheus::ClientMetric one;
        for (const auto& [key, text] : with)
          one.label.push_back({key, text});
        (counts ? one.counter.value : one.gauge.value) = value;
        family.metric.push_back(std::move(one));
      }
      result.push_back(std::move(family));
    }
    return result;
  }

private:
  bool has_series(const std::string& session) {
    if (session.empty() || sessions_.contains(session))
      return true;
    if (sessions_.size() == max_sessions_) {
      left_out_.insert(session);
      return false;
    }
    sessions_.insert(session);
    return true;
  }

  void read(const status_snapshot& one, std::string session) {
    for (const auto& f : one.facts)
      if (f.what == metric::session)
        session = actors::value_text(f);
    if (!has_series(session))
      return;
    labels with{{"actor", one.actor}};
    if (!session.empty())
      with["session"] = session;
    for (const auto& f : one.facts)
      add(f, with);
    for (const auto& child : one.children)
      read(child, session);
  }

  void read(const std::string& session, const actors::receiver_list& list) {
    std::vector<const actors::receiver_report*> order;
    for (const auto& r : list.receivers)
      order.push_back(&r);
    std::sort(order.begin(), order.end(), [](const auto* x, const auto* y) {
      return std::pair{x->completed_blocks, x->id} < std::pair{y->completed_blocks, y->id};
    });
    const auto shown = std::min(order.size(), max_receivers_);
    for (std::size_t i = 0; i < shown; ++i) {
      const auto& r = *order[i];
      const labels with{{"session", session}, {"receiver", std::to_string(r.id)}};
      add(actors::metrics::receiver_percent(actors::share_of(r.completed_blocks, r.blocks)), with);
      add(actors::metrics::receiver_rate(r.rate), with);
      add(actors::metrics::receiver_loss(
            actors::share_of(r.lost_packets, r.lost_packets + r.received_packets)),
          with);
      add(actors::metrics::receiver_heard(std::chrono::duration<double>(r.heard).count()), with);
    }
    add(actors::metrics::receivers_not_shown(order.size() - shown), {{"session", session}});
  }

  void add(const fact& f, labels with) {
    const auto kind = actors::info_of(f.what).kind;
    if (kind == metric_kind::text)
      return;
    if (!f.label.empty())
      with["reason"] = f.label;
    auto& value = values_[f.what][with];
    if (kind == metric_kind::real)
      value = std::max(value, std::get<double>(f.value));
    else
      value += static_cast<double>(std::get<std::uint64_t>(f.value));
  }

  std::size_t max_sessions_;
  std::size_t max_receivers_;
  std::set<std::string> sessions_;
  std::set<std::string> left_out_;
  std::map<metric, series> values_;
};

} // namespace

std::vector<prometheus::MetricFamily> families_of(const actors::console_survey& survey,
                                                  std::size_t max_sessions,
                                                  std::size_t max_receivers) {
  survey_reader reader{max_sessions, max_receivers};
  reader.read(survey);
  return reader.families();
}

std::string metrics_page(const actors::console_survey& survey, std::size_t max_sessions,
                         std::size_t max_receivers) {
  return prometheus::TextSerializer{}.Serialize(families_of(survey, max_sessions, max_receivers));
}

} // namespace fleetcast::apps
