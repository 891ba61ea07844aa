/* SPDX-License-Identifier: Apache-2.0 */
/* The sites' states side by side, where a run broke. */
#include "sim/oracle_private.h"

/* What a site believes, a fact a line; the same facts are the same lines at both. */
static void describe_words(const struct checks *c, struct str *out)
{
	for (uint16_t i = 0; i < checks_count(c); i++)
		for (uint8_t from = 0; from < SIM_SITES; from++) {
			const struct vantage *v = checks_vantage(c, i, from);

			if (v)
				str_addf(out, "word of site%u on %s: %s\n", from,
					checks_view(c, i).spec->name, check_word_name(v->word));
		}
}

static void describe_incidents(const struct alert *a, struct str *out)
{
	const struct silences *silences = alert_silences(a);

	map_each (alert_incidents(a), it) {
		const struct incident *in = it->value;

		str_addf(out, "incident %s: %s%s version %u told %u%s%s\n", in->id,
			in->is_flapping ? "flapping, " : "", incident_state_name(in->state),
			in->version, in->told[0].version, in->acked.ms ? " ack by " : "",
			in->acked.ms ? in->ack_by : "");
	}
	for (uint32_t i = 0; i < silences->n; i++)
		str_addf(out, "silence %s of %llu\n", silences->items[i].id,
			(unsigned long long)silences->items[i].hlc);
}

static void describe_site(const struct site *s, struct str *out)
{
	const struct journal_head *heads;
	size_t n;

	heads = journal_heads(site_journal(s), &n);
	for (size_t i = 0; i < n; i++)
		str_addf(out, "head %s %llu %llu\n", heads[i].site,
			(unsigned long long)heads[i].epoch, (unsigned long long)heads[i].seq);
	if (journal_uncommitted(site_journal(s)))
		str_addf(out, "%zu events that are not written yet\n",
			journal_uncommitted(site_journal(s)));
	describe_words(site_checks(s), out);
	describe_incidents(site_alert(s), out);
}

static void gather_lines(const char *text, struct map *lines)
{
	scoped(mem_free) char *copy = must_strdup(text);
	char *at = copy;

	for (char *line; (line = strsep(&at, "\n"));)
		map_put(lines, line, lines);
}

/* Each line of `text` that isn't among `others`. */
static void print_lines(struct world *w, const char *who, const char *text,
	const struct map *others)
{
	scoped(mem_free) char *copy = must_strdup(text);
	char *at = copy;

	for (char *line; (line = strsep(&at, "\n"));)
		if (*line && !map_has(others, line))
			fprintf(w->options.trace, "%s %s\n", who, line);
}

/* For whoever reads the trace: all that each site believes, and in the end where they differ. */
void oracle_print(struct world *w)
{
	struct str texts[SIM_SITES] = { STR_EMPTY, STR_EMPTY };
	struct map lines[SIM_SITES] = { MAP_EMPTY, MAP_EMPTY }, none = MAP_EMPTY;

	for (uint8_t site = 0; site < SIM_SITES; site++)
		if (w->sites[site].site) {
			describe_site(w->sites[site].site, &texts[site]);
			gather_lines(str_c(&texts[site]), &lines[site]);
			print_lines(w, site ? "site1" : "site0", str_c(&texts[site]), &none);
		}
	for (uint8_t site = 0; w->sites[0].site && w->sites[1].site && site < SIM_SITES; site++)
		print_lines(w, site ? "only site1:" : "only site0:", str_c(&texts[site]),
			&lines[!site]);
	for (uint8_t site = 0; site < SIM_SITES; site++) {
		str_fini(&texts[site]);
		map_fini(&lines[site]);
	}
}
