/* Stress for the book of a graph: threads run random graphs under random limits, with the book's lock,
 * counts and releases as the engine has them.
 *
 * Run by ctest with delays at the named points.  Each task starts once, after all its predecessors; what
 * is held, which the threads count, is never above the limit; each release comes once, after the last
 * user.  WEIR_STRESS_ROUNDS and WEIR_STRESS_SEED as in the other stress tests. */
#include "graph/book.h"

#include <pthread.h>
#include <sched.h>

#include "base/testing.h"
#include "graph_support.h"

enum { MOST_THREADS = 4, MOST_TASKS = 60 };

typedef struct job {
    struct stage *of;
    weir_task task;
} job;

typedef struct stage {
    weir_graph *graph;
    uint64_t limit;
    job job[MOST_TASKS];
    atomic_uint left[MOST_TASKS]; /* predecessors that have not finished */
    atomic_uint begun[MOST_TASKS], released[MOST_TASKS];
    uint32_t users[MOST_TASKS];
    atomic_uint used[MOST_TASKS]; /* users that have finished */
    atomic_uint finished;
    unsigned stop_after; /* so many have finished: a failure; or none */
    atomic_bool stopped;
    atomic_uint_least64_t held;
    atomic_bool wrong;
    pthread_mutex_t lock; /* of the list */
    weir_task list[MOST_TASKS];
    uint32_t listed;
} stage;

static void expect(stage *s, bool right)
{
    if (!right)
        atomic_store(&s->wrong, true);
}

static void take_bytes(stage *s, uint64_t bytes)
{
    expect(s, atomic_fetch_add(&s->held, bytes) + bytes <= s->limit);
}

static void release_task(void *arg)
{
    const job *j = arg;
    stage *s = j->of;
    expect(s, atomic_fetch_add(&s->released[j->task], 1) == 0);
    expect(s, atomic_load(&s->stopped) || atomic_load(&s->used[j->task]) == s->users[j->task]);
    atomic_fetch_sub(&s->held, weir__task_held(s->graph, j->task));
}

static void push(stage *s, weir_task task)
{
    pthread_mutex_lock(&s->lock);
    s->list[s->listed++] = task;
    pthread_mutex_unlock(&s->lock);
}

static weir_task pop(stage *s)
{
    pthread_mutex_lock(&s->lock);
    const weir_task task = s->listed > 0 ? s->list[--s->listed] : WEIR_NO_TASK;
    pthread_mutex_unlock(&s->lock);
    return task;
}

static void push_granted(stage *s, const weir__granted *granted)
{
    for (unsigned i = 0; i < granted->n; i++)
        push(s, granted->at[i].task);
}

static void push_or_note(stage *s, weir_task task)
{
    if (weir__book_has_bytes(s->graph->book, task))
        push(s, task);
    else
        weir__book_note(s->graph->book, &task, 1);
}

/* Returns what the thread goes on with. */
static weir_task run_task(stage *s, weir_task t)
{
    weir_graph *graph = s->graph;
    weir_task next = WEIR_NO_TASK;
    weir__granted granted;
    weir__book_began(graph->book, t);
    take_bytes(s, weir__task_need(graph, t));
    expect(s, atomic_fetch_add(&s->begun[t], 1) == 0 && atomic_load(&s->left[t]) == 0);
    weir__testing_yield_point();
    atomic_fetch_sub(&s->held, weir__task_work(graph, t));
    for (uint64_t i = graph->holders_at[t]; i < graph->holders_at[t + 1]; i++)
        atomic_fetch_add(&s->used[graph->holder[i]], 1);
    for (uint64_t i = graph->task[t].successors; i < graph->task[t + 1].successors; i++)
        if (atomic_fetch_sub(&s->left[graph->successor[i]], 1) == 1) {
            if (next != WEIR_NO_TASK)
                push_or_note(s, next);
            next = graph->successor[i];
        }
    if (!weir__book_finished(graph->book, t, next, &granted))
        next = WEIR_NO_TASK;
    push_granted(s, &granted);
    if (atomic_fetch_add(&s->finished, 1) + 1 == s->stop_after)
        atomic_store(&s->stopped, true);
    return next;
}

static void *work(void *arg)
{
    stage *s = arg;
    weir_task next = WEIR_NO_TASK;
    while (atomic_load(&s->finished) < s->graph->n && !atomic_load(&s->stopped)) {
        weir__granted granted;
        if (next == WEIR_NO_TASK)
            next = pop(s);
        if (next == WEIR_NO_TASK && s->graph->book->books != NULL) {
            weir__books_take(s->graph->book->books, s->graph->book, 1, &granted);
            push_granted(s, &granted);
            next = pop(s);
        }
        if (next != WEIR_NO_TASK)
            next = run_task(s, next);
        else
            sched_yield();
    }
    return NULL;
}

static void begin(stage *s)
{
    const weir_graph *graph = s->graph;
    for (weir_task t = 0; t < graph->n; t++) {
        s->users[t] = graph->users[t].all;
        atomic_store(&s->left[t], graph->fixed[t].predecessors);
        atomic_store(&s->begun[t], 0);
        atomic_store(&s->released[t], 0);
        atomic_store(&s->used[t], 0);
    }
    atomic_store(&s->finished, 0);
    atomic_store(&s->stopped, false);
    s->listed = 0;
    weir__book_begin(graph->book, s->limit);
    for (weir_task t = 0; t < graph->n; t++)
        if (graph->fixed[t].predecessors == 0)
            push_or_note(s, t);
}

/* Runs the graph once. */
static void run(stage *s, unsigned threads)
{
    pthread_t thread[MOST_THREADS];
    begin(s);
    for (unsigned i = 1; i < threads; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, work, s), 0);
    work(s);
    for (unsigned i = 1; i < threads; i++)
        pthread_join(thread[i], NULL);
    const bool complete = atomic_load(&s->finished) == s->graph->n;
    weir__book_end(s->graph->book, complete);
    assert_false(atomic_load(&s->wrong));
    assert_int_equal(atomic_load(&s->held), 0);
    for (weir_task t = 0; t < s->graph->n; t++) {
        assert_int_equal(atomic_load(&s->released[t]), atomic_load(&s->begun[t]));
        assert_true(!complete || atomic_load(&s->begun[t]) == 1);
    }
}

static weir_graph *draw(stage *s)
{
    weir_graph *graph = create_graph();
    const uint32_t n = 2 + (uint32_t)(next_random() % (MOST_TASKS - 2));
    const uint32_t degree = (uint32_t)(next_random() % 4);
    for (weir_task t = 0; t < n; t++) {
        weir_task task;
        s->job[t] = (job){.of = s, .task = t};
        assert_ok(weir_graph_add(graph, NULL, do_nothing, &s->job[t], &task));
        for (uint32_t d = 0; d < degree && t > 0; d++)
            assert_ok(weir_graph_before(graph, (weir_task)(next_random() % t), t));
        assert_ok(weir_graph_hold(graph, t, next_random() % 4 * (next_random() % 3)));
        assert_ok(weir_graph_scratch(graph, t, next_random() % 3 * (next_random() % 2)));
        assert_ok(weir_graph_release(graph, t, release_task));
    }
    assert_ok(weir_graph_compile(graph));
    return graph;
}

static void random_graphs_run_within_random_limits(void **state)
{
    static stage s;
    const char *rounds = getenv("WEIR_STRESS_ROUNDS"), *begin_with = getenv("WEIR_STRESS_SEED");
    const uint64_t first = begin_with != NULL ? strtoull(begin_with, NULL, 10) : 1;
    const uint64_t count = rounds != NULL ? strtoull(rounds, NULL, 10) : 300;
    (void)state;
    pthread_mutex_init(&s.lock, NULL);
    for (uint64_t round = first; round < first + count; round++) {
        seed = round * 0x9e3779b97f4a7c15u | 1;
        weir__testing_seed(round);
        weir_graph *graph = s.graph = draw(&s);
        const uint64_t least = weir_graph_serial_bytes(graph);
        for (int i = 0; i < 3 && graph->book != NULL; i++) {
            s.limit = i == 2 ? UINT64_MAX : least + next_random() % (1 + least);
            s.stop_after = next_random() % 4 == 0 ? 1 + (unsigned)(next_random() % graph->n) : 0;
            run(&s, 1 + (unsigned)(next_random() % MOST_THREADS));
        }
        weir_graph_destroy(graph);
    }
    weir__testing_seed(0);
    pthread_mutex_destroy(&s.lock);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(random_graphs_run_within_random_limits)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
