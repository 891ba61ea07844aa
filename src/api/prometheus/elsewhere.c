/* SPDX-License-Identifier: Apache-2.0 */
#include "api/prometheus/elsewhere.h"

#include "api/prometheus/form.h"
#include "api/prometheus/gone.h"
#include "api/prometheus/request.h"
#include "api/prometheus/whose.h"

#define TIMEOUT_MS (30 * SECOND_MS)
#define ADVICE     "ask again when the link is up (`diarchy status`), or ask at that site itself"

static route_handler *const handlers[] = { prom_targets, prom_scrape_pools, prom_metadata,
	prom_targets_metadata };

static bool is_by_parameter(const struct call *c)
{
	size_t i = 0;

	while (i < COUNT(handlers) && handlers[i] != c->found.route->handler)
		i++;
	return i < COUNT(handlers);
}

static const struct lab *lab_of(const struct api *a)
{
	return site_lab(a->setup.site);
}

bool elsewhere_is_named(const struct call *c)
{
	const char *name = uri_pair(&c->uri.query, SITE_LABEL);
	const char *self = lab_of(c->api)->sites[site_self_index(c->api->setup.site)].name;

	return is_by_parameter(c) && name && *name && !str_eq(name, self);
}

/* The lab may become another one while we wait: so a copy of the name. */
struct passing {
	struct api *api;
	struct http_exchange *exchange;
	char name[NAME_BYTES_MAX + 1];
};

/* NO_SITE: there is none of that name. */
static uint8_t index_of(const struct api *a, const char *name)
{
	const struct lab *lab = lab_of(a);

	for (uint8_t i = 0; i < lab->n_sites; i++)
		if (str_eq(lab->sites[i].name, name))
			return i;
	return NO_SITE;
}

static void write_gone(const struct api *a, const char *name, const char *why, struct str *body)
{
	uint8_t site = index_of(a, name);
	const struct link *l = site == NO_SITE ? NULL : site_link(a->setup.site, site);
	struct gone_peer peer = { name, GONE_NEVER_MS, why, ADVICE };
	scoped(str_fini) struct str text = STR_EMPTY;

	if (l && l->peer[0])
		peer.silent_ms = a->setup.now(a->setup.ctx).mono.ms - l->heard.ms;
	gone_write(&peer, &text);
	request_write_error(body, REQUEST_UNAVAILABLE, str_c(&text));
}

static enum rc refuse_name(const struct call *c, const char *name, struct answer *out)
{
	const struct lab *lab = lab_of(c->api);
	scoped(str_fini) struct str text = STR_EMPTY;

	str_addf(&text,
		"invalid parameter \"%s\": no site is called '%.*s'; there are: ", SITE_LABEL,
		NAME_BYTES_MAX, name);
	for (uint8_t i = 0; i < lab->n_sites; i++)
		str_addf(&text, "%s%s", i ? ", " : "", lab->sites[i].name);
	out->status = request_status(REQUEST_BAD_DATA);
	request_write_error(&out->body, REQUEST_BAD_DATA, str_c(&text));
	return RC_OK;
}

static enum rc refuse(const struct call *c, const char *name, const struct err *why,
	struct answer *out)
{
	if (why->rc == RC_OFFLINE) {
		out->status = rc_http(RC_OFFLINE);
		write_gone(c->api, name, why->text, &out->body);
		return RC_OK;
	}
	out->status = request_status(REQUEST_UNAVAILABLE);
	request_write_error(&out->body, REQUEST_UNAVAILABLE, why->text);
	return RC_OK;
}

static void on_answer(void *ctx, struct api_site_answer *a)
{
	struct passing *p = ctx;
	const struct http_header headers[] = { { "Cache-Control", "no-store" },
		{ "X-Diarchy-Site", p->name } };
	struct http_reply r = { .status = a->status ? a->status : rc_http(RC_OFFLINE),
		.type = "application/json",
		.headers = headers,
		.n_headers = a->status ? COUNT(headers) : 1 };

	if (a->status) {
		r.body = a->body;
		a->body = STR_EMPTY;
	} else {
		write_gone(p->api, p->name, a->why, &r.body);
	}
	http_reply(p->exchange, &r);
	api_let_go(p->api);
	free(p);
}

/* Without the site's name: that site answers for itself. */
static void write_form(const struct uri_pairs *query, struct str *out)
{
	struct uri_pairs rest = { 0 };

	for (uint32_t i = 0; i < query->n; i++)
		if (!str_eq(query->items[i].name, SITE_LABEL))
			rest.items[rest.n++] = query->items[i];
	form_write(&rest, out);
}

static enum rc ask(struct call *c, uint8_t site, struct passing *p, struct err *e)
{
	const struct api_setup *setup = &c->api->setup;
	const struct link *l = site_link(setup->site, site);
	scoped(str_fini) struct str form = STR_EMPTY;
	struct api_question q = { whose_what(c->found.route->handler), "", NULL, TIMEOUT_MS };

	if (!setup->ask_site || !link_is_current(l, l->connection))
		return err_set(e, RC_OFFLINE, "%s", l->why);
	write_form(&c->uri.query, &form);
	q.form = str_c(&form);
	return setup->ask_site(setup->ctx, site, &q, on_answer, p, e);
}

enum rc elsewhere_pass(struct call *c, struct answer *out, struct err *e)
{
	const char *name = uri_pair(&c->uri.query, SITE_LABEL);
	uint8_t site = index_of(c->api, name);
	struct err why = { 0 };
	struct passing *p;

	(void)e;
	if (site == NO_SITE)
		return refuse_name(c, name, out);
	p = must_alloc(sizeof *p);
	*p = (struct passing){ .api = c->api, .exchange = c->exchange };
	str_copy(p->name, sizeof p->name, name);
	if (ask(c, site, p, &why) != RC_OK) {
		free(p);
		return refuse(c, name, &why, out);
	}
	c->api->holders++;
	out->is_taken = true;
	return RC_OK;
}
