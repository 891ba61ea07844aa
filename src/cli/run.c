/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From argv to an exit status.  Errors are printed here and nowhere else: a sentence for people, or
 * with --json the object that the API answers errors with.
 */
#include "base/json.h"
#include "cli/manual/manual.h"
#include "cli/parse.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

static struct wall wall_clock(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (struct wall){ t.tv_sec * SECOND_MS + t.tv_nsec / 1000000 };
}

static enum colour_wish colour_wish(const struct call *c)
{
	const char *wish = call_option(c, any, color);

	if (!wish || str_eq(wish, "auto"))
		return COLOUR_AUTO;
	return str_eq(wish, "always") ? COLOUR_ALWAYS : COLOUR_NEVER;
}

void call_fini(struct call *c)
{
	page_fini(&c->page);
	free(c->arguments);
	free(c->url);
}

static enum rc run(struct call *c, struct err *e)
{
	if (call_option(c, any, help)) {
		manual_help(&c->page, c->command);
		return RC_OK;
	}
	if (!c->command)
		return err_set(e, RC_USAGE, "which command?");
	if (!c->command->run)
		return err_set(e, RC_UNSUPPORTED, "not supported yet by version " DIARCHY_VERSION);
	return c->command->run(c, e);
}

static void report_json(const struct err *e, struct str *out)
{
	struct json_out w;

	json_begin(&w, out);
	json_object_open(&w, NULL);
	json_text(&w, "error", rc_name(e->rc));
	json_text(&w, "text", e->text);
	json_close(&w);
	str_addc(out, '\n');
}

static void report_text(const struct call *c, const struct err *e, struct str *out)
{
	const char *name = c->command ? c->command->name : NULL;
	scoped(page_fini) struct page p = { 0 };

	term_look(&p.term, STDERR_FILENO, COLOUR_NEVER);
	page_addf(&p, STYLE_PLAIN, "diarchy%s%s: ", name ? " " : "", name ? name : "");
	page_wrap(&p, STYLE_PLAIN, 2, e->text);
	if (e->rc == RC_USAGE)
		str_addf(&p.out, "Try 'diarchy help%s%s'.\n", name ? " " : "", name ? name : "");
	str_add(out, str_c(&p.out));
}

static void report(const struct call *c, const struct err *e)
{
	scoped(str_fini) struct str text = STR_EMPTY;

	if (call_option(c, json, json))
		report_json(e, &text);
	else
		report_text(c, e, &text);
	fputs(str_c(&text), stderr);
}

int command_main(int argc, char **argv)
{
	scoped(call_fini) struct call c = { 0 };
	scoped(tz_free) struct tz *zone = term_zone();
	struct err e = { 0 };
	enum rc rc, flushed;

	if (argc == 2 && str_eq(argv[1], "--version"))
		argv[1] += 2;
	c.page.term = (struct term){ .zone = zone, .now = wall_clock() };
	rc = parse_call(&c, argc, argv, &e);
	term_look(&c.page.term, STDOUT_FILENO, colour_wish(&c));
	if (rc == RC_OK)
		rc = run(&c, &e);
	flushed = page_flush(&c.page, STDOUT_FILENO, rc == RC_OK ? &e : NULL);
	rc = rc == RC_OK ? flushed : rc;
	if (rc == RC_OK)
		return c.exit;
	if (e.text[0])
		report(&c, &e);
	return rc_exit(rc);
}
