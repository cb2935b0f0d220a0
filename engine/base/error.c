/* The names of the statuses and the calling thread's last error; see error.h. */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static _Thread_local weir_error last_error;

const char *weir_status_name(weir_status status)
{
    switch (status) {
    case WEIR_OK:
        return "WEIR_OK";
    case WEIR_END:
        return "WEIR_END";
    case WEIR_EINVAL:
        return "WEIR_EINVAL";
    case WEIR_ENOMEM:
        return "WEIR_ENOMEM";
    case WEIR_EBUDGET:
        return "WEIR_EBUDGET";
    case WEIR_EOP:
        return "WEIR_EOP";
    case WEIR_ECANCEL:
        return "WEIR_ECANCEL";
    case WEIR_ESYS:
        return "WEIR_ESYS";
    case WEIR_ERUNTIME:
        return "WEIR_ERUNTIME";
    case WEIR_EBUSY:
        return "WEIR_EBUSY";
    }
    return "unknown status";
}

const weir_error *weir_last_error(void)
{
    return &last_error;
}

weir_status weir__error_set(weir_status status, int code, const char *where, const char *format,
                            ...)
{
    WEIR_ASSERT(status != WEIR_OK && where != NULL && format != NULL);
    last_error.status = status;
    last_error.code = code;
    snprintf(last_error.where, sizeof last_error.where, "%s", where);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(last_error.text, sizeof last_error.text, format, arguments);
    va_end(arguments);
    return status;
}

weir_status weir__error_null(const char *argument)
{
    return weir__error_set(WEIR_EINVAL, 0, argument, "%s is NULL", argument);
}

weir_status weir__error_field(const char *what, const char *name, const char *field,
                              const char *text)
{
    char where[128];
    snprintf(where, sizeof where, "%.90s.%s", name, field);
    return weir__error_set(WEIR_EINVAL, 0, where, "%s '%.90s': %s", what, name, text);
}

weir_status weir__error_copy(const weir_error *error)
{
    WEIR_ASSERT(error != &last_error && error->status != WEIR_OK);
    WEIR_ASSERT(memchr(error->where, '\0', sizeof error->where) != NULL);
    WEIR_ASSERT(memchr(error->text, '\0', sizeof error->text) != NULL);
    last_error = *error;
    return error->status;
}
