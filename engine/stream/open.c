/* What a stage holds while its stream runs: its ring, and what its jobs need; see stage.h.
 *
 * stream.c opens stages before the first call and closes them after the last.  All memory of a stream
 * is taken here, and it must never be more than weir__stage_bytes() says. */
#include <string.h>

#include "base/memory.h"
#include "stream/stage.h"

/* Calls whose inputs a job keeps; a source has room for the one item that it makes. */
static size_t calls_kept(const weir__stage *stage)
{
    return stage->kind == WEIR_STAGE_SOURCE ? 1 : stage->batch.most;
}

/* A job in memory: its record, pointers to the inputs of one call, the origins of a batch's calls, and their
 * inputs. Jobs share no line. */
static size_t items_offset(void)
{
    return weir__round_up(sizeof(weir_yielder), WEIR_ALIGN);
}

static size_t origins_offset(const weir__stage *stage)
{
    return items_offset() + stage->inputs * sizeof(void *);
}

static size_t inputs_offset(const weir__stage *stage)
{
    const size_t origins = stage->o.join == WEIR_MERGE ? stage->batch.most : 0;
    return weir__round_up(origins_offset(stage) + origins * sizeof(unsigned), WEIR_ALIGN);
}

static uint64_t job_bytes(const weir__stage *stage)
{
    const uint64_t inputs = weir__bytes_multiply(calls_kept(stage), stage->call_bytes);
    return weir__memory_bytes(weir__bytes_add(inputs_offset(stage), inputs));
}

/* All that is taken for a stage from its making on, by build.c and here. */
uint64_t weir__stage_bytes(const weir__stage *stage)
{
    uint64_t bytes = weir__memory_bytes(sizeof *stage);
    bytes += weir__memory_bytes(strlen(stage->o.name) + 1);
    bytes += weir__memory_bytes(stage->inputs * sizeof(*stage->input));
    bytes += weir__memory_bytes(stage->inputs * sizeof(*stage->input_offset));
    if (stage->kind != WEIR_STAGE_INLET)
        bytes = weir__bytes_add(bytes, weir__bytes_multiply(stage->jobs, job_bytes(stage)));
    return weir__bytes_add(bytes, weir__ring_bytes(stage->o.item_bytes, stage->o.buffer));
}

static void open_job(weir__stage *stage, unsigned job)
{
    char *at = stage->job_records + job * job_bytes(stage);
    weir_yielder *y = (weir_yielder *)(void *)at;
    *y = (weir_yielder){.stage = stage,
                        .job = job,
                        .items = (const void **)(void *)(at + items_offset()),
                        .origins = (unsigned *)(void *)(at + origins_offset(stage)),
                        .inputs = at + inputs_offset(stage),
                        .next_free = stage->free_yielders};
    stage->free_yielders = y;
}

/* Each stage's items come out at one last stage. */
static void find_last(weir__stage *stage)
{
    if (!stage->taken)
        stage->last = stage;
    WEIR_ASSERT(stage->last != NULL && !stage->last->taken);
    for (unsigned i = 0; i < stage->inputs; i++)
        stage->input[i]->last = stage->last;
}

bool weir__stage_open(weir__stage *stage)
{
    WEIR_ASSERT(stage->job_records == NULL && load_relaxed(&stage->running) == 0);
    find_last(stage);
    if (weir__ring_open(&stage->ring, stage->o.item_bytes, stage->o.buffer,
                        stage->o.unordered ? 1 : stage->o.max_yield) != WEIR_OK)
        return false;
    if (stage->taken)
        stage->ring.takers = stage->run->mail;
    if (stage->kind == WEIR_STAGE_INLET)
        return true;
    stage->ring.fillers = stage->run->mail;
    stage->job_records = weir__memory_alloc((size_t)(stage->jobs * job_bytes(stage)));
    if (stage->job_records == NULL)
        return false;
    for (unsigned job = stage->jobs; job-- > 0;)
        open_job(stage, job);
    WEIR_ASSERT_SLOW(weir__stage_is_valid(stage));
    return true;
}

void weir__stage_close(weir__stage *stage)
{
    WEIR_ASSERT(load_relaxed(&stage->running) == 0);
    weir__memory_free(stage->job_records);
    stage->job_records = NULL;
    stage->free_yielders = NULL;
    weir__ring_close(&stage->ring);
}
