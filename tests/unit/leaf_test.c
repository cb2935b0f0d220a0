/* The benchmarks' leaf: that it does as many multiplications as it is asked for.
 *
 * Built with the tests for its arithmetic alone.  It must never look at a time. */
#include "../../bench/leaf.h"

#include "support.h"

static uint64_t power(uint64_t exponent)
{
    uint64_t product = 1;
    for (uint64_t i = 0; i < exponent; i++)
        product *= LEAF_FACTOR;
    return product;
}

static void as_many_multiplications_as_asked_for(void **state)
{
    (void)state;
    for (uint64_t steps = 0; steps < 3 * LEAF_ROW + 10; steps++) {
        const leaf_products p = leaf_multiply(steps);
        assert_int_equal(p.a * p.b * p.c * p.d, power(steps));
    }
}

static void the_chains_share_them_evenly(void **state)
{
    (void)state;
    for (uint64_t steps = 0; steps < LEAF_ROW + 10; steps++) {
        const leaf_products p = leaf_multiply(steps);
        const uint64_t least = power(steps / 4), most = power(steps / 4 + 1);
        assert_true(p.a == least || p.a == most);
        assert_true(p.b == least || p.b == most);
        assert_true(p.c == least || p.c == most);
        assert_true(p.d == least || p.d == most);
    }
}

static void a_leaf_yields_one(void **state)
{
    (void)state;
    for (uint64_t steps = 0; steps < 2 * LEAF_ROW + 10; steps++)
        assert_int_equal(leaf_work(steps), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_many_multiplications_as_asked_for),
        cmocka_unit_test(the_chains_share_them_evenly),
        cmocka_unit_test(a_leaf_yields_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
