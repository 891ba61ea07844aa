/* SPDX-License-Identifier: Apache-2.0 */
/* `diarchy speak`, hidden: one line of text to whoever connects; the demo's mail and ssh
 * servers. */
#include "cli/command.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

static enum rc listen_at(const char *address, int *ret, struct err *e)
{
	const char *colon = strrchr(address, ':');
	struct sockaddr_in sin;
	char host[64];
	int fd = -1, yes = 1;

	if (!colon || (size_t)(colon - address) >= sizeof host)
		return err_set(e, RC_USAGE, "'%s' is not host:port", address);
	memcpy(host, address, (size_t)(colon - address));
	host[colon - address] = '\0';
	if (uv_ip4_addr(host, atoi(colon + 1), &sin) != 0)
		return err_set(e, RC_USAGE, "'%s' is no numeric address", address);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
	if (bind(fd, (struct sockaddr *)&sin, sizeof sin) != 0 || listen(fd, 64) != 0) {
		err_errno(e, RC_IO, errno, "listening at %s", address);
		close(fd);
		return RC_IO;
	}
	*ret = fd;
	return RC_OK;
}

enum rc command_speak(struct call *c, struct err *e)
{
	scoped(str_fini) struct str line = STR_EMPTY;
	int listener = -1, fd;
	enum rc rc = listen_at(c->arguments[0], &listener, e);

	if (rc != RC_OK)
		return rc;
	for (uint32_t i = 1; i < c->n_arguments; i++)
		str_addf(&line, "%s%s", i > 1 ? " " : "", c->arguments[i]);
	str_add(&line, "\r\n");
	signal(SIGPIPE, SIG_IGN);
	while ((fd = accept(listener, NULL, NULL)) >= 0 || errno == EINTR ||
		errno == ECONNABORTED) {
		if (fd >= 0) {
			(void)!write(fd, line.s, line.len); /* whoever has left needs no greeting */
			close(fd);
		}
	}
	err_errno(e, RC_IO, errno, "accepting at %s", c->arguments[0]);
	close(listener);
	return RC_IO;
}
