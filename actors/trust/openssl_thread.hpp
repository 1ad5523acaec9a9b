/// What OpenSSL keeps for a thread, and when it goes.
#pragma once

#include <openssl/crypto.h>

namespace fleetcast::actors::io {

/// For what runs on a thread of its own and uses OpenSSL; the first member of a detached actor's state, so
/// that it goes last. Left to itself OpenSSL frees the thread's queue of errors when the thread has gone,
/// which is a moment after its actor counts as ended: a process that ends in that moment leaks it.
class openssl_thread {
public:
  openssl_thread() = default;
  ~openssl_thread() { OPENSSL_thread_stop(); }

  openssl_thread(const openssl_thread&) = delete;
  openssl_thread& operator=(const openssl_thread&) = delete;
};

} // namespace fleetcast::actors::io
