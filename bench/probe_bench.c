/* SPDX-License-Identifier: Apache-2.0 */
/*
 * probe_bench: what one probe costs.  Runs probes of one kind at a rate for a number of times and
 * prints CPU time a probe, how many were ok, and resident memory.
 *
 * usage: probe_bench KIND TARGET [RATE [COUNT [CA_FILE]]]
 *	KIND    http (a URL), tls (host:port), tcp (host:port), dns (server[:port]/NAME), icmp
 *(host) RATE    probes a second, 0 for one after the other (default 50) COUNT   default 500; the
 *first 20 are not counted CA_FILE "-": don't verify
 */
#include "base/mem.h"
#include "port/probe/probe.h"

#include <stdio.h>
#include <sys/resource.h>

#define WARM_UP 20

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

int main(int argc, char **argv)
{
	static struct bench b = { .rate = 50, .count = 500 };
	struct prober_setup setup = { .loop = &b.loop };

	if (argc < 3 || !choose(&b.spec, argv[1], argv[2])) {
		fprintf(stderr, "usage: probe_bench http|tls|tcp|dns|icmp TARGET [RATE [COUNT "
				"[CA_FILE]]]\n");
		return 64;
	}
	if (argc > 3)
		b.rate = atoll(argv[3]);
	if (argc > 4)
		b.count = atoll(argv[4]);
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
