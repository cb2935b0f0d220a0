/* Tests the test of the booking rule: with a mistake in the rule, some schedule of some small graph
 * holds too much, or stops.
 *
 * Run by ctest with the book and the account compiled without assertions, which would say so first.
 * The engine has no switches for mistakes: they are made here, in what the rule is told and in what it
 * has noted.  It must never take one for found that no world shows. */
#include "graph_schedules.h"

/* A mistake: how a world is told it, or what of it is spoilt around each step. */
typedef struct mutant {
    kind_of_world kind;
    void (*tell)(world *w);
    void (*spoil)(world *w, unsigned g);
    verdict shows;
} mutant;

static weir__order *order_of_first(world *w)
{
    return w->of[0].graph->order;
}

/* Is there a world that shows it? And without it, are all of those worlds well? */
static void find(const mutant *m)
{
    static world w;
    bool found = false;
    seed = 7;
    for (int i = 0; i < 5000 && !found; i++) {
        draw_world(&w, &m->kind);
        w.workers = MOST_TASKS; /* the more start at once, the sooner it shows */
        w.keeps = false;
        assert_int_equal(i > 20 ? ALL_WELL : try_all_schedules(&w), ALL_WELL);
        if (m->tell != NULL)
            m->tell(&w);
        w.spoil = m->spoil;
        const verdict shown = try_all_schedules(&w);
        found = shown == m->shows;
        for (unsigned g = 0; g < w.graphs; g++)
            w.of[g].graph->book->books = NULL;
        close_world(&w);
    }
    assert_true(found);
}

/* ---- the budget ---- */

static void one_more(world *w)
{
    set_limit(w, w->limit + 1);
}

static void a_limit_of_one_byte_more_is_found(void **state)
{
    (void)state;
    find(&(mutant){.kind = {.graphs = 1}, .tell = one_more, .shows = ABOVE_THE_LIMIT});
}

/* The least limit is the order's peak; it is said to be one byte less, and taken. */
static void one_less(world *w)
{
    weir__order *made = order_of_first(w);
    w->limit = --made->serial_bytes;
    set_limit(w, w->limit);
}

static void a_least_limit_of_one_byte_less_is_found(void **state)
{
    (void)state;
    find(&(mutant){.kind = {.graphs = 1}, .tell = one_less, .shows = DEADLOCK});
}

/* ---- the profile, and which interval of it is looked at ---- */

static void lie(world *w)
{
    weir__order *made = order_of_first(w);
    for (uint32_t k = 0; k < made->n; k++)
        made->mem[k] = weir__order_need(made, k);
    made->most[1] = 0;
}

static void a_profile_without_what_is_held_from_before_is_found(void **state)
{
    (void)state;
    find(&(mutant){.kind = {.graphs = 1}, .tell = lie, .shows = DEADLOCK});
}

/* max mem[prefix + 1 … j] in place of max mem[prefix … j - 1] */
static void shift_down(world *w)
{
    weir__order *made = order_of_first(w);
    for (uint32_t k = 0; k < made->n; k++)
        made->mem[k] = k + 1 < made->n ? made->mem[k + 1] : 0;
}

static void an_interval_that_begins_behind_the_head_is_found(void **state)
{
    (void)state;
    find(&(mutant){.kind = {.graphs = 1}, .tell = shift_down, .shows = DEADLOCK});
}

/* max mem[prefix - 1 … j - 2] */
static void shift_up(world *w)
{
    weir__order *made = order_of_first(w);
    for (uint32_t k = made->n; k-- > 0;)
        made->mem[k] = k > 0 ? made->mem[k - 1] : 0;
}

static void an_interval_that_ends_too_soon_is_found(void **state)
{
    (void)state;
    find(&(mutant){.kind = {.graphs = 1}, .tell = shift_up, .shows = DEADLOCK});
}

/* ---- what is early ---- */

static void forget_early(world *w, unsigned g)
{
    weir__ledger *ledger = &w->of[g].graph->book->ledger;
    w->books.account.early = ledger->early = 0;
    ledger->added = 0;
}

static void early_starts_that_do_not_count_against_each_other_are_found(void **state)
{
    (void)state;
    find(&(mutant){.kind = {.graphs = 1}, .spoil = forget_early, .shows = DEADLOCK});
}

/* Nobody remembers that the task was started early, so the prefix never goes over it. */
static void forget_who_is_early(world *w, unsigned g)
{
    weir__ledger *ledger = &w->of[g].graph->book->ledger;
    memset(ledger->state, 0, ledger->order->n);
}

static void a_prefix_that_takes_no_early_task_in_is_found(void **state)
{
    (void)state;
    find(&(mutant){.kind = {.graphs = 1}, .spoil = forget_who_is_early, .shows = DEADLOCK});
}

/* ---- what comes back, and who looks ---- */

static void note_nobody(world *w, unsigned g)
{
    weir__ledger *ledger = &w->of[g].graph->book->ledger;
    for (uint32_t k = 0; k < ledger->order->n; k++)
        weir__bits_clear(&ledger->noted, k);
}

static void a_ready_task_that_nobody_notes_is_found(void **state)
{
    (void)state;
    find(&(mutant){.kind = {.graphs = 1}, .spoil = note_nobody, .shows = DEADLOCK});
}

/* Whoever gives bytes back tries no parked graphs. */
static void look_away(world *w, unsigned g)
{
    static unsigned away;
    weir__account *account = &w->books.account;
    (void)g;
    if (w->made) {
        account->parked += away;
    } else {
        away = account->parked;
        account->parked = 0;
    }
}

static void bytes_that_come_back_and_are_tried_for_one_graph_only_are_found(void **state)
{
    (void)state;
    find(&(mutant){.kind = {.graphs = 2}, .spoil = look_away, .shows = DEADLOCK});
}

/* A holder's bytes come back with the last user but one. */
static void miscount(world *w, unsigned g)
{
    weir__users *users = w->of[g].graph->users;
    for (uint32_t t = 0; t < w->of[g].n; t++)
        if (w->now.status[g][t] == RUNNING && users[t].all > 1)
            store_relaxed(&users[t].left, (UINT32_C(1) << 31) + users[t].all - 1);
}

static void bytes_that_come_back_before_the_last_user_are_found(void **state)
{
    (void)state;
    find(&(mutant){.kind = {.graphs = 1}, .spoil = miscount, .shows = ABOVE_THE_LIMIT});
}

/* ---- several graphs ---- */

/* Two graphs whose chain 0, 1 needs 4 bytes, and whose task 2 holds 2 until both are over: with both of
 * these started early, the chains can begin, and not go on. */
static void draw_chains(world *w)
{
    *w = (world){.graphs = 2, .workers = MOST_TASKS, .starter = -1, .limit = 8, .parks = true};
    for (unsigned g = 0; g < 2; g++) {
        static const weir_task edge[][2] = {{0, 1}, {1, 3}, {2, 3}};
        given *of = &w->of[g];
        *of = (given){.n = 4, .graph = create_tasks(4)};
        for (unsigned i = 0; i < 3; i++) {
            of->after[edge[i][0]] |= 1u << edge[i][1];
            of->before[edge[i][1]] |= 1u << edge[i][0];
            assert_ok(weir_graph_before(of->graph, edge[i][0], edge[i][1]));
        }
        for (weir_task t = 0; t < 3; t++)
            assert_ok(weir_graph_hold(of->graph, t, of->held[t] = 2));
        assert_ok(weir_graph_compile(of->graph));
        assert_int_equal(serial_bytes(w, g), 4);
        assert_int_equal(of->graph->order->position[2], 2);
    }
    open_books(w);
}

static void leave_no_rest(world *w, unsigned g)
{
    weir__account *account = &w->books.account;
    account->rest = w->of[g].graph->book->ledger.rest;
    if (w->now.phase[0] != UNDER_WAY || w->now.phase[1] != UNDER_WAY)
        account->rest = w->of[0].graph->book->ledger.rest * (w->now.phase[0] == UNDER_WAY) +
                        w->of[1].graph->book->ledger.rest * (w->now.phase[1] == UNDER_WAY);
}

static void early_starts_that_leave_other_graphs_no_rest_are_found(void **state)
{
    static world w;
    (void)state;
    draw_chains(&w);
    assert_int_equal(try_all_schedules(&w), ALL_WELL);
    w.spoil = leave_no_rest;
    assert_int_equal(try_all_schedules(&w), DEADLOCK);
    close_world(&w);
}

/* Each graph is said to need one byte less than it does, and there is as much less. */
static void enter_with_less(world *w)
{
    for (unsigned g = 0; g < w->graphs; g++)
        w->of[g].graph->order->serial_bytes--;
    w->limit = serial_bytes(w, 0) + serial_bytes(w, 1);
    set_limit(w, w->limit);
}

static void graphs_that_enter_with_less_than_their_rest_are_found(void **state)
{
    (void)state;
    find(&(mutant){.kind = {.graphs = 2}, .tell = enter_with_less, .shows = DEADLOCK});
}

/* The account gives back all that is not booked. */
static void keep_nothing(world *w, unsigned g)
{
    (void)g;
    w->books.account.worst = 0;
}

static void parts_that_take_what_a_graph_will_need_are_found(void **state)
{
    const kind_of_world kind = {.graphs = 1, .parts = true};
    (void)state;
    find(&(mutant){.kind = kind, .spoil = keep_nothing, .shows = DEADLOCK});
}

static void graphs_that_take_what_another_will_need_are_found(void **state)
{
    (void)state;
    find(&(mutant){.kind = {.graphs = 2}, .spoil = keep_nothing, .shows = DEADLOCK});
}

int main(void)
{

    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_limit_of_one_byte_more_is_found),
        cmocka_unit_test(a_least_limit_of_one_byte_less_is_found),
        cmocka_unit_test(a_profile_without_what_is_held_from_before_is_found),
        cmocka_unit_test(an_interval_that_begins_behind_the_head_is_found),
        cmocka_unit_test(an_interval_that_ends_too_soon_is_found),
        cmocka_unit_test(early_starts_that_do_not_count_against_each_other_are_found),
        cmocka_unit_test(a_prefix_that_takes_no_early_task_in_is_found),
        cmocka_unit_test(a_ready_task_that_nobody_notes_is_found),
        cmocka_unit_test(bytes_that_come_back_and_are_tried_for_one_graph_only_are_found),
        cmocka_unit_test(bytes_that_come_back_before_the_last_user_are_found),
        cmocka_unit_test(early_starts_that_leave_other_graphs_no_rest_are_found),
        cmocka_unit_test(graphs_that_enter_with_less_than_their_rest_are_found),
        cmocka_unit_test(parts_that_take_what_a_graph_will_need_are_found),
        cmocka_unit_test(graphs_that_take_what_another_will_need_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
