#include "apps/fleetcast/get/json_style.hpp"

#include "apps/common/json_output.hpp"
#include "apps/fleetcast/get/report_text.hpp"

#include <nlohmann/json.hpp>

#include <utility>

namespace fleetcast::apps {

json_style::json_style(std::string address) : address_(std::move(address)) {}

std::chrono::milliseconds json_style::interval() const {
  return std::chrono::milliseconds{200}; // the program may draw a bar of its own
}

void json_style::continuing(std::uint64_t bytes, std::uint64_t object_bytes) {
  print_event("continuing", {{"bytes", bytes}, {"object_bytes", object_bytes}});
}

void json_style::reusing(const std::string& path, std::uint64_t bytes) {
  print_event("reusing", {{"path", path}, {"bytes", bytes}});
}

void json_style::started(const std::string& target, std::uint64_t object_bytes, ULONG block_bytes) {
  print_event("started", {{"address", address_},
                          {"target", target},
                          {"object_bytes", object_bytes},
                          {"block_bytes", block_bytes}});
}

void json_style::waiting(double seconds) {
  print_event("waiting", {{"seconds", seconds}});
}

void json_style::progress(const transfer_figures& figures) {
  auto event = to_json(figures);
  event["waiting_for_server"] = figures.waits_for_server;
  print_event("progress", std::move(event));
}

void json_style::completed(const std::string& target, const transfer_figures& figures) {
  auto event = to_json(figures);
  event["target"] = target;
  event["verified"] = figures.verified;
  print_event("completed", std::move(event));
}

void json_style::failed(const get_failure& failure) {
  say_failure(failure);
  nlohmann::json event{{"exit", failure.exit},
                       {"error", error_object(failure.error, failure.message)}};
  if (failure.kept)
    event["kept"] = {{"bytes", failure.kept->bytes}, {"file", failure.kept->path}};
  print_event("failed", std::move(event));
}

void json_style::warning(const std::string& line) {
  say_warning(line);
  print_event("warning", {{"text", line}});
}

} // namespace fleetcast::apps
