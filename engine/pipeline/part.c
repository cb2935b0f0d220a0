/* The body of a part: a worker runs its branches depth first, over frames that it alone owns.
 *
 * Workers run parts as items; run.c makes the root, promote.c all others.  A part must never wait
 * long for another worker: where results are missing, the last that has some goes on.
 *
 * The hot path is the loop of weir/inline.h, compiled here for ops that are called through
 * pointers, and in programs for their own.  A failed op needs no way back from it: it stops the
 * run, so that the next poll fires, and weir__promote_serve() says stop. */
#include "pipeline/promote.h"
#include "sched/enclose.h"

static const weir__aim chunk_aim = {.ns = WEIR_CHUNK_NS, .untimed = WEIR_CHUNK_UNTIMED};

/* Runs leaf children of f with the range op: one chunk of them. */
static void run_range(weir_branch *b, weir__frame *f)
{
    const weir__layer *leaf = f->layer->child;
    weir__grain *chunk = &b->worker->chunk;
    const uint32_t first = f->next, remaining = f->end - first;
    const uint32_t n = remaining < chunk->n ? remaining : chunk->n;
    WEIR_ASSERT(f->layer->ranges && n > 0);
    const bool timed = weir__grain_begin(chunk, &chunk_aim, n);
    const uint64_t begun = timed ? weir__now_ns() : 0;
    char *results = f->results + (size_t)first * leaf->op.out_bytes;
    b->told.child_is_named = false;
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

/* Runs children of the topmost frame, if it has some remaining, or else gathers it. */
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

/* Runs all that is this worker's of the stack of a part, until the topmost frame is the base, or
 * one whose parts are out, or the run stops. */
static void run_stack(void *branch)
{
    weir_branch *b = branch;
    weir_loop *loop = &b->loop;
    weir__frame *base = &b->part->view;
    const weir__layer *layer = NULL;
    WEIR_ASSERT_SLOW(weir__stack_is_valid(b));
    if (weir__run_stopping(b->run)) /* its word may be of another run's time */
        return;
    for (;;) {
        weir__frame *f = loop->frame;
        if (f->layer != layer) { /* ops of one layer say nothing about those of another */
            layer = f->layer;
            if (!b->polls_on) {
                loop->polls = 1;
                if (weir__mail_missing(b->mail) > 0)
                    weir__mail_ask(b->mail, b->worker->index);
            }
        }
        if (!weir__loop_may_go_on(loop) && !weir__promote_serve(b, f))
            return;
        if (f->next == f->end && f == loop->join_frame) {
            if (f == base || weir__frame_has_parts(f))
                return;
            /* A part may be complete because its op gave up, before this worker was told. */
            if (weir__run_stopping(b->run))
                return;
            WEIR_ASSERT(b->cut_count > 0 && b->cut[b->cut_count - 1] == f);
            loop->join_frame = --b->cut_count > 0 ? b->cut[b->cut_count - 1] : base;
        }
        run_layer(b, f);
    }
}

/* Can nothing of the nested run be handed out? */
static bool polls_for_others(const weir_branch *b)
{
    return b->run->starter != NULL && b->window->max_in_flight == 0;
}

/* Such a run polls for the run around. So it goes on as the last one did on this worker, if that was of the
 * same plan. */
static void take_over_polls(weir_branch *b)
{
    const weir__polls *last = &b->worker->polls;
    b->polls_on = polls_for_others(b) && last->of == b->pipeline->plan;
    b->skip_polls = b->polls_on ? last->skip : 0;
    b->fired_at_ns = b->polls_on ? last->fired_at_ns : 0;
    b->loop.polls = b->polls_on ? last->left : 0;
}

static void leave_polls(const weir_branch *b)
{
    if (polls_for_others(b))
        b->worker->polls = (weir__polls){.of = b->pipeline->plan,
                                         .skip = b->skip_polls,
                                         .left = b->loop.polls,
                                         .fired_at_ns = b->fired_at_ns};
}

static void begin(weir_branch *b, weir__worker *worker, weir__part *part)
{
    weir__run *run = part->pipeline->run;
    WEIR_ASSERT(part->item.number == run->number && worker->mail == run->mail);
    weir__run_turn_to(run, worker);
    b->part = NULL;
    b->pipeline = part->pipeline;
    b->scratch = weir__window_acquire_scratch(&run->window);
    b->told = (weir__told){.run = run,
                           .context = part->pipeline->context,
                           .worker = worker,
                           .scratch = run->window.scratch_bytes > 0 ? b->scratch : NULL,
                           .nested_bytes = run->window.nested_bytes,
                           .hand_out = weir__promote_around};
    b->purse = &run->root->purse;
    b->window = &run->window;
    b->mail = run->mail;
    b->idle_ns = 0;
    b->nested_ns = worker->nested_ns;
    b->wants_team = false;
    b->cut_count = 0;
    b->began_ns = weir__now_ns();
    weir__credit_begin(worker, b->began_ns); /* rest earns nothing */
    b->loop = (weir_loop){.branch = b, .signal = weir__mail_signal(b->mail, worker->index)};
    b->here = weir__here_top();
    WEIR_ASSERT(b->here->worker == worker);
    b->before = weir__here_turn_to(b->here, (weir__now){.run = run, .told = &b->told});
    b->told.around = b->before.told;
    take_over_polls(b);
    weir__arithmetic_set(&run->arithmetic); /* an op may have left its own */
}

/* Sets up the stack of a part, of which no frame has parts out. Those above `top`, which may be the
 * part itself, are as good as blank. */
static void set_stack(weir_branch *b, weir__part *part, weir__frame *top)
{
    weir_loop *loop = &b->loop;
    weir__frame *base = &part->view;
    WEIR_ASSERT(base->parts == 0); /* nobody has cut it yet */
    b->part = part;
    loop->join_frame = b->oldest = base;
    loop->frame = top;
    loop->fresh = top->above;
    loop->depth = part->depth + 1;
    loop->has_older = top != base;
    for (const weir__frame *f = top; f != base; f = f->parent)
        loop->depth++;
    WEIR_ASSERT_SLOW(weir__stack_is_valid(b));
}

/* By way of an exception as well. */
static void leave(weir_branch *b)
{
    if (b->here == NULL)
        return;
    weir__window_release_scratch(b->window, b->scratch);
    (void)weir__here_turn_to(b->here, b->before);
    b->here = NULL;
}

/* Afterwards the part is suspended, or complete, and nothing of the run may be there any more. */
static void end(weir_branch *b)
{
    b->worker->counts.branches += b->loop.branches;
    weir__promote_account(b);
    weir__run_count(b->run, b->worker);
    leave_polls(b);
    leave(b);
}

/* The worker has run all that is its own of the part. True if it has come to a frame with parts
 * out, and that joins soon, so that it can go on. Else *given is an item that it got while it
 * waited. */
static bool joins_soon(weir_branch *b, weir__item **given)
{
    weir__worker *worker = b->worker;
    weir__frame *f = b->loop.join_frame;
    if (weir__run_stopping(b->run) || (f == &b->part->view && !weir__frame_has_parts(f)))
        return false;
    worker->keeps_near = !worker->keeps_near;
    const uint64_t begun = weir__now_ns();
    *given = weir__worker_search(worker, &f->parts);
    const uint64_t idle_ns = weir__now_ns() - begun;
    weir__credit_waited(worker, idle_ns);
    b->idle_ns += idle_ns;
    if (weir__run_stopping(b->run) || weir__frame_has_parts(f))
        return false;
    weir__worker_goes_on(worker);
    if (*given != NULL)
        weir__mail_post(worker->mail, worker->index, *given);
    *given = NULL;
    return true;
}

/* The next item of a worker that was given one, and whose part has made another one ready. */
static weir__item *choose(weir__worker *worker, weir__item *given, weir__item *ready)
{
    if (given == NULL)
        return ready;
    if (ready != NULL) {
        weir__mail_post(worker->mail, worker->index, given);
        return ready;
    }
    weir__worker_turn_to(worker, given);
    return given;
}

/* Leaves the stack for the team to come. */
static weir__item *leave_to_team(weir_branch *b)
{
    weir__part *part = b->part;
    WEIR_ASSERT(part->from == NULL && b->cut_count == 0);
    part->suspended_at = b->loop.frame;
    part->item.run = weir__part_go_on;
    end(b);
    return &part->item;
}

/* Runs what is on the stack, until the part is complete, or suspended, or left to the team. */
static weir__item *run_to_end(weir_branch *b)
{
    weir__part *part = b->part;
    weir__worker *worker = b->worker;
    weir__item *given = NULL;
    do
        weir__run_ops(b->run, run_stack, b);
    while (!b->wants_team && joins_soon(b, &given));
    if (b->wants_team)
        return leave_to_team(b);
    weir__frame *f = b->loop.join_frame;
    const bool suspends = f != &part->view || weir__frame_has_parts(f);
    worker->counts.gathers_promoted += f != &part->view;
    /* It goes at the end of what is its own, unless all of the run is given up. */
    WEIR_ASSERT((f->next == f->end && b->loop.frame == f) || weir__run_stopping(b->run));
    end(b);
    return choose(worker, given,
                  suspends ? weir__promote_suspend(part, f) : weir__promote_complete(part));
}

weir__item *weir__part_run(weir__worker *worker, weir__item *item)
{
    weir__part *part = (weir__part *)item;
    weir_branch b __attribute__((cleanup(leave)));
    begin(&b, worker, part);
    set_stack(&b, part, &part->view);
    b.loop.branches = part->view.end - part->view.next;
    if (part->from != NULL) {
        weir__worker_began_item(worker);
        if (weir__mail_missing(b.mail) >= 0) /* nothing is queued ahead now */
            weir__mail_ask_others(b.mail, worker->index);
    }
    return run_to_end(&b);
}

weir__item *weir__part_go_on(weir__worker *worker, weir__item *item)
{
    weir__part *part = (weir__part *)item;
    weir_branch b __attribute__((cleanup(leave)));
    begin(&b, worker, part);
    set_stack(&b, part, part->suspended_at);
    return run_to_end(&b);
}

/* Gathers at work: f is the frame to gather next. */
typedef struct gathering {
    weir_branch b;
    weir__frame *f;
    const weir__frame *base;
    bool suspends; /* f has parts out */
} gathering;

static void gather_up(void *argument)
{
    gathering *g = argument;
    while (g->f != g->base && !g->suspends) {
        WEIR_ASSERT(g->f->next == g->f->end || weir__run_stopping(g->b.run));
        if (!weir__run_stopping(g->b.run))
            weir__loop_gather(&g->b.loop, g->f, &g->f->layer->op);
        g->f = g->f->parent;
        g->suspends = weir__frame_has_parts(g->f);
    }
}

static void gather_in_task(void *argument)
{
    weir__enclose_ops(gather_up, argument);
}

weir__item *weir__part_gather(weir__worker *worker, weir__item *item)
{
    weir__part *part = (weir__part *)item;
    gathering g;
    g.f = part->suspended_at;
    g.base = &part->view;
    g.suspends = false;
    begin(&g.b, worker, part);
    weir__worker_goes_on(worker);
    WEIR_ASSERT(g.f->parts == WEIR_FRAME_SUSPENDED);
    g.f->parts = 0;
    weir__enclose_gather(gather_in_task, &g, (const char *)g.f);
    worker->counts.gathers_promoted += g.f != g.base;
    end(&g.b);
    return g.suspends ? weir__promote_suspend(part, g.f) : weir__promote_complete(part);
}
