// The pointer in RECEIVE_CONTENTS is the memory in which the block was put together: real reassembly,
// real writer and the API above them, and a pool of memory whose every address is known.
#include "actors/receive/reassembly.hpp"
#include "actors/receive/writer.hpp"
#include "api/library.hpp"
#include "api/wdstci.h"
#include "tests/support/protocol_fixture.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/udp.hpp>
#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <set>
#include <utility>
#include <vector>

namespace fleetcast::api {
namespace zero_copy_test {
namespace {

namespace asio = boost::asio;
namespace fixture = protocol::fixture;
using fixture::bytes;

constexpr auto suite = protocol::wire::seal_suite::chacha20_poly1305;

/// A transmission that arrives whole and at once.
struct transmission {
  fixture::sample_object object{20'000, 512, 8};
  std::shared_ptr<actors::io::block_pool> memory
    = actors::io::block_pool::make(object.layout().block_size(), object.layout().block_count());
  fixture::identity server;
  asio::io_context context;
  asio::ip::udp::socket sender{context, {asio::ip::address_v4::loopback(), 0}};

  /// Every buffer that the pool has. It keeps them, once made.
  std::set<const void*> every_buffer() const {
    std::vector<protocol::block_buffer> all;
    while (auto buffer = memory->allocate())
      all.push_back(std::move(buffer));
    std::set<const void*> result;
    for (const auto& buffer : all)
      result.insert(buffer.get());
    return result;
  }

  actors::io::datagram_batch datagrams() {
    struct owner {
      std::vector<bytes> memory;
      actors::io::received_datagrams view;
    };
    fixture::group_voice voice{suite};
    auto whole = std::make_shared<owner>();
    const auto& layout = object.layout();
    whole->memory.push_back(voice.say(object.manifest(0, layout.block_count(), server)));
    for (protocol::block_number b = 0; b < layout.block_count(); ++b)
      for (protocol::symbol_id s = 0; s < layout.source_symbols_of(b); ++s)
        whole->memory.push_back(voice.say_symbol(object, b, s));
    for (const auto& datagram : whole->memory)
      whole->view.datagrams.emplace_back(datagram);
    return {std::shared_ptr<const actors::io::received_datagrams>{whole, &whole->view}};
  }
};

using transmission_pointer = std::shared_ptr<transmission>;

/// Tells the consumer of the end, as far as a session has to here.
actors::receive_session_actor::behavior_type
plain_session(actors::receive_session_actor::pointer self, actors::consumer_actor consumer) {
  return {
    [=](actors::cancel_atom, const actors::failure&) { self->quit(); },
    [](const actors::server_accepted&) {},
    [](const actors::server_left&) {},
    [](const actors::receipt_confirmed&) {},
    [](const actors::session_progress&) {},
    [](const actors::reassembly_finished&) {},
    [](const actors::reassembly_failed&) {},
    [](const actors::reception_changed&) {},
    [](const protocol::wire::feedback_state&) {},
    [=](const actors::delivery_finished&) { self->send(consumer, actors::session_finished{}); },
    [=](const actors::consumption_finished&) { self->quit(); },
    [](const protocol::wire::fetch&) {},
    [](const protocol::wire::fetched&) {},
    [](actors::tick_atom) {},
    [](actors::status_atom) { return actors::status_snapshot{}; },
  };
}

actors::session_manager_actor::behavior_type
plain_manager(actors::session_manager_actor::pointer self, transmission_pointer from) {
  return {
    [=](actors::open_atom, actors::session_id, const actors::receive_request& request,
        const actors::consumer_actor& consumer) {
      auto feedback = actors::io::udp_socket::open_feedback_sender(asio::ip::address_v4::loopback(),
                                                                   from->sender.local_endpoint());
      const auto& layout = from->object.layout();
      const auto session = self->spawn(plain_session, consumer);
      actors::session_started started;
      started.object_size = layout.object_size();
      started.block_size = static_cast<std::uint32_t>(layout.block_size());
      started.writer = self->spawn(actors::writer, request.cache_bytes, consumer, session);
      const auto reassembly = self->spawn(
        actors::reassembly,
        actors::reassembly_config{
          {fixture::receiver_config_of(layout, from->server, suite),
           std::make_shared<const actors::io::udp_socket>(std::move(feedback.value())),
           {}},
          from->memory,
          started.writer,
          session,
          {}});
      started.ranges = reassembly;
      self->send(consumer, std::move(started));
      self->send(reassembly, from->datagrams());
    },
    [](actors::cancel_atom, actors::session_id, const actors::failure&) {},
    [](actors::join_atom, const actors::join_request&) { return actors::join_reply{}; },
    [self](actors::stop_atom) { self->quit(); },
    [](actors::status_atom) { return actors::status_snapshot{}; },
  };
}

class plain_engine final : public engine {
public:
  explicit plain_engine(transmission_pointer from)
    : system_(configuration_),
      manager_(system_.spawn(plain_manager, std::move(from))) {}

  ~plain_engine() override {
    caf::anon_send(manager_, actors::stop_atom::value);
    manager_ = nullptr;
    system_.await_all_actors_done();
  }

  caf::actor_system& system() override { return system_; }
  actors::session_manager_actor manager() const override { return manager_; }

private:
  caf::actor_system_config configuration_;
  caf::actor_system system_;
  actors::session_manager_actor manager_;
};

struct seen_block {
  const void* bytes;
  ULONG size;
  ULARGE_INTEGER offset;
};
using seen_blocks = std::vector<seen_block>;

VOID CALLBACK on_start(HANDLE, PVOID, PULARGE_INTEGER) {}
VOID CALLBACK on_contents(HANDLE, PVOID data, PVOID contents, ULONG size, PULARGE_INTEGER offset) {
  static_cast<seen_blocks*>(data)->push_back({contents, size, *offset});
}
VOID CALLBACK on_complete(HANDLE, PVOID, DWORD) {}

template <class Function>
void add(HANDLE key, TRANSPORTCLIENT_CALLBACK_ID id, Function* function) {
  ASSERT_EQ(WdsTransportClientRegisterCallback(key, id, reinterpret_cast<PVOID>(function)),
            DWORD{ERROR_SUCCESS});
}

TEST(ZeroCopy, TheConsumerIsShownTheMemoryInWhichTheBlockWasPutTogether) {
  const auto from = std::make_shared<transmission>();
  const auto pool = from->every_buffer();
  ASSERT_EQ(pool.size(), from->object.layout().block_count());
  const auto taken = from->memory->snapshot().allocations;
  library::instance().replace_engine(
    [from](std::size_t) { return std::make_unique<plain_engine>(from); });
  ASSERT_EQ(WdsTransportClientInitialize(), DWORD{ERROR_SUCCESS});

  WDS_TRANSPORTCLIENT_REQUEST request{};
  request.ulLength = sizeof(request);
  request.ulApiVersion = WDS_TRANSPORTCLIENT_CURRENT_API_VERSION;
  request.ulAuthLevel = WDS_TRANSPORTCLIENT_NO_AUTH;
  request.pwszServer = L"server";
  request.pwszNamespace = L"lab";
  request.pwszObjectName = L"image";
  request.ulCacheSize = 1 << 20; // all of it may be out
  request.ulProtocol = WDS_TRANSPORTCLIENT_PROTOCOL_MULTICAST;
  seen_blocks seen;
  HANDLE key = nullptr;
  ASSERT_EQ(WdsTransportClientInitializeSession(&request, &seen, &key), DWORD{ERROR_SUCCESS});
  add(key, WDS_TRANSPORTCLIENT_SESSION_START, on_start);
  add(key, WDS_TRANSPORTCLIENT_RECEIVE_CONTENTS, on_contents);
  add(key, WDS_TRANSPORTCLIENT_SESSION_COMPLETE, on_complete);
  ASSERT_EQ(WdsTransportClientStartSession(key), DWORD{ERROR_SUCCESS});
  ASSERT_EQ(WdsTransportClientWaitForCompletion(key, INFINITE), DWORD{ERROR_SUCCESS});

  // One buffer was taken for each block, to put it together; nothing is left for a copy, and what the
  // consumer sees is each of them.
  EXPECT_EQ(from->memory->snapshot().allocations - taken, pool.size());
  EXPECT_EQ(from->memory->available(), 0U);
  std::set<const void*> shown;
  for (const auto& block : seen) {
    shown.insert(block.bytes);
    EXPECT_EQ(
      std::memcmp(block.bytes, from->object.content().data() + block.offset.QuadPart, block.size),
      0);
  }
  EXPECT_EQ(shown, pool);

  for (auto& block : seen)
    EXPECT_EQ(WdsTransportClientCompleteReceive(key, block.size, &block.offset),
              DWORD{ERROR_SUCCESS});
  EXPECT_EQ(WdsTransportClientCloseSession(key), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(WdsTransportClientShutdown(), DWORD{ERROR_SUCCESS});
  library::instance().replace_engine(nullptr);
}

} // namespace
} // namespace zero_copy_test
} // namespace fleetcast::api
