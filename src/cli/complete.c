/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `diarchy complete -- WORD...`: what may stand in the place of the last word, for the scripts in
 * manual/completion.*.  A line each: the word, a tab, and what it means; or "/files" and
 * "/directories", which the shell itself completes.
 */
#include "cli/names.h"
#include "cli/parse.h"

#include <ctype.h>

#define PATIENCE_MS 700 /* a shell that waits longer feels broken */

struct completion {
	struct page *page;
	const char *prefix; /* what was typed of the word */
	size_t keep;        /* bytes of it that stand before the candidate: "--color=", "ping," */
};

static void offer(void *ctx, const char *word, const char *help)
{
	struct completion *it = ctx;

	if (!str_starts(word, it->prefix + it->keep) || !*word || strpbrk(word, " \t\n"))
		return;
	str_addn(&it->page->out, it->prefix, it->keep);
	page_addf(it->page, STYLE_PLAIN, "%s", word);
	str_addc(&it->page->out, '\t');
	page_add(it->page, STYLE_PLAIN, help);
	page_line(it->page);
}

static void offer_words(struct completion *it, const char *words)
{
	while (*words) {
		size_t n = strcspn(words, " ");
		scoped(str_fini) struct str word = STR_EMPTY;

		str_addn(&word, words, n);
		offer(it, str_c(&word), "");
		words += n + (words[n] == ' ');
	}
}

/* Several kinds of events may be given, separated by commas: the last one is being typed. */
static size_t after_comma(const char *prefix, size_t keep)
{
	const char *comma = strrchr(prefix + keep, ',');

	return comma ? (size_t)(comma + 1 - prefix) : keep;
}

static void offer_argument(struct call *c, struct completion *it, const char *name, size_t n)
{
	const struct argument *a = argument_find(name, n);

	if (!a)
		return;
	if (a->kind == ARGUMENT_FILE || a->kind == ARGUMENT_DIRECTORY)
		str_add(&it->page->out, a->kind == ARGUMENT_FILE ? "/files\n" : "/directories\n");
	if (a->kind == ARGUMENT_CHOICE)
		offer_words(it, a->words);
	if (a->kind != ARGUMENT_NAMES)
		return;
	if (str_eq(a->words, "kinds"))
		it->keep = after_comma(it->prefix, it->keep);
	names_each(c, a->words, offer, it);
}

static void offer_options(struct completion *it, const struct command *command)
{
	for (const struct option *o = option_rows; o->name; o++) {
		scoped(str_fini) struct str word = STR_EMPTY;

		str_addf(&word, "--%s", o->name);
		if (command_takes(command, o))
			offer(it, str_c(&word), o->help);
	}
}

/* The option whose argument comes after this word; NULL. */
static const struct option *wants_value(const struct command *command, const char *word)
{
	for (const struct option *o = option_rows; o->name; o++) {
		bool is_long = str_starts(word, "--") && str_eq(word + 2, o->name);
		bool is_short = word[0] == '-' && word[1] && word[1] == o->letter && !word[2];

		if (o->argument && command_takes(command, o) && (is_long || is_short))
			return o;
	}
	return NULL;
}

/* ---- what has been typed */

struct typed {
	const struct command *command;
	const char *const *arguments;
	uint32_t n;
	const struct option *awaits; /* the last word is the value of this one */
	bool is_lost;                /* a command that doesn't exist: nothing can follow */
	bool only_arguments;         /* after -- */
};

/* Which site and which lab are asked for names is what the line itself says. */
static void take_value(struct call *c, const struct option *o, const char *value)
{
	if (o->owner == OWNER_site || o->owner == OWNER_lab)
		c->options[o - option_rows].text = value;
}

static struct typed read_words(struct call *c, const char **words, uint32_t n)
{
	struct typed t = { .arguments = words };

	for (uint32_t i = 0; i < n; i++) {
		const char *word = words[i];

		if (t.awaits) {
			take_value(c, t.awaits, word);
			t.awaits = NULL;
		} else if (word[0] == '-' && !t.only_arguments) {
			t.only_arguments = str_eq(word, "--");
			t.awaits = wants_value(t.command, word);
		} else if (!t.command) {
			t.command = command_find(word);
			t.is_lost |= !t.command;
		} else {
			words[t.n++] = word; /* never ahead of i */
		}
	}
	return t;
}

/* Does the alternative from `p` to `end` begin with these arguments?  `*ret` is the word of it that
 * comes next. */
static bool goes_on(const char *p, const char *end, const struct typed *t, const char **ret)
{
	for (uint32_t i = 0; i < t->n; i++) {
		size_t n = strcspn(p, " ");

		if (p >= end)
			return false;
		if (islower((unsigned char)*p) &&
			(strlen(t->arguments[i]) != n || memcmp(p, t->arguments[i], n) != 0))
			return false;
		p += n + strspn(p + n, " ");
	}
	*ret = p;
	return p < end;
}

/* A word of a pattern: "end" itself, or what "[COMMAND]" stands for. */
static void offer_word(struct call *c, struct completion *it, const char *word)
{
	scoped(str_fini) struct str name = STR_EMPTY;

	word += *word == '[';
	str_addn(&name, word, strcspn(word, " ]."));
	if (islower((unsigned char)*word))
		offer(it, str_c(&name), "");
	else
		offer_argument(c, it, str_c(&name), name.len);
}

static void offer_arguments(struct call *c, struct completion *it, const struct typed *t)
{
	for (const char *p = t->command->arguments; p;) {
		const char *bar = strstr(p, " | "), *word;

		if (goes_on(p, bar ? bar : p + strlen(p), t, &word))
			offer_word(c, it, word);
		p = bar ? bar + 3 : NULL;
	}
}

/* --name=VALUE, of which the value is being typed. */
static void offer_value(struct call *c, struct completion *it, const struct typed *t)
{
	size_t n = strcspn(it->prefix, "=");
	scoped(str_fini) struct str name = STR_EMPTY;
	const struct option *o;

	str_addn(&name, it->prefix, n);
	o = wants_value(t->command, str_c(&name));
	it->keep = n + 1;
	if (o)
		offer_argument(c, it, o->argument, strlen(o->argument));
}

enum rc command_complete(struct call *c, struct err *e)
{
	uint32_t n = c->n_arguments - 1;
	struct completion it = { &c->page, c->arguments[n], 0 };
	struct typed t = read_words(c, c->arguments, n);

	(void)e;
	c->options[OPTION_site_timeout] = (struct option_value){ "", PATIENCE_MS };
	if (t.is_lost)
		return RC_OK;
	if (t.awaits)
		offer_argument(c, &it, t.awaits->argument, strlen(t.awaits->argument));
	else if (!t.only_arguments && str_starts(it.prefix, "--") && strchr(it.prefix, '='))
		offer_value(c, &it, &t);
	else if (!t.only_arguments && it.prefix[0] == '-')
		offer_options(&it, t.command);
	else if (t.command)
		offer_arguments(c, &it, &t);
	else
		names_each(c, "commands", offer, &it);
	return RC_OK;
}
