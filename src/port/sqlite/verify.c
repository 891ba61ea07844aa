/* SPDX-License-Identifier: Apache-2.0 */
#include "port/sqlite/store.h"

#include <string.h>

/* One chain being followed from the front. */
struct walk {
	const struct store_chain *chain;
	const struct journal_signer *signer; /* NULL: signatures are not looked at */
	uint64_t n;
	struct event last; /* numbers, hash and signature only: its texts are gone */
};

static enum rc fault(struct sqlite_store *s, const struct walk *w, uint64_t seq, const char *what,
	struct err *e)
{
	return store_corrupt(s, e, "event %lu of %s's epoch %lu %s", (unsigned long)seq,
		w->chain->site, (unsigned long)w->chain->epoch, what);
}

static enum rc check(struct sqlite_store *s, struct walk *w, const struct event *ev, struct err *e)
{
	uint64_t expected = w->n + 1;
	struct sha256 hash = event_hash(ev);
	struct err why = { 0 };

	if (ev->seq != expected)
		return fault(s, w, expected, "is lost", e);
	if (!sha256_eq(&hash, &ev->hash))
		return fault(s, w, ev->seq, "doesn't fit its hash", e);
	if (w->n > 0 && ev->hlc <= w->last.hlc)
		return fault(s, w, ev->seq, "is stamped before the one before it", e);
	if (event_validate(ev, &why) != RC_OK)
		return fault(s, w, ev->seq, why.text, e);
	w->last = *ev;
	w->n++;
	return RC_OK;
}

static enum rc check_signature(struct sqlite_store *s, struct walk *w, struct err *e)
{
	if (w->n == 0 || !w->signer || !w->signer->verify)
		return RC_OK;
	if (w->signer->verify(w->signer->ctx, w->chain->site, &w->last.hash, w->last.signature))
		return RC_OK;
	return fault(s, w, w->last.seq, "isn't signed with its site's key in lab.yaml", e);
}

/* The hash of each covers the hash of the one before, so the head's signature covers all. */
static enum rc follow(struct sqlite_store *s, struct walk *w, struct err *e)
{
	scoped(sql_done) sqlite3_stmt *stmt = sql_get(s, SQL_RANGE);
	enum rc rc = RC_OK;

	sql_bind_int(stmt, 1, w->chain->id);
	sql_bind_int(stmt, 2, 1);
	while (rc == RC_OK) {
		struct event ev;
		int step;

		rc = sql_step(s, stmt, &step, "reading a chain", e);
		if (rc == RC_OK && step == SQLITE_DONE)
			return check_signature(s, w, e);
		if (rc == RC_OK)
			rc = store_row(s, stmt, &ev, e);
		if (rc == RC_OK)
			rc = check(s, w, &ev, e);
	}
	return rc;
}

/* That nothing is missing at its end: a row whose kind or subject is lost is not in the walk. */
static enum rc check_end(struct sqlite_store *s, const struct walk *w, const struct store_end *end,
	struct err *e)
{
	if (end->seq > 0 && w->n != end->seq)
		return fault(s, w, w->n + 1, "is lost", e);
	return RC_OK;
}

static enum rc verify_chain(struct sqlite_store *s, struct walk *w, struct err *e)
{
	struct store_end end;
	enum rc rc = store_end_of(s, w->chain, &end, e);

	if (rc == RC_OK)
		rc = follow(s, w, e);
	return rc == RC_OK ? check_end(s, w, &end, e) : rc;
}

enum rc sqlite_store_verify(struct sqlite_store *s, const struct journal_signer *signer,
	struct sqlite_verified *ret, struct err *e)
{
	struct sqlite_verified sum = { .chains = s->n_chains };
	int64_t rows;
	enum rc rc = store_check_all_pages(s, e);

	for (size_t i = 0; rc == RC_OK && i < s->n_chains; i++) {
		struct walk w = { .chain = &s->chains[i], .signer = signer };

		rc = verify_chain(s, &w, e);
		sum.events += w.n;
	}
	if (rc == RC_OK)
		rc = sql_number(s, "SELECT count(*) FROM event", &rows, e);
	if (rc == RC_OK && (uint64_t)rows != sum.events)
		rc = store_corrupt(s, e, "%ld events belong to no chain",
			(long)rows - (long)sum.events);
	if (rc == RC_OK)
		*ret = sum;
	return rc;
}
