/* Which task may start; see account.h, which has the rule and the proof. */
#include "graph/account.h"

#include <string.h>

#include "base/memory.h"
#include "graph/sums.h"

#define WEIR__MOST_WALKED 512 /* tasks */

void weir__account_open(weir__account *account, uint64_t limit)
{
    *account = (weir__account){.held = limit, .kept = limit};
}

void weir__account_open_in(weir__account *account, weir__windows *windows)
{
    WEIR_ASSERT(windows->payer != NULL);
    *account = (weir__account){.windows = windows};
}

weir_status weir__ledger_open(weir__ledger *ledger, const weir__order *order)
{
    const size_t n = order->n, words = weir__bits_words(order->n) + order->blocks;
    *ledger = (weir__ledger){.order = order, .bytes = words * sizeof(uint64_t) + n};
    uint64_t *memory = ledger->memory = weir__memory_alloc_zero(ledger->bytes);
    if (memory == NULL)
        return WEIR_ENOMEM;
    ledger->started = weir__bits_open(&ledger->noted, order->n, memory);
    ledger->state = (uint8_t *)(ledger->started + order->blocks);
    return WEIR_OK;
}

void weir__ledger_close(weir__ledger *ledger)
{
    WEIR_ASSERT(ledger->account == NULL);
    weir__memory_free(ledger->memory);
    ledger->memory = NULL;
}

static bool is_lent(const weir__ledger *l)
{
    return l->lent != WEIR__NOT_LENT;
}

/* ---- what the account holds ---- */

/* What it holds, and might get now. */
static uint64_t reach(const weir__account *a)
{
    if (a->windows == NULL || weir__windows_are_waited_for(a->windows))
        return a->held;
    return a->held + weir__budget_room(a->windows->payer);
}

/* Has it so much, or gets it? */
static bool hold(weir__account *a, uint64_t bytes)
{
    if (bytes <= a->held)
        return true;
    if (a->windows == NULL || bytes > a->windows->payer->limit ||
        !weir__windows_try_reserve(a->windows, a->windows->payer, bytes - a->held))
        return false;
    a->held = bytes;
    return true;
}

static uint64_t more_of(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

void weir__account_settle(weir__account *a)
{
    if (a->worst > a->early + a->rest)
        a->worst = a->early + a->rest;
    const uint64_t needed = more_of(a->kept, more_of(a->booked, a->worst));
    WEIR_ASSERT(needed <= a->held);
    if (needed == a->held)
        return;
    const uint64_t back = a->held - needed;
    a->held = needed;
    weir__windows_release(a->windows, a->windows->payer, back);
}

/* What is booked counts in an account below the engine's as well, which may have a limit of its own. */
static bool count(const weir__ledger *l, uint64_t bytes)
{
    return l->counts == NULL ||
           weir__budget_reserve_kept(l->counts, bytes, l->counts->parent, bytes) == NULL;
}

static void count_back(const weir__ledger *l, uint64_t bytes)
{
    if (l->counts != NULL)
        weir__budget_release_kept(l->counts, bytes, l->counts->parent, bytes);
}

/* ---- graphs come and go ---- */

void weir__account_enter(weir__account *account, weir__ledger *ledger, const weir__terms *terms)
{
    const bool lent = terms->lent != WEIR__NOT_LENT;
    const uint64_t rest = lent ? 0 : ledger->order->serial_bytes;
    WEIR_ASSERT(ledger->account == NULL && terms->lent >= ledger->order->serial_bytes);
    WEIR_ASSERT(account->windows == NULL || terms->brought >= rest);
    ledger->account = account;
    ledger->next = account->first;
    account->first = ledger;
    store_relaxed(&ledger->prefix, 0);
    ledger->cursor = 0;
    ledger->added = 0;
    ledger->early = ledger->inside = 0;
    ledger->lent = terms->lent;
    ledger->rest = rest;
    ledger->kept = terms->keeps ? terms->brought : 0;
    ledger->counts = terms->counts;
    ledger->parked = false;
    account->held += terms->brought;
    account->kept += ledger->kept;
    account->rest += rest;
    account->worst += rest;
    WEIR_ASSERT_SLOW(weir__account_is_valid(account));
}

/* Has it nothing left, as after a run that came to its end? */
static bool is_empty(const weir__ledger *l)
{
    return load_relaxed(&l->prefix) == l->order->n && l->early == 0 && l->inside == 0 &&
           weir__bits_next(&l->noted, 0) == WEIR_BITS_NONE;
}

void weir__ledger_stop_counting(weir__ledger *ledger)
{
    count_back(ledger, ledger->early + (is_lent(ledger) ? 0 : ledger->inside));
    ledger->counts = NULL;
}

void weir__account_leave(weir__ledger *ledger)
{
    weir__account *account = ledger->account;
    weir__ledger **at = &account->first;
    while (*at != ledger)
        at = &(*at)->next;
    *at = ledger->next;
    if (ledger->parked)
        weir__ledger_unpark(ledger);
    weir__ledger_stop_counting(ledger);
    if (!is_empty(ledger))
        memset(ledger->memory, 0, ledger->bytes);
    account->booked -= ledger->early + (is_lent(ledger) ? 0 : ledger->inside);
    account->early -= ledger->early;
    account->rest -= ledger->rest;
    account->kept -= ledger->kept;
    ledger->account = NULL;
    WEIR_ASSERT_SLOW(weir__account_is_valid(account));
}

/* ---- early tasks ---- */

/* What an early task holds now. */
static uint64_t holds(const weir__ledger *l, uint32_t position)
{
    const unsigned state = l->state[position];
    return ((state & WEIR__WORKED) != 0 ? 0 : weir__order_work(l->order, position)) +
           ((state & WEIR__RETURNED) != 0 ? 0 : weir__order_held(l->order, position));
}

static void note_started(weir__ledger *l, uint32_t position, uint64_t need)
{
    weir__sums_add(l->started, l->order->blocks, position / WEIR_ORDER_BLOCK, need);
}

/* The needs of the early tasks at positions below `end`. */
static uint64_t started_below(const weir__ledger *l, uint32_t end)
{
    uint64_t needs = weir__sums_below(l->started, end / WEIR_ORDER_BLOCK);
    for (uint32_t k = end - end % WEIR_ORDER_BLOCK; k < end; k++)
        if (l->state[k] != 0)
            needs += weir__order_need(l->order, k);
    return needs;
}

/* What the task adds to what is held, when it has finished in the order's place; or takes away. */
static int64_t adds(const weir__order *o, uint32_t position)
{
    const uint32_t next = position + 1;
    const uint64_t before = o->mem[position] - weir__order_need(o, position);
    const uint64_t after = next < o->n ? o->mem[next] - weir__order_need(o, next) : 0;
    return (int64_t)(after - before);
}

/* The bytes of an early task that the prefix has reached are the prefix's, if it has room for them. */
static bool take_in(weir__ledger *l, uint32_t position)
{
    const uint64_t bytes = holds(l, position);
    if (is_lent(l) && bytes > l->lent - l->inside)
        return false;
    if (is_lent(l)) {
        l->account->booked -= bytes;
        count_back(l, bytes);
    }
    l->inside += bytes;
    l->early -= bytes;
    l->account->early -= bytes;
    note_started(l, position, -weir__order_need(l->order, position));
    l->state[position] = 0;
    l->added -= adds(l->order, position);
    return true;
}

/* All tasks below `end` have their bytes; the prefix goes on over early ones behind them. */
static void extend(weir__ledger *l, uint32_t end)
{
    const weir__order *order = l->order;
    const uint32_t prefix = load_relaxed(&l->prefix);
    uint32_t k = prefix;
    bool highest = false; /* it has passed one of the highest steps */
    for (; k < order->n && (k < end || l->state[k] != 0); k++) {
        if (l->state[k] != 0 && !take_in(l, k))
            break;
        highest = highest || order->mem[k] == l->rest;
    }
    WEIR_ASSERT(k >= end);
    if (k == prefix)
        return;
    /* BK1: release; pairs with BK2: what gave these bytes back happens before the tasks that have them
     * now. */
    store_release(&l->prefix, k);
    l->cursor = 0;
    if (highest && !is_lent(l)) {
        const uint64_t rest = weir__order_most(order, k, order->n);
        l->account->rest -= l->rest - rest;
        l->rest = rest;
    }
}

/* ---- starts ---- */

/* Books bytes for the prefix. */
static bool book(weir__ledger *l, uint64_t needs)
{
    weir__account *a = l->account;
    if (is_lent(l)) {
        if (needs > l->lent - l->inside)
            return false;
    } else {
        if (!hold(a, weir__bytes_add(a->booked, needs)) || !count(l, needs))
            return false;
        a->booked += needs;
    }
    l->inside += needs;
    return true;
}

static bool start_head(weir__ledger *l, uint64_t need)
{
    if (!book(l, need))
        return false;
    extend(l, load_relaxed(&l->prefix) + 1);
    return true;
}

/* What must be left of the slack for an early task: its need and what is early already, or what such
 * tasks will hold, twice, with what this one works with. */
static uint64_t wanted(const weir__ledger *l, uint32_t position, uint64_t need)
{
    const weir__account *a = l->account;
    const uint64_t early = weir__bytes_add(a->early, need);
    const int64_t more = adds(l->order, position), held = l->added + more;
    if (more <= 0 || held <= 0)
        return early;
    const uint64_t later = weir__bytes_add(
        a->early - l->early + weir__order_work(l->order, position), 2 * (uint64_t)held);
    return more_of(early, later);
}

/* The most of the steps that an early task is beside: of all that remain, or else of the other graphs' and
 * of those before its own. UINT64_MAX: that is too much, with `early` bytes. */
static uint64_t steps_beside(const weir__ledger *l, uint32_t position, uint64_t early)
{
    const weir__account *a = l->account;
    const uint64_t most = reach(a), others = a->rest - l->rest;
    if (early > most)
        return UINT64_MAX;
    if (a->rest <= most - early)
        return a->rest;
    if (is_lent(l) || others > most - early)
        return UINT64_MAX;
    const uint64_t own = weir__order_most(l->order, load_relaxed(&l->prefix), position);
    return own <= most - early - others ? others + own : UINT64_MAX;
}

static bool start_early(weir__ledger *l, uint32_t position, uint64_t need)
{
    weir__account *a = l->account;
    if (weir__bytes_add(a->booked, need) > reach(a)) /* as a rule, and it costs least */
        return false;
    const uint64_t beside = steps_beside(l, position, wanted(l, position, need));
    if (beside == UINT64_MAX)
        return false;
    const uint64_t worst =
        is_lent(l) ? a->worst + need : more_of(a->worst, a->early + need + beside);
    if (!hold(a, more_of(a->booked + need, worst)) || !count(l, need))
        return false;
    a->worst = worst;
    a->booked += need;
    a->early += need;
    l->early += need;
    l->added += adds(l->order, position);
    l->state[position] = WEIR__EARLY;
    note_started(l, position, need);
    return true;
}

static bool start_on_demand(weir__ledger *l, uint32_t position)
{
    const weir__order *order = l->order;
    if (is_lent(l) || order->certified_bytes == UINT64_MAX) /* sums may be beyond 2^64 */
        return false;
    const uint64_t needs = order->sum[position + 1] - order->sum[load_relaxed(&l->prefix)] -
                           started_below(l, position + 1);
    if (!book(l, needs))
        return false;
    extend(l, position + 1);
    return true;
}

#if defined(WEIR_ASSERTS)
/* The same for each step, which for large graphs would take too long. */
static bool is_valid_or_large(const weir__account *a)
{
    for (const weir__ledger *l = a->first; l != NULL; l = l->next)
        if (l->order->n > WEIR__MOST_WALKED)
            return true;
    return weir__account_is_valid(a);
}
#endif

bool weir__ledger_start(weir__ledger *ledger, uint32_t position)
{
    const uint32_t prefix = load_relaxed(&ledger->prefix);
    const uint64_t need = weir__order_need(ledger->order, position);
    WEIR_ASSERT(position < ledger->order->n && ledger->state[position] == 0);
    const bool yes =
        position < prefix || (position == prefix && start_head(ledger, need)) ||
        ((position > prefix || is_lent(ledger)) && start_early(ledger, position, need)) ||
        (position > prefix && start_on_demand(ledger, position));
    WEIR_ASSERT_SLOW(is_valid_or_large(ledger->account));
    return yes;
}

void weir__ledger_return(weir__ledger *ledger, uint32_t position, unsigned what)
{
    weir__account *a = ledger->account;
    const uint64_t bytes = what == WEIR__WORKED ? weir__order_work(ledger->order, position)
                                                : weir__order_held(ledger->order, position);
    if (position >= load_relaxed(&ledger->prefix)) {
        WEIR_ASSERT(ledger->state[position] != 0 && (ledger->state[position] & what) == 0);
        ledger->state[position] |= (uint8_t)what;
        ledger->early -= bytes;
        a->early -= bytes;
        a->booked -= bytes;
        count_back(ledger, bytes);
    } else {
        ledger->inside -= bytes;
        if (!is_lent(ledger)) {
            a->booked -= bytes;
            count_back(ledger, bytes);
        }
    }
    for (weir__ledger *l = a->first; l != NULL; l = l->next)
        l->cursor = 0;
    if (is_lent(ledger)) /* it may have had no room for an early task that its prefix has reached */
        extend(ledger, load_relaxed(&ledger->prefix));
    WEIR_ASSERT_SLOW(is_valid_or_large(a));
}

#if defined(WEIR_ASSERTS)
/* What is above the ledger's struct; adds its W, or what is early where it is lent. */
static bool ledger_is_valid(const weir__ledger *l, uint64_t *worst)
{
    const weir__order *order = l->order;
    const uint32_t prefix = load_relaxed(&l->prefix);
    uint64_t beyond = 0, most = 0, rest = 0, started = 0;
    if (prefix > order->n || l->inside > l->lent)
        return false;
    for (uint32_t k = 0; k < prefix; k++)
        if (l->state[k] != 0)
            return false;
    for (uint32_t k = order->n; k-- > prefix;) {
        const uint64_t live = beyond + order->mem[k];
        most = live > most ? live : most;
        rest = order->mem[k] > rest ? order->mem[k] : rest;
        if (l->state[k] == 0)
            continue;
        beyond += holds(l, k);
        started += weir__order_need(order, k);
        if (weir__bits_has(&l->noted, k))
            return false;
    }
    *worst += is_lent(l) ? l->early : most;
    return beyond == l->early && l->rest == (is_lent(l) ? 0 : rest) &&
           started == weir__sums_below(l->started, order->blocks);
}

bool weir__account_is_valid(const weir__account *account)
{
    uint64_t early = 0, rest = 0, booked = 0, kept = 0, worst = 0;
    unsigned parked = 0;
    for (const weir__ledger *l = account->first; l != NULL; l = l->next) {
        if (!ledger_is_valid(l, &worst))
            return false;
        early += l->early;
        rest += l->rest;
        kept += l->kept;
        booked += l->early + (is_lent(l) ? 0 : l->inside);
        parked += l->parked;
    }
    if (account->windows == NULL)
        kept = account->held;
    return account->early == early && account->rest == rest && account->booked == booked &&
           account->kept == kept && account->parked == parked && early <= booked &&
           booked <= account->held && kept <= account->held && worst <= account->worst &&
           account->worst <= account->held;
}
#endif
