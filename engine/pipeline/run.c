/* weir_run() and weir_run_many(): reserves what a serial run needs, lets the team or the calling worker
 * run the root, and puts everything back.
 *
 * Programs call it on any thread.  In an op on the same engine, whose team is at work already, the run
 * is nested: the worker runs it, and others may help.  It must never leave a permit, a byte or the
 * engine behind, whatever happened in between. */
#include <string.h>

#include "base/atomics.h"
#include "base/error.h"
#include "pipeline/branch.h"
#include "pipeline/plan.h"
#include "sched/enclose.h"
#include "sched/engine.h"

static weir_status check_arguments(const weir_engine *engine, const weir_plan *plan, size_t n,
                                   const void *in, const void *out)
{
    if (engine == NULL || plan == NULL)
        return weir__error_null(engine == NULL ? "engine" : "plan");
    if (n > UINT32_MAX)
        return weir__error_set(WEIR_EINVAL, 0, "n", "n is %zu; one run takes at most %lu inputs", n,
                               (unsigned long)UINT32_MAX);
    const weir_layer *top = &plan->layer[1].op;
    if (n > 0 && in == NULL && top->in_bytes > 0)
        return weir__error_set(WEIR_EINVAL, 0, "in", "in is NULL; layer '%.90s' takes %zu bytes",
                               top->name, top->in_bytes);
    if (n > 0 && out == NULL && top->out_bytes > 0)
        return weir__error_set(WEIR_EINVAL, 0, "out", "out is NULL; layer '%.90s' gives %zu bytes",
                               top->name, top->out_bytes);
    return WEIR_OK;
}

/* The limits of a run by so many workers at most. */
static weir__limits limits_of(weir_engine *engine, const weir_plan *plan, bool many,
                              unsigned workers)
{
    const size_t in_flight = workers > 1 ? engine->max_in_flight : 0;
    return (weir__limits){.max_in_flight = in_flight,
                          .limit_bytes = weir__plan_certificate(plan, many, in_flight, workers),
                          .scratch_bytes = plan->scratch_bytes,
                          .parent = &engine->budget};
}

/* The window has not begun, for want of memory or of bytes. */
static weir_status refuse(const weir_plan *plan, const weir__budget *engine, weir_status status)
{
    const unsigned long long serial = weir_plan_serial_bytes(plan);
    if (status == WEIR_ENOMEM)
        return weir__error_set(status, 0, "plan", "no memory for the %llu bytes of a run", serial);
    const bool never = serial > engine->limit; /* else it is what others hold */
    return weir__error_set(status, 0, "max_bytes",
                           "max_bytes %s %llu, but one worker alone needs %llu bytes for this plan "
                           "(weir_plan_serial_bytes)",
                           never ? "is" : "leaves",
                           (unsigned long long)(never ? engine->limit : weir__budget_room(engine)),
                           serial);
}

/* The root's record: a part whose children are the inputs. */
static void make_root(weir__part *root, const weir__pipeline *pipeline, uint32_t n,
                      const weir__inputs *inputs, void *out)
{
    *root = (weir__part){
        .item = {.run = weir__part_run, .number = pipeline->run->number},
        .pipeline = pipeline,
        .view = {.layer = &pipeline->plan->layer[0],
                 .in = (char *)(uintptr_t)inputs,
                 .results = out,
                 .above = (char *)(root + 1),
                 .end = n,
                 .count = n},
    };
}

/* What a run is to compute. */
typedef struct job {
    const weir_plan *plan;
    void *context;
    uint32_t n;
    bool numbered; /* the inputs have numbers, which a failure names */
    const void *in;
    void *out;
} job;

/* A run under way, as it stands on the stack of the thread that waits for it. */
typedef struct open_run {
    weir__pipeline pipeline;
    weir__inputs inputs;
    weir__part *root;     /* NULL once it has ended */
    weir__worker *worker; /* that it is nested at; NULL: the team runs it */
    weir_error error;
} open_run;

/* The root and its memory; the run has begun. WEIR_EBUDGET, WEIR_ENOMEM: it has not. */
static weir_status open_root(open_run *o, weir__run *run, const weir__limits *limits, const job *j)
{
    const weir_plan *plan = j->plan;
    void *root;
    const weir_status status =
        weir__window_begin(&run->window, limits, plan->root_memory, plan->root_declared, &root);
    if (status != WEIR_OK)
        return refuse(plan, limits->parent, status);
    o->root = root;
    o->inputs = (weir__inputs){.in = j->in, .in_bytes = plan->layer[1].op.in_bytes};
    o->pipeline =
        (weir__pipeline){.run = run, .plan = plan, .context = j->context, .numbered = j->numbered};
    return WEIR_OK;
}

static weir_status end_run(open_run *o)
{
    weir__run *run = o->pipeline.run;
    const weir_status status = weir__run_end(run, &o->error);
    weir__window_end(&run->window, o->root, o->pipeline.plan->root_declared);
    o->root = NULL;
    return status;
}

/* An exception went through weir_run(), from an op that ran on the calling thread alone. */
static void drop_run(open_run *o)
{
    if (o->root != NULL)
        (void)end_run(o);
}

/* ---- on the team ---- */

/* One thread of it. */
typedef struct duty {
    weir__worker *worker;
    weir__item *item; /* to begin with; NULL: none */
} duty;

/* By way of an exception as well. */
static void leave(weir__here *here)
{
    weir__here_leave(here);
}

static void do_duty(void *argument)
{
    const duty *d = argument;
    weir__here here __attribute__((cleanup(leave)));
    weir__here_enter(&here, d->worker->engine, d->worker);
    weir__worker_work(d->worker, d->item, NULL);
}

/* Worker 0 runs the root, the others look for its parts. */
static void run_root(void *argument, unsigned worker, unsigned size)
{
    open_run *o = argument;
    weir_engine *engine = o->pipeline.run->engine;
    duty d = {.worker = &engine->workers[worker], .item = worker == 0 ? &o->root->item : NULL};
    if (worker == 0) {
        weir__run_set_team(o->pipeline.run, size);
        d.worker->busy = true;
    }
    if (size > 1)
        weir__enclose_worker(do_duty, &d);
    else
        do_duty(&d);
}

static void note_stats(weir_engine *engine, uint64_t began_ns)
{
    const weir__window *window = &engine->root.window;
    engine->stats = (weir_stats){
        .workers = engine->root.team,
        .peak_in_flight = window->peak_in_flight,
        .peak_bytes = weir__budget_peak(&window->budget),
        .certified_bytes = window->budget.limit,
        .seconds = (double)(weir__now_ns() - began_ns) * 1e-9,
    };
    weir__engine_sum_stats(engine, &engine->stats);
}

static weir_status run_on_team(weir_engine *engine, const job *j)
{
    const uint64_t began_ns = weir__now_ns();
    weir__limits limits = limits_of(engine, j->plan, j->n > 1, engine->team.workers);
    if (limits.limit_bytes > engine->max_bytes)
        limits.limit_bytes = engine->max_bytes;
    open_run o __attribute__((cleanup(drop_run)));
    o.root = NULL;
    weir_status status = open_root(&o, &engine->root, &limits, j);
    if (status != WEIR_OK)
        return status;
    weir__engine_reset_workers(engine);
    const weir__here *around = weir__here_top();
    weir__run_begin_root(&engine->root, around != NULL ? around->run : NULL);
    make_root(o.root, &o.pipeline, j->n, &o.inputs, j->out);
    const weir_status began = weir__team_run(&engine->team, run_root, &o);
    status = end_run(&o);
    if (began != WEIR_OK)
        return began; /* the team has set the error */
    note_stats(engine, began_ns);
    if (engine->root.team == 1) /* it has nobody to wait for */
        engine->stats.idle_ns = 0;
    return status == WEIR_OK ? WEIR_OK : weir__error_copy(&o.error);
}

/* ---- nested ---- */

/* With a max_bytes a nested run gets the bytes that a serial run needs. A pipeline around it may come
 * to need all that there are. */
static weir_status limit_nested(weir_engine *engine, const weir_plan *plan, bool in_pipeline,
                                weir__limits *limits)
{
    if (engine->max_bytes == SIZE_MAX)
        return WEIR_OK;
    if (in_pipeline)
        return weir__error_set(
            WEIR_EBUDGET, 0, "max_bytes",
            "max_bytes is %zu, and the pipeline whose op starts this run may use "
            "all of it; run it on another engine, or without max_bytes",
            engine->max_bytes);
    limits->limit_bytes = weir_plan_serial_bytes(plan);
    limits->max_in_flight = 0;
    return WEIR_OK;
}

/* A nested run's record; given back by way of an exception as well. */
typedef struct loan {
    weir__worker *worker;
    weir__run *run; /* NULL: none */
} loan;

static void give_back(loan *l)
{
    if (l->run != NULL)
        weir__engine_give_record(l->worker, l->run);
}

/* By way of an exception as well. */
static void leave_again(weir__here *again)
{
    if (again->engine != NULL)
        weir__here_leave(again);
}

/* The worker runs the nested run, on the thread of an op of it, or of another engine whose op that op runs.
 * There it is this engine's worker again, for as long. */
static void wait_nested(const open_run *o, const weir__here *here)
{
    weir__here again __attribute__((cleanup(leave_again))) = {.engine = NULL};
    if (here != weir__here_top()) {
        weir__here_enter(&again, here->engine, here->worker);
        again.run = here->run;
    }
    weir__run_wait(o->pipeline.run, here->worker, &o->root->item);
    weir__run_turn_to(here->run, here->worker);
}

static weir_status run_nested(const weir__here *here, const job *j)
{
    weir_engine *engine = here->engine;
    weir__worker *worker = here->worker;
    weir__limits limits = limits_of(engine, j->plan, j->n > 1, load_relaxed(&engine->mail.team));
    loan l __attribute__((cleanup(give_back))) = {.worker = worker};
    weir_status status = limit_nested(engine, j->plan, here->branch != NULL, &limits);
    if (status != WEIR_OK)
        return status;
    l.run = weir__engine_take_record(engine, worker);
    if (l.run == NULL)
        return weir__error_set(WEIR_ENOMEM, 0, "engine", "no memory for the record of a run");
    open_run o __attribute__((cleanup(drop_run)));
    o.root = NULL;
    status = open_root(&o, l.run, &limits, j);
    if (status != WEIR_OK)
        return status;
    weir__run_begin_nested(l.run, worker, weir__here_top()->run, here->run);
    make_root(o.root, &o.pipeline, j->n, &o.inputs, j->out);
    wait_nested(&o, here);
    status = end_run(&o);
    return status == WEIR_OK ? WEIR_OK : weir__error_copy(&o.error);
}

static weir_status run(weir_engine *engine, const job *j)
{
    const weir__here *here = weir__here_on(engine);
    if (here != NULL)
        return run_nested(here, j);
    const weir_status status = weir__engine_acquire(engine);
    if (status != WEIR_OK)
        return status;
    weir_engine *const held __attribute__((cleanup(weir__engine_release_held))) = engine;
    return run_on_team(held, j);
}

weir_status weir_run_many(weir_engine *engine, const weir_plan *plan, void *context, size_t n,
                          const void *in, void *out)
{
    const job j = {
        .plan = plan, .context = context, .n = (uint32_t)n, .numbered = true, .in = in, .out = out};
    const weir_status status = check_arguments(engine, plan, n, in, out);
    return status == WEIR_OK ? run(engine, &j) : status;
}

weir_status weir_run(weir_engine *engine, const weir_plan *plan, void *context, const void *in,
                     void *out)
{
    const job j = {.plan = plan, .context = context, .n = 1, .in = in, .out = out};
    const weir_status status = check_arguments(engine, plan, 1, in, out);
    return status == WEIR_OK ? run(engine, &j) : status;
}
