/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/parse.h"

#include "base/time.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>

#define NEAR 3 /* letters that a typing error may get wrong */

struct nearest {
	const char *wanted, *word;
	size_t distance;
};

static void consider(struct nearest *n, const char *word)
{
	size_t distance = str_distance(n->wanted, word);

	if (distance < n->distance && distance < strlen(word)) {
		n->distance = distance;
		n->word = word;
	}
}

/* " (did you mean 'x'?)" for an error's end, or "". */
static const char *did_you_mean(const struct nearest *n, const char *dashes, char *buf, size_t size)
{
	buf[0] = '\0';
	if (n->word)
		snprintf(buf, size, " (did you mean '%s%s'?)", dashes, n->word);
	return buf;
}

static enum rc unknown_command(const char *name, struct err *e)
{
	struct nearest near = { name, NULL, NEAR };
	char hint[64];

	for (const struct command *c = command_rows; c->name; c++) {
		if (!(c->wants & WANTS_HIDDEN))
			consider(&near, c->name);
	}
	return err_set(e, RC_USAGE, "there is no command '%.60s'%s", name,
		did_you_mean(&near, "", hint, sizeof hint));
}

static enum rc unknown_option(const struct call *c, const char *word, size_t n, struct err *e)
{
	char name[64] = "", hint[64];
	struct nearest near = { name, NULL, NEAR };

	memcpy(name, word, n < sizeof name ? n : sizeof name - 1);

	for (const struct option *o = option_rows; o->name; o++) {
		if (command_takes(c->command, o))
			consider(&near, o->name);
	}
	return err_set(e, RC_USAGE, "unknown option '--%s'%s", name,
		did_you_mean(&near, "--", hint, sizeof hint));
}

static const struct option *option_named(const struct command *c, const char *name, size_t n)
{
	for (const struct option *o = option_rows; o->name; o++) {
		if (command_takes(c, o) && strlen(o->name) == n && memcmp(o->name, name, n) == 0)
			return o;
	}
	return NULL;
}

static const struct option *option_lettered(const struct command *c, char letter)
{
	for (const struct option *o = option_rows; o->name; o++) {
		if (command_takes(c, o) && o->letter == letter)
			return o;
	}
	return NULL;
}

static bool is_among(const char *words, const char *word)
{
	size_t n = strlen(word);

	for (const char *at = words; n > 0 && (at = strstr(at, word)); at += n) {
		if ((at == words || at[-1] == ' ') && (at[n] == ' ' || at[n] == '\0'))
			return true;
	}
	return false;
}

static enum rc check_number(const char *text, int64_t *ret, struct err *e)
{
	char *end;

	errno = 0;
	*ret = strtoll(text, &end, 10);
	if (errno || end == text || *end || *ret < 1 || *ret > 1000000)
		return err_set(e, RC_USAGE, "'%.60s' is no number from 1 to 1000000", text);
	return RC_OK;
}

/* Is `text` what the argument's name promises?  `*ret` is the number that it stands for. */
static enum rc check_value(const struct argument *a, const char *text, int64_t *ret, struct err *e)
{
	enum rc rc;

	if (a->kind == ARGUMENT_CHOICE && !is_among(a->words, text))
		return err_set(e, RC_USAGE, "'%.60s' is none of: %s", text, a->words);
	if (a->kind == ARGUMENT_NUMBER)
		return check_number(text, ret, e);
	if (a->kind != ARGUMENT_DURATION)
		return RC_OK;
	rc = duration_parse(text, ret, e);
	return rc == RC_OK
		       ? rc
		       : err_set(e, RC_USAGE, "'%.60s' is no duration: write 90s or 2h30m", text);
}

static enum rc set_option(struct call *c, const struct option *o, const char *text, struct err *e)
{
	struct option_value *v = &c->options[o - option_rows];
	enum rc rc;

	v->text = text ? text : "";
	if (!o->argument)
		return RC_OK;
	rc = check_value(argument_find(o->argument, strlen(o->argument)), text, &v->number, e);
	return rc == RC_OK ? rc : err_in(e, rc, "--%s", o->name);
}

/* What is left of argv. */
struct words {
	char **next, **end;
};

/* --name or --name=value; the value may be the next word. */
static enum rc parse_long(struct call *c, const char *word, struct words *w, struct err *e)
{
	size_t n = strcspn(word, "=");
	const struct option *o = option_named(c->command, word, n);
	const char *value = word[n] ? word + n + 1 : NULL;

	if (!o)
		return unknown_option(c, word, n, e);
	if (!o->argument && value)
		return err_set(e, RC_USAGE, "--%s takes no value", o->name);
	if (o->argument && !value && w->next == w->end)
		return err_set(e, RC_USAGE, "--%s wants a %s after it", o->name, o->argument);
	if (o->argument && !value)
		value = *w->next++;
	return set_option(c, o, value, e);
}

/* -a, -ab, -n VALUE, -nVALUE. */
static enum rc parse_letters(struct call *c, const char *word, struct words *w, struct err *e)
{
	enum rc rc = RC_OK;

	for (const char *at = word; *at && rc == RC_OK; at++) {
		const struct option *o = option_lettered(c->command, *at);

		if (!o)
			return err_set(e, RC_USAGE, "unknown option '-%c'", *at);
		if (!o->argument) {
			rc = set_option(c, o, NULL, e);
			continue;
		}
		if (at[1] == '\0' && w->next == w->end)
			return err_set(e, RC_USAGE, "-%c wants a %s after it", *at, o->argument);
		return set_option(c, o, at[1] ? at + 1 : *w->next++, e);
	}
	return rc;
}

/* Is `word` one of the pattern's own words?  Then it can't stand for anything else. */
static bool is_literal(const char *pattern, const char *word)
{
	for (const char *p = pattern; *p; p += strcspn(p, " "), p += strspn(p, " ")) {
		if (islower((unsigned char)*p) && strlen(word) == strcspn(p, " ") &&
			strncmp(p, word, strlen(word)) == 0)
			return true;
	}
	return false;
}

/* Does it fit this place: a word that is to be typed as it is, or one in capitals that stands for
 * others? */
static bool word_fits(const char *pattern, const char *place, size_t length, const char *word)
{
	bool is_optional = *place == '[';

	place += is_optional;
	length -= 2 * is_optional;
	if (islower((unsigned char)*place))
		return strlen(word) == length && memcmp(word, place, length) == 0;
	return !is_literal(pattern, word);
}

/* One alternative, from `p` to `end`: does it fit, word by word? */
static bool alternative_fits(const char *pattern, const char *p, const char *end,
	const char *const *words, uint32_t n)
{
	uint32_t used = 0;

	while (p < end) {
		size_t length = strcspn(p, " ");
		bool repeats = length > 3 && memcmp(p + length - 3, "...", 3) == 0;
		bool fits = used < n && word_fits(pattern, p, length, words[used]);

		if (!fits && (used < n || *p != '['))
			return false;
		used = repeats ? n : used + fits;
		p += length + strspn(p + length, " ");
	}
	return used == n;
}

bool parse_fits(const char *pattern, const char *const *words, uint32_t n)
{
	for (const char *p = pattern;;) {
		const char *bar = strstr(p, " | ");

		if (alternative_fits(pattern, p, bar ? bar : p + strlen(p), words, n))
			return true;
		if (!bar)
			return false;
		p = bar + 3;
	}
}

/* A row with a single argument that is a choice (SHELL). */
static enum rc check_choice(const struct call *c, struct err *e)
{
	const char *pattern = c->command->arguments;
	const struct argument *a = argument_find(pattern, strlen(pattern));
	int64_t number;

	if (!a || c->n_arguments != 1)
		return RC_OK;
	return check_value(a, c->arguments[0], &number, e);
}

static enum rc check_arguments(const struct call *c, struct err *e)
{
	const struct command *command = c->command;

	if (parse_fits(command->arguments, c->arguments, c->n_arguments))
		return check_choice(c, e);
	if (*command->arguments == '\0')
		return err_set(e, RC_USAGE, "takes no argument, but got '%.60s'", c->arguments[0]);
	return err_set(e, RC_USAGE, c->n_arguments ? "wants %s" : "wants an argument: %s",
		command->arguments);
}

/* The first word that is neither an option nor its value; it may be missing. */
static char **find_command(char **argv, char **end)
{
	for (char **at = argv; at < end; at++) {
		const struct option *o = NULL;

		if (**at != '-')
			return at;
		if (str_starts(*at, "--") && !strchr(*at, '='))
			o = option_named(NULL, *at + 2, strlen(*at + 2));
		else if ((*at)[1] && !(*at)[2])
			o = option_lettered(NULL, (*at)[1]);
		at += o && o->argument;
	}
	return end;
}

static enum rc parse_words(struct call *c, struct words w, char **skip, struct err *e)
{
	bool only_arguments = false;
	enum rc rc = RC_OK;

	while (w.next < w.end && rc == RC_OK) {
		char **at = w.next++, *word = *at;

		if (at == skip)
			continue;
		if (only_arguments || *word != '-' || word[1] == '\0')
			c->arguments[c->n_arguments++] = word;
		else if (str_eq(word, "--"))
			only_arguments = true;
		else if (word[1] == '-')
			rc = parse_long(c, word + 2, &w, e);
		else
			rc = parse_letters(c, word + 1, &w, e);
	}
	return rc;
}

enum rc parse_call(struct call *c, int argc, char **argv, struct err *e)
{
	struct words w = { argv + (argc > 0), argv + argc };
	char **name = find_command(w.next, w.end);
	enum rc rc;

	c->arguments = must_alloc(((size_t)argc + 1) * sizeof *c->arguments);
	if (name < w.end) {
		c->command = command_find(*name);
		if (!c->command)
			return unknown_command(*name, e);
	}
	rc = parse_words(c, w, name, e);
	if (rc == RC_OK && c->command && !call_option(c, any, help))
		rc = check_arguments(c, e);
	return rc;
}
