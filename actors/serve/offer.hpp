/// What a server offers, and to whom. Both are replaced together, while requests are answered: no request meets a
/// new namespace without the list that guards it.
#pragma once

#include "actors/serve/authorization.hpp"
#include "actors/serve/content_provider.hpp"

#include <memory>
#include <mutex>
#include <utility>

namespace fleetcast::actors {

struct offer_terms {
  std::shared_ptr<content_catalog> catalog;
  std::shared_ptr<authorization> authorized; ///< null: everybody is served
};

/// Any thread.
class offer {
public:
  explicit offer(offer_terms first) : terms_(std::move(first)) {}

  /// From the next request on. What is being sent already goes on.
  void replace(offer_terms next) {
    const std::lock_guard lock{mutex_};
    terms_ = std::move(next);
  }

  offer_terms terms() const {
    const std::lock_guard lock{mutex_};
    return terms_;
  }

private:
  mutable std::mutex mutex_;
  offer_terms terms_;
};

} // namespace fleetcast::actors
