/* The .npy header parser against good, odd, damaged and hostile headers, all from memory.
 *
 * Headers are copied into blocks of their exact size first, so that the address sanitizer sees a
 * read beyond them.  It must never read a file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "npy.h"

#define GOOD "{'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }"

/* A header of that version around the dictionary's text; the caller frees it. */
static unsigned char *make_header(int version, const char *text, size_t *length)
{
    const size_t text_bytes = strlen(text), preamble = version == 1 ? 10 : 12;
    unsigned char *bytes = calloc(1, preamble + text_bytes + 1);
    assert_non_null(bytes);
    memcpy(bytes, "\x93NUMPY", 6);
    bytes[6] = (unsigned char)version;
    bytes[8] = (unsigned char)text_bytes;
    bytes[9] = (unsigned char)(text_bytes >> 8);
    if (version > 1) {
        bytes[10] = (unsigned char)(text_bytes >> 16);
        bytes[11] = (unsigned char)(text_bytes >> 24);
    }
    memcpy(bytes + preamble, text, text_bytes);
    *length = preamble + text_bytes;
    return bytes;
}

/* Parses a copy that ends where the header ends. */
static bool parse_copy(const unsigned char *bytes, size_t length, npy_array *array,
                       npy_fault *fault)
{
    unsigned char *copy = malloc(length ? length : 1);
    size_t header_bytes = 0;
    assert_non_null(copy);
    memcpy(copy, bytes, length);
    fault->text[0] = '\0';
    const bool sized = npy_header_bytes(copy, length, &header_bytes, fault);
    const bool good = npy_parse(copy, length, array, fault);
    free(copy);
    if (sized)
        assert_true(header_bytes <= NPY_MAX_HEADER_BYTES);
    if (good) {
        assert_true(sized && header_bytes <= length);
        assert_true(array->dims <= NPY_MAX_DIMS);
        assert_true(array->values <= (uint64_t)INT64_MAX / array->dtype.bytes);
    } else {
        assert_true(strlen(fault->text) > 10);
        assert_null(strchr(fault->text, '\n'));
    }
    return good;
}

static bool parse_text(int version, const char *text, npy_array *array, npy_fault *fault)
{
    size_t length;
    unsigned char *bytes = make_header(version, text, &length);
    const bool good = parse_copy(bytes, length, array, fault);
    free(bytes);
    return good;
}

static void assert_refused(const char *text, const char *reason)
{
    npy_array array;
    npy_fault fault;
    if (parse_text(1, text, &array, &fault))
        fail_msg("accepted: %s", text);
    if (!strstr(fault.text, reason))
        fail_msg("%s: \"%s\" does not say \"%s\"", text, fault.text, reason);
}

static void a_header_of_every_version_gives_the_same_array(void **state)
{
    (void)state;
    for (int version = 1; version <= 3; version++) {
        npy_array array;
        npy_fault fault;
        assert_true(parse_text(version, GOOD "      \n", &array, &fault));
        assert_int_equal(array.dtype.kind, 'f');
        assert_int_equal(array.dtype.bytes, 8);
        assert_false(array.fortran_order);
        assert_int_equal(array.dims, 2);
        assert_int_equal(array.shape[0], 3);
        assert_int_equal(array.shape[1], 4);
        assert_int_equal(array.values, 12);
        assert_int_equal(array.data_offset, strlen(GOOD) + 7 + (version == 1 ? 10 : 12));
    }
}

static void every_number_type_is_known_in_both_byte_orders(void **state)
{
    static const char *const codes[] = {"b1", "i1", "i2", "i4", "i8", "u1",
                                        "u2", "u4", "u8", "f2", "f4", "f8"};
    (void)state;
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        npy_dtype little, big, native;
        npy_fault fault;
        char text[8], name[32], code[4];
        snprintf(text, sizeof text, "<%s", codes[i]);
        assert_true(npy_parse_dtype(text, 3, &little, &fault));
        snprintf(text, sizeof text, ">%s", codes[i]);
        assert_true(npy_parse_dtype(text, 3, &big, &fault));
        assert_true(npy_parse_dtype(codes[i], 2, &native, &fault));
        assert_int_equal(little.kind, codes[i][0]);
        assert_int_equal(little.bytes, codes[i][1] - '0');
        assert_false(native.swapped);
        if (little.bytes > 1)
            assert_true(little.swapped != big.swapped);
        else
            assert_false(little.swapped || big.swapped);
        assert_true(npy_parse_dtype(npy_dtype_code(big, code), 3, &native, &fault));
        assert_int_equal(native.swapped, big.swapped);
        npy_dtype_name(little, name);
        assert_true(strlen(name) >= 4 && name[0] != '?');
    }
}

static void types_that_are_not_numbers_are_refused_by_name(void **state)
{
    static const struct {
        const char *type, *reason;
    } cases[] = {{"|O", "Python objects"}, {"|S10", "strings"},     {"<U4", "strings"},
                 {"|V16", "records"},      {"<c16", "complex"},     {"<M8[ns]", "times"},
                 {"<f16", "unknown type"}, {"<i3", "unknown"},      {"<f1", "unknown"},
                 {"", "unknown"},          {"<", "unknown"},        {"float128", "unknown"},
                 {"<b2", "unknown"},       {"f8garbage", "unknown"}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[128];
        snprintf(text, sizeof text, "{'descr': '%s', 'fortran_order': False, 'shape': (3,), }",
                 cases[i].type);
        assert_refused(text, cases[i].reason);
    }
    assert_refused("{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (3,), }", "records");
    assert_refused("{'descr': 8, 'fortran_order': False, 'shape': (3,), }", "'descr'");
}

static void keys_come_in_any_order_with_any_blanks_and_quotes(void **state)
{
    npy_array array;
    npy_fault fault;
    (void)state;
    assert_true(parse_text(1, " {\"shape\":(7L,),'fortran_order'  :True , 'descr':\">u2\"}\n",
                           &array, &fault));
    assert_true(array.fortran_order && array.dtype.swapped);
    assert_int_equal(array.values, 7);
}

static void a_shape_without_dimensions_is_one_value_and_a_zero_is_none(void **state)
{
    npy_array array;
    npy_fault fault;
    (void)state;
    assert_true(
        parse_text(1, "{'descr': '<f8', 'fortran_order': False, 'shape': ()}", &array, &fault));
    assert_int_equal(array.dims, 0);
    assert_int_equal(array.values, 1);
    assert_true(parse_text(1,
                           "{'descr': '<f8', 'fortran_order': False, "
                           "'shape': (9223372036854775807, 0, 9223372036854775807)}",
                           &array, &fault));
    assert_int_equal(array.values, 0);
}

static void hostile_shapes_are_refused_with_the_reason(void **state)
{
    static const struct {
        const char *shape, *reason;
    } cases[] = {{"(-1,)", "negative"},
                 {"(4294967296, 4294967296)", "2^63"},
                 {"(1152921504606846976,)", "2^63"},
                 {"(99999999999999999999999,)", "2^63"},
                 {"(3)", "tuple"},
                 {"3", "tuple"},
                 {"[3, 4]", "tuple"},
                 {"(3.5,)", "tuple"},
                 {"('3',)", "tuple"},
                 {"(3, 4", "tuple"},
                 {"(,)", "tuple"},
                 {"(3,,4)", "tuple"}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[160];
        snprintf(text, sizeof text, "{'descr': '<f8', 'fortran_order': False, 'shape': %s, }",
                 cases[i].shape);
        assert_refused(text, cases[i].reason);
    }
}

static void the_largest_shape_that_fits_is_taken(void **state)
{
    npy_array array;
    npy_fault fault;
    (void)state;
    assert_true(parse_text(1,
                           "{'descr': '<f8', 'fortran_order': False, "
                           "'shape': (1152921504606846975,)}",
                           &array, &fault));
    assert_true(array.values == (uint64_t)INT64_MAX / 8);
}

static void more_dimensions_than_numpy_has_are_refused(void **state)
{
    char text[512] = "{'descr': '<f8', 'fortran_order': False, 'shape': (";
    (void)state;
    for (int i = 0; i < NPY_MAX_DIMS + 1; i++)
        strcat(text, "1,");
    strcat(text, ")}");
    assert_refused(text, "dimensions");
}

static void missing_double_and_unknown_keys_are_named(void **state)
{
    (void)state;
    assert_refused("{'descr': '<f8', 'fortran_order': False}", "no 'shape'");
    assert_refused("{'descr': '<f8', 'shape': (3,)}", "no 'fortran_order'");
    assert_refused("{'shape': (3,), 'fortran_order': False}", "no 'descr'");
    assert_refused("{}", "no 'descr'");
    assert_refused("{'shape': (3,), 'shape': (4,)}", "twice");
    assert_refused("{'descr': '<f8', 'color': 'red'}", "unknown key 'color'");
    assert_refused("{'descr': '<f8', 'fortran_order': Maybe, 'shape': (3,)}", "True nor False");
}

static void damaged_text_is_refused(void **state)
{
    (void)state;
    assert_refused("", "damaged");
    assert_refused("hello", "damaged");
    assert_refused(GOOD " import os", "follows");
    assert_refused(GOOD GOOD, "follows");
    assert_refused("{'descr': '<f8' 'fortran_order': False}", "damaged");
    assert_refused("{'descr", "damaged");
}

static void preambles_of_something_else_are_refused(void **state)
{
    static const struct {
        const char *bytes;
        size_t length;
        const char *reason;
    } cases[] = {{"", 0, "empty"},
                 {"PK\x03\x04 and so on", 14, "not a .npy"},
                 {"\x93NUMPZ\x01\x00\x00\x00", 10, "not a .npy"},
                 {"\x93NUM", 4, "cut off"},
                 {"\x93NUMPY\x01\x00\x10", 9, "cut off"},
                 {"\x93NUMPY\x01\x00\x10\x00", 10, "cut off"},
                 {"\x93NUMPY\x09\x00\x10\x00\x00\x00", 12, "version 9.0"},
                 {"\x93NUMPY\x01\x01\x10\x00\x00\x00", 12, "version 1.1"},
                 {"\x93NUMPY\x00\x00\x10\x00\x00\x00", 12, "version 0.0"},
                 {"\x93NUMPY\x02\x00\xff\xff\xff\xff", 12, "4294967295 bytes"}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        npy_array array;
        npy_fault fault;
        assert_false(
            parse_copy((const unsigned char *)cases[i].bytes, cases[i].length, &array, &fault));
        if (!strstr(fault.text, cases[i].reason))
            fail_msg("\"%s\" does not say \"%s\"", fault.text, cases[i].reason);
    }
}

static void a_header_cut_at_any_length_is_refused(void **state)
{
    (void)state;
    for (int version = 1; version <= 3; version++) {
        size_t length;
        unsigned char *bytes = make_header(version, GOOD "\n", &length);
        npy_array array;
        npy_fault fault;
        for (size_t cut = 0; cut < length; cut++)
            assert_false(parse_copy(bytes, cut, &array, &fault));
        assert_true(parse_copy(bytes, length, &array, &fault));
        free(bytes);
    }
}

static uint64_t next_random(uint64_t *x)
{
    *x ^= *x << 13;
    *x ^= *x >> 7;
    *x ^= *x << 17;
    return *x;
}

/* What is accepted must keep the array's invariant, what is refused must say why: parse_copy
 * checks both. */
static void a_header_with_changed_bytes_never_breaks_the_parser(void **state)
{
    uint64_t seed = 20240607;
    unsigned accepted = 0;
    (void)state;
    for (int round = 0; round < 60000; round++) {
        size_t length;
        unsigned char *bytes = make_header(1 + round % 3, GOOD "\n", &length);
        npy_array array;
        npy_fault fault;
        for (uint64_t flips = 1 + next_random(&seed) % 4; flips > 0; flips--) {
            size_t at = (size_t)(next_random(&seed) % length);
            if (next_random(&seed) % 2)
                bytes[at] = (unsigned char)next_random(&seed);
            else
                bytes[at] =
                    (unsigned char)"{}()[]'\",:-0123456789TFL<>|=biuf\n"[next_random(&seed) % 33];
        }
        accepted += parse_copy(bytes, length, &array, &fault);
        free(bytes);
    }
    assert_in_range(accepted, 1, 30000);
}

static void a_shape_on_the_command_line_is_sizes_and_commas(void **state)
{
    npy_array array = {.dtype = {'f', 8, false}};
    npy_fault fault;
    static const char *const wrong[] = {"", "3,", ",3", "a", "3,-4", "3 4", "3x4", "3,4;", "1e3"};
    (void)state;
    assert_true(npy_parse_shape("1000, 20,3", &array, &fault));
    assert_int_equal(array.dims, 3);
    assert_int_equal(array.values, 60000);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        if (npy_parse_shape(wrong[i], &array, &fault))
            fail_msg("accepted: '%s'", wrong[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_header_of_every_version_gives_the_same_array),
        cmocka_unit_test(every_number_type_is_known_in_both_byte_orders),
        cmocka_unit_test(types_that_are_not_numbers_are_refused_by_name),
        cmocka_unit_test(keys_come_in_any_order_with_any_blanks_and_quotes),
        cmocka_unit_test(a_shape_without_dimensions_is_one_value_and_a_zero_is_none),
        cmocka_unit_test(hostile_shapes_are_refused_with_the_reason),
        cmocka_unit_test(the_largest_shape_that_fits_is_taken),
        cmocka_unit_test(more_dimensions_than_numpy_has_are_refused),
        cmocka_unit_test(missing_double_and_unknown_keys_are_named),
        cmocka_unit_test(damaged_text_is_refused),
        cmocka_unit_test(preambles_of_something_else_are_refused),
        cmocka_unit_test(a_header_cut_at_any_length_is_refused),
        cmocka_unit_test(a_header_with_changed_bytes_never_breaks_the_parser),
        cmocka_unit_test(a_shape_on_the_command_line_is_sizes_and_commas),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
