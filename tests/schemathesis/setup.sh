#!/bin/sh
# Installs what tests/schemathesis runs: a Python venv under the target directory. Where it is there
# it does nothing, and the test never uses the network.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
venv=${CARGO_TARGET_DIR:-$here/../../target}/schemathesis-venv

cmp -s "$here/requirements.txt" "$venv/requirements.txt" && exit
if ! python3 -c 'import ensurepip, venv'; then
    if [ "$(id -u)" = 0 ]; then sudo=; else sudo=sudo; fi
    $sudo apt-get update -qq
    $sudo apt-get install -qq -y --no-install-recommends python3 python3-venv
fi
rm -rf "$venv"
python3 -m venv "$venv"
"$venv/bin/pip" install --quiet --disable-pip-version-check -r "$here/requirements.txt"
# Last, so that a venv half made is made again; the test compares it too.
cp "$here/requirements.txt" "$venv/requirements.txt"
