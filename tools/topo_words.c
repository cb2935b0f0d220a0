/* A machine and a placement in words: the lines and names that text and drawing share.
 *
 * topo_text.c and topo_svg.c call it.  It must never say what the library has not said. */
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "tool.h"
#include "topo.h"

const char *topo_label(const topo_view *view, unsigned pu, char text[TOPO_LABEL])
{
    const unsigned load = view->load[pu];
    if (load == 0)
        snprintf(text, TOPO_LABEL, "-");
    else if (load == 1)
        snprintf(text, TOPO_LABEL, "%u", view->first[pu]);
    else
        snprintf(text, TOPO_LABEL, "%u+%u", view->first[pu], load - 1);
    return text;
}

bool topo_is_shared(const topo_view *view)
{
    for (unsigned i = 0; i < view->count; i++)
        if (view->load[i] > 1)
            return true;
    return false;
}

const char *topo_package_name(const weir_pu *pu, char text[TOPO_PACKAGE])
{
    snprintf(text, TOPO_PACKAGE, "package %u",
             pu->os_package != WEIR_NO_NUMBER ? pu->os_package : pu->package);
    return text;
}

const char *topo_node_name(const weir_pu *pu, char text[TOPO_NODE])
{
    if (pu->os_numa != WEIR_NO_NUMBER)
        snprintf(text, TOPO_NODE, "NUMA node %u", pu->os_numa);
    else
        snprintf(text, TOPO_NODE, "no NUMA node of its own");
    return text;
}

/* Appends; what does not fit is cut off. */
static void add(char *text, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static void add(char *text, size_t size, const char *format, ...)
{
    const size_t length = strlen(text);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text + length, size - length, format, arguments);
    va_end(arguments);
}

static void add_size(char *text, size_t size, uint64_t bytes)
{
    char number[16];
    if (bytes > 0)
        add(text, size, " (%s)", tool_format_bytes(bytes, number));
}

static uint64_t bytes_of_node(const topo_view *view, unsigned os_index)
{
    for (unsigned i = 0; i < view->node_count; i++)
        if (view->nodes[i].os_index == os_index)
            return view->nodes[i].bytes;
    return 0;
}

const char *topo_group_name(const topo_view *view, const topo_group *group, char text[TOPO_NAME])
{
    const weir_pu *pu = &view->pus[group->first];
    const bool known = view->machine.note[0] == '\0';
    char node[TOPO_NODE];
    text[0] = '\0';
    if (view->numas > 1 || (known && pu->os_numa == WEIR_NO_NUMBER)) {
        add(text, TOPO_NAME, "%s", topo_node_name(pu, node));
        add_size(text, TOPO_NAME, bytes_of_node(view, pu->os_numa));
    }
    if (view->l3s > view->packages && view->l3s > view->numas) {
        add(text, TOPO_NAME, "%sL3 cache %u", text[0] ? ", " : "", pu->l3);
        add_size(text, TOPO_NAME, pu->l3_bytes);
    }
    if (view->kinds > 1)
        add(text, TOPO_NAME, "%s%s (kind %u)", text[0] ? ", " : "",
            pu->kind == 0 ? "fast cores" : "slower cores", pu->kind);
    return text;
}

unsigned topo_core_width(const topo_view *view, unsigned first)
{
    unsigned end = first + 1;
    while (end < view->count && view->pus[end].smt > 0)
        end++;
    return end - first;
}

static const char *plural(unsigned count)
{
    return count == 1 ? "" : "s";
}

static unsigned nodes_of_memory_only(const topo_view *view)
{
    unsigned count = 0;
    for (unsigned i = 0; i < view->node_count; i++)
        count += view->nodes[i].pus == 0;
    return count;
}

const char *topo_summary(const topo_view *view, char text[TOPO_LINE])
{
    const weir_machine *m = &view->machine;
    const unsigned memory_only = nodes_of_memory_only(view);
    snprintf(text, TOPO_LINE, "%u package%s, %u NUMA node%s", view->packages,
             plural(view->packages), view->numas, plural(view->numas));
    if (memory_only > 0)
        add(text, TOPO_LINE, " and %u of memory only", memory_only);
    add(text, TOPO_LINE, ", %u core%s", view->cores, plural(view->cores));
    if (view->kinds > 1)
        add(text, TOPO_LINE, " of %u kinds", view->kinds);
    add(text, TOPO_LINE, ", %u ", m->usable);
    if (m->present != m->usable)
        add(text, TOPO_LINE, "of %u ", m->present);
    add(text, TOPO_LINE, "hardware thread%s", plural(m->present));
    if (m->allowed != m->usable)
        add(text, TOPO_LINE, " (%u allowed)", m->allowed);
    if (m->here && m->quota > 0)
        add(text, TOPO_LINE, ", quota of %.4g CPU%s", m->quota, m->quota == 1 ? "" : "s");
    else if (m->here)
        add(text, TOPO_LINE, ", no CPU quota");
    return text;
}

/* "32.0 KiB", or "32.0 to 48.0 KiB" where cores differ, of the caches of one level. */
static void add_cache(const topo_view *view, char *text, const char *name, size_t offset)
{
    uint64_t least = UINT64_MAX, most = 0;
    char number[16];
    for (unsigned i = 0; i < view->count; i++) {
        const uint64_t bytes = *(const uint64_t *)((const char *)&view->pus[i] + offset);
        least = bytes < least ? bytes : least;
        most = bytes > most ? bytes : most;
    }
    if (most == 0)
        return;
    add(text, TOPO_LINE, "%s%s ", text[0] ? ", " : "caches: ", name);
    if (least < most)
        add(text, TOPO_LINE, "%s to ", tool_format_bytes(least, number));
    add(text, TOPO_LINE, "%s", tool_format_bytes(most, number));
}

const char *topo_memory(const topo_view *view, char text[TOPO_LINE])
{
    uint64_t bytes = 0;
    char number[16];
    text[0] = '\0';
    add_cache(view, text, "L1", offsetof(weir_pu, l1_bytes));
    add_cache(view, text, "L2", offsetof(weir_pu, l2_bytes));
    add_cache(view, text, "L3", offsetof(weir_pu, l3_bytes));
    for (unsigned i = 0; i < view->node_count; i++)
        bytes += view->nodes[i].bytes;
    if (bytes > 0)
        add(text, TOPO_LINE, "%smemory: %s", text[0] ? "; " : "", tool_format_bytes(bytes, number));
    const char *between = text[0] ? "; memory only: " : "memory only: ";
    for (unsigned i = 0; i < view->node_count; i++)
        if (view->nodes[i].pus == 0) {
            add(text, TOPO_LINE, "%sNUMA node %u", between, view->nodes[i].os_index);
            add_size(text, TOPO_LINE, view->nodes[i].bytes);
            between = ", ";
        }
    return text;
}

static void add_range(char *text, const char *what, unsigned first, unsigned count)
{
    add(text, TOPO_LINE, "%s%s %u", what, plural(count), first);
    if (count > 1)
        add(text, TOPO_LINE, " to %u", first + count - 1);
}

const char *topo_share(const topo_view *view, char text[TOPO_LINE])
{
    const weir_placement *p = &view->placement;
    const weir_pu *first = &view->pus[p->first];
    text[0] = '\0';
    if (p->shares == 1) {
        add(text, TOPO_LINE, "%s%s", p->share_why[0] ? "share: all; " : "", p->share_why);
        return text;
    }
    add(text, TOPO_LINE, "share %u/%u (%s): ", p->share, p->shares, p->share_why);
    add_range(text, "core", first->core, p->cores);
    if (p->cores == 1 && p->pus < topo_core_width(view, p->first - first->smt))
        add_range(text, ", hardware thread", first->smt, p->pus);
    return text;
}

const char *topo_team(const topo_view *view, char text[TOPO_LINE])
{
    static const char *const how[] = {[WEIR_BIND_CORE] = "bound one a core, neighbours first",
                                      [WEIR_BIND_SPREAD] = "bound as far apart as there is room",
                                      [WEIR_BIND_PU] = "bound one a hardware thread",
                                      [WEIR_BIND_NONE] = "not bound"};
    const weir_placement *p = &view->placement;
    snprintf(text, TOPO_LINE, "%u worker%s (%s), %s: %s", p->workers, plural(p->workers),
             p->workers_why, p->openmp_binds ? "bound by OpenMP" : how[p->bind], p->bind_why);
    return text;
}
