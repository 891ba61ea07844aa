/* SPDX-License-Identifier: Apache-2.0 */
#include "port/notify/order.h"

static void wipe(struct str *s)
{
	if (s->s)
		explicit_bzero(s->s, s->cap);
	str_fini(s);
}

void order_fini(struct order *o)
{
	wipe(&o->url);
	wipe(&o->user);
	wipe(&o->password);
	request_fini(&o->settings);
	str_fini(&o->from);
	for (size_t i = 0; i < ORDER_RECIPIENTS_MAX; i++)
		str_fini(&o->recipients[i]);
	for (size_t i = 0; i < ORDER_HEADERS_MAX; i++)
		str_fini(&o->header_texts[i]);
}

void order_header(struct order *o, const char *fmt, ...)
{
	uint32_t i = o->request.n_headers;
	va_list ap;

	must(i < ORDER_HEADERS_MAX);
	va_start(ap, fmt);
	str_vaddf(&o->header_texts[i], fmt, ap);
	va_end(ap);
	o->headers[i] = str_c(&o->header_texts[i]);
	o->request.headers = o->headers;
	o->request.n_headers = i + 1;
}

enum rc order_url(struct order *o, struct err *e)
{
	const struct lab_channel *c = o->channel;
	enum rc rc;

	if (c->url.kind == SECRET_NONE) {
		if (!c->url_plain)
			return err_set(e, RC_NOT_FOUND, "no address is configured");
		str_add(&o->url, c->url_plain);
	} else {
		rc = o->secret(&c->url, &o->url, e);
		if (rc != RC_OK)
			return rc;
	}
	if (!str_starts(str_c(&o->url), "https://") && !str_starts(str_c(&o->url), "http://"))
		return err_set(e, RC_INPUT, "its address begins with neither https:// nor http://");
	return RC_OK;
}
