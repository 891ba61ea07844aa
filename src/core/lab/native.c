/* SPDX-License-Identifier: Apache-2.0 */
/* Probes in lab.yaml's own words. */
#include "core/lab/build.h"
#include "core/lab/types.h"

/* How the protocols ask for TLS: RFC 3207, 9051, 2595, 4217, 5804, 4642. */
struct turn {
	const char *expect, *send;
};
#define TURNS_MAX 3
static const struct turn dialogues[STARTTLS_KINDS][TURNS_MAX] = {
	[STARTTLS_SMTP] = { { "^220 ", "EHLO diarchy\r" }, { "^250[ -]STARTTLS", "STARTTLS\r" },
		{ "^220 ", NULL } },
	[STARTTLS_IMAP] = { { "^\\* OK", "a STARTTLS\r" }, { "^a OK", NULL } },
	[STARTTLS_POP3] = { { "^\\+OK", "STLS\r" }, { "^\\+OK", NULL } },
	[STARTTLS_FTP] = { { "^220 ", "AUTH TLS\r" }, { "^234 ", NULL } },
	[STARTTLS_SIEVE] = { { "^OK", "STARTTLS\r" }, { "^OK", NULL } },
	[STARTTLS_NNTP] = { { "^20[01] ", "STARTTLS\r" }, { "^382 ", NULL } },
};

/* Appends a dialogue and TLS to `steps`, which has room; returns how many steps that were. */
static uint32_t add_dialogue(struct build *b, int starttls, struct dialogue_step *steps)
{
	uint32_t n = 0;

	for (; n < TURNS_MAX && dialogues[starttls][n].expect; n++)
		steps[n] = (struct dialogue_step){
			.expect = reader_pattern(b->r, dialogues[starttls][n].expect, NULL),
			.expect_text = dialogues[starttls][n].expect,
			.send = dialogues[starttls][n].send,
		};
	steps[n - 1].start_tls = true;
	return n;
}

/* A file that must be there for both or for none: a certificate and its key. */
static void check_tls(struct build *b, const struct tls_spec *tls, const struct doc_node *at)
{
	if ((tls->cert_file != NULL) != (tls->key_file != NULL))
		reader_error(b->r, at, "'cert' and 'key' go together");
}

static bool build_http(struct build *b, const struct probe_decl *decl, struct probe_spec *ret)
{
	const struct http_spec *http = decl->http;
	const struct doc_node *node = doc_get(decl->entry.node, "http");

	check_tls(b, &http->tls, node);
	if ((http->user != NULL) != (http->password.kind != SECRET_NONE))
		reader_error(b->r, node, "'user' and 'password' go together");
	if (http->user && http->bearer.kind != SECRET_NONE)
		reader_error(b->r, node, "'bearer' and 'user' can't both be sent");
	if (http->tls.expires_after_ms && http->url && strncasecmp(http->url, "http://", 7) == 0)
		finding_warning(b->r->findings, reader_place(b->r, node),
			"'expires_after' has no effect on a URL with http://");
	ret->http = *http;
	return http->url != NULL;
}

static bool build_tcp(struct build *b, const struct probe_decl *decl, struct probe_spec *ret)
{
	const struct tcp_decl *tcp = decl->tcp;
	const struct doc_node *node = doc_get(decl->entry.node, "tcp");
	struct dialogue_step *steps = reader_alloc(b->r, (TURNS_MAX + 2) * sizeof *steps);
	uint32_t n = 0;

	check_tls(b, &tcp->spec.tls, node);
	ret->tcp = tcp->spec;
	if (tcp->spec.n_steps) {
		if (tcp->starttls || tcp->send || tcp->expect.expect)
			reader_error(b->r, node,
				"'steps' stands in place of 'starttls', 'send' and 'expect'");
		return tcp->spec.address != NULL;
	}
	if (!steps)
		return false;
	if (tcp->starttls) {
		ret->tcp.use_tls = false;
		n = add_dialogue(b, tcp->starttls, steps);
	}
	if (tcp->send)
		steps[n++].send = tcp->send;
	if (tcp->expect.expect)
		steps[n++] = tcp->expect;
	ret->tcp.steps = steps;
	ret->tcp.n_steps = n;
	return tcp->spec.address != NULL;
}

static bool build_tls(struct build *b, const struct probe_decl *decl, struct probe_spec *ret)
{
	const struct tls_decl *tls = decl->tls;

	check_tls(b, &tls->spec.tls, doc_get(decl->entry.node, "tls"));
	ret->tcp = tls->spec;
	ret->tcp.use_tls = !tls->starttls;
	if (tls->starttls) {
		ret->tcp.steps = reader_alloc(b->r, TURNS_MAX * sizeof *ret->tcp.steps);
		if (!ret->tcp.steps)
			return false;
		ret->tcp.n_steps = add_dialogue(b, tls->starttls, ret->tcp.steps);
	}
	return tls->spec.address != NULL;
}

static bool build_dns(struct build *b, const struct probe_decl *decl, struct probe_spec *ret)
{
	const struct dns_decl *dns = decl->dns;
	const struct doc_node *node = doc_get(decl->entry.node, "dns");

	check_tls(b, &dns->spec.tls, node);
	if (doc_get(node, "tls") && dns->transport != DNS_TLS)
		reader_error(b->r, node, "'tls' only goes with 'transport: tls'");
	ret->dns = dns->spec;
	ret->dns.use_tcp = dns->transport == DNS_TCP;
	ret->dns.use_tls = dns->transport == DNS_TLS;
	return dns->spec.server && dns->spec.name;
}

bool build_native(struct build *b, const struct probe_decl *decl, struct probe_spec *ret)
{
	struct probe_spec spec = { .ip = IP_ANY, .ip_fallback = true };
	bool is_whole = false;

	if (decl->http) {
		spec.kind = PROBE_HTTP;
		is_whole = build_http(b, decl, &spec);
	} else if (decl->tcp) {
		spec.kind = PROBE_TCP;
		is_whole = build_tcp(b, decl, &spec);
	} else if (decl->tls) {
		spec.kind = PROBE_TLS;
		is_whole = build_tls(b, decl, &spec);
	} else if (decl->dns) {
		spec.kind = PROBE_DNS;
		is_whole = build_dns(b, decl, &spec);
	} else if (decl->icmp) {
		spec.kind = PROBE_ICMP;
		spec.icmp = *decl->icmp;
		is_whole = spec.icmp.address != NULL;
	}
	build_probe_common(decl, 0, &spec);
	*ret = spec;
	return is_whole;
}
