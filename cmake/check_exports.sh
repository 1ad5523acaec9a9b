#!/usr/bin/env bash
# Fails unless libwdstptc.so exports what its version script names, all of it under the versions that
# stand there, and nothing else: check_exports.sh LIBRARY VERSION_SCRIPT
set -euo pipefail

library=$1
script=$2

# name@version of each call that the script names.
promised=$(awk '
  /^}/ { public = 0; next } # behind it, the version that this one inherits from
  { sub(/\/\*.*/, ""); gsub(/[;{}]/, " ") }
  /^[A-Z]+_[0-9.]+/ { version = $1 }
  /global:/ { public = 1; next }
  /local:/ { public = 0 }
  public && NF == 1 && $1 ~ /^[A-Za-z]/ { print $1 "@" version }' "$script" | sort)
# Type A is the version's own name.
exported=$(nm --dynamic --defined-only --extern-only --with-symbol-versions --format=posix "$library" \
  | awk '$2 != "A" { sub(/@@/, "@", $1); print $1 }' | sort)

if [[ -z $promised ]]; then
  echo "$script names no calls: is it still a version script of explicit names?" >&2
  exit 1
fi
strangers=$(comm -13 <(echo "$promised") <(echo "$exported"))
missing=$(comm -23 <(echo "$promised") <(echo "$exported"))
if [[ -n $strangers ]]; then
  echo "$library exports symbols that $script does not name:" >&2
  head -20 <<<"$strangers" | c++filt >&2
fi
if [[ -n $missing ]]; then
  echo "$library does not export what $script names:" >&2
  echo "$missing" >&2
fi
soname=$(readelf --dynamic --wide "$library" | sed -n 's/.*(SONAME).*\[\(.*\)\]/\1/p')
if [[ $soname != libwdstptc.so.1 ]]; then
  echo "$library calls itself '$soname' (SONAME), not libwdstptc.so.1: programs would not find it" >&2
  exit 1
fi
[[ -z $strangers && -z $missing ]] || exit 1
echo "$soname exports $(wc -l <<<"$exported") symbols, all of them the API's"
