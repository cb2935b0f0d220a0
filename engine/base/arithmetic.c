/* Reads and writes the control registers; see arithmetic.h.
 *
 * <fenv.h> would do for rounding alone. It has no name for flush-to-zero, and its way to set all of
 * a mode, fesetenv(), sets the flags as well and takes some hundred cycles. */
#include "base/arithmetic.h"

#if defined(__x86_64__)

/* In MXCSR, and at the same place in the status word of x87. */
#define FLAGS 0x3fu

static uint32_t get_sse(void)
{
    uint32_t mxcsr;
    __asm__ volatile("stmxcsr %0" : "=m"(mxcsr));
    return mxcsr;
}

static void set_sse(uint32_t mxcsr)
{
    __asm__ volatile("ldmxcsr %0" : : "m"(mxcsr));
}

static uint16_t get_x87(void)
{
    uint16_t control;
    __asm__ volatile("fnstcw %0" : "=m"(control));
    return control;
}

/* A flag of x87 that is up when its exception begins to trap, traps at the next instruction; one of
 * SSE's does not. So such flags, of what a thread computed long ago, move over there. */
static void set_x87(uint16_t control)
{
    uint16_t status;
    __asm__ volatile("fnstsw %0" : "=m"(status));
    if ((status & ~control & FLAGS) != 0) {
        set_sse(get_sse() | (status & FLAGS));
        __asm__ volatile("fnclex");
    }
    __asm__ volatile("fldcw %0" : : "m"(control));
}

weir__arithmetic weir__arithmetic_get(void)
{
    return (weir__arithmetic){.sse = get_sse() & ~FLAGS, .x87 = get_x87()};
}

void weir__arithmetic_set(const weir__arithmetic *mode)
{
    const uint32_t sse = get_sse();
    WEIR_ASSERT((mode->sse & FLAGS) == 0);
    if ((sse & ~FLAGS) != mode->sse)
        set_sse(mode->sse | (sse & FLAGS));
    if (get_x87() != mode->x87)
        set_x87(mode->x87);
}

#elif defined(__aarch64__)

/* The flags are in another register. */
weir__arithmetic weir__arithmetic_get(void)
{
    weir__arithmetic mode;
    __asm__ volatile("mrs %0, fpcr" : "=r"(mode.fpcr));
    return mode;
}

void weir__arithmetic_set(const weir__arithmetic *mode)
{
    if (weir__arithmetic_get().fpcr != mode->fpcr)
        __asm__ volatile("msr fpcr, %0" : : "r"(mode->fpcr));
}

#else

#include <fenv.h>

weir__arithmetic weir__arithmetic_get(void)
{
    return (weir__arithmetic){.rounding = fegetround()};
}

void weir__arithmetic_set(const weir__arithmetic *mode)
{
    if (fegetround() != mode->rounding)
        (void)fesetround(mode->rounding);
}

#endif
