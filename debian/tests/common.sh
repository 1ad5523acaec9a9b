# What the tests of the installed packages share: an object on a server over loopback. To be sourced.
# shellcheck shell=bash
set -euo pipefail

work=${AUTOPKGTEST_TMP:-$(mktemp -d)}
address=127.0.0.1:5940
export XDG_CONFIG_HOME=$work/config XDG_STATE_HOME=$work/state HOME=$work

# serve: offers namespace lab with the object "image" until the test ends.
serve() {
  mkdir -p "$work/lab"
  head -c 20000001 /dev/urandom >"$work/lab/image"
  fleetcast serve --namespace "lab=$work/lab" --listen "$address" --interface lo \
    --state-dir "$work/server" >"$work/server.txt" 2>&1 &
  server=$!
  trap 'kill "$server" 2>/dev/null || true; cat "$work/server.txt"' EXIT
  local waited
  for ((waited = 0; waited < 300; ++waited)); do
    if grep -qs '^listening on' "$work/server.txt"; then return; fi
    kill -0 "$server" || return 1
    sleep 0.1
  done
  echo "the server does not listen" >&2
  return 1
}
