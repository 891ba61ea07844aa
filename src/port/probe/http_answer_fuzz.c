/* SPDX-License-Identifier: Apache-2.0 */
/* The first byte says in which steps the rest arrives: the outcome must be the same as in one. */
#include "port/probe/http_answer.h"

#include "base/mem.h"

#define BODY_MAX 4096

struct outcome {
	struct http_answer answer;
	struct str body;
	enum rc rc;
};

static bool take(void *ctx, const char *bytes, size_t n)
{
	struct outcome *o = ctx;

	str_addn(&o->body, bytes, n);
	return o->body.len < BODY_MAX;
}

static void run(struct outcome *o, const char *bytes, size_t n, size_t step)
{
	*o = (struct outcome){ .body.limit_bytes = BODY_MAX };
	http_answer_init(&o->answer, false, take, o);
	for (size_t at = 0; at < n && o->rc == RC_OK; at += step)
		o->rc = http_answer_feed(&o->answer, bytes + at, n - at < step ? n - at : step,
			NULL);
	if (o->rc == RC_OK)
		o->rc = http_answer_end(&o->answer, NULL);
}

static void forget(struct outcome *o)
{
	http_answer_fini(&o->answer);
	str_fini(&o->body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct outcome whole, stepped;
	char location[64];
	int64_t date;

	if (size == 0)
		return 0;
	run(&whole, (const char *)data + 1, size - 1, size);
	run(&stepped, (const char *)data + 1, size - 1, data[0] % 64 + 1);
	must(whole.rc == stepped.rc);
	must(whole.answer.state == stepped.answer.state);
	must(whole.answer.status == stepped.answer.status);
	must(whole.body.len == stepped.body.len);
	must(whole.body.len == 0 || memcmp(whole.body.s, stepped.body.s, whole.body.len) == 0);
	must(strcmp(str_c(&whole.answer.head), str_c(&stepped.answer.head)) == 0);
	if (http_answer_header_text(&whole.answer, "Location", location, sizeof location))
		must(strpbrk(location, "\n") == NULL);
	if (http_answer_header_text(&whole.answer, "Last-Modified", location, sizeof location) &&
		http_date_parse(location, &date))
		must(date > INT64_MIN);
	forget(&whole);
	forget(&stepped);
	return 0;
}
