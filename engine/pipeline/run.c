/* weir_run() and weir_run_many(): takes the engine, reserves what a serial run needs, lets the team
 * run the root, and puts everything back.
 *
 * Programs call it on any thread; from a call of a stream on the same engine, whose team is at work
 * already, the run is in place: serial, on that worker, in a lane of its own.  It must never leave a
 * permit, a byte or the engine behind, whatever happened in between. */
#include <string.h>

#include "base/atomics.h"
#include "base/error.h"
#include "pipeline/branch.h"
#include "pipeline/part.h"
#include "pipeline/plan.h"
#include "pipeline/promote.h"
#include "sched/engine.h"

typedef struct root_run {
    weir__run run;
    weir__part *root;
} root_run;

/* Inside the team: worker 0 runs the root, the others look for its parts. */
static void run_root(void *argument, unsigned worker, unsigned size)
{
    root_run *r = argument;
    weir__run *run = &r->run;
    if (worker > 0) {
        weir__promote_enclose(run);
        return;
    }
    weir__part *part = r->root;
    run->team_size = size;
    run->workers[0].busy = true;
    weir__window_set_team(&run->lane->window, size);
    weir__mail_set_team(&run->lane->mail, size);
    weir__promote_begin(run);
    if (size > 1)
        weir__part_serve(run, part);
    else
        (void)weir__part_run(run, &part);
}

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

/* WEIR_EBUDGET if `room` bytes, which max_bytes "is" or "leaves", do not do for a serial run. */
static weir_status check_budget(const weir_plan *plan, const char *is, uint64_t room)
{
    const uint64_t serial = weir_plan_serial_bytes(plan);
    if (room >= serial)
        return WEIR_OK;
    return weir__error_set(WEIR_EBUDGET, 0, "max_bytes",
                           "max_bytes %s %llu, but one worker alone needs %llu bytes for this plan "
                           "(weir_plan_serial_bytes)",
                           is, (unsigned long long)room, (unsigned long long)serial);
}

static weir_status make_limits(const weir_engine *engine, const weir_plan *plan, bool many,
                               weir__limits *limits)
{
    const unsigned workers = engine->team.workers;
    limits->max_in_flight = workers > 1 ? engine->max_in_flight : 0;
    limits->scratch_bytes = plan->scratch_bytes;
    const uint64_t bytes = weir__plan_certificate(plan, many, limits->max_in_flight, workers);
    limits->limit_bytes = bytes < engine->max_bytes ? bytes : engine->max_bytes;
    return check_budget(plan, "is", engine->max_bytes);
}

/* A lane keeps what it has once reserved until the stream closes: its free blocks stay there. */
static weir_status make_limits_in_place(weir_engine *engine, weir__lane *lane,
                                        const weir_plan *plan, weir__limits *limits)
{
    const uint64_t serial = weir_plan_serial_bytes(plan);
    *limits = (weir__limits){.limit_bytes = serial, .scratch_bytes = plan->scratch_bytes};
    if (serial <= lane->reserved_bytes)
        return WEIR_OK;
    if (!weir__engine_reserve(engine, serial - lane->reserved_bytes))
        return check_budget(plan, "leaves",
                            engine->max_bytes - load_relaxed(&engine->reserved_bytes));
    lane->reserved_bytes = serial;
    return WEIR_OK;
}

/* The root's record: a part whose children are the inputs. */
static void make_root(weir__part *root, weir__run *run, uint32_t n, const weir__inputs *inputs,
                      void *out)
{
    *root = (weir__part){
        .run = run,
        .view = {.layer = &run->plan->layer[0],
                 .in = (char *)(uintptr_t)inputs,
                 .results = out,
                 .above = (char *)(root + 1),
                 .end = n,
                 .count = n},
    };
}

static void note_stats(weir_engine *engine, unsigned team, uint64_t began_ns)
{
    engine->stats = (weir_stats){
        .workers = team,
        .peak_in_flight = engine->lane.window.peak_in_flight,
        .peak_bytes = engine->lane.window.peak_bytes,
        .certified_bytes = engine->lane.window.limit_bytes,
        .seconds = (double)(weir__now_ns() - began_ns) * 1e-9,
    };
    weir__engine_sum_stats(engine, &engine->stats);
    if (team == 1) /* it has nobody to wait for */
        engine->stats.idle_ns = 0;
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

/* A run in its lane. */
typedef struct open_run {
    weir__lane *lane;
    weir__part *root; /* NULL once it has ended */
    const weir_plan *plan;
    weir_error error;
} open_run;

static weir_status end_run(open_run *o)
{
    const weir_status status = weir__failure_end(&o->lane->failure, &o->error);
    weir__window_end(&o->lane->window, o->root, o->plan->root_declared);
    o->root = NULL;
    return status;
}

/* An exception went through weir_run(), from an op that ran on the calling thread alone. */
static void drop_run(open_run *o)
{
    if (o->root != NULL)
        (void)end_run(o);
}

/* The run itself, in a lane that is ours; engine is NULL for a run in place. */
static weir_status run_in_lane(weir_engine *engine, weir__lane *lane, weir__worker *workers,
                               unsigned first_worker, const weir__limits *limits, const job *j,
                               unsigned *size)
{
    weir__part *root =
        weir__window_begin(&lane->window, limits, j->plan->root_memory, j->plan->root_declared);
    if (root == NULL)
        return weir__error_set(WEIR_ENOMEM, 0, "plan", "no memory for the %llu bytes of a run",
                               (unsigned long long)weir_plan_serial_bytes(j->plan));
    const weir__inputs inputs = {.in = j->in, .in_bytes = j->plan->layer[1].op.in_bytes};
    root_run r = {.run = {.lane = lane,
                          .team = engine != NULL ? &engine->team : NULL,
                          .workers = workers,
                          .watch_ns = engine != NULL ? engine->watch_ns : 0,
                          .first_worker = first_worker,
                          .plan = j->plan,
                          .context = j->context,
                          .numbered = j->numbered,
                          .run_part = weir__part_serve,
                          .gather_up = weir__part_gather_up},
                  .root = root};
    make_root(root, &r.run, j->n, &inputs, j->out);
    open_run o __attribute__((cleanup(drop_run)));
    o.lane = lane;
    o.root = root;
    o.plan = j->plan;
    weir__lane_begin(lane);
    weir_status began = WEIR_OK;
    if (engine != NULL)
        began = weir__team_run(&engine->team, run_root, &r);
    else
        run_root(&r, 0, 1);
    const weir_status status = end_run(&o);
    *size = r.run.team_size;
    if (began != WEIR_OK)
        return began; /* the team has set the error */
    return status == WEIR_OK ? WEIR_OK : weir__error_copy(&o.error);
}

static weir_status run_on_team(weir_engine *engine, const job *j)
{
    const uint64_t began_ns = weir__now_ns();
    weir__limits limits;
    unsigned size = 0;
    weir_status status = make_limits(engine, j->plan, j->n > 1, &limits);
    if (status != WEIR_OK)
        return status;
    weir__engine_reset_workers(engine);
    status = run_in_lane(engine, &engine->lane, engine->workers, 0, &limits, j, &size);
    if (size > 0)
        note_stats(engine, size, began_ns);
    return status;
}

static weir_status run_in_place(weir_engine *engine, weir__lane *lane, const job *j)
{
    weir__limits limits;
    unsigned size;
    const weir_status status = make_limits_in_place(engine, lane, j->plan, &limits);
    if (status != WEIR_OK)
        return status;
    weir__worker_reset(&lane->worker);
    return run_in_lane(NULL, lane, &lane->worker, weir__engine_worker_in_place(), &limits, j,
                       &size);
}

static weir_status run(weir_engine *engine, const job *j)
{
    weir__lane *lane = weir__engine_lane_in_place(engine);
    if (lane != NULL && !weir__failure_idle(&lane->failure))
        return weir__error_set(WEIR_EBUSY, 0, "engine",
                               "this worker is inside a run already; one run at a time");
    if (lane != NULL)
        return run_in_place(engine, lane, j);
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
