#!/bin/sh
# Installs what tests/interop runs: a Python venv under the target directory, Go, one Go module.
# Where all is there it does nothing, and the tests never use the network.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
venv=${CARGO_TARGET_DIR:-$here/../../target}/interop-venv

install() {
    if [ "$(id -u)" = 0 ]; then sudo=; else sudo=sudo; fi
    $sudo apt-get update -qq
    $sudo apt-get install -qq -y --no-install-recommends "$@"
}

if ! cmp -s "$here/requirements.txt" "$venv/requirements.txt"; then
    python3 -c 'import ensurepip, venv' || install python3 python3-venv
    rm -rf "$venv"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check -r "$here/requirements.txt"
    # Last, so that a venv half made is made again; the tests compare it too.
    cp "$here/requirements.txt" "$venv/requirements.txt"
fi

go version >/dev/null 2>&1 || install golang
cd "$here/note"
export GOTOOLCHAIN=local GOWORK=off GOFLAGS=
go mod download
# Fills the build cache: `go run` in the tests then takes a second.
go build -o /dev/null .
