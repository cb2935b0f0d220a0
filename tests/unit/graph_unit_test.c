/* Tests units of tasks: that they are right, and where they end.
 *
 * Run by ctest with the engine's internal headers.  It must never run a task. */
#include "graph/unit.h"

#include "graph/plan.h"
#include "graph_support.h"
#include "testing_support.h"

enum { LEVELS = 6 };

/* All sizes of units of a graph, from single tasks on. */
typedef struct levels {
    weir_graph *graph;
    weir__program program;
    weir__units of[LEVELS];
} levels;

static void open_levels(levels *l, weir_graph *graph, const float *cost, double ns, unsigned lanes)
{
    *l = (levels){.graph = graph};
    if (!graph->compiled)
        assert_ok(weir_graph_compile(graph));
    assert_true(weir__program_open(&l->program, graph, cost, ns));
    assert_true(weir__units_of_tasks(&l->of[0], &l->program));
    double unit_ns = 64;
    for (int i = 1; i < LEVELS; i++, unit_ns *= 3)
        assert_true(weir__units_join(&l->of[i], &l->of[i - 1], unit_ns, lanes));
}

static void close_levels(levels *l)
{
    for (int i = 0; i < LEVELS; i++)
        weir__units_close(&l->of[i]);
    weir__program_close(&l->program);
    weir_graph_destroy(l->graph);
}

static weir_graph *draw_graph(uint32_t n, unsigned density, bool backward)
{
    weir_graph *graph = create_tasks(n);
    for (uint32_t i = 0; i < n * density; i++) {
        const uint32_t a = (uint32_t)(next_random() % n), b = (uint32_t)(next_random() % n);
        if (a != b)
            assert_ok(
                weir_graph_before(graph, (a < b) == backward ? b : a, (a < b) == backward ? a : b));
    }
    return graph;
}

static float *draw_costs(uint32_t n, float mean)
{
    float *cost = malloc(n * sizeof *cost);
    assert_non_null(cost);
    for (uint32_t t = 0; t < n; t++)
        cost[t] = mean * (float)(next_random() % 1000 + 500) / 1000;
    return cost;
}

/* ---- any graph ---- */

static void units_of_any_graph_have_each_task_once_and_no_cycle(void **state)
{
    (void)state;
    for (int i = 0; i < 300; i++) {
        const uint32_t n = 1 + (uint32_t)(next_random() % 200);
        float *cost = draw_costs(n, (float)(next_random() % 200));
        levels l;
        open_levels(&l, draw_graph(n, (unsigned)(next_random() % 5), next_random() % 2 == 0), cost,
                    0, 1 + (unsigned)(next_random() % 16));
        for (int k = 0; k < LEVELS; k++)
            assert_true(weir__units_are_valid(&l.of[k], &l.program));
        close_levels(&l);
        free(cost);
    }
}

static void the_walker_finds_what_is_not_as_it_should_be(void **state)
{
    (void)state;
    levels l;
    open_levels(&l, create_grid(2, 20), NULL, 10, 2);
    weir__units *u = &l.of[1];
    assert_true(weir__units_are_valid(u, &l.program) && u->n > 10);
#define assert_breaks_units(field, value)                                                          \
    assert_breaks(field, value, weir__units_are_valid(u, &l.program))
    assert_breaks_units(u->n, u->n - 1);
    assert_breaks_units(u->edges, u->edges + 1);
    assert_breaks_units(u->first[0], 1);
    assert_breaks_units(u->first[3], u->first[2]);
    assert_breaks_units(u->first[3], u->first[3] + 1);
    assert_breaks_units(u->first[u->n], 399);
    assert_breaks_units(u->succ_at[4], u->succ_at[4] + 1);
    assert_breaks_units(u->own_succ[0], 0);
    assert_breaks_units(u->own_succ[0], u->own_succ[1]);
    assert_breaks_units(u->weight[2], u->weight[2] + 1);
    assert_breaks_units(u->depth[5], u->depth[5] + 1);
    assert_breaks_units(u->needs_last[1], !u->needs_last[1]);
    close_levels(&l);
}

static void what_is_turned_has_the_same_edges(void **state)
{
    (void)state;
    for (int i = 0; i < 100; i++) {
        const uint32_t n = 1 + (uint32_t)(next_random() % 100);
        levels l;
        open_levels(&l, draw_graph(n, 2, i % 2 == 0), NULL, 20, 2);
        for (int k = 0; k < 3; k++) {
            weir__units *u = &l.of[k];
            uint32_t edges = 0;
            assert_true(weir__units_turn(u));
            assert_int_equal(u->pred_at[u->n], u->edges);
            for (uint32_t s = 0; s < u->n; s++)
                for (uint32_t e = u->pred_at[s]; e < u->pred_at[s + 1]; e++)
                    for (uint32_t to = u->succ_at[u->pred[e]]; to < u->succ_at[u->pred[e] + 1];
                         to++)
                        edges += u->succ[to] == s && (k == 0 || u->weight[to] == u->pred_weight[e]);
            assert_int_equal(edges, u->edges);
            for (uint32_t j = 1; j < u->n; j++) {
                const uint32_t a = u->by_depth[j - 1], b = u->by_depth[j];
                assert_true(u->depth[a] < u->depth[b] || (u->depth[a] == u->depth[b] && a < b));
            }
        }
        close_levels(&l);
    }
}

/* ---- where units end ---- */

/* In how many places of `along` units begin, over all lines. */
static uint32_t count_columns(const weir__units *u, uint32_t along)
{
    bool *begins = calloc(along, sizeof *begins);
    uint32_t columns = 0;
    assert_non_null(begins);
    for (uint32_t i = 0; i < u->n; i++)
        begins[weir__unit_first(u, i) % along] = true;
    for (uint32_t c = 0; c < along; c++)
        columns += begins[c];
    free(begins);
    return columns;
}

static void lines_of_a_grid_are_cut_at_the_same_places(void **state)
{
    (void)state;
    for (unsigned lanes = 2; lanes <= 4; lanes++) {
        levels l;
        open_levels(&l, create_grid(2, 300), NULL, 6, lanes);
        for (int k = 1; k < 4; k++) { /* lines of 1800 ns, in units of 64, 192 and 576 */
            const uint32_t columns = count_columns(&l.of[k], 300);
            assert_int_equal(l.of[k].n, columns * 300);
            assert_int_equal(columns % lanes, 0);
        }
        close_levels(&l);
    }
}

static void lines_whose_costs_differ_go_side_by_side(void **state)
{
    (void)state;
    levels l;
    float *cost = draw_costs(100 * 100, 300); /* long enough to have costs of their own */
    open_levels(&l, create_grid(2, 100), cost, 0, 2);
    for (int k = 1; k < 5; k++) /* cut without regard to one another they would be one chain */
        assert_true(l.program.sum_ns > 3 * l.of[k].path_ns);
    close_levels(&l);
    free(cost);
}

static void units_of_a_solid_end_with_its_planes(void **state)
{
    (void)state;
    for (uint32_t along = 20; along <= 45; along += 5) {
        levels l;
        const uint32_t plane = along * along;
        open_levels(&l, create_grid(3, along), NULL, 6, 2);
        for (int k = 1; k < 5; k++) /* up to some lines each */
            for (uint32_t i = 0; i < l.of[k].n; i++)
                assert_int_equal(weir__unit_first(&l.of[k], i) / plane,
                                 (weir__unit_first(&l.of[k], i + 1) - 1) / plane);
        assert_true(l.program.sum_ns / l.of[3].path_ns > 3);
        close_levels(&l);
    }
}

static void steps_of_equal_points_are_cut_alike(void **state)
{
    (void)state;
    levels l;
    weir_graph *graph = create_tasks(16 * 100);
    for (uint32_t t = 16; t < 16 * 100; t++)
        for (uint32_t p = 0; p < 16; p++)
            if (p + 1 >= t % 16 && p <= t % 16 + 1)
                assert_ok(weir_graph_before(graph, t / 16 * 16 - 16 + p, t));
    open_levels(&l, graph, NULL, 30, 2);
    assert_int_equal(l.of[2].n, 4 * 100); /* 480 ns in units of 192, as many for each lane */
    assert_int_equal(count_columns(&l.of[2], 16), 4);
    close_levels(&l);
}

/* ---- costs ---- */

static void tiny_members_of_a_family_cost_what_their_predecessors_say(void **state)
{
    (void)state;
    weir_graph *graph = create_grid(2, 50);
    assert_ok(weir_graph_compile(graph));
    float *cost = draw_costs(2500, 10), *slow = draw_costs(2500, 200);
    weir__program p;
    double sum = 0;
    for (weir_task t = 0; t < 2500; t++)
        sum += (double)(cost[t] += 20 * (float)graph->fixed[t].predecessors);
    assert_true(weir__program_open(&p, graph, cost, 0));
    assert_true(p.sum_ns > sum * 0.999 && p.sum_ns < sum * 1.001);
    for (weir_task t = 51; t < 100; t++)
        assert_true(p.cost[t] > 48 && p.cost[t] < 52);
    assert_true(p.cost[0] > 5 && p.cost[0] < 15);
    weir__program_close(&p);
    assert_true(weir__program_open(&p, graph, slow, 0));
    assert_memory_equal(p.cost, slow, 2500 * sizeof *slow);
    weir__program_close(&p);
    free(cost);
    free(slow);
    weir_graph_destroy(graph);
}

/* ---- plans by units ---- */

/* How many tasks are not in the lane that has most of those in their column. */
static uint32_t count_strays(const weir__plan *plan, uint32_t n, uint32_t along)
{
    uint32_t *in = calloc((size_t)plan->lanes * along, sizeof *in), strays = n;
    assert_non_null(in);
    for (uint32_t l = 0, i = 0; l < plan->lanes; l++) {
        const uint32_t end = plan->clump[plan->lane[l + 1] - 1].calls_end;
        for (; i < plan->call[end - 1].end; i++)
            in[l * along + plan->entry[i] % along]++;
    }
    for (uint32_t c = 0; c < along; c++) {
        uint32_t most = 0;
        for (uint32_t l = 0; l < plan->lanes; l++)
            most = in[l * along + c] > most ? in[l * along + c] : most;
        strays -= most;
    }
    free(in);
    return strays;
}

static void a_grid_is_split_by_columns_with_one_wait_a_line(void **state)
{
    (void)state;
    for (unsigned dimensions = 2; dimensions <= 3; dimensions++) {
        const uint32_t along = dimensions == 2 ? 300 : 45, n = dimensions == 2 ? 90000 : 91125;
        weir_graph *graph = create_grid(dimensions, along);
        assert_ok(weir_graph_compile(graph));
        float *cost = draw_costs(n, 6);
        weir__plan *plan = weir__plan_make(graph, cost, 0, 2, true);
        assert_non_null(plan);
        const uint32_t clumps = plan->lane[plan->lanes];
        assert_true(weir__graph_plan_is_valid(plan, graph));
        assert_true(plan->lanes == 2 && plan->serial_ns > 1.8 * plan->planned_ns);
        assert_true(plan->clump[clumps - 1].waits_end <= 2 * along);
        assert_true(dimensions == 3 || count_strays(plan, n, along) < n / 10);
        assert_true(plan->steps < n / 2);
        weir__plan_free(plan);
        free(cost);
        weir_graph_destroy(graph);
    }
}

static void planning_is_no_more_work_than_some_runs(void **state)
{
    (void)state;
    for (uint32_t n = 1000; n <= 100000; n *= 10)
        for (unsigned ns = 5; ns <= 500; ns *= 10) {
            weir_graph *graph = draw_graph(n, 3, false);
            assert_ok(weir_graph_compile(graph));
            weir__plan *plan = weir__plan_make(graph, NULL, ns, 4, true);
            assert_non_null(plan);
            assert_true(plan->steps <= 24000 || (double)plan->steps <= plan->serial_ns / 5);
            weir__plan_free(plan);
            weir_graph_destroy(graph);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(units_of_any_graph_have_each_task_once_and_no_cycle, no_blocks),
        cmocka_unit_test_teardown(the_walker_finds_what_is_not_as_it_should_be, no_blocks),
        cmocka_unit_test_teardown(what_is_turned_has_the_same_edges, no_blocks),
        cmocka_unit_test_teardown(lines_of_a_grid_are_cut_at_the_same_places, no_blocks),
        cmocka_unit_test_teardown(lines_whose_costs_differ_go_side_by_side, no_blocks),
        cmocka_unit_test_teardown(units_of_a_solid_end_with_its_planes, no_blocks),
        cmocka_unit_test_teardown(steps_of_equal_points_are_cut_alike, no_blocks),
        cmocka_unit_test_teardown(tiny_members_of_a_family_cost_what_their_predecessors_say,
                                  no_blocks),
        cmocka_unit_test_teardown(a_grid_is_split_by_columns_with_one_wait_a_line, no_blocks),
        cmocka_unit_test_teardown(planning_is_no_more_work_than_some_runs, no_blocks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
