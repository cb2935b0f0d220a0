/* The invariant of a worker's stack of frames; see branch.h.
 *
 * Asserts and tests call it.  It must never change what it looks at. */
#include "pipeline/branch.h"

#if defined(WEIR_ASSERTS)

static uint32_t parts_of(const weir__frame *f)
{
    return __atomic_load_n(&f->parts, __ATOMIC_RELAXED);
}

/* What is the same for every branch that has its frame in this place, the nth above the base. */
static bool place_is_valid(const weir_branch *b, const weir__frame *parent, const weir__frame *f,
                           uint32_t n)
{
    const weir__layer *layer = f->layer;
    const uint64_t depth = (uint64_t)b->part->depth + n;
    return f->parent == parent && layer == parent->layer->child && layer->op.fanout > 0 &&
           f->in == (const char *)(f + 1) && f->results == f->in + layer->in_bytes &&
           f->above == (const char *)f + layer->frame_bytes && depth < layer->deepest &&
           (layer->recursive || depth == (uint64_t)(layer - b->pipeline->plan->layer));
}

/* A branch that is open: its children, and for all but the base that it is the child its parent
 * began last. */
static bool frame_is_valid(const weir_branch *b, const weir__frame *f, bool has_parts)
{
    if (f->next > f->end || f->end > f->count || f->count > f->layer->op.fanout ||
        parts_of(f) >= WEIR_FRAME_SUSPENDED || (!has_parts && parts_of(f) != 0))
        return false;
    if (f == &b->part->view)
        return f->above == (const char *)(b->part + 1);
    const weir__frame *parent = f->parent;
    return parent->next > 0 &&
           f->out == parent->results + (size_t)(parent->next - 1) * f->layer->op.out_bytes;
}

/* Of a frame that is not the topmost: has it children remaining only where it may have? */
static bool is_spent_as_noted(const weir_branch *b, const weir__frame *f)
{
    return f->next == f->end || (f >= b->oldest && b->loop.has_older != 0);
}

bool weir__stack_is_valid(const weir_branch *b)
{
    const weir_loop *loop = &b->loop;
    const weir__frame *base = &b->part->view, *f = base, *parent = NULL;
    const char *end = (const char *)b->part + base->layer->part_memory;
    bool open = true;
    uint32_t n = 0, cuts = 0;
    for (;; n++) {
        const bool is_cut = open && cuts < b->cut_count && b->cut[cuts] == f;
        cuts += is_cut;
        if (n > 0 && !place_is_valid(b, parent, f, n))
            return false;
        if (open && (!frame_is_valid(b, f, is_cut || f == base) ||
                     (f != loop->frame && !is_spent_as_noted(b, f))))
            return false;
        open = open && f != loop->frame;
        if (f->above >= loop->fresh)
            break;
        parent = f;
        f = (const weir__frame *)(const void *)f->above;
    }
    return !open && cuts == b->cut_count && f->above == loop->fresh && loop->fresh <= end &&
           loop->depth == b->part->depth + 1 + n &&
           loop->join_frame == (cuts > 0 ? b->cut[cuts - 1] : base);
}

#endif
