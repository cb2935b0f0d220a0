/* Room for what n children return, on the stack while they are few, as in the contestants in C.
 *
 * Recursions of the peers make one in each node; children write one number each.  It must never
 * clear its room: the plain C program does not either. */
#ifndef WEIR_BENCH_RESULTS_HPP
#define WEIR_BENCH_RESULTS_HPP

#include <cstdint>
#include <memory>

template <uint32_t few> class results
{
  public:
    explicit results(uint64_t n)
        : count(n), many(n > few ? new uint64_t[n] : nullptr), part(many ? many.get() : stack)
    {
    }

    uint64_t &operator[](uint64_t i)
    {
        return part[i];
    }

    uint64_t sum() const
    {
        uint64_t total = 0;
        for (uint64_t i = 0; i < count; i++)
            total += part[i];
        return total;
    }

  private:
    const uint64_t count;
    uint64_t stack[few];
    const std::unique_ptr<uint64_t[]> many;
    uint64_t *const part;
};

#endif
