#!/usr/bin/env bash
# An installed weir can be used with find_package() and with pkg-config.
# usage: install_test.sh BUILD_DIR C_COMPILER WORK_DIR
set -euo pipefail
build=$1 compiler=$2 work=$3
here=$(cd "$(dirname "$0")" && pwd)
rm -rf "$work"
mkdir -p "$work"
cmake --install "$build" --prefix "$work/prefix" >/dev/null

cmake -S "$here" -B "$work/user" -G Ninja -DCMAKE_C_COMPILER="$compiler" \
    -DCMAKE_PREFIX_PATH="$work/prefix" >/dev/null
cmake --build "$work/user" >/dev/null
"$work/user/user"
echo "find_package: ok"

PKG_CONFIG_PATH=$(dirname "$(find "$work/prefix" -name weir.pc)")
export PKG_CONFIG_PATH
# shellcheck disable=SC2046 # words are meant to be split
"$compiler" "$here/user.c" -o "$work/user/by_pkg_config" $(pkg-config --cflags --libs weir)
LD_LIBRARY_PATH=$(dirname "$PKG_CONFIG_PATH") "$work/user/by_pkg_config"
echo "pkg-config: ok"

"$work/prefix/bin/weir" --version
