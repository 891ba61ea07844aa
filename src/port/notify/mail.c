/* SPDX-License-Identifier: Apache-2.0 */
/* Mail through a server of the user's own (RFC 5321). */
#include "port/notify/order.h"

#include <stdio.h>

/* "Ana <ana@example.net>" or "ana@example.net", `n` bytes of it: the address without angles. */
static enum rc read_address(const char *text, size_t n, struct str *ret, struct err *e)
{
	const char *whole = text, *end = text + n, *at;
	const char *angle = memrchr(text, '<', n);

	if (angle) {
		text = angle + 1;
		end = memchr(text, '>', (size_t)(end - text));
	}
	while (end && text < end && *text == ' ')
		text++;
	while (end && text < end && end[-1] == ' ')
		end--;
	at = end ? memchr(text, '@', (size_t)(end - text)) : NULL;
	if (!at || at == text || at + 1 == end)
		return err_set(e, RC_INPUT, "'%.*s' is no mail address", (int)n, whole);
	for (const char *c = text; c < end; c++)
		if (*c <= ' ' || *c == '<' || *c == '>' || *c == 0x7f)
			return err_set(e, RC_INPUT, "a mail address holds blanks or angles");
	str_addn(ret, text, (size_t)(end - text));
	return RC_OK;
}

static enum rc read_recipients(struct order *o, struct err *e)
{
	const char *at = o->channel->to ? o->channel->to : "";
	uint32_t n = 0;

	while (*at) {
		size_t length = strcspn(at, ",");
		enum rc rc;

		if (n == ORDER_RECIPIENTS_MAX)
			return err_set(e, RC_LIMIT, "more than %d recipients",
				ORDER_RECIPIENTS_MAX);
		rc = read_address(at, length, &o->recipients[n], e);
		if (rc != RC_OK)
			return rc;
		o->to[n] = str_c(&o->recipients[n]);
		n++;
		at += length + (at[length] == ',');
	}
	if (n == 0)
		return err_set(e, RC_INPUT, "no recipient is configured");
	o->request.mail.to = o->to;
	o->request.mail.n_to = n;
	return RC_OK;
}

/* Port 465 speaks TLS from the first byte (RFC 8314, section 3.3). */
static enum rc prepare(struct order *o, struct err *e)
{
	const struct lab_channel *c = o->channel;
	const char *server = c->server ? c->server : "", *port = strrchr(server, ':');
	bool is_tls = port && str_eq(port, ":465") && !c->use_starttls;
	enum rc rc;

	if (!*server)
		return err_set(e, RC_INPUT, "no server is configured");
	str_addf(&o->url, "%s://%s", is_tls ? "smtps" : "smtp", server);
	rc = read_address(c->from ? c->from : "", strlen(c->from ? c->from : ""), &o->from, e);
	if (rc == RC_OK)
		rc = read_recipients(o, e);
	if (rc == RC_OK && c->user && c->password.kind != SECRET_NONE)
		rc = o->secret(&c->password, &o->password, e);
	if (rc != RC_OK)
		return rc;
	o->request.user = c->user;
	o->request.password = o->password.len ? str_c(&o->password) : NULL;
	o->request.mail.from = str_c(&o->from);
	o->request.mail.use_starttls = c->use_starttls;
	o->request.is_fresh = true;
	return RC_OK;
}

/* RFC 5321, section 4.2.1: 4yz may work later; 5yz won't, but of those only the ones that are
 * about this mail's content are worth giving it up for: the rest is set right by whoever runs the
 * server. */
static void judge(const struct http_response *r, bool is_edit, struct order_result *ret)
{
	enum pace_verdict verdict = PACE_FAILED;

	(void)is_edit;
	if (r->status >= 200 && r->status <= 299)
		verdict = PACE_DELIVERED;
	else if (r->status == 552 || r->status == 554)
		verdict = PACE_REJECTED;
	else if (r->status >= 500 && r->status <= 599)
		verdict = PACE_GONE;
	ret->answer = (struct pace_answer){ verdict, -1, false, -1, -1 };
	if (verdict != PACE_DELIVERED)
		snprintf(ret->reason, sizeof ret->reason, "SMTP %d", r->status);
}

const struct order_kind order_mail = { prepare, judge, false };
