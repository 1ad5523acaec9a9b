#include "apps/common/descriptor.hpp"

#include <string>

#include <fcntl.h>
#include <unistd.h>

namespace fleetcast::apps {

descriptor::~descriptor() {
  if (number_ >= 0)
    ::close(number_);
}

descriptor open_again(const descriptor& file, int flags) {
  const auto same = "/proc/self/fd/" + std::to_string(file.get());
  return descriptor{::open(same.c_str(), flags | O_CLOEXEC)};
}

} // namespace fleetcast::apps
