/* Names as they are shown: readable UTF-8, nothing that moves a cursor, nothing ambiguous.
 *
 * It must never depend on the locale. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

static const char *escape(const char *bytes, size_t length)
{
    static char text[256];
    char *exact = malloc(length + 1); /* so that a read beyond is seen */
    assert_non_null(exact);
    memcpy(exact, bytes, length);
    const size_t used = text_escape(exact, length, text);
    assert_int_equal(used, strlen(text));
    free(exact);
    return text;
}

static void readable_names_stay_as_they_are(void **state)
{
    static const char *const names[] = {"",
                                        "plain.npy",
                                        "a b\\c",
                                        "gr\303\266\303\237e",
                                        "\xe6\x95\xb0",
                                        "\xf0\x9f\x98\x80",
                                        "\\x",
                                        "\\xg0",
                                        "\\x22 \\xE9 \\x7E", /* as servers write */
                                        "\\x0"};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        assert_string_equal(escape(names[i], strlen(names[i])), names[i]);
}

static void what_moves_a_cursor_or_is_not_utf8_becomes_an_escape(void **state)
{
    (void)state;
    assert_string_equal(escape("a\033[2J", 5), "a\\x1b[2J");
    assert_string_equal(escape("\0\n\x7f", 3), "\\x00\\x0a\\x7f");
    assert_string_equal(escape("\xc2\x9b", 2), "\\xc2\\x9b");          /* CSI in one character */
    assert_string_equal(escape("\xe2\x80\xae", 3), "\\xe2\\x80\\xae"); /* right to left */
    assert_string_equal(escape("\xff\xc3", 2), "\\xff\\xc3");
    assert_string_equal(escape("\xc0\x80", 2), "\\xc0\\x80");          /* overlong */
    assert_string_equal(escape("\xed\xa0\x80", 3), "\\xed\\xa0\\x80"); /* surrogate */
    assert_string_equal(escape("\xf4\x90\x80\x80", 4), "\\xf4\\x90\\x80\\x80");
}

/* All strings of up to five of these letters: no two of them are shown alike. */
static void different_bytes_never_look_the_same(void **state)
{
    static const char letters[] = {'\\', 'x', '0', '5', 'c', 0, '\xff'};
    enum { LETTERS = sizeof letters, MOST = 5, ALL = 19608 };
    static char shown[ALL][4 * MOST + 1];
    size_t count = 0;
    (void)state;
    for (size_t length = 0, words = 1; length <= MOST; length++, words *= LETTERS)
        for (size_t word = 0; word < words; word++) {
            char bytes[MOST];
            for (size_t i = 0, rest = word; i < length; i++, rest /= LETTERS)
                bytes[i] = letters[rest % LETTERS];
            text_escape(bytes, length, shown[count++]);
        }
    assert_int_equal(count, ALL);
    qsort(shown, count, sizeof shown[0], (int (*)(const void *, const void *))strcmp);
    for (size_t i = 1; i < count; i++)
        assert_string_not_equal(shown[i - 1], shown[i]);
}

static void columns_are_those_of_a_terminal(void **state)
{
    (void)state;
    assert_int_equal(text_columns('a'), 1);
    assert_int_equal(text_columns(0xe9), 1);
    assert_int_equal(text_columns(0x301), 0);
    assert_int_equal(text_columns(0x6570), 2);
    assert_int_equal(text_columns(0x1f600), 2);
    assert_int_equal(text_columns(0x2588), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(readable_names_stay_as_they_are),
        cmocka_unit_test(what_moves_a_cursor_or_is_not_utf8_becomes_an_escape),
        cmocka_unit_test(different_bytes_never_look_the_same),
        cmocka_unit_test(columns_are_those_of_a_terminal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
