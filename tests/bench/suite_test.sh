#!/usr/bin/env bash
# Tests weir-bench: all suites at their small sizes, and what it does with a contestant that gives a
# wrong answer, crashes, or takes too long.
#
# Run by ctest: suite_test.sh WEIR_BENCH DIRECTORY.  It must never look at a time.
set -euo pipefail
bench=$1
directory=$2
rm -rf "$directory"
mkdir -p "$directory"
cd "$directory"

fail() {
    echo "suite_test: $*" >&2
    [ -e output ] && tail -20 output >&2
    exit 1
}

# expect CODE TEXT ARGUMENTS…: weir-bench ends with that code and prints that text.
expect() {
    local code=$1 text=$2 got=0
    shift 2
    "$bench" "$@" >output 2>&1 || got=$?
    [ "$got" -eq "$code" ] || fail "weir-bench $* ended with $got, not $code"
    grep -qF -- "$text" output || fail "weir-bench $* did not print: $text"
}

# contestant NAME LINES…: a program that solves the chain, in its own way.
contestant() {
    local name=$1
    shift
    printf '%s\n' '#!/bin/sh' '[ "$1" = --list ] && echo chain && exit 0' "$@" >"$name"
    chmod +x "$name"
}

# Everything at its small size: right answers, all three kinds of output.
expect 0 "METG(50 %)" --quick --rounds 1 --workers 2 --json all.json --plots plots
for words in "x weir" "smallest budget that keeps 95 %" "of the limit's" "strong scaling" "machine:" \
    "a leaf in plain C" "leaves:  " "METG(75 %)" "empty tasks of a tree" "an edge" "all_to_all" \
    "Mcell/s" "Mpoint/s"; do
    grep -qF "$words" output || fail "the report lacks: $words"
done
grep -q '"ns_per_leaf_of_0_1_2_steps"' all.json && grep -q '"ns a leaf"' all.json ||
    fail "the JSON document does not say what leaves cost"
grep -q '"findings"' all.json || fail "the JSON document has no findings"
[ "$(tr -cd '{' <all.json | wc -c)" -eq "$(tr -cd '}' <all.json | wc -c)" ] || fail "bad JSON"
for plot in grain memory strong-nqueens strong-tree strong-matmul weak-tree weak-sum \
    pattern-stencil_1d pattern-all_to_all; do
    tail -1 "plots/$plot.svg" | grep -q '</svg>' || fail "plots/$plot.svg is not whole"
done

# A matrix of a file in place of those that a suite has: 12 x 12 points, each with its four neighbours.
awk 'BEGIN { n = 12; print "%%MatrixMarket matrix coordinate real symmetric"
    print n * n, n * n, 3 * n * n - 2 * n
    for (i = 1; i <= n * n; i++) {
        print i, i, 4
        if (i % n != 0) print i + 1, i, -1
        if (i + n <= n * n) print i + n, i, -1
    } }' >grid.mtx
if "$bench" --list | grep '^serial ' | grep -q ' lu '; then # built with OpenBLAS
    grep -qF "250 rows in tiles of 32" output && grep -qF "of products of tiles alone" output ||
        fail "the report lacks the dense factorisations"
    expect 0 "grid.mtx as a dense matrix" --quick --rounds 1 --workers 2 --only weir \
        --matrix grid.mtx cholesky lu
    grep -q "250 rows" output && fail "a suite ran its own matrix as well"
    expect 1 "that is no Matrix Market file" --quick --matrix all.json lu
else
    expect 0 "left out: built without OpenBLAS" --quick --matrix grid.mtx lu
fi
expect 0 "lower triangle, grid.mtx" --quick --rounds 1 --workers 2 \
    --only weir-levels,openmp-levels --matrix grid.mtx solve
for words in "Cholesky factor, grid.mtx" "ns a row of 2.8 entries" "weir-levels takes" "openmp-levels" \
    "lower triangle, 6 x 6 x 6 points"; do
    grep -qF "$words" output || fail "the solve lacks: $words"
done
expect 0 "IC(0), grid.mtx" --quick --rounds 1 --workers 2 --only weir,weir-family --matrix grid.mtx \
    incomplete eliminate
for words in "IC(0), 12 x 12 points" "ns a row of 2.8 entries" "sparse Cholesky, grid.mtx" "ns a column of"; do
    grep -qF "$words" output || fail "the factorisations lack: $words"
done
sed 's/ symmetric$/ general/' grid.mtx >general.mtx
expect 1 "it must be a symmetric real matrix" --quick --rounds 1 --only weir --matrix general.mtx incomplete
sed 's/^\(14 14\) 4$/\1 0/' grid.mtx >zero.mtx
expect 1 "row 14 has 0 on the diagonal" --quick --rounds 1 --only weir --matrix zero.mtx solve
expect 2 "--matrix nothing.mtx" --matrix nothing.mtx lu

# Sequences of a file; one alone is refused, and bytes that are no letters.
printf '>a\nACGTAC\nGTTT\n>b\nacgtt\n' >two.fasta
expect 0 "two sequences of a file" --quick --rounds 1 --fasta two.fasta wavefront
printf '>a\nACGT\n' >one.fasta
expect 1 "must have two sequences" --quick --rounds 1 --fasta one.fasta wavefront
printf '>a\nAC\0GT\n>b\nA\n' >binary.fasta
expect 1 "a byte that is no letter" --quick --rounds 1 --fasta binary.fasta wavefront

# A wrong answer fails the run, and says whose it was.
contestant liar 'echo "seconds=0.001 answer=41 rss=1 before=1 about=a liar"'
expect 1 "liar gave a wrong answer" --quick --rounds 1 --add liar=./liar chain

# So does a contestant that crashes.
contestant crasher 'kill -SEGV $$'
expect 1 "crasher failed on chain (signal 11)" --quick --rounds 1 --add crasher=./crasher chain

# One that never ends is stopped and has no result, which is no failure.
contestant sleeper 'exec sleep 60'
expect 0 "stopped" --quick --rounds 2 --turn-limit 1 --add sleeper=./sleeper chain

# Only those that were asked for take part.
expect 0 "contestants: serial, weir" --quick --rounds 1 --only weir chain

# What is wrong with the arguments is named.
expect 2 "'none' is no suite" none
expect 2 "'nobody' is no contestant" --only nobody chain
expect 2 "--rounds is '0'" --rounds 0
expect 2 "it must be NAME=PROGRAM" --add nonsense
expect 2 "that is no contestant's program" --add true=/bin/true
expect 1 "--json" --quick --json missing/all.json chain
expect 0 "serial" --list
expect 0 "usage: weir-bench" --help
