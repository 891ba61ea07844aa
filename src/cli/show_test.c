/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each renderer, from an answer in test/cli/NAME.json to what is to be seen of it, in
 * test/cli/NAME.SURFACE.txt (an escape character stands there as ␛).  To make the golden files anew
 * after a change that was meant: DIARCHY_REGENERATE=1 meson test cli-show, and read the diff.
 */
#include "base/tz_bytes.h"
#include "cli/shows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

struct surface {
	const char *name;
	uint32_t width;
	bool has_colour, has_utf8;
};
static const struct surface wide = { "120", 120, false, true };
static const struct surface narrow = { "80", 80, false, true };
static const struct surface plain = { "plain", 0, false, true };
static const struct surface ascii = { "ascii", 80, false, false };
static const struct surface colour = { "colour", 80, true, true };

static void status(struct page *p, const json_t *answer)
{
	show_status(p, answer, false);
}

static void whole_status(struct page *p, const json_t *answer)
{
	show_status(p, answer, true);
}

static void events(struct page *p, const json_t *answer)
{
	const json_t *list = json_object_get(answer, "events");
	struct show_day day = { "" };

	for (size_t i = json_array_size(list); i-- > 0;)
		show_event(p, json_array_get(list, i), &day);
}

struct golden {
	const char *sentence, *fixture;
	const struct surface *surface;
	void (*show)(struct page *p, const json_t *answer);
};

static const struct golden goldens[] = {
	{ "a_lab_that_is_well_is_told_calmly", "status-well", &narrow, status },
	{ "a_wide_terminal_is_not_filled_for_its_own_sake", "status-well", &wide, status },
	{ "on_a_pipe_the_sites_are_a_table", "status-well", &plain, status },
	{ "without_utf8_the_picture_is_drawn_in_ascii", "status-well", &ascii, status },
	{ "what_is_not_well_comes_worst_first", "status-failing", &narrow, status },
	{ "a_wide_terminal_cuts_less", "status-failing", &wide, status },
	{ "where_counts_do_not_fit_the_bad_ones_are_told", "status-failing",
		&(struct surface){ "64", 64, false, true }, status },
	{ "on_a_pipe_nothing_is_cut", "status-failing", &plain, status },
	{ "states_have_colours", "status-failing", &colour, status },
	{ "a_site_that_is_down_comes_before_what_was_on_it", "status-site-down", &narrow, status },
	{ "three_sites_are_a_table_and_three_links", "status-three-sites", &narrow, status },
	{ "escape_sequences_from_outside_do_nothing", "status-hostile", &narrow, status },
	{ "everything_can_be_listed", "status-well", &(struct surface){ "all", 80, false, true },
		whole_status },
	{ "the_story_of_a_failing_check", "when-failing", &narrow, show_when },
	{ "the_story_on_a_wide_terminal", "when-failing", &wide, show_when },
	{ "the_story_on_a_pipe", "when-failing", &plain, show_when },
	{ "the_story_in_colour", "when-failing", &colour, show_when },
	{ "a_check_that_is_well_has_a_short_story", "when-ok", &narrow, show_when },
	{ "a_silent_check_says_what_is_missing", "when-silent", &narrow, show_when },
	{ "incidents_are_a_table", "incidents", &narrow, show_incidents },
	{ "incidents_on_a_pipe", "incidents", &plain, show_incidents },
	{ "no_incidents_are_said_to_be_none", "incidents-none", &narrow, show_incidents },
	{ "an_incident_has_a_timeline", "incident", &narrow, show_incident },
	{ "a_closed_incident_says_how_long_it_took", "incident-closed", &narrow, show_incident },
	{ "silences_and_windows_are_a_table", "silences", &narrow, show_silences },
	{ "no_silences_are_said_to_be_none", "silences-none", &narrow, show_silences },
	{ "values_of_series_are_a_table", "query-vector", &narrow, show_query },
	{ "several_series_over_time_have_a_line_each", "query-range", &narrow, show_query },
	{ "lines_are_drawn_in_ascii_too", "query-range", &ascii, show_query },
	{ "on_a_pipe_series_over_time_are_not_cut", "query-range", &plain, show_query },
	{ "one_series_over_time_is_drawn", "query-one", &narrow, show_query },
	{ "one_series_is_drawn_in_ascii_too", "query-one", &ascii, show_query },
	{ "a_number_is_itself", "query-scalar", &narrow, show_query },
	{ "that_nothing_was_found_is_said_kindly", "query-none", &narrow, show_query },
	{ "rules_that_work_are_told_calmly", "rules-well", &narrow, show_rules },
	{ "alerts_come_first_then_what_is_wrong_then_groups", "rules", &narrow, show_rules },
	{ "rules_on_a_pipe_are_not_cut", "rules", &plain, show_rules },
	{ "alerts_have_colours", "rules", &colour, show_rules },
	{ "that_there_are_no_rules_is_said", "rules-none", &narrow, show_rules },
	{ "what_nothing_observes_is_listed", "coverage", &narrow, show_coverage },
	{ "full_coverage_is_one_line", "coverage-all", &narrow, show_coverage },
	{ "events_are_sentences_under_their_day", "events", &narrow, events },
	{ "events_on_a_pipe_are_lines_with_full_times", "events", &plain, events },
	{ "kinds_of_events_have_colours", "events", &colour, events },
};

static json_t *read_fixture(const char *name)
{
	json_t *answer;
	char path[512];

	snprintf(path, sizeof path, "%s/test/cli/%s.json", getenv("DIARCHY_SOURCE"), name);
	answer = json_load_file(path, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(answer);
	return answer;
}

static void make_visible(const struct str *from, struct str *to)
{
	for (size_t i = 0; i < from->len; i++) {
		if (from->s[i] == '\033')
			str_add(to, "␛");
		else
			str_addc(to, from->s[i]);
	}
}

/* The same text as in the file, or, when regenerating, in it from now on. */
static void compare(const struct golden *g, const struct str *shown)
{
	scoped(str_fini) struct str visible = STR_EMPTY, wanted = STR_EMPTY;
	bool writes = getenv("DIARCHY_REGENERATE");
	char path[512], block[4096];
	FILE *f;
	size_t n;

	make_visible(shown, &visible);
	snprintf(path, sizeof path, "%s/test/cli/%s.%s.txt", getenv("DIARCHY_SOURCE"), g->fixture,
		g->surface->name);
	f = fopen(path, writes ? "w" : "r");
	assert_non_null(f);
	if (writes)
		assert_int_equal(fwrite(str_c(&visible), 1, visible.len, f), visible.len);
	else
		while ((n = fread(block, 1, sizeof block, f)) > 0)
			str_addn(&wanted, block, n);
	fclose(f);
	if (!writes)
		assert_string_equal(str_c(&visible), str_c(&wanted));
}

static void is_shown_as_ever(void **state)
{
	const struct golden *g = *state;
	scoped(json_decref) json_t *answer = read_fixture(g->fixture);
	scoped(tz_free) struct tz *zone = tz_of("Test/Dublin", "IST-1GMT0,M10.5.0,M3.5.0/1");
	scoped(page_fini) struct page p = { .term = { g->surface->width, g->surface->has_colour,
						    g->surface->has_utf8, { 0 }, zone } };

	assert_int_equal(wall_parse("2026-11-23T18:08:23Z", &p.term.now, NULL), RC_OK);
	g->show(&p, answer);
	compare(g, &p.out);
}

/* However wide: no line is wider than the terminal, ends in a blank or holds a tab. */
static void lines_fit(void **state)
{
	const struct golden *g = *state;
	scoped(json_decref) json_t *answer = read_fixture(g->fixture);

	for (uint32_t width = TERM_WIDTH_MIN; width < 140; width += 7) {
		scoped(page_fini) struct page p = { .term = { width, false, true, { 0 }, NULL } };

		assert_int_equal(wall_parse("2026-11-23T18:08:23Z", &p.term.now, NULL), RC_OK);
		g->show(&p, answer);
		for (char *line = strtok(p.out.s, "\n"); line; line = strtok(NULL, "\n")) {
			if (text_width(line) > width || strchr(line, '\t') ||
				line[strlen(line) - 1] == ' ')
				fail_msg("%s at %u columns: '%s'", g->fixture, width, line);
		}
	}
}

int main(void)
{
	struct CMUnitTest tests[2 * COUNT(goldens)];
	char names[COUNT(goldens)][128];

	for (size_t i = 0; i < COUNT(goldens); i++) {
		void *g = (void *)(uintptr_t)&goldens[i];

		snprintf(names[i], sizeof names[i], "%s_and_fits", goldens[i].sentence);
		tests[2 * i] =
			(struct CMUnitTest){ goldens[i].sentence, is_shown_as_ever, NULL, NULL, g };
		tests[2 * i + 1] = (struct CMUnitTest){ names[i], lines_fit, NULL, NULL, g };
	}
	return _cmocka_run_group_tests("show", tests, COUNT(tests), NULL, NULL);
}
