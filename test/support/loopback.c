/* SPDX-License-Identifier: Apache-2.0 */
#include "test/support/loopback.h"

#include "base/mem.h"

#include <arpa/inet.h>
#include <errno.h>
#include <gnutls/x509.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CHAIN_MAX 64

struct identity {
	gnutls_x509_privkey_t key;
	gnutls_x509_crt_t chain[CHAIN_MAX]; /* own certificate first, without a root */
	unsigned n_chain;
	gnutls_certificate_credentials_t credentials;
};

struct loopback {
	int fd;
	int aside;   /* answers to datagrams leave by this; 0: by `fd` */
	int hole[8]; /* connections that fill a black hole's backlog */
	uint16_t port;
	serve_tcp *tcp;
	serve_udp *udp;
	void *ctx;
	const struct identity *id;
	pthread_t thread;
	bool has_thread;
	atomic_bool is_stopping;
	atomic_uint visits;
};

/* *port 0: any that is free.  -1: another program has the port. */
static int listen_on_loopback(int type, uint16_t *port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_port = htons(*port) };
	socklen_t n = sizeof sin;
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	must(fd >= 0);
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(fd, (struct sockaddr *)&sin, sizeof sin) != 0) {
		must(errno == EADDRINUSE && *port);
		close(fd);
		return -1;
	}
	must(getsockname(fd, (struct sockaddr *)&sin, &n) == 0);
	*port = ntohs(sin.sin_port);
	return fd;
}

uint16_t loopback_closed_port(void)
{
	uint16_t port = 0;
	int fd = listen_on_loopback(SOCK_STREAM, &port);

	close(fd);
	return port;
}

/* True when `fd` can be read before patience or the test ends. */
static bool is_readable(struct loopback *l, int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	for (int waited = 0; waited < LOOPBACK_PATIENCE_MS; waited += 20) {
		if (poll(&p, 1, 20) > 0)
			return true;
		if (l && atomic_load(&l->is_stopping))
			return false;
	}
	return false;
}

static ssize_t read_some(struct visitor *v, char *into, size_t size)
{
	if (v->tls)
		return gnutls_record_recv(v->tls, into, size);
	return recv(v->fd, into, size, 0);
}

bool visitor_read_until(struct visitor *v, const char *text)
{
	v->n_seen = 0;
	v->seen[0] = '\0';
	while (!strstr(v->seen, text) && v->n_seen < sizeof v->seen - 1) {
		/* One byte at a time: what follows `text` stays for the next read. */
		ssize_t n = read_some(v, v->seen + v->n_seen, 1);

		if (n <= 0)
			return false;
		v->n_seen += (size_t)n;
		v->seen[v->n_seen] = '\0';
	}
	return strstr(v->seen, text) != NULL;
}

bool visitor_read(struct visitor *v, size_t n)
{
	v->n_seen = 0;
	must(n < sizeof v->seen);
	while (v->n_seen < n) {
		ssize_t got = read_some(v, v->seen + v->n_seen, n - v->n_seen);

		if (got <= 0)
			return false;
		v->n_seen += (size_t)got;
	}
	v->seen[n] = '\0';
	return true;
}

void visitor_sayn(struct visitor *v, const void *bytes, size_t n)
{
	for (size_t done = 0; done < n;) {
		const char *from = (const char *)bytes + done;
		ssize_t sent = v->tls ? gnutls_record_send(v->tls, from, n - done)
				      : send(v->fd, from, n - done, MSG_NOSIGNAL);

		if (sent <= 0)
			return;
		done += (size_t)sent;
	}
}

void visitor_say(struct visitor *v, const char *text)
{
	visitor_sayn(v, text, strlen(text));
}

void visitor_sleep(unsigned ms)
{
	usleep(ms * 1000);
}

void visitor_wait(struct visitor *v)
{
	char dropped[512];

	while (recv(v->fd, dropped, sizeof dropped, 0) > 0)
		;
}

bool visitor_start_tls(struct visitor *v, const struct identity *id)
{
	gnutls_session_t session;
	int rc;

	must(gnutls_init(&session, GNUTLS_SERVER | GNUTLS_NO_SIGNAL) == 0);
	gnutls_set_default_priority(session);
	gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, id->credentials);
	gnutls_transport_set_int(session, v->fd);
	do {
		rc = gnutls_handshake(session);
	} while (rc < 0 && !gnutls_error_is_fatal(rc));
	if (rc < 0) {
		gnutls_deinit(session);
		return false;
	}
	v->tls = session;
	return true;
}

void visitor_reset(struct visitor *v)
{
	struct linger hard = { .l_onoff = 1 };

	setsockopt(v->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
}

/* Closing with unread bytes would send RST and may destroy what the client has not read yet. */
static void hang_up(struct visitor *v)
{
	struct linger linger = { 0 };
	socklen_t n = sizeof linger;

	if (v->tls) {
		gnutls_bye(v->tls, GNUTLS_SHUT_WR);
		gnutls_deinit(v->tls);
	}
	getsockopt(v->fd, SOL_SOCKET, SO_LINGER, &linger, &n);
	if (!linger.l_onoff) {
		struct timeval brief = { .tv_usec = 200 * 1000 };

		shutdown(v->fd, SHUT_WR);
		setsockopt(v->fd, SOL_SOCKET, SO_RCVTIMEO, &brief, sizeof brief);
		visitor_wait(v);
	}
	close(v->fd);
}

static void receive_visitor(struct loopback *l, int fd)
{
	struct timeval patience = { .tv_sec = LOOPBACK_PATIENCE_MS / 1000 };
	struct visitor v = { .fd = fd, .ctx = l->ctx, .number = atomic_fetch_add(&l->visits, 1) };
	int on = 1;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	if (!l->id || visitor_start_tls(&v, l->id))
		l->tcp(&v);
	hang_up(&v);
}

static void *run_tcp(void *arg)
{
	struct loopback *l = arg;

	while (!atomic_load(&l->is_stopping)) {
		int fd;

		if (!is_readable(l, l->fd))
			continue;
		fd = accept4(l->fd, NULL, NULL, SOCK_CLOEXEC);
		if (fd >= 0)
			receive_visitor(l, fd);
	}
	return NULL;
}

static void *run_udp(void *arg)
{
	struct loopback *l = arg;
	uint8_t datagram[65536];

	while (!atomic_load(&l->is_stopping)) {
		struct sockaddr_in from;
		socklen_t length = sizeof from;
		ssize_t n;
		size_t answer;

		if (!is_readable(l, l->fd))
			continue;
		n = recvfrom(l->fd, datagram, sizeof datagram, 0, (struct sockaddr *)&from,
			&length);
		if (n < 0)
			continue;
		answer = l->udp(l->ctx, atomic_fetch_add(&l->visits, 1), datagram, (size_t)n,
			sizeof datagram);
		if (answer)
			sendto(l->aside ? l->aside : l->fd, datagram, answer, 0,
				(struct sockaddr *)&from, length);
	}
	return NULL;
}

static struct loopback *start(struct loopback *l, void *(*run)(void *))
{
	must(pthread_create(&l->thread, NULL, run, l) == 0);
	l->has_thread = true;
	return l;
}

static struct loopback *start_tcp(uint16_t port, serve_tcp *serve, void *ctx,
	const struct identity *id)
{
	int fd = listen_on_loopback(SOCK_STREAM, &port);
	struct loopback *l;

	if (fd < 0)
		return NULL;
	l = must_alloc(sizeof *l);
	l->port = port;
	l->fd = fd;
	must(listen(l->fd, 64) == 0);
	l->tcp = serve;
	l->ctx = ctx;
	l->id = id;
	return start(l, run_tcp);
}

struct loopback *loopback_tls(serve_tcp *serve, void *ctx, const struct identity *id)
{
	return start_tcp(0, serve, ctx, id);
}

struct loopback *loopback_tcp(serve_tcp *serve, void *ctx)
{
	return start_tcp(0, serve, ctx, NULL);
}

struct loopback *loopback_tcp_at(uint16_t port, serve_tcp *serve, void *ctx)
{
	return start_tcp(port, serve, ctx, NULL);
}

static struct loopback *make_udp(serve_udp *serve, void *ctx)
{
	struct loopback *l = must_alloc(sizeof *l);

	l->fd = listen_on_loopback(SOCK_DGRAM, &l->port);
	l->udp = serve;
	l->ctx = ctx;
	return l;
}

struct loopback *loopback_udp(serve_udp *serve, void *ctx)
{
	return start(make_udp(serve, ctx), run_udp);
}

struct loopback *loopback_udp_aside(serve_udp *serve, void *ctx)
{
	struct loopback *l = make_udp(serve, ctx);
	uint16_t port = 0;

	l->aside = listen_on_loopback(SOCK_DGRAM, &port);
	must(l->aside > 0);
	return start(l, run_udp);
}

struct loopback *loopback_black_hole(void)
{
	struct loopback *l = must_alloc(sizeof *l);
	struct sockaddr_in sin = { .sin_family = AF_INET };

	l->fd = listen_on_loopback(SOCK_STREAM, &l->port);
	must(listen(l->fd, 0) == 0);
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	sin.sin_port = htons(l->port);
	for (size_t i = 0; i < COUNT(l->hole); i++) {
		l->hole[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		must(l->hole[i] >= 0);
		if (connect(l->hole[i], (struct sockaddr *)&sin, sizeof sin) != 0)
			must(errno == EINPROGRESS);
	}
	usleep(20 * 1000);
	return l;
}

uint16_t loopback_port(const struct loopback *l)
{
	return l->port;
}

unsigned loopback_visits(struct loopback *l)
{
	return atomic_load(&l->visits);
}

void loopback_free(struct loopback *l)
{
	if (!l)
		return;
	atomic_store(&l->is_stopping, true);
	if (l->has_thread)
		pthread_join(l->thread, NULL);
	for (size_t i = 0; i < COUNT(l->hole); i++)
		if (l->hole[i] > 0)
			close(l->hole[i]);
	if (l->aside)
		close(l->aside);
	close(l->fd);
	free(l);
}

static void add_names(gnutls_x509_crt_t cert, const struct identity_wish *wish)
{
	static const uint8_t v4[4] = { 127, 0, 0, 1 };
	static const uint8_t v6[16] = { [15] = 1 };

	must(gnutls_x509_crt_set_dn_by_oid(cert, GNUTLS_OID_X520_COMMON_NAME, 0, wish->common_name,
		     (unsigned)strlen(wish->common_name)) == 0);
	if (wish->dns_name)
		must(gnutls_x509_crt_set_subject_alt_name(cert, GNUTLS_SAN_DNSNAME, wish->dns_name,
			     (unsigned)strlen(wish->dns_name), GNUTLS_FSAN_APPEND) == 0);
	if (!wish->has_loopback_ip)
		return;
	must(gnutls_x509_crt_set_subject_alt_name(cert, GNUTLS_SAN_IPADDRESS, v4, sizeof v4,
		     GNUTLS_FSAN_APPEND) == 0);
	must(gnutls_x509_crt_set_subject_alt_name(cert, GNUTLS_SAN_IPADDRESS, v6, sizeof v6,
		     GNUTLS_FSAN_APPEND) == 0);
}

static gnutls_x509_crt_t make_certificate(struct identity *id, const struct identity_wish *wish)
{
	static atomic_uint serials = 1;
	uint8_t serial[5] = { 0x10 };
	unsigned number = atomic_fetch_add(&serials, 1);
	time_t now = time(NULL);
	gnutls_x509_crt_t cert;

	must(gnutls_x509_crt_init(&cert) == 0);
	must(gnutls_x509_crt_set_version(cert, 3) == 0);
	memcpy(serial + 1, &number, sizeof number);
	must(gnutls_x509_crt_set_serial(cert, serial, sizeof serial) == 0);
	gnutls_x509_crt_set_activation_time(cert, now - 3600 + wish->begins_s);
	gnutls_x509_crt_set_expiration_time(cert, now + (wish->ends_s ? wish->ends_s : 315360000));
	must(gnutls_x509_crt_set_key(cert, id->key) == 0);
	must(gnutls_x509_crt_set_basic_constraints(cert, wish->is_ca, -1) == 0);
	add_names(cert, wish);
	must(gnutls_x509_crt_sign2(cert, wish->issuer ? wish->issuer->chain[0] : cert,
		     wish->issuer ? wish->issuer->key : id->key,
		     wish->is_sha1 ? GNUTLS_DIG_SHA1 : GNUTLS_DIG_SHA256, 0) == 0);
	return cert;
}

struct identity *identity_new(const struct identity_wish *wish)
{
	struct identity *id = must_alloc(sizeof *id);

	must(gnutls_x509_privkey_init(&id->key) == 0);
	if (wish->rsa_bits)
		must(gnutls_x509_privkey_generate(id->key, GNUTLS_PK_RSA, wish->rsa_bits, 0) == 0);
	else
		must(gnutls_x509_privkey_generate(id->key, GNUTLS_PK_ECDSA,
			     GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0) == 0);
	id->chain[id->n_chain++] = make_certificate(id, wish);
	while (id->n_chain < wish->times)
		id->chain[id->n_chain++] = id->chain[0];
	must(gnutls_certificate_allocate_credentials(&id->credentials) == 0);
	must(gnutls_certificate_set_x509_key(id->credentials, id->chain, (int)id->n_chain,
		     id->key) == 0);
	return id;
}

void identity_free(struct identity *id)
{
	if (!id)
		return;
	gnutls_certificate_free_credentials(id->credentials);
	gnutls_x509_crt_deinit(id->chain[0]);
	gnutls_x509_privkey_deinit(id->key);
	free(id);
}

static void write_file(const char *path, const gnutls_datum_t *pem)
{
	FILE *f = fopen(path, "we");

	must(f != NULL);
	must(fwrite(pem->data, 1, pem->size, f) == pem->size);
	must(fclose(f) == 0);
}

void identity_write(const struct identity *id, const char *cert_path, const char *key_path)
{
	gnutls_datum_t pem;

	must(gnutls_x509_crt_export2(id->chain[0], GNUTLS_X509_FMT_PEM, &pem) == 0);
	write_file(cert_path, &pem);
	gnutls_free(pem.data);
	if (!key_path)
		return;
	must(gnutls_x509_privkey_export2(id->key, GNUTLS_X509_FMT_PEM, &pem) == 0);
	write_file(key_path, &pem);
	gnutls_free(pem.data);
}
