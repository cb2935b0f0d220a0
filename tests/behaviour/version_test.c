/* Tests that the headers, the library and the build have one version.
 *
 * Run by ctest; TEST_VERSION is the version of the CMake project.  It must never name a version
 * itself. */
#include "support.h"

#include "weir/version.h"

static void the_headers_have_the_version_of_the_build(void **state)
{
    char text[64];
    (void)state;
    snprintf(text, sizeof text, "%d.%d.%d", WEIR_VERSION_MAJOR, WEIR_VERSION_MINOR,
             WEIR_VERSION_PATCH);
    assert_string_equal(text, TEST_VERSION);
}

static void the_library_has_the_version_of_the_headers(void **state)
{
    (void)state;
    assert_string_equal(weir_version(), TEST_VERSION);
}

static void the_number_orders_versions(void **state)
{
    int major, minor, patch;
    (void)state;
    assert_int_equal(sscanf(weir_version(), "%d.%d.%d", &major, &minor, &patch), 3);
    assert_int_equal(WEIR_VERSION, 10000 * major + 100 * minor + patch);
    assert_true(minor < 100 && patch < 100);
#if WEIR_VERSION < 1
    fail_msg("WEIR_VERSION is for #if as well");
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_headers_have_the_version_of_the_build),
        cmocka_unit_test(the_library_has_the_version_of_the_headers),
        cmocka_unit_test(the_number_orders_versions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
