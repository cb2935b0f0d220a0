/* Atomic operations with their order in the name.
 *
 * The whole engine uses these in place of <stdatomic.h>'s.  Relaxed orders need no word; each
 * stronger one carries a label, and the label's twin names it in turn (tools/check_atomics).
 *
 * acquire:  what the thread that released this value had written before is seen after.
 * release:  what this thread wrote before is seen by whoever acquires this value.
 * acq_rel:  both, of one read-modify-write operation.
 * seq_cst:  and all such operations have one order that every thread sees.  The engine uses it for
 *           one pattern alone (Dekker's): one thread writes A and then reads B, another writes B and
 *           then reads A, and at least one of them must see what the other wrote.
 *
 * The object is given by its address, as a pointer to an _Atomic type.  Compare-and-swap takes the
 * expected value by address and puts there what it found; a failed one orders nothing. */
#ifndef WEIR_ATOMICS_H
#define WEIR_ATOMICS_H

#include <stdatomic.h>

/* Signal handlers cancel runs, so nothing here may take a lock. */
#if ATOMIC_INT_LOCK_FREE != 2 || ATOMIC_POINTER_LOCK_FREE != 2 || ATOMIC_LLONG_LOCK_FREE != 2
#error "weir needs atomic words that are free of locks"
#endif

#define load_relaxed(object) atomic_load_explicit(object, memory_order_relaxed)
#define load_acquire(object) atomic_load_explicit(object, memory_order_acquire)
#define load_seq_cst(object) atomic_load_explicit(object, memory_order_seq_cst)

#define store_relaxed(object, value) atomic_store_explicit(object, value, memory_order_relaxed)
#define store_release(object, value) atomic_store_explicit(object, value, memory_order_release)
#define store_seq_cst(object, value) atomic_store_explicit(object, value, memory_order_seq_cst)

#define exchange_relaxed(object, value)                                                            \
    atomic_exchange_explicit(object, value, memory_order_relaxed)
#define exchange_seq_cst(object, value)                                                            \
    atomic_exchange_explicit(object, value, memory_order_seq_cst)

#define add_relaxed(object, value) atomic_fetch_add_explicit(object, value, memory_order_relaxed)
#define add_acq_rel(object, value) atomic_fetch_add_explicit(object, value, memory_order_acq_rel)
#define add_release(object, value) atomic_fetch_add_explicit(object, value, memory_order_release)
#define add_seq_cst(object, value) atomic_fetch_add_explicit(object, value, memory_order_seq_cst)
#define sub_relaxed(object, value) atomic_fetch_sub_explicit(object, value, memory_order_relaxed)
#define sub_release(object, value) atomic_fetch_sub_explicit(object, value, memory_order_release)
#define sub_acq_rel(object, value) atomic_fetch_sub_explicit(object, value, memory_order_acq_rel)
#define sub_seq_cst(object, value) atomic_fetch_sub_explicit(object, value, memory_order_seq_cst)

#define or_relaxed(object, bits) atomic_fetch_or_explicit(object, bits, memory_order_relaxed)
#define or_seq_cst(object, bits) atomic_fetch_or_explicit(object, bits, memory_order_seq_cst)

#define cas_relaxed(object, expected, value)                                                       \
    atomic_compare_exchange_strong_explicit(object, expected, value, memory_order_relaxed,         \
                                            memory_order_relaxed)
#define cas_acquire(object, expected, value)                                                       \
    atomic_compare_exchange_strong_explicit(object, expected, value, memory_order_acquire,         \
                                            memory_order_relaxed)
#define cas_release(object, expected, value)                                                       \
    atomic_compare_exchange_strong_explicit(object, expected, value, memory_order_release,         \
                                            memory_order_relaxed)
#define cas_seq_cst(object, expected, value)                                                       \
    atomic_compare_exchange_strong_explicit(object, expected, value, memory_order_seq_cst,         \
                                            memory_order_relaxed)

/* May fail without cause: only in loops. */
#define cas_weak_relaxed(object, expected, value)                                                  \
    atomic_compare_exchange_weak_explicit(object, expected, value, memory_order_relaxed,           \
                                          memory_order_relaxed)
#define cas_weak_acquire(object, expected, value)                                                  \
    atomic_compare_exchange_weak_explicit(object, expected, value, memory_order_acquire,           \
                                          memory_order_relaxed)

#endif
