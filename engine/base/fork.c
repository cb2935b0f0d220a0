/* Handlers for fork(), and the substitute; see fork.h.
 *
 * The handlers are there from when the library is loaded: a program may have used OpenMP, and forked,
 * before it first opens an engine. */
#include "base/fork.h"

#include <pthread.h>
#include <semaphore.h>
#include <string.h>

#include "base/arithmetic.h"
#include "base/atomics.h"
#include "base/error.h"
#include "base/threads.h"

static atomic_uint process = 1;
static pthread_mutex_t held; /* recursive: a signal handler may fork, too */

#if defined(__clang__)
#define LOSES_POOL false
#else
#define LOSES_POOL true
#endif
static _Thread_local bool lost_pool;

/* Used by the thread that was forked off, of which a process has one at most. */
static struct {
    bool there;
    sem_t called, done;
    void (*call)(void *);
    void *argument;
    weir__arithmetic arithmetic; /* the caller's */
} substitute;

static void init_held(void)
{
    pthread_mutexattr_t recursive;
    pthread_mutexattr_init(&recursive);
    pthread_mutexattr_settype(&recursive, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&held, &recursive);
    pthread_mutexattr_destroy(&recursive);
}

void weir__fork_hold(void)
{
    pthread_mutex_lock(&held);
}

void weir__fork_release(void)
{
    const int refused = pthread_mutex_unlock(&held);
    WEIR_ASSERT(refused == 0); /* it is this thread's */
    (void)refused;
}

/* In the child. An owner has another number there, so the lock cannot simply be released. */
static void begin_child(void)
{
    init_held();
    add_relaxed(&process, 1);
    lost_pool = LOSES_POOL;
    substitute.there = false;
}

static void wait_for(sem_t *news)
{
    while (sem_wait(news) != 0)
        ; /* a signal */
}

static void *substitute_thread(void *unused)
{
    (void)unused;
    for (;;) {
        wait_for(&substitute.called);
        WEIR_ASSERT(substitute.call != NULL);
        weir__arithmetic_set(&substitute.arithmetic);
        substitute.call(substitute.argument);
        sem_post(&substitute.done);
    }
    return NULL; /* never */
}

__attribute__((constructor(101))) static void begin_process(void)
{
    init_held();
    pthread_atfork(weir__fork_hold, weir__fork_release, begin_child);
}

unsigned weir__fork_process(void)
{
    return load_relaxed(&process);
}

bool weir__fork_lost_pool(void)
{
    return lost_pool;
}

static weir_status begin_substitute(void)
{
    WEIR_ASSERT(!substitute.there);
    pthread_t thread;
    sigset_t before;
    sem_init(&substitute.called, 0, 0);
    sem_init(&substitute.done, 0, 0);
    weir__threads_block_signals(&before);
    const int refused = pthread_create(&thread, NULL, substitute_thread, NULL);
    weir__threads_restore_signals(&before);
    if (refused != 0)
        return weir__error_set(WEIR_ESYS, refused, "fork",
                               "this process was forked off, and the thread that it needs for its "
                               "own OpenMP threads is refused (%s)",
                               strerror(refused));
    pthread_detach(thread); /* it is there until the process ends */
    substitute.there = true;
    return WEIR_OK;
}

weir_status weir__fork_call(void (*f)(void *), void *argument)
{
    WEIR_ASSERT(lost_pool && f != NULL);
    const weir_status status = substitute.there ? WEIR_OK : begin_substitute();
    if (status != WEIR_OK)
        return status;
    substitute.call = f;
    substitute.argument = argument;
    substitute.arithmetic = weir__arithmetic_get();
    sem_post(&substitute.called);
    wait_for(&substitute.done);
    WEIR_ASSERT(substitute.call == f); /* one call at a time */
    return WEIR_OK;
}
