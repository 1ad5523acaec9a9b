#include "tests/support/temporary_directory.hpp"

#include <cstdlib>
#include <stdexcept>
#include <system_error>

namespace fleetcast::actors::testing {

temporary_directory::temporary_directory() {
  auto pattern = (std::filesystem::temp_directory_path() / "fleetcast-test-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr)
    throw std::runtime_error{"no temporary directory can be made at " + pattern};
  path_ = pattern;
}

temporary_directory::~temporary_directory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

} // namespace fleetcast::actors::testing
