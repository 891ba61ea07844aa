/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loopback: servers for tests, on a free port of 127.0.0.1, each in a thread of its own.
 *
 * A test writes the server as a plain function that talks to one client; blocking calls end after
 * LOOPBACK_PATIENCE_MS or when the client goes away, and the function then finds nothing to read.
 *
 *	static void pong(struct visitor *v)
 *	{
 *		visitor_read_until(v, "\r\n\r\n");
 *		visitor_say(v, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\npong\n");
 *	}
 */
#ifndef TEST_SUPPORT_LOOPBACK_H
#define TEST_SUPPORT_LOOPBACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOOPBACK_PATIENCE_MS 10000

struct identity; /* a certificate with its key */

struct visitor {
	int fd;
	void *tls;       /* gnutls_session_t; NULL while plain */
	void *ctx;       /* the test's */
	unsigned number; /* counts the visitors of this server from 0 */
	char seen[8192]; /* what it said, terminated, as of the last read */
	size_t n_seen;
};

typedef void serve_tcp(struct visitor *v);
/* Answers a datagram in place; returns the answer's length, 0 for none. */
typedef size_t serve_udp(void *ctx, unsigned number, uint8_t *datagram, size_t n, size_t size);

struct loopback;
struct loopback *loopback_tcp(serve_tcp *serve, void *ctx);
/* The same on a given port: that of a datagram server, say.  NULL: another program has it. */
struct loopback *loopback_tcp_at(uint16_t port, serve_tcp *serve, void *ctx);
struct loopback *loopback_tls(serve_tcp *serve, void *ctx, const struct identity *id);
struct loopback *loopback_udp(serve_udp *serve, void *ctx);
/* The same, answering from another port, as somebody does who only guesses what was asked. */
struct loopback *loopback_udp_aside(serve_udp *serve, void *ctx);
/* Neither answers nor refuses: its backlog is full, so that SYNs are dropped. */
struct loopback *loopback_black_hole(void);
uint16_t loopback_port(const struct loopback *l);
unsigned loopback_visits(struct loopback *l);
void loopback_free(struct loopback *l); /* waits for the thread */

/* Read until `text` was seen; false when the client went away before. */
bool visitor_read_until(struct visitor *v, const char *text);
bool visitor_read(struct visitor *v, size_t n); /* exactly `n` bytes */
void visitor_say(struct visitor *v, const char *text);
void visitor_sayn(struct visitor *v, const void *bytes, size_t n);
void visitor_sleep(unsigned ms);
void visitor_wait(struct visitor *v); /* say nothing until the client leaves */
bool visitor_start_tls(struct visitor *v, const struct identity *id); /* handshake as server */
void visitor_reset(struct visitor *v);                                /* close with RST */

/* A port of 127.0.0.1 that nobody listens on (nor will soon). */
uint16_t loopback_closed_port(void);

struct identity_wish {
	const char *common_name;
	const char *dns_name; /* NULL: none */
	bool has_loopback_ip; /* also for 127.0.0.1 and ::1 */
	bool is_ca;
	int64_t begins_s, ends_s;      /* from now; ends 0: ten years */
	const struct identity *issuer; /* NULL: self-signed */
	unsigned rsa_bits;             /* 0: an ECDSA key of P-256 */
	bool is_sha1;                  /* the signature on it */
	unsigned times;                /* how often the chain shows it; 0: once */
};
struct identity *identity_new(const struct identity_wish *wish);
void identity_free(struct identity *id);
/* PEM files of the certificate (and key) in a folder that the test owns. */
void identity_write(const struct identity *id, const char *cert_path, const char *key_path);

#endif
