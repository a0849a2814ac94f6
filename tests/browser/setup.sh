#!/bin/sh
# Installs what tests/browser runs: Node, Chromium, and two packages beside the tests. Where all is
# there it does nothing, and the tests never use the network.
set -eu
here=$(cd "$(dirname "$0")" && pwd)

install() {
    if [ "$(id -u)" = 0 ]; then sudo=; else sudo=sudo; fi
    $sudo apt-get update -qq
    $sudo apt-get install -qq -y --no-install-recommends "$@"
}

{ node --version && npm --version; } >/dev/null 2>&1 || install nodejs npm
[ -x "${PROBANT_CHROMIUM:-/usr/bin/chromium}" ] || install chromium fonts-liberation

cd "$here"
if ! cmp -s package-lock.json node_modules/package-lock.json; then
    # No browser of its own is downloaded: Debian's is used.
    PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 npm ci --no-audit --no-fund --ignore-scripts --silent
    # Last, so that what is half installed is installed again.
    cp package-lock.json node_modules/package-lock.json
fi
