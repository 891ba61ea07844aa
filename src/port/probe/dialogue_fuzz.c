/* SPDX-License-Identifier: Apache-2.0 */
/* A server's half of a mail dialogue, in steps that the first byte chooses. */
#include "port/probe/dialogue.h"

#include "base/mem.h"

static struct dialogue_step steps[] = {
	{ .expect_text = "^220 ([^ ]+) ESMTP", .send = "EHLO $1" },
	{ .expect_text = "^250[ -]STARTTLS", .send = "STARTTLS" },
	{ .expect_text = "^220", .start_tls = true },
	{ .expect_text = "^(?P<code>2..)", .send = "QUIT ${code}$$" },
};
static const struct tcp_spec spec = { .steps = steps, .n_steps = COUNT(steps) };

static void compile_once(void)
{
	for (size_t i = 0; i < COUNT(steps) && !steps[i].expect; i++)
		must(pattern_compile(&steps[i].expect, steps[i].expect_text, PATTERN_SEARCH,
			     NULL) == RC_OK);
}

/* Until more bytes are wanted; false: the dialogue is over. */
static bool proceed(struct dialogue *d)
{
	enum dialogue_action action;

	for (;;) {
		if (dialogue_next(d, &action, NULL) != RC_OK || action == DIALOGUE_DONE)
			return false;
		if (action == DIALOGUE_SEND)
			must(d->send.len > 0 && d->send.s[d->send.len - 1] == '\n');
		if (action == DIALOGUE_START_TLS)
			must(d->in.len == 0);
		if (action == DIALOGUE_WAIT)
			return true;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	scoped(dialogue_fini) struct dialogue d;
	size_t step = size ? data[0] % 64 + 1 : 1;
	bool goes_on;

	compile_once();
	dialogue_init(&d, &spec);
	goes_on = proceed(&d);
	for (size_t at = 1; at < size && goes_on; at += step) {
		dialogue_feed(&d, (const char *)data + at, size - at < step ? size - at : step);
		goes_on = proceed(&d);
	}
	if (goes_on) {
		dialogue_end(&d);
		must(!proceed(&d)); /* nothing to wait for any more */
	}
	return 0;
}
