/* What `weir stats` reads from: standard input, a file or a pipe there, and members of archives.
 *
 * Works in a temporary directory of its own, and makes its archives byte by byte.  It must never
 * need a program beside the shell and cat. */
#include "command.h"

#include <zlib.h>

/* Runs a line of the shell in which WEIR stands for the command. */
static void run_shell(const char *line)
{
    char whole[1024];
    snprintf(whole, sizeof whole, "WEIR='%s'; { %s ; } >stdout 2>stderr", WEIR_TOOL, line);
    const int status = system(whole);
    r.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    read_file("stdout", r.out);
    read_file("stderr", r.err);
}

static void assert_mean(double mean)
{
    if (r.code != 0)
        fail_msg("exit code %d: %s", r.code, r.err);
    assert_true(member("mean") == mean);
}

/* How many names the directory of temporary files has. */
static void assert_no_file_is_left(void)
{
    run_shell("ls -A spool | wc -l");
    assert_int_equal(atoi(r.out), 0);
}

/* --- making archives ------------------------------------------------------------------------- */

enum { ARCHIVE_BYTES = 1 << 16 };

typedef struct archive {
    unsigned char bytes[ARCHIVE_BYTES], directory[4096];
    size_t length, directory_length, members;
    bool large; /* sizes in 64-bit fields */
} archive;

static archive z;

static void put(unsigned char *to, size_t *at, uint64_t number, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        to[(*at)++] = (unsigned char)(i < 8 ? number >> 8 * i : 0);
}

static void put_bytes(unsigned char *to, size_t *at, const void *bytes, size_t count)
{
    memcpy(to + *at, bytes, count);
    *at += count;
}

/* What a member's own header and its entry have in common. */
static void put_fields(unsigned char *to, size_t *at, unsigned flags, unsigned method,
                       uint32_t checksum, uint64_t stored, uint64_t bytes, size_t name)
{
    put(to, at, 20, 2);
    put(to, at, flags, 2);
    put(to, at, method, 2);
    put(to, at, 0, 4); /* time */
    put(to, at, checksum, 4);
    put(to, at, z.large ? UINT32_MAX : stored, 4);
    put(to, at, z.large ? UINT32_MAX : bytes, 4);
    put(to, at, name, 2);
}

static void add_member(const char *name, const void *bytes, size_t length, unsigned method,
                       unsigned flags)
{
    static unsigned char stored[ARCHIVE_BYTES];
    const uint32_t checksum = (uint32_t)crc32(0, bytes, (uInt)length);
    const size_t header = z.length;
    uLong n = length;
    memcpy(stored, bytes, length);
    if (method == 8) {
        z_stream d = {.next_in = (Bytef *)(uintptr_t)bytes,
                      .avail_in = (uInt)length,
                      .next_out = stored,
                      .avail_out = sizeof stored};
        assert_int_equal(deflateInit2(&d, 9, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY), Z_OK);
        assert_int_equal(deflate(&d, Z_FINISH), Z_STREAM_END);
        n = d.total_out;
        deflateEnd(&d);
    }
    put_bytes(z.bytes, &z.length, "PK\3\4", 4);
    put_fields(z.bytes, &z.length, flags, method, checksum, n, length, strlen(name));
    put(z.bytes, &z.length, 4, 2); /* a field of its own, which the entry does not have */
    put_bytes(z.bytes, &z.length, name, strlen(name));
    put(z.bytes, &z.length, 0x9999, 4);
    put_bytes(z.bytes, &z.length, stored, n);
    unsigned char *d = z.directory;
    size_t *at = &z.directory_length;
    put_bytes(d, at, "PK\1\2", 4);
    put(d, at, 20, 2);
    put_fields(d, at, flags, method, checksum, n, length, strlen(name));
    put(d, at, z.large ? 28 : 0, 2);
    put(d, at, 0, 2 + 2 + 2 + 4);
    put(d, at, z.large ? UINT32_MAX : header, 4);
    put_bytes(d, at, name, strlen(name));
    if (z.large) {
        put(d, at, 1, 2);
        put(d, at, 24, 2);
        put(d, at, length, 8);
        put(d, at, n, 8);
        put(d, at, header, 8);
    }
    z.members++;
}

static void write_archive(const char *path)
{
    const size_t entries = z.length;
    put_bytes(z.bytes, &z.length, z.directory, z.directory_length);
    const size_t end = z.length;
    if (z.large) {
        put_bytes(z.bytes, &z.length, "PK\6\6", 4);
        put(z.bytes, &z.length, 44, 8);
        put(z.bytes, &z.length, 45, 2 + 2 + 4 + 4);
        put(z.bytes, &z.length, z.members, 8);
        put(z.bytes, &z.length, z.members, 8);
        put(z.bytes, &z.length, z.directory_length, 8);
        put(z.bytes, &z.length, entries, 8);
        put_bytes(z.bytes, &z.length, "PK\6\7", 4);
        put(z.bytes, &z.length, 0, 4);
        put(z.bytes, &z.length, end, 8);
        put(z.bytes, &z.length, 1, 4);
    }
    put_bytes(z.bytes, &z.length, "PK\5\6", 4);
    put(z.bytes, &z.length, 0, 2 + 2);
    put(z.bytes, &z.length, z.large ? UINT16_MAX : z.members, 2);
    put(z.bytes, &z.length, z.large ? UINT16_MAX : z.members, 2);
    put(z.bytes, &z.length, z.directory_length, 4);
    put(z.bytes, &z.length, z.large ? UINT32_MAX : entries, 4);
    put(z.bytes, &z.length, 7, 2);
    put_bytes(z.bytes, &z.length, "comment", 7);
    write_bytes(path, z.bytes, z.length);
}

/* The bytes of a .npy file of doubles 0, 1, 2 … */
static size_t count_up(unsigned char *bytes, size_t count)
{
    static double values[1000];
    char shape[32];
    for (size_t i = 0; i < count; i++)
        values[i] = (double)i;
    snprintf(shape, sizeof shape, "(%zu,)", count);
    write_npy("member.npy", "<f8", shape, values, count * sizeof *values);
    FILE *file = fopen("member.npy", "rb");
    assert_non_null(file);
    const size_t n = fread(bytes, 1, ARCHIVE_BYTES / 4, file);
    fclose(file);
    return n;
}

/* "a" is 0 … 998, stored; "folder/b" 0 … 8, deflated. */
static void make_archive(const char *path, bool large)
{
    unsigned char bytes[ARCHIVE_BYTES / 4];
    memset(&z, 0, sizeof z);
    z.large = large;
    add_member("a.npy", bytes, count_up(bytes, 999), 0, 0);
    add_member("folder/b.npy", bytes, count_up(bytes, 9), 8, 0);
    write_archive(path);
}

/* --- tests ----------------------------------------------------------------------------------- */

static void a_pipe_is_read_through_a_temporary_file(void **state)
{
    unsigned char bytes[ARCHIVE_BYTES / 4];
    (void)state;
    count_up(bytes, 999);
    run_shell("cat member.npy | TMPDIR=spool $WEIR stats - --json");
    assert_mean(499);
    assert_contains(r.out, "written to a temporary file");
    run_shell("cat member.npy | $WEIR stats -");
    assert_contains(r.out, "written to a temporary file");
    assert_no_file_is_left();
    run_shell("cat member.npy | TMPDIR=no/such/folder $WEIR stats -");
    assert_int_equal(r.code, 1);
    assert_contains(r.err, "no/such/folder");
    run_shell("printf '' | $WEIR stats -");
    assert_int_equal(r.code, 1);
    assert_contains(r.err, "is empty");
    run_shell("printf '\\1\\2\\3\\4' | $WEIR stats - --dtype u1 --json");
    assert_mean(2.5);
}

static void a_file_as_standard_input_is_read_in_place_from_where_it_stands(void **state)
{
    unsigned char bytes[ARCHIVE_BYTES / 4];
    (void)state;
    count_up(bytes, 999);
    run_shell("TMPDIR=no/such/folder $WEIR stats - --json < member.npy");
    assert_mean(499);
    run_shell("{ echo before; cat member.npy; } > joined; "
              "{ read line; $WEIR stats - --json; } < joined");
    assert_contains(r.out, "read in place");
    assert_mean(499);
    run_shell("$WEIR stats - --plot member.npy < member.npy");
    assert_int_equal(r.code, 2);
    run_shell("$WEIR stats - < .");
    assert_int_equal(r.code, 1);
    assert_contains(r.err, "directory");
}

static void a_member_of_an_archive_is_read_by_its_name(void **state)
{
    (void)state;
    setenv("TMPDIR", "spool", 1);
    for (int large = 0; large < 2; large++) {
        make_archive("two.npz", large);
        run_json("stats two.npz --member a");
        assert_mean(499);
        assert_contains(r.out, "member a.npy of the archive, read in place");
        run_json("stats two.npz --member folder/b.npy");
        assert_mean(4);
        assert_contains(r.out, "inflated to a temporary file");
        assert_fails("stats two.npz", 2, "holds 2 arrays; --member chooses one of: a, folder/b");
        assert_fails("stats two.npz --member c", 2, "no member 'c'; it has: a, folder/b");
        run_shell("cat two.npz | $WEIR stats - --member folder/b --json");
        assert_mean(4);
        run("plan stats two.npz --member a");
        assert_int_equal(r.code, 0);
    }
    assert_fails("stats member.npy --member a", 2, "is no .npz archive");
    assert_fails("stats two.npz --member a --plot two.npz", 2, "is the file that is read");
    unsetenv("TMPDIR");
    assert_no_file_is_left();
}

static void an_archive_of_one_array_needs_no_name(void **state)
{
    unsigned char bytes[ARCHIVE_BYTES / 4];
    (void)state;
    memset(&z, 0, sizeof z);
    add_member("x.npy", bytes, count_up(bytes, 9), 8, 0);
    write_archive("one.npz");
    run_json("stats one.npz");
    assert_mean(4);
}

/* The same bytes in every form: escaped once, as the form has it. */
static void a_name_in_an_archive_does_not_act_on_the_terminal(void **state)
{
    unsigned char bytes[ARCHIVE_BYTES / 4];
    (void)state;
    memset(&z, 0, sizeof z);
    add_member("\033[31mred.npy", bytes, count_up(bytes, 9), 0, 0);
    write_archive("red.npz");
    run("stats red.npz");
    assert_int_equal(r.code, 0);
    assert_null(strchr(r.out, '\033'));
    assert_contains(r.out, "member \\x1b[31mred.npy of");
    run_json("stats red.npz");
    assert_contains(r.out, "member \\u001b[31mred.npy of");
}

static void what_cannot_be_read_of_an_archive_is_said(void **state)
{
    unsigned char bytes[ARCHIVE_BYTES / 4];
    (void)state;
    const size_t length = count_up(bytes, 9);
    memset(&z, 0, sizeof z);
    add_member("secret.npy", bytes, length, 0, 1);
    add_member("odd.npy", bytes, length, 12, 0);
    add_member("text.npy", "some text", 9, 0, 0);
    add_member("inner.npy", bytes, length, 8, 0);
    write_archive("bad.npz");
    assert_fails("stats bad.npz --member secret", 1, "is encrypted");
    assert_fails("stats bad.npz --member odd", 1, "method 12");
    assert_fails("stats bad.npz --member text", 1, "not a .npy file");
    memset(&z, 0, sizeof z);
    write_archive("none.npz");
    assert_fails("stats none.npz", 1, "is empty");
}

/* Whatever byte is damaged and wherever it ends: an answer or an error, never a crash. */
static void damaged_archives_are_refused(void **state)
{
    unsigned char whole[ARCHIVE_BYTES];
    (void)state;
    make_archive("whole.npz", true);
    const size_t length = z.length, step = SLOW_BUILD > 1 ? 97 : 23;
    memcpy(whole, z.bytes, length);
    for (size_t cut = 4; cut < length; cut += 41 * step) {
        write_bytes("cut.npz", whole, cut);
        run("stats cut.npz --member folder/b");
        assert_int_equal(r.code, 1);
    }
    for (size_t at = 8300; at < length; at += step) { /* the deflated member, and all behind it */
        whole[at] ^= 0x5a;
        write_bytes("damaged.npz", whole, length);
        run("stats damaged.npz --member folder/b");
        assert_in_range(r.code, 0, 2);
        whole[at] ^= 0x5a;
    }
}

static void compressed_files_are_told_how_to_be_read(void **state)
{
    (void)state;
    write_bytes("a.npy.gz", "\x1f\x8b\x08\x00\x00\x00\x00\x00", 8);
    assert_fails("stats a.npy.gz", 1, "zcat FILE | weir stats -");
}

static int enter(void **state)
{
    return enter_directory(state) == 0 ? mkdir("spool", 0777) : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pipe_is_read_through_a_temporary_file),
        cmocka_unit_test(a_file_as_standard_input_is_read_in_place_from_where_it_stands),
        cmocka_unit_test(a_member_of_an_archive_is_read_by_its_name),
        cmocka_unit_test(an_archive_of_one_array_needs_no_name),
        cmocka_unit_test(a_name_in_an_archive_does_not_act_on_the_terminal),
        cmocka_unit_test(what_cannot_be_read_of_an_archive_is_said),
        cmocka_unit_test(damaged_archives_are_refused),
        cmocka_unit_test(compressed_files_are_told_how_to_be_read),
    };
    return cmocka_run_group_tests(tests, enter, leave_directory);
}
