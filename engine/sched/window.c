/* The window: permits, blocks and scratch; see window.h.
 *
 * Admission is rare (tens of parts a run), so one lock keeps permits and lists together, and all
 * bytes of an admission are taken from the budget at once. */
#include "sched/window.h"

#include "base/atomics.h"
#include "base/memory.h"

uint64_t weir__window_block_bytes(uint64_t bytes)
{
    return weir__round_up(weir__bytes_add(bytes, sizeof(weir__block)), WEIR_LINE);
}

static size_t in_flight(const weir__window *window)
{
    return load_relaxed(&window->in_flight);
}

static void set_in_flight(weir__window *window, size_t parts)
{
    store_relaxed(&window->in_flight, parts);
    if (parts > window->peak_in_flight)
        window->peak_in_flight = parts;
}

/* Is anything reserved for each worker? */
static bool has_contexts(const weir__window *window)
{
    return window->scratch_bytes > 0 || window->nested_bytes > 0;
}

#if defined(WEIR_ASSERTS)
static bool free_blocks_are_valid(const weir__window *window)
{
    const weir__budget *payer = window->all->payer;
    return weir__blocks_is_valid(&window->free) &&
           (payer == NULL || weir__blocks_bytes(&window->free) <= weir__budget_held(payer));
}

static bool scratch_is_valid(const weir__window *window)
{
    unsigned unused = 0;
    for (const weir__block *block = window->free_scratch; block != NULL; block = block->next)
        unused++;
    if (unused > window->scratch_count)
        return false;
    if (!has_contexts(window))
        return window->scratch_count == 0;
    const uint64_t bytes = weir__window_block_bytes(window->scratch_bytes) + window->nested_bytes;
    const size_t running = in_flight(window) + 1;
    return window->scratch_count >= (running < window->team ? running : window->team) &&
           window->scratch_count <= weir__budget_held(&window->budget) / bytes;
}

bool weir__window_is_valid(const weir__window *window)
{
    return in_flight(window) <= window->max_in_flight && free_blocks_are_valid(window) &&
           scratch_is_valid(window) && weir__budget_is_valid(&window->budget);
}
#endif

/* ---- free blocks ---- */

/* A block, or none, is in use no more. Returns the bytes that the payer is to go on holding. */
static uint64_t keep_block(weir__window *window, weir__block *block)
{
    if (block == NULL)
        return 0;
    const bool lent = window->lender != NULL && window->all->payer != NULL;
    if (lent || load_relaxed(&window->all->in_need) > 0) {
        weir__memory_free(block);
        return 0;
    }
    weir__blocks_put(&window->free, block);
    return block->bytes;
}

/* Memory goes back before its bytes do. */
static void trim(weir__window *window)
{
    const uint64_t bytes = weir__blocks_free(&window->free);
    if (window->all->payer != NULL)
        weir__budget_release(window->all->payer, bytes);
}

void weir__window_trim(weir__window *window)
{
    pthread_mutex_lock(&window->lock);
    trim(window);
    pthread_mutex_unlock(&window->lock);
}

void weir__windows_open(weir__windows *all, weir__budget *budget)
{
    *all =
        (weir__windows){.payer = weir__budget_limited(budget), .lock = PTHREAD_MUTEX_INITIALIZER};
}

void weir__windows_close(weir__windows *all)
{
    WEIR_ASSERT(all->first == NULL && load_relaxed(&all->in_need) == 0);
    pthread_mutex_destroy(&all->lock);
}

/* From the return to end_need() no window keeps a free block, so what the payer refuses meanwhile
 * is really in use: whoever has a window's lock after it was trimmed here, or opens one after the
 * list was looked through, sees in_need raised, by the order of those locks. */
static void begin_need(weir__windows *all)
{
    pthread_mutex_lock(&all->lock);
    add_relaxed(&all->in_need, 1);
    for (weir__window *window = all->first; window != NULL; window = window->next)
        weir__window_trim(window);
    pthread_mutex_unlock(&all->lock);
}

static void end_need(weir__windows *all)
{
    sub_relaxed(&all->in_need, 1);
}

/* Is there a free block anywhere? As it looks now. */
static bool has_free_blocks(weir__windows *all)
{
    pthread_mutex_lock(&all->lock);
    const weir__window *window = all->first;
    while (window != NULL && weir__blocks_bytes(&window->free) == 0)
        window = window->next;
    pthread_mutex_unlock(&all->lock);
    return window != NULL;
}

bool weir__windows_reserve(weir__windows *all, weir__budget *budget, uint64_t bytes)
{
    if (weir__budget_reserve(budget, bytes) == NULL)
        return true;
    if (all->payer == NULL)
        return false;
    begin_need(all);
    const bool granted = weir__budget_reserve(budget, bytes) == NULL;
    end_need(all);
    return granted;
}

bool weir__windows_try_reserve(weir__windows *all, weir__budget *budget, uint64_t bytes)
{
    if (weir__windows_are_waited_for(all))
        return false;
    return weir__budget_reserve(budget, bytes) == NULL ||
           (has_free_blocks(all) && weir__windows_reserve(all, budget, bytes));
}

void weir__windows_release(weir__windows *all, weir__budget *budget, uint64_t bytes)
{
    pthread_mutex_lock(&all->lock);
    weir__budget_release(budget, bytes);
    pthread_mutex_unlock(&all->lock);
    weir__windows_tell(all);
}

/* ---- open, close ---- */

weir_status weir__window_open(weir__window *window, weir__windows *all)
{
    *window = (weir__window){.all = all};
    if (pthread_mutex_init(&window->lock, NULL) != 0)
        return WEIR_ENOMEM;
    pthread_mutex_lock(&all->lock);
    window->next = all->first;
    all->first = window;
    pthread_mutex_unlock(&all->lock);
    return WEIR_OK;
}

void weir__window_close(weir__window *window)
{
    WEIR_ASSERT(window->free_scratch == NULL);
    pthread_mutex_lock(&window->all->lock);
    weir__window **at = &window->all->first;
    while (*at != window)
        at = &(*at)->next;
    *at = window->next;
    pthread_mutex_unlock(&window->all->lock);
    trim(window);
    pthread_mutex_destroy(&window->lock);
}

/* ---- blocks with their bytes ---- */

/* Who goes on holding bytes that this run gives back: the payer those of free blocks, a lender all. */
static const weir__budget *keeper_of(const weir__window *window)
{
    return window->lender != NULL ? window->lender : window->all->payer;
}

/* How many of these bytes it holds also without this run, if of free blocks that is `kept`. */
static uint64_t held_before(const weir__window *window, uint64_t bytes, uint64_t kept)
{
    return window->lender != NULL ? bytes : kept;
}

/* Takes a block, `declared` bytes that ops hold elsewhere, and scratch for one more worker if that
 * is asked for; all or nothing. Returns WEIR_OK, or
 *   WEIR_EBUDGET  the run's own account says no, or one between it and the payer;
 *   WEIR_EBUSY    the payer does: free blocks may be in the way;
 *   WEIR_ENOMEM   there is no memory.
 * limits: of the run that begins with these; NULL: of the one under way. */
static weir_status add_blocks(weir__window *window, uint64_t payload, uint64_t declared,
                              bool with_scratch, const weir__limits *limits, weir__block **added)
{
    const weir__budget *payer = window->all->payer;
    const uint64_t bytes = payload > 0 ? weir__window_block_bytes(payload) : 0;
    const uint64_t scratch_bytes =
        with_scratch ? weir__window_block_bytes(window->scratch_bytes) : 0;
    if (with_scratch)
        declared = weir__bytes_add(declared, window->nested_bytes);
    const uint64_t all = weir__bytes_add(weir__bytes_add(bytes, scratch_bytes), declared);
    weir__block *block = bytes > 0 ? weir__blocks_find(&window->free, bytes) : NULL;
    weir__block *scratch = with_scratch ? weir__blocks_find(&window->free, scratch_bytes) : NULL;
    const uint64_t kept = (block != NULL ? bytes : 0) + (scratch != NULL ? scratch_bytes : 0);
    const weir__budget *keeper = keeper_of(window);
    const uint64_t held = held_before(window, all, kept);
    const weir__budget *no = limits == NULL
                                 ? weir__budget_reserve_kept(&window->budget, all, keeper, held)
                                 : weir__budget_begin(&window->budget, limits->parent,
                                                      limits->limit_bytes, all, keeper, held);
    if (no != NULL) {
        weir__blocks_put(&window->free, scratch);
        weir__blocks_put(&window->free, block);
        return no == payer ? WEIR_EBUSY : WEIR_EBUDGET;
    }
    if (weir__blocks_bytes(&window->free) > weir__budget_room(&window->budget))
        trim(window);
    if (block == NULL && bytes > 0)
        block = weir__block_new(bytes);
    const bool has_block = block != NULL || bytes == 0;
    if (with_scratch && has_block && scratch == NULL)
        scratch = weir__block_new(scratch_bytes);
    if (!has_block || (with_scratch && scratch == NULL)) {
        const uint64_t again = keep_block(window, scratch) + keep_block(window, block);
        weir__budget_release_kept(&window->budget, all, keeper, held_before(window, all, again));
        return WEIR_ENOMEM;
    }
    if (with_scratch) {
        scratch->next = window->free_scratch;
        window->free_scratch = scratch;
        window->scratch_count++;
    }
    *added = block;
    return WEIR_OK;
}

static void return_block(weir__window *window, weir__block *block, uint64_t declared)
{
    const uint64_t bytes = block->bytes;
    const uint64_t kept = keep_block(window, block);
    const uint64_t all = bytes + declared;
    weir__budget_release_kept(&window->budget, all, keeper_of(window),
                              held_before(window, all, kept));
}

/* ---- runs ---- */

static void set_limits(weir__window *window, const weir__limits *limits)
{
    window->max_in_flight = limits->max_in_flight;
    window->scratch_bytes = limits->scratch_bytes;
    window->nested_bytes = limits->nested_bytes;
    window->lender = limits->lent ? limits->parent : NULL;
    window->peak_in_flight = 0;
}

/* The lock, where no worker of this run is there yet, or any more: then only those can come that
 * trim other windows, which they do for the payer. */
static void lock_alone(weir__window *window)
{
    if (window->all->payer != NULL)
        pthread_mutex_lock(&window->lock);
}

static void unlock_alone(weir__window *window)
{
    if (window->all->payer != NULL)
        pthread_mutex_unlock(&window->lock);
}

static weir_status add_root(weir__window *window, const weir__limits *limits, uint64_t bytes,
                            uint64_t declared, weir__block **root)
{
    lock_alone(window);
    if (window->lender != NULL && window->all->payer != NULL)
        trim(window); /* the lender holds nothing of those */
    const weir_status status =
        add_blocks(window, bytes, declared, has_contexts(window), limits, root);
    WEIR_ASSERT_SLOW(weir__window_is_valid(window));
    unlock_alone(window);
    return status;
}

weir_status weir__window_begin(weir__window *window, const weir__limits *limits,
                               uint64_t root_bytes, uint64_t root_declared, void **root)
{
    weir__block *block = NULL;
    WEIR_ASSERT(in_flight(window) == 0);
    set_limits(window, limits);
    weir_status status = add_root(window, limits, root_bytes, root_declared, &block);
    if (status == WEIR_EBUSY) {
        begin_need(window->all);
        status = add_root(window, limits, root_bytes, root_declared, &block);
        end_need(window->all);
    }
    if (status == WEIR_ENOMEM)
        weir__windows_tell(window->all); /* bytes that it had for a moment are back */
    if (status != WEIR_OK)
        return status == WEIR_EBUSY ? WEIR_EBUDGET : status;
    window->team = 1;
    *root = block != NULL ? block + 1 : NULL;
    return WEIR_OK;
}

void weir__window_hand_over(weir__window *window)
{
    WEIR_ASSERT(in_flight(window) == 0 && window->scratch_count == 0 && window->lender == NULL);
    weir__budget_hand_over(&window->budget);
}

void weir__window_set_team(weir__window *window, unsigned team)
{
    window->team = team;
    if (team == 1)
        window->max_in_flight = 0;
}

void weir__window_end(weir__window *window, void *root, uint64_t root_declared)
{
    WEIR_ASSERT(in_flight(window) == 0);
    lock_alone(window);
    uint64_t bytes = root_declared + window->scratch_count * window->nested_bytes, kept = 0;
    if (root != NULL) {
        weir__block *block = weir__block_of(root);
        block->next = window->free_scratch;
        window->free_scratch = block;
    }
    for (weir__block *block; (block = window->free_scratch) != NULL;) {
        window->free_scratch = block->next;
        bytes += block->bytes;
        kept += keep_block(window, block);
    }
    window->scratch_count = 0;
    window->team = 0;
    weir__budget_end(&window->budget, bytes, keeper_of(window),
                     held_before(window, bytes, kept)); /* no scratch is missing */
    WEIR_ASSERT_SLOW(weir__window_is_valid(window));
    unlock_alone(window);
    weir__windows_tell(window->all);
}

static weir_status admit(weir__window *window, uint64_t bytes, uint64_t declared,
                         weir__block **block)
{
    weir_status status = WEIR_EBUDGET;
    pthread_mutex_lock(&window->lock);
    const size_t parts = in_flight(window);
    /* One more part may mean one more worker that runs at the same time, beside those of the root
     * and of the parts that are out. */
    const bool with_scratch = has_contexts(window) && window->scratch_count < window->team &&
                              window->scratch_count < parts + 2;
    if (parts < window->max_in_flight)
        status = add_blocks(window, bytes, declared, with_scratch, NULL, block);
    if (status == WEIR_OK)
        set_in_flight(window, parts + 1);
    WEIR_ASSERT_SLOW(weir__window_is_valid(window));
    pthread_mutex_unlock(&window->lock);
    return status;
}

void *weir__window_admit(weir__window *window, uint64_t bytes, uint64_t declared)
{
    weir__block *block = NULL;
    if (weir__windows_are_waited_for(window->all))
        return NULL;
    weir_status status = admit(window, bytes, declared, &block);
    if (status == WEIR_EBUSY && has_free_blocks(window->all)) {
        begin_need(window->all);
        status = admit(window, bytes, declared, &block);
        end_need(window->all);
    }
    return status == WEIR_OK ? block + 1 : NULL;
}

void weir__window_complete(weir__window *window, void *block, uint64_t declared)
{
    pthread_mutex_lock(&window->lock);
    WEIR_ASSERT(in_flight(window) > 0);
    set_in_flight(window, in_flight(window) - 1);
    return_block(window, weir__block_of(block), declared);
    WEIR_ASSERT_SLOW(weir__window_is_valid(window));
    pthread_mutex_unlock(&window->lock);
    weir__windows_tell(window->all);
}

bool weir__window_admit_permit(weir__window *window)
{
    if (weir__windows_are_waited_for(window->all))
        return false;
    pthread_mutex_lock(&window->lock);
    const size_t parts = in_flight(window);
    const bool admitted = parts < window->max_in_flight;
    WEIR_ASSERT(!has_contexts(window)); /* else the permit's worker would need one */
    if (admitted)
        set_in_flight(window, parts + 1);
    pthread_mutex_unlock(&window->lock);
    return admitted;
}

void weir__window_complete_permit(weir__window *window)
{
    pthread_mutex_lock(&window->lock);
    WEIR_ASSERT(in_flight(window) > 0);
    set_in_flight(window, in_flight(window) - 1);
    pthread_mutex_unlock(&window->lock);
}

void *weir__window_acquire_scratch(weir__window *window)
{
    if (!has_contexts(window))
        return NULL;
    pthread_mutex_lock(&window->lock);
    weir__block *block = window->free_scratch;
    WEIR_ASSERT(block != NULL);
    window->free_scratch = block->next;
    pthread_mutex_unlock(&window->lock);
    return block + 1;
}

void weir__window_release_scratch(weir__window *window, void *scratch)
{
    if (scratch == NULL)
        return;
    weir__block *block = weir__block_of(scratch);
    pthread_mutex_lock(&window->lock);
    block->next = window->free_scratch;
    window->free_scratch = block;
    pthread_mutex_unlock(&window->lock);
}
