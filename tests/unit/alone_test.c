/* Tests what is learnt of runs that the team slows, and when a run that is alone calls its team.
 *
 * Run by ctest with the engine's internal headers.  It must never look at a clock: the test says
 * how long a run took. */
#include "support.h"

#include "sched/alone.h"
#include "sched/tuning.h"

#define US UINT64_C(1000)
#define MS (1000 * US)

static bool is_alone(const weir__alone *a)
{
    return weir__alone_limit_ns(a) > 0;
}

/* Runs of which each takes so long with the team, until they begin alone. */
static unsigned run_until_alone(weir__alone *a, uint64_t wall_ns, uint64_t busy_ns, unsigned most)
{
    unsigned runs = 0;
    for (; !is_alone(a) && runs < most; runs++)
        weir__alone_learn_team(a, wall_ns, busy_ns);
    return runs;
}

/* Runs alone for as long as they may. Returns how long that was. */
static uint64_t run_while_alone(weir__alone *a, uint64_t ns)
{
    uint64_t all_ns = 0;
    for (; is_alone(a); all_ns += ns)
        weir__alone_learn_alone(a, ns);
    return all_ns;
}

static void nothing_is_known_at_first_and_the_team_comes(void **state)
{
    weir__alone a = {0};
    (void)state;
    assert_false(is_alone(&a));
}

static void empty_runs_begin_alone_once_the_team_has_cost_a_millisecond(void **state)
{
    weir__alone a = {0};
    (void)state;
    const unsigned runs = run_until_alone(&a, 2400, 100, 10000);
    assert_in_range(runs, 760, 780);
    assert_in_range(weir__alone_limit_ns(&a), WEIR_ALONE_MARGIN_NS, WEIR_ALONE_MARGIN_NS + 1000);
}

static void runs_that_the_team_helps_never_begin_alone(void **state)
{
    weir__alone a = {0};
    (void)state;
    assert_int_equal(run_until_alone(&a, 24 * US, 42 * US, 100000), 100000);
    assert_int_equal(run_until_alone(&a, 9 * US, 10 * US, 100000), 100000);
}

static void one_run_alone_decides_nothing_however_long_it_took(void **state)
{
    weir__alone a = {0};
    (void)state;
    for (int i = 0; i < 1000; i++) {
        weir__alone_learn_team(&a, 50 * MS, 42 * US);
        assert_false(is_alone(&a));
        assert_int_equal(run_until_alone(&a, 24 * US, 42 * US, 100), 100);
    }
}

static void a_time_slice_of_others_is_not_taken_for_work(void **state)
{
    weir__alone a = {0};
    (void)state;
    for (int i = 0; i < 50; i++)
        weir__alone_learn_team(&a, 24 * US, 42 * US);
    /* A worker with a part does not run for a while, and counts as busy. */
    assert_in_range(run_until_alone(&a, 4 * MS, 4 * MS + 20 * US, 100), 2, 3);
    assert_in_range(weir__alone_limit_ns(&a), 80 * US, 120 * US);
    /* Where both are held up the team has seemingly helped; that outweighs little. */
    a = (weir__alone){0};
    weir__alone_learn_team(&a, 24 * US, 42 * US);
    unsigned runs = 0;
    for (; !is_alone(&a) && runs < 100; runs++)
        weir__alone_learn_team(&a, 4 * MS, runs % 4 == 0 ? 8 * MS : 4 * MS + 20 * US);
    assert_in_range(runs, 2, 5);
}

static void a_first_run_that_was_held_up_says_nothing_of_the_next(void **state)
{
    weir__alone a = {0};
    (void)state;
    weir__alone_learn_team(&a, 100 * MS, 101 * MS);
    assert_in_range(run_until_alone(&a, 100 * MS, 40 * US, 100), 2, 3);
}

static void long_runs_have_the_team_whatever_it_costs(void **state)
{
    weir__alone a = {0};
    (void)state;
    assert_int_equal(run_until_alone(&a, 10 * MS, 9 * MS, 1000), 1000);
    /* Runs that become long are so after a while. */
    a = (weir__alone){0};
    (void)run_until_alone(&a, 2400, 100, 10000);
    for (int i = 0; i < 300; i++)
        weir__alone_learn_alone(&a, 300 * US);
    assert_false(is_alone(&a));
}

static void the_team_is_tried_again_after_a_spell_alone(void **state)
{
    weir__alone a = {0};
    (void)state;
    (void)run_until_alone(&a, 2400, 100, 10000);
    for (int i = 0; i < 3; i++) {
        assert_in_range(run_while_alone(&a, 50 * US), WEIR_ALONE_SPELL_NS,
                        WEIR_ALONE_SPELL_NS + 50 * US);
        assert_in_range(run_until_alone(&a, 60 * US + 500, 50 * US, 1000), 5, 20);
    }
    (void)run_while_alone(&a, 50 * US);
    /* The first of the try wakes threads, and the others have them awake. */
    weir__alone_learn_team(&a, 90 * US, 50 * US);
    assert_int_equal(run_until_alone(&a, 28 * US, 50 * US, 10000), 10000);
}

static void the_dearer_a_try_the_later_the_next(void **state)
{
    weir__alone a = {0};
    (void)state;
    (void)run_until_alone(&a, 4 * MS, 40 * US, 10);
    assert_in_range(run_while_alone(&a, 50 * US), 120 * MS, 130 * MS);
    (void)run_until_alone(&a, 80 * MS, 40 * US, 10);
    assert_in_range(run_while_alone(&a, 50 * US), 2500 * MS, 2600 * MS);
    (void)run_until_alone(&a, UINT64_MAX / 2, 40 * US, 10); /* the program was stopped */
    assert_in_range(run_while_alone(&a, 50 * US), 3200 * MS, 3300 * MS);
}

static void a_run_that_was_alone_for_too_long_leaves_a_debt(void **state)
{
    weir__alone a = {0};
    (void)state;
    (void)run_until_alone(&a, 2400, 100, 10000);
    weir__alone_learn_late(&a, 20 * MS);
    assert_false(is_alone(&a));
    const uint64_t runs = run_until_alone(&a, 2400, 100, 100000);
    assert_in_range(runs * (2400 - 100 - WEIR_ALONE_COST_NS), 20 * MS, 21 * MS);
    assert_true(is_alone(&a));
    /* A run that the team helps changes nothing of it. */
    weir__alone_learn_late(&a, 20 * MS);
    weir__alone_learn_team(&a, 40 * MS, 80 * MS);
    assert_in_range(run_until_alone(&a, 2400, 100, 100000), runs - 1, runs + 1);
}

/* ---- the stint ---- */

static void a_stint_is_late_after_its_limit(void **state)
{
    weir__stint s;
    (void)state;
    weir__stint_begin(&s, 100, 1000);
    assert_true(weir__stint_is_under_way(&s));
    uint64_t now = 1000;
    for (; !weir__stint_is_late(&s); now += 10)
        weir__stint_look(&s, now);
    assert_in_range(now, 1110, 1140);
    assert_in_range(weir__stint_took_ns(&s), 100, 130);
}

static void one_op_does_not_make_it_late_and_two_do(void **state)
{
    weir__stint s;
    (void)state;
    weir__stint_begin(&s, 100, 0);
    weir__stint_look(&s, 10);
    weir__stint_look(&s, 1000010);
    assert_false(weir__stint_is_late(&s));
    assert_int_equal(weir__stint_shared_ns(&s), 10);
    weir__stint_look(&s, 1500010);
    assert_true(weir__stint_is_late(&s));
    assert_int_equal(weir__stint_shared_ns(&s), 500010);
    assert_int_equal(weir__stint_took_ns(&s), 1500010);
}

static void without_an_end_it_is_never_late(void **state)
{
    weir__stint s;
    (void)state;
    weir__stint_begin(&s, UINT64_MAX, 5);
    weir__stint_look(&s, 10);
    weir__stint_look(&s, UINT64_MAX);
    assert_false(weir__stint_is_late(&s));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_known_at_first_and_the_team_comes),
        cmocka_unit_test(empty_runs_begin_alone_once_the_team_has_cost_a_millisecond),
        cmocka_unit_test(runs_that_the_team_helps_never_begin_alone),
        cmocka_unit_test(one_run_alone_decides_nothing_however_long_it_took),
        cmocka_unit_test(a_time_slice_of_others_is_not_taken_for_work),
        cmocka_unit_test(a_first_run_that_was_held_up_says_nothing_of_the_next),
        cmocka_unit_test(long_runs_have_the_team_whatever_it_costs),
        cmocka_unit_test(the_team_is_tried_again_after_a_spell_alone),
        cmocka_unit_test(the_dearer_a_try_the_later_the_next),
        cmocka_unit_test(a_run_that_was_alone_for_too_long_leaves_a_debt),
        cmocka_unit_test(a_stint_is_late_after_its_limit),
        cmocka_unit_test(one_op_does_not_make_it_late_and_two_do),
        cmocka_unit_test(without_an_end_it_is_never_late),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
