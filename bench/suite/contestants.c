/* The list of contestants; see contestants.h. */
#include "contestants.h"

#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct {
    const char *name, *hint;
} known[] = {
    {"serial", "part of this build"},
    {"limit", "part of this build"},
    {"weir", "part of this build"},
    {"weir-called", "part of this build"},
    {"weir-family", "part of this build"},
    {"weir-levels", "part of this build"},
    {"weir-unplanned", "part of this build"},
    {"weir-while", "part of this build"},
    {"openmp-task", "part of this build"},
    {"openmp-depend", "part of this build"},
    {"openmp-levels", "part of this build"},
    {"mutex-list", "part of this build"},
    {"tbb", "-DWEIR_PEER_TBB=ON, Debian: libtbb-dev"},
    {"tbb-flow", "-DWEIR_PEER_TBB=ON, Debian: libtbb-dev"},
    {"tbb-pipeline", "-DWEIR_PEER_TBB=ON, Debian: libtbb-dev"},
    {"taskflow", "-DWEIR_TASKFLOW_DIR=, where taskflow/taskflow.hpp is"},
    {"taskflow-graph", "-DWEIR_TASKFLOW_DIR=, where taskflow/taskflow.hpp is"},
    {"libfork", "-DWEIR_LIBFORK_DIR=, its source"},
    {"citor", "-DWEIR_CITOR_DIR=, its source"},
    {"toomanycooks", "-DWEIR_TMC_DIR=, its source"},
    {"task-bench", "-DWEIR_TASK_BENCH_DIR=, its source"},
    {"growlocal", "-DWEIR_ONESTOPPARALLEL_DIR=, its source"},
    {"starpu", "-DWEIR_PEER_STARPU=ON, Debian: libstarpu-dev"},
};

/* Asks the program which problems it solves. */
static void learn_problems(contestant *c)
{
    char command[sizeof c->program + 16], line[64];
    c->present = access(c->program, X_OK) == 0;
    if (!c->present || strchr(c->program, '\'') != NULL)
        return;
    snprintf(command, sizeof command, "'%s' --list", c->program);
    FILE *list = popen(command, "r");
    size_t used = 0;
    while (list != NULL && fgets(line, sizeof line, list) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (used < sizeof c->problems - sizeof line - 2)
            used += (size_t)snprintf(c->problems + used, sizeof line + 2, " %s ", line);
    }
    c->present = list != NULL && pclose(list) == 0 && used > 0;
}

static contestant *append(settings *s, const char *name, const char *program, const char *hint)
{
    contestant *c = &s->contestants[s->contestants_count++];
    *c = (contestant){.hint = hint, .wanted = true};
    snprintf(c->name, sizeof c->name, "%s", name);
    snprintf(c->program, sizeof c->program, "%s", program);
    learn_problems(c);
    return c;
}

void contestants_find(settings *s)
{
    char self[PATH_MAX - 64], program[PATH_MAX];
    const ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    self[length > 0 ? length : 0] = '\0';
    const char *directory = dirname(self); /* in place */
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        snprintf(program, sizeof program, "%s/contestants/%s", directory, known[i].name);
        append(s, known[i].name, program, known[i].hint);
    }
}

bool contestants_add(settings *s, const char *argument)
{
    char name[32];
    const char *equals = strchr(argument, '=');
    const size_t length = equals != NULL ? (size_t)(equals - argument) : 0;
    if (length == 0 || length >= sizeof name) {
        fprintf(stderr, "weir-bench: --add is '%s'; it must be NAME=PROGRAM\n", argument);
        return false;
    }
    snprintf(name, sizeof name, "%.*s", (int)length, argument);
    for (unsigned i = 0; i < s->contestants_count; i++)
        if (strcmp(s->contestants[i].name, name) == 0) {
            fprintf(stderr, "weir-bench: --add %s: there is a contestant of that name\n", argument);
            return false;
        }
    if (s->contestants_count == MOST_CONTESTANTS) {
        fprintf(stderr, "weir-bench: at most %d contestants\n", MOST_CONTESTANTS);
        return false;
    }
    if (!append(s, name, equals + 1, "--add")->present) {
        fprintf(stderr, "weir-bench: --add %s: that is no contestant's program\n", argument);
        return false;
    }
    return true;
}

bool contestants_choose(settings *s, const char *names)
{
    for (unsigned i = 0; i < s->contestants_count; i++)
        s->contestants[i].wanted = strcmp(s->contestants[i].name, "serial") == 0;
    for (const char *at = names; *at != '\0';) {
        const size_t length = strcspn(at, ",");
        bool found = false;
        for (unsigned i = 0; i < s->contestants_count; i++) {
            contestant *c = &s->contestants[i];
            if (strlen(c->name) == length && strncmp(c->name, at, length) == 0)
                c->wanted = found = true;
        }
        if (!found) {
            fprintf(stderr, "weir-bench: --only: '%.*s' is no contestant; --list names them\n",
                    (int)length, at);
            return false;
        }
        at += length + (at[length] == ',');
    }
    return true;
}

contestant *contestants_get(settings *s, const char *name)
{
    for (unsigned i = 0; i < s->contestants_count; i++) {
        contestant *c = &s->contestants[i];
        if (strcmp(c->name, name) == 0)
            return c->present && c->wanted ? c : NULL;
    }
    return NULL;
}

bool contestants_solves(const contestant *c, const char *problem)
{
    char word[64];
    snprintf(word, sizeof word, " %s ", problem);
    return c->present && c->wanted && strstr(c->problems, word) != NULL;
}

bool contestants_is_weir(const contestant *c)
{
    return strcmp(c->name, "weir") == 0 || strncmp(c->name, "weir-", 5) == 0;
}

bool contestants_is_library(const contestant *c)
{
    return strcmp(c->name, "serial") != 0 && strcmp(c->name, "limit") != 0;
}

bool contestants_is_peer(const contestant *c)
{
    return contestants_is_library(c) && !contestants_is_weir(c);
}
