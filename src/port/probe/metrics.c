/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stands in a result, as families of metrics: one table of names, one of the few that have
 * labels of their own.  Names and help are blackbox_exporter 0.28's; the last rows are ours.
 */
#include "port/probe/probe.h"

#include "base/mem.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#define KIND(k)  (1u << PROBE_##k)
#define PHASE(p) (1u << PHASE_##p)
#define STREAMS  (KIND(TCP) | KIND(TLS))
#define ALL      (KIND(HTTP) | STREAMS | KIND(DNS) | KIND(ICMP))
#define PATTERNS (KIND(HTTP) | STREAMS)

/* What a row of the table is made from; false: this result has no such value. */
typedef bool metric_value(const struct probe_result *r, double *ret);

static double seconds(int64_t us)
{
	return (double)us / 1e6;
}

#define VALUE(name, condition, value)                               \
	static bool name(const struct probe_result *r, double *ret) \
	{                                                           \
		*ret = (condition) ? (double)(value) : 0;           \
		return (condition);                                 \
	}

VALUE(success, true, r->is_ok)
VALUE(duration, true, seconds(r->duration_us))
VALUE(lookup, true, seconds(r->lookup_us))
VALUE(ip_protocol, true, r->ip_version)
VALUE(ip_hash, true, r->ip_hash)
VALUE(by_pattern, true, r->failed_by_pattern)
VALUE(earliest_expiry, r->tls, r->tls->earliest_expiry_s)
VALUE(chain_expiry, r->tls && r->tls->chain_expiry_s, r->tls->chain_expiry_s)
VALUE(http_status, true, r->http.status)
VALUE(http_length, true, r->http.content_length)
VALUE(http_body, true, r->http.body_bytes)
VALUE(http_redirects, true, r->http.redirects)
VALUE(http_ssl, true, r->http.is_tls)
VALUE(http_version, true, r->http.version / 10.0)
VALUE(http_modified, r->http.has_last_modified, r->http.last_modified_s)
VALUE(dns_answers, true, r->dns.answers)
VALUE(dns_authorities, true, r->dns.authorities)
VALUE(dns_additionals, true, r->dns.additionals)
VALUE(dns_succeeded, true, r->dns.is_answered)
VALUE(dns_serial, r->dns.has_serial, r->dns.serial)
VALUE(icmp_hops, r->icmp.received && r->icmp.hop_limit >= 0, r->icmp.hop_limit)
VALUE(icmp_sent, true, r->icmp.sent)
VALUE(icmp_received, true, r->icmp.received)
VALUE(icmp_min, r->icmp.received, seconds(r->icmp.rtt_min_us))
VALUE(icmp_max, r->icmp.received, seconds(r->icmp.rtt_max_us))

static const struct {
	const char *name;
	unsigned kinds;
	metric_value *value;
	const char *help;
} gauges[] = {
#define GAUGE(name, kinds, value, help) { #name, kinds, value, help },
#include "port/probe/metrics.def"
#undef GAUGE
};

/* clang-format off */
static const struct {
	const char *name, *help;
	enum probe_kind kind;
	struct { const char *name; unsigned phases; } phases[PROBE_PHASES]; /* bits are summed */
} durations[] = {
	{ "probe_http_duration_seconds",
	  "Duration of http request by phase, summed over all redirects", PROBE_HTTP,
	  { { "resolve", PHASE(RESOLVE) }, { "connect", PHASE(CONNECT) }, { "tls", PHASE(TLS) },
	    { "processing", PHASE(PROCESSING) }, { "transfer", PHASE(TRANSFER) } } },
	{ "probe_dns_duration_seconds", "Duration of DNS request by phase", PROBE_DNS,
	  { { "resolve", PHASE(RESOLVE) }, { "connect", PHASE(CONNECT) | PHASE(TLS) },
	    { "request", PHASE(PROCESSING) } } },
	{ "probe_icmp_duration_seconds", "Duration of icmp request by phase", PROBE_ICMP,
	  { { "resolve", PHASE(RESOLVE) }, { "setup", PHASE(CONNECT) },
	    { "rtt", PHASE(PROCESSING) } } },
};

#define TLS_TEXT(field) offsetof(struct probe_tls, field)
static const struct {
	const char *name, *help;
	struct { const char *name; size_t offset; } labels[5];
} infos[] = {
	{ "probe_ssl_last_chain_info", "Contains SSL leaf certificate information",
	  { { "fingerprint_sha256", TLS_TEXT(fingerprint) }, { "issuer", TLS_TEXT(issuer) },
	    { "serialnumber", TLS_TEXT(serial) }, { "subject", TLS_TEXT(subject) },
	    { "subjectalternative", TLS_TEXT(names) } } },
	{ "probe_tls_version_info", "Returns the TLS version used or NaN when unknown",
	  { { "version", TLS_TEXT(version) } } },
	{ "probe_tls_cipher_info", "Returns the TLS cipher negotiated during handshake",
	  { { "cipher", TLS_TEXT(cipher) } } },
};
/* clang-format on */

static void add_number(struct str *out, double value)
{
	if (value == floor(value) && fabs(value) < 1e15)
		str_addf(out, "%" PRId64 "\n", (int64_t)value);
	else
		str_addf(out, "%.9g\n", value);
}

static void add_escaped(struct str *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '\\' || *text == '"')
			str_addc(out, '\\');
		if (*text == '\n')
			str_add(out, "\\n");
		else
			str_addc(out, *text);
	}
}

/* A family's two lines of introduction, before its first sample. */
static void introduce(bool *is_known, const char *name, const char *help, struct str *out)
{
	if (!*is_known)
		str_addf(out, "# HELP %s %s\n# TYPE %s gauge\n", name, help, name);
	*is_known = true;
}

static void write_gauge(size_t g, const struct probe_metrics_row *rows, size_t n, struct str *out)
{
	const char *name = gauges[g].name;
	bool is_known = false;

	for (size_t i = 0; i < n; i++) {
		const struct probe_result *r = rows[i].result;
		double value;

		if (!(gauges[g].kinds & 1u << r->kind) || !gauges[g].value(r, &value))
			continue;
		introduce(&is_known, name, gauges[g].help, out);
		str_addf(out, rows[i].labels[0] ? "%s{%s} " : "%s%s ", name, rows[i].labels);
		add_number(out, value);
	}
}

static double sum_of_phases(const struct probe_result *r, unsigned phases)
{
	int64_t us = 0;

	for (int i = 0; i < PROBE_PHASES; i++)
		if (phases & 1u << i)
			us += r->phase_us[i];
	return seconds(us);
}

static void write_durations(size_t d, const struct probe_metrics_row *rows, size_t n,
	struct str *out)
{
	bool is_known = false;

	for (size_t i = 0; i < n; i++) {
		const struct probe_result *r = rows[i].result;

		if (r->kind != durations[d].kind)
			continue;
		introduce(&is_known, durations[d].name, durations[d].help, out);
		for (int k = 0; k < PROBE_PHASES && durations[d].phases[k].name; k++) {
			str_addf(out, "%s{%s%sphase=\"%s\"} ", durations[d].name, rows[i].labels,
				rows[i].labels[0] ? "," : "", durations[d].phases[k].name);
			add_number(out, sum_of_phases(r, durations[d].phases[k].phases));
		}
	}
}

static void write_info(size_t f, const struct probe_metrics_row *rows, size_t n, struct str *out)
{
	bool is_known = false;

	for (size_t i = 0; i < n; i++) {
		const struct probe_tls *tls = rows[i].result->tls;
		bool needs_comma = rows[i].labels[0] != '\0';

		if (!tls)
			continue;
		introduce(&is_known, infos[f].name, infos[f].help, out);
		str_addf(out, "%s{%s", infos[f].name, rows[i].labels);
		for (size_t l = 0; l < COUNT(infos[f].labels) && infos[f].labels[l].name; l++) {
			str_addf(out, "%s%s=\"", needs_comma ? "," : "", infos[f].labels[l].name);
			add_escaped(out, (const char *)tls + infos[f].labels[l].offset);
			str_addc(out, '"');
			needs_comma = true;
		}
		str_add(out, "} 1\n");
	}
}

void probe_metrics_write(const struct probe_metrics_row *rows, size_t n, struct str *out)
{
	for (size_t g = 0; g < COUNT(gauges); g++)
		write_gauge(g, rows, n, out);
	for (size_t d = 0; d < COUNT(durations); d++)
		write_durations(d, rows, n, out);
	for (size_t f = 0; f < COUNT(infos); f++)
		write_info(f, rows, n, out);
}
