/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The questions.  An answer goes through the same functions as an argument does; when it is refused, the
 * reason is shown and the question comes again.
 */
#include "cli/init.h"

#include "base/str.h"

#include <unistd.h>

struct ask {
	struct init_plan *plan;
	FILE *in, *out;
};

/* The answer without its line end, in the plan's memory; `otherwise` when it is empty. */
static enum rc question(struct ask *a, const char *text, const char *otherwise, const char **ret,
	struct err *e)
{
	scoped(mem_free) char *line = NULL;
	size_t cap = 0;
	ssize_t n;

	if (otherwise && *otherwise)
		fprintf(a->out, "%s [%s]: ", text, otherwise);
	else
		fprintf(a->out, "%s: ", text);
	fflush(a->out);
	n = getline(&line, &cap, a->in);
	if (n < 0)
		return err_set(e, RC_USAGE, "the answers ended before all was known");
	while (n && strchr(" \t\r\n", line[n - 1]))
		n--;
	line[n] = '\0';
	*ret = arena_strdup(&a->plan->arena, n ? line : otherwise ? otherwise : "");
	return RC_OK;
}

static void refuse(struct ask *a, const struct err *why)
{
	fprintf(a->out, "  %s\n", why->text);
}

/* The zone of this machine, which is likely that of one of the sites. */
static const char *own_zone(char buf[256])
{
	static const char marker[] = "/zoneinfo/";
	ssize_t n = readlink("/etc/localtime", buf, 255);
	char *name;

	if (n < 0)
		return "";
	buf[n] = '\0';
	name = strstr(buf, marker);
	return name ? name + strlen(marker) : "";
}

struct asked {
	const char *text, *otherwise;
	enum rc (*check)(struct init_plan *, const char *, struct err *);
	bool may_be_empty;
};

/* Until the answer is one, or is left out where it may be. */
static enum rc insist(struct ask *a, const struct asked *q, const char **ret, struct err *e)
{
	for (;;) {
		struct err why = { 0 };
		enum rc rc = question(a, q->text, q->otherwise, ret, e);

		if (rc != RC_OK || (q->may_be_empty && !**ret) ||
			q->check(a->plan, *ret, &why) == RC_OK)
			return rc;
		refuse(a, &why);
	}
}

static enum rc ask_lab(struct ask *a, struct err *e)
{
	const struct asked q = { "A name for the lab", "home", init_lab, false };
	const char *name;

	return a->plan->lab ? RC_OK : insist(a, &q, &name, e);
}

/* *ret_more is false when the name was left empty, where it may be. */
static enum rc ask_site(struct ask *a, bool *ret_more, struct err *e)
{
	static const char *const titles[] = { "Name of the first site, such as dublin",
		"Name of the second site (empty: there is only one)",
		"Name of one more site (empty: no more)" };
	uint32_t n = a->plan->n_sites;
	char own[256];
	const struct asked questions[] = {
		{ titles[n < 2 ? n : 2], NULL, init_check_name, n > 0 },
		{ "  where the other sites reach it, host:port", NULL, init_check_address, false },
		{ "  its time zone", own_zone(own), init_check_zone, false },
	};
	const char *answers[COUNT(questions)];

	*ret_more = true;
	for (size_t i = 0; *ret_more && i < COUNT(questions); i++) {
		enum rc rc = insist(a, &questions[i], &answers[i], e);

		if (rc != RC_OK)
			return rc;
		*ret_more = *answers[i];
	}
	if (!*ret_more)
		return RC_OK;
	return init_site(a->plan,
		arena_printf(&a->plan->arena, "%s=%s,%s", answers[0], answers[1], answers[2]), e);
}

static enum rc ask_sites(struct ask *a, struct err *e)
{
	bool has_more = true;
	enum rc rc = RC_OK;

	while (rc == RC_OK && has_more && a->plan->n_sites < SITES_MAX)
		rc = ask_site(a, &has_more, e);
	return rc;
}

/* A question whose answer may be left out, taken by `take` with `prefix` before it. */
static enum rc ask_optional(struct ask *a, const char *text, const char *prefix,
	enum rc (*take)(struct init_plan *, const char *, struct err *), struct err *e)
{
	for (;;) {
		const char *answer;
		struct err why;
		enum rc rc = question(a, text, NULL, &answer, e);

		if (rc != RC_OK || !*answer)
			return rc;
		answer = strchr(answer, '=') && strchr(answer, '=') < strstr(answer, "://")
				 ? answer
				 : arena_printf(&a->plan->arena, "%s%s", prefix, answer);
		if (take(a->plan, answer, &why) == RC_OK)
			return RC_OK;
		refuse(a, &why);
	}
}

enum rc init_ask(struct init_plan *p, FILE *in, FILE *out, struct err *e)
{
	struct ask a = { p, in, out };
	enum rc rc = ask_lab(&a, e);

	if (rc == RC_OK && p->n_sites == 0)
		rc = ask_sites(&a, e);
	if (rc == RC_OK && !p->watcher.name)
		rc = ask_optional(&a, "URL of a watcher outside all sites (empty: none yet)",
			"watcher=", init_watcher, e);
	if (rc == RC_OK && !p->probe)
		rc = ask_optional(&a, "URL of a first service to watch (empty: none yet)",
			"service=", init_probe, e);
	if (rc == RC_OK && p->discord.kind == SECRET_NONE)
		rc = ask_optional(&a,
			"Where the URL of a Discord webhook is kept: credential:NAME, file:PATH or "
			"env:NAME (empty: nobody is told)",
			"", init_discord, e);
	return rc;
}
