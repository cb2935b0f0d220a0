/* `weir layers`, `weir plan` and `weir topo`: results, who runs at the same time, and bad input.
 *
 * Works in a temporary directory of its own.  It must never depend on how fast the machine is: that
 * operations run at the same time is seen from how many do, not from seconds. */
#include "command.h"
#include "on_terminal.h"

static void the_classic_three_layers_give_the_classic_result(void **state)
{
    (void)state;
    run_json("layers 2.5 --seconds 0.001 --json --workers 2");
    assert_true(member("result") == 13.392857142857142);
    assert_int_equal(member("operations"), 13);
    run("layers --seconds 0,0,0 --workers 1");
    assert_int_equal(r.code, 0);
    assert_contains(r.out, "result 13.392857142857142\n");
    assert_contains(r.out, "2.2321428571428572 + 4.4642857142857144 + 6.6964285714285712");
}

/* A thread comes when the system lets it run, so leaves take longer until all of them are there. */
static void all_leaves_run_at_once_if_there_are_workers_for_them(void **state)
{
    char line[80];
    double seconds = 0.1;
    (void)state;
    do {
        snprintf(line, sizeof line, "layers --seconds 0,0,%g --json --workers 10", seconds);
        run_json(line);
    } while (member("most_at_once") < 9 && (seconds *= 4) < 10);
    assert_int_equal(member("most_at_once"), 9);
    run_json("layers --seconds 0,0,0.1 --json --workers 10 --max-in-flight 1");
    assert_in_range((uintmax_t)member("most_at_once"), 1, 2);
    assert_true(member("peak_in_flight") <= 1);
    run_json("layers --seconds 0 --json --workers 1");
    assert_int_equal(member("most_at_once"), 1);
}

static void deeper_and_wider_has_as_many_operations_as_the_tree_has_branches(void **state)
{
    (void)state;
    run_json("layers 1 --depth 4 --fanout 5 --seconds 0 --json");
    assert_int_equal(member("operations"), 1 + 5 + 25 + 125);
    run_json("layers 3 --depth 1 --seconds 0 --json");
    assert_true(member("result") == 3);
}

static void bad_values_are_refused_with_the_option_s_name(void **state)
{
    (void)state;
    assert_fails("layers abc", 2, "'abc'");
    assert_fails("layers inf", 2, "'inf'");
    assert_fails("layers --seconds 1,2", 2, "--seconds");
    assert_fails("layers --seconds -1", 2, "--seconds");
    assert_fails("layers --depth 0", 2, "--depth");
    assert_fails("layers --depth 27", 2, "--depth");
    assert_fails("layers --fanout 0", 2, "--fanout");
    assert_fails("layers --workers none", 2, "workers");
    assert_fails("plan", 2, "pipeline is missing");
    assert_fails("plan frob", 2, "'frob'");
    assert_fails("plan stats", 2, "FILE is missing");
    assert_fails("plan stats nowhere.npy", 1, "nowhere.npy");
    assert_fails("topo --synthetic frob:2", 2, "frob");
    assert_fails("topo --svg nowhere/x.svg", 1, "nowhere/x.svg");
}

static void the_plan_says_what_a_run_then_holds(void **state)
{
    (void)state;
    run_json("plan layers --json --workers 3");
    const double certified = member("certified_bytes"), serial = member("serial_bytes");
    assert_true(serial > 0 && serial < certified);
    run_json("layers --seconds 0 --json --workers 3");
    assert_true(member("certified_bytes") == certified);
    assert_true(member("peak_bytes") <= certified);
    char line[80];
    snprintf(line, sizeof line, "layers --seconds 0 --json --workers 3 --max-bytes %.0f", serial);
    run_json(line);
    assert_true(member("peak_bytes") <= serial);
    snprintf(line, sizeof line, "layers --seconds 0 --workers 3 --max-bytes %.0f", serial - 1);
    assert_fails(line, 1, "one worker alone needs");
}

static void the_graph_is_whole_when_small_and_abridged_when_large(void **state)
{
    (void)state;
    run("plan layers --dot");
    assert_int_equal(r.code, 0);
    assert_int_equal(strncmp(r.out, "digraph weir {", 14), 0);
    assert_contains(r.out, "\"C[2]\"");
    assert_null(strstr(r.out, "more"));
    run("plan layers --dot --fanout 500");
    assert_int_equal(r.code, 0);
    assert_contains(r.out, "497 more");
    assert_contains(r.out, "\"B[499]");
}

static void a_machine_that_is_not_here_is_drawn(void **state)
{
    (void)state;
    run_json("topo --json --synthetic pu:8");
    run("topo --synthetic pu:8 --svg machine.svg");
    assert_int_equal(r.code, 0);
    static char svg[OUTPUT_BYTES];
    read_file("machine.svg", svg);
    assert_contains(svg, "<svg");
    assert_contains(svg, "</svg>");
}

static void the_topology_is_what_an_engine_would_take_from_the_environment(void **state)
{
    (void)state;
    setenv("WEIR_WORKERS", "3", 1);
    setenv("WEIR_BIND", "spread", 1);
    run_json("topo --json");
    assert_int_equal(member("workers"), 3);
    assert_contains(r.out, "\"spread\"");
    run_json("topo --json --workers 2");
    assert_int_equal(member("workers"), 2);
    setenv("WEIR_BIND", "left", 1);
    assert_fails("topo", 2, "WEIR_BIND is 'left'");
    unsetenv("WEIR_BIND");
    setenv("WEIR_WORKERS", "many", 1);
    assert_fails("topo", 2, "WEIR_WORKERS is 'many'");
    unsetenv("WEIR_WORKERS");
}

static void lines_fit_the_terminal(void **state)
{
    static const unsigned short columns[] = {40, 64, 80, 200};
    (void)state;
    for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++) {
        run_on_terminal(columns[i],
                        "layers --workers 2 --seconds 0 --fanout 9 --depth 3 0.123456789");
        assert_int_equal(r.code, 0);
        assert_in_range(widest_line(), 20, columns[i]);
        assert_contains(r.out, "91 operations in ");
    }
    assert_contains(r.out, " + … 1 more = "); /* there is room for eight */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_fit_the_terminal),
        cmocka_unit_test(the_classic_three_layers_give_the_classic_result),
        cmocka_unit_test(all_leaves_run_at_once_if_there_are_workers_for_them),
        cmocka_unit_test(deeper_and_wider_has_as_many_operations_as_the_tree_has_branches),
        cmocka_unit_test(bad_values_are_refused_with_the_option_s_name),
        cmocka_unit_test(the_plan_says_what_a_run_then_holds),
        cmocka_unit_test(the_graph_is_whole_when_small_and_abridged_when_large),
        cmocka_unit_test(a_machine_that_is_not_here_is_drawn),
        cmocka_unit_test(the_topology_is_what_an_engine_would_take_from_the_environment),
    };
    return cmocka_run_group_tests(tests, enter_directory, leave_directory);
}
