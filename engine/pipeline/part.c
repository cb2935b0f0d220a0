/* Runs the branches of a part depth first, and the bodies of tasks around that; see part.h.
 *
 * The hot path is the loop of weir/inline.h, compiled here for ops that are called through pointers,
 * and in programs for their own.  A failed op needs no way back from it: it stops the run, so that
 * the next poll calls, and weir__promote_serve() says stop. */
#include "pipeline/part.h"

#include <string.h>

#include "pipeline/idle.h"
#include "pipeline/promote.h"
#include "sched/enclose.h"

/* A range op is called for about this long, so that it is worth vectorising and demand is still
 * seen in time. */
static const weir__aim chunk_aim = {.ns = 10000, .untimed = 15};

/* Runs leaf children of f with the range op: one chunk of them. */
static void run_range(weir_branch *b, weir__frame *f)
{
    const weir__layer *leaf = f->layer->child;
    weir__grain *chunk = &b->worker->chunk;
    const uint32_t first = f->next, left = f->end - first;
    const uint32_t n = left < chunk->n ? left : chunk->n;
    const bool timed = weir__grain_begin(chunk, &chunk_aim, n);
    const uint64_t begun = timed ? weir__now_ns() : 0;
    char *results = f->results + (size_t)first * leaf->op.out_bytes;
    b->child_is_named = false;
    const int code = leaf->op.leaves(b, f->in, first, n, results);
    if (timed)
        weir__grain_end(chunk, &chunk_aim, n, weir__now_ns() - begun);
    if (WEIR_UNLIKELY(code != 0))
        weir__branch_fail_range(b, f, first, n, code);
    f->next = first + n;
}

/* The loop for ops that are called. The copies are for the compiler, which else would have to look
 * up the ops after each call anew. */
static void loop_over_leaves(weir_loop *loop, const weir_layer *layer, const weir_layer *leaf)
{
    const weir_layer as = {.split = layer->split, .gather = layer->gather};
    const weir_layer child = {.leaf = leaf->leaf, .out_bytes = leaf->out_bytes};
    weir__loop_layer(loop, &as, &child);
}

/* Runs children of the topmost frame, if it has some left, or else gathers it. */
static inline void run_layer(weir_branch *b, weir__frame *f)
{
    const weir__layer *layer = f->layer;
    if (layer->op.loop != NULL) {
        layer->op.loop(&b->loop);
    } else if (layer->child->op.fanout != 0) {
        weir__loop_layer(&b->loop, &layer->op, &layer->child->op);
    } else if (!layer->ranges) {
        loop_over_leaves(&b->loop, &layer->op, &layer->child->op);
    } else if (f->next != f->end) {
        run_range(b, f);
    } else {
        weir__loop_gather(&b->loop, f, &layer->op);
        b->loop.frame = f->parent;
    }
}

/* Runs all that is this worker's of the stack of a part, until only the base is left, or a frame whose
 * parts are out, or the run stops, or somebody is to be woken. */
static void run_stack(void *branch)
{
    weir_branch *b = branch;
    weir_loop *loop = &b->loop;
    weir__frame *base = &b->part->view;
    const weir__layer *layer = NULL;
    for (;;) {
        weir__frame *f = loop->frame;
        if (f->layer != layer) { /* ops of one layer say nothing about those of another */
            layer = f->layer;
            loop->polls = 1;
            if (weir__window_missing(b->window) > 0)
                weir__mail_poke(b->mail, b->place);
        }
        if (!weir__loop_is_quiet(loop) && !weir__promote_serve(b, f))
            return;
        if (f->next == f->end && f == loop->stop) {
            if (f == base || weir__frame_has_parts(f))
                return;
            loop->stop = --b->cut_count > 0 ? b->cut[b->cut_count - 1] : base;
        }
        run_layer(b, f);
    }
}

static void begin(weir_branch *b, weir__run *run, weir__part *part)
{
    memset(b, 0, offsetof(weir_branch, cut));
    b->part = part;
    b->run = run;
    b->context = run->context;
    b->scratch = weir__window_take_scratch(&run->lane->window);
    b->place = run->team_size == 1 ? 0 : weir__team_worker();
    b->worker = &run->workers[b->place];
    b->number = run->first_worker + b->place;
    b->window = &run->lane->window;
    b->mail = &run->lane->mail;
    b->began_ns = weir__now_ns();
    b->earned_at_ns = b->began_ns - b->worker->unpaid_ns; /* rest earns nothing */
    b->loop.branch = b;
    b->loop.signal = weir__mail_signal(b->mail, b->place);
}

/* Sets the stack up with nothing on it but the part. */
static void begin_stack(weir_branch *b)
{
    weir_loop *loop = &b->loop;
    weir__frame *base = &b->part->view;
    loop->stop = loop->frame = b->oldest = base;
    loop->fresh = base->above;
    loop->depth = b->part->depth + 1;
    loop->branches = base->end - base->next;
}

/* By way of an exception as well. */
static void give_scratch(weir_branch *b)
{
    weir__window_give_scratch(b->window, b->scratch);
    b->scratch = NULL;
}

static void end(weir_branch *b)
{
    b->worker->branches += b->loop.branches;
    weir__promote_account(b);
    give_scratch(b);
}

/* Calls f, which runs ops. A worker alone makes no tasks that would be in their way. */
static void run_ops(const weir__run *run, void (*f)(void *), void *argument)
{
    if (run->team_size > 1)
        weir__enclose(f, argument);
    else
        f(argument);
}

/* The worker has run all that is its own. True if it came back to a frame with parts out, and they
 * came back soon, so that it can go on. Else *next is a part that it was given while it waited. */
static bool parts_came_back(weir_branch *b, weir__part **next)
{
    weir__frame *f = b->loop.stop;
    if (weir_stopping(b) || (f == &b->part->view && !weir__frame_has_parts(f)))
        return false;
    b->worker->gives_last = !b->worker->gives_last;
    const uint64_t begun = weir__now_ns();
    *next = weir__idle(b->run, b->place, f);
    const uint64_t idle_ns = weir__now_ns() - begun;
    b->earned_at_ns += idle_ns;
    b->idle_ns += idle_ns;
    if (weir_stopping(b) || weir__frame_has_parts(f))
        return false;
    weir__idle_ends(b->run, b->worker);
    if (*next != NULL)
        weir__promote_post(b->run, b->place, *next);
    *next = NULL;
    return true;
}

bool weir__part_run(weir__run *run, weir__part **part)
{
    weir__part *own = *part;
    weir_branch b __attribute__((cleanup(give_scratch)));
    begin(&b, run, own);
    begin_stack(&b);
    if (own->from != NULL) {
        weir__window_began(b.window);
        weir__idle_ends_with_part(run, b.worker);
        if (weir__window_missing(b.window) >= 0) /* nothing is queued ahead now */
            weir__mail_poke_others(b.mail, b.place);
    }
    *part = NULL;
    do
        run_ops(run, run_stack, &b);
    while (weir__promote_wake(&b) || parts_came_back(&b, part));
    weir__frame *f = b.loop.stop;
    const bool left = f != &own->view || weir__frame_has_parts(f);
    b.worker->gathers_promoted += f != &own->view;
    end(&b);
    if (!left)
        return !weir__promote_complete(run, own);
    weir__promote_leave(run, own, f);
    return *part != NULL;
}

/* Runs this part, if it is one, and then others, until there are none for a while, or there may be a
 * task to run (no more): then the worker goes back to the runtime. */
static void serve(weir__run *run, weir__part *part, bool more)
{
    const unsigned place = weir__team_worker();
    do {
        while (part != NULL || (more && (part = weir__idle(run, place, NULL)) != NULL))
            more = weir__part_run(run, &part);
        weir__idle_begins(run, &run->workers[place]);
        part = weir__mail_sleep(&run->lane->mail, place);
    } while (part != NULL);
}

void weir__part_serve(weir__run *run, weir__part *part)
{
    if (part != NULL && part->from != NULL)
        weir__mail_woke(&run->lane->mail);
    serve(run, part, true);
}

/* A gather task at work: f is the frame to gather next. */
typedef struct gathering {
    weir_branch b;
    weir__frame *f;
    const weir__frame *base;
    bool left; /* f has parts out */
} gathering;

static void gather_up(void *argument)
{
    gathering *g = argument;
    while (g->f != g->base && !g->left) {
        if (!weir_stopping(&g->b))
            weir__loop_gather(&g->b.loop, g->f, &g->f->layer->op);
        g->f = g->f->parent;
        g->left = weir__frame_has_parts(g->f);
    }
}

void weir__part_gather_up(weir__run *run, weir__part *part, weir__frame *f)
{
    weir__mail_woke(&run->lane->mail);
    gathering g;
    g.f = f;
    g.base = &part->view;
    g.left = false;
    begin(&g.b, run, NULL);
    weir__idle_ends(run, g.b.worker);
    f->parts = 0;
    run_ops(run, gather_up, &g);
    g.b.worker->gathers_promoted += g.f != g.base;
    end(&g.b);
    bool more = false;
    if (g.left)
        weir__promote_leave(run, part, g.f);
    else
        more = !weir__promote_complete(run, part);
    serve(run, NULL, more);
}
