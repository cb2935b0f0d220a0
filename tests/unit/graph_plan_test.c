/* Tests plans of graphs: that they are right, and what they promise.
 *
 * Run by ctest with the engine's internal headers.  It must never run a task. */
#include "graph/plan.h"

#include "graph_support.h"
#include "testing_support.h"

/* Single tasks and families in turn, with edges in any direction that makes no cycle. */
static weir_graph *draw_graph(uint32_t n, unsigned density, bool families, bool backward)
{
    weir_graph *graph = create_graph();
    for (uint32_t t = 0; t < n;) {
        uint32_t some = 1 + (uint32_t)(next_random() % 9);
        some = some < n - t ? some : n - t;
        weir_task first;
        if (families && next_random() % 2 == 0)
            assert_ok(weir_graph_add_many(graph, "f", some, do_none_of, NULL, &first));
        else
            for (uint32_t i = 0; i < some; i++)
                (void)add_task(graph, NULL);
        t += some;
    }
    for (uint32_t i = 0; n > 1 && i < n * density; i++) {
        const uint32_t a = (uint32_t)(next_random() % n), b = (uint32_t)(next_random() % n);
        if (a == b)
            continue;
        const bool swap = backward ? a * UINT32_C(2654435761) > b * UINT32_C(2654435761) : a > b;
        assert_ok(weir_graph_before(graph, swap ? b : a, swap ? a : b));
    }
    assert_ok(weir_graph_compile(graph));
    return graph;
}

/* Costs from next to nothing to some microseconds. */
static float *draw_costs(uint32_t n)
{
    float *cost = malloc(n * sizeof *cost);
    assert_non_null(cost);
    for (uint32_t t = 0; t < n; t++)
        cost[t] = (float)(next_random() % 8 == 0 ? next_random() % 5000 : next_random() % 200);
    return cost;
}

/* What no plan can be faster than. */
static double least_ns(const weir_graph *graph, const float *cost, unsigned lanes)
{
    double *end = calloc(graph->n, sizeof *end), sum = 0, longest = 0;
    bool changes = true;
    assert_non_null(end);
    for (weir_task t = 0; t < graph->n; t++)
        sum += (double)cost[t];
    while (changes) {
        changes = false;
        for (weir_task t = 0; t < graph->n; t++) {
            const double after = end[t] + (double)cost[t];
            longest = after > longest ? after : longest;
            for (uint64_t i = graph->task[t].successors; i < graph->task[t + 1].successors; i++)
                if (end[graph->successor[i]] < after) {
                    end[graph->successor[i]] = after;
                    changes = true;
                }
        }
    }
    free(end);
    return sum / lanes > longest ? sum / lanes : longest;
}

static void a_plan_of_any_graph_is_right(void **state)
{
    (void)state;
    for (int i = 0; i < 1500; i++) {
        const uint32_t n = 1 + (uint32_t)(next_random() % 200);
        const bool families = next_random() % 2 == 0; /* whose costs are smoothed */
        weir_graph *graph =
            draw_graph(n, (unsigned)(next_random() % 5), families, next_random() % 2 == 0);
        float *cost = draw_costs(n);
        const unsigned workers = 1 + (unsigned)(next_random() % 16);
        weir__plan *plan = weir__plan_make(graph, cost, 0, workers, true);
        assert_non_null(plan);
        assert_true(plan->lanes <= workers);
        assert_true(weir__graph_plan_is_valid(plan, graph));
        assert_true(families || plan->planned_ns >= least_ns(graph, cost, plan->lanes) * 0.999);
        assert_true(plan->planned_ns <= plan->serial_ns);
        weir__plan_free(plan);
        free(cost);
        weir_graph_destroy(graph);
    }
}

/* ---- the walker, beside all pairs of tasks ---- */

static uint32_t first_wait(const weir__plan *plan, uint32_t clump)
{
    return clump == 0 ? 0 : plan->clump[clump - 1].waits_end;
}

static uint32_t first_entry(const weir__plan *plan, uint32_t clump)
{
    const uint32_t calls = clump == 0 ? 0 : plan->clump[clump - 1].calls_end;
    return calls == 0 ? 0 : plan->call[calls - 1].end;
}

static uint32_t end_entry(const weir__plan *plan, uint32_t clump)
{
    return plan->call[plan->clump[clump].calls_end - 1].end;
}

/* The tasks of all entries. */
static void find_tasks(const weir__plan *plan, const weir_graph *graph, weir_task *task)
{
    const uint32_t calls = plan->clump[plan->lane[plan->lanes] - 1].calls_end;
    for (uint32_t c = 0, i = 0; c < calls; c++) {
        const weir_task first = plan->call[c].first;
        const bool family = graph->task[first].kind == WEIR_TASK_MANY;
        const weir_task base = family ? weir__graph_label(graph, first)->first : 0;
        for (; i < plan->call[c].end; i++)
            task[i] = plan->entry[i] + base;
    }
}

/* Is each edge in what the lanes and the waits say of pairs, and what follows from it? */
static bool pairs_are_right(const weir__plan *plan, const weir_graph *graph)
{
    order o = order_of(graph->n), edges = order_of_graph(graph);
    weir_task *task = calloc(graph->n, sizeof *task);
    assert_non_null(task);
    find_tasks(plan, graph, task);
    for (uint32_t l = 0; l < plan->lanes; l++)
        for (uint32_t c = plan->lane[l]; c < plan->lane[l + 1]; c++) {
            const uint32_t first = first_entry(plan, c);
            for (uint32_t i = first; i < end_entry(plan, c); i++)
                if (i > first || c > plan->lane[l])
                    order_set(&o, task[i - 1], task[i]);
            for (uint32_t w = first_wait(plan, c); w < plan->clump[c].waits_end; w++) {
                const uint32_t last = plan->lane[plan->wait[w].lane] + plan->wait[w].clumps - 1;
                order_set(&o, task[end_entry(plan, last) - 1], task[first]);
            }
        }
    order_close(&o);
    bool right = !order_has_cycle(&o);
    for (weir_task t = 0; t < graph->n; t++)
        for (weir_task s = 0; s < graph->n; s++)
            right = right && (!order_has(&edges, t, s) || order_has(&o, t, s));
    free(task);
    free(o.bit);
    free(edges.bit);
    return right;
}

/* Removes a wait. */
static weir__wait remove_wait(weir__plan *plan, uint32_t which)
{
    const uint32_t clumps = plan->lane[plan->lanes], waits = plan->clump[clumps - 1].waits_end;
    const weir__wait was = plan->wait[which];
    memmove(&plan->wait[which], &plan->wait[which + 1], (waits - which - 1) * sizeof was);
    for (uint32_t c = 0; c < clumps; c++)
        plan->clump[c].waits_end -= plan->clump[c].waits_end > which;
    return was;
}

static void the_walker_finds_a_missing_wait_where_pairs_do(void **state)
{
    unsigned wrong = 0, right = 0, tried = 0;
    (void)state;
    while (tried < 2000) {
        const uint32_t n = 2 + (uint32_t)(next_random() % 40);
        weir_graph *graph = draw_graph(n, 1 + (unsigned)(next_random() % 3), next_random() % 2 == 0,
                                       next_random() % 2 == 0);
        weir__plan *plan =
            weir__plan_make(graph, NULL, 1000, 2 + (unsigned)(next_random() % 4), true);
        assert_non_null(plan);
        assert_true(pairs_are_right(plan, graph));
        const uint32_t waits = plan->clump[plan->lane[plan->lanes] - 1].waits_end;
        if (waits > 0) {
            const uint32_t which = (uint32_t)(next_random() % waits);
            if (next_random() % 2 == 0 && plan->wait[which].clumps > 1)
                plan->wait[which].clumps--; /* it may be one that was waited for before */
            else
                (void)remove_wait(plan, which);
            const bool valid = weir__graph_plan_is_valid(plan, graph);
            if (valid)
                assert_true(pairs_are_right(plan, graph));
            else
                wrong += !pairs_are_right(plan, graph);
            right += valid;
            tried++;
        }
        weir__plan_free(plan);
        weir_graph_destroy(graph);
    }
    assert_true(wrong > tried * 9 / 10 &&
                right < tried / 10); /* the planner makes no wait in vain */
}

static void few_waits_could_be_left_out(void **state)
{
    uint32_t waits = 0, spare = 0;
    (void)state;
    for (int i = 0; i < 300; i++) {
        weir_graph *graph =
            draw_graph(100, 1 + (unsigned)(next_random() % 4), false, next_random() % 2 == 0);
        weir__plan *plan = weir__plan_make(graph, NULL, 1000, 8, true);
        assert_non_null(plan);
        const uint32_t clumps = plan->lane[plan->lanes], some = plan->clump[clumps - 1].waits_end;
        for (uint32_t which = 0; which < some; which++) {
            weir__clump *kept = malloc(clumps * sizeof *kept);
            assert_non_null(kept);
            memcpy(kept, plan->clump, clumps * sizeof *kept);
            const weir__wait was = remove_wait(plan, which);
            spare += weir__graph_plan_is_valid(plan, graph);
            memmove(&plan->wait[which + 1], &plan->wait[which], (some - which - 1) * sizeof was);
            plan->wait[which] = was;
            memcpy(plan->clump, kept, clumps * sizeof *kept);
            free(kept);
        }
        waits += some;
        weir__plan_free(plan);
        weir_graph_destroy(graph);
    }
    /* A later wait may bring along what one is for that looked ahead; but most are needed. */
    assert_true(waits > 10000 && spare < waits / 4);
}

static void the_walker_finds_what_is_not_as_it_should_be(void **state)
{
    weir_graph *graph = create_graph();
    weir_task many;
    (void)state;
    for (int i = 0; i < 100; i++)
        (void)add_task(graph, NULL);
    assert_ok(weir_graph_add_many(graph, "f", 100, do_none_of, NULL, &many));
    for (weir_task t = 0; t < 100; t++) {
        assert_ok(weir_graph_before(graph, t, many + 99 - t));
        if (t > 0)
            assert_ok(weir_graph_before(graph, t / 2, t));
    }
    assert_ok(weir_graph_compile(graph));
    weir__plan *plan = weir__plan_make(graph, NULL, 1000, 3, true);
    assert_non_null(plan);
    assert_true(plan->lanes == 3 && plan->wait[0].clumps > 0);
    assert_true(weir__graph_plan_is_valid(plan, graph));
#define assert_breaks_plan(field, value)                                                           \
    assert_breaks(field, value, weir__graph_plan_is_valid(plan, graph))
    const uint32_t clumps = plan->lane[3];
    uint32_t clump = 0, own = 0; /* the first that waits, and its lane */
    while (plan->clump[clump].waits_end == 0)
        clump++;
    while (plan->lane[own + 1] <= clump)
        own++;
    assert_breaks_plan(plan->lanes, 0);
    assert_breaks_plan(plan->lanes, 2);
    assert_breaks_plan(plan->lane[0], 1);
    assert_breaks_plan(plan->lane[1], clumps);
    assert_breaks_plan(plan->entry[0], plan->entry[1]);
    assert_breaks_plan(plan->entry[0], 1000);
    assert_breaks_plan(plan->entry[199], plan->entry[0] == 0 ? 99 : 0);
    assert_breaks_plan(plan->call[0].first, 99);
    assert_breaks_plan(plan->call[0].first, 200);
    assert_breaks_plan(plan->call[0].end, 0);
    assert_breaks_plan(plan->call[0].end, 201);
    assert_breaks_plan(plan->clump[clumps - 1].calls_end, plan->clump[clumps - 2].calls_end);
    assert_breaks_plan(plan->wait[0].lane, 3);
    assert_breaks_plan(plan->wait[0].lane, own);
    assert_breaks_plan(plan->wait[0].clumps, 0);
    assert_breaks_plan(plan->wait[0].clumps, 1000);
    weir__plan_free(plan);
    weir_graph_destroy(graph);
}

static void the_walker_finds_a_wrong_order_in_a_call(void **state)
{
    weir_graph *graph = create_tasks(3);
    (void)state;
    assert_ok(weir_graph_before(graph, 1, 2));
    assert_ok(weir_graph_compile(graph));
    weir__plan *plan = weir__plan_make(graph, NULL, 100, 1, true);
    assert_non_null(plan);
    memcpy(plan->entry, (const uint32_t[]){1, 0, 2}, 3 * sizeof *plan->entry);
    plan->call[0].first = 1;
    assert_true(weir__graph_plan_is_valid(plan, graph));
    memcpy(plan->entry, (const uint32_t[]){2, 0, 1}, 3 * sizeof *plan->entry);
    plan->call[0].first = 2;
    assert_false(weir__graph_plan_is_valid(plan, graph));
    weir__plan_free(plan);
    weir_graph_destroy(graph);
}

/* Three lanes with a task each. */
static void the_walker_finds_waits_that_are_in_a_circle_or_out_of_order(void **state)
{
    uint32_t lane[] = {0, 1, 2, 3}, entry[] = {0, 1, 2};
    weir__clump clump[] = {{1, 0}, {2, 0}, {3, 2}};
    weir__call call[] = {{0, 1}, {1, 2}, {2, 3}};
    weir__wait wait[] = {{0, 1}, {1, 1}};
    const weir__plan plan = {
        .lanes = 3, .lane = lane, .clump = clump, .call = call, .wait = wait, .entry = entry};
    weir_graph *graph = create_tasks(3);
    (void)state;
    assert_ok(weir_graph_compile(graph));
    assert_true(weir__graph_plan_is_valid(&plan, graph));
    wait[0].lane = 1;
    wait[1].lane = 0;
    assert_false(weir__graph_plan_is_valid(&plan, graph));
    clump[0].waits_end = clump[1].waits_end = 1; /* the first waits for the last, which for it */
    wait[0].lane = 2;
    assert_false(weir__graph_plan_is_valid(&plan, graph));
    wait[0].lane = 1;
    assert_true(weir__graph_plan_is_valid(&plan, graph));
    weir_graph_destroy(graph);
}

static void the_walker_finds_a_wait_for_the_own_lane(void **state)
{
    uint32_t lane[] = {0, 2}, entry[] = {0, 1};
    weir__clump clump[] = {{1, 0}, {2, 1}};
    weir__call call[] = {{0, 1}, {1, 2}};
    weir__wait wait[] = {{0, 1}};
    const weir__plan plan = {
        .lanes = 1, .lane = lane, .clump = clump, .call = call, .wait = wait, .entry = entry};
    weir_graph *graph = create_tasks(2);
    (void)state;
    assert_ok(weir_graph_compile(graph));
    assert_false(weir__graph_plan_is_valid(&plan, graph));
    clump[1].waits_end = 0;
    assert_true(weir__graph_plan_is_valid(&plan, graph));
    weir_graph_destroy(graph);
}

/* ---- one lane ---- */

static void one_lane_is_in_program_order(void **state)
{
    (void)state;
    for (int i = 0; i < 300; i++) {
        const uint32_t n = 1 + (uint32_t)(next_random() % 100);
        weir_graph *graph = draw_graph(n, (unsigned)(next_random() % 3), next_random() % 2 == 0,
                                       next_random() % 2 == 0);
        weir_task *task = calloc(n, sizeof *task);
        bool *done = calloc(n, sizeof *done);
        assert_true(task != NULL && done != NULL);
        weir__plan *plan = weir__plan_make(graph, NULL, 100, 8, false);
        assert_non_null(plan);
        assert_true(plan->lanes == 1 && plan->lane[1] == 1 && plan->clump[0].waits_end == 0);
        assert_true(plan->planned_ns <= plan->serial_ns && plan->serial_ns >= 100.0 * n);
        find_tasks(plan, graph, task);
        for (uint32_t k = 0; k < n; k++) {
            weir_task first = 0; /* that may start */
            for (bool ready = false; !ready; first += !ready) {
                ready = !done[first];
                for (weir_task t = 0; t < n; t++)
                    ready = ready && (done[t] || !has_edge(graph, t, first));
            }
            assert_int_equal(task[k], first);
            done[first] = true;
        }
        weir__plan_free(plan);
        free(task);
        free(done);
        weir_graph_destroy(graph);
    }
}

static void a_call_of_a_family_is_long_but_not_too_long(void **state)
{
    weir_graph *graph = create_graph();
    weir_task first;
    (void)state;
    assert_ok(weir_graph_add_many(graph, "f", 10000, do_none_of, NULL, &first));
    for (weir_task t = 1; t < 10000; t++) /* within a call as well */
        assert_ok(weir_graph_before(graph, t - 1, t));
    assert_ok(weir_graph_compile(graph));
    weir__plan *plan = weir__plan_make(graph, NULL, 100, 2, true);
    assert_non_null(plan);
    assert_true(plan->lanes == 1 && plan->clump[0].calls_end == 50);
    for (uint32_t c = 0; c < 50; c++)
        assert_int_equal(plan->call[c].end, 200 * (c + 1));
    weir__plan_free(plan);
    weir_graph_destroy(graph);
}

static void an_empty_graph_has_a_plan(void **state)
{
    weir_graph *graph = create_graph();
    (void)state;
    assert_ok(weir_graph_compile(graph));
    weir__plan *plan = weir__plan_make(graph, NULL, 100, 4, true);
    assert_non_null(plan);
    assert_true(plan->lanes == 1 && plan->lane[1] == 0);
    assert_true(weir__graph_plan_is_valid(plan, graph));
    weir__plan_free(plan);
    weir_graph_destroy(graph);
}

/* ---- what lanes promise ---- */

/* Plans a graph, and checks what it gains; it is destroyed. Returns how many waits there are. */
static uint32_t check_gain(weir_graph *graph, double ns, unsigned workers, double least,
                           double most)
{
    if (!graph->compiled)
        assert_ok(weir_graph_compile(graph));
    weir__plan *plan = weir__plan_make(graph, NULL, ns, workers, true);
    assert_non_null(plan);
    assert_true(weir__graph_plan_is_valid(plan, graph));
    const double gain = plan->serial_ns / plan->planned_ns;
    const uint32_t waits = plan->clump[plan->lane[plan->lanes] - 1].waits_end;
    if (gain < least || gain > most)
        fail_msg("gain %.3f with %u workers, not from %.2f to %.2f", gain, workers, least, most);
    weir__plan_free(plan);
    weir_graph_destroy(graph);
    return waits;
}

enum { STEPS = 1000 };

/* Steps of so many points, each of which needs some of the step before. */
static weir_graph *create_steps(unsigned width,
                                bool (*needs)(unsigned step, unsigned point, unsigned other))
{
    weir_graph *graph = create_tasks(width * STEPS);
    for (unsigned s = 1; s < STEPS; s++)
        for (unsigned p = 0; p < width; p++)
            for (unsigned other = 0; other < width; other++)
                if (needs(s, p, other))
                    assert_ok(weir_graph_before(graph, (s - 1) * width + other, s * width + p));
    return graph;
}

static bool stencil(unsigned step, unsigned point, unsigned other)
{
    (void)step;
    return other + 1 >= point && other <= point + 1;
}

static bool nearest(unsigned step, unsigned point, unsigned other)
{
    (void)step;
    return other + 2 >= point && other <= point + 2;
}

static bool fft(unsigned step, unsigned point, unsigned other)
{
    return other == point || other == (point ^ 1u << (step + 2) % 3);
}

static bool halves(unsigned step, unsigned point, unsigned other)
{
    (void)step;
    return other == point / 2;
}

static bool all(unsigned step, unsigned point, unsigned other)
{
    (void)step, (void)point, (void)other;
    return true;
}

static void steps_of_tiny_tasks_gain_by_a_second_lane(void **state)
{
    (void)state;
    assert_true(check_gain(create_steps(8, stencil), 125, 2, 1.88, 2) <= STEPS);
    check_gain(create_steps(8, stencil), 30, 2, 1.25, 2);
    check_gain(create_steps(8, stencil), 125, 4, 3, 4);
    check_gain(create_steps(64, stencil), 30, 4, 3.5, 4);
    check_gain(create_steps(8, fft), 125, 2, 1.86, 2);
    check_gain(create_steps(8, fft), 30, 2, 1.32, 2);
    check_gain(create_steps(8, nearest), 125, 2, 1.8, 2);
    check_gain(create_steps(8, halves), 125, 2, 1.84, 2);
    check_gain(create_steps(8, halves), 30, 2, 1.9, 2);
    check_gain(create_steps(8, all), 125, 2, 1.47, 2);
    check_gain(create_steps(8, all), 45, 2, 1, 1); /* 1.07 would be too little */
}

/* A row that is not the next costs as much again. */
static void grids_of_tiny_rows_gain_by_lanes(void **state)
{
    (void)state;
    assert_true(check_gain(create_grid(2, 300), 10, 2, 1.85, 2) <= 2 * 600);
    check_gain(create_grid(2, 300), 10, 4, 2.7, 4);
    assert_true(check_gain(create_grid(3, 40), 10, 2, 1.86, 2) <= 2 * 300);
    check_gain(create_grid(3, 40), 10, 4, 3.4, 4);
    check_gain(create_grid(2, 100), 200, 2, 1.88, 2);
    check_gain(create_grid(2, 100), 200, 16, 13, 16);
}

static void what_has_no_use_for_lanes_has_one(void **state)
{
    (void)state;
    check_gain(create_grid(1, 10000), 100, 4, 1, 1);
    check_gain(create_grid(2, 4), 10, 4, 1, 1);
}

static void independent_tasks_and_trees_are_shared_out_evenly(void **state)
{
    enum { N = (1 << 14) - 1 };
    (void)state;
    assert_int_equal(check_gain(create_tasks(10000), 100, 4, 3.99, 4), 0);
    weir_graph *down = create_tasks(N), *up = create_tasks(N);
    for (uint32_t t = 1; t < N; t++) {
        assert_ok(weir_graph_before(down, (t - 1) / 2, t));
        assert_ok(weir_graph_before(up, N - 1 - t, N - 1 - (t - 1) / 2));
    }
    assert_true(check_gain(down, 100, 4, 3.95, 4) < 100);
    assert_true(check_gain(up, 100, 4, 3.95, 4) < 100);
}

static void costs_that_differ_are_shared_out_evenly(void **state)
{
    (void)state;
    for (unsigned lanes = 2; lanes <= 16; lanes *= 2) {
        weir_graph *graph = create_tasks(10000);
        float *cost = draw_costs(10000);
        assert_ok(weir_graph_compile(graph));
        weir__plan *plan = weir__plan_make(graph, cost, 0, lanes, true);
        assert_non_null(plan);
        assert_true(plan->serial_ns > 0.9 * lanes * plan->planned_ns);
        weir__plan_free(plan);
        free(cost);
        weir_graph_destroy(graph);
    }
}

static void random_graphs_are_shared_out_as_well(void **state)
{
    weir_graph *graph = create_graph();
    weir_task first;
    (void)state;
    assert_ok(weir_graph_add_many(graph, "row", 20000, do_none_of, NULL, &first));
    for (uint32_t t = 1; t < 20000; t++)
        for (uint64_t i = next_random() % 7; i > 0; i--)
            assert_ok(weir_graph_before(graph, (weir_task)(next_random() % t), t));
    check_gain(graph, 30, 4, 1.9, 4); /* out of their order rows are slower */
}

static void many_lanes_are_right_though_not_all_is_known_of_all(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++)
        (void)check_gain(draw_graph(3000, 1, false, i % 2 == 0), 5000, 100, 5, 64);
}

/* A chain each of whose tasks has another predecessor, which comes after the one in the chain. A lane more
 * may do good where the parts are not equal. */
static void there_are_no_more_lanes_than_have_something_to_do(void **state)
{
    weir_graph *graph = create_tasks(400);
    (void)state;
    for (weir_task t = 2; t < 400; t += 2) {
        assert_ok(weir_graph_before(graph, t - 2, t));
        assert_ok(weir_graph_before(graph, t - 1, t));
    }
    assert_ok(weir_graph_compile(graph));
    weir__plan *plan = weir__plan_make(graph, NULL, 1000, 16, true);
    assert_non_null(plan);
    assert_true(plan->lanes == 3 && plan->planned_ns < 0.6 * plan->serial_ns);
    weir__plan_free(plan);
    weir_graph_destroy(graph);
}

static void hints_are_heeded_and_costs_more(void **state)
{
    weir_graph *graph = create_tasks(10);
    float cost[10];
    (void)state;
    for (weir_task t = 0; t < 10; t++)
        cost[t] = 7000;
    assert_ok(weir_graph_cost(graph, 3, 10000));
    assert_ok(weir_graph_compile(graph));
    weir__plan *hinted = weir__plan_make(graph, NULL, 1000, 1, true);
    weir__plan *measured = weir__plan_make(graph, cost, 1000, 1, true);
    assert_true(hinted != NULL && measured != NULL);
    assert_true(hinted->serial_ns >= 19000 && hinted->serial_ns < 19100);
    assert_true(measured->serial_ns >= 70000 && measured->serial_ns < 70100);
    weir__plan_free(hinted);
    weir__plan_free(measured);
    weir_graph_destroy(graph);
}

/* ---- no memory ---- */

/* Each of the first allocations fails once, of which there are more than `least`. */
static void check_without_memory(weir_graph *graph, double ns, unsigned workers, uint64_t least)
{
    const int64_t blocks = weir__testing_live_blocks();
    weir__plan *plan = NULL;
    uint64_t nth = 0;
    while (plan == NULL && nth++ < 1000) {
        weir__testing_fail_allocation(nth);
        plan = weir__plan_make(graph, NULL, ns, workers, true);
        const bool fails = weir__testing_allocation_fails(); /* nobody has asked for that one */
        weir__testing_fail_allocation(0);
        assert_true((plan == NULL) == !fails);
        if (plan == NULL)
            assert_int_equal(weir__testing_live_blocks(), blocks);
    }
    assert_true(nth > least && weir__graph_plan_is_valid(plan, graph));
    weir__plan_free(plan);
    weir_graph_destroy(graph);
}

static void planning_may_fail_at_each_allocation(void **state)
{
    (void)state;
    for (int backward = 0; backward < 2; backward++)
        check_without_memory(draw_graph(200, 1, true, backward == 1), 2000, 4, 20);
}

static void planning_by_units_may_fail_at_each_allocation(void **state)
{
    (void)state;
    weir_graph *graph = create_grid(2, 50);
    assert_ok(weir_graph_compile(graph));
    check_without_memory(graph, 20, 2, 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_plan_of_any_graph_is_right, no_blocks),
        cmocka_unit_test_teardown(the_walker_finds_a_missing_wait_where_pairs_do, no_blocks),
        cmocka_unit_test_teardown(the_walker_finds_what_is_not_as_it_should_be, no_blocks),
        cmocka_unit_test_teardown(one_lane_is_in_program_order, no_blocks),
        cmocka_unit_test_teardown(a_call_of_a_family_is_long_but_not_too_long, no_blocks),
        cmocka_unit_test_teardown(an_empty_graph_has_a_plan, no_blocks),
        cmocka_unit_test_teardown(steps_of_tiny_tasks_gain_by_a_second_lane, no_blocks),
        cmocka_unit_test_teardown(grids_of_tiny_rows_gain_by_lanes, no_blocks),
        cmocka_unit_test_teardown(what_has_no_use_for_lanes_has_one, no_blocks),
        cmocka_unit_test_teardown(independent_tasks_and_trees_are_shared_out_evenly, no_blocks),
        cmocka_unit_test_teardown(costs_that_differ_are_shared_out_evenly, no_blocks),
        cmocka_unit_test_teardown(few_waits_could_be_left_out, no_blocks),
        cmocka_unit_test_teardown(the_walker_finds_a_wrong_order_in_a_call, no_blocks),
        cmocka_unit_test_teardown(the_walker_finds_waits_that_are_in_a_circle_or_out_of_order,
                                  no_blocks),
        cmocka_unit_test_teardown(the_walker_finds_a_wait_for_the_own_lane, no_blocks),
        cmocka_unit_test_teardown(random_graphs_are_shared_out_as_well, no_blocks),
        cmocka_unit_test_teardown(many_lanes_are_right_though_not_all_is_known_of_all, no_blocks),
        cmocka_unit_test_teardown(there_are_no_more_lanes_than_have_something_to_do, no_blocks),
        cmocka_unit_test_teardown(hints_are_heeded_and_costs_more, no_blocks),
        cmocka_unit_test_teardown(planning_may_fail_at_each_allocation, no_blocks),
        cmocka_unit_test_teardown(planning_by_units_may_fail_at_each_allocation, no_blocks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
