/* SPDX-License-Identifier: Apache-2.0 */
/* event_text: one sentence an event, for logs, timelines and "what changed just before". */
#include "core/alert/notice_words.h"
#include "node/site.h"

struct words { /* what the sentences are made of */
	const struct lab *lab;
	const struct event *ev;
	const struct json_node *body;
	struct str *out;
};

static const char *get(const struct words *w, const char *key)
{
	return json_node_text(w->body, key, "");
}

static void say_time(const struct words *w, struct wall t)
{
	struct notice_site sites[SITES_MAX];
	struct notice_context c = { .reader_zone = w->lab->notify.reader_zone,
		.sites = sites,
		.n_sites = w->lab->n_sites,
		.home = w->ev->site,
		.now = w->ev->wall };

	for (uint8_t i = 0; i < w->lab->n_sites; i++)
		sites[i] = (struct notice_site){ w->lab->sites[i].name, w->lab->sites[i].zone };
	words_time(&c, t, w->out);
}

static void say_by(const struct words *w)
{
	str_addf(w->out, " by %s", *get(w, "by") ? get(w, "by") : "somebody");
	if (*get(w, "why"))
		str_addf(w->out, ": %s", get(w, "why"));
}

static void boot(const struct words *w)
{
	bool is_clean = json_node_bool(w->body, "clean", true);

	str_addf(w->out, "started%s (diarchy %s)", is_clean ? "" : " after a crash or a power cut",
		get(w, "version"));
}

static void shutdown(const struct words *w)
{
	str_addf(w->out, "stopped: %s", get(w, "why"));
}

static void config(const struct words *w)
{
	const char *revision = get(w, "revision");

	str_add(w->out, *get(w, "previous") ? "lab.yaml changed" : "first lab.yaml");
	if (*revision)
		str_addf(w->out, ": %.10s '%s'", revision, get(w, "summary"));
	if (*get(w, "author"))
		str_addf(w->out, " by %s", get(w, "author"));
}

static void evidence(const struct words *w)
{
	const char *word = get(w, "word");

	if (str_eq(word, "none"))
		str_addf(w->out, "%s: nothing known from %s", w->ev->subject, w->ev->site);
	else if (str_eq(word, "ok"))
		str_addf(w->out, "%s is ok from %s", w->ev->subject, w->ev->site);
	else
		str_addf(w->out, "%s fails from %s: %s", w->ev->subject, w->ev->site,
			get(w, "reason"));
}

static void ping(const struct words *w)
{
	const char *what = get(w, "what");
	int64_t took_ms = json_node_int(w->body, "took_ms", -1);
	char text[DURATION_TEXT_MAX];

	if (str_eq(what, "exit"))
		str_addf(w->out, "%s ended with exit status %lld", w->ev->subject,
			(long long)json_node_int(w->body, "code", 0));
	else
		str_addf(w->out, "%s %s", w->ev->subject,
			str_eq(what, "start")  ? "began"
			: str_eq(what, "fail") ? "reported failure"
					       : "reported success");
	if (took_ms >= 0)
		str_addf(w->out, " after %s", duration_text(took_ms, text));
}

static void link_event(const struct words *w)
{
	str_addf(w->out, "the link from %s to %s is %s", w->ev->site, w->ev->subject,
		get(w, "state"));
	if (*get(w, "why"))
		str_addf(w->out, ": %s", get(w, "why"));
}

/* "photos is back after 25 s", as the message has it. */
static void say_end(const struct words *w)
{
	scoped(incident_free) struct incident *in = NULL;

	if (incident_read(w->ev->subject, w->body, &in, NULL) == RC_OK)
		words_headline(in, w->out);
	else
		str_add(w->out, get(w, "title"));
}

static void incident(const struct words *w)
{
	const char *state = get(w, "state"), *title = get(w, "title");

	if (str_eq(state, "closed"))
		str_add(w->out, "closed: ");
	if (str_eq(state, "closed") || str_eq(state, "recovering"))
		say_end(w);
	else if (str_eq(state, "merged"))
		str_addf(w->out, "%s: told as %s", title, get(w, "merged_into"));
	else if (*get(w, "news"))
		str_addf(w->out, "%s: %s", title, get(w, "news"));
	else
		str_add(w->out, title);
}

static void receipt(const struct words *w)
{
	str_addf(w->out, "%s was told of %s by %s (version %lld)", get(w, "channel"),
		w->ev->subject, get(w, "via"), (long long)json_node_int(w->body, "version", 0));
}

static void handoff(const struct words *w)
{
	if (str_eq(get(w, "to"), w->ev->site))
		str_addf(w->out, "tells %s of %s itself: %s", get(w, "channel"), w->ev->subject,
			get(w, "why"));
	else
		str_addf(w->out, "asks %s to tell %s of %s: %s", get(w, "to"), get(w, "channel"),
			w->ev->subject, get(w, "why"));
}

static void silence(const struct words *w)
{
	struct wall until = json_node_time(w->body, "until");

	if (until.ms <= w->ev->wall.ms) {
		str_addf(w->out, "silence of %s ended", get(w, "matchers"));
	} else {
		str_addf(w->out, "%s silenced until ", get(w, "matchers"));
		say_time(w, until);
	}
	say_by(w);
}

static void ack(const struct words *w)
{
	str_addf(w->out, "%s is looked after", w->ev->subject);
	say_by(w);
}

/* "HighLoad fires at dublin: disk almost full", "3 alerts HighLoad fire at dublin". */
static void alerts(const struct words *w)
{
	int64_t firing = json_node_int(w->body, "more", 0);

	json_node_each (it, json_node_get(w->body, "alerts"))
		firing += !json_node_time(it, "ended").ms;
	if (firing == 0)
		str_addf(w->out, "%s fires no more at %s", get(w, "alertname"), w->ev->site);
	else if (firing == 1)
		str_addf(w->out, "%s fires at %s", get(w, "alertname"), w->ev->site);
	else
		str_addf(w->out, "%s fires %lld times at %s", get(w, "alertname"),
			(long long)firing, w->ev->site);
	if (firing && *get(w, "reason"))
		str_addf(w->out, ": %s", get(w, "reason"));
}

static void pause_event(const struct words *w)
{
	struct wall until = json_node_time(w->body, "until");

	str_addf(w->out, "%s %s", w->ev->subject,
		until.ms && until.ms <= w->ev->wall.ms ? "resumed" : "paused");
	if (until.ms > w->ev->wall.ms) {
		str_add(w->out, " until ");
		say_time(w, until);
	}
	say_by(w);
}

static void drill(const struct words *w)
{
	bool is_ok = json_node_bool(w->body, "ok", false);

	str_addf(w->out, "drill through %s %s", w->ev->subject, is_ok ? "passed" : "failed");
	if (!is_ok)
		str_addf(w->out, ": %s", get(w, "reason"));
}

static void recovered(const struct words *w)
{
	str_addf(w->out, "got %lld events of its history back from %s",
		(long long)json_node_int(w->body, "events", 0), get(w, "peer"));
}

static void damaged(const struct words *w)
{
	str_addf(w->out, "%s's disk has changed event %lld of %s's journal: %s", w->ev->subject,
		(long long)json_node_int(w->body, "seq", 0), get(w, "of"), get(w, "why"));
}

static void lost(const struct words *w)
{
	long long moved = (long long)json_node_int(w->body, "moved", 0);

	str_addf(w->out, "event %lld of %s's journal is lost: no site has a copy",
		(long long)json_node_int(w->body, "seq", 0), get(w, "of"));
	if (moved > 0)
		str_addf(w->out, "; %lld behind it moved to epoch %lld", moved,
			(long long)json_node_int(w->body, "to_epoch", 0));
}

static void repaired(const struct words *w)
{
	str_addf(w->out, "%s put event %lld of %s's journal back, which its disk had changed",
		w->ev->subject, (long long)json_node_int(w->body, "seq", 0), get(w, "of"));
	if (*get(w, "peer"))
		str_addf(w->out, ": from %s", get(w, "peer"));
}

static void clock_event(const struct words *w)
{
	int64_t by_ms = json_node_int(w->body, "by_ms", 0);
	char by[DURATION_TEXT_MAX];

	str_addf(w->out, "the clock jumped %s %s", duration_text(distance_ms(by_ms), by),
		by_ms < 0 ? "back" : "forward");
}

static void note(const struct words *w)
{
	str_addf(w->out, "note by %s: %s", get(w, "by"), get(w, "text"));
}

static void (*const sentences[EVENT_UNKNOWN])(const struct words *) = {
	[EVENT_BOOT] = boot,
	[EVENT_SHUTDOWN] = shutdown,
	[EVENT_CONFIG] = config,
	[EVENT_EVIDENCE] = evidence,
	[EVENT_PING] = ping,
	[EVENT_LINK] = link_event,
	[EVENT_INCIDENT] = incident,
	[EVENT_RECEIPT] = receipt,
	[EVENT_HANDOFF] = handoff,
	[EVENT_SILENCE] = silence,
	[EVENT_ACK] = ack,
	[EVENT_ALERTS] = alerts,
	[EVENT_PAUSE] = pause_event,
	[EVENT_DRILL] = drill,
	[EVENT_RECOVERED] = recovered,
	[EVENT_DAMAGED] = damaged,
	[EVENT_LOST] = lost,
	[EVENT_REPAIRED] = repaired,
	[EVENT_CLOCK] = clock_event,
	[EVENT_NOTE] = note,
};

void site_event_text(const struct lab *lab, const struct event *ev, struct str *out)
{
	scoped(json_flat_fini) struct json_flat flat = JSON_FLAT_EMPTY;
	const struct json_node *body;
	enum event_kind kind = event_kind_of(ev->kind);
	struct words w = { .lab = lab, .ev = ev, .out = out };

	if (json_flat_read(&flat, ev->body, strlen(ev->body), &body, NULL) != RC_OK ||
		kind == EVENT_UNKNOWN) {
		str_addf(out, "%s %s", ev->kind, ev->subject);
		return;
	}
	w.body = body;
	sentences[kind](&w);
}
