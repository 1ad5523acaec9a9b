#include "actors/socket_reader.hpp"

#include "actors/io/limits.hpp"
#include "actors/io/udp_batch.hpp"
#include "actors/kit/status.hpp"
#include "actors/kit/timer.hpp"
#include "actors/observe/turn_meter.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>

#include <atomic>
#include <chrono>
#include <functional>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace fleetcast::actors {

namespace limits = io::limits;

/// The batch buffers of one reader. Batches hold it, so it outlives the reader if it must; last in,
/// first out, to touch as little memory as the sink's pace allows.
class batch_pool : public std::enable_shared_from_this<batch_pool> {
public:
  /// Calls `wake` when a buffer came back after `take` had none; from the thread that let it go.
  explicit batch_pool(std::function<void()> wake) : wake_(std::move(wake)) {
    free_.reserve(limits::reader_batches);
  }

  /// Null when all are out.
  std::unique_ptr<io::receive_buffer> take() {
    {
      const std::lock_guard guard{mutex_};
      if (!free_.empty()) {
        auto result = std::move(free_.back());
        free_.pop_back();
        return result;
      }
      if (made_ == limits::reader_batches) {
        awaited_ = true;
        return nullptr;
      }
      ++made_;
    }
    return std::make_unique<io::receive_buffer>();
  }

  void give_back(std::unique_ptr<io::receive_buffer> buffer) noexcept {
    const std::lock_guard guard{mutex_};
    free_.push_back(std::move(buffer)); // within what was reserved: cannot throw
    if (std::exchange(awaited_, false) && wake_)
      wake_();
  }

  /// Whoever lets go of the last batches of a reader that is no more wakes nobody.
  void detach() {
    const std::lock_guard guard{mutex_};
    wake_ = nullptr;
  }

  /// The message that carries `filled`; its last holder gives the buffer back.
  io::datagram_batch share(std::unique_ptr<io::receive_buffer> filled) {
    const auto* contents = &filled->contents();
    std::shared_ptr<io::receive_buffer> owner{
      filled.release(), [pool = shared_from_this()](io::receive_buffer* returned) {
        pool->give_back(std::unique_ptr<io::receive_buffer>{returned});
      }};
    return {std::shared_ptr<const io::received_datagrams>{std::move(owner), contents}};
  }

private:
  std::mutex mutex_;
  std::vector<std::unique_ptr<io::receive_buffer>> free_;
  std::size_t made_ = 0;
  bool awaited_ = false;
  std::function<void()> wake_;
};

/// Lives as long as the actor or a pending handler needs it. `close` works at once, from any thread:
/// afterwards no batch goes out and no handler does anything.
class socket_reader_core : public std::enable_shared_from_this<socket_reader_core> {
public:
  socket_reader_core(boost::asio::io_context& context, std::shared_ptr<const io::udp_socket> socket,
                     datagram_sink_actor sink)
    : context_(context),
      socket_(std::move(socket)),
      receiver_(socket_),
      readable_(context),
      sink_(std::move(sink)) {}

  ~socket_reader_core() {
    // The descriptor is the socket's to close.
    if (readable_.is_open())
      readable_.release();
  }

  socket_reader_core(const socket_reader_core&) = delete;
  socket_reader_core& operator=(const socket_reader_core&) = delete;

  /// Begins to wait for datagrams, unless the reactor does not take the socket.
  boost::system::error_code start() {
    boost::system::error_code error;
    readable_.assign(socket_->native_handle(), error);
    if (error)
      return error;
    pool_ = std::make_shared<batch_pool>([weak = weak_from_this(), &context = context_] {
      boost::asio::post(context, [weak] {
        if (const auto core = weak.lock())
          core->drain();
      });
    });
    boost::asio::post(context_, [core = shared_from_this()] {
      if (!core->is_closed())
        core->wait();
    });
    return error;
  }

  void close() {
    {
      const std::lock_guard guard{mutex_};
      sink_ = nullptr;
    }
    if (pool_)
      pool_->detach();
    boost::asio::post(context_, [core = shared_from_this()] {
      if (core->readable_.is_open())
        core->readable_.release(); // cancels the wait
    });
  }

  io::batch_receiver::statistics counted() const noexcept { return receiver_.snapshot(); }
  std::uint64_t stalls() const noexcept { return stalls_.load(std::memory_order_relaxed); }
  std::uint64_t batches() const noexcept { return batches_.load(std::memory_order_relaxed); }
  bool stalled() const noexcept { return stalled_.load(std::memory_order_relaxed); }
  const turn_meter& turns() const noexcept { return turns_; }
  bool coalesces() const noexcept { return receiver_.coalesces(); }
  const io::udp_socket& socket() const noexcept { return *socket_; }

private:
  // -- on the I/O thread --------------------------------------------------------------------------

  void wait() {
    readable_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                         [core = shared_from_this()](const boost::system::error_code& error) {
                           if (error != boost::asio::error::operation_aborted)
                             core->drain();
                         });
  }

  /// Reads until the socket is empty, all buffers are out, or it is others' turn.
  void drain() {
    turns_.turn(std::chrono::steady_clock::now().time_since_epoch(), std::exchange(unread_, true));
    for (std::size_t turn = 0; turn < limits::batches_per_turn; ++turn) {
      if (is_closed() || !readable_.is_open())
        return;
      auto buffer = pool_->take();
      if (!buffer) {
        stalls_.fetch_add(1, std::memory_order_relaxed);
        stalled_.store(true, std::memory_order_relaxed);
        return; // the pool wakes us
      }
      stalled_.store(false, std::memory_order_relaxed);
      const bool emptied = receiver_.receive(*buffer);
      if (buffer->contents().datagrams.empty())
        pool_->give_back(std::move(buffer));
      else
        deliver(std::move(buffer));
      if (emptied) {
        unread_ = false;
        return wait();
      }
    }
    boost::asio::post(context_, [core = shared_from_this()] { core->drain(); });
  }

  void deliver(std::unique_ptr<io::receive_buffer> filled) {
    auto batch = pool_->share(std::move(filled));
    batches_.fetch_add(1, std::memory_order_relaxed);
    const std::lock_guard guard{mutex_};
    if (sink_)
      caf::anon_send(sink_, std::move(batch));
  }

  // -- on any thread ------------------------------------------------------------------------------

  bool is_closed() const {
    const std::lock_guard guard{mutex_};
    return !sink_;
  }

  boost::asio::io_context& context_;
  std::shared_ptr<const io::udp_socket> socket_;
  io::batch_receiver receiver_;
  boost::asio::posix::stream_descriptor readable_;
  std::shared_ptr<batch_pool> pool_;
  std::atomic<std::uint64_t> stalls_{0};
  std::atomic<std::uint64_t> batches_{0};
  std::atomic<bool> stalled_{false};
  turn_meter turns_;    ///< a turn: a look into the socket
  bool unread_ = false; ///< the last turn left something in it, as far as it knows

  mutable std::mutex mutex_;
  datagram_sink_actor sink_; ///< null: closed
};

// -- the actor ------------------------------------------------------------------------------------

socket_reader_state::~socket_reader_state() {
  if (core_)
    core_->close();
}

boost::system::error_code socket_reader_state::start(io::io_thread& io,
                                                     std::shared_ptr<const io::udp_socket> socket,
                                                     datagram_sink_actor sink) {
  core_ = std::make_shared<socket_reader_core>(io.context(), std::move(socket), std::move(sink));
  return core_->start();
}

status_snapshot socket_reader_state::status() const {
  const auto counted = core_->counted();
  const auto& socket = core_->socket();
  const auto& local = socket.local_endpoint();
  return {name,
          core_->stalled() ? "stalled" : "reading",
          {metrics::address(local.address().to_string()),
           metrics::port(std::to_string(local.port())), metrics::datagrams(counted.datagrams),
           metrics::bytes(counted.bytes), metrics::batches(core_->batches()),
           metrics::stalls(core_->stalls()), metrics::kernel_drops(counted.kernel_drops),
           metrics::injected_losses(counted.injected_losses), metrics::truncated(counted.truncated),
           metrics::socket_errors(counted.errors),
           metrics::receive_buffer(static_cast<std::uint64_t>(socket.receive_buffer())),
           metrics::receive_offload(core_->coalesces() ? "on" : "off"),
           metrics::coalesced(counted.coalesced), metrics::turns(core_->turns().turns()),
           metrics::longest_gap(seconds_of(core_->turns().longest_gap()))},
          {}};
}

socket_reader_actor::behavior_type
socket_reader(socket_reader_actor::stateful_pointer<socket_reader_state> self, io::io_thread* io,
              std::shared_ptr<const io::udp_socket> socket, datagram_sink_actor sink) {
  self->monitor(sink);
  self->set_down_handler([self](const caf::down_msg&) { self->quit(); });
  if (const auto error = self->state.start(*io, std::move(socket), std::move(sink)))
    self->quit(caf::make_error(caf::sec::runtime_error,
                               "the I/O thread cannot wait for the socket: " + error.message()));
  return {
    [self](stop_atom) { self->quit(); },
    [self, born = vitals{}](status_atom) { return born.of(self, self->state.status()); },
  };
}

} // namespace fleetcast::actors
