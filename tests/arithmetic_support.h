/* What the tests of floating-point modes share: modes, arithmetic that shows them, and a pipeline whose
 * ops look whether they are in the right one.
 *
 * Test programs include it instead of support.h.  Ops never assert: they note what they saw. */
#ifndef WEIR_TESTS_ARITHMETIC_SUPPORT_H
#define WEIR_TESTS_ARITHMETIC_SUPPORT_H

#include "stream_support.h"

#include <fenv.h>

enum { MOST = 4 }; /* workers */

/* ---- modes ---- */

typedef struct mode {
    int rounding;
    unsigned subnormals; /* bits of MXCSR */
    int traps;           /* exceptions */
} mode;

static const mode modes[] = {
    {.rounding = FE_TONEAREST},  {.rounding = FE_UPWARD},
    {.rounding = FE_TOWARDZERO}, {.rounding = FE_DOWNWARD},
#if defined(__x86_64__) && defined(__GLIBC__)
    {.subnormals = 0x8000},      {.subnormals = 0x0040}, /* flush to zero; denormals are zero */
    {.traps = FE_DIVBYZERO},     {FE_UPWARD, 0x8040, FE_INVALID | FE_OVERFLOW},
#endif
};
enum { MODES = sizeof modes / sizeof *modes };

static inline mode get_mode(void)
{
    mode m = {.rounding = fegetround()};
#if defined(__x86_64__) && defined(__GLIBC__)
    m.subnormals = __builtin_ia32_stmxcsr() & 0x8040;
    m.traps = fegetexcept();
#endif
    return m;
}

static inline void set_mode(mode m)
{
    fesetround(m.rounding);
#if defined(__x86_64__) && defined(__GLIBC__)
    __builtin_ia32_ldmxcsr((__builtin_ia32_stmxcsr() & ~0x8040u) | m.subnormals);
    fedisableexcept(FE_ALL_EXCEPT);
    feenableexcept(m.traps);
#endif
}

static inline bool is_mode(mode m)
{
    const mode now = get_mode();
    return now.rounding == m.rounding && now.subnormals == m.subnormals && now.traps == m.traps;
}

static inline int begin_plain(void **state)
{
    (void)state;
    return fesetenv(FE_DFL_ENV);
}

/* Arithmetic that no two of the modes do alike, but for traps. */
static inline uint64_t compute(uint64_t x)
{
    volatile double n = (double)(x % 100 + 1), third = n / 3, back = -n / 7;
    volatile double small = 1e-300 * n, flushed = small * 1e-15, subnormal = 4e-320, kept;
    volatile long double wide = n, part = wide / 3, rest = part * 3 - wide;
    kept = subnormal * 1e300;
    const double seen[] = {third, back, flushed, kept, (double)rest};
    uint64_t sum = 0, bits;
    for (size_t i = 0; i < sizeof seen / sizeof *seen; i++) {
        memcpy(&bits, &seen[i], sizeof bits);
        sum = mix(sum, bits);
    }
    return sum;
}

/* ---- a pipeline ---- */

enum { MIDDLES = 6, LEAVES = 8 };

/* What ops look at, and what they have seen. */
typedef struct watch {
    mode expected;
    atomic_uint wrong, workers;
    atomic_uint_least64_t clean; /* calls in the mode `expected` */
    weir_engine *engine[MOST];   /* on which leaves of each worker run another pipeline, */
    weir_plan *plan;
    mode other; /* in this mode; or which they leave behind */
} watch;

static inline void look(weir_branch *b)
{
    watch *w = weir_context(b);
    if (!is_mode(w->expected))
        atomic_fetch_add(&w->wrong, 1);
    atomic_fetch_or(&w->workers, 1u << weir_worker(b));
}

static inline int split_one(weir_branch *b, const void *in, uint32_t i, void *child)
{
    look(b);
    *(uint64_t *)child = mix(*(const uint64_t *)in, compute(i));
    return 0;
}

static inline int gather_all(weir_branch *b, const void *in, const void *results, uint32_t n,
                             void *out)
{
    const uint64_t *r = results;
    uint64_t sum = compute(*(const uint64_t *)in);
    look(b);
    for (uint32_t i = 0; i < n; i++)
        sum = mix(sum, r[i]);
    *(uint64_t *)out = sum;
    return 0;
}

/* Some leaves sleep, so that other workers come by on any machine. */
static inline int compute_leaf(weir_branch *b, const void *in, void *out)
{
    look(b);
    nap(*(const uint64_t *)in % 4 == 0 ? 20 : 0);
    *(uint64_t *)out = compute(*(const uint64_t *)in);
    return 0;
}

#define LAYER(...) {.in_bytes = 8, .out_bytes = 8, __VA_ARGS__}

static const weir_layer leaf = LAYER(.name = "leaf", .leaf = compute_leaf);
static const weir_layer over_leaves = LAYER(.name = "over leaves", .fanout = LEAVES, .child = &leaf,
                                            .split = split_one, .gather = gather_all);

/* For weir_each_worker(). */
static inline int spoil_worker(void *context, unsigned worker)
{
    watch *w = context;
    if (!is_mode(w->expected))
        atomic_fetch_add(&w->wrong, 1);
    atomic_fetch_or(&w->workers, 1u << worker);
    set_mode(w->other);
    return 0;
}

#endif
