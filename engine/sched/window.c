/* The window: permits, bytes and blocks; see window.h.
 *
 * Admission is rare (tens of parts a run), so one lock keeps permits, bytes and lists together, and
 * "all or nothing" is a few plain lines.  Blocks are kept by exact size: a plan has as many sizes
 * as it has layers. */
#include "sched/window.h"

#include "base/atomics.h"
#include "base/memory.h"

struct weir__block {
    alignas(WEIR_LINE) weir__block *next;
    uint64_t bytes; /* with this header */
};

static_assert(sizeof(weir__block) == WEIR_LINE, "memory behind the header must be aligned");

static weir__block *block_of(void *memory)
{
    return (weir__block *)memory - 1;
}

uint64_t weir__window_block_bytes(uint64_t bytes)
{
    return weir__round_up(weir__bytes_add(bytes, sizeof(weir__block)), WEIR_LINE);
}

weir_status weir__window_open(weir__window *window)
{
    *window = (weir__window){0};
    return pthread_mutex_init(&window->lock, NULL) == 0 ? WEIR_OK : WEIR_ENOMEM;
}

static void free_list(weir__block *block)
{
    while (block != NULL) {
        weir__block *next = block->next;
        weir__memory_give(block);
        block = next;
    }
}

void weir__window_trim(weir__window *window)
{
    free_list(window->free_blocks);
    window->free_blocks = NULL;
    window->free_bytes = 0;
}

void weir__window_close(weir__window *window)
{
    WEIR_ASSERT(window->free_scratch == NULL);
    weir__window_trim(window);
    pthread_mutex_destroy(&window->lock);
}

static uint64_t held(const weir__window *window)
{
    return load_relaxed(&window->held_bytes);
}

static void set_held(weir__window *window, uint64_t bytes)
{
    store_relaxed(&window->held_bytes, bytes);
    if (bytes > window->peak_bytes)
        window->peak_bytes = bytes;
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

/* A block of `bytes`, its header included, whose bytes are reserved already; NULL: no memory. */
static weir__block *take_block(weir__window *window, uint64_t bytes)
{
    for (weir__block **at = &window->free_blocks; *at != NULL; at = &(*at)->next)
        if ((*at)->bytes == bytes) {
            weir__block *block = *at;
            *at = block->next;
            window->free_bytes -= bytes;
            return block;
        }
    if (window->free_bytes > window->limit_bytes - held(window))
        weir__window_trim(window);
    if (bytes > SIZE_MAX)
        return NULL;
    weir__block *block = weir__memory_take((size_t)bytes);
    if (block != NULL)
        block->bytes = bytes;
    return block;
}

static void keep_block(weir__window *window, weir__block *block)
{
    block->next = window->free_blocks;
    window->free_blocks = block;
    window->free_bytes += block->bytes;
}

/* Reserves and takes scratch for one more worker. */
static bool add_scratch(weir__window *window)
{
    const uint64_t bytes = weir__window_block_bytes(window->scratch_bytes);
    if (bytes > window->limit_bytes - held(window))
        return false;
    set_held(window, held(window) + bytes);
    weir__block *block = take_block(window, bytes);
    if (block == NULL) {
        set_held(window, held(window) - bytes);
        return false;
    }
    block->next = window->free_scratch;
    window->free_scratch = block;
    window->scratch_count++;
    return true;
}

/* Reserves and takes a block together with `declared` bytes that ops hold elsewhere. */
static weir__block *add_block(weir__window *window, uint64_t payload, uint64_t declared)
{
    const uint64_t bytes = weir__window_block_bytes(payload);
    const uint64_t room = window->limit_bytes - held(window);
    if (bytes > room || declared > room - bytes)
        return NULL;
    set_held(window, held(window) + bytes + declared);
    weir__block *block = take_block(window, bytes);
    if (block == NULL)
        set_held(window, held(window) - bytes - declared);
    return block;
}

static void return_block(weir__window *window, weir__block *block, uint64_t declared)
{
    set_held(window, held(window) - block->bytes - declared);
    keep_block(window, block);
}

static void return_scratch(weir__window *window)
{
    while (window->free_scratch != NULL) {
        weir__block *block = window->free_scratch;
        window->free_scratch = block->next;
        window->scratch_count--;
        return_block(window, block, 0);
    }
    WEIR_ASSERT(window->scratch_count == 0);
}

void *weir__window_begin(weir__window *window, const weir__limits *limits, uint64_t root_bytes,
                         uint64_t root_held)
{
    WEIR_ASSERT(held(window) == 0 && in_flight(window) == 0);
    window->max_in_flight = limits->max_in_flight;
    window->limit_bytes = limits->limit_bytes;
    window->scratch_bytes = limits->scratch_bytes;
    window->peak_bytes = 0;
    window->peak_in_flight = 0;
    window->team = 1;
    if (window->free_bytes > limits->limit_bytes)
        weir__window_trim(window);
    weir__block *root = add_block(window, root_bytes, root_held);
    if (root == NULL)
        return NULL;
    if (limits->scratch_bytes > 0 && !add_scratch(window)) {
        return_block(window, root, root_held);
        return NULL;
    }
    return root + 1;
}

void weir__window_set_team(weir__window *window, unsigned team)
{
    window->team = team;
    if (team == 1)
        window->max_in_flight = 0;
}

void weir__window_end(weir__window *window, void *root, uint64_t root_held)
{
    return_scratch(window);
    return_block(window, block_of(root), root_held);
    WEIR_ASSERT(held(window) == 0 && in_flight(window) == 0);
}

void *weir__window_admit(weir__window *window, uint64_t bytes, uint64_t declared)
{
    weir__block *block = NULL;
    pthread_mutex_lock(&window->lock);
    const size_t parts = in_flight(window);
    if (parts < window->max_in_flight)
        block = add_block(window, bytes, declared);
    /* One more part may mean one more worker that runs at the same time. */
    if (block != NULL && window->scratch_bytes > 0 && window->scratch_count < window->team &&
        window->scratch_count < parts + 2 && !add_scratch(window)) {
        return_block(window, block, declared);
        block = NULL;
    }
    if (block != NULL) {
        set_in_flight(window, parts + 1);
    }
    pthread_mutex_unlock(&window->lock);
    return block == NULL ? NULL : block + 1;
}

void weir__window_complete(weir__window *window, void *block, uint64_t declared)
{
    pthread_mutex_lock(&window->lock);
    WEIR_ASSERT(in_flight(window) > 0);
    set_in_flight(window, in_flight(window) - 1);
    return_block(window, block_of(block), declared);
    pthread_mutex_unlock(&window->lock);
}

void *weir__window_take_scratch(weir__window *window)
{
    if (window->scratch_bytes == 0)
        return NULL;
    pthread_mutex_lock(&window->lock);
    weir__block *block = window->free_scratch;
    WEIR_ASSERT(block != NULL);
    window->free_scratch = block->next;
    pthread_mutex_unlock(&window->lock);
    return block + 1;
}

void weir__window_give_scratch(weir__window *window, void *scratch)
{
    if (scratch == NULL)
        return;
    weir__block *block = block_of(scratch);
    pthread_mutex_lock(&window->lock);
    block->next = window->free_scratch;
    window->free_scratch = block;
    pthread_mutex_unlock(&window->lock);
}
