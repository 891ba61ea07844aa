/* SPDX-License-Identifier: Apache-2.0 */
/* silences: the site's own, in Alertmanager's words. */
#include "api/alertmanager/answer.h"
#include "api/alertmanager/posted.h"

#define OPEN_END_MS INT64_C(253402300799000) /* the end of the year 9999 */

static const struct silences *silences_of(const struct call *c)
{
	return alert_silences(site_alert(c->api->setup.site));
}

static const struct silence *find(const struct call *c, const char *id)
{
	const struct silences *all = silences_of(c);

	for (uint32_t i = 0; i < all->n; i++)
		if (str_eq(all->items[i].id, id))
			return &all->items[i];
	return NULL;
}

static bool is_expired(const struct call *c, const struct silence *s)
{
	return s->until.ms <= c->now.wall.ms;
}

/* ---- showing */

static void write_matcher(struct json_out *w, const struct matcher *m)
{
	enum matcher_op op = matcher_op(m);

	json_object_open(w, NULL);
	json_bool(w, "isEqual", op == MATCHER_EQUAL || op == MATCHER_REGEX);
	json_bool(w, "isRegex", op == MATCHER_REGEX || op == MATCHER_NOT_REGEX);
	json_text(w, "name", matcher_name(m));
	json_text(w, "value", matcher_value(m));
	json_close(w);
}

static void write_silence(const struct call *c, struct json_out *w, const struct silence *s,
	const struct matcher_list *matchers)
{
	const char *state = is_expired(c, s)              ? "expired"
			    : s->from.ms > c->now.wall.ms ? "pending"
							  : "active";

	json_object_open(w, NULL);
	json_text(w, "id", s->id);
	json_object_open(w, "status");
	json_text(w, "state", state);
	json_close(w);
	json_time(w, "updatedAt", hlc_wall(s->hlc));
	if (s->annotations)
		json_raw(w, "annotations", s->annotations);
	json_text(w, "comment", s->why);
	json_text(w, "createdBy", s->by);
	json_time(w, "endsAt", s->until.ms < OPEN_END_MS ? s->until : (struct wall){ OPEN_END_MS });
	json_array_open(w, "matchers");
	for (uint32_t i = 0; i < matchers->n; i++)
		write_matcher(w, matchers->v[i]);
	json_close(w);
	json_time(w, "startsAt", s->from);
	json_close(w);
}

static bool has(const struct matcher_list *matchers, const struct matcher *wanted)
{
	for (uint32_t i = 0; i < matchers->n; i++) {
		const struct matcher *m = matchers->v[i];

		if (matcher_op(m) == matcher_op(wanted) &&
			str_eq(matcher_name(m), matcher_name(wanted)) &&
			str_eq(matcher_value(m), matcher_value(wanted)))
			return true;
	}
	return false;
}

/* A filter doesn't match what a silence is about: its matchers are those that the silence was made with. */
static bool is_wanted(const struct matcher_list *filter, const struct matcher_list *matchers)
{
	for (uint32_t i = 0; i < filter->n; i++)
		if (!has(matchers, filter->v[i]))
			return false;
	return true;
}

struct ranked {
	const struct silence *silence;
	int rank;       /* those that are on, then those to come, then those that are over */
	int64_t key_ms; /* what ends or begins first; of those that are over, what ended last */
};

static struct ranked ranked(const struct call *c, const struct silence *s)
{
	if (is_expired(c, s))
		return (struct ranked){ s, 2, -s->until.ms };
	if (s->from.ms > c->now.wall.ms)
		return (struct ranked){ s, 1, s->from.ms };
	return (struct ranked){ s, 0, s->until.ms };
}

static int by_rank(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	if (x->rank != y->rank)
		return x->rank - y->rank;
	if (x->key_ms != y->key_ms)
		return x->key_ms < y->key_ms ? -1 : 1;
	return strcmp(x->silence->id, y->silence->id);
}

/* As Alertmanager has them. */
static struct ranked *in_order(const struct call *c, uint32_t *ret_n)
{
	const struct silences *all = silences_of(c);
	struct ranked *v = must_alloc((all->n + 1) * sizeof *v);

	for (uint32_t i = 0; i < all->n; i++)
		v[i] = ranked(c, &all->items[i]);
	qsort(v, all->n, sizeof *v, by_rank);
	*ret_n = all->n;
	return v;
}

enum rc v2_silences_list(struct call *c, struct answer *out, struct err *e)
{
	scoped(matcher_list_fini) struct matcher_list filter = { 0 };
	const char *creator = uri_pair(&c->uri.query, "creator");
	struct ranked *v;
	uint32_t n;
	enum rc rc = v2_filter(c, &filter, e);

	if (rc != RC_OK)
		return v2_refuse(out, rc, e);
	v = in_order(c, &n);
	json_array_open(&out->json, NULL);
	for (uint32_t i = 0; i < n; i++) {
		scoped(matcher_list_fini) struct matcher_list matchers = { 0 };
		const struct silence *one = v[i].silence;

		/* What silence.h takes and this list's syntax doesn't is shown without matchers. */
		if (matcher_list_parse(&matchers, one->matchers_text, NULL) != RC_OK)
			matcher_list_fini(&matchers);
		if (is_wanted(&filter, &matchers) && (!creator || str_eq(creator, one->by)))
			write_silence(c, &out->json, one, &matchers);
	}
	json_close(&out->json);
	free(v);
	return RC_OK;
}

enum rc v2_silence_show(struct call *c, struct answer *out, struct err *e)
{
	const struct silence *s = find(c, c->found.args[0]);
	scoped(matcher_list_fini) struct matcher_list matchers = { 0 };

	if (!s)
		return err_set(e, RC_NOT_FOUND, "no silence '%.100s'", c->found.args[0]);
	if (matcher_list_parse(&matchers, s->matchers_text, e) != RC_OK)
		return err_in(e, RC_CORRUPT, "silence %s", s->id);
	write_silence(c, &out->json, s, &matchers);
	return RC_OK;
}

/* ---- changing */

enum rc v2_silence_end(struct call *c, struct answer *out, struct err *e)
{
	const struct silence *s = find(c, c->found.args[0]);
	enum rc rc = RC_OK;

	(void)out;
	if (!s)
		return err_set(e, RC_NOT_FOUND, "no silence '%.100s'", c->found.args[0]);
	if (is_expired(c, s)) /* said twice, it is ended all the same */
		return RC_OK;
	rc = site_unsilence(c->api->setup.site, c->now, c->found.args[0], NULL, e);
	c->api->setup.after_input(c->api->setup.ctx);
	return rc;
}

/* One that is on may be told to end otherwise, or why it is there; one about something else, or of
 * the past, is another one, and takes the place of what it was. */
static enum rc settle_old(struct call *c, const struct posted_silence *p, const char **ret_id,
	struct err *e)
{
	const struct silence *old = p->id ? find(c, p->id) : NULL;

	*ret_id = NULL;
	if (!p->id)
		return RC_OK;
	if (!old)
		return err_set(e, RC_NOT_FOUND, "silence %.100s not found", p->id);
	if (is_expired(c, old))
		return RC_OK;
	if (str_eq(old->matchers_text, str_c(&p->matchers)) && p->starts.ms == old->from.ms) {
		*ret_id = p->id;
		return RC_OK;
	}
	return site_unsilence(c->api->setup.site, c->now, p->id, p->created_by, e);
}

enum rc v2_silence_post(struct call *c, struct answer *out, struct err *e)
{
	scoped(json_flat_fini) struct json_flat flat = JSON_FLAT_EMPTY;
	scoped(posted_silence_fini) struct posted_silence p = { 0 };
	struct site_word word = { .may_cover_nothing = true };
	char id[INCIDENT_ID_MAX];
	enum rc rc = posted_silence_read(&flat, c->ask->body, c->ask->body_bytes, &p, e);

	if (rc == RC_OK)
		rc = settle_old(c, &p, &word.id, e);
	if (rc != RC_OK)
		return v2_refuse(out, rc, e);
	word.about = str_c(&p.matchers);
	word.text = p.comment;
	word.by = p.created_by;
	word.annotations = p.annotations;
	word.until = p.ends;
	if (p.starts.ms > c->now.wall.ms || word.id) /* not before it was made */
		word.from = p.starts;
	rc = site_silence(c->api->setup.site, c->now, &word, id, e);
	c->api->setup.after_input(c->api->setup.ctx);
	if (rc != RC_OK)
		return v2_refuse(out, rc, e);
	json_object_open(&out->json, NULL);
	json_text(&out->json, "silenceID", id);
	json_close(&out->json);
	return RC_OK;
}
