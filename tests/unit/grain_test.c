/* Tests the grain: a batch grows while it is short and is halved when it is long, within its bounds.
 *
 * Run by ctest with the engine's internal headers.  It must never look at a clock: the test says how
 * long a batch took. */
#include "support.h"

#include "random.h"
#include "sched/grain.h"

enum { AIM_NS = 10000, SHORT = AIM_NS / 2 - 1, FINE = AIM_NS, LONG = AIM_NS * 2 + 1, UNTIMED = 7 };

static const weir__aim aim = {.ns = AIM_NS, .untimed = UNTIMED};

/* A full batch that takes so long. */
static void do_batch(weir__grain *grain, uint64_t ns)
{
    const uint32_t n = grain->n;
    assert_true(weir__grain_begin(grain, &aim, n));
    weir__grain_end(grain, &aim, n, ns);
    assert_true(weir__grain_is_valid(grain));
}

static void it_doubles_while_batches_are_short_up_to_its_most(void **state)
{
    (void)state;
    weir__grain grain = {.n = 1, .most = 100};
    for (uint32_t n = 2; n < 100; n *= 2) {
        do_batch(&grain, SHORT);
        assert_int_equal(grain.n, n);
    }
    for (int i = 0; i < 3; i++) {
        do_batch(&grain, 0);
        assert_int_equal(grain.n, 100);
    }
}

static void it_is_halved_when_batches_are_long_down_to_one(void **state)
{
    (void)state;
    weir__grain grain = {.n = 100, .most = 100};
    for (uint32_t n = 50; n >= 1; n /= 2) {
        do_batch(&grain, LONG);
        assert_int_equal(grain.n, n);
    }
    for (int i = 0; i < 3; i++) {
        do_batch(&grain, UINT64_MAX);
        assert_int_equal(grain.n, 1);
    }
}

static void it_stays_where_batches_take_about_the_aim(void **state)
{
    (void)state;
    weir__grain grain = {.n = 12, .most = 100};
    do_batch(&grain, AIM_NS / 2);
    do_batch(&grain, FINE);
    do_batch(&grain, AIM_NS * 2);
    assert_int_equal(grain.n, 12);
}

static void the_first_long_batch_after_short_ones_is_seen(void **state)
{
    (void)state;
    weir__grain grain = {.n = 1, .most = 1u << 20};
    for (int i = 0; i < 30; i++)
        do_batch(&grain, 10);
    assert_int_equal(grain.n, 1u << 20);
    do_batch(&grain, LONG);
    assert_int_equal(grain.n, 1u << 19);
    weir__grain_end(&grain, &aim, 6, LONG); /* so few were long already */
    assert_int_equal(grain.n, 3);
}

static void only_one_in_some_small_batches_is_timed_and_every_full_one(void **state)
{
    (void)state;
    weir__grain grain = {.n = 8, .most = 8};
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < UNTIMED; i++)
            assert_false(weir__grain_begin(&grain, &aim, 7));
        assert_true(weir__grain_begin(&grain, &aim, 7));
    }
    for (int i = 0; i < 3; i++)
        assert_true(weir__grain_begin(&grain, &aim, 8));
}

static void a_small_batch_that_is_short_says_nothing_of_a_full_one(void **state)
{
    (void)state;
    weir__grain grain = {.n = 8, .most = 64};
    weir__grain_end(&grain, &aim, 7, 0);
    assert_int_equal(grain.n, 8);
}

static void batches_at_once_neither_grow_it_twice_nor_undo_a_halving(void **state)
{
    (void)state;
    weir__grain grain = {.n = 8, .most = 64};
    weir__grain_end(&grain, &aim, 8, SHORT);
    weir__grain_end(&grain, &aim, 8, SHORT); /* which had begun before the other ended */
    assert_int_equal(grain.n, 16);
    grain.n = 2;
    weir__grain_end(&grain, &aim, 64, LONG); /* begun when that was the grain */
    assert_int_equal(grain.n, 2);
}

static void it_stays_within_its_bounds_whatever_happens(void **state)
{
    (void)state;
    for (int round = 0; round < 1000; round++) {
        weir__grain grain = {.n = 1, .most = 1 + (uint32_t)(next_random() % 300)};
        for (int i = 0; i < 100; i++) {
            const uint32_t n = 1 + (uint32_t)(next_random() % grain.most);
            const uint64_t ns = next_random() % (3 * AIM_NS);
            if (weir__grain_begin(&grain, &aim, n))
                weir__grain_end(&grain, &aim, n, ns);
            if (!weir__grain_is_valid(&grain))
                fail_msg("n is %u of %u in round %d", grain.n, grain.most, round);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_doubles_while_batches_are_short_up_to_its_most),
        cmocka_unit_test(it_is_halved_when_batches_are_long_down_to_one),
        cmocka_unit_test(it_stays_where_batches_take_about_the_aim),
        cmocka_unit_test(the_first_long_batch_after_short_ones_is_seen),
        cmocka_unit_test(only_one_in_some_small_batches_is_timed_and_every_full_one),
        cmocka_unit_test(a_small_batch_that_is_short_says_nothing_of_a_full_one),
        cmocka_unit_test(batches_at_once_neither_grow_it_twice_nor_undo_a_halving),
        cmocka_unit_test(it_stays_within_its_bounds_whatever_happens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
