/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/init.h"

#include "port/files/lab_files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define KEY_A "ed25519:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
#define KEY_B "ed25519:PUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw="
#define KEY_C "ed25519:/FHNjmIYoaONpH7QAjDwWAgW7RO6MwOsXeuRFUiQgCU="

static struct zones *zones;

static int set_up(void **state)
{
	(void)state;
	zones = zones_new();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	zones_free(zones);
	return 0;
}

/* The lab that the text is, without a finding. */
static struct lab *check(const struct str *text)
{
	scoped(findings_fini) struct findings findings = { 0 };
	const struct lab_text texts[] = { { "lab.yaml", str_c(text), text->len }, { 0 } };
	struct lab *lab = NULL;
	struct err e = { 0 };

	if (lab_load_texts(&lab, texts, zones, &findings, &e) != RC_OK || findings.n)
		fail_msg("%s: %s in\n%s", e.text, findings.n ? findings.items[0].text : "",
			str_c(text));
	return lab;
}

static void assert_takes(enum rc (*take)(struct init_plan *, const char *, struct err *),
	struct init_plan *p, const char *text)
{
	struct err e = { 0 };

	if (take(p, text, &e) != RC_OK)
		fail_msg("%s", e.text);
}

static void what_the_arguments_say_stands_in_the_file(void **state)
{
	scoped(init_fini) struct init_plan p = { .zones = zones };
	scoped(str_fini) struct str text = STR_EMPTY;
	scoped(lab_free) struct lab *lab = NULL;

	(void)state;
	assert_takes(init_lab, &p, "attic");
	assert_takes(init_site, &p, "dublin=dublin.example.net,Europe/Dublin," KEY_A);
	assert_takes(init_site, &p, "mumbai=[2001:db8::1]:9999,Asia/Kolkata," KEY_B);
	assert_takes(init_site, &p,
		"six=2001:db8::6,UTC,ed25519:GtAI4zIIjVp5KrsA6H6rENUYVQAkgYsv/IAKfvFcFLU=");
	assert_takes(init_watcher, &p, "webhost=https://watch.example.net," KEY_C);
	assert_takes(init_probe, &p, "photos=https://photos.example.net/api?a=b#c");
	assert_takes(init_discord, &p, "file:/run/secrets/hook: #1");
	init_render(&p, &text);
	lab = check(&text);
	assert_string_equal(lab->name, "attic");
	assert_string_equal(lab->sites[0].address, "dublin.example.net:7443");
	assert_string_equal(lab->sites[1].address, "[2001:db8::1]:9999");
	assert_string_equal(lab->sites[2].address, "[2001:db8::6]:7443");
	assert_string_equal(tz_name(lab->sites[1].zone), "Asia/Kolkata");
	assert_string_equal(lab->watchers[0].url, "https://watch.example.net");
	assert_string_equal(lab->notify.channels[0].url.name, "/run/secrets/hook: #1");
	assert_string_equal(lab->checks[0].name, "photos");
	assert_int_equal(lab->checks[0].from, 7);
	assert_string_equal(lab->checks[0].probe->http.url, "https://photos.example.net/api?a=b#c");
}

static void the_least_that_one_can_say_is_a_site(void **state)
{
	scoped(init_fini) struct init_plan p = { .zones = zones };
	scoped(str_fini) struct str text = STR_EMPTY;
	scoped(lab_free) struct lab *lab = NULL;

	(void)state;
	assert_takes(init_site, &p, "dublin=dublin.example.net,Europe/Dublin," KEY_A);
	init_render(&p, &text);
	lab = check(&text);
	assert_int_equal(lab->n_declared, 0);
	assert_int_equal(lab->notify.n_channels, 0);
}

/* "#" before anything but one blank is a suggestion. */
static bool is_suggestion(const char *line)
{
	const char *mark = line + strspn(line, " ");

	return mark[0] == '#' && (mark[1] != ' ' || mark[2] == ' ');
}

static void uncomment(const char *text, struct str *ret)
{
	static const char placeholder[] = "ed25519:...";

	for (const char *line = text; *line; line += strcspn(line, "\n") + 1) {
		size_t n = strcspn(line, "\n") + 1, blanks = strspn(line, " ");
		const char *key = memmem(line, n, placeholder, strlen(placeholder));
		const char *rest = line;

		if (is_suggestion(line)) {
			str_addn(ret, line, blanks);
			rest += blanks + 1;
		}
		if (key) {
			str_addn(ret, rest, (size_t)(key - rest));
			str_add(ret, KEY_C);
			rest = key + strlen(placeholder);
		}
		str_addn(ret, rest, n - (size_t)(rest - line));
	}
}

static void check_suggestions(const struct init_plan *p, uint16_t n_declared)
{
	scoped(str_fini) struct str text = STR_EMPTY, all = STR_EMPTY;
	scoped(lab_free) struct lab *lab = NULL;

	init_render(p, &text);
	uncomment(str_c(&text), &all);
	lab = check(&all);
	assert_int_equal(lab->n_watchers, 1);
	assert_int_equal(lab->n_hosts, 1);
	assert_int_equal(lab->n_declared, n_declared);
	assert_true(lab->notify.has_quiet);
	assert_int_equal(lab->notify.n_channels, 1);
}

static void what_is_suggested_works_as_it_stands(void **state)
{
	scoped(init_fini) struct init_plan p = { .zones = zones };

	(void)state;
	assert_takes(init_site, &p, "dublin=dublin.example.net,Europe/Dublin," KEY_A);
	check_suggestions(&p, 4);
	assert_takes(init_probe, &p, "photos=https://photos.example.net/");
	assert_takes(init_discord, &p, "env:HOOK");
	check_suggestions(&p, 5);
}

static void a_wrong_argument_is_named(void **state)
{
	static const struct {
		enum rc (*take)(struct init_plan *, const char *, struct err *);
		const char *text, *why;
	} rows[] = {
		{ init_lab, "My Lab", "'My Lab' can't name a lab" },
		{ init_site, "Dublin=x,UTC", "'Dublin' can't be a name" },
		{ init_site, "dublin", "'dublin' lacks what it is: NAME=..." },
		{ init_site, "dublin=", "'' is no address" },
		{ init_site, "dublin=nas lan,UTC", "'nas lan' is no address" },
		{ init_site, "dublin=x.example", "'' is no time zone" },
		{ init_site, "dublin=x.example,Dublin", "'Dublin' is no time zone" },
		{ init_site, "dublin=x.example,UTC,ed25519:x", "key: " },
		{ init_site, "dublin=x.example,UTC," KEY_A ",more", "'more' is too much" },
		{ init_site, "there=x.example,UTC", "site 'there' is there already" },
		{ init_watcher, "webhost=watch.example.net",
			"is no URL that can be used: https://HOST" },
		{ init_watcher, "there=https://watch.example.net", "'there' is a site already" },
		{ init_probe, "photos=https://u:secret@x.example/", "a URL with a password in it" },
		{ init_discord, "https://discord.com/api/webhooks/1/secret",
			"the URL itself must not stand in lab.yaml" },
		{ init_discord, "env:", "expected where the webhook's URL is kept" },
	};
	scoped(init_fini) struct init_plan p = { .zones = zones };

	(void)state;
	assert_takes(init_site, &p, "there=x.example,UTC," KEY_B);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct err e = { 0 };

		assert_int_equal(rows[i].take(&p, rows[i].text, &e), RC_USAGE);
		if (!strstr(e.text, rows[i].why) || strstr(e.text, "secret"))
			fail_msg("%s: %s", rows[i].text, e.text);
	}
	assert_int_equal(p.n_sites, 1);
}

static enum rc ask(struct init_plan *p, const char *answers, struct str *said, struct err *e)
{
	FILE *in = fmemopen((void *)(uintptr_t)answers, strlen(answers), "r");
	char *text = NULL;
	size_t n = 0;
	FILE *out = open_memstream(&text, &n);
	enum rc rc = init_ask(p, in, out, e);

	fclose(in);
	fclose(out);
	str_addn(said, text, n);
	free(text);
	return rc;
}

static void a_wrong_answer_is_asked_for_again(void **state)
{
	scoped(init_fini) struct init_plan p = { .zones = zones };
	scoped(str_fini) struct str said = STR_EMPTY;

	(void)state;
	assert_int_equal(ask(&p,
				 "My Lab\nattic\n"
				 "dublin\ndublin.example.net\nEurope/Dublin\n"
				 "dublin\nMumbai\nmumbai\n"
				 "mumbai example\nmumbai.example.net\n"
				 "Asia/Kolkatta\nAsia/Kolkata\n"
				 "\n"
				 "watch.example.net\nhttps://watch.example.net\n"
				 "photos=https://photos.example.net/?a=b\n"
				 "https://discord.com/api/webhooks/1/x\ncredential:hook\n",
				 &said, NULL),
		RC_OK);
	assert_string_equal(p.lab, "attic");
	assert_int_equal(p.n_sites, 2);
	assert_string_equal(p.sites[1].zone, "Asia/Kolkata");
	assert_string_equal(p.watcher.name, "watcher");
	assert_string_equal(p.probe, "photos");
	assert_string_equal(p.probe_url, "https://photos.example.net/?a=b");
	assert_int_equal(p.discord.kind, SECRET_CREDENTIAL);
	assert_non_null(strstr(str_c(&said), "  'My Lab' can't name a lab"));
	assert_non_null(strstr(str_c(&said), "  site 'dublin' is there already"));
	assert_non_null(strstr(str_c(&said), "  'Mumbai' can't be a name"));
	assert_non_null(strstr(str_c(&said), "  'mumbai example' is no address"));
	assert_non_null(strstr(str_c(&said), "  'Asia/Kolkatta' is no time zone"));
	assert_non_null(strstr(str_c(&said), "  the URL itself must not stand in lab.yaml"));
	assert_null(strstr(str_c(&said), "webhooks/1/x"));
}

static void what_is_not_needed_may_be_left_empty(void **state)
{
	scoped(init_fini) struct init_plan p = { .zones = zones };
	scoped(str_fini) struct str said = STR_EMPTY;

	(void)state;
	assert_int_equal(
		ask(&p, "\n\ndublin\nx.example\nUTC\n\n\nhttps://x.example/\n\n", &said, NULL),
		RC_OK);
	assert_string_equal(p.lab, "home");
	assert_int_equal(p.n_sites, 1);
	assert_null(p.watcher.name);
	assert_string_equal(p.probe, "service");
	assert_int_equal(p.discord.kind, SECRET_NONE);
}

static void answers_that_end_too_soon_are_no_plan(void **state)
{
	scoped(init_fini) struct init_plan p = { .zones = zones };
	scoped(str_fini) struct str said = STR_EMPTY;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(ask(&p, "attic\ndublin\n", &said, &e), RC_USAGE);
	assert_string_equal(e.text, "the answers ended before all was known");
}

static void keys_are_made_once_and_used_again(void **state)
{
	char folder[] = "/tmp/diarchy-init-XXXXXX", path[64];
	const char *first;
	struct stat st;

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/", folder);
	for (int round = 0; round < 2; round++) {
		scoped(init_fini) struct init_plan p = { .zones = zones };
		static char kept[128];

		assert_takes(init_site, &p, "dublin=dublin.example.net,Europe/Dublin");
		assert_int_equal(init_keys(&p, path, NULL), RC_OK);
		assert_int_equal(p.sites[0].is_new_key, round == 0);
		assert_int_equal(stat(p.sites[0].key_file, &st), 0);
		assert_int_equal(st.st_mode & 0777, 0600);
		first = round ? kept : p.sites[0].key;
		assert_string_equal(p.sites[0].key, first);
		str_copy(kept, sizeof kept, p.sites[0].key);
	}
	snprintf(path, sizeof path, "%s/dublin.key", folder);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_the_arguments_say_stands_in_the_file),
		cmocka_unit_test(the_least_that_one_can_say_is_a_site),
		cmocka_unit_test(what_is_suggested_works_as_it_stands),
		cmocka_unit_test(a_wrong_argument_is_named),
		cmocka_unit_test(a_wrong_answer_is_asked_for_again),
		cmocka_unit_test(what_is_not_needed_may_be_left_empty),
		cmocka_unit_test(answers_that_end_too_soon_are_no_plan),
		cmocka_unit_test(keys_are_made_once_and_used_again),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
