/* SPDX-License-Identifier: Apache-2.0 */
/* Nothing listens where these tests ask, so that names come from test/lab/design.yaml. */
#include "cli/parse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define WORDS_MAX 12

static char lab[512];

static int enter(void **state)
{
	(void)state;
	setenv("DIARCHY_URL", "http://127.0.0.1:1", 1);
	snprintf(lab, sizeof lab, "%s/test/lab/design.yaml", getenv("DIARCHY_SOURCE"));
	return 0;
}

/* What is offered after `line`, of which the last word (after the last blank) is being typed; the
 * words alone, each followed by a blank. */
static void complete(const char *line, struct str *ret)
{
	char *argv[WORDS_MAX + 1] = { (char[]){ "diarchy" }, (char[]){ "complete" },
		(char[]){ "--" }, (char[]){ "--lab" }, lab };
	scoped(call_fini) struct call c = { 0 };
	char copy[128], *rest = copy;
	int argc = 5;

	assert_true(str_copy(copy, sizeof copy, line));
	while (rest) {
		assert_true(argc < WORDS_MAX);
		argv[argc++] = strsep(&rest, " ");
	}
	assert_int_equal(parse_call(&c, argc, argv, NULL), RC_OK);
	assert_int_equal(c.command->run(&c, NULL), RC_OK);
	for (const char *s = str_c(&c.page.out); *s; s += strcspn(s, "\n") + 1) {
		str_addn(ret, s, strcspn(s, "\t\n"));
		str_addc(ret, ' ');
	}
}

static void assert_offers(const char *line, const char *wanted)
{
	scoped(str_fini) struct str got = STR_EMPTY;

	complete(line, &got);
	if (!str_eq(str_c(&got), wanted))
		fail_msg("'%s' offers '%s', not '%s'", line, str_c(&got), wanted);
}

static void assert_offer(const char *line, const char *word)
{
	scoped(str_fini) struct str got = STR_EMPTY, framed = STR_EMPTY;

	complete(line, &got);
	str_addf(&framed, "%s ", word);
	if (!strstr(str_c(&got), str_c(&framed)))
		fail_msg("'%s' offers '%s', without '%s'", line, str_c(&got), word);
}

static void commands_come_first(void **state)
{
	(void)state;
	assert_offers("st", "status ");
	assert_offers("s", "status silence serve schema ");
	assert_offer("", "when");
	assert_offers("help re", "resume reference ");
	assert_offers("com", "completion "); /* `complete` itself is hidden */
	assert_offers("nonsense ", "");
}

static void options_are_those_of_the_command(void **state)
{
	(void)state;
	assert_offers("log --f", "--follow --from ");
	assert_offers("when --f", "");
	assert_offers("--co", "--color ");
	assert_offer("serve --s", "--state");
	assert_offers("log -- --f", "");
}

static void values_follow_their_option(void **state)
{
	(void)state;
	assert_offers("status --color ", "auto always never ");
	assert_offers("status --color=a", "--color=auto --color=always ");
	assert_offers("incidents --state c", "closed ");
	assert_offers("log -k rec", "receipt recovered ");
	assert_offers("log --kind ping,rec", "ping,receipt ping,recovered ");
	assert_offers("log --kind=ping,rec", "--kind=ping,receipt --kind=ping,recovered ");
	assert_offers("log --from ", "dublin mumbai ");
	assert_offers("watch --name ", "webhost ");
	assert_offers("status --token-file ", "/files ");
	assert_offers("serve --state ", "/directories ");
	assert_offers("log --limit ", "");
}

static void arguments_follow_the_pattern_of_the_command(void **state)
{
	(void)state;
	assert_offers("when im", "immich imap ");
	assert_offers("when immich ", "");
	assert_offers("when site:", "site:dublin site:mumbai ");
	assert_offers("when --json im", "immich imap ");
	assert_offers("check ", "/files ");
	assert_offers("completion ", "bash zsh fish ");
	assert_offer("silence ", "list");
	assert_offer("silence ", "end");
	assert_offer("silence ", "immich");
	assert_offers("silence list ", "");
	assert_offers("silence end ", ""); /* silences are known to a running site only */
}

static void a_meaning_stands_beside_each_word(void **state)
{
	char *argv[] = { (char[]){ "diarchy" }, (char[]){ "complete" }, (char[]){ "--" },
		(char[]){ "whe" } };
	scoped(call_fini) struct call c = { 0 };

	(void)state;
	assert_int_equal(parse_call(&c, 4, argv, NULL), RC_OK);
	assert_int_equal(c.command->run(&c, NULL), RC_OK);
	assert_string_equal(str_c(&c.page.out),
		"when\twhen it died, and what changed just before\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(commands_come_first),
		cmocka_unit_test(options_are_those_of_the_command),
		cmocka_unit_test(values_follow_their_option),
		cmocka_unit_test(arguments_follow_the_pattern_of_the_command),
		cmocka_unit_test(a_meaning_stands_beside_each_word),
	};

	return cmocka_run_group_tests_name("complete", tests, enter, NULL);
}
