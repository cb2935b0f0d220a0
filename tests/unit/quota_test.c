/* CPU quotas, read from trees of real files that look like /proc and the cgroup file systems.
 *
 * Runs on any machine.  It must never read the quota of the machine that runs it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "machine/quota.h"

#define V2_MOUNT "30 1 0:27 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw\n"
#define V1_MOUNT                                                                                   \
    "29 1 0:25 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n"                                             \
    "31 29 0:28 / /sys/fs/cgroup/cpuset rw shared:7 - cgroup cgroup rw,cpuset\n"                   \
    "32 29 0:29 / /sys/fs/cgroup/cpu,cpuacct rw shared:8 - cgroup cgroup rw,cpu,cpuacct\n"
#define V1_DIRECTORY "/sys/fs/cgroup/cpu,cpuacct"

static char root[64];

/* Exact: quotas are ratios of small whole numbers. */
#define assert_quota(cpus) assert_true(weir__quota_cpus(root) == (cpus))

/* Writes a file below the root, and the directories that lead to it. */
static void write_file(const char *path, const char *content)
{
    char full[512];
    snprintf(full, sizeof full, "%s%s", root, path);
    for (char *slash = strchr(full + strlen(root) + 1, '/'); slash != NULL;
         slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(full, 0700);
        *slash = '/';
    }
    FILE *file = fopen(full, "w");
    assert_non_null(file);
    assert_true(fputs(content, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static int make_root(void **state)
{
    (void)state;
    strcpy(root, "/tmp/weir-quota-XXXXXX");
    return mkdtemp(root) == NULL;
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
    (void)status, (void)type, (void)ftw;
    return remove(path);
}

static int remove_root(void **state)
{
    (void)state;
    return nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void no_files_are_no_quota(void **state)
{
    (void)state;
    assert_quota(0);
    write_file("/proc/self/mountinfo", V2_MOUNT);
    assert_quota(0);
    write_file("/proc/self/cgroup", "0::/job\n");
    assert_quota(0);
}

static void v2_is_exact(void **state)
{
    (void)state;
    write_file("/proc/self/mountinfo", V2_MOUNT);
    write_file("/proc/self/cgroup", "0::/job\n");
    write_file("/sys/fs/cgroup/job/cpu.max", "150000 100000\n");
    assert_quota(1.5);
    write_file("/sys/fs/cgroup/job/cpu.max", "400000 100000\n");
    assert_quota(4);
    write_file("/sys/fs/cgroup/job/cpu.max", "1000 100000\n");
    assert_quota(0.01);
    write_file("/sys/fs/cgroup/job/cpu.max", "max 100000\n");
    assert_quota(0);
}

static void the_smallest_quota_up_to_the_root_wins(void **state)
{
    (void)state;
    write_file("/proc/self/mountinfo", V2_MOUNT);
    write_file("/proc/self/cgroup", "0::/user/job/step\n");
    write_file("/sys/fs/cgroup/user/cpu.max", "300000 100000\n");
    write_file("/sys/fs/cgroup/user/job/cpu.max", "max 100000\n");
    write_file("/sys/fs/cgroup/user/job/step/cpu.max", "800000 100000\n");
    assert_quota(3);
    write_file("/sys/fs/cgroup/cpu.max", "200000 100000\n");
    assert_quota(2);
    write_file("/sys/fs/cgroup/other/cpu.max", "100000 100000\n");
    assert_quota(2);
}

static void v1_is_read_where_the_cpu_controller_is_mounted(void **state)
{
    (void)state;
    write_file("/proc/self/mountinfo", V1_MOUNT);
    write_file("/proc/self/cgroup", "7:cpuset:/set\n4:cpu,cpuacct:/slurm/job\n0::/\n");
    write_file(V1_DIRECTORY "/slurm/job/cpu.cfs_quota_us", "-1\n");
    write_file(V1_DIRECTORY "/slurm/job/cpu.cfs_period_us", "100000\n");
    assert_quota(0);
    write_file(V1_DIRECTORY "/slurm/cpu.cfs_quota_us", "250000\n");
    write_file(V1_DIRECTORY "/slurm/cpu.cfs_period_us", "50000\n");
    assert_quota(5);
    write_file("/sys/fs/cgroup/cpuset/set/cpu.cfs_quota_us", "1\n");
    write_file("/sys/fs/cgroup/cpuset/set/cpu.cfs_period_us", "1\n");
    assert_quota(5);
}

static void a_container_sees_its_own_part_of_the_hierarchy(void **state)
{
    (void)state;
    write_file("/proc/self/mountinfo", "30 1 0:27 /box/1 /sys/fs/cgroup rw - cgroup2 cgroup rw\n");
    write_file("/proc/self/cgroup", "0::/box/1/inner\n");
    write_file("/sys/fs/cgroup/cpu.max", "700000 100000\n");
    assert_quota(7);
    write_file("/sys/fs/cgroup/inner/cpu.max", "600000 100000\n");
    assert_quota(6);
    write_file("/proc/self/cgroup", "0::/box/12\n"); /* a neighbour with a similar name */
    assert_quota(7);
    write_file("/proc/self/cgroup", "0::/../../inner\n"); /* outside of the namespace */
    assert_quota(7);
}

static void malformed_v2_quotas_are_none(void **state)
{
    static const char *const bad[] = {"",          "\n",
                                      "100000",    "100000 ",
                                      "x y\n",     "100000 0",
                                      "0 100000",  "-5 100000",
                                      "100000 -1", "1e6 100000",
                                      "100000x 1", "100000 1x",
                                      " max\n",    "99999999999999999999999 100000\n"};
    (void)state;
    write_file("/proc/self/mountinfo", V2_MOUNT);
    write_file("/proc/self/cgroup", "0::/job\n");
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        write_file("/sys/fs/cgroup/job/cpu.max", bad[i]);
        assert_quota(0);
    }
    write_file("/sys/fs/cgroup/job/cpu.max", "9223372036854775807 1\n");
    assert_quota(9223372036854775807.0);
}

static void malformed_v1_quotas_are_none(void **state)
{
    static const char *const bad[] = {"",   "\n",  "x",  "0",
                                      "-1", "1e6", "5,", "99999999999999999999999"};
    (void)state;
    write_file("/proc/self/mountinfo", V1_MOUNT);
    write_file("/proc/self/cgroup", "4:cpu,cpuacct:/\n");
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        write_file(V1_DIRECTORY "/cpu.cfs_quota_us", bad[i]);
        write_file(V1_DIRECTORY "/cpu.cfs_period_us", "100000\n");
        assert_quota(0);
        write_file(V1_DIRECTORY "/cpu.cfs_quota_us", "100000\n");
        assert_quota(1);
        write_file(V1_DIRECTORY "/cpu.cfs_period_us", bad[i]);
        assert_quota(0);
    }
}

static void malformed_system_files_are_no_quota(void **state)
{
    static const char *const mounts[] = {
        "",
        "-",
        " - ",
        " - cgroup2",
        " - cgroup2 a b\n",
        "30 1 - \n",
        "30 1 0:1 / - cgroup2 a b\n",
        "30 1 0:1 / /x - cgroup\n",
    };
    static const char *const cgroups[] = {"", "0:", "0::", ":", "::\n", "nonsense\n", "0:cpu\n"};
    (void)state;
    write_file("/proc/self/cgroup", "0::/job\n");
    write_file("/sys/fs/cgroup/job/cpu.max", "100000 100000\n");
    for (size_t i = 0; i < sizeof mounts / sizeof mounts[0]; i++) {
        write_file("/proc/self/mountinfo", mounts[i]);
        assert_quota(0);
    }
    write_file("/proc/self/mountinfo", V2_MOUNT V1_MOUNT);
    for (size_t i = 0; i < sizeof cgroups / sizeof cgroups[0]; i++) {
        write_file("/proc/self/cgroup", cgroups[i]);
        assert_quota(0);
    }
}

static void long_lines_are_passed_over(void **state)
{
    static char text[40000];
    (void)state;
    memset(text, 'a', 20000);
    strcpy(text + 20000, " - cgroup2 x y\n" V2_MOUNT);
    write_file("/proc/self/mountinfo", text);
    write_file("/proc/self/cgroup", "0::/job\n");
    write_file("/sys/fs/cgroup/job/cpu.max", "300000 100000\n");
    assert_quota(3);
    memset(text, '/', 20000);
    memcpy(text, "0::", 3);
    strcpy(text + 20000, "\n");
    write_file("/proc/self/cgroup", text);
    assert_quota(0);
}

#define QUOTA_TEST(f) cmocka_unit_test_setup_teardown(f, make_root, remove_root)

int main(void)
{
    const struct CMUnitTest tests[] = {
        QUOTA_TEST(no_files_are_no_quota),
        QUOTA_TEST(v2_is_exact),
        QUOTA_TEST(the_smallest_quota_up_to_the_root_wins),
        QUOTA_TEST(v1_is_read_where_the_cpu_controller_is_mounted),
        QUOTA_TEST(a_container_sees_its_own_part_of_the_hierarchy),
        QUOTA_TEST(malformed_v2_quotas_are_none),
        QUOTA_TEST(malformed_v1_quotas_are_none),
        QUOTA_TEST(malformed_system_files_are_no_quota),
        QUOTA_TEST(long_lines_are_passed_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
