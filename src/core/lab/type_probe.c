/* SPDX-License-Identifier: Apache-2.0 */
#include "core/lab/types.h"

#include "core/lab/reader.h"

#include <ctype.h>
#include <stdio.h>

/* Equal texts share a pattern: a lab asks many services for the same. */
struct pattern *reader_pattern(struct reader *r, const char *text, struct err *e)
{
	struct pattern *pattern = map_get(&r->patterns, text);

	if (!pattern && pattern_compile(&pattern, text, PATTERN_SEARCH, e) == RC_OK)
		map_put(&r->patterns, text, pattern);
	return pattern;
}

static struct pattern *compile(struct reader *r, const struct doc_node *node)
{
	struct err e = { 0 };
	struct pattern *pattern;

	if (strlen(node->text) != node->text_len) {
		reader_error(r, node, "a regular expression can't hold a NUL byte: write \\x00");
		return NULL;
	}
	pattern = reader_pattern(r, node->text, &e);
	if (!pattern)
		reader_error(r, node, "%s", e.text);
	return pattern;
}

static void read_pattern(struct reader *r, const struct key *key, const struct doc_node *node,
	void *to)
{
	if (reader_scalar(r, key, node))
		*(struct pattern **)to = compile(r, node);
}

static void read_expect(struct reader *r, const struct key *key, const struct doc_node *node,
	void *to)
{
	struct dialogue_step *step = to;

	if (!reader_scalar(r, key, node))
		return;
	step->expect = compile(r, node);
	step->expect_text = reader_text(r, node);
}

static void read_patterns(struct reader *r, const struct key *key, const struct doc_node *node,
	void *to)
{
	bool is_list = node->kind == DOC_SEQUENCE;
	uint32_t n = is_list ? node->n : 1;
	struct pattern_list list = {
		.patterns = reader_alloc(r, n * sizeof *list.patterns),
		.texts = reader_alloc(r, n * sizeof *list.texts),
	};

	for (uint32_t i = 0; list.patterns && list.texts && i < n; i++) {
		const struct doc_node *it = is_list ? node->values[i] : node;

		if (!reader_scalar(r, key, it))
			continue;
		list.patterns[list.n] = compile(r, it);
		list.texts[list.n++] = reader_text(r, it);
	}
	*(struct pattern_list *)to = list;
}

static void read_rules(struct reader *r, const struct key *key, const struct doc_node *node,
	void *to, bool allow_missing)
{
	struct header_rules rules = { 0 };

	if (node->kind != DOC_MAPPING) {
		reader_expected(r, key, node);
		return;
	}
	rules.rules = reader_alloc(r, node->n * sizeof *rules.rules);
	for (uint32_t i = 0; rules.rules && i < node->n; i++) {
		if (!reader_scalar(r, key, node->values[i]))
			continue;
		rules.rules[rules.n++] = (struct header_rule){
			.header = reader_text(r, node->keys[i]),
			.pattern = compile(r, node->values[i]),
			.allow_missing = allow_missing,
		};
	}
	*(struct header_rules *)to = rules;
}

static void read_header_rules(struct reader *r, const struct key *key, const struct doc_node *node,
	void *to)
{
	read_rules(r, key, node, to, false);
}

static void read_absent_header_rules(struct reader *r, const struct key *key,
	const struct doc_node *node, void *to)
{
	read_rules(r, key, node, to, true);
}

/* "204", "2xx", "200-204". */
static bool parse_status(const char *text, struct status_range *ret)
{
	unsigned low, high;
	int end = 0;

	if (strlen(text) == 3 && text[0] >= '1' && text[0] <= '5' &&
		strcasecmp(text + 1, "xx") == 0) {
		low = 100u * (unsigned)(text[0] - '0');
		high = low + 99;
	} else if (sscanf(text, "%3u-%3u%n", &low, &high, &end) == 2 && text[end] == '\0') {
		; /* a range */
	} else if (sscanf(text, "%3u%n", &low, &end) == 1 && text[end] == '\0') {
		high = low;
	} else {
		return false;
	}
	*ret = (struct status_range){ (uint16_t)low, (uint16_t)high };
	return isdigit((unsigned char)text[0]) && low >= 100 && high <= 599 && low <= high;
}

static void read_status(struct reader *r, const struct key *key, const struct doc_node *node,
	void *to)
{
	bool is_list = node->kind == DOC_SEQUENCE;
	uint32_t n = is_list ? node->n : 1;
	struct status_range *ranges = reader_alloc(r, n * sizeof *ranges);
	struct list list = { .items = ranges };

	for (uint32_t i = 0; ranges && i < n; i++) {
		const struct doc_node *it = is_list ? node->values[i] : node;

		if (it->kind == DOC_SCALAR && parse_status(it->text, &ranges[list.n]))
			list.n++;
		else
			reader_expected(r, key, it);
	}
	*(struct list *)to = list;
}

/* Each word must be one of the type's choices; what is stored is the n-th of `stored`. */
static void read_words(struct reader *r, const struct key *key, const struct doc_node *node,
	void *to)
{
	bool is_list = node->kind == DOC_SEQUENCE;
	uint32_t n = is_list ? node->n : 1;
	struct texts texts = { .items = reader_alloc(r, n * sizeof *texts.items) };

	for (uint32_t i = 0; texts.items && i < n; i++) {
		const struct doc_node *it = is_list ? node->values[i] : node;
		const struct choice *choice = reader_choice(r, key, it);

		if (choice)
			texts.items[texts.n++] = choice->text;
	}
	*(struct texts *)to = texts;
}

static void read_number_choice(struct reader *r, const struct key *key, const struct doc_node *node,
	void *to)
{
	const struct choice *choice = reader_choice(r, key, node);

	if (choice)
		*(uint16_t *)to = (uint16_t)choice->value;
}

static void read_prober(struct reader *r, const struct key *key, const struct doc_node *node,
	void *to)
{
	const struct choice *choice = reader_choice(r, key, node);

	if (choice && choice->value == 0)
		reader_refuse(r, node, "'prober: %s' is not supported yet", choice->text);
	if (choice)
		*(int *)to = choice->value;
}

void read_tls_switch(struct reader *r, const struct key *key, const struct doc_node *node, void *to)
{
	const struct type options = {
		.name = key->type->name,
		.shape = key->type->shape,
		.is_embedded = true,
	};
	const struct key inner = { .name = key->name, .type = &options };
	struct tcp_spec *spec = to;

	if (node->kind == DOC_SCALAR) {
		if (!parse_flag(node->text, &spec->use_tls))
			reader_expected(r, key, node);
		return;
	}
	spec->use_tls = true;
	read_shape(r, &inner, node, &spec->tls);
}

static const struct choice http_versions[] = { { "HTTP/1.0", 0 }, { "HTTP/1.1", 0 },
	{ "HTTP/2.0", 0 }, { 0 } };

static const struct choice receive_kinds[] = { { "import", 0 }, { "remote_write", 0 },
	{ "otlp", 0 }, { 0 } };

/* RFC 1035, 1183, 2782, 3403, 3596, 4034, 6698, 8659, 9460. */
static const struct choice dns_types[] = {
	{ "A", 1 },
	{ "NS", 2 },
	{ "CNAME", 5 },
	{ "SOA", 6 },
	{ "PTR", 12 },
	{ "HINFO", 13 },
	{ "MX", 15 },
	{ "TXT", 16 },
	{ "AAAA", 28 },
	{ "SRV", 33 },
	{ "NAPTR", 35 },
	{ "DS", 43 },
	{ "RRSIG", 46 },
	{ "NSEC", 47 },
	{ "DNSKEY", 48 },
	{ "TLSA", 52 },
	{ "SVCB", 64 },
	{ "HTTPS", 65 },
	{ "ANY", 255 },
	{ "CAA", 257 },
	{ 0 },
};
static const struct choice dns_classes[] = { { "IN", 1 }, { "CH", 3 }, { "HS", 4 }, { "ANY", 255 },
	{ 0 } };

/* RFC 1035, section 4.1.1, and RFC 2136, by the names that blackbox_exporter uses. */
static const struct choice rcodes[] = {
	{ "NOERROR", 0 },
	{ "FORMERR", 1 },
	{ "SERVFAIL", 2 },
	{ "NXDOMAIN", 3 },
	{ "NOTIMP", 4 },
	{ "REFUSED", 5 },
	{ "YXDOMAIN", 6 },
	{ "YXRRSET", 7 },
	{ "NXRRSET", 8 },
	{ "NOTAUTH", 9 },
	{ "NOTZONE", 10 },
	{ 0 },
};
static const struct choice probers[] = {
	{ "http", PROBE_HTTP + 1 },
	{ "tcp", PROBE_TCP + 1 },
	{ "dns", PROBE_DNS + 1 },
	{ "icmp", PROBE_ICMP + 1 },
	{ "grpc", 0 },
	{ "unix", 0 },
	{ 0 },
};

#define RULES_SCHEMA  "\"type\": \"object\", \"additionalProperties\": {" TEXT_SCHEMA "}"
#define STATUS_SCHEMA "\"type\": [\"string\", \"integer\"]"

const struct type pattern_type = { "a regular expression", "regular expression", read_pattern,
	.schema = TEXT_SCHEMA };
const struct type expect_type = { "a regular expression", "regular expression", read_expect,
	.schema = TEXT_SCHEMA };
const struct type patterns_type = { "a regular expression or a list of them", "regular expressions",
	read_patterns, .schema = TEXTS_SCHEMA };
const struct type header_rules_type = { "a regular expression for each header",
	"header: regular expression", read_header_rules, .schema = RULES_SCHEMA };
const struct type absent_header_rules_type = { "a regular expression for each header",
	"header: regular expression", read_absent_header_rules, .schema = RULES_SCHEMA };
const struct type status_type = { "a status such as 204, 2xx or 200-204", "status", read_status,
	.schema = "\"anyOf\": [{" STATUS_SCHEMA
		  "}, {\"type\": \"array\", \"items\": {" STATUS_SCHEMA "}}]" };
const struct type receive_type = { "what may be sent here", "list of choices", read_words,
	.many = LIST, .choices = receive_kinds };
const struct type http_versions_type = { "HTTP versions", "list of choices", read_words,
	.many = LIST, .choices = http_versions };
const struct type rcodes_type = { "response codes", "list of choices", read_words, .many = LIST,
	.choices = rcodes };
const struct type dns_type_type = { "a DNS type", "DNS type", read_number_choice,
	.choices = dns_types };
const struct type dns_class_type = { "a DNS class", "DNS class", read_number_choice,
	.choices = dns_classes };
const struct type prober_type = { "a prober", "choice", read_prober, .choices = probers };
