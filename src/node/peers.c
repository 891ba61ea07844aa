/* SPDX-License-Identifier: Apache-2.0 */
/* peers: feeds the links, and carries out what they ask for. */
#include "node/site_private.h"

#include "core/peer/wire.h"

#define DIGEST_PATIENCE 5      /* beats with equal heads and different states before it is said */
#define LOST_MS         DAY_MS /* what an event said that is lost may be known to some so long */

/* How many chains of the same site are newer. */
static size_t count_newer(const struct journal_head *heads, size_t n, const struct journal_head *h)
{
	size_t newer = 0;

	for (size_t i = 0; i < n; i++)
		newer += heads[i].epoch > h->epoch && str_eq(heads[i].site, h->site);
	return newer;
}

/* How many of each site's chains fit into a message that can't hold all; at least one. */
static size_t chains_that_fit(const size_t *newer, size_t n)
{
	for (size_t most = 1;; most++) {
		size_t fit = 0;

		for (size_t i = 0; i < n; i++)
			fit += newer[i] <= most;
		if (fit > LINK_HEADS_MAX)
			return most;
	}
}

struct listed {
	uint8_t site; /* in lab.yaml; NO_SITE */
	uint64_t epoch;
	size_t chain; /* of the journal's */
};

static void insert_in_order(struct listed *list, size_t n, struct listed x)
{
	for (; n > 0 && (list[n - 1].site > x.site ||
				(list[n - 1].site == x.site && list[n - 1].epoch > x.epoch));
		n--)
		list[n] = list[n - 1];
	list[n] = x;
}

/* Which chains are told to peers, and in which order.  Where there are too many, each site's newest:
 * the last chain of each is the one that grows, and both ends must leave out the same.  Both list
 * them alike, so that what one looks for in the other's list is where it is in its own. */
static void list_chains(struct site *s, const struct journal_head *heads, size_t n)
{
	size_t *newer = must_alloc((n + 1) * sizeof *newer), most = n;
	struct listed *list = must_alloc((n + 1) * sizeof *list);
	size_t k = 0;

	for (size_t i = 0; n > LINK_HEADS_MAX && i < n; i++)
		newer[i] = count_newer(heads, n, &heads[i]);
	if (n > LINK_HEADS_MAX)
		most = chains_that_fit(newer, n);
	for (size_t i = 0; i < n && k < LINK_HEADS_MAX; i++)
		if (newer[i] < most) {
			struct listed x = { lab_site_index(s->lab, heads[i].site), heads[i].epoch,
				i };

			insert_in_order(list, k++, x);
		}
	for (size_t i = 0; i < k; i++)
		s->listed[i] = list[i].chain;
	s->n_heads = (uint32_t)k;
	s->n_chains = n;
	free(list);
	free(newer);
}

/* The journal's heads in the link's words. */
static void put_heads(const struct site *s, const struct journal_head *heads,
	struct link_head to[LINK_HEADS_MAX])
{
	for (uint32_t i = 0; i < s->n_heads; i++) {
		const struct journal_head *from = &heads[s->listed[i]];

		str_copy(to[i].site, sizeof to[i].site, from->site);
		to[i].epoch = from->epoch;
		to[i].seq = from->seq;
		to[i].hash = from->hash;
	}
	scrub_hide(s, to, s->n_heads);
}

static bool is_same_chain(const struct link_head *a, const struct link_head *b)
{
	return a->epoch == b->epoch && str_eq(a->site, b->site);
}

/* Nearly always both hold the same. */
static bool is_level(const struct site *s, const struct link_head *theirs, uint32_t n)
{
	for (uint32_t i = 0; i < n && n == s->n_heads; i++)
		if (theirs[i].seq != s->heads[i].seq ||
			memcmp(&theirs[i].hash, &s->heads[i].hash, sizeof theirs[i].hash) != 0 ||
			!is_same_chain(&theirs[i], &s->heads[i]))
			return false;
	return n == s->n_heads;
}

/* And back: those of our own chains, of which there may be two versions. */
static size_t take_own(const struct site *s, struct journal_head to[LINK_HEADS_MAX],
	const struct link_head *heads, uint32_t n)
{
	size_t n_own = 0;

	for (uint32_t i = 0; i < n; i++) {
		if (!str_eq(heads[i].site, site_name(s)))
			continue;
		str_copy(to[n_own].site, sizeof to[n_own].site, heads[i].site);
		to[n_own].epoch = heads[i].epoch;
		to[n_own].seq = heads[i].seq;
		to[n_own++].hash = heads[i].hash;
	}
	return n_own;
}

/* Does this peer hold another version of what we wrote?  Then our heads, as it is to be shown them. */
static void compare_own(struct site *s, uint8_t peer, const struct link_head *heads,
	uint32_t n_heads)
{
	struct journal_head theirs[LINK_HEADS_MAX], *ours;
	size_t n, n_theirs;

	s->compared[peer].is_valid = false;
	s->is_forked[peer] = false;
	if (is_level(s, heads, n_heads))
		return;
	n_theirs = take_own(s, theirs, heads, n_heads);
	s->is_forked[peer] = journal_is_behind_itself(s->journal, theirs, n_theirs);
	if (!s->is_forked[peer])
		return;
	journal_heads(s->journal, &n);
	ours = must_alloc((n + 1) * sizeof *ours);
	journal_heads_for(s->journal, theirs, n_theirs, ours);
	put_heads(s, ours, s->shown[peer]);
	free(ours);
}

static void compare_again(struct site *s, uint8_t peer)
{
	compare_own(s, peer, s->links[peer].peer_heads, s->links[peer].n_peer_heads);
}

void peers_refresh_heads(struct site *s)
{
	size_t n;
	const struct journal_head *heads = journal_heads(s->journal, &n);

	if (n != s->n_chains) /* chains only ever come */
		list_chains(s, heads, n);
	put_heads(s, heads, s->heads);
	s->n_held = 0;
	for (uint32_t i = 0; i < s->n_heads; i++)
		s->n_held += s->heads[i].seq;
	for (uint8_t i = 0; i < s->lab->n_sites; i++)
		if (i != s->setup.self)
			compare_again(s, i);
}

static const struct link_head *shown_to(const struct site *s, uint8_t peer)
{
	return s->is_forked[peer] ? s->shown[peer] : s->heads;
}

static uint64_t held(const struct site *s, const struct link_head *chain, uint32_t hint)
{
	size_t n;
	const struct journal_head *heads = journal_heads(s->journal, &n);

	if (hint < s->n_heads && is_same_chain(&s->heads[hint], chain))
		return s->heads[hint].seq;
	for (size_t i = 0; i < n; i++)
		if (heads[i].epoch == chain->epoch && str_eq(heads[i].site, chain->site))
			return heads[i].seq;
	return 0;
}

static struct peers_gap gap_to(const struct site *s, uint8_t peer)
{
	const struct link *l = &s->links[peer];
	struct peers_gap gap = { .is_behind = s->is_forked[peer] };

	for (uint32_t i = 0; i < l->n_peer_heads; i++) {
		uint64_t ours = held(s, &l->peer_heads[i], i), theirs = l->peer_heads[i].seq;

		gap.is_behind |= ours < theirs;
		gap.n_shared += ours < theirs ? ours : theirs;
	}
	return gap;
}

/* A BEAT in which nothing is new costs no look at the chains. */
static const struct compared *compared(struct site *s, uint8_t peer)
{
	const struct link *l = &s->links[peer];
	struct compared *c = &s->compared[peer];

	if (c->is_valid && c->theirs == l->peer_heads_changes)
		return c;
	*c = (struct compared){ .is_valid = true,
		.theirs = l->peer_heads_changes,
		.is_level = is_level(s, l->peer_heads, l->n_peer_heads),
		.gap = gap_to(s, peer) };
	return c;
}

struct peers_gap peers_gap(struct site *s, uint8_t peer)
{
	return compared(s, peer)->gap;
}

const char *peers_trouble(struct site *s)
{
	if (s->n_chains <= LINK_HEADS_MAX)
		return NULL;
	snprintf(s->crowded, sizeof s->crowded,
		"it has %zu chains, one more each time that a disk is lost or set back, and peers "
		"compare %d: find out what sets disks back; a site that is wiped gets no older "
		"chains, so keep a copy of this journal",
		s->n_chains, LINK_HEADS_MAX);
	return s->crowded;
}

static struct link_self self_of(struct site *s, struct now now, uint8_t peer)
{
	return (struct link_self){ .site = site_name(s),
		.is_first = s->setup.self < peer,
		.lab_hash = s->lab->hash,
		.state_digest = site_digest(s),
		.can_deliver = alert_can_deliver(s->alert, now.mono),
		.heads = shown_to(s, peer),
		.n_heads = s->n_heads };
}

static struct site_effect *send_msg(struct site *s, uint8_t peer, uint64_t connection,
	const struct link_msg *msg)
{
	struct site_effect *fx = site_push(s, SITE_DO_SEND);

	fx->peer = peer;
	fx->connection = connection;
	fx->msg = must_alloc(sizeof *fx->msg);
	*fx->msg = *msg;
	return fx;
}

void peers_ask(struct site *s, uint8_t peer, const struct journal_place *place)
{
	const struct link *l = &s->links[peer];
	struct link_head *from = arena_alloc(&s->scratch, sizeof *from);
	struct link_msg msg = { .kind = LINK_PULL,
		.echo = l->beat_heard,
		.heads = from,
		.n_heads = 1 };

	*from = (struct link_head){ .epoch = place->epoch, .seq = place->seq - 1 };
	str_copy(from->site, sizeof from->site, place->site);
	send_msg(s, peer, l->connection, &msg);
}

/* ---- batches */

/* Events of a chain, as they are held; none when they can't be read. */
static void read_events(struct site *s, uint8_t peer, const struct link_head *from,
	struct event_batch *ret)
{
	const struct journal_store *store = s->setup.store;
	struct journal_span span = { from->site, from->epoch, from->seq + 1,
		.most = EVENT_BATCH_MAX };
	struct err e = { 0 };

	if (store->range(store->ctx, &span, &s->scratch, ret, &e) == RC_OK)
		return;
	*ret = (struct event_batch){ 0 };
	site_log(s, LOG_LEVEL_ERROR, "reading the journal for %s: %s", s->lab->sites[peer].name,
		e.text);
}

static bool is_signed(const struct site *s, const struct event *ev)
{
	const struct journal_signer *signer = s->setup.signer;

	return !signer || !signer->verify ||
	       signer->verify(signer->ctx, ev->site, &ev->hash, ev->signature);
}

/* A batch is judged by its last signature, the one thing of an event that no hash covers: it ends where
 * that is whole.  What was written a moment ago needs no second look. */
static uint32_t end_at_signature(const struct site *s, const struct event *events, uint32_t n)
{
	uint32_t end = n;

	while (n > 1 && end > 0 && !is_signed(s, &events[end - 1]))
		end--;
	return end > 0 ? end : n;
}

/* The events that the peer lacks; not what this disk has changed, which nobody would take, nor what is
 * behind it. */
static void send_events(struct site *s, struct now now, uint8_t peer, uint64_t connection,
	const struct link_head *from)
{
	struct link_msg msg = { .kind = LINK_EVENTS };
	struct site_effect *fx;
	struct str records = STR_EMPTY;
	struct event_batch held;
	size_t ends[EVENT_BATCH_MAX];

	read_events(s, peer, from, &held);
	for (size_t i = 0; i < held.n && records.len < LINK_BATCH_BYTES; i++) {
		if (!journal_fits_hash(&held.v[i])) {
			scrub_found_event(s, now, &held.v[i], false);
			break;
		}
		event_write_record(&held.v[i], &records);
		ends[msg.n_events++] = records.len;
	}
	if (msg.n_events == 0)
		return; /* said above, and no message: the peer would ask again later */
	msg.n_events = end_at_signature(s, held.v, msg.n_events);
	records.len = ends[msg.n_events - 1];
	fx = send_msg(s, peer, connection, &msg);
	fx->text = records;
	fx->msg->events = str_c(&fx->text);
	fx->msg->events_len = records.len;
}

/* They live until the next input, like what is said of them. */
static enum rc read_batch(struct site *s, const struct link_msg *msg, struct event_batch *ret,
	struct err *e)
{
	struct event *events;
	char *copy;
	const char *at;

	if (msg->n_events > EVENT_BATCH_MAX)
		return err_set(e, RC_LIMIT, "%u events in one batch, at most %d are allowed",
			msg->n_events, EVENT_BATCH_MAX);
	events = arena_alloc(&s->scratch, (msg->n_events + 1) * sizeof *events);
	at = copy = arena_alloc(&s->scratch, msg->events_len + 1);
	if (!events || !copy)
		return err_set(e, RC_LIMIT, "a batch of %zu bytes", msg->events_len);
	memcpy(copy, msg->events, msg->events_len);
	for (uint32_t i = 0; i < msg->n_events; i++) {
		enum rc rc = event_read_record(&at, copy + msg->events_len, &events[i], e);

		if (rc != RC_OK)
			return err_in(e, rc, "event %u of the batch", i + 1);
	}
	*ret = (struct event_batch){ events, msg->n_events };
	return RC_OK;
}

/* Our own history is back: the cores learn what they had forgotten. */
static void note_recovered(struct site *s, struct now now, uint8_t peer, size_t n_events)
{
	scoped(str_fini) struct str body = STR_EMPTY;
	struct json_out w;

	json_begin(&w, &body);
	json_object_open(&w, NULL);
	json_text(&w, "peer", s->lab->sites[peer].name);
	json_int(&w, "events", (int64_t)n_events);
	json_close(&w);
	journal_add(s->journal, now, EVENT_RECOVERED, site_name(s), str_c(&body));
	site_say_config(s, now, NULL);
	s->facts_due = now.mono; /* words that came back may not be true any more */
	events_tell_all(s, now);
}

/* It wasn't kept: because of what this disk has changed, or because it is no continuation. */
static void look_for_fault(struct site *s, struct now now, const struct event *first, enum rc rc,
	const char *why)
{
	if (scrub_suspect(s, now, first->site, first->epoch, first->seq) || rc != RC_CORRUPT)
		return;
	str_copy(s->forked, sizeof s->forked, why);
	facts_journal(s, now);
}

/* What a peer wrote last is a goodbye, also where our disk can't keep it: who says so is known by the link. */
static void note_goodbye(struct site *s, uint8_t peer, const struct event *last)
{
	const struct link *l = &s->links[peer];
	bool is_newest = true;

	if (!str_eq(last->site, s->lab->sites[peer].name))
		return;
	for (uint32_t i = 0; i < l->n_peer_heads; i++)
		if (str_eq(l->peer_heads[i].site, last->site) &&
			(l->peer_heads[i].epoch > last->epoch ||
				(l->peer_heads[i].epoch == last->epoch &&
					l->peer_heads[i].seq > last->seq)))
			is_newest = false;
	s->is_goodbye_heard[peer] = is_newest && event_kind_of(last->kind) == EVENT_SHUTDOWN;
}

/* It came, and our disk didn't take it. */
static void note_refused(struct site *s, struct now now)
{
	if (s->refused.ms == NEVER_MS)
		s->refused = now.mono;
	facts_history_came(s, now);
}

static void accept(struct site *s, struct now now, uint8_t peer, const struct link_msg *msg)
{
	struct event_batch batch = { 0 };
	struct err e = { 0 };
	size_t n_new = 0;
	enum rc rc = read_batch(s, msg, &batch, &e);

	if (batch.n)
		note_goodbye(s, peer, &batch.v[batch.n - 1]);
	if (rc == RC_OK)
		scrub_offered(s, now, peer, &batch);
	if (rc == RC_OK)
		rc = journal_accept(s->journal, now, &batch, &n_new, &e);
	if (batch.n && str_eq(batch.v->site, site_name(s)))
		compare_again(s, peer); /* it may have shown how far the two are the same */
	if (rc != RC_OK) {
		site_log(s, LOG_LEVEL_ERROR, "events from %s refused: %s", s->lab->sites[peer].name,
			e.text);
		if (batch.n)
			look_for_fault(s, now, batch.v, rc, e.text);
		if (rc == RC_IO || rc == RC_FULL)
			note_refused(s, now);
		return;
	}
	s->refused.ms = NEVER_MS;
	for (size_t i = batch.n - n_new; i < batch.n; i++)
		site_push(s, SITE_SAY_EVENT)->event = &batch.v[i];
	events_apply_all(s, now, batch.v + batch.n - n_new, n_new);
	if (n_new && str_eq(batch.v->site, site_name(s)))
		note_recovered(s, now, peer, n_new);
	if (n_new) {
		facts_history_came(s, now);
		peers_refresh_heads(s);
		peers_push(s, now);
	}
}

/* ---- effects of a link */

/* It lacks what its disk has changed until that is mended, and says so. */
static bool is_journal_in_trouble(const struct site *s, uint8_t site)
{
	char name[NAME_BYTES_MAX + 16];
	const struct vantage *v;
	uint16_t check;

	snprintf(name, sizeof name, "journal@%s", s->lab->sites[site].name);
	check = lab_check_index(s->lab, name);
	v = check == NO_CHECK ? NULL : checks_vantage(s->checks, check, site);
	return v && v->word == WORD_FAILING;
}

/* With equal journals and equal configuration the folded states must be equal too. */
static void compare_digests(struct site *s, struct now now, uint8_t peer)
{
	const struct link *l = &s->links[peer];

	/* What waits for room on the disk is in our state, and in no journal. */
	if (journal_uncommitted(s->journal) || !compared(s, peer)->is_level)
		return;
	s->forked[0] = '\0';
	if (l->peer_digest == site_digest(s) || facts_is_other_lab(s, peer) || s->scrub.n > 0 ||
		is_journal_in_trouble(s, peer) ||
		(s->lost.ms && now.wall.ms - s->lost.ms < LOST_MS)) {
		s->digest_differs = 0;
		s->differs[0] = '\0';
	} else if (++s->digest_differs == DIGEST_PATIENCE + 1) {
		snprintf(s->differs, sizeof s->differs,
			"the same journals as %s's, but another state: please report this defect",
			s->lab->sites[peer].name);
	}
	facts_journal(s, now);
}

/* Journaled, and the facts that follow from it are looked at now. */
static void say_link(struct site *s, struct now now, uint8_t peer, const char *state,
	const char *why)
{
	scoped(str_fini) struct str body = STR_EMPTY;
	bool is_up = str_eq(state, "up");
	struct json_out w;

	site_push(s, SITE_SAY_LINK)->peer = peer;
	if (s->is_link_said[peer] == is_up)
		return; /* one more attempt in vain is no news */
	s->is_link_said[peer] = is_up;
	json_begin(&w, &body);
	json_object_open(&w, NULL);
	json_text(&w, "state", state);
	if (why && *why)
		json_text(&w, "why", why);
	if (s->links[peer].rtt_ms >= 0)
		json_int(&w, "rtt_ms", s->links[peer].rtt_ms);
	json_close(&w);
	journal_add(s->journal, now, EVENT_LINK, s->lab->sites[peer].name, str_c(&body));
}

static void carry_out(struct site *s, struct now now, uint8_t peer,
	const struct link_effect *effects, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		const struct link_effect *do_ = &effects[i];

		switch (do_->kind) {
		case LINK_DO_DIAL:
			site_push(s, SITE_DO_DIAL)->peer = peer;
			break;
		case LINK_DO_SEND:
			send_msg(s, peer, do_->connection, &do_->msg);
			break;
		case LINK_DO_CLOSE: {
			struct site_effect *fx = site_push(s, SITE_DO_CLOSE);

			fx->peer = peer;
			fx->connection = do_->connection;
			break;
		}
		case LINK_DO_PULL_FROM:
			send_events(s, now, peer, do_->connection, &do_->msg.heads[0]);
			break;
		case LINK_DO_ACCEPT:
			accept(s, now, peer, &do_->msg);
			break;
		case LINK_SAY_UP:
			say_link(s, now, peer, "up", NULL);
			s->is_stopped[peer] = s->is_goodbye_heard[peer] = false;
			scrub_linked(s, now);
			break;
		case LINK_SAY_DOWN:
			s->is_stopped[peer] =
				s->is_goodbye_heard[peer] || site_was_shut_down(s, peer);
			say_link(s, now, peer, "down", do_->why);
			break;
		case LINK_SAY_BEAT:
			s->last_linked[peer] = now.mono;
			checks_promise(s->checks, now, peer);
			site_start_alert(s, now);
			compare_digests(s, now, peer);
			break;
		case LINK_SAY_BEHIND:
			break; /* accepting what it holds begins a new epoch if need be */
		}
	}
}

static void feed(struct site *s, struct now now, uint8_t peer, const struct link_input *in)
{
	struct link_effect effects[LINK_EFFECTS_MAX];
	struct link_self self;
	uint32_t n;

	if (in->msg && (in->msg->kind == LINK_HELLO || in->msg->kind == LINK_BEAT) &&
		in->msg->heads_of == 0)
		compare_own(s, peer, in->msg->heads, in->msg->n_heads);
	self = self_of(s, now, peer);
	n = link_step(&s->links[peer], now, &self, in, effects);
	carry_out(s, now, peer, effects, n);
	facts_follow_link(s, now, peer);
}

/* What a stopping site still has to say: not that the link is down, which it knows. */
void peers_stop(struct site *s, struct now now, const char *why)
{
	for (uint8_t i = 0; i < s->lab->n_sites; i++) {
		struct link_effect effects[LINK_EFFECTS_MAX];
		struct link_self self;
		uint32_t n, kept = 0;

		if (i == s->setup.self)
			continue;
		self = self_of(s, now, i);
		n = link_stop(&s->links[i], now, &self, why, effects);
		for (uint32_t j = 0; j < n; j++)
			if (effects[j].kind == LINK_DO_SEND || effects[j].kind == LINK_DO_CLOSE ||
				effects[j].kind == LINK_DO_PULL_FROM)
				effects[kept++] = effects[j];
		carry_out(s, now, i, effects, kept);
	}
}

/* ---- inputs */

void site_connected(struct site *s, struct now now, uint8_t peer, uint64_t connection,
	bool is_dialled)
{
	struct link_input in = { .kind = LINK_IN_CONNECTED,
		.connection = connection,
		.is_dialled = is_dialled };

	site_begin(s, now);
	feed(s, now, peer, &in);
	site_pump(s, now);
}

void site_closed(struct site *s, struct now now, uint8_t peer, uint64_t connection, const char *why)
{
	struct link_input in = { .kind = LINK_IN_CLOSED, .connection = connection, .why = why };

	site_begin(s, now);
	feed(s, now, peer, &in);
	site_pump(s, now);
}

void site_received(struct site *s, struct now now, uint8_t peer, uint64_t connection,
	const struct link_msg *msg)
{
	struct link_input in = { .kind = LINK_IN_MESSAGE, .connection = connection, .msg = msg };

	site_begin(s, now);
	feed(s, now, peer, &in);
	site_pump(s, now);
}

/* ---- time */

void peers_init(struct site *s, struct now now)
{
	s->links = must_alloc(s->lab->n_sites * sizeof *s->links);
	s->heads = must_alloc(LINK_HEADS_MAX * sizeof *s->heads);
	s->shown = must_alloc(s->lab->n_sites * sizeof *s->shown);
	for (uint8_t i = 0; i < s->lab->n_sites; i++) {
		link_init(&s->links[i], now.mono, s->setup.seed ^ (0x9e3779b97f4a7c15u * (i + 1u)));
		s->last_linked[i] = now.mono;
	}
}

void peers_remap(struct site *s, struct now now, const struct lab *old)
{
	struct link *before = s->links;
	struct mono linked[SITES_MAX];

	memcpy(linked, s->last_linked, sizeof linked);
	free(s->heads);
	free(s->shown);
	peers_init(s, now);
	s->n_chains = 0; /* the sites may stand in another order */
	peers_refresh_heads(s);
	for (uint8_t i = 0; i < old->n_sites; i++) {
		uint8_t j = lab_site_index(s->lab, old->sites[i].name);

		if (j == NO_SITE)
			continue;
		s->links[j] = before[i];
		s->last_linked[j] = linked[i];
	}
	free(before);
}

void peers_tick(struct site *s, struct now now)
{
	struct link_input in = { .kind = LINK_IN_TICK };

	for (uint8_t i = 0; i < s->lab->n_sites; i++)
		if (i != s->setup.self && link_wake(&s->links[i]).ms <= now.mono.ms)
			feed(s, now, i, &in);
}

void peers_push(struct site *s, struct now now)
{
	for (uint8_t i = 0; i < s->lab->n_sites; i++) {
		struct link_effect effects[LINK_EFFECTS_MAX];
		struct link_self self;

		if (i == s->setup.self || s->links[i].state == LINK_DOWN)
			continue;
		self = self_of(s, now, i);
		carry_out(s, now, i, effects, link_push(&s->links[i], now, &self, effects));
	}
}

struct mono peers_wake(const struct site *s)
{
	struct mono wake = { NEVER_MS };

	for (uint8_t i = 0; i < s->lab->n_sites; i++) {
		struct mono at = link_wake(&s->links[i]);

		if (i != s->setup.self && at.ms < wake.ms)
			wake = at;
	}
	return wake;
}
