/* A stream leaves the engine's region, or opens it before, while another thread starts a run: the run
 * joins the region, which goes on until it has left as well, or else has the engine for itself once the
 * region has ended; it is never refused, and nobody waits for ever. A stream that comes behind it is
 * refused.
 *
 * MODEL_OPENS: the stream opens the region meanwhile, too. */
#include "model.h"

#include "sched/host.h"

#if defined(MODEL_CHECKED)
#include "engine_support.h"
#endif

#if !defined(MODEL_OPENS)
#define MODEL_OPENS model_odd
#endif

enum { STREAM, RUN, THREADS };

static bool opens;
static bool
    alone; /* plain: written by a run that has the engine, and read by those in the region */

#if defined(MODEL_CHECKED)

static weir__box box[1];
static weir__worker workers[1];
static weir__host host;
static struct weir_engine the_engine = {
    .team = {.workers = 1, .threads = 1},
    .workers = workers,
    .mail = {.box = box, .boxes = 1, .due_ns = WEIR_NO_DEADLINE},
    .watch = {.mail = &the_engine.mail, .lock = PTHREAD_MUTEX_INITIALIZER},
    .host = &host};
static weir_engine *const engine = &the_engine;
static int regions; /* plain: written by the thread of the region; how many have ended */

weir_status weir__team_run(weir__team *team, weir__team_body *body, void *argument)
{
    (void)team;
    body(argument, 0, 1);
    regions++;
    return WEIR_OK;
}

static void begin_engine(void)
{
}

/* The region's thread is to end. */
static void end_engine(void)
{
    weir__host_close(engine);
    assert(regions == (opens ? 1 : 0));
}

#else

static weir_engine *engine;

static void close_engine(void)
{
    weir_engine_close(engine);
}

static void begin_engine(void)
{
    if (engine != NULL)
        return;
    const weir_status status = weir_engine_open(&(weir_engine_options){.workers = 2}, &engine);
    assert(status == WEIR_OK);
    (void)status;
    atexit(close_engine);
}

static void end_engine(void)
{
}

#endif

/* False: refused. */
static bool open_region(void)
{
    weir_status status = weir__host_enter(engine);
    if (status != WEIR_OK) {
        assert(status == WEIR_EBUSY);
        return false;
    }
    status = weir__host_start(engine);
    assert(status == WEIR_OK);
    return true;
}

/* A root in the region. */
static void leave_region(bool had_chores)
{
    assert(load_relaxed(&engine->host->roots) > 0 && !weir__mail_is_over(&engine->mail));
    assert(!alone && weir__engine_is_taken(engine));
    weir__host_leave(engine, had_chores);
}

/* As in life.c. */
static bool acquire_or_join(void)
{
    bool joined = false;
    while (!joined && !weir__engine_try_acquire(engine)) {
        const weir_status status = weir__host_join(engine, &joined);
        assert(status == WEIR_OK);
        (void)status;
    }
    return joined;
}

static void model_thread(unsigned me)
{
    if (me == STREAM) {
        if (!MODEL_OPENS || (opens = open_region()))
            leave_region(true);
    } else if (acquire_or_join()) {
        leave_region(false);
    } else {
        alone = true;
        alone = false;
        weir__engine_release(engine);
    }
}

static void model_round(void)
{
    begin_engine();
    if (!MODEL_OPENS)
        opens = open_region();
    model_run(THREADS);
    assert(opens || MODEL_OPENS);
    assert(load_relaxed(&engine->host->roots) == 0 && !weir__engine_is_taken(engine));
    end_engine();
}
