/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The commands that change something: ack, silence, pause, resume, note.  Each sends one request,
 * and says in a line what it did.
 */
#include "cli/ask.h"
#include "cli/names.h"
#include "cli/shows.h"
#include "cli/term/moment.h"

#include <pwd.h>
#include <unistd.h>

/* Who gives the order: --by, else who logged in, even behind sudo. */
static const char *person(const struct call *c)
{
	static const char *const variables[] = { "SUDO_USER", "LOGNAME", "USER" };
	const struct passwd *user;

	if (call_option(c, who, by))
		return call_option(c, who, by);
	for (size_t i = 0; i < COUNT(variables); i++) {
		const char *name = getenv(variables[i]);

		if (name && *name)
			return name;
	}
	user = getpwuid(getuid());
	return user ? user->pw_name : NULL;
}

/* A body that holds who and why; the caller adds to it, and closes it. */
static void begin_body(struct json_out *w, struct str *body, const struct call *c)
{
	json_begin(w, body);
	json_object_open(w, NULL);
	json_text(w, "by", person(c));
	if (call_option(c, why, why))
		json_text(w, "why", call_option(c, why, why));
}

/* Say what was done, unless the site's answer is wanted itself. */
static void confirm(struct call *c, const struct answer *a, const char *text)
{
	if (call_option(c, json, json)) {
		answer_print(c, a);
		return;
	}
	page_wrap(&c->page, STYLE_PLAIN, 0, text);
}

struct errand { /* what is asked of the thing that the first argument names */
	const char *kind, *verb;
	const char *length; /* for how long; NULL */
};

/* POST kind/NAME/verb, with who and why and for how long. */
static enum rc post_about(struct call *c, struct errand what, struct answer *ret, struct err *e)
{
	scoped(str_fini) struct str path = STR_EMPTY, body = STR_EMPTY;
	struct json_out w;

	str_addf(&path, "%s/", what.kind);
	ask_encode(&path, c->arguments[0]);
	str_addf(&path, "/%s", what.verb);
	begin_body(&w, &body, c);
	if (what.length)
		json_text(&w, "for", what.length);
	json_close(&w);
	return tell(c, str_c(&path), str_c(&body), ret, e);
}

enum rc command_ack(struct call *c, struct err *e)
{
	scoped(answer_fini) struct answer a = { 0 };
	scoped(str_fini) struct str text = STR_EMPTY;
	enum rc rc = post_about(c, (struct errand){ "incidents", "ack" }, &a, e);

	if (rc != RC_OK)
		return rc;
	str_addf(&text, "%s is acknowledged", c->arguments[0]);
	confirm(c, &a, str_c(&text));
	return RC_OK;
}

enum rc command_pause(struct call *c, struct err *e)
{
	scoped(answer_fini) struct answer a = { 0 };
	scoped(str_fini) struct str text = STR_EMPTY;
	const char *length = call_option(c, pause, for);
	struct wall until = { c->page.term.now.ms + call_number(c, pause, for, 0) };
	char at[MOMENT_TEXT_MAX];
	enum rc rc = post_about(c, (struct errand){ "checks", "pause", length }, &a, e);

	if (rc != RC_OK)
		return names_suggest_check(c, rc, c->arguments[0], e);
	if (length)
		str_addf(&text, "%s is paused until %s", c->arguments[0],
			moment_text(&c->page.term, until, at));
	else
		str_addf(&text, "%s is paused; to resume: diarchy resume %s", c->arguments[0],
			c->arguments[0]);
	confirm(c, &a, str_c(&text));
	return RC_OK;
}

enum rc command_resume(struct call *c, struct err *e)
{
	scoped(answer_fini) struct answer a = { 0 };
	scoped(str_fini) struct str text = STR_EMPTY;
	enum rc rc = post_about(c, (struct errand){ "checks", "resume" }, &a, e);

	if (rc != RC_OK)
		return names_suggest_check(c, rc, c->arguments[0], e);
	str_addf(&text, "%s is judged again", c->arguments[0]);
	confirm(c, &a, str_c(&text));
	return RC_OK;
}

enum rc command_note(struct call *c, struct err *e)
{
	scoped(answer_fini) struct answer a = { 0 };
	scoped(str_fini) struct str text = STR_EMPTY, body = STR_EMPTY;
	struct json_out w;
	enum rc rc;

	for (uint32_t i = 0; i < c->n_arguments; i++)
		str_addf(&text, "%s%s", i ? " " : "", c->arguments[i]);
	begin_body(&w, &body, c);
	json_text(&w, "text", str_c(&text));
	if (call_option(c, note, subject))
		json_text(&w, "subject", call_option(c, note, subject));
	json_close(&w);
	rc = tell(c, "notes", str_c(&body), &a, e);
	if (rc == RC_OK)
		confirm(c, &a, "noted");
	return rc;
}

/* ---- silence */

/* A bare name stands for the one check that is called so: it must exist. */
static enum rc matchers_of(struct call *c, const char *text, struct str *ret, struct err *e)
{
	enum rc rc;

	if (strpbrk(text, "{}=~\"")) {
		str_add(ret, text);
		return RC_OK;
	}
	rc = names_require_check(c, text, e);
	if (rc == RC_OK)
		str_addf(ret, "{name=\"%s\"}", text);
	return rc;
}

static enum rc end_of_silence(const struct call *c, struct wall *ret, struct err *e)
{
	const char *until = call_option(c, silence, until);
	enum rc rc;

	if (!call_option(c, silence, for) == !until)
		return err_set(e, RC_USAGE, "for how long? --for 2h, or --until 18:30");
	if (!until) {
		ret->ms = c->page.term.now.ms + call_number(c, silence, for, 0);
		return RC_OK;
	}
	rc = moment_parse(&c->page.term, until, MOMENT_FUTURE, ret, e);
	if (rc == RC_OK && ret->ms <= c->page.term.now.ms)
		rc = err_set(e, RC_USAGE, "'%.60s' is in the past", until);
	return rc == RC_OK ? rc : err_in(e, rc, "--until");
}

static enum rc begin_silence(struct call *c, struct err *e)
{
	scoped(str_fini) struct str matchers = STR_EMPTY, body = STR_EMPTY, text = STR_EMPTY;
	scoped(answer_fini) struct answer a = { 0 };
	char at[MOMENT_TEXT_MAX];
	struct json_out w;
	struct wall until;
	enum rc rc = end_of_silence(c, &until, e);

	if (rc == RC_OK)
		rc = matchers_of(c, c->arguments[0], &matchers, e);
	if (rc != RC_OK)
		return rc;
	begin_body(&w, &body, c);
	json_text(&w, "matchers", str_c(&matchers));
	json_time(&w, "until", until);
	json_close(&w);
	rc = tell(c, "silences", str_c(&body), &a, e);
	if (rc != RC_OK)
		return rc;
	str_addf(&text, "%s is silenced until %s; to end it sooner: diarchy silence end %s",
		str_c(&matchers), moment_text(&c->page.term, until, at),
		json_get_text(a.json, "id", "?"));
	confirm(c, &a, str_c(&text));
	return RC_OK;
}

static enum rc end_silence(struct call *c, struct err *e)
{
	scoped(str_fini) struct str path = STR_EMPTY, text = STR_EMPTY;
	scoped(answer_fini) struct answer a = { 0 };
	const char *by = person(c);
	enum rc rc;

	str_add(&path, "silences/");
	ask_encode(&path, c->arguments[1]);
	if (by) {
		str_add(&path, "?by=");
		ask_encode(&path, by);
	}
	rc = tell(c, str_c(&path), NULL, &a, e);
	if (rc != RC_OK)
		return rc;
	str_addf(&text, "%s is over", c->arguments[1]);
	confirm(c, &a, str_c(&text));
	return RC_OK;
}

static enum rc list_silences(struct call *c, struct err *e)
{
	scoped(answer_fini) struct answer a = { 0 };
	enum rc rc = ask(c, "silences", &a, e);

	if (rc != RC_OK)
		return rc;
	if (call_option(c, json, json))
		answer_print(c, &a);
	else
		show_silences(&c->page, a.json);
	return RC_OK;
}

enum rc command_silence(struct call *c, struct err *e)
{
	if (str_eq(c->arguments[0], "list"))
		return list_silences(c, e);
	if (c->n_arguments == 2)
		return end_silence(c, e);
	return begin_silence(c, e);
}
