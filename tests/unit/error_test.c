/* Tests the text of errors: one line that is whole characters, whatever names a program has.
 *
 * Run by ctest with the engine's internal headers. */
#include "support.h"

#include "base/error.h"

static void a_text_is_one_line_and_where_is_the_name_as_it_is(void **state)
{
    weir_error elsewhere = {.status = WEIR_EOP, .where = "a\nb", .text = "task 'a\nb' is red\x1b["};
    (void)state;
    assert_int_equal(weir__error_set(WEIR_EINVAL, 0, "a\nb", "task '%s' is\x7f no\tgood", "a\nb\r"),
                     WEIR_EINVAL);
    assert_string_equal(weir_last_error()->where, "a\nb");
    assert_string_equal(weir_last_error()->text, "task 'a?b?' is? no?good");
    assert_int_equal(weir__error_copy(&elsewhere), WEIR_EOP);
    assert_string_equal(weir_last_error()->where, "a\nb");
    assert_string_equal(weir_last_error()->text, "task 'a?b' is red?[");
}

/* Fills `text` with x, and the character `times` times behind them. */
static void fill(char *text, size_t xs, const char *character, unsigned times)
{
    memset(text, 'x', xs);
    text[xs] = '\0';
    while (times-- > 0)
        strcat(text, character);
}

static void what_does_not_fit_is_cut_between_two_characters(void **state)
{
    static const char *const characters[] = {"ß", "…", "😀"};
    const weir_error *e = weir_last_error();
    char text[600];
    (void)state;
    for (size_t c = 0; c < 3; c++)
        for (size_t xs = 0; xs < 4; xs++) {
            const size_t bytes = strlen(characters[c]);
            fill(text, xs, characters[c], 128);
            (void)weir__error_set(WEIR_EINVAL, 0, text, "%s", text);
            assert_int_equal(strlen(e->where), xs + (sizeof e->where - 1 - xs) / bytes * bytes);
            assert_int_equal(strlen(e->text),
                             xs + (xs + 128 * bytes < sizeof e->text
                                       ? 128 * bytes
                                       : (sizeof e->text - 1 - xs) / bytes * bytes));
            assert_memory_equal(e->text, text, strlen(e->text));
        }
}

static void bytes_that_are_no_utf8_stay(void **state)
{
    char text[300];
    (void)state;
    (void)weir__error_set(WEIR_EINVAL, 0, "caf\xe9", "caf\xe9");
    assert_string_equal(weir_last_error()->where, "caf\xe9");
    assert_string_equal(weir_last_error()->text, "caf\xe9");
    fill(text, 0, "\xbf", 299); /* never the first byte of a character */
    (void)weir__error_set(WEIR_EINVAL, 0, "x", "%s", text);
    assert_int_equal(strlen(weir_last_error()->text), sizeof weir_last_error()->text - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_is_one_line_and_where_is_the_name_as_it_is),
        cmocka_unit_test(what_does_not_fit_is_cut_between_two_characters),
        cmocka_unit_test(bytes_that_are_no_utf8_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
