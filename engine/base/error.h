/* The calling thread's last error, which weir_last_error() shows.
 *
 * Whatever part of the engine finds something wrong calls it on the thread that called the
 * library.  A failure inside a run goes to failure.h first, since it may be found on any worker. */
#ifndef WEIR_ERROR_H
#define WEIR_ERROR_H

#include "base/base.h"
#include "weir/status.h"

/* Notes an error of this thread and returns its status, so that `return weir__error_set(…)` reads
 * as one step. where and text are cut to what fits, between two characters; in the text, characters that
 * would end its line or move a cursor become '?', since names are the program's. */
weir_status weir__error_set(weir_status status, int code, const char *where, const char *format,
                            ...) WEIR_FORMAT(4, 5);
/* WEIR_EINVAL for an argument that is NULL and may not be. */
weir_status weir__error_null(const char *argument);
/* WEIR_EINVAL for a field of something that has a name: `where` is name.field, and the text begins
 * with what it is and its name. */
weir_status weir__error_field(const char *what, const char *name, const char *field,
                              const char *text);
/* An error that was put together elsewhere. */
weir_status weir__error_copy(const weir_error *error);

#endif
