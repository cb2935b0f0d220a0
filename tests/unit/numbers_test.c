/* Tests the numbers of runs: each is taken by one run, and says what that is nested in.
 *
 * Run by ctest with the engine's internal headers.  What runs do with them is in mail_test.c. */
#include "support.h"

#include "sched/life.h"

static void each_is_taken_once_until_none_is_left(void **state)
{
    weir__numbers numbers = {.taken = 0};
    uint64_t seen = 0;
    (void)state;
    for (int i = 0; i < WEIR_NUMBERS; i++) {
        const weir__number n = weir__numbers_acquire(&numbers, 0);
        assert_in_range(n, 1, WEIR_NUMBERS);
        assert_false(seen >> n & 1);
        seen |= (uint64_t)1 << n;
    }
    assert_int_equal(weir__numbers_acquire(&numbers, 0), 0);
    weir__numbers_release(&numbers, 0);
    weir__numbers_release(&numbers, 17);
    assert_int_equal(weir__numbers_acquire(&numbers, 0), 17);
    assert_true(weir__numbers_are_at_rest(&numbers));
}

static void a_number_knows_what_it_is_nested_in_and_its_root(void **state)
{
    weir__numbers numbers = {.taken = 0};
    (void)state;
    const weir__number root = weir__numbers_acquire(&numbers, 0),
                       child = weir__numbers_acquire(&numbers, root),
                       other = weir__numbers_acquire(&numbers, root),
                       grandchild = weir__numbers_acquire(&numbers, child),
                       stranger = weir__numbers_acquire(&numbers, 0);
    assert_true(weir__numbers_is_nested(&numbers, grandchild, grandchild));
    assert_true(weir__numbers_is_nested(&numbers, grandchild, child));
    assert_true(weir__numbers_is_nested(&numbers, grandchild, root));
    assert_true(weir__numbers_is_nested(&numbers, grandchild, 0));
    assert_false(weir__numbers_is_nested(&numbers, grandchild, other));
    assert_false(weir__numbers_is_nested(&numbers, grandchild, stranger));
    assert_false(weir__numbers_is_nested(&numbers, root, child));
    assert_int_equal(weir__numbers_root(&numbers, grandchild), root);
    assert_int_equal(weir__numbers_root(&numbers, root), root);
    assert_int_equal(weir__numbers_root(&numbers, stranger), stranger);
    assert_int_equal(weir__numbers_root(&numbers, 0), 0);
    weir__numbers_release(&numbers, grandchild);
    assert_int_equal(weir__numbers_acquire(&numbers, stranger), grandchild); /* as another run's */
    assert_false(weir__numbers_is_nested(&numbers, grandchild, root));
    assert_int_equal(weir__numbers_root(&numbers, grandchild), stranger);
}

/* Parents of numbers that nobody has may be anything, also a circle. */
static void a_look_at_numbers_of_runs_that_have_ended_comes_to_its_end(void **state)
{
    weir__numbers numbers = {.taken = 0};
    (void)state;
    numbers.parent[3] = 4;
    numbers.parent[4] = 3;
    assert_false(weir__numbers_is_nested(&numbers, 3, 5));
    (void)weir__numbers_root(&numbers, 3);
    assert_true(weir__numbers_are_at_rest(&numbers));
}

static void a_run_of_one_worker_needs_none(void **state)
{
    (void)state;
    for (unsigned workers = 1; workers <= 2; workers++) {
        weir_engine *engine = open_engine(workers, 0, 0);
        weir__life life = {0};
        const weir__need need = {.limits = {.limit_bytes = 1 << 16},
                                 .least_bytes = 1000,
                                 .root_bytes = 100,
                                 .what = "test"};
        assert_ok(weir__life_open(&life, engine));
        assert_ok(weir__life_begin(&life, &need));
        assert_true((life.run->number != 0) == (workers > 1));
        weir__life_close(&life);
        weir_engine_close(engine);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_is_taken_once_until_none_is_left),
        cmocka_unit_test(a_number_knows_what_it_is_nested_in_and_its_root),
        cmocka_unit_test(a_look_at_numbers_of_runs_that_have_ended_comes_to_its_end),
        cmocka_unit_test(a_run_of_one_worker_needs_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
