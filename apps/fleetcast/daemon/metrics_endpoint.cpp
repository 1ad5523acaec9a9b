#include "apps/fleetcast/daemon/metrics_endpoint.hpp"

#include "apps/fleetcast/daemon/endpoint_text.hpp"
#include "apps/fleetcast/daemon/metrics_page.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

namespace fleetcast::apps {

using protocol::failure;

tl::expected<std::unique_ptr<metrics_endpoint>, failure>
metrics_endpoint::open(actors::runtime& runtime, const std::string& address) {
  const auto is_port = !address.empty()
                       && std::all_of(address.begin(), address.end(),
                                      [](unsigned char c) { return std::isdigit(c) != 0; });
  const auto endpoint = parse_endpoint(is_port ? "127.0.0.1:" + address : address, default_port);
  if (!endpoint)
    return tl::unexpected{failure{endpoint.error()}.in_context("--metrics " + address)};
  auto server = page_server::open(
    runtime.io(), *endpoint,
    {"/metrics", metrics_page_type,
     [&runtime](const page_server::reply& reply) {
       runtime.survey([reply](const std::shared_ptr<const actors::console_survey>& all) {
         reply(metrics_page(*all, max_sessions, max_receivers));
       });
     }},
    {});
  if (!server) {
    auto reason
      = std::move(server.error()).in_context("cannot serve metrics on " + to_text(*endpoint));
    reason.text += "; choose another address with --metrics ADDR:PORT";
    return tl::unexpected{std::move(reason)};
  }
  return std::unique_ptr<metrics_endpoint>{new metrics_endpoint{std::move(*server)}};
}

std::string metrics_endpoint::address() const {
  return to_text(server_->where());
}

} // namespace fleetcast::apps
