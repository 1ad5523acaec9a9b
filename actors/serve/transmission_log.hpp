/// What the operator of a server is told of one transmission: lines of the log, and events for the console.
#pragma once

#include "actors/messages/serving.hpp"
#include "actors/serve/feedback_watch.hpp"
#include "actors/serve/transmission_config.hpp"
#include "protocol/send/group_liveness.hpp"
#include "protocol/send/sender.hpp"
#include "protocol/send/transmission_limit.hpp"
#include "protocol/timestamp.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace fleetcast::actors {

/// `who` is always a receiver as people know it: "receiver 3 (host, address)".
class transmission_log {
public:
  /// `actor`: whose log it is, a constant of the code.
  transmission_log(const char* actor, session_id id, std::string_view object);

  /// The object's name, for people.
  const std::string& object() const noexcept { return object_; }

  void began(const send_session_config& config, const std::string& pace) const;
  void hears_at(const io::udp_endpoint& feedback) const;
  void cannot_hear_at(const boost::asio::ip::address& address, const failure& why) const;
  void cannot_begin(const failure& why) const;

  /// Earlier transmissions left the digests of `known` of the object's `blocks`.
  void knows_digests(std::uint64_t known, std::uint64_t blocks) const;

  /// Those that were kept contradict what was read.
  void forgets_digests() const;

  void joined(const std::string& who, std::size_t now) const;
  void left(const std::string& who, const failure& why) const;

  /// It has the object, by its receipt and by its reports.
  void done(const std::string& who, protocol::duration took, std::uint64_t repaired_symbols,
            bool verified) const;

  /// It has, by its receipt alone.
  void claimed(const std::string& who, protocol::duration took) const;

  void excluded(const std::string& who, protocol::exclusion before, protocol::exclusion now) const;

  /// `feedback`: where it should be heard at; `address`: what it came from.
  void unheard(const std::string& who, const feedback_watch::change& what,
               const io::udp_endpoint& feedback, const std::string& address) const;

  /// Names what limits the transmission when that has changed, but not more often than people can read; `text`: in words.
  void limited(protocol::timestamp now, const protocol::transmission_limit& limit,
               const std::string& text);

  void failed(std::size_t waiting, const failure& why) const;
  void ended(std::uint64_t complete, std::uint64_t claimed,
             const protocol::sender_statistics& sent) const;

private:
  const char* actor_;
  session_id id_;
  std::string object_;
  protocol::transmission_limit limit_;
  protocol::timestamp limit_told_at_{};
};

} // namespace fleetcast::actors
