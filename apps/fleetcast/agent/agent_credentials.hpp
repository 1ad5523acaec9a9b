/// An agent's certificate, key and authority while it runs: read at the start, read again when told to, and watched for
/// the day on which the certificate expires. For one thread, but for what expires() points to.
#pragma once

#include "actors/trust/fleet_tls_context.hpp"
#include "actors/trust/renewal.hpp"
#include "protocol/failure.hpp"

#include <boost/asio/ip/address.hpp>
#include <tl/expected.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace fleetcast::apps {

class agent_credentials {
public:
  /// Files that were not `chosen` need not be there if only this host can reach the agent. `listens` is where it does.
  agent_credentials(actors::fleet::credential_files files, bool chosen,
                    boost::asio::ip::address listens)
    : files_(std::move(files)),
      is_chosen_(chosen),
      listens_(std::move(listens)) {}

  /// Reads the files; also again. What cannot be used changes nothing. A certificate that there is stays when its file is
  /// gone: an agent with certificates never becomes one without.
  [[nodiscard]] protocol::failure load();

  /// Null: there are none, and none are needed.
  const actors::fleet::link_context& context() const noexcept { return context_; }

  /// When the certificate expires, Unix time; 0: there is none. Read by any thread, kept up to date.
  std::shared_ptr<const std::atomic<std::int64_t>> expires() const noexcept { return expires_; }

  /// What to tell the log at `now` of a certificate that is to be renewed: once a day at most; else empty.
  [[nodiscard]] std::string look(std::chrono::sys_seconds now);

private:
  using result = tl::expected<actors::fleet::link_context, protocol::failure>;

  result read() const;

  actors::fleet::credential_files files_;
  bool is_chosen_;
  boost::asio::ip::address listens_;
  actors::fleet::link_context context_;
  std::shared_ptr<std::atomic<std::int64_t>> expires_
    = std::make_shared<std::atomic<std::int64_t>>(0);
  std::optional<actors::fleet::renewal_reminder> reminder_;
};

} // namespace fleetcast::apps
