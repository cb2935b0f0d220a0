/* The loop that runs branches depth first, and the bodies of tasks around it; see part.h.
 *
 * This is the hot path: an inner branch costs one poll, one header of 64 bytes and the calls of its
 * ops, a leaf one poll and its calls.  A failed op needs no way back: it stops the run, so that the
 * next poll calls, and weir__promote_serve() says stop. */
#include "part.h"

#include "promote.h"

/* A range op is called for about this long, so that it is worth vectorising and demand is still
 * seen in time. */
#define CHUNK_NS      10000
#define CHUNK_MOST    (1u << 20)
#define CHUNK_UNTIMED 15 /* ranges that are shorter than the chunk are timed once in so many */

/* The poll has called: may that be passed over, since the last one that was looked into answers for
 * *passes in all? */
static inline bool pass_over(const weir__window *window, uint32_t *passes)
{
    if (*passes <= 1 || weir__window_stopped(window))
        return false;
    --*passes;
    return true;
}

/* The poll between two children of one frame: true if they may go on without a look. */
static inline bool is_quiet(const weir__window *window, uint32_t *passes)
{
    return !weir__window_calls(window) || pass_over(window, passes);
}

static char *result_slot(const weir__frame *parent, const weir__layer *layer, uint32_t index)
{
    return parent->results + (size_t)index * layer->op.out_bytes;
}

/* Makes a frame for the child under way of f, which has n children; returns it, or f on failure. */
static inline weir__frame *open_child(weir_branch *b, weir__frame *f, uint32_t n, char *out)
{
    const weir__layer *layer = f->layer->child;
    weir__frame *child = (weir__frame *)f->above;
    char *in = (char *)(child + 1);
    const uint32_t depth = f->depth + 1;
    if (WEIR_UNLIKELY(n > layer->op.fanout)) {
        weir__branch_fail_count(b, layer, f, f->next - 1, n);
        return f;
    }
    if (WEIR_UNLIKELY(depth >= layer->deepest)) {
        weir__branch_fail_depth(b, layer, f, f->next - 1);
        return f;
    }
    *child = (weir__frame){.layer = layer,
                           .parent = f,
                           .in = in,
                           .results = in + layer->in_bytes,
                           .out = out,
                           .above = (char *)child + layer->frame_bytes,
                           .end = n,
                           .count = n,
                           .depth = depth};
    return child;
}

/* Runs children of f, of an inner layer: leaves one after another, and below itself a recursive layer
 * goes on at once. Returns the frame to go on with: of a child, or f if none is left, an op failed or
 * the poll calls. */
static inline weir__frame *enter(weir_branch *b, weir__frame *f, uint32_t *passes)
{
    const weir__window *window = b->window;
    const weir__layer *above = f->layer, *layer = above->child;
    char *in = f->above + sizeof(weir__frame);
    char *out = result_slot(f, layer, f->next);
    do {
        const uint32_t index = f->next++;
        uint32_t n = layer->op.fanout;
        int code = above->op.split(b, f->in, index, in);
        if (WEIR_UNLIKELY(code != 0)) {
            weir__branch_fail_op(b, layer, f, index, "input's split", code);
            return f;
        }
        if (layer->op.count != NULL && (code = layer->op.count(b, in, &n)) != 0) {
            weir__branch_fail_op(b, layer, f, index, "count", code);
            return f;
        }
        if (n != 0) {
            weir__frame *child = open_child(b, f, n, out);
            if (layer != above || child == f)
                return child;
            f = child;
            in = f->above + sizeof(weir__frame);
            out = f->results;
            continue;
        }
        code = layer->op.leaf != NULL ? layer->op.leaf(b, in, out)
                                      : layer->op.gather(b, in, NULL, 0, out);
        if (WEIR_UNLIKELY(code != 0)) {
            weir__branch_fail_op(b, layer, f, index, layer->op.leaf != NULL ? "leaf" : "gather",
                                 code);
            return f;
        }
        out += layer->op.out_bytes;
    } while (f->next != f->end && is_quiet(window, passes));
    return f;
}

/* Gathers f into its parent's slot, and counts the children that its worker ran. */
static inline void gather(weir_branch *b, weir__frame *f)
{
    const weir__layer *layer = f->layer;
    b->branches += f->end;
    const int code = layer->op.gather(b, f->in, f->results, f->count, f->out);
    if (WEIR_UNLIKELY(code != 0))
        weir__branch_fail_op(b, layer, f->parent, f->parent->next - 1, "gather", code);
}

/* Runs leaf children of f one by one, until none is left or the poll calls. */
static inline void run_leaves(weir_branch *b, weir__frame *f, uint32_t *passes)
{
    const weir__window *window = b->window;
    const weir__layer *leaf = f->layer->child;
    const uint32_t end = f->end;
    uint32_t i = f->next;
    char *out = result_slot(f, leaf, i);
    do {
        int code = f->layer->op.split(b, f->in, i, f->above);
        if (WEIR_UNLIKELY(code != 0)) {
            weir__branch_fail_op(b, leaf, f, i, "input's split", code);
        } else {
            code = leaf->op.leaf(b, f->above, out);
            if (WEIR_UNLIKELY(code != 0))
                weir__branch_fail_op(b, leaf, f, i, "leaf", code);
        }
        out += leaf->op.out_bytes;
        i++;
    } while (i != end && is_quiet(window, passes));
    f->next = i;
}

/* The chunk grows while a call is short, and shrinks when calls turn out long. */
static void learn_chunk(weir__worker *worker, uint32_t n, uint64_t ns)
{
    if (ns < CHUNK_NS / 2 && n >= worker->chunk && worker->chunk < CHUNK_MOST)
        worker->chunk *= 2;
    else if (ns > CHUNK_NS * 2)
        worker->chunk = n > 1 ? n / 2 : 1;
}

/* Runs leaf children of f with the range op: one chunk of them. */
static void run_leaf_range(weir_branch *b, weir__frame *f)
{
    const weir__layer *leaf = f->layer->child;
    weir__worker *worker = b->worker;
    const uint32_t left = f->end - f->next;
    const uint32_t n = left < worker->chunk ? left : worker->chunk;
    const bool timed = n == worker->chunk || ++b->untimed > CHUNK_UNTIMED;
    const uint64_t begun = timed ? weir__now_ns() : 0;
    const int code = leaf->op.leaves(b, f->in, f->next, n, result_slot(f, leaf, f->next));
    if (timed) {
        learn_chunk(worker, n, weir__now_ns() - begun);
        b->untimed = 0;
    }
    if (WEIR_UNLIKELY(code != 0))
        weir__branch_fail_op(b, leaf, f, f->next, "leaves", code);
    f->next += n;
}

/* The run stops: the topmost frame that was cut, or the base. */
static weir__frame *abandon(weir__frame *f, weir__frame *base)
{
    while (f != base && !weir__frame_is_cut(f))
        f = f->parent;
    return f;
}

/* Runs all that is this worker's of the stack on `base`. Returns the frame where it had to stop:
 * one whose parts may still be out, or the base. */
static weir__frame *run_stack(weir_branch *b, weir__frame *base)
{
    weir__frame *f = base;
    const weir__window *window = b->window;
    const weir__layer *passes_layer = NULL;
    uint32_t passes = 1;
    b->oldest = base;
    for (;;) {
        if (weir__window_calls(window) &&
            !(f->layer == passes_layer && pass_over(window, &passes))) {
            passes = weir__promote_serve(b, f);
            passes_layer = f->layer;
            if (passes == 0)
                return abandon(f, base);
        }
        if (f->next != f->end) {
            if (f->layer->children == WEIR_CHILDREN_INNER)
                f = enter(b, f, &passes);
            else if (f->layer->children == WEIR_CHILDREN_LEAF)
                run_leaves(b, f, &passes);
            else
                run_leaf_range(b, f);
        } else if (f == base || weir__frame_is_cut(f)) {
            return f;
        } else {
            gather(b, f);
            if (b->oldest == f)
                b->oldest = f->parent;
            f = f->parent;
        }
    }
}

static weir_branch begin(weir__run *run)
{
    const unsigned place = run->team_size == 1 ? 0 : weir__team_worker();
    run->workers[place].earned_at_ns = weir__now_ns(); /* rest earns nothing */
    return (weir_branch){.run = run,
                         .context = run->context,
                         .scratch = weir__window_take_scratch(&run->lane->window),
                         .worker = &run->workers[place],
                         .number = run->first_worker + place,
                         .window = &run->lane->window};
}

static void end(weir_branch *b)
{
    b->worker->branches += b->branches;
    weir__window_give_scratch(b->window, b->scratch);
    weir__window_add_active(b->window, -1);
}

void weir__part_run(weir__run *run, weir__part *part)
{
    if (!part->root)
        weir__window_began(&run->lane->window);
    weir_branch b = begin(run);
    const uint32_t first = part->view.next;
    weir__frame *stop = run_stack(&b, &part->view);
    b.branches += part->view.next - first;
    end(&b);
    if (weir__frame_is_cut(stop))
        weir__promote_leave_gathers(&b, part, stop);
    else
        weir__promote_complete(run, part);
}

void weir__part_gather_up(weir__run *run, weir__part *part, weir__frame *from, weir__frame *to,
                          bool last)
{
    weir__window_add_active(&run->lane->window, +1);
    weir_branch b = begin(run);
    for (weir__frame *f = from; f != to && !weir__window_stopped(b.window); f = f->parent)
        gather(&b, f);
    end(&b);
    if (last)
        weir__promote_complete(run, part);
}
