/* The hash table of keys, its budget, merging, and the choice of the top.
 *
 * top_parse.c adds keys, top_stream.c merges and selects.  It must never depend in its answers on
 * the hash: the seed is another one in every run. */
#include "top_count.h"

#include <stdlib.h>
#include <string.h>

/* Chunks double, so that few keys take little and many keys few allocations. */
enum { FIRST_SLOTS = 512, FIRST_CHUNK = 4096, MOST_CHUNK = 1 << 20 };

typedef struct top_chunk {
    struct top_chunk *next;
    size_t bytes; /* with this header */
} top_chunk;

/* --- budget: a counter only, so all is relaxed ----------------------------------------------- */

void top_budget_open(top_budget *b, uint64_t limit)
{
    b->limit = limit;
    atomic_init(&b->used, 0);
    atomic_init(&b->peak, 0);
}

bool top_budget_take(top_budget *b, uint64_t bytes)
{
    uint64_t used = atomic_load_explicit(&b->used, memory_order_relaxed);
    do {
        if (bytes > b->limit - used)
            return false;
    } while (!atomic_compare_exchange_weak_explicit(&b->used, &used, used + bytes,
                                                    memory_order_relaxed, memory_order_relaxed));
    used += bytes;
    uint64_t peak = atomic_load_explicit(&b->peak, memory_order_relaxed);
    while (peak < used && !atomic_compare_exchange_weak_explicit(
                              &b->peak, &peak, used, memory_order_relaxed, memory_order_relaxed))
        ;
    return true;
}

void top_budget_give(top_budget *b, uint64_t bytes)
{
    atomic_fetch_sub_explicit(&b->used, bytes, memory_order_relaxed);
}

/* --- hash ------------------------------------------------------------------------------------ */

/* The folded multiply and the reading of ends after wyhash, final version 4, by Wang Yi (public
 * domain, github.com/wangyi-fudan/wyhash), with a loop of 16 bytes only: keys are short.  Requested
 * paths are chosen by strangers, hence the seed. */
__extension__ typedef unsigned __int128 wide;

static const uint64_t secret[] = {0xa0761d6478bd642fu, 0xe7037ed1a0b428dbu};

static inline uint64_t fold(uint64_t a, uint64_t b)
{
    const wide product = (wide)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint64_t read8(const char *p)
{
    uint64_t word;
    memcpy(&word, p, sizeof word);
    return word;
}

static inline uint64_t read4(const char *p)
{
    uint32_t word;
    memcpy(&word, p, sizeof word);
    return word;
}

static inline uint32_t hash_key(const char *key, size_t length, uint64_t seed)
{
    uint64_t a = 0, b = 0;
    if (length > 16) {
        const char *p = key;
        for (size_t left = length; left > 16; left -= 16, p += 16)
            seed = fold(read8(p) ^ secret[1], read8(p + 8) ^ seed);
        a = read8(key + length - 16);
        b = read8(key + length - 8);
    } else if (length >= 4) {
        const size_t middle = length >> 3 << 2;
        a = read4(key) << 32 | read4(key + middle);
        b = read4(key + length - 4) << 32 | read4(key + length - 4 - middle);
    } else if (length > 0) {
        const unsigned char *u = (const unsigned char *)key;
        a = (uint64_t)u[0] << 16 | (uint64_t)u[length >> 1] << 8 | u[length - 1];
    }
    const wide product = (wide)(a ^ secret[1]) * (b ^ seed);
    const uint64_t hash =
        fold((uint64_t)product ^ secret[0] ^ length, (uint64_t)(product >> 64) ^ secret[1]);
    return (uint32_t)(hash ^ hash >> 32);
}

/* --- table ----------------------------------------------------------------------------------- */

void top_table_open(top_table *t, top_budget *budget, uint64_t seed)
{
    *t = (top_table){.budget = budget, .seed = seed};
}

void top_table_close(top_table *t)
{
    while (t->chunks) {
        top_chunk *chunk = t->chunks;
        t->chunks = chunk->next;
        top_budget_give(t->budget, chunk->bytes);
        free(chunk);
    }
    top_budget_give(t->budget, t->size * sizeof *t->slots);
    free(t->slots);
    *t = (top_table){.budget = t->budget, .seed = t->seed};
}

static top_code take_zeroed(top_budget *budget, size_t bytes, void **memory)
{
    if (!top_budget_take(budget, bytes))
        return TOP_OVER_BUDGET;
    *memory = calloc(1, bytes);
    if (*memory)
        return TOP_COUNTED;
    top_budget_give(budget, bytes);
    return TOP_NO_MEMORY;
}

static top_code grow(top_table *t)
{
    const size_t size = t->size ? 2 * t->size : FIRST_SLOTS;
    void *memory = NULL;
    const top_code code = take_zeroed(t->budget, size * sizeof *t->slots, &memory);
    if (code)
        return code;
    top_entry *slots = memory;
    for (size_t i = 0; i < t->size; i++) {
        if (t->slots[i].count == 0)
            continue;
        size_t at = t->slots[i].hash & (size - 1);
        while (slots[at].count)
            at = (at + 1) & (size - 1);
        slots[at] = t->slots[i];
    }
    top_budget_give(t->budget, t->size * sizeof *t->slots);
    free(t->slots);
    t->slots = slots;
    t->size = size;
    t->last = NULL;
    return TOP_COUNTED;
}

static bool is_full(const top_table *t)
{
    return t->used >= t->size / 4 * 3;
}

static top_code copy_key(top_table *t, const char *key, size_t length, const char **copy)
{
    *copy = "";
    if (length == 0)
        return TOP_COUNTED;
    if ((size_t)(t->room_end - t->room) < length) {
        size_t bytes = t->chunks ? 2 * t->chunks->bytes : FIRST_CHUNK;
        if (bytes > MOST_CHUNK)
            bytes = MOST_CHUNK;
        if (bytes < sizeof(top_chunk) + length)
            bytes = sizeof(top_chunk) + length;
        if (!top_budget_take(t->budget, bytes))
            return TOP_OVER_BUDGET;
        top_chunk *chunk = malloc(bytes);
        if (!chunk) {
            top_budget_give(t->budget, bytes);
            return TOP_NO_MEMORY;
        }
        *chunk = (top_chunk){.next = t->chunks, .bytes = bytes};
        t->chunks = chunk;
        t->room = (char *)(chunk + 1);
        t->room_end = (char *)chunk + bytes;
    }
    *copy = memcpy(t->room, key, length);
    t->room += length;
    return TOP_COUNTED;
}

static inline bool is_key(const top_entry *e, const char *key, size_t length)
{
    return e->length == length && memcmp(e->key, key, length) == 0;
}

/* The slot of the key, or the free one where it belongs. */
static inline top_entry *find(const top_table *t, uint32_t hash, const char *key, size_t length)
{
    size_t at = hash & (t->size - 1);
    while (t->slots[at].count && !(t->slots[at].hash == hash && is_key(&t->slots[at], key, length)))
        at = (at + 1) & (t->size - 1);
    return &t->slots[at];
}

top_code top_table_add(top_table *t, const char *key, size_t length)
{
    if (t->last && is_key(t->last, key, length)) {
        t->last->count++;
        return TOP_COUNTED;
    }
    top_code code = is_full(t) ? grow(t) : TOP_COUNTED;
    if (code)
        return code;
    const uint32_t hash = hash_key(key, length, t->seed);
    top_entry *entry = find(t, hash, key, length);
    if (entry->count == 0) {
        code = copy_key(t, key, length, &entry->key);
        if (code)
            return code;
        entry->hash = hash;
        entry->length = (uint32_t)length;
        t->used++;
    }
    entry->count++;
    t->last = entry;
    return TOP_COUNTED;
}

/* The keys stay where they are; only their chunks change hands. */
static void take_chunks(top_table *into, top_table *from)
{
    top_chunk **end = &into->chunks;
    while (*end)
        end = &(*end)->next;
    *end = from->chunks;
    from->chunks = NULL;
}

static top_code merge_entry(top_table *into, const top_entry *e)
{
    const top_code code = is_full(into) ? grow(into) : TOP_COUNTED;
    if (code)
        return code;
    top_entry *entry = find(into, e->hash, e->key, e->length);
    if (entry->count) {
        entry->count += e->count;
    } else {
        *entry = *e;
        into->used++;
    }
    return TOP_COUNTED;
}

/* Not from the first slot to the last: both tables have the same order, so the front of `into`
 * would be full while it has room behind, and every probe would run through all of it (seconds
 * instead of milliseconds for a million keys).  Small groups, in steps of about 0.618 of the table,
 * which is odd, fill it evenly. */
top_code top_table_merge(top_table *into, top_table *from)
{
    enum { GROUP = 8 };
    if (from->used > into->used) {
        const top_table keep = *into;
        *into = *from;
        *from = keep;
    }
    take_chunks(into, from);
    const size_t groups = from->size / GROUP;
    const size_t step = (size_t)(0.618 * (double)groups) | 1;
    for (size_t g = 0, at = 0; g < groups; g++, at = (at + step) & (groups - 1))
        for (const top_entry *e = &from->slots[at * GROUP]; e < &from->slots[(at + 1) * GROUP];
             e++) {
            const top_code code = e->count ? merge_entry(into, e) : TOP_COUNTED;
            if (code)
                return code;
        }
    top_table_close(from);
    return TOP_COUNTED;
}

/* --- the top --------------------------------------------------------------------------------- */

/* Does a come before b in the answer?  Total: no two entries have the same key. */
static bool precedes(const top_entry *a, const top_entry *b)
{
    if (a->count != b->count)
        return a->count > b->count;
    const size_t least = a->length < b->length ? a->length : b->length;
    const int order = memcmp(a->key, b->key, least);
    return order ? order < 0 : a->length < b->length;
}

static void swap(top_entry *a, top_entry *b)
{
    const top_entry keep = *a;
    *a = *b;
    *b = keep;
}

/* A heap whose root is the last of its n entries. */
static void sift_down(top_entry *heap, size_t n, size_t at)
{
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= n)
            return;
        if (child + 1 < n && precedes(&heap[child], &heap[child + 1]))
            child++;
        if (!precedes(&heap[at], &heap[child]))
            return;
        swap(&heap[at], &heap[child]);
        at = child;
    }
}

/* A heap of the best n so far, then sorted: qsort() would take memory of its own. */
size_t top_table_select(top_table *t, size_t n)
{
    top_entry *entries = t->slots;
    size_t count = 0;
    for (size_t i = 0; i < t->size; i++)
        if (entries[i].count)
            entries[count++] = entries[i];
    if (n > count)
        n = count;
    for (size_t i = n / 2; i-- > 0;)
        sift_down(entries, n, i);
    for (size_t i = n; n && i < count; i++)
        if (precedes(&entries[i], &entries[0])) {
            swap(&entries[i], &entries[0]);
            sift_down(entries, n, 0);
        }
    for (size_t left = n; left > 1;) {
        swap(&entries[0], &entries[--left]);
        sift_down(entries, left, 0);
    }
    return n;
}
