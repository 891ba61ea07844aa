/* SPDX-License-Identifier: Apache-2.0 */
#include "port/host_metrics/smart.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static json_t *report(const char *name)
{
	const char *source = getenv("DIARCHY_SOURCE");
	char path[512], text[16384];
	json_t *said = NULL;
	struct err e = { 0 };
	size_t n;
	FILE *f;

	snprintf(path, sizeof path, "%s/test/corpus/smart/%s", source ? source : ".", name);
	f = fopen(path, "r");
	assert_non_null(f);
	n = fread(text, 1, sizeof text, f);
	fclose(f);
	if (smart_json_read(&said, text, n, &e) != RC_OK)
		fail_msg("%s: %s", name, e.text);
	return said;
}

static void assert_says(const struct str *out, const char *line)
{
	char wanted[512];

	snprintf(wanted, sizeof wanted, "\n%s\n", line);
	if (!strstr(str_c(out), wanted))
		fail_msg("no line %s in %s", line, str_c(out));
}

static void disks_of_every_kind_are_told_together(void **state)
{
	char sda[] = "/dev/sda", nvme[] = "/dev/nvme0", sdb[] = "/dev/sdb", sdc[] = "/dev/sdc";
	struct smart_report reports[] = { { sda, report("ata") }, { nvme, report("nvme") },
		{ sdb, report("asleep") }, { sdc, report("refused") } };
	scoped(str_fini) struct str out = STR_EMPTY;

	(void)state;
	host_smart_write(reports, COUNT(reports), &out);
	assert_says(&out, "smartctl_devices 4");
	assert_says(&out, "# TYPE smartctl_device_smart_status gauge\n"
			  "smartctl_device_smart_status{device=\"sda\"} 1\n"
			  "smartctl_device_smart_status{device=\"nvme0\"} 0");
	assert_says(&out,
		"smartctl_device_block_size{blocks_type=\"physical\",device=\"sda\"} 4096");
	assert_says(&out, "smartctl_device_power_on_seconds{device=\"sda\"} 1.483668e+08");
	assert_says(&out,
		"smartctl_device_temperature{device=\"sda\",temperature_type=\"current\"} 34");
	assert_says(&out, "smartctl_device_bytes_written{device=\"nvme0\"} 1.024e+09");
	assert_says(&out, "smartctl_device_erc_seconds{device=\"sda\",op_type=\"read\"} 7");
	assert_says(&out, "smartctl_device_self_test_log_error_count{device=\"sda\","
			  "self_test_log_type=\"standard\"} 1");
	assert_says(&out,
		"smartctl_device_attribute{attribute_flags_long="
		"\"prefailure,updated_online,event_count,auto_keep\",attribute_flags_short="
		"\"PO--CK\",attribute_id=\"5\",attribute_name=\"Reallocated_Sector_Ct\","
		"attribute_value_type=\"raw\",device=\"sda\"} 3");
	for (size_t i = 0; i < COUNT(reports); i++)
		json_decref(reports[i].said);
}

static void of_a_disk_that_sleeps_nothing_is_made_up(void **state)
{
	char sdb[] = "/dev/sdb";
	struct smart_report asleep = { sdb, report("asleep") };
	scoped(str_fini) struct str out = STR_EMPTY;

	(void)state;
	host_smart_write(&asleep, 1, &out);
	assert_says(&out, "smartctl_device_smartctl_exit_status{device=\"sdb\"} 2");
	assert_null(strstr(str_c(&out), "smart_status{"));
	assert_null(strstr(str_c(&out), "percentage_used"));
	json_decref(asleep.said);
}

static void a_disk_without_a_report_is_still_counted(void **state)
{
	char sdd[] = "/dev/sdd";
	scoped(str_fini) struct str out = STR_EMPTY;

	(void)state;
	host_smart_write(&(struct smart_report){ sdd, NULL }, 1, &out);
	assert_says(&out, "smartctl_devices 1");
	assert_null(strstr(str_c(&out), "exit_status"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(disks_of_every_kind_are_told_together),
		cmocka_unit_test(of_a_disk_that_sleeps_nothing_is_made_up),
		cmocka_unit_test(a_disk_without_a_report_is_still_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
