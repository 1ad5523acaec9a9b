/// How a `fleetcast get` failed: what each style of report shows.
#pragma once

#include "api/fleetcast_ext.h"
#include "apps/common/staged_file.hpp"

#include <optional>
#include <string>

namespace fleetcast::apps {

struct get_failure {
  int exit = 0;                ///< the program's exit code
  DWORD error = ERROR_SUCCESS; ///< success: none of the library's
  std::string message;
  std::optional<kept_part> kept; ///< for the next transfer
};

} // namespace fleetcast::apps
