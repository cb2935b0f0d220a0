/* Where the picture of `weir stats` goes: into a file of its own, to standard output, never onto the
 * data.
 *
 * Works in a temporary directory of its own.  It must never depend on what the picture shows. */
#include "command.h"

static const double values[] = {1, 2, 2, 3};

static void write_values(void)
{
    write_npy("a.npy", "<f8", "(4,)", values, sizeof values);
}

static void assert_data_is_there(void)
{
    run_json("stats a.npy");
    assert_true(member("count") == 4 && member("max") == 3);
}

static void assert_is_picture(const char *text)
{
    assert_int_equal(strncmp(text, "<svg xmlns", 10), 0);
    assert_true(strlen(text) > 7 && strcmp(text + strlen(text) - 7, "</svg>\n") == 0);
}

static void a_picture_never_takes_the_place_of_the_data(void **state)
{
    static const char *const plots[] = {"a.npy", "./a.npy",   "folder/../a.npy", "linked",
                                        "hard",  "/dev/fd/0", "/proc/self/fd/0"};
    (void)state;
    write_values();
    mkdir("folder", 0777);
    assert_int_equal(symlink("a.npy", "linked"), 0);
    assert_int_equal(link("a.npy", "hard"), 0);
    const int input = open("a.npy", O_RDWR), before = dup(STDIN_FILENO);
    assert_true(input >= 0 && before >= 0 && dup2(input, STDIN_FILENO) == STDIN_FILENO);
    for (size_t i = 0; i < sizeof plots / sizeof plots[0]; i++) {
        char line[128];
        snprintf(line, sizeof line, "stats a.npy --plot %s", plots[i]);
        assert_fails(line, 2, "is the file that is read");
        assert_contains(r.err, plots[i]);
        assert_data_is_there();
        snprintf(line, sizeof line, "stats linked --plot %s", plots[i]);
        assert_fails(line, 2, "is the file that is read");
    }
    assert_int_equal(dup2(before, STDIN_FILENO), STDIN_FILENO);
    close(before);
    close(input);
}

static void a_dash_is_standard_output_in_place_of_the_text(void **state)
{
    (void)state;
    write_values();
    run("stats a.npy --plot -");
    assert_int_equal(r.code, 0);
    assert_is_picture(r.out);
    assert_int_not_equal(access("-", F_OK), 0);
    run("stats a.npy --plot /dev/stdout");
    assert_int_equal(r.code, 0);
    assert_is_picture(r.out);
    assert_fails("stats a.npy --plot - --json", 2, "both write to standard output");
    run("stats a.npy --plot ./-");
    assert_int_equal(r.code, 0);
    assert_contains(r.out, "mean ");
    read_file("-", r.out);
    assert_is_picture(r.out);
    if (access("/dev/full", W_OK) == 0) {
        finish(start("/dev/full", "stats a.npy --plot -"));
        assert_int_equal(r.code, 1);
        assert_contains(r.err, "weir: standard output");
    }
}

static void a_picture_is_written_where_a_link_leads(void **state)
{
    struct stat info;
    (void)state;
    write_values();
    write_bytes("old.svg", "old", 3);
    assert_int_equal(symlink("old.svg", "link.svg"), 0);
    assert_int_equal(symlink("new.svg", "dangling.svg"), 0);
    run("stats a.npy --plot link.svg");
    assert_int_equal(r.code, 0);
    run("stats a.npy --plot dangling.svg");
    assert_int_equal(r.code, 0);
    assert_true(lstat("link.svg", &info) == 0 && S_ISLNK(info.st_mode));
    assert_true(lstat("dangling.svg", &info) == 0 && S_ISLNK(info.st_mode));
    read_file("old.svg", r.out);
    assert_is_picture(r.out);
    read_file("new.svg", r.out);
    assert_is_picture(r.out);
}

static void what_is_no_regular_file_is_written_in_place(void **state)
{
    struct stat info;
    (void)state;
    write_values();
    assert_int_equal(mkfifo("pipe", 0666), 0);
    const int pipe = open("pipe", O_RDONLY | O_NONBLOCK);
    assert_true(pipe >= 0);
    run("stats a.npy --plot pipe");
    assert_int_equal(r.code, 0);
    const ssize_t n = read(pipe, r.err, sizeof r.err - 1);
    assert_true(n > 0);
    r.err[n] = '\0';
    assert_is_picture(r.err);
    assert_true(stat("pipe", &info) == 0 && S_ISFIFO(info.st_mode));
    close(pipe);
    run("stats a.npy --plot /dev/null");
    assert_int_equal(r.code, 0);
    if (access("/dev/full", W_OK) == 0)
        assert_fails("stats a.npy --plot /dev/full", 1, "--plot /dev/full: No space left");
}

static void what_cannot_be_written_is_said_before_the_run(void **state)
{
    (void)state;
    write_values();
    assert_fails("stats a.npy --plot no/such/place.svg", 1, "no/such/place.svg: No such file");
    assert_fails("stats a.npy --plot .", 1, "--plot .: Is a directory");
    assert_fails("stats a.npy --plot=", 1, "--plot : No such file");
    assert_fails("stats a.npy --plot a.npy/x", 1, "Not a directory");
    finish(start("out.svg", "stats a.npy --plot out.svg"));
    assert_int_equal(r.code, 2);
    assert_contains(r.err, "is where standard output goes; '--plot -' writes it there");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_picture_never_takes_the_place_of_the_data),
        cmocka_unit_test(a_dash_is_standard_output_in_place_of_the_text),
        cmocka_unit_test(a_picture_is_written_where_a_link_leads),
        cmocka_unit_test(what_is_no_regular_file_is_written_in_place),
        cmocka_unit_test(what_cannot_be_written_is_said_before_the_run),
    };
    return cmocka_run_group_tests(tests, enter_directory, leave_directory);
}
