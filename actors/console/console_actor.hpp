/// Does what a console says: asks every actor, orders sessions, answers in text or JSON.
///
/// Detached, so that it is heard when every worker thread is stuck. An actor that does not answer costs the
/// answer no more than `console_patience`.
///
/// Supervision: monitored by nobody and monitors nobody. Its crash costs the process its console, and nothing
/// else.
#pragma once

#include "actors/console/command.hpp"
#include "actors/console/console_server.hpp"
#include "actors/console/error_name.hpp"
#include "actors/console/report.hpp"
#include "actors/kit/status.hpp"
#include "actors/messages/manager.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace fleetcast::actors {

/// Longer than the manager's own patience with its sessions.
constexpr auto console_patience = 4 * status_patience;

struct console_request {
  std::string line;
  console_reply reply;
};

/// Everything at once, for who serves metrics: what every actor says, and the receivers of each transmission.
struct console_survey {
  std::vector<status_snapshot> roots;
  std::vector<std::pair<std::string, receiver_list>> receivers; ///< by session
};

struct survey_request {
  std::function<void(std::shared_ptr<const console_survey>)> reply; ///< on the console's thread
};

/// `open`: shows one more actor, that is no child of the manager's.
using console_actor
  = caf::typed_actor<caf::reacts_to<console_request>, caf::reacts_to<survey_request>,
                     caf::reacts_to<open_atom, caf::actor>, caf::reacts_to<stop_atom>,
                     caf::replies_to<status_atom>::with<status_snapshot>>;

struct console_config {
  std::string program;
  std::string version;
  error_namer name_error = nullptr;
  steered_session_manager_actor manager;
  std::shared_ptr<const console_server> server; ///< for its counters
  bool may_shut_down = false;                   ///< as console_options say
};

class console_state {
public:
  static inline const char* name = "console";

  explicit console_state(console_actor::pointer self) : self_(self) {}

  console_actor::behavior_type make_behavior(console_config config);

private:
  using json = report::json;
  using snapshots = std::vector<status_snapshot>;
  using survey_pointer = std::shared_ptr<const console_survey>;

  /// A command under way, with the way back.
  struct task {
    command what;
    console_reply reply;
    error_namer name_error;

    void answer(const json& document, bool follow = false) const;
    void refuse(const failure& reason) const;
  };

  void on_line(const console_request& request);
  void run(const task& t);
  void gather(std::function<void(snapshots)> then);
  void survey(std::function<void(survey_pointer)> then);

  void help(const task& t) const;
  void show_actors(const task& t);
  void show_receivers(const task& t);
  void show_events(const task& t) const;
  void order(const task& t, const session_order& what);
  void set_log(const task& t) const;
  void dump(const task& t);
  void shut_down(const task& t) const;
  void complete(const task& t);
  void words_for(const task& t, const std::string& line, const survey_pointer& all) const;
  json about() const;
  std::vector<caf::actor> roots() const;
  status_snapshot status() const;

  console_actor::pointer self_;
  vitals vitals_;
  console_config config_;
  std::vector<caf::actor> others_;
};

/// Spawn it on a thread of its own.
console_actor::behavior_type console(console_actor::stateful_pointer<console_state> self,
                                     console_config config);

} // namespace fleetcast::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(fleetcast::actors::console_request)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(fleetcast::actors::survey_request)
