/* Promotion: which children to hand out and when, and how parts join again; see promote.h.
 *
 * The oldest frame with children remaining is cut, since its children are the largest pieces of
 * work. So a deeper frame is cut only when no older one has children for this worker, and once the
 * worker comes to a cut frame, it has nothing more to do on this stack.
 *
 * Of the topmost frame's children, none of which is under way, one half is as good as the other,
 * unless one of them has nearly all the work in its subtree. A worker that gave that one away has
 * no work, the part's permit is out until all of the subtree is done, and if this goes on, so are
 * all permits. A list has its rest last, so the worker gives the near half, which it would run
 * next; and if it ran out of work all the same, the far half from then on. */
#include "pipeline/promote.h"

#include "base/atomics.h"
#include "sched/life.h"
#include "trace/point.h"

void weir__promote_account(weir_branch *b)
{
    const uint64_t now = weir__now_ns();
    const uint64_t elsewhere = b->idle_ns + (b->worker->nested_ns - b->nested_ns);
    if (weir__stint_is_under_way(&b->run->stint))
        weir__stint_look(&b->run->stint, now);
    weir__credit_end(b->purse, b->worker, now, now - b->began_ns - elsewhere,
                     b->part != NULL && b->part->from != NULL);
}

/* The oldest frame with children remaining, from f on up to `top`, or `top`. */
static weir__frame *oldest_with_children(weir__frame *f, const weir__frame *top)
{
    while (f != top && f->next == f->end)
        f = (weir__frame *)(void *)f->above;
    return f;
}

/* The frame to cut next, or NULL; *n is the number of its remaining children to hand out. On the top
 * frame one child stays, or two workers would hand it back and forth. */
static weir__frame *next_to_cut(weir_branch *b, weir__frame *top, uint32_t *n)
{
    /* Where the oldest frame is gathered already, no older one had children remaining, and the
     * topmost is all that there is to hand out. In a list no older frame ever has any, and nobody
     * need go and see. */
    const bool older = b->loop.has_older != 0 && b->oldest < top;
    WEIR_ASSERT(older || b->oldest >= top || oldest_with_children(b->oldest, top) == top);
    weir__frame *f = older ? oldest_with_children(b->oldest, top) : top;
    b->oldest = f;
    if (f == top)
        b->loop.has_older = 0;
    const uint32_t remaining = f->end - f->next;
    *n = f == top ? remaining / 2 : remaining - remaining / 2;
    return *n > 0 ? f : NULL;
}

/* Branches on the path to f, which is on the stack of b: frames of a recursive layer lie in a row up to
 * the blank ones, and without recursion a layer is a depth. */
static uint32_t depth_of(const weir_branch *b, const weir__frame *f)
{
    const weir__layer *layer = f->layer;
    if (f == &b->part->view)
        return b->part->depth;
    if (!layer->recursive)
        return (uint32_t)(layer - b->pipeline->plan->layer);
    return b->loop.depth -
           (uint32_t)((size_t)(b->loop.fresh - (const char *)f) / layer->frame_bytes);
}

/* Notes that f, which is deeper than all cut frames, will have parts out. False if there are too
 * many such. */
static bool note_cut(weir_branch *b, weir__frame *f)
{
    if (f == b->loop.join_frame)
        return true;
    WEIR_ASSERT(f > b->loop.join_frame); /* an older one has no children to cut */
    while (b->cut_count > 0 && !weir__frame_has_parts(b->cut[b->cut_count - 1]))
        b->cut_count--;
    if (b->cut_count == WEIR_MOST_CUT)
        return false;
    b->loop.join_frame = b->cut[b->cut_count++] = f;
    return true;
}

/* Cuts n children off f, the next ones or the last ones, and hands them out. False if the window says
 * not now. */
static bool cut(weir_branch *b, weir__frame *f, uint32_t n, bool next_ones)
{
    const weir__layer *layer = f->layer;
    WEIR_ASSERT(n > 0 &&
                n <= f->end - f->next - (f == b->loop.frame)); /* one of the topmost's stays */
    weir__part *part = weir__window_admit(b->window, layer->part_memory, layer->part_declared);
    if (part == NULL)
        return false;
    part->item = (weir__item){.run = weir__part_run, .number = b->run->number};
    part->pipeline = b->pipeline;
    part->declared = layer->part_declared;
    part->from = f;
    part->depth = depth_of(b, f);
    part->view = (weir__frame){.layer = layer,
                               .parent = f->parent,
                               .in = f->in,
                               .results = f->results,
                               .above = (char *)(part + 1),
                               .next = f->next,
                               .end = f->end};
    if (next_ones)
        part->view.end = f->next += n;
    else
        part->view.next = f->end -= n;
    part->view.count = part->view.end;
    __atomic_fetch_add(&f->parts, 1, __ATOMIC_RELAXED);
    b->loop.branches -= n;
    b->worker->counts.promotions++;
    weir__life_share(b->worker, &part->item);
    return true;
}

/* Something may not be handed out. Does anybody wait for it? */
static void note_denial(weir_branch *b)
{
    if (weir__mail_missing(b->mail) <= 0)
        return;
    if (weir__window_has_permit(b->window))
        b->worker->counts.denied_bytes++;
    else
        b->worker->counts.denied_permits++;
}

/* Hands out what may be handed out, of the frames below `top` and, if `of_top`, of that one; true if that
 * was anything. */
static bool hand_out(weir_branch *b, weir__frame *top, bool of_top)
{
    bool any = false;
    while (weir__life_may_share(b->run, b->worker)) {
        uint32_t n;
        weir__frame *f = next_to_cut(b, top, &n);
        if (f == NULL || (f == top && !of_top) || !note_cut(b, f))
            return any;
        if (!cut(b, f, n, f == top && !b->worker->keeps_near)) {
            note_denial(b);
            return any;
        }
        any = true;
        weir__credit_spend(b->purse);
    }
    if (!weir__window_has_permit(b->window))
        note_denial(b);
    return any;
}

/* The lowest frame whose next child the loop may have in a register, while one of its ops runs: the topmost,
 * or, where that is recursive, the first one of its layer. */
static weir__frame *lowest_in_hand(weir_branch *b)
{
    const weir__frame *base = &b->part->view;
    weir__frame *f = b->loop.frame;
    while (f != base && f->layer->recursive && f->parent->layer == f->layer)
        f = f->parent;
    return f;
}

bool weir__promote_around(weir__told *told)
{
    weir_branch *b = weir__told_branch(told);
    if (b->part == NULL) /* its op gathers, and it has nothing else */
        return false;
    const int has_older = b->loop.has_older;
    const bool any = hand_out(b, lowest_in_hand(b), false);
    b->loop.has_older = has_older; /* frames above that one may have children remaining */
    return any;
}

/* The worker asks itself, so that a poll fires again after some that go by. */
static void ask_itself(weir_branch *b, uint64_t now_ns)
{
    weir__mail_ask(b->mail, b->worker->index);
    /* Not always the same number, or the poll could always fire at the last child of a frame. */
    b->loop.polls = 1 + b->skip_polls - ((uint32_t)now_ns & b->skip_polls / 4);
}

/* Returns the time since a poll fired last. */
static uint64_t note_firing(weir_branch *b, uint64_t now_ns)
{
    const uint64_t since_ns = now_ns - b->fired_at_ns;
    b->fired_at_ns = now_ns;
    return since_ns;
}

/* In a run that is alone, the only request is this worker's own: does the run need its team? A stop
 * writes another word. */
static bool serve_alone(weir_branch *b, weir__frame *top)
{
    weir__stint *stint = &b->run->stint;
    uint32_t n;
    if (__atomic_load_n(b->loop.signal, __ATOMIC_RELAXED) != WEIR__REQUEST) {
        weir__mail_acknowledge(b->mail, b->worker->index);
        if (weir__run_stopping(b->run))
            return false;
    }
    const uint64_t now = weir__now_ns();
    weir__stint_look(stint, now);
    b->wants_team = weir__stint_is_late(stint) && next_to_cut(b, top, &n) != NULL;
    if (b->wants_team)
        return false;
    (void)weir__worker_look(b->worker); /* deadlines are met as well */
    b->skip_polls = weir__life_skip_polls(b->skip_polls, note_firing(b, now));
    ask_itself(b, now);
    return true;
}

bool weir__promote_serve(weir_branch *b, weir__frame *top)
{
    WEIR_ASSERT(top == b->loop.frame);
    b->told.nested_failed = false; /* the op that it was for has returned */
    if (weir__stint_is_under_way(&b->run->stint))
        return serve_alone(b, top);
    weir__mail_acknowledge(b->mail, b->worker->index); /* before it is asked what it is about */
    if (weir__run_stopping(b->run))
        return false;
    if (!weir__mail_has_others(b->mail) && !weir__worker_has_looks(b->worker)) {
        b->loop.polls = 1;
        return true;
    }
    const uint64_t now = weir__now_ns(), since_fired_ns = note_firing(b, now);
    weir__credit_earn(b->purse, b->worker, now);
    const bool any = hand_out(b, top, true) || weir__told_hand_out_around(&b->told);
    WEIR_ASSERT_SLOW(weir__stack_is_valid(b));
    if (any)
        b->skip_polls = 0;
    else
        b->skip_polls = weir__life_skip_polls(b->skip_polls, since_fired_ns);
    /* Searching workers ask, and ask again. That is enough where there are more items than workers
     * without work, or where ops are so short that the next request is seen soon, and nobody
     * sleeps. Else this worker asks itself: for sleepers, who cannot, and for an item to queue
     * ahead. */
    const bool sleepers = weir__mail_has_sleepers(b->mail); /* before it is asked who is missing */
    const bool enough = !weir__mail_has_others(b->mail) || weir__mail_missing(b->mail) < 0 ||
                        (b->skip_polls >= WEIR_PASS_ENOUGH && !sleepers);
    const bool looks = weir__worker_look(b->worker);
    if (!looks && enough)
        b->loop.polls = 1;
    else /* for what it looks after as well */
        ask_itself(b, now);
    return !looks || !weir__run_stopping(b->run); /* it may have done something else for long */
}

weir__item *weir__promote_suspend(weir__part *part, weir__frame *f)
{
    part->item.run = weir__part_gather;
    part->suspended_at = f;
    f->token = (uint64_t)(uintptr_t)part;
    WEIR_POINT(PART_SUSPENDED);
    /* J3: release and acquire; pairs with J2. The last of the parts finds all this. */
    const uint32_t parts = __atomic_fetch_or(&f->parts, WEIR_FRAME_SUSPENDED, __ATOMIC_ACQ_REL);
    WEIR_ASSERT(parts < WEIR_FRAME_SUSPENDED);
    return parts == 0 ? &part->item : NULL;
}

/* A part of f is complete. Returns the item that gathers f, if f is suspended and this was the last. */
static weir__item *join(weir__frame *f)
{
    WEIR_POINT(PART_COMPLETING);
    /* J2: release; pairs with J1. From here on the frame may be gathered and gone, unless it is
     * suspended and this was the last: then acquire as well, and it pairs with J3 and the other J2. */
    const uint32_t parts = __atomic_fetch_sub(&f->parts, 1, __ATOMIC_ACQ_REL);
    WEIR_ASSERT((parts & ~WEIR_FRAME_SUSPENDED) > 0);
    return parts == (WEIR_FRAME_SUSPENDED | 1) ? &((weir__part *)(uintptr_t)f->token)->item : NULL;
}

weir__item *weir__promote_complete(weir__part *part)
{
    weir__run *run = part->pipeline->run;
    weir__frame *from = part->from;
    WEIR_ASSERT(!weir__frame_has_parts(&part->view)); /* it has all its results */
    if (from == NULL) {
        weir__run_finish(run);
        return NULL;
    }
    /* First the window: once the frame knows, the run may end. */
    weir__window_complete(&run->window, part, part->declared);
    return join(from);
}
