/* SPDX-License-Identifier: Apache-2.0 */
#include "api/changes.h"

#define PRINT_START 0xcbf29ce484222325

/* ---- fingerprints */

static uint64_t mix(uint64_t print, const void *bytes, size_t n) /* FNV-1a */
{
	const unsigned char *at = bytes;

	for (size_t i = 0; i < n; i++)
		print = (print ^ at[i]) * 0x100000001b3;
	return print;
}

static uint64_t mix_number(uint64_t print, int64_t value)
{
	return mix(print, &value, sizeof value);
}

static uint64_t print_vantage(uint64_t print, const struct vantage *v)
{
	print = mix_number(print, v->heard.ms);
	print = mix_number(print, v->since.ms);
	print = mix_number(print, v->took_us);
	return mix_number(print, v->word << 1 | v->is_fresh);
}

static uint64_t print_check(const struct view *v, uint16_t check)
{
	const struct lab *lab = site_lab(v->site);
	const struct checks *checks = site_checks(v->site);
	struct check_view seen = checks_view(checks, check);
	const struct incident *in = alert_covering(site_alert(v->site), lab->checks[check].name);
	uint64_t print = mix_number(PRINT_START, seen.state << 8 | seen.scope);

	print = mix_number(print, seen.since.ms);
	print = mix_number(print, seen.paused_until.ms);
	print = mix(print, seen.reason, strlen(seen.reason));
	if (in)
		print = mix_number(mix(print, in->id, strlen(in->id)), in->is_flapping);
	for (uint8_t site = 0; site < lab->n_sites; site++) {
		const struct vantage *vantage = checks_vantage(checks, check, site);

		if (vantage)
			print = print_vantage(mix_number(print, checks_is_blind(checks, site)),
				vantage);
	}
	return print;
}

/* Of an object that is cheap to write: the object itself. */
static uint64_t print_text(uint64_t print, const struct str *text)
{
	return mix(print, str_c(text), text->len);
}

static uint64_t print_links(const struct view *v)
{
	const struct lab *lab = site_lab(v->site);
	uint64_t print = PRINT_START;

	for (uint8_t i = 0; i < lab->n_sites; i++) {
		const struct link *l = site_link(v->site, i);

		if (!l)
			continue;
		print = mix_number(print, l->state);
		print = mix_number(print, l->entered.ms);
		print = mix_number(print, l->rtt_ms);
		print = mix_number(print, l->skew_ms);
		for (uint32_t h = 0; h < l->n_peer_heads; h++)
			print = mix_number(print, (int64_t)l->peer_heads[h].seq);
	}
	return print;
}

static uint64_t print_sites(const struct view *v)
{
	const struct lab *lab = site_lab(v->site);
	uint64_t print = PRINT_START;

	for (uint8_t i = 0; i < lab->n_sites; i++) {
		scoped(str_fini) struct str text = STR_EMPTY;
		struct json_out w;

		json_begin(&w, &text);
		view_site(v, &w, NULL, i);
		print = print_text(print, &text);
	}
	return print;
}

static uint64_t print_watchers(const struct view *v)
{
	const struct lab *lab = site_lab(v->site);
	uint64_t print = PRINT_START;

	for (uint8_t i = 0; i < lab->n_watchers; i++) {
		scoped(str_fini) struct str text = STR_EMPTY;
		struct json_out w;

		json_begin(&w, &text);
		view_watcher(v, &w, NULL, i);
		print = print_text(print, &text);
	}
	return print;
}

/* Silences that begin or end by the clock change checks too. */
void changes_look_at_silences(struct changes *s, const struct view *v)
{
	if (!s->are_silences_dirty && v->now.wall.ms < s->silences_due.ms)
		return;
	s->are_silences_dirty = true;
	s->silences_due = silences_change(alert_silences(site_alert(v->site)), v->now.wall);
	for (uint16_t i = 0; i < s->n_checks; i++) {
		bool is_silenced = view_is_silenced(v, i);

		if (is_silenced != s->checks[i].is_silenced)
			s->checks[i].is_dirty = true;
		s->checks[i].is_silenced = is_silenced;
	}
}

void changes_look_at_checks(struct changes *s, const struct view *v)
{
	for (uint16_t i = 0; i < s->n_checks; i++) {
		if (print_check(v, i) != s->checks[i].print)
			s->checks[i].is_dirty = true;
	}
}

/* ---- the message */

static bool is_checks_dirty(const struct changes *s)
{
	for (uint16_t i = 0; i < s->n_checks; i++) {
		if (s->checks[i].is_dirty)
			return true;
	}
	return false;
}

/* Room for more of a kind in this message? */
static bool has_room(const struct json_out *w, size_t begun)
{
	return w->out->len - begun < CHANGE_BYTES_A_KIND;
}

/* What doesn't fit stays marked for the next message, and the next one begins with it. */
static void write_checks(struct changes *s, const struct view *v, struct json_out *w)
{
	size_t begun = w->out->len;

	json_array_open(w, "checks");
	for (uint16_t n = 0; n < s->n_checks && has_room(w, begun); n++) {
		uint16_t i = s->next_check;

		s->next_check = (uint16_t)((i + 1) % s->n_checks);
		if (!s->checks[i].is_dirty)
			continue;
		s->checks[i].is_dirty = false;
		s->checks[i].print = print_check(v, i);
		view_check(v, w, NULL, i);
	}
	json_close(w);
}

static void write_incidents(struct changes *s, const struct view *v, struct json_out *w)
{
	struct map later = MAP_EMPTY;
	size_t begun = w->out->len;

	json_array_open(w, "incidents");
	map_each (&s->incidents, it) {
		const struct incident *in = map_get(alert_incidents(site_alert(v->site)), it->key);

		if (in && has_room(w, begun))
			view_incident(v, w, NULL, in);
		else if (in)
			map_put(&later, it->key, s);
	}
	json_close(w);
	map_fini(&s->incidents);
	s->incidents = later;
}

static void write_links(const struct view *v, struct json_out *w)
{
	uint8_t n = site_lab(v->site)->n_sites;

	json_array_open(w, "links");
	for (uint8_t a = 0; a < n; a++) {
		for (uint8_t b = a + 1; b < n; b++)
			view_link(v, w, NULL, a, b);
	}
	json_close(w);
}

static void write_each(const struct view *v, struct json_out *w, const char *key, uint8_t n,
	void (*write)(const struct view *, struct json_out *, const char *, uint8_t))
{
	json_array_open(w, key);
	for (uint8_t i = 0; i < n; i++)
		write(v, w, NULL, i);
	json_close(w);
}

/* True, and *known brought up to date, when something else is to be seen now. */
static bool differs(uint64_t *known, uint64_t now)
{
	bool is_other = *known != now;

	*known = now;
	return is_other;
}

bool changes_write(struct changes *s, const struct view *v, struct json_out *w)
{
	const struct lab *lab = site_lab(v->site);
	bool links = differs(&s->links, print_links(v)), sites = differs(&s->sites, print_sites(v));
	bool watchers = differs(&s->watchers, print_watchers(v));
	bool checks = is_checks_dirty(s), incidents = map_count(&s->incidents) > 0;

	if (!links && !sites && !watchers && !checks && !incidents && !s->are_silences_dirty)
		return false;
	json_object_open(w, NULL);
	json_time(w, "now", v->now.wall);
	if (checks)
		write_checks(s, v, w);
	if (incidents)
		write_incidents(s, v, w);
	if (links)
		write_links(v, w);
	if (sites)
		write_each(v, w, "sites", lab->n_sites, view_site);
	if (watchers)
		write_each(v, w, "watchers", lab->n_watchers, view_watcher);
	if (s->are_silences_dirty)
		view_silences(v, w, "silences");
	s->are_silences_dirty = false;
	view_counts(v, w, "counts");
	json_close(w);
	return true;
}

/* ---- marks */

void changes_mark_check(struct changes *s, uint16_t check)
{
	if (check < s->n_checks)
		s->checks[check].is_dirty = true;
}

void changes_mark_incident(struct changes *s, const char *id)
{
	if (map_count(&s->incidents) < INCIDENTS_OPEN_MAX)
		map_put(&s->incidents, id, s);
}

void changes_mark_links(struct changes *s)
{
	s->links = 0; /* no print */
}

void changes_mark_silences(struct changes *s)
{
	s->are_silences_dirty = true;
}

void changes_reset(struct changes *s, const struct view *v)
{
	changes_fini(s);
	s->n_checks = site_lab(v->site)->n_checks;
	s->checks = must_alloc((s->n_checks + 1u) * sizeof *s->checks);
	for (uint16_t i = 0; i < s->n_checks; i++)
		s->checks[i] =
			(struct change_mark){ print_check(v, i), view_is_silenced(v, i), false };
	s->silences_due = silences_change(alert_silences(site_alert(v->site)), v->now.wall);
	s->links = print_links(v);
	s->sites = print_sites(v);
	s->watchers = print_watchers(v);
}

void changes_fini(struct changes *s)
{
	map_fini(&s->incidents);
	free(s->checks);
	*s = (struct changes){ .incidents = MAP_EMPTY };
}
