/* Tests whether sharing pays: the better way stays, the other is tried again more and more seldom, and tasks
 * that are long, or that others have plenty of, are shared.
 *
 * Run by ctest with the engine's internal headers.  It must never look at a clock: the test says what time
 * it is. */
#include "support.h"

#include "graph/gain.h"
#include "sched/tuning.h"

/* Between two looks. */
enum { STEP_NS = 10000 };

/* A graph whose tasks take one worker a time alone, and the team another. */
typedef struct course {
    weir__gain gain;
    uint64_t now_ns;
    uint64_t alone_ns, shared_ns; /* of a task, by the clock */
    uint64_t busy_ns;             /* of a task, of a worker */
    uint64_t was_alone_ns, was_shared_ns;
    unsigned changes;
} course;

static void begin(course *c, uint64_t alone_ns, uint64_t shared_ns, uint64_t busy_ns)
{
    *c = (course){.now_ns = 1, .alone_ns = alone_ns, .shared_ns = shared_ns, .busy_ns = busy_ns};
    weir__gain_begin(&c->gain, c->now_ns);
}

static void go_on(course *c, uint64_t for_ns, bool sole)
{
    for (uint64_t ns = 0; ns < for_ns; ns += STEP_NS) {
        const bool alone = weir__gain_is_alone(&c->gain);
        const uint64_t tasks = STEP_NS / (alone ? c->alone_ns : c->shared_ns);
        c->now_ns += STEP_NS;
        *(alone ? &c->was_alone_ns : &c->was_shared_ns) += STEP_NS;
        weir__gain_count(&c->gain, tasks, tasks * c->busy_ns);
        c->changes += weir__gain_look(&c->gain, c->now_ns, sole);
        assert_true(weir__gain_is_valid(&c->gain));
    }
}

static void tiny_tasks_are_shared_until_it_is_known_what_that_costs(void **state)
{
    course c;
    (void)state;
    begin(&c, 100, 200, 100);
    assert_false(weir__gain_is_alone(&c.gain));
    assert_true(weir__gain_wants_looks(&c.gain));
    go_on(&c, WEIR_GAIN_FIGURE_NS - STEP_NS, false);
    assert_false(weir__gain_is_alone(&c.gain));
}

static void who_is_faster_alone_is_alone_nearly_all_the_time(void **state)
{
    course c;
    (void)state;
    begin(&c, 100, 110, 105);
    go_on(&c, 100000000, true);
    assert_true(c.was_shared_ns < 2000000);
    assert_true(weir__gain_wants_looks(&c.gain));
}

static void tasks_that_are_done_faster_by_several_are_shared_nearly_all_the_time(void **state)
{
    course c;
    (void)state;
    begin(&c, 100, 60, 110);
    go_on(&c, 100000000, true);
    assert_true(c.was_alone_ns < 2000000);
}

static void what_has_become_better_is_found(void **state)
{
    course c;
    (void)state;
    begin(&c, 100, 110, 105);
    go_on(&c, 10000000, true);
    assert_true(weir__gain_is_alone(&c.gain));
    c.shared_ns = 50;
    go_on(&c, 2 * WEIR_GAIN_STAY_MOST_NS, true);
    assert_false(weir__gain_is_alone(&c.gain));
    c.shared_ns = 200;
    go_on(&c, 2 * WEIR_GAIN_STAY_MOST_NS, true);
    assert_true(weir__gain_is_alone(&c.gain));
}

static void long_tasks_are_never_run_alone(void **state)
{
    course c;
    (void)state;
    begin(&c, 1000, 1500, WEIR_LONG_NS);
    go_on(&c, 10000000, true);
    assert_int_equal(c.was_alone_ns, 0);
    assert_int_equal(c.changes, 0);
}

static void tasks_that_become_long_are_shared_after_one_figure(void **state)
{
    course c;
    (void)state;
    begin(&c, 100, 110, 105);
    go_on(&c, 10000000, true);
    assert_true(weir__gain_is_alone(&c.gain));
    c.alone_ns = c.busy_ns = WEIR_LONG_NS;
    go_on(&c, 2 * WEIR_GAIN_FIGURE_NS, true);
    assert_false(weir__gain_is_alone(&c.gain));
}

static void where_others_have_plenty_sharing_goes_on(void **state)
{
    course c;
    (void)state;
    begin(&c, 100, 110, 105);
    go_on(&c, 20000000, false);
    assert_false(weir__gain_is_alone(&c.gain));
    assert_true(c.was_alone_ns < 1000000);
}

static void time_between_runs_does_not_count(void **state)
{
    course c;
    (void)state;
    begin(&c, 100, 110, 105);
    go_on(&c, WEIR_GAIN_FIGURE_NS - STEP_NS, true);
    weir__gain_end(&c.gain, c.now_ns);
    weir__gain_end(&c.gain, c.now_ns + 1000000000); /* of a run without its team */
    c.now_ns += 1000000000;
    weir__gain_begin(&c.gain, c.now_ns);
    go_on(&c, STEP_NS, true);
    assert_true(weir__gain_is_alone(&c.gain)); /* on trial */
    assert_true(c.gain.task_ns[0] > 100 && c.gain.task_ns[0] < 120);
}

static void of_two_that_look_one_goes_by(void **state)
{
    course c;
    (void)state;
    begin(&c, 100, 110, 105);
    store_relaxed(&c.gain.looking, true);
    go_on(&c, 10000000, true);
    assert_int_equal(c.changes, 0);
    assert_false(weir__gain_is_alone(&c.gain));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tiny_tasks_are_shared_until_it_is_known_what_that_costs),
        cmocka_unit_test(who_is_faster_alone_is_alone_nearly_all_the_time),
        cmocka_unit_test(tasks_that_are_done_faster_by_several_are_shared_nearly_all_the_time),
        cmocka_unit_test(what_has_become_better_is_found),
        cmocka_unit_test(long_tasks_are_never_run_alone),
        cmocka_unit_test(tasks_that_become_long_are_shared_after_one_figure),
        cmocka_unit_test(where_others_have_plenty_sharing_goes_on),
        cmocka_unit_test(time_between_runs_does_not_count),
        cmocka_unit_test(of_two_that_look_one_goes_by),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
