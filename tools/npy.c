/* The .npy header: a preamble of magic, version and length, and a Python dictionary as text.
 *
 * stats_input.c calls it with bytes that it has read, the unit tests with bytes that they make up.
 * It must never look beyond the length that it is given: headers may be damaged or hostile, so
 * every access goes through the cursor below. */
#include "npy.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static bool fail(npy_fault *fault, const char *format, ...) __attribute__((format(printf, 2, 3)));

static bool fail(npy_fault *fault, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(fault->text, sizeof fault->text, format, arguments);
    va_end(arguments);
    for (char *c = fault->text; *c; c++)
        if (*c < ' ' || *c > '~') /* from the header */
            *c = '?';
    return false;
}

static bool machine_is_little_endian(void)
{
    const uint16_t one = 1;
    unsigned char first;
    memcpy(&first, &one, 1);
    return first == 1;
}

/* --- types ------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    char kind;
    unsigned char bytes;
} long_names[] = {{"bool", 'b', 1},    {"int8", 'i', 1},    {"int16", 'i', 2},
                  {"int32", 'i', 4},   {"int64", 'i', 8},   {"uint8", 'u', 1},
                  {"uint16", 'u', 2},  {"uint32", 'u', 4},  {"uint64", 'u', 8},
                  {"float16", 'f', 2}, {"float32", 'f', 4}, {"float64", 'f', 8}};

static bool is_number_type(char kind, unsigned bytes)
{
    for (size_t i = 0; i < sizeof long_names / sizeof long_names[0]; i++)
        if (long_names[i].kind == kind && long_names[i].bytes == bytes)
            return true;
    return false;
}

static const char *why_not_numbers(char kind)
{
    switch (kind) {
    case 'O':
        return "Python objects";
    case 'S':
    case 'a':
    case 'U':
        return "strings";
    case 'V':
        return "records or raw bytes";
    case 'c':
        return "complex numbers";
    case 'm':
    case 'M':
        return "times";
    default:
        return NULL;
    }
}

bool npy_parse_dtype(const char *text, size_t length, npy_dtype *dtype, npy_fault *fault)
{
    static const char wanted[] = "wanted: b1, i1 to i8, u1 to u8, f2, f4 or f8";
    for (size_t i = 0; i < sizeof long_names / sizeof long_names[0]; i++)
        if (length == strlen(long_names[i].name) && memcmp(text, long_names[i].name, length) == 0) {
            *dtype = (npy_dtype){long_names[i].kind, long_names[i].bytes, false};
            return true;
        }
    int shown = length > 24 ? 24 : (int)length;
    size_t at = 0;
    bool little = machine_is_little_endian();
    bool swapped = false;
    if (at < length && strchr("<>=|", text[at]) && text[at] != '\0') {
        swapped = (text[at] == '<' && !little) || (text[at] == '>' && little);
        at++;
    }
    if (length - at == 1 && text[at] == '?') {
        *dtype = (npy_dtype){'b', 1, false};
        return true;
    }
    const char *reason = at < length ? why_not_numbers(text[at]) : NULL;
    if (reason)
        return fail(fault, "type '%.*s' holds %s; %s", shown, text, reason, wanted);
    if (length - at != 2 || text[at + 1] < '1' || text[at + 1] > '8' ||
        !is_number_type(text[at], (unsigned)(text[at + 1] - '0')))
        return fail(fault, "unknown type '%.*s'; %s", shown, text, wanted);
    unsigned char bytes = (unsigned char)(text[at + 1] - '0');
    *dtype = (npy_dtype){text[at], bytes, swapped && bytes > 1};
    return true;
}

const char *npy_dtype_name(npy_dtype dtype, char text[32])
{
    const char *name = "?";
    for (size_t i = 0; i < sizeof long_names / sizeof long_names[0]; i++)
        if (long_names[i].kind == dtype.kind && long_names[i].bytes == dtype.bytes)
            name = long_names[i].name;
    const char *order = "";
    if (dtype.swapped)
        order = machine_is_little_endian() ? ", big-endian" : ", little-endian";
    snprintf(text, 32, "%s%s", name, order);
    return text;
}

const char *npy_dtype_code(npy_dtype dtype, char text[4])
{
    text[0] = dtype.bytes == 1 ? '|' : machine_is_little_endian() != dtype.swapped ? '<' : '>';
    text[1] = dtype.kind;
    text[2] = (char)('0' + dtype.bytes);
    text[3] = '\0';
    return text;
}

/* --- shapes ------------------------------------------------------------------------------ */

bool npy_set_shape(npy_array *array, const uint64_t *shape, unsigned dims, npy_fault *fault)
{
    if (dims > NPY_MAX_DIMS)
        return fail(fault, "the shape has more than %d dimensions", NPY_MAX_DIMS);
    const uint64_t most = (uint64_t)INT64_MAX / array->dtype.bytes;
    uint64_t values = 1;
    bool empty = false, overflow = false;
    for (unsigned i = 0; i < dims; i++) {
        array->shape[i] = shape[i];
        if (shape[i] == 0)
            empty = true;
        else if (values > most / shape[i])
            overflow = true;
        else
            values *= shape[i];
    }
    if (overflow && !empty)
        return fail(fault, "the shape makes more than 2^63 bytes, more than any file has");
    array->dims = dims;
    array->values = empty ? 0 : values;
    return true;
}

/* --- the header's dictionary --------------------------------------------------------------- */

typedef struct cursor {
    const char *at, *end;
    npy_fault *fault;
} cursor;

static void skip_blanks(cursor *c)
{
    while (c->at < c->end && (*c->at == ' ' || *c->at == '\t' || *c->at == '\n' || *c->at == '\r'))
        c->at++;
}

static bool take(cursor *c, char wanted)
{
    skip_blanks(c);
    if (c->at == c->end || *c->at != wanted)
        return false;
    c->at++;
    return true;
}

static bool take_word(cursor *c, const char *word)
{
    skip_blanks(c);
    size_t length = strlen(word);
    if ((size_t)(c->end - c->at) < length || memcmp(c->at, word, length) != 0)
        return false;
    c->at += length;
    return true;
}

/* A quoted string without escapes: no key or number type has any. */
static bool take_string(cursor *c, const char **text, size_t *length)
{
    skip_blanks(c);
    if (c->at == c->end || (*c->at != '\'' && *c->at != '"'))
        return false;
    const char *close = memchr(c->at + 1, *c->at, (size_t)(c->end - c->at - 1));
    if (!close)
        return false;
    *text = c->at + 1;
    *length = (size_t)(close - *text);
    c->at = close + 1;
    return true;
}

/* A whole number; Python 2 wrote "3L". */
static bool take_size(cursor *c, uint64_t *size)
{
    skip_blanks(c);
    if (c->at < c->end && *c->at == '-')
        return fail(c->fault, "the shape has a negative size");
    if (c->at == c->end || *c->at < '0' || *c->at > '9')
        return fail(c->fault, "the shape is not a tuple of whole numbers, like (1000, 3)");
    uint64_t number = 0;
    for (; c->at < c->end && *c->at >= '0' && *c->at <= '9'; c->at++) {
        unsigned digit = (unsigned)(*c->at - '0');
        if (number > ((uint64_t)INT64_MAX - digit) / 10)
            return fail(c->fault, "the shape has a size above 2^63");
        number = number * 10 + digit;
    }
    if (c->at < c->end && *c->at == 'L')
        c->at++;
    *size = number;
    return true;
}

static bool parse_tuple(cursor *c, uint64_t *shape, unsigned *dims)
{
    if (!take(c, '('))
        return fail(c->fault, "the shape is not a tuple, like (1000, 3)");
    *dims = 0;
    bool comma = true;
    while (!take(c, ')')) {
        if (!comma)
            return fail(c->fault, "the shape is not a tuple of whole numbers, like (1000, 3)");
        if (*dims == NPY_MAX_DIMS)
            return fail(c->fault, "the shape has more than %d dimensions", NPY_MAX_DIMS);
        if (!take_size(c, &shape[*dims]))
            return false;
        ++*dims;
        comma = take(c, ',');
    }
    if (*dims == 1 && !comma)
        return fail(c->fault, "the shape is a number, not a tuple like (1000,)");
    return true;
}

bool npy_parse_shape(const char *text, npy_array *array, npy_fault *fault)
{
    uint64_t shape[NPY_MAX_DIMS];
    unsigned dims = 0;
    cursor c = {text, text + strlen(text), fault};
    do {
        if (dims == NPY_MAX_DIMS)
            return fail(fault, "the shape has more than %d dimensions", NPY_MAX_DIMS);
        skip_blanks(&c);
        if (c.at == c.end || *c.at < '0' || *c.at > '9')
            return fail(fault, "a shape is sizes with commas between, like 1000,3");
        if (!take_size(&c, &shape[dims]))
            return false;
        dims++;
    } while (take(&c, ','));
    skip_blanks(&c);
    if (c.at != c.end)
        return fail(fault, "a shape is sizes with commas between, like 1000,3");
    return npy_set_shape(array, shape, dims, fault);
}

enum key { DESCR = 1, ORDER = 2, SHAPE = 4 };

typedef struct header {
    unsigned seen; /* of enum key */
    npy_array *array;
    uint64_t shape[NPY_MAX_DIMS];
    unsigned dims;
} header;

static bool parse_descr(cursor *c, npy_dtype *dtype)
{
    const char *text;
    size_t length;
    skip_blanks(c);
    if (c->at < c->end && *c->at == '[')
        return fail(c->fault, "its values are records of fields; wanted: one type of number");
    if (!take_string(c, &text, &length))
        return fail(c->fault, "the header's 'descr' is not a type's name, like '<f8'");
    return npy_parse_dtype(text, length, dtype, c->fault);
}

static bool parse_value(cursor *c, enum key key, header *h)
{
    switch (key) {
    case DESCR:
        return parse_descr(c, &h->array->dtype);
    case ORDER:
        h->array->fortran_order = take_word(c, "True");
        if (!h->array->fortran_order && !take_word(c, "False"))
            return fail(c->fault, "the header's 'fortran_order' is neither True nor False");
        return true;
    case SHAPE:
        return parse_tuple(c, h->shape, &h->dims);
    }
    return false;
}

static bool parse_member(cursor *c, header *h)
{
    static const struct {
        const char *name;
        enum key key;
    } keys[] = {{"descr", DESCR}, {"fortran_order", ORDER}, {"shape", SHAPE}};
    const char *text;
    size_t length;
    if (!take_string(c, &text, &length) || !take(c, ':'))
        return fail(c->fault, "the header is damaged: not a dictionary of 'descr', "
                              "'fortran_order' and 'shape'");
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if (length != strlen(keys[i].name) || memcmp(text, keys[i].name, length) != 0)
            continue;
        if (h->seen & keys[i].key)
            return fail(c->fault, "the header has '%s' twice", keys[i].name);
        h->seen |= keys[i].key;
        return parse_value(c, keys[i].key, h);
    }
    return fail(c->fault,
                "the header has an unknown key '%.*s'; wanted: 'descr', "
                "'fortran_order', 'shape'",
                length > 24 ? 24 : (int)length, text);
}

static bool parse_dictionary(cursor *c, npy_array *array)
{
    header h = {.array = array};
    if (!take(c, '{'))
        return fail(c->fault, "the header is damaged: it does not begin with '{'");
    bool comma = true;
    while (!take(c, '}')) {
        if (!comma)
            return fail(c->fault, "the header is damaged: no ',' or '}' after a value");
        if (!parse_member(c, &h))
            return false;
        comma = take(c, ',');
    }
    skip_blanks(c);
    if (c->at != c->end)
        return fail(c->fault, "the header is damaged: something follows its '}'");
    if (!(h.seen & DESCR) || !(h.seen & ORDER) || !(h.seen & SHAPE))
        return fail(c->fault, "the header has no '%s'",
                    !(h.seen & DESCR)   ? "descr"
                    : !(h.seen & ORDER) ? "fortran_order"
                                        : "shape");
    return npy_set_shape(array, h.shape, h.dims, c->fault);
}

/* --- the preamble -------------------------------------------------------------------------- */

/* Version 1 has two bytes of length, 2 and 3 have four, all little-endian. */
static bool parse_preamble(const unsigned char *b, size_t length, size_t *preamble_bytes,
                           size_t *text_bytes, npy_fault *fault)
{
    static const unsigned char magic[6] = {0x93, 'N', 'U', 'M', 'P', 'Y'};
    if (length == 0)
        return fail(fault, "the file is empty; wanted: a .npy array");
    if (length >= 2 && b[0] == 0x1f && b[1] == 0x8b)
        return fail(fault, "is compressed by gzip; wanted: zcat FILE | weir stats -");
    size_t common = length < sizeof magic ? length : sizeof magic;
    if (memcmp(b, magic, common) != 0)
        return fail(fault, "not a .npy file (it does not begin with \\x93NUMPY); for raw numbers "
                           "give --dtype");
    if (length < 8)
        return fail(fault, "the .npy header is cut off after %zu bytes", length);
    if (b[6] < 1 || b[6] > 3 || b[7] != 0)
        return fail(fault, ".npy format version %d.%d is not known; wanted: 1.0, 2.0 or 3.0", b[6],
                    b[7]);
    *preamble_bytes = b[6] == 1 ? 10 : 12;
    if (length < *preamble_bytes)
        return fail(fault, "the .npy header is cut off after %zu bytes", length);
    *text_bytes = (size_t)b[8] | (size_t)b[9] << 8;
    if (b[6] > 1)
        *text_bytes |= (size_t)b[10] << 16 | (size_t)b[11] << 24;
    if (*text_bytes > NPY_MAX_HEADER_BYTES - *preamble_bytes)
        return fail(fault,
                    "the .npy header claims %zu bytes; more than %d is not a header of "
                    "numbers",
                    *text_bytes, NPY_MAX_HEADER_BYTES);
    return true;
}

bool npy_header_bytes(const void *bytes, size_t length, size_t *header_bytes, npy_fault *fault)
{
    size_t preamble_bytes = 0, text_bytes = 0;
    if (!parse_preamble(bytes, length, &preamble_bytes, &text_bytes, fault))
        return false;
    *header_bytes = preamble_bytes + text_bytes;
    return true;
}

bool npy_parse(const void *bytes, size_t length, npy_array *array, npy_fault *fault)
{
    size_t preamble_bytes = 0, text_bytes = 0;
    memset(array, 0, sizeof *array);
    if (!parse_preamble(bytes, length, &preamble_bytes, &text_bytes, fault))
        return false;
    if (length - preamble_bytes < text_bytes)
        return fail(fault, "the .npy header is cut off: it claims %zu bytes, the file has %zu",
                    preamble_bytes + text_bytes, length);
    const char *text = (const char *)bytes + preamble_bytes;
    cursor c = {text, text + text_bytes, fault};
    array->data_offset = preamble_bytes + text_bytes;
    return parse_dictionary(&c, array);
}
