/* Text of unknown origin; see text.h. */
#include "text.h"

#include <stdio.h>
#include <string.h>

size_t text_decode(const char *s, size_t left, uint32_t *code)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *u = (const unsigned char *)s;
    *code = u[0];
    if (u[0] < 0x80)
        return 1;
    const size_t length = u[0] >= 0xf0 ? 4 : u[0] >= 0xe0 ? 3 : 2;
    if (u[0] < 0xc2 || u[0] > 0xf4 || length > left)
        return 0;
    *code = u[0] & (0x7fu >> length);
    for (size_t i = 1; i < length; i++) {
        if ((u[i] & 0xc0) != 0x80)
            return 0;
        *code = *code << 6 | (u[i] & 0x3fu);
    }
    const bool surrogate = *code >= 0xd800 && *code < 0xe000;
    return *code >= least[length] && *code <= 0x10ffff && !surrogate ? length : 0;
}

typedef struct range {
    uint32_t first, last;
} range;

static bool is_in(uint32_t code, const range *ranges, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (code >= ranges[i].first && code <= ranges[i].last)
            return true;
    return false;
}

bool text_is_printable(uint32_t code)
{
    static const range moving[] = {
        {0, 0x1f}, {0x7f, 0x9f}, {0x2028, 0x202e}, {0x2066, 0x2069}, {0xfffe, 0xffff}};
    return !is_in(code, moving, sizeof moving / sizeof moving[0]);
}

/* The scripts and signs that terminals give two columns, and the marks that stand on others. */
unsigned text_columns(uint32_t code)
{
    static const range marks[] = {
        {0x300, 0x36f},   {0x483, 0x489},   {0x591, 0x5bd},    {0x610, 0x61a},   {0x64b, 0x65f},
        {0x93c, 0x93c},   {0x941, 0x948},   {0x94d, 0x94d},    {0xe31, 0xe31},   {0xe34, 0xe3a},
        {0xe47, 0xe4e},   {0x1ab0, 0x1aff}, {0x1dc0, 0x1dff},  {0x200b, 0x200f}, {0x20d0, 0x20ff},
        {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f}, {0xe0100, 0xe01ef}};
    static const range wide[] = {{0x1100, 0x115f},   {0x231a, 0x231b},   {0x2e80, 0x303e},
                                 {0x3041, 0xa4cf},   {0xa960, 0xa97f},   {0xac00, 0xd7a3},
                                 {0xf900, 0xfaff},   {0xfe30, 0xfe6f},   {0xff00, 0xff60},
                                 {0xffe0, 0xffe6},   {0x1f300, 0x1f64f}, {0x1f680, 0x1f6ff},
                                 {0x1f900, 0x1f9ff}, {0x1fa70, 0x1faff}, {0x20000, 0x3fffd}};
    if (code < 0x300)
        return 1;
    if (is_in(code, marks, sizeof marks / sizeof marks[0]))
        return 0;
    return is_in(code, wide, sizeof wide / sizeof wide[0]) ? 2 : 1;
}

static unsigned hex_value(char c)
{
    return c >= '0' && c <= '9'   ? (unsigned)(c - '0')
           : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10
                                  : 16;
}

/* Servers write \x22 and \xE9 into their logs: such text is no escape of ours, and stays. */
bool text_is_escape(const char *s, size_t left)
{
    if (left < 4 || s[0] != '\\' || s[1] != 'x')
        return false;
    const unsigned high = hex_value(s[2]), low = hex_value(s[3]), byte = 16 * high + low;
    return high < 16 && low < 16 && (byte < ' ' || byte > '~' || byte == '\\');
}

size_t text_escape(const char *bytes, size_t length, char *text)
{
    char *to = text;
    for (size_t i = 0; i < length;) {
        uint32_t code;
        const size_t n = text_decode(bytes + i, length - i, &code);
        if (n == 0 || !text_is_printable(code) || text_is_escape(bytes + i, length - i)) {
            to += sprintf(to, "\\x%02x", (unsigned char)bytes[i++]);
            continue;
        }
        memcpy(to, bytes + i, n);
        to += n;
        i += n;
    }
    *to = '\0';
    return (size_t)(to - text);
}
