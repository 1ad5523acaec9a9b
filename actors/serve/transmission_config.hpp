/// What a transmission is made of: the object, cut into blocks, and the socket and group it is sent by.
#pragma once

#include "actors/io/io_thread.hpp"
#include "actors/io/udp_socket.hpp"
#include "actors/io/way.hpp"
#include "actors/kit/data_path.hpp"
#include "actors/messages/vocabulary.hpp"
#include "actors/serve/content_provider.hpp"
#include "actors/serve/digest_keeper.hpp"
#include "actors/serve/group_allocator.hpp"
#include "actors/serve/options.hpp"
#include "actors/serve/server_budget.hpp"
#include "protocol/geometry.hpp"

#include <tl/expected.hpp>

#include <memory>

namespace fleetcast::actors {

/// Everything a transmission needs from outside, opened before it is spawned so that a failure can be
/// told to the client that asked.
struct send_session_config {
  std::shared_ptr<content> object;
  protocol::geometry layout;
  std::shared_ptr<const io::udp_socket> socket;
  std::shared_ptr<group_lease> group;
  data_path path;
  std::shared_ptr<const budget_lease> budget; ///< null: no bound
  send_options options;
  io::io_thread* io = nullptr;
  session_id id = 0;             ///< as the console shows it
  digest_keeper_actor digests{}; ///< null: none
};

/// For every socket of a transmission.
[[nodiscard]] io::socket_options socket_options_of(const send_options& options);

/// Opens socket and group for `object`, to be sent by `way`, which has an address.
[[nodiscard]] tl::expected<send_session_config, failure>
prepare_transmission(std::shared_ptr<content> object, const io::way& way,
                     const send_options& options, io::io_thread& io);

} // namespace fleetcast::actors
