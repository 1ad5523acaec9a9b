#include "apps/common/json_output.hpp"

#include "apps/common/say.hpp"

#include <fmt/chrono.h>

#include <cstdio>
#include <ctime>

namespace fleetcast::apps {

namespace {

std::string text_of_second(std::chrono::sys_seconds at) {
  const auto seconds = static_cast<std::time_t>(at.time_since_epoch().count());
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}", parts);
}

} // namespace

void print_json(const nlohmann::json& object, int indent) {
  say(stdout, "{}\n", object.dump(indent, ' ', true, nlohmann::json::error_handler_t::replace));
}

void print_event(const char* kind, nlohmann::json event) {
  event["event"] = kind;
  print_json(event);
}

std::string_view error_name(DWORD code) {
  const std::string_view text = FleetcastErrorText(code);
  const auto colon = text.find(':');
  return colon == std::string_view::npos ? std::string_view{} : text.substr(0, colon);
}

nlohmann::json error_object(DWORD code, std::string_view text) {
  const auto name = error_name(code);
  return {{"code", code},
          {"name", name.empty() ? nlohmann::json() : nlohmann::json(name)},
          {"text", text}};
}

std::string utc_text(std::chrono::sys_seconds at) {
  return text_of_second(at) + "Z";
}

std::string utc_text(std::chrono::sys_time<std::chrono::microseconds> at) {
  const auto second = std::chrono::floor<std::chrono::seconds>(at);
  return fmt::format("{}.{:06}Z", text_of_second(second), (at - second).count());
}

} // namespace fleetcast::apps
