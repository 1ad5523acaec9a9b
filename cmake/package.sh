#!/usr/bin/env bash
# Debian packages of this work tree, looked at and built twice: `./dev package` runs this.
#
#   package.sh [--no-tests] [--once] [--trial] [--repository DIR [--key ID]]
#
# Results are in build/package: *.deb, and what describes them. --repository also puts them into DIR, with the
# indexes that apt reads; --key signs these by gpg. --no-tests builds without running tests, --once does not build again.
# --trial installs, uses and purges them in a fresh Debian: tests/package/trial.
set -euo pipefail

root=$(cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/.." && pwd)
cd -- "$root"
out=$root/build/package

say() { printf '\033[1m==> %s\033[0m\n' "$*" >&2; }
die() {
  printf 'package: %s\n' "$*" >&2
  exit 1
}

# source_into DIR: what is in this tree and is not ignored, also what is not committed yet.
source_into() {
  mkdir -p "$1"
  git ls-files -z --cached --others --exclude-standard --deduplicate \
    | while IFS= read -r -d '' file; do
      if [[ -e $file ]]; then printf '%s\0' "$file"; fi
    done \
    | tar --create --null --files-from=- | tar --extract --directory="$1"
}

# build_in DIR OPTION...: packages from DIR/fleetcast go to DIR; OPTION as in DEB_BUILD_OPTIONS.
build_in() {
  local directory=$1
  shift
  rm -rf "$directory"
  source_into "$directory/fleetcast"
  local log=$directory/build.log
  (
    cd "$directory/fleetcast" && DEB_BUILD_OPTIONS="$*" dpkg-buildpackage --build=full --no-sign
  ) >"$log" 2>&1 || {
    tail -n 60 "$log" >&2
    die "the build failed; all it said is in $log"
  }
  rm -rf "$directory/fleetcast" # several gigabytes
}

look_at() {
  lintian --tag-display-limit 0 --fail-on error,warning --allow-root "$1"/*.changes \
    || die "lintian found something; what must stay gets a line with its reason in debian/*.lintian-overrides"
}

# compare DIR DIR: the packages in both are the same, bit by bit.
compare() {
  local deb same=yes
  for deb in "$1"/*.deb; do
    if cmp --quiet "$deb" "$2/${deb##*/}"; then continue; fi
    echo "${deb##*/} differs" >&2
    same=no
    if command -v diffoscope >/dev/null; then diffoscope "$deb" "$2/${deb##*/}" >&2 || true; fi
  done
  [[ $same == yes && $(cd "$1" && ls ./*.deb) == $(cd "$2" && ls ./*.deb) ]] \
    || die "two builds of the same source are not the same"
}

# repository DIR [KEY]: what apt reads: deb [signed-by=...] file:DIR ./
repository() {
  local directory=$1 key=$2
  mkdir -p "$directory"
  directory=$(cd -- "$directory" && pwd)
  cp "$out"/*.deb "$directory"
  (
    cd "$directory"
    apt-ftparchive packages . >Packages
    gzip --keep --force --no-name --best Packages
    rm -f Release InRelease
    apt-ftparchive -o APT::FTPArchive::Release::Origin=Fleetcast \
      -o APT::FTPArchive::Release::Label=Fleetcast release . >Release.new
    mv Release.new Release
    if [[ -n $key ]]; then
      gpg --batch --yes --local-user "$key" --clearsign --output InRelease Release
      gpg --batch --yes --export --output fleetcast.gpg "$key"
    fi
  )
  local trust="[trusted=yes] "
  if [[ -n $key ]]; then trust="[signed-by=/etc/apt/keyrings/fleetcast.gpg] "; fi
  say "An apt repository; where it can be read:"
  echo "deb ${trust}file:$directory ./"
}

main() {
  local tests=yes twice=yes trial=no into='' key=''
  while (($# > 0)); do
    case $1 in
      --no-tests) tests=no ;;
      --once) twice=no ;;
      --trial) trial=yes ;;
      --repository | --key)
        (($# > 1)) || die "$1 takes a value"
        if [[ $1 == --key ]]; then key=$2; else into=$2; fi
        shift
        ;;
      *) die "no option '$1'; there are --no-tests, --once, --trial, --repository DIR and --key ID" ;;
    esac
    shift
  done
  [[ -z $key || -n $into ]] || die "--key signs a repository: say --repository DIR, too"
  local jobs options
  jobs=parallel=${FLEETCAST_PACKAGE_JOBS:-$(nproc)}
  options=("$jobs")
  if [[ $tests == no ]]; then options+=(nocheck); fi

  say "Building packages"
  build_in "$out/first" "${options[@]}"
  say "lintian"
  look_at "$out/first"
  if [[ $twice == yes ]]; then
    # In another directory, time zone and language, with another umask, and without tests: none of that may be
    # seen in the result.
    say "Building them again, to compare"
    (
      umask 0027
      export TZ=Asia/Kathmandu LC_ALL=C
      build_in "$out/another-place" "$jobs" nocheck
    )
    compare "$out/first" "$out/another-place"
    say "The same, bit by bit"
    rm -rf "$out/another-place"
  fi
  find "$out" -maxdepth 1 -type f -delete
  mv "$out"/first/* "$out"
  rmdir "$out/first"
  ls "$out"/*.deb
  if [[ $trial == yes ]]; then
    say "Installing, using and purging them in a fresh Debian 12"
    tests/package/trial "$out"
  fi
  if [[ -n $into ]]; then repository "$into" "$key"; fi
}

main "$@"
