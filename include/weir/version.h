/* The version of weir: of the headers that a program is compiled with, and of the library that it
 * is linked with.
 *
 * Included by weir/engine.h.  Versions follow semantic versioning; before 1.0, the second number
 * changes when the interface does. */
#ifndef WEIR_VERSION_H
#define WEIR_VERSION_H

#include "weir/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Of these headers, for #if: 1.2.3 is 10203. */
#define WEIR_VERSION_MAJOR 0
#define WEIR_VERSION_MINOR 1
#define WEIR_VERSION_PATCH 0

#define WEIR_VERSION (10000 * WEIR_VERSION_MAJOR + 100 * WEIR_VERSION_MINOR + WEIR_VERSION_PATCH)

/* The version of the library, like "1.2.3"; with a shared one it may differ from WEIR_VERSION.
 *
 * Returns:  never NULL.
 * Owns:     the library; it is always there.
 * Threads:  any. */
WEIR_API const char *weir_version(void);

#ifdef __cplusplus
}
#endif
#endif
