/* Where a run of a graph failed: the path to a task, and the text of its error; see execution.h.
 *
 * A path has the name of each task that has a body, with its turn, and then that of the task in the body,
 * like loop[17]/inc; of a very deep one the first levels and the last. */
#include <stdio.h>
#include <string.h>

#include "graph/execution.h"

enum { SHOWN_FIRST = 3, SHOWN_LAST = 4 }; /* of the levels of a path */

static size_t append(char *text, size_t bytes, size_t at, const char *more)
{
    const int length = snprintf(text + at, bytes - at, "%s", more);
    return (size_t)length < bytes - at ? at + (size_t)length : bytes - 1;
}

/* What stands behind the name of the task around: its turn. */
static size_t append_turn(const weir__execution *e, char *text, size_t bytes, size_t at)
{
    const weir__control *control = e->up->graph->fixed[e->up_task].op.control;
    char turn[32];
    snprintf(turn, sizeof turn, "[%llu]", (unsigned long long)e->turn);
    return control->kind == WEIR_CONTROL_IF ? at : append(text, bytes, at, turn);
}

/* The name of a task, with those of the tasks of which its graph and those around are bodies. */
static void write_path(const weir__execution *e, weir_task t, char *text, size_t bytes)
{
    unsigned depth = 0;
    size_t at = 0;
    for (const weir__execution *up = e->up; up != NULL; up = up->up)
        depth++;
    for (unsigned level = 0; level <= depth; level++) {
        const weir__execution *shown = e, *inner = NULL;
        char name[128];
        if (level == SHOWN_FIRST && depth >= SHOWN_FIRST + SHOWN_LAST) {
            at = append(text, bytes, at, "…/");
            level = depth + 1 - SHOWN_LAST;
        }
        for (unsigned i = level; i < depth; i++) {
            inner = shown;
            shown = shown->up;
        }
        (void)weir__graph_name(shown->graph, inner != NULL ? inner->up_task : t, name, sizeof name);
        at = append(text, bytes, at, name);
        if (inner != NULL)
            at = append(text, bytes, append_turn(inner, text, bytes, at), "/");
    }
}

/* As long as a path may get before what does not fit is left out of it. */
enum { PATH = 1024 };

void weir__place_fail(weir__pack *p, weir_task t, int code, const char *text)
{
    char path[PATH], name[128];
    weir_error error = {.status = WEIR_EOP, .code = code};
    (void)weir__graph_name(p->of->graph, t, name, sizeof name);
    if (text != NULL)
        snprintf(error.text, sizeof error.text, "task '%.90s' %s", name, text);
    else
        snprintf(error.text, sizeof error.text, "the op of task '%.90s' returned %d", name, code);
    write_path(p->of, t, path, sizeof path);
    weir__told_place(&p->told, path, code, &error);
    weir__run_fail(p->told.run, &error);
}

/* Of which member a call for several failed: as the op has said, or of which range. */
void weir__place_fail_clump(weir__pack *p, const weir__label *label, const uint32_t *index,
                            uint32_t n, int code)
{
    uint32_t least = index[0], most = index[0];
    for (uint32_t i = 0; i < n; i++) {
        if (n == 1 || (p->told.child_is_named && index[i] == p->told.failed_child)) {
            weir__place_fail(p, label->first + index[i], code, NULL);
            return;
        }
        least = index[i] < least ? index[i] : least;
        most = index[i] > most ? index[i] : most;
    }
    char path[PATH];
    weir_error error = {.status = WEIR_EOP, .code = code};
    write_path(p->of, label->first + least, path, sizeof path);
    char *end = strrchr(path, ']'); /* name[least] becomes name[least..most] */
    WEIR_ASSERT(end != NULL);
    snprintf(end, sizeof path - (size_t)(end - path), "..%lu]", (unsigned long)most);
    snprintf(error.text, sizeof error.text,
             "the op of family '%.90s' returned %d for %lu of its tasks (weir_failed_child() can "
             "name the one)",
             label->name, code, (unsigned long)n);
    weir__told_place(&p->told, path, code, &error);
    weir__run_fail(p->told.run, &error);
}
