/* What the loop over branches leaves to the library: new frames, and the description of the branch
 * where a run failed.
 *
 * The loops of weir/detail/loop.h call it.  The path is put together only
 * after a failure, from the frames on the stack. It must never be asked for a branch whose parent has
 * been gathered. */
#include "pipeline/branch.h"

#include <stdio.h>
#include <string.h>

/* The name of one branch of a path, or of a row of them, at `at`; never more than `room` bytes with the
 * end. */
static size_t write_step(char *at, size_t room, const weir__layer *layer, bool numbered,
                         uint32_t index, uint32_t last)
{
    const unsigned long from = index, to = last;
    const int length = !numbered ? snprintf(at, room, "%.40s", layer->op.name)
                       : from == to
                           ? snprintf(at, room, "%.40s[%lu]", layer->op.name, from)
                           : snprintf(at, room, "%.40s[%lu..%lu]", layer->op.name, from, to);
    return (size_t)length;
}

/* Writes the path from its end to its beginning into the end of `text`, like A/B[2]/C[0], or for several
 * children like A/B[2]/C[0..9]; what does not fit becomes … after the top branch's name. Returns where it
 * begins. */
static const char *write_path(const weir_branch *b, const weir__layer *layer,
                              const weir__frame *parent, uint32_t index, uint32_t last, char *text,
                              size_t bytes)
{
    enum { STEP = 64, HEAD = 64 };
    char head[HEAD], step[STEP];
    char *begin = text + bytes - 1;
    bool cut = false;
    *begin = '\0';
    for (;;) {
        const bool top = parent->layer == &b->pipeline->plan->layer[0];
        const size_t length =
            write_step(step, sizeof step, layer, !top || b->pipeline->numbered, index, last);
        if (top) {
            const int head_length = snprintf(head, sizeof head, "%s%s", step, cut ? "/…" : "");
            WEIR_ASSERT(begin - text >= head_length);
            begin -= head_length;
            memcpy(begin, head, (size_t)head_length);
            return begin;
        }
        if (!cut && (size_t)(begin - text) > length + 1 + HEAD) {
            begin -= length + 1;
            *begin = '/';
            memcpy(begin + 1, step, length);
        } else {
            cut = true;
        }
        WEIR_ASSERT(parent->parent != NULL && parent->parent->next > 0);
        layer = parent->layer;
        parent = parent->parent;
        last = index = parent->next - 1;
    }
}

/* Stops the run for the children from `first` to `last` of f. */
static void fail_at(const weir_branch *b, const weir__frame *f, uint32_t first, uint32_t last,
                    weir_error *error)
{
    char path[sizeof error->where];
    weir__told_place(&b->told, write_path(b, f->layer->child, f, first, last, path, sizeof path),
                     error->code, error);
    weir__run_fail(b->run, error);
}

/* Stops it for the child of f that f->next has just passed. */
static void fail(const weir_loop *loop, const weir__frame *f, weir_error *error)
{
    WEIR_ASSERT(f->next > 0 && f->next <= f->count);
    fail_at(loop->branch, f, f->next - 1, f->next - 1, error);
}

void weir__branch_fail_range(weir_branch *b, const weir__frame *f, uint32_t first, uint32_t n,
                             int code)
{
    const char *name = f->layer->child->op.name;
    const uint32_t last = first + n - 1;
    WEIR_ASSERT(n > 0 && first <= last && last < f->count);
    const bool named =
        b->told.child_is_named && b->told.failed_child >= first && b->told.failed_child <= last;
    weir_error error = {.status = WEIR_EOP, .code = code};
    if (named || n == 1)
        snprintf(error.text, sizeof error.text,
                 "the leaves op of layer '%.90s' returned %d for child %lu", name, code,
                 (unsigned long)(named ? b->told.failed_child : first));
    else
        snprintf(error.text, sizeof error.text,
                 "the leaves op of layer '%.90s' returned %d for children %lu to %lu "
                 "(weir_failed_child() can name the one)",
                 name, code, (unsigned long)first, (unsigned long)last);
    fail_at(b, f, named ? b->told.failed_child : first, named ? b->told.failed_child : last,
            &error);
}

void weir__loop_fail(weir_loop *loop, const weir__frame *f, const char *op, int code)
{
    weir_error error = {.status = WEIR_EOP, .code = code};
    snprintf(error.text, sizeof error.text, "the %s op of layer '%.90s' returned %d", op,
             f->layer->child->op.name, code);
    fail(loop, f, &error);
}

void weir__loop_fail_count(weir_loop *loop, const weir__frame *f, uint32_t n)
{
    const weir_layer *layer = &f->layer->child->op;
    weir_error error = {.status = WEIR_EINVAL};
    snprintf(error.text, sizeof error.text,
             "the count op of layer '%.90s' gave %lu children; its fanout, the most there may be, "
             "is %lu",
             layer->name, (unsigned long)n, (unsigned long)layer->fanout);
    fail(loop, f, &error);
}

static void fail_depth(const weir_loop *loop, const weir__frame *f)
{
    const weir_layer *layer = &f->layer->child->op;
    weir_error error = {.status = WEIR_EINVAL};
    snprintf(error.text, sizeof error.text,
             "layer '%.90s' has children below its max_depth of %lu; raise max_depth, or let count "
             "give 0",
             layer->name, (unsigned long)layer->max_depth);
    fail(loop, f, &error);
}

int weir__loop_deepen(weir_loop *loop, weir__frame *f)
{
    const weir__layer *layer = f->layer->child;
    WEIR_ASSERT(layer->op.fanout > 0 && f->above == loop->fresh);
    if (loop->depth >= layer->deepest) {
        fail_depth(loop, f);
        return 0;
    }
    weir__frame *child = (weir__frame *)(void *)f->above;
    char *in = (char *)(child + 1);
    *child = (weir__frame){.layer = layer,
                           .parent = f,
                           .in = in,
                           .results = in + layer->in_bytes,
                           .above = f->above + layer->frame_bytes};
    loop->fresh = child->above;
    loop->depth++;
    WEIR_ASSERT((uintptr_t)child % WEIR_ALIGN == 0 && child->above >= child->results);
    return 1;
}
