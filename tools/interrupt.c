/* The signal handlers of the command, and the way out that needs nothing to be intact.
 *
 * The kernel calls the handlers, on any thread and at any point.  They must never do what a handler
 * may not: stores to atomics, weir_engine_cancel(), and system calls are all. */
#include "interrupt.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "terminal.h"
#include "tool.h"

enum { PATIENCE_SECONDS = 1 };

static weir_engine *_Atomic engine_watched;
static const char *_Atomic unfinished; /* the file to remove */
static atomic_int received;            /* the first signal, or 0; workers read it too */
static atomic_bool said;

static void end_by(int number)
{
    sigset_t one;
    signal(number, SIG_DFL);
    sigemptyset(&one);
    sigaddset(&one, number);
    pthread_sigmask(SIG_UNBLOCK, &one, NULL);
    kill(getpid(), number);
    _exit(128 + number); /* the first process of a container is not ended by its signals */
}

/* Inside a handler, while anything may be running. */
static void leave_at_once(int number)
{
    static const char message[] = "weir: interrupted\n";
    const char *path = atomic_load(&unfinished);
    terminal_clear_status();
    if (path)
        unlink(path);
    if (!atomic_exchange(&said, true)) {
        const ssize_t written = write(STDERR_FILENO, message, sizeof message - 1);
        (void)written;
    }
    end_by(number);
}

static void on_signal(int number)
{
    int none = 0;
    weir_engine *engine = atomic_load(&engine_watched);
    if (!atomic_compare_exchange_strong(&received, &none, number))
        leave_at_once(none);
    alarm(PATIENCE_SECONDS);
    if (engine)
        weir_engine_cancel(engine);
}

static void on_alarm(int number)
{
    (void)number;
    leave_at_once(atomic_load(&received));
}

static void handle(int number, void (*handler)(int))
{
    struct sigaction action, old;
    memset(&action, 0, sizeof action);
    action.sa_handler = handler;
    action.sa_flags = SA_RESTART;
    sigemptyset(&action.sa_mask);
    /* What the caller ignores, as nohup does, stays ignored. */
    if (sigaction(number, NULL, &old) == 0 && (number == SIGALRM || old.sa_handler == SIG_DFL))
        sigaction(number, &action, NULL);
}

void interrupt_watch(weir_engine *engine)
{
    sigset_t alarm_only;
    atomic_store(&engine_watched, engine);
    sigemptyset(&alarm_only);
    sigaddset(&alarm_only, SIGALRM);
    pthread_sigmask(SIG_UNBLOCK, &alarm_only, NULL);
    handle(SIGALRM, on_alarm);
    handle(SIGINT, on_signal);
    handle(SIGTERM, on_signal);
    handle(SIGHUP, on_signal);
}

int tool_interrupted(void)
{
    return atomic_load_explicit(&received, memory_order_relaxed);
}

void interrupt_say(const char *what)
{
    if (!atomic_exchange(&said, true))
        tool_error("%s: interrupted", what);
}

void interrupt_remove(const char *path)
{
    atomic_store(&unfinished, path);
}

void interrupt_end(void)
{
    const int number = tool_interrupted();
    if (number)
        end_by(number);
}
