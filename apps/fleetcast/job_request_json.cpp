#include "apps/fleetcast/job_request_json.hpp"

#include <string>

namespace fleetcast::apps {

using nlohmann::json;
using protocol::fleet::job_request;

json to_json(const job_request& request) {
  json result{{"job", request.job},
              {"server", request.server},
              {"port", request.port},
              {"namespace", request.name_space},
              {"object", request.object},
              {"destination", request.destination},
              {"interface", request.interface},
              {"fingerprint", request.fingerprint},
              {"authenticate", request.authenticate},
              {"together", request.together}};
  if (!request.host.empty())
    result["host"] = request.host;
  return result;
}

std::optional<job_request> job_request_of(const json& object) {
  job_request result;
  try {
    object.at("job").get_to(result.job);
    object.at("server").get_to(result.server);
    object.at("port").get_to(result.port);
    object.at("namespace").get_to(result.name_space);
    object.at("object").get_to(result.object);
    object.at("destination").get_to(result.destination);
    object.at("interface").get_to(result.interface);
    object.at("fingerprint").get_to(result.fingerprint);
    object.at("authenticate").get_to(result.authenticate);
    object.at("together").get_to(result.together);
    result.host = object.value("host", std::string{});
  } catch (const json::exception&) {
    return std::nullopt;
  }
  return result;
}

} // namespace fleetcast::apps
