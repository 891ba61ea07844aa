/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/common.h"

#include "base/log.h"
#include "base/str.h"
#include "port/keys/keys.h"

#include <errno.h>
#include <signal.h>
#include <sys/stat.h>
#include <time.h>

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

void daemon_print_findings(const struct findings *f)
{
	for (uint32_t i = 0; i < f->n; i++) {
		const struct finding *item = &f->items[i];

		log_line(item->is_warning ? LOG_LEVEL_WARNING : LOG_LEVEL_ERROR, "%s:%u:%u: %s",
			item->file, item->line, item->column, item->text);
	}
}
