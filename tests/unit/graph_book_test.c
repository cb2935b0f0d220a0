/* Tests the rule by which tasks start within a limit, over all schedules of small random graphs: nothing
 * is ever held above the limit, and all tasks come to be run.
 *
 * Run by ctest with the engine's internal headers, and with its assertions: each step checks what stands
 * above the account's struct.  It must never use the engine's own orders alone, which are too good. */
#include "graph_schedules.h"
#include "testing_support.h"

/* Some worlds of three graphs have more states than there is room for. */
static void try_worlds(unsigned count, kind_of_world kind)
{
    static world w;
    unsigned tried = 0;
    for (unsigned i = 0; i < count; i++) {
        draw_world(&w, &kind);
        const verdict found = try_all_schedules(&w);
        if (found != ALL_WELL)
            print_message("world %u: %u workers, limit %llu\n", i, w.workers,
                          (unsigned long long)w.limit);
        assert_true(found == ALL_WELL || (found == TOO_MANY_STATES && kind.graphs == 3));
        tried += found == ALL_WELL;
        close_world(&w);
    }
    assert_true(2 * tried >= count);
}

static void no_schedule_of_a_graph_holds_too_much_or_stops(void **state)
{
    (void)state;
    try_worlds(200, (kind_of_world){.graphs = 1});
}

static void no_schedule_of_a_graph_beside_parts_of_another_run_does(void **state)
{
    (void)state;
    try_worlds(100, (kind_of_world){.graphs = 1, .parts = true});
}

static void no_schedule_of_two_graphs_on_one_account_does(void **state)
{
    (void)state;
    try_worlds(30, (kind_of_world){.graphs = 2});
    try_worlds(10, (kind_of_world){.graphs = 2, .parts = true});
}

static void no_schedule_of_a_graph_in_a_task_of_another_does(void **state)
{
    (void)state;
    try_worlds(40, (kind_of_world){.graphs = 2, .nested = true});
    try_worlds(20, (kind_of_world){.graphs = 2, .nested = true, .parts = true});
}

static void no_schedule_of_three_graphs_does(void **state)
{
    (void)state;
    try_worlds(4, (kind_of_world){.graphs = 3});
    try_worlds(4, (kind_of_world){.graphs = 3, .nested = true});
}

/* Ten heads fit at once and only some are granted at a time, after which nothing comes back. */
static void heads_that_were_not_granted_at_once_are_there_to_take(void **state)
{
    enum { SMALL = 10 };
    weir_graph *graph = create_tasks(SMALL + 2);
    weir_task task[SMALL];
    weir__granted granted;
    unsigned n = 0;
    (void)state;
    assert_ok(weir_graph_scratch(graph, 0, SMALL));
    for (weir_task t = 1; t <= SMALL; t++) {
        assert_ok(weir_graph_hold(graph, t, 1));
        assert_ok(weir_graph_before(graph, t, SMALL + 1));
        task[t - 1] = t;
    }
    assert_ok(weir_graph_compile(graph));
    weir__book *book = graph->book;
    weir__book_begin(book, SMALL);
    weir__book_note(book, (const weir_task[]){0}, 1);
    weir__books_take(book->books, book, 1, &granted);
    assert_true(granted.n == 1 && granted.at[0].task == 0 && granted.at[0].book == book);
    weir__book_note(book, task, SMALL);
    assert_false(weir__book_finished(book, 0, WEIR_NO_TASK, &granted));
    while (n < SMALL) {
        assert_true(granted.n > 0);
        for (unsigned i = 0; i < granted.n; i++, n++) {
            weir__book_began(book, granted.at[i].task);
            weir__granted more;
            assert_false(weir__book_finished(book, granted.at[i].task, WEIR_NO_TASK, &more));
            assert_int_equal(more.n, 0);
        }
        weir__books_take(book->books, book, 3, &granted);
    }
    assert_true(weir__book_has_bytes(book, SMALL + 1));
    assert_false(weir__book_finished(book, SMALL + 1, WEIR_NO_TASK, &granted));
    weir__book_end(book, true);
    weir_graph_destroy(graph);
}

/* Takes all noted tasks that may start, and begins them. Returns how many. */
static uint32_t take_all(weir__book *book, weir_task *task)
{
    weir__granted granted;
    uint32_t n = 0;
    do {
        weir__books_take(book->books, book, WEIR__FEW_GRANTED, &granted);
        for (unsigned i = 0; i < granted.n; i++) {
            weir__book_began(book, granted.at[i].task);
            task[n++] = granted.at[i].task;
        }
    } while (granted.n > 0);
    return n;
}

/* However many: their bytes are told to the account by some at a time. */
static void what_comes_back_from_many_holders_at_once_grants_what_waits(void **state)
{
    (void)state;
    for (uint32_t holders = 1; holders <= 40; holders++) {
        weir_graph *graph = create_tasks(holders + 2);
        weir_task task[40];
        weir__granted granted;
        for (weir_task t = 0; t < holders; t++) {
            assert_ok(weir_graph_hold(graph, t, 1));
            assert_ok(weir_graph_before(graph, t, holders));
            task[t] = t;
        }
        assert_ok(weir_graph_hold(graph, holders + 1, holders));
        assert_ok(weir_graph_compile(graph));
        weir__book *book = graph->book;
        weir__book_begin(book, holders);
        weir__book_note(book, task, holders);
        assert_int_equal(take_all(book, task), holders); /* in that order */
        for (weir_task t = 0; t < holders; t++)
            assert_false(weir__book_finished(book, t, WEIR_NO_TASK, &granted));
        weir__book_note(book, (const weir_task[]){holders + 1}, 1);
        assert_int_equal(take_all(book, task), 0);
        weir__book_began(book, holders);
        assert_false(weir__book_finished(book, holders, WEIR_NO_TASK, &granted));
        assert_true(granted.n == 1 && granted.at[0].task == holders + 1);
        weir__book_began(book, holders + 1);
        assert_false(weir__book_finished(book, holders + 1, WEIR_NO_TASK, &granted));
        weir__book_end(book, true);
        weir_graph_destroy(graph);
    }
}

/* Tasks of one byte, eight of which fit: eight that finish together let eight others start. */
static void tasks_that_finish_together_are_followed_by_as_many(void **state)
{
    enum { ALL = 40, FIT = 8 };
    weir_graph *graph = create_tasks(ALL);
    weir_task task[ALL];
    weir__granted granted;
    (void)state;
    for (weir_task t = 0; t < ALL; t++) {
        assert_ok(weir_graph_scratch(graph, t, 1));
        task[t] = t;
    }
    assert_ok(weir_graph_compile(graph));
    weir__book *book = graph->book;
    weir__book_begin(book, FIT);
    weir__book_note(book, task, ALL);
    assert_int_equal(take_all(book, task), FIT);
    for (uint32_t finished = 0; finished < ALL; finished += FIT) {
        assert_false(weir__book_finished_all(book, task, FIT, WEIR_NO_TASK, &granted));
        assert_int_equal(granted.n, finished + FIT < ALL ? FIT : 0);
        for (unsigned i = 0; i < granted.n; i++)
            weir__book_began(book, task[i] = granted.at[i].task);
    }
    weir__book_end(book, true);
    weir_graph_destroy(graph);
}

#define assert_breaks_account(field, value, account)                                               \
    assert_breaks(field, value, weir__account_is_valid(account))

/* Two tasks of 3 bytes and one of 1: the first is the prefix, and the last has started early. */
static void an_account_has_the_sums_of_its_ledgers_and_leaves_what_they_need(void **state)
{
    weir_graph *graph = create_tasks(3);
    weir__granted granted;
    (void)state;
    for (weir_task t = 0; t < 3; t++)
        assert_ok(weir_graph_hold(graph, t, t < 2 ? 3 : 1));
    assert_ok(weir_graph_compile(graph));
    weir__book *book = graph->book;
    weir__ledger *ledger = &book->ledger;
    weir__account *account = &book->own.account;
    weir__book_begin(book, 5);
    for (weir_task t = 0; t < 3; t += 2) {
        weir__book_note(book, &t, 1);
        weir__books_take(book->books, book, 1, &granted);
        assert_int_equal(granted.n, 1);
    }
    assert_breaks_account(account->held, 3, account);
    assert_breaks_account(account->worst, 3, account);
    assert_breaks_account(account->parked, 1, account);
    assert_breaks_account(account->booked, 3, account);
    assert_breaks_account(account->early, 0, account);
    assert_breaks_account(account->rest, 0, account);
    assert_breaks_account(ledger->early, 2, account);
    assert_breaks_account(ledger->rest, 2, account);
    assert_breaks_account(ledger->inside, 0, account);
    assert_breaks_account(ledger->started[0], 0, account);
    assert_breaks_account(ledger->state[0], WEIR__EARLY, account);
    assert_breaks_account(ledger->state[2], WEIR__EARLY | WEIR__RETURNED, account);
    assert_breaks_account(*ledger->noted.level[0], 4, account);
    assert_breaks_account(graph->order->mem[1], 5,
                          account); /* beside the early one it would be above */
    weir__book_end(book, false);
    assert_int_equal(account->booked, 0);
    weir_graph_destroy(graph);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, no_blocks, no_blocks)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(no_schedule_of_a_graph_holds_too_much_or_stops),
        TEST(no_schedule_of_two_graphs_on_one_account_does),
        TEST(no_schedule_of_a_graph_beside_parts_of_another_run_does),
        TEST(no_schedule_of_a_graph_in_a_task_of_another_does),
        TEST(no_schedule_of_three_graphs_does),
        TEST(an_account_has_the_sums_of_its_ledgers_and_leaves_what_they_need),
        TEST(heads_that_were_not_granted_at_once_are_there_to_take),
        TEST(what_comes_back_from_many_holders_at_once_grants_what_waits),
        TEST(tasks_that_finish_together_are_followed_by_as_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
