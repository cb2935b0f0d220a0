/* weir_run() and weir_run_many(): takes the engine, reserves what a serial run needs, lets the team
 * run the root, and puts everything back.
 *
 * Programs call it on any thread.  It must never leave a permit, a byte or the engine behind,
 * whatever happened in between. */
#include <string.h>

#include "branch.h"
#include "engine.h"
#include "error.h"
#include "part.h"
#include "plan.h"

typedef struct root_run {
    weir__run run;
    weir__part *root;
} root_run;

/* Runs on worker 0, inside the team. */
static void run_root(void *argument, unsigned size)
{
    root_run *r = argument;
    r->run.team = size;
    weir__window_set_team(&r->run.engine->window, size);
    weir__part_run(&r->run, r->root);
}

static weir_status check_arguments(const weir_engine *engine, const weir_plan *plan, size_t n,
                                   const void *in, const void *out)
{
    if (engine == NULL || plan == NULL)
        return weir__error_set(WEIR_EINVAL, 0, engine == NULL ? "engine" : "plan", "%s is NULL",
                               engine == NULL ? "engine" : "plan");
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

/* The limits of this run; with max_bytes below a serial run's need, WEIR_EBUDGET. */
static weir_status make_limits(const weir_engine *engine, const weir_plan *plan, bool many,
                               weir__limits *limits)
{
    const uint64_t serial = weir_plan_serial_bytes(plan);
    if (engine->max_bytes < serial)
        return weir__error_set(WEIR_EBUDGET, 0, "max_bytes",
                               "max_bytes is %zu, but one worker alone needs %llu bytes for this "
                               "plan (weir_plan_serial_bytes)",
                               engine->max_bytes, (unsigned long long)serial);
    limits->max_in_flight = engine->team.workers > 1 ? engine->max_in_flight : 0;
    const uint64_t certificate =
        weir__plan_certificate(plan, many, limits->max_in_flight, engine->team.workers);
    limits->limit_bytes = certificate < engine->max_bytes ? certificate : engine->max_bytes;
    limits->scratch_bytes = plan->scratch_bytes;
    return WEIR_OK;
}

/* The root's record: a part whose children are the inputs. */
static void make_root(weir__part *root, const weir_plan *plan, uint32_t n,
                      const weir__inputs *inputs, void *out)
{
    *root = (weir__part){
        .root = true,
        .view = {.layer = &plan->layer[0],
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
        .peak_in_flight = engine->window.peak_in_flight,
        .peak_bytes = engine->window.peak_bytes,
        .certified_bytes = engine->window.limit_bytes,
        .seconds = (double)(weir__now_ns() - began_ns) * 1e-9,
    };
    weir__engine_sum_stats(engine, &engine->stats);
}

/* The run itself, on an engine that is ours. */
static weir_status run_inputs(weir_engine *engine, const weir_plan *plan, void *context, uint32_t n,
                              const void *in, void *out)
{
    const uint64_t began_ns = weir__now_ns();
    weir__limits limits;
    weir_status status = make_limits(engine, plan, n > 1, &limits);
    if (status != WEIR_OK)
        return status;
    weir__part *root =
        weir__window_begin(&engine->window, &limits, plan->root_memory, plan->root_declared);
    if (root == NULL)
        return weir__error_set(WEIR_ENOMEM, 0, "plan", "no memory for the %llu bytes of a run",
                               (unsigned long long)weir_plan_serial_bytes(plan));
    const weir__inputs inputs = {.in = in, .in_bytes = plan->layer[1].op.in_bytes};
    make_root(root, plan, n, &inputs, out);
    weir__engine_reset_workers(engine);
    root_run r = {.run = {.engine = engine,
                          .plan = plan,
                          .context = context,
                          .many = n > 1,
                          .run_part = weir__part_run,
                          .gather_up = weir__part_gather_up},
                  .root = root};
    root->run = &r.run;
    weir__failure_begin(&engine->failure);
    weir__team_run(&engine->team, run_root, &r);
    weir_error error;
    status = weir__failure_end(&engine->failure, &error);
    weir__window_end(&engine->window, root, plan->root_declared);
    note_stats(engine, r.run.team, began_ns);
    return status == WEIR_OK ? WEIR_OK : weir__error_copy(&error);
}

weir_status weir_run_many(weir_engine *engine, const weir_plan *plan, void *context, size_t n,
                          const void *in, void *out)
{
    weir_status status = check_arguments(engine, plan, n, in, out);
    if (status != WEIR_OK)
        return status;
    status = weir__engine_acquire(engine);
    if (status != WEIR_OK)
        return status;
    status = run_inputs(engine, plan, context, (uint32_t)n, in, out);
    weir__engine_release(engine);
    return status;
}

weir_status weir_run(weir_engine *engine, const weir_plan *plan, void *context, const void *in,
                     void *out)
{
    return weir_run_many(engine, plan, context, 1, in, out);
}
