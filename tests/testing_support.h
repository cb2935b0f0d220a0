/* What tests share that are linked with the test build of the engine.
 *
 * They include it after support.h, or what stands for that. */
#ifndef WEIR_TESTS_TESTING_SUPPORT_H
#define WEIR_TESTS_TESTING_SUPPORT_H

#include "base/testing.h"

/* A set-up and a teardown: all memory is back, and no allocation is to fail. */
static inline int no_blocks(void **state)
{
    (void)state;
    weir__testing_fail_allocation(0);
    return weir__testing_live_blocks() != 0;
}

/* Whether the failure of the nth allocation that was asked for has come; nobody allocates meanwhile. */
static inline bool failure_has_come(uint64_t nth)
{
    for (uint64_t i = 0; i < nth; i++)
        if (weir__testing_allocation_fails())
            return false; /* only now */
    return true;
}

/* With this value in the field a structure is not valid, and without it is. */
#define assert_breaks(field, value, valid)                                                         \
    do {                                                                                           \
        const __typeof__(field) kept_ = (field);                                                   \
        (field) = (value);                                                                         \
        assert_false(valid);                                                                       \
        (field) = kept_;                                                                           \
        assert_true(valid);                                                                        \
    } while (0)

#endif
