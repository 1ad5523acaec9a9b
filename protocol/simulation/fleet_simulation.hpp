/// A whole fleet in virtual time: the real campaign, the real jobs of each host, and between them connections that
/// break, lose, delay and repeat; coordinators and agents that die and come again.
///
/// `run` tells whether what the campaign says is true: see `fleet_outcome::false_claims`.
#pragma once

#include "protocol/fleet/campaign.hpp"
#include "protocol/simulation/event_queue.hpp"
#include "protocol/simulation/simulated_host.hpp"
#include "protocol/simulation/small_random.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace fleetcast::protocol::simulation {

struct fleet_scenario {
  fleet::campaign_plan plan; ///< its hosts are those of the fleet
  std::uint64_t seed = 1;

  duration longest_delay = milliseconds(200); ///< of a message, one way
  double losses = 0;    ///< messages of a hundred that are lost, until `troubles_end`
  double repeats = 0;   ///< messages of a hundred that come twice
  bool in_order = true; ///< as a connection keeps them; else each takes its own time

  // A mean time between two of a kind, anywhere in the fleet; zero: never.
  duration between_cuts{};               ///< of a connection
  duration between_agent_deaths{};       ///< an agent is up again within `longest_outage`
  duration between_coordinator_deaths{}; ///< the next coordinator has the same plan
  duration between_partitions{};         ///< a host cannot be reached for a while
  duration longest_outage = seconds(20);

  /// From then on nothing of this happens, and no message is lost.
  duration troubles_end = seconds(90);

  simulated_host::behaviour hosts;

  /// Hosts of a hundred whose agent has done another job under this id before.
  double strangers_jobs = 0;

  /// By then the campaign is over, or never will be.
  duration deadline = seconds(600);
};

struct fleet_outcome {
  fleet::fleet_view view;
  bool is_over = false;
  duration took{};

  /// Each a sentence: a host that is said to have the object and has not, a host that activated before all were
  /// ready, a campaign that does not end.
  std::vector<std::string> false_claims;
};

class fleet_simulation {
public:
  explicit fleet_simulation(fleet_scenario scenario);
  ~fleet_simulation();

  fleet_simulation(const fleet_simulation&) = delete;
  fleet_simulation& operator=(const fleet_simulation&) = delete;

  fleet_outcome run();

private:
  using campaign = fleet::campaign;

  /// From the coordinator to an agent. Messages of a connection that is cut come to nothing.
  struct connection {
    std::size_t host = 0;
    std::uint64_t coordinator = 0; ///< which one
    campaign::contact contact;
    bool is_cut = false;
    bool is_watching = false; ///< the agent tells it what happens
    timestamp last_to_agent{};
    timestamp last_to_coordinator{};
  };
  using link = std::shared_ptr<connection>;

  void start_coordinator();
  void tick(std::uint64_t coordinator);
  void obey();
  void dial(std::size_t host);
  void connect(std::size_t host);
  void ask(const campaign::order& order);
  void answer(const link& on, campaign::verb what, std::uint64_t question);
  void tell(std::size_t host, const fleet::job_report& report);
  void check_activation(std::size_t host);

  template <class Action>
  void send(const link& on, timestamp& last, Action what);
  void at_coordinator(const link& on, const std::function<void(campaign&)>& what);
  void cut(const link& which);

  void add_trouble(duration between, void (fleet_simulation::*what)());
  void cut_one();
  void kill_agent();
  void kill_coordinator();
  void part_one();
  duration up_to(duration longest);
  std::size_t any_host();
  bool troubles_are_over() const;

  void plant_strangers_jobs();
  fleet::job_request request_for(std::size_t host) const;
  void judge(fleet_outcome& outcome) const;

  fleet_scenario scenario_;
  small_random random_;
  event_queue events_;
  timestamp began_at_;
  std::vector<std::unique_ptr<simulated_host>> hosts_;
  std::vector<timestamp> parted_until_;
  std::vector<link> links_; ///< the latest to each host
  std::unique_ptr<campaign> campaign_;
  std::uint64_t coordinators_ = 0;
  std::uint64_t questions_ = 0;
  std::vector<std::uint64_t>
    open_questions_; ///< by host: the one that waits for an answer; 0: none
  std::vector<std::string> false_claims_;
};

} // namespace fleetcast::protocol::simulation
