/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/manual/manual.h"
#include "cli/parse.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define WORDS_MAX 12

struct parsed {
	struct call call;
	struct err e;
	enum rc rc;
};

static void parsed_fini(struct parsed *p)
{
	call_fini(&p->call);
}
SCOPED_FINI(parsed_fini, struct parsed)

/* Parse a line, split at blanks; `call` points into `line`. */
static void parse(struct parsed *p, char *line)
{
	char *argv[WORDS_MAX + 1] = { (char[]){ "diarchy" } };
	int argc = 1;

	*p = (struct parsed){ 0 };
	for (char *word = strtok(line, " "); word; word = strtok(NULL, " ")) {
		assert_true(argc < WORDS_MAX);
		argv[argc++] = word;
	}
	p->rc = parse_call(&p->call, argc, argv, &p->e);
}

#define PARSED(name, text)                      \
	char name##_line[] = text;              \
	scoped(parsed_fini) struct parsed name; \
	parse(&name, name##_line)

static void options_and_arguments_come_in_any_order(void **state)
{
	(void)state;
	PARSED(p, "ack --why disk dublin-1 --by=Ana");
	assert_int_equal(p.rc, RC_OK);
	assert_string_equal(p.call.command->name, "ack");
	assert_int_equal(p.call.n_arguments, 1);
	assert_string_equal(p.call.arguments[0], "dublin-1");
	assert_string_equal(call_option(&p.call, why, why), "disk");
	assert_string_equal(call_option(&p.call, who, by), "Ana");
	assert_null(call_option(&p.call, json, json));
}

static void short_options_are_bundled_and_may_hold_their_value(void **state)
{
	(void)state;
	PARSED(p, "log -fjkping -n 7");
	assert_int_equal(p.rc, RC_OK);
	assert_non_null(call_option(&p.call, log, follow));
	assert_non_null(call_option(&p.call, json, json));
	assert_string_equal(call_option(&p.call, log, kind), "ping");
	assert_int_equal(call_number(&p.call, log, limit, 0), 7);
}

static void shared_options_may_stand_before_the_command(void **state)
{
	(void)state;
	PARSED(p, "--site http://a --json -s http://b status");
	assert_int_equal(p.rc, RC_OK);
	assert_string_equal(p.call.command->name, "status");
	assert_string_equal(call_option(&p.call, site, site), "http://b"); /* the last one counts */
	assert_non_null(call_option(&p.call, json, json));
}

static void an_option_means_what_its_command_says(void **state)
{
	(void)state;
	PARSED(p, "serve --site dublin");
	assert_int_equal(p.rc, RC_OK);
	assert_string_equal(call_option(&p.call, serve, site), "dublin");
	assert_null(call_option(&p.call, site, site));
}

static void after_two_dashes_everything_is_an_argument(void **state)
{
	(void)state;
	PARSED(p, "note -- --json -x");
	assert_int_equal(p.rc, RC_OK);
	assert_int_equal(p.call.n_arguments, 2);
	assert_string_equal(p.call.arguments[0], "--json");
	assert_null(call_option(&p.call, json, json));
}

static void values_are_checked_and_converted(void **state)
{
	(void)state;
	PARSED(p, "pause immich --for 1h30m --timeout 500ms");
	assert_int_equal(p.rc, RC_OK);
	assert_int_equal(call_number(&p.call, pause, for, 0), 90 * MINUTE_MS);
	assert_int_equal(call_number(&p.call, site, timeout, 0), 500);
	assert_int_equal(call_number(&p.call, log, limit, 50), 50); /* not given */
}

static void assert_refused(const char *line, const char *part)
{
	char copy[128];
	scoped(parsed_fini) struct parsed p;

	assert_true(str_copy(copy, sizeof copy, line));
	parse(&p, copy);
	if (p.rc != RC_USAGE || !strstr(p.e.text, part))
		fail_msg("'%s': %s, not '%s'", line, p.e.text, part);
}

static void a_wrong_word_is_named_with_the_nearest_right_one(void **state)
{
	(void)state;
	assert_refused("sttaus", "no command 'sttaus' (did you mean 'status'?)");
	assert_refused("frobnicate", "no command 'frobnicate'");
	assert_refused("status --jsn", "unknown option '--jsn' (did you mean '--json'?)");
	assert_refused("status --follow", "unknown option '--follow'");
	assert_refused("status -Z", "unknown option '-Z'");
	assert_refused("log --kin=ping", "unknown option '--kin' (did you mean '--kind'?)");
	assert_refused("complet", "no command 'complet'"); /* hidden ones are not suggested... */
}

static void a_wrong_value_is_named_with_what_would_be_right(void **state)
{
	(void)state;
	assert_refused("log --limit", "--limit wants a NUMBER");
	assert_refused("log -n", "-n wants a NUMBER");
	assert_refused("log --limit=0", "--limit: '0' is no number");
	assert_refused("log --limit 5x", "'5x' is no number");
	assert_refused("log --limit 99999999999999999999", "is no number");
	assert_refused("pause a --for soon", "'soon' is no duration");
	assert_refused("status --color=green", "'green' is none of: auto always never");
	assert_refused("status --color=aut", "none of");
	assert_refused("status --json=yes", "--json takes no value");
	assert_refused("incidents --state shut", "none of: open closed all");
	assert_refused("completion tcsh", "none of: bash zsh fish");
}

static void a_wrong_number_of_arguments_is_refused(void **state)
{
	(void)state;
	assert_refused("when", "wants an argument: CHECK");
	assert_refused("when a b", "wants CHECK");
	assert_refused("status x", "takes no argument, but got 'x'");
	assert_refused("silence end", "wants list | end SILENCE | MATCHERS");
	assert_refused("silence list all", "wants list");
}

static void help_forgives_missing_arguments(void **state)
{
	(void)state;
	PARSED(p, "when --help");
	assert_int_equal(p.rc, RC_OK);
	PARSED(q, "--help");
	assert_int_equal(q.rc, RC_OK);
	assert_null(q.call.command);
	assert_non_null(call_option(&q.call, any, help));
}

static void patterns_say_what_arguments_fit(void **state)
{
	static const char *const a[] = { "a" }, *const ab[] = { "a", "b" },
				 *const end[] = { "end", "x" }, *const list[] = { "list" };
	static const char silence[] = "list | end SILENCE | MATCHERS";

	(void)state;
	assert_true(parse_fits("", NULL, 0));
	assert_false(parse_fits("", a, 1));
	assert_true(parse_fits("[FILE]", NULL, 0));
	assert_true(parse_fits("[FILE]", a, 1));
	assert_false(parse_fits("[FILE]", ab, 2));
	assert_true(parse_fits("TEXT...", ab, 2));
	assert_false(parse_fits("TEXT...", NULL, 0));
	assert_true(parse_fits(silence, list, 1));
	assert_true(parse_fits(silence, a, 1));
	assert_true(parse_fits(silence, end, 2));
	assert_false(parse_fits(silence, ab, 2));
	assert_false(parse_fits(silence, NULL, 0));
	assert_true(parse_fits("[list] | end SILENCE", NULL, 0));
	assert_true(parse_fits("[list] | end SILENCE", list, 1));
	assert_true(parse_fits("[list] | end SILENCE", end, 2));
	assert_false(parse_fits("[list] | end SILENCE", a, 1));
}

/* ---- the table itself */

static void assert_known_argument(const char *owner, const char *name, size_t n)
{
	if (!argument_find(name, n))
		fail_msg("%s: there is no ARGUMENT(\"%.*s\")", owner, (int)n, name);
}

static void every_word_in_capitals_is_in_the_table_of_arguments(void **state)
{
	static const char capitals[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ:";

	(void)state;
	for (const struct option *o = option_rows; o->name; o++) {
		if (o->argument)
			assert_known_argument(o->name, o->argument, strlen(o->argument));
	}
	for (const struct command *c = command_rows; c->name; c++) {
		for (const char *p = c->arguments; *(p += strcspn(p, capitals));
			p += strspn(p, capitals))
			assert_known_argument(c->name, p, strspn(p, capitals));
	}
}

static void assert_options_differ(const struct command *c, const struct option *a)
{
	for (const struct option *b = a; (b = manual_next_option(b, c));) {
		if (str_eq(a->name, b->name) || (a->letter && a->letter == b->letter))
			fail_msg("%s: --%s and --%s", c->name, a->name, b->name);
	}
}

static void no_command_has_two_options_of_one_name_or_letter(void **state)
{
	(void)state;
	for (const struct command *c = command_rows; c->name; c++) {
		for (const struct option *a = NULL; (a = manual_next_option(a, c));)
			assert_options_differ(c, a);
	}
}

static void every_command_that_is_shown_is_explained(void **state)
{
	(void)state;
	for (const struct command *c = command_rows; c->name; c++) {
		if (manual_shows(c) && !manual_next(about_rows, NULL, c->id))
			fail_msg("%s has no ABOUT", c->name);
	}
}

static void every_example_is_a_call_that_parses(void **state)
{
	(void)state;
	for (const struct remark *r = example_rows; r->text; r++) {
		scoped(parsed_fini) struct parsed p;
		const char *call = strstr(r->what, "diarchy ");
		size_t n;
		char line[128];

		assert_non_null(call);
		for (const char *next; (next = strstr(call + 1, "diarchy "));)
			call = next; /* the last one of a pipeline */
		n = strcspn(call + 8, "|>)'\"");
		assert_true(n < sizeof line);
		memcpy(line, call + 8, n);
		line[n] = '\0';
		parse(&p, line);
		if (p.rc != RC_OK &&
			!strpbrk(call, "'\"")) /* quoted words are the shell's business */
			fail_msg("%s: %s", r->what, p.e.text);
		assert_non_null(p.call.command);
		assert_int_equal(p.call.command->id, r->command);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_and_arguments_come_in_any_order),
		cmocka_unit_test(short_options_are_bundled_and_may_hold_their_value),
		cmocka_unit_test(shared_options_may_stand_before_the_command),
		cmocka_unit_test(an_option_means_what_its_command_says),
		cmocka_unit_test(after_two_dashes_everything_is_an_argument),
		cmocka_unit_test(values_are_checked_and_converted),
		cmocka_unit_test(a_wrong_word_is_named_with_the_nearest_right_one),
		cmocka_unit_test(a_wrong_value_is_named_with_what_would_be_right),
		cmocka_unit_test(a_wrong_number_of_arguments_is_refused),
		cmocka_unit_test(help_forgives_missing_arguments),
		cmocka_unit_test(patterns_say_what_arguments_fit),
		cmocka_unit_test(every_word_in_capitals_is_in_the_table_of_arguments),
		cmocka_unit_test(no_command_has_two_options_of_one_name_or_letter),
		cmocka_unit_test(every_command_that_is_shown_is_explained),
		cmocka_unit_test(every_example_is_a_call_that_parses),
	};

	return cmocka_run_group_tests_name("parse", tests, NULL, NULL);
}
