/* Tests several windows of one engine: runs side by side and inside one another, and what one keeps
 * free that another needs.
 *
 * Run by ctest with the engine's internal headers, counted allocations and seeded delays.  It must
 * never run a pipeline. */
#include "support.h"

#include <pthread.h>

#include "base/testing.h"
#include "sched/window.h"

#define BLOCK(bytes) weir__window_block_bytes(bytes)

enum { MOST_WINDOWS = 4 };

typedef struct engine {
    weir__budget budget;
    weir__windows windows;
    weir__window window[MOST_WINDOWS];
} engine;

static uint64_t held(const weir__window *window)
{
    return weir__budget_held(&window->budget);
}

static uint64_t free_bytes(const weir__window *window)
{
    return weir__blocks_bytes(&window->free);
}

static void open_windows(engine *e, uint64_t max_bytes)
{
    weir__budget_open(&e->budget, NULL, max_bytes);
    weir__windows_open(&e->windows, &e->budget);
    for (int i = 0; i < MOST_WINDOWS; i++)
        assert_int_equal(weir__window_open(&e->window[i], &e->windows), WEIR_OK);
}

static void close_windows(engine *e)
{
    for (int i = 0; i < MOST_WINDOWS; i++)
        weir__window_close(&e->window[i]);
    weir__windows_close(&e->windows);
    weir__budget_close(&e->budget);
    assert_int_equal(weir__testing_live_blocks(), 0);
}

static weir_status begin_in(engine *e, int i, uint64_t bytes, void **root)
{
    const weir__limits limits = {
        .max_in_flight = 8, .limit_bytes = WEIR_NO_LIMIT, .scratch_bytes = 0, .parent = &e->budget};
    const weir_status status = weir__window_begin(&e->window[i], &limits, bytes, 0, root);
    if (status == WEIR_OK)
        weir__window_set_team(&e->window[i], 2);
    return status;
}

static void a_run_that_the_engine_refuses_takes_nothing(void **state)
{
    engine e;
    void *root[2];
    (void)state;
    open_windows(&e, BLOCK(1000) + BLOCK(200));
    assert_int_equal(begin_in(&e, 0, 1000, &root[0]), WEIR_OK);
    assert_int_equal(begin_in(&e, 1, 300, &root[1]), WEIR_EBUDGET);
    assert_int_equal(weir__budget_held(&e.budget), BLOCK(1000));
    assert_int_equal(weir__budget_peak(&e.window[1].budget), 0);
    assert_int_equal(weir__testing_live_blocks(), 1);
    assert_int_equal(begin_in(&e, 1, 200, &root[1]), WEIR_OK);
    assert_null(weir__window_admit(&e.window[0], 1, 0));
    weir__window_end(&e.window[1], root[1], 0);
    void *part = weir__window_admit(&e.window[0], 100, 0); /* what one gives back, another gets */
    assert_non_null(part);
    weir__window_complete(&e.window[0], part, 0);
    weir__window_end(&e.window[0], root[0], 0);
    close_windows(&e);
}

static void free_blocks_of_one_window_give_way_to_another(void **state)
{
    engine e;
    void *root[2], *part;
    (void)state;
    open_windows(&e, BLOCK(1000) + BLOCK(200));
    for (int i = 0; i < MOST_WINDOWS; i++) { /* the root of a run, */
        assert_int_equal(begin_in(&e, i, 1000 + BLOCK(200), &root[0]), WEIR_OK);
        weir__window_end(&e.window[i], root[0], 0);
        assert_int_equal(free_bytes(&e.window[i]), BLOCK(1000) + BLOCK(200));
        assert_int_equal(weir__budget_held(&e.budget), free_bytes(&e.window[i]));
        assert_int_equal(weir__testing_live_blocks(), 1);
    }
    assert_int_equal(begin_in(&e, 0, 200, &root[0]), WEIR_OK);
    assert_int_equal(begin_in(&e, 1, 1000, &root[1]), WEIR_OK);
    weir__window_end(&e.window[1], root[1], 0);
    part = weir__window_admit(&e.window[0], 900, 0); /* a part, */
    assert_non_null(part);
    assert_int_equal(free_bytes(&e.window[1]), 0);
    weir__window_complete(&e.window[0], part, 0);
    weir__window_end(&e.window[0], root[0], 0);
    assert_true(free_bytes(&e.window[0]) > 0);
    assert_true(weir__windows_reserve(&e.windows, &e.budget, BLOCK(1000) + BLOCK(200)));
    assert_false(weir__windows_reserve(&e.windows, &e.budget, 1)); /* and whoever else */
    assert_int_equal(weir__testing_live_blocks(), 0);
    weir__budget_release(&e.budget, BLOCK(1000) + BLOCK(200));
    close_windows(&e);
}

static void a_free_block_is_used_again_without_asking_the_engine(void **state)
{
    engine e;
    void *root;
    (void)state;
    open_windows(&e, BLOCK(1000));
    for (int i = 0; i < 3; i++) {
        assert_int_equal(begin_in(&e, 0, 1000, &root), WEIR_OK);
        assert_int_equal(weir__testing_live_blocks(), 1);
        weir__testing_fail_allocation(1);
        weir__window_end(&e.window[0], root, 0);
        assert_int_equal(weir__budget_held(&e.budget), BLOCK(1000));
        if (i == 2)
            weir__window_trim(&e.window[0]);
    }
    weir__testing_fail_allocation(0);
    assert_int_equal(weir__budget_held(&e.budget), 0);
    assert_int_equal(weir__testing_live_blocks(), 0);
    close_windows(&e);
}

/* A run inside another one's: its bytes come out of those. */
static void a_run_inside_a_run_stays_within_both_limits(void **state)
{
    engine e;
    void *outer, *inner;
    (void)state;
    open_windows(&e, 3 * BLOCK(100));
    const weir__limits two = {
        .max_in_flight = 8, .limit_bytes = 2 * BLOCK(100), .scratch_bytes = 0, .parent = &e.budget};
    const weir__limits inside = {.max_in_flight = 8,
                                 .limit_bytes = WEIR_NO_LIMIT,
                                 .scratch_bytes = 0,
                                 .parent = &e.window[0].budget};
    assert_int_equal(weir__window_begin(&e.window[0], &two, 100, 0, &outer), WEIR_OK);
    weir__window_set_team(&e.window[0], 2);
    assert_int_equal(weir__window_begin(&e.window[1], &inside, 100, 1, &inner), WEIR_EBUDGET);
    assert_int_equal(weir__window_begin(&e.window[1], &inside, 100, 0, &inner), WEIR_OK);
    assert_int_equal(held(&e.window[0]), 2 * BLOCK(100));
    assert_null(weir__window_admit(&e.window[0], 100, 0));
    weir__window_end(&e.window[1], inner, 0);
    assert_int_equal(held(&e.window[0]), BLOCK(100));
    void *part = weir__window_admit(&e.window[0], 100, 0);
    assert_non_null(part);
    weir__window_complete(&e.window[0], part, 0);
    weir__window_end(&e.window[0], outer, 0);
    assert_int_equal(weir__budget_peak(&e.window[0].budget), 2 * BLOCK(100));
    close_windows(&e);
}

#define MOST_ROOT 2000

typedef struct runner {
    engine *e;
    int number;
    bool parts;
    uint64_t seed;
    unsigned refused, admitted, over_limit;
} runner;

/* Hands up to three parts out and takes them back. */
static void run_parts(runner *r, weir__window *window)
{
    void *part[3];
    uint64_t declared[3];
    unsigned out = 0;
    for (uint64_t wanted = (r->seed >> 32) % 4; out < wanted; out++) {
        declared[out] = (r->seed >> 40) % 3 * 50;
        part[out] = weir__window_admit(window, 64u << (r->seed >> 48) % 4, declared[out]);
        if (part[out] == NULL)
            break;
        memset(part[out], 1, 64);
        r->admitted++;
    }
    while (out-- > 0)
        weir__window_complete(window, part[out], declared[out]);
}

/* Runs with roots of all sizes, one after the other. */
static void *run_runs(void *argument)
{
    runner *r = argument;
    for (int i = 0; i < 2000 / SLOW_BUILD; i++) {
        void *root;
        r->seed = tree_mix(r->seed + (uint64_t)i + 1);
        if (begin_in(r->e, r->number, 1 + r->seed % MOST_ROOT, &root) != WEIR_OK) {
            r->refused++;
            continue;
        }
        if (r->parts)
            run_parts(r, &r->e->window[r->number]);
        r->over_limit += weir__budget_held(&r->e->budget) > r->e->budget.limit;
        weir__window_end(&r->e->window[r->number], root, 0);
    }
    return NULL;
}

/* Returns how often a run was refused. */
static unsigned run_side_by_side(uint64_t seed, uint64_t max_bytes, bool parts, unsigned *admitted)
{
    engine e;
    pthread_t threads[MOST_WINDOWS];
    runner runners[MOST_WINDOWS];
    unsigned refused = 0;
    uint64_t kept = 0;
    open_windows(&e, max_bytes);
    weir__testing_seed(seed);
    for (int i = 0; i < MOST_WINDOWS; i++) {
        runners[i] = (runner){
            .e = &e, .number = i, .parts = parts, .seed = seed * MOST_WINDOWS + (uint64_t)i};
        assert_int_equal(pthread_create(&threads[i], NULL, run_runs, &runners[i]), 0);
    }
    for (int i = 0; i < MOST_WINDOWS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(runners[i].over_limit, 0);
        refused += runners[i].refused;
        *admitted += runners[i].admitted;
    }
    weir__testing_seed(0);
    for (int i = 0; i < MOST_WINDOWS; i++) {
        assert_true(weir__window_is_valid(&e.window[i]));
        kept += free_bytes(&e.window[i]);
    }
    assert_true(weir__budget_held(&e.budget) == kept);
    assert_true(weir__budget_peak(&e.budget) <= max_bytes);
    close_windows(&e);
    return refused;
}

/* There is room for the largest root of each window; free blocks of all sizes would fill it. */
static void a_run_that_fits_beside_the_others_is_never_refused_for_what_is_free(void **state)
{
    unsigned admitted = 0;
    (void)state;
    for (uint64_t seed = 1; seed <= 10; seed++)
        assert_int_equal(run_side_by_side(seed, MOST_WINDOWS * BLOCK(MOST_ROOT), false, &admitted),
                         0);
}

static void runs_with_parts_share_max_bytes_and_never_exceed_it(void **state)
{
    unsigned admitted = 0, refused = 0;
    (void)state;
    for (uint64_t seed = 1; seed <= 10; seed++)
        refused += run_side_by_side(seed, 2 * BLOCK(MOST_ROOT), true, &admitted);
    assert_true(admitted > 0 && refused > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_that_the_engine_refuses_takes_nothing),
        cmocka_unit_test(free_blocks_of_one_window_give_way_to_another),
        cmocka_unit_test(a_free_block_is_used_again_without_asking_the_engine),
        cmocka_unit_test(a_run_inside_a_run_stays_within_both_limits),
        cmocka_unit_test(a_run_that_fits_beside_the_others_is_never_refused_for_what_is_free),
        cmocka_unit_test(runs_with_parts_share_max_bytes_and_never_exceed_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
