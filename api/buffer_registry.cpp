#include "api/buffer_registry.hpp"

#include <utility>

namespace fleetcast::api {

void buffer_registry::hold(const protocol::const_block_buffer& buffer) {
  std::lock_guard guard{mutex_};
  auto& known = entries_[buffer.get()];
  known.buffer = buffer;
  ++known.promises;
}

void buffer_registry::drop(const void* buffer) noexcept {
  protocol::const_block_buffer unused; // outlives the lock
  std::lock_guard guard{mutex_};
  auto known = entries_.find(buffer);
  if (known == entries_.end() || known->second.promises == 0)
    return;
  --known->second.promises;
  unused = take_if_unused(known);
}

DWORD buffer_registry::add_reference(const void* buffer) noexcept {
  std::lock_guard guard{mutex_};
  auto known = entries_.find(buffer);
  if (known == entries_.end())
    return ERROR_INVALID_PARAMETER;
  ++known->second.references;
  return ERROR_SUCCESS;
}

DWORD buffer_registry::release_reference(const void* buffer) noexcept {
  protocol::const_block_buffer unused; // outlives the lock
  std::lock_guard guard{mutex_};
  auto known = entries_.find(buffer);
  if (known == entries_.end() || known->second.references == 0)
    return ERROR_INVALID_PARAMETER;
  --known->second.references;
  unused = take_if_unused(known);
  return ERROR_SUCCESS;
}

void buffer_registry::clear() noexcept {
  table forgotten; // outlives the lock
  std::lock_guard guard{mutex_};
  forgotten.swap(entries_);
}

std::size_t buffer_registry::size() const {
  std::lock_guard guard{mutex_};
  return entries_.size();
}

protocol::const_block_buffer buffer_registry::take_if_unused(table::iterator position) noexcept {
  if (position->second.promises > 0 || position->second.references > 0)
    return nullptr;
  auto buffer = std::move(position->second.buffer);
  entries_.erase(position);
  return buffer;
}

} // namespace fleetcast::api
