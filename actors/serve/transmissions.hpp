/// All transmissions of a server: finds the one for a client, begins what is missing, within bounds.
#pragma once

#include "actors/io/io_thread.hpp"
#include "actors/io/way.hpp"
#include "actors/serve/digest_keeper.hpp"
#include "actors/serve/options.hpp"
#include "actors/serve/serving_half.hpp"

#include <boost/asio/ip/address.hpp>

#include <cstdint>
#include <memory>
#include <vector>

namespace fleetcast::actors {

class transmissions final : public serving_half {
public:
  transmissions(send_options options, caf::scheduled_actor& manager, io::io_thread& io);

  /// With all transmissions gone: what they told the digest keeper last, it still hears.
  ~transmissions() override;

  transmissions(const transmissions&) = delete;
  transmissions& operator=(const transmissions&) = delete;

  tl::expected<way_in, failure> find(const join_request& request) override;
  void close(const send_session_actor& session) override;
  steered_send_session_actor session(session_id id) const override;
  loss on_down(const caf::down_msg& down) override;
  void stop(const failure& reason) override;
  bool is_empty() const override { return all_.empty(); }
  std::vector<std::pair<session_id, caf::actor>> sessions() const override;
  std::vector<caf::actor> helpers() const override;
  void add_facts(std::vector<fact>& facts) const override;

private:
  struct transmission {
    session_id id = 0;
    std::shared_ptr<content> object;
    unsigned interface = 0; ///< index of the one it is sent on
    bool is_v6 = false;
    boost::asio::ip::address source; ///< of the request that began it
    steered_send_session_actor session;
    bool is_closed = false; ///< takes no more clients; its down message is on the way
  };

  tl::expected<way_in, failure> begin(join_request request, const io::way& way);
  failure no_place_for(const boost::asio::ip::address& source);
  tl::unexpected<failure> refuse(const join_request& request, failure reason) const;

  send_options options_;
  caf::scheduled_actor& manager_;
  io::io_thread& io_;
  digest_keeper_actor digests_; ///< null: nothing is kept
  std::vector<transmission> all_;
  std::uint64_t refused_in_all_ = 0;
  std::uint64_t refused_of_source_ = 0;
  std::uint64_t refused_for_resources_ = 0;
};

/// What makes a process a server (runtime_options::serving).
serving_half_factory serving(send_options options);

} // namespace fleetcast::actors
