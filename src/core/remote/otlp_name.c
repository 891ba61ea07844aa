/* SPDX-License-Identifier: Apache-2.0 */
#include "core/remote/otlp_name.h"

static const struct {
	const char *unit, *word;
} units[] = {
	{ "d", "days" },	{ "h", "hours" },	 { "min", "minutes" },
	{ "s", "seconds" },	{ "ms", "milliseconds" }, { "us", "microseconds" },
	{ "ns", "nanoseconds" }, { "By", "bytes" },	 { "KiBy", "kibibytes" },
	{ "MiBy", "mebibytes" }, { "GiBy", "gibibytes" }, { "TiBy", "tibibytes" },
	{ "KBy", "kilobytes" },	{ "MBy", "megabytes" },	 { "GBy", "gigabytes" },
	{ "TBy", "terabytes" },	{ "m", "meters" },	 { "V", "volts" },
	{ "A", "amperes" },	{ "J", "joules" },	 { "W", "watts" },
	{ "g", "grams" },	{ "Cel", "celsius" },	 { "Hz", "hertz" },
	{ "1", "" },		{ "%", "percent" },
}, per_units[] = {
	{ "s", "second" }, { "m", "minute" }, { "h", "hour" },	{ "d", "day" },
	{ "w", "week" },   { "mo", "month" }, { "y", "year" },
};

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* What a metric's name is made of; all else parts its words. */
static bool is_word(char c)
{
	return is_letter(c) || is_digit(c) || c == ':';
}

static bool has_word(const struct str *name, const char *word)
{
	size_t n = strlen(word);

	for (const char *s = str_c(name); *s; s += strspn(s, "_")) {
		size_t k = strcspn(s, "_");

		if (k == n && strncmp(s, word, n) == 0)
			return true;
		s += k;
	}
	return false;
}

static void add_word(struct str *name, const char *word, size_t n)
{
	if (name->len)
		str_addc(name, '_');
	str_addn(name, word, n);
}

/* The words of `text`, but for `without`. */
static void add_words(struct str *name, const char *text, const char *without)
{
	for (const char *s = text; *s;) {
		size_t n = 0;

		while (s[n] && is_word(s[n]))
			n++;
		if (n && !(without && strlen(without) == n && strncmp(s, without, n) == 0))
			add_word(name, s, n);
		s += n;
		while (*s && !is_word(*s))
			s++;
	}
}

/* A unit in words, unless it is an annotation or stands in the name. */
static void add_unit(struct str *name, const char *unit, bool is_per)
{
	scoped(str_fini) struct str clean = STR_EMPTY;
	const char *word = unit;

	while (*word == ' ')
		word++;
	if (!*word || strpbrk(word, "{}"))
		return;
	for (size_t i = 0; !is_per && i < COUNT(units); i++)
		if (str_eq(units[i].unit, word)) {
			word = units[i].word;
			break;
		}
	for (size_t i = 0; is_per && i < COUNT(per_units); i++)
		if (str_eq(per_units[i].unit, word)) {
			word = per_units[i].word;
			break;
		}
	add_words(&clean, word, NULL);
	if (!clean.len || has_word(name, clean.s))
		return;
	if (is_per)
		add_word(name, "per", 3);
	add_word(name, clean.s, clean.len);
}

static const char *suffix_of(const char *unit, enum otlp_kind kind)
{
	if (kind == OTLP_COUNTER)
		return "total";
	return kind == OTLP_GAUGE && str_eq(unit, "1") ? "ratio" : NULL;
}

/* What begins with a digit can't be a name. */
static void put_name(const struct str *made, struct str *out)
{
	if (made->len && is_digit(made->s[0]))
		str_addc(out, '_');
	str_addn(out, str_c(made), made->len);
}

void otlp_metric_name(const char *name, const char *unit, enum otlp_kind kind, struct str *out)
{
	scoped(str_fini) struct str made = STR_EMPTY, main_unit = STR_EMPTY;
	const char *slash = strchr(unit, '/'), *suffix = suffix_of(unit, kind);

	add_words(&made, name, suffix);
	str_addn(&main_unit, unit, slash ? (size_t)(slash - unit) : strlen(unit));
	add_unit(&made, str_c(&main_unit), false);
	if (slash)
		add_unit(&made, slash + 1, true);
	if (suffix)
		add_word(&made, suffix, strlen(suffix));
	put_name(&made, out);
}

/* A word, and what parts it from the rest, if it stands at the end. */
static void cut_end(struct str *name, const char *word)
{
	size_t n = strlen(word);

	if (n && name->len > n + 1 && memcmp(name->s + name->len - n, word, n) == 0)
		name->len -= n + 1;
}

/* The words of a unit: "bytes", "per_second". */
static void unit_words(const char *unit, bool is_per, struct str *ret)
{
	const char *slash = strchr(unit, '/');
	scoped(str_fini) struct str part = STR_EMPTY;

	if (is_per)
		str_add(&part, slash ? slash + 1 : "");
	else
		str_addn(&part, unit, slash ? (size_t)(slash - unit) : strlen(unit));
	add_unit(ret, str_c(&part), is_per);
}

/* Suffixes behind a name that stays as it is. */
static void add_suffixes(struct str *name, const char *unit, enum otlp_kind kind)
{
	scoped(str_fini) struct str main_unit = STR_EMPTY, per_unit = STR_EMPTY;
	const char *suffix = suffix_of(unit, kind);

	unit_words(unit, false, &main_unit);
	unit_words(unit, true, &per_unit);
	if (suffix)
		cut_end(name, suffix);
	cut_end(name, str_c(&per_unit));
	if (main_unit.len &&
		!(name->len >= main_unit.len && memcmp(name->s + name->len - main_unit.len,
							main_unit.s, main_unit.len) == 0))
		add_word(name, main_unit.s, main_unit.len);
	if (per_unit.len)
		add_word(name, per_unit.s, per_unit.len);
	if (suffix)
		add_word(name, suffix, strlen(suffix));
}

void otlp_metric_name_by(enum otlp_strategy strategy, const char *name, const char *unit,
	enum otlp_kind kind, struct str *out)
{
	scoped(str_fini) struct str made = STR_EMPTY;

	if (strategy == OTLP_UNDERSCORES_AND_SUFFIXES) {
		otlp_metric_name(name, unit, kind, out);
		return;
	}
	if (strategy == OTLP_UNDERSCORES) {
		add_words(&made, name, NULL);
		put_name(&made, out);
		return;
	}
	str_add(&made, name);
	if (strategy == OTLP_SUFFIXES && made.len)
		add_suffixes(&made, unit, kind);
	str_addn(out, str_c(&made), made.len);
}

void otlp_label_name(const char *name, struct str *out)
{
	if (is_digit(*name))
		str_add(out, "key_");
	else if (*name == '_' && name[1] != '_')
		str_add(out, "key");
	for (const char *s = name; *s; s++)
		if ((*s & 0xc0) != 0x80) /* one for each character, however long */
			str_addc(out, is_letter(*s) || is_digit(*s) ? *s : '_');
}
