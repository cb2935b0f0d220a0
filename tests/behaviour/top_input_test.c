/* Inputs of `weir top` that are not what it expects: damaged, packed, of another format, missing.
 *
 * Works in a temporary directory of its own.  What can be counted is, the rest is told of, and the
 * exit code says whether all was. */
#include "command.h"

#include <zlib.h>

#define GOOD "h - - [t] \"GET /a HTTP/1.1\" 200 1\n"

static void write_text(const char *path, const char *text)
{
    write_bytes(path, text, strlen(text));
}

/* Lines "line N" packed as gzip; returns its size. */
static size_t pack_lines(const char *path, unsigned lines, unsigned char *packed, size_t room)
{
    gzFile file = gzopen(path, "wb");
    assert_non_null(file);
    for (unsigned n = 0; n < lines; n++)
        gzprintf(file, "line %u\n", n * 2654435761u >> 7);
    assert_int_equal(gzclose(file), Z_OK);
    FILE *again = fopen(path, "rb");
    assert_non_null(again);
    const size_t size = fread(packed, 1, room, again);
    fclose(again);
    assert_true(size < room);
    return size;
}

/* Entries and a line of stderr: what was counted is printed, but not all could be. */
static void assert_partial(const char *line, const char *problem)
{
    run(line);
    if (r.code != 1)
        fail_msg("%s: exit code %d: %s%s", line, r.code, r.out, r.err);
    assert_contains(r.err, problem);
    assert_int_equal(strncmp(r.err, "weir: ", 6), 0);
    assert_contains(r.out, "line");
}

/* --- files --------------------------------------------------------------------------------- */

static void files_that_cannot_be_read_do_not_keep_the_others_from_being_counted(void **state)
{
    (void)state;
    write_text("a", "x\n");
    assert_partial("top a missing a --field 1", "missing: No such file or directory");
    assert_contains(r.out, "      2 x\n");
    assert_partial("top . a --field 1", ".: Is a directory");
    assert_fails("top missing --field 1", 1, "missing: No such file or directory");
    assert_fails("top . --field 1 --json", 1, ".: Is a directory");
    run("top missing . --field 1");
    assert_int_equal(r.code, 1);
    assert_string_equal(r.out, "");
    assert_string_equal(r.err, "weir: missing: No such file or directory\n"
                               "weir: .: Is a directory\n");
    run("top missing a --field 1 --json");
    assert_int_equal(r.code, 1);
    assert_contains(r.out, "\"complete\": false,\n  \"problems\": [\n    {\n"
                           "      \"file\": \"missing\"");
    run_json("top a --field 1");
    assert_contains(r.out, "\"complete\": true");
}

static void a_cut_gzip_file_is_counted_as_far_as_it_goes(void **state)
{
    enum { LINES = 4000, ROOM = 1 << 17 };
    static unsigned char packed[ROOM];
    const size_t size = pack_lines("good.gz", LINES, packed, ROOM);
    double before = -1;
    (void)state;
    write_text("other", "line x\n");
    for (size_t cut = 2; cut < size; cut += size / 13 + 1) {
        write_bytes("cut.gz", packed, cut);
        assert_partial("top cut.gz other --field 1 --json --block 1000",
                       "cut.gz: the gzip data ends too early");
        /* The line within which it ends is none: "lin" would be another key. */
        assert_true(member("distinct") == 1 && member("lines") >= before && member("lines") >= 1);
        before = member("lines");
    }
    assert_true(before > (double)LINES / 2);
    write_bytes("cut.gz", packed, size - 4);
    assert_partial("top cut.gz --field 1 --json", "ends too early");
    assert_true(member("lines") == (double)LINES);
    write_bytes("nothing.gz", packed, 10);
    assert_fails("top nothing.gz --field 1", 1, "nothing.gz: the gzip data ends too early");
}

/* Stored, not packed, so that every byte more is a byte more of a line that is longer than a block. */
static void what_was_read_of_a_line_that_is_cut_off_is_forgotten(void **state)
{
    static const char line[] = "a line of some length\n";
    unsigned char stored[100];
    gzFile file = gzopen("stored.gz", "wb0");
    (void)state;
    assert_non_null(file);
    assert_int_equal(gzwrite(file, line, sizeof line - 1), sizeof line - 1);
    assert_int_equal(gzclose(file), Z_OK);
    FILE *again = fopen("stored.gz", "rb");
    assert_non_null(again);
    const size_t size = fread(stored, 1, sizeof stored, again);
    fclose(again);
    write_text("other", "x y\n");
    for (size_t cut = size - 8; cut > size - 8 - (sizeof line - 2); cut--) {
        write_bytes("cut.gz", stored, cut);
        assert_partial("top cut.gz other --field 1 --json --block 1 --workers 2", "too early");
        assert_true(member("distinct") == (cut == size - 8 ? 2 : 1));
    }
}

static void damaged_gzip_is_counted_up_to_the_damage(void **state)
{
    enum { LINES = 4000, ROOM = 1 << 17 };
    static unsigned char packed[ROOM];
    const size_t size = pack_lines("good.gz", LINES, packed, ROOM);
    (void)state;
    packed[size - 6] ^= 1;
    write_bytes("sum.gz", packed, size);
    assert_partial("top sum.gz --field 1 --json", "a checksum is another");
    assert_true(member("lines") == (double)LINES && member("count") == (double)LINES);
    memcpy(packed + size, packed, size); /* what follows that member is not */
    write_bytes("both.gz", packed, 2 * size);
    assert_partial("top both.gz --field 1 --json", "what stands before it is counted");
    assert_true(member("lines") == (double)LINES);
    packed[size - 6] ^= 1;
    memset(packed + size / 2, 0xff, 16);
    write_bytes("bad.gz", packed, size);
    assert_partial("top bad.gz --field 1 --json", "bad.gz: the gzip data is damaged");
    assert_true(member("lines") < (double)LINES);
    packed[2] = 7; /* no method of gzip's */
    write_bytes("head.gz", packed, size);
    assert_fails("top head.gz --field 1", 1, "head.gz: the gzip data is damaged");
}

static void bytes_behind_gzip_are_a_warning(void **state)
{
    enum { LINES = 100, ROOM = 1 << 12 };
    static unsigned char packed[ROOM];
    static const char *const tails[] = {"hello", "\037", "\037a", "a"};
    const size_t size = pack_lines("good.gz", LINES, packed, ROOM);
    (void)state;
    for (size_t i = 0; i < sizeof tails / sizeof tails[0]; i++) {
        memcpy(packed + size, tails[i], strlen(tails[i]));
        write_bytes("tail.gz", packed, size + strlen(tails[i]));
        run("top tail.gz good.gz --field 1 --json");
        assert_int_equal(r.code, 0);
        assert_string_equal(r.err, "weir: tail.gz: bytes behind the end of the gzip data are not "
                                   "gzip; they are ignored\n");
        assert_true(member("lines") == 2.0 * (double)LINES &&
                    member("count") == 2.0 * (double)LINES);
        assert_contains(r.out, "\"complete\": true,\n  \"problems\": [\n    {");
    }
}

/* --- formats ------------------------------------------------------------------------------- */

static void a_file_of_another_format_is_an_error_that_says_what_helps(void **state)
{
    static const struct {
        const char *text, *advice;
    } cases[] = {
        {"{\"level\":\"info\",\"request\":{\"method\":\"GET\",\"uri\":\"/x\"}}\n",
         "JSON; count a member of them: --pattern '\"uri\": ?\"([^\"?]*)'"},
        {"{\"a\": 1}\n{\"a\": 2}\n", "--pattern '\"NAME\": ?"},
        {"#Software: IIS\r\n#Fields: date cs-method cs-uri-stem\r\n1 GET /x\r\n", "--field 3"},
        {"# a comment\n", "--field N"},
        {"1.2.3.4 200 /index.html 0.1\n", "field 3 of the first is /index.html: --field 3"},
        {"Jan 1 host sshd[1]: hello\n", "the first is 'Jan 1 host sshd[1]: hello'; count a column"},
        {"\n", "none of its 1 line is of the common or combined log format"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        write_text("other", cases[i].text);
        assert_fails("top other", 1, "other: none of its ");
        assert_contains(r.err, cases[i].advice);
        assert_contains(r.err, "is of the common or combined log format");
    }
    assert_fails("top other --field 3", 1, "none of its 1 line has a field 3; the first has 0");
    write_text("good", GOOD);
    assert_partial("top good other good", "other: none of its 1 line");
    assert_contains(r.out, "      2 /a\n");
    run("top good --pattern nothing"); /* no match is an answer, as of grep */
    assert_int_equal(r.code, 0);
}

static void packed_files_and_utf16_are_told_by_their_first_bytes(void **state)
{
    static const struct {
        const char *bytes;
        size_t size;
        const char *advice;
    } cases[] = {
        {"\xfd"
         "7zXZ\0\0\4",
         8, "packed by xz; unpack it on the way: xz -dc FILE | weir top -"},
        {"\x28\xb5\x2f\xfd\4", 5, "zstd -dc FILE | weir top -"},
        {"BZh91AY&SY1", 11, "bzip2 -dc FILE | weir top -"},
        {"\x04\x22\x4d\x18", 4, "lz4 -dc FILE"},
        {"\x1f\x9d\x90", 3, "packed by compress"},
        {"PK\3\4\n", 5, "unzip -p FILE"},
        {"7z\xbc\xaf\x27\x1c", 6, "7z x -so FILE"},
        {"\xff\xfeh\0\n\0", 6, "UTF-16; convert it: iconv -f UTF-16 -t UTF-8 FILE | weir top -"},
        {"\xfe\xff\0h", 4, "UTF-16"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        write_bytes("odd", cases[i].bytes, cases[i].size);
        assert_fails("top odd", 1, cases[i].advice);
        assert_fails("top odd --field 1", 1, cases[i].advice);
        assert_fails("top odd --pattern .", 1, cases[i].advice);
    }
    write_bytes("le", "h\0e\0l\0l\0o\0\n", 11);
    assert_fails("top le", 1, "iconv -f UTF-16LE");
    write_bytes("be", "\0h\0e\0l\0l\0o\0\n", 12);
    assert_fails("top be", 1, "iconv -f UTF-16BE");
    write_bytes("binary",
                "\x7f"
                "ELF\2\1\1\0\0\0\0\n",
                12);
    assert_fails("top binary", 1, "looks like no text at all");
    write_text("text", "BZh is a word\nPK\n7z\n");
    run("top text --field 1 -n 1");
    assert_int_equal(r.code, 0);
    write_text("marked", "\xef\xbb\xbf" GOOD); /* UTF-8 may say that it is */
    run_json("top marked");
    assert_true(member("count") == 1 && member("bad_lines") == 0);
    run("top marked --field 1 -n 1");
    assert_int_equal(strncmp(r.out, "      1 h\n", 10), 0);
}

static void many_bad_lines_are_a_warning_with_an_example(void **state)
{
    (void)state;
    write_text("mixed", GOOD "junk\nmore junk\n" GOOD "junk\n");
    run("top mixed --jobs 3 --block 1");
    assert_int_equal(r.code, 0);
    assert_string_equal(r.err, "weir: top: 60 % of the lines are bad, 3 of 5; the first is line 2 "
                               "of mixed\n");
    assert_contains(r.out, "5 lines, 2 counted, 3 bad; 1 distinct\n"
                           "first bad line: 2 of mixed\n");
    write_text("fair", GOOD GOOD "junk\n" GOOD);
    run("top fair mixed --json");
    assert_int_equal(r.code, 0);
    assert_string_equal(r.err, "");
    assert_contains(r.out, "\"first_bad\": {\n    \"file\": \"fair\",\n    \"line\": 3\n  }");
    run("top fair --field 1 --json");
    assert_contains(r.out, "\"first_bad\": null");
}

/* Lines are numbered as an editor does it, also behind one that is too long to be held. */
static void a_log_of_which_nothing_counts_is_told_why(void **state)
{
    (void)state;
    write_text("proxy", "h - - [t] \"GET http://x/a?b HTTP/1.1\" 200 1\njunk\n");
    run("top proxy");
    assert_int_equal(r.code, 0);
    assert_contains(r.err, "none of the lines is a page");
    run("top proxy --pattern \"[A-Z]+.([^.\"?]*)");
    assert_contains(r.out, "      1 http://x/a\n");
    assert_string_equal(r.err, "");
}

static void the_first_bad_line_has_its_number_in_its_file(void **state)
{
    enum { LONG = (1 << 18) + 5 };
    char *text = malloc(LONG + 100);
    (void)state;
    assert_non_null(text);
    memcpy(text, "a b\na b\n", 8);
    memset(text + 8, 'x', LONG);
    memcpy(text + 8 + LONG, "\na b\na b\na\n", 12);
    write_bytes("long", text, 8 + LONG + 11);
    write_text("first", "a b\na b");
    run("top first long --field 2 --block 5 --jobs 2");
    assert_contains(r.out, "first bad line: 3 of long\n");
    free(text);
    write_text("last", "a b\na b\na b\na b\na b\na\n");
    run("top first last --field 2 --block 5 --jobs 3");
    assert_contains(r.out, "first bad line: 6 of last\n");
}

/* --- patterns ------------------------------------------------------------------------------ */

static void a_pattern_of_another_dialect_is_refused_with_the_right_form(void **state)
{
    (void)state;
    write_text("a", "x1\n");
    assert_fails("top a --pattern \\d+", 2,
                 "--pattern '\\d+': '\\d+' is not POSIX extended: a digit is [0-9]");
    assert_fails("top a --pattern (?:x)", 2, "is not POSIX extended");
    assert_fails("top a --pattern x.*?1", 2, "no repetition is lazy");
}

static void a_line_that_cannot_be_matched_for_want_of_memory_is_an_error(void **state)
{
#if SLOW_BUILD > 1
    (void)state;
    skip(); /* the sanitizers need address space of their own */
#else
    enum { LENGTH = 40000 };
    char *line = malloc(LENGTH);
    struct rlimit before, little;
    (void)state;
    assert_non_null(line);
    memset(line, 'a', LENGTH);
    memcpy(line, "short\n", 6);
    write_bytes("hard", line, LENGTH);
    free(line);
    assert_int_equal(getrlimit(RLIMIT_AS, &before), 0);
    little = before;
    little.rlim_cur = 400000 << 10;
    assert_int_equal(setrlimit(RLIMIT_AS, &little), 0);
    run("top hard --workers 1 --pattern (a+)\\1$");
    assert_int_equal(setrlimit(RLIMIT_AS, &before), 0);
    assert_int_equal(r.code, 1);
    assert_string_equal(r.out, "");
    assert_contains(r.err, "hard, line 2: no memory to match '(a+)\\1$'");
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_that_cannot_be_read_do_not_keep_the_others_from_being_counted),
        cmocka_unit_test(a_cut_gzip_file_is_counted_as_far_as_it_goes),
        cmocka_unit_test(what_was_read_of_a_line_that_is_cut_off_is_forgotten),
        cmocka_unit_test(damaged_gzip_is_counted_up_to_the_damage),
        cmocka_unit_test(bytes_behind_gzip_are_a_warning),
        cmocka_unit_test(a_file_of_another_format_is_an_error_that_says_what_helps),
        cmocka_unit_test(packed_files_and_utf16_are_told_by_their_first_bytes),
        cmocka_unit_test(many_bad_lines_are_a_warning_with_an_example),
        cmocka_unit_test(a_log_of_which_nothing_counts_is_told_why),
        cmocka_unit_test(the_first_bad_line_has_its_number_in_its_file),
        cmocka_unit_test(a_pattern_of_another_dialect_is_refused_with_the_right_form),
        cmocka_unit_test(a_line_that_cannot_be_matched_for_want_of_memory_is_an_error),
    };
    return cmocka_run_group_tests(tests, enter_directory, leave_directory);
}
