/* The work of a leaf: so many multiplications, whose time is the same wherever the leaf stands.
 *
 * Benchmarks give it to weir and to peers alike, in C and in C++, inlined.  It must never touch
 * memory, nor have a branch that one caller can predict and another cannot: a loop's exit is learnt in
 * the sequential program and hardly anywhere else, and costs as much as 50 multiplications. So the
 * multiplications stand in a row, and a computed jump, to the same place for all leaves of a run,
 * enters the row as far from its end as they are many. Only leaves longer than the row repeat it.
 *
 * They are four chains in turn: each waits for the fourth before it, which has then just been done,
 * so the multiplier is busy in every cycle. With one chain it would idle for two cycles of three,
 * in which the multiplications of the next leaf are done where that follows soon, as in the
 * sequential program, and not elsewhere. (That is for a core with one multiplier of 3 or 4 cycles,
 * as most have.) */
#ifndef WEIR_BENCH_LEAF_H
#define WEIR_BENCH_LEAF_H

#include <stdint.h>

enum { LEAF_ROW = 1024, LEAF_FACTOR = 5 };

/* The chains' products: of all four together, LEAF_FACTOR to the power of `steps`. */
typedef struct leaf_products {
    uint64_t a, b, c, d;
} leaf_products;

/* One multiplication, with `left` - 1 to come, that the compiler can neither see through nor join
 * with its neighbours. */
#define LEAF_STEP(left, x)                                                                         \
    __attribute__((fallthrough));                                                                  \
    case (left):                                                                                   \
        (x) *= factor;                                                                             \
        __asm__ volatile("" : "+r"(x));
#define LEAF_STEPS_4(left)                                                                         \
    LEAF_STEP((left) + 3, p.d)                                                                     \
    LEAF_STEP((left) + 2, p.c)                                                                     \
    LEAF_STEP((left) + 1, p.b)                                                                     \
    LEAF_STEP((left), p.a)
#define LEAF_STEPS_16(left)                                                                        \
    LEAF_STEPS_4((left) + 12)                                                                      \
    LEAF_STEPS_4((left) + 8)                                                                       \
    LEAF_STEPS_4((left) + 4)                                                                       \
    LEAF_STEPS_4(left)
#define LEAF_STEPS_64(left)                                                                        \
    LEAF_STEPS_16((left) + 48)                                                                     \
    LEAF_STEPS_16((left) + 32)                                                                     \
    LEAF_STEPS_16((left) + 16)                                                                     \
    LEAF_STEPS_16(left)
#define LEAF_STEPS_256(left)                                                                       \
    LEAF_STEPS_64((left) + 192)                                                                    \
    LEAF_STEPS_64((left) + 128)                                                                    \
    LEAF_STEPS_64((left) + 64)                                                                     \
    LEAF_STEPS_64(left)

__attribute__((always_inline)) static inline leaf_products leaf_multiply(uint64_t steps)
{
    leaf_products p = {1, 1, 1, 1};
    uint64_t factor = LEAF_FACTOR, left = steps % LEAF_ROW, rows = steps / LEAF_ROW;
    __asm__("" : "+r"(p.a), "+r"(p.b), "+r"(p.c), "+r"(p.d), "+r"(factor));
    for (;;) {
        switch (left) {
        default:
            __builtin_unreachable();
            LEAF_STEPS_256(769)
            LEAF_STEPS_256(513)
            LEAF_STEPS_256(257)
            LEAF_STEPS_256(1)
            __attribute__((fallthrough));
        case 0:
            break;
        }
        if (rows-- == 0)
            return p;
        left = LEAF_ROW;
    }
}

/* Does so many multiplications, and yields 1 by them: the lowest bit of a product of odd numbers. A
 * leaf of none is the call alone. */
__attribute__((always_inline)) static inline uint64_t leaf_work(uint64_t steps)
{
    return steps == 0 ? 1 : leaf_multiply(steps).a & 1;
}

#undef LEAF_STEP
#undef LEAF_STEPS_4
#undef LEAF_STEPS_16
#undef LEAF_STEPS_64
#undef LEAF_STEPS_256

#endif
