/* What `weir topo` shows on terminals of several widths.
 *
 * The machines are made up, so that the answers are the same everywhere.  It must never depend on
 * the machine that it runs on. */
#include "command.h"
#include "on_terminal.h"

#include <sched.h>

static void no_line_is_wider_than_the_terminal(void **state)
{
    static const char *const machines[] = {
        "pack:1\tcore:2\tpu:1", "pack:2\tnuma:2\tl3:2\tcore:64\tpu:4", "pack:1\tcore:3\tpu:16"};
    static const char *const policies[] = {"core", "pu", "spread", "none"};
    static const unsigned short widths[] = {40, 57, 80, 96, 200};
    (void)state;
    for (size_t i = 0; i < 3; i++)
        for (size_t k = 0; k < 4; k++)
            for (size_t w = 0; w < 5; w++) {
                char line[160];
                snprintf(line, sizeof line, "topo --bind %s --workers 300 --synthetic %s",
                         policies[k], machines[i]);
                run_on_terminal(widths[w], line);
                assert_int_equal(r.code, 0);
                assert_contains(r.out, "package 0");
                if (widest_line() > widths[w])
                    fail_msg("%u columns on %u:\n%s", widest_line(), widths[w], r.out);
            }
}

static void a_drawing_holds_long_descriptions_and_leaves_no_half_file(void **state)
{
    (void)state;
    run("topo --svg a.svg --synthetic "
        "Package:1\tNUMANode:1(memory=17179869184)\tL3Cache:1(size=33554432)\t"
        "L2Cache:2(size=1048576)\tCore:1\tPU:1");
    assert_int_equal(r.code, 0);
    assert_contains(r.out, "2 workers");
    read_file("a.svg", r.out);
    assert_contains(r.out, "Package:1 NUMANode:1(");
    assert_contains(r.out, "…</text>");
    assert_string_equal(r.out + strlen(r.out) - 7, "</svg>\n");
    run("topo --svg - --synthetic core:2\tpu:1");
    assert_int_equal(r.code, 0);
    assert_int_equal(strncmp(r.out, "<svg xmlns", 10), 0);
    assert_string_equal(r.out + strlen(r.out) - 7, "</svg>\n");
    assert_fails("topo --svg - --json", 2, "both write to standard output");
    assert_fails("topo --svg no/such/place.svg", 1, "no/such/place.svg: No such file");
    if (access("/dev/full", W_OK) == 0)
        assert_fails("topo --svg /dev/full", 1, "--svg /dev/full: No space left");
}

static void numbers_are_the_operating_systems(void **state)
{
    (void)state;
    run("topo --synthetic "
        "pack:2(indexes=3,1)\t[numa(memory=17179869184\tindexes=7,2)]\tcore:2\tpu:1");
    assert_int_equal(r.code, 0);
    assert_contains(r.out, "package 3, NUMA node 7 (16.0 GiB)");
    assert_contains(r.out, "package 1, NUMA node 2 (16.0 GiB)");
    assert_contains(r.out, "     3        1          2     3                0          3");
    run_json("topo --json --synthetic pack:2(indexes=3,1)\t[numa(indexes=7,2)]\tcore:1\tpu:1");
    assert_contains(r.out, "\"package\": 3,\n      \"numa_node\": 7,");
    assert_contains(r.out, "\"package\": 1,\n      \"numa_node\": 2,");
}

static void caches_memory_and_nodes_without_cpus_are_shown(void **state)
{
    static const char machine[] = "[numa(memory=68719476736)]\tpack:2\t[numa(memory=17179869184)]\t"
                                  "l3:1(size=33554432)\tl2:2(size=1048576)\tl1:1(size=32768)\t"
                                  "core:1\tpu:2";
    char line[320];
    (void)state;
    snprintf(line, sizeof line, "topo --svg a.svg --synthetic %s", machine);
    run(line);
    assert_int_equal(r.code, 0);
    assert_contains(r.out, "2 NUMA nodes and 1 of memory only, 4 cores, 8 hardware threads");
    assert_contains(r.out, "caches: L1 32.0 KiB, L2 1.0 MiB, L3 32.0 MiB; memory: 96.0 GiB; "
                           "memory only: NUMA node 2 (64.0 GiB)");
    read_file("a.svg", r.out);
    assert_contains(r.out, "memory only: NUMA node 2");
    assert_contains(r.out, "4 workers (one a core)");
    snprintf(line, sizeof line, "topo --json --synthetic %s", machine);
    run_json(line);
    assert_contains(r.out, "\"hardware_threads\": 0,\n      \"memory_bytes\": 68719476736");
    assert_contains(r.out, "\"l2_bytes\": 1048576");
    run("topo --synthetic pack:2\tcore:2\tpu:1"); /* what nobody said is not made up */
    assert_null(strstr(r.out, "memory"));
    assert_null(strstr(r.out, "caches"));
}

static void share_and_policy_are_shown_with_the_reason(void **state)
{
    (void)state;
    run("topo --synthetic pack:2\tcore:4\tpu:2 --share 1/2 --svg a.svg");
    assert_int_equal(r.code, 0);
    assert_contains(r.out, "share 1/2 (as asked for): cores 4 to 7\n");
    assert_contains(r.out, "4 workers (one a core), bound one a core, neighbours first: the team "
                           "fills its share\n");
    assert_contains(r.out, "core 0  [-|-] [-|-] [-|-] [-|-]");
    assert_contains(r.out, "core 4  [0|-] [1|-] [2|-] [3|-]");
    read_file("a.svg", r.out);
    assert_contains(r.out, "share 1/2");
    run("topo --synthetic pack:2\tcore:4\tpu:2 --workers 3");
    assert_contains(r.out,
                    "3 workers (as asked for), not bound: 3 of 8 cores; --bind core binds\n");
    run("topo --synthetic core:2\tpu:2 --share 2/4");
    assert_contains(r.out, "core 1, hardware thread 0\n");
    assert_fails("topo --synthetic pu:2 --share 2/2", 2, "--share is a part like 1/4");
    assert_fails("topo --synthetic pu:2 --share 1", 2, "not '1'");
    setenv("WEIR_SHARE", "0/1", 1);
    run_json("topo --json");
    assert_contains(r.out, "\"share_why\": \"WEIR_SHARE\"");
    setenv("WEIR_SHARE", "3/2", 1);
    assert_fails("topo", 2, "WEIR_SHARE is '3/2'; it must be a part like 1/4");
    unsetenv("WEIR_SHARE");
}

static void the_machine_is_this_one_whatever_hwloc_is_told(void **state)
{
    (void)state;
    setenv("HWLOC_SYNTHETIC", "pack:2 core:64 pu:1", 1);
    run("topo");
    assert_int_equal(r.code, 0);
    assert_contains(r.out, "hwloc is told of another machine by HWLOC_SYNTHETIC");
    assert_contains(r.out, "this machine: ");
    assert_null(strstr(r.out, "128"));
    run("topo --synthetic core:3\tpu:1");
    unsetenv("HWLOC_SYNTHETIC");
    assert_contains(r.out, "described machine: 1 package, 1 NUMA node, 3 cores");
}

/* Memory of one package only: a cgroup may leave the other one's node out. The file is taken as that
 * of this machine, so the CPUs must be here. */
static void a_cpu_without_a_node_of_its_own_makes_no_node(void **state)
{
    static const char xml[] =
        "<?xml version=\"1.0\"?><!DOCTYPE topology SYSTEM \"hwloc2.dtd\"><topology version=\"2.0\">"
        "<object type=\"Machine\" os_index=\"0\" cpuset=\"0x3\" complete_cpuset=\"0x3\" "
        "allowed_cpuset=\"0x3\" nodeset=\"0x10\" complete_nodeset=\"0x10\" "
        "allowed_nodeset=\"0x10\" gp_index=\"1\">"
        "<object type=\"Package\" os_index=\"0\" cpuset=\"0x1\" complete_cpuset=\"0x1\" "
        "nodeset=\"0x10\" complete_nodeset=\"0x10\" gp_index=\"2\">"
        "<object type=\"NUMANode\" os_index=\"4\" cpuset=\"0x1\" complete_cpuset=\"0x1\" "
        "nodeset=\"0x10\" complete_nodeset=\"0x10\" gp_index=\"3\" local_memory=\"1073741824\"/>"
        "<object type=\"PU\" os_index=\"0\" cpuset=\"0x1\" complete_cpuset=\"0x1\" "
        "nodeset=\"0x10\" "
        "complete_nodeset=\"0x10\" gp_index=\"4\"/></object>"
        "<object type=\"Package\" os_index=\"1\" cpuset=\"0x2\" complete_cpuset=\"0x2\" "
        "nodeset=\"0x0\" complete_nodeset=\"0x0\" gp_index=\"5\">"
        "<object type=\"PU\" os_index=\"1\" cpuset=\"0x2\" complete_cpuset=\"0x2\" nodeset=\"0x0\" "
        "complete_nodeset=\"0x0\" gp_index=\"6\"/></object></object></topology>";
    cpu_set_t mask;
    (void)state;
    assert_int_equal(sched_getaffinity(0, sizeof mask, &mask), 0);
    if (!CPU_ISSET(0, &mask) || !CPU_ISSET(1, &mask))
        skip();
    FILE *file = fopen("machine.xml", "w");
    assert_non_null(file);
    fputs(xml, file);
    fclose(file);
    setenv("HWLOC_XMLFILE", "machine.xml", 1);
    setenv("HWLOC_THISSYSTEM", "1", 1);
    run("topo --bind core --workers 2");
    assert_contains(r.out, "2 packages, 1 NUMA node, 2 cores, 2 hardware threads");
    assert_contains(r.out, "package 1, no NUMA node of its own");
    run_json("topo --json");
    assert_contains(r.out, "\"package\": 1,\n      \"numa_node\": null,");
    unsetenv("HWLOC_XMLFILE");
    unsetenv("HWLOC_THISSYSTEM");
}

static void tool_and_engine_have_one_limit_of_workers(void **state)
{
    (void)state;
    run("topo --synthetic pu:2 --workers 4096");
    assert_int_equal(r.code, 0);
    assert_fails("topo --synthetic pu:2 --workers 4097", 2, "from 1 to 4096");
    assert_fails("layers --workers 4097", 2, "from 1 to 4096");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_line_is_wider_than_the_terminal),
        cmocka_unit_test(a_drawing_holds_long_descriptions_and_leaves_no_half_file),
        cmocka_unit_test(numbers_are_the_operating_systems),
        cmocka_unit_test(caches_memory_and_nodes_without_cpus_are_shown),
        cmocka_unit_test(share_and_policy_are_shown_with_the_reason),
        cmocka_unit_test(the_machine_is_this_one_whatever_hwloc_is_told),
        cmocka_unit_test(a_cpu_without_a_node_of_its_own_makes_no_node),
        cmocka_unit_test(tool_and_engine_have_one_limit_of_workers),
    };
    return cmocka_run_group_tests(tests, enter_directory, leave_directory);
}
