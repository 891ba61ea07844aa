/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When a site dies, thirty checks say the same: what has one trouble shares one line.  First those
 * with a reason of their own, then those that are silent, then those that are back.  What a site
 * says of itself comes last on its line: that it is silent, too, surprises nobody.
 */
#include "core/alert/notice_words.h"

#define NAMES_UNITS   220 /* of one line */
#define NAME_UNITS    150
#define TROUBLE_UNITS 120

enum rank { RANK_REASON, RANK_SILENT, RANK_BACK, RANKS };

static enum rank rank_of(const struct incident_member *m)
{
	if (m->recovered.ms)
		return RANK_BACK;
	return m->reason && *m->reason ? RANK_REASON : RANK_SILENT;
}

static bool share_trouble(const struct incident_member *a, const struct incident_member *b)
{
	return rank_of(a) == rank_of(b) && str_eq(words_trouble(a), words_trouble(b));
}

/* No earlier one has the same trouble. */
static bool is_leader(const struct incident *in, uint32_t k)
{
	const struct incident_member *cause = words_cause(in);

	for (uint32_t j = 0; j < k; j++)
		if (&in->members[j] != cause && share_trouble(&in->members[j], &in->members[k]))
			return false;
	return &in->members[k] != cause;
}

/* The `i`th in the order of ranks; NULL beyond the last. */
static const struct incident_member *leader(const struct incident *in, uint32_t i)
{
	for (enum rank rank = 0; rank < RANKS; rank++)
		for (uint32_t k = 0; k < in->n_members; k++)
			if (rank_of(&in->members[k]) == rank && is_leader(in, k) && i-- == 0)
				return &in->members[k];
	return NULL;
}

/* The cause says the alert's name; not where alerts of several are a group. */
static bool is_named_by_cause(const struct incident *in, const char *name)
{
	const char *cause = in->cause + strlen("alert:");
	size_t n = strcspn(name, "{");

	return strncmp(cause, name, n) == 0 &&
	       (cause[n] == '@' || cause[n] == '{' || cause[n] == '~');
}

/* Of "HighLoad{instance=nas}@dublin" what the cause, "alert:HighLoad@dublin", doesn't say. */
static void say_name(const struct incident *in, const char *name, enum text_escape how,
	struct part *shown)
{
	const char *begin = strchr(name, '{'), *end = strrchr(name, '}');
	scoped(str_fini) struct str labels = STR_EMPTY;

	if (words_is_of_alerts(in) && begin && end > begin + 1 && is_named_by_cause(in, name)) {
		str_addn(&labels, begin + 1, (size_t)(end - begin - 1));
		name = str_c(&labels);
	}
	part_say(shown, name, how, SIZE_MAX);
}

static void add_name(const struct incident *in, struct part *p, const char *name,
	enum text_escape how, uint32_t *left_out)
{
	scoped(part_fini) struct part shown = PART(NAME_UNITS);

	say_name(in, name, how, &shown);
	if (*left_out || p->units + shown.units + 2 + PART_MORE_UNITS > p->most) {
		++*left_out;
		return;
	}
	part_separate(p, words_is_of_alerts(in) ? "; " : ", "); /* labels have commas */
	part_add(p, str_c(&shown.text));
}

/* "git, cloud and 3 more"; how many these are. */
static uint32_t add_names(const struct incident *in, const struct incident_member *like,
	enum text_escape how, struct part *p)
{
	const struct incident_member *cause = words_cause(in);
	uint32_t n = 0, left_out = 0;

	for (int is_self = 0; is_self <= 1; is_self++) {
		for (uint32_t k = 0; k < in->n_members; k++) {
			const struct incident_member *m = &in->members[k];

			if (m == cause || !share_trouble(m, like) ||
				words_is_of_itself(m->check) != is_self)
				continue;
			add_name(in, p, m->check, how, &left_out);
			n++;
		}
	}
	if (left_out)
		part_addf(p, " and %u more", left_out);
	return n;
}

uint32_t words_others(const struct incident *in, uint32_t i, enum text_escape how,
	struct part *line)
{
	const struct incident_member *m = leader(in, i);
	scoped(part_fini) struct part names = PART(NAMES_UNITS);
	uint32_t n;

	if (!m)
		return 0;
	n = add_names(in, m, how, &names);
	part_add(line, str_c(&names.text));
	part_add(line, ": ");
	part_say(line, words_trouble(m), how, TROUBLE_UNITS);
	return n;
}
