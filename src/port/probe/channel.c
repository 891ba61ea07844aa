/* SPDX-License-Identifier: Apache-2.0 */
#include "port/probe/channel.h"

#include "base/mem.h"
#include "port/probe/trust.h"

/* False: the certificate is not good, and the probe has failed. */
static bool take_certificates(struct channel *c)
{
	struct tls_check check = { .spec = c->tls, .host = c->to.host };
	struct probe *p = c->probe;
	struct tls_verdict verdict;
	struct err e;

	if (trust_check(probe_trust(p), stream_session(c->stream), &check, &verdict, &e) != RC_OK) {
		probe_fail(p, "%s", e.text);
		return false;
	}
	probe_note_tls(p, &verdict.facts);
	if (verdict.why[0])
		probe_fail(p, "%s", verdict.why);
	return !verdict.why[0];
}

static void on_connected(void *ctx)
{
	struct channel *c = ctx;

	probe_leave_phase(c->probe);
	if (c->use_tls)
		channel_start_tls(c);
	else
		c->on->ready(c->probe);
}

static void on_secured(void *ctx)
{
	struct channel *c = ctx;

	probe_leave_phase(c->probe);
	if (take_certificates(c))
		c->on->ready(c->probe);
}

static void on_received(void *ctx, const char *bytes, size_t n)
{
	struct channel *c = ctx;

	c->on->received(c->probe, bytes, n);
}

static void on_ended(void *ctx)
{
	struct channel *c = ctx;

	c->on->ended(c->probe);
}

static void on_failed(void *ctx, const char *why)
{
	struct channel *c = ctx;

	probe_fail(c->probe, "%s", why);
}

static void on_resolved(void *ctx, const struct ip_address *to)
{
	static const struct stream_events events = {
		.connected = on_connected,
		.secured = on_secured,
		.received = on_received,
		.ended = on_ended,
		.failed = on_failed,
	};
	struct channel *c = ctx;
	struct ip_address storage;
	const struct ip_address *source;
	char where[IP_PORT_TEXT_MAX];
	struct err e;

	if (!probe_source(c->probe, to, &storage, &source))
		return;
	probe_enter(c->probe, PHASE_CONNECT, "connecting to %s", ip_text_port(to, where));
	if (stream_open(&c->stream, probe_loop(c->probe), to, source, &e) == RC_OK)
		stream_listen(c->stream, &events, c);
	else
		probe_fail(c->probe, "%s", e.text);
}

void channel_open(struct channel *c, struct probe *p, const struct channel_wish *wish)
{
	must(!c->stream);
	c->probe = p;
	c->on = wish->on;
	c->to = *wish->to;
	c->tls = wish->tls;
	c->use_tls = wish->use_tls;
	c->alpn = wish->alpn;
	probe_resolve(p, &c->to, on_resolved, c);
}

/* Credentials with the spec's client certificate; false: the probe has failed. */
static bool load_credentials(struct channel *c)
{
	const char *key = c->tls->key_file ? c->tls->key_file : c->tls->cert_file;
	int code;

	if (!c->tls->cert_file || c->credentials)
		return true;
	code = gnutls_certificate_allocate_credentials(&c->credentials);
	if (code == 0)
		code = gnutls_certificate_set_x509_key_file(c->credentials, c->tls->cert_file, key,
			GNUTLS_X509_FMT_PEM);
	if (code == 0)
		return true;
	probe_fail(c->probe, "client certificate %s: %s", c->tls->cert_file, gnutls_strerror(code));
	return false;
}

void channel_start_tls(struct channel *c)
{
	struct stream_tls tls = {
		.priority = trust_priority(probe_trust(c->probe)),
		.server_name = c->tls->server_name ? c->tls->server_name : c->to.host,
		.alpn = c->alpn,
	};
	struct err e;

	if (!load_credentials(c))
		return;
	tls.credentials =
		c->credentials ? c->credentials : trust_credentials(probe_trust(c->probe));
	probe_enter(c->probe, PHASE_TLS, "waiting for the TLS handshake");
	if (stream_start_tls(c->stream, &tls, &e) != RC_OK)
		probe_fail(c->probe, "%s", e.text);
}

void channel_send(struct channel *c, const void *bytes, size_t n)
{
	stream_send(c->stream, bytes, n);
}

void channel_close(struct channel *c)
{
	stream_close(c->stream);
	c->stream = NULL;
	if (c->credentials)
		gnutls_certificate_free_credentials(c->credentials);
	c->credentials = NULL;
}
