/* Questions to the OpenMP runtime; see openmp.h. */
#include "machine/openmp.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"

unsigned weir__openmp_place_cpus(unsigned place)
{
    const int cpus = omp_get_place_num_procs((int)place);
    return cpus > 0 ? (unsigned)cpus : 0;
}

void weir__openmp_read_place(unsigned place, int *cpus)
{
    WEIR_ASSERT(place < (unsigned)omp_get_num_places() && cpus != NULL);
    omp_get_place_proc_ids((int)place, cpus);
}

/* The first number of a list is enough for one level of parallelism. */
static unsigned read_num_threads(void)
{
    const char *text = getenv("OMP_NUM_THREADS");
    if (text == NULL)
        return 0;
    text += strspn(text, " \t");
    if (!isdigit((unsigned char)*text))
        return 0;
    char *end;
    errno = 0;
    const unsigned long threads = strtoul(text, &end, 10);
    end += strspn(end, " \t");
    if (errno != 0 || (*end != '\0' && *end != ','))
        return 0;
    return threads < INT_MAX ? (unsigned)threads : INT_MAX;
}

/* The first variable that is set and not empty, of those that place OpenMP's threads. */
static void find_variable(weir__openmp *o)
{
    static const char *const names[] = {"KMP_AFFINITY", "GOMP_CPU_AFFINITY", "OMP_PLACES",
                                        "OMP_PROC_BIND", "KMP_HW_SUBSET"};
#if defined(__clang__)
    const size_t first = 0, count = 5;
#else
    const size_t first = 1, count = 4; /* libgomp reads no KMP_ variables */
#endif
    for (size_t i = first; i < count && o->variable == NULL; i++) {
        const char *value = getenv(names[i]);
        if (value != NULL && value[strspn(value, " ")] != '\0') {
            o->variable = names[i];
            o->value = value;
        }
    }
}

/* libomp says that it binds also where a list of CPUs is empty, or has none that it can use: it warns,
 * and has one place with all CPUs. */
static bool list_is_ignored(const weir__openmp *o)
{
    if (o->places != 1 || weir__openmp_place_cpus(0) != (unsigned)omp_get_num_procs())
        return false;
    if (o->value == NULL)
        return true;
    const char *number = strpbrk(o->value, "0123456789");
    if (number == NULL || (isalpha((unsigned char)*o->value) && strchr(o->value, '[') == NULL))
        return false; /* a name like sockets(1) */
    const long first = strtol(number, NULL, 10);
    const unsigned count = weir__openmp_place_cpus(0);
    WEIR_ASSERT(count > 0);
    int *cpus = weir__memory_alloc(count * sizeof *cpus);
    bool ignored = cpus != NULL;
    if (cpus != NULL)
        weir__openmp_read_place(0, cpus);
    for (unsigned i = 0; i < count && ignored; i++)
        ignored = cpus[i] != first;
    weir__memory_free(cpus);
    return ignored;
}

/* OMP_PROC_BIND=false, or what libomp has for it; an invalid value is none, as the runtimes say. */
static bool is_refused(void)
{
    const char *bind = getenv("OMP_PROC_BIND");
    if (bind != NULL && strncasecmp(bind + strspn(bind, " "), "false", 5) == 0)
        return true;
#if defined(__clang__)
    const char *affinity = getenv("KMP_AFFINITY");
    return affinity != NULL &&
           (strcasestr(affinity, "none") != NULL || strcasestr(affinity, "disabled") != NULL);
#else
    return false;
#endif
}

weir__openmp weir__openmp_look(void)
{
    weir__openmp o = {.binds = omp_get_proc_bind() != omp_proc_bind_false,
                      .threads = read_num_threads(),
                      .dynamic = omp_get_dynamic() != 0};
    const int places = omp_get_num_places(), limit = omp_get_thread_limit();
    o.limit = limit > 0 ? (unsigned)limit : 1;
    find_variable(&o);
    o.places = places > 0 ? (unsigned)places : 0;
    if (o.binds && (o.places == 0 || list_is_ignored(&o)))
        o.binds = false;
    /* libomp always has a place, which is its part of the machine. */
    if (!o.binds && getenv("KMP_HW_SUBSET") == NULL)
        o.places = 0;
    o.refuses = !o.binds && is_refused();
    WEIR_ASSERT(o.limit > 0 && o.threads <= INT_MAX && (o.variable == NULL) == (o.value == NULL));
    return o;
}
