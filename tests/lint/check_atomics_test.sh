#!/usr/bin/env bash
# Tests tools/check_atomics: each kind of fault, planted in a small file, is found at its line, and
# nothing else is.
#
# `tools/dev lint` runs it.
set -euo pipefail
check=$(cd "$(dirname "$0")/../.." && pwd)/tools/check_atomics
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
wrong=0

# expect NAME [COMPLAINT…]: the file on standard input, and all that must be said of it.
expect() {
    local name=$1 said should
    shift
    cat >"$name.c"
    said=$("$check" "$name.c" 2>&1 | sed "s/^check_atomics: $name\.c://") || true
    should=$([ $# -eq 0 ] || printf '%s\n' "$@")
    [ "$said" = "$should" ] && return
    printf 'check_atomics_test: %s\n  should say:\n%s\n  says:\n%s\n' "$name" "$should" "$said" >&2
    wrong=1
}

expect twins <<'END'
/* What is written before X1 is seen after X2. */
static void put(atomic_int *a)
{
    /* X1: release; pairs with X2. */
    store_release(a, 1);
}

/* X2: acquire; pairs with X1, wherever the value comes from. */
static inline int get(atomic_int *a)
{
    return load_acquire(a);
}
END

expect places <<'END'
static int all(atomic_int *a, unsigned *parts, int *old)
{
    if (load_relaxed(a) > 0)
        /* X1: release and acquire; pairs with itself and X2. */
        return __atomic_fetch_sub(parts, 1,
                                  __ATOMIC_ACQ_REL) == 1 &&
               old != NULL;
    store_seq_cst(a, 1); /* X2: seq_cst; pairs with X1. */
    /* X2 as well. */
    return exchange_seq_cst(a, 2) + load_relaxed(a) /* "acquire" is a word */ + sizeof "X3: acquire";
}
END

expect no_label "3: load_acquire has no label right above it, of the form 'A1: ORDER; pairs with A2'" \
    "8: store_release has no label right above it, of the form 'A1: ORDER; pairs with A2'" <<'END'
static int get(atomic_int *a)
{
    return load_acquire(a);
}
static void put(atomic_int *a)
{
    /* So that others see it. */
    store_release(a, 1);
}
END

expect label_too_far \
    "4: X1 stands at no such operation" \
    "6: store_seq_cst has no label right above it, of the form 'A1: ORDER; pairs with A2'" <<'END'
/* Two in one function, so each needs its own. */
static void put(atomic_int *a)
{
    /* X1: seq_cst; pairs with itself. */
    int one = 1;
    store_seq_cst(a, one);
}
END

expect two_under_one_head \
    "1: X1 stands at no such operation" \
    "4: store_seq_cst has no label right above it, of the form 'A1: ORDER; pairs with A2'" \
    "5: store_seq_cst has no label right above it, of the form 'A1: ORDER; pairs with A2'" <<'END'
/* X1: seq_cst; pairs with itself. */
static void put(atomic_int *a)
{
    store_seq_cst(a, 1);
    store_seq_cst(a, 2);
}
END

expect builtin \
    "1: __ATOMIC_SEQ_CST has no label right above it, of the form 'A1: ORDER; pairs with A2'" <<'END'
int get(int *a) { return __atomic_load_n(a, __ATOMIC_SEQ_CST); }
END

expect other_order "4: store_seq_cst: the comment does not say seq_cst" <<'END'
static void put(atomic_int *a)
{
    /* X1: release; pairs with itself. */
    store_seq_cst(a, 1);
}
END

expect no_partner "3: X1 names no partner ('pairs with X1')" <<'END'
static void put(atomic_int *a)
{
    /* X1: release, so that others see it. */
    store_release(a, 1);
}
END

expect no_such_partner "3: X1 pairs with X2, which there is not" <<'END'
static void put(atomic_int *a)
{
    /* X1: release; pairs with X2. */
    store_release(a, 1);
}
END

expect one_sided "3: X1 pairs with X2, which does not name it in turn (one_sided.c:5)" <<'END'
static int put(atomic_int *a)
{
    /* X1: release; pairs with X2. */
    store_release(a, 1);
    /* X2: acquire; pairs with itself. */
    return load_acquire(a);
}
END

expect twice "5: X1 is defined at twice.c:3 already" <<'END'
static void put(atomic_int *a)
{
    /* X1: release; pairs with itself. */
    store_release(a, 1);
    /* X1: release; pairs with itself. */
    store_release(a, 2);
}
END

expect as_well_as_nothing "4: 'X7 as well': there is no X7" \
    "4: load_acquire: the comment does not say acquire" <<'END'
static int get(atomic_int *a)
{
    /* X7 as well. */
    return load_acquire(a);
}
END

expect stale "3: X1 stands at no such operation" <<'END'
static void put(atomic_int *a)
{
    /* X1: release; pairs with itself. */
    store_relaxed(a, 1);
}
END

expect not_by_name "3: atomic_store: use an operation of base/atomics.h" \
    "4: memory_order_acquire: use an operation of base/atomics.h" \
    "5: atomic_thread_fence: use an operation of base/atomics.h" \
    "5: memory_order_release: use an operation of base/atomics.h" <<'END'
static int all(atomic_int *a)
{
    atomic_store(a, 1);
    const int order = memory_order_acquire;
    atomic_thread_fence(memory_order_release);
    return order;
}
END

exit $wrong
