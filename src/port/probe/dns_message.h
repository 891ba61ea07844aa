/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dns_message: questions to name servers, and their answers as text (RFC 1035).
 *
 * c-ares writes the question and expands names; the walk over the records is ours, since c-ares
 * parses only certain types.  Records come out in presentation format, in the very form that
 * blackbox_exporter's rules see: "nas.lan.\t300\tIN\tA\t10.1.0.2".
 */
#ifndef PORT_PROBE_DNS_MESSAGE_H
#define PORT_PROBE_DNS_MESSAGE_H

#include "base/arena.h"
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

#define DNS_HEADER_BYTES 12
#define DNS_MESSAGE_MAX  65535
#define DNS_ARENA_BYTES  (1024 * 1024) /* for the texts of one answer */

#define DNS_TYPE_SOA   6
#define DNS_TYPE_CNAME 5
#define DNS_TYPE_TXT   16

struct dns_query {
	uint8_t *bytes; /* without the length that TCP puts before it */
	size_t n;
};
struct dns_question {
	const char *name;
	uint16_t type, class, id;
	bool wants_recursion;
};
enum rc dns_query_new(struct dns_query *ret, const struct dns_question *q, struct err *e) MUST_USE;
void dns_query_fini(struct dns_query *q);

enum dns_section { DNS_ANSWER, DNS_AUTHORITY, DNS_ADDITIONAL, DNS_SECTIONS };

struct dns_record {
	const char *text; /* the whole record */
	const char *data; /* its last field, within `text` */
	uint16_t type, class;
};
struct dns_message {
	uint8_t rcode;
	struct dns_record *sections[DNS_SECTIONS];
	uint16_t n[DNS_SECTIONS];
	bool has_serial; /* of a SOA among the answers */
	uint32_t serial;
};

/* Does this datagram answer that query: same id, a response, the same question? */
enum dns_match { DNS_MATCHES, DNS_WRONG_ID, DNS_WRONG_QUESTION, DNS_NO_ANSWER };
enum dns_match dns_match(const struct dns_query *q, const uint8_t *bytes, size_t n);
const char *dns_match_text(enum dns_match m); /* "another question" */

/* Texts live in `a`.  RC_INPUT: malformed, RC_LIMIT: too much. */
enum rc dns_parse(const uint8_t *bytes, size_t n, struct arena *a, struct dns_message *ret,
	struct err *e) MUST_USE;

const char *dns_rcode_name(uint8_t rcode); /* "NXDOMAIN", "RCODE9" */
#define DNS_TYPE_TEXT_MAX 16
const char *dns_type_text(uint16_t type, char buf[DNS_TYPE_TEXT_MAX]); /* "MX", "TYPE65" */

#endif
