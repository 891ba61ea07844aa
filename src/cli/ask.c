/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/ask.h"

#include "cli/client.h"
#include "cli/lab_find.h"
#include "port/files/files.h"

#include <stdio.h>

#define API             "/api/lab/v1/"
#define USUAL_URL       "http://127.0.0.1:7080"
#define TOKEN_BYTES_MAX 4096
#define SEND_MS         90000 /* longer than a site waits for its disk */

/* ---- where */

struct places {
	struct address {
		char *name; /* of the site; NULL when only the URL is known */
		char *url;
	} items[SITES_MAX];
	uint32_t n;
};

static void places_fini(struct places *p)
{
	for (uint32_t i = 0; i < p->n; i++) {
		free(p->items[i].name);
		free(p->items[i].url);
	}
}
SCOPED_FINI(places_fini, struct places)

static void add_place(struct places *p, const char *name, const char *url)
{
	for (uint32_t i = 0; i < p->n; i++) {
		if (str_eq(p->items[i].url, url))
			return;
	}
	must(p->n < SITES_MAX);
	p->items[p->n++] = (struct address){ name ? must_strdup(name) : NULL, must_strdup(url) };
}

/* "http://host:port", without what may stand behind it. */
static enum rc add_url(struct places *p, const char *url, struct err *e)
{
	scoped(str_fini) struct str base = STR_EMPTY;
	const char *host = strstr(url, "://");
	size_t n = host ? strcspn(host + 3, "/") : 0;

	if ((!str_starts(url, "http://") && !str_starts(url, "https://")) || n == 0 ||
		strpbrk(url, " \t\r\n?#@") || !str_eq(host + 3 + n + (host[3 + n] == '/'), ""))
		return err_set(e, RC_USAGE,
			"'%.100s' is no address of a site: write http://HOST:PORT or its name in "
			"lab.yaml",
			url);
	str_addn(&base, url, (size_t)(host + 3 + n - url));
	add_place(p, NULL, str_c(&base));
	return RC_OK;
}

static void add_site(struct places *p, const struct lab_site *site)
{
	scoped(str_fini) struct str url = STR_EMPTY;

	str_addf(&url, "http://%s", site->http);
	add_place(p, site->name, str_c(&url));
}

static enum rc unknown_site(const struct lab *lab, const char *name, struct err *e)
{
	for (uint8_t i = 0; i < lab->n_sites; i++) {
		if (str_distance(lab->sites[i].name, name) < 3)
			return err_set(e, RC_USAGE,
				"lab.yaml has no site '%.64s' (did you mean '%s'?)", name,
				lab->sites[i].name);
	}
	return err_set(e, RC_USAGE, "lab.yaml has no site '%.64s'", name);
}

static enum rc add_named(const struct call *c, struct places *p, const char *name, struct err *e)
{
	scoped(lab_found_fini) struct lab_found found = { 0 };
	enum rc rc = lab_find_read(c, &found, e);
	uint8_t site;

	if (rc != RC_OK)
		return err_in(e, rc, "--site %.64s", name);
	site = lab_site_index(found.lab, name);
	if (site == NO_SITE)
		return unknown_site(found.lab, name, e);
	add_site(p, &found.lab->sites[site]);
	return RC_OK;
}

/* Sites of lab.yaml, if it can be read: that it is broken is no reason not to ask. */
static void add_lab(const struct call *c, struct places *p)
{
	scoped(lab_found_fini) struct lab_found found = { 0 };

	if (lab_find_read(c, &found, NULL) != RC_OK) {
		add_place(p, NULL, USUAL_URL);
		return;
	}
	for (uint8_t i = 0; i < found.lab->n_sites; i++)
		add_site(p, &found.lab->sites[i]);
}

static enum rc find_places(const struct call *c, struct places *ret, struct err *e)
{
	const char *site = call_option(c, site, site), *url = getenv("DIARCHY_URL");

	if (c->url)
		return add_url(ret, c->url, e);
	if (site)
		return strstr(site, "://") ? add_url(ret, site, e) : add_named(c, ret, site, e);
	if (url && *url)
		return err_in(e, add_url(ret, url, e), "DIARCHY_URL");
	add_lab(c, ret);
	return RC_OK;
}

/* ---- one request */

static void token_wipe(struct str *s)
{
	if (s->s)
		explicit_bzero(s->s, s->cap);
	str_fini(s);
}
SCOPED_FINI(token_wipe, struct str)

static enum rc find_token(const struct call *c, struct str *ret, struct err *e)
{
	const char *path = call_option(c, site, token_file);
	enum rc rc;

	if (!path)
		return client_token(ret, e);
	rc = file_read(path, TOKEN_BYTES_MAX, ret, e);
	if (rc != RC_OK)
		return err_in(e, rc, "--token-file");
	ret->len = strcspn(str_c(ret), "\r\n");
	if (ret->len == 0)
		return err_set(e, RC_INPUT, "--token-file: %s holds no token", path);
	ret->s[ret->len] = '\0';
	return RC_OK;
}

static enum rc nobody_there(const struct places *p, const char *reason, struct err *e)
{
	scoped(str_fini) struct str urls = STR_EMPTY;

	for (uint32_t i = 0; i < p->n; i++) {
		str_addf(&urls, "%s%s", i ? " and " : "", p->items[i].url);
		if (str_starts(reason, p->items[i].url))
			reason += strlen(p->items[i].url);
	}
	return err_set(e, RC_OFFLINE,
		"no site answers at %s: is `diarchy serve` running?  --site or DIARCHY_URL names "
		"another one (it%.200s)",
		str_c(&urls), reason);
}

/* What to do about it, for those errors where there is something. */
static enum rc advise(const struct places *p, enum rc rc, struct err *e)
{
	char reason[ERR_TEXT_MAX] = "";

	if (e)
		str_copy(reason, sizeof reason, e->text);
	if (rc == RC_OFFLINE)
		return nobody_there(p, reason, e);
	if (rc == RC_TIMEOUT)
		return err_set(e, rc, "%.300s; --timeout waits longer", reason);
	if (rc == RC_AUTH)
		return err_set(e, rc, "%.300s: set DIARCHY_TOKEN, or name a file with --token-file",
			reason);
	return rc;
}

void ask_settle(struct call *c, const char *url)
{
	char *before = c->url; /* `url` may be a part of what it leads to */

	c->url = url ? must_strdup(url) : NULL;
	free(before);
}

/* Try one place after the other while nothing has been sent anywhere. */
struct attempt {
	struct call *call;
	enum rc (*run)(const struct client_site *site, void *ctx, struct err *e);
	void *ctx;
};

/* Once is enough, and not while words are completed. */
static void say_absent(struct call *c, const struct address *here, const struct address *next)
{
	if (c->has_said_absent || (c->command->wants & WANTS_HIDDEN))
		return;
	c->has_said_absent = true;
	fprintf(stderr, "diarchy: %s does not answer at %s; asking %s\n", here->name, here->url,
		next->name);
}

static enum rc try_places(const struct attempt *a, const struct places *p, const char *token,
	struct err *e)
{
	enum rc rc = RC_OFFLINE;

	for (uint32_t i = 0; i < p->n; i++) {
		struct client_site site = { p->items[i].url, token };

		ask_settle(a->call, site.url); /* before: a stream's reader may ask on */
		rc = a->run(&site, a->ctx, e);
		if (rc != RC_OFFLINE)
			return rc;
		if (i + 1 < p->n)
			say_absent(a->call, &p->items[i], &p->items[i + 1]);
	}
	ask_settle(a->call, NULL);
	return rc;
}

static enum rc attempt(const struct attempt *a, struct err *e)
{
	scoped(places_fini) struct places places = { 0 };
	scoped(token_wipe) struct str token = STR_EMPTY;
	enum rc rc = find_places(a->call, &places, e);

	if (rc == RC_OK)
		rc = find_token(a->call, &token, e);
	if (rc != RC_OK)
		return rc;
	return advise(&places, try_places(a, &places, str_c(&token), e), e);
}

/* ---- questions and orders */

void answer_fini(struct answer *a)
{
	str_fini(&a->text);
	json_decref(a->json);
	a->json = NULL;
}

void answer_print(struct call *c, const struct answer *a)
{
	(c->page.term.width ? text_add_json : str_add)(&c->page.out, str_c(&a->text));
	page_line(&c->page);
}

void ask_encode(struct str *path, const char *text)
{
	for (const unsigned char *s = (const unsigned char *)text; *s; s++) {
		bool is_plain = (*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z') ||
				(*s >= '0' && *s <= '9') || strchr("-._~", *s);

		str_addf(path, is_plain ? "%c" : "%%%02X", *s);
	}
}

struct order {
	struct client_order client;
	struct answer *answer;
};

static enum rc run_order(const struct client_site *site, void *ctx, struct err *e)
{
	struct order *o = ctx;
	struct answer *a = o->answer;
	enum rc rc;

	str_clear(&a->text);
	rc = client_ask(site, &o->client, &a->text, e);
	if (rc != RC_OK)
		return rc;
	if (json_read(&a->json, str_c(&a->text), a->text.len, e) != RC_OK)
		return err_set(e, RC_IO, "%s answers, but not as a site does: it is no JSON",
			site->url);
	return RC_OK;
}

/* A path that begins at the root, as Prometheus' are, is whole already. */
static void whole_path(const char *path, struct str *out)
{
	str_addf(out, "%s%s", *path == '/' ? "" : API, path);
}

/* `client`, but for the path and the time that it may take. */
static enum rc give(struct call *c, struct client_order client, const char *path,
	struct answer *ret, struct err *e)
{
	scoped(str_fini) struct str whole = STR_EMPTY;
	struct order o = { .client = client, .answer = ret };

	whole_path(path, &whole);
	o.client.path = str_c(&whole);
	o.client.timeout_ms = call_number(c, site, timeout, 0);
	return attempt(&(struct attempt){ c, run_order, &o }, e);
}

enum rc tell(struct call *c, const char *path, const char *body, struct answer *ret, struct err *e)
{
	return give(c, (struct client_order){ .method = body ? "POST" : "DELETE", .body = body },
		path, ret, e);
}

enum rc ask(struct call *c, const char *path, struct answer *ret, struct err *e)
{
	return give(c, (struct client_order){ .method = "GET" }, path, ret, e);
}

struct sending {
	struct client_order order;
	struct str *answer;
};

static enum rc run_send(const struct client_site *site, void *ctx, struct err *e)
{
	struct sending *s = ctx;

	str_clear(s->answer);
	return client_ask(site, &s->order, s->answer, e);
}

enum rc ask_send(struct call *c, const char *path, const struct ask_body *body, struct str *ret,
	struct err *e)
{
	struct sending s = { .answer = ret,
		.order = { .method = "POST",
			.path = path,
			.body = body->s,
			.type = body->type,
			.body_bytes = body->n,
			.timeout_ms = call_number(c, site, timeout, SEND_MS) } };

	return attempt(&(struct attempt){ c, run_send, &s }, e);
}

enum rc ask_text(struct call *c, const char *path, struct str *ret, struct err *e)
{
	struct sending s = { .answer = ret,
		.order = { .path = path, .timeout_ms = call_number(c, site, timeout, SEND_MS) } };

	return attempt(&(struct attempt){ c, run_send, &s }, e);
}

struct stream {
	const char *path;
	bool (*each)(void *ctx, const char *event, const char *data);
	void *ctx;
};

static enum rc run_stream(const struct client_site *site, void *ctx, struct err *e)
{
	struct stream *s = ctx;

	return client_follow(site, s->path, s->each, s->ctx, e);
}

enum rc ask_stream(struct call *c, const char *path,
	bool (*each)(void *ctx, const char *event, const char *data), void *ctx, struct err *e)
{
	scoped(str_fini) struct str whole = STR_EMPTY;
	struct stream s = { .each = each, .ctx = ctx };

	str_addf(&whole, API "%s", path);
	s.path = str_c(&whole);
	return attempt(&(struct attempt){ c, run_stream, &s }, e);
}
