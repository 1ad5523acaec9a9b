/// What every exported function does around its own work.
#pragma once

#include "api/library.hpp"

#include <cerrno>
#include <new>
#include <utility>

namespace fleetcast::api {

/// The program's errno, put back whatever happens in between.
class errno_guard {
public:
  errno_guard() noexcept : saved_(errno) {}
  ~errno_guard() { errno = saved_; }

  errno_guard(const errno_guard&) = delete;
  errno_guard& operator=(const errno_guard&) = delete;

private:
  int saved_;
};

/// Runs `body`; no exception crosses into C.
template <class Body>
DWORD guarded(Body&& body) noexcept {
  errno_guard keep;
  try {
    return std::forward<Body>(body)();
  } catch (const std::bad_alloc&) {
    return ERROR_NOT_ENOUGH_MEMORY;
  } catch (...) {
    return ERROR_GEN_FAILURE;
  }
}

/// Runs `body(library)` if the library is initialised (R-INIT-4).
template <class Body>
DWORD api_call(Body&& body) noexcept {
  return guarded([&]() -> DWORD {
    auto& library = library::instance();
    library::call call{library};
    return call.admitted() ? std::forward<Body>(body)(library) : DWORD{ERROR_NOT_READY};
  });
}

/// Runs `body(session, library)` if the key means a session that is not gone.
template <class Body>
DWORD session_call(HANDLE key, Body&& body) noexcept {
  return api_call([&](class library& library) -> DWORD {
    auto session = library.sessions().find(key);
    return session ? std::forward<Body>(body)(session, library) : DWORD{ERROR_INVALID_HANDLE};
  });
}

} // namespace fleetcast::api
