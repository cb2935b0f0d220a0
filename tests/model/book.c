/* Two threads finish the users of what a task holds, under a limit, while a third one looks whether a task
 * has its bytes: the bytes are released once, when both users are done; a noted task that may start then is
 * granted to one of them; and whoever starts on those bytes sees what the release has done.
 *
 * The order is holder, then, last.  `last` is noted, and does not fit; when the holder's bytes are back it
 * starts on demand, since the profile of `then` counts them still, so `then` has its bytes as well. */
#include "model.h"

#include "graph/book.h"

#if defined(MODEL_CHECKED)
#define weir__ledger_open  weir__ledger_open_of_the_engine
#define weir__account_open weir__account_open_of_the_engine
#include "graph/account.c"
#undef weir__ledger_open
#undef weir__account_open
#include "graph/bits.c"
#include "graph/book.c"
#include "graph/noted.c"

/* Memory that is read in the pieces in which it was written: of the two blocks that a book has. */
static weir__book book_block;
static struct {
    uint64_t word[2]; /* noted, and started by blocks */
    uint8_t state[3];
} ledger_block;

void *weir__memory_alloc_zero(size_t bytes)
{
    (void)bytes;
    return &book_block;
}

/* Field by field, as the next. */
void weir__account_open(weir__account *account, uint64_t limit)
{
    account->windows = NULL;
    account->held = account->kept = limit;
    account->booked = account->early = account->rest = account->worst = 0;
    account->parked = 0;
    account->first = NULL;
}

/* The book has its bytes for itself, so nobody asks an engine's accounts. */
bool weir__windows_try_reserve(weir__windows *all, weir__budget *budget, uint64_t bytes)
{
    (void)all, (void)budget, (void)bytes;
    assert(false);
    return false;
}

void weir__windows_release(weir__windows *all, weir__budget *budget, uint64_t bytes)
{
    (void)all, (void)budget, (void)bytes;
    assert(false);
}

const weir__budget *weir__budget_reserve_kept(weir__budget *budget, uint64_t bytes,
                                              const weir__budget *keeper, uint64_t kept)
{
    (void)bytes, (void)keeper, (void)kept;
    assert(false);
    return budget;
}

void weir__budget_release_kept(weir__budget *budget, uint64_t bytes, const weir__budget *keeper,
                               uint64_t kept)
{
    (void)budget, (void)bytes, (void)keeper, (void)kept;
    assert(false);
}

weir_status weir__ledger_open(weir__ledger *ledger, const weir__order *of)
{
    ledger->order = of;
    ledger->noted.level[0] = &ledger_block.word[0];
    ledger->noted.levels = 1;
    ledger->noted.n = of->n;
    ledger->started = &ledger_block.word[1];
    ledger->state = ledger_block.state;
    return WEIR_OK;
}

void weir__memory_free(void *block)
{
    (void)block;
}

uint64_t weir__order_most(const weir__order *order, uint32_t first, uint32_t end)
{
    uint64_t most = 0;
    for (; first < end; first++)
        most = order->mem[first] > most ? order->mem[first] : most;
    return most;
}
#endif

enum { HOLDER, USER, OTHER_USER, THEN, LAST, TASKS, ORDERED = 3, LIMIT = 3 };

static uint64_t held[TASKS] = {[HOLDER] = 2, [THEN] = 1, [LAST] = 1};
static uint64_t sum[ORDERED + 1] = {0, 2, 3, 4}, mem[ORDERED] = {2, 3, 1}, most[2] = {0, 3};
static weir_task ordered[ORDERED] = {HOLDER, THEN, LAST};
static uint32_t position[TASKS] = {0, WEIR_NO_POSITION, WEIR_NO_POSITION, 1, 2};
static weir__order order = {.n = ORDERED,
                            .task = ordered,
                            .position = position,
                            .sum = sum,
                            .mem = mem,
                            .most = most,
                            .blocks = 1,
                            .held = held,
                            .serial_bytes = 3,
                            .certified_bytes = 4};

static uint64_t holders_at[TASKS + 1] = {0, 0, 1, 2, 2, 2};
static uint32_t holder[2] = {HOLDER, HOLDER};
static weir__users users[TASKS];
static void release_holder(void *arg);
static void (*release_of[TASKS])(void *) = {release_holder};
static weir__task task[TASKS + 1];
static weir__fixed fixed[TASKS];
static weir_graph graph = {.n = TASKS,
                           .task = task,
                           .fixed = fixed,
                           .held = held,
                           .release = release_of,
                           .holders_at = holders_at,
                           .holder = holder,
                           .users = users,
                           .order = &order};

static weir__book *b;
static int used[2];    /* plain, as the next: by whom is used what is held, */
static int released;   /* and what the release does */
static int granted[2]; /* how often to each */

static void release_holder(void *arg)
{
    (void)arg;
    assert(used[0] == 1 && used[1] == 1);
    released++;
}

static void model_thread(unsigned me)
{
    weir__granted some;
    if (me < 2) {
        used[me] = 1;
        assert(!weir__book_finished(b, me == 0 ? USER : OTHER_USER, WEIR_NO_TASK, &some));
        granted[me] = (int)some.n;
        if (some.n > 0)
            assert(released == 1 && some.at[0].task == LAST && some.at[0].book == b);
    } else if (weir__book_has_bytes(b, THEN)) {
        assert(released == 1);
    }
}

static void model_round(void)
{
    const weir_task last = LAST;
    weir__granted some;
    used[0] = used[1] = released = 0;
    for (unsigned t = 0; t < TASKS; t++) {
        users[t].all = t == HOLDER ? 2 : 0;
        store_relaxed(&users[t].left, users[t].all);
    }
    const weir_status status = weir__book_open(&b, &graph);
    assert(status == WEIR_OK);
    (void)status;
    weir__book_begin(b, LIMIT);
    weir__book_note(b, &(const weir_task){HOLDER}, 1);
    weir__books_take(b->books, b, 1, &some);
    assert(some.n == 1 && some.at[0].task == HOLDER);
    weir__book_began(b, HOLDER);
    weir__book_note(b, &last, 1);
    weir__books_take(b->books, b, 1, &some);
    assert(some.n == 0);
    assert(!weir__book_finished(b, HOLDER, WEIR_NO_TASK, &some));
    model_run(3);
    assert(released == 1 && granted[0] + granted[1] == 1);
    assert(weir__book_has_bytes(b, THEN));
    for (weir_task t = THEN; t <= LAST; t++) {
        weir__book_began(b, t);
        assert(!weir__book_finished(b, t, WEIR_NO_TASK, &some));
    }
    weir__book_end(b, true);
    weir__book_close(b);
}
