/* SPDX-License-Identifier: Apache-2.0 */
#include "port/probe/dns_message.h"

#include "base/str.h"

#include <ares.h>
#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>

/*
 * How the data of a type reads, a letter a field:
 *	n name   4 6 address   b s l number of 1, 2, 4 bytes
 *	t strings to the end, quoted   g one string, bare   q the rest, quoted
 * What isn't listed is written as RFC 3597 has it: \# LENGTH HEX.
 */
static const struct {
	uint16_t type;
	const char *name, *fields;
} types[] = {
	{ 1, "A", "4" },
	{ 2, "NS", "n" },
	{ DNS_TYPE_CNAME, "CNAME", "n" },
	{ DNS_TYPE_SOA, "SOA", "nnlllll" },
	{ 12, "PTR", "n" },
	{ 15, "MX", "sn" },
	{ DNS_TYPE_TXT, "TXT", "t" },
	{ 28, "AAAA", "6" },
	{ 33, "SRV", "sssn" },
	{ 39, "DNAME", "n" },
	{ 41, "OPT", NULL },
	{ 43, "DS", NULL },
	{ 46, "RRSIG", NULL },
	{ 47, "NSEC", NULL },
	{ 48, "DNSKEY", NULL },
	{ 52, "TLSA", NULL },
	{ 64, "SVCB", NULL },
	{ 65, "HTTPS", NULL },
	{ 255, "ANY", NULL },
	{ 257, "CAA", "bgq" },
};

static const char *const rcodes[] = { "NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP",
	"REFUSED", "YXDOMAIN", "YXRRSET", "NXRRSET", "NOTAUTH", "NOTZONE", "RCODE11", "RCODE12",
	"RCODE13", "RCODE14", "RCODE15" };

const char *dns_rcode_name(uint8_t rcode)
{
	return rcodes[rcode & 0x0f];
}

const char *dns_type_text(uint16_t type, char buf[DNS_TYPE_TEXT_MAX])
{
	for (size_t i = 0; i < COUNT(types); i++)
		if (types[i].type == type)
			return types[i].name;
	snprintf(buf, DNS_TYPE_TEXT_MAX, "TYPE%u", type);
	return buf;
}

static const char *class_text(uint16_t class, char buf[DNS_TYPE_TEXT_MAX])
{
	switch (class) {
	case 1:
		return "IN";
	case 3:
		return "CH";
	case 4:
		return "HS";
	case 255:
		return "ANY";
	default:
		snprintf(buf, DNS_TYPE_TEXT_MAX, "CLASS%u", class);
		return buf;
	}
}

enum rc dns_query_new(struct dns_query *ret, const struct dns_question *q, struct err *e)
{
	unsigned char *bytes = NULL;
	int n = 0;
	int code = ares_create_query(q->name, q->class, q->type, q->id, q->wants_recursion, &bytes,
		&n, 0);

	if (code != ARES_SUCCESS)
		return err_set(e, RC_INPUT, "'%.100s' is no domain name: %s", q->name,
			ares_strerror(code));
	ret->bytes = bytes;
	ret->n = (size_t)n;
	return RC_OK;
}

void dns_query_fini(struct dns_query *q)
{
	ares_free_string(q->bytes);
	q->bytes = NULL;
}

static uint16_t u16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t u32(const uint8_t *p)
{
	return (uint32_t)u16(p) << 16 | u16(p + 2);
}

/* A server that could not read the question may leave it out. */
static bool may_lack_question(const uint8_t *bytes)
{
	return u16(bytes + 4) == 0 && (bytes[3] & 0x0f) != 0;
}

enum dns_match dns_match(const struct dns_query *q, const uint8_t *bytes, size_t n)
{
	if (n < DNS_HEADER_BYTES || !(bytes[2] & 0x80))
		return DNS_NO_ANSWER;
	if (u16(bytes) != u16(q->bytes))
		return DNS_WRONG_ID;
	if (may_lack_question(bytes))
		return DNS_MATCHES;
	if (u16(bytes + 4) != 1 || n < q->n)
		return DNS_WRONG_QUESTION;
	/* Nothing stands before the question that its name could point to, so the bytes are the
	 * same but for the case of letters. */
	for (size_t i = DNS_HEADER_BYTES; i < q->n; i++)
		if (tolower(bytes[i]) != tolower(q->bytes[i]))
			return DNS_WRONG_QUESTION;
	return DNS_MATCHES;
}

const char *dns_match_text(enum dns_match m)
{
	static const char *const texts[] = {
		[DNS_MATCHES] = "the question",
		[DNS_WRONG_ID] = "another query's id",
		[DNS_WRONG_QUESTION] = "another question",
		[DNS_NO_ANSWER] = "what is no DNS answer",
	};

	return texts[m];
}

/* What is being read: the whole message, since names point back into it. */
struct reader {
	const uint8_t *bytes;
	size_t n, at;
	struct str text; /* of the record so far */
};

static enum rc malformed(const struct reader *r, const char *what, struct err *e)
{
	return err_set(e, RC_INPUT, "malformed DNS answer: %s at byte %zu", what, r->at);
}

static enum rc add_name(struct reader *r, struct err *e)
{
	char *name = NULL;
	long used;

	if (r->at >= r->n || ares_expand_name(r->bytes + r->at, r->bytes, (int)r->n, &name,
				     &used) != ARES_SUCCESS)
		return malformed(r, "name", e);
	str_add(&r->text, name);
	str_addc(&r->text, '.');
	ares_free_string(name);
	r->at += (size_t)used;
	return RC_OK;
}

static enum rc skip_name(struct reader *r, struct err *e)
{
	enum rc rc = add_name(r, e);

	str_clear(&r->text);
	return rc;
}

static void add_address(struct reader *r, int family, size_t n)
{
	char text[INET6_ADDRSTRLEN];

	str_add(&r->text, inet_ntop(family, r->bytes + r->at, text, sizeof text));
	r->at += n;
}

static void add_number(struct reader *r, size_t n)
{
	uint32_t value = 0;

	for (size_t i = 0; i < n; i++)
		value = value << 8 | r->bytes[r->at++];
	str_addf(&r->text, "%u", value);
}

static void add_quoted(struct reader *r, size_t n)
{
	str_addc(&r->text, '"');
	for (size_t i = 0; i < n; i++) {
		uint8_t c = r->bytes[r->at++];

		if (c == '"' || c == '\\')
			str_addf(&r->text, "\\%c", c);
		else if (c < ' ' || c > '~')
			str_addf(&r->text, "\\%03u", c);
		else
			str_addc(&r->text, (char)c);
	}
	str_addc(&r->text, '"');
}

/* Length of the character string that begins here; false when it goes beyond `end`. */
static bool string_length(struct reader *r, size_t end, size_t *ret)
{
	if (r->at >= end || r->at + 1 + r->bytes[r->at] > end)
		return false;
	*ret = r->bytes[r->at++];
	return true;
}

static enum rc add_strings(struct reader *r, size_t end, struct err *e)
{
	for (bool is_first = true; r->at < end; is_first = false) {
		size_t n;

		if (!string_length(r, end, &n))
			return malformed(r, "text", e);
		if (!is_first)
			str_addc(&r->text, ' ');
		add_quoted(r, n);
	}
	return RC_OK;
}

static enum rc add_tag(struct reader *r, size_t end, struct err *e)
{
	size_t n;

	if (!string_length(r, end, &n))
		return malformed(r, "text", e);
	for (size_t i = 0; i < n; i++) {
		uint8_t c = r->bytes[r->at++];

		str_addc(&r->text, isalnum(c) ? (char)c : '?');
	}
	return RC_OK;
}

static size_t fixed_size(char field)
{
	switch (field) {
	case '4':
	case 'l':
		return 4;
	case '6':
		return 16;
	case 's':
		return 2;
	case 'b':
		return 1;
	default:
		return 0;
	}
}

static enum rc add_field(struct reader *r, char field, size_t end, struct err *e)
{
	size_t size = fixed_size(field);

	if (r->at + size > end)
		return malformed(r, "record that is too short", e);
	switch (field) {
	case 'n':
		return add_name(r, e);
	case 't':
		return add_strings(r, end, e);
	case 'g':
		return add_tag(r, end, e);
	case 'q':
		add_quoted(r, end - r->at);
		return RC_OK;
	case '4':
	case '6':
		add_address(r, field == '4' ? AF_INET : AF_INET6, size);
		return RC_OK;
	default:
		add_number(r, size);
		return RC_OK;
	}
}

static void add_opaque(struct reader *r, size_t end)
{
	str_addf(&r->text, "\\# %zu", end - r->at);
	if (r->at < end)
		str_addc(&r->text, ' ');
	while (r->at < end)
		str_addf(&r->text, "%02x", r->bytes[r->at++]);
}

static const char *fields_of(uint16_t type)
{
	for (size_t i = 0; i < COUNT(types); i++)
		if (types[i].type == type)
			return types[i].fields;
	return NULL;
}

static enum rc add_data(struct reader *r, uint16_t type, size_t end, struct err *e)
{
	const char *fields = fields_of(type);

	if (!fields) {
		add_opaque(r, end);
		return RC_OK;
	}
	for (const char *f = fields; *f; f++) {
		enum rc rc;

		if (f != fields)
			str_addc(&r->text, ' ');
		rc = add_field(r, *f, end, e);
		if (rc != RC_OK)
			return rc;
	}
	if (r->at != end)
		return malformed(r, "record of another length than it says", e);
	return RC_OK;
}

/* NAME TYPE CLASS TTL RDLENGTH RDATA (RFC 1035, 4.1.3). */
static enum rc read_record(struct reader *r, struct arena *a, struct dns_record *ret, struct err *e)
{
	char class_buf[DNS_TYPE_TEXT_MAX], type_buf[DNS_TYPE_TEXT_MAX];
	const uint8_t *fixed;
	size_t data, end;
	char *text;
	enum rc rc;

	str_clear(&r->text);
	rc = add_name(r, e);
	if (rc != RC_OK)
		return rc;
	if (r->at + 10 > r->n)
		return malformed(r, "record that is cut short", e);
	fixed = r->bytes + r->at;
	r->at += 10;
	end = r->at + u16(fixed + 8);
	if (end > r->n)
		return malformed(r, "record that is cut short", e);
	ret->type = u16(fixed);
	ret->class = u16(fixed + 2);
	str_addf(&r->text, "\t%u\t%s\t%s\t", u32(fixed + 4), class_text(ret->class, class_buf),
		dns_type_text(ret->type, type_buf));
	data = r->text.len;
	rc = add_data(r, ret->type, end, e);
	if (rc != RC_OK)
		return rc;
	text = arena_strndup(a, r->text.s, r->text.len);
	if (!text)
		return err_set(e, RC_LIMIT, "the DNS answer is over %d bytes of text",
			DNS_ARENA_BYTES);
	ret->text = text;
	ret->data = text + data;
	return RC_OK;
}

static void note_serial(const struct reader *r, const struct dns_record *record,
	struct dns_message *m)
{
	if (record->type != DNS_TYPE_SOA)
		return;
	m->has_serial = true; /* the first of the five numbers that end the data */
	m->serial = u32(r->bytes + r->at - 20);
}

static enum rc read_section(struct reader *r, enum dns_section section, struct arena *a,
	struct dns_message *m, struct err *e)
{
	uint16_t n = u16(r->bytes + 6 + 2 * section);

	/* A record has 11 bytes at least: what can't be there isn't allocated. */
	if (n > (r->n - r->at) / 11)
		return malformed(r, "count of records", e);
	m->sections[section] = arena_alloc(a, n * sizeof *m->sections[section] + 1);
	if (!m->sections[section])
		return err_set(e, RC_LIMIT, "the DNS answer has too many records");
	for (; m->n[section] < n; m->n[section]++) {
		struct dns_record *record = &m->sections[section][m->n[section]];
		enum rc rc = read_record(r, a, record, e);

		if (rc != RC_OK)
			return rc;
		if (section == DNS_ANSWER)
			note_serial(r, record, m);
	}
	return RC_OK;
}

enum rc dns_parse(const uint8_t *bytes, size_t n, struct arena *a, struct dns_message *ret,
	struct err *e)
{
	struct reader r = { .bytes = bytes, .n = n, .at = DNS_HEADER_BYTES };
	struct dns_message m = { 0 };
	enum rc rc = RC_OK;

	if (n < DNS_HEADER_BYTES)
		return err_set(e, RC_INPUT, "malformed DNS answer: %zu bytes", n);
	m.rcode = bytes[3] & 0x0f;
	for (uint16_t i = u16(bytes + 4); i > 0 && rc == RC_OK; i--) {
		rc = skip_name(&r, e);
		r.at += 4;
		if (rc == RC_OK && r.at > n)
			rc = malformed(&r, "question", e);
	}
	for (enum dns_section s = 0; s < DNS_SECTIONS && rc == RC_OK; s++)
		rc = read_section(&r, s, a, &m, e);
	str_fini(&r.text);
	if (rc == RC_OK)
		*ret = m;
	return rc;
}
