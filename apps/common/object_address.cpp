#include "apps/common/object_address.hpp"

namespace fleetcast::apps {

std::string object_address::base_name() const {
  auto slash = object.find_last_of("/\\");
  return slash == std::string::npos ? object : object.substr(slash + 1);
}

tl::expected<object_address, std::string> parse_object_address(std::string_view text) {
  auto first = text.find('/');
  auto second = first == std::string_view::npos ? first : text.find('/', first + 1);
  object_address result;
  if (second != std::string_view::npos) {
    result.server = text.substr(0, first);
    result.name_space = text.substr(first + 1, second - first - 1);
    result.object = text.substr(second + 1);
  }
  if (result.server.empty() || result.name_space.empty() || result.object.empty())
    return tl::unexpected{"'" + std::string{text}
                          + "' is not of the form SERVER[:PORT]/NAMESPACE/OBJECT, as in "
                            "server.example/images/disk.img"};
  return result;
}

} // namespace fleetcast::apps
