/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exporter: many targets to scrape, in one cheap process.
 *
 * usage: exporter PORT [SERIES [CHURN]]
 *	PORT    listened on at every loopback address: 127.0.1.1:PORT, 127.0.1.2:PORT, ... are targets
 *	SERIES  that each target has (default 1000)
 *	CHURN   so many of them have a new label value each minute (default 0)
 *
 * Twenty families: counters with rates from 0 to 900,000 a second in hundredths, gauges that swing,
 * each series with labels as node_exporter has them.  Scrapes answered are told on SIGUSR1.
 */
#include "base/mem.h"
#include "base/rng.h"
#include "base/str.h"

#include <errno.h>
#include <math.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define FAMILIES    20
#define REQUEST_MAX 8192
#define EVENTS_MAX  64

static const double rates[] = { 0, 0, 0, 0.3, 1, 7.77, 1234.5, 9e5 };

struct series {
	char *prefix; /* up to the value */
	size_t prefix_len;
	double rate;
};

struct exporter {
	struct series *series;
	uint32_t n_series, n_churning;
	double begin_s;
	struct str page;
};

struct connection {
	int fd;
	size_t n;
	char request[REQUEST_MAX];
};

static volatile sig_atomic_t n_scrapes;

static double now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static bool is_counter(uint32_t family)
{
	return family % 4 != 0;
}

static void prepare(struct exporter *x, uint32_t n_series)
{
	struct rng r;
	uint32_t a_family = n_series / FAMILIES;

	rng_seed(&r, 1);
	x->n_series = a_family * FAMILIES;
	x->series = must_alloc(x->n_series * sizeof *x->series);
	for (uint32_t k = 0; k < x->n_series; k++) {
		scoped(str_fini) struct str s = STR_EMPTY;
		uint32_t i = k % a_family;

		str_addf(&s,
			"node_family_%u_total{cpu=\"%u\",mode=\"m%u\",device=\"/dev/mapper/dev-%u",
			k / a_family, i % 8, i % 11, i);
		x->series[k].rate = rates[rng_below(&r, COUNT(rates))];
		x->series[k].prefix_len = s.len;
		x->series[k].prefix = str_take(&s);
	}
}

/* Hundredths as the shortest decimal: 1234500 is 12345, 777 is 7.77. */
static void add_hundredths(struct str *page, int64_t v)
{
	char text[32], *at = text + sizeof text;
	bool is_negative = v < 0;
	uint64_t u = (uint64_t)(is_negative ? -v : v);
	uint64_t cents = u % 100;

	if (cents % 10)
		*--at = (char)('0' + cents % 10);
	if (cents) {
		*--at = (char)('0' + cents / 10);
		*--at = '.';
	}
	u /= 100;
	do {
		*--at = (char)('0' + u % 10);
		u /= 10;
	} while (u);
	if (is_negative)
		*--at = '-';
	str_addn(page, at, (size_t)(text + sizeof text - at));
}

static int64_t value_of(const struct exporter *x, uint32_t k, double age_s)
{
	double rate = x->series[k].rate;

	if (is_counter(k / (x->n_series / FAMILIES)))
		return (int64_t)(rate * age_s * 100);
	return llround((50 + fmod(rate, 17) + sin(age_s / 7 + k) * 3) * 100);
}

static void write_page(struct exporter *x)
{
	double age_s = now_s() - x->begin_s;
	uint32_t a_family = x->n_series / FAMILIES;

	str_clear(&x->page);
	for (uint32_t k = 0; k < x->n_series; k++) {
		const struct series *s = &x->series[k];
		uint32_t family = k / a_family;

		if (k % a_family == 0)
			str_addf(&x->page,
				"# HELP node_family_%u_total Realistic family %u.\n# TYPE "
				"node_family_%u_total %s\n",
				family, family, family, is_counter(family) ? "counter" : "gauge");
		str_addn(&x->page, s->prefix, s->prefix_len);
		if (k < x->n_churning)
			str_addf(&x->page, "-%d", (int)(age_s / 60));
		str_add(&x->page, "\"} ");
		add_hundredths(&x->page, value_of(x, k, age_s));
		str_addc(&x->page, '\n');
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

/* Blocks on a slow reader: scrapers read what they asked for. */
static bool answer(struct exporter *x, int fd)
{
	char head[160];

	write_page(x);
	int n = snprintf(head, sizeof head,
		"HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\nContent-Length: "
		"%zu\r\n\r\n",
		x->page.len);
	n_scrapes++;
	return send_all(fd, head, (size_t)n) && send_all(fd, x->page.s, x->page.len);
}

static void end(struct connection *c)
{
	close(c->fd);
	free(c);
}

static void on_readable(struct exporter *x, struct connection *c)
{
	ssize_t n = recv(c->fd, c->request + c->n, sizeof c->request - 1 - c->n, 0);

	if (n <= 0) {
		end(c);
		return;
	}
	c->n += (size_t)n;
	c->request[c->n] = '\0';
	if (!strstr(c->request, "\r\n\r\n")) {
		if (c->n == sizeof c->request - 1)
			end(c);
		return;
	}
	c->n = 0;
	if (!answer(x, c->fd))
		end(c);
}

static void on_connection(int epoll, int listener)
{
	int one = 1;
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0)
		return;
	struct connection *c = must_alloc(sizeof *c);
	c->fd = fd;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = c };
	if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &ev) != 0)
		end(c);
}

static int listen_on(uint16_t port)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(port) };
	int one = 1;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	at.sin_addr.s_addr = htonl(INADDR_ANY); /* every loopback address, 127.0.1.1 and on */
	if (bind(fd, (struct sockaddr *)&at, sizeof at) != 0 || listen(fd, 1024) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static void tell(int number)
{
	char text[64];
	int n = snprintf(text, sizeof text, "%d scrapes\n", (int)n_scrapes);

	(void)number;
	(void)!write(STDOUT_FILENO, text, (size_t)n);
}

static int serve(struct exporter *x, int listener)
{
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = NULL }, events[EVENTS_MAX];

	if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &ev) != 0)
		return EXIT_FAILURE;
	for (;;) {
		int n = epoll_wait(epoll, events, EVENTS_MAX, -1);

		for (int i = 0; i < n; i++) {
			if (events[i].data.ptr)
				on_readable(x, events[i].data.ptr);
			else
				on_connection(epoll, listener);
		}
	}
}

int main(int argc, char **argv)
{
	struct exporter x = { .begin_s = now_s() };
	int listener;

	if (argc < 2) {
		fprintf(stderr, "usage: %s PORT [SERIES [CHURN]]\n", argv[0]);
		return 64;
	}
	prepare(&x, argc > 2 ? (uint32_t)atoi(argv[2]) : 1000);
	x.n_churning = argc > 3 ? (uint32_t)atoi(argv[3]) : 0;
	listener = listen_on((uint16_t)atoi(argv[1]));
	if (listener < 0) {
		perror(argv[1]);
		return EXIT_FAILURE;
	}
	signal(SIGUSR1, tell);
	return serve(&x, listener);
}
