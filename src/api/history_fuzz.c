/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events as another site wrote them, one a line: KIND SUBJECT BODY.  Whatever they say, what the
 * API tells of the history is an answer, and JSON.
 */
#include "api/api_stranger.h"
#include "node/site_private.h"
#include "test/support/hostile_chain.h"

#define LINES_MAX 32
#define ASK(path) "GET " path " HTTP/1.1\r\nHost: localhost\r\n\r\n"
#define LAB_      "/api/lab/v1"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct subjects { /* that the events had, each once */
	const char *names[LINES_MAX];
	size_t n;
};

static void remember(struct subjects *to, const char *name)
{
	for (size_t i = 0; i < to->n; i++)
		if (str_eq(to->names[i], name))
			return;
	to->names[to->n++] = name;
}

static void arrive(struct fixture *f, const struct event *ev)
{
	struct now now = fixture_now(f);
	size_t n_new;

	must(journal_accept(f->site->journal, now, &(struct event_batch){ ev, 1 }, &n_new, NULL) ==
		RC_OK);
	site_begin(f->site, now);
	events_apply(f->site, now, ev);
	site_pump(f->site, now);
	api_event(f->api, ev);
	fixture_drain(f);
}

/* By the name that the events have for it, too. */
static void ask_of(struct fixture *f, const char *subject)
{
	scoped(str_fini) struct str text = STR_EMPTY;
	const char *const paths[] = { LAB_ "/incidents/", LAB_ "/when/", LAB_ "/events?subject=" };

	for (size_t i = 0; i < COUNT(paths); i++) {
		str_addf(&text, "GET %s", paths[i]);
		for (const char *at = subject; *at; at++)
			str_addf(&text, "%%%02x", (unsigned char)*at);
		str_add(&text, " HTTP/1.1\r\nHost: localhost\r\n\r\n");
	}
	stranger_says(f, str_c(&text), text.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char everything[] = ASK(LAB_ "/status") ASK(LAB_ "/checks")
		ASK(LAB_ "/incidents?state=all") ASK(LAB_ "/silences") ASK(LAB_ "/coverage")
			ASK(LAB_ "/events?limit=500") ASK(LAB_ "/when/immich") ASK("/metrics");
	scoped(mem_free) char *text = must_alloc(size + 1);
	char *rest = text, *line;
	struct subjects subjects = { .n = 0 };
	struct hostile_chain chain;
	struct fixture f;
	struct event ev;

	memcpy(text, data, size);
	fixture_init(&f, FIXTURE_OPEN);
	hostile_chain_init(&chain, fixture_now(&f).wall);
	for (int i = 0; i < LINES_MAX && (line = strsep(&rest, "\n")); i++) {
		if (!hostile_chain_next(&chain, line, &ev))
			continue;
		arrive(&f, &ev);
		remember(&subjects, ev.subject);
	}
	for (size_t i = 0; i < subjects.n; i++)
		ask_of(&f, subjects.names[i]);
	stranger_says(&f, everything, sizeof everything - 1);
	fixture_fini(&f);
	hostile_chain_fini(&chain);
	return 0;
}
