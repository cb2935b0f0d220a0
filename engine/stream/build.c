/* Makes streams: opens them, checks and adds stages.
 *
 * Programs call it before the start.  It must never start work, nor take the memory of the buffers:
 * that comes with the start. */
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/options.h"
#include "sched/tuning.h"
#include "stream/stream.h"

weir_status weir_stream_open(weir_engine *engine, weir_stream **stream)
{
    if (engine == NULL || stream == NULL)
        return weir__error_null(engine == NULL ? "engine" : "stream");
    *stream = weir__memory_alloc_zero(sizeof **stream);
    if (*stream == NULL)
        return weir__error_set(WEIR_ENOMEM, 0, "stream", "no memory for a stream");
    (*stream)->engine = engine;
    (*stream)->run = &engine->root;
    return WEIR_OK;
}

static weir_status wrong(const weir_stage_options *o, const char *field, const char *text)
{
    return weir__error_field("stage", o->name, field, text);
}

static weir_status check_options(const weir_stream *s, const weir_stage_options *o,
                                 const weir_stage *stage)
{
    if (s == NULL || o == NULL || stage == NULL)
        return weir__error_null(s == NULL ? "s" : o == NULL ? "o" : "stage");
    if (o->name == NULL || *o->name == '\0')
        return weir__error_set(WEIR_EINVAL, 0, "name",
                               "a stage has no name; each needs one, for errors and reports");
    if (!weir__options_reserved_is_zero(o->reserved, sizeof o->reserved))
        return wrong(o, "reserved", WEIR_RESERVED_TEXT);
    if (s->started)
        return wrong(o, "stream", "the stream has been started; stages are added before");
    if (o->jobs == 0)
        return wrong(o, "jobs", "jobs is 0; it must be at least 1");
    if (o->buffer == 0)
        return wrong(o, "buffer", "buffer is 0; it must be at least 1");
    if (o->buffer < o->max_yield)
        return wrong(o, "buffer", "buffer is less than max_yield, so no call could ever begin");
    if (o->buffer > INT32_MAX || o->jobs > INT32_MAX)
        return wrong(o, o->jobs > INT32_MAX ? "jobs" : "buffer", "it must be at most 2^31-1");
    if (o->join != WEIR_ZIP && o->join != WEIR_MERGE)
        return wrong(o, "join", "it must be WEIR_ZIP or WEIR_MERGE");
    return WEIR_OK;
}

static weir_status check_inputs(const weir_stream *s, const weir_stage_options *o, unsigned inputs,
                                const weir_stage *input)
{
    if (inputs == 0 || input == NULL)
        return wrong(o, "inputs", "a stage has at least one input; a stage without is a source");
    for (unsigned i = 0; i < inputs; i++) {
        if (input[i] < 0 || (unsigned)input[i] >= s->count)
            return wrong(o, "input", "an input is no stage of this stream");
        if (s->stages[input[i]]->taken)
            return wrong(o, "input",
                         "an input is taken by another stage already, or named twice; "
                         "each stage's items go to one place");
        for (unsigned k = 0; k < i; k++)
            if (input[k] == input[i])
                return wrong(o, "input",
                             "an input is named twice; each stage's items go to one "
                             "place");
    }
    return WEIR_OK;
}

/* Room for one more pointer in the list of stages. */
static bool grow(weir_stream *s)
{
    WEIR_ASSERT(s->count <= s->room);
    if (s->count < s->room)
        return true;
    const unsigned room = s->room == 0 ? 8 : 2 * s->room;
    weir__stage **stages = weir__memory_alloc(room * sizeof *stages);
    if (stages == NULL)
        return false;
    if (s->count > 0)
        memcpy(stages, s->stages, s->count * sizeof *stages);
    weir__memory_free(s->stages);
    s->stages = stages;
    s->room = room;
    return true;
}

static void link_inputs(weir_stream *s, weir__stage *stage, const weir_stage *input)
{
    for (unsigned i = 0; i < stage->inputs; i++) {
        weir__stage *upstream = s->stages[input[i]];
        WEIR_ASSERT(upstream != stage && !upstream->taken);
        upstream->taken = true;
        stage->input[i] = upstream;
        stage->input_offset[i] = stage->call_bytes;
        stage->call_bytes = (size_t)weir__bytes_add(
            stage->call_bytes, weir__round_up(upstream->o.item_bytes, WEIR_ALIGN));
    }
    if (stage->kind == WEIR_STAGE_SOURCE) /* an unordered one makes its item there */
        stage->call_bytes = stage->o.item_bytes;
    stage->batch = (weir__grain){.n = 1, .most = WEIR_BATCH_MOST};
    /* Items of a source leave in the order in which its calls begin, so none is claimed early. */
    if (stage->kind == WEIR_STAGE_SOURCE && stage->o.jobs > 1)
        stage->batch.most = 1;
    if (stage->inputs > 0 && stage->call_bytes > WEIR_JOB_BYTES / WEIR_BATCH_MOST)
        stage->batch.most = stage->call_bytes >= WEIR_JOB_BYTES
                                ? 1
                                : (uint32_t)(WEIR_JOB_BYTES / stage->call_bytes);
    WEIR_ASSERT(stage->batch.most > 0 && stage->batch.most <= WEIR_BATCH_MOST);
}

/* A stage with its options, name and inputs; NULL: no memory. */
static weir__stage *make_stage(weir_stream *s, weir__stage_kind kind, const weir_stage_options *o,
                               unsigned inputs)
{
    const unsigned workers = weir_engine_workers(s->engine);
    WEIR_ASSERT((kind == WEIR_STAGE_WORK) == (inputs > 0) && !s->started);
    weir__stage *stage = weir__memory_alloc_zero(sizeof *stage);
    if (stage == NULL)
        return NULL;
    stage->o = *o;
    stage->o.name = weir__memory_alloc_string(o->name);
    stage->input = weir__memory_alloc(inputs * sizeof *stage->input);
    stage->input_offset = weir__memory_alloc(inputs * sizeof *stage->input_offset);
    if (stage->o.name == NULL || stage->input == NULL || stage->input_offset == NULL ||
        pthread_mutex_init(&stage->lock, NULL) != 0) {
        weir__memory_free((char *)(uintptr_t)stage->o.name);
        weir__memory_free(stage->input);
        weir__memory_free(stage->input_offset);
        weir__memory_free(stage);
        return NULL;
    }
    stage->run = s->run;
    stage->kind = kind;
    stage->inputs = inputs;
    stage->jobs = o->jobs < workers ? o->jobs : workers;
    if (stage->o.max_yield == 0 || kind != WEIR_STAGE_WORK)
        stage->o.max_yield = 1;
    return stage;
}

static weir_status add_stage(weir_stream *s, weir__stage_kind kind, const weir_stage_options *o,
                             unsigned inputs, const weir_stage *input, weir_stage *number)
{
    weir__stage *stage = grow(s) ? make_stage(s, kind, o, inputs) : NULL;
    if (stage == NULL)
        return weir__error_set(WEIR_ENOMEM, 0, o->name, "no memory for stage '%.90s'", o->name);
    link_inputs(s, stage, input);
    *number = (weir_stage)s->count;
    s->stages[s->count++] = stage;
    return WEIR_OK;
}

weir_status weir_stream_source(weir_stream *s, const weir_stage_options *o,
                               int (*next)(void *state, void *item), weir_stage *stage)
{
    weir_status status = check_options(s, o, stage);
    if (status == WEIR_OK && next == NULL)
        status = wrong(o, "next", "next is NULL; a source needs it");
    if (status == WEIR_OK)
        status = add_stage(s, WEIR_STAGE_SOURCE, o, 0, NULL, stage);
    if (status == WEIR_OK)
        s->stages[*stage]->next = next;
    return status;
}

weir_status weir_stream_inlet(weir_stream *s, const weir_stage_options *o, weir_stage *stage)
{
    weir_status status = check_options(s, o, stage);
    if (status == WEIR_OK)
        status = add_stage(s, WEIR_STAGE_INLET, o, 0, NULL, stage);
    return status;
}

weir_status weir_stream_stage(weir_stream *s, const weir_stage_options *o,
                              int (*work)(void *state, const void *const *items, weir_yielder *y),
                              unsigned inputs, const weir_stage *input, weir_stage *stage)
{
    weir_status status = check_options(s, o, stage);
    if (status == WEIR_OK && work == NULL)
        status = wrong(o, "work", "work is NULL; a stage with inputs needs it");
    if (status == WEIR_OK)
        status = check_inputs(s, o, inputs, input);
    if (status == WEIR_OK)
        status = add_stage(s, WEIR_STAGE_WORK, o, inputs, input, stage);
    if (status == WEIR_OK)
        s->stages[*stage]->work = work;
    return status;
}
