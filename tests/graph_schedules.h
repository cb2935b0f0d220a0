/* All schedules of small graphs under a limit, with the engine's own book.
 *
 * Tests include it with internal headers.  A world is some graphs in the same books, and maybe parts of
 * another run that take bytes from the same budget.  From each state of it every step is tried that some
 * worker could make: a graph begins or ends, a ready task is noted, noted ones are taken, a worker goes
 * that has found none, one that may start does, one that runs finishes, with or without one that its worker
 * would go on with; a part takes its bytes, or gives them back.
 * What is held is computed from the tasks' states alone.  It must never ask the book for that. */
#ifndef WEIR_TESTS_GRAPH_SCHEDULES_H
#define WEIR_TESTS_GRAPH_SCHEDULES_H

#include "graph/book.h"

#include "graph_support.h"

enum { MOST_TASKS = 6, MOST_GRAPHS = 3, MEMORY = 64 };

typedef enum verdict { ALL_WELL, ABOVE_THE_LIMIT, DEADLOCK, TOO_MANY_STATES } verdict;

typedef enum phase { OUTSIDE, UNDER_WAY, OVER } phase;
typedef enum status { WAITING, READY, NOTED, MAY_START, RUNNING, FINISHED } status;

/* One graph, and what is true of it whatever the schedule. */
typedef struct given {
    uint32_t n;
    uint32_t after[MOST_TASKS], before[MOST_TASKS]; /* sets of tasks */
    uint64_t held[MOST_TASKS], work[MOST_TASKS];
    weir_graph *graph;
} given;

/* What a step changes. */
typedef struct moment {
    phase phase[MOST_GRAPHS];
    uint8_t status[MOST_GRAPHS][MOST_TASKS];
    bool attended[MOST_GRAPHS]; /* a worker that runs no task has not gone yet */
    uint64_t in_budget, of_parts;
    weir__account account;
    weir__ledger ledger[MOST_GRAPHS];
    uint8_t memory[MOST_GRAPHS][MEMORY];
    unsigned left[MOST_GRAPHS][MOST_TASKS];
} moment;

typedef struct world world;
struct world {
    unsigned graphs, workers;
    given of[MOST_GRAPHS];
    weir__budget budget; /* the engine's */
    weir__windows windows;
    weir__books books;
    uint64_t limit; /* that must be kept */
    bool keeps;     /* the first graph has all of that to itself */
    bool parks;     /* root graphs may be left without a worker */
    uint64_t part;  /* bytes of a part; 0: there are none */
    int starter;    /* the task of graph 0 that starts graph 1; -1: all are roots */
    uint64_t lent;
    moment now;
    /* Called around each step, which graph g makes; or NULL. */
    void (*spoil)(world *w, unsigned g);
    bool (*step)(world *w, unsigned g, uint32_t what); /* which step it is, */
    bool made;                                         /* and whether it is made */
};

/* ---- random graphs ---- */

/* The order of the graph becomes a random one: the rule must be right for any. */
static inline void draw_order(given *g)
{
    weir__order *made = g->graph->order;
    uint32_t finished = 0, k = 0;
    made->serial_bytes = 0;
    for (uint32_t i = 0; i < g->n; i++) {
        uint32_t t;
        do
            t = (uint32_t)(next_random() % g->n);
        while ((finished >> t & 1) != 0 || (g->before[t] & ~finished) != 0);
        uint64_t live = g->held[t] + g->work[t];
        if (live > 0) {
            made->sum[k + 1] = made->sum[k] + live;
            for (uint32_t u = 0; u < g->n; u++)
                if ((finished >> u & 1) != 0 && (g->after[u] & ~finished) != 0)
                    live += g->held[u];
            made->mem[k] = live;
            made->task[k] = t;
            made->position[t] = k++;
            if (live > made->serial_bytes)
                made->serial_bytes = live;
        }
        finished |= 1u << t;
    }
    made->most[1] = made->serial_bytes; /* of the only block */
}

/* Up to so many tasks, some of which need something. */
static inline void draw_graph(given *g, uint32_t most, uint64_t starts, unsigned starter)
{
    static const uint64_t held[] = {0, 1, 1, 2, 3, 5}, work[] = {0, 0, 1, 4};
    const unsigned density = 1 + (unsigned)(next_random() % 6);
    *g = (given){.n = 2 + (uint32_t)(next_random() % (most - 1))};
    weir_graph *graph = g->graph = create_tasks(g->n);
    for (uint32_t t = 0; t < g->n; t++) {
        for (uint32_t s = t + 1; s < g->n; s++)
            if (next_random() % 10 < density) {
                g->after[t] |= 1u << s;
                g->before[s] |= 1u << t;
                assert_ok(weir_graph_before(graph, t, s));
            }
        g->held[t] = held[next_random() % 6];
        g->work[t] = t == starter ? starts : work[next_random() % 4];
        if (t == 0 && g->held[t] + g->work[t] == 0)
            g->held[t] = 1;
        assert_ok(weir_graph_hold(graph, t, g->held[t]));
        assert_ok(weir_graph_scratch(graph, t, g->work[t]));
    }
    assert_ok(weir_graph_compile(graph));
    draw_order(g);
    assert_true(graph->book->ledger.bytes <= MEMORY);
}

static inline uint64_t serial_bytes(const world *w, unsigned g)
{
    return w->of[g].graph->order->serial_bytes;
}

/* Which the engine has. */
static inline void set_limit(world *w, uint64_t limit)
{
    weir__budget_open(&w->budget, NULL, limit);
}

static inline void open_books(world *w)
{
    set_limit(w, w->limit);
    weir__windows_open(&w->windows, &w->budget);
    weir__books_open_in(&w->books, &w->windows);
}

static inline void close_world(world *w)
{
    weir__books_close(&w->books);
    weir__windows_close(&w->windows);
    for (unsigned g = 0; g < w->graphs; g++)
        weir_graph_destroy(w->of[g].graph);
}

/* How many graphs a world has, whether the second is in a task of the first, and whether there are parts. */
typedef struct kind_of_world {
    unsigned graphs;
    bool nested, parts;
} kind_of_world;

/* A limit is the least there is, for one root graph or for all at once, or a few bytes more; the more graphs,
 * the smaller they are. */
static inline void draw_world(world *w, const kind_of_world *kind)
{
    static const unsigned workers[] = {1, 2, 3, 6};
    const uint32_t first = kind->graphs == 1 ? MOST_TASKS : kind->graphs == 2 ? 4 : 2;
    const uint32_t other = kind->graphs == 2 ? 4 : 2;
    uint64_t all = 0;
    *w = (world){.graphs = kind->graphs, .workers = workers[next_random() % 4], .starter = -1};
    for (unsigned g = 1; g < kind->graphs; g++)
        draw_graph(&w->of[g], other - (kind->parts && other > 2), 0, MOST_TASKS);
    if (kind->nested) {
        w->lent = serial_bytes(w, 1) + next_random() % 2;
        w->starter = 0;
    }
    draw_graph(&w->of[0], first - kind->parts, w->lent, kind->nested ? 0 : MOST_TASKS);
    for (unsigned g = 0; g < kind->graphs; g++) {
        if (kind->nested && g == 1)
            continue;
        all += serial_bytes(w, g);
        if (serial_bytes(w, g) > w->limit)
            w->limit = serial_bytes(w, g);
    }
    if (next_random() % 2 == 0)
        w->limit = all;
    w->limit += next_random() % 5;
    w->part = kind->parts ? 1 + next_random() % 3 : 0;
    w->parks = kind->graphs > (kind->nested ? 2u : 1u);
    w->keeps = !w->parks && !kind->parts && next_random() % 2 == 0;
    open_books(w);
}

/* ---- moments ---- */

static inline void save(const world *w, moment *to)
{
    *to = w->now;
    to->in_budget = weir__budget_held(&w->budget);
    memcpy(&to->account, &w->books.account, sizeof to->account);
    for (unsigned g = 0; g < w->graphs; g++) {
        const weir_graph *graph = w->of[g].graph;
        memcpy(&to->ledger[g], &graph->book->ledger, sizeof to->ledger[g]);
        memcpy(to->memory[g], graph->book->ledger.memory, graph->book->ledger.bytes);
        for (uint32_t t = 0; graph->users != NULL && t < w->of[g].n; t++)
            to->left[g][t] = load_relaxed(&graph->users[t].left);
    }
}

static inline void restore(world *w, const moment *from)
{
    w->now = *from;
    store_relaxed(&w->budget.held, from->in_budget);
    memcpy(&w->books.account, &from->account, sizeof from->account);
    for (unsigned g = 0; g < w->graphs; g++) {
        const weir_graph *graph = w->of[g].graph;
        memcpy(&graph->book->ledger, &from->ledger[g], sizeof from->ledger[g]);
        memcpy(graph->book->ledger.memory, from->memory[g], graph->book->ledger.bytes);
        for (uint32_t t = 0; graph->users != NULL && t < w->of[g].n; t++)
            store_relaxed(&graph->users[t].left, from->left[g][t]);
        graph->book->books = from->phase[g] == UNDER_WAY ? &w->books : NULL;
        graph->book->counts = from->phase[g] == UNDER_WAY;
    }
}

static inline unsigned count_running(const world *w)
{
    unsigned running = 0;
    for (unsigned g = 0; g < w->graphs; g++)
        for (uint32_t t = 0; t < w->of[g].n; t++)
            running += w->now.status[g][t] == RUNNING;
    return running;
}

static inline uint32_t finished_in(const world *w, unsigned g)
{
    uint32_t finished = 0;
    for (uint32_t t = 0; t < w->of[g].n && t < MOST_TASKS; t++)
        finished |= (uint32_t)(w->now.status[g][t] == FINISHED) << t;
    return finished;
}

/* A task that has started the other graph holds what that one does. */
static inline uint64_t held_now(const world *w)
{
    uint64_t held = w->now.of_parts;
    for (unsigned g = 0; g < w->graphs; g++) {
        const uint32_t finished = finished_in(w, g);
        for (uint32_t t = 0; t < w->of[g].n; t++) {
            const status s = (status)w->now.status[g][t];
            if (s == RUNNING && !(g == 0 && (int)t == w->starter))
                held += w->of[g].work[t];
            if (s == RUNNING || (s == FINISHED && (w->of[g].after[t] & ~finished) != 0))
                held += w->of[g].held[t];
        }
    }
    return held;
}

/* ---- steps ---- */

static inline void note_granted(world *w, const weir__granted *granted)
{
    for (unsigned i = 0; i < granted->n; i++)
        for (unsigned g = 0; g < w->graphs; g++)
            if (w->of[g].graph->book == granted->at[i].book) {
                assert_int_equal(w->now.status[g][granted->at[i].task], NOTED);
                w->now.status[g][granted->at[i].task] = MAY_START;
                w->now.attended[g] = true;
            }
}

static inline void set_ready(world *w, unsigned g)
{
    const uint32_t finished = finished_in(w, g);
    for (uint32_t t = 0; t < w->of[g].n; t++)
        if (w->now.status[g][t] == WAITING && (w->of[g].before[t] & ~finished) == 0)
            w->now.status[g][t] = READY;
}

static inline void run_task(world *w, unsigned g, uint32_t t)
{
    w->now.status[g][t] = RUNNING;
    weir__book_began(w->of[g].graph->book, t);
}

/* The kinds of step, and for each a function that makes it, or says that it cannot be made now.
 * what: the task, or the task and the one that is asked for with its end. */
static inline bool step_begin(world *w, unsigned g, uint32_t what)
{
    (void)what;
    const bool nested = g == 1 && w->starter >= 0;
    weir__terms terms = {.lent = nested ? w->lent : WEIR__NOT_LENT,
                         .brought = nested               ? 0
                                    : w->keeps && g == 0 ? w->limit
                                                         : serial_bytes(w, g),
                         .keeps = w->keeps && g == 0};
    if (w->now.phase[g] != OUTSIDE || (nested && w->now.status[0][w->starter] != RUNNING) ||
        weir__budget_reserve(&w->budget, terms.brought) != NULL)
        return false;
    weir__book_begin_in(w->of[g].graph->book, &w->books, &terms);
    w->now.phase[g] = UNDER_WAY;
    w->now.attended[g] = true;
    set_ready(w, g);
    return true;
}

static inline bool step_note(world *w, unsigned g, uint32_t t)
{
    const bool has = w->now.status[g][t] == READY && weir__book_has_bytes(w->of[g].graph->book, t);
    if (w->now.status[g][t] != READY)
        return false;
    if (!has)
        weir__book_note(w->of[g].graph->book, &t, 1);
    w->now.status[g][t] = has ? MAY_START : NOTED;
    return true;
}

static inline bool has_granted(const world *w, unsigned g, const weir__granted *granted)
{
    for (unsigned i = 0; i < granted->n; i++)
        if (granted->at[i].book == w->of[g].graph->book)
            return true;
    return false;
}

static inline bool has_some(const world *w, unsigned g, status least, status most)
{
    for (uint32_t t = 0; t < w->of[g].n; t++)
        if (w->now.status[g][t] >= least && w->now.status[g][t] <= most)
            return true;
    return false;
}

/* A worker that has found nothing goes; the last one may leave the graph parked. */
static inline void go(world *w, unsigned g)
{
    weir__granted granted = {.n = 0};
    atomic_uint at_work = 1;
    if (w->parks && !(g == 1 && w->starter >= 0) && !has_some(w, g, RUNNING, RUNNING))
        (void)weir__book_leave(w->of[g].graph->book, &at_work, true, &granted);
    w->now.attended[g] = false;
    note_granted(w, &granted);
}

/* By a worker without a task. If there is none for it, and none that it has made ready, it goes. */
static inline bool step_take(world *w, unsigned g, uint32_t less)
{
    weir__granted granted;
    if (w->now.phase[g] != UNDER_WAY || !w->now.attended[g])
        return false;
    weir__books_take(&w->books, w->of[g].graph->book, WEIR__FEW_GRANTED - less, &granted);
    const bool stays = has_granted(w, g, &granted) || has_some(w, g, READY, READY) ||
                       has_some(w, g, MAY_START, MAY_START);
    note_granted(w, &granted);
    if (!stays)
        go(w, g);
    return granted.n > 0 || !stays;
}

static inline bool step_start(world *w, unsigned g, uint32_t t)
{
    if (w->now.status[g][t] != MAY_START || count_running(w) >= w->workers + (w->starter >= 0))
        return false;
    run_task(w, g, t);
    return true;
}

static inline bool step_finish(world *w, unsigned g, uint32_t what)
{
    const uint32_t t = what / (MOST_TASKS + 1), next = what % (MOST_TASKS + 1);
    weir__granted granted;
    if (t >= w->of[g].n || w->now.status[g][t] != RUNNING ||
        (g == 0 && (int)t == w->starter && w->now.phase[1] != OVER))
        return false;
    w->now.status[g][t] = FINISHED;
    w->now.attended[g] = true;
    set_ready(w, g);
    if (next < MOST_TASKS && (next >= w->of[g].n || w->now.status[g][next] != READY))
        return false;
    weir__book *book = w->of[g].graph->book;
    const bool yes =
        weir__book_finished(book, t, next < MOST_TASKS ? next : WEIR_NO_TASK, &granted);
    if (next < MOST_TASKS && yes)
        run_task(w, g, next);
    else if (next < MOST_TASKS)
        w->now.status[g][next] = NOTED;
    note_granted(w, &granted);
    return true;
}

static inline bool step_end(world *w, unsigned g, uint32_t what)
{
    weir__granted granted;
    (void)what;
    if (w->now.phase[g] != UNDER_WAY)
        return false;
    for (uint32_t t = 0; t < w->of[g].n; t++)
        if (w->now.status[g][t] != FINISHED)
            return false;
    weir__book_end(w->of[g].graph->book, true);
    w->now.phase[g] = OVER;
    do {
        weir__books_take(&w->books, NULL, WEIR__FEW_GRANTED, &granted);
        note_granted(w, &granted);
    } while (granted.n > 0);
    return true;
}

/* A part of another run, which never needs more than it has. */
static inline bool step_part(world *w, unsigned g, uint32_t what)
{
    (void)what;
    if (g > 0 || w->part == 0)
        return false;
    if (w->now.of_parts > 0)
        weir__windows_release(&w->windows, &w->budget, w->now.of_parts);
    else if (!weir__windows_try_reserve(&w->windows, &w->budget, w->part))
        return false;
    w->now.of_parts = w->part - w->now.of_parts;
    return true;
}

/* ---- all of them ---- */

typedef struct step_kind {
    bool (*make)(world *w, unsigned g, uint32_t what);
    uint32_t whats;
} step_kind;

static const step_kind kinds[] = {{step_begin, 1},
                                  {step_note, MOST_TASKS},
                                  {step_take, WEIR__FEW_GRANTED},
                                  {step_start, MOST_TASKS},
                                  {step_finish, MOST_TASKS *(MOST_TASKS + 1)},
                                  {step_end, 1},
                                  {step_part, 1}};

enum { MOST_STATES = 1 << 17 };
static moment seen[MOST_STATES];
static uint32_t place[2 * MOST_STATES]; /* hash: its number + 1; 0: none */

/* Is the moment a new one? Notes it. */
static inline bool is_new(const moment *m, uint32_t *states)
{
    uint64_t hash = 14695981039346656037u;
    for (size_t i = 0; i < sizeof *m / 4; i++)
        hash = (hash ^ ((const uint32_t *)(const void *)m)[i]) * 1099511628211u;
    for (size_t at = (hash ^ hash >> 29) % (2 * MOST_STATES);; at = (at + 1) % (2 * MOST_STATES)) {
        if (place[at] == 0) {
            memcpy(&seen[*states], m, sizeof *m);
            place[at] = ++*states;
            return true;
        }
        if (memcmp(&seen[place[at] - 1], m, sizeof *m) == 0)
            return false;
    }
}

static inline void spoil(world *w, unsigned g, size_t k, bool made)
{
    w->step = kinds[k].make;
    w->made = made;
    if (w->spoil != NULL)
        w->spoil(w, g);
}

/* Does the step bring graphs on? Parts that end let others begin, no more: nobody else waits for them. */
static inline bool is_progress(const world *w, size_t k)
{
    bool waits = false;
    for (unsigned g = 0; g < w->graphs; g++)
        waits = waits || w->now.phase[g] == OUTSIDE;
    return kinds[k].make != step_part || (waits && w->now.of_parts == 0);
}

/* Makes every step from a moment; how many there are. The verdict is only ever made worse. */
static inline unsigned follow(world *w, const moment *from, uint32_t *states, verdict *found)
{
    static moment next;
    unsigned steps = 0;
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
        for (unsigned g = 0; g < w->graphs; g++)
            for (uint32_t what = 0; what < kinds[k].whats; what++) {
                restore(w, from);
                spoil(w, g, k, false);
                if (!kinds[k].make(w, g, what))
                    continue;
                spoil(w, g, k, true);
                steps += is_progress(w, k);
                if (held_now(w) > w->limit)
                    *found = ABOVE_THE_LIMIT;
                save(w, &next);
                (void)is_new(&next, states);
                if (*states > MOST_STATES - 256)
                    *found = TOO_MANY_STATES;
                if (*found != ALL_WELL)
                    return steps;
            }
    return steps;
}

static inline verdict try_all_schedules(world *w)
{
    static moment start;
    verdict found = ALL_WELL;
    uint32_t states = 0;
    bool ended = true;
    memset(place, 0, sizeof place);
    memset(&start, 0, sizeof start);
    memset(&w->now, 0, sizeof w->now);
    save(w, &start);
    (void)is_new(&start, &states);
    for (uint32_t i = 0; i < states && found == ALL_WELL; i++) {
        if (follow(w, &seen[i], &states, &found) > 0)
            continue;
        restore(w, &seen[i]);
        for (unsigned g = 0; g < w->graphs; g++)
            ended = ended && w->now.phase[g] == OVER;
        if (!ended)
            found = DEADLOCK;
        else if (w->spoil == NULL)
            assert_true(w->books.account.booked == 0 && w->books.account.held == 0 &&
                        weir__budget_held(&w->budget) == w->now.of_parts);
    }
    restore(w, &start);
    return found;
}

#endif
