#include "actors/console/console_actor.hpp"

#include "actors/console/rendering.hpp"
#include "actors/observe/event_log.hpp"
#include "actors/observe/log.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <set>
#include <utility>

#include <unistd.h>

namespace fleetcast::actors {

namespace {

/// Receivers of a transmission wait in one actor only: no need for the patience that a tree needs.
constexpr auto order_patience = 2 * status_patience;

std::string dumped(const report::json& document) {
  // What peers call themselves may be no UTF-8.
  return document.dump(-1, ' ', true, report::json::error_handler_t::replace) + "\n";
}

report::json error_document(const failure& reason, const error_name& called) {
  report::json error;
  error["code"] = called.code;
  error["name"] = called.name.empty() ? report::json() : report::json(called.name);
  error["text"] = reason.text;
  return {{"error", std::move(error)}};
}

failure no_answer(const caf::error& why, caf::actor_system& system) {
  return {failure_code::internal, 0,
          why == caf::sec::request_timeout
            ? "no answer in " + std::to_string(order_patience.count())
                + " ms: its actor is stuck or busy; `tree` shows which"
            : "no answer: " + system.render(why)};
}

void note(std::uint64_t session, const std::string& what) {
  events().note(event_kind::steered, session, what);
  log().info("console: {}", what);
}

} // namespace

// -- the way back ---------------------------------------------------------------------------------

void console_state::task::answer(const json& document, bool follow) const {
  const auto text = what.json ? dumped(document) : render(what, document);
  if (text.size() > max_frame_text)
    return refuse({failure_code::internal, 0, "the answer is too long; ask for less"});
  reply({{frame_kind::ok, text}, follow, what.json});
}

void console_state::task::refuse(const failure& reason) const {
  reply({{frame_kind::failed,
          what.json ? dumped(error_document(reason, name_error(reason))) : reason.text + "\n"},
         false,
         false});
}

// -- behaviour ------------------------------------------------------------------------------------

console_actor::behavior_type console_state::make_behavior(console_config config) {
  config_ = std::move(config);
  return {
    [this](const console_request& request) { on_line(request); },
    [this](const survey_request& request) { survey(request.reply); },
    [this](open_atom, caf::actor& other) { others_.push_back(std::move(other)); },
    [this](stop_atom) { self_->quit(); },
    [this](status_atom) { return status(); },
  };
}

void console_state::on_line(const console_request& request) {
  auto parsed = parse_command(request.line);
  if (!parsed)
    return request.reply({{frame_kind::usage, parsed.error() + "\n"}, false, false});
  run({std::move(*parsed), request.reply, config_.name_error});
}

void console_state::run(const task& t) {
  const auto& what = t.what;
  switch (what.what) {
    case verb::help:
      return help(t);
    case verb::tree:
    case verb::actor:
    case verb::sessions:
    case verb::session:
    case verb::counters:
      return show_actors(t);
    case verb::receivers:
      return show_receivers(t);
    case verb::events:
      return show_events(t);
    case verb::cancel: {
      const auto code = what.arguments.size() > 1 ? static_cast<std::uint32_t>(what.number(1)) : 0;
      return order(t, cancel_order{{failure_code::cancelled, code, "cancelled by console"}});
    }
    case verb::kick: {
      const auto abort = what.arguments.size() > 2 && what.arguments[2] == "abort";
      return order(
        t,
        kick_order{static_cast<receiver_id>(what.number(1)),
                   {abort ? failure_code::kicked_abort : failure_code::kicked_fallback, 0,
                    abort ? "the server's operator sent this host away, not to come back"
                          : "the server's operator sent this host away; another way may be used"}});
    }
    case verb::pause:
      return order(t, pause_order{true});
    case verb::resume:
      return order(t, pause_order{false});
    case verb::rate:
      return order(t, rate_order{parse_rate(what.arguments[1]).value_or(0)});
    case verb::log:
      return set_log(t);
    case verb::dump:
      return dump(t);
    case verb::shutdown:
      return shut_down(t);
    case verb::complete:
      return complete(t);
    case verb::watch:
      return t.refuse({failure_code::invalid_argument, 0,
                       "watch is what `fleetcast console` does with another command"});
  }
}

// -- asking ---------------------------------------------------------------------------------------

std::vector<caf::actor> console_state::roots() const {
  std::vector<caf::actor> result{caf::actor_cast<caf::actor>(config_.manager)};
  result.insert(result.end(), others_.begin(), others_.end());
  return result;
}

void console_state::gather(std::function<void(snapshots)> then) {
  gather_status(self_, roots(), console_patience,
                [this, then = std::move(then)](snapshots answers) {
                  answers.push_back(status());
                  then(std::move(answers));
                });
}

void console_state::survey(std::function<void(survey_pointer)> then) {
  gather([this, then = std::move(then)](snapshots answers) {
    auto all = std::make_shared<console_survey>();
    all->roots = std::move(answers);
    std::vector<std::string> sending;
    for (const auto& row : report::of_sessions(all->roots))
      if (row["direction"] == "send" && row["session"].is_number())
        sending.push_back(row["session"].dump());
    if (sending.empty())
      return then(std::move(all));
    auto waiting = std::make_shared<std::size_t>(sending.size());
    const auto arrived = [all, waiting, then](const std::string& session, receiver_list list) {
      all->receivers.emplace_back(session, std::move(list));
      if (--*waiting == 0)
        then(all);
    };
    for (const auto& session : sending)
      self_
        ->request(config_.manager, order_patience, list_atom::value,
                  session_id{std::stoull(session)})
        .then([=](receiver_list& list) { arrived(session, std::move(list)); },
              [=, this](const caf::error& why) {
                arrived(session, {no_answer(why, self_->system()), {}});
              });
  });
}

void console_state::show_actors(const task& t) {
  gather([t](const snapshots& all) {
    const auto& what = t.what;
    json document;
    switch (what.what) {
      case verb::tree:
        document["actors"] = report::of_actors(all);
        break;
      case verb::sessions:
        document["sessions"] = report::of_sessions(all);
        break;
      case verb::counters:
        document["counters"]
          = report::of_counters(all, what.arguments.empty() ? "" : what.arguments[0]);
        break;
      case verb::actor: {
        const auto* found = report::find_actor(all, what.number(0));
        if (found == nullptr)
          return t.refuse({failure_code::invalid_argument, 0,
                           "there is no actor " + what.arguments[0] + "; `tree` shows them"});
        document["actor"] = report::of_actor(*found);
        break;
      }
      default: {
        const auto* found = report::find_session(all, std::to_string(what.number(0)));
        if (found == nullptr)
          return t.refuse({failure_code::invalid_argument, 0,
                           "there is no session " + what.arguments[0] + "; `sessions` lists them"});
        document["session"] = report::of_actor(*found);
      }
    }
    t.answer(document);
  });
}

void console_state::show_receivers(const task& t) {
  self_->request(config_.manager, order_patience, list_atom::value, session_id{t.what.number(0)})
    .then(
      [t](const receiver_list& list) {
        if (list.reason)
          return t.refuse(list.reason);
        json document;
        document["receivers"] = report::of_receivers(list);
        t.answer(document);
      },
      [t, this](const caf::error& why) { t.refuse(no_answer(why, self_->system())); });
}

void console_state::show_events(const task& t) const {
  json document;
  const auto all = events().after(0);
  document["forgotten"] = all.empty() ? 0 : all.front().number - 1;
  document["events"] = report::of_events(all);
  t.answer(document, t.what.follow);
}

void console_state::help(const task& t) const {
  const auto* only = t.what.arguments.empty() ? nullptr : find_command(t.what.arguments[0]);
  if (!t.what.arguments.empty() && only == nullptr)
    return t.refuse(
      {failure_code::invalid_argument, 0,
       "there is no command '" + t.what.arguments[0] + "'; `help` shows what there is"});
  json document;
  auto& all = document["commands"] = json::array();
  for (const auto& info : all_commands()) {
    if (info.summary.empty() || (only != nullptr && only != &info))
      continue;
    json one;
    one["name"] = info.name;
    one["arguments"] = info.arguments;
    one["summary"] = info.summary;
    one["details"] = info.details;
    one["example"] = info.example;
    all.push_back(std::move(one));
  }
  t.answer(document);
}

// -- steering -------------------------------------------------------------------------------------

void console_state::order(const task& t, const session_order& what) {
  const auto id = t.what.number(0);
  self_->request(config_.manager, order_patience, id, what)
    .then(
      [t, id](const order_outcome& outcome) {
        if (outcome.reason)
          return t.refuse(outcome.reason);
        note(id, outcome.done);
        json document;
        document["session"] = id;
        document["done"] = "session " + std::to_string(id) + ": " + outcome.done;
        t.answer(document);
      },
      [t, this](const caf::error& why) { t.refuse(no_answer(why, self_->system())); });
}

void console_state::set_log(const task& t) const {
  const auto& level = t.what.arguments[0];
  const auto actor = t.what.arguments.size() > 1 ? t.what.arguments[1] : std::string{};
  if (!set_log_level(spdlog::level::from_str(level), actor))
    return t.refuse({failure_code::invalid_argument, 0,
                     "no actor '" + actor + "' logs anything; those that do: " + logging_actors()});
  json document;
  document["done"] = "the log of " + (actor.empty() ? "all" : actor) + " is at level " + level
                     + (log_has_sink() ? "" : ", but this process was given no log to write to");
  note(0, document["done"].get<std::string>());
  t.answer(document);
}

void console_state::shut_down(const task& t) const {
  if (!config_.may_shut_down)
    return t.refuse({failure_code::invalid_request, 0,
                     "this process uses Fleetcast as a library and ends by its own means; `cancel "
                     "ID` ends a session"});
  note(0, "shutdown");
  json document;
  document["done"] = "ending, as after SIGTERM";
  t.answer(document);
  // The program's own way of ending, with what it cleans up then.
  ::kill(::getpid(), SIGTERM);
}

// -- everything -----------------------------------------------------------------------------------

console_state::json console_state::about() const {
  json document;
  document["format"] = "fleetcast-console-dump-2";
  document["program"] = config_.program;
  document["version"] = config_.version;
  document["pid"] = ::getpid();
  document["time"] = report::utc_text(std::chrono::system_clock::now());
  return document;
}

void console_state::dump(const task& t) {
  survey([this, t](const survey_pointer& all) {
    auto document = about();
    document["sessions"] = report::of_sessions(all->roots);
    auto& receivers = document["receivers"] = json::object();
    for (const auto& [session, list] : all->receivers)
      receivers[session] = report::of_receivers(list);
    document["actors"] = report::of_actors(all->roots);
    document["events"] = report::of_events(events().after(0));
    document["metrics"] = report::of_metrics_table();
    t.answer(document);
  });
}

status_snapshot console_state::status() const {
  const auto count = config_.server ? config_.server->count() : console_counters{};
  return vitals_.of(
    self_,
    {name,
     "serving",
     {metrics::consoles(count.connections), metrics::consoles_accepted(count.accepted),
      metrics::consoles_refused(count.refused), metrics::console_commands(count.commands),
      metrics::console_bad_lines(count.bad_lines),
      metrics::console_output_dropped(count.lost_events), metrics::events_noted(events().count())},
     {}});
}

// -- completion -----------------------------------------------------------------------------------

void console_state::complete(const task& t) {
  survey([this, t](const survey_pointer& all) {
    words_for(t, t.what.arguments.empty() ? "" : t.what.arguments[0], all);
  });
}

namespace {

using words = std::set<std::string>;

void add_actors(const std::vector<status_snapshot>& all, words& ids, words& names) {
  for (const auto& one : all) {
    ids.insert(std::to_string(one.id));
    names.insert(one.actor);
    add_actors(one.children, ids, names);
  }
}

words words_of(argument kind, const std::vector<std::string>& before, const console_survey& all) {
  words result;
  words ids;
  words names;
  switch (kind) {
    case argument::command:
    case argument::line:
      for (const auto& one : all_commands())
        if (!one.summary.empty())
          result.emplace(one.name);
      return result;
    case argument::session:
      for (const auto& row : report::of_sessions(all.roots))
        if (row["session"].is_number())
          result.insert(row["session"].dump());
      return result;
    case argument::receiver:
      for (const auto& [session, list] : all.receivers)
        if (before.size() > 1 && before[1] == session)
          for (const auto& one : list.receivers)
            result.insert(std::to_string(one.id));
      return result;
    case argument::actor:
      add_actors(all.roots, ids, names);
      return ids;
    case argument::actor_name:
      add_actors(all.roots, ids, names);
      return names;
    case argument::kick_mode:
      return {"fallback", "abort"};
    case argument::rate:
      return {"auto"};
    case argument::log_level:
      return {std::begin(log_levels), std::end(log_levels)};
    case argument::follow:
      return {"-f"};
    case argument::pattern:
      for (const auto& one : all_metrics())
        result.emplace(one.name);
      return result;
    case argument::number:
    case argument::file:
      return {};
  }
  return {};
}

} // namespace

void console_state::words_for(const task& t, const std::string& line,
                              const survey_pointer& all) const {
  std::vector<std::string> before;
  for (const auto word : split_words(line))
    before.emplace_back(word);
  std::string begun;
  if (!line.empty() && line.back() != ' ' && !before.empty()) {
    begun = before.back();
    before.pop_back();
  }
  auto kind = argument::command;
  auto is_known = true;
  if (!before.empty()) {
    // `watch` takes a whole command.
    if (before.front() == "watch" && before.size() > 1)
      before.erase(before.begin());
    const auto* info = find_command(before.front());
    is_known = info != nullptr && before.size() <= info->takes.size();
    if (is_known)
      kind = info->takes[before.size() - 1];
  }
  json document;
  auto& found = document["words"] = json::array();
  if (is_known)
    for (const auto& word : words_of(kind, before, *all))
      if (word.starts_with(begun) && !word.empty())
        found.push_back(word);
  t.answer(document);
}

console_actor::behavior_type console(console_actor::stateful_pointer<console_state> self,
                                     console_config config) {
  return self->state.make_behavior(std::move(config));
}

} // namespace fleetcast::actors
