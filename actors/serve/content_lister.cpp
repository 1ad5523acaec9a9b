#include "actors/serve/content_lister.hpp"

#include "protocol/wire/listing_room.hpp"

#include <utility>

namespace fleetcast::actors {

namespace {

using protocol::wire::list_request;
using protocol::wire::listing;

/// None: the client may have what is in that namespace, if it is there.
failure refusal_of(const offer_terms& terms, const std::string& name_space,
                   const std::string& client) {
  return terms.authorized ? terms.authorized->check(name_space, client) : failure{};
}

/// The namespaces behind the cursor, which is a name, that this client may know of. One that may know of none hears why,
/// and no name.
tl::expected<listing, failure> namespaces_for(const offer_terms& terms, const std::string& cursor,
                                              const std::string& client) {
  listing result;
  failure first_refusal;
  protocol::wire::listing_room room;
  for (const auto& each : terms.catalog->namespaces()) {
    if (auto refused = refusal_of(terms, each.name, client)) {
      if (!first_refusal)
        first_refusal = std::move(refused);
      continue;
    }
    const protocol::wire::listed entry{.name = each.name,
                                       .kind = protocol::wire::listed_kind::name_space,
                                       .is_listable = each.is_listable};
    if (each.name <= cursor)
      continue;
    if (!room.take(entry.name.size())) {
      result.next = result.entries.back().name;
      return result;
    }
    result.entries.push_back(entry);
  }
  if (first_refusal && result.entries.empty() && cursor.empty())
    return tl::unexpected{std::move(first_refusal)};
  return result;
}

tl::expected<listing, failure> page_for(const offer_terms& terms, const list_request& asked,
                                        const std::string& client) {
  if (asked.name_space.empty())
    return namespaces_for(terms, asked.cursor, client);
  // First: who may not have it does not learn whether it is there.
  if (auto refused = refusal_of(terms, asked.name_space, client))
    return tl::unexpected{std::move(refused)};
  return terms.catalog->list(asked.name_space, asked.prefix, asked.cursor);
}

} // namespace

content_lister_actor::behavior_type
content_lister(content_lister_actor::stateful_pointer<content_lister_state> self,
               std::shared_ptr<const offer> offered) {
  return {
    [self, offered = std::move(offered)](list_atom, const list_request& asked,
                                         const std::string& client) -> listed_content {
      auto page = page_for(offered->terms(), asked, client);
      ++(page ? self->state.pages : self->state.refused);
      if (!page)
        return {std::move(page.error()), {}};
      return {{}, *std::move(page)};
    },
    [self](status_atom) {
      const auto& state = self->state;
      return state.alive.of(
        self, {content_lister_state::name,
               "idle",
               {metrics::pages_listed(state.pages), metrics::lists_refused(state.refused)},
               {}});
    },
  };
}

} // namespace fleetcast::actors
