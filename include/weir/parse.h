/* Reads sizes as weir's environment variables and its command have them, for programs that take the
 * same as options of their own. */
#ifndef WEIR_PARSE_H
#define WEIR_PARSE_H

#include <stddef.h>

#include "weir/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Reads a number of bytes: digits, and one of the suffixes K, M, G, T (1024 each; "KiB" and "KB"
 * mean the same).
 *
 * text:     like "64M"; nothing may stand before or behind it.
 * bytes:    receives the number; untouched by a failure.
 * Owns:     nothing is kept after the return.
 * Returns:  WEIR_OK, or WEIR_EINVAL: text is no such number, or too large for size_t, or an
 *           argument is NULL; the calling thread's last error says which.
 * Threads:  any. */
WEIR_API weir_status weir_parse_bytes(const char *text, size_t *bytes);

#ifdef __cplusplus
}
#endif
#endif
