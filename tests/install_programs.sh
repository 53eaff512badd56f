#!/bin/sh
# Install the programs that the tests start, where they are missing: Debian's Chromium with its driver, Redis, Memcached.
set -eu

missing=""
for pair in chromium:chromium chromedriver:chromium-driver redis-server:redis-server memcached:memcached; do
    command -v "${pair%%:*}" >/dev/null 2>&1 || missing="$missing ${pair##*:}"
done
[ -n "$missing" ] || exit 0

refuse() {
    echo "The tests need these programs (Debian's names):$missing" >&2
    echo "They can't be installed from here: $1. Install them, and run make test again." >&2
    exit 1
}

command -v apt-get >/dev/null 2>&1 || refuse "there is no apt-get"
as_root=""
if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null 2>&1 || refuse "you are not root, and there is no sudo"
    as_root="sudo"
fi
echo "Installing$missing; this takes a minute."
log=$(mktemp)
# shellcheck disable=SC2086 # the names are words of their own
if ! { $as_root apt-get update && $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $missing; } >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    refuse "apt-get failed, as it says above"
fi
rm -f "$log"
