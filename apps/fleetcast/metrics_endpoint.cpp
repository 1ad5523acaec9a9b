#include "apps/fleetcast/metrics_endpoint.hpp"

#include "actors/io/own_thread.hpp"
#include "apps/fleetcast/endpoint_text.hpp"
#include "apps/fleetcast/survey_collector.hpp"

#include <algorithm>
#include <cctype>
#include <exception>
#include <utility>

#include <prometheus/exposer.h>

namespace fleetcast::apps {

using protocol::failure;
using protocol::failure_code;

tl::expected<std::unique_ptr<metrics_endpoint>, failure>
metrics_endpoint::open(actors::runtime& runtime, const std::string& address) {
  const auto is_port = !address.empty()
                       && std::all_of(address.begin(), address.end(),
                                      [](unsigned char c) { return std::isdigit(c) != 0; });
  const auto endpoint = parse_endpoint(is_port ? "127.0.0.1:" + address : address, default_port);
  if (!endpoint)
    return tl::unexpected{failure{endpoint.error()}.in_context("--metrics " + address)};
  const auto where = to_text(*endpoint);
  std::unique_ptr<metrics_endpoint> result{new metrics_endpoint};
  result->collector_ = std::make_shared<survey_collector>(
    [&runtime](survey_collector::reply reply) { runtime.survey(std::move(reply)); }, max_sessions,
    max_receivers);
  try {
    // One thread answers and one waits: whoever reads figures a few times a minute needs no more.
    result->exposer_ = std::make_unique<prometheus::Exposer>(where, 2);
    result->exposer_->RegisterCollectable(result->collector_);
  } catch (const std::exception&) {
    // The exception does not tell: is it a thread that was missing?
    auto trial = actors::io::start_thread("serving metrics", [] {});
    if (!trial)
      return tl::unexpected{std::move(trial.error())};
    trial->join();
    return tl::unexpected{failure{failure_code::network_fault, 0,
                                  "cannot serve metrics on " + where
                                    + ": the address is in use or not of this host; choose another "
                                      "with --metrics ADDR:PORT"}};
  }
  result->host_ = endpoint->address().is_v6() ? "[" + endpoint->address().to_string() + "]"
                                              : endpoint->address().to_string();
  return result;
}

metrics_endpoint::~metrics_endpoint() = default;

std::string metrics_endpoint::address() const {
  const auto ports = exposer_->GetListeningPorts();
  return host_ + ":" + std::to_string(ports.empty() ? 0 : ports.front());
}

} // namespace fleetcast::apps
