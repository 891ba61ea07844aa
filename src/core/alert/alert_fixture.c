/* SPDX-License-Identifier: Apache-2.0 */
#include "core/alert/alert_fixture.h"

#include "base/tz_fixture.h"

#include <stdio.h>

struct tz *fixture_dublin, *fixture_mumbai;
struct notice_site fixture_sites[2];

struct tz *fixture_zone(const char *name)
{
	struct tz *zone = tz_fixture(name);

	must(zone != NULL);
	return zone;
}

int fixture_load_zones(void **state)
{
	(void)state;
	fixture_dublin = fixture_zone("Europe/Dublin");
	fixture_mumbai = fixture_zone("Asia/Kolkata");
	fixture_sites[0] = (struct notice_site){ "dublin", fixture_dublin };
	fixture_sites[1] = (struct notice_site){ "mumbai", fixture_mumbai };
	return 0;
}

int fixture_free_zones(void **state)
{
	(void)state;
	tz_free(fixture_dublin);
	tz_free(fixture_mumbai);
	return 0;
}

struct incident *fixture_incident(void)
{
	struct incident *in = incident_new();
	struct incident_member *m;

	str_copy(in->id, sizeof in->id, "mumbai-tnp2ub");
	incident_set(in, &in->owner, "mumbai");
	incident_set(in, &in->cause, "immich");
	incident_set(in, &in->title, "immich is down");
	incident_set(in, &in->severity, "warning");
	in->version = 1;
	in->since.ms = FIXTURE_SINCE_MS;
	in->opened.ms = FIXTURE_SINCE_MS + 2 * SECOND_MS;
	m = incident_member(in, "immich", true);
	incident_set(in, &m->state, "failing");
	incident_set(in, &m->scope, "down");
	incident_set(in, &m->reason, "HTTP 502, wanted 200");
	m->since = in->since;
	m->last_ok.ms = FIXTURE_SINCE_MS - 15 * SECOND_MS;
	return in;
}

void fixture_add_member(struct incident *in, const char *check, const char *reason)
{
	struct incident_member *m = incident_member(in, check, true);

	must(m != NULL);
	incident_set(in, &m->state, "failing");
	incident_set(in, &m->scope, "down");
	incident_set(in, &m->reason, reason);
	m->since = in->since;
	m->last_ok.ms = in->since.ms - 15 * SECOND_MS;
}

void fixture_add_before(struct incident *in, int64_t at_ms, const char *site, const char *text)
{
	must(in->n_before < BEFORE_MAX);
	in->before[in->n_before++] =
		(struct incident_before){ { at_ms }, must_strdup(site), must_strdup(text) };
}

char *fixture_hostile_text(struct rng *r, size_t most)
{
	/* clang-format off */
	static const char *const pieces[] = {
		"**bold**", "__", "||spoiler||", "`code`", "```\n", "[x](https://evil.example)",
		"<@123>", "<@&99>", "@everyone", "@here", "<t:1:R>", "<#5>",
		"https://evil.example/a?b", "\n", "\r\n", "\n# big", "\n> quote", "\n- list",
		"1. one", "\\", "\\\\", "\"", "{", "\x01", "\x1b[31m", "\x7f", "\xff", "\xc3",
		"\xe2\x82", "\xf0\x9f\x98", "\xed\xa0\x80", "é", "漢", "😀", "\u202e", "\u200b",
		"\u2800", "a", "immich", " ", "           ", "\t", "_", "~~", "\u0627\u0644",
		"👨‍👩‍👧",
	};
	/* clang-format on */
	size_t wanted = rng_below(r, most + 1);
	struct str text = { .limit_bytes = wanted };

	str_add(&text, "");
	while (text.len < wanted)
		str_add(&text, pieces[rng_below(r, COUNT(pieces))]);
	/* The last piece may be cut inside a character: so much the better. */
	return str_take(&text);
}

static void set_hostile(struct rng *r, char **field, size_t most)
{
	free(*field);
	*field = rng_chance(r, 1, 10) ? NULL : fixture_hostile_text(r, most);
}

static struct wall hostile_time(struct rng *r)
{
	return (struct wall){ rng_chance(r, 1, 4) ? 0
						  : rng_between(r, 1, INT64_C(253402300799999)) };
}

static void add_hostile_members(struct rng *r, struct incident *in)
{
	static const char *const states[] = { "failing", "silent", "", "strange" };
	static const char *const scopes[] = { "down", "path", "none", "" };
	uint64_t n = rng_chance(r, 1, 20) ? 300 : rng_below(r, 6);

	for (uint64_t i = 0; i < n; i++) {
		char *check = fixture_hostile_text(r, 64);
		struct incident_member *m = incident_member(in, check, true);

		free(check);
		if (!m) {
			in->more_members++;
			continue;
		}
		incident_set(in, &m->state, states[rng_below(r, COUNT(states))]);
		incident_set(in, &m->scope, scopes[rng_below(r, COUNT(scopes))]);
		set_hostile(r, &m->reason, REASON_BYTES_MAX);
		m->since = hostile_time(r);
		m->last_ok = hostile_time(r);
		m->recovered = hostile_time(r);
	}
}

static char *hostile_title(struct rng *r, const char *check)
{
	struct notice_cause cause = { .check = check, .state = "failing", .scope = "path" };
	scoped(mem_free) char *from = rng_chance(r, 1, 2) ? fixture_hostile_text(r, 100) : NULL;
	struct str title = STR_EMPTY;

	cause.failing_from = from;
	notice_title(&cause, &title);
	return str_take(&title);
}

struct incident *fixture_hostile_incident(struct rng *r)
{
	struct incident *in = incident_new();

	snprintf(in->id, sizeof in->id, "mumbai-%llx", (unsigned long long)rng_next(r));
	in->state = (enum incident_state)rng_below(r, 4);
	in->version = 1 + (uint32_t)rng_below(r, 100);
	in->relapses = (uint32_t)rng_next(r);
	in->is_flapping = rng_chance(r, 1, 4);
	set_hostile(r, &in->owner, NAME_BYTES_MAX);
	set_hostile(r, &in->severity, 16);
	set_hostile(r, &in->failing_from, 300);
	set_hostile(r, &in->news, 300);
	set_hostile(r, &in->ack_by, 300);
	set_hostile(r, &in->ack_why, 2000);
	in->cause = fixture_hostile_text(r, NAME_BYTES_MAX);
	incident_member(in, in->cause, true);
	in->title = hostile_title(r, in->cause);
	add_hostile_members(r, in);
	while (in->n_before < rng_below(r, BEFORE_MAX + 1)) {
		struct incident_before *b = &in->before[in->n_before++];

		b->at = hostile_time(r);
		set_hostile(r, &b->site, 100);
		set_hostile(r, &b->text, 1000);
	}
	in->more_members += rng_chance(r, 1, 3) ? (uint32_t)rng_next(r) / 2 : 0;
	in->since = hostile_time(r);
	in->opened = hostile_time(r);
	in->recovered = hostile_time(r);
	in->closed = hostile_time(r);
	in->acked = hostile_time(r);
	if (in->state == INCIDENT_MERGED)
		str_copy(in->merged_into, sizeof in->merged_into, "dublin-1");
	return in;
}
