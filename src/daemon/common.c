/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/common.h"

#include "base/log.h"
#include "base/str.h"
#include "port/keys/keys.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <sys/stat.h>
#include <time.h>

#define HEAP_ARENAS      2            /* the loop's, and one for the pool's threads */
#define HEAP_PIECE_BYTES (512 * 1024) /* what is larger goes back to the kernel when it is freed */

static int64_t clock_ms(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

struct now daemon_now(void)
{
	return (struct now){ { clock_ms(CLOCK_MONOTONIC) }, { clock_ms(CLOCK_REALTIME) } };
}

void daemon_ignore_signals(void)
{
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
}

void daemon_bound_heap(void)
{
	mallopt(M_ARENA_MAX, HEAP_ARENAS);
	mallopt(M_MMAP_THRESHOLD, HEAP_PIECE_BYTES);
	mallopt(M_TRIM_THRESHOLD, HEAP_PIECE_BYTES);
}

enum rc daemon_key(const char *path, struct private_key *ret, struct err *e)
{
	const char *credentials = getenv("CREDENTIALS_DIRECTORY");
	scoped(str_fini) struct str found = STR_EMPTY;

	if (path)
		return keys_read(path, ret, e);
	if (!credentials)
		return err_set(e, RC_USAGE,
			"which key? give --key FILE, or the systemd credential 'diarchy-key'; "
			"'diarchy keygen FILE' makes one");
	str_addf(&found, "%s/diarchy-key", credentials);
	return keys_read(str_c(&found), ret, e);
}

enum rc daemon_state_dir(const char *given, const char **ret, struct err *e)
{
	const char *dir = given ? given : getenv("STATE_DIRECTORY");

	if (!dir)
		dir = "/var/lib/diarchy";
	if (mkdir(dir, 0700) != 0 && errno != EEXIST)
		return err_errno(e, RC_IO, errno, "making the state directory %s", dir);
	*ret = dir;
	return RC_OK;
}

void daemon_log_refusal(struct seldom *seldom, const char *who, const char *from, const char *why)
{
	uint32_t left_out;

	if (!seldom_may_write(seldom, daemon_now().mono, &left_out))
		return;
	if (left_out)
		log_warning("%u refusals of %s were not logged", left_out, who);
	log_warning("%s from %s was refused: %s", who, from, why);
}

/* FILE:LINE:COLUMN: TEXT */
static void print_findings(const struct findings *f)
{
	for (uint32_t i = 0; i < f->n; i++) {
		const struct finding *item = &f->items[i];

		log_line(item->is_warning ? LOG_LEVEL_WARNING : LOG_LEVEL_ERROR, "%s:%u:%u: %s",
			item->file, item->line, item->column, item->text);
	}
}

enum rc daemon_read_lab(const char *path, struct zones *zones, struct lab **ret, struct str *first,
	struct err *e)
{
	scoped(findings_fini) struct findings findings = { 0 };
	enum rc rc = lab_load(ret, path, zones, &findings, e);

	print_findings(&findings);
	for (uint32_t i = 0; rc != RC_OK && i < findings.n && !first->len; i++)
		if (!findings.items[i].is_warning)
			str_addf(first, "%s:%u:%u: %s", findings.items[i].file,
				findings.items[i].line, findings.items[i].column,
				findings.items[i].text);
	if (rc != RC_OK && !first->len)
		str_add(first, e ? e->text : "it can't be read");
	if (findings.n_errors > 1)
		str_addf(first, " (and %u more)", findings.n_errors - 1);
	return rc;
}
