/* SPDX-License-Identifier: Apache-2.0 */
/*
 * probe_bench: what one probe costs.  Runs probes of one kind at a rate for a number of times and
 * prints CPU time a probe, how many were ok, and resident memory.
 *
 * usage: probe_bench KIND TARGET [RATE [COUNT [CA_FILE]]]
 *	KIND     http (a URL), tls (host:port), tcp (host:port), dns (server[:port]/NAME), icmp (host),
 *	         handshake (IPv4:port): TLS and no more
 *	RATE     probes a second, 0 for one after the other (default 50)
 *	COUNT    default 500; the first 20 are not counted
 *	CA_FILE  "-": don't verify
 */
#include "base/mem.h"
#include "port/probe/probe.h"

#include <arpa/inet.h>
#include <gnutls/gnutls.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#define WARM_UP 20
#define HANDSHAKE_PRIORITY                                                     \
	"NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-GROUP-ALL:+GROUP-X25519:" \
	"+GROUP-SECP256R1"

struct bench {
	uv_loop_t loop;
	uv_timer_t timer;
	struct prober *prober;
	struct probe_spec spec;
	int64_t rate, count;
	int64_t n_started, n_done, n_ok;
	double cpu_before_us, took_us;
	char reason[REASON_BYTES_MAX + 1];
};

static double cpu_us(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e6 +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

static void on_turn(uv_timer_t *timer);

static void on_done(void *ctx, const struct probe_result *r)
{
	struct bench *b = ctx;

	b->n_done++;
	if (b->n_done <= WARM_UP) {
		if (b->n_done == WARM_UP)
			b->cpu_before_us = cpu_us();
	} else {
		b->n_ok += r->is_ok;
		b->took_us += (double)r->duration_us;
	}
	if (!r->is_ok)
		memcpy(b->reason, r->reason, sizeof b->reason);
	if (b->n_done == b->count + WARM_UP) {
		uv_close((uv_handle_t *)&b->timer, NULL);
		prober_close(b->prober, NULL, NULL);
	} else if (b->rate == 0) {
		on_turn(&b->timer);
	}
}

static void on_turn(uv_timer_t *timer)
{
	struct bench *b = timer->data;

	if (b->n_started == b->count + WARM_UP)
		return;
	b->n_started++;
	probe_start(b->prober, &b->spec, on_done, b);
}

/* Fills the spec for `kind`; false: no such kind. */
static bool choose(struct probe_spec *s, const char *kind, char *target)
{
	s->timeout_ms = 5000;
	s->ip = IP_V4;
	s->ip_fallback = true;
	if (strcmp(kind, "http") == 0) {
		s->kind = PROBE_HTTP;
		s->http.url = target;
		s->http.method = "GET";
		s->http.follow_redirects = true;
	} else if (strcmp(kind, "tls") == 0 || strcmp(kind, "tcp") == 0) {
		s->kind = strcmp(kind, "tls") == 0 ? PROBE_TLS : PROBE_TCP;
		s->tcp.address = target;
		s->tcp.use_tls = s->kind == PROBE_TLS;
	} else if (strcmp(kind, "dns") == 0 && strchr(target, '/')) {
		s->kind = PROBE_DNS;
		s->dns.name = strchr(target, '/') + 1;
		*strchr(target, '/') = '\0';
		s->dns.server = target;
		s->dns.type = 1;
	} else if (strcmp(kind, "icmp") == 0) {
		s->kind = PROBE_ICMP;
		s->icmp.address = target;
		s->icmp.payload_bytes = 56;
		s->icmp.loss_percent_max = 99;
	} else {
		return false;
	}
	return true;
}

static void trust_ca(struct probe_spec *s, const char *ca_file)
{
	struct tls_spec *tls = s->kind == PROBE_HTTP ? &s->http.tls : &s->tcp.tls;

	if (s->kind != PROBE_HTTP && s->kind != PROBE_TLS)
		return;
	if (strcmp(ca_file, "-") == 0)
		tls->is_insecure = true;
	else
		tls->ca_file = ca_file;
}

static void print(const struct bench *b, const char *kind)
{
	struct rusage u;
	double n = (double)b->count;

	getrusage(RUSAGE_SELF, &u);
	printf("%-5s %6lld probes, %6lld ok: %7.0f us of CPU each, %7.0f us took, %ld KiB at "
	       "most%s%s\n",
		kind, (long long)b->count, (long long)b->n_ok, (cpu_us() - b->cpu_before_us) / n,
		b->took_us / n, u.ru_maxrss, b->reason[0] ? "; " : "", b->reason);
}

/* The floor of a TLS probe: connection and handshake with the priorities of our probes, without
 * looking at the certificate. */
static bool shake_hands(const struct sockaddr_in *to, gnutls_priority_t priority,
	gnutls_certificate_credentials_t credentials)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), code = -1;
	gnutls_session_t session;

	if (connect(fd, (const struct sockaddr *)to, sizeof *to) == 0 &&
		gnutls_init(&session, GNUTLS_CLIENT | GNUTLS_NO_TICKETS | GNUTLS_KEY_SHARE_TOP) ==
			0) {
		gnutls_priority_set(session, priority);
		gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, credentials);
		gnutls_server_name_set(session, GNUTLS_NAME_DNS, "localhost", 9);
		gnutls_transport_set_int(session, fd);
		do {
			code = gnutls_handshake(session);
		} while (code < 0 && !gnutls_error_is_fatal(code));
		gnutls_deinit(session);
	}
	close(fd);
	return code == 0;
}

/* "127.0.0.1:443" */
static struct sockaddr_in address_of(const char *target)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	const char *colon = strchr(target, ':');
	char host[INET_ADDRSTRLEN] = "";

	if (colon)
		snprintf(host, sizeof host, "%.*s", (int)(colon - target), target);
	must(inet_pton(AF_INET, host, &to.sin_addr) == 1);
	to.sin_port = htons((uint16_t)atoi(colon + 1));
	return to;
}

static void bench_handshakes(struct bench *b, const char *target)
{
	struct sockaddr_in to = address_of(target);
	gnutls_certificate_credentials_t credentials;
	gnutls_priority_t priority;

	must(gnutls_certificate_allocate_credentials(&credentials) == 0);
	must(gnutls_priority_init(&priority, HANDSHAKE_PRIORITY, NULL) == 0);
	for (int64_t i = 0; i < b->count + WARM_UP; i++) {
		if (i == WARM_UP)
			b->cpu_before_us = cpu_us();
		if (shake_hands(&to, priority, credentials) && i >= WARM_UP)
			b->n_ok++;
		if (b->rate)
			usleep((useconds_t)(1000000 / b->rate));
	}
	gnutls_priority_deinit(priority);
	gnutls_certificate_free_credentials(credentials);
	print(b, "shake");
}

int main(int argc, char **argv)
{
	static struct bench b = { .rate = 50, .count = 500 };
	struct prober_setup setup = { .loop = &b.loop };

	bool is_handshake = argc > 2 && strcmp(argv[1], "handshake") == 0;

	if (argc < 3 || (!is_handshake && !choose(&b.spec, argv[1], argv[2]))) {
		fprintf(stderr,
			"usage: probe_bench http|tls|tcp|dns|icmp|handshake TARGET [RATE [COUNT "
			"[CA_FILE]]]\n");
		return 64;
	}
	if (argc > 3)
		b.rate = atoll(argv[3]);
	if (argc > 4)
		b.count = atoll(argv[4]);
	if (is_handshake) {
		bench_handshakes(&b, argv[2]);
		return 0;
	}
	if (argc > 5)
		trust_ca(&b.spec, argv[5]);
	uv_loop_init(&b.loop);
	uv_timer_init(&b.loop, &b.timer);
	b.timer.data = &b;
	b.prober = prober_new(&setup);
	if (b.rate)
		uv_timer_start(&b.timer, on_turn, 0, (uint64_t)(1000 / b.rate ? 1000 / b.rate : 1));
	else
		on_turn(&b.timer);
	uv_run(&b.loop, UV_RUN_DEFAULT);
	print(&b, argv[1]);
	return uv_loop_close(&b.loop) != 0;
}
