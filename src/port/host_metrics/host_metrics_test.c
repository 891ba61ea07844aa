/* SPDX-License-Identifier: Apache-2.0 */
/* Collectors over a small tree of files as kernels write them, and over this machine. */
#include "port/host_metrics/host_metrics.h"

#include "base/mem.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct tree {
	char root[64];
	struct str out;
};

static void tree_init(struct tree *t)
{
	*t = (struct tree){ .root = "/tmp/host_metrics.XXXXXX" };
	assert_non_null(mkdtemp(t->root));
}

static void tree_fini(struct tree *t)
{
	char command[128];

	snprintf(command, sizeof command, "rm -rf '%s'", t->root);
	assert_int_equal(system(command), 0);
	str_fini(&t->out);
}
SCOPED_FINI(tree_fini, struct tree)

static void put(const struct tree *t, const char *path, const char *text)
{
	char whole[512];
	FILE *f;

	snprintf(whole, sizeof whole, "%s%s", t->root, path);
	for (char *c = whole + strlen(t->root) + 1; *c; c++) {
		if (*c != '/')
			continue;
		*c = '\0';
		assert_true(mkdir(whole, 0700) == 0 || errno == EEXIST);
		*c = '/';
	}
	f = fopen(whole, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void collect(struct tree *t, const char *collector)
{
	str_clear(&t->out);
	assert_true(host_metrics_write_one(t->root, collector, &t->out));
}

/* Whole lines. */
static bool says(const struct tree *t, const char *line)
{
	char wanted[512];

	snprintf(wanted, sizeof wanted, "\n%s\n", line);
	return strstr(str_c(&t->out), wanted) != NULL;
}

static void memory_is_named_after_its_field_and_counted_in_bytes(void **state)
{
	scoped(tree_fini) struct tree t;

	(void)state;
	tree_init(&t);
	put(&t, "/proc/meminfo",
		"MemTotal:       24684084 kB\nActive(anon):     10 kB\nHugePages_Total:       3\n");
	collect(&t, "meminfo");
	assert_true(says(&t, "node_memory_MemTotal_bytes 25276502016"));
	assert_true(says(&t, "node_memory_Active_anon_bytes 10240"));
	assert_true(says(&t, "node_memory_HugePages_Total 3"));
	assert_true(says(&t, "# TYPE node_memory_MemTotal_bytes gauge"));
}

static void disks_are_whole_ones_and_have_the_fields_of_their_kernel(void **state)
{
	scoped(tree_fini) struct tree t;

	(void)state;
	tree_init(&t);
	put(&t, "/proc/diskstats",
		"   8  0 sda 10 1 2048 500 20 2 4096 1500 1 700 2000\n"
		"   8  1 sda1 1 1 1 1 1 1 1 1 1 1 1\n"
		" 259  0 nvme0n1 1 0 8 1 1 0 8 1 0 1 1 5 6 7 8 9 10\n"
		" 259  1 nvme0n1p1 1 0 8 1 1 0 8 1 0 1 1\n"
		"   7  0 loop0 1 0 8 1 1 0 8 1 0 1 1\n");
	put(&t, "/sys/block/sda/queue/rotational", "1\n");
	collect(&t, "diskstats");
	assert_true(says(&t, "node_disk_read_bytes_total{device=\"sda\"} 1.048576e+06"));
	assert_true(says(&t, "node_disk_write_time_seconds_total{device=\"sda\"} 1.5"));
	assert_true(says(&t, "node_disk_flush_requests_total{device=\"nvme0n1\"} 9"));
	assert_null(strstr(t.out.s, "flush_requests_total{device=\"sda\"}"));
	assert_null(strstr(t.out.s, "sda1"));
	assert_null(strstr(t.out.s, "nvme0n1p1"));
	assert_null(strstr(t.out.s, "loop0"));
	assert_non_null(strstr(t.out.s, "rotational=\"1\""));
}

static void a_mount_is_asked_and_one_that_fails_says_so(void **state)
{
	scoped(tree_fini) struct tree t;

	(void)state;
	tree_init(&t);
	put(&t, "/proc/1/mountinfo",
		"22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw\n"
		"23 1 0:50 / /no\\040such\\040place ro - zfs tank/photos ro\n"
		"24 22 0:21 / /proc rw - proc proc rw\n"
		"25 22 0:22 / /dev/shm rw - tmpfs shm rw\n");
	collect(&t, "filesystem");
	assert_non_null(strstr(t.out.s, "node_filesystem_size_bytes{device=\"/dev/vda\""));
	assert_true(says(&t, "node_filesystem_device_error{device=\"tank/photos\",device_error="
			     "\"No such file or directory\",fstype=\"zfs\","
			     "mountpoint=\"/no such place\"} 1"));
	assert_null(strstr(t.out.s, "size_bytes{device=\"tank/photos\""));
	assert_null(strstr(t.out.s, "shm"));
	assert_null(strstr(t.out.s, "fstype=\"proc\""));
}

static void sensors_have_the_units_of_their_kind(void **state)
{
	scoped(tree_fini) struct tree t;

	(void)state;
	tree_init(&t);
	put(&t, "/sys/class/hwmon/hwmon0/name", "coretemp\n");
	put(&t, "/sys/class/hwmon/hwmon0/temp1_input", "45500\n");
	put(&t, "/sys/class/hwmon/hwmon0/temp1_crit", "100000\n");
	put(&t, "/sys/class/hwmon/hwmon0/temp1_label", "Package id 0\n");
	put(&t, "/sys/class/hwmon/hwmon0/fan1_input", "1200\n");
	put(&t, "/sys/class/hwmon/hwmon0/in0_input", "1210\n");
	collect(&t, "hwmon");
	assert_true(says(&t, "node_hwmon_temp_celsius{chip=\"coretemp\",sensor=\"temp1\"} 45.5"));
	assert_true(
		says(&t, "node_hwmon_temp_crit_celsius{chip=\"coretemp\",sensor=\"temp1\"} 100"));
	assert_true(says(&t, "node_hwmon_fan_rpm{chip=\"coretemp\",sensor=\"fan1\"} 1200"));
	assert_true(says(&t, "node_hwmon_in_volts{chip=\"coretemp\",sensor=\"in0\"} 1.21"));
	assert_true(says(&t, "node_hwmon_sensor_label{chip=\"coretemp\",label=\"Package id 0\","
			     "sensor=\"temp1\"} 1"));
}

static void pools_say_their_state_and_the_arc_its_size(void **state)
{
	scoped(tree_fini) struct tree t;

	(void)state;
	tree_init(&t);
	put(&t, "/proc/spl/kstat/zfs/arcstats",
		"13 1 0x01 147 39984 8277 10405\nname                            type data\n"
		"hits                            4    999\nsize                            4    "
		"1048576\n");
	put(&t, "/proc/spl/kstat/zfs/tank/state", "DEGRADED\n");
	put(&t, "/proc/spl/kstat/zfs/tank/objset-0x36",
		"23 1 0x01 7 2160 1 2\nname type data\ndataset_name 7 tank/photos\nnread 4 77\n");
	collect(&t, "zfs");
	assert_true(says(&t, "node_zfs_arc_hits 999"));
	assert_true(says(&t, "node_zfs_arc_size 1.048576e+06"));
	assert_true(says(&t, "node_zfs_zpool_state{state=\"degraded\",zpool=\"tank\"} 1"));
	assert_true(says(&t, "node_zfs_zpool_state{state=\"online\",zpool=\"tank\"} 0"));
	assert_true(says(&t,
		"node_zfs_zpool_dataset_nread{dataset=\"tank/photos\",zpool=\"tank\"} 77"));
}

static void of_the_network_only_the_usual_fields_are_kept(void **state)
{
	scoped(tree_fini) struct tree t;

	(void)state;
	tree_init(&t);
	put(&t, "/proc/net/snmp",
		"Tcp: RtoMin ActiveOpens InErrs\nTcp: 200 17 3\nUdp: InDatagrams\nUdp: 5\n");
	put(&t, "/proc/net/snmp6", "Ip6InOctets 12\nIp6InHdrErrors 1\n");
	collect(&t, "netstat");
	assert_true(says(&t, "node_netstat_Tcp_ActiveOpens 17"));
	assert_true(says(&t, "node_netstat_Tcp_InErrs 3"));
	assert_true(says(&t, "node_netstat_Ip6_InOctets 12"));
	assert_null(strstr(t.out.s, "RtoMin"));
	assert_null(strstr(t.out.s, "HdrErrors"));
}

static void what_is_garbage_fails_its_collector_and_no_other(void **state)
{
	scoped(tree_fini) struct tree t;

	(void)state;
	tree_init(&t);
	put(&t, "/proc/loadavg", "\n");
	put(&t, "/proc/meminfo", "MemTotal: 1 kB\n");
	host_metrics_write(t.root, &t.out);
	assert_true(says(&t, "node_scrape_collector_success{collector=\"loadavg\"} 0"));
	assert_true(says(&t, "node_scrape_collector_success{collector=\"meminfo\"} 1"));
	assert_true(says(&t, "node_memory_MemTotal_bytes 1024"));
}

static void this_machine_has_what_every_machine_has(void **state)
{
	scoped(str_fini) struct str out = STR_EMPTY;

	(void)state;
	host_metrics_write("", &out);
	assert_non_null(strstr(out.s, "\nnode_load1 "));
	assert_non_null(strstr(out.s, "\nnode_cpu_seconds_total{cpu=\"0\",mode=\"idle\"} "));
	assert_non_null(strstr(out.s, "\nnode_memory_MemAvailable_bytes "));
	assert_non_null(strstr(out.s, "\nnode_time_seconds "));
	assert_non_null(strstr(out.s, "\nnode_scrape_collector_success{collector=\"cpu\"} 1\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_is_named_after_its_field_and_counted_in_bytes),
		cmocka_unit_test(disks_are_whole_ones_and_have_the_fields_of_their_kernel),
		cmocka_unit_test(a_mount_is_asked_and_one_that_fails_says_so),
		cmocka_unit_test(sensors_have_the_units_of_their_kind),
		cmocka_unit_test(pools_say_their_state_and_the_arc_its_size),
		cmocka_unit_test(of_the_network_only_the_usual_fields_are_kept),
		cmocka_unit_test(what_is_garbage_fails_its_collector_and_no_other),
		cmocka_unit_test(this_machine_has_what_every_machine_has),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
