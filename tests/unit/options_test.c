/* Tests the option table: every row's parser, its range, and how options and environment meet.
 *
 * Run by ctest with the engine's internal headers.  It must never leave a WEIR_ variable set
 * behind: each test begins and ends with none. */
#include "support.h"

#include <stdlib.h>

#include "base/options.h"

/* Each field set, and each to something else. */
static const weir_engine_options every = {.workers = 3,
                                          .bind = WEIR_BIND_PU,
                                          .max_in_flight = 5,
                                          .max_bytes = 4096,
                                          .share = 1,
                                          .shares = 4};
static const weir_engine_options other = {.workers = 9,
                                          .bind = WEIR_BIND_NONE,
                                          .max_in_flight = 9,
                                          .max_bytes = 9,
                                          .share = 9,
                                          .shares = 9,
                                          .reserved = {9}};

static int clear_environment(void **state)
{
    (void)state;
    for (int i = 0; i < WEIR_OPTIONS; i++)
        unsetenv(weir__options[i].variable);
    return 0;
}

static weir_status resolve_with(const char *variable, const char *text,
                                const weir_engine_options *given, weir_engine_options *resolved)
{
    setenv(variable, text, 1);
    const weir_status status = weir__options_resolve(given, true, resolved);
    unsetenv(variable);
    return status;
}

static void the_table_has_a_row_for_every_field_of_the_options(void **state)
{
    static const char *const rows[][2] = {{"workers", "WEIR_WORKERS"},
                                          {"bind", "WEIR_BIND"},
                                          {"max_in_flight", "WEIR_MAX_IN_FLIGHT"},
                                          {"max_bytes", "WEIR_MAX_BYTES"},
                                          {"share", "WEIR_SHARE"}};
    (void)state;
    assert_int_equal(WEIR_OPTIONS, sizeof rows / sizeof *rows);
    for (int i = 0; i < WEIR_OPTIONS; i++) {
        assert_string_equal(weir__options[i].field, rows[i][0]);
        assert_string_equal(weir__options[i].variable, rows[i][1]);
        assert_true(strlen(weir__options[i].text) > 0);
        assert_true(weir__options[i].min <= weir__options[i].max);
    }
}

static void nothing_said_leaves_every_field_zero(void **state)
{
    weir_engine_options resolved = other;
    (void)state;
    assert_ok(weir__options_resolve(NULL, true, &resolved));
    assert_int_equal(resolved.workers, 0);
    assert_int_equal(resolved.bind, WEIR_BIND_AUTO);
    assert_int_equal(resolved.max_in_flight, 0);
    assert_int_equal(resolved.max_bytes, 0);
    assert_int_equal(resolved.share, 0);
    assert_int_equal(resolved.shares, 0);
    assert_int_equal(resolved.reserved[0], 0);
}

static void every_variable_sets_its_own_field_only(void **state)
{
    static const struct {
        const char *variable, *text;
        weir_engine_options right;
    } cases[] = {
        {"WEIR_WORKERS", "7", {.workers = 7}},
        {"WEIR_WORKERS", "1", {.workers = 1}},
        {"WEIR_WORKERS", "4096", {.workers = 4096}},
        {"WEIR_WORKERS", "007", {.workers = 7}},
        {"WEIR_BIND", "auto", {.bind = WEIR_BIND_AUTO}},
        {"WEIR_BIND", "core", {.bind = WEIR_BIND_CORE}},
        {"WEIR_BIND", "spread", {.bind = WEIR_BIND_SPREAD}},
        {"WEIR_BIND", "pu", {.bind = WEIR_BIND_PU}},
        {"WEIR_BIND", "none", {.bind = WEIR_BIND_NONE}},
        {"WEIR_BIND", "SpReAd", {.bind = WEIR_BIND_SPREAD}},
        {"WEIR_MAX_IN_FLIGHT", "1", {.max_in_flight = 1}},
        {"WEIR_MAX_IN_FLIGHT", "18446744073709551615", {.max_in_flight = SIZE_MAX}},
        {"WEIR_MAX_BYTES", "1", {.max_bytes = 1}},
        {"WEIR_MAX_BYTES", "64M", {.max_bytes = (size_t)64 << 20}},
        {"WEIR_MAX_BYTES", "18446744073709551615", {.max_bytes = SIZE_MAX}},
        {"WEIR_SHARE", "0/1", {.shares = 1}},
        {"WEIR_SHARE", "3/4", {.share = 3, .shares = 4}},
        {"WEIR_SHARE", "4294967294/4294967295", {.share = UINT32_MAX - 1, .shares = UINT32_MAX}},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        weir_engine_options resolved = other;
        assert_ok(resolve_with(cases[i].variable, cases[i].text, NULL, &resolved));
        assert_int_equal(resolved.workers, cases[i].right.workers);
        assert_int_equal(resolved.bind, cases[i].right.bind);
        assert_int_equal(resolved.max_in_flight, cases[i].right.max_in_flight);
        assert_int_equal(resolved.max_bytes, cases[i].right.max_bytes);
        assert_int_equal(resolved.share, cases[i].right.share);
        assert_int_equal(resolved.shares, cases[i].right.shares);
    }
}

static void a_bad_value_is_refused_naming_the_variable_and_what_is_right(void **state)
{
    static const char *const bad[WEIR_OPTIONS][13] = {
        [WEIR_OPTION_workers] = {"0", "4097", "-1", "+1", " 1", "1 ", "two", "2K", "1.5", "0x2",
                                 "18446744073709551616", "18446744073709551617", " "},
        [WEIR_OPTION_bind] = {"1", "cores", "cor", "none ", " none", "close", "-"},
        [WEIR_OPTION_max_in_flight] = {"0", "-1", "+4", " 4", "4 ", "4K", "many",
                                       "18446744073709551616", "4.0", "0x4", " "},
        [WEIR_OPTION_max_bytes] = {"0", "0K", "-1", " 64M", "64M ", "64 M", "64Q", "M", "1.5G",
                                   "18446744073709551616", "16777216T", "64MiBs", " "},
    };
    (void)state;
    for (int i = 0; i < WEIR_OPTIONS; i++)
        for (int k = 0; k < 13 && bad[i][k] != NULL; k++) {
            const char *text = bad[i][k];
            weir_engine_options resolved;
            if (resolve_with(weir__options[i].variable, text, NULL, &resolved) != WEIR_EINVAL)
                fail_msg("%s='%s' was taken", weir__options[i].variable, text);
            const weir_error *error = weir_last_error();
            assert_int_equal(error->status, WEIR_EINVAL);
            assert_string_equal(error->where, weir__options[i].variable);
            assert_contains(error->text, weir__options[i].variable);
            assert_contains(error->text, text);
            assert_contains(error->text, weir__options[i].text);
        }
}

static void an_empty_variable_counts_as_unset(void **state)
{
    (void)state;
    for (int i = 0; i < WEIR_OPTIONS; i++) {
        weir_engine_options resolved = other;
        assert_ok(resolve_with(weir__options[i].variable, "", NULL, &resolved));
        assert_int_equal(resolved.workers, 0);
        assert_int_equal(resolved.bind, WEIR_BIND_AUTO);
        assert_int_equal(resolved.max_in_flight, 0);
        assert_int_equal(resolved.max_bytes, 0);
        assert_int_equal(resolved.share, 0);
        assert_int_equal(resolved.shares, 0);
    }
}

static void an_explicit_option_wins_over_the_environment(void **state)
{
    weir_engine_options resolved;
    (void)state;
    setenv("WEIR_WORKERS", "2", 1);
    setenv("WEIR_BIND", "none", 1);
    setenv("WEIR_MAX_IN_FLIGHT", "9", 1);
    setenv("WEIR_MAX_BYTES", "1G", 1);
    setenv("WEIR_SHARE", "0/2", 1);
    assert_ok(weir__options_resolve(&every, true, &resolved));
    assert_int_equal(resolved.workers, 3);
    assert_int_equal(resolved.bind, WEIR_BIND_PU);
    assert_int_equal(resolved.max_in_flight, 5);
    assert_int_equal(resolved.max_bytes, 4096);
    assert_int_equal(resolved.share, 1);
    assert_int_equal(resolved.shares, 4);
}

static void a_bad_variable_is_refused_even_where_an_option_overrides_it(void **state)
{
    weir_engine_options resolved;
    (void)state;
    for (int i = 0; i < WEIR_OPTIONS; i++) {
        assert_status(WEIR_EINVAL,
                      resolve_with(weir__options[i].variable, "nonsense", &every, &resolved));
        assert_string_equal(weir_last_error()->where, weir__options[i].variable);
    }
}

static void an_explicit_option_out_of_range_is_refused_naming_the_field(void **state)
{
    static const struct {
        weir_engine_options given;
        int option;
    } cases[] = {
        {{.workers = 4097}, WEIR_OPTION_workers},
        {{.workers = ~0u}, WEIR_OPTION_workers},
        {{.bind = (weir_bind)(WEIR_BIND_NONE + 1)}, WEIR_OPTION_bind},
        {{.bind = (weir_bind)-1}, WEIR_OPTION_bind},
        {{.share = 4, .shares = 4}, WEIR_OPTION_share},
        {{.share = 1}, WEIR_OPTION_share},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const weir__option *option = &weir__options[cases[i].option];
        weir_engine_options resolved;
        assert_status(WEIR_EINVAL, weir__options_resolve(&cases[i].given, true, &resolved));
        assert_string_equal(weir_last_error()->where, option->field);
        assert_contains(weir_last_error()->text, option->field);
        assert_contains(weir_last_error()->text, option->text);
    }
}

static void sizes_are_read_with_their_units(void **state)
{
    static const struct {
        const char *text;
        uint64_t bytes;
    } cases[] = {
        {"0", 0},
        {"1", 1},
        {"64M", (uint64_t)64 << 20},
        {"2G", (uint64_t)2 << 30},
        {"1KiB", 1024},
        {"1KB", 1024},
        {"1k", 1024},
        {"1kib", 1024},
        {"1kb", 1024},
        {"3T", (uint64_t)3 << 40},
        {"16777215T", (uint64_t)16777215 << 40},
        {"18014398509481983K", (uint64_t)18014398509481983u << 10},
        {"18446744073709551615", UINT64_MAX},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t bytes = 77;
        assert_ok(weir_parse_bytes(cases[i].text, &bytes));
        assert_true(bytes == cases[i].bytes);
    }
}

static void what_is_no_size_is_refused_with_the_text_quoted(void **state)
{
    static const char *const bad[] = {"",
                                      " ",
                                      "10 ",
                                      " 10",
                                      "10 KB",
                                      "10 K",
                                      "10 B",
                                      "-1",
                                      "+1",
                                      "-0",
                                      "0x10",
                                      "1.5G",
                                      "K",
                                      "KB",
                                      "10KX",
                                      "10KBB",
                                      "10B",
                                      "10Ki",
                                      "10KK",
                                      "1e3",
                                      "10_000",
                                      "ten",
                                      "10P",
                                      "10iB",
                                      "10,0",
                                      "10KiB ",
                                      "10K B",
                                      "16777216T",
                                      "18446744073709551616K",
                                      "18446744073709551616",
                                      "18014398509481984K",
                                      "99999999999999999999999999"};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        size_t bytes = 0;
        if (weir_parse_bytes(bad[i], &bytes) != WEIR_EINVAL)
            fail_msg("'%s' was read as %zu", bad[i], bytes);
        assert_int_equal(weir_last_error()->status, WEIR_EINVAL);
        assert_string_equal(weir_last_error()->where, "text");
        assert_contains(weir_last_error()->text, bad[i]);
    }
    size_t bytes;
    assert_int_equal(weir_parse_bytes("10\n", &bytes), WEIR_EINVAL);
    assert_contains(weir_last_error()->text, "'10?'"); /* a text has no newline */
    assert_int_equal(weir_parse_bytes("10\t", &bytes), WEIR_EINVAL);
}

static void a_missing_argument_of_parse_bytes_is_named(void **state)
{
    size_t bytes;
    (void)state;
    assert_status(WEIR_EINVAL, weir_parse_bytes(NULL, &bytes));
    assert_string_equal(weir_last_error()->where, "text");
    assert_status(WEIR_EINVAL, weir_parse_bytes("1", NULL));
    assert_string_equal(weir_last_error()->where, "bytes");
}

static void an_engine_is_opened_with_what_the_environment_says(void **state)
{
    weir_engine *engine = NULL;
    (void)state;
    setenv("WEIR_WORKERS", "3", 1);
    setenv("WEIR_MAX_IN_FLIGHT", "5", 1);
    setenv("WEIR_MAX_BYTES", "1M", 1);
    assert_ok(weir_engine_open(NULL, &engine));
    assert_int_equal(weir_engine_workers(engine), 3);
    assert_int_equal(weir_engine_max_in_flight(engine), 5);
    assert_int_equal(weir_engine_max_bytes(engine), 1 << 20);
    weir_engine_close(engine);
}

static void the_default_limits_are_four_parts_a_worker_and_no_bytes(void **state)
{
    (void)state;
    weir_engine *engine = open_engine(3, 0, 0);
    assert_int_equal(weir_engine_max_in_flight(engine), 12);
    assert_true(weir_engine_max_bytes(engine) == SIZE_MAX);
    weir_engine_close(engine);
    engine = open_engine(2, SIZE_MAX, 0);
    assert_true(weir_engine_max_in_flight(engine) == SIZE_MAX);
    weir_engine_close(engine);
}

static void a_bad_option_or_variable_opens_no_engine(void **state)
{
    const weir_engine_options too_many = {.workers = 4097};
    weir_engine *engine = (weir_engine *)&too_many;
    (void)state;
    assert_status(WEIR_EINVAL, weir_engine_open(&too_many, &engine));
    assert_null(engine);
    setenv("WEIR_MAX_BYTES", "64 M", 1);
    engine = (weir_engine *)&too_many;
    assert_status(WEIR_EINVAL, weir_engine_open(NULL, &engine));
    assert_null(engine);
    assert_string_equal(weir_last_error()->where, "WEIR_MAX_BYTES");
    unsetenv("WEIR_MAX_BYTES");
    assert_status(WEIR_EINVAL, weir_engine_open(NULL, NULL));
    assert_string_equal(weir_last_error()->where, "engine");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, clear_environment, clear_environment)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_table_has_a_row_for_every_field_of_the_options),
        TEST(nothing_said_leaves_every_field_zero),
        TEST(every_variable_sets_its_own_field_only),
        TEST(a_bad_value_is_refused_naming_the_variable_and_what_is_right),
        TEST(an_empty_variable_counts_as_unset),
        TEST(an_explicit_option_wins_over_the_environment),
        TEST(a_bad_variable_is_refused_even_where_an_option_overrides_it),
        TEST(an_explicit_option_out_of_range_is_refused_naming_the_field),
        TEST(sizes_are_read_with_their_units),
        TEST(what_is_no_size_is_refused_with_the_text_quoted),
        TEST(a_missing_argument_of_parse_bytes_is_named),
        TEST(an_engine_is_opened_with_what_the_environment_says),
        TEST(the_default_limits_are_four_parts_a_worker_and_no_bytes),
        TEST(a_bad_option_or_variable_opens_no_engine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
