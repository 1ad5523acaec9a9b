#include "apps/fleetcast/fleet/fleet_job.hpp"

#include "actors/fleet/link_network.hpp"
#include "actors/fleet/link_scribe.hpp"
#include "actors/runtime.hpp"
#include "apps/common/json_output.hpp"
#include "apps/common/say.hpp"
#include "apps/common/signal_events.hpp"
#include "apps/common/terminal.hpp"
#include "apps/fleetcast/daemon/daemon.hpp"
#include "apps/fleetcast/fleet/fleet_report.hpp"

#include <fmt/core.h>

#include <chrono>
#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <utility>

namespace fleetcast::apps {

namespace {

namespace fleet = actors::fleet;

using std::chrono::milliseconds;

/// How often people and programs hear.
constexpr milliseconds look_interval{500};

/// How often a log gets a summary, besides what changed.
constexpr std::chrono::seconds summary_interval{5};

/// A coordinator answers at once; only a defect gets here.
constexpr std::chrono::seconds view_patience{30};

/// Lines on a terminal that are drawn over and over.
class live_table {
public:
  bool possible() const { return can_redraw(stderr); }

  void draw(const fleet::fleet_view& view) {
    // A full last line would scroll, and the cursor stands below.
    const auto size = terminal_behind(stderr).value_or(terminal_size{});
    const auto lines = format_live(view, size.columns - 1, size.rows - 1);
    clear();
    for (const auto& line : lines)
      say(stderr, "{}\n", line);
    drawn_ = lines.size();
  }

  void clear() {
    if (drawn_ > 0)
      say(stderr, "\033[{}A\033[J", std::exchange(drawn_, 0));
  }

private:
  std::size_t drawn_ = 0;
};

class fleet_reporter {
public:
  explicit fleet_reporter(const fleet_display& display) : display_(display) {}

  void show(const fleet::fleet_view& view) {
    if (!display_.live)
      return;
    if (!display_.json && table_.possible())
      return table_.draw(view);
    show_title(view);
    const host_labels labels{view};
    for (const auto& host : view.hosts)
      show_change(host, labels.of(host));
    const auto now = std::chrono::steady_clock::now();
    if (display_.json)
      print_event("progress", to_json(view));
    else if (now - summed_at_ >= summary_interval) {
      say(stderr, "{}\n", format_summary(view));
      summed_at_ = now;
    }
  }

  void end() { table_.clear(); }

private:
  /// Once, to people.
  void show_title(const fleet::fleet_view& view) {
    const auto title = format_title(view);
    if (!display_.json && !title.empty() && !std::exchange(titled_, true))
      say(stderr, "{}\n", title);
  }

  /// Programs hear of every host's progress, logs only of what happens.
  void show_change(const fleet::host_view& host, const std::string& label) {
    const auto state = state_of(host) + (host.reason ? ": " + host.reason.text : "");
    auto& before = states_[label];
    const bool changed = before.first != state;
    if (display_.json && (changed || before.second != host.report.written_bytes))
      print_event("host", to_json(host));
    else if (changed && !display_.json)
      say(stderr, "{}: {}\n", label, state);
    before = {state, host.report.written_bytes};
  }

  fleet_display display_;
  live_table table_;
  bool titled_ = false;
  std::map<std::string, std::pair<std::string, std::uint64_t>> states_;
  std::chrono::steady_clock::time_point summed_at_ = std::chrono::steady_clock::now();
};

fleet::fleet_view look_at(caf::actor_system& system, const fleet::coordinator_actor& coordinator) {
  fleet::fleet_view result;
  caf::scoped_actor self{system};
  self->request(coordinator, view_patience, fleet::view_atom::value)
    .receive([&](fleet::fleet_view& view) { result = std::move(view); }, [](const caf::error&) {});
  return result;
}

} // namespace

tl::expected<fleet_end, protocol::failure>
run_fleet(fleet::fleet_plan plan, fleet::link_context context, const fleet_display& display) {
  signal_events signals;
  raise_descriptor_limit();
  event_flag finished; // outlives the runtime
  plan.finished = [&finished] { finished.set(); };
  actors::runtime_options options;
  options.configure = fleet::configure_network;
  const auto started = actors::runtime::start(options);
  if (!started)
    return tl::unexpected{started.error()};
  auto& runtime = **started;
  auto& system = runtime.system();
  const auto network
    = std::make_shared<fleet::link_network>(system, runtime.io(), std::move(context));
  auto coordinator = system.spawn(fleet::coordinator, std::move(plan),
                                  std::shared_ptr<fleet::fleet_network>{network});
  fleet_reporter report{display};
  fleet_end result;
  auto woken = signal_events::woken_by::timeout;
  while (woken == signal_events::woken_by::timeout) {
    woken = signals.wait(finished, look_interval);
    result.view = look_at(system, coordinator);
    report.show(result.view);
  }
  report.end();
  if (woken == signal_events::woken_by::signal)
    result.signal = signals.last_signal();
  signals.let_go();
  {
    // Not anonymous: a coordinator lets only its own process stop it.
    caf::scoped_actor self{system};
    self->send(std::exchange(coordinator, nullptr), actors::stop_atom::value);
  }
  network->close();
  return result;
}

} // namespace fleetcast::apps
