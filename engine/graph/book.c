/* The book of a graph, for any number of workers; see book.h. */
#include "graph/book.h"

#include "base/memory.h"
#include "trace/point.h"

/* In the count of users that are left: the task has begun, and its bytes are not back. */
#define BEGUN (UINT32_C(1) << 31)

static_assert(WEIR_TASKS_MOST < BEGUN, "a count of users leaves the bit free");

/* Holders whose bytes come back are told to the account by so many. */
#define BATCH 16

void weir__books_open(weir__books *books, uint64_t limit)
{
    pthread_mutex_init(&books->lock, NULL); /* with these attributes it does not fail */
    weir__account_open(&books->account, limit);
}

void weir__books_open_in(weir__books *books, weir__windows *windows)
{
    pthread_mutex_init(&books->lock, NULL);
    weir__account_open_in(&books->account, windows);
}

void weir__books_close(weir__books *books)
{
    const weir__account *account = &books->account;
    WEIR_ASSERT(account->first == NULL && account->booked == 0);
    WEIR_ASSERT(account->windows == NULL || account->held == 0);
    (void)account;
    pthread_mutex_destroy(&books->lock);
}

weir_status weir__book_open(weir__book **made, weir_graph *graph)
{
    *made = NULL;
    if (graph->order == NULL && graph->release == NULL)
        return WEIR_OK;
    weir__book *book = weir__memory_alloc_zero(sizeof *book);
    if (book == NULL)
        return WEIR_ENOMEM;
    book->graph = graph;
    book->ordered = graph->order != NULL;
    if (book->ordered && weir__ledger_open(&book->ledger, graph->order) != WEIR_OK) {
        weir__memory_free(book);
        return WEIR_ENOMEM;
    }
    weir__books_open(&book->own, WEIR__NOT_LENT);
    *made = book;
    return WEIR_OK;
}

void weir__book_close(weir__book *book)
{
    if (book == NULL)
        return;
    WEIR_ASSERT(book->books == NULL);
    weir__books_close(&book->own);
    if (book->ordered)
        weir__ledger_close(&book->ledger);
    weir__memory_free(book);
}

#if defined(WEIR_ASSERTS)
/* Between runs. */
static bool is_at_rest(const weir__book *book)
{
    const weir_graph *graph = book->graph;
    for (uint32_t t = 0; graph->users != NULL && t < graph->n; t++)
        if (load_relaxed(&graph->users[t].left) != graph->users[t].all)
            return false;
    for (size_t i = 0; book->ordered && i < book->ledger.bytes; i++)
        if (((const uint8_t *)book->ledger.memory)[i] != 0)
            return false;
    return true;
}
#endif

static void lock(weir__books *books)
{
    pthread_mutex_lock(&books->lock);
}

/* Bytes have come back, or were booked. */
static void unlock_settled(weir__books *books)
{
    weir__account_settle(&books->account);
    pthread_mutex_unlock(&books->lock);
}

void weir__book_begin_in(weir__book *book, weir__books *books, const weir__terms *terms)
{
    WEIR_ASSERT(book->books == NULL && book->ordered);
    WEIR_ASSERT_SLOW(is_at_rest(book));
    lock(books);
    weir__account_enter(&books->account, &book->ledger, terms);
    unlock_settled(books);
    book->books = books;
    book->counts = true;
}

void weir__book_begin(weir__book *book, uint64_t limit)
{
    const weir__terms terms = {.lent = WEIR__NOT_LENT};
    WEIR_ASSERT_SLOW(is_at_rest(book));
    book->counts = book->graph->release != NULL;
    if (!book->ordered || limit >= book->graph->order->certified_bytes)
        return;
    WEIR_ASSERT(limit >= book->graph->order->serial_bytes);
    weir__account_open(&book->own.account, limit);
    weir__book_begin_in(book, &book->own, &terms);
}

void weir__book_stop_counting(weir__book *book)
{
    if (book->books == NULL)
        return;
    lock(book->books);
    weir__ledger_stop_counting(&book->ledger);
    pthread_mutex_unlock(&book->books->lock);
}

static void release(const weir_graph *graph, weir_task task)
{
    if (graph->release != NULL && graph->release[task] != NULL)
        graph->release[task](graph->fixed[task].arg);
}

void weir__book_end(weir__book *book, bool complete)
{
    const weir_graph *graph = book->graph;
    for (uint32_t t = 0; !complete && book->counts && graph->users != NULL && t < graph->n; t++) {
        if ((load_relaxed(&graph->users[t].left) & BEGUN) != 0)
            release(graph, t);
        store_relaxed(&graph->users[t].left, graph->users[t].all);
    }
    if (book->books != NULL) {
        weir__books *books = book->books;
        lock(books);
        weir__account_leave(&book->ledger);
        unlock_settled(books);
        book->books = NULL;
    }
    WEIR_ASSERT_SLOW(is_at_rest(book));
}

/* Has the task its bytes, or needs none? Without the lock. */
static bool has_bytes(const weir__book *book, weir_task task)
{
    const uint32_t position = book->graph->order->position[task];
    /* BK2: acquire; pairs with BK1. */
    return position == WEIR_NO_POSITION || position < load_acquire(&book->ledger.prefix);
}

bool weir__book_has_bytes(const weir__book *book, weir_task task)
{
    return book->books == NULL || has_bytes(book, task);
}

/* Under the lock, as the next two. */
static void note(weir__book *book, weir_task task)
{
    weir__ledger_note(&book->ledger, book->graph->order->position[task]);
}

static bool start_or_note(weir__book *book, weir_task task)
{
    const bool yes = weir__ledger_start(&book->ledger, book->graph->order->position[task]);
    if (!yes)
        note(book, task);
    return yes;
}

static weir__book *book_of(weir__ledger *ledger)
{
    return (weir__book *)(void *)((char *)ledger - offsetof(weir__book, ledger));
}

/* What the account has found, as runs have it. */
static void grant(const weir__found *found, weir__granted *granted)
{
    granted->n = found->n;
    for (unsigned i = 0; i < found->n; i++) {
        weir__ledger *ledger = found->at[i].ledger;
        granted->at[i].book = book_of(ledger);
        granted->at[i].task = ledger->order->task[found->at[i].position];
    }
}

void weir__book_note(weir__book *book, const weir_task *task, uint32_t n)
{
    weir__books *books = book->books;
    WEIR_ASSERT(books != NULL);
    lock(books);
    for (uint32_t i = 0; i < n; i++)
        note(book, task[i]);
    pthread_mutex_unlock(&books->lock);
}

void weir__books_take(weir__books *books, weir__book *book, unsigned most, weir__granted *granted)
{
    struct weir__found_task at[WEIR__MOST_GRANTED];
    weir__found found = {.most = most, .at = at};
    weir__ledger *ledger = book != NULL ? &book->ledger : NULL;
    WEIR_ASSERT(most <= WEIR__MOST_GRANTED);
    lock(books);
    weir__account_try_heads(&books->account, ledger, &found);
    if (ledger != NULL)
        weir__account_try_others(ledger, &found);
    unlock_settled(books);
    grant(&found, granted);
}

unsigned weir__book_leave(weir__book *book, atomic_uint *at_work, bool may_park,
                          weir__granted *granted)
{
    struct weir__found_task at[WEIR__FEW_GRANTED];
    weir__found found = {.most = WEIR__FEW_GRANTED, .at = at};
    weir__books *books = book->books;
    weir__ledger *ledger = &book->ledger;
    lock(books);
    unsigned before = load_relaxed(at_work);
    WEIR_ASSERT(before > 0);
    if (before == 1 && may_park && weir__ledger_has_noted(ledger)) {
        weir__ledger_park(ledger); /* one of the parked ones is tried */
        weir__account_try_heads(&books->account, NULL, &found);
        before = 0;
    } else {
        before = sub_relaxed(at_work, 1);
    }
    unlock_settled(books);
    grant(&found, granted);
    return before;
}

weir__book *weir__books_unpark(weir__books *books, bool (*is_one)(const weir__book *))
{
    weir__book *found = NULL;
    lock(books);
    for (weir__ledger *l = books->account.first; l != NULL && found == NULL; l = l->next)
        if (l->parked && is_one(book_of(l)))
            found = book_of(l);
    if (found != NULL)
        weir__ledger_unpark(&found->ledger);
    pthread_mutex_unlock(&books->lock);
    return found;
}

void weir__book_began(weir__book *book, weir_task task)
{
    const weir_graph *graph = book->graph;
    if (book->counts && weir__graph_holds(graph, task))
        store_relaxed(&graph->users[task].left, graph->users[task].all | BEGUN);
}

/* What the end of tasks gives back: of which holders they were the last users. */
typedef struct returns {
    weir__book *book;
    weir_task holder[BATCH];
    unsigned n;
} returns;

/* Under the lock. */
static void return_all(returns *r)
{
    weir__ledger *ledger = &r->book->ledger;
    for (unsigned i = 0; i < r->n; i++)
        weir__ledger_return(ledger, ledger->order->position[r->holder[i]], WEIR__RETURNED);
    r->n = 0;
}

/* No task uses what this one holds any more. */
static void come_back(returns *r, weir_task holder)
{
    const weir_graph *graph = r->book->graph;
    weir__books *books = r->book->books;
    store_relaxed(&graph->users[holder].left, graph->users[holder].all); /* for the next run */
    release(graph, holder);
    if (books == NULL || weir__task_held(graph, holder) == 0)
        return;
    if (r->n == BATCH) {
        lock(books);
        return_all(r);
        unlock_settled(books);
    }
    r->holder[r->n++] = holder;
}

static void count_users(returns *r, weir_task task)
{
    const weir_graph *graph = r->book->graph;
    for (uint64_t i = graph->holders_at[task]; i < graph->holders_at[task + 1]; i++)
        /* BK3: acquire and release; pairs with itself: what all users did happens before the release of
         * what they used. */
        if (sub_acq_rel(&graph->users[graph->holder[i]].left, 1) == (BEGUN | 1))
            come_back(r, graph->holder[i]);
    if (graph->users[task].all == 0 && weir__graph_holds(graph, task))
        come_back(r, task);
}

/* Under the lock. */
static void return_work(weir__book *book, const weir_task *task, uint32_t n)
{
    const weir_graph *graph = book->graph;
    for (uint32_t i = 0; i < n; i++)
        if (weir__task_work(graph, task[i]) > 0)
            weir__ledger_return(&book->ledger, graph->order->position[task[i]], WEIR__WORKED);
}

static bool any_works(const weir_graph *graph, const weir_task *task, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (weir__task_work(graph, task[i]) > 0)
            return true;
    return false;
}

/* So that clumps may grow, but nobody takes much more than what he has shown to be able to do. */
static unsigned how_many(uint32_t finished)
{
    const unsigned most = finished < WEIR__MOST_GRANTED / 2 ? 2 * finished : WEIR__MOST_GRANTED;
    return most > WEIR__FEW_GRANTED ? most : WEIR__FEW_GRANTED;
}

bool weir__book_finished_all(weir__book *book, const weir_task *task, uint32_t n, weir_task next,
                             weir__granted *granted)
{
    weir__books *books = book->books;
    returns r = {.book = book};
    granted->n = 0;
    for (uint32_t i = 0; book->counts && book->graph->users != NULL && i < n; i++)
        count_users(&r, task[i]);
    if (books == NULL)
        return next != WEIR_NO_TASK;
    const bool back = r.n > 0 || any_works(book->graph, task, n);
    const bool ready = next != WEIR_NO_TASK && has_bytes(book, next);
    if (!back && (ready || next == WEIR_NO_TASK)) /* nothing changes that others could wait for */
        return ready;
    WEIR_POINT(BOOK_FINISHED);
    struct weir__found_task at[WEIR__MOST_GRANTED];
    weir__found found = {.most = how_many(n), .at = at};
    lock(books);
    return_all(&r);
    return_work(book, task, n);
    if (back)
        weir__account_try_heads(&books->account, &book->ledger, &found);
    const bool yes = ready || (next != WEIR_NO_TASK && start_or_note(book, next));
    if (back)
        weir__account_try_others(&book->ledger, &found);
    unlock_settled(books);
    grant(&found, granted);
    return yes;
}

bool weir__book_finished(weir__book *book, weir_task task, weir_task next, weir__granted *granted)
{
    return weir__book_finished_all(book, &task, 1, next, granted);
}
