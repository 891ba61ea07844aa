/* SPDX-License-Identifier: Apache-2.0 */
#include "core/alert/notice_text.h"

#define REPLACEMENT 0xfffd

/* Code points that are not shown as they are (Unicode 15: White_Space, Bidi_Control,
 * Default_Ignorable_Code_Point as far as no script needs it). */
enum treatment { KEEP, BLANK, DROP };
static const struct {
	uint32_t first, last;
	enum treatment how;
} treatments[] = {
	{ 0x0000, 0x0020, BLANK },
	{ 0x007f, 0x00a0, BLANK },
	{ 0x00ad, 0x00ad, DROP },
	{ 0x034f, 0x034f, DROP },
	{ 0x061c, 0x061c, DROP },
	{ 0x115f, 0x1160, DROP },
	{ 0x1680, 0x1680, BLANK },
	{ 0x17b4, 0x17b5, DROP },
	{ 0x180b, 0x180f, DROP },
	{ 0x2000, 0x200a, BLANK },
	{ 0x200b, 0x200b, DROP },
	{ 0x200e, 0x200f, DROP },
	{ 0x2028, 0x2029, BLANK },
	{ 0x202a, 0x202e, DROP },
	{ 0x202f, 0x202f, BLANK },
	{ 0x205f, 0x205f, BLANK },
	{ 0x2060, 0x206f, DROP },
	{ 0x2800, 0x2800, BLANK },
	{ 0x3000, 0x3000, BLANK },
	{ 0x3164, 0x3164, DROP },
	{ 0xfe00, 0xfe0e, DROP },
	{ 0xfeff, 0xfeff, DROP },
	{ 0xffa0, 0xffa0, DROP },
	{ 0xfff0, 0xfffb, DROP },
	{ 0x1d173, 0x1d17a, DROP },
	{ 0xe0000, 0xe0fff, DROP },
};

static enum treatment treatment_of(uint32_t c)
{
	for (size_t i = 0; i < COUNT(treatments) && c >= treatments[i].first; i++)
		if (c <= treatments[i].last)
			return treatments[i].how;
	return KEEP;
}

/* The character at `p`, malformed ones as U+FFFD; its length goes to *ret_bytes. */
static uint32_t decode(const char *p, size_t *ret_bytes)
{
	unsigned char lead = (unsigned char)*p;
	size_t n = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
	uint32_t c = lead & (0x7fu >> n);

	*ret_bytes = 1;
	if (lead < 0x80)
		return lead;
	if (strnlen(p, n) < n || !utf8_valid(p, n))
		return REPLACEMENT;
	for (size_t i = 1; i < n; i++)
		c = c << 6 | ((unsigned char)p[i] & 0x3f);
	*ret_bytes = n;
	return c;
}

/* Visible ASCII at `p`: shown as it is. */
static size_t visible_run(const char *p)
{
	size_t n = 0;

	while (p[n] > 0x20 && p[n] < 0x7f)
		n++;
	return n;
}

void text_clean(const char *raw, struct str *out)
{
	size_t start = out->len, step;
	bool is_blank = false;

	for (; *raw; raw += step) {
		size_t run = visible_run(raw);
		uint32_t c = run ? (uint32_t)*raw : decode(raw, &step);
		enum treatment how = run ? KEEP : treatment_of(c);

		if (run)
			step = run;
		is_blank |= how == BLANK;
		if (how != KEEP)
			continue;
		if (is_blank && out->len > start)
			str_addc(out, ' ');
		is_blank = false;
		if (c == REPLACEMENT)
			str_add(out, "\xef\xbf\xbd");
		else
			str_addn(out, raw, step);
	}
}

size_t text_units(const char *text)
{
	size_t units = 0;

	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		units += (c & 0xc0) != 0x80; /* one a character ... */
		units += c >= 0xf0;          /* ... and one more above U+FFFF */
	}
	return units;
}

void part_fini(struct part *p)
{
	str_fini(&p->text);
}

bool part_add(struct part *p, const char *text)
{
	size_t units = text_units(text);

	if (units > p->most - p->units)
		return false;
	str_add(&p->text, text);
	p->units += units;
	return true;
}

bool part_addf(struct part *p, const char *fmt, ...)
{
	scoped(str_fini) struct str text = STR_EMPTY;
	va_list ap;

	va_start(ap, fmt);
	str_vaddf(&text, fmt, ap);
	va_end(ap);
	return part_add(p, str_c(&text));
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Digits and a point at the very start make a numbered list. */
static bool ends_list_number(const char *start, const char *p)
{
	if (*p != '.' || p == start)
		return false;
	while (start < p && is_digit(*start))
		start++;
	return start == p;
}

/* @everyone and @here are looked for in the raw text, escaped or not: only breaking the word
 * helps. */
static bool is_mass_mention(const char *p)
{
	return *p == '@' &&
	       (strncasecmp(p, "@everyone", 9) == 0 || strncasecmp(p, "@here", 5) == 0);
}

/* What stands for the character at `p` of a cleaned text that began at `start`. */
static void escape(const char *start, const char *p, size_t n, char ret[8])
{
	bool at_start = p == start && (*p == '-' || *p == '+');
	bool is_link = *p == ':' && p[1] == '/' && p[2] == '/';
	bool needs_escape = n == 1 && (strchr("\\*_~`|[]<>#", *p) || at_start || is_link ||
					      ends_list_number(start, p));

	if (is_mass_mention(p)) {
		memcpy(ret, "@\u200b", sizeof "@\u200b");
		return;
	}
	if (needs_escape)
		*ret++ = '\\';
	memcpy(ret, p, n);
	ret[n] = '\0';
}

/* Letters, digits and spaces at `p`, which nothing escapes; 0 when there is no room for all. */
static size_t word_run(const struct part *p, const char *text, size_t most)
{
	size_t n = 0;

	while ((text[n] >= 'a' && text[n] <= 'z') || (text[n] >= 'A' && text[n] <= 'Z') ||
		is_digit(text[n]) || text[n] == ' ')
		n++;
	return n <= most && n <= p->most - p->units ? n : 0;
}

/* Adds escaped characters as long as `most` units suffice; false when some were left. */
static bool say_within(struct part *p, const char *text, enum text_escape how, size_t most)
{
	size_t step, used = 0;

	for (const char *at = text; *at; at += step) {
		char shown[8] = "";

		step = word_run(p, at, most - used);
		if (step) {
			str_addn(&p->text, at, step);
			p->units += step;
			used += step;
			continue;
		}
		decode(at, &step);
		if (how == TEXT_MARKDOWN)
			escape(text, at, step, shown);
		else
			memcpy(shown, at, step);
		used += text_units(shown);
		if (used > most || !part_add(p, shown))
			return false;
	}
	return true;
}

bool part_say(struct part *p, const char *raw, enum text_escape how, size_t most)
{
	scoped(str_fini) struct str text = STR_EMPTY;
	size_t len = p->text.len, units = p->units, room = p->most - units;

	text_clean(raw, &text);
	if (say_within(p, str_c(&text), how, most))
		return true;
	if (p->text.s)
		p->text.s[len] = '\0';
	p->text.len = len;
	p->units = units;
	most = most < room ? most : room;
	if (most > 0) {
		say_within(p, str_c(&text), how, most - 1);
		part_add(p, "…");
	}
	return false;
}

void part_separate(struct part *p, const char *separator)
{
	if (p->units)
		part_add(p, separator);
}

void part_list_line(struct part_list *l, const char *line, uint32_t n)
{
	struct part *p = l->part;
	size_t units = text_units(line) + (p->units > 0);

	if (l->n_left_out || p->units + units + PART_MORE_UNITS > p->most) {
		l->n_left_out += n;
		return;
	}
	part_separate(p, "\n");
	part_add(p, line);
}

void part_list_end(struct part_list *l, uint32_t more)
{
	if (more > UINT32_MAX - l->n_left_out)
		more = UINT32_MAX - l->n_left_out;
	more += l->n_left_out;
	if (!more)
		return;
	part_separate(l->part, "\n");
	part_addf(l->part, "and %u more", more);
}
