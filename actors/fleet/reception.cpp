#include "actors/fleet/reception.hpp"

#include "actors/observe/log.hpp"

#include <algorithm>
#include <utility>

namespace fleetcast::actors::fleet {

namespace {

/// Credit: what may be on its way to the disk, as with `fleetcast get`.
constexpr std::uint64_t cache_bytes = 8 * 1024 * 1024;

/// A share of the old rate in the new one, so that figures do not jump about.
constexpr double smoothing = 0.5;

std::string base_name_of(const std::string& object) {
  const auto slash = object.find_last_of("/\\");
  return slash == std::string::npos ? object : object.substr(slash + 1);
}

std::uint64_t milliseconds_of(std::chrono::steady_clock::duration time) {
  return static_cast<std::uint64_t>(
    std::chrono::duration_cast<std::chrono::milliseconds>(time).count());
}

std::uint64_t unix_microseconds() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(
    std::chrono::duration_cast<std::chrono::microseconds>(now).count());
}

receive_request session_request_of(const reception_config& config) {
  receive_request result;
  result.server = config.request.server;
  result.port = config.request.port;
  result.name_space = config.request.name_space;
  result.object = config.request.object;
  result.cache_bytes = cache_bytes;
  result.interface = config.request.interface;
  result.fingerprint = config.request.fingerprint;
  result.known_servers = config.known_servers;
  result.authenticate = config.request.authenticate;
  result.identity = config.identity;
  result.patience = config.patience;
  return result;
}

} // namespace

reception_state::~reception_state() {
  if (owes_word_)
    caf::anon_send(config_.manager, cancel_atom::value, config_.session,
                   failure{failure_code::internal, 0,
                           "the actor that stores the object died before it was stored"});
}

reception_actor::behavior_type reception_state::make_behavior(reception_config config) {
  config_ = std::move(config);
  self_->monitor(config_.agent);
  self_->monitor(config_.manager);
  self_->set_down_handler([this](const caf::down_msg&) {
    // The file goes with this actor, and the session is cancelled on its way out.
    end(job_phase::failed, {failure_code::internal, 0, "an actor that the job needs died"});
  });
  self_->send(self_, open_atom::value);
  return {
    [this](const session_started& started) { start(started); },
    [this](const block_delivery& block) { take(block); },
    [this](const session_progress& progress) { note(progress.summary); },
    [this](const session_finished& finished) { finish(finished); },
    [this](open_atom) { open(); },
    [this](commit_atom) {
      if (phase_ == job_phase::staged)
        activate();
    },
    [this](cancel_atom, const failure& reason) { cancel(reason); },
    [this](stop_atom) { suspend(); },
    [this](status_atom) { return status(); },
  };
}

status_snapshot reception_state::status() const {
  status_snapshot result;
  result.actor = name;
  result.state = std::string{to_string(phase_)};
  result.facts
    = {metrics::object(config_.request.object), metrics::written_bytes(figures_.written_bytes)};
  return vitals_.of(self_, std::move(result));
}

/// Before any traffic: no server is troubled for a copy that has no place to go.
void reception_state::open() {
  const auto& wanted = config_.request;
  auto file = config_.files->open({config_.destination, base_name_of(wanted.object), wanted.server,
                                   wanted.name_space, wanted.object});
  if (!file)
    return end(job_phase::failed, std::move(file.error()));
  file_ = std::move(*file);
  owes_word_ = true;
  auto request = session_request_of(config_);
  request.held = file_->held();
  request.resumes = !request.held.empty();
  self_->send(config_.manager, open_atom::value, config_.session, std::move(request),
              caf::actor_cast<consumer_actor>(self_));
}

void reception_state::start(const session_started& started) {
  writer_ = started.writer;
  figures_.object_bytes = started.object_size;
  if (auto sized = file_->size(started.object_size, started.block_size); !sized)
    return give_up(std::move(sized.error()));
  if (local_ || is_suspended_)
    return;
  read_held(started);
  report(job_phase::receiving);
}

void reception_state::read_held(const session_started& started) {
  auto blocks = held_reader::blocks_of(started);
  if (blocks.empty())
    return;
  log().info("job {}: {} of {} blocks are here already, and are compared with the server's digests",
             config_.request.job, blocks.size(),
             (started.object_size + started.block_size - 1) / started.block_size);
  reader_ = std::make_unique<held_reader>(
    std::move(blocks),
    [file = file_.get()](std::uint64_t offset, std::span<std::byte> into) {
      return file->read_held(offset, into) ? held_reader::outcome::read
                                           : held_reader::outcome::absent;
    },
    started.digests);
}

void reception_state::take(const block_delivery& block) {
  if (local_)
    return;
  if (block.bytes == nullptr) {
    file_->proven(block.offset, block.size);
  } else {
    const std::span bytes{block.bytes.get(), block.size};
    if (auto written = file_->write(block.offset, bytes); !written)
      return give_up(std::move(written.error()));
    digest_.note(block.offset, bytes);
    received_bytes_ += block.size;
  }
  figures_.written_bytes += block.size;
  const block_release release{block.offset, block.size};
  if (figures_.written_bytes == figures_.object_bytes)
    last_ = release;
  else
    self_->send(writer_, release_atom::value, release);
}

void reception_state::note(const receive_summary& summary) {
  counted_ = summary.statistics;
  limited_by_ = summary.limited_by;
  if (phase_ != job_phase::receiving && phase_ != job_phase::waiting)
    return;
  const auto phase = summary.waits_for_server ? job_phase::waiting : job_phase::receiving;
  if (phase != phase_ || clock::now() - reported_at_ >= report_interval)
    report(phase);
}

void reception_state::finish(const session_finished& finished) {
  counted_ = finished.summary.statistics;
  reader_.reset();
  // A session that failed waits for nothing more.
  if (local_ || finished.reason)
    owes_word_ = false;
  if (is_suspended_ && finished.reason)
    return leave();
  if (local_) {
    const bool is_cancelled = local_.code == failure_code::cancelled;
    if (is_cancelled)
      file_->discard();
    return end(is_cancelled ? job_phase::cancelled : job_phase::failed, std::move(local_));
  }
  if (finished.reason)
    return end(finished.reason.code == failure_code::cancelled ? job_phase::cancelled
                                                               : job_phase::failed,
               finished.reason);
  report(job_phase::storing);
  if (auto stored = store(); !stored) {
    // Its last block was not given back: the server hears why in place of "done".
    withdraw(stored.error());
    return end(job_phase::failed, std::move(stored.error()));
  }
  if (!config_.request.together)
    return activate();
  release_last();
  report(job_phase::staged);
}

target_file::result<void> reception_state::store() {
  if (auto synced = file_->sync(); !synced)
    return synced;
  auto digest = digest_.finish(*file_, figures_.object_bytes);
  if (!digest)
    return tl::unexpected{std::move(digest.error())};
  figures_.digest = std::move(*digest);
  auto accepted = file_->verify();
  if (!accepted)
    file_->discard(); // it would not be accepted another time either
  return accepted;
}

void reception_state::activate() {
  auto published = file_->publish();
  figures_.activated_us = published ? unix_microseconds() : 0;
  if (published)
    published = file_->sync_name();
  if (!published) {
    withdraw(published.error());
    return end(job_phase::failed, std::move(published.error()));
  }
  release_last();
  end(job_phase::done, {});
}

void reception_state::release_last() {
  owes_word_ = false;
  if (last_)
    self_->send(writer_, release_atom::value, *std::exchange(last_, std::nullopt));
}

/// One that is over meanwhile ends as it would have.
void reception_state::suspend() {
  if (std::exchange(is_suspended_, true) || local_)
    return;
  if (owes_word_)
    return withdraw({failure_code::cancelled, 0, "the agent is shutting down"});
  leave();
}

void reception_state::cancel(const failure& reason) {
  if (phase_ != job_phase::staged)
    return give_up(reason);
  file_->discard();
  end(job_phase::cancelled, reason);
}

/// The session ends with this reason, and says so.
void reception_state::give_up(failure reason) {
  if (local_)
    return;
  local_ = std::move(reason);
  withdraw(local_);
}

void reception_state::withdraw(const failure& reason) {
  owes_word_ = false;
  self_->send(config_.manager, cancel_atom::value, config_.session, reason);
}

/// What is on the disk stays there.
void reception_state::leave() {
  reader_.reset();
  file_.reset();
  self_->quit();
}

void reception_state::end(job_phase phase, failure reason) {
  reader_.reset();
  file_.reset(); // before anybody hears that it is over
  report(phase, std::move(reason));
  leave();
}

void reception_state::report(job_phase phase, failure reason) {
  phase_ = phase;
  measure();
  reception_news news;
  news.phase = phase;
  news.figures = figures_;
  news.reason = std::move(reason);
  self_->send(config_.agent, std::move(news));
}

/// The rate since the last report; over the whole in the end.
void reception_state::measure() {
  const auto now = clock::now();
  figures_.elapsed_ms = milliseconds_of(now - started_at_);
  figures_.repaired_symbols = counted_.repaired_symbols;
  figures_.lost_packets = counted_.lost_packets;
  figures_.limited_by = phase_ == job_phase::receiving ? to_string(limited_by_) : "";
  if (phase_ != job_phase::receiving && phase_ != job_phase::storing)
    return; // the rate stays that of the transfer
  const bool over = phase_ == job_phase::storing;
  const auto since = over ? started_at_ : std::exchange(reported_at_, now);
  const auto bytes = received_bytes_ - (over ? 0 : std::exchange(reported_bytes_, received_bytes_));
  const auto seconds = std::max(std::chrono::duration<double>(now - since).count(), 1e-3);
  const auto rate = 8.0 * static_cast<double>(bytes) / seconds;
  const auto before
    = over || figures_.bits_per_second == 0 ? rate : static_cast<double>(figures_.bits_per_second);
  figures_.bits_per_second
    = static_cast<std::uint64_t>(smoothing * before + (1 - smoothing) * rate);
}

reception_actor::behavior_type reception(reception_actor::stateful_pointer<reception_state> self,
                                         reception_config config) {
  return self->state.make_behavior(std::move(config));
}

} // namespace fleetcast::actors::fleet
