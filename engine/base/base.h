/* What every file of the engine shares: assertions, branch hints, clock.
 *
 * Included by all of engine/, includes none of it.  It must never hold state. */
#ifndef WEIR_BASE_H
#define WEIR_BASE_H

#if defined(WEIR_ASSERTS)
#undef NDEBUG /* also in an optimised build */
#endif
#include <assert.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

/* Checks have three prices. Errors of the caller return a status, in every build. WEIR_ASSERT looks at
 * a few fields, WEIR_ASSERT_SLOW walks a whole structure by a function whose formula stands above
 * the structure: weir__…_is_valid, which only builds with assertions have. Those are the debug and
 * test builds; in others nothing is left of either, but the first is still compiled. */
#if defined(WEIR_ASSERTS)
#define WEIR_ASSERT(x)      assert(x)
#define WEIR_ASSERT_SLOW(x) assert(x)
#else
#define WEIR_ASSERT(x)      ((void)(false && (x)))
#define WEIR_ASSERT_SLOW(x) ((void)0)
#endif

#define WEIR_UNLIKELY(x) __builtin_expect(!!(x), 0)

#define WEIR_MUST_CHECK            __attribute__((warn_unused_result))
#define WEIR_FORMAT(string, first) __attribute__((format(printf, string, first)))

/* A cache line, and the alignment of every block that is handed to another worker. */
#define WEIR_LINE 64

/* Every record in a frame starts at a multiple of this. */
#define WEIR_ALIGN 16

static_assert(WEIR_ALIGN >= alignof(max_align_t) && WEIR_LINE % WEIR_ALIGN == 0,
              "what is aligned to a line can hold any record");

/* Do two fields begin on one cache line? Of a struct that is aligned to WEIR_LINE. */
#define WEIR_SAME_LINE(type, a, b) (offsetof(type, a) / WEIR_LINE == offsetof(type, b) / WEIR_LINE)

/* Sums and products of sizes: UINT64_MAX stands for "does not fit", and stays. */
static inline uint64_t weir__bytes_add(uint64_t a, uint64_t b)
{
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

static inline uint64_t weir__bytes_multiply(uint64_t a, uint64_t b)
{
    uint64_t product;
    return __builtin_mul_overflow(a, b, &product) ? UINT64_MAX : product;
}

/* The next multiple of `to`, a power of two. */
static inline uint64_t weir__round_up(uint64_t bytes, uint64_t to)
{
    return bytes > UINT64_MAX - (to - 1) ? UINT64_MAX : (bytes + (to - 1)) & ~(to - 1);
}

static inline uint64_t weir__now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

#endif
