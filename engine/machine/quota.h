/* How many CPUs the control groups of this process pay for.
 *
 * topology.c asks once per load of this machine; tests lay out a tree of files of their own.  It
 * must never fail: what cannot be read, or makes no sense, is no quota. */
#ifndef WEIR_QUOTA_H
#define WEIR_QUOTA_H

#include "base/base.h"

/* The smallest quota between this process's cgroup and the root, in CPUs, like 1.5; 0 if there is
 * none. Reads cgroup v2 and v1.
 *
 * root: stands before every path that is read; "" outside of tests. */
double weir__quota_cpus(const char *root);

#endif
