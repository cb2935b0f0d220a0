/* Regular expressions: what matches, what another dialect means, and memory that is not there.
 *
 * It must never read a file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "top_pattern.h"

static void assert_finds(const char *pattern, const char *line, size_t length, const char *key)
{
    char error[TOP_PATTERN_ERROR_BYTES];
    top_pattern p;
    size_t at = 0, key_length = 0;
    if (!top_pattern_open(&p, pattern, error))
        fail_msg("%s: %s", pattern, error);
    const top_match found = top_pattern_find(&p, line, length, &at, &key_length);
    assert_int_equal(found, key ? TOP_MATCHES : TOP_MATCHES_NOT);
    if (key && (key_length != strlen(key) || memcmp(line + at, key, key_length) != 0))
        fail_msg("%s: '%.*s', not '%s'", pattern, (int)key_length, line + at, key);
    top_pattern_close(&p);
}

static void the_first_group_or_all_of_the_match_is_found(void **state)
{
    (void)state;
    assert_finds("b+", "abbbc", 5, "bbb");
    assert_finds("b+", "ac", 2, NULL);
    assert_finds("a(b*)(c)$", "xabbc", 5, "bb");
    assert_finds("(a)(b)(c)(d)", "abcd", 4, "a");
    assert_finds("^$", "", 0, "");
    assert_finds("a(b)|c", "c", 1, NULL); /* the group took no part */
    assert_finds("c(.*)", "a\0bcd", 5, "d");
    assert_finds("c$", "abcd", 3, "c"); /* the line ends where it is said to */
    assert_finds("\xe9(.)", "\xe9\xa9", 2, "\xa9");
}

static void what_posix_has_is_taken(void **state)
{
    static const char *const patterns[] = {
        "\\w+\\W\\s\\S\\bx\\B|\\<a\\>",
        "(a)\\1",
        "\\.\\/\\\"\\-\\[\\]\\*?",
        "[].]|[^].]|[\\.]|[/\\]",
        "[[:alpha:]_]",
        "[[.-.]a]",
        "a{2}b{1,}c{,3}d?e*f+(g|h)*[]]",
        "\\\\d",
        "\"uri\":\"([^\"]*)\"}?$|\\{a}+|a{1}{2}",
        "\\*+\\?*",
        "[a\\-]",
    };
    (void)state;
    for (size_t i = 0; i < sizeof patterns / sizeof patterns[0]; i++) {
        char error[TOP_PATTERN_ERROR_BYTES];
        top_pattern p;
        if (!top_pattern_open(&p, patterns[i], error))
            fail_msg("%s: %s", patterns[i], error);
        top_pattern_close(&p);
    }
}

static void other_dialects_are_told_what_posix_has(void **state)
{
    static const struct {
        const char *pattern, *where, *advice;
    } cases[] = {
        {"x\\d+", "'\\d+'", "[0-9]"},
        {"\\D", "'\\D'", "[^0-9]"},
        {"a\\tb", "'\\tb'", "[[:blank:]]"},
        {"\\Aa\\z", "'\\Aa\\'", "^"},
        {"a\\z", "'\\z'", "$"},
        {"\\pL", "'\\pL'", "[[:alpha:]]"},
        {"\\x41", "'\\x41'", "no special character"},
        {"\\0", "'\\0'", "no special character"},
        {"[\\d.]+", "'\\d.]'", "0-9"},
        {"[^\\s]", "'\\s]'", "[:space:]"},
        {"[\\w-]", "'\\w-]'", "[:alnum:]_"},
        {"[\\t ]", "'\\t'", "a \\ is itself"},
        {"\\[([^\\]]+)\\]", "'\\]]+'", "[^]…]"},
        {"[^\\] ]+", "'\\]'", "[^]…]"},
        {"[a\\-z]", "'\\-z]'", "stands last"},
        {"[:digit:]+", "'[:di'", "[[:alpha:]]"},
        {"\"(.*?)\"", "'*?)\"'", "lazy"},
        {"a+?", "'+?'", "lazy"},
        {"(a)??", "lazy", "lazy"},
        {"a{2}?", "'}?'", "lazy"},
        {"a{2,}+", "'}+'", "possessive"},
        {"a++b", "'++b'", "possessive"},
        {"(?:ab)+", "'(?:a'", "(…)"},
        {"a(?=b)", "'(?=b'", "look-ahead"},
        {"(?<!a)b", "'(?<!'", "look-behind"},
        {"(?<path>/.*)", "'(?<p'", "no names"},
        {"(?P<path>/.*)", "'(?P<'", "no names"},
        {"(?i)get", "'(?i)'", "[aA]"},
        {"(?s).", "'(?s)'", "no options"},
        {"a(", "", "atched"},
        {"a\\", "", "ackslash"},
        {"[a", "", "atched"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char error[TOP_PATTERN_ERROR_BYTES] = "";
        top_pattern p;
        if (top_pattern_open(&p, cases[i].pattern, error))
            fail_msg("%s: taken", cases[i].pattern);
        if (!strstr(error, cases[i].where) || !strstr(error, cases[i].advice))
            fail_msg("%s: %s", cases[i].pattern, error);
    }
}

static void a_pattern_is_not_too_long_for_the_stack(void **state)
{
    char error[TOP_PATTERN_ERROR_BYTES], text[TOP_PATTERN_MOST + 2];
    top_pattern p;
    (void)state;
    memset(text, '(', sizeof text);
    text[TOP_PATTERN_MOST + 1] = '\0';
    assert_false(top_pattern_open(&p, text, error));
    assert_non_null(strstr(error, "4096"));
    memset(text + TOP_PATTERN_MOST / 2, ')', TOP_PATTERN_MOST / 2);
    text[TOP_PATTERN_MOST] = '\0';
    assert_true(top_pattern_open(&p, text, error));
    top_pattern_close(&p);
}

/* In a process of its own with little memory: exit code 0 if the matcher's failure was told. */
static int match_with_little_memory(void)
{
    enum { LENGTH = 20000 };
    const struct rlimit little = {.rlim_cur = 200 << 20, .rlim_max = 200 << 20};
    char error[TOP_PATTERN_ERROR_BYTES], *line = malloc(LENGTH);
    size_t at, length;
    top_pattern p;
    if (!line || !top_pattern_open(&p, "(a+)\\1$", error) || setrlimit(RLIMIT_AS, &little) != 0)
        return 2;
    memset(line, 'a', LENGTH);
    return top_pattern_find(&p, line, LENGTH, &at, &length) == TOP_MATCH_FAILED ? 0 : 1;
}

static void a_lack_of_memory_is_not_a_line_without_a_match(void **state)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    skip(); /* the sanitizers need address space of their own */
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
    skip();
#endif
#endif
    int status;
    const pid_t child = fork();
    (void)state;
    if (child == 0)
        _exit(match_with_little_memory());
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_group_or_all_of_the_match_is_found),
        cmocka_unit_test(what_posix_has_is_taken),
        cmocka_unit_test(other_dialects_are_told_what_posix_has),
        cmocka_unit_test(a_pattern_is_not_too_long_for_the_stack),
        cmocka_unit_test(a_lack_of_memory_is_not_a_line_without_a_match),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
