/* Starts streams and closes them: budget, host thread, engine.
 *
 * Programs call it.  It must never leave a thread, a byte or an item behind. */
#include "stream/stream.h"

#include <string.h>

#include "base/atomics.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/threads.h"
#include "sched/enclose.h"

uint64_t weir_stream_certified_bytes(const weir_stream *s)
{
    uint64_t bytes = 0;
    for (unsigned i = 0; s != NULL && i < s->count; i++)
        bytes = weir__bytes_add(bytes, weir__stage_bytes(s->stages[i]));
    return bytes;
}

static void free_stage(weir__stage *stage)
{
    weir__stage_close(stage);
    pthread_mutex_destroy(&stage->lock);
    weir__memory_give(stage->input);
    weir__memory_give(stage->input_offset);
    weir__memory_give((char *)(uintptr_t)stage->o.name);
    weir__memory_give(stage);
}

/* ---- start ---- */

/* Each of the team. */
static void work(void *argument, unsigned worker, unsigned size)
{
    weir_stream *s = argument;
    WEIR_ASSERT(worker < size && size <= s->engine->team.workers);
    if (worker == 0) {
        weir__run_set_team(&s->engine->root, size);
        weir__team_bind_caller(&s->engine->team);
    }
    if (size > 1)
        weir__enclose_ops(weir__stream_work, &s->engine->workers[worker]);
    else
        weir__stream_work(&s->engine->workers[worker]);
}

static void *host(void *argument)
{
    weir_stream *s = argument;
    weir__team_note_tried(&s->engine->team);
    const weir_status status = weir__team_run(&s->engine->team, work, s);
    WEIR_ASSERT(status == WEIR_OK); /* there is nothing left to be tried */
    (void)status;
    return NULL;
}

/* Once the system has shown that it gives the team's threads, and one more. */
static weir_status start_host(weir_stream *s)
{
    const weir_status status = weir__team_try(&s->engine->team, 1);
    if (status != WEIR_OK)
        return status;
    sigset_t before;
    weir__threads_block_signals(&before);
    const int refused = pthread_create(&s->host, NULL, host, s);
    weir__threads_restore_signals(&before);
    if (refused == 0)
        return WEIR_OK;
    return weir__error_set(WEIR_ESYS, refused, "stream",
                           "the system refuses a thread for the stream (%s)", strerror(refused));
}

/* With the engine and its bytes ours. */
static weir_status start_workers(weir_stream *s)
{
    weir_status status = WEIR_OK;
    s->began_ns = weir__now_ns();
    weir__engine_reset_workers(s->engine);
    weir__stream_assign(s);
    for (unsigned i = s->count; i-- > 0 && status == WEIR_OK;)
        if (!weir__stage_open(s->stages[i]))
            status =
                weir__error_set(WEIR_ENOMEM, 0, s->stages[i]->o.name,
                                "no memory for the buffer of stage '%.90s'", s->stages[i]->o.name);
    if (status == WEIR_OK) {
        weir__run_begin_root(&s->engine->root, NULL); /* an op that starts it may return before */
        status = start_host(s);
        if (status == WEIR_OK)
            return WEIR_OK;
        weir_error ignored; /* nothing has run yet, but a cancel may have come */
        (void)!weir__run_end(&s->engine->root, &ignored);
    }
    for (unsigned i = 0; i < s->count; i++)
        weir__stage_close(s->stages[i]);
    return status;
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
    weir_status status = weir__engine_acquire(s->engine);
    if (status != WEIR_OK)
        return status;
    if (!weir__windows_reserve(&s->engine->windows, &s->engine->budget, bytes)) {
        status = weir__error_set(WEIR_EBUDGET, 0, "max_bytes",
                                 "max_bytes is %zu, but the stream's buffers need %llu bytes "
                                 "(weir_stream_certified_bytes)",
                                 s->engine->max_bytes, (unsigned long long)bytes);
    } else {
        s->started = true; /* before the first call of a stage, which may look */
        status = start_workers(s);
        if (status != WEIR_OK)
            weir__budget_release(&s->engine->budget, bytes);
    }
    if (status != WEIR_OK) {
        s->started = false;
        weir__engine_release(s->engine);
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

static void note_stats(weir_stream *s)
{
    const uint64_t bytes = weir_stream_certified_bytes(s);
    s->engine->stats = (weir_stats){
        .workers = s->engine->root.team,
        .peak_bytes = bytes,
        .certified_bytes = bytes,
        .seconds = (double)(weir__now_ns() - s->began_ns) * 1e-9,
    };
    weir__engine_sum_stats(s->engine, &s->engine->stats);
}

/* Would the calling thread wait for itself? It is in a call of the stream, also by way of a pipeline
 * that runs in place there, or in a destroy that the close has called. */
static weir_status check_closer(const weir_stream *s)
{
    if (weir__here_on(s->engine) != NULL)
        return weir__error_set(
            WEIR_EBUSY, 0, "stream",
            "a call of a stage cannot close its own stream, which would wait for "
            "the call; let the call fail, and close the stream outside");
    if (s->closing)
        return weir__error_set(WEIR_EBUSY, 0, "stream", "the stream is being closed already");
    return WEIR_OK;
}

/* Stops the workers and waits for them, destroys what nobody took, and puts everything back. */
static weir_status end_run(weir_stream *s)
{
    for (unsigned i = 0; i < s->count; i++)
        or_relaxed(&s->stages[i]->state, WEIR_STAGE_UNWANTED);
    s->closing = true;
    weir__mail_end(&s->engine->mail);
    pthread_join(s->host, NULL);
    for (unsigned i = 0; i < s->count; i++) /* what is still there belongs to nobody else */
        weir__ring_drop(&s->stages[i]->ring, drop_item, s->stages[i]);
    weir_error error;
    const weir_status status = weir__run_end(&s->engine->root, &error);
    note_stats(s);
    weir__budget_release(&s->engine->budget, weir_stream_certified_bytes(s));
    weir__engine_release(s->engine);
    return status == WEIR_OK ? WEIR_OK : weir__error_copy(&error);
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
    weir__memory_give(s->stages);
    weir__memory_give(s);
    return status;
}
