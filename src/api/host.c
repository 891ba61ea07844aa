/* SPDX-License-Identifier: Apache-2.0 */
/* host: /metrics/host, this machine's metrics as a node_exporter would serve them. */
#include "api/api_private.h"

struct host_answer {
	struct host_page_reader reader;
	struct api *api;
	struct http_exchange *exchange;
};

static void on_page(void *ctx, const struct str *text, const char *why)
{
	static const struct http_header headers[] = { { "Cache-Control", "no-store" } };
	struct http_reply r = { .type = "text/plain; version=0.0.4; charset=utf-8",
		.headers = headers,
		.n_headers = COUNT(headers) };
	struct host_answer *h = ctx;

	if (why) {
		http_reply_error(h->exchange, RC_OFFLINE, why, headers, COUNT(headers));
	} else {
		str_addn(&r.body, str_c(text), text->len);
		http_reply(h->exchange, &r);
	}
	api_let_go(h->api);
	free(h);
}

enum rc host_show(struct call *c, struct answer *out, struct err *e)
{
	struct host_answer *h;

	if (!c->api->setup.host_page)
		return err_set(e, RC_NOT_FOUND, "this site doesn't measure its machine");
	h = must_alloc(sizeof *h);
	*h = (struct host_answer){ { .done = on_page, .ctx = h }, c->api, c->exchange };
	c->api->holders++;
	out->is_taken = true;
	host_page_read(c->api->setup.host_page, &h->reader);
	return RC_OK;
}
