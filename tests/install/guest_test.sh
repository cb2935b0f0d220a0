#!/usr/bin/env bash
# Weir as a part of other projects' builds: it changes nothing there, is built as they wish, and
# their flags do not change what it does.
#
# Run by ctest: guest_test.sh SOURCE C_COMPILER WORK_DIR.  It must never write outside of WORK_DIR.
set -euo pipefail
compiler=$2 work=$3
here=$(cd "$(dirname "$0")" && pwd)
rm -rf "$work"
mkdir -p "$work"
source="$work/the source" # paths with blanks are in use
ln -s "$1" "$source"
unset CFLAGS CXXFLAGS FFLAGS LDFLAGS
source "$here/siblings.sh"
"$compiler" "$here/unload.c" -o "$work/unload" -ldl

fail() {
    echo "guest_test: $*" >&2
    exit 1
}

# build NAME LANGUAGE OPTIONS…: the project around weir, without zlib (the command alone needs it).
build() {
    local name=$1 language=$2
    shift 2
    cmake -S "$here/guest" -B "$work/$name" -DHOST_LANGUAGE="$language" -DWEIR_SOURCE="$source" \
        -DCMAKE_C_COMPILER="$compiler" -DCMAKE_DISABLE_FIND_PACKAGE_ZLIB=ON "$@" >"$work/log" 2>&1 &&
        cmake --build "$work/$name" -j 2 >"$work/log" 2>&1 || fail "$name: $(cat "$work/log")"
}

# The archive, in one of several configurations, whatever the other project likes in flags.
build "in c" C -G "Ninja Multi-Config" -DCMAKE_UNITY_BUILD=ON -DCMAKE_C_STANDARD=11 \
    -DCMAKE_C_EXTENSIONS=OFF -DCMAKE_RUNTIME_OUTPUT_DIRECTORY="$work/in c/bin" \
    -DCMAKE_C_FLAGS="-flto -fvisibility=hidden -Wall -Wextra -Werror"
"$work/in c/bin/Debug/user"
"$work/unload" "$work/in c/Debug/libplugin.so"
[ -z "$(find "$work/in c/bin" -name 'weir*')" ] || fail "the command was built as well"
[ ! -e "$work/in c/compile_commands.json" ] || fail "compile_commands.json was written"
cmake --install "$work/in c" --config Debug --prefix "$work/nothing" >/dev/null
[ -z "$(find "$work" -path '*/nothing/*')" ] || fail "weir was installed"
echo "archive, in C: ok"

# The shared library, fetched, installed for the sake of a library that needs it; with fast math,
# which must not reach the programs that load it.
language=${cxx:+CXX}
build "in c++" "${language:-C}" -G Ninja ${cxx:+-DCMAKE_CXX_COMPILER="$cxx"} -DHOST_FETCHES=ON \
    -DHOST_EXPORTS=ON -DWEIR_INSTALL=ON -DBUILD_SHARED_LIBS=ON -DCMAKE_C_FLAGS=-ffast-math \
    -DCMAKE_CXX_FLAGS=-ffast-math
"$work/in c++/user"
DESTDIR="$work/staged" cmake --install "$work/in c++" --prefix /usr >/dev/null
mv "$work/staged/usr" "$work/moved"
[ -n "$(find "$work/moved" -name 'libweir.so')" ] || fail "no shared library"
PKG_CONFIG_PATH=$(dirname "$(find "$work/moved" -name weir.pc)")
export PKG_CONFIG_PATH
eval "$compiler -shared -fPIC '$here/use.c' -o '$work/plugin.so' $(pkg-config --cflags --libs weir)"
LD_LIBRARY_PATH=$(dirname "$PKG_CONFIG_PATH") "$work/unload" "$work/plugin.so"
cmake -S "$here" -B "$work/user" -G Ninja -DUSER_LANGUAGE=C -DCMAKE_C_COMPILER="$compiler" \
    -DCMAKE_PREFIX_PATH="$work/moved" >/dev/null
cmake --build "$work/user" >/dev/null
"$work/user/user"
echo "shared library, in ${language:-C}: ok"

# In a project that has no C before weir comes.
if [ -n "$fortran" ]; then
    build "in fortran" Fortran -G Ninja -DCMAKE_Fortran_COMPILER="$fortran"
    "$work/in fortran/user"
    echo "archive, in Fortran: ok"
else
    echo "archive, in Fortran: skipped, no Fortran compiler of the same make"
fi
