/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walking back from the newest event, a chain needs one thing to be remembered: what the event
 * before must be called.  Each event says the hash of the one before it; the first of an epoch,
 * that of the last of the epoch before (or zero, if that was not known).
 */
#include "cli/log_verify.h"
#include "cli/ask.h"
#include "cli/lab_find.h"
#include "cli/looks.h"
#include "core/journal/event.h"

#include <inttypes.h>
#include <stdio.h>

#define PAGE_EVENTS 500

struct chain {
	char site[NAME_BYTES_MAX + 1];
	uint64_t epoch;
	uint64_t seq;           /* of the oldest event seen; 1 in the end */
	struct sha256 previous; /* which that one names */
	struct sha256 head;     /* of the newest */
	uint64_t n;
};

struct verifier {
	struct chain *chains;
	size_t n, cap;
	const struct lab *lab; /* NULL: signatures are not checked */
	uint64_t n_signed;
};

static struct chain *chain_of(struct verifier *v, const struct event *ev)
{
	for (size_t i = 0; i < v->n; i++) {
		if (v->chains[i].epoch == ev->epoch && str_eq(v->chains[i].site, ev->site))
			return &v->chains[i];
	}
	must_grow(v->chains, v->n, v->cap);
	v->chains[v->n] = (struct chain){ .epoch = ev->epoch, .head = ev->hash };
	str_copy(v->chains[v->n].site, sizeof v->chains[v->n].site, ev->site);
	return &v->chains[v->n++];
}

static enum rc bad(const struct event *ev, const char *what, struct err *e)
{
	return err_set(e, RC_CORRUPT, "%s, epoch %" PRIu64 ", event %" PRIu64 ": %s", ev->site,
		ev->epoch, ev->seq, what);
}

static enum rc check_signature(struct verifier *v, const struct event *ev, struct err *e)
{
	uint8_t site = v->lab ? lab_site_index(v->lab, ev->site) : NO_SITE;

	if (site == NO_SITE)
		return RC_OK;
	if (!key_verify(&v->lab->sites[site].key, ev->hash.bytes, sizeof ev->hash.bytes,
		    ev->signature))
		return bad(ev, "the signature is not by the key in lab.yaml", e);
	v->n_signed++;
	return RC_OK;
}

static bool same(const struct sha256 *a, const struct sha256 *b)
{
	return memcmp(a->bytes, b->bytes, SHA256_BYTES) == 0;
}

static enum rc check_event(struct verifier *v, const struct event *ev, struct err *e)
{
	struct sha256 computed = event_hash(ev);
	struct chain *chain = chain_of(v, ev);

	if (!same(&computed, &ev->hash))
		return bad(ev, "its hash is not that of its content", e);
	if (chain->n > 0 && ev->seq + 1 != chain->seq)
		return bad(ev, "the event after it is missing, or out of order", e);
	if (chain->n > 0 && !same(&chain->previous, &ev->hash))
		return bad(ev, "the event after it names another one as the one before", e);
	chain->seq = ev->seq;
	chain->previous = ev->previous;
	chain->n++;
	return check_signature(v, ev, e);
}

static enum rc check_page(struct verifier *v, const json_t *events, struct err *e)
{
	size_t i;
	json_t *it;

	json_array_foreach (events, i, it) {
		scoped(arena_fini) struct arena arena;
		struct event ev;
		enum rc rc;

		arena_init(&arena, 4 * EVENT_BODY_BYTES_MAX);
		rc = event_read_json(it, &arena, &ev, e);
		if (rc == RC_OK)
			rc = check_event(v, &ev, e);
		if (rc != RC_OK)
			return rc;
	}
	return RC_OK;
}

static enum rc check_all(struct verifier *v, struct call *c, struct err *e)
{
	char cursor[32] = "";

	do {
		scoped(answer_fini) struct answer a = { 0 };
		char path[64];
		enum rc rc;

		snprintf(path, sizeof path, "events?limit=%d%s%s", PAGE_EVENTS,
			*cursor ? "&before=" : "", cursor);
		rc = ask(c, path, &a, e);
		if (rc == RC_OK)
			rc = check_page(v, json_object_get(a.json, "events"), e);
		if (rc != RC_OK)
			return rc;
		str_copy(cursor, sizeof cursor, json_get_text(a.json, "next", ""));
	} while (*cursor);
	return RC_OK;
}

/* The epoch of the same site that came before; NULL. */
static const struct chain *chain_before(const struct verifier *v, const struct chain *chain)
{
	const struct chain *found = NULL;

	for (size_t i = 0; i < v->n; i++) {
		const struct chain *it = &v->chains[i];

		if (str_eq(it->site, chain->site) && it->epoch < chain->epoch &&
			(!found || it->epoch > found->epoch))
			found = it;
	}
	return found;
}

/* Chains must begin at 1, and an epoch where the one before it ended. */
static enum rc check_beginnings(const struct verifier *v, struct err *e)
{
	static const struct sha256 nothing;

	for (size_t i = 0; i < v->n; i++) {
		const struct chain *chain = &v->chains[i], *before = chain_before(v, chain);

		if (chain->seq != 1)
			return err_set(e, RC_CORRUPT,
				"%s, epoch %" PRIu64 ": the events before %" PRIu64 " are missing",
				chain->site, chain->epoch, chain->seq);
		if (!same(&chain->previous, &nothing) && before &&
			!same(&chain->previous, &before->head))
			return err_set(e, RC_CORRUPT,
				"%s, epoch %" PRIu64 " ends elsewhere than epoch %" PRIu64
				" goes on",
				chain->site, before->epoch, chain->epoch);
	}
	return RC_OK;
}

static void report(struct call *c, const struct verifier *v)
{
	struct page *p = &c->page;
	char hex[SHA256_HEX], count[32];
	uint64_t n = 0;

	for (size_t i = 0; i < v->n; i++) {
		n += v->chains[i].n;
		page_addf(p, STYLE_PLAIN, "%s, epoch %" PRIu64 ": %s, ", v->chains[i].site,
			v->chains[i].epoch, look_count((int64_t)v->chains[i].n, "event", count));
		page_add(p, STYLE_OK, "whole");
		page_addf(p, STYLE_PLAIN, ", newest %.16s", sha256_hex(&v->chains[i].head, hex));
		page_line(p);
	}
	if (!v->lab)
		page_add(p, STYLE_DOUBT,
			"Signatures were not checked: there is no lab.yaml to take the keys from "
			"(--lab).");
	else
		page_addf(p, v->n_signed == n ? STYLE_OK : STYLE_DOUBT,
			"%" PRIu64 " of %" PRIu64 " signatures checked with the keys in %s.",
			v->n_signed, n, lab_find(c));
	page_line(p);
}

static void report_json(struct call *c, const struct verifier *v)
{
	struct json_out w;

	json_begin(&w, &c->page.out);
	json_object_open(&w, NULL);
	json_array_open(&w, "chains");
	for (size_t i = 0; i < v->n; i++) {
		char hex[SHA256_HEX];

		json_object_open(&w, NULL);
		json_text(&w, "site", v->chains[i].site);
		json_int(&w, "epoch", (int64_t)v->chains[i].epoch);
		json_int(&w, "events", (int64_t)v->chains[i].n);
		json_text(&w, "head", sha256_hex(&v->chains[i].head, hex));
		json_close(&w);
	}
	json_close(&w);
	json_int(&w, "signatures_checked", (int64_t)v->n_signed);
	json_close(&w);
	page_line(&c->page);
}

enum rc log_verify(struct call *c, struct err *e)
{
	scoped(lab_found_fini) struct lab_found found = { 0 };
	struct verifier v = { 0 };
	enum rc rc = RC_OK;

	if (lab_find(c))
		rc = lab_find_read(c, &found, e);
	v.lab = found.lab;
	if (rc == RC_OK)
		rc = check_all(&v, c, e);
	if (rc == RC_OK)
		rc = check_beginnings(&v, e);
	if (rc == RC_OK)
		(call_option(c, json, json) ? report_json : report)(c, &v);
	free(v.chains);
	return rc;
}
