#!/usr/bin/env bash
# check_linked.sh LIBRARY: refuses a library that was linked with what sends. What receives needs none of it, and
# everybody who embeds the library would carry it. The library must not be stripped.
set -euo pipefail

library=$1
unwanted='fleetcast::protocol::sender::|fleetcast::actors::(send_session_state|transmissions|control_listener_state)::'
symbols=$(nm --demangle --defined-only "$library")
if ! grep -q 'fleetcast::protocol::receiver::' <<<"$symbols"; then
  echo "$library has no symbols to look at: is it stripped?" >&2
  exit 1
fi
if found=$(grep -E "$unwanted" <<<"$symbols"); then
  echo "$library has $(wc -l <<<"$found") symbols of what sends, among them:" >&2
  head -5 <<<"$found" >&2
  exit 1
fi
echo "$library receives only"
