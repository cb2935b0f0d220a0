/* Tests the functions that say whether an invariant holds: yes of a sound structure, and no as soon
 * as one field is wrong.
 *
 * Run by ctest with the engine's internal headers.  It must never run anything on a structure that
 * it has broken: each field is put back at once. */
#include "stream_support.h"

#include "graph/graph.h"
#include "graph/lane.h"
#include "machine/topology.h"
#include "pipeline/branch.h"
#include "sched/letter.h"
#include "sched/life.h"
#include "stream/stream.h"
#include "testing_support.h"

/* ---- sched/ ---- */

static void a_grain_lies_between_one_and_its_most(void **state)
{
    weir__grain g = {.n = 1, .most = 8};
    (void)state;
    assert_breaks(g.n, 0, weir__grain_is_valid(&g));
    assert_breaks(g.n, 9, weir__grain_is_valid(&g));
}

static void an_account_holds_no_more_than_its_limit(void **state)
{
    weir__budget top, run;
    (void)state;
    weir__budget_open(&top, NULL, 100);
    weir__budget_open(&run, &top, 50);
    assert_breaks(run.held, 51, weir__budget_is_valid(&run));
    assert_breaks(run.peak, 51, weir__budget_is_valid(&run));
    assert_breaks(top.held, 101, weir__budget_is_valid(&run));
    assert_breaks(top.limit, WEIR_NO_LIMIT, weir__budget_is_valid(&run));
}

static void a_window_has_its_permits_its_free_blocks_and_scratch(void **state)
{
    weir__budget engine;
    weir__windows windows;
    weir__window w;
    void *root;
    (void)state;
    weir__budget_open(&engine, NULL, 1 << 20);
    weir__windows_open(&windows, &engine);
    assert_int_equal(weir__window_open(&w, &windows), WEIR_OK);
    const weir__limits limits = {
        .max_in_flight = 2, .limit_bytes = 1 << 16, .scratch_bytes = 100, .parent = &engine};
    assert_int_equal(weir__window_begin(&w, &limits, 100, 0, &root), WEIR_OK);
    weir__window_set_team(&w, 2);
    void *part = weir__window_admit(&w, 1000, 0), *other = weir__window_admit(&w, 2000, 0);
    assert_true(part != NULL && other != NULL);
    weir__window_complete(&w, part, 0); /* its block is free now */
    assert_breaks(w.in_flight, 3, weir__window_is_valid(&w));
    assert_breaks(w.free.bytes, 1, weir__window_is_valid(&w));
    assert_breaks(w.free.first, NULL, weir__window_is_valid(&w));
    assert_breaks(engine.held, 0, weir__window_is_valid(&w));
    assert_breaks(w.scratch_count, 1, weir__window_is_valid(&w));
    assert_breaks(w.scratch_count, 1000, weir__window_is_valid(&w));
    assert_breaks(w.scratch_bytes, 0, weir__window_is_valid(&w));
    assert_breaks(w.budget.held, limits.limit_bytes + 1, weir__window_is_valid(&w));
    weir__window_complete(&w, other, 0);
    weir__window_end(&w, root, 0);
    weir__window_close(&w);
    weir__windows_close(&windows);
    weir__budget_close(&engine);
}

static void a_failure_has_a_state_and_then_an_error(void **state)
{
    weir__failure f = {.state = WEIR_FAILURE_RUNNING};
    (void)state;
    assert_breaks(f.state, WEIR_FAILURE_PUBLISHED + 1, weir__failure_is_valid(&f));
    assert_true(weir__failure_claim(&f));
    f.error = (weir_error){.status = WEIR_EOP};
    weir__failure_publish(&f);
    assert_breaks(f.error.status, WEIR_OK, weir__failure_is_valid(&f));
    memset(f.error.text, 'x', sizeof f.error.text);
    assert_false(weir__failure_is_valid(&f)); /* a text without an end */
}

static void a_mail_has_letters_words_and_sums_that_can_be(void **state)
{
    weir__mail mail = {0};
    (void)state;
    assert_int_equal(weir__mail_open(&mail, 3), WEIR_OK);
    weir__mail_begin(&mail);
    weir__mail_set_team(&mail, 2);
    const weir__number number = weir__numbers_acquire(&mail.numbers, 0);
    assert_breaks(mail.box[1].content, number, weir__mail_is_valid(&mail)); /* beside nothing */
    assert_breaks(mail.box[2].signal, WEIR__NOW - 1, weir__mail_is_valid(&mail));
    assert_breaks(mail.team, 4, weir__mail_is_valid(&mail));
    assert_breaks(mail.searching, 4, weir__mail_is_valid(&mail));
    assert_breaks(mail.asleep, (unsigned)-1, weir__mail_is_valid(&mail));
    assert_breaks(mail.surplus, -4, weir__mail_is_valid(&mail));
    assert_breaks(mail.numbers.taken, mail.numbers.taken | 1, weir__mail_is_valid(&mail));
    weir__numbers_release(&mail.numbers, number);
    weir__mail_close(&mail);
}

static void a_mail_at_rest_has_no_item_no_sleeper_and_numbers_with_parents(void **state)
{
    static alignas(WEIR_LINE) weir__item item;
    weir__mail mail = {0};
    (void)state;
    assert_int_equal(weir__mail_open(&mail, 3), WEIR_OK);
    weir__mail_begin(&mail);
    weir__mail_set_team(&mail, 2);
    const weir__number root = weir__numbers_acquire(&mail.numbers, 0),
                       nested = weir__numbers_acquire(&mail.numbers, root);
    assert_breaks(mail.team, 4, weir__mail_is_at_rest(&mail)); /* that is not valid */
    assert_breaks(mail.box[0].content, letter_of(&item, root), weir__mail_is_at_rest(&mail));
    assert_breaks(mail.box[1].content, letter_of(weir__letter_mark, 0),
                  weir__mail_is_at_rest(&mail));
    assert_breaks(mail.box[2].aside, &item, weir__mail_is_at_rest(&mail));
    assert_breaks(mail.searching, 1, weir__mail_is_at_rest(&mail));
    assert_breaks(mail.surplus, 1, weir__mail_is_at_rest(&mail));
    assert_breaks(mail.surplus, -3, weir__mail_is_at_rest(&mail));
    assert_breaks(mail.numbers.parent[nested], 40, weir__mail_is_at_rest(&mail)); /* nobody's */
    assert_breaks(mail.numbers.parent[nested], 200, weir__mail_is_at_rest(&mail));
    assert_breaks(mail.numbers.parent[root], nested, weir__mail_is_at_rest(&mail)); /* a circle */
    weir__numbers_release(&mail.numbers, nested);
    weir__numbers_release(&mail.numbers, root);
    weir__mail_close(&mail);
}

static void a_run_has_a_number_a_root_and_a_team(void **state)
{
    weir_engine *engine = open_engine(2, 0, 0);
    weir__life life = {0};
    const weir__need need = {.limits = {.max_in_flight = 2, .limit_bytes = 1 << 16},
                             .least_bytes = 1000,
                             .root_bytes = 100,
                             .what = "test"};
    (void)state;
    assert_ok(weir__life_open(&life, engine));
    assert_ok(weir__life_begin(&life, &need));
    weir__run *run = life.run, other = {.root = &other};
    assert_breaks(run->number, 60, weir__run_is_valid(run));
    assert_breaks(run->lineage, 60, weir__run_is_valid(run));
    assert_breaks(run->parent, run, weir__run_is_valid(run));
    assert_breaks(run->root, NULL, weir__run_is_valid(run));
    assert_breaks(run->root, &other, weir__run_is_valid(run)); /* without a starter */
    assert_breaks(run->starter, &engine->workers[0], weir__run_is_valid(run));
    assert_breaks(run->begins, 0, weir__run_is_valid(run));
    assert_breaks(run->team, 0, weir__run_is_valid(run));
    assert_breaks(run->team, 3, weir__run_is_valid(run));
    assert_breaks(run->window.team, 2, weir__run_is_valid(run));
    assert_breaks(run->done, true, weir__run_is_valid(run));
    assert_breaks(run->failure.state, WEIR_FAILURE_IDLE, weir__run_is_valid(run));
    assert_breaks(run->failure.state, 77, weir__run_is_valid(run));
    weir__life_close(&life);
    weir_engine_close(engine);
}

static void a_life_knows_whether_its_run_is_under_way(void **state)
{
    weir_engine *engine = open_engine(2, 0, 0);
    const weir__chores chores = {.try = NULL};
    weir__life life = {0};
    const weir__need need = {.limits = {.max_in_flight = 2, .limit_bytes = 1 << 16},
                             .least_bytes = 1000,
                             .root_bytes = 100,
                             .what = "test"};
    (void)state;
    assert_breaks(life.begun, true, weir__life_is_valid(&life));
    assert_breaks(life.reserved_bytes, 1, weir__life_is_valid(&life));
    assert_ok(weir__life_open(&life, engine));
    assert_breaks(life.begun, true, weir__life_is_valid(&life));
    assert_breaks(life.root, &life, weir__life_is_valid(&life));
    assert_ok(weir__life_begin(&life, &need));
    assert_breaks(life.begun, false, weir__life_is_valid(&life));
    assert_breaks(life.run, NULL, weir__life_is_valid(&life));
    assert_breaks(life.worker, &engine->workers[0], weir__life_is_valid(&life));
    assert_breaks(life.workers, 0, weir__life_is_valid(&life));
    assert_breaks(life.workers, 1, weir__life_is_valid(&life)); /* and parts for others */
    assert_breaks(life.reserved_bytes, (uint64_t)1 << 40, weir__life_is_valid(&life));
    assert_breaks(life.chores, &chores, weir__life_is_valid(&life)); /* and not hosted */
    life.hosted = true;
    assert_breaks(life.worker, &engine->workers[0], weir__life_is_valid(&life));
    life.hosted = false;
    weir__life_close(&life);
    assert_true(weir__life_is_valid(&life));
    weir_engine_close(engine);
}

/* ---- machine/ ---- */

static void a_machine_is_numbered_without_gaps(void **state)
{
    weir_topology *topology;
    (void)state;
    assert_ok(weir__topology_load("pack:2 core:2 pu:2", false, &topology));
    weir__machine *m = (weir__machine *)(uintptr_t)weir__topology_machine(topology);
    assert_int_equal(m->count, 8);
    assert_breaks(m->count, 0, weir__machine_is_valid(m));
    assert_breaks(m->allowed, 7, weir__machine_is_valid(m));
    assert_breaks(m->present, 7, weir__machine_is_valid(m));
    assert_breaks(m->cores, 5, weir__machine_is_valid(m));
    assert_breaks(m->quota, -1, weir__machine_is_valid(m));
    assert_breaks(m->pus[0].package, 1, weir__machine_is_valid(m));
    assert_breaks(m->pus[1].smt, 0, weir__machine_is_valid(m));
    assert_breaks(m->pus[2].core, 2, weir__machine_is_valid(m));
    assert_breaks(m->pus[4].l3, 3, weir__machine_is_valid(m));
    assert_breaks(m->pus[3].kind, 2, weir__machine_is_valid(m));
    assert_breaks(m->pus[7].numa, 9, weir__machine_is_valid(m));
    weir_topology_free(topology);
}

/* ---- pipeline/ ---- */

static int count_nothing(weir_branch *b, void *in, uint32_t *n)
{
    (void)b, (void)in;
    *n = 0;
    return 0;
}

/* A layer above one that is its own child. */
static weir_plan *compile_two_layers(void)
{
    weir_layer lower = {.name = "lower",
                        .in_bytes = 16,
                        .out_bytes = 8,
                        .held_bytes = 5,
                        .scratch_bytes = 100,
                        .fanout = 3,
                        .max_depth = 5,
                        .child = &lower,
                        .count = count_nothing,
                        .split = split_nothing,
                        .gather = gather_nothing};
    const weir_layer top = {.name = "top",
                            .in_bytes = 24,
                            .out_bytes = 8,
                            .nested_bytes = 50,
                            .fanout = 3,
                            .child = &lower,
                            .split = split_nothing,
                            .gather = gather_nothing};
    return compile(&top);
}

static void a_plan_has_the_sizes_and_links_of_its_layers(void **state)
{
    weir_plan *plan = compile_two_layers();
    weir__layer *top = &plan->layer[1], *lower = &plan->layer[2];
    (void)state;
    assert_breaks(plan->layers, 1, weir__plan_is_valid(plan));
    assert_breaks(plan->layers, 2, weir__plan_is_valid(plan));
    assert_breaks(plan->scratch_bytes, 99, weir__plan_is_valid(plan));
    assert_breaks(plan->scratch_bytes, 101, weir__plan_is_valid(plan));
    assert_breaks(plan->nested_bytes, 49, weir__plan_is_valid(plan));
    assert_breaks(plan->divides, false, weir__plan_is_valid(plan));
    assert_breaks(plan->root_memory, plan->root_memory + 16, weir__plan_is_valid(plan));
    assert_breaks(plan->root_declared, 0, weir__plan_is_valid(plan));
    assert_breaks(plan->serial_bytes, plan->serial_bytes - 1, weir__plan_is_valid(plan));
    assert_breaks(top->child, top, weir__plan_is_valid(plan));
    assert_breaks(top->op.child, &lower->op, weir__plan_is_valid(plan));
    assert_breaks(top->in_bytes, 24, weir__plan_is_valid(plan));
    assert_breaks(top->frame_bytes, top->frame_bytes + 16, weir__plan_is_valid(plan));
    assert_breaks(top->part_memory, top->part_memory - 16, weir__plan_is_valid(plan));
    assert_breaks(lower->recursive, false, weir__plan_is_valid(plan));
    assert_breaks(lower->op.max_depth, 6, weir__plan_is_valid(plan));
    assert_breaks(lower->branch_memory, 0, weir__plan_is_valid(plan));
    assert_breaks(lower->branch_declared, 5, weir__plan_is_valid(plan)); /* of one frame */
    weir_plan_free(plan);
}

/* Splits off the next child of the topmost frame, and opens it with n children. */
static weir__frame *open_child(weir_branch *b, uint32_t n)
{
    weir_loop *loop = &b->loop;
    weir__frame *f = loop->frame;
    const weir_layer *child = &f->layer->child->op;
    char *out = f->results + f->next++ * child->out_bytes;
    if (f->next != f->end)
        loop->has_older = 1;
    return loop->frame = weir__loop_open(loop, f, child, n, out);
}

static void a_stack_is_a_row_of_frames_with_those_noted_that_have_parts_out(void **state)
{
    weir_plan *plan = compile_two_layers();
    const weir__pipeline pipeline = {.plan = plan};
    const size_t bytes = (size_t)weir__round_up(plan->root_memory, WEIR_LINE);
    weir__part *part = aligned_alloc(WEIR_LINE, bytes);
    uint64_t out;
    weir_branch b = {.part = part, .pipeline = &pipeline};
    weir_loop *loop = &b.loop;
    (void)state;
    assert_non_null(part);
    memset(part, 0, bytes);
    weir__frame *base = &part->view;
    *base = (weir__frame){.layer = &plan->layer[0],
                          .results = (char *)&out,
                          .above = (char *)(part + 1),
                          .end = 1,
                          .count = 1};
    loop->frame = loop->join_frame = b.oldest = base;
    loop->fresh = base->above;
    loop->depth = 1;
    assert_true(weir__stack_is_valid(&b));
    weir__frame *top = open_child(&b, 3), *middle = open_child(&b, 3), *twig = open_child(&b, 2);
    assert_true(weir__stack_is_valid(&b));
    loop->frame = middle; /* the topmost is gathered */
    assert_true(weir__stack_is_valid(&b));
    assert_ptr_equal(open_child(&b, 1), twig);

    /* The top frame's other children are handed out. */
    top->end = 1;
    top->parts = 1;
    b.cut[b.cut_count++] = b.oldest = loop->join_frame = top;
    assert_true(weir__stack_is_valid(&b));
    assert_breaks(middle->parent, base, weir__stack_is_valid(&b));
    assert_breaks(middle->layer, &plan->layer[1], weir__stack_is_valid(&b));
    assert_breaks(middle->in, middle->in + 16, weir__stack_is_valid(&b));
    assert_breaks(middle->results, middle->in, weir__stack_is_valid(&b));
    assert_breaks(twig->above, twig->above + 16, weir__stack_is_valid(&b));
    assert_breaks(middle->next, 4, weir__stack_is_valid(&b));
    assert_breaks(middle->end, 4, weir__stack_is_valid(&b));
    assert_breaks(middle->count, 4, weir__stack_is_valid(&b));         /* than the fanout */
    assert_breaks(twig->out, twig->out - 8, weir__stack_is_valid(&b)); /* its elder sibling's */
    assert_breaks(twig->parts, 1, weir__stack_is_valid(&b));
    assert_breaks(top->parts, WEIR_FRAME_SUSPENDED | 1, weir__stack_is_valid(&b));
    assert_breaks(b.cut_count, 0, weir__stack_is_valid(&b));
    assert_breaks(b.cut[0], base, weir__stack_is_valid(&b));
    assert_breaks(loop->join_frame, base, weir__stack_is_valid(&b));
    assert_breaks(b.oldest, twig,
                  weir__stack_is_valid(&b)); /* but a child of the middle one remains */
    assert_breaks(loop->has_older, 0, weir__stack_is_valid(&b));
    assert_breaks(loop->depth, 3, weir__stack_is_valid(&b));
    assert_breaks(loop->fresh, loop->fresh + 16, weir__stack_is_valid(&b));
    assert_breaks(loop->frame, NULL, weir__stack_is_valid(&b));
    free(part);
    weir_plan_free(plan);
}

/* ---- stream/ ---- */

static void a_ring_has_its_positions_in_order_and_free_slots_behind(void **state)
{
    weir__ring ring = {0};
    (void)state;
    assert_int_equal(weir__ring_open(&ring, 8, 4, 1), WEIR_OK);
    const weir__position at = weir__ring_claim(&ring, 2);
    weir__ring_fill(&ring, at);
    assert_breaks(ring.head, 3, weir__ring_is_valid(&ring));
    assert_breaks(ring.tail, 5, weir__ring_is_valid(&ring));
    assert_breaks(ring.reserved, 3, weir__ring_is_valid(&ring));
    assert_breaks(ring.head_slot, 1, weir__ring_is_valid(&ring));
    assert_breaks(ring.call, 0, weir__ring_is_valid(&ring));
    assert_breaks(ring.call, 5, weir__ring_is_valid(&ring));
    assert_breaks(ring.end, 1, weir__ring_is_valid(&ring));
    assert_breaks(ring.failed, 3, weir__ring_is_valid(&ring));
    assert_breaks(ring.states[3], ring.states[0], weir__ring_is_valid(&ring)); /* not claimed */
    weir__ring_close(&ring);
}

static int take(void *context, const void *const *items, weir_yielder *y)
{
    (void)context, (void)items, (void)y;
    return 0;
}

static void a_stage_has_its_jobs_its_links_and_a_ring_for_a_call(void **state)
{
    weir_engine *engine = open_engine(2, 0, 0);
    weir_stream *s = open_stream(engine);
    weir_stage inlet, stage;
    const weir_stage_options in = stage_of("in", 1, 4, NULL), o = stage_of("stage", 2, 4, NULL);
    (void)state;
    assert_ok(weir_stream_inlet(s, &in, &inlet));
    assert_ok(weir_stream_stage(s, &o, take, 1, &inlet, &stage));
    weir__stage *above = s->stages[inlet], *x = s->stages[stage];
    assert_true(weir__stage_open(x) && weir__stage_open(above));
    assert_true(weir__stage_is_valid(above));
    assert_breaks(x->running, 1, weir__stage_is_valid(x)); /* with all its jobs free */
    assert_breaks(x->free_yielders, NULL, weir__stage_is_valid(x));
    assert_breaks(x->ring.reserved, 1, weir__stage_is_valid(x));
    assert_breaks(x->batch.n, 0, weir__stage_is_valid(x));
    assert_breaks(x->o.max_yield, 0, weir__stage_is_valid(x));
    assert_breaks(x->o.max_yield, 5, weir__stage_is_valid(x));
    assert_breaks(x->o.buffer, 5, weir__stage_is_valid(x));
    assert_breaks(x->kind, WEIR_STAGE_SOURCE, weir__stage_is_valid(x));
    assert_breaks(x->taken, true, weir__stage_is_valid(x));
    assert_breaks(x->last, above, weir__stage_is_valid(x));
    assert_breaks(above->taken, false, weir__stage_is_valid(x));
    assert_breaks(x->state, WEIR_STAGE_FAILING, weir__stage_is_valid(x));
    assert_ok(weir_stream_close(s));
    weir_engine_close(engine);
    assert_int_equal(weir__testing_live_blocks(), 0);
}

/* ---- graph/ ---- */

static int do_nothing(void *arg)
{
    (void)arg;
    return 0;
}

static void a_list_ends_in_its_last_chunk(void **state)
{
    weir__list list = {0};
    (void)state;
    for (int i = 0; i < 1000; i++)
        assert_non_null(weir__list_take(&list, 8));
    assert_int_equal(weir__list_bytes(&list), 8000);
    assert_true(weir__list_is_valid(&list));
    assert_breaks(list.last, list.first, weir__list_is_valid(&list));
    assert_breaks(list.next, list.limit + 1, weir__list_is_valid(&list));
    assert_breaks(list.limit, NULL, weir__list_is_valid(&list));
    assert_breaks(list.first->end, NULL, weir__list_is_valid(&list));
    weir__list_clear(&list);
    assert_true(weir__list_is_valid(&list));
}

static void a_compiled_graph_has_the_counts_of_its_edges(void **state)
{
    weir_graph *g;
    weir_task t;
    (void)state;
    assert_ok(weir_graph_create(&g));
    for (int i = 0; i < 4; i++)
        assert_ok(weir_graph_add(g, NULL, do_nothing, NULL, &t));
    for (t = 1; t < 4; t++)
        assert_ok(weir_graph_before(g, t - 1, t));
    assert_ok(weir_graph_hold(g, 0, 1));
    assert_false(weir__graph_is_valid(g));
    assert_ok(weir_graph_compile(g));
    assert_true(weir__graph_is_valid(g));
    assert_breaks(g->edges, 4, weir__graph_is_valid(g));
    assert_breaks(g->roots, 2, weir__graph_is_valid(g));
    assert_breaks(g->root[0], 1, weir__graph_is_valid(g));
    assert_breaks(g->successor[1], 4, weir__graph_is_valid(g));
    assert_breaks(g->successor[1], 0, weir__graph_is_valid(g)); /* backward */
    assert_breaks(g->fixed[1].predecessors, 2, weir__graph_is_valid(g));
    assert_breaks(g->task[1].left, 0, weir__graph_is_valid(g));
    assert_breaks(g->fixed[2].op.one, NULL, weir__graph_is_valid(g));
    assert_breaks(g->users[0].all, 0, weir__graph_is_valid(g));
    assert_breaks(g->users[0].left, 0, weir__graph_is_valid(g));
    assert_breaks(g->holder[0], 1, weir__graph_is_valid(g));
    const weir__task kept = g->task[2];
    g->task[2].successors = 0;
    assert_false(weir__graph_is_valid(g));
    g->task[2] = kept;
    g->task[2].kind = WEIR_TASK_CONTROL + 1;
    assert_false(weir__graph_is_valid(g));
    g->task[2] = kept;
    g->torn = true;
    g->task[1].left = 0; /* as a run has left it */
    assert_true(weir__graph_is_valid(g));
    weir_graph_destroy(g);
}

static int do_no_task(void *arg)
{
    (void)arg;
    return 0;
}

static void lanes_have_no_more_finished_clumps_than_their_plan(void **state)
{
    weir_graph *graph = NULL;
    weir_task task;
    (void)state;
    assert_ok(weir_graph_create(&graph));
    assert_ok(weir_graph_add(graph, NULL, do_no_task, NULL, &task));
    assert_ok(weir_graph_compile(graph));
    weir__lanes *l = weir__lanes_open(weir__plan_make(graph, NULL, 100, 1, false));
    assert_non_null(l);
    assert_true(weir__lanes_are_valid(l));
    assert_breaks(l->n, 0, weir__lanes_are_valid(l));
    assert_breaks(l->n, 2, weir__lanes_are_valid(l));
    assert_breaks(l->lane[0].clumps, 0, weir__lanes_are_valid(l));
    assert_breaks(l->lane[0].clumps, 2, weir__lanes_are_valid(l));
    store_relaxed(&l->lane[0].done, 2);
    assert_false(weir__lanes_are_valid(l));
    weir__lanes_begin(l);
    assert_true(weir__lanes_are_valid(l));
    weir__lanes_close(l);
    weir_graph_destroy(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_grain_lies_between_one_and_its_most),
        cmocka_unit_test(an_account_holds_no_more_than_its_limit),
        cmocka_unit_test(a_window_has_its_permits_its_free_blocks_and_scratch),
        cmocka_unit_test(a_failure_has_a_state_and_then_an_error),
        cmocka_unit_test(a_mail_has_letters_words_and_sums_that_can_be),
        cmocka_unit_test(a_mail_at_rest_has_no_item_no_sleeper_and_numbers_with_parents),
        cmocka_unit_test(a_run_has_a_number_a_root_and_a_team),
        cmocka_unit_test(a_life_knows_whether_its_run_is_under_way),
        cmocka_unit_test(a_machine_is_numbered_without_gaps),
        cmocka_unit_test(a_plan_has_the_sizes_and_links_of_its_layers),
        cmocka_unit_test(a_stack_is_a_row_of_frames_with_those_noted_that_have_parts_out),
        cmocka_unit_test(a_ring_has_its_positions_in_order_and_free_slots_behind),
        cmocka_unit_test(a_stage_has_its_jobs_its_links_and_a_ring_for_a_call),
        cmocka_unit_test(a_list_ends_in_its_last_chunk),
        cmocka_unit_test(a_compiled_graph_has_the_counts_of_its_edges),
        cmocka_unit_test(lanes_have_no_more_finished_clumps_than_their_plan),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
