/* SPDX-License-Identifier: Apache-2.0 */
#include "core/lab/types.h"

#include "core/lab/address.h"
#include "core/lab/reader.h"

#include <ctype.h>
#include <stdio.h>

static void read_text(struct reader *r, const struct key *key, const struct doc_node *node,
	void *to)
{
	if (reader_scalar(r, key, node))
		*(const char **)to = reader_text(r, node);
}

/* Text that a predicate accepts. */
static void read_checked(struct reader *r, const struct key *key, const struct doc_node *node,
	void *to, bool (*accepts)(const char *))
{
	if (!reader_scalar(r, key, node))
		return;
	if (address_has_login(node->text))
		reader_refuse(r, node, "%s: a URL with a password in it is not supported",
			key->name);
	else if (accepts(node->text))
		*(const char **)to = reader_text(r, node);
	else
		reader_expected(r, key, node);
}

#define CHECKED(name, accepts)                                                                 \
	static void name(struct reader *r, const struct key *key, const struct doc_node *node, \
		void *to)                                                                      \
	{                                                                                      \
		read_checked(r, key, node, to, accepts);                                       \
	}

static bool is_server(const char *text)
{
	return address_is_host(text) || address_is_endpoint(text);
}

/* ":9100" is at the address of what it stands with. */
static bool is_exporter(const char *text)
{
	char whole[ADDRESS_HOST_MAX + 16];

	snprintf(whole, sizeof whole, "localhost%s", text);
	return address_is_endpoint(*text == ':' ? whole : text);
}

static bool is_label_text(const char *text)
{
	return strlen(text) <= NAME_BYTES_MAX && lab_name_is_valid(text);
}

/* A token of RFC 9110, section 5.6.2, as methods are. */
static bool is_method(const char *text)
{
	for (const char *c = text; *c; c++)
		if (!isalpha((unsigned char)*c) && *c != '-')
			return false;
	return text[0] && strlen(text) <= 16;
}

static bool is_mention(const char *text)
{
	size_t prefix = str_starts(text, "<@&") ? 3 : 2;
	size_t digits;

	if (str_eq(text, "@here") || str_eq(text, "@everyone"))
		return true;
	digits = str_starts(text, "<@") ? strspn(text + prefix, "0123456789") : 0;
	return digits > 0 && digits <= 20 && str_eq(text + prefix + digits, ">");
}

/* What may be asked of a DNS server: more than host names ("_imaps._tcp.example.net", "."). */
static bool is_dns_name(const char *text)
{
	return text[0] && strlen(text) <= 255 && !strpbrk(text, " \t\r\n") && !strstr(text, "..");
}

CHECKED(read_dns_name, is_dns_name)
CHECKED(read_label, is_label_text)
CHECKED(read_method, is_method)
CHECKED(read_url, address_is_url)
CHECKED(read_base_url, address_is_base_url)
CHECKED(read_host, address_is_host)
CHECKED(read_endpoint, address_is_endpoint)
CHECKED(read_server, is_server)
CHECKED(read_exporter, is_exporter)
CHECKED(read_ip, address_is_ip)
CHECKED(read_mention, is_mention)

static void read_path(struct reader *r, const struct key *key, const struct doc_node *node,
	void *to)
{
	if (reader_scalar(r, key, node))
		*(const char **)to = reader_path(r, node);
}

const struct type text_type = { "a text", "text", read_text, .schema = TEXT_SCHEMA };
const struct type label_type = { "a name of a-z, 0-9, '.', '_' and '-'", "name", read_label,
	.schema = "\"type\": \"string\", \"pattern\": \"^[a-z0-9][a-z0-9._-]*$\"" };
const struct type method_type = { "an HTTP method", "method", read_method,
	.schema = "\"type\": \"string\", \"pattern\": \"^[A-Za-z-]+$\"" };
const struct type url_type = { "a URL with http:// or https://", "URL", read_url,
	.schema = "\"type\": \"string\", \"pattern\": \"^[Hh][Tt][Tt][Pp][Ss]?://\"" };
const struct type base_url_type = { "a URL without a path, such as https://watch.example.net",
	"URL", read_base_url,
	.schema = "\"type\": \"string\", \"pattern\": \"^[Hh][Tt][Tt][Pp][Ss]?://[^/?#]+/?$\"" };
const struct type host_type = { "an IP address or a DNS name, without a port", "host", read_host,
	.schema = "\"type\": \"string\"" };
const struct type endpoint_type = { "a host and a port, such as 10.2.0.20:993 or [fd00::20]:993",
	"host:port", read_endpoint,
	.schema = "\"type\": \"string\", \"pattern\": \":[0-9]{1,5}$\"" };
const struct type exporter_type = { "a port such as \":9100\", or a host and a port", "port",
	read_exporter, .schema = "\"type\": \"string\", \"pattern\": \":[0-9]{1,5}$\"" };
const struct type server_type = { "a host, with or without a port", "host or host:port",
	read_server, .schema = "\"type\": \"string\"" };
const struct type dns_name_type = { "a DNS name", "DNS name", read_dns_name,
	.schema = "\"type\": \"string\"" };
const struct type ip_type = { "an IP address", "address", read_ip,
	.schema = "\"type\": \"string\"" };
const struct type path_type = { "a path", "path", read_path, .schema = "\"type\": \"string\"" };
const struct type mention_type = { "\"<@USER>\", \"<@&ROLE>\", \"@here\" or \"@everyone\"",
	"mention", read_mention,
	.schema = "\"type\": \"string\", \"pattern\": \"^(<@&?[0-9]+>|@here|@everyone)$\"" };

static void complain_choice(struct reader *r, const struct doc_node *node,
	const struct choice *choices)
{
	scoped(str_fini) struct str list = STR_EMPTY;
	struct nearest best = { 0 };
	char hint[NAME_BYTES_MAX + 32];

	for (const struct choice *it = choices; it->text; it++) {
		nearest_offer(&best, node->text, it->text);
		str_addf(&list, "%s%s", it == choices ? "" : it[1].text ? ", " : " or ", it->text);
	}
	reader_error(r, node, "expected %s, not '%.80s'%s", str_c(&list), node->text,
		nearest_text(&best, hint));
}

const struct choice *reader_choice(struct reader *r, const struct key *key,
	const struct doc_node *node)
{
	if (!reader_scalar(r, key, node))
		return NULL;
	for (const struct choice *it = key->type->choices; it->text; it++)
		if (str_eq(it->text, node->text))
			return it;
	complain_choice(r, node, key->type->choices);
	return NULL;
}

static void read_choice(struct reader *r, const struct key *key, const struct doc_node *node,
	void *to)
{
	const struct choice *it = reader_choice(r, key, node);

	if (it)
		*(int *)to = it->value;
}

static void read_word(struct reader *r, const struct key *key, const struct doc_node *node,
	void *to)
{
	const struct choice *it = reader_choice(r, key, node);

	if (it)
		*(const char **)to = it->text;
}

static const struct choice severities[] = {
	{ "info", SEVERITY_INFO },
	{ "warning", SEVERITY_WARNING },
	{ "critical", SEVERITY_CRITICAL },
	{ 0 },
};
static const struct choice families[] = {
	{ "any", IP_ANY },
	{ "v4", IP_V4 },
	{ "v6", IP_V6 },
	{ 0 },
};
static const struct choice go_families[] = { { "ip4", IP_V4 }, { "ip6", IP_V6 }, { 0 } };
static const struct choice transports[] = {
	{ "udp", DNS_UDP },
	{ "tcp", DNS_TCP },
	{ "tls", DNS_TLS },
	{ 0 },
};
static const struct choice starttls[] = {
	{ "smtp", STARTTLS_SMTP },
	{ "imap", STARTTLS_IMAP },
	{ "pop3", STARTTLS_POP3 },
	{ "ftp", STARTTLS_FTP },
	{ "sieve", STARTTLS_SIEVE },
	{ "nntp", STARTTLS_NNTP },
	{ 0 },
};
static const struct choice compressions[] = {
	{ "gzip", 0 },
	{ "br", 0 },
	{ "deflate", 0 },
	{ "identity", 0 },
	{ 0 },
};

const struct type severity_type = { "a severity", "severity", read_choice, .choices = severities };
const struct type family_type = { "any, v4 or v6", "choice", read_choice, .choices = families };
const struct type go_family_type = { "ip4 or ip6", "choice", read_choice, .choices = go_families };
const struct type dns_transport_type = { "udp, tcp or tls", "choice", read_choice,
	.choices = transports };
const struct type starttls_type = { "a protocol", "choice", read_choice, .choices = starttls };
const struct type compression_type = { "an encoding", "choice", read_word,
	.choices = compressions };
