/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An incident as mail (RFC 5322), one thread each: the first message's id comes from the
 * incident's, later ones answer it.  A first message that is sent again after no answer has the
 * same id, so that mailboxes that look at ids show it once.
 */
#include "core/alert/notice_text.h"
#include "core/alert/notice_words.h"

#include "base/hash.h"

#define SUBJECT_UNITS 200
#define ADDRESS_UNITS 800
#define QP_LINE_MAX   76 /* RFC 2045, section 6.7 */
#define WORD_BYTES    45 /* 60 in base64: an encoded word has at most 75 (RFC 2047, section 2) */

static bool is_printable_ascii(const char *s)
{
	for (; *s; s++)
		if (*s < ' ' || *s > '~')
			return false;
	return true;
}

/* The text of a header that may hold anything, without "=?UTF-8?B?...?=" where it can be. */
static void add_encoded(struct str *out, const char *text)
{
	char word[4 * ((WORD_BYTES + 2) / 3) + 1];
	size_t left = strlen(text);

	if (is_printable_ascii(text)) {
		str_add(out, text);
		return;
	}
	while (left > 0) {
		size_t n = left <= WORD_BYTES ? left : utf8_cut(text, WORD_BYTES);

		base64_encode(text, n, word);
		str_addf(out, "=?UTF-8?B?%s?=%s", word, n < left ? "\r\n " : "");
		text += n;
		left -= n;
	}
}

/* Addresses stand in lab.yaml: one line of ASCII, so that nothing in them can begin a header. */
static void add_address(struct str *out, const char *name, const char *raw)
{
	scoped(part_fini) struct part p = PART(ADDRESS_UNITS);

	part_say(&p, raw ? raw : "", TEXT_PLAIN, SIZE_MAX);
	str_addf(out, "%s: ", name);
	for (const char *c = str_c(&p.text); *c; c++) {
		unsigned char byte = (unsigned char)*c;

		if ((byte & 0xc0) != 0x80)
			str_addc(out, byte < 0x80 ? *c : '?');
	}
	str_add(out, "\r\n");
}

/* What stands behind the @ of ids: the sender's domain. */
static void add_domain(struct str *out, const char *from)
{
	const char *at = from ? strrchr(from, '@') : NULL;
	size_t n = at ? strspn(at + 1, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				       "0123456789.-")
		      : 0;

	if (n)
		str_addn(out, at + 1, n);
	else
		str_add(out, "diarchy.invalid");
}

/* "<mumbai-1f3k2a@example.net>", later ones "<mumbai-1f3k2a.v3@example.net>". */
static void add_id(struct str *out, const struct incident *in, bool is_first, const char *from)
{
	str_addc(out, '<');
	for (const char *c = in->id; *c; c++) {
		if (strchr("-_", *c) || (*c >= '0' && *c <= '9') || (*c >= 'a' && *c <= 'z') ||
			(*c >= 'A' && *c <= 'Z'))
			str_addc(out, *c);
		else
			str_addf(out, "=%02X", (unsigned char)*c);
	}
	if (!is_first)
		str_addf(out, ".v%u", in->version);
	str_addc(out, '@');
	add_domain(out, from);
	str_addc(out, '>');
}

/* RFC 5322, section 3.3: "Mon, 23 Nov 2026 03:04:11 +0000". */
static void add_date(struct str *out, const struct notice_context *c)
{
	static const char days[] = "SunMonTueWedThuFriSat";
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	struct tz_local t = tz_at(c->reader_zone ? c->reader_zone : tz_utc(), c->now);
	int32_t east_min = t.offset_s / 60, size_min = east_min < 0 ? -east_min : east_min;

	str_addf(out, "Date: %.3s, %d %.3s %04d %02d:%02d:%02d %c%02d%02d\r\n",
		days + 3 * t.civil.weekday, t.civil.day, months + 3 * (t.civil.month - 1),
		t.civil.year, t.civil.hour, t.civil.minute, t.civil.second,
		east_min < 0 ? '-' : '+', size_min / 60, size_min % 60);
}

static void add_subject(struct str *out, const struct incident *in, const struct notice_context *c)
{
	scoped(str_fini) struct str headline = STR_EMPTY;
	scoped(part_fini) struct part p = PART(SUBJECT_UNITS);

	if (c->lab) {
		part_add(&p, "[");
		part_say(&p, c->lab, TEXT_PLAIN, NAME_BYTES_MAX);
		part_add(&p, "] ");
	}
	words_headline(in, &headline);
	part_say(&p, str_c(&headline), TEXT_PLAIN, SIZE_MAX);
	str_add(out, "Subject: ");
	add_encoded(out, str_c(&p.text));
	str_add(out, "\r\n");
}

static void add_thread(struct str *out, const struct incident *in, const struct notice_context *c,
	const char *from)
{
	scoped(str_fini) struct str first = STR_EMPTY;

	add_id(&first, in, true, from);
	str_add(out, "Message-ID: ");
	add_id(out, in, c->is_first, from);
	if (!c->is_first)
		str_addf(out, "\r\nIn-Reply-To: %s\r\nReferences: %s", str_c(&first),
			str_c(&first));
	str_add(out, "\r\n");
}

/* Quoted-printable (RFC 2045, section 6.7), lines ending in CRLF. */
static void add_quoted_printable(struct str *out, const char *text)
{
	size_t column = 0;

	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;
		bool ends_line = text[1] == '\n' || text[1] == '\0';
		bool is_plain = (c > ' ' && c <= '~' && c != '=') || (c == ' ' && !ends_line);

		if (c == '\n') {
			str_add(out, "\r\n");
			column = 0;
			continue;
		}
		if (column + (is_plain ? 1 : 3) >= QP_LINE_MAX) {
			str_add(out, "=\r\n");
			column = 0;
		}
		str_addf(out, is_plain ? "%c" : "=%02X", c);
		column += is_plain ? 1 : 3;
	}
}

void notice_mail(const struct incident *in, const struct notice_context *c, const char *from,
	const char *to, struct str *out)
{
	scoped(str_fini) struct str body = STR_EMPTY;

	add_date(out, c);
	add_address(out, "From", from);
	add_address(out, "To", to);
	add_subject(out, in, c);
	add_thread(out, in, c, from);
	if (in->severity && str_eq(in->severity, "critical"))
		str_add(out, "Importance: high\r\n");
	str_add(out, "Auto-Submitted: auto-generated\r\n" /* RFC 3834 */
		     "MIME-Version: 1.0\r\n"
		     "Content-Type: text/plain; charset=utf-8\r\n"
		     "Content-Transfer-Encoding: quoted-printable\r\n"
		     "\r\n");
	notice_plain(in, c, &body);
	add_quoted_printable(out, str_c(&body));
}
