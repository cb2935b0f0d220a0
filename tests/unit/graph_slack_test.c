/* Tests how much time a limit costs: graphs on simulated workers, within a limit and without.
 *
 * Run by ctest with the engine's internal headers.  Each task takes one unit of time, so times are exact
 * and the same in each run.  The workers do what the engine's do: they go on with a task that their last
 * one made ready, and else take one that may start.  It must never look at a clock. */
#include "graph/book.h"

#include "graph_support.h"

enum { MOST_WORKERS = 64 };

typedef struct simulation {
    weir_graph *graph;
    weir__book *book; /* NULL: no limit */
    uint32_t *left;   /* predecessors that have not finished */
    weir_task *list;  /* that may start */
    uint32_t listed;
    weir_task running[MOST_WORKERS]; /* WEIR_NO_TASK: idle */
    uint32_t finished;
} simulation;

static void add_granted(simulation *s, const weir__granted *granted)
{
    for (unsigned i = granted->n; i-- > 0;) /* the first comes out first */
        s->list[s->listed++] = granted->at[i].task;
}

static void add_ready(simulation *s, weir_task task)
{
    if (s->book == NULL || weir__book_has_bytes(s->book, task))
        s->list[s->listed++] = task;
    else
        weir__book_note(s->book, &task, 1);
}

static weir_task take(simulation *s)
{
    weir__granted granted;
    if (s->listed == 0 && s->book != NULL) {
        weir__books_take(s->book->books, s->book, 1, &granted);
        add_granted(s, &granted);
    }
    return s->listed > 0 ? s->list[--s->listed] : WEIR_NO_TASK;
}

static void start(simulation *s, unsigned worker, weir_task task)
{
    s->running[worker] = task;
    if (task != WEIR_NO_TASK && s->book != NULL)
        weir__book_began(s->book, task);
}

/* The worker's task is over; what it goes on with. */
static weir_task finish(simulation *s, weir_task task)
{
    const weir_graph *graph = s->graph;
    weir__granted granted = {.n = 0};
    weir_task next = WEIR_NO_TASK;
    s->finished++;
    for (uint64_t i = graph->task[task + 1].successors; i-- > graph->task[task].successors;)
        if (--s->left[graph->successor[i]] == 0) {
            if (next != WEIR_NO_TASK)
                add_ready(s, next);
            next = graph->successor[i];
        }
    if (s->book != NULL && !weir__book_finished(s->book, task, next, &granted))
        next = WEIR_NO_TASK;
    add_granted(s, &granted);
    return next;
}

/* Units of time. */
static uint32_t simulate(weir_graph *graph, unsigned workers, uint64_t limit)
{
    const size_t n = graph->n;
    simulation s = {.graph = graph, .book = limit == UINT64_MAX ? NULL : graph->book};
    weir_task next[MOST_WORKERS];
    uint32_t time = 0;
    s.left = test_calloc(n, sizeof *s.left);
    s.list = test_calloc(n, sizeof *s.list);
    if (s.book != NULL)
        weir__book_begin(s.book, limit);
    for (uint32_t t = graph->n; t-- > 0;) {
        s.left[t] = graph->fixed[t].predecessors;
        if (s.left[t] == 0)
            add_ready(&s, t);
    }
    for (unsigned w = 0; w < workers; w++)
        next[w] = WEIR_NO_TASK;
    for (; s.finished < graph->n; time++) {
        unsigned busy = 0;
        for (unsigned w = 0; w < workers; w++) {
            start(&s, w, next[w] != WEIR_NO_TASK ? next[w] : take(&s));
            busy += s.running[w] != WEIR_NO_TASK;
        }
        assert_true(busy > 0);
        for (unsigned w = 0; w < workers; w++)
            next[w] = s.running[w] != WEIR_NO_TASK ? finish(&s, s.running[w]) : WEIR_NO_TASK;
    }
    if (s.book != NULL)
        weir__book_end(s.book, true);
    test_free(s.left);
    test_free(s.list);
    return time;
}

/* Time within so many times the least limit, over time without a limit. */
static double slowdown(weir_graph *graph, unsigned workers, double times)
{
    const uint64_t least = weir_graph_serial_bytes(graph);
    const uint32_t best = simulate(graph, workers, UINT64_MAX);
    const uint32_t time = simulate(graph, workers, (uint64_t)(times * (double)least));
    return (double)time / best;
}

static void hold(weir_graph *graph, uint64_t bytes, uint64_t scratch)
{
    const uint32_t n = graph->n;
    for (weir_task t = 0; t < n; t++) {
        assert_ok(weir_graph_hold(graph, t, bytes));
        assert_ok(weir_graph_scratch(graph, t, scratch));
    }
    assert_ok(weir_graph_compile(graph));
}

static weir_graph *create_tree(uint32_t fan, uint32_t leaves)
{
    uint32_t n = 0;
    for (uint32_t level = leaves; level > 0; level /= fan)
        n += level;
    weir_graph *graph = create_tasks(n);
    uint32_t parent = leaves;
    for (uint32_t t = 0; parent < n; t++) {
        assert_ok(weir_graph_before(graph, t, parent));
        parent += t % fan == fan - 1;
    }
    return graph;
}

static weir_graph *create_chains(uint32_t chains, uint32_t length)
{
    weir_graph *graph = create_tasks(chains * length);
    for (uint32_t t = 0; t < chains * length; t++)
        if ((t + 1) % length != 0)
            assert_ok(weir_graph_before(graph, t, t + 1));
    return graph;
}

/* width tasks a step, each after its neighbours of the step before. */
static weir_graph *create_stencil(uint32_t width, uint32_t steps)
{
    weir_graph *graph = create_tasks(width * steps);
    for (uint32_t s = 1; s < steps; s++)
        for (uint32_t x = 0; x < width; x++)
            for (uint32_t y = x == 0 ? 0 : x - 1; y <= x + 1 && y < width; y++)
                assert_ok(weir_graph_before(graph, (s - 1) * width + y, s * width + x));
    return graph;
}

static weir_graph *create_random(uint32_t n, uint32_t degree, uint32_t reach)
{
    weir_graph *graph = create_tasks(n);
    for (uint32_t t = 1; t < n; t++)
        for (uint32_t d = 0; d < degree; d++) {
            const uint32_t most = t < reach ? t : reach;
            assert_ok(weir_graph_before(graph, t - 1 - (uint32_t)(next_random() % most), t));
        }
    return graph;
}

/* On 8 workers: within so many times the least limit it takes so many times as long, at most. */
static void check(weir_graph *graph, double times, double most)
{
    const double slower = slowdown(graph, 8, times);
    if (slower > most)
        print_message("%g times as long within %g times the least limit\n", slower, times);
    assert_true(slower <= most);
}

static void a_tree_within_twice_the_least_limit_takes_a_tenth_longer_at_most(void **state)
{
    (void)state;
    for (uint32_t fan = 2; fan <= 8; fan *= 4) {
        weir_graph *graph = create_tree(fan, 4096);
        hold(graph, 1, 0);
        check(graph, 2, 1.1);
        weir_graph_destroy(graph);
    }
}

/* Of 16 chains 8 are run at a time, and 4 fit: each needs two tasks' bytes, as the least limit has them. */
static void chains_within_four_times_the_least_limit_take_twice_as_long(void **state)
{
    (void)state;
    for (uint64_t scratch = 0; scratch <= 5; scratch += 5) {
        weir_graph *graph = create_chains(16, 100);
        hold(graph, 10, scratch);
        check(graph, 4, 2.01);
        check(graph, 8, 1.5);
        weir_graph_destroy(graph);
    }
}

static void levels_with_little_slack_take_a_tenth_longer_at_most(void **state)
{
    (void)state;
    weir_graph *graph = create_stencil(32, 50);
    hold(graph, 1, 0);
    check(graph, 1.5, 1.1);
    weir_graph_destroy(graph);
    for (uint32_t reach = 100; reach <= 5000; reach *= 50) {
        graph = create_random(5000, 2, reach);
        hold(graph, 1, 1);
        check(graph, 1.5, 1.1);
        weir_graph_destroy(graph);
    }
}

static void the_least_limit_is_enough_for_any_number_of_workers(void **state)
{
    (void)state;
    for (unsigned workers = 1; workers <= MOST_WORKERS; workers *= 2) {
        weir_graph *graph = create_random(1000, 3, 200);
        hold(graph, 3, 2);
        assert_in_range(simulate(graph, workers, weir_graph_serial_bytes(graph)), 1, graph->n);
        weir_graph_destroy(graph);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tree_within_twice_the_least_limit_takes_a_tenth_longer_at_most),
        cmocka_unit_test(chains_within_four_times_the_least_limit_take_twice_as_long),
        cmocka_unit_test(levels_with_little_slack_take_a_tenth_longer_at_most),
        cmocka_unit_test(the_least_limit_is_enough_for_any_number_of_workers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
