/* SPDX-License-Identifier: Apache-2.0 */
/* texts: what the watcher's own messages say, in the formats of the channels. */
#include "core/watcher/watcher_private.h"

#define COLOUR_OUTAGE 0xd83c3e
#define COLOUR_OVER   0x2e9e5b
#define COLOUR_DRILL  0x5b6470

struct text { /* one message before it takes a format */
	const struct watcher *w;
	uint32_t channel;
	struct wall now;
	int colour;
	bool is_quiet; /* nobody needs to look at it now */
	bool may_be_repeat;
	struct str title, lines;
};

static const struct watcher_channel *channel_of(const struct text *t)
{
	return &t->w->cfg.channels[t->channel];
}

/* Discord shows it in the reader's zone; the others get UTC. */
static void say_time(struct text *t, struct wall at)
{
	char text[WALL_TEXT_MAX];

	if (channel_of(t)->kind == WATCHER_DISCORD)
		str_addf(&t->lines, "<t:%lld:f>", (long long)(at.ms / 1000));
	else
		str_add(&t->lines, wall_rfc3339(at, text));
}

/* ---- formats */

static void write_discord(const struct text *t, struct str *out)
{
	char footer[2 * NAME_BYTES_MAX + 16];
	struct json_out j;

	snprintf(footer, sizeof footer, "%s · %s", t->w->cfg.lab, t->w->cfg.name);
	json_begin(&j, out);
	json_object_open(&j, NULL);
	if (!t->is_quiet)
		json_text(&j, "content", str_c(&t->title)); /* what a locked phone shows */
	json_array_open(&j, "embeds");
	json_object_open(&j, NULL);
	json_text(&j, "title", str_c(&t->title));
	json_text(&j, "description", str_c(&t->lines));
	json_int(&j, "color", t->colour);
	json_object_open(&j, "footer");
	json_text(&j, "text", footer);
	json_close(&j);
	json_close(&j);
	json_close(&j);
	json_raw(&j, "allowed_mentions", "{\"parse\":[]}");
	json_close(&j);
}

static void write_webhook(const struct text *t, struct str *out)
{
	struct json_out j;

	json_begin(&j, out);
	json_object_open(&j, NULL);
	json_int(&j, "version", 1);
	json_text(&j, "lab", t->w->cfg.lab);
	json_text(&j, "from", t->w->cfg.name);
	json_text(&j, "event", "watcher");
	json_text(&j, "title", str_c(&t->title));
	json_text(&j, "text", str_c(&t->lines));
	json_close(&j);
}

/* Addresses stand in lab.yaml: one line, so that nothing in them can begin a header. */
static void add_address(struct str *out, const char *name, const char *value)
{
	str_addf(out, "%s: ", name);
	for (const char *c = value ? value : ""; *c; c++)
		if (*c >= ' ' && *c <= '~')
			str_addc(out, *c);
	str_add(out, "\r\n");
}

/* RFC 5322, section 3.3: "Mon, 23 Nov 2026 03:04:11 +0000". */
static void add_date(struct str *out, struct wall now)
{
	static const char days[] = "SunMonTueWedThuFriSat";
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	struct civil c = civil_from_seconds(now.ms / 1000);

	str_addf(out, "Date: %.3s, %d %.3s %04d %02d:%02d:%02d +0000\r\n", days + 3 * c.weekday,
		c.day, months + 3 * (c.month - 1), c.year, c.hour, c.minute, c.second);
}

static void write_mail(const struct text *t, struct str *out)
{
	add_date(out, t->now);
	add_address(out, "From", channel_of(t)->from);
	add_address(out, "To", channel_of(t)->to);
	str_addf(out, "Subject: [%s] %s\r\n", t->w->cfg.lab, str_c(&t->title));
	str_add(out, "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n");
	for (const char *c = str_c(&t->lines); *c; c++) {
		if (*c == '\n')
			str_addc(out, '\r');
		str_addc(out, *c);
	}
	str_add(out, "\r\n");
}

static void finish(struct text *t, struct str *out)
{
	static void (*const formats[])(const struct text *, struct str *) = {
		[WATCHER_DISCORD] = write_discord,
		[WATCHER_WEBHOOK] = write_webhook,
		[WATCHER_SMTP] = write_mail,
	};

	if (t->may_be_repeat)
		str_add(&t->lines, "\nMaybe a repeat: an earlier attempt got no answer");
	formats[channel_of(t)->kind](t, out);
	str_fini(&t->title);
	str_fini(&t->lines);
}

/* ---- the outage */

/* "dublin and mumbai"; how many they are. */
static uint32_t list_names(struct text *t, uint32_t sites)
{
	uint32_t n = (uint32_t)__builtin_popcount(sites), done = 0;

	for (uint32_t i = 0; i < t->w->cfg.n_sites; i++) {
		if (!(sites & (1u << i)))
			continue;
		str_add(&t->title, done == 0 ? "" : done + 1 == n ? " and " : ", ");
		str_add(&t->title, t->w->cfg.sites[i]);
		done++;
	}
	return n;
}

/* "dublin and mumbai are silent"; where a living site still hears all of them, it is the way to us. */
static void list_silent(struct text *t)
{
	const struct watcher *w = t->w;
	uint32_t silent = 0, parted = 0;

	for (uint32_t i = 0; i < w->cfg.n_sites; i++)
		if (w->sites[i].state == WATCHED_TOLD)
			*(watcher_witness(w, i) < SITES_MAX ? &parted : &silent) |= 1u << i;
	if (silent) {
		str_add(&t->title, list_names(t, silent) == 1 ? " is silent" : " are silent");
		return;
	}
	list_names(t, parted);
	str_addf(&t->title, ": path problem, no way to the watcher %s", w->cfg.name);
}

static void say_gone(struct text *t, uint32_t site)
{
	const struct watched *s = &t->w->sites[site];
	bool is_told = s->state == WATCHED_TOLD;
	uint32_t witness = watcher_witness(t->w, site);

	if (!s->heard_wall.ms) {
		str_add(&t->lines, is_told ? "never heard" : "not heard yet");
	} else {
		str_add(&t->lines, is_told ? "nothing since " : "quiet since ");
		say_time(t, s->heard_wall);
	}
	if (is_told && witness < SITES_MAX)
		str_addf(&t->lines, ", but %s hears it: only its path to %s is broken",
			t->w->cfg.sites[witness], t->w->cfg.name);
}

static void say_site(struct text *t, uint32_t site)
{
	const struct watched *s = &t->w->sites[site];

	str_addf(&t->lines, "%s: ", t->w->cfg.sites[site]);
	if (s->state == WATCHED_HEARD && s->gap_from.ms) {
		str_add(&t->lines, "heard again, was silent from ");
		say_time(t, s->gap_from);
		str_add(&t->lines, " to ");
		say_time(t, s->gap_until);
	} else if (s->state == WATCHED_HEARD) {
		str_add(&t->lines, "heard");
	} else {
		say_gone(t, site);
	}
	str_addc(&t->lines, '\n');
}

/* "all sites are heard again after 2 min" */
static void say_end(struct text *t)
{
	struct wall from = t->w->outage_ended;
	char lasted[DURATION_TEXT_MAX];

	for (uint32_t i = 0; i < t->w->cfg.n_sites; i++)
		if (t->w->sites[i].gap_from.ms && t->w->sites[i].gap_from.ms < from.ms)
			from = t->w->sites[i].gap_from;
	str_add(&t->title, "all sites are heard again");
	if (from.ms < t->w->outage_ended.ms)
		str_addf(&t->title, " after %s",
			duration_text(t->w->outage_ended.ms - from.ms, lasted));
}

void texts_outage(const struct watcher *w, uint32_t channel, struct now now, struct str *out)
{
	struct text t = { .w = w,
		.channel = channel,
		.now = now.wall,
		.colour = COLOUR_OUTAGE,
		.may_be_repeat = w->outage[channel].may_be_repeat };

	for (uint32_t i = 0; i < w->cfg.n_sites; i++)
		say_site(&t, i);
	str_addf(&t.lines, "told by the watcher %s, which hears every site each %d s", w->cfg.name,
		(int)(BEACON_MS / 1000));
	if (w->outage_ended.ms) {
		t.colour = COLOUR_OVER;
		say_end(&t);
		str_add(&t.lines, "; over at ");
		say_time(&t, w->outage_ended);
	} else {
		list_silent(&t);
	}
	finish(&t, out);
}

/* ---- the drill */

void texts_drill(const struct watcher *w, uint32_t channel, struct now now, struct str *out)
{
	struct text t = { .w = w,
		.channel = channel,
		.now = now.wall,
		.colour = COLOUR_DRILL,
		.is_quiet = true,
		.may_be_repeat = w->drill[channel].may_be_repeat };

	str_add(&t.title, "daily drill passed");
	for (uint32_t i = 0; i < w->cfg.n_sites; i++)
		str_addf(&t.lines, "%s: %s\n", w->cfg.sites[i],
			w->sites[i].state == WATCHED_HEARD ? "heard" : "not heard");
	str_addf(&t.lines, "site → %s → here works, last proven ", w->cfg.name);
	say_time(&t, now.wall);
	finish(&t, out);
}
