/* Tests the memory that ops get: records of no bytes and of many, alignment, scratch.
 *
 * Run by ctest, through the public headers only.  It must never look at results that do not show
 * something about memory, which is pipeline_test's. */
#include "support.h"

#include <stdlib.h>

static const unsigned worker_counts[] = {1, 2, 3, 8};
#define WORKER_COUNTS (sizeof worker_counts / sizeof *worker_counts)

/* Records of no bytes: everything is in the context. */
static int count_call(weir_branch *b, const void *in, void *out)
{
    (void)in, (void)out;
    atomic_fetch_add((atomic_int *)weir_context(b), 1);
    return 0;
}

static int split_into_nothing(weir_branch *b, const void *in, uint32_t i, void *child)
{
    (void)b, (void)in, (void)i, (void)child;
    return 0;
}

static int gather_empty_records(weir_branch *b, const void *in, const void *results, uint32_t n,
                                void *out)
{
    (void)results;
    return n == 7 ? count_call(b, in, out) : 1;
}

static void records_may_have_no_bytes(void **state)
{
    const weir_layer leaf = {.name = "leaf", .leaf = count_call};
    const weir_layer inner = {.name = "inner",
                              .fanout = 7,
                              .child = &leaf,
                              .split = split_into_nothing,
                              .gather = gather_empty_records};
    const weir_layer top = {.name = "top",
                            .fanout = 7,
                            .child = &inner,
                            .split = split_into_nothing,
                            .gather = gather_empty_records};
    (void)state;
    weir_plan *plan = compile(&top);
    weir_engine *engine = open_engine(2, 0, 0);
    atomic_int calls = 0;
    assert_ok(weir_run(engine, plan, &calls, NULL, NULL));
    assert_int_equal(atomic_load(&calls), 49 + 7 + 1);
    assert_ok(weir_run_many(engine, plan, &calls, 10, NULL, NULL));
    assert_int_equal(atomic_load(&calls), 11 * 57);
    weir_plan_free(plan);
    weir_engine_close(engine);
}

/* Large records: every op checks alignment and fills all of what it was given. */
enum { LARGE = 48 * 1024 };

static int bad_alignment(const void *in, const void *out)
{
    return (uintptr_t)in % 16 != 0 || (uintptr_t)out % 16 != 0;
}

static int large_split(weir_branch *b, const void *in, uint32_t i, void *child)
{
    (void)b;
    if (bad_alignment(in, child))
        return 1;
    memset(child, ((const unsigned char *)in)[LARGE - 1] * 5 + (int)i, LARGE);
    return 0;
}

static int large_gather(weir_branch *b, const void *in, const void *results, uint32_t n, void *out)
{
    const unsigned char *result = results, first = *(const unsigned char *)in;
    (void)b;
    if (bad_alignment(in, results))
        return 1;
    for (size_t i = 0; i < (size_t)n * LARGE; i++)
        if (result[i] != (unsigned char)(first * 5 + i / LARGE))
            return 2; /* a slot was overwritten or never written */
    memset(out, first, LARGE);
    return 0;
}

static int large_leaf(weir_branch *b, const void *in, void *out)
{
    (void)b;
    memcpy(out, in, LARGE);
    return bad_alignment(in, out);
}

static void large_records_are_aligned_and_their_own(void **state)
{
    weir_layer layer[3];
    unsigned char *in = aligned_alloc(16, LARGE), *out = aligned_alloc(16, LARGE);
    (void)state;
    assert_non_null(in);
    assert_non_null(out);
    for (int i = 0; i < 3; i++)
        layer[i] = (weir_layer){.name = "large",
                                .in_bytes = LARGE,
                                .out_bytes = LARGE,
                                .fanout = i < 2 ? 6 : 0,
                                .child = i < 2 ? &layer[i + 1] : NULL,
                                .split = i < 2 ? large_split : NULL,
                                .gather = i < 2 ? large_gather : NULL,
                                .leaf = i < 2 ? NULL : large_leaf};
    weir_plan *plan = compile(layer);
    for (size_t w = 0; w < WORKER_COUNTS; w++) {
        weir_engine *engine = open_engine(worker_counts[w], 0, 0);
        memset(in, 3, LARGE);
        assert_ok(weir_run(engine, plan, NULL, in, out));
        assert_memory_equal(in, out, LARGE);
        assert_stats_hold(engine, plan, false);
        weir_engine_close(engine);
    }
    weir_plan_free(plan);
    free(in);
    free(out);
}

/* Scratch: an op marks it as taken while it works, and so sees anyone who has the same. */
typedef struct scratch_log {
    unsigned workers;
    atomic_int wrong;
    atomic_int busy[64];
} scratch_log;

enum { SCRATCH = 1000 };

static int use_scratch(weir_branch *b, const void *in, void *out)
{
    scratch_log *log = weir_context(b);
    unsigned char *scratch = weir_scratch(b);
    const unsigned worker = weir_worker(b);
    (void)in, (void)out;
    if (worker >= log->workers || (uintptr_t)scratch % 64 != 0 || scratch == NULL ||
        atomic_exchange(&log->busy[worker], 1) != 0) {
        atomic_fetch_add(&log->wrong, 1);
        return 0;
    }
    for (int round = 0; round < 20; round++) {
        memset(scratch, (int)worker + round, SCRATCH);
        for (volatile int pause = 0; pause < 50; pause++) {
        }
        for (int i = 0; i < SCRATCH; i++)
            if (scratch[i] != (unsigned char)(worker + (unsigned)round))
                atomic_fetch_add(&log->wrong, 1);
    }
    atomic_store(&log->busy[worker], 0);
    return 0;
}

static int gather_with_scratch(weir_branch *b, const void *in, const void *results, uint32_t n,
                               void *out)
{
    (void)results, (void)n;
    return use_scratch(b, in, out);
}

static void scratch_is_aligned_and_no_two_ops_at_a_time_have_the_same(void **state)
{
    const weir_layer leaf = {.name = "leaf", .scratch_bytes = SCRATCH, .leaf = use_scratch};
    const weir_layer inner = {.name = "inner",
                              .scratch_bytes = 10,
                              .fanout = 8,
                              .child = &leaf,
                              .split = split_into_nothing,
                              .gather = gather_with_scratch};
    const weir_layer top = {.name = "top",
                            .fanout = 60,
                            .child = &inner,
                            .split = split_into_nothing,
                            .gather = gather_with_scratch};
    (void)state;
    weir_plan *plan = compile(&top);
    for (size_t w = 0; w < WORKER_COUNTS; w++)
        for (size_t in_flight = 0; in_flight < 4; in_flight++) {
            weir_engine *engine = open_engine(worker_counts[w], in_flight, 0);
            scratch_log log = {.workers = worker_counts[w]};
            assert_ok(weir_run(engine, plan, &log, NULL, NULL));
            assert_int_equal(atomic_load(&log.wrong), 0);
            assert_stats_hold(engine, plan, false);
            weir_engine_close(engine);
        }
    weir_plan_free(plan);
}

static int scratch_is_null(weir_branch *b, const void *in, void *out)
{
    (void)in, (void)out;
    return weir_scratch(b) != NULL;
}

static void a_plan_that_asked_for_no_scratch_has_none(void **state)
{
    const weir_layer leaf = {.name = "leaf", .leaf = scratch_is_null};
    (void)state;
    weir_plan *plan = compile(&leaf);
    weir_engine *engine = open_engine(2, 0, 0);
    assert_ok(weir_run_many(engine, plan, NULL, 100, NULL, NULL));
    weir_plan_free(plan);
    weir_engine_close(engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_may_have_no_bytes),
        cmocka_unit_test(large_records_are_aligned_and_their_own),
        cmocka_unit_test(scratch_is_aligned_and_no_two_ops_at_a_time_have_the_same),
        cmocka_unit_test(a_plan_that_asked_for_no_scratch_has_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
