#include "actors/control/content_opener.hpp"

#include <utility>

namespace fleetcast::actors {

content_opener_actor::behavior_type content_opener(content_opener_actor::pointer,
                                                   std::shared_ptr<content_catalog> catalog,
                                                   std::shared_ptr<authorization> authorized) {
  return {
    [catalog = std::move(catalog), authorized = std::move(authorized)](
      open_atom, const std::string& name_space, const std::string& object,
      const std::string& client) -> opened_content {
      // First: who may not have it does not learn whether it is there.
      if (authorized)
        if (auto refused = authorized->check(name_space, client))
          return {std::move(refused), nullptr};
      auto opened = catalog->open(name_space, object);
      if (!opened)
        return {std::move(opened.error()), nullptr};
      return {{}, std::move(*opened)};
    },
  };
}

} // namespace fleetcast::actors
