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
    case WEIR_ETIME:
        return "WEIR_ETIME";
    }
    return "unknown status";
}

const weir_error *weir_last_error(void)
{
    return &last_error;
}

/* Bytes of the character of UTF-8 that begins with this one; 1 where it is none. */
static size_t character_bytes(char first)
{
    const unsigned char c = (unsigned char)first;
    return c < 0xC0 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
}

/* A text that fills its room may have been cut, and then not in the middle of a character. */
static void end_with_character(char *text, size_t room)
{
    const size_t end = strlen(text);
    size_t first = end;
    if (end + 1 < room)
        return;
    while (first > 0 && ((unsigned char)text[first - 1] & 0xC0) == 0x80)
        first--;
    if (first > 0 && first - 1 + character_bytes(text[first - 1]) > end)
        text[first - 1] = '\0';
}

/* The text is one line, though names in it are the program's. `where` is what the program named. */
static void tidy(weir_error *error)
{
    for (char *c = error->text; *c != '\0'; c++)
        if ((unsigned char)*c < ' ' || *c == '\x7f')
            *c = '?';
    end_with_character(error->text, sizeof error->text);
    end_with_character(error->where, sizeof error->where);
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
    tidy(&last_error);
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
    tidy(&last_error);
    return error->status;
}
