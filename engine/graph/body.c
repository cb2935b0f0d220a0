/* Runs tasks that have bodies: graphs that run in place of an op; see execution.h.
 *
 * The worker of the task runs the body's first pack on the spot, and holds a count of the body meanwhile.
 * If nothing of it is with others afterwards, which an iteration of some short tasks never notices, it goes
 * on with the task itself.  Else it leaves: it makes the pack `after`, gives its count back, and who
 * gives back the last one goes on with that pack.  So nobody waits for others, and a body that is shared
 * costs no stack. */
#include <stdio.h>

#include "graph/execution.h"
#include "sched/engine.h"
#include "trace/point.h"

/* Runs a pack of a body, which is the worker's own, on top of p. */
static void run_on_top(weir__pack *p, weir__pack *inner)
{
    const weir__worker *worker = p->told.worker;
    const uint64_t nested_ns = worker->nested_ns, began_ns = weir__now_ns();
    weir__pack_begin(inner, p->told.worker, p->here);
    inner->told.around = &p->told;
    inner->polls = p->polls; /* as if they were p's tasks */
    inner->skip_polls = p->skip_polls;
    inner->fired_at_ns = p->fired_at_ns;
    inner->begun_at_fired = p->begun_at_fired;
    inner->begun = p->begun;
    const weir__now before =
        weir__here_turn_to(p->here, (weir__now){.run = p->told.run, .told = &inner->told});
    weir__pack_run_tasks(inner);
    (void)weir__here_turn_to(p->here, before);
    p->polls = inner->polls;
    p->skip_polls = inner->skip_polls;
    p->fired_at_ns = inner->fired_at_ns;
    p->begun_at_fired = inner->begun_at_fired;
    p->begun = inner->begun;
    p->waited_ns += inner->waited_ns;
    weir__sample_count(&inner->of->sample, weir__now_ns() - began_ns - inner->waited_ns -
                                               (worker->nested_ns - nested_ns));
}

/* The body's first pack is done. Does nobody else have one? Else t is left to whoever is last. */
static weir__control_end end_in_place(weir__pack *p, weir__execution *body)
{
    /* GR3 as well. */
    if (load_acquire(&body->open) == 1)
        return WEIR_CONTROL_DONE;
    if (p == &body->after) { /* of which this is the only task: it goes on as that */
        p->next = body->up_task;
        p->continues = true;
        p->left = body;
        return WEIR_CONTROL_STOPS;
    }
    (void)weir__execution_begin_after(body);
    p->is_shared = true; /* others may finish the task */
    WEIR_POINT(BODY_LEFT);
    if (weir__execution_leave(body) == NULL)
        return WEIR_CONTROL_LEFT;
    sub_relaxed(&p->of->open, 1); /* it was the last after all, and has the task itself */
    return WEIR_CONTROL_DONE;
}

/* Its bytes are lent by its task, or else it has no need of any. */
static void open_book(const weir__pack *p, weir__execution *body)
{
    const uint64_t *nested = p->of->graph->nested;
    const weir__terms terms = {.lent = nested != NULL ? nested[body->up_task] : 0};
    weir__execution_open_book(body, terms.lent, &terms);
}

/* A turn begins, of which nobody else has anything yet. */
static weir__pack *begin_turn(const weir__pack *p, weir__execution *body)
{
    if (body->graph->book != NULL)
        open_book(p, body);
    if (!weir__execution_is_limited(body))
        weir__sample_prepare(&body->sample, body->graph, p->told.run->engine->team.workers,
                             &body->alone);
    return weir__execution_begin(body, 2);
}

static void end_turn(weir__execution *body)
{
    if (body->lanes == body->sample.lanes) /* a limited turn says nothing of the plan */
        weir__sample_end(&body->sample, body->graph, body->cost != NULL);
    weir__execution_close_book(body, true);
}

/* Runs a body, or goes on with it: with `inner`, where that is not NULL. DONE: it is at its end. */
static weir__control_end run_body(weir__pack *p, weir__execution *body, weir__pack *inner)
{
    if (inner == NULL)
        inner = begin_turn(p, body);
    run_on_top(p, inner);
    if (inner->wants_team) {
        p->inner = inner;
        p->next = body->up_task;
        p->wants_team = true;
        return WEIR_CONTROL_STOPS;
    }
    WEIR_ASSERT(inner->left == NULL);        /* it began with its graph, not with a task */
    (void)!weir__execution_give_pack(inner); /* there is this worker's own count besides */
    return end_in_place(p, body);
}

/* What the task has chosen: *body, or NULL: nothing runs. False: the choice is wrong. */
static bool choose(weir__pack *p, weir_task t, weir__execution **body)
{
    const weir__fixed *task = &p->of->graph->fixed[t];
    const weir__control *control = task->op.control;
    const int code = control->choose(task->arg);
    uint32_t i = (uint32_t)code;
    char text[64];
    *body = NULL;
    if (code < 0) {
        weir__place_fail(p, t, code, NULL);
        return false;
    }
    if (control->kind == WEIR_CONTROL_IF)
        i = code == 0;
    if (control->kind == WEIR_CONTROL_WHILE && code == 0)
        return true;
    if (control->kind == WEIR_CONTROL_WHILE)
        i = 0;
    if (i >= control->n) {
        snprintf(text, sizeof text, "chose %d; its bodies are 0 to %lu", code,
                 (unsigned long)control->n - 1);
        weir__place_fail(p, t, code, text);
        return false;
    }
    *body = control->body[i] != NULL ? control->body[i]->execution : NULL;
    if (*body != NULL && control->kind == WEIR_CONTROL_SWITCH)
        (*body)->turn = (uint64_t)code;
    return true;
}

/* The body that was under way when the pack was left. */
static weir__execution *body_under_way(const weir__pack *p)
{
    return p->inner != NULL ? p->inner->of : NULL;
}

/* All turns of a task; its choice was made already where `body` is not NULL. */
static weir__control_end run_turns(weir__pack *p, weir_task t, weir__execution *body)
{
    const weir__control *control = p->of->graph->fixed[t].op.control;
    const bool repeats = control->kind == WEIR_CONTROL_WHILE;
    weir__pack *inner = p->inner;
    p->inner = NULL;
    for (;;) {
        if (body == NULL && !choose(p, t, &body))
            return WEIR_CONTROL_STOPS;
        if (body == NULL)
            return WEIR_CONTROL_DONE;
        const weir__control_end end = run_body(p, body, inner);
        if (end != WEIR_CONTROL_DONE)
            return end;
        if (weir__run_stopping(p->told.run))
            return WEIR_CONTROL_STOPS;
        end_turn(body);
        if (!repeats)
            return WEIR_CONTROL_DONE;
        body->turn++;
        body = NULL;
        inner = NULL;
    }
}

weir__control_end weir__body_run_control(weir__pack *p, weir_task t)
{
    const weir__control *control = p->of->graph->fixed[t].op.control;
    p->told.nested_bytes = 0; /* those of the task are its bodies' */
    const bool continues = p->continues;
    weir__execution *body = body_under_way(p);
    p->continues = false;
    if (body == NULL && !continues) {
        p->begun++;
        if (p->of->book != NULL)
            weir__book_began(p->of->book, t);
        if (control->kind == WEIR_CONTROL_WHILE)
            control->body[0]->execution->turn = 0;
    }
    if (body == NULL && continues) { /* a body is at its end, of which p is the pack `after` */
        end_turn((weir__execution *)(void *)((char *)p - offsetof(weir__execution, after)));
        if (control->kind != WEIR_CONTROL_WHILE)
            return WEIR_CONTROL_DONE;
        control->body[0]->execution->turn++;
    }
    weir__pack *others = p->is_careful ? weir__share_all(p) : NULL;
    const weir__control_end end = run_turns(p, t, body);
    weir__share_take_back(p, others);
    return end;
}
