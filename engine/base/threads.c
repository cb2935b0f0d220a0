/* Tries threads, and blocks signals; see threads.h. */
#include "base/threads.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "weir/engine.h" /* WEIR_MAX_WORKERS */

/* ---- signals ---- */

/* What a thread raises by itself; a profiler's clock samples whichever thread runs. */
static const int own_signals[] = {SIGSEGV, SIGBUS,  SIGFPE,  SIGILL,  SIGTRAP,
                                  SIGSYS,  SIGABRT, SIGPIPE, SIGPROF, SIGVTALRM};

void weir__threads_block_signals(sigset_t *before)
{
    sigset_t blocked;
    sigfillset(&blocked);
    for (size_t i = 0; i < sizeof own_signals / sizeof *own_signals; i++)
        sigdelset(&blocked, own_signals[i]);
    pthread_sigmask(SIG_BLOCK, &blocked, before);
}

void weir__threads_restore_signals(const sigset_t *before)
{
    pthread_sigmask(SIG_SETMASK, before, NULL);
}

/* ---- stacks ---- */

/* Digits, and a unit; false if the runtime would not take it. */
static bool parse_stack(const char *text, unsigned shift, size_t *bytes)
{
    static const char units[] = "bkmg";
    char *end;
    if (text == NULL)
        return false;
    while (isspace((unsigned char)*text))
        text++;
    errno = 0;
    const unsigned long number = strtoul(text, &end, 10);
    if (end == text || *text == '-' || errno != 0)
        return false;
    while (isspace((unsigned char)*end))
        end++;
    if (*end != '\0') {
        const char *unit = strchr(units, tolower((unsigned char)*end));
        if (unit == NULL)
            return false;
        shift = 10 * (unsigned)(unit - units);
        WEIR_ASSERT(shift <= 30);
        for (end++; isspace((unsigned char)*end); end++)
            ;
    }
    if (*end != '\0' || number > SIZE_MAX >> shift)
        return false;
    *bytes = (size_t)number << shift;
    return true;
}

size_t weir__threads_stack_bytes(const char **variable)
{
    /* In the order in which the runtime takes them; without a unit they are so many. */
    static const struct {
        const char *name;
        unsigned shift;
    } variables[] = {
#if defined(__clang__)
        {"KMP_STACKSIZE", 0},
        {"GOMP_STACKSIZE", 10},
        {"OMP_STACKSIZE", 10},
#else
        {"OMP_STACKSIZE", 10},
        {"GOMP_STACKSIZE", 10},
#endif
    };
    size_t bytes;
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++)
        if (parse_stack(getenv(variables[i].name), variables[i].shift, &bytes)) {
            *variable = variables[i].name;
            return bytes;
        }
    *variable = NULL;
    return 0;
}

/* ---- the trial ---- */

/* Too small a stack is ignored by both runtimes, and here. libomp adds something for each thread, so what
 * the trial leaves in the system's cache of stacks must be as large to be of use. */
static void set_stack(pthread_attr_t *as_pool, size_t bytes)
{
    if (bytes > 0)
        (void)pthread_attr_setstacksize(as_pool, bytes);
#if defined(__clang__)
    if (pthread_attr_getstacksize(as_pool, &bytes) == 0)
        (void)pthread_attr_setstacksize(as_pool, bytes + 65536);
#endif
}

static void *wait_at_gate(void *argument)
{
    pthread_mutex_t *gate = argument;
    pthread_mutex_lock(gate);
    pthread_mutex_unlock(gate);
    return NULL;
}

static weir_status refuse(unsigned made, unsigned asked, int why)
{
    const char *variable;
    (void)weir__threads_stack_bytes(&variable);
    return weir__error_set(WEIR_ESYS, why, "workers",
                           "the system gives this process %u threads of the %u asked for (%s); "
                           "ask for fewer workers or raise the limit (ulimit -u, ulimit -v)%s%s",
                           made + 1, asked + 1, strerror(why),
                           variable != NULL ? ", or lower " : "", variable != NULL ? variable : "");
}

weir_status weir__threads_try(unsigned pool, unsigned own)
{
    const unsigned asked = pool + own;
    WEIR_ASSERT(asked >= pool && asked <= WEIR_MAX_WORKERS); /* the caller is one of them already */
    const char *variable;
    const size_t stack = weir__threads_stack_bytes(&variable);
    if (asked == 0)
        return WEIR_OK;
    pthread_t threads[WEIR_MAX_WORKERS];
    pthread_attr_t as_pool;
    if (pthread_attr_init(&as_pool) != 0)
        return weir__error_set(WEIR_ENOMEM, 0, "workers", "no memory for %u workers", asked + 1);
    set_stack(&as_pool, stack);
    pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
    sigset_t before;
    weir__threads_block_signals(&before);
    pthread_mutex_lock(&gate);
    unsigned made = 0;
    int refused = 0;
    while (made < asked && refused == 0) {
        refused =
            pthread_create(&threads[made], made < pool ? &as_pool : NULL, wait_at_gate, &gate);
        made += refused == 0;
    }
    pthread_mutex_unlock(&gate);
    WEIR_ASSERT(made == asked || refused != 0);
    for (unsigned i = 0; i < made; i++)
        pthread_join(threads[i], NULL);
    weir__threads_restore_signals(&before);
    pthread_attr_destroy(&as_pool);
    return refused == 0 ? WEIR_OK : refuse(made, asked, refused);
}
