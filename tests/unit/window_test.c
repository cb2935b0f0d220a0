/* Tests the window: permits, bytes, blocks and scratch at their exact limits.
 *
 * Run by ctest with the engine's internal headers and counted allocations.  It must never run a
 * pipeline: what a run does at a limit is tested from outside. */
#include "support.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/testing.h"
#include "sched/window.h"

#define BLOCK(bytes) weir__window_block_bytes(bytes)

typedef struct fixture {
    weir__budget engine;
    weir__windows windows;
    weir__window window;
    void *root;
} fixture;

/* A run with a root of 100 bytes, and limits as given. */
static void begin(fixture *f, size_t max_in_flight, uint64_t limit_bytes, uint64_t scratch_bytes,
                  unsigned team)
{
    const weir__limits limits = {.max_in_flight = max_in_flight,
                                 .limit_bytes = limit_bytes,
                                 .scratch_bytes = scratch_bytes,
                                 .parent = &f->engine};
    assert_int_equal(weir__window_begin(&f->window, &limits, 100, 0, &f->root), WEIR_OK);
    weir__window_set_team(&f->window, team);
}

static void open_window(fixture *f)
{
    weir__budget_open(&f->engine, NULL, WEIR_NO_LIMIT);
    weir__windows_open(&f->windows, &f->engine);
    assert_int_equal(weir__window_open(&f->window, &f->windows), WEIR_OK);
}

static uint64_t held(const weir__window *window)
{
    return weir__budget_held(&window->budget);
}

static uint64_t free_bytes(const weir__window *window)
{
    return weir__blocks_bytes(&window->free);
}

static void close_window(fixture *f)
{
    weir__window_close(&f->window);
    weir__windows_close(&f->windows);
    weir__budget_close(&f->engine);
    assert_int_equal(weir__testing_live_blocks(), 0);
}

static void end_and_close(fixture *f)
{
    weir__window_end(&f->window, f->root, 0);
    assert_int_equal(held(&f->window), 0);
    assert_int_equal(atomic_load(&f->window.in_flight), 0);
    close_window(f);
}

static void complete(fixture *f, void *part, uint64_t declared)
{
    weir__window_complete(&f->window, part, declared);
}

static void a_block_is_its_bytes_a_header_and_whole_lines(void **state)
{
    (void)state;
    assert_int_equal(BLOCK(0), 64);
    assert_int_equal(BLOCK(65), 192);
    assert_true(BLOCK(UINT64_MAX) == UINT64_MAX);
    assert_true(BLOCK(UINT64_MAX - 100) == UINT64_MAX);
    for (uint64_t bytes = UINT64_MAX - 200; bytes < UINT64_MAX - 1; bytes++)
        assert_true(BLOCK(bytes) >= bytes);
}

static void a_limit_of_n_parts_admits_exactly_n(void **state)
{
    (void)state;
    for (size_t limit = 0; limit <= 20; limit++) {
        fixture f;
        void *parts[20];
        open_window(&f);
        begin(&f, limit, UINT64_MAX, 0, 8);
        for (size_t i = 0; i < limit; i++) {
            assert_true(weir__window_has_permit(&f.window));
            parts[i] = weir__window_admit(&f.window, 200, 0);
            assert_non_null(parts[i]);
            assert_int_equal((uintptr_t)parts[i] % 64, 0);
        }
        assert_false(weir__window_has_permit(&f.window));
        assert_null(weir__window_admit(&f.window, 200, 0));
        if (limit > 0) { /* one back, one more */
            complete(&f, parts[0], 0);
            assert_true(weir__window_has_permit(&f.window));
            parts[0] = weir__window_admit(&f.window, 200, 0);
            assert_non_null(parts[0]);
            assert_null(weir__window_admit(&f.window, 200, 0));
        }
        for (size_t i = 0; i < limit; i++)
            complete(&f, parts[i], 0);
        assert_int_equal(f.window.peak_in_flight, limit);
        end_and_close(&f);
    }
}

static void a_limit_of_bytes_admits_what_fits_and_not_a_byte_more(void **state)
{
    const uint64_t root = BLOCK(100), part = BLOCK(200);
    (void)state;
    for (uint64_t declared = 0; declared <= 7; declared += 7)
        for (unsigned fits = 0; fits < 5; fits++)
            for (uint64_t less = 0; less < 2; less++) {
                fixture f;
                void *parts[5];
                unsigned admitted = 0;
                if (fits == 0 && less == 1)
                    continue; /* the root alone would not fit */
                open_window(&f);
                begin(&f, 100, root + fits * (part + declared) - less, 0, 8);
                while (admitted < 5 &&
                       (parts[admitted] = weir__window_admit(&f.window, 200, declared)) != NULL)
                    admitted++;
                assert_int_equal(admitted, fits - less);
                assert_int_equal(weir__budget_peak(&f.window.budget),
                                 root + admitted * (part + declared));
                for (unsigned i = 0; i < admitted; i++)
                    complete(&f, parts[i], declared);
                end_and_close(&f);
            }
}

static void declared_bytes_count_although_nothing_is_allocated_for_them(void **state)
{
    fixture f;
    (void)state;
    open_window(&f);
    begin(&f, 100, (uint64_t)1 << 62, 0, 8);
    void *part = weir__window_admit(&f.window, 64, (uint64_t)1 << 61);
    assert_non_null(part);
    assert_null(weir__window_admit(&f.window, 64, (uint64_t)1 << 61));
    assert_null(weir__window_admit(&f.window, 64, UINT64_MAX));
    assert_null(weir__window_admit(&f.window, UINT64_MAX, 0));
    complete(&f, part, (uint64_t)1 << 61);
    part = weir__window_admit(&f.window, 64, (uint64_t)1 << 61);
    assert_non_null(part);
    complete(&f, part, (uint64_t)1 << 61);
    end_and_close(&f);
}

static void a_root_that_does_not_fit_is_refused_with_nothing_taken(void **state)
{
    fixture f;
    const weir__limits tight = {
        .max_in_flight = 4, .limit_bytes = BLOCK(100) + 9, .scratch_bytes = 0, .parent = &f.engine};
    const weir__limits no_scratch = {.max_in_flight = 4,
                                     .limit_bytes = BLOCK(100) + 9,
                                     .scratch_bytes = 1000,
                                     .parent = &f.engine};
    (void)state;
    open_window(&f);
    assert_int_equal(weir__window_begin(&f.window, &tight, 100, 10, &f.root), WEIR_EBUDGET);
    assert_int_equal(weir__window_begin(&f.window, &no_scratch, 100, 0, &f.root), WEIR_EBUDGET);
    assert_int_equal(held(&f.window), 0);
    assert_int_equal(weir__window_begin(&f.window, &tight, 100, 9, &f.root), WEIR_OK);
    weir__window_end(&f.window, f.root, 9);
    close_window(&f);
}

static void blocks_are_used_again_without_a_new_allocation(void **state)
{
    fixture f;
    (void)state;
    open_window(&f);
    for (int run = 0; run < 3; run++) {
        begin(&f, 4, UINT64_MAX, 0, 4);
        for (int round = 0; round < 5; round++) {
            void *parts[3];
            for (int i = 0; i < 3; i++) {
                parts[i] = weir__window_admit(&f.window, 300, 0);
                memset(parts[i], 0xEE, 300);
            }
            for (int i = 0; i < 3; i++)
                complete(&f, parts[i], 0);
            assert_int_equal(weir__testing_live_blocks(), 4); /* the root and three parts */
        }
        weir__window_end(&f.window, f.root, 0);
    }
    begin(&f, 4, UINT64_MAX, 0, 4);
    end_and_close(&f);
}

/* All blocks have one size here, so live blocks tell how many bytes are really there. */
static void held_and_free_bytes_together_never_exceed_the_limit(void **state)
{
    fixture f;
    const uint64_t unit = BLOCK(100), limit = 6 * unit;
    void *parts[8] = {0};
    unsigned out = 0;
    uint32_t random = 12345;
    (void)state;
    open_window(&f);
    begin(&f, 8, limit, 0, 8);
    for (int i = 0; i < 20000 / SLOW_BUILD; i++) {
        random = random * 1664525u + 1013904223u;
        if (random >> 31) {
            void *part = weir__window_admit(&f.window, 100, 0);
            assert_int_equal(part != NULL, out < 5);
            if (part != NULL)
                parts[out++] = part;
        } else if (out > 0) {
            complete(&f, parts[--out], 0);
        }
        assert_int_equal(atomic_load(&f.window.in_flight), out);
        assert_int_equal(held(&f.window), (out + 1) * unit);
        assert_true((uint64_t)weir__testing_live_blocks() * unit <= limit);
        assert_true((uint64_t)weir__testing_live_blocks() * unit ==
                    held(&f.window) + free_bytes(&f.window));
    }
    while (out > 0)
        complete(&f, parts[--out], 0);
    end_and_close(&f);
}

static void free_blocks_of_another_size_give_way_to_the_limit(void **state)
{
    fixture f;
    const uint64_t root = BLOCK(100);
    (void)state;
    open_window(&f);
    begin(&f, 8, root + BLOCK(5000), 0, 8);
    void *large = weir__window_admit(&f.window, 5000, 0);
    assert_non_null(large);
    complete(&f, large, 0);
    assert_int_equal(weir__testing_live_blocks(), 2);
    void *small = weir__window_admit(&f.window, 1000, 0); /* beside the free one it would not fit */
    assert_non_null(small);
    assert_int_equal(weir__testing_live_blocks(), 2);
    complete(&f, small, 0);
    weir__window_end(&f.window, f.root, 0);
    begin(&f, 8, root, 0, 8); /* a tighter run: nothing but its root may be there */
    assert_int_equal(weir__testing_live_blocks(), 1);
    end_and_close(&f);
}

static void declared_bytes_make_free_blocks_give_way_too(void **state)
{
    fixture f;
    const uint64_t limit = BLOCK(100) + BLOCK(5000) + BLOCK(200);
    (void)state;
    open_window(&f);
    begin(&f, 8, limit, 0, 8);
    void *large = weir__window_admit(&f.window, 5000, 0);
    void *small = weir__window_admit(&f.window, 200, 0);
    weir__window_complete(&f.window, large, 0);
    weir__window_complete(&f.window, small, 0);
    assert_int_equal(held(&f.window) + free_bytes(&f.window), limit);
    small = weir__window_admit(&f.window, 200, 1); /* its block is there, a byte is missing */
    assert_non_null(small);
    assert_true(held(&f.window) + free_bytes(&f.window) <= limit);
    weir__window_complete(&f.window, small, 1);
    end_and_close(&f);
}

static void scratch_is_reserved_for_each_worker_that_may_come_to_run(void **state)
{
    enum { TEAM = 3, PARTS = 6 };
    fixture f;
    void *parts[PARTS], *scratch[TEAM];
    (void)state;
    open_window(&f);
    begin(&f, PARTS, UINT64_MAX, 1000, TEAM);
    assert_int_equal(f.window.scratch_count, 1);
    for (unsigned i = 0; i < PARTS; i++) {
        parts[i] = weir__window_admit(&f.window, 100, 0);
        assert_non_null(parts[i]);
        assert_int_equal(f.window.scratch_count, i + 2 < TEAM ? i + 2 : TEAM);
    }
    for (int i = 0; i < TEAM; i++) {
        scratch[i] = weir__window_acquire_scratch(&f.window);
        assert_non_null(scratch[i]);
        assert_int_equal((uintptr_t)scratch[i] % 64, 0);
        memset(scratch[i], i, 1000);
        for (int k = 0; k < i; k++)
            assert_ptr_not_equal(scratch[i], scratch[k]);
    }
    for (int i = 0; i < TEAM; i++) {
        assert_int_equal(((unsigned char *)scratch[i])[999], i);
        weir__window_release_scratch(&f.window, scratch[i]);
    }
    for (int i = 0; i < PARTS; i++)
        complete(&f, parts[i], 0);
    assert_int_equal(weir__budget_peak(&f.window.budget),
                     (PARTS + 1) * BLOCK(100) + TEAM * BLOCK(1000));
    end_and_close(&f);
}

static void a_part_whose_scratch_does_not_fit_is_refused_whole(void **state)
{
    fixture f;
    const uint64_t need = 2 * BLOCK(100) + 2 * BLOCK(1000);
    (void)state;
    open_window(&f);
    begin(&f, 8, need - 1, 1000, 2);
    const uint64_t before = held(&f.window);
    assert_null(weir__window_admit(&f.window, 100, 0));
    assert_int_equal(held(&f.window), before);
    assert_int_equal(atomic_load(&f.window.in_flight), 0);
    weir__window_end(&f.window, f.root, 0);
    begin(&f, 8, need, 1000, 2);
    void *part = weir__window_admit(&f.window, 100, 0);
    assert_non_null(part);
    complete(&f, part, 0);
    end_and_close(&f);
}

static void a_plan_without_scratch_gets_none(void **state)
{
    fixture f;
    (void)state;
    open_window(&f);
    begin(&f, 8, UINT64_MAX, 0, 2);
    assert_null(weir__window_acquire_scratch(&f.window));
    weir__window_release_scratch(&f.window, NULL);
    end_and_close(&f);
}

static void a_worker_alone_has_nobody_to_hand_a_part_to(void **state)
{
    fixture f;
    (void)state;
    open_window(&f);
    begin(&f, 8, UINT64_MAX, 0, 1);
    assert_false(weir__window_has_permit(&f.window));
    assert_null(weir__window_admit(&f.window, 1, 0));
    end_and_close(&f);
}

static void an_allocation_that_fails_refuses_the_part_and_holds_nothing(void **state)
{
    fixture f;
    (void)state;
    open_window(&f);
    begin(&f, 8, UINT64_MAX, 1000, 4);
    const uint64_t before = held(&f.window);
    for (uint64_t nth = 1; nth <= 2; nth++) { /* the part's block, then its scratch */
        weir__testing_fail_allocation(nth);
        assert_null(weir__window_admit(&f.window, 100 * nth, 0));
        weir__testing_fail_allocation(0);
        assert_int_equal(held(&f.window), before);
        assert_int_equal(atomic_load(&f.window.in_flight), 0);
        assert_int_equal(f.window.scratch_count, 1);
    }
    void *part = weir__window_admit(&f.window, 100, 0);
    assert_non_null(part);
    complete(&f, part, 0);
    end_and_close(&f);
}

typedef struct user {
    weir__window *window;
    uint64_t limit;
    uint32_t seed;
    unsigned over_limit, admitted;
} user;

static void *use_window(void *argument)
{
    user *u = argument;
    void *parts[8];
    uint64_t sizes[8];
    unsigned out = 0;
    for (int i = 0; i < 20000 / SLOW_BUILD; i++) {
        u->seed = u->seed * 1664525u + 1013904223u;
        if (out < 8 && u->seed >> 31) {
            const uint64_t size = 64u << (u->seed >> 8) % 4;
            parts[out] = weir__window_admit(u->window, size, size);
            sizes[out] = size;
            if (parts[out] != NULL) {
                memset(parts[out], (int)u->seed, size);
                u->admitted++;
                out++;
            }
        } else if (out > 0) {
            out--;
            weir__window_complete(u->window, parts[out], sizes[out]);
        }
        if (held(u->window) > u->limit)
            u->over_limit++;
    }
    while (out-- > 0)
        weir__window_complete(u->window, parts[out], sizes[out]);
    return NULL;
}

static void many_threads_at_once_conserve_permits_and_bytes(void **state)
{
    enum { USERS = 4 };
    fixture f;
    pthread_t threads[USERS];
    user users[USERS];
    const uint64_t limit = BLOCK(100) + 6000;
    unsigned admitted = 0;
    (void)state;
    open_window(&f);
    begin(&f, 10, limit, 0, USERS);
    for (uint32_t i = 0; i < USERS; i++) {
        users[i] = (user){.window = &f.window, .limit = limit, .seed = i + 1};
        assert_int_equal(pthread_create(&threads[i], NULL, use_window, &users[i]), 0);
    }
    for (int i = 0; i < USERS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(users[i].over_limit, 0);
        admitted += users[i].admitted; /* one alone may never get any */
    }
    assert_true(admitted > 0);
    assert_int_equal(held(&f.window), BLOCK(100));
    assert_true(f.window.peak_in_flight <= 10);
    assert_true(weir__budget_peak(&f.window.budget) <= limit);
    assert_true(BLOCK(100) + free_bytes(&f.window) <= limit);
    end_and_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_block_is_its_bytes_a_header_and_whole_lines),
        cmocka_unit_test(a_limit_of_n_parts_admits_exactly_n),
        cmocka_unit_test(a_limit_of_bytes_admits_what_fits_and_not_a_byte_more),
        cmocka_unit_test(declared_bytes_count_although_nothing_is_allocated_for_them),
        cmocka_unit_test(a_root_that_does_not_fit_is_refused_with_nothing_taken),
        cmocka_unit_test(blocks_are_used_again_without_a_new_allocation),
        cmocka_unit_test(held_and_free_bytes_together_never_exceed_the_limit),
        cmocka_unit_test(free_blocks_of_another_size_give_way_to_the_limit),
        cmocka_unit_test(declared_bytes_make_free_blocks_give_way_too),
        cmocka_unit_test(scratch_is_reserved_for_each_worker_that_may_come_to_run),
        cmocka_unit_test(a_part_whose_scratch_does_not_fit_is_refused_whole),
        cmocka_unit_test(a_plan_without_scratch_gets_none),
        cmocka_unit_test(a_worker_alone_has_nobody_to_hand_a_part_to),
        cmocka_unit_test(an_allocation_that_fails_refuses_the_part_and_holds_nothing),
        cmocka_unit_test(many_threads_at_once_conserve_permits_and_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
