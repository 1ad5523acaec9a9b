"""Programs that are wrong, to see that the walker notices: scripts around the true one."""

import os

# $real is the program; the last argument is the destination in most runs.
SCRIPTS = {
    "bytes are added": '"$real" "$@"; status=$?; for to; do :; done; [ $status = 0 ] && [ -f "$to" ] && echo >>"$to";'
                       " exit $status",
    "a stream is cut": 'for to; do :; done; [ "$to" = - ] || exec "$real" "$@"; all=$(mktemp);'
                       ' "$real" "$@" >"$all"; status=$?; head -c 1000 "$all"; rm "$all"; exit $status',
    "failures are told as success": '"$real" "$@"; exit 0',
    "success is told as failure": '"$real" "$@" && exit 1',
    "a hidden file is left": '"$real" "$@"; status=$?; : >../place/.fleetcast-00000000-000000; exit $status',
    "nothing is said": '"$real" "$@" >&- 2>&-',
    "the cause is not named": '"$real" "$@" 2>/dev/null; status=$?; echo "fleetcast get: it failed" >&2; exit $status',
    "the server is asked first": 'for each; do case $each in *:*/*) "$real" get "$each" - >&- 2>&-;; esac; done;'
                                 ' exec "$real" "$@"',
    "a link is replaced": 'for to; do :; done; case $to in *place/*) [ -L "$to" ] && rm -f -- "$to";; esac; exec "$real" "$@"',
    "the mode is lost": '"$real" "$@"; status=$?; for to; do :; done; case $to in *place/*) [ -f "$to" ] && chmod 777 -- "$to";;'
                       " esac; exit $status",
}


def write(directory, script, real):
    """The directory of a mutant of `real`."""
    os.mkdir(directory)
    path = os.path.join(directory, "fleetcast")
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"#!/bin/sh\nreal='{real}'\n[ \"$1\" = get ] || exec \"$real\" \"$@\"\n{script}\n")
    for one in (directory, path):
        os.chmod(one, 0o755)
    return directory
