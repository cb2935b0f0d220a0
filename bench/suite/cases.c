/* The table of problems; see cases.h. */
#include "cases.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../contestants/problem.h"
#include "leaf_cost.h"

typedef struct known_case {
    const char *label; /* with %lu for the size, or without */
    task usual, quick;
} known_case;

static const known_case cases[] = {
    {"fib(%lu)",
     {.problem = "fib", .size = 36, .warm_size = 27, .expected = 14930352},
     {.problem = "fib", .size = 24, .warm_size = 10, .expected = 46368}},
    {"skynet %lu",
     {.problem = "skynet", .size = 100000000, .warm_size = 1000000, .expected = 4999999950000000},
     {.problem = "skynet", .size = 100000, .warm_size = 10, .expected = 4999950000}},
    {"nqueens(%lu)",
     {.problem = "nqueens", .size = 14, .warm_size = 10, .expected = 365596},
     {.problem = "nqueens", .size = 8, .warm_size = 4, .expected = 92}},
    {"uts T%lu",
     {.problem = "uts", .size = 3, .repeats = 3, .expected = 4112897},
     {.problem = "uts", .size = 1, .expected = 4130071}},
    {"matmul %lu, quadrants",
     {.problem = "matmul", .size = 2048, .repeats = 3},
     {.problem = "matmul", .size = 256}},
    {"mergesort %lu keys",
     {.problem = "mergesort", .size = 10000000},
     {.problem = "mergesort", .size = 100000}},
    {"matmul %lu, rows of blocks",
     {.problem = "blocked", .size = 2048, .repeats = 3},
     {.problem = "blocked", .size = 256}},
    {"sum of %lu doubles",
     {.problem = "sum", .size = 200000000, .repeats = 5},
     {.problem = "sum", .size = 1000000}},
    {"five-point stencil %lu squared, in sweeps",
     {.problem = "stencil", .size = 4096, .depth = 20},
     {.problem = "stencil", .size = 256, .depth = 4}},
    {"multiply-adds in registers",
     {.problem = "flops", .size = 50000000, .repeats = 3},
     {.problem = "flops", .size = 100000}},
    {"over-production, %lu large blocks",
     {.problem = "blocks", .size = 256, .depth = 16, .bytes = 4 << 20},
     {.problem = "blocks", .size = 32, .depth = 2, .bytes = 1 << 18}},
    {"empty run, %lu times",
     {.problem = "empty", .size = 20000, .warm_size = 100, .expected = 20000},
     {.problem = "empty", .size = 100, .expected = 100}},
    {"handing out %lu leaves of 30 us",
     {.problem = "handout", .size = 64, .depth = 200, .expected = 64 * 200},
     {.problem = "handout", .size = 64, .depth = 2, .expected = 64 * 2}},
    {"chain of %lu links",
     {.problem = "chain", .size = 10000, .depth = 500, .expected = 5000000},
     {.problem = "chain", .size = 1000, .depth = 10, .expected = 10000}},
};

task cases_task(const settings *s, const char *name, const char **label)
{
    static char text[64];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const task *t = s->quick ? &cases[i].quick : &cases[i].usual;
        if (strcmp(t->problem, name) != 0)
            continue;
        const char *number = strstr(cases[i].label, "%lu");
        if (number != NULL)
            snprintf(text, sizeof text, "%.*s%lu%s", (int)(number - cases[i].label), cases[i].label,
                     (unsigned long)t->size, number + 3);
        else
            snprintf(text, sizeof text, "%s", cases[i].label);
        *label = text;
        return *t;
    }
    *label = name;
    return (task){.problem = name};
}

const char *cases_matrix_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

bool cases_matrix_rows(const char *path, uint64_t *rows)
{
    char line[1024];
    bool found = false;
    FILE *file = fopen(path, "r");
    while (file != NULL && !found && fgets(line, sizeof line, file) != NULL)
        found = line[0] != '%' && sscanf(line, "%" SCNu64, rows) == 1;
    if (file != NULL)
        fclose(file);
    if (!found)
        fprintf(stderr, "weir-bench: --matrix %s: that is no Matrix Market file\n", path);
    return found;
}

uint64_t cases_tree_leaves(const task *t)
{
    uint64_t leaves = t->size;
    for (uint64_t i = 0; i < t->depth; i++)
        leaves *= TREE_FANOUT;
    return leaves;
}

task cases_tree_of_grain(const settings *s, double ns, unsigned workers)
{
    const double wanted_ns = s->quick ? 1e5 : 2e7;
    const unsigned top = 32 * workers < 4096 ? 32 * workers : 4096;
    task t = {.problem = "tree", .size = top, .repeats = s->quick ? 1 : 5};
    t.steps = leaf_cost_steps(&s->leaf, ns);
    while (t.depth < 4 && (double)cases_tree_leaves(&t) * fmax(ns, 1) < wanted_ns)
        t.depth++;
    t.expected = cases_tree_leaves(&t);
    return t;
}
