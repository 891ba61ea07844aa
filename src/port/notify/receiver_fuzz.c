/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What receivers answer: a byte for the kind of channel, one for the status, headers, NUL, body.
 * And the id of a message to edit, which came from another site's journal: the same bytes.
 */
#include "port/notify/order.h"

#include "base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct order_kind *const kinds[] = { &order_discord, &order_webhook, &order_mail };
static const int statuses[] = { 200, 204, 301, 302, 400, 401, 403, 404, 408, 410, 413, 422, 429,
	500, 502, 503, 504, 524, 250, 354, 421, 450, 535, 550, 552, 554, 0, 999 };

static void judge(const struct order_kind *kind, const struct http_response *r, bool is_edit)
{
	struct order_result result = { 0 };
	bool is_delivered;

	kind->judge(r, is_edit, &result);
	is_delivered = result.answer.verdict == PACE_DELIVERED;
	must(!is_delivered || (r->status >= 200 && r->status <= 299));
	must(is_delivered || result.reason[0]);
	must(strlen(result.reason) < sizeof result.reason);
	must(strspn(result.message, "0123456789") == strlen(result.message));
	must(result.answer.retry_after_ms >= -1 && result.answer.retry_after_ms <= DAY_MS);
}

/* Whatever the id is: the request goes to the channel's own address, or nowhere. */
static void prepare(const char *message)
{
	static const struct lab_channel channel = { .name = (char *)"discord",
		.kind = CHANNEL_DISCORD,
		.url_plain = "https://discord.test/api/webhooks/1/secret?thread_id=7" };
	struct delivery d = { .is_edit = true, .incident = "dublin-1", .version = 2 };
	scoped(order_fini) struct order o = { .channel = &channel, .delivery = &d };
	struct err e = { 0 };

	if (!str_copy(d.message, sizeof d.message, message))
		return;
	if (order_discord.prepare(&o, &e) != RC_OK) {
		must(e.text[0]);
		return;
	}
	must(str_starts(str_c(&o.url), "https://discord.test/api/webhooks/1/secret/messages/"));
	must(strcspn(str_c(&o.url), "#\r\n ") == o.url.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	scoped(mem_free) char *text = NULL;
	struct http_response r = { .outcome = HTTP_ANSWERED };
	size_t n, length;

	if (size < 2)
		return 0;
	length = size - 2;
	text = must_alloc(length + 1);
	memcpy(text, data + 2, length);
	n = strlen(text);
	n += n < length; /* where the body begins */
	r.status = statuses[data[1] % COUNT(statuses)];
	r.headers = text;
	r.body = text + n;
	r.body_bytes = length - n;
	judge(kinds[data[0] % COUNT(kinds)], &r, data[0] & 0x80);
	prepare(text);
	return 0;
}
