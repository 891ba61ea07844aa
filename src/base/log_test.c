/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

/* What one line of the log is on standard error. */
static void logged(const char *text, char *ret, size_t size)
{
	int saved = dup(STDERR_FILENO), ends[2];
	ssize_t n;

	assert_int_equal(pipe(ends), 0);
	dup2(ends[1], STDERR_FILENO);
	log_warning("a heartbeat says %s", text);
	dup2(saved, STDERR_FILENO);
	close(ends[1]);
	n = read(ends[0], ret, size - 1);
	close(ends[0]);
	close(saved);
	assert_true(n > 0);
	ret[n] = '\0';
}

static void what_strangers_sent_cannot_drive_the_terminal(void **state)
{
	static const char *const rows[][2] = {
		{ "\x1b[2J\x1b]0;title\a", " [2J ]0;title " },
		{ "two\nlines\r\n", "two lines  " },
		{ "\xc2\x9b"
		  "2J",
			"  2J" }, /* CSI as a character */
		{ "\x9b"
		  "2J",
			" 2J" }, /* and as a byte */
		{ "cut \xe2\x82", "cut   " },
		{ "\x7f", " " },
		{ "D\xc3\xbc"
		  "blin \xe2\x82\xac \xc2\xa0",
			"D\xc3\xbc"
			"blin \xe2\x82\xac \xc2\xa0" },
	};

	(void)state;
	log_init(LOG_LEVEL_DEBUG);
	for (size_t i = 0; i < COUNT(rows); i++) {
		char line[256], wanted[128];

		logged(rows[i][0], line, sizeof line);
		snprintf(wanted, sizeof wanted, "warning a heartbeat says %s\n", rows[i][1]);
		assert_non_null(strstr(line, wanted));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_strangers_sent_cannot_drive_the_terminal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
