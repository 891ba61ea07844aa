/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scene: a lab of real programs at real places, one a test: what a scenario happens to.
 *
 * Both sites and the watcher run the diarchy that was built, each with its own clone of one git
 * repo, its own key and its own folder of state.  Discord is the stand-in of test/standin.  On the
 * NAS in Mumbai run what is watched: nginx on the ports 80 to 82, dnsmasq, and OpenSSL's server.
 *
 *	lab/           the repo in which lab.yaml is edited
 *	PLACE/lab/     its clone there            PLACE/state/   what a site or the watcher remembers
 *	log/NAME       what each program says
 *
 * What can't be done ends the test and says why (scene_fail).
 */
#ifndef TEST_SCENARIOS_SCENE_H
#define TEST_SCENARIOS_SCENE_H

#include "base/str.h"
#include "base/time.h"
#include "test/scenarios/net.h"
#include "test/support/program.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum role {
#define ROLE(symbol, ...) symbol,
#include "test/scenarios/roles.def"
	ROLES,
};

/* The main() of a scenario: skips where namespaces can't be had, else runs the tests with
 * scene_open() and scene_close() around each, and shows what the programs said if one fails. */
int scenarios_run(const struct CMUnitTest *tests, size_t n);
#define SCENARIO(f) cmocka_unit_test_setup_teardown(f, scene_open, scene_close)
int scene_open(void **state);
int scene_close(void **state); /* fails, too, if a program has ended without being asked to */

/* lab.yaml is what every scenario has (sites, watcher, Discord) and then `rest`; committed to the
 * repo in the name of Ana, and pulled at both sites and by the watcher. */
void scene_lab(const char *rest, const char *summary);
/* The same, but pulled at one place only. */
void scene_lab_at(enum place p, const char *rest, const char *summary);

/* The sites are 140 ms apart, there and back: by the kernel, or by a relay between them.  Before
 * scene_lab(). */
void scene_far(void);

/* Starts Discord, the watcher and both sites, and waits until they hear each other. */
void scene_start(void);

/* Starts one and waits until it listens; ends it by kill -9, all of its processes, and returns the
 * moment before; ends it as systemd would, which must succeed; sends it a signal. */
void scene_run(enum role r);
int64_t scene_kill(enum role r);
void scene_stop(enum role r);
void scene_signal(enum role r, int number);
bool scene_is_running(enum role r);

/* One diarchy command at a place, with `words` that end in NULL; its standard output is added to
 * `ret` unless that is NULL.  Returns its exit status. */
int scene_command(enum place p, struct str *ret, const char *const *words);
#define COMMAND_AT(place, ret, ...) \
	scene_command(place, ret, (const char *const[]){ __VA_ARGS__, NULL })

/* The wall clock of the site at `p` is so many seconds ahead of everybody else's; also while it
 * runs, if this was done before it was started.  Only where libfaketime is. */
bool scene_can_set_clocks(void);
void scene_set_clock(enum place p, int64_t ahead_s);

int64_t scene_now_ms(void); /* wall clock */
void scene_sleep(int64_t ms);
void scene_sleep_until(int64_t wall_ms);
_Noreturn void scene_fail(const char *fmt, ...) PRINTF(1, 2);

/* Files: "PLACE/state" and so on, in the working directory. */
void scene_write(const char *path, const char *text);
void scene_read(const char *path, struct str *ret);
void scene_must_run(const char *const *argv); /* a tool, to its end, successfully */
#define MUST_RUN(...) scene_must_run((const char *const[]){ __VA_ARGS__, NULL })

#endif
