/* SPDX-License-Identifier: Apache-2.0 */
#include "port/probe/dialogue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define STEPS_MAX 6

/* Steps as a test writes them: what to expect, what to send, whether TLS starts. */
struct line {
	const char *expect, *send;
	bool start_tls;
};
struct play {
	struct dialogue_step steps[STEPS_MAX];
	struct tcp_spec spec;
	struct dialogue dialogue;
};

static void play_init(struct play *p, const struct line *lines, uint32_t n)
{
	*p = (struct play){ 0 };
	for (uint32_t i = 0; i < n; i++) {
		struct dialogue_step *step = &p->steps[i];

		step->send = lines[i].send;
		step->start_tls = lines[i].start_tls;
		step->expect_text = lines[i].expect;
		if (lines[i].expect)
			assert_int_equal(pattern_compile(&step->expect, lines[i].expect,
						 PATTERN_SEARCH, NULL),
				RC_OK);
	}
	p->spec.steps = p->steps;
	p->spec.n_steps = n;
	dialogue_init(&p->dialogue, &p->spec);
}

static void play_fini(struct play *p)
{
	dialogue_fini(&p->dialogue);
	for (uint32_t i = 0; i < p->spec.n_steps; i++)
		pattern_free(p->steps[i].expect);
}

static void assert_next(struct play *p, enum dialogue_action wanted)
{
	enum dialogue_action action;
	struct err e;

	if (dialogue_next(&p->dialogue, &action, &e) != RC_OK)
		fail_msg("%s", e.text);
	assert_int_equal(action, wanted);
}

static void hear(struct play *p, const char *text)
{
	dialogue_feed(&p->dialogue, text, strlen(text));
}

static void a_mail_server_is_spoken_to_up_to_tls(void **unused)
{
	static const struct line lines[] = {
		{ .expect = "^220 ([^ ]+) ESMTP", .send = "EHLO probe-of-$1" },
		{ .expect = "^250-STARTTLS" },
		{ .expect = "^250 ", .send = "STARTTLS" },
		{ .expect = "^220", .start_tls = true },
		{ .send = "EHLO prober" },
		{ .expect = "^250", .send = "QUIT" },
	};
	struct play p;

	(void)unused;
	play_init(&p, lines, 6);
	assert_next(&p, DIALOGUE_WAIT);
	hear(&p, "220 mail.lan ES");
	assert_next(&p, DIALOGUE_WAIT);
	hear(&p, "MTP ready\r\n");
	assert_next(&p, DIALOGUE_SEND);
	assert_string_equal(p.dialogue.send.s, "EHLO probe-of-mail.lan\n");
	assert_next(&p, DIALOGUE_WAIT);
	hear(&p, "250-mail.lan\r\n250-STARTTLS\r\n250-8BITMIME\r\n250 OK\r\n");
	assert_next(&p, DIALOGUE_SEND);
	assert_string_equal(p.dialogue.send.s, "STARTTLS\n");
	assert_next(&p, DIALOGUE_WAIT);
	hear(&p, "220 go\r\n");
	assert_next(&p, DIALOGUE_START_TLS);
	assert_next(&p, DIALOGUE_SEND);
	assert_string_equal(p.dialogue.send.s, "EHLO prober\n");
	assert_next(&p, DIALOGUE_WAIT);
	hear(&p, "250 OK\r\n");
	assert_next(&p, DIALOGUE_SEND);
	assert_next(&p, DIALOGUE_DONE);
	play_fini(&p);
}

static void a_text_without_a_pattern_of_its_own_is_sent_as_it_stands(void **unused)
{
	static const struct line lines[] = { { .send = "pa$$word ${1}" } };
	struct play p;

	(void)unused;
	play_init(&p, lines, 1);
	assert_next(&p, DIALOGUE_SEND);
	assert_string_equal(p.dialogue.send.s, "pa$$word ${1}\n");
	assert_next(&p, DIALOGUE_DONE);
	play_fini(&p);
}

static void bytes_before_tls_that_belong_behind_it_are_refused(void **unused)
{
	static const struct line lines[] = { { .expect = "^220", .start_tls = true } };
	enum dialogue_action action;
	struct play p;

	(void)unused;
	play_init(&p, lines, 1);
	hear(&p, "220 go\r\n250 injected\r\n");
	assert_int_equal(dialogue_next(&p.dialogue, &action, NULL), RC_INPUT);
	play_fini(&p);
}

static void the_last_line_needs_no_newline(void **unused)
{
	static const struct line lines[] = { { .expect = "^bye$" } };
	struct play p;

	(void)unused;
	play_init(&p, lines, 1);
	hear(&p, "hello\nbye");
	assert_next(&p, DIALOGUE_WAIT);
	dialogue_end(&p.dialogue);
	assert_next(&p, DIALOGUE_DONE);
	play_fini(&p);
}

static void assert_says(struct play *p, const char *why)
{
	enum dialogue_action action;
	struct err e;

	assert_int_not_equal(dialogue_next(&p->dialogue, &action, &e), RC_OK);
	assert_string_equal(e.text, why);
}

static void when_no_line_matches_the_last_one_is_told(void **unused)
{
	static const struct line lines[] = { { .expect = "^220" } };
	struct play p;

	(void)unused;
	play_init(&p, lines, 1);
	hear(&p, "421 too busy\r\n");
	assert_next(&p, DIALOGUE_WAIT);
	dialogue_end(&p.dialogue);
	assert_says(&p, "'421 too busy' and no more, wanted '^220'");
	play_fini(&p);
	play_init(&p, lines, 1);
	dialogue_end(&p.dialogue);
	assert_says(&p, "the server closed the connection, wanted '^220'");
	play_fini(&p);
}

static void a_line_without_end_is_bounded(void **unused)
{
	static const struct line lines[] = { { .expect = "^220" } };
	char block[4096];
	enum dialogue_action action;
	enum rc rc = RC_OK;
	struct play p;

	(void)unused;
	memset(block, 'x', sizeof block);
	play_init(&p, lines, 1);
	for (int i = 0; i < 100 && rc == RC_OK; i++) {
		dialogue_feed(&p.dialogue, block, sizeof block);
		rc = dialogue_next(&p.dialogue, &action, NULL);
	}
	assert_int_equal(rc, RC_LIMIT);
	assert_true(p.dialogue.in.len <= 2 * DIALOGUE_LINE_MAX);
	play_fini(&p);
}

static void nothing_to_do_is_done(void **unused)
{
	struct play p;

	(void)unused;
	play_init(&p, NULL, 0);
	assert_next(&p, DIALOGUE_DONE);
	play_fini(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_mail_server_is_spoken_to_up_to_tls),
		cmocka_unit_test(a_text_without_a_pattern_of_its_own_is_sent_as_it_stands),
		cmocka_unit_test(bytes_before_tls_that_belong_behind_it_are_refused),
		cmocka_unit_test(the_last_line_needs_no_newline),
		cmocka_unit_test(when_no_line_matches_the_last_one_is_told),
		cmocka_unit_test(a_line_without_end_is_bounded),
		cmocka_unit_test(nothing_to_do_is_done),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
