/* weir_run() and weir_run_many(): says what a run of the plan needs, and makes the root.
 *
 * Programs call it on any thread, also in an op on the same engine.  It must never touch the root once
 * the run is under way. */
#include "base/error.h"
#include "pipeline/branch.h"
#include "pipeline/plan.h"
#include "sched/life.h"

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

/* What the run needs, with as many workers as it may come to have. */
static weir__need need_of(const weir__life *life, const weir_plan *plan, bool many)
{
    const bool divides = plan->divides || many || life->worker == NULL;
    const size_t in_flight = divides ? life->max_in_flight : 0;
    const uint64_t serial = weir_plan_serial_bytes(plan);
    const uint64_t most =
        in_flight == 0 ? serial : weir__plan_certificate(plan, many, in_flight, life->workers);
    return (weir__need){.limits = {.max_in_flight = in_flight,
                                   .limit_bytes = most,
                                   .scratch_bytes = plan->scratch_bytes,
                                   .nested_bytes = plan->nested_bytes},
                        .least_bytes = serial,
                        .root_bytes = plan->root_memory,
                        .root_declared = plan->root_declared,
                        .what = "plan (weir_plan_serial_bytes)",
                        .alone = (weir__alone *)(uintptr_t)&plan->alone};
}

/* The root's record: a part whose children are the inputs. */
static void make_root(weir__part *root, const weir__pipeline *pipeline, uint32_t n,
                      const weir__inputs *inputs, void *out)
{
    WEIR_ASSERT((uintptr_t)root % WEIR_LINE == 0); /* as an item, and for its frames */
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

static weir_status run(weir_engine *engine, const job *j)
{
    weir__life life __attribute__((cleanup(weir__life_close))) = {0};
    weir_status status = weir__life_open(&life, engine);
    if (status != WEIR_OK)
        return status;
    const weir__need need = need_of(&life, j->plan, j->n > 1);
    status = weir__life_begin(&life, &need);
    if (status != WEIR_OK)
        return status;
    const weir__inputs inputs = {.in = j->in, .in_bytes = j->plan->layer[1].op.in_bytes};
    const weir__pipeline pipeline = {
        .run = life.run, .plan = j->plan, .context = j->context, .numbered = j->numbered};
    weir__part *root = life.root;
    make_root(root, &pipeline, j->n, &inputs, j->out);
    return weir__life_run(&life, &root->item);
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
