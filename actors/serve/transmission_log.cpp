#include "actors/serve/transmission_log.hpp"

#include "actors/kit/timer.hpp"
#include "actors/observe/event_log.hpp"
#include "actors/observe/log.hpp"
#include "actors/serve/exclusion_words.hpp"
#include "protocol/text.hpp"

#include <fmt/core.h>

#include <chrono>
#include <utility>

namespace fleetcast::actors {

namespace {

/// The limit may change twice a second; at this interval the log stays readable.
constexpr protocol::duration limit_interval = protocol::seconds(2);

void warn_of_mtu(const char* actor, const std::string& object, const send_session_config& config) {
  const auto& path = config.path;
  if (path.is_fragmented())
    log(actor).warn("{}: datagrams take packets of {} bytes, and {} takes {}: each travels in "
                    "fragments, and is lost with any of them. Raise the interface's MTU",
                    object, path.packet, path.interface.name, *path.mtu);
  else if (path.mtu && *path.mtu < config.options.mtu)
    log(actor).warn(
      "{}: {} takes packets of {} bytes, less than `--mtu` says: datagrams of {} are sent", object,
      path.interface.name, *path.mtu, path.packet);
}

} // namespace

transmission_log::transmission_log(const char* actor, session_id id, std::string_view object)
  : actor_(actor),
    id_(id),
    object_(protocol::outside_text(object)) {}

void transmission_log::began(const send_session_config& config, const std::string& pace) const {
  const auto& group = config.group->endpoint();
  const auto& path = config.path;
  log(actor_).info("{}: {} bytes to {} port {} on {} from {}, feedback to UDP port {}, {}", object_,
                   config.object->size(), group.address().to_string(), group.port(),
                   path.interface.name, path.sender.to_string(), path.feedback.port(), pace);
  warn_of_mtu(actor_, object_, config);
}

void transmission_log::hears_at(const io::udp_endpoint& feedback) const {
  log(actor_).info("{}: feedback to {}, too", object_, io::to_text(feedback));
}

void transmission_log::cannot_hear_at(const boost::asio::ip::address& address,
                                      const failure& why) const {
  log(actor_).error("{}: no feedback can be heard at {}: {}", object_, address.to_string(),
                    why.text);
}

void transmission_log::cannot_begin(const failure& why) const {
  log(actor_).error("{}: cannot be sent now: {}", object_, why.text);
}

void transmission_log::knows_digests(std::uint64_t known, std::uint64_t blocks) const {
  log(actor_).info("{}: the digests of {} of {} blocks are known from before", object_, known,
                   blocks);
}

void transmission_log::forgets_digests() const {
  log(actor_).warn("{}: its contents changed, but its size and times did not; the digests that "
                   "were known are dropped",
                   object_);
}

void transmission_log::joined(const std::string& who, std::size_t now) const {
  events().note(event_kind::receiver_joined, id_,
                fmt::format("{} of {}; {} now", who, object_, now));
  log(actor_).info("{}: {} joined; {} now", object_, who, now);
}

void transmission_log::left(const std::string& who, const failure& why) const {
  log(actor_).warn("{}: {} left: {}", object_, who, why.text);
  events().note(event_kind::receiver_left, id_, who + ": " + why.text);
}

void transmission_log::done(const std::string& who, protocol::duration took,
                            std::uint64_t repaired_symbols, bool verified) const {
  const auto story = fmt::format("{} has it, {}, after {:.2f} s", who,
                                 verified ? "verified" : "NOT VERIFIED", seconds_of(took));
  log(actor_).info("{}: {}; {} symbols repaired", object_, story, repaired_symbols);
  events().note(event_kind::receiver_done, id_, story);
}

void transmission_log::claimed(const std::string& who, protocol::duration took) const {
  const auto story = fmt::format(
    "{} claimed to have it after {:.2f} s, which its reports do not show", who, seconds_of(took));
  log(actor_).warn("{}: {}", object_, story);
  events().note(event_kind::receiver_claimed, id_, story);
}

void transmission_log::excluded(const std::string& who, protocol::exclusion before,
                                protocol::exclusion now) const {
  if (before == now)
    return;
  if (const auto* reason = reason_for(now); reason != nullptr)
    log(actor_).warn("{}: {} {}; it neither sets the rate nor holds up the others until it "
                     "completes a block",
                     object_, who, reason);
  else if (now == protocol::exclusion::none && reason_for(before) != nullptr)
    log(actor_).info("{}: {} completes blocks again", object_, who);
}

void transmission_log::unheard(const std::string& who, const feedback_watch::change& what,
                               const io::udp_endpoint& feedback, const std::string& address) const {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(what.unheard).count();
  if (what.unheard == protocol::duration::zero())
    log(actor_).info("{}: {} is heard {}", object_, who, what.ever ? "again" : "now");
  else if (what.ever)
    log(actor_).warn("{}: nothing was heard from {} for {} s: it may be stopped, or UDP from it to "
                     "port {} of {} is blocked",
                     object_, who, seconds, feedback.port(), feedback.address().to_string());
  else
    log(actor_).warn("{}: nothing was heard from {} since it joined: UDP from {} must reach port "
                     "{} of {}. Open it in the firewall of this host; `serve --feedback-port` "
                     "chooses the port",
                     object_, who, address, feedback.port(), feedback.address().to_string());
}

void transmission_log::limited(protocol::timestamp now, const protocol::transmission_limit& limit,
                               const std::string& text) {
  // A name is what the reader waits for: it comes at once.
  const auto named_now = limit.receiver && !limit_.receiver;
  if (limit == limit_ || (now - limit_told_at_ < limit_interval && !named_now))
    return;
  limit_ = limit;
  limit_told_at_ = now;
  log(actor_).info("{}: limited by {}", object_, text);
}

void transmission_log::failed(std::size_t waiting, const failure& why) const {
  log(actor_).error("{}: transmission ends with {} receivers waiting: {}", object_, waiting,
                    why.text);
}

void transmission_log::ended(std::uint64_t complete, std::uint64_t claimed,
                             const protocol::sender_statistics& sent) const {
  log(actor_).info(
    "{}: ended; {} receivers complete ({} only claimed), {} source and {} repair datagrams sent, "
    "{} blocks read for their digest alone",
    object_, complete, claimed, sent.source_datagrams, sent.repair_datagrams, sent.digest_reads);
}

} // namespace fleetcast::actors
