/* SPDX-License-Identifier: Apache-2.0 */
/* discord: takes messages, refuses, errs, or hangs; remembers what it shows. */
#include "sim/world.h"

#define DISCORD_MS 120
#define HANG_MS    10000
#define TEST_MS    8000 /* a site's patience with a test */

enum {
	ANSWER_OK,
	ANSWER_429,
	ANSWER_500,
	ANSWER_NOTHING,
	ANSWER_TIMEOUT,
	ANSWER_LOST,
	ANSWER_NO_CONNECTION
};

struct post {
	uint8_t from; /* SIM_SITES: the watcher */
	uint64_t generation;
	struct delivery delivery;
	uint64_t watcher_number;
	int answer;
	char id[24];
};

static void drop_post(void *arg)
{
	struct post *p = arg;

	delivery_fini(&p->delivery);
	free(p);
}

static struct sim_message *find(struct world *w, uint64_t id)
{
	uint32_t n = w->n_messages < SIM_MESSAGES ? w->n_messages : SIM_MESSAGES;

	for (uint32_t i = 0; i < n; i++)
		if (w->messages[i].id == id)
			return &w->messages[i];
	return NULL;
}

static const struct incident *find_incident(const struct world *w, uint8_t site, const char *id)
{
	const struct site *s = w->sites[site].site;

	return s ? map_get(alert_incidents(site_alert(s)), id) : NULL;
}

/* What a message shows of an incident. */
static void show(struct world *w, struct sim_message *m, uint8_t by, const char *incident,
	uint32_t version)
{
	const struct incident *in = NULL, *other;

	/* As the version that it shows was: a peer's copy may be behind. */
	for (uint8_t i = 0; i < SIM_SITES && (!in || in->version < version); i++) {
		other = find_incident(w, (by + i) % SIM_SITES, incident);
		in = other ? other : in;
	}
	m->by = by;
	m->edited_ms = w->now_ms;
	m->version = version > m->version ? version : m->version;
	str_copy(m->incident, sizeof m->incident, incident);
	m->cause = CHECK_NONE;
	m->members = 0;
	m->is_live = false;
	if (!in)
		return;
	m->cause = alerts_subject(w, in->cause);
	m->is_live = in->state == INCIDENT_OPEN;
	m->was_live |= m->is_live;
	m->is_told_over = in->state == INCIDENT_RECOVERING || in->state == INCIDENT_CLOSED;
	/* Of an incident that is over also those are not told any more that go on. */
	for (uint32_t i = 0; i < in->n_members && !incident_is_over(in); i++) {
		uint16_t check = alerts_subject(w, in->members[i].check);

		if (check < SIM_CHECKS && !in->members[i].recovered.ms)
			m->members |= UINT64_C(1) << check;
	}
}

/* Why it says that what it is about is down. */
static uint8_t ailments_in(const struct world *w, const struct sim_message *m, const char *payload)
{
	uint8_t found = 0;

	for (uint8_t i = 0; i < SIM_AILMENTS && m->cause < w->lab->n_checks; i++) {
		char text[NAME_BYTES_MAX + 64];

		snprintf(text, sizeof text, "%s is down: %s", w->lab->checks[m->cause].name,
			services_ailments[i]);
		if (strstr(payload, text))
			found |= (uint8_t)(1u << i);
	}
	return found;
}

static struct sim_message *store(struct world *w, bool is_edit, const char *message,
	bool *ret_is_new)
{
	struct sim_message *m = is_edit ? find(w, strtoull(message, NULL, 10)) : NULL;

	*ret_is_new = !m;
	if (m)
		return m;
	m = &w->messages[w->n_messages++ % SIM_MESSAGES];
	*m = (struct sim_message){ .id = w->n_messages, .created_ms = w->now_ms };
	return m;
}

static bool is_deleted(struct world *w, const struct delivery *d)
{
	const struct sim_message *m = d->is_edit ? find(w, strtoull(d->message, NULL, 10)) : NULL;

	return m && m->is_deleted;
}

/* In some hangs one request in three gets no answer, in the others none gets one. */
static bool is_hanging(struct world *w)
{
	return w->hangs_up && (w->hangs_whole || rng_chance(&w->rng, 1, 3));
}

static int choose(struct world *w, bool is_way_open, const struct delivery *d)
{
	if (!is_way_open)
		return ANSWER_NO_CONNECTION;
	if (w->swallows && rng_chance(&w->rng, 1, 3))
		return ANSWER_TIMEOUT;
	if (w->answers_500)
		return ANSWER_500;
	if (rng_below(&w->rng, 100) < w->refuse_percent)
		return ANSWER_429;
	if (is_deleted(w, d))
		return ANSWER_LOST;
	return is_hanging(w) ? ANSWER_NOTHING : ANSWER_OK;
}

/* Whoever does it has read it. */
void discord_delete_newest(struct world *w)
{
	struct sim_message *newest = find(w, w->n_messages);

	if (!newest)
		return;
	newest->is_deleted = true;
	newest->is_live = false;
}

/* ---- from a site */

static void answer_site(struct world *w, void *arg)
{
	static const enum pace_verdict verdicts[] = { [ANSWER_OK] = PACE_DELIVERED,
		[ANSWER_429] = PACE_LATER,
		[ANSWER_500] = PACE_FAILED,
		[ANSWER_NOTHING] = PACE_UNANSWERED,
		[ANSWER_TIMEOUT] = PACE_UNANSWERED,
		[ANSWER_LOST] = PACE_LOST,
		[ANSWER_NO_CONNECTION] = PACE_FAILED };
	struct post *p = arg;
	struct sim_site *s = &w->sites[p->from];
	struct delivery_outcome o = { .number = p->delivery.number,
		.message = p->answer == ANSWER_OK ? p->id : NULL,
		.answer = { .verdict = verdicts[p->answer],
			.remaining = -1,
			.reset_after_ms = -1,
			.retry_after_ms = p->answer == ANSWER_429 ? 1500 : -1 } };

	if (o.answer.verdict != PACE_FAILED && o.answer.verdict != PACE_UNANSWERED)
		oracle_answered(w, p->from);
	if (s->site && s->generation == p->generation) {
		site_delivered(s->site, world_now(w, p->from), &o);
		world_drain(w, p->from);
	} else if (p->answer == ANSWER_OK) {
		/* The receipt died with the process: nobody can know, a repeat is allowed. */
		oracle_unsure(w, p->delivery.incident);
	}
	drop_post(p);
}

static int64_t answer_takes_ms(const struct post *p)
{
	return p->answer == ANSWER_NOTHING || p->answer == ANSWER_TIMEOUT ? HANG_MS : DISCORD_MS;
}

static void receive_site(struct world *w, void *arg)
{
	struct post *p = arg;
	struct sim_site *s = &w->sites[p->from];

	p->answer = choose(w, s->is_wan_up && s->is_egress_up, &p->delivery);
	if (p->answer == ANSWER_OK || p->answer == ANSWER_NOTHING) {
		bool is_new;
		struct sim_message *m = store(w, p->delivery.is_edit, p->delivery.message, &is_new);

		snprintf(p->id, sizeof p->id, "%llu", (unsigned long long)m->id);
		show(w, m, p->from, p->delivery.incident, p->delivery.version);
		m->ailments = ailments_in(w, m, p->delivery.payload);
		m->is_unanswered |= is_new && p->answer == ANSWER_NOTHING;
		m->is_summary = strstr(p->delivery.payload, "while messages could not be sent");
		m->is_doubtful = strstr(p->delivery.payload, "Maybe a repeat");
		m->says_stopped = strstr(p->delivery.payload, "stopped by its operator");
		world_trace(w, "site%u %s message %s version %u", p->from,
			is_new ? "posts" : "edits", p->id, p->delivery.version);
		if (w->options.trace)
			fprintf(w->options.trace, "%17s %s%s\n", "", p->delivery.incident,
				m->is_doubtful ? ", maybe a repeat" : "");
		oracle_message(w, m, is_new);
		w->n_deliveries++;
	}
	world_later(w, answer_takes_ms(p), answer_site, p, drop_post);
}

void discord_deliver(struct world *w, uint8_t from, const struct delivery *d)
{
	struct post *p = must_alloc(sizeof *p);

	p->from = from;
	p->generation = w->sites[from].generation;
	p->delivery = *d;
	world_later(w, DISCORD_MS, receive_site, p, drop_post);
}

/* ---- tests of the way */

struct test {
	uint8_t from, channel;
	bool is_ok;
	uint64_t generation;
};

static void answer_test(struct world *w, void *arg)
{
	struct test *t = arg;
	struct sim_site *s = &w->sites[t->from];

	if (t->is_ok)
		oracle_answered(w, t->from);
	if (s->site && s->generation == t->generation) {
		site_tested(s->site, world_now(w, t->from), t->channel, t->is_ok);
		world_drain(w, t->from);
	}
	free(t);
}

/* What hangs, hangs whatever it is asked. */
static void receive_test(struct world *w, void *arg)
{
	struct test *t = arg;
	const struct sim_site *s = &w->sites[t->from];
	bool is_lost = w->swallows && rng_chance(&w->rng, 1, 3);
	bool is_silent = is_lost || is_hanging(w);

	t->is_ok = !is_silent && s->is_wan_up && s->is_egress_up && !w->answers_500;
	world_later(w, is_silent ? TEST_MS : DISCORD_MS, answer_test, t, free);
}

void discord_test(struct world *w, uint8_t from, uint8_t channel)
{
	struct test *t = must_alloc(sizeof *t);

	*t = (struct test){ .from = from,
		.channel = channel,
		.generation = w->sites[from].generation };
	world_later(w, DISCORD_MS, receive_test, t, free);
}

/* ---- from the watcher */

static void answer_watcher(struct world *w, void *arg)
{
	struct post *p = arg;

	struct watcher_outcome o = { .number = p->watcher_number,
		.is_delivered = p->answer == ANSWER_OK,
		.is_lost = p->answer == ANSWER_LOST,
		.is_unanswered = p->answer == ANSWER_NOTHING || p->answer == ANSWER_TIMEOUT,
		.retry_after_ms = p->answer == ANSWER_429 ? 1500 : -1,
		.message = p->id,
		.reason = "no answer" };

	if (w->watcher && p->generation == w->watcher_generation) {
		watcher_delivered(w->watcher, world_now(w, SIM_SITES), &o);
		world_drain_watcher(w);
	} else if (p->answer == ANSWER_OK && *p->delivery.incident) {
		oracle_unsure(w, p->delivery.incident);
	}
	drop_post(p);
}

/* "mumbai: nothing since <t:...>", but not "..., but dublin hears it": that is no silence of the site. */
static bool says_silent(const char *payload, const char *site, const char *what)
{
	char text[NAME_BYTES_MAX + 32];
	const char *line, *end, *but;

	snprintf(text, sizeof text, "%s: %s", site, what);
	line = strstr(payload, text);
	if (!line)
		return false;
	end = strstr(line, "\\n");
	but = strstr(line, ", but ");
	return !but || (end && but > end);
}

static uint32_t silent_in(const struct world *w, const char *payload)
{
	uint32_t sites = 0;

	for (uint8_t i = 0; i < SIM_SITES; i++)
		if (says_silent(payload, w->lab->sites[i].name, "nothing since") ||
			says_silent(payload, w->lab->sites[i].name, "never heard"))
			sites |= 1u << i;
	return sites;
}

/* The incident that a site's message is about, which a watcher delivers for it, as its owner has it;
 * NULL: the watcher's own. */
static const struct incident *told_in(const struct world *w, const char *payload)
{
	const struct incident *newest = NULL;

	for (uint8_t i = 0; i < SIM_SITES; i++) {
		if (!w->sites[i].site)
			continue;
		map_each (alert_incidents(site_alert(w->sites[i].site)), it) {
			const struct incident *in = it->value;
			char text[INCIDENT_ID_MAX + 16];

			snprintf(text, sizeof text, "%s · told by", in->id);
			if (strstr(payload, text) && (!newest || in->version > newest->version))
				newest = in;
		}
	}
	return newest;
}

static void show_from_watcher(struct world *w, struct sim_message *m, const struct incident *in,
	const char *payload)
{
	if (in) {
		show(w, m, SIM_SITES, in->id, in->version);
		return;
	}
	m->by = SIM_SITES;
	m->edited_ms = w->now_ms;
	m->cause = CHECK_NONE;
	m->silent_sites = silent_in(w, payload);
	m->is_live = m->silent_sites != 0;
}

/* It was on its way when the watcher lost what it had saved. */
static bool is_forgotten(const struct world *w)
{
	return w->watcher_forgot_ms && w->now_ms - w->watcher_forgot_ms <= DISCORD_MS;
}

static void receive_watcher(struct world *w, void *arg)
{
	struct post *p = arg;

	p->answer = choose(w, w->is_watcher_egress_up, &p->delivery);
	if (p->answer == ANSWER_OK || p->answer == ANSWER_NOTHING) {
		bool is_new;
		struct sim_message *m = store(w, p->delivery.is_edit, p->delivery.message, &is_new);
		const struct incident *in = told_in(w, p->delivery.payload);

		snprintf(p->id, sizeof p->id, "%llu", (unsigned long long)m->id);
		show_from_watcher(w, m, in, p->delivery.payload);
		m->is_unanswered |= is_new && p->answer == ANSWER_NOTHING;
		m->ailments = ailments_in(w, m, p->delivery.payload);
		m->is_doubtful = strstr(p->delivery.payload, "Maybe a repeat");
		m->says_stopped = strstr(p->delivery.payload, "stopped by its operator");
		oracle_message(w, m, is_new);
		if (in && is_forgotten(w))
			oracle_unsure(w, in->id);
		str_copy(p->delivery.incident, sizeof p->delivery.incident, in ? in->id : "");
		world_trace(w, "watcher %s message %s", is_new ? "posts" : "edits", p->id);
		if (w->options.trace && in)
			fprintf(w->options.trace, "%17s %s for its owner\n", "", in->id);
		w->n_deliveries++;
	}
	world_later(w, answer_takes_ms(p), answer_watcher, p, drop_post);
}

void discord_from_watcher(struct world *w, const struct watcher_effect *fx)
{
	struct post *p = must_alloc(sizeof *p);

	p->from = SIM_SITES;
	p->generation = w->watcher_generation;
	p->watcher_number = fx->number;
	p->delivery.is_edit = fx->is_edit;
	str_copy(p->delivery.message, sizeof p->delivery.message, fx->message);
	p->delivery.payload = must_strdup(str_c(&fx->payload));
	world_later(w, DISCORD_MS, receive_watcher, p, drop_post);
}
