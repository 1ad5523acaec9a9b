#!/usr/bin/env bash
# Fails when libwdstptc.so exports anything but the C API: check_exports.sh LIBRARY
set -euo pipefail

library=$1
# Type A is the version's own name.
exported=$(nm --dynamic --defined-only --extern-only --format=posix "$library" \
  | awk '$2 != "A" { print $1 }')
strangers=$(grep -Ev '^(WdsTransportClient|Fleetcast)[A-Za-z]+(@|$)' <<<"$exported" || true)
if [[ -n $strangers ]]; then
  echo "$library exports symbols that are not part of the API:" >&2
  head -20 <<<"$strangers" | c++filt >&2
  exit 1
fi
count=$(grep -c . <<<"$exported" || true)
if ((count == 0)); then
  echo "$library exports nothing at all" >&2
  exit 1
fi
echo "$library exports $count symbols, all of them the API's"
