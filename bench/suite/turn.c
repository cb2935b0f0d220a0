/* Starting a contestant and reading its one line; see turn.h. */
#include "turn.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../timing.h"
#include "contestants.h"

extern char **environ;

/* ---- the process ---- */

enum { MOST_ARGUMENTS = 28, NUMBER = 24 };

typedef struct command {
    char numbers[MOST_ARGUMENTS][NUMBER];
    char *argv[MOST_ARGUMENTS + 2];
    int count;
} command;

static void add_number(command *c, const char *option, uint64_t value)
{
    if (value == 0)
        return;
    snprintf(c->numbers[c->count], NUMBER, "%" PRIu64, value);
    c->argv[c->count + 1] = c->numbers[c->count];
    c->argv[c->count] = (char *)(uintptr_t)option;
    c->count += 2;
}

static void add_text(command *c, const char *option, const char *text)
{
    if (text == NULL)
        return;
    c->argv[c->count++] = (char *)(uintptr_t)option;
    c->argv[c->count++] = (char *)(uintptr_t)text;
}

static void make_command(const entry *e, command *c)
{
    const task *t = &e->task;
    c->argv[0] = e->who->program;
    c->argv[1] = (char *)(uintptr_t)t->problem;
    c->count = 2;
    add_number(c, "--workers", e->workers);
    add_number(c, "--size", t->size);
    add_number(c, "--depth", t->depth);
    add_number(c, "--steps", t->steps);
    add_number(c, "--bytes", t->bytes);
    add_number(c, "--warm-size", t->warm_size);
    add_number(c, "--warm-depth", t->warm_depth);
    add_number(c, "--repeats", t->repeats);
    add_number(c, "--most-ms", t->most_ms);
    add_number(c, "--max-bytes", e->max_bytes);
    add_text(c, "--matrix", t->matrix);
    add_text(c, "--fasta", t->fasta);
    c->argv[c->count] = NULL;
}

/* The cores that weir's own placement gives so many workers: the process may use these alone. */
static void restrict_to_cores(const weir_topology *topology, unsigned workers)
{
    const weir_pu *pus;
    const unsigned count = weir_topology_pus(topology, &pus);
    unsigned *places = calloc(workers, sizeof *places);
    if (places != NULL && workers <= count &&
        weir_topology_place(topology, WEIR_BIND_CORE, workers, places) == WEIR_OK) {
        cpu_set_t set;
        CPU_ZERO(&set);
        for (unsigned i = 0; i < workers; i++)
            CPU_SET(pus[places[i]].os_index, &set);
        sched_setaffinity(0, sizeof set, &set);
    }
    free(places);
}

/* OpenMP programs get a thread a core, bound; weir would take that for the user's wish and not bind
 * its own. Where hwloc's plugins (OpenCL, X11, libxml) are installed, they would be 3 MiB of the
 * resident set of every contestant that uses hwloc. */
static void set_environment(const contestant *who)
{
    setenv("HWLOC_PLUGINS_PATH", "/var/empty", 0);
    unsetenv("OMP_NUM_THREADS");
    if (contestants_is_weir(who)) {
        unsetenv("OMP_PLACES");
        unsetenv("OMP_PROC_BIND");
    } else {
        setenv("OMP_PLACES", "threads", 1);
        setenv("OMP_PROC_BIND", "close", 1);
    }
}

/* Starts the program with its standard output in *out. */
static pid_t start(const entry *e, const weir_topology *topology, int *out)
{
    command c;
    int ends[2];
    pid_t pid = -1;
    posix_spawn_file_actions_t actions;
    cpu_set_t before;
    make_command(e, &c);
    if (pipe2(ends, O_CLOEXEC) != 0)
        return -1;
    const bool restore = sched_getaffinity(0, sizeof before, &before) == 0;
    restrict_to_cores(topology, e->workers);
    set_environment(e->who);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    if (posix_spawn(&pid, e->who->program, &actions, NULL, c.argv, environ) != 0)
        pid = -1;
    posix_spawn_file_actions_destroy(&actions);
    if (restore)
        sched_setaffinity(0, sizeof before, &before);
    close(ends[1]);
    *out = ends[0];
    return pid;
}

/* Reads until the end of the output, or until the limit: then it kills the process. */
static bool read_line(int out, pid_t pid, double limit, char *line, size_t room)
{
    const double begun = timing_now();
    size_t used = 0;
    for (;;) {
        const double left = limit - (timing_now() - begun);
        struct pollfd ready = {.fd = out, .events = POLLIN};
        const int n = left > 0 ? poll(&ready, 1, (int)(left * 1000)) : 0;
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            kill(pid, SIGKILL);
            return false;
        }
        char rest[256];
        const bool full = used == room - 1;
        const ssize_t got =
            full ? read(out, rest, sizeof rest) : read(out, line + used, room - 1 - used);
        if (got <= 0)
            break;
        used += full ? 0 : (size_t)got;
    }
    line[used] = '\0';
    return true;
}

/* ---- the line ---- */

static const char *find_value(const char *line, const char *key)
{
    const size_t length = strlen(key);
    for (const char *at = line; (at = strstr(at, key)) != NULL; at += length)
        if ((at == line || at[-1] == ' ') && at[length] == '=')
            return at + length + 1;
    return NULL;
}

static uint64_t number_of(const char *line, const char *key)
{
    const char *value = find_value(line, key);
    return value != NULL ? strtoull(value, NULL, 10) : 0;
}

static void keep_larger(uint64_t *kept, uint64_t value)
{
    if (value > *kept)
        *kept = value;
}

static bool parse_line(entry *e, const char *line, double *seconds, uint64_t *answer)
{
    const char *time = find_value(line, "seconds"), *about = find_value(line, "about");
    if (time == NULL || find_value(line, "answer") == NULL)
        return false;
    *seconds = strtod(time, NULL);
    *answer = number_of(line, "answer");
    const uint64_t resident = number_of(line, "rss"), before = number_of(line, "before");
    keep_larger(&e->resident, resident);
    keep_larger(&e->growth, resident > before ? resident - before : 0);
    keep_larger(&e->peak, number_of(line, "peak"));
    e->certified = number_of(line, "certified");
    e->serial = number_of(line, "serial");
    e->promotions = number_of(line, "promotions");
    e->gathers = number_of(line, "gathers");
    e->branches = number_of(line, "branches");
    e->gaps = (double)number_of(line, "gaps");
    e->gaps_ns = (double)number_of(line, "gaps_ns");
    e->made = (double)number_of(line, "made");
    e->gather_ns = (double)number_of(line, "gather_ns");
    if (about != NULL)
        snprintf(e->who->about, sizeof e->who->about, "%.*s", (int)strcspn(about, "\n"), about);
    return true;
}

turn_end turn_take(entry *e, const settings *s, double *seconds, uint64_t *answer)
{
    char line[1024];
    int out, status;
    const pid_t pid = start(e, s->topology, &out);
    if (pid < 0) {
        fprintf(stderr, "weir-bench: cannot start %s: %s\n", e->who->program, strerror(errno));
        return TURN_FAILED;
    }
    const bool in_time = read_line(out, pid, s->turn_limit, line, sizeof line);
    close(out);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    if (!in_time)
        return TURN_STOPPED;
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0 || !parse_line(e, line, seconds, answer)) {
        fprintf(stderr, "weir-bench: %s failed on %s (%s %d)\n", e->who->name, e->task.problem,
                WIFSIGNALED(status) ? "signal" : "exit code",
                WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
        return TURN_FAILED;
    }
    return TURN_DONE;
}
