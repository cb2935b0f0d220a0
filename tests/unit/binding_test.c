/* Binding the calling thread to a hardware thread of this machine, and putting its mask back.
 *
 * Runs on any Linux machine and passes over what one CPU cannot show.  It must never leave the
 * process with another mask than it found. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <sched.h>

#include "machine/topology.h"

static cpu_set_t mask(void)
{
    cpu_set_t set;
    assert_int_equal(sched_getaffinity(0, sizeof set, &set), 0);
    return set;
}

/* The mask that the tests began with, put back after each. */
static cpu_set_t initial;

static int remember_mask(void **state)
{
    (void)state;
    return sched_getaffinity(0, sizeof initial, &initial);
}

static int restore_mask(void **state)
{
    (void)state;
    return sched_setaffinity(0, sizeof initial, &initial);
}

static weir_topology *load(void)
{
    weir_topology *topology;
    assert_int_equal(weir__topology_load(NULL, true, &topology), WEIR_OK);
    return topology;
}

static void a_bound_thread_may_use_one_cpu(void **state)
{
    weir_topology *topology = load();
    const weir_pu *pus;
    (void)state;
    const unsigned count = weir_topology_pus(topology, &pus);
    assert_true(weir__topology_machine(topology)->can_bind);
    for (unsigned i = 0; i < count; i++) {
        assert_true(weir__topology_bind(topology, i));
        const cpu_set_t now = mask();
        assert_int_equal(CPU_COUNT(&now), 1);
        assert_true(CPU_ISSET(pus[i].os_index, &now));
    }
    weir_topology_free(topology);
}

static void restore_puts_the_mask_back(void **state)
{
    weir_topology *topology = load();
    weir__binding *binding = weir__binding_create();
    (void)state;
    assert_non_null(binding);
    assert_true(weir__binding_save(topology, binding));
    for (unsigned i = 0; i < 3; i++) {
        assert_true(weir__topology_bind(topology, 0));
        weir__binding_restore(topology, binding);
        const cpu_set_t now = mask();
        assert_true(CPU_EQUAL(&now, &initial));
    }
    weir__binding_destroy(binding);
    weir_topology_free(topology);
}

/* The thread that runs may have a wider mask than the one that loaded the topology. */
static void restore_puts_back_more_than_the_topology_was_restricted_to(void **state)
{
    cpu_set_t one;
    unsigned cpu = 0;
    (void)state;
    if (CPU_COUNT(&initial) < 2)
        skip();
    while (!CPU_ISSET(cpu, &initial))
        cpu++;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
    weir_topology *topology = load();
    assert_int_equal(weir_topology_pus(topology, NULL), 1);
    assert_int_equal(sched_setaffinity(0, sizeof initial, &initial), 0);
    weir__binding *binding = weir__binding_create();
    assert_non_null(binding);
    assert_true(weir__binding_save(topology, binding));
    assert_true(weir__topology_bind(topology, 0));
    weir__binding_restore(topology, binding);
    const cpu_set_t now = mask();
    assert_true(CPU_EQUAL(&now, &initial));
    weir__binding_destroy(binding);
    weir_topology_free(topology);
}

static void what_was_not_saved_is_not_restored(void **state)
{
    weir_topology *topology = load(), *synthetic;
    weir__binding *binding = weir__binding_create();
    (void)state;
    assert_non_null(binding);
    assert_int_equal(weir__topology_load("pack:2 core:2 pu:1", true, &synthetic), WEIR_OK);
    assert_false(weir__binding_save(synthetic, binding));
    weir__binding_restore(topology, binding);
    const cpu_set_t now = mask();
    assert_true(CPU_EQUAL(&now, &initial));
    weir__binding_destroy(binding);
    weir__binding_destroy(NULL);
    weir_topology_free(synthetic);
    weir_topology_free(topology);
    weir_topology_free(NULL);
}

#define BINDING_TEST(f) cmocka_unit_test_setup_teardown(f, remember_mask, restore_mask)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BINDING_TEST(a_bound_thread_may_use_one_cpu),
        BINDING_TEST(restore_puts_the_mask_back),
        BINDING_TEST(restore_puts_back_more_than_the_topology_was_restricted_to),
        BINDING_TEST(what_was_not_saved_is_not_restored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
