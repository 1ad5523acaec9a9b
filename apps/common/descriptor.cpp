#include "apps/common/descriptor.hpp"

#include <unistd.h>

namespace fleetcast::apps {

descriptor::~descriptor() {
  if (number_ >= 0)
    ::close(number_);
}

} // namespace fleetcast::apps
