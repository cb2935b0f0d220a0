#!/usr/bin/env bash
# An installed weir, moved to another place, can be used with find_package() from a project in C, in
# C++ or in Fortran alone, and with pkg-config.
# usage: install_test.sh BUILD_DIR CONFIGURATION C_COMPILER WORK_DIR
set -euo pipefail
build=$1 configuration=$2 compiler=$3 work=$4
here=$(cd "$(dirname "$0")" && pwd)
rm -rf "$work"
mkdir -p "$work"
DESTDIR="$work/staged" cmake --install "$build" --config "$configuration" --prefix /opt/weir >/dev/null
mv "$work/staged/opt/weir" "$work/another prefix"

# find_package LANGUAGE [OPTION]: builds and runs the project there.
find_package() {
    local user="$work/user $1"
    cmake -S "$here" -B "$user" -G Ninja -DUSER_LANGUAGE="$1" "${@:2}" \
        -DCMAKE_PREFIX_PATH="$work/another prefix" >"$user.log" 2>&1 &&
        cmake --build "$user" >>"$user.log" 2>&1 || { cat "$user.log" && return 1; }
    "$user/user"
    echo "find_package, $1: ok"
}

find_package C -DCMAKE_C_COMPILER="$compiler"
# Compilers of the same make, for the OpenMP runtime's sake, where there are any.
source "$here/siblings.sh"
[ -z "$cxx" ] || find_package CXX -DCMAKE_CXX_COMPILER="$cxx"
[ -z "$fortran" ] || find_package Fortran -DCMAKE_Fortran_COMPILER="$fortran"

PKG_CONFIG_PATH=$(dirname "$(find "$work/another prefix" -name weir.pc)")
export PKG_CONFIG_PATH
export LD_LIBRARY_PATH=${PKG_CONFIG_PATH%/pkgconfig}
for static in "" --static; do
    eval "$compiler" "'$here/user.c' '$here/use.c'" -o "'$work/by_pkg_config'" \
        "$(pkg-config --cflags --libs $static weir)"
    "$work/by_pkg_config"
    echo "pkg-config${static:+ }$static: ok"
done

"$work/another prefix/bin/weir" --version
