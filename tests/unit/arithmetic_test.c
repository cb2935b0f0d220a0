/* Tests how a floating-point mode is read and set.
 *
 * Run by ctest. */
#include "support.h"

#include <fenv.h>

#include "base/arithmetic.h"

static const int roundings[] = {FE_UPWARD, FE_TONEAREST, FE_DOWNWARD, FE_TOWARDZERO};
enum { ROUNDINGS = sizeof roundings / sizeof *roundings };

static int begin_plain(void **state)
{
    (void)state;
    return fesetenv(FE_DFL_ENV);
}

static void what_was_read_is_there_again_once_it_is_set(void **state)
{
    (void)state;
    for (int i = 0; i < ROUNDINGS; i++) {
        fesetround(roundings[i]);
        const weir__arithmetic mode = weir__arithmetic_get();
        for (int j = 0; j < ROUNDINGS; j++) {
            fesetround(roundings[j]);
            weir__arithmetic_set(&mode);
            assert_int_equal(fegetround(), roundings[i]);
        }
    }
}

static void exception_flags_stay_as_they_are(void **state)
{
    const int flags[] = {0, FE_DIVBYZERO, FE_OVERFLOW | FE_INEXACT, FE_ALL_EXCEPT};
    (void)state;
    for (int i = 0; i < ROUNDINGS; i++) {
        fesetround(roundings[i]);
        feclearexcept(FE_ALL_EXCEPT);
        feraiseexcept(FE_UNDERFLOW);
        const weir__arithmetic mode = weir__arithmetic_get(); /* the flag is no part of it */
        for (size_t j = 0; j < sizeof flags / sizeof *flags; j++) {
            fesetround(roundings[(i + 1) % ROUNDINGS]);
            feclearexcept(FE_ALL_EXCEPT);
            feraiseexcept(flags[j]);
            weir__arithmetic_set(&mode);
            assert_int_equal(fetestexcept(FE_ALL_EXCEPT), flags[j]);
        }
    }
}

#if defined(__x86_64__)
#define FLUSH_TO_ZERO      0x8000u
#define DENORMALS_ARE_ZERO 0x0040u

static void subnormal_numbers_and_the_precision_of_x87_belong_to_the_mode(void **state)
{
    const uint16_t single = 0x007f;
    uint16_t x87;
    (void)state;
    const weir__arithmetic plain = weir__arithmetic_get();
    __builtin_ia32_ldmxcsr(__builtin_ia32_stmxcsr() | FLUSH_TO_ZERO | DENORMALS_ARE_ZERO);
    __asm__ volatile("fldcw %0" : : "m"(single));
    const weir__arithmetic mode = weir__arithmetic_get();
    weir__arithmetic_set(&plain);
    volatile double small = 1e-300, least = 1e-15;
    assert_true(small * least > 0);
    assert_false(__builtin_ia32_stmxcsr() & (FLUSH_TO_ZERO | DENORMALS_ARE_ZERO));
    __asm__ volatile("fnstcw %0" : "=m"(x87));
    assert_int_not_equal(x87, single);
    weir__arithmetic_set(&mode);
    assert_true(small * least == 0);
    __asm__ volatile("fnstcw %0" : "=m"(x87));
    assert_int_equal(x87, single);
}

/* What somebody else computed on the thread must not trap once exceptions do. */
static void a_flag_that_is_up_already_does_not_trap_and_stays_up(void **state)
{
    const uint16_t traps = 0x037f & ~FE_DIVBYZERO;
    (void)state;
    const weir__arithmetic plain = weir__arithmetic_get();
    __asm__ volatile("fldcw %0" : : "m"(traps));
    const weir__arithmetic trapping = weir__arithmetic_get();
    weir__arithmetic_set(&plain);
    volatile long double one = 1, zero = 0, infinite = one / zero;
    weir__arithmetic_set(&trapping);
    assert_true(infinite > one + one);
    assert_true(fetestexcept(FE_DIVBYZERO));
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(what_was_read_is_there_again_once_it_is_set, begin_plain),
        cmocka_unit_test_setup(exception_flags_stay_as_they_are, begin_plain),
#if defined(__x86_64__)
        cmocka_unit_test_setup(subnormal_numbers_and_the_precision_of_x87_belong_to_the_mode,
                               begin_plain),
        cmocka_unit_test_setup(a_flag_that_is_up_already_does_not_trap_and_stays_up, begin_plain),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
