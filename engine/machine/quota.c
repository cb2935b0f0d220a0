/* Reads CPU quotas from the cgroup file systems; see quota.h.
 *
 * Neither hwloc nor an OpenMP runtime sees them, and a team that is larger than its quota is
 * stopped as a whole, in the middle of its waits, for most of every period.  It must never
 * allocate, and never trust a file's length or content. */
#include "machine/quota.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct mount {
    const char *root;  /* which cgroup of the hierarchy is mounted */
    const char *point; /* where */
    bool v2;
} mount;

/* Reads one line without its newline into a buffer of PATH_MAX bytes. Of a longer line, the tail is
 * dropped: the lines that matter here are short. */
static bool read_line(FILE *file, char *line)
{
    if (fgets(line, PATH_MAX, file) == NULL)
        return false;
    const size_t length = strcspn(line, "\n");
    if (line[length] == '\0')
        for (int c = getc(file); c != EOF && c != '\n';)
            c = getc(file);
    line[length] = '\0';
    WEIR_ASSERT(length < PATH_MAX);
    return true;
}

static FILE *open_file(const char *directory, const char *name)
{
    char path[PATH_MAX];
    const int length = snprintf(path, sizeof path, "%s/%s", directory, name);
    return length > 0 && (size_t)length < sizeof path ? fopen(path, "re") : NULL;
}

/* Reads the first line of a file; an empty one if there is none. */
static void read_first_line(const char *directory, const char *name, char *line)
{
    line[0] = '\0';
    FILE *file = open_file(directory, name);
    if (file == NULL)
        return;
    if (!read_line(file, line))
        line[0] = '\0';
    fclose(file);
}

static bool list_has(const char *list, const char *word)
{
    const size_t length = strlen(word);
    WEIR_ASSERT(length > 0);
    for (const char *item = list;; item++) {
        const size_t end = strcspn(item, ",");
        if (end == length && strncmp(item, word, length) == 0)
            return true;
        item += end;
        if (*item == '\0')
            return false;
    }
}

/* A positive number that ends at a blank or at the end of the text; else 0. */
static unsigned long long positive(const char *text)
{
    char *end;
    errno = 0;
    const long long value = strtoll(text, &end, 10);
    if (errno != 0 || end == text || (*end != '\0' && *end != ' ') || value <= 0)
        return 0;
    return (unsigned long long)value;
}

static double divide(const char *quota, const char *period)
{
    const unsigned long long q = positive(quota), p = positive(period);
    return q == 0 || p == 0 ? 0 : (double)q / (double)p;
}

static double directory_quota(const char *directory, bool v2)
{
    char quota[PATH_MAX], period[PATH_MAX];
    if (v2) {
        read_first_line(directory, "cpu.max", quota);
        const char *blank = strchr(quota, ' ');
        return blank == NULL ? 0 : divide(quota, blank + 1);
    }
    read_first_line(directory, "cpu.cfs_quota_us", quota);
    read_first_line(directory, "cpu.cfs_period_us", period);
    return divide(quota, period);
}

/* This process's cgroup: lines of /proc/self/cgroup are "number:controllers:path", and the one of
 * cgroup v2 has number 0 and no controllers. */
static bool find_cgroup(const char *root, bool v2, char *path)
{
    char line[PATH_MAX];
    FILE *file = open_file(root, "proc/self/cgroup");
    if (file == NULL)
        return false;
    bool found = false;
    while (!found && read_line(file, line)) {
        char *controllers = strchr(line, ':');
        char *name = controllers == NULL ? NULL : strchr(controllers + 1, ':');
        if (name == NULL)
            continue;
        *name++ = '\0';
        found = v2 ? strcmp(line, "0:") == 0 : list_has(controllers + 1, "cpu");
        if (found)
            snprintf(path, PATH_MAX, "%s", name);
    }
    fclose(file);
    return found;
}

/* A line of /proc/self/mountinfo is "id parent device root point options … - type source options";
 * cuts it up if it is a cgroup file system with CPU quotas. */
static bool parse_mount(char *line, mount *m)
{
    char *rest = strstr(line, " - "), *next;
    if (rest == NULL)
        return false;
    *rest = '\0';
    const char *type = strtok_r(rest + 3, " ", &next);
    strtok_r(NULL, " ", &next);
    const char *options = type == NULL ? NULL : strtok_r(NULL, " ", &next);
    if (options == NULL)
        return false;
    m->v2 = strcmp(type, "cgroup2") == 0;
    if (!m->v2 && (strcmp(type, "cgroup") != 0 || !list_has(options, "cpu")))
        return false;
    const char *fields[5] = {NULL};
    fields[0] = strtok_r(line, " ", &next);
    for (unsigned i = 1; i < 5 && fields[i - 1] != NULL; i++)
        fields[i] = strtok_r(NULL, " ", &next);
    WEIR_ASSERT(fields[4] == NULL || fields[3] != NULL);
    m->root = fields[3];
    m->point = fields[4];
    return m->point != NULL;
}

/* The cgroup's path below the mount point. A container may see only its own part of the hierarchy,
 * and a process may be in a part that is not mounted: then the mount point is all there is. */
static const char *path_below(const mount *m, const char *path)
{
    const size_t length = strcmp(m->root, "/") == 0 ? 0 : strlen(m->root);
    if (strncmp(path, m->root, length) != 0 || strstr(path, "/..") != NULL)
        return "";
    path += length;
    WEIR_ASSERT(m->point != NULL);
    return path[0] == '/' && path[1] != '\0' ? path : "";
}

/* The smallest quota from the process's cgroup up to the mount point. */
static double mount_quota(const char *root, const mount *m)
{
    char path[PATH_MAX], directory[PATH_MAX];
    if (!find_cgroup(root, m->v2, path))
        return 0;
    const int top = snprintf(directory, sizeof directory, "%s%s", root, m->point);
    if (top <= 0 || (size_t)top >= sizeof directory)
        return 0;
    const size_t space = sizeof directory - (size_t)top;
    WEIR_ASSERT(space > 0);
    if ((size_t)snprintf(directory + top, space, "%s", path_below(m, path)) >= space)
        return 0;
    double smallest = 0;
    for (;;) {
        const double cpus = directory_quota(directory, m->v2);
        if (cpus > 0 && (smallest == 0 || cpus < smallest))
            smallest = cpus;
        char *last = strrchr(directory + top, '/');
        if (last == NULL)
            return smallest;
        *last = '\0';
    }
}

double weir__quota_cpus(const char *root)
{
    char line[PATH_MAX];
    FILE *file = open_file(root, "proc/self/mountinfo");
    if (file == NULL)
        return 0;
    double smallest = 0;
    mount m;
    while (read_line(file, line)) {
        const double cpus = parse_mount(line, &m) ? mount_quota(root, &m) : 0;
        if (cpus > 0 && (smallest == 0 || cpus < smallest))
            smallest = cpus;
    }
    fclose(file);
    return smallest;
}
