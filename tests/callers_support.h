/* What the tests of graphs beside each other share: a region that stays open, and threads that run graphs in
 * it, within a limit.
 *
 * It must never assert on those threads, nor in an op: they note what they saw. */
#ifndef WEIR_TESTS_CALLERS_SUPPORT_H
#define WEIR_TESTS_CALLERS_SUPPORT_H

#include "hoard_support.h"

/* A stream that nobody takes anything from: so its team is there, and runs what others start. */
typedef struct open_region {
    weir_engine *engine;
    weir_stream *s;
    numbers source;
    uint64_t bytes;
} open_region;

static inline weir_stream *make_stream(open_region *r)
{
    weir_stream *s = open_stream(r->engine);
    r->source = (numbers){.n = UINT64_MAX};
    (void)add_numbers(s, "in", 2, &r->source);
    return s;
}

static inline uint64_t bytes_of_stream(void)
{
    open_region r = {.engine = open_engine(1, 0, 0)};
    weir_stream *s = make_stream(&r);
    const uint64_t bytes = weir_stream_certified_bytes(s);
    assert_ok(weir_stream_close(s));
    weir_engine_close(r.engine);
    return bytes;
}

static inline void open_a_region(open_region *r, unsigned workers, uint64_t graphs_bytes)
{
    r->bytes = bytes_of_stream();
    r->engine = open_engine(workers, 0, (size_t)(r->bytes + graphs_bytes));
    r->s = make_stream(r);
    assert_ok(weir_stream_start(r->s));
}

static inline void close_region(open_region *r, bool cancelled)
{
    const weir_status status = weir_stream_close(r->s);
    assert_true(status == WEIR_OK || (cancelled && status == WEIR_ECANCEL));
    weir_engine_close(r->engine);
}

typedef struct caller {
    hoard h;
    unsigned times;
    uint64_t random;
    bool fails;   /* some runs do */
    bool cancels; /* some runs are, and so may all be */
    const char *wrong;
} caller;

static inline const char *call_once(caller *c)
{
    hoard *h = &c->h;
    const bool fails = c->fails && draw(&c->random, 4) == 0;
    const bool cancels = c->cancels && draw(&c->random, 8) == 0;
    dag_reset(&h->d);
    h->d.salt++;
    h->d.delay_one_in = draw(&c->random, 3) == 0 ? 20 : 0;
    h->d.fails_at = fails ? (uint32_t)draw(&c->random, h->d.n) : h->d.n;
    h->d.cancels_at = cancels ? (uint32_t)draw(&c->random, h->d.n) : h->d.n;
    const weir_status status = weir_graph_run(h->d.engine, h->graph);
    if (status != (fails ? WEIR_EOP : WEIR_OK) && !(c->cancels && status == WEIR_ECANCEL))
        return weir_last_error()->text;
    weir_stats s;
    weir_engine_stats(h->d.engine, &s);
    if (status == WEIR_OK && s.peak_bytes > s.certified_bytes)
        return "the bytes in its statistics";
    for (uint32_t t = 0; t < h->d.n; t++)
        if (atomic_load(&h->holding[t].released) != atomic_load(&h->holding[t].begun))
            return "releases";
    if (atomic_load(&h->own.now) != 0 || atomic_load(&h->wrong) != 0)
        return "bytes";
    return NULL;
}

static inline void *call(void *arg)
{
    caller *c = arg;
    for (unsigned i = 0; i < c->times && c->wrong == NULL; i++)
        c->wrong = call_once(c);
    return NULL;
}

enum { CALLERS = 3 };

static inline void run_callers(uint64_t *random, unsigned workers, uint64_t more, unsigned times,
                               bool stops)
{
    static caller c[CALLERS];
    pthread_t thread[CALLERS];
    uint64_t most = 0;
    bank all = {.limit = 0};
    for (unsigned i = 0; i < CALLERS; i++) {
        c[i] = (caller){.times = times, .random = *random + i, .fails = stops, .cancels = stops};
        make_hoard(&c[i].h, random, 1 + (uint32_t)draw(random, 80));
        const uint64_t least = weir_graph_serial_bytes(c[i].h.graph);
        most = least > most ? least : most;
        c[i].h.all = &all;
        c[i].h.own.limit = INT64_MAX;
    }
    all.limit = (int64_t)(most + more);
    open_region r;
    open_a_region(&r, workers, most + more);
    for (unsigned i = 0; i < CALLERS; i++) {
        c[i].h.d.engine = r.engine;
        assert_int_equal(pthread_create(&thread[i], NULL, call, &c[i]), 0);
    }
    for (unsigned i = 0; i < CALLERS; i++)
        pthread_join(thread[i], NULL);
    close_region(&r, stops);
    for (unsigned i = 0; i < CALLERS; i++) {
        if (c[i].wrong != NULL)
            print_message("caller %u: %s\n", i, c[i].wrong);
        assert_null(c[i].wrong);
        free_hoard(&c[i].h);
    }
    assert_int_equal(atomic_load(&all.now), 0);
}

#endif
