/* Tests that while an op waits for runs that it has started, what is left of the run around them is given to
 * others.
 *
 * Run by ctest.  Ops never assert: they note what they saw. */
#include "support.h"

#include <time.h>

enum { PATIENCE = 5000 }; /* a worker may have to wait for a core: tenths of a millisecond */

static void pause_briefly(void)
{
    const struct timespec t = {0, 100000};
    nanosleep(&t, NULL);
}

/* Three leaves, each below a frame of its own. The one that begins first starts runs in its op until the
 * third has begun, for which a worker comes free; the second is done once those are under way. */
typedef struct around {
    weir_engine *engine;
    weir_plan *inner;
    weir_status (*start)(struct around *a);
    atomic_uint begun;
    atomic_bool under_way, third, seen; /* the third, by those runs */
} around;

static int be_one_of_three(weir_branch *b, const void *in, void *out)
{
    around *a = weir_context(b);
    const unsigned mine = atomic_fetch_add(&a->begun, 1);
    (void)in, (void)out;
    if (mine == 0)
        return a->start(a);
    while (mine == 1 && !atomic_load(&a->under_way))
        pause_briefly();
    if (mine == 2)
        atomic_store(&a->third, true);
    return 0;
}

static void assert_third_begins(const weir_layer *inner, weir_status (*start)(around *a))
{
    const weir_layer leaf = {.name = "leaf", .leaf = be_one_of_three};
    const weir_layer middle = {.name = "middle",
                               .fanout = 1,
                               .split = split_nothing,
                               .gather = gather_nothing,
                               .child = &leaf};
    const weir_layer top = {.name = "top",
                            .fanout = 3,
                            .split = split_nothing,
                            .gather = gather_nothing,
                            .child = &middle};
    weir_plan *plan = compile(&top);
    for (unsigned workers = 2; workers <= 4; workers++) {
        around a = {.engine = open_engine(workers, 1, 0), .inner = compile(inner), .start = start};
        assert_ok(weir_run(a.engine, plan, &a, NULL, NULL));
        assert_true(atomic_load(&a.seen));
        weir_plan_free(a.inner);
        weir_engine_close(a.engine);
    }
    weir_plan_free(plan);
}

/* ---- one long run ---- */

enum { LINKS = 5000 };

static int count_link(weir_branch *b, void *in, uint32_t *n)
{
    around *a = weir_context(b);
    uint32_t *left = in;
    atomic_store(&a->under_way, true);
    if (atomic_load(&a->third))
        atomic_store(&a->seen, true);
    *n = *left > 0 && !atomic_load(&a->third);
    if (*n > 0)
        pause_briefly();
    return 0;
}

static int next_link(weir_branch *b, const void *in, uint32_t i, void *child)
{
    (void)b, (void)i;
    *(uint32_t *)child = *(const uint32_t *)in - 1;
    return 0;
}

static int do_nothing(weir_branch *b, const void *in, void *out)
{
    (void)b, (void)in, (void)out;
    return 0;
}

/* Runs a list, link by link. */
static weir_status run_list(around *a)
{
    const uint32_t links = LINKS;
    return weir_run(a->engine, a->inner, a, &links, NULL);
}

static void while_a_nested_run_goes_on_others_are_given_what_is_left_around_it(void **state)
{
    weir_layer list = {.name = "list",
                       .in_bytes = sizeof(uint32_t),
                       .fanout = 1,
                       .max_depth = LINKS + 1,
                       .child = &list,
                       .count = count_link,
                       .split = next_link,
                       .gather = gather_nothing,
                       .leaf = do_nothing};
    (void)state;
    assert_third_begins(&list, run_list);
}

/* ---- many short ones ---- */

static weir_status start_short_runs(around *a)
{
    for (int i = 0; i < 100 * PATIENCE && !atomic_load(&a->seen); i++) {
        const weir_status status = weir_run(a->engine, a->inner, a, NULL, NULL);
        if (status != WEIR_OK)
            return status;
        atomic_store(&a->under_way, true);
        if (i % 100 == 99)
            pause_briefly();
        atomic_store(&a->seen, atomic_load(&a->third));
    }
    return WEIR_OK;
}

static void while_short_runs_go_on_others_are_given_what_is_left_around_them(void **state)
{
    const weir_layer nothing = {.name = "nothing", .leaf = do_nothing};
    (void)state;
    assert_third_begins(&nothing, start_short_runs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(while_a_nested_run_goes_on_others_are_given_what_is_left_around_it),
        cmocka_unit_test(while_short_runs_go_on_others_are_given_what_is_left_around_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
