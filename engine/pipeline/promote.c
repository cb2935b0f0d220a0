/* Promotion: which children to hand out and when, and the OpenMP tasks for parts and gathers; see
 * promote.h.
 *
 * The oldest frame with children left is cut, since its children are the largest pieces of work; so
 * a deeper frame is cut only when nothing is left for this worker below it, and once a cut frame is
 * all that remains, the worker has nothing more to do on this stack.
 *
 * Credits bound the overhead of fine work: a promotion costs a few tenths of a microsecond, or several
 * where a sleeper is to be woken, and the team earns one for every EARN_NS that one of it runs. A part
 * that turns out to be done in SMALL_NS has cost two, and its worker rests before it asks for more: in a
 * chain of tiny branches there is always something to hand out and never work for two. (Three are better
 * for the chain, and worse for an unbalanced tree.) Credits are the team's and not each worker's, since
 * a worker with a list of long leaves is the only one that can hand any out.
 *
 * Of the top frame's children, none of which is under way, one half is as good as the other, unless
 * one of them has nearly all the work below it. A worker that gave that one away has nothing left, the
 * part's permit is out until all below it is done, and if this goes on, so are all permits. A list has
 * its rest last, so the worker gives the half that it would run next; and if it ran dry, the other one
 * from then on. */
#include "pipeline/promote.h"

#include <omp.h>

#include "base/atomics.h"
#include "trace/point.h"

#define EARN_NS          20000
#define SMALL_NS         5000
#define CREDITS_A_WORKER 4

/* The first small part in a row earns a rest of REST_LEAST_NS, each further one twice as much. */
#define REST_LEAST_NS 20000
#define REST_MOST_NS  80000

/* While nothing can be handed out, look into one poll in so many, about one in four microseconds: the
 * clock costs as much as a few small branches. Where ops are so short that PASS_ENOUGH go by, the next
 * signal comes soon enough. */
#define PASS_MOST   511
#define PASS_ENOUGH 63
#define PASS_NS     4000

static int most_credits(const weir__run *run)
{
    return CREDITS_A_WORKER * (int)run->team_size;
}

void weir__promote_begin(weir__run *run)
{
    atomic_init(&run->credits, most_credits(run));
}

/* The worker has run until now. */
static void earn_credits(weir_branch *b, uint64_t now)
{
    weir__run *run = b->run;
    if (now < b->earned_at_ns + EARN_NS)
        return;
    const uint64_t earned = (now - b->earned_at_ns) / EARN_NS;
    b->earned_at_ns += earned * EARN_NS;
    const int missing = most_credits(run) - load_relaxed(&run->credits);
    if (missing > 0)
        add_relaxed(&run->credits, earned < (uint64_t)missing ? (int)earned : missing);
}

void weir__promote_account(weir_branch *b)
{
    weir__run *run = b->run;
    const uint64_t now = weir__now_ns();
    earn_credits(b, now);
    b->worker->unpaid_ns = now - b->earned_at_ns;
    b->worker->busy_ns += now - b->began_ns - b->idle_ns;
    if (b->part == NULL || b->part->from == NULL)
        return;
    if (now - b->began_ns >= SMALL_NS) {
        b->worker->rest_ns = 0;
        return;
    }
    if (b->worker->rest_ns < REST_MOST_NS)
        b->worker->rest_ns = b->worker->rest_ns == 0 ? REST_LEAST_NS : 2 * b->worker->rest_ns;
    if (load_relaxed(&run->credits) >= 0)
        sub_relaxed(&run->credits, 1);
}

/* The oldest frame with children left, from f on up to `top`, or `top`. */
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
    /* Where the oldest frame is gathered already, nothing was left below it, and it is all that there
     * was to hand out. In a list nothing is ever left below the topmost, and nobody need go and see. */
    const bool below = b->loop.below != 0 && b->oldest < top;
    WEIR_ASSERT(below || b->oldest >= top || oldest_with_children(b->oldest, top) == top);
    weir__frame *f = below ? oldest_with_children(b->oldest, top) : top;
    b->oldest = f;
    if (f == top)
        b->loop.below = 0;
    const uint32_t left = f->end - f->next;
    *n = f == top ? left / 2 : left - left / 2;
    return *n > 0 ? f : NULL;
}

void weir__promote_enclose(weir__run *run)
{
#pragma omp task if (0) firstprivate(run)
    run->run_part(run, NULL);
}

/* A task that a sleeping worker wakes up for. */
static void spawn_part(weir__run *run, weir__part *part)
{
#pragma omp task firstprivate(run, part)
    run->run_part(run, part);
}

void weir__promote_post(weir__run *run, unsigned place, weir__part *part)
{
    WEIR_POINT(PART_POSTING);
    if (weir__mail_post(&run->lane->mail, place, part))
        return;
    weir__mail_add_task(&run->lane->mail);
    spawn_part(run, part);
}

bool weir__promote_wake(weir_branch *b)
{
    weir__part *part = b->unposted;
    if (part == NULL)
        return false;
    b->unposted = NULL;
    weir__promote_post(b->run, b->place, part);
    return true;
}

/* Branches on the path to f, which is on the stack of b: frames of a recursive layer lie in a row up to
 * the blank ones, and without recursion a layer is a depth. */
static uint32_t depth_of(const weir_branch *b, const weir__frame *f)
{
    const weir__layer *layer = f->layer;
    if (f == &b->part->view)
        return b->part->depth;
    if (!layer->recursive)
        return (uint32_t)(layer - b->run->plan->layer);
    return b->loop.depth -
           (uint32_t)((size_t)(b->loop.fresh - (const char *)f) / layer->frame_bytes);
}

/* Notes that f, which no cut frame is above, will have parts out. False if there are too many such. */
static bool note_cut(weir_branch *b, weir__frame *f)
{
    if (f == b->loop.stop)
        return true;
    while (b->cut_count > 0 && !weir__frame_has_parts(b->cut[b->cut_count - 1]))
        b->cut_count--;
    if (b->cut_count == WEIR_MOST_CUT)
        return false;
    b->loop.stop = b->cut[b->cut_count++] = f;
    return true;
}

/* Cuts n children off f, the next ones or the last ones, and hands them out. False if the window says
 * not now. */
static bool cut(weir_branch *b, weir__frame *f, uint32_t n, bool next_ones)
{
    const weir__layer *layer = f->layer;
    weir__part *part = weir__window_admit(b->window, layer->part_memory, layer->part_declared);
    if (part == NULL)
        return false;
    part->run = b->run;
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
    weir__window_add_active(b->window, +1);
    b->worker->promotions++;
    if (b->worker == b->run->workers)
        weir__team_bind_caller(b->run->team);
    WEIR_POINT(PART_CUT);
    if (!weir__mail_post(b->mail, b->place, part))
        b->unposted = part;
    return true;
}

/* May one part more be made? Idle workers are served at once; one part is queued ahead, but only out of
 * plenty. */
static bool may_hand_out(const weir_branch *b)
{
    if (!weir__window_has_permit(b->window))
        return false;
    const int missing = weir__window_missing(b->window);
    const int credits = load_relaxed(&b->run->credits);
    return missing > 0 ? credits > 0
                       : missing == 0 && credits > most_credits(b->run) / 2 &&
                             weir__mail_has_room(b->mail, b->place);
}

/* Something may not be handed out. Does anybody wait for it? */
static void note_denial(weir_branch *b)
{
    if (weir__window_missing(b->window) <= 0)
        return;
    if (weir__window_has_permit(b->window))
        b->worker->denied_bytes++;
    else
        b->worker->denied_permits++;
}

/* Hands out what may be handed out; true if that was anything. */
static bool hand_out(weir_branch *b, weir__frame *top)
{
    bool any = false;
    while (b->unposted == NULL && may_hand_out(b)) {
        uint32_t n;
        weir__frame *f = next_to_cut(b, top, &n);
        if (f == NULL || !note_cut(b, f))
            return any;
        if (!cut(b, f, n, f == top && !b->worker->gives_last)) {
            note_denial(b);
            return any;
        }
        any = true;
        sub_relaxed(&b->run->credits, 1);
    }
    if (!weir__window_has_permit(b->window))
        note_denial(b);
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
    if (weir_stopping(b))
        return false;
    const uint64_t now = weir__now_ns(), since_look_ns = now - b->looked_at_ns;
    b->looked_at_ns = now;
    earn_credits(b, now);
    weir__mail_hush(b->mail, b->place);
    const bool any = hand_out(b, top);
    if (b->unposted != NULL)
        return false;
    if (any)
        b->passes = 0;
    else
        learn_passes(b, since_look_ns);
    /* Whoever wants something later signals, and so does, again, whoever wants something still and is
     * awake. Otherwise looks must go on, and where ops may be long the next must not wait for a signal. */
    const bool sleepers = weir__mail_has_sleepers(b->mail); /* before it is asked who is missing */
    if (weir__window_missing(b->window) < 0 || (b->passes >= PASS_ENOUGH && !sleepers)) {
        b->loop.polls = 1;
        return true;
    }
    weir__mail_poke(b->mail, b->place);
    /* Not always the same number, or it could always be the last child of a frame that is looked at. */
    b->loop.polls = 1 + b->passes - ((uint32_t)now & b->passes / 4);
    return true;
}

/* Where a frame is left, its gather is a task that depends on a token, which is complete when all parts of
 * the frame are. libomp 19 loses count of such tasks now and then, and ends the process ("Assertion
 * failure at kmp_taskdeps.h"); there the last part makes the gather, which then depends on nothing. */
#if defined(__clang__)
static void spawn_gather(weir__run *run, weir__part *part, weir__frame *f)
{
#pragma omp task firstprivate(run, part, f)
    run->gather_up(run, part, f);
}

static uint64_t make_gather(weir__run *run, weir__part *part, weir__frame *f)
{
    (void)run, (void)f;
    return (uint64_t)(uintptr_t)part;
}

static void release_gather(weir__run *run, weir__frame *f)
{
    spawn_gather(run, (weir__part *)(uintptr_t)f->token, f);
}
#else
/* A task that is complete once its event is fulfilled, which is returned. The body must not be empty, nor
 * the clauses if, final, untied or priority be used: each loses `detach`. */
static omp_event_handle_t spawn_token(const weir__frame *f)
{
    omp_event_handle_t parts = (omp_event_handle_t)0; /* the task construct fills it in */
#pragma omp task depend(in : *f) detach(parts)
    __asm__ volatile("");
    return parts;
}

/* It writes what its token reads, so it runs after that is complete. */
static void spawn_gather(weir__run *run, weir__part *part, weir__frame *f)
{
#pragma omp task depend(inout : *f) firstprivate(run, part, f)
    run->gather_up(run, part, f);
}

static uint64_t make_gather(weir__run *run, weir__part *part, weir__frame *f)
{
    const omp_event_handle_t token = spawn_token(f);
    spawn_gather(run, part, f);
    return (uint64_t)token;
}

static void release_gather(weir__run *run, weir__frame *f)
{
    (void)run;
    omp_fulfill_event((omp_event_handle_t)f->token);
}
#endif

/* The last part of a frame is back that was left. */
static void begin_gather(weir__run *run, weir__frame *f)
{
    weir__mail_add_task(&run->lane->mail);
    release_gather(run, f);
}

void weir__promote_leave(weir__run *run, weir__part *part, weir__frame *f)
{
    f->token = make_gather(run, part, f);
    WEIR_POINT(PART_LEFT);
    /* F3: release and acquire; pairs with F2. The last of the parts finds the token. */
    if (__atomic_fetch_or(&f->parts, WEIR_FRAME_LEFT, __ATOMIC_ACQ_REL) == 0)
        begin_gather(run, f);
}

/* A part of f is complete. True if a gather is ready now. */
static bool part_is_back(weir__run *run, weir__frame *f)
{
    WEIR_POINT(PART_COMPLETING);
    /* F2: release; pairs with F1. From here on the frame may be gathered and gone, unless it has been
     * left and this was the last: then acquire as well, and it pairs with F3 and the other F2. */
    if (__atomic_fetch_sub(&f->parts, 1, __ATOMIC_ACQ_REL) != (WEIR_FRAME_LEFT | 1))
        return false;
    begin_gather(run, f);
    return true;
}

bool weir__promote_complete(weir__run *run, weir__part *part)
{
    weir__window *window = &run->lane->window;
    weir__frame *from = part->from;
    if (from == NULL) {
        weir__mail_stop(&run->lane->mail); /* idle workers may go */
        return true;
    }
    const uint64_t declared = part->declared;
    const bool ready = part_is_back(run, from);
    weir__window_complete(window, part, declared);
    return ready;
}
