/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stream: what changes, to the browsers that follow it, as server-sent events (HTML standard, 9.2).
 *
 *	api_changed(), api_event() ──► marks ──tick, each 250 ms──► change, journal, beat ──► followers
 *
 * A tick is the bound of four changes a second, and why a burst costs what one change costs.  No
 * follower, no tick.
 */
#include "api/api_private.h"
#include "api/changes.h"
#include "api/followers.h"

#define TICK_MS              250
#define TICKS_A_SECOND       (1000 / TICK_MS)
#define BEAT_TICKS           (2 * TICKS_A_SECOND)
#define JOURNAL_BYTES_A_TICK (SSE_BACKLOG_BYTES_MAX / 4)
_Static_assert(JOURNAL_BYTES_A_TICK + 2 * CHANGE_BYTES_A_KIND + 2 * EVENT_BODY_BYTES_MAX <=
		       SSE_BACKLOG_BYTES_MAX,
	"what one tick tells fits, with the last event and object whole");

struct stream {
	struct api *api;
	uv_timer_t timer;
	uint32_t ticks;
	struct followers followers;
	struct changes changes;
	bool is_journal_dirty;
	uint64_t cursor; /* the newest event that was told */
};

/* ---- messages */

static void begin_message(struct str *text, const char *event, struct json_out *w)
{
	str_addf(text, "event: %s\ndata: ", event);
	json_begin(w, text);
}

static void broadcast(struct stream *s, struct str *text)
{
	str_add(text, "\n\n");
	followers_tell(&s->followers, text);
}

static struct view view_of(const struct stream *s, const struct session *session)
{
	const struct api *a = s->api;

	return (struct view){ .site = a->setup.site,
		.facts = &a->facts,
		.now = a->setup.now(a->setup.ctx),
		.started = a->setup.started,
		.has_login = auth_is_needed(a->gate.auth),
		.csrf = session ? session->csrf : "none" };
}

static void send_status(struct stream *s, struct stream_follower *f)
{
	struct view v = view_of(s, auth_numbered(s->api->gate.auth, f->session));
	scoped(str_fini) struct str text = STR_EMPTY;
	struct json_out w;

	begin_message(&text, "status", &w);
	view_status(&v, &w, NULL);
	str_add(&text, "\n\n");
	stream_follower_tell(f, FOLLOWER_STATUS, &text);
}

static void send_change(struct stream *s, const struct view *v)
{
	scoped(str_fini) struct str text = STR_EMPTY;
	struct json_out w;

	begin_message(&text, "change", &w);
	if (changes_write(&s->changes, v, &w))
		broadcast(s, &text);
}

static void send_beat(struct stream *s, struct now now)
{
	scoped(str_fini) struct str text = STR_EMPTY;
	struct json_out w;

	begin_message(&text, "beat", &w);
	json_object_open(&w, NULL);
	json_time(&w, "now", now.wall);
	json_close(&w);
	broadcast(s, &text);
}

/* ---- the journal */

struct telling {
	struct stream *stream;
	size_t bytes;
};

static bool tell_event(void *arg, const struct event *ev, uint64_t cursor)
{
	scoped(str_fini) struct str text = STR_EMPTY;
	struct telling *t = arg;
	struct json_out w;

	begin_message(&text, "journal", &w);
	view_event(&w, site_lab(t->stream->api->setup.site), ev, cursor);
	broadcast(t->stream, &text);
	t->stream->cursor = cursor;
	t->bytes += text.len;
	return t->bytes < JOURNAL_BYTES_A_TICK;
}

/* What arrived since, by the store's own order; a peer's catch-up is spread over the ticks. */
static void tell_journal(struct stream *s)
{
	const struct journal_store *store = journal_store(site_journal(s->api->setup.site));
	struct event_query q = { .after_cursor = s->cursor };
	struct telling t = { .stream = s };

	if (!s->is_journal_dirty)
		return;
	s->is_journal_dirty = store->query(store->ctx, &q, tell_event, &t, NULL) != RC_OK ||
			      t.bytes >= JOURNAL_BYTES_A_TICK;
}

static bool note_cursor(void *arg, const struct event *ev, uint64_t cursor)
{
	(void)ev;
	*(uint64_t *)arg = cursor;
	return false;
}

/* The first cursor after `c`; 0 when there is none. */
static uint64_t cursor_after(const struct journal_store *store, uint64_t c)
{
	struct event_query q = { .after_cursor = c, .most = 1 };
	uint64_t found = 0;

	return store->query(store->ctx, &q, note_cursor, &found, NULL) == RC_OK ? found : 0;
}

/* Cursors grow as events arrive, and the store has no name for the last: gallop, then halve. */
static uint64_t newest_cursor(const struct journal_store *store)
{
	uint64_t known = 1, bound = 1, next; /* nothing lies above `bound` once galloping ends */

	for (uint64_t step = 1; (next = cursor_after(store, bound)) != 0; step *= 2) {
		known = next;
		bound = known + step;
	}
	while (known < bound) {
		uint64_t middle = known + (bound - known) / 2;

		next = cursor_after(store, middle);
		if (next)
			known = next;
		else
			bound = middle;
	}
	return known;
}

/* ---- ticks */

static bool may_stay(const struct stream *s, const struct stream_follower *f, struct mono now)
{
	const struct auth *auth = s->api->gate.auth;

	if (f->session)
		return auth_is_open(auth, now, f->session);
	return !f->needs_none || !auth_is_needed(auth);
}

static void end_what_may_not_stay(struct stream *s, struct mono now)
{
	followers_each (&s->followers, f) {
		if (!may_stay(s, f, now))
			stream_follower_end(f);
	}
}

static void on_tick(uv_timer_t *timer)
{
	struct stream *s = timer->data;
	struct view v = view_of(s, NULL);

	if (s->followers.n == 0) {
		uv_timer_stop(timer);
		return;
	}
	s->ticks++;
	changes_look_at_silences(&s->changes, &v);
	if (s->ticks % TICKS_A_SECOND == 0)
		changes_look_at_checks(&s->changes, &v);
	send_change(s, &v);
	tell_journal(s);
	if (s->ticks % BEAT_TICKS == 0) {
		end_what_may_not_stay(s, v.now.mono);
		send_beat(s, v.now);
	}
}

static void start_ticking(struct stream *s)
{
	struct view v = view_of(s, NULL);

	changes_reset(&s->changes, &v);
	s->cursor = newest_cursor(journal_store(site_journal(s->api->setup.site)));
	s->is_journal_dirty = false;
	uv_update_time(s->api->setup.loop);
	uv_timer_start(&s->timer, on_tick, TICK_MS, TICK_MS);
}

/* ---- what the API is told */

enum rc stream_follow(struct call *c, struct answer *out, struct err *e)
{
	struct stream *s = c->api->stream;
	struct stream_follower *f;

	if (s->followers.n >= SSE_CLIENTS_MAX) {
		answer_header(out, "Retry-After", "10");
		return err_set(e, RC_LIMIT, "%d browsers follow already", SSE_CLIENTS_MAX);
	}
	if (s->followers.n == 0)
		start_ticking(s);
	f = followers_add(&s->followers, c->exchange);
	f->session = c->session ? c->session->number : 0;
	f->needs_none = !auth_is_needed(s->api->gate.auth);
	send_status(s, f);
	out->is_taken = true;
	return RC_OK;
}

void stream_check_changed(struct stream *s, uint16_t check)
{
	changes_mark_check(&s->changes, check);
}

void stream_incident_changed(struct stream *s, const char *id)
{
	if (s->followers.n)
		changes_mark_incident(&s->changes, id);
}

void stream_link_changed(struct stream *s)
{
	changes_mark_links(&s->changes);
}

void stream_event(struct stream *s, const struct event *ev)
{
	enum event_kind kind = event_kind_of(ev->kind);

	s->is_journal_dirty = true;
	if (kind == EVENT_SILENCE)
		changes_mark_silences(&s->changes);
	if (kind == EVENT_INCIDENT || kind == EVENT_ACK || kind == EVENT_RECEIPT)
		stream_incident_changed(s, ev->subject);
}

void stream_reloaded(struct stream *s)
{
	struct view v = view_of(s, NULL);

	changes_reset(&s->changes, &v);
	end_what_may_not_stay(s, v.now.mono);
	followers_each (&s->followers, f)
		send_status(s, f);
}

uint32_t stream_clients(const struct stream *s)
{
	return s->followers.n;
}

/* ---- life cycle */

struct stream *stream_new(struct api *a)
{
	struct stream *s = must_alloc(sizeof *s);

	s->api = a;
	s->changes.incidents = MAP_EMPTY;
	uv_timer_init(a->setup.loop, &s->timer);
	s->timer.data = s;
	return s;
}

static void on_timer_closed(uv_handle_t *handle)
{
	struct stream *s = handle->data;

	api_let_go(s->api);
}

void stream_stop(struct stream *s)
{
	uv_close((uv_handle_t *)&s->timer, on_timer_closed);
}

void stream_free(struct stream *s)
{
	if (!s)
		return;
	must(!s->followers.n);
	changes_fini(&s->changes);
	free(s);
}
