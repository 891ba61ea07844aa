/* SPDX-License-Identifier: Apache-2.0 */
/* Rounds with a stand-in for smartctl: a script that prints the corpus. */
#include "port/smart/smart.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct rounds {
	uv_loop_t loop;
	struct smart *smart;
	char program[64];
	uint32_t n_rounds, n_devices, n_said;
	char exits[16]; /* of the devices, in order */
	bool is_closed;
};

static void on_told(void *ctx, const struct smart_report *reports, uint32_t n)
{
	struct rounds *r = ctx;

	r->n_rounds++;
	r->n_devices = n;
	r->n_said = 0;
	memset(r->exits, 0, sizeof r->exits);
	for (uint32_t i = 0; i < n; i++) {
		const json_t *about = json_object_get(reports[i].said, "smartctl");

		r->n_said += reports[i].said != NULL;
		r->exits[i] = (char)('0' + json_get_int(about, "exit_status", 9) % 10);
	}
	uv_stop(&r->loop);
}

static void on_closed(void *ctx)
{
	((struct rounds *)ctx)->is_closed = true;
}

static void begin(struct rounds *r, const char *script, uint64_t patience_ms)
{
	const char *source = getenv("DIARCHY_SOURCE");
	FILE *f;
	int fd;

	*r = (struct rounds){ .program = "/tmp/smartctl.XXXXXX" };
	fd = mkstemp(r->program);
	assert_true(fd >= 0);
	f = fdopen(fd, "w");
	fprintf(f, "#!/bin/sh\ncd '%s/test/corpus/smart'\n%s\n", source ? source : ".", script);
	assert_int_equal(fchmod(fd, 0700), 0);
	fclose(f);
	uv_loop_init(&r->loop);
	r->smart = smart_new(
		&(struct smart_wish){ &r->loop, r->program, 10, patience_ms, on_told, r });
}

static void end(struct rounds *r)
{
	smart_close(r->smart, on_closed, r);
	uv_run(&r->loop, UV_RUN_DEFAULT);
	assert_true(r->is_closed);
	assert_int_equal(uv_loop_close(&r->loop), 0);
	unlink(r->program);
}

#define BY_DEVICE                                                       \
	"for last; do :; done\n"                                        \
	"case $last in --scan) cat scan;; /dev/sda) cat ata; exit 64;;" \
	" /dev/nvme0) cat nvme;; /dev/sdb) cat asleep; exit 2;; *) exit 1;; esac"

static void each_disk_that_is_found_is_read(void **state)
{
	struct rounds r;

	(void)state;
	begin(&r, BY_DEVICE, 10000);
	uv_run(&r.loop, UV_RUN_DEFAULT);
	assert_int_equal(r.n_devices, 3); /* and not the one whose name is an option */
	assert_int_equal(r.n_said, 3);
	assert_string_equal(r.exits, "402");
	uv_run(&r.loop, UV_RUN_DEFAULT);
	assert_int_equal(r.n_rounds, 2);
	end(&r);
}

static void without_smartctl_rounds_are_empty(void **state)
{
	struct rounds r;

	(void)state;
	begin(&r, "", 10000);
	unlink(r.program);
	uv_run(&r.loop, UV_RUN_DEFAULT);
	assert_int_equal(r.n_rounds, 1);
	assert_int_equal(r.n_devices, 0);
	end(&r);
}

static void a_disk_that_takes_too_long_has_no_report_and_the_others_have(void **state)
{
	struct rounds r;

	(void)state;
	begin(&r, "case $* in */dev/sda) exec sleep 30;; esac\n" BY_DEVICE, 500);
	uv_run(&r.loop, UV_RUN_DEFAULT);
	assert_int_equal(r.n_devices, 3);
	assert_int_equal(r.n_said, 2);
	assert_string_equal(r.exits, "902");
	end(&r);
}

static void who_says_too_much_is_stopped(void **state)
{
	struct rounds r;

	(void)state;
	begin(&r, "case $* in */dev/nvme0) exec yes '{';; esac\n" BY_DEVICE, 10000);
	uv_run(&r.loop, UV_RUN_DEFAULT);
	assert_string_equal(r.exits, "492");
	end(&r);
}

static void closing_ends_what_runs(void **state)
{
	struct rounds r;

	(void)state;
	begin(&r, "exec sleep 30", 60000);
	for (int i = 0; i < 3; i++)
		uv_run(&r.loop, UV_RUN_NOWAIT);
	end(&r);
	assert_int_equal(r.n_rounds, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_disk_that_is_found_is_read),
		cmocka_unit_test(without_smartctl_rounds_are_empty),
		cmocka_unit_test(a_disk_that_takes_too_long_has_no_report_and_the_others_have),
		cmocka_unit_test(who_says_too_much_is_stopped),
		cmocka_unit_test(closing_ends_what_runs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
