/* Promotion: which children to hand out, and the OpenMP tasks for parts and gathers; see promote.h.
 *
 * The oldest frame with children left is cut, since its children are the largest pieces of work; so
 * a deeper frame is cut only when nothing is left for this worker below it, and once a cut frame is
 * all that remains, the worker has nothing more to do on this stack.
 *
 * Credits bound the overhead of fine work: a promotion costs one to five microseconds, and a worker
 * earns one in EARN_NS of running. If it has nothing left soon after it handed something out, it gave
 * away what it could as well have done itself, and forfeits its credits: else a chain of tiny
 * branches, where there is always something to hand out and never work for two, would wander from
 * worker to worker all the time. */
#include "promote.h"

#include <omp.h>

#define EARN_NS 20000

/* While nothing can be handed out, look into one poll in so many, about one in four microseconds: the
 * clock costs as much as a few small branches. */
#define PASS_MOST 511
#define PASS_NS   4000

static void earn_credits(weir__worker *worker, unsigned most, uint64_t now)
{
    if (now < worker->earned_at_ns + EARN_NS)
        return;
    const uint64_t earned = (now - worker->earned_at_ns) / EARN_NS;
    worker->earned_at_ns += earned * EARN_NS;
    /* It starts with one for each worker asked for, which may be more than OpenMP gave. */
    const unsigned missing = worker->credits < most ? most - worker->credits : 0;
    worker->credits += earned < missing ? (unsigned)earned : missing;
}

/* The frame to cut next, or NULL; *keep is the number of its remaining children that stay here. On
 * the top frame one child stays, or two workers would hand it back and forth. */
static weir__frame *next_to_cut(weir_branch *b, weir__frame *top, uint32_t *keep)
{
    /* Where the oldest frame is gathered already, nothing was left below it, and it is all that there
     * was to hand out. */
    weir__frame *f = b->oldest > top ? top : b->oldest;
    while (f != top && f->next == f->end)
        f = (weir__frame *)(void *)f->above;
    b->oldest = f;
    const uint32_t left = f->end - f->next;
    *keep = f == top ? left - left / 2 : left / 2;
    return *keep < left ? f : NULL;
}

/* The task of a part. The body must not be empty, nor the clauses if, final, untied or priority be
 * used: each loses `detach` in one runtime or the other. */
static void spawn_part(weir__run *run, const weir__frame *f, weir__part *part)
{
    omp_event_handle_t done = (omp_event_handle_t)0; /* the task construct fills it in */
#pragma omp task depend(in : *f) detach(done) firstprivate(run, part)
    {
        part->done = (uint64_t)done;
        run->run_part(run, part);
    }
}

/* Cuts the children [first, end) off f and hands them out. False if the window says not now. */
static bool cut(weir_branch *b, weir__frame *f, uint32_t first)
{
    const weir__layer *layer = f->layer;
    weir__part *part = weir__window_admit(b->window, layer->part_memory, layer->part_declared);
    if (part == NULL)
        return false;
    part->run = b->run;
    part->declared = layer->part_declared;
    part->root = false;
    part->view = *f;
    part->view.next = first;
    part->view.above = (char *)(part + 1);
    part->view.count = part->view.end;
    b->cut_frames += !weir__frame_is_cut(f);
    f->end = first;
    weir__window_add_active(b->window, +1);
    b->worker->promotions++;
    if (b->worker == b->run->workers)
        weir__team_bind_caller(b->run->team);
    WEIR_YIELD_POINT();
    spawn_part(b->run, f, part);
    return true;
}

/* May this worker make one part more? Idle workers are served at once; a part is queued ahead only out
 * of plenty. */
static bool may_hand_out(const weir_branch *b)
{
    const int missing = weir__window_missing(b->window);
    return missing > 0 ? b->worker->credits > 0
                       : missing == 0 && b->worker->credits > b->run->team_size / 2;
}

/* Hands out what may be handed out; true if that was anything. */
static bool hand_out(weir_branch *b, weir__frame *top)
{
    bool any = false;
    while (may_hand_out(b)) {
        uint32_t keep;
        weir__frame *f = next_to_cut(b, top, &keep);
        if (f == NULL || !cut(b, f, f->next + keep))
            break;
        any = true;
        b->worker->handed_out_ns = b->looked_at_ns;
        b->worker->credits--;
    }
    return any;
}

/* After a look that was of no use: some calls of the poll go by, twice as many as before while looks
 * come fast, half as many once they come slowly. So the ops that turn out to take a second each, before
 * the next look, can only be as many as those of the same layer that took next to nothing just before. */
static void learn_passes(weir_branch *b, uint64_t since_look_ns)
{
    if (since_look_ns > PASS_NS)
        b->passes /= 2;
    else if (b->passes < PASS_MOST)
        b->passes = 2 * b->passes + 1;
}

bool weir__promote_serve(weir_branch *b, weir__frame *top)
{
    if (weir__window_stopped(b->window))
        return false;
    const uint64_t now = weir__now_ns(), since_look_ns = now - b->looked_at_ns;
    b->looked_at_ns = now;
    earn_credits(b->worker, b->run->team_size, now);
    if (hand_out(b, top))
        b->passes = 0;
    else
        learn_passes(b, since_look_ns);
    b->loop.polls = 1 + b->passes;
    return true;
}

/* A gather is a sibling of the parts of its frame and writes what they read, so it runs after them;
 * it reads the next cut frame below, so the gather of that one runs after it. */
static void spawn_gather(weir__run *run, weir__part *part, weir__frame *from, weir__frame *to,
                         bool last)
{
#pragma omp task depend(inout : *from) depend(in : *to) firstprivate(run, part, from, to, last)
    run->gather_up(run, part, from, to, last);
}

/* A part that was cut itself has nothing to gather, but is complete only when its parts are. */
static void spawn_completion(weir__run *run, weir__part *part)
{
    weir__frame *base = &part->view;
#pragma omp task depend(inout : *base) firstprivate(run, part, base)
    run->gather_up(run, part, base, base, true);
}

/* The worker has nothing left but gathers: was it of use to hand something out? */
static void review_credits(weir__worker *worker)
{
    if (weir__now_ns() - worker->handed_out_ns < EARN_NS)
        worker->credits = 0;
}

void weir__promote_leave_gathers(weir_branch *b, weir__part *part, weir__frame *stop)
{
    weir__run *run = b->run;
    review_credits(b->worker);
    weir__frame *base = &part->view;
    weir__frame *from = stop;
    uint32_t cut_below = b->cut_frames - 1; /* a stack may be deep, and few of its frames cut */
    while (from != base) {
        weir__frame *to = cut_below > 0 ? from->parent : base;
        while (to != base && !weir__frame_is_cut(to))
            to = to->parent;
        cut_below--;
        const bool last = to == base && !weir__frame_is_cut(base);
        b->worker->gathers_promoted++;
        WEIR_YIELD_POINT();
        spawn_gather(run, part, from, to, last);
        if (last)
            return; /* it may be over, and the memory gone */
        from = to;
    }
    spawn_completion(run, part);
}

void weir__promote_complete(weir__run *run, weir__part *part)
{
    if (part->root)
        return; /* the team's closing barrier completes it */
    const uint64_t declared = part->declared;
    WEIR_YIELD_POINT();
    /* The permit comes back after the runtime has forgotten the part, so that the window never
     * counts less than the runtime does. */
    omp_fulfill_event((omp_event_handle_t)part->done);
    weir__window_complete(&run->lane->window, part, declared);
}
