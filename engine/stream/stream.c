/* Starts streams and closes them: budget, memory, the run.
 *
 * Programs call it.  It must never leave a thread, a byte or an item behind. */
#include "stream/stream.h"

#include "base/atomics.h"
#include "base/error.h"
#include "base/memory.h"

uint64_t weir_stream_certified_bytes(const weir_stream *s)
{
    if (s == NULL)
        return 0;
    uint64_t bytes =
        weir__memory_bytes(sizeof *s) + weir__memory_bytes(s->room * sizeof(*s->stages));
    for (unsigned i = 0; i < s->count; i++)
        bytes = weir__bytes_add(bytes, weir__stage_bytes(s->stages[i]));
    return bytes;
}

static void free_stage(weir__stage *stage)
{
    weir__stage_close(stage);
    pthread_mutex_destroy(&stage->lock);
    weir__memory_free(stage->input);
    weir__memory_free(stage->input_offset);
    weir__memory_free((char *)(uintptr_t)stage->o.name);
    weir__memory_free(stage);
}

/* ---- start ---- */

static weir_status open_stages(weir_stream *s)
{
    for (unsigned i = s->count; i-- > 0;)
        if (!weir__stage_open(s->stages[i]))
            return weir__error_set(WEIR_ENOMEM, 0, s->stages[i]->o.name,
                                   "no memory for the buffer of stage '%.90s'",
                                   s->stages[i]->o.name);
    return WEIR_OK;
}

/* With the engine and its bytes ours. */
static weir_status start_workers(weir_stream *s)
{
    weir_status status = open_stages(s);
    if (status == WEIR_OK)
        status = weir__life_begin_chores(&s->life);
    for (unsigned i = 0; status != WEIR_OK && i < s->count; i++)
        weir__stage_close(s->stages[i]);
    return status;
}

static weir_status refuse_bytes(const weir__budget *budget, unsigned long long bytes)
{
    const bool never = bytes > budget->limit; /* else it is what runs beside it hold */
    return weir__error_set(WEIR_EBUDGET, 0, "max_bytes",
                           "max_bytes %s %llu, but the stream's buffers need %llu bytes "
                           "(weir_stream_certified_bytes)",
                           never ? "is" : "leaves",
                           (unsigned long long)(never ? budget->limit : weir__budget_room(budget)),
                           bytes);
}

weir_status weir_stream_start(weir_stream *s)
{
    if (s == NULL)
        return weir__error_null("s");
    if (s->started || s->count == 0)
        return weir__error_set(WEIR_EINVAL, 0, "stream",
                               s->started ? "the stream has been started already"
                                          : "the stream has no stage; add a source or an inlet");
    const uint64_t bytes = weir_stream_certified_bytes(s);
    if (bytes >= PTRDIFF_MAX)
        return weir__error_set(WEIR_EINVAL, 0, "buffer",
                               "the buffers need more bytes than this machine can address");
    s->chores = weir__stream_chores(s);
    weir_status status = weir__life_open_chores(&s->life, s->engine, &s->chores);
    if (status != WEIR_OK)
        return status;
    if (!weir__life_reserve(&s->life, bytes)) {
        status = refuse_bytes(&s->engine->budget, bytes);
    } else {
        s->started = true; /* before the first call of a stage, which may look */
        status = start_workers(s);
    }
    if (status != WEIR_OK) {
        s->started = false;
        weir__life_close(&s->life);
    }
    return status;
}

/* ---- close ---- */

bool weir__stream_is_lost(const weir_stream *s)
{
    return s->started && weir__engine_is_lost(s->engine);
}

weir_status weir__stream_refuse_lost(void)
{
    return weir__error_set(WEIR_ESYS, 0, "stream",
                           "the stream was started before this process was forked off, and its "
                           "workers are in the parent only; open a stream in this process");
}

static void drop_item(void *argument, void *item)
{
    weir__stage_drop(argument, item);
}

/* Would the calling thread wait for itself? It is in a call of the stream, also by way of a pipeline
 * that runs there, or in a destroy that the close has called. */
static weir_status check_closer(const weir_stream *s)
{
    if (weir__here_on(s->engine) != NULL)
        return weir__error_set(
            WEIR_EBUSY, 0, "stream",
            "a call of a stage cannot close its own stream, which would wait for "
            "the call; let the call fail, and close the stream outside");
    if (load_relaxed(&s->closing))
        return weir__error_set(WEIR_EBUSY, 0, "stream", "the stream is being closed already");
    return WEIR_OK;
}

/* Waits for its calls, destroys what nobody took, and puts everything back. */
static weir_status end_run(weir_stream *s)
{
    for (unsigned i = 0; i < s->count; i++)
        or_relaxed(&s->stages[i]->state, WEIR_STAGE_UNWANTED);
    store_relaxed(&s->closing, true);
    const weir_status status = weir__life_end_chores(&s->life);
    for (unsigned i = 0; i < s->count; i++) /* what is still there belongs to nobody else */
        weir__ring_drop(&s->stages[i]->ring, drop_item, s->stages[i]);
    weir__life_close(&s->life);
    return status;
}

weir_status weir_stream_close(weir_stream *s)
{
    weir_status status = WEIR_OK;
    if (s == NULL)
        return WEIR_OK;
    if (weir__stream_is_lost(s)) { /* its threads and its items are the parent's */
        status = weir__stream_refuse_lost();
    } else if (s->started) {
        status = check_closer(s);
        if (status != WEIR_OK)
            return status;
        status = end_run(s);
    }
    for (unsigned i = 0; i < s->count; i++)
        free_stage(s->stages[i]);
    weir__memory_free(s->stages);
    weir__memory_free(s);
    return status;
}
