#include "apps/common/json_output.hpp"

#include "apps/common/say.hpp"

#include <cstdio>

namespace fleetcast::apps {

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

} // namespace fleetcast::apps
