/// One job of an agent from the session to the file: the consumer of a receive session.
///
///     opening -> connecting -> receiving <-> waiting
///                              receiving -> storing -> [staged ->] done
///                  failed, cancelled or suspended from anywhere
///
/// What is held of an earlier one is read again while contents come, and counts once it is proven. Whatever ends it but a
/// cancel or this host's own judgement leaves what arrived, for the next one.
///
/// Runs detached, for it blocks on the disk. The last block is given back only once the file is on the
/// disk, so the server's receipt means "stored".
///
/// Supervision: monitored by its agent, which speaks for it when it crashes. Monitors the agent and the
/// session manager; without either it gives up, and an unpublished file goes with it. However it ends, a session
/// that still waits for its last block is cancelled: once everything was delivered, nobody else would do that.
#pragma once

#include "actors/fleet/messages.hpp"
#include "actors/fleet/object_digest.hpp"
#include "actors/fleet/target_file.hpp"
#include "actors/kit/status.hpp"
#include "actors/messages/manager.hpp"
#include "actors/receive/held_reader.hpp"
#include "actors/trust/openssl_thread.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>

namespace fleetcast::actors::fleet {

/// What a reception says to its agent: at every change of phase, and twice a second in between.
struct reception_news {
  job_phase phase = job_phase::unknown;
  job_report figures; ///< phase, code and reason are not set
  failure reason;
};

using reception_host_actor = caf::typed_actor<caf::reacts_to<reception_news>>;

/// `commit` gives a staged file its name; `cancel` ends the job wherever it stands; `stop` ends this actor, but not the job:
/// what arrived stays, and nobody hears that it is over.
using reception_actor
  = consumer_actor::extend<caf::reacts_to<open_atom>, caf::reacts_to<commit_atom>,
                           caf::reacts_to<cancel_atom, failure>, caf::reacts_to<stop_atom>>;

struct reception_config {
  job_request request;
  std::string destination; ///< with {host} filled in
  std::string known_servers;
  std::string identity;
  protocol::duration patience{0}; ///< how long a server may be away
  session_id session = 0;
  std::shared_ptr<target_files> files;
  session_manager_actor manager;
  reception_host_actor agent;
};

/// How often a running job reports.
constexpr std::chrono::milliseconds report_interval{500};

class reception_state {
public:
  static inline const char* name = "fleet_reception";

  explicit reception_state(reception_actor::pointer self) : self_(self) {}

  /// Also of one that crashed.
  ~reception_state();

  reception_state(const reception_state&) = delete;
  reception_state& operator=(const reception_state&) = delete;

  reception_actor::behavior_type make_behavior(reception_config config);

private:
  using clock = std::chrono::steady_clock;

  void open();
  void start(const session_started& started);
  void read_held(const session_started& started);
  void take(const block_delivery& block);
  void note(const receive_summary& summary);
  void finish(const session_finished& finished);
  target_file::result<void> store();
  void activate();
  void cancel(const failure& reason);
  void suspend();
  void give_up(failure reason);
  void withdraw(const failure& reason);
  void leave();
  void end(job_phase phase, failure reason);
  void report(job_phase phase, failure reason = {});
  void measure();
  void release_last();
  status_snapshot status() const;

  io::openssl_thread openssl_;
  reception_actor::pointer self_;
  reception_config config_;
  std::unique_ptr<target_file> file_;
  std::unique_ptr<held_reader> reader_; ///< of `file_`; none: nothing is held
  object_digest digest_;
  job_report figures_;
  /// Those of `figures_.written_bytes` that came from the server.
  std::uint64_t received_bytes_ = 0;
  failure local_; ///< why this host gave up a session that still ends
  writer_actor writer_;
  std::optional<block_release> last_;
  clock::time_point started_at_ = clock::now();

  // Of the time since the last report.
  clock::time_point reported_at_ = clock::now();
  std::uint64_t reported_bytes_ = 0; ///< of `received_bytes_`

  // As the session said last.
  protocol::receiver_statistics counted_;
  protocol::limiting_factor limited_by_ = protocol::limiting_factor::unknown;

  job_phase phase_ = job_phase::connecting;
  bool is_suspended_ = false;

  /// The session waits for our last block, or to be told that it will not come.
  bool owes_word_ = false;
  vitals vitals_;
};

reception_actor::behavior_type reception(reception_actor::stateful_pointer<reception_state> self,
                                         reception_config config);

} // namespace fleetcast::actors::fleet

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(fleetcast::actors::fleet::reception_news)
