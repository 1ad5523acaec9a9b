#include "actors/serve/digest_keeper.hpp"

#include "actors/kit/own_thread.hpp"
#include "actors/observe/log.hpp"
#include "actors/serve/digest_directory.hpp"

#include <string>
#include <utility>

namespace fleetcast::actors {

namespace {

void tell_operator(const std::string& what) {
  log(digest_keeper_state::name).warn("{}", what);
}

} // namespace

void digest_keeper_state::open(const std::filesystem::path& directory) {
  auto store = digest_directory::open(directory);
  if (store)
    cache.emplace(std::move(*store), tell_operator);
  else
    tell_operator("there is no digest cache: " + store.error().text);
}

status_snapshot digest_keeper_state::status() const {
  return {name,
          !cache            ? "without a directory"
          : cache->is_off() ? "off"
                            : "idle",
          {metrics::cached_objects(cache ? cache->files() : 0),
           metrics::cache_size(cache ? cache->size() : 0),
           metrics::evicted(cache ? cache->evicted() : 0),
           metrics::not_kept(cache ? cache->not_kept() : 0)},
          {}};
}

digest_keeper_actor::behavior_type
digest_keeper(digest_keeper_actor::stateful_pointer<digest_keeper_state> self,
              const std::filesystem::path& directory) {
  self->state.open(directory);
  auto& cache = self->state.cache;
  return {
    [&cache](const find_digests& what) {
      return known_digests{cache ? cache->find(what.key) : std::vector<protocol::digest_run>{}};
    },
    [&cache](const keep_digests& what) {
      if (cache)
        cache->keep(what.key, what.runs);
    },
    [&cache](const drop_digests& what) {
      if (cache)
        cache->drop(what.key);
    },
    [self](stop_atom) { self->quit(); },
    [self](status_atom) { return self->state.alive.of(self, self->state.status()); },
  };
}

digest_keeper_actor start_digest_keeper(caf::actor_system& system,
                                        const std::filesystem::path& directory) {
  auto started = spawn_on_own_thread(system, "the digest keeper", digest_keeper, directory);
  if (started)
    return *std::move(started);
  tell_operator("there is no digest cache: " + started.error().text);
  return {};
}

} // namespace fleetcast::actors
