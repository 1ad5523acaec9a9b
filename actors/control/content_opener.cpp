#include "actors/control/content_opener.hpp"

#include <utility>

namespace fleetcast::actors {

content_opener_actor::behavior_type content_opener(content_opener_actor::pointer,
                                                   std::shared_ptr<content_catalog> catalog) {
  return {
    [catalog = std::move(catalog)](open_atom, const std::string& name_space,
                                   const std::string& object) -> opened_content {
      auto opened = catalog->open(name_space, object);
      if (!opened)
        return {std::move(opened.error()), nullptr};
      return {{}, std::move(*opened)};
    },
  };
}

} // namespace fleetcast::actors
