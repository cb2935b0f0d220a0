/* What a stage holds while its stream runs: its ring, and what its jobs need; see stage.h.
 *
 * stream.c opens stages before the first call and closes them after the last.  All memory of a stream
 * is taken here, and it must never be more than weir__stage_bytes() says. */
#include "base/memory.h"
#include "stream/stage.h"

/* Calls whose inputs a job keeps; a source has room for the one item that it makes. */
static size_t calls_kept(const weir__stage *stage)
{
    return stage->kind == WEIR_STAGE_SOURCE ? 1 : stage->batch.most;
}

/* Bytes of one job beside its record: inputs of a batch, pointers to one call's, origins. */
static uint64_t job_bytes(const weir__stage *stage)
{
    return weir__bytes_add(weir__bytes_multiply(calls_kept(stage), stage->call_bytes),
                           stage->inputs * sizeof(void *) + stage->batch.most * sizeof(unsigned));
}

uint64_t weir__stage_bytes(const weir__stage *stage)
{
    const uint64_t jobs =
        stage->kind == WEIR_STAGE_INLET
            ? 0
            : weir__bytes_multiply(stage->o.jobs,
                                   weir__bytes_add(sizeof(weir_yielder), job_bytes(stage)));
    return weir__bytes_add(weir__bytes_add(sizeof *stage, jobs),
                           weir__ring_bytes(stage->o.item_bytes, stage->o.buffer));
}

static bool open_job(weir__stage *stage, weir_yielder *y, unsigned job)
{
    y->stage = stage;
    y->job = job;
    y->inputs = weir__memory_alloc(calls_kept(stage) * stage->call_bytes);
    y->items = weir__memory_alloc(stage->inputs * sizeof *y->items);
    y->origins = weir__memory_alloc(stage->batch.most * sizeof *y->origins);
    return y->inputs != NULL && y->items != NULL && y->origins != NULL;
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
    WEIR_ASSERT(stage->yielders == NULL && load_relaxed(&stage->running) == 0);
    find_last(stage);
    if (weir__ring_open(&stage->ring, stage->o.item_bytes, stage->o.buffer) != WEIR_OK)
        return false;
    if (stage->taken)
        stage->ring.takers = stage->run->mail;
    if (stage->kind == WEIR_STAGE_INLET)
        return true;
    stage->ring.fillers = stage->run->mail;
    stage->yielders = weir__memory_alloc_zero(stage->o.jobs * sizeof *stage->yielders);
    if (stage->yielders == NULL)
        return false;
    for (unsigned job = stage->o.jobs; job-- > 0;) {
        weir_yielder *y = &stage->yielders[job];
        if (!open_job(stage, y, job))
            return false;
        y->next_free = stage->free_yielders;
        stage->free_yielders = y;
    }
    WEIR_ASSERT_SLOW(weir__stage_is_valid(stage));
    return true;
}

void weir__stage_close(weir__stage *stage)
{
    WEIR_ASSERT(load_relaxed(&stage->running) == 0);
    for (unsigned job = 0; stage->yielders != NULL && job < stage->o.jobs; job++) {
        weir__memory_free(stage->yielders[job].inputs);
        weir__memory_free(stage->yielders[job].items);
        weir__memory_free(stage->yielders[job].origins);
    }
    weir__memory_free(stage->yielders);
    stage->yielders = NULL;
    stage->free_yielders = NULL;
    weir__ring_close(&stage->ring);
}
