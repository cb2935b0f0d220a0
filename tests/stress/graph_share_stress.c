/* Stress for graphs that share what an engine may hold: threads run random graphs beside a stream, within
 * random limits from the least upwards, and some of the runs stop.
 *
 * Run by ctest with delays at the named points.  What all tasks hold together is never above the limit, each
 * release comes once, and all runs come to their end.  WEIR_STRESS_ROUNDS and WEIR_STRESS_SEED as in the
 * other stress tests. */
#include "callers_support.h"

#include "base/testing.h"

static void random_graphs_run_beside_each_other_within_random_limits(void **state)
{
    const char *rounds = getenv("WEIR_STRESS_ROUNDS"), *begin_with = getenv("WEIR_STRESS_SEED");
    const uint64_t first = begin_with != NULL ? strtoull(begin_with, NULL, 10) : 1;
    const uint64_t count = rounds != NULL ? strtoull(rounds, NULL, 10) : 30 / SLOW_BUILD + 5;
    (void)state;
    for (uint64_t round = first; round < first + count; round++) {
        uint64_t random = round * 0x9e3779b97f4a7c15u | 1;
        weir__testing_seed(round);
        const uint64_t more = draw(&random, 3) == 0 ? draw(&random, 4) : draw(&random, 400);
        run_callers(&random, 1 + (unsigned)draw(&random, 4), more, 8, draw(&random, 3) == 0);
    }
    weir__testing_seed(0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_graphs_run_beside_each_other_within_random_limits)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
