/* SPDX-License-Identifier: Apache-2.0 */
#include "port/http_server/server_private.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <unistd.h>

#define BACKLOG 128

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}
SCOPED_BY(close_fd, int)

static void free_addresses(struct addrinfo *list)
{
	if (list)
		freeaddrinfo(list);
}
SCOPED_BY(free_addresses, struct addrinfo *)

/* Blocks for names, but only once, at the start; numbers are no question to anybody. */
static enum rc resolve(const struct endpoint *p, struct addrinfo **ret, struct err *e)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
		.ai_flags = AI_PASSIVE | AI_NUMERICSERV,
		.ai_family = p->host[0] ? AF_UNSPEC : AF_INET6 };
	char port[8];
	int why;

	snprintf(port, sizeof port, "%u", p->port);
	why = getaddrinfo(p->host[0] ? p->host : NULL, port, &hints, ret);
	if (why != 0)
		return err_set(e, RC_INPUT, "'%s' has no address to listen on: %s", p->host,
			gai_strerror(why));
	return RC_OK;
}

static enum rc open_socket(const struct addrinfo *at, bool is_every, int *ret, struct err *e)
{
	scoped(close_fd) int fd =
		socket(at->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int yes = 1, only_v6 = !is_every;

	if (fd < 0)
		return err_errno(e, RC_IO, errno, "making a socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
	if (at->ai_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only_v6, sizeof only_v6);
	if (bind(fd, at->ai_addr, at->ai_addrlen) < 0 || listen(fd, BACKLOG) < 0)
		return err_errno(e, RC_IO, errno, "binding");
	*ret = fd;
	fd = -1;
	return RC_OK;
}

static void real_port(int fd, struct endpoint *p)
{
	struct sockaddr_storage at = { 0 };
	socklen_t n = sizeof at;

	if (getsockname(fd, (struct sockaddr *)&at, &n) < 0)
		return;
	if (at.ss_family == AF_INET)
		p->port = ntohs(((struct sockaddr_in *)&at)->sin_port);
	else
		p->port = ntohs(((struct sockaddr_in6 *)&at)->sin6_port);
}

enum rc listen_on(const char *listen, int *ret_fd, char ret_address[ENDPOINT_TEXT_MAX],
	struct err *e)
{
	scoped(free_addresses) struct addrinfo *list = NULL;
	struct endpoint p;
	bool is_every;
	enum rc rc = endpoint_parse(listen, &p, e);

	if (rc == RC_OK)
		rc = resolve(&p, &list, e);
	if (rc != RC_OK)
		return rc;
	is_every = p.host[0] == '\0' || str_eq(p.host, "::");
	rc = open_socket(list, is_every, ret_fd, e);
	if (rc != RC_OK)
		return err_in(e, rc, "listening on %s", listen);
	real_port(*ret_fd, &p);
	endpoint_text(&p, ret_address);
	return RC_OK;
}
