/* The option table, and its parsers; see options.h. */
#include "base/options.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"

#define WEIR_OPTION_ROW(field, variable, kind, min, max, text)                                     \
    {#field, variable, kind, min, max, text},
const weir__option weir__options[WEIR_OPTIONS] = {WEIR_OPTION_TABLE(WEIR_OPTION_ROW)};
#undef WEIR_OPTION_ROW

#define WEIR_OPTION_CHECK(field, variable, kind, min, max, text)                                   \
    static_assert((uint64_t)(min) <= (uint64_t)(max), #field " has a range");
WEIR_OPTION_TABLE(WEIR_OPTION_CHECK)
#undef WEIR_OPTION_CHECK

static const char *const bind_names[] = {[WEIR_BIND_AUTO] = "auto",
                                         [WEIR_BIND_CORE] = "core",
                                         [WEIR_BIND_SPREAD] = "spread",
                                         [WEIR_BIND_PU] = "pu",
                                         [WEIR_BIND_NONE] = "none"};

static_assert(sizeof bind_names / sizeof *bind_names == WEIR_BIND_NONE + 1,
              "each policy has a name");
static_assert(WEIR_MAX_WORKERS <= UINT32_MAX, "a number of workers is an unsigned");

/* Digits only: strtoull alone would take signs and leading blanks. */
static bool parse_digits(const char *text, uint64_t *value, const char **rest)
{
    if (*text < '0' || *text > '9')
        return false;
    char *end;
    errno = 0;
    const unsigned long long number = strtoull(text, &end, 10);
    *value = number;
    *rest = end;
    return errno == 0;
}

static bool parse_count(const char *text, uint64_t *value)
{
    const char *rest;
    return parse_digits(text, value, &rest) && *rest == '\0';
}

static bool parse_bytes(const char *text, uint64_t *value)
{
    const char *rest;
    if (!parse_digits(text, value, &rest))
        return false;
    if (*rest != '\0') {
        static const char units[] = "KMGT";
        const char *unit = isalpha((unsigned char)*rest) ? strchr(units, toupper(*rest)) : NULL;
        if (unit == NULL ||
            (rest[1] != '\0' && strcasecmp(rest + 1, "B") != 0 && strcasecmp(rest + 1, "iB") != 0))
            return false;
        const int shift = 10 * (int)(unit - units + 1);
        WEIR_ASSERT(shift >= 10 && shift <= 40);
        if (*value > UINT64_MAX >> shift)
            return false;
        *value <<= shift;
    }
    return *value <= SIZE_MAX;
}

static bool parse_bind(const char *text, uint64_t *value)
{
    for (size_t i = 0; i < sizeof bind_names / sizeof *bind_names; i++)
        if (strcasecmp(text, bind_names[i]) == 0) {
            *value = i;
            return true;
        }
    return false;
}

/* I/N. */
static bool parse_share(const char *text, uint64_t *value)
{
    uint64_t share, shares;
    const char *rest;
    if (!parse_digits(text, &share, &rest) || *rest != '/' || !parse_count(rest + 1, &shares) ||
        shares > UINT32_MAX || share >= shares)
        return false;
    *value = share << 32 | shares;
    return true;
}

static bool is_in_range(const weir__option *option, uint64_t value)
{
    if (option->kind == WEIR_OPTION_SHARE)
        return value >> 32 < (uint32_t)value;
    return value >= option->min && value <= option->max;
}

bool weir__option_parse(const weir__option *option, const char *text, uint64_t *value)
{
    bool read = false;
    switch (option->kind) {
    case WEIR_OPTION_COUNT:
        read = parse_count(text, value);
        break;
    case WEIR_OPTION_BYTES:
        read = parse_bytes(text, value);
        break;
    case WEIR_OPTION_BIND:
        read = parse_bind(text, value);
        break;
    case WEIR_OPTION_SHARE:
        read = parse_share(text, value);
        break;
    }
    return read && is_in_range(option, *value);
}

static weir_status refuse(const weir__option *option, uint64_t given)
{
    if (option->kind == WEIR_OPTION_SHARE)
        return weir__error_set(WEIR_EINVAL, 0, option->field, "share is %u of %u; it must be %s",
                               (unsigned)(given >> 32), (unsigned)given, option->text);
    return weir__error_set(WEIR_EINVAL, 0, option->field, "%s is %llu; it must be %s",
                           option->field, (unsigned long long)given, option->text);
}

/* One option: the caller's value if it is not 0, else the environment's, else 0. */
static weir_status resolve(const weir__option *option, uint64_t given, const char *text,
                           uint64_t *value)
{
    uint64_t set = 0;
    if (text != NULL && *text != '\0' && !weir__option_parse(option, text, &set))
        return weir__error_set(WEIR_EINVAL, 0, option->variable, "%s is '%.60s'; it must be %s",
                               option->variable, text, option->text);
    if (given != 0 && !is_in_range(option, given))
        return refuse(option, given);
    *value = given != 0 ? given : set;
    return WEIR_OK;
}

bool weir__options_reserved_is_zero(const uint64_t *reserved, size_t bytes)
{
    for (size_t i = 0; i < bytes / sizeof *reserved; i++)
        if (reserved[i] != 0)
            return false;
    return true;
}

weir_status weir__options_resolve(const weir_engine_options *given, bool environment,
                                  weir_engine_options *resolved)
{
    static const weir_engine_options none = {0};
    if (given == NULL)
        given = &none;
    if (!weir__options_reserved_is_zero(given->reserved, sizeof given->reserved))
        return weir__error_set(WEIR_EINVAL, 0, "reserved", "%s", WEIR_RESERVED_TEXT);
    const uint64_t asked[WEIR_OPTIONS] = {
        [WEIR_OPTION_workers] = given->workers,
        [WEIR_OPTION_bind] = (uint64_t)given->bind,
        [WEIR_OPTION_max_in_flight] = given->max_in_flight,
        [WEIR_OPTION_max_bytes] = given->max_bytes,
        [WEIR_OPTION_share] = (uint64_t)given->share << 32 | given->shares,
    };
    uint64_t value[WEIR_OPTIONS];
    for (int i = 0; i < WEIR_OPTIONS; i++) {
        const weir__option *option = &weir__options[i];
        const char *text = environment ? getenv(option->variable) : NULL;
        const weir_status status = resolve(option, asked[i], text, &value[i]);
        if (status != WEIR_OK)
            return status;
    }
    *resolved = (weir_engine_options){
        .workers = (unsigned)value[WEIR_OPTION_workers],
        .bind = (weir_bind)value[WEIR_OPTION_bind],
        .max_in_flight = (size_t)value[WEIR_OPTION_max_in_flight],
        .max_bytes = (size_t)value[WEIR_OPTION_max_bytes],
        .share = (unsigned)(value[WEIR_OPTION_share] >> 32),
        .shares = (unsigned)value[WEIR_OPTION_share],
    };
    WEIR_ASSERT(resolved->workers <= WEIR_MAX_WORKERS);
    WEIR_ASSERT(resolved->shares == 0 ? resolved->share == 0 : resolved->share < resolved->shares);
    return WEIR_OK;
}

weir_status weir_parse_bytes(const char *text, size_t *bytes)
{
    uint64_t value;
    if (text == NULL || bytes == NULL)
        return weir__error_null(text == NULL ? "text" : "bytes");
    if (!parse_bytes(text, &value))
        return weir__error_set(WEIR_EINVAL, 0, "text",
                               "'%.60s' is not a number of bytes; write digits and K, M, G or T, "
                               "like 64M",
                               text);
    *bytes = (size_t)value;
    return WEIR_OK;
}
