#include "apps/fleetcast/failure_object.hpp"

#include "api/error_codes.hpp"
#include "apps/common/json_output.hpp"

namespace fleetcast::apps {

nlohmann::json error_object(const protocol::failure& reason) {
  return error_object(api::to_win32(reason), reason.text);
}

} // namespace fleetcast::apps
