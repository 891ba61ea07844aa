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
	const char *textfile;
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
	assert_true(host_metrics_write_one(
		&(struct host_metrics_settings){ .root = t->root, .textfile = t->textfile },
		collector, &t->out));
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

static void quantities_are_told_as_bcache_writes_them(void **state)
{
	scoped(tree_fini) struct tree t;

	(void)state;
	tree_init(&t);
	put(&t, "/sys/fs/bcache/a-b/bdev0/dirty_data", "1.5M\n");
	put(&t, "/sys/fs/bcache/a-b/bdev0/writeback_rate_debug",
		"rate:\t\t1.1M/sec\nproportional:\t-427.5k\nchange:\tnone\n");
	put(&t, "/sys/fs/bcache/register", "");
	collect(&t, "bcache");
	assert_true(says(&t, "node_bcache_dirty_data_bytes{backing_device=\"bdev0\",uuid=\"a-b\"} "
			     "1.560576e+06"));
	assert_true(
		says(&t, "node_bcache_writeback_rate_proportional_term{backing_device=\"bdev0\","
			 "uuid=\"a-b\"} -437748"));
	assert_null(strstr(t.out.s, "writeback_change"));
	assert_null(strstr(t.out.s, "register"));
}

static void a_balancers_backends_have_readable_addresses(void **state)
{
	scoped(tree_fini) struct tree t;

	(void)state;
	tree_init(&t);
	put(&t, "/proc/net/ip_vs",
		"UDP  [2620:0000:0000:0000:0000:0000:0000:0001]:0050 sh\n"
		"  -> [2620:0000:0000:0000:0000:0000:0000:0002]:0050 Route 1 0 3\n"
		"XYZ  C0A80016:0CEA wlc\n  -> C0A85216:0CEA Tunnel 100 248 2\n");
	collect(&t, "ipvs");
	assert_true(says(&t, "node_ipvs_backend_connections_inactive{local_address=\"2620::1\","
			     "local_mark=\"\",local_port=\"80\",proto=\"UDP\",remote_address="
			     "\"2620::2\",remote_port=\"80\"} 3"));
	assert_null(strstr(t.out.s, "XYZ"));
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
			     "\"no such file or directory\",fstype=\"zfs\","
			     "mountpoint=\"/no such place\"} 1"));
	assert_null(strstr(t.out.s, "size_bytes{device=\"tank/photos\""));
	assert_null(strstr(t.out.s, "shm"));
	assert_null(strstr(t.out.s, "fstype=\"proc\""));
}

static void a_mount_over_another_is_there_and_told_of_once(void **state)
{
	scoped(tree_fini) struct tree t;
	const char *size;

	(void)state;
	tree_init(&t);
	put(&t, "/proc/1/mountinfo",
		"22 1 0:23 / / rw,relatime shared:1 - tmpfs shm rw\n"
		"23 22 0:27 / / rw,relatime - tmpfs shm rw\n"
		"24 23 0:27 / / rw,relatime - tmpfs shm rw\n");
	collect(&t, "filesystem");
	assert_true(says(&t, "node_filesystem_mount_info{device=\"shm\",major=\"0\",minor=\"23\","
			     "mountpoint=\"/\"} 1"));
	assert_true(says(&t, "node_filesystem_mount_info{device=\"shm\",major=\"0\",minor=\"27\","
			     "mountpoint=\"/\"} 1"));
	size = strstr(t.out.s, "node_filesystem_size_bytes{");
	assert_non_null(size);
	assert_null(strstr(size + 1, "node_filesystem_size_bytes{"));
	assert_null(strstr(strstr(t.out.s, "minor=\"27\"") + 1, "minor=\"27\""));
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
	host_metrics_write(&(struct host_metrics_settings){ .root = t.root }, &t.out);
	assert_true(says(&t, "node_scrape_collector_success{collector=\"loadavg\"} 0"));
	assert_true(says(&t, "node_scrape_collector_success{collector=\"meminfo\"} 1"));
	assert_true(says(&t, "node_memory_MemTotal_bytes 1024"));
}

static void this_machine_has_what_every_machine_has(void **state)
{
	scoped(str_fini) struct str out = STR_EMPTY;

	(void)state;
	host_metrics_write(&(struct host_metrics_settings){ .root = "" }, &out);
	assert_non_null(strstr(out.s, "\nnode_load1 "));
	assert_non_null(strstr(out.s, "\nnode_cpu_seconds_total{cpu=\"0\",mode=\"idle\"} "));
	assert_non_null(strstr(out.s, "\nnode_memory_MemAvailable_bytes "));
	assert_non_null(strstr(out.s, "\nnode_time_seconds "));
	assert_non_null(strstr(out.s, "\nnode_scrape_collector_success{collector=\"cpu\"} 1\n"));
}

static void controllers_of_nvme_are_named(void **state)
{
	scoped(tree_fini) struct tree t;

	(void)state;
	tree_init(&t);
	put(&t, "/sys/class/nvme/nvme0/model", "Samsung SSD 970 PRO 512GB               \n");
	put(&t, "/sys/class/nvme/nvme0/serial", "S680HF8N190894I\n");
	put(&t, "/sys/class/nvme/nvme0/firmware_rev", "1B2QEXP7\n");
	put(&t, "/sys/class/nvme/nvme0/state", "live\n");
	put(&t, "/sys/class/nvme/nvme0/cntlid", "1997\n");
	collect(&t, "nvme");
	assert_true(says(&t, "node_nvme_info{cntlid=\"1997\",device=\"nvme0\",firmware_revision="
			     "\"1B2QEXP7\",model=\"Samsung SSD 970 PRO 512GB\",serial="
			     "\"S680HF8N190894I\",state=\"live\"} 1"));
}

static void a_bond_counts_what_it_holds_and_what_is_up(void **state)
{
	scoped(tree_fini) struct tree t;

	(void)state;
	tree_init(&t);
	put(&t, "/sys/class/net/bonding_masters", "bond0 dmz\n");
	put(&t, "/sys/class/net/bond0/bonding/slaves", "eth0 eth4\n");
	put(&t, "/sys/class/net/bond0/lower_eth0/bonding_slave/mii_status", "up\n");
	put(&t, "/sys/class/net/bond0/slave_eth4/bonding_slave/mii_status", "down\n");
	put(&t, "/sys/class/net/dmz/bonding/slaves", "\n");
	collect(&t, "bonding");
	assert_true(says(&t, "node_bonding_slaves{master=\"bond0\"} 2"));
	assert_true(says(&t, "node_bonding_active{master=\"bond0\"} 1"));
	assert_true(says(&t, "node_bonding_slaves{master=\"dmz\"} 0"));
}

static void files_that_jobs_leave_are_metrics_too(void **state)
{
	scoped(tree_fini) struct tree t;

	(void)state;
	tree_init(&t);
	t.textfile = "/text";
	put(&t, "/text/a.prom",
		"# HELP backup_size_bytes how large\n# TYPE backup_size_bytes gauge\n"
		"backup_size_bytes{job=\"a b\"} 1.5\n"
		"# TYPE took histogram\ntook_bucket{le=\"+Inf\"} 2\ntook_sum 3\ntook_count 2\n");
	put(&t, "/text/b.prom", "# TYPE backup_size_bytes gauge\nbackup_size_bytes 7\nbare 1");
	put(&t, "/text/timed.prom", "timed 1 1000\n");
	put(&t, "/text/garbage.prom", "good 1\n{{{\n");
	put(&t, "/text/other.txt", "other 1\n");
	collect(&t, "textfile");
	assert_true(says(&t, "# TYPE backup_size_bytes gauge\nbackup_size_bytes{job=\"a b\"} 1.5\n"
			     "backup_size_bytes 7"));
	assert_true(says(&t, "# TYPE took histogram\ntook_bucket{le=\"+Inf\"} 2\ntook_sum 3\n"
			     "took_count 2"));
	assert_true(says(&t, "# TYPE bare untyped\nbare 1"));
	assert_null(strstr(t.out.s, "timed 1"));
	assert_null(strstr(t.out.s, "good"));
	assert_null(strstr(t.out.s, "other 1"));
	assert_non_null(strstr(t.out.s, "node_textfile_mtime_seconds{file=\"/text/a.prom\"} 1"));
	assert_true(says(&t, "node_textfile_scrape_error 1"));
	assert_null(strstr(t.out.s, "mtime_seconds{file=\"/text/timed.prom\""));
}

static void without_a_folder_there_is_no_error_in_it(void **state)
{
	scoped(tree_fini) struct tree t;

	(void)state;
	tree_init(&t);
	collect(&t, "textfile");
	assert_true(says(&t, "node_textfile_scrape_error 0"));
}

static void processes_may_have_any_name(void **state)
{
	scoped(tree_fini) struct tree t;

	(void)state;
	tree_init(&t);
	put(&t, "/proc/1/stat", "1 (init) S 0 1 1 0 -1 4194560 1 1 1 1 1 1 1 1 20 0 1 0 5 1");
	put(&t, "/proc/27/stat",
		"27 (a) R (b) Z 1 27 27 0 -1 4194560 1 1 1 1 1 1 1 1 20 0 12 0 5 1");
	put(&t, "/proc/28/stat", "28 (cut off");
	put(&t, "/proc/sys/kernel/pid_max", "32768\n");
	collect(&t, "processes");
	assert_true(says(&t, "node_processes_pids 2"));
	assert_true(says(&t, "node_processes_threads 13"));
	assert_true(says(&t, "node_processes_state{state=\"S\"} 1"));
	assert_true(says(&t, "node_processes_state{state=\"Z\"} 1"));
	assert_null(strstr(t.out.s, "state=\"R\""));
	assert_true(says(&t, "node_processes_max_processes 32768"));
}

static void interrupts_are_told_where_there_were_any(void **state)
{
	scoped(tree_fini) struct tree t;

	(void)state;
	tree_init(&t);
	put(&t, "/proc/interrupts",
		"           CPU0       CPU1\n"
		" 24:          1          0  IO-APIC   5-edge      ACPI:Ged\n"
		"NMI:          0          7   Non-maskable interrupts\n"
		"ERR:          9\n");
	collect(&t, "interrupts");
	assert_true(says(&t, "node_interrupts_total{cpu=\"0\",devices=\"5-edge ACPI:Ged\","
			     "info=\"IO-APIC\",type=\"24\"} 1"));
	assert_true(says(&t, "node_interrupts_total{cpu=\"1\",devices=\"\","
			     "info=\"Non-maskable interrupts\",type=\"NMI\"} 7"));
	assert_null(strstr(t.out.s, "ERR"));
	assert_null(strstr(t.out.s, "cpu=\"1\",devices=\"5-edge"));
}

static void connections_are_counted_by_state(void **state)
{
	scoped(tree_fini) struct tree t;

	(void)state;
	tree_init(&t);
	put(&t, "/proc/net/tcp",
		"  sl  local_address rem_address   st tx_queue rx_queue tr\n"
		"   0: 0100007F:1F90 00000000:0000 0A 00000000:00000003 00:00000000 0\n"
		"   1: 0100007F:1F90 0100007F:C2A8 01 00000010:00000000 00:00000000 0\n");
	put(&t, "/proc/net/tcp6",
		"  sl  local_address rem_address   st tx_queue rx_queue tr\n"
		"   0: 0:1F90 0:0000 0A 00000000:00000000 00:00000000 0\n");
	collect(&t, "tcpstat");
	assert_true(says(&t, "node_tcp_connection_states{state=\"listen\"} 2"));
	assert_true(says(&t, "node_tcp_connection_states{state=\"established\"} 1"));
	assert_true(says(&t, "node_tcp_connection_states{state=\"tx_queued_bytes\"} 16"));
	assert_true(says(&t, "node_tcp_connection_states{state=\"rx_queued_bytes\"} 3"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_is_named_after_its_field_and_counted_in_bytes),
		cmocka_unit_test(quantities_are_told_as_bcache_writes_them),
		cmocka_unit_test(a_balancers_backends_have_readable_addresses),
		cmocka_unit_test(disks_are_whole_ones_and_have_the_fields_of_their_kernel),
		cmocka_unit_test(a_mount_is_asked_and_one_that_fails_says_so),
		cmocka_unit_test(a_mount_over_another_is_there_and_told_of_once),
		cmocka_unit_test(sensors_have_the_units_of_their_kind),
		cmocka_unit_test(pools_say_their_state_and_the_arc_its_size),
		cmocka_unit_test(of_the_network_only_the_usual_fields_are_kept),
		cmocka_unit_test(what_is_garbage_fails_its_collector_and_no_other),
		cmocka_unit_test(this_machine_has_what_every_machine_has),
		cmocka_unit_test(files_that_jobs_leave_are_metrics_too),
		cmocka_unit_test(without_a_folder_there_is_no_error_in_it),
		cmocka_unit_test(controllers_of_nvme_are_named),
		cmocka_unit_test(processes_may_have_any_name),
		cmocka_unit_test(interrupts_are_told_where_there_were_any),
		cmocka_unit_test(connections_are_counted_by_state),
		cmocka_unit_test(a_bond_counts_what_it_holds_and_what_is_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
