/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Thousands of incidents full of what could break a message: each must give one that Discord takes
 * and that says what it is about.  The limits are checked by counting in the JSON that came out,
 * not by the code that kept them.
 */
#include "core/alert/alert_fixture.h"
#include "core/alert/notice_text.h"
#include "core/alert/notice_words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#ifdef __SANITIZE_ADDRESS__
#define IS_SLOW 1
#elif defined(__has_feature)
#define IS_SLOW __has_feature(address_sanitizer)
#else
#define IS_SLOW 0
#endif
#define ROUNDS (IS_SLOW ? 1000 : 10000) /* the full number runs in the build without sanitizers */

struct hostile_context {
	struct notice_context c;
	char *texts[6];
};

static char *maybe(struct rng *r, const char *prefix, size_t most)
{
	scoped(mem_free) char *text = fixture_hostile_text(r, most);
	struct str out = STR_EMPTY;

	if (rng_chance(r, 1, 4))
		return NULL;
	str_addf(&out, "%s%s", prefix, text);
	return str_take(&out);
}

static void make_context(struct rng *r, struct hostile_context *h)
{
	static const char *const homes[] = { "dublin", "mumbai", NULL, "elsewhere" };

	h->texts[0] = maybe(r, "", NAME_BYTES_MAX);
	h->texts[1] = maybe(r, "", NAME_BYTES_MAX);
	h->texts[2] = maybe(r, "https://", 2000);
	h->texts[3] = maybe(r, rng_chance(r, 1, 2) ? "http://" : "javascript:", 100);
	h->texts[4] = maybe(r, "", 5000);
	h->texts[5] = maybe(r, rng_chance(r, 1, 2) ? "<@1>" : "", 20);
	h->c = (struct notice_context){
		.lab = h->texts[0],
		.from = h->texts[1],
		.url = h->texts[2],
		.runbook = h->texts[3],
		.description = h->texts[4],
		.mention = rng_chance(r, 1, 2) ? "<@123456789>" : h->texts[5],
		.reader_zone = rng_chance(r, 1, 2) ? fixture_dublin : NULL,
		.sites = fixture_sites,
		.n_sites = 2,
		.home = homes[rng_below(r, COUNT(homes))],
		.now = { rng_between(r, 1, INT64_C(4102444800000)) },
		.is_first = rng_chance(r, 1, 2),
		.may_be_repeat = rng_chance(r, 1, 4),
	};
}

static void free_context(struct hostile_context *h)
{
	for (size_t i = 0; i < COUNT(h->texts); i++)
		free(h->texts[i]);
}

static json_t *parsed(const struct str *text)
{
	json_t *json = NULL;
	struct err e = { 0 };

	if (json_read(&json, str_c(text), text->len, &e) != RC_OK)
		fail_msg("%s in %s", e.text, str_c(text));
	return json;
}

/* Units of the text at `key`, which must be within `least` and `most`; adds to *total. */
static void within(const json_t *object, const char *key, size_t least, size_t most, size_t *total)
{
	const json_t *value = json_object_get(object, key);
	size_t units = 0;

	if (value) {
		assert_true(json_is_string(value));
		units = text_units(json_string_value(value));
	}
	if (units < least || units > most)
		fail_msg("%s has %zu units, not %zu to %zu", key, units, least, most);
	*total += units;
}

/* Discord's documented limits, all of them. */
static void is_within_limits(const json_t *body)
{
	const json_t *embeds = json_object_get(body, "embeds");
	const json_t *embed = json_array_get(embeds, 0);
	const json_t *fields = json_object_get(embed, "fields");
	size_t total = 0, ignored = 0;

	assert_int_equal(json_array_size(embeds), 1);
	assert_true(json_array_size(fields) <= 25);
	within(body, "content", 0, 2000, &ignored);
	within(embed, "title", 1, 256, &total);
	within(embed, "description", 0, 4096, &total);
	within(json_object_get(embed, "footer"), "text", 1, 2048, &total);
	for (size_t i = 0; i < json_array_size(fields); i++) {
		within(json_array_get(fields, i), "name", 1, 256, &total);
		within(json_array_get(fields, i), "value", 1, 1024, &total);
	}
	if (total > 6000)
		fail_msg("%zu units in all", total);
}

/* Length of markup of our own at `p`: a time stamp, a link, small print; else 0. */
static size_t own_markup(const char *p, bool at_line_start)
{
	int n = 0;
	char style;

	if (sscanf(p, "<t:%*d:%c>%n", &style, &n) == 1 && n > 0)
		return (size_t)n;
	if (str_starts(p, "[Open](http") || str_starts(p, "[Runbook](http"))
		return strcspn(p, ")") + 1;
	return at_line_start && str_starts(p, "-# Maybe") ? 2 : 0;
}

/* Nothing but our own markup may be left unescaped. */
static void has_no_foreign_markup(const char *text)
{
	for (const char *p = text; *p;) {
		size_t own = own_markup(p, p == text || p[-1] == '\n');

		if (own) {
			p += own;
		} else if (*p == '\\') {
			p += 2;
		} else {
			if (strchr("*_~`|[]<>#", *p) || str_starts(p, "://") ||
				strncasecmp(p, "@everyone", 9) == 0 ||
				strncasecmp(p, "@here", 5) == 0)
				fail_msg("'%.20s' in '%s'", p, text);
			p++;
		}
	}
}

static void is_free_of_foreign_markup(const json_t *body, const struct notice_context *c)
{
	const char *content = json_get_text(body, "content", "");
	const json_t *embed = json_array_get(json_object_get(body, "embeds"), 0);
	const json_t *fields = json_object_get(embed, "fields");

	/* A stray backslash is no mention, and may begin the text by chance. */
	if (c->is_first && c->mention && *c->mention && *c->mention != '\\' &&
		str_starts(content, c->mention))
		content += strlen(c->mention); /* only what was configured, and well-formed */
	has_no_foreign_markup(content);
	has_no_foreign_markup(json_get_text(embed, "title", ""));
	has_no_foreign_markup(json_get_text(embed, "description", ""));
	for (size_t i = 0; i < json_array_size(fields); i++)
		has_no_foreign_markup(json_get_text(json_array_get(fields, i), "value", ""));
}

/* Without backslashes and without the blank that breaks mass mentions. */
static char *unescaped(const char *text)
{
	struct str out = STR_EMPTY;

	str_add(&out, "");
	for (; *text; text++) {
		if (*text == '\\' && text[1])
			text++;
		else if (str_starts(text, "\u200b"))
			text += 3;
		str_addc(&out, *text);
	}
	return str_take(&out);
}

/* Title and cause are never lost: whole in the title, or else whole in the description. */
static void says_what_it_is_about(const json_t *body, const struct incident *in)
{
	const json_t *embed = json_array_get(json_object_get(body, "embeds"), 0);
	scoped(mem_free) char *title = unescaped(json_get_text(embed, "title", ""));
	scoped(mem_free) char *about = unescaped(json_get_text(embed, "description", ""));
	scoped(str_fini) struct str headline = STR_EMPTY, clean = STR_EMPTY;

	words_headline(in, &headline);
	text_clean(str_c(&headline), &clean);
	if (!strstr(title, str_c(&clean)) && !strstr(about, str_c(&clean)))
		fail_msg("'%s' is neither in '%s' nor in '%s'", str_c(&clean), title, about);
}

static void any_incident_gives_a_message_that_discord_takes(void **state)
{
	struct rng r;

	(void)state;
	rng_seed(&r, 2026);
	for (int i = 0; i < ROUNDS; i++) {
		scoped(incident_free) struct incident *in = fixture_hostile_incident(&r);
		scoped(str_fini) struct str out = STR_EMPTY;
		scoped(json_decref) json_t *body = NULL;
		struct hostile_context h;

		make_context(&r, &h);
		notice_discord(in, &h.c, &out);
		body = parsed(&out);
		is_within_limits(body);
		is_free_of_foreign_markup(body, &h.c);
		says_what_it_is_about(body, in);
		free_context(&h);
	}
}

static void any_backlog_gives_a_message_that_discord_takes(void **state)
{
	struct rng r;

	(void)state;
	rng_seed(&r, 7);
	for (int i = 0; i < ROUNDS / 20; i++) {
		struct incident *ins[40];
		uint32_t n = (uint32_t)rng_between(&r, 1, COUNT(ins));
		scoped(str_fini) struct str out = STR_EMPTY;
		scoped(json_decref) json_t *body = NULL;
		struct hostile_context h;

		make_context(&r, &h);
		for (uint32_t k = 0; k < n; k++)
			ins[k] = fixture_hostile_incident(&r);
		notice_backlog_discord(ins, n, ins[0]->since, h.c.now, &h.c, &out);
		body = parsed(&out);
		is_within_limits(body);
		is_free_of_foreign_markup(body, &h.c);
		for (uint32_t k = 0; k < n; k++)
			incident_free(ins[k]);
		free_context(&h);
	}
}

/* RFC 5322 and RFC 2045: ASCII, CRLF, short lines, and no header that we didn't write. */
static void is_proper_mail(const char *mail)
{
	static const char *const names[] = { "Date", "From", "To", "Subject", "Message-ID",
		"In-Reply-To", "References", "Importance", "Auto-Submitted", "MIME-Version",
		"Content-Type", "Content-Transfer-Encoding" };
	bool in_headers = true;

	while (*mail) {
		size_t n = strcspn(mail, "\r\n"), known = 0;

		for (size_t i = 0; i < n; i++)
			assert_in_range(mail[i], ' ', '~');
		assert_true(n <= 998);
		assert_true(in_headers || n <= 76);
		assert_true(str_starts(mail + n, "\r\n"));
		for (size_t i = 0; i < COUNT(names); i++)
			known += str_starts(mail, names[i]) && mail[strlen(names[i])] == ':';
		if (n == 0)
			in_headers = false;
		if (in_headers && *mail != ' ' && known != 1)
			fail_msg("foreign header: %.*s", (int)n, mail);
		mail += n + 2;
	}
	assert_false(in_headers);
}

static void any_incident_gives_proper_mail_and_a_readable_webhook(void **state)
{
	struct rng r;

	(void)state;
	rng_seed(&r, 3);
	for (int i = 0; i < ROUNDS / 5; i++) {
		scoped(incident_free) struct incident *in = fixture_hostile_incident(&r);
		scoped(mem_free) char *from = fixture_hostile_text(&r, 100);
		scoped(mem_free) char *to = fixture_hostile_text(&r, 2000);
		scoped(str_fini) struct str mail = STR_EMPTY, web = STR_EMPTY;
		scoped(json_decref) json_t *body = NULL;
		struct hostile_context h;

		make_context(&r, &h);
		notice_mail(in, &h.c, from, to, &mail);
		is_proper_mail(str_c(&mail));
		notice_webhook(in, &h.c, &web);
		body = parsed(&web);
		assert_int_equal(json_get_int(body, "version", 0), 1);
		free_context(&h);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_incident_gives_a_message_that_discord_takes),
		cmocka_unit_test(any_backlog_gives_a_message_that_discord_takes),
		cmocka_unit_test(any_incident_gives_proper_mail_and_a_readable_webhook),
	};

	return cmocka_run_group_tests(tests, fixture_load_zones, fixture_free_zones);
}
