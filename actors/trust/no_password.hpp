/// Reads of PEM files that never stop to ask.
#pragma once

namespace fleetcast::actors::io {

/// A pem_password_cb without one: left to itself, OpenSSL would ask on the terminal.
inline int no_password(char*, int, int, void*) {
  return 0;
}

} // namespace fleetcast::actors::io
