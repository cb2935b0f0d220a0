/* `weir graph`: what it says of small matrices whose graphs are known, what it draws, and bad input.
 *
 * Works in a temporary directory of its own.  It must never depend on seconds. */
#include "command.h"

/* A square grid of so many points, each joined with the four beside it: the lower triangle. */
static void write_grid(const char *path, int side, const char *kind)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fprintf(file, "%%%%MatrixMarket matrix coordinate real %s\n%d %d %d\n", kind, side * side,
            side * side, side * side + 2 * side * (side - 1));
    for (int y = 0; y < side; y++)
        for (int x = 0; x < side; x++) {
            const int i = y * side + x + 1;
            if (y > 0)
                fprintf(file, "%d %d -1\n", i, i - side);
            if (x > 0)
                fprintf(file, "%d %d -1\n", i, i - 1);
            fprintf(file, "%d %d 4\n", i, i);
        }
    assert_int_equal(fclose(file), 0);
}

static void write_text(const char *path, const char *text)
{
    write_bytes(path, text, strlen(text));
}

static void the_solve_of_a_grid_runs_along_its_diagonals(void **state)
{
    (void)state;
    write_grid("grid.mtx", 30, "symmetric");
    run_json("graph grid.mtx");
    assert_int_equal(member("tasks"), 900);
    assert_int_equal(member("edges"), 2 * 30 * 29);
    assert_int_equal(member("redundant_edges"), 0);
    assert_int_equal(member("roots"), 1);
    assert_int_equal(member("ends"), 1);
    assert_int_equal(member("depth"), 59);
    assert_int_equal(member("widest"), 30);
    assert_int_equal(member("widest_level"), 30);
    assert_int_equal(member("work_flops"), 900 + 2 * 2 * 30 * 29);
    run("graph grid.mtx --solve");
    assert_int_equal(r.code, 0);
    assert_contains(r.out, "grid.mtx: 900 rows and columns, 2640 entries, real symmetric\n");
    assert_contains(r.out, "59 levels");
    assert_null(strstr(r.out, "bytes"));
}

static void the_elimination_of_an_arrow_is_a_chain_or_a_star(void **state)
{
    (void)state;
    write_text("up.mtx",
               "%%MatrixMarket matrix coordinate pattern symmetric\n5 5 9\n1 1\n2 2\n3 3\n"
               "4 4\n5 5\n2 1\n3 1\n4 1\n5 1\n");
    write_text("down.mtx", "%%MatrixMarket matrix coordinate pattern general\n5 5 4\n"
                           "5 1\n2 5\n5 3\n4 5\n");
    run_json("graph --eliminate up.mtx --order natural");
    assert_int_equal(member("factor_entries"), 15);
    assert_int_equal(member("edges"), 4);
    assert_int_equal(member("depth"), 5);
    assert_int_equal(member("work_flops"), 25 + 16 + 9 + 4 + 1);
    assert_int_equal(member("serial_bytes"), 8 * (10 + 6)); /* the first two updates */
    assert_int_equal(member("certified_bytes"), 8 * (10 + 6 + 3 + 1));
    assert_true(member("span_flops") == member("work_flops"));
    assert_int_equal(member("advised_bytes"),
                     member("serial_bytes")); /* a chain has no other speed */
    run_json("graph --eliminate --order natural --workers 2 --runs 0 down.mtx");
    assert_int_equal(member("advised_workers"), 2);
    assert_int_equal(member("advised_bytes"), 4 * 8); /* the root needs all of them */
    assert_true(member("advised_speed") == 0.95);
    run_json("graph --eliminate --order natural down.mtx");
    assert_int_equal(member("factor_entries"), 9);
    assert_int_equal(member("depth"), 2);
    assert_int_equal(member("widest"), 4);
    assert_int_equal(member("span_flops"), 4 + 1);
    assert_int_equal(member("serial_bytes"), 4 * 8);
    run("graph --eliminate down.mtx --workers 3 --runs 0");
    assert_contains(r.out, "bytes    32 are the least budget, ");
    assert_contains(r.out, " keep 95 % of the speed of 3 workers, as simulated\n");
    run("graph --eliminate down.mtx");
    assert_contains(r.out, "of the pattern of A + A', after nested dissection");
}

static void dissection_makes_the_factor_of_a_grid_smaller_and_its_tree_flatter(void **state)
{
    (void)state;
    write_grid("grid.mtx", 30, "symmetric");
    run_json("graph --eliminate grid.mtx --order natural");
    const double entries = member("factor_entries"), span = member("span_flops");
    assert_int_equal(member("depth"), 900);
    run_json("graph --eliminate grid.mtx --workers 4");
    assert_true(member("factor_entries") < 0.6 * entries);
    assert_true(member("advised_bytes") > member("serial_bytes"));
    assert_true(member("advised_bytes") < 0.5 * member("certified_bytes"));
    assert_true(member("span_flops") < 0.3 * span);
    assert_true(member("depth") < 200);
    assert_true(member("parallelism") > 2);
}

static unsigned count(const char *what)
{
    unsigned n = 0;
    for (const char *at = r.out; (at = strstr(at, what)) != NULL; at++)
        n++;
    return n;
}

static void one_row_is_one_row(void **state)
{
    (void)state;
    write_text("one.mtx", "%%MatrixMarket matrix coordinate real general\n1 1 1\n1 1 2\n");
    run("graph one.mtx --eliminate --runs 0");
    assert_contains(r.out, "one.mtx: 1 row and column, 1 entry, real general\n");
    assert_contains(r.out, "1 entry in the factor\n");
    assert_contains(r.out, " 1 task, in level 1\n");
    assert_null(strstr(r.out, "speed of")); /* no bytes at all are enough */
}

static void a_small_graph_is_drawn_whole_and_a_large_one_in_bands(void **state)
{
    (void)state;
    write_text("three.mtx", "%%MatrixMarket matrix coordinate real general\n3 3 6\n"
                            "1 1 1\n2 2 1\n3 3 1\n2 1 1\n3 1 1\n3 2 1\n");
    run_json("graph three.mtx");
    assert_int_equal(member("redundant_edges"), 1);
    run("graph three.mtx --dot -");
    assert_int_equal(r.code, 0);
    assert_string_equal(r.err, "");
    assert_int_equal(strncmp(r.out, "digraph weir {", 14), 0);
    assert_contains(r.out, "t0 [label=\"row 1\"]");
    assert_contains(r.out, "t0 -> t1;");
    assert_contains(r.out, "t1 -> t2;");
    assert_contains(r.out, "t0 -> t2 [style=dotted"); /* it follows from the two others */
    assert_int_equal(count("->"), 3);
    write_grid("grid.mtx", 30, "symmetric");
    run("graph grid.mtx --dot -");
    assert_contains(r.out, "900 tasks, a row each, and 1740 edges, abridged");
    assert_int_equal(count("[label=\"levels "), 24);
    assert_null(strstr(r.out, "row 1\""));
    write_grid("small.mtx", 14, "symmetric");
    run("graph --eliminate small.mtx --dot graph.dot");
    assert_int_equal(r.code, 0);
    assert_contains(r.out, "196 rows and columns");
    read_file("graph.dot", r.out);
    assert_contains(r.out, "column 196");
    assert_int_equal(count("->"), 195);
}

static void a_run_has_the_bits_of_a_loop_with_any_number_of_workers(void **state)
{
    static const char *const kinds[] = {"general", "symmetric"};
    (void)state;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        write_grid("grid.mtx", 40, kinds[i]);
        for (int workers = 1; workers <= 4; workers++) {
            char line[96];
            snprintf(line, sizeof line, "graph grid.mtx --runs 3 --workers %d", workers);
            run_json(line);
            assert_int_equal(member("workers_asked"), workers);
            assert_true(member("serial_seconds") > 0 && member("one_worker_seconds") > 0);
            assert_true(member("lanes") <= workers && member("clumps") >= member("lanes"));
            snprintf(line, sizeof line, "graph grid.mtx --eliminate --runs 3 --workers %d",
                     workers);
            run_json(line);
            assert_true(member("error") < 1e-10);
        }
    }
    run("graph grid.mtx --eliminate --workers 2");
    assert_contains(r.out, "in a loop, ");
    assert_contains(r.out, " by 2 workers: ");
    assert_contains(r.out, "the same bits each time; ");
    assert_contains(r.out, "\nplan ");
    run("graph grid.mtx --eliminate --runs 0");
    assert_int_equal(r.code, 0);
    assert_null(strstr(r.out, "in a loop"));
}

static void a_factorisation_runs_within_its_least_budget_and_not_below(void **state)
{
    char line[96];
    (void)state;
    write_grid("grid.mtx", 40, "symmetric");
    run_json("graph grid.mtx --eliminate --runs 0");
    const double least = member("serial_bytes");
    assert_true(least > 0 && least < member("certified_bytes"));
    for (int more = 0; more < 100000; more = 7 * more + 1) {
        snprintf(line, sizeof line,
                 "graph grid.mtx --eliminate --runs 3 --workers 3 --max-bytes %.0f", least + more);
        run_json(line);
        assert_true(member("peak_bytes") <= least + more);
    }
    snprintf(line, sizeof line, "graph grid.mtx --eliminate --json --max-bytes %.0f", least - 1);
    assert_fails(line, 1, "grid.mtx: ");
}

static void a_matrix_that_cannot_be_factorised_says_where(void **state)
{
    (void)state;
    write_text("not.mtx",
               "%%MatrixMarket matrix coordinate integer symmetric\n3 3 4\n1 1 1\n2 1 2\n"
               "2 2 1\n3 3 1\n");
    assert_fails("graph not.mtx --eliminate --order natural --json", 1,
                 "not positive definite, as column 2 shows");
    assert_fails("graph not.mtx --eliminate --json", 1, "--runs 0 only shows the graph");
    run("graph not.mtx --eliminate --runs 0");
    assert_int_equal(r.code, 0);
    write_text("skew.mtx", "%%MatrixMarket matrix coordinate real skew-symmetric\n3 3 2\n2 1 5\n"
                           "3 1 5\n"); /* values are made up */
    run_json("graph skew.mtx --eliminate");
    assert_true(member("error") < 1e-14);
    write_text("complex.mtx", "%%MatrixMarket matrix coordinate complex hermitian\n2 2 3\n1 1 0 0\n"
                              "2 1 0 1\n2 2 0 0\n");
    run_json("graph complex.mtx --eliminate");
    run_json("graph complex.mtx");
}

/* An arrow that points up fills all of its factor: one that no machine has the memory for. */
static void a_factor_that_is_larger_than_the_machine_is_not_begun(void **state)
{
    enum { COLUMNS = 1000000 };
    (void)state;
    FILE *file = fopen("arrow.mtx", "w");
    assert_non_null(file);
    fprintf(file, "%%%%MatrixMarket matrix coordinate pattern symmetric\n%d %d %d\n", COLUMNS,
            COLUMNS, COLUMNS - 1);
    for (int i = 2; i <= COLUMNS; i++)
        fprintf(file, "%d 1\n", i);
    assert_int_equal(fclose(file), 0);
    assert_fails("graph arrow.mtx --eliminate --order natural --json", 1,
                 " TiB at least, and this machine has");
}

static void bad_files_are_refused_with_their_line(void **state)
{
    (void)state;
    write_text("bad.mtx", "%%MatrixMarket matrix coordinate real general\n2 2 2\n1 1 1\n2 3 1\n");
    assert_fails("graph bad.mtx", 1, "bad.mtx: line 4: the column is '3'; it must be a number");
    write_text("short.mtx", "%%MatrixMarket matrix coordinate real general\n2 2 2\n1 1 1\n");
    assert_fails("graph short.mtx", 1, "line 4: the file ends after 1 of the 2 entries");
    write_text("hole.mtx", "%%MatrixMarket matrix coordinate real general\n2 2 1\n1 1 1\n");
    assert_fails("graph hole.mtx", 1, "hole.mtx: row 2 has no entry on the diagonal");
    assert_fails("graph hole.mtx --eliminate", 1, "row 2 and its column have no entry");
    assert_fails("graph nowhere.mtx", 1, "nowhere.mtx: No such file");
    assert_fails("graph .", 1, "directory");
    write_text("huge.mtx", "%%MatrixMarket matrix coordinate real general\n"
                           "4000000000 4000000000 1000000000000\n1 1 1\n");
    assert_fails("graph huge.mtx", 1, "1000000000000 entries cannot be in a file of");
    write_text("wide.mtx", "%%MatrixMarket matrix coordinate pattern symmetric\n"
                           "1000000000 1000000000 1\n1 1\n");
    assert_fails("graph wide.mtx", 1, "row 2 has no entry on the diagonal");
    assert_in_range(r.rss_kb, 0, 500000); /* a sanitizer's own included; not 8 GB of rows */
    assert_fails("graph wide.mtx --eliminate", 1, "need at least 500000000 entries");
    assert_in_range(r.rss_kb, 0, 500000);
}

static void a_wrong_command_line_is_refused_before_any_work(void **state)
{
    (void)state;
    write_grid("grid.mtx", 3, "symmetric");
    assert_fails("graph", 2, "the FILE is missing");
    assert_fails("graph grid.mtx --frob", 2, "'--frob'");
    assert_fails("graph grid.mtx other.mtx", 2, "'other.mtx'");
    assert_fails("graph grid.mtx --solve --eliminate", 2, "one at a time");
    assert_fails("graph grid.mtx --order natural", 2, "--order goes with --eliminate");
    assert_fails("graph grid.mtx --eliminate --order best", 2, "natural or dissection");
    assert_fails("graph grid.mtx --runs many", 2, "--runs is 'many'");
    assert_fails("graph grid.mtx --workers 0", 2, "--workers");
    assert_fails("graph grid.mtx --dot", 2, "--dot");
    assert_fails("graph grid.mtx --json --dot -", 2, "--dot a file");
    assert_fails("graph grid.mtx --dot nowhere/x.dot", 1, "nowhere/x.dot");
    assert_fails("graph grid.mtx --dot grid.mtx", 2, "is the file that is read");
    run("graph --help");
    assert_int_equal(r.code, 0);
    assert_contains(r.out, "usage: weir graph FILE.mtx");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_solve_of_a_grid_runs_along_its_diagonals),
        cmocka_unit_test(the_elimination_of_an_arrow_is_a_chain_or_a_star),
        cmocka_unit_test(dissection_makes_the_factor_of_a_grid_smaller_and_its_tree_flatter),
        cmocka_unit_test(one_row_is_one_row),
        cmocka_unit_test(a_small_graph_is_drawn_whole_and_a_large_one_in_bands),
        cmocka_unit_test(a_run_has_the_bits_of_a_loop_with_any_number_of_workers),
        cmocka_unit_test(a_factorisation_runs_within_its_least_budget_and_not_below),
        cmocka_unit_test(a_matrix_that_cannot_be_factorised_says_where),
        cmocka_unit_test(a_factor_that_is_larger_than_the_machine_is_not_begun),
        cmocka_unit_test(bad_files_are_refused_with_their_line),
        cmocka_unit_test(a_wrong_command_line_is_refused_before_any_work),
    };
    return cmocka_run_group_tests(tests, enter_directory, leave_directory);
}
