/* Runs packs: the tasks in one, and what becomes ready when they have finished; see execution.h.
 *
 * Of the successors of a task that become ready with it the most urgent runs next; the others go into the
 * lists.  They are looked at from the last to the first, so of equally urgent ones the first runs next, and
 * those behind it in their order: in the program's order, as far as there is nothing better.
 *
 * The last predecessor finds a count of 1 and lowers nothing, which is all that there is to do for a task with
 * one. A task that begins puts its count back: so a run that reaches its end leaves the graph ready for the next.
 * A worker that has the only pack counts without atomic operations. */
#include "graph/execution.h"
#include "sched/credit.h"
#include "sched/enclose.h"
#include "sched/life.h"
#include "sched/tuning.h"
#include "trace/point.h"

static const weir__aim clump_aim = {.ns = WEIR_CLUMP_NS, .untimed = WEIR_CHUNK_UNTIMED};

/* ---- what becomes ready ---- */

/* One of the predecessors has finished: was it the last? */
static inline bool was_last(weir__task *task, bool shared)
{
    if (!shared) {
        const bool last = task->left == 1;
        if (!last)
            task->left--;
        return last;
    }
    WEIR_POINT(TASK_FINISHING);
    /* GR4: acquire; pairs with GR5: nobody else can lower it any more, and a locked operation is saved. */
    if (__atomic_load_n(&task->left, __ATOMIC_ACQUIRE) == 1)
        return true;
    /* GR5: release and acquire; pairs with GR4 and itself: the last has what all others did. */
    return __atomic_fetch_sub(&task->left, 1, __ATOMIC_ACQ_REL) == 1;
}

/* What the loop needs of the graph, which an op cannot change. */
typedef struct arrays {
    weir__task *task;
    const weir__fixed *fixed;
    const uint32_t *successor;
} arrays;

static inline arrays arrays_of(const weir_graph *graph)
{
    return (arrays){.task = graph->task, .fixed = graph->fixed, .successor = graph->successor};
}

/* It is taken soon, but not now: what it needs then is fetched meanwhile. */
static inline void push(weir__ready *ready, const arrays *of, weir_task t)
{
    __builtin_prefetch(&of->fixed[t]);
    __builtin_prefetch(of->successor + of->task[t].successors);
    weir__ready_push(ready, of->task, t);
}

/* The count is again as it is between runs. */
static inline void restore(const arrays *of, weir_task t)
{
    of->task[t].left = of->fixed[t].predecessors;
}

/* The task has finished. Of `next`, which may be none, and the successors that are ready now, the most
 * urgent is returned; the others go into the lists. */
static inline __attribute__((always_inline)) weir_task finish(weir__ready *ready, const arrays *of,
                                                              weir_task t, weir_task next,
                                                              bool shared)
{
    const weir__task *done = &of->task[t];
    const uint32_t *first = of->successor + done->successors;
    float level = next != WEIR_NO_TASK ? of->task[next].level : 0;
    for (const uint32_t *at = of->successor + done[1].successors; at != first;) {
        const weir_task s = *--at;
        weir__task *then = &of->task[s];
        if (!was_last(then, shared))
            continue;
        if (next != WEIR_NO_TASK && then->level < level) {
            push(ready, of, s);
            continue;
        }
        if (next != WEIR_NO_TASK)
            push(ready, of, next);
        next = s;
        level = then->level;
    }
    return next;
}

/* ---- ops that are not known to be short, and families ---- */

static weir__skill *skill_in(const weir__pack *p, weir__task_op op)
{
    const uintptr_t address = (uintptr_t)op.one;
    weir__skill *skill = &p->craft->skill[(address >> 4 ^ address >> 9) % WEIR_SKILLS];
    if (skill->op.one != op.one)
        *skill = (weir__skill){.op = op, .grain = {.n = 1, .most = WEIR_CLUMP_MOST}};
    return skill;
}

/* Need nobody be given other tasks before the op? */
static bool is_short(const weir__skill *skill, unsigned flags)
{
    if ((flags & (WEIR_TASK_SHORT | WEIR_TASK_LONG)) != 0)
        return (flags & WEIR_TASK_SHORT) != 0;
    return skill->short_runs >= WEIR_SHORT_ENOUGH;
}

static void learn(weir__skill *skill, uint64_t took_ns)
{
    skill->short_runs = took_ns < WEIR_LONG_NS ? skill->short_runs + 1 : 0;
}

static void know(weir__pack *p, weir__task_op op)
{
    p->known = p->craft->known = op;
    p->craft->known_is_short = p->is_careful;
}

/* Calls the op of a task that is not one of a family. */
static int call_one(weir__pack *p, weir_task t, weir__skill *skill, bool known)
{
    const weir__fixed *task = &p->of->graph->fixed[t];
    float *cost = p->of->cost;
    if (known && cost == NULL) {
        if (p->of->graph->nested == NULL) /* else each is told what is declared for it */
            know(p, task->op);
        return task->op.one(task->arg);
    }
    weir__pack *others = known ? NULL : weir__share_all(p);
    const uint64_t begun_ns = weir__now_ns();
    const int code = task->op.one(task->arg);
    const uint64_t took_ns = weir__now_ns() - begun_ns;
    if (!known)
        learn(skill, took_ns);
    if (cost != NULL)
        weir__sample_note(cost, t, (float)took_ns);
    weir__share_take_back(p, others);
    return code;
}

/* The tasks of a clump count as equally long. */
static void note_costs(const weir__pack *p, const weir__label *label, uint32_t n, uint64_t took_ns)
{
    float *cost = p->of->cost;
    for (uint32_t i = 0; cost != NULL && i < n; i++)
        weir__sample_note(cost, label->first + p->craft->index[i], (float)took_ns / (float)n);
}

/* Runs t with others of its family, in one call. Returns the task that runs next. */
static weir_task run_many(weir__pack *p, weir_task t, weir__skill *skill, bool known,
                          weir__control_end *end)
{
    const weir_graph *graph = p->of->graph;
    const arrays of = arrays_of(graph);
    const weir__fixed *fixed = &graph->fixed[t];
    const weir__label *label = weir__graph_label(graph, t);
    const uint32_t n = weir__clump_collect(p, t, skill->grain.n);
    weir__pack *others = known ? NULL : weir__share_all(p);
    const bool timed =
        weir__grain_begin(&skill->grain, &clump_aim, n) || !known || p->of->cost != NULL;
    const uint64_t begun_ns = timed ? weir__now_ns() : 0;
    p->told.child_is_named = false;
    p->told.nested_bytes = weir__clump_nested(graph, label, p->craft->index, n);
    p->begun += n - 1;
    const int code = fixed->op.many(fixed->arg, p->craft->index, n);
    if (timed) {
        const uint64_t took_ns = weir__now_ns() - begun_ns;
        learn(skill, took_ns);
        weir__grain_end(&skill->grain, &clump_aim, n, took_ns);
        note_costs(p, label, n, took_ns);
    }
    weir__share_take_back(p, others);
    if (code != 0) {
        *end = WEIR_CONTROL_STOPS;
        weir__place_fail_clump(p, label, p->craft->index, n, code);
        return WEIR_NO_TASK;
    }
    weir_task next = WEIR_NO_TASK;
    for (uint32_t i = 0; i < n; i++)
        next = finish(&p->ready, &of, label->first + p->craft->index[i], next, p->is_shared);
    return next;
}

/* ---- the loop ---- */

static weir_task run_control(weir__pack *p, weir_task t, weir__control_end *end)
{
    const arrays of = arrays_of(p->of->graph);
    *end = weir__body_run_control(p, t);
    return *end == WEIR_CONTROL_DONE ? finish(&p->ready, &of, t, WEIR_NO_TASK, p->is_shared)
                                     : WEIR_NO_TASK;
}

/* A task whose op is not known, or which is no single op. Returns the task that runs next, and says how it
 * has ended: the pack may wait for its team, with this task in p->next. */
static weir_task run_slowly(weir__pack *p, weir_task t, weir__control_end *end)
{
    const weir_graph *graph = p->of->graph;
    const arrays of = arrays_of(graph);
    const weir__task *task = &graph->task[t];
    *end = WEIR_CONTROL_DONE;
    restore(&of, t);
    if (task->kind == WEIR_TASK_CONTROL)
        return run_control(p, t, end);
    weir__skill *skill = skill_in(p, graph->fixed[t].op);
    const bool known = !p->is_careful || is_short(skill, task->flags);
    if (!known && weir__share_needs_team(p)) {
        p->next = t;
        *end = WEIR_CONTROL_STOPS;
        return WEIR_NO_TASK;
    }
    p->begun++;
    if (p->of->book != NULL)
        weir__book_began(p->of->book, t);
    p->told.nested_bytes = graph->nested != NULL ? graph->nested[t] : 0;
    if (task->kind == WEIR_TASK_MANY)
        return run_many(p, t, skill, known, end);
    const int code = call_one(p, t, skill, known);
    if (code == 0)
        return finish(&p->ready, &of, t, WEIR_NO_TASK, p->is_shared);
    weir__place_fail(p, t, code, NULL);
    *end = WEIR_CONTROL_STOPS;
    return WEIR_NO_TASK;
}

/* May the worker go on with t, or must it serve others first, and leave it where it stops? */
static inline bool may_go_on(weir__pack *p, weir_task t, int said)
{
    if (weir__pack_may_go_on(p, said) || weir__share_serve(p))
        return true;
    p->next = t;
    return false;
}

/* Runs tasks until none is ready, or the run stops, or the pack is to wait for its team. What does not
 * change stands in variables, since the compiler must think that an op changes the rest. */
static void run_tasks(weir__pack *p)
{
    const weir_graph *graph = p->of->graph;
    const arrays of = arrays_of(graph);
    const int *const signal = p->signal;
    weir_task t = p->next;
    weir__control_end end = WEIR_CONTROL_DONE;
    p->next = WEIR_NO_TASK;
    for (;;) {
        if (t == WEIR_NO_TASK) {
            if (p->ready.some != 0)
                t = weir__ready_take(&p->ready, of.task);
            else if ((t = weir__ready_take_root(&p->ready, graph)) == WEIR_NO_TASK)
                return;
        }
        const int said = __atomic_load_n(signal, __ATOMIC_RELAXED);
        if (WEIR_UNLIKELY(said <= WEIR__REQUEST) && !may_go_on(p, t, said))
            return;
        const weir__fixed *now = &of.fixed[t];
        if (WEIR_UNLIKELY(now->op.one != p->known.one ||
                          (of.task[t].flags & WEIR_TASK_LONG) != 0)) {
            t = run_slowly(p, t, &end);
            if (end == WEIR_CONTROL_STOPS)
                return;
            continue;
        }
        p->begun++;
        restore(&of, t);
        const int code = now->op.one(now->arg);
        if (WEIR_UNLIKELY(code != 0)) {
            weir__place_fail(p, t, code, NULL);
            return;
        }
        t = finish(&p->ready, &of, t, WEIR_NO_TASK, p->is_shared); /* by the op, maybe */
    }
}

/* ---- tasks with bytes ---- */

/* Those may start, and are this worker's, the first comes first; or another graph's. */
static void take_granted(weir__pack *p, const weir__granted *granted)
{
    unsigned own = 0;
    for (unsigned i = granted->n; i-- > 0;)
        if (granted->at[i].book == p->of->book) {
            weir__ready_push_granted(&p->ready, p->of->graph->task, granted->at[i].task);
            own++;
        }
    if (WEIR_UNLIKELY(own < granted->n))
        weir__execution_post_granted(granted, p->of->book);
}

/* So many tasks are noted with one lock. */
enum { NOTED_AT_ONCE = 32 };

/* In a limited run the book has the ready tasks, but for those that have their bytes. */
static void note_others(weir__pack *p)
{
    const weir_graph *graph = p->of->graph;
    weir__book *book = p->of->book;
    weir__ready with_bytes, *r = &p->ready;
    weir_task noted[NOTED_AT_ONCE];
    uint32_t n = 0;
    weir__ready_clear(&with_bytes);
    with_bytes.first[0] = r->first[0];
    with_bytes.some = r->some & 1;
    r->first[0] = WEIR_NO_TASK;
    r->some &= ~UINT32_C(1);
    for (weir_task t; (t = weir__ready_pop(r, graph)) != WEIR_NO_TASK;) {
        if (weir__book_has_bytes(book, t))
            weir__ready_push_granted(&with_bytes, graph->task, t);
        else
            noted[n++] = t;
        if (n == NOTED_AT_ONCE) {
            weir__book_note(book, noted, n);
            n = 0;
        }
    }
    if (n > 0)
        weir__book_note(book, noted, n);
    *r = with_bytes;
}

bool weir__pack_take(weir__pack *p)
{
    weir__book *book = p->of->book;
    if (book == NULL || book->books == NULL)
        return !weir__ready_is_empty(&p->ready);
    if ((p->ready.some & ~UINT32_C(1)) != 0 || p->ready.root < p->ready.roots_end)
        note_others(p);
    if (weir__ready_is_empty(&p->ready)) {
        const int missing = weir__mail_missing(p->told.run->mail);
        weir__granted granted;
        unsigned most = 1 + (missing > 0 ? (unsigned)missing : 0);
        most = most < WEIR__FEW_GRANTED ? most : WEIR__FEW_GRANTED;
        weir__books_take(book->books, book, most, &granted);
        take_granted(p, &granted);
    }
    return !weir__ready_is_empty(&p->ready);
}

/* The loop where the graph has a book for this run. The task in p->next has its bytes. */
static void run_booked(weir__pack *p)
{
    weir_task t = p->next;
    p->next = WEIR_NO_TASK;
    for (;;) {
        weir__granted others;
        weir__control_end end;
        if (t == WEIR_NO_TASK && weir__pack_take(p))
            t = weir__ready_pop(&p->ready, p->of->graph);
        if (t == WEIR_NO_TASK)
            return;
        const int said = __atomic_load_n(p->signal, __ATOMIC_RELAXED);
        if (said <= WEIR__REQUEST && !may_go_on(p, t, said))
            return;
        weir_task next = run_slowly(p, t, &end);
        if (end == WEIR_CONTROL_STOPS)
            return;
        if (end == WEIR_CONTROL_DONE) {
            if (!weir__clump_finished(p, t, next, &others))
                next = WEIR_NO_TASK; /* it is noted, if it is one */
            take_granted(p, &others);
        }
        t = next;
    }
}

void weir__pack_run_tasks(weir__pack *p)
{
    WEIR_ASSERT_SLOW(weir__ready_is_valid(&p->ready, p->of->graph));
    if (p->of->lanes != NULL)
        weir__follow_run(p);
    else if (p->of->book != NULL)
        run_booked(p);
    else
        run_tasks(p);
}

static void run_ops(void *pack)
{
    weir__pack *p = pack;
    if (!weir__run_stopping(p->told.run)) /* its word may be of another run's time */
        weir__pack_run_tasks(p);
}

/* ---- the item ---- */

/* A worker at a pack. */
typedef struct visit {
    weir__here *here;
    weir__now before;
    uint64_t began_ns, nested_ns;
} visit;

void weir__pack_begin(weir__pack *p, weir__worker *worker, weir__here *here)
{
    weir__execution *e = p->of;
    weir__run *run = e->run;
    WEIR_ASSERT(p->item.number == run->number && worker->mail == run->mail);
    WEIR_ASSERT(worker->index < e->workers);
    p->told = (weir__told){
        .run = run, .context = e->context, .worker = worker, .hand_out = weir__share_around};
    p->here = here;
    p->signal = weir__mail_signal(run->mail, worker->index);
    p->polls = 1;
    p->skip_polls = 0;
    p->fired_at_ns = p->begun_at_fired = 0;
    p->begun = 0;
    p->waited_ns = 0;
    p->craft = &e->craft[worker->index];
    p->left = NULL;
    p->wants_team = false;
    p->is_shared = !weir__execution_is_sole(p);
    p->gains = run->team > 1 && e->up == NULL && e->lanes == NULL && !weir__execution_is_limited(e);
    p->is_careful = run->team > 1 || weir__stint_may_end(&run->stint);
    p->known = p->craft->known;
    if ((p->is_careful && !p->craft->known_is_short) || e->cost != NULL)
        p->known.one = NULL;
}

static void begin(visit *v, weir__worker *worker, weir__pack *p)
{
    weir__run *run = p->of->run;
    if (p->posted)
        weir__worker_began_item(worker);
    else
        weir__worker_goes_on(worker);
    weir__run_turn_to(run, worker);
    v->here = weir__here_top();
    WEIR_ASSERT(v->here->worker == worker);
    weir__pack_begin(p, worker, v->here);
    v->before = weir__here_turn_to(v->here, (weir__now){.run = run, .told = &p->told});
    p->told.around = v->before.told;
    weir__arithmetic_set(&run->arithmetic); /* an op may have left its own */
    v->nested_ns = worker->nested_ns;
    v->began_ns = weir__now_ns();
    weir__credit_begin(worker, v->began_ns);
    weir__share_begin(p, v->began_ns);
    if (p->posted && weir__mail_missing(run->mail) >= 0) /* nothing is queued ahead now */
        weir__mail_ask_others(run->mail, worker->index);
}

/* By way of an exception as well. */
static void leave(visit *v)
{
    if (v->here != NULL)
        (void)weir__here_turn_to(v->here, v->before);
    v->here = NULL;
}

static void account(const visit *v, weir__pack *p)
{
    weir__run *run = p->told.run;
    weir__worker *worker = p->told.worker;
    const uint64_t now_ns = weir__now_ns();
    const uint64_t elsewhere_ns = worker->nested_ns - v->nested_ns + p->waited_ns;
    const uint64_t busy_ns = now_ns - v->began_ns - elsewhere_ns;
    if (weir__stint_is_under_way(&run->stint))
        weir__stint_look(&run->stint, now_ns);
    weir__credit_end(&run->root->purse, worker, now_ns, busy_ns, p->posted);
    weir__sample_count(&p->of->sample, busy_ns);
    weir__share_end(p, now_ns);
    worker->counts.branches += p->begun;
    weir__run_count(run, worker);
}

weir__item *weir__pack_run(weir__worker *worker, weir__item *item)
{
    weir__pack *p = (weir__pack *)item;
    visit v __attribute__((cleanup(leave))) = {.here = NULL};
    begin(&v, worker, p);
    weir__run_ops(p->told.run, run_ops, p);
    account(&v, p);
    leave(&v);
    if (p->wants_team)
        return &p->item;
    if (p->left != NULL) /* from here on another worker may have p */
        return weir__execution_leave(p->left);
    WEIR_ASSERT((weir__ready_is_empty(&p->ready) && p->next == WEIR_NO_TASK) ||
                weir__run_stopping(p->told.run));
    return weir__execution_give_pack(p);
}
