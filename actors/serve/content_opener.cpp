#include "actors/serve/content_opener.hpp"

#include <utility>

namespace fleetcast::actors {

content_opener_actor::behavior_type
content_opener(content_opener_actor::stateful_pointer<content_opener_state> self,
               std::shared_ptr<const offer> offered) {
  return {
    [self, offered = std::move(offered)](open_atom, const std::string& name_space,
                                         const std::string& object,
                                         const std::string& client) -> opened_content {
      const auto [catalog, authorized] = offered->terms();
      // Until it is seen to be otherwise.
      ++self->state.refused;
      // First: who may not have it does not learn whether it is there.
      if (authorized)
        if (auto refused = authorized->check(name_space, client))
          return {std::move(refused), nullptr};
      auto opened = catalog->open(name_space, object);
      if (!opened)
        return {std::move(opened.error()), nullptr};
      --self->state.refused;
      ++self->state.opened;
      return {{}, std::move(*opened)};
    },
    [self](status_atom) {
      const auto& state = self->state;
      return state.alive.of(
        self, {content_opener_state::name,
               "idle",
               {metrics::objects_opened(state.opened), metrics::objects_refused(state.refused)},
               {}});
    },
  };
}

} // namespace fleetcast::actors
