/* Reading the machine's own files; see machine.h. */
#include "machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

/* The first "key : value" of a file of /proc. */
static void read_key(const char *path, const char *key, char *value, size_t room)
{
    char line[256];
    FILE *file = fopen(path, "r");
    snprintf(value, room, "unknown");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        char *colon = strchr(line, ':');
        if (strncmp(line, key, strlen(key)) != 0 || colon == NULL)
            continue;
        colon += 1 + strspn(colon + 1, " \t");
        colon[strcspn(colon, "\n")] = '\0';
        snprintf(value, room, "%s", colon);
        break;
    }
    if (file != NULL)
        fclose(file);
}

static void count_cores(machine *m, const weir_topology *topology)
{
    const weir_pu *pus;
    m->threads = weir_topology_pus(topology, &pus);
    for (unsigned i = 0; i < m->threads; i++)
        m->cores += i == 0 || pus[i].core != pus[i - 1].core;
}

machine machine_describe(const weir_topology *topology)
{
    machine m = {.compiler = __VERSION__};
    struct utsname system;
    const time_t now = time(NULL);
    struct tm utc;
    read_key("/proc/cpuinfo", "model name", m.cpu, sizeof m.cpu);
    if (uname(&system) == 0)
        snprintf(m.system, sizeof m.system, "%.24s %.64s", system.sysname, system.release);
#ifndef __clang__
    snprintf(m.compiler, sizeof m.compiler, "gcc %s", __VERSION__);
#endif
    if (gmtime_r(&now, &utc) != NULL)
        strftime(m.date, sizeof m.date, "%Y-%m-%d %H:%M UTC", &utc);
    const long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
    if (pages > 0 && page > 0)
        m.memory_bytes = (uint64_t)pages * (uint64_t)page;
    if (getloadavg(&m.load, 1) != 1)
        m.load = 0;
    count_cores(&m, topology);
    return m;
}
