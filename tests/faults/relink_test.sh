#!/bin/sh
# Links a libweir.a from gcc into a program that clang compiles with -fopenmp, and runs it: opening
# an engine must be refused. Run by ctest; it exits with 77 and a reason where that cannot be
# tried, and must never write outside of the directory it is given.
#
# relink_test.sh skip REASON
# relink_test.sh ARCHIVE INCLUDE_DIRECTORY SCRATCH_DIRECTORY HWLOC_LIBRARIES
set -eu

if [ "$1" = skip ]; then
  echo "skipped: $2"
  exit 77
fi

here=${0%/*}
archive=$1 include=$2 scratch=$3 hwloc=$4
mkdir -p "$scratch"
printf '#include <omp.h>\nint main(void) { return omp_get_max_threads() < 1; }\n' >"$scratch/probe.c"

clang=
for name in clang-19 clang-18 clang-17 clang-16 clang-15 clang-14 clang; do
  if command -v "$name" >/dev/null &&
    "$name" -fopenmp "$scratch/probe.c" -o "$scratch/probe" 2>"$scratch/probe.log" &&
    "$scratch/probe"; then
    clang=$name
    break
  fi
done
if [ -z "$clang" ]; then
  echo "skipped: no clang that links with -fopenmp (libomp) is installed"
  exit 77
fi

# shellcheck disable=SC2086 # the libraries are several words
"$clang" -std=c17 -fopenmp -I "$include" "$here/relink_program.c" "$archive" $hwloc -lm -pthread \
  -o "$scratch/relink_program"
"$scratch/relink_program"
echo "a gcc-built libweir.a is refused in a program of $clang"
