/* A third kind of run, beside pipelines and streams: independent calls f(context, 0 … n - 1).
 *
 * It shows what a wing needs, and that this is all in sched/ and base/: an item, which is a range of
 * calls here; its run function; a need; and the five steps of sched/life.h.  A range is halved when
 * somebody wants work.  It must never use more of the engine than engine/sched/README.md tells. */
#ifndef WEIR_TESTS_TOY_WING_H
#define WEIR_TESTS_TOY_WING_H

#include "sched/life.h"

typedef struct toy_run {
    weir__run *run;
    int (*f)(void *context, uint32_t i); /* not 0: it failed */
    void *context;
    atomic_uint ranges; /* not yet done */
} toy_run;

typedef struct toy_range {
    weir__item item;
    toy_run *of;
    weir__worker *worker; /* that runs it */
    uint32_t next, end;
    bool posted; /* all but the first */
} toy_range;

/* Gives half of the range away, if somebody is without work, and permits and bytes allow it. */
static inline void toy_share(toy_range *r)
{
    weir__run *run = r->of->run;
    const uint32_t n = (r->end - r->next) / 2;
    if (n == 0 || weir__mail_missing(run->mail) <= 0 ||
        !weir__mail_has_room(run->mail, r->worker->index))
        return;
    toy_range *half = weir__window_admit(&run->window, sizeof *half, 0);
    if (half == NULL)
        return;
    *half = (toy_range){
        .item = r->item, .of = r->of, .next = r->end - n, .end = r->end, .posted = true};
    r->end -= n;
    add_relaxed(&r->of->ranges, 1);
    r->worker->counts.promotions++;
    weir__life_share(r->worker, &half->item);
}

/* A worker that polls handles its word, and may do something else first. Who wants work, and stops, are
 * looked at between any two calls. */
static inline bool toy_may_go_on(const toy_range *r)
{
    weir__mail *mail = r->of->run->mail;
    const int *signal = weir__mail_signal(mail, r->worker->index);
    if (__atomic_load_n(signal, __ATOMIC_RELAXED) != WEIR__RUN) {
        weir__mail_acknowledge(mail, r->worker->index);
        (void)weir__worker_look(r->worker);
    }
    return !weir__run_stopping(r->of->run);
}

static inline void toy_call(void *range)
{
    toy_range *r = range;
    weir__run *run = r->of->run;
    while (r->next < r->end && toy_may_go_on(r)) {
        toy_share(r);
        const int code = r->of->f(r->of->context, r->next++);
        const weir_error error = {.status = WEIR_EOP, .code = code, .where = "toy"};
        if (code != 0)
            weir__run_fail(run, &error);
        r->worker->counts.branches++;
    }
}

static inline weir__item *toy_run_range(weir__worker *worker, weir__item *item)
{
    toy_range *r = (toy_range *)item;
    toy_run *of = r->of;
    weir__here *here = weir__here_top();
    const weir__now before = weir__here_turn_to(here, (weir__now){.run = of->run});
    const uint64_t began_ns = weir__now_ns(), nested_ns = worker->nested_ns;
    r->worker = worker;
    if (r->posted)
        weir__worker_began_item(worker);
    weir__run_turn_to(of->run, worker);
    weir__arithmetic_set(&of->run->arithmetic);
    weir__credit_begin(worker, began_ns);
    weir__run_ops(of->run, toy_call, r);
    const uint64_t now_ns = weir__now_ns();
    weir__credit_end(&of->run->root->purse, worker, now_ns,
                     now_ns - began_ns - (worker->nested_ns - nested_ns), false);
    weir__run_count(of->run, worker);
    (void)weir__here_turn_to(here, before);
    if (r->posted)
        weir__window_complete(&of->run->window, r, 0);
    if (sub_acq_rel(&of->ranges, 1) == 1)
        weir__run_finish(of->run);
    return NULL;
}

/* Calls f so often, on the engine's workers, in any order. WEIR_OK, or what stopped it. */
static inline weir_status toy_for(weir_engine *engine, uint32_t n,
                                  int (*f)(void *context, uint32_t i), void *context)
{
    weir__life life __attribute__((cleanup(weir__life_close))) = {0};
    weir_status status = weir__life_open(&life, engine);
    const uint64_t bytes = weir__window_block_bytes(sizeof(toy_range));
    const weir__need need = {.limits = {.max_in_flight = life.max_in_flight,
                                        .limit_bytes = (1 + life.max_in_flight) * bytes},
                             .least_bytes = bytes,
                             .root_bytes = sizeof(toy_range),
                             .what = "toy"};
    if (status == WEIR_OK)
        status = weir__life_begin(&life, &need);
    if (status != WEIR_OK)
        return status;
    toy_run of = {.run = life.run, .f = f, .context = context, .ranges = 1};
    toy_range *all = life.root;
    *all = (toy_range){
        .item = {.run = toy_run_range, .number = life.run->number}, .of = &of, .end = n};
    return weir__life_run(&life, &all->item);
}

#endif
