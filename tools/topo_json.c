/* A machine and a placement as one JSON object.
 *
 * topo.c calls it.  It must never leave out what the text shows. */
#include <stdio.h>

#include "json.h"
#include "tool.h"
#include "topo.h"

/* The operating system's number, or null. */
static void print_number(json *j, const char *key, unsigned number)
{
    if (number != WEIR_NO_NUMBER)
        json_unsigned(j, key, number);
    else
        json_null(j, key);
}

/* A size in bytes, or null if it is not known. */
static void print_size(json *j, const char *key, uint64_t bytes)
{
    if (bytes > 0)
        json_unsigned(j, key, bytes);
    else
        json_null(j, key);
}

/* A line of text, or null. */
static void print_line(json *j, const char *key, const char *text)
{
    if (text[0] != '\0')
        json_string(j, key, text);
    else
        json_null(j, key);
}

static void print_machine(json *j, const topo_view *view)
{
    const weir_machine *m = &view->machine;
    if (view->synthetic != NULL)
        json_string(j, "synthetic", view->synthetic);
    else
        json_null(j, "synthetic");
    json_bool(j, "this_machine", m->here);
    print_line(j, "note", m->note);
    json_unsigned(j, "packages", view->packages);
    json_unsigned(j, "numa_nodes", view->numas);
    json_unsigned(j, "cores", view->cores);
    json_unsigned(j, "kinds", view->kinds);
    json_unsigned(j, "hardware_threads_present", m->present);
    json_unsigned(j, "hardware_threads_allowed", m->allowed);
    json_unsigned(j, "hardware_threads_usable", m->usable);
    if (m->quota > 0)
        json_double(j, "quota", m->quota);
    else
        json_null(j, "quota");
}

/* "places" has an index into "hardware_threads" for each worker. */
static void print_placement(json *j, const topo_view *view)
{
    const weir_placement *p = &view->placement;
    json_unsigned(j, "default_workers", weir_topology_default_workers(view->topology));
    json_unsigned(j, "workers", p->workers);
    json_unsigned(j, "workers_at_most", p->threads);
    json_string(j, "workers_why", p->workers_why);
    json_unsigned(j, "share", p->share);
    json_unsigned(j, "shares", p->shares);
    print_line(j, "share_why", p->share_why);
    json_unsigned(j, "first_hardware_thread", p->first);
    json_unsigned(j, "share_hardware_threads", p->pus);
    json_string(j, "bind", tool_bind_names[p->bind]);
    json_bool(j, "bound_by_openmp", p->openmp_binds);
    json_string(j, "bind_why", p->bind_why);
    if (view->places == NULL) {
        json_null(j, "places");
        return;
    }
    json_open_array(j, "places");
    for (unsigned i = 0; i < view->workers; i++)
        json_unsigned(j, NULL, view->places[i]);
    json_close_array(j);
}

/* Nodes and packages have the operating system's numbers, cores and caches have weir's. */
static void print_nodes(json *j, const topo_view *view)
{
    json_open_list(j, "nodes");
    for (unsigned i = 0; i < view->node_count; i++) {
        const weir_node *node = &view->nodes[i];
        json_open_object(j, NULL);
        json_unsigned(j, "os_number", node->os_index);
        json_unsigned(j, "hardware_threads", node->pus);
        print_size(j, "memory_bytes", node->bytes);
        json_close_object(j);
    }
    json_close_list(j);
}

static void print_threads(json *j, const topo_view *view)
{
    json_open_list(j, "hardware_threads");
    for (unsigned i = 0; i < view->count; i++) {
        const weir_pu *pu = &view->pus[i];
        json_open_object(j, NULL);
        json_unsigned(j, "os_number", pu->os_index);
        print_number(j, "package", pu->os_package);
        print_number(j, "numa_node", pu->os_numa);
        json_unsigned(j, "l3", pu->l3);
        json_unsigned(j, "core", pu->core);
        json_unsigned(j, "smt", pu->smt);
        json_unsigned(j, "kind", pu->kind);
        print_size(j, "l1_bytes", pu->l1_bytes);
        print_size(j, "l2_bytes", pu->l2_bytes);
        print_size(j, "l3_bytes", pu->l3_bytes);
        json_close_object(j);
    }
    json_close_list(j);
}

void topo_print_json(const topo_view *view)
{
    json j = json_begin(stdout);
    json_open_object(&j, NULL);
    print_machine(&j, view);
    print_placement(&j, view);
    print_nodes(&j, view);
    print_threads(&j, view);
    json_close_object(&j);
}
