/* Tests that work is shared where nearly all of it lies below one child: a list as a recursion.
 *
 * Run by ctest.  Leaves sleep, so that shares do not depend on how many cores there are; it must never
 * ask for more than a rough share, since nothing says when a thread runs. */
#include "support.h"

#include <time.h>

enum { LINKS = 80, WORKERS_MOST = 4, LEAF_NS = 1000000 };

typedef struct tally {
    bool leaf_first;
    atomic_int leaves[WORKERS_MOST]; /* by the worker that ran them */
} tally;

/* A link has a leaf, which is a link of length 0, and the rest of the list. */
static int link_count(weir_branch *b, void *in, uint32_t *n)
{
    (void)b;
    if (*(uint32_t *)in == 0)
        *n = 0;
    return 0;
}

static int link_split(weir_branch *b, const void *in, uint32_t i, void *child)
{
    const tally *t = weir_context(b);
    const bool leaf = (i == 0) == t->leaf_first;
    *(uint32_t *)child = leaf ? 0 : *(const uint32_t *)in - 1;
    return 0;
}

static int link_leaf(weir_branch *b, const void *in, void *out)
{
    tally *t = weir_context(b);
    const struct timespec pause = {0, LEAF_NS};
    (void)in;
    nanosleep(&pause, NULL);
    atomic_fetch_add(&t->leaves[weir_worker(b)], 1);
    *(uint32_t *)out = 1;
    return 0;
}

static int link_gather(weir_branch *b, const void *in, const void *results, uint32_t n, void *out)
{
    const uint32_t *part = results;
    (void)b, (void)in, (void)n;
    *(uint32_t *)out = part[0] + part[1];
    return 0;
}

static const weir_layer list = {.name = "link",
                                .in_bytes = sizeof(uint32_t),
                                .out_bytes = sizeof(uint32_t),
                                .fanout = 2,
                                .max_depth = LINKS + 1,
                                .child = &list,
                                .count = link_count,
                                .split = link_split,
                                .gather = link_gather,
                                .leaf = link_leaf};

/* One run; false if a worker got less than a third of its share. */
static bool shares_a_run(weir_engine *engine, const weir_plan *plan, bool leaf_first,
                         unsigned workers)
{
    tally t = {.leaf_first = leaf_first};
    const uint32_t links = LINKS;
    uint32_t leaves = 0;
    bool fair = true;
    assert_ok(weir_run(engine, plan, &t, &links, &leaves));
    assert_int_equal(leaves, LINKS + 1);
    for (unsigned i = 0; i < workers; i++)
        if ((unsigned)atomic_load(&t.leaves[i]) < LINKS / workers / 3) {
            print_message("worker %u of %u ran %d of %d leaves\n", i, workers,
                          atomic_load(&t.leaves[i]), LINKS + 1);
            fair = false;
        }
    return fair;
}

/* A machine that is busy with something else may keep one thread waiting for a whole run, so that one
 * fair run of four is enough. */
static void each_worker_gets_its_share(bool leaf_first, unsigned workers)
{
    weir_engine *engine = open_engine(workers, 0, 0);
    weir_plan *plan = compile(&list);
    weir_stats stats;
    bool fair = false;
    for (int run = 0; run < 4 && !fair; run++)
        fair = shares_a_run(engine, plan, leaf_first, workers);
    assert_true(fair);
    weir_engine_stats(engine, &stats);
    assert_true(stats.peak_in_flight <= weir_engine_max_in_flight(engine));
    weir_plan_free(plan);
    weir_engine_close(engine);
}

static void a_list_whose_leaves_come_first_occupies_all_workers(void **state)
{
    (void)state;
    for (unsigned workers = 2; workers <= WORKERS_MOST; workers++)
        each_worker_gets_its_share(true, workers);
}

static void a_list_whose_leaves_come_last_occupies_all_workers(void **state)
{
    (void)state;
    for (unsigned workers = 2; workers <= WORKERS_MOST; workers++)
        each_worker_gets_its_share(false, workers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_list_whose_leaves_come_first_occupies_all_workers),
        cmocka_unit_test(a_list_whose_leaves_come_last_occupies_all_workers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
