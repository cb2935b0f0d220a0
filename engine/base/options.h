/* The engine's options: one table for names, ranges and environment variables.
 *
 * engine.c and decide.c resolve options here; tests and weir_parse_bytes() use the same parsers, and
 * whoever takes a struct of options looks here whether it knows all of them.  It must never look at
 * the machine: what a default of 0 means is theirs to say. */
#ifndef WEIR_OPTIONS_H
#define WEIR_OPTIONS_H

#include "base/base.h"
#include "weir/engine.h"
#include "weir/parse.h"

typedef enum weir__option_kind {
    WEIR_OPTION_COUNT,
    WEIR_OPTION_BYTES,
    WEIR_OPTION_BIND,
    WEIR_OPTION_SHARE /* the value is share << 32 | shares */
} weir__option_kind;

typedef struct weir__option {
    const char *field;    /* of weir_engine_options */
    const char *variable; /* of the environment */
    weir__option_kind kind;
    uint64_t min, max;
    const char *text; /* what a right value looks like */
} weir__option;

/* field, variable, kind, min, max, text */
#define WEIR_OPTION_TABLE(X)                                                                       \
    X(workers, "WEIR_WORKERS", WEIR_OPTION_COUNT, 1, WEIR_MAX_WORKERS,                             \
      "a number of threads from 1 to 4096")                                                        \
    X(bind, "WEIR_BIND", WEIR_OPTION_BIND, WEIR_BIND_AUTO, WEIR_BIND_NONE,                         \
      "auto, core, spread, pu or none")                                                            \
    X(max_in_flight, "WEIR_MAX_IN_FLIGHT", WEIR_OPTION_COUNT, 1, SIZE_MAX,                         \
      "a number of parts of at least 1")                                                           \
    X(max_bytes, "WEIR_MAX_BYTES", WEIR_OPTION_BYTES, 1, SIZE_MAX,                                 \
      "a number of bytes of at least 1, like 64M or 2G")                                           \
    X(share, "WEIR_SHARE", WEIR_OPTION_SHARE, 1, UINT64_MAX,                                       \
      "a part like 1/4: its number, from 0, and how many parts there are")

#define WEIR_OPTION_INDEX(field, ...) WEIR_OPTION_##field,
enum { WEIR_OPTION_TABLE(WEIR_OPTION_INDEX) WEIR_OPTIONS };
#undef WEIR_OPTION_INDEX

extern const weir__option weir__options[WEIR_OPTIONS];

/* The caller's options (NULL: none), completed from the environment; what neither says stays 0.
 * Returns WEIR_OK, or WEIR_EINVAL naming the field or the variable. Every variable is checked,
 * also one that the caller overrides.
 *
 * environment: false for a machine that is not here, to which the variables do not apply. */
weir_status weir__options_resolve(const weir_engine_options *given, bool environment,
                                  weir_engine_options *resolved) WEIR_MUST_CHECK;

/* Are the reserved words of a struct of the program's 0? If not, it sets what only a later version
 * knows, or has not zeroed the struct, and must be refused with a text that ends in
 * WEIR_RESERVED_TEXT. */
bool weir__options_reserved_is_zero(const uint64_t *reserved, size_t bytes) WEIR_MUST_CHECK;
#define WEIR_RESERVED_TEXT                                                                         \
    "reserved must be 0; this version of weir does not know the option that is set there, or the " \
    "struct was not zeroed"

/* Reads a value of one option from text; false if it is none, or out of range. */
bool weir__option_parse(const weir__option *option, const char *text,
                        uint64_t *value) WEIR_MUST_CHECK;

#endif
