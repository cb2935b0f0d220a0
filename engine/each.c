/* weir_each_worker(): calls a function of the program's once on each worker; see weir/engine.h.
 *
 * Programs call it between runs.  It must never leave the engine behind, whatever the function does. */
#include <stdio.h>

#include "base/arithmetic.h"
#include "base/atomics.h"
#include "base/error.h"
#include "sched/enclose.h"
#include "sched/engine.h"

/* One call for all. */
typedef struct each {
    weir_engine *engine;
    int (*f)(void *context, unsigned worker);
    void *context;
    atomic_bool failed;
    unsigned worker; /* that failed first, */
    int code;        /* and what it returned; read once all have ended */
} each;

/* One worker's. */
typedef struct one {
    each *of;
    unsigned worker;
} one;

static void call_once(void *argument)
{
    const one *o = argument;
    each *e = o->of;
    const int code = e->f(e->context, o->worker);
    if (code == 0 || exchange_relaxed(&e->failed, true))
        return;
    e->worker = o->worker;
    e->code = code;
}

static void call_on_worker(void *argument, unsigned worker, unsigned size)
{
    one o = {.of = argument, .worker = worker};
    WEIR_ASSERT(worker < size && size <= o.of->engine->team.workers);
    if (worker == 0)
        weir__team_bind_caller(&o.of->engine->team);
    if (size > 1)
        weir__enclose_ops(call_once, &o);
    else
        call_once(&o);
}

weir_status weir_each_worker(weir_engine *engine, int (*f)(void *context, unsigned worker),
                             void *context)
{
    if (engine == NULL || f == NULL)
        return weir__error_null(engine == NULL ? "engine" : "f");
    weir_status status = weir__engine_acquire(engine);
    if (status != WEIR_OK)
        return status;
    weir_engine *const held __attribute__((cleanup(weir__engine_release_held))) = engine;
    /* f may set another. */
    const weir__arithmetic mode __attribute__((cleanup(weir__arithmetic_set))) =
        weir__arithmetic_get();
    each e = {.engine = held, .f = f, .context = context};
    status = weir__team_run(&held->team, call_on_worker, &e);
    if (status != WEIR_OK || !load_relaxed(&e.failed))
        return status;
    WEIR_ASSERT(e.code != 0 && e.worker < held->team.workers);
    char where[32];
    snprintf(where, sizeof where, "worker %u", e.worker);
    return weir__error_set(WEIR_EOP, e.code, where,
                           "the function of weir_each_worker() returned %d on worker %u", e.code,
                           e.worker);
}
