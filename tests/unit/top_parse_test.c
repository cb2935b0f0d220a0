/* Lines and their keys: fields against a plain loop, log lines, patterns, damaged and hostile lines.
 *
 * Every block stands in memory of its exact size and padding, so that the address sanitizer sees a
 * read beyond.  It must never read a file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "top_parse.h"
#include "top_scan.h"

static top_budget budget;
static top_parser parser;
static top_seen seen; /* of the last block */

static void open_parser(top_kind kind, uint64_t field, const char *pattern)
{
    const top_rule rule = {.kind = kind, .field = field, .pattern = pattern};
    char error[TOP_PATTERN_ERROR_BYTES];
    top_budget_open(&budget, UINT64_MAX);
    assert_true(top_parser_open(&parser, &rule, &budget, 5, error));
}

static void parse(const char *text, size_t size)
{
    char *block = malloc(size + TOP_PAD);
    assert_non_null(block);
    memcpy(block, text, size);
    memset(block + size, ' ', TOP_PAD);
    assert_int_equal(top_parse_block(&parser, block, size, &seen), TOP_COUNTED);
    assert_int_equal(seen.failed, 0);
    free(block);
}

/* One line gives this key, or with NULL none: a bad line, or another one. */
static void assert_key(const char *line, size_t size, const char *key, size_t length, bool bad)
{
    parse(line, size);
    const bool right =
        seen.tally.lines == 1 && seen.tally.bad == bad && seen.tally.counted == (key != NULL);
    if (!right || parser.table.used != (key != NULL))
        fail_msg("'%.*s': %d counted, %d bad", (int)size, line, (int)seen.tally.counted,
                 (int)seen.tally.bad);
    assert_int_equal(top_table_select(&parser.table, 1), key != NULL);
    if (key && (parser.table.slots[0].length != length ||
                memcmp(parser.table.slots[0].key, key, length) != 0))
        fail_msg("'%.*s': key '%.*s', not '%s'", (int)size, line, (int)parser.table.slots[0].length,
                 parser.table.slots[0].key, key);
    top_table_close(&parser.table);
}

static void assert_line(const char *line, const char *key, bool bad)
{
    assert_key(line, strlen(line), key, key ? strlen(key) : 0, bad);
}

/* --- fields -------------------------------------------------------------------------------- */

static void both_masks_are_the_same(void **state)
{
    char bytes[128];
    uint64_t x = 88172645463325252u;
    (void)state;
    for (unsigned round = 0; round < 2000; round++) {
        for (unsigned i = 0; i < sizeof bytes; i++) {
            x ^= x << 13;
            x ^= x >> 7;
            x ^= x << 17;
            bytes[i] = (char)(x & 1 ? "\t \n\0\xa0\x89"[x / 2 % 6] : (int)(x >> 8 & 0xff));
        }
        assert_true(top_blanks(bytes + round % 64) == top_blanks_portable(bytes + round % 64));
    }
}

/* The nth field by a plain loop; false: there is none. */
static bool find_plainly(const char *line, size_t size, unsigned n, size_t *at, size_t *length)
{
    size_t i = 0;
    for (;;) {
        while (i < size && (line[i] == ' ' || line[i] == '\t'))
            i++;
        if (i == size)
            return false;
        *at = i;
        while (i < size && line[i] != ' ' && line[i] != '\t')
            i++;
        *length = i - *at;
        if (--n == 0)
            return true;
    }
}

static void fields_are_found_as_a_plain_loop_finds_them(void **state)
{
    char line[400];
    uint64_t x = 42;
    (void)state;
    for (unsigned round = 0; round < 20000; round++) {
        const size_t size = x % 330;
        size_t at = 0, length = 0;
        for (size_t i = 0; i < size; i++) {
            x ^= x << 13;
            x ^= x >> 7;
            x ^= x << 17;
            line[i] = "abcdefghijkl \t\0z"[round % 4 ? x >> 20 & 15 : (x >> 20 & 63) ? 3 : 12];
        }
        line[size] = '\n';
        const unsigned n = 1 + round % 9;
        open_parser(TOP_FIELD, n, NULL);
        if (find_plainly(line, size, n, &at, &length))
            assert_key(line, size + round / 4 % 2, line + at, length, false);
        else if (size + round / 4 % 2)
            assert_key(line, size + round / 4 % 2, NULL, 0, true);
        top_parser_close(&parser);
    }
}

static void line_ends_of_all_kinds_end_a_field(void **state)
{
    (void)state;
    open_parser(TOP_FIELD, 2, NULL);
    assert_line("a b", "b", false);
    assert_line("a b\n", "b", false);
    assert_line("a b\r\n", "b", false);
    assert_line("  a\t \tb  c\n", "b", false);
    assert_line("a b\r c\n", "b\r", false);
    assert_line("a\n", NULL, true);
    assert_line("a \t\n", NULL, true);
    assert_line("\n", NULL, true);
    assert_line("\r\n", NULL, true);
    assert_key("a b\0c\n", 6, "b\0c", 3, false);
    parse("a 1\na 2\n\na 1\na 3", 16);
    assert_true(seen.tally.lines == 5 && seen.tally.counted == 4 && seen.tally.bad == 1);
    assert_int_equal(parser.table.used, 3);
    top_parser_close(&parser);
}

static void a_line_may_be_long_but_not_too_long(void **state)
{
    char *line = malloc(TOP_LINE_MOST + 2);
    (void)state;
    assert_non_null(line);
    memset(line, 'x', TOP_LINE_MOST + 2);
    open_parser(TOP_FIELD, 1, NULL);
    line[TOP_LINE_MOST] = '\n';
    assert_key(line, TOP_LINE_MOST + 1, line, TOP_LINE_MOST, false);
    line[TOP_LINE_MOST] = 'x';
    line[TOP_LINE_MOST + 1] = '\n';
    assert_key(line, TOP_LINE_MOST + 2, NULL, 0, true);
    top_parser_close(&parser);
    free(line);
}

/* --- pages --------------------------------------------------------------------------------- */

static void assert_request(const char *request, int status, const char *page)
{
    char line[400];
    snprintf(line, sizeof line, "1.2.3.4 - bob [17/May/2015:10:05:03 +0000] \"%s\" %d 17 \"-\"\n",
             request, status);
    assert_line(line, page, false);
}

static void successful_gets_of_pages_are_counted(void **state)
{
    (void)state;
    open_parser(TOP_PAGES, 0, NULL);
    assert_request("GET / HTTP/1.1", 200, "/");
    assert_request("GET /a/b.html HTTP/1.0", 206, "/a/b.html");
    assert_request("GET /a?x=1.png HTTP/1.1", 200, "/a");
    assert_request("GET /a#b.css HTTP/1.1", 200, "/a");
    assert_request("GET /old", 200, "/old");
    assert_request("GET /a.css/ HTTP/1.1", 200, "/a.css/");
    assert_request("GET /a.css.txt HTTP/1.1", 200, "/a.css.txt");
    assert_request("GET /css HTTP/1.1", 200, "/css");
    assert_request("GET /a. HTTP/1.1", 200, "/a.");
    assert_request("GET /a.verylongextension HTTP/1.1", 200, "/a.verylongextension");
    assert_request("GET /say\\\"hi\\\" HTTP/1.1", 200, "/say\\\"hi\\\"");
    assert_request("GET /x\\\\", 200, "/x\\\\");
    assert_request("GET /a\" 200 5 HTTP/1.1", 200, "/a"); /* cannot be told */
    assert_request("GET /my page HTTP/1.1", 200, "/my page");
    assert_request("GET /my page HTTP/2", 200, "/my page");
    assert_request("GET /my page", 200, "/my page");
    assert_request("GET /a b?c d HTTP/1.1", 200, "/a b");
    assert_request("GET /a  HTTP/1.0", 200, "/a");
    assert_request("GET /a HTTP/", 200, "/a HTTP/");
    assert_request("GET / HTTP/x HTTP/1.1", 200, "/ HTTP/x");
    assert_request("GET /a\\x22b HTTP/1.1", 200, "/a\\x22b");
    assert_request("GET /\xc3\xa9\xff HTTP/1.1", 200, "/\xc3\xa9\xff");
    assert_line("2001:db8::1 - - [t] \"GET /v6 HTTP/1.1\" 200 0\r\n", "/v6", false);
    top_parser_close(&parser);
}

static void all_else_that_is_well_formed_is_passed_over(void **state)
{
    (void)state;
    open_parser(TOP_PAGES, 0, NULL);
    assert_request("GET / HTTP/1.1", 304, NULL);
    assert_request("GET / HTTP/1.1", 404, NULL);
    assert_request("POST / HTTP/1.1", 200, NULL);
    assert_request("HEAD / HTTP/1.1", 200, NULL);
    assert_request("GETS / HTTP/1.1", 200, NULL);
    assert_request("GET http://other/ HTTP/1.1", 200, NULL);
    assert_request("GET", 200, NULL);
    assert_request("GET ", 200, NULL);
    assert_request("-", 200, NULL);
    assert_request("", 200, NULL);
    assert_request("GET /a/b.css HTTP/1.1", 200, NULL);
    assert_request("GET /a/b.JPEG HTTP/1.1", 200, NULL);
    assert_request("GET /my style.css HTTP/1.1", 200, NULL);
    assert_request("GET /a/b.woff2?v=1 HTTP/1.1", 200, NULL);
    assert_request("GET /favicon.ico HTTP/1.1", 200, NULL);
    assert_request("GET /robots.txt HTTP/1.1", 200, NULL);
    assert_request("GET /robots.txt/ HTTP/1.1", 200, "/robots.txt/");
    top_parser_close(&parser);
}

static void what_is_no_log_line_is_bad(void **state)
{
    static const char *const lines[] = {
        "\n",
        "hello world\n",
        "\"GET / HTTP/1.1\" 200 17\n",
        "x] \"GET / HTTP/1.1\" 200 17\n",
        "h - - [t] GET / HTTP/1.1 200 17\n",
        "h - - [t] \"GET / HTTP/1.1 200 17\n",
        "h - - [t] \"GET / HTTP/1.1\" 20 17\n",
        "h - - [t] \"GET / HTTP/1.1\" 200\n",
        "h - - [t] \"GET / HTTP/1.1\" 200 x\n",
        "h - - [t] \"GET / HTTP/1.1\"",
        "h - - [t] \"",
        "h - - [t] \"\"",
        "\"\"\"\"\"\"",
        "[] \"",
    };
    (void)state;
    open_parser(TOP_PAGES, 0, NULL);
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        assert_line(lines[i], NULL, true);
    assert_line("h - - [t] \"GET / HTTP/1.1\" 200 -", "/", false);
    assert_line("h - \"a b\" [t] \"GET / HTTP/1.1\" 200 0\r\n", "/", false);
    top_parser_close(&parser);
}

static void the_first_bad_line_of_a_block_is_told(void **state)
{
    static const char text[] = "a b\na b\n\nx\na b";
    char *block = calloc(1, sizeof text + TOP_PAD);
    (void)state;
    assert_non_null(block);
    memcpy(block, text, sizeof text - 1);
    open_parser(TOP_FIELD, 2, NULL);
    assert_int_equal(top_parse_block(&parser, block, sizeof text - 1, &seen), TOP_COUNTED);
    assert_true(seen.tally.lines == 5 && seen.tally.counted == 3 && seen.tally.bad == 2);
    assert_int_equal(seen.first_bad, 3);
    assert_ptr_equal(seen.bad_line, block + 8);
    assert_int_equal(top_count_newlines(block, sizeof text - 1), 4);
    top_parser_close(&parser);
    free(block);
}

static void newlines_are_counted_whatever_the_size(void **state)
{
    char text[1000];
    (void)state;
    memset(text, '\n', sizeof text);
    for (size_t i = 0; i < sizeof text; i += 3)
        text[i] = (char)(i * 7);
    uint64_t expected = 0;
    for (size_t size = 0; size < sizeof text; expected += text[size++] == '\n')
        assert_int_equal(top_count_newlines(text, size), expected);
}

static void a_damaged_log_line_never_breaks_the_parser(void **state)
{
    static const char good[] = "h - - [t] \"GET /a/b.html HTTP/1.1\" 200 17 \"-\" \"M\"\n";
    char line[sizeof good];
    (void)state;
    open_parser(TOP_PAGES, 0, NULL);
    for (size_t i = 0; i < sizeof good - 1; i++) {
        parse(good, i);
        for (int c = 0; c < 256; c++) {
            memcpy(line, good, sizeof good);
            line[i] = (char)c;
            parse(line, sizeof good - 1);
        }
    }
    assert_true(seen.tally.counted + seen.tally.bad <= seen.tally.lines);
    top_parser_close(&parser);
}

/* --- patterns ------------------------------------------------------------------------------ */

static void a_pattern_counts_its_group_or_all_of_it(void **state)
{
    (void)state;
    open_parser(TOP_PATTERN, 0, "b+");
    assert_line("abbbc bb\n", "bbb", false);
    assert_line("ac\n", NULL, false);
    assert_key("ac\0b\n", 5, "b", 1, false);
    top_parser_close(&parser);
    open_parser(TOP_PATTERN, 0, "a(b*)(c)$");
    assert_line("xabbc\n", "bb", false);
    assert_line("xabbc\r\n", "bb", false);
    assert_line("xac", "", false);
    assert_line("abcd\n", NULL, false);
    top_parser_close(&parser);
    open_parser(TOP_PATTERN, 0, "a(b)|c");
    assert_line("c\n", NULL, false); /* the group took no part */
    top_parser_close(&parser);
    open_parser(TOP_PATTERN, 0, "^$");
    assert_line("\n", "", false);
    top_parser_close(&parser);
}

static void a_wrong_pattern_is_refused_with_the_reason(void **state)
{
    const top_rule rule = {.kind = TOP_PATTERN, .pattern = "a("};
    char error[TOP_PATTERN_ERROR_BYTES] = "";
    (void)state;
    top_budget_open(&budget, UINT64_MAX);
    assert_false(top_parser_open(&parser, &rule, &budget, 0, error));
    assert_true(strlen(error) > 3);
    top_parser_close(&parser);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_masks_are_the_same),
        cmocka_unit_test(fields_are_found_as_a_plain_loop_finds_them),
        cmocka_unit_test(line_ends_of_all_kinds_end_a_field),
        cmocka_unit_test(a_line_may_be_long_but_not_too_long),
        cmocka_unit_test(successful_gets_of_pages_are_counted),
        cmocka_unit_test(all_else_that_is_well_formed_is_passed_over),
        cmocka_unit_test(what_is_no_log_line_is_bad),
        cmocka_unit_test(the_first_bad_line_of_a_block_is_told),
        cmocka_unit_test(newlines_are_counted_whatever_the_size),
        cmocka_unit_test(a_damaged_log_line_never_breaks_the_parser),
        cmocka_unit_test(a_pattern_counts_its_group_or_all_of_it),
        cmocka_unit_test(a_wrong_pattern_is_refused_with_the_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
