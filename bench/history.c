/* SPDX-License-Identifier: Apache-2.0 */
/*
 * history: days of made-up hosts, sent by remote write as fast as the receiver takes them.
 *
 * usage: history KIND ADDRESS PORT PATH HOSTS DAYS STEP_S END_S
 *	KIND     node: node_exporter's 892 series of each host; requests: one histogram of 600 series
 *	ADDRESS  IPv4
 *	END_S    seconds since 1970 of the last sample
 *
 * Requests come in order of time, some samples of each series in each.  Prints what was sent.
 * https://prometheus.io/docs/specs/prw/remote_write_spec/
 */
#include "bench/host.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define STEPS         20   /* samples of a series in a request, and no more than SPAN_S of them: */
#define SPAN_S        1800 /* Prometheus takes nothing older than an hour before its newest */
#define LITERAL_BYTES 65536
#define ANSWER_MAX    4096

struct receiver {
	int fd;
	const char *path;
};

struct sending {
	struct receiver to;
	struct str series, request, block; /* used again and again */
	int64_t step_ms;
	uint64_t n_samples;
};

static void add_varint(struct str *s, uint64_t v)
{
	uint8_t bytes[10];
	size_t n = 0;

	for (; v > 0x7f; v >>= 7)
		bytes[n++] = (uint8_t)(v | 0x80);
	bytes[n++] = (uint8_t)v;
	str_addn(s, bytes, n);
}

static size_t varint_len(uint64_t v)
{
	size_t n = 1;

	for (; v > 0x7f; v >>= 7)
		n++;
	return n;
}

static void add_text(struct str *s, uint8_t field, const char *text)
{
	str_addc(s, (char)(field << 3 | 2));
	add_varint(s, strlen(text));
	str_add(s, text);
}

static void add_label(struct str *s, const struct host_label *l)
{
	size_t name = strlen(l->name), value = strlen(l->value);

	str_addc(s, 1 << 3 | 2);
	add_varint(s, 2 + varint_len(name) + name + varint_len(value) + value);
	add_text(s, 1, l->name);
	add_text(s, 2, l->value);
}

static void add_sample(struct str *s, int64_t t_ms, double v)
{
	str_addc(s, 2 << 3 | 2);
	add_varint(s, 10 + varint_len((uint64_t)t_ms));
	str_addc(s, 1 << 3 | 1);
	str_addn(s, &v, sizeof v);
	str_addc(s, 2 << 3);
	add_varint(s, (uint64_t)t_ms);
}

static void add_series(struct sending *w, struct host_series *series, int64_t begin_ms, int n_steps)
{
	str_clear(&w->series);
	for (uint32_t i = 0; i < series->n_labels; i++)
		add_label(&w->series, &series->labels[i]);
	for (int i = 0; i < n_steps; i++) {
		int64_t t_ms = begin_ms + i * w->step_ms;

		add_sample(&w->series, t_ms, host_next(series, t_ms, (double)w->step_ms / 1000));
	}
	str_addc(&w->request, 1 << 3 | 2);
	add_varint(&w->request, w->series.len);
	str_addn(&w->request, w->series.s, w->series.len);
	w->n_samples += (uint64_t)n_steps;
}

/* A snappy block of literals only. */
static void pack(struct str *out, const struct str *in)
{
	str_clear(out);
	add_varint(out, in->len);
	for (size_t at = 0; at < in->len; at += LITERAL_BYTES) {
		size_t n = in->len - at < LITERAL_BYTES ? in->len - at : LITERAL_BYTES;
		uint16_t less = (uint16_t)(n - 1);

		str_addc(out, (char)(61 << 2));
		str_addn(out, &less, sizeof less);
		str_addn(out, in->s + at, n);
	}
}

static bool send_all(int fd, const char *bytes, size_t n)
{
	while (n > 0) {
		ssize_t sent = send(fd, bytes, n, MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent <= 0)
			return false;
		bytes += sent;
		n -= (size_t)sent;
	}
	return true;
}

/* The answers to a write have no body worth reading: 204 without one, or an error that ends us. */
static bool is_taken(int fd)
{
	char answer[ANSWER_MAX];
	size_t n = 0;

	while (n < sizeof answer - 1) {
		ssize_t got = recv(fd, answer + n, sizeof answer - 1 - n, 0);

		if (got <= 0)
			return false;
		n += (size_t)got;
		answer[n] = '\0';
		if (strstr(answer, "\r\n\r\n"))
			break;
	}
	if (str_starts(answer, "HTTP/1.1 204") || str_starts(answer, "HTTP/1.1 200"))
		return true;
	fprintf(stderr, "history: refused: %s\n", answer);
	return false;
}

static bool post(struct sending *w)
{
	char head[512];

	pack(&w->block, &w->request);
	int n = snprintf(head, sizeof head,
		"POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-protobuf\r\n"
		"Content-Encoding: snappy\r\nX-Prometheus-Remote-Write-Version: 0.1.0\r\n"
		"Content-Length: %zu\r\n\r\n",
		w->to.path, w->block.len);
	return send_all(w->to.fd, head, (size_t)n) &&
	       send_all(w->to.fd, w->block.s, w->block.len) && is_taken(w->to.fd);
}

static int connect_to(const char *address, const char *port)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port)) };
	int one = 1;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || inet_pton(AF_INET, address, &at.sin_addr) != 1 ||
		connect(fd, (struct sockaddr *)&at, sizeof at) != 0)
		return -1;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	return fd;
}

struct span {
	int64_t begin_ms, end_ms;
};

static bool write_all(struct sending *w, struct host *hosts, uint32_t n_hosts, struct span when)
{
	int64_t steps = SPAN_S * 1000 / w->step_ms;

	steps = steps < 1 ? 1 : steps > STEPS ? STEPS : steps;
	for (int64_t t_ms = when.begin_ms; t_ms <= when.end_ms; t_ms += steps * w->step_ms) {
		int64_t left = (when.end_ms - t_ms) / w->step_ms + 1;

		for (uint32_t i = 0; i < n_hosts; i++) {
			str_clear(&w->request);
			for (uint32_t k = 0; k < hosts[i].n; k++)
				add_series(w, &hosts[i].series[k], t_ms,
					(int)(left < steps ? left : steps));
			if (!post(w))
				return false;
		}
	}
	return true;
}

struct hosts {
	struct host *v;
	uint32_t n, n_series;
};

static void hosts_init(struct hosts *h, enum host_kind kind, uint32_t n)
{
	*h = (struct hosts){ .v = must_alloc((n + 1) * sizeof *h->v), .n = n };
	for (uint32_t i = 0; i < n; i++) {
		host_init(&h->v[i], kind, i + 1);
		h->n_series += h->v[i].n;
	}
}

static void hosts_fini(struct hosts *h)
{
	for (uint32_t i = 0; i < h->n; i++)
		host_fini(&h->v[i]);
	free(h->v);
}
SCOPED_FINI(hosts_fini, struct hosts)

static void sending_fini(struct sending *w)
{
	str_fini(&w->series);
	str_fini(&w->request);
	str_fini(&w->block);
	if (w->to.fd >= 0)
		close(w->to.fd);
}
SCOPED_FINI(sending_fini, struct sending)

int main(int argc, char **argv)
{
	scoped(sending_fini) struct sending w = { .to.fd = -1 };
	scoped(hosts_fini) struct hosts hosts = { 0 };

	if (argc != 9) {
		fprintf(stderr, "usage: %s KIND ADDRESS PORT PATH HOSTS DAYS STEP_S END_S\n",
			argv[0]);
		return 64;
	}
	w.to = (struct receiver){ .fd = connect_to(argv[2], argv[3]), .path = argv[4] };
	if (w.to.fd < 0) {
		perror("history: connect");
		return EXIT_FAILURE;
	}
	hosts_init(&hosts, str_eq(argv[1], "node") ? HOST_NODE : HOST_REQUESTS,
		(uint32_t)atoi(argv[5]));
	w.step_ms = atoi(argv[7]) * 1000;
	int64_t end_ms = atoll(argv[8]) * 1000;
	struct span when = { .begin_ms = end_ms - (int64_t)(atof(argv[6]) * 86400e3),
		.end_ms = end_ms };
	bool is_done = write_all(&w, hosts.v, hosts.n, when);
	printf("%u series, %llu samples\n", hosts.n_series, (unsigned long long)w.n_samples);
	return is_done ? EXIT_SUCCESS : EXIT_FAILURE;
}
