/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What people read, kept as files in test/notice/ so that a change of words is seen in review.
 * DIARCHY_GOLDEN=write notice_test   writes them anew.
 */
#include "core/alert/alert_fixture.h"
#include "core/alert/notice_text.h"
#include "core/alert/notice_words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

static struct notice_context context(bool is_first)
{
	return (struct notice_context){
		.lab = "home",
		.reader_zone = fixture_dublin,
		.sites = fixture_sites,
		.n_sites = 2,
		.home = "mumbai",
		.from = "mumbai",
		.url = "https://mumbai.example.net/incidents/mumbai-tnp2ub",
		.description = "The family's photos",
		.runbook = "https://wiki.example.net/immich_(photos)",
		.now = { FIXTURE_SINCE_MS + 2 * SECOND_MS },
		.is_first = is_first,
	};
}

/* The file of that name must hold `text`; or it is written, when asked for. */
static void same_as_golden(const char *name, const char *text)
{
	const char *source = getenv("DIARCHY_SOURCE"), *mode = getenv("DIARCHY_GOLDEN");
	bool writes = mode && str_eq(mode, "write");
	scoped(str_fini) struct str found = STR_EMPTY;
	char path[512], buf[4096];
	size_t n;
	FILE *f;

	snprintf(path, sizeof path, "%s/test/notice/%s", source ? source : ".", name);
	f = fopen(path, writes ? "wb" : "rb");
	if (!f)
		fail_msg("%s can't be opened; run with DIARCHY_GOLDEN=write to make it", path);
	if (writes)
		assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
	while (!writes && (n = fread(buf, 1, sizeof buf, f)) > 0)
		str_addn(&found, buf, n);
	assert_int_equal(fclose(f), 0);
	if (!writes)
		assert_string_equal(str_c(&found), text);
}

static void same_json(const char *name, const struct str *text)
{
	scoped(json_decref) json_t *json = NULL;
	scoped(mem_free) char *pretty = NULL;
	scoped(str_fini) struct str lines = STR_EMPTY;
	struct err e = { 0 };

	if (json_read(&json, str_c(text), text->len, &e) != RC_OK)
		fail_msg("%s: %s", name, e.text);
	pretty = json_dumps(json, JSON_INDENT(2));
	str_addf(&lines, "%s\n", pretty);
	same_as_golden(name, str_c(&lines));
}

static void discord_is(const char *name, const struct incident *in, const struct notice_context *c)
{
	scoped(str_fini) struct str out = STR_EMPTY;

	notice_discord(in, c, &out);
	same_json(name, &out);
}

static struct incident *immich_down(void)
{
	struct incident *in = fixture_incident();

	fixture_add_before(in, FIXTURE_SINCE_MS - 31 * SECOND_MS, "mumbai",
		"lab.yaml changed: abc1234 'raise memory' by Ana");
	fixture_add_before(in, FIXTURE_SINCE_MS - 8 * MINUTE_MS, "dublin",
		"link to mumbai came back after 12 s");
	fixture_add_member(in, "immich-ml", "connection refused");
	return in;
}

static struct incident *immich_back(void)
{
	struct incident *in = immich_down();

	in->state = INCIDENT_RECOVERING;
	in->version = 3;
	in->recovered.ms = FIXTURE_SINCE_MS + 252 * SECOND_MS;
	in->members[0].recovered = in->recovered;
	in->members[1].recovered = in->recovered;
	in->acked.ms = FIXTURE_SINCE_MS + MINUTE_MS;
	incident_set(in, &in->ack_by, "Ana");
	incident_set(in, &in->ack_why, "restarting the pod");
	return in;
}

static void a_service_that_is_down_is_told_with_reason_times_and_changes(void **state)
{
	scoped(incident_free) struct incident *in = immich_down();
	struct notice_context c = context(true);

	(void)state;
	c.mention = "<@80351110224678912>";
	c.vantages = "dublin and mumbai";
	discord_is("down.json", in, &c);
}

/* Two volumes of one rule, and one more that was well again in between. */
static struct incident *disks_full(void)
{
	struct incident *in = fixture_incident();

	incident_set(in, &in->cause, "alert:DiskAlmostFull@mumbai");
	incident_set(in, &in->members[0].check, "alert:DiskAlmostFull@mumbai");
	incident_set(in, &in->members[0].reason, "/srv on nas-mumbai has 4 % left");
	in->members[0].last_ok.ms = 0;
	incident_set(in, &in->title, "DiskAlmostFull at mumbai fires");
	fixture_add_member(in, "DiskAlmostFull{instance=nas-mumbai:9100, mountpoint=/srv}@mumbai",
		"/srv on nas-mumbai has 4 % left");
	fixture_add_member(in, "DiskAlmostFull{instance=vm2:9100, mountpoint=/}@mumbai",
		"/ on vm2 has 2 % left");
	return in;
}

static void alerts_of_a_rule_are_told_by_their_labels(void **state)
{
	scoped(incident_free) struct incident *in = disks_full();
	struct notice_context c = context(true);

	(void)state;
	c.description = "Less than 5 % of a volume is left.";
	discord_is("alerts.json", in, &c);
}

static void alerts_that_are_over_say_for_how_long_they_fired(void **state)
{
	scoped(incident_free) struct incident *in = disks_full();
	scoped(str_fini) struct str out = STR_EMPTY;
	struct notice_context c = context(false);

	(void)state;
	in->state = INCIDENT_RECOVERING;
	in->recovered.ms = FIXTURE_SINCE_MS + 252 * SECOND_MS;
	for (uint32_t i = 0; i < in->n_members; i++)
		in->members[i].recovered = in->recovered;
	notice_plain(in, &c, &out);
	str_addc(&out, '\n');
	same_as_golden("alerts-over.txt", str_c(&out));
}

static void a_service_that_is_back_says_for_how_long_it_was_away(void **state)
{
	scoped(incident_free) struct incident *in = immich_back();
	struct notice_context c = context(false);

	(void)state;
	c.now = in->recovered;
	discord_is("back.json", in, &c);
}

static void a_path_problem_says_from_where_it_fails(void **state)
{
	scoped(incident_free) struct incident *in = fixture_incident();
	struct notice_context c = context(true);

	(void)state;
	incident_set(in, &in->title, "immich: path problem, fails from dublin");
	incident_set(in, &in->failing_from, "dublin");
	incident_set(in, &in->members[0].scope, "path");
	incident_set(in, &in->members[0].reason, "no answer in 5 s");
	c.may_be_repeat = true;
	discord_is("path.json", in, &c);
}

static void a_heartbeat_that_never_came_is_silent(void **state)
{
	scoped(incident_free) struct incident *in = fixture_incident();
	struct notice_context c = context(true);

	(void)state;
	incident_set(in, &in->cause, "paperless-export");
	incident_set(in, &in->title, "paperless-export is silent");
	incident_set(in, &in->members[0].check, "paperless-export");
	incident_set(in, &in->members[0].state, "silent");
	incident_set(in, &in->members[0].scope, "none");
	incident_set(in, &in->members[0].reason, "nothing heard for 25 h, wanted every 24 h");
	in->members[0].last_ok.ms = 0;
	c.description = c.runbook = c.url = NULL;
	c.home = "dublin";
	discord_is("silent.json", in, &c);
}

static void a_dead_site_names_what_it_takes_along_on_one_line_and_counts_the_rest(void **state)
{
	scoped(incident_free) struct incident *in = fixture_incident();
	struct notice_context c = context(true);
	char name[32];

	(void)state;
	incident_set(in, &in->cause, "site:mumbai");
	incident_set(in, &in->title, "site mumbai is down");
	incident_set(in, &in->severity, "critical");
	incident_set(in, &in->members[0].check, "site:mumbai");
	incident_set(in, &in->members[0].reason, "link lost, and webhost doesn't hear it either");
	for (int i = 1; i <= 60; i++) {
		snprintf(name, sizeof name, "mumbai-service-%d", i);
		fixture_add_member(in, name, "no route to host");
	}
	in->members[3].recovered.ms = FIXTURE_SINCE_MS + 1;
	in->more_members = 7;
	c.from = "dublin";
	discord_is("site.json", in, &c);
}

static void others_share_a_line_by_their_trouble_and_a_sites_own_come_last(void **state)
{
	static const char *const names[] = { "disk@mumbai", "nas", "photos", "mail", "backup" };
	static const char *const lines[] = { "photos, mail: refused", "nas, disk@mumbai: silent",
		"backup: back" };
	scoped(incident_free) struct incident *in = fixture_incident();

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++)
		fixture_add_member(in, names[i], i == 2 || i == 3 ? "refused" : "");
	incident_set(in, &in->members[1].state, "silent");
	incident_set(in, &in->members[2].state, "silent");
	in->members[5].recovered.ms = FIXTURE_SINCE_MS;
	for (uint32_t i = 0; i <= COUNT(lines); i++) {
		scoped(part_fini) struct part line = PART(WORDS_OTHERS_UNITS);
		uint32_t n = words_others(in, i, TEXT_PLAIN, &line);

		assert_int_equal(n, i == COUNT(lines) ? 0 : i == 2 ? 1 : 2);
		assert_string_equal(str_c(&line.text), i < COUNT(lines) ? lines[i] : "");
	}
}

static void what_flaps_is_said_once_and_grey(void **state)
{
	scoped(incident_free) struct incident *in = fixture_incident();
	struct notice_context c = context(false);

	(void)state;
	in->is_flapping = true;
	in->relapses = 3;
	in->version = 9;
	discord_is("flapping.json", in, &c);
}

static void a_merged_incident_points_to_the_one_that_goes_on(void **state)
{
	scoped(incident_free) struct incident *in = fixture_incident();
	struct notice_context c = context(false);

	(void)state;
	in->state = INCIDENT_MERGED;
	str_copy(in->merged_into, sizeof in->merged_into, "dublin-tnp2ua");
	discord_is("merged.json", in, &c);
}

static void a_backlog_is_one_message_with_what_is_still_wrong_first(void **state)
{
	scoped(incident_free) struct incident *down = immich_down(), *back = immich_back(),
					      *dns = fixture_incident();
	struct incident *ins[] = { back, down, dns };
	struct notice_context c = context(true);
	struct wall from = { FIXTURE_SINCE_MS - MINUTE_MS }, until = { FIXTURE_SINCE_MS + HOUR_MS };
	scoped(str_fini) struct str out = STR_EMPTY;

	(void)state;
	incident_set(dns, &dns->title, "dns is down");
	c.now = until;
	notice_backlog_discord(ins, 3, from, until, &c, &out);
	same_json("backlog.json", &out);
}

static void plain_text_says_the_same(void **state)
{
	scoped(incident_free) struct incident *down = immich_down(), *back = immich_back();
	struct notice_context c = context(true);
	scoped(str_fini) struct str out = STR_EMPTY;

	(void)state;
	notice_plain(down, &c, &out);
	str_addc(&out, '\n');
	c.now = back->recovered;
	notice_plain(back, &c, &out);
	same_as_golden("plain.txt", str_c(&out));
}

static void a_webhook_gets_the_incident_as_the_interface_shows_it(void **state)
{
	scoped(incident_free) struct incident *in = immich_back();
	struct notice_context c = context(false);
	scoped(str_fini) struct str out = STR_EMPTY;

	(void)state;
	notice_webhook(in, &c, &out);
	same_json("webhook.json", &out);
}

static void mail_answers_the_first_mail_of_its_incident(void **state)
{
	scoped(incident_free) struct incident *down = immich_down(), *back = immich_back();
	struct notice_context c = context(true);
	scoped(str_fini) struct str out = STR_EMPTY;

	(void)state;
	incident_set(down, &down->title,
		"größe is down — 漢字 in a title that is so long that it needs two words");
	notice_mail(down, &c, "Diarchy <lab@example.net>", "ana@example.net, bo@example.net", &out);
	str_add(&out, "----\r\n");
	c = context(false);
	c.now = back->recovered;
	notice_mail(back, &c, "Diarchy <lab@example.net>", "ana@example.net", &out);
	same_as_golden("mail.txt", str_c(&out));
}

static void titles_name_what_failed_in_the_words_of_its_kind(void **state)
{
	static const struct {
		struct notice_cause cause;
		const char *title;
	} rows[] = {
		{ { "immich", "probe", "failing", "down" }, "immich is down" },
		{ { "immich", "probe", "silent", "none" }, "immich is silent" },
		{ { "immich", "probe", "failing", "path", "dublin" },
			"immich: path problem, fails from dublin" },
		{ { "immich", "probe", "failing", "path" }, "immich: path problem" },
		{ { "export", "heartbeat", "failing", "down" }, "export failed" },
		{ { "export", "heartbeat", "silent", "none" }, "export is silent" },
		{ { "site:mumbai", "site", "failing", "down", NULL, "mumbai" },
			"site mumbai is down" },
		{ { "site:mumbai", "site", "failing", "unknown", NULL, "mumbai" },
			"site mumbai or its link is down" },
		{ { "link:dublin-mumbai", "link", "failing", "down", NULL, "dublin", "mumbai" },
			"link dublin-mumbai is down" },
		{ { "watcher:webhost", "watcher", "failing", "down", NULL, "webhost" },
			"watcher webhost is down" },
		{ { "drill:webhost", "drill", "failing", "down", NULL, "webhost" },
			"drill of webhost failed" },
		{ { "disk@dublin", "self", "failing", "down" }, "dublin: disk trouble" },
		{ { "config@dublin", "self", "failing", "down" }, "dublin: lab.yaml is broken" },
		{ { "odd", NULL, NULL, NULL }, "odd is down" },
		{ { "cloud", "probe", "failing", "down",
			  .reason = "certificate expires in 6 d (2026-12-01), wanted 14 d" },
			"cloud: certificate expires soon" },
		{ { "cloud", "probe", "failing", "down",
			  .reason = "certificate expired 3 d 1 h ago (2026-11-20)" },
			"cloud: certificate has expired" },
		{ { "cloud", "probe", "failing", "down",
			  .reason = "its issuer's certificate expired 2 h ago (2026-11-23)" },
			"cloud: certificate of its issuer has expired" },
		{ { "cloud", "probe", "failing", "down",
			  .reason = "certificate is for a.test, not for b.test" },
			"cloud: certificate is not accepted" },
		{ { "cloud", "probe", "failing", "path", "dublin",
			  .reason = "certificate expired 2 h ago (2026-11-23)" },
			"cloud: path problem, fails from dublin" },
		{ { "export", "heartbeat", "failing", "down",
			  .reason = "certificate expires in the log" },
			"export failed" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		scoped(str_fini) struct str title = STR_EMPTY;

		notice_title(&rows[i].cause, &title);
		assert_string_equal(str_c(&title), rows[i].title);
	}
}

static void titles_of_what_is_over_are_in_the_past(void **state)
{
	static const char *const rows[][2] = {
		{ "immich is down", "immich was down" },
		{ "site mumbai or its link is down", "site mumbai or its link was down" },
		{ "export is silent", "export was silent" },
		{ "export failed", "export failed" },
		{ "drill of webhost is overdue", "drill of webhost was overdue" },
		{ "immich: path problem, fails from dublin",
			"immich: path problem, failed from dublin" },
		{ "immich: path problem", "immich: path problem" },
		{ "dublin: disk trouble", "dublin: disk trouble" },
		{ "dublin: lab.yaml is broken", "dublin: lab.yaml was broken" },
		{ "dublin: cannot send messages", "dublin: could not send messages" },
		{ "dublin: messages are not looked at", "dublin: messages were not looked at" },
		{ "cloud: certificate expires soon", "cloud: certificate was about to expire" },
		{ "cloud: certificate has expired", "cloud: certificate had expired" },
		{ "cloud: certificate of its issuer has expired",
			"cloud: certificate of its issuer had expired" },
		{ "cloud: certificate is not accepted", "cloud: certificate was not accepted" },
		{ "what is it is down", "what is it was down" },
		{ "", "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		scoped(str_fini) struct str title = STR_EMPTY;

		notice_title_past(rows[i][0], &title);
		assert_string_equal(str_c(&title), rows[i][1]);
	}
}

static void headlines_end_well_in_the_words_of_their_kind(void **state)
{
	static const struct {
		const char *cause, *headline;
		bool is_flapping;
		enum incident_state state;
	} rows[] = {
		{ "immich", "immich is back after 4 min 12 s", false, INCIDENT_RECOVERING },
		{ "site:mumbai", "site mumbai is back after 4 min 12 s", false, INCIDENT_CLOSED },
		{ "link:a-b", "link a-b is back after 4 min 12 s", false, INCIDENT_CLOSED },
		{ "drill:webhost", "drill of webhost works again after 4 min 12 s", false,
			INCIDENT_CLOSED },
		{ "disk@dublin", "dublin: disk is fine again after 4 min 12 s", false,
			INCIDENT_CLOSED },
		{ "disk@dublin", "disk@dublin is flapping", true, INCIDENT_OPEN },
		{ "immich", "immich is flapping", true, INCIDENT_RECOVERING },
		{ "immich", "immich is steady again after 4 min 10 s", true, INCIDENT_CLOSED },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		scoped(incident_free) struct incident *in = fixture_incident();
		scoped(str_fini) struct str headline = STR_EMPTY;

		incident_set(in, &in->cause, rows[i].cause);
		in->state = rows[i].state;
		in->is_flapping = rows[i].is_flapping;
		in->recovered.ms = in->since.ms + 252 * SECOND_MS;
		words_headline(in, &headline);
		assert_string_equal(str_c(&headline), rows[i].headline);
	}
}

static void a_certificate_that_is_good_again_is_not_a_service_that_is_back(void **state)
{
	static const char *const rows[][2] = {
		{ "cloud: certificate expires soon",
			"cloud: certificate is renewed after 4 min 12 s" },
		{ "cloud: certificate has expired",
			"cloud: certificate is valid again after 4 min 12 s" },
		{ "cloud: certificate is not accepted",
			"cloud: certificate is accepted again after 4 min 12 s" },
		{ "cloud is down", "cloud is back after 4 min 12 s" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		scoped(incident_free) struct incident *in = fixture_incident();
		scoped(str_fini) struct str headline = STR_EMPTY;

		incident_set(in, &in->cause, "cloud");
		incident_set(in, &in->title, rows[i][0]);
		in->state = INCIDENT_RECOVERING;
		in->recovered.ms = in->since.ms + 252 * SECOND_MS;
		words_headline(in, &headline);
		assert_string_equal(str_c(&headline), rows[i][1]);
	}
}

/* The allowed_mentions that come with `mention`, as JSON text. */
static char *allowed_for(const char *mention, bool is_first)
{
	scoped(incident_free) struct incident *in = fixture_incident();
	struct notice_context c = context(is_first);
	scoped(str_fini) struct str out = STR_EMPTY;
	scoped(json_decref) json_t *json = NULL;
	const char *content;

	c.mention = mention;
	notice_discord(in, &c, &out);
	assert_int_equal(json_read(&json, str_c(&out), out.len, NULL), RC_OK);
	content = json_get_text(json, "content", "");
	assert_int_equal(str_starts(content, mention), is_first && !strstr(mention, "!!"));
	return json_dumps(json_object_get(json, "allowed_mentions"), JSON_COMPACT);
}

static void only_the_configured_mention_calls_anybody_and_only_once(void **state)
{
	static const struct {
		const char *mention;
		bool is_first;
		const char *allowed;
	} rows[] = {
		{ "<@123>", true, "{\"parse\":[],\"users\":[\"123\"]}" },
		{ "<@!123>", true, "{\"parse\":[],\"users\":[\"123\"]}" },
		{ "<@&456>", true, "{\"parse\":[],\"roles\":[\"456\"]}" },
		{ "@here", true, "{\"parse\":[\"everyone\"]}" },
		{ "<@123>", false, "{\"parse\":[]}" },
		{ "<@12x>!!", true, "{\"parse\":[]}" },
		{ "!!<@1><@2>", true, "{\"parse\":[]}" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		scoped(mem_free) char *allowed = allowed_for(rows[i].mention, rows[i].is_first);

		assert_string_equal(allowed, rows[i].allowed);
	}
}

static void says(const char *raw, size_t most, const char *shown)
{
	scoped(part_fini) struct part p = PART(most);

	part_say(&p, raw, TEXT_MARKDOWN, SIZE_MAX);
	assert_string_equal(str_c(&p.text), shown);
	assert_int_equal(p.units, text_units(shown));
	assert_true(p.units <= most);
}

static void what_could_format_link_or_call_is_escaped(void **state)
{
	(void)state;
	says("HTTP 502, wanted 200", 99, "HTTP 502, wanted 200");
	says("a *b* _c_ ~~d~~ `e` ||f||", 99,
		"a \\*b\\* \\_c\\_ \\~\\~d\\~\\~ \\`e\\` \\|\\|f\\|\\|");
	says("[x](https://evil)", 99, "\\[x\\](https\\://evil)");
	says("<@1> <#2> <t:3:R>", 99, "\\<@1\\> \\<\\#2\\> \\<t:3:R\\>");
	says("@everyone and @HERE", 99, "@\u200beveryone and @\u200bHERE");
	says("disk@dublin", 99, "disk@dublin");
	says("- item", 99, "\\- item");
	says("12. item", 99, "12\\. item");
	says("10.2.0.20:443", 99, "10\\.2.0.20:443");
	says("back\\slash", 99, "back\\\\slash");
	says("two\n\n# lines\t and\x01more", 99, "two \\# lines and more");
	says("\u202e abc \u200b\u2066", 99, "abc");
	says("\xff\xe2\x82z", 99, "\ufffd\ufffd\ufffdz");
}

static void a_cut_never_splits_a_character_or_an_escape(void **state)
{
	(void)state;
	says("abcdef", 6, "abcdef");
	says("abcdefg", 6, "abcde…");
	says("ab😀cd", 5, "ab😀…"); /* the emoji is two units */
	says("abc😀cd", 5, "abc…");
	says("a**b", 4, "a\\*…");
	says("****", 4, "\\*…");
	says("é漢é漢é", 4, "é漢é…");
	says("anything", 1, "…");
	says("anything", 0, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_service_that_is_down_is_told_with_reason_times_and_changes),
		cmocka_unit_test(alerts_of_a_rule_are_told_by_their_labels),
		cmocka_unit_test(alerts_that_are_over_say_for_how_long_they_fired),
		cmocka_unit_test(a_service_that_is_back_says_for_how_long_it_was_away),
		cmocka_unit_test(a_path_problem_says_from_where_it_fails),
		cmocka_unit_test(a_heartbeat_that_never_came_is_silent),
		cmocka_unit_test(
			a_dead_site_names_what_it_takes_along_on_one_line_and_counts_the_rest),
		cmocka_unit_test(others_share_a_line_by_their_trouble_and_a_sites_own_come_last),
		cmocka_unit_test(what_flaps_is_said_once_and_grey),
		cmocka_unit_test(a_merged_incident_points_to_the_one_that_goes_on),
		cmocka_unit_test(a_backlog_is_one_message_with_what_is_still_wrong_first),
		cmocka_unit_test(plain_text_says_the_same),
		cmocka_unit_test(a_webhook_gets_the_incident_as_the_interface_shows_it),
		cmocka_unit_test(mail_answers_the_first_mail_of_its_incident),
		cmocka_unit_test(titles_name_what_failed_in_the_words_of_its_kind),
		cmocka_unit_test(titles_of_what_is_over_are_in_the_past),
		cmocka_unit_test(headlines_end_well_in_the_words_of_their_kind),
		cmocka_unit_test(a_certificate_that_is_good_again_is_not_a_service_that_is_back),
		cmocka_unit_test(only_the_configured_mention_calls_anybody_and_only_once),
		cmocka_unit_test(what_could_format_link_or_call_is_escaped),
		cmocka_unit_test(a_cut_never_splits_a_character_or_an_escape),
	};

	return cmocka_run_group_tests(tests, fixture_load_zones, fixture_free_zones);
}
