/* SPDX-License-Identifier: Apache-2.0 */
/* A site's process at its end: whatever is under way, it ends in order and with status 0.  (In the
 * build with sanitizers that also says: without touching what is gone.) */
#include "base/hash.h"
#include "base/mem.h"
#include "port/keys/keys.h"
#include "test/support/loopback.h"
#include "test/support/program.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

SCOPED_BY(loopback_free, struct loopback *)
SCOPED_FINI(program_stop, struct program)

static char folder[] = "/tmp/diarchy-daemon-XXXXXX";

static int make_folder(void **unused)
{
	(void)unused;
	return mkdtemp(folder) ? 0 : -1;
}

static const char *in_folder(const char *name, char buf[64])
{
	snprintf(buf, 64, "%s/%s", folder, name);
	return buf;
}

static int remove_folder(void **unused)
{
	char command[64];

	(void)unused;
	snprintf(command, sizeof command, "rm -rf %s", folder);
	return system(command);
}

/* One site whose probes wait for servers that say nothing. */
static void write_lab(const char *path, const struct public_key *key, uint16_t http,
	const struct loopback *mute, const struct loopback *hole)
{
	char text[KEY_TEXT_MAX];
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fprintf(f,
		"lab: home\n"
		"sites:\n"
		"  dublin: {address: \"127.0.0.1:%u\", key: \"%s\", timezone: UTC, http: "
		"\"127.0.0.1:%u\"}\n"
		"probes:\n"
		"  mute: {every: 1s, timeout: 8s, http: \"http://127.0.0.1:%u/\"}\n"
		"  mute-tls: {every: 1s, timeout: 8s, tls: \"127.0.0.1:%u\"}\n"
		"  hole: {every: 1s, timeout: 8s, tcp: \"127.0.0.1:%u\"}\n"
		"  mute-dns: {every: 1s, timeout: 8s, dns: {server: \"127.0.0.1:%u\", name: "
		"a.b}}\n",
		loopback_closed_port(), key_text(key, text), http, loopback_port(mute),
		loopback_port(mute), loopback_port(hole), loopback_port(hole));
	assert_int_equal(fclose(f), 0);
}

static void probes_under_way_do_not_outlive_what_they_stand_on(void **unused)
{
	scoped(loopback_free) struct loopback *mute = loopback_tcp(visitor_wait, NULL);
	scoped(loopback_free) struct loopback *hole = loopback_black_hole();
	scoped(program_stop) struct program site = { 0 };
	uint16_t http = loopback_closed_port();
	char lab_file[64], key_file[64], state[64], log[64];
	const char *const argv[] = { getenv("DIARCHY"), "serve", "--lab",
		in_folder("lab.yaml", lab_file), "--key", in_folder("key", key_file), "--state",
		in_folder("state", state), NULL };
	struct public_key key;

	(void)unused;
	assert_int_equal(keys_generate(key_file, &key, NULL), RC_OK);
	write_lab(lab_file, &key, http, mute, hole);
	program_launch(&site, argv, in_folder("log", log));
	assert_true(program_answers("127.0.0.1", http, PROGRAM_PATIENCE_MS));
	for (int i = 0; i < 100 && loopback_visits(mute) == 0; i++)
		usleep(100 * 1000);
	assert_true(loopback_visits(mute) > 0);
	assert_true(program_finish(&site));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(probes_under_way_do_not_outlive_what_they_stand_on),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
