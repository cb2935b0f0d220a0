/* Tests the budget: limits to the byte, at every level, whoever asks at the same time.
 *
 * Run by ctest with the engine's internal headers and seeded delays.  It must never allocate what
 * it reserves: these are only numbers. */
#include "support.h"

#include <pthread.h>

#include "base/testing.h"
#include "sched/budget.h"

static weir__budget open_account(weir__budget *parent, uint64_t limit)
{
    weir__budget budget;
    weir__budget_open(&budget, parent, limit);
    return budget;
}

static bool grants(weir__budget *budget, uint64_t bytes)
{
    return weir__budget_reserve(budget, bytes) == NULL;
}

static void expect(const weir__budget *budget, uint64_t held, uint64_t peak)
{
    assert_true(weir__budget_held(budget) == held);
    assert_true(weir__budget_peak(budget) == peak);
    assert_true(weir__budget_room(budget) == budget->limit - held);
    assert_true(weir__budget_is_valid(budget));
}

static void an_account_grants_its_limit_to_the_byte(void **state)
{
    (void)state;
    for (uint64_t limit = 0; limit < 5; limit++) {
        weir__budget a = open_account(NULL, limit);
        assert_true(grants(&a, 0));
        for (uint64_t i = 0; i < limit; i++)
            assert_true(grants(&a, 1));
        assert_ptr_equal(weir__budget_reserve(&a, 1), &a);
        assert_true(grants(&a, 0));
        expect(&a, limit, limit);
        weir__budget_release(&a, limit);
        assert_false(grants(&a, limit + 1));
        assert_true(grants(&a, limit));
        weir__budget_release(&a, limit);
        weir__budget_close(&a);
    }
}

static void what_an_account_holds_is_held_by_all_above_it(void **state)
{
    (void)state;
    weir__budget top = open_account(NULL, 100), run = open_account(&top, 60);
    weir__budget inner = open_account(&run, 50), beside = open_account(&top, 100);
    assert_true(grants(&inner, 20));
    assert_true(grants(&run, 30));
    assert_true(grants(&beside, 40));
    expect(&inner, 20, 20);
    expect(&run, 50, 50);
    expect(&top, 90, 90);
    weir__budget_release(&inner, 20);
    expect(&inner, 0, 20);
    expect(&run, 30, 50);
    expect(&top, 70, 90);
    weir__budget_release(&run, 30);
    weir__budget_release(&beside, 40);
    expect(&beside, 0, 40);
    expect(&top, 0, 90);
}

static void a_no_of_an_account_above_undoes_all_below_without_a_trace(void **state)
{
    (void)state;
    weir__budget top = open_account(NULL, 100), run = open_account(&top, 80);
    weir__budget inner = open_account(&run, 70), beside = open_account(&top, 90);
    assert_ptr_equal(weir__budget_reserve(&inner, 71), &inner);
    assert_true(grants(&run, 20));
    assert_ptr_equal(weir__budget_reserve(&inner, 61), &run);
    assert_true(grants(&beside, 30));
    assert_ptr_equal(weir__budget_reserve(&inner, 51), &top);
    expect(&inner, 0, 0);
    expect(&run, 20, 20);
    expect(&top, 50, 50);
    assert_true(grants(&inner, 50));
    expect(&inner, 50, 50);
    expect(&run, 70, 70);
    expect(&top, 100, 100);
}

static void sums_that_do_not_fit_are_refused_without_a_limit_too(void **state)
{
    (void)state;
    weir__budget a = open_account(NULL, WEIR_NO_LIMIT);
    assert_false(grants(&a, UINT64_MAX)); /* "does not fit" */
    assert_true(grants(&a, UINT64_MAX - 7));
    assert_false(grants(&a, 8));
    assert_false(grants(&a, UINT64_MAX - 7));
    assert_true(grants(&a, 7));
    assert_false(grants(&a, 1));
    expect(&a, UINT64_MAX, UINT64_MAX);
    weir__budget_release(&a, 7);
    weir__budget_release(&a, UINT64_MAX - 7);
    weir__budget_close(&a);
}

static void an_account_without_a_limit_is_left_out_above_others(void **state)
{
    (void)state;
    weir__budget top = open_account(NULL, 10), free_run = open_account(&top, WEIR_NO_LIMIT);
    weir__budget inner = open_account(&free_run, 20), alone = open_account(NULL, WEIR_NO_LIMIT);
    weir__budget below = open_account(&alone, 5);
    assert_ptr_equal(inner.parent, &top);
    assert_ptr_equal(weir__budget_limited(&free_run), &top);
    assert_null(below.parent);
    assert_null(weir__budget_limited(&alone));
    assert_true(grants(&inner, 4));
    assert_true(grants(&free_run, 5)); /* itself it counts, and asks those above */
    assert_ptr_equal(weir__budget_reserve(&free_run, 2), &top);
    assert_ptr_equal(weir__budget_reserve(&inner, 2), &top);
    expect(&free_run, 5, 5);
    expect(&top, 9, 9);
    assert_true(grants(&below, 5));
    expect(&alone, 0, 0);
}

static void what_a_keeper_holds_already_is_neither_taken_nor_given_back_again(void **state)
{
    (void)state;
    weir__budget top = open_account(NULL, 100), keeper = open_account(&top, 60);
    weir__budget run = open_account(&keeper, 60), inner = open_account(&run, 60);
    assert_true(grants(&inner, 50));
    weir__budget_release_kept(&inner, 50, &keeper, 40); /* 40 of it are free memory now */
    expect(&inner, 0, 50);
    expect(&run, 0, 50);
    expect(&keeper, 40, 50);
    expect(&top, 40, 50);
    assert_ptr_equal(weir__budget_reserve_kept(&inner, 61, &keeper, 40), &inner);
    assert_true(grants(&top, 50));
    assert_ptr_equal(weir__budget_reserve_kept(&inner, 51, &keeper, 40), &top);
    expect(&inner, 0, 50);
    expect(&run, 0, 50);
    expect(&keeper, 40, 50);
    assert_null(weir__budget_reserve_kept(&inner, 50, &keeper, 40));
    expect(&inner, 50, 50);
    expect(&run, 50, 50);
    expect(&keeper, 50, 50);
    expect(&top, 100, 100);
    weir__budget_release_kept(&inner, 50, &keeper, 50); /* all of it: above nothing changes */
    expect(&keeper, 50, 50);
    assert_null(weir__budget_reserve_kept(&inner, 50, &keeper, 50));
    weir__budget_release(&inner, 50);
    expect(&keeper, 0, 50);
    expect(&top, 50, 100);
}

static void a_run_begins_with_its_bytes_or_with_none_and_ends_without_any(void **state)
{
    (void)state;
    weir__budget top = open_account(NULL, 100), run;
    assert_ptr_equal(weir__budget_begin(&run, &top, 60, 61, &top, 0), &run);
    expect(&run, 0, 0);
    assert_ptr_equal(weir__budget_begin(&run, &top, 200, 101, &top, 0), &top);
    expect(&run, 0, 0);
    expect(&top, 0, 0);
    assert_null(weir__budget_begin(&run, &top, 60, 50, &top, 0));
    assert_true(grants(&run, 10));
    weir__budget_release(&run, 10);
    expect(&run, 50, 60);
    weir__budget_end(&run, 50, &top, 40); /* 40 are free memory now, */
    expect(&run, 0, 60);
    expect(&top, 40, 60);
    assert_null(weir__budget_begin(&run, &top, 90, 90, &top, 40)); /* and in use again */
    expect(&run, 90, 90);
    expect(&top, 90, 90);
    weir__budget_end(&run, 90, &top, 0);
    expect(&top, 0, 90);
    weir__budget alone;
    assert_ptr_equal(weir__budget_begin(&alone, NULL, WEIR_NO_LIMIT, UINT64_MAX, NULL, 0), &alone);
}

/* ---- many threads ---- */

enum { THREADS = 6, RUNS = 3 };

/* An account, and what those who were granted bytes have together: never more than it holds. */
typedef struct level {
    weir__budget budget;
    atomic_uint_least64_t granted;
    atomic_uint_least64_t most_granted;
} level;

static void note_granted(level *l, uint64_t bytes)
{
    const uint64_t now = atomic_fetch_add(&l->granted, bytes) + bytes;
    uint64_t most = atomic_load(&l->most_granted);
    while (most < now && !atomic_compare_exchange_weak(&l->most_granted, &most, now))
        ;
}

typedef struct forest {
    level top, run[RUNS], inner[THREADS];
} forest;

static void open_forest(forest *f, uint64_t top, uint64_t run, uint64_t inner)
{
    *f = (forest){0};
    weir__budget_open(&f->top.budget, NULL, top);
    for (unsigned i = 0; i < RUNS; i++)
        weir__budget_open(&f->run[i].budget, &f->top.budget, run);
    for (unsigned i = 0; i < THREADS; i++)
        weir__budget_open(&f->inner[i].budget, &f->run[i % RUNS].budget, inner);
}

static void expect_all_back(level *l)
{
    assert_true(weir__budget_held(&l->budget) == 0);
    assert_true(weir__budget_peak(&l->budget) >= atomic_load(&l->most_granted));
    assert_true(weir__budget_peak(&l->budget) <= l->budget.limit);
    assert_true(grants(&l->budget, l->budget.limit)); /* and nothing sticks above */
    weir__budget_release(&l->budget, l->budget.limit);
    weir__budget_close(&l->budget);
}

typedef struct user {
    level *path[3]; /* from below */
    uint64_t seed, most;
    unsigned wrong, granted, refused;
} user;

static bool has_excess(const user *u)
{
    for (int i = 0; i < 3; i++)
        if (weir__budget_held(&u->path[i]->budget) > u->path[i]->budget.limit ||
            weir__budget_peak(&u->path[i]->budget) > u->path[i]->budget.limit ||
            atomic_load(&u->path[i]->granted) > u->path[i]->budget.limit)
            return true;
    return false;
}

static void *use_accounts(void *argument)
{
    enum { MOST = 4 };
    user *u = argument;
    uint64_t bytes[MOST];
    int from[MOST]; /* in the path */
    unsigned out = 0;
    for (int i = 0; i < 3000 / SLOW_BUILD; i++) {
        u->seed = tree_mix(u->seed + (uint64_t)i + 1);
        if (out < MOST && u->seed % 8 < 5) {
            const int at = (int)((u->seed >> 8) % 3);
            const uint64_t n = (u->seed >> 16) % u->most;
            if (!grants(&u->path[at]->budget, n)) {
                u->refused++;
            } else {
                for (int k = at; k < 3; k++)
                    note_granted(u->path[k], n);
                from[out] = at;
                bytes[out++] = n;
                u->granted++;
            }
        } else if (out > 0) {
            out--;
            for (int k = from[out]; k < 3; k++)
                atomic_fetch_sub(&u->path[k]->granted, bytes[out]);
            weir__budget_release(&u->path[from[out]]->budget, bytes[out]);
        }
        u->wrong += has_excess(u);
    }
    while (out-- > 0) {
        for (int k = from[out]; k < 3; k++)
            atomic_fetch_sub(&u->path[k]->granted, bytes[out]);
        weir__budget_release(&u->path[from[out]]->budget, bytes[out]);
    }
    return NULL;
}

static void accounts_of_three_levels_never_exceed_a_limit_and_come_back_to_zero(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 12; seed++) {
        forest f;
        pthread_t threads[THREADS];
        user users[THREADS];
        unsigned granted = 0, refused = 0;
        open_forest(&f, 700, 400, 300);
        weir__testing_seed(seed);
        for (unsigned i = 0; i < THREADS; i++) {
            users[i] = (user){.path = {&f.inner[i], &f.run[i % RUNS], &f.top},
                              .seed = seed * THREADS + i,
                              .most = 250};
            assert_int_equal(pthread_create(&threads[i], NULL, use_accounts, &users[i]), 0);
        }
        for (unsigned i = 0; i < THREADS; i++) {
            pthread_join(threads[i], NULL);
            assert_int_equal(users[i].wrong, 0);
            granted += users[i].granted;
            refused += users[i].refused;
        }
        weir__testing_seed(0);
        assert_true(granted > 0 && refused > 0);
        for (unsigned i = 0; i < THREADS; i++)
            expect_all_back(&f.inner[i]);
        for (unsigned i = 0; i < RUNS; i++)
            expect_all_back(&f.run[i]);
        expect_all_back(&f.top);
    }
}

/* A thread that asks for more than there is, from an account that would let it. */
typedef struct greedy {
    weir__budget run;
    atomic_bool stop;
    unsigned granted;
} greedy;

static void *ask_too_much(void *argument)
{
    greedy *g = argument;
    while (!atomic_load(&g->stop))
        g->granted += grants(&g->run, 101);
    return NULL;
}

static void the_topmost_account_refuses_nobody_for_what_is_undone(void **state)
{
    (void)state;
    weir__budget top = open_account(NULL, 100), run = open_account(&top, 100);
    greedy g = {.run = open_account(&top, 1000)};
    pthread_t thread;
    unsigned refused = 0;
    weir__testing_seed(5);
    assert_int_equal(pthread_create(&thread, NULL, ask_too_much, &g), 0);
    for (int i = 0; i < 20000 / SLOW_BUILD; i++)
        if (grants(&run, 100))
            weir__budget_release(&run, 100);
        else
            refused++;
    atomic_store(&g.stop, true);
    pthread_join(thread, NULL);
    weir__testing_seed(0);
    assert_int_equal(refused, 0);
    assert_int_equal(g.granted, 0);
    expect(&top, 0, 100);
    expect(&g.run, 0, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_account_grants_its_limit_to_the_byte),
        cmocka_unit_test(what_an_account_holds_is_held_by_all_above_it),
        cmocka_unit_test(a_no_of_an_account_above_undoes_all_below_without_a_trace),
        cmocka_unit_test(sums_that_do_not_fit_are_refused_without_a_limit_too),
        cmocka_unit_test(an_account_without_a_limit_is_left_out_above_others),
        cmocka_unit_test(what_a_keeper_holds_already_is_neither_taken_nor_given_back_again),
        cmocka_unit_test(a_run_begins_with_its_bytes_or_with_none_and_ends_without_any),
        cmocka_unit_test(accounts_of_three_levels_never_exceed_a_limit_and_come_back_to_zero),
        cmocka_unit_test(the_topmost_account_refuses_nobody_for_what_is_undone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
