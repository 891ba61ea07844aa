/* SPDX-License-Identifier: Apache-2.0 */
/* An answer's head, an empty line, and its body, held against rules as lab.yaml may have them:
 * there is a verdict, and one that is not good says why. */
#include "port/probe/http_judge.h"

#include "base/mem.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct {
	const char *text;
	struct pattern *pattern;
} patterns[] = { { "pong", NULL }, { "^a+b?$", NULL }, { "(?i)\\berror\\b.*\\d{3}", NULL } };

static void compile_once(void)
{
	for (size_t i = 0; i < COUNT(patterns) && !patterns[i].pattern; i++)
		must(pattern_compile(&patterns[i].pattern, patterns[i].text, PATTERN_SEARCH,
			     NULL) == RC_OK);
}

static bool ignore(void *ctx, const char *bytes, size_t n)
{
	(void)ctx, (void)bytes, (void)n;
	return true;
}

static void judge(const struct http_facts *facts, struct pattern *wanted, struct pattern *unwanted)
{
	struct header_rule rule = { "X-State", wanted, false },
			   other = { "Server", unwanted, true };
	const char *texts[] = { "a pattern" };
	const struct http_spec spec = {
		.body_matches = { &wanted, texts, 1 },
		.body_matches_not = { &unwanted, texts, 1 },
		.header_matches = { &rule, 1 },
		.header_matches_not = { &other, 1 },
	};
	struct http_verdict v;

	http_judge(&spec, facts, &v);
	must(v.is_ok == (v.why[0] == '\0'));
	must(strlen(v.why) <= REASON_BYTES_MAX);
}

/* Headers first, then the body: the rules of a spec are asked in this order. */
static void judge_body(const struct http_facts *facts, struct pattern *pattern)
{
	const char *texts[] = { "a pattern" };
	const struct http_spec spec = { .body_matches = { &pattern, texts, 1 } };
	struct http_verdict v;

	http_judge(&spec, facts, &v);
	must(v.is_ok == (v.why[0] == '\0'));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data, *end = memmem(text, size, "\n\n", 2);
	scoped(http_answer_fini) struct http_answer answer;
	struct http_facts facts = { .answer = &answer, .version = 11 };
	size_t head = end ? (size_t)(end - text) + 2 : size;

	compile_once();
	http_answer_init(&answer, true, ignore, NULL);
	if (http_answer_feed(&answer, text, head, NULL) != RC_OK || !answer.status)
		return 0;
	facts.body = text + head;
	facts.body_bytes = size - head;
	for (size_t i = 0; i < COUNT(patterns); i++) {
		judge(&facts, patterns[i].pattern, patterns[(i + 1) % COUNT(patterns)].pattern);
		judge_body(&facts, patterns[i].pattern);
	}
	return 0;
}
