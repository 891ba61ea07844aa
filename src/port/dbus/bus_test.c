/* SPDX-License-Identifier: Apache-2.0 */
/* Buses that aren't well; a real one is asked in test/engines. */
#include "port/dbus/bus.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define PATIENCE_MS 200

struct listener {
	char folder[64], path[96];
	int fd;
	pid_t child;
};

static void listener_init(struct listener *l)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };

	*l = (struct listener){ .folder = "/tmp/bus.XXXXXX" };
	assert_non_null(mkdtemp(l->folder));
	snprintf(l->path, sizeof l->path, "%s/socket", l->folder);
	assert_true(str_copy(at.sun_path, sizeof at.sun_path, l->path));
	l->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(l->fd, (struct sockaddr *)&at, sizeof at), 0);
	assert_int_equal(listen(l->fd, 4), 0);
}

static void listener_fini(struct listener *l)
{
	if (l->child > 0)
		assert_int_equal(waitpid(l->child, NULL, 0), l->child);
	close(l->fd);
	unlink(l->path);
	rmdir(l->folder);
}
SCOPED_FINI(listener_fini, struct listener)

/* Once somebody has said something. */
static void say(struct listener *l, const char *text, size_t n)
{
	char heard[256];
	int fd;

	l->child = fork();
	if (l->child)
		return;
	fd = accept(l->fd, NULL, NULL);
	if (recv(fd, heard, sizeof heard, 0) <= 0 || send(fd, text, n, MSG_NOSIGNAL) < 0)
		_exit(1);
	recv(fd, heard, sizeof heard, 0);
	_exit(0);
}

static enum rc open_at(const struct listener *l)
{
	scoped(bus_close) struct bus *b = NULL;

	return bus_open(&b, l->path, PATIENCE_MS, NULL);
}

static void a_bus_that_is_silent_is_waited_for_no_longer_than_that(void **state)
{
	scoped(listener_fini) struct listener l;

	(void)state;
	listener_init(&l);
	assert_int_equal(open_at(&l), RC_TIMEOUT);
}

static void a_bus_that_is_not_there_is_told_from_one_that_is_dead(void **state)
{
	scoped(listener_fini) struct listener l;

	(void)state;
	listener_init(&l);
	assert_int_equal(shutdown(l.fd, SHUT_RDWR), 0);
	assert_int_equal(open_at(&l), RC_OFFLINE);
	unlink(l.path);
	assert_int_equal(open_at(&l), RC_NOT_FOUND);
}

static void a_bus_may_refuse(void **state)
{
	static const char text[] = "REJECTED EXTERNAL\r\n";
	scoped(listener_fini) struct listener l;

	(void)state;
	listener_init(&l);
	say(&l, text, sizeof text - 1);
	assert_int_equal(open_at(&l), RC_REFUSED);
}

static void what_never_ends_its_line_is_no_bus(void **state)
{
	scoped(listener_fini) struct listener l;
	char text[4096];

	(void)state;
	memset(text, 'x', sizeof text);
	listener_init(&l);
	say(&l, text, sizeof text);
	assert_int_equal(open_at(&l), RC_INPUT);
}

static void a_bus_that_hangs_up_in_between_is_offline(void **state)
{
	static const char text[] = "OK 0123456789abcdef\r\n";
	scoped(listener_fini) struct listener l;

	(void)state;
	listener_init(&l);
	say(&l, text, sizeof text - 1);
	assert_int_equal(open_at(&l), RC_OFFLINE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_bus_that_is_silent_is_waited_for_no_longer_than_that),
		cmocka_unit_test(a_bus_that_is_not_there_is_told_from_one_that_is_dead),
		cmocka_unit_test(a_bus_may_refuse),
		cmocka_unit_test(what_never_ends_its_line_is_no_bus),
		cmocka_unit_test(a_bus_that_hangs_up_in_between_is_offline),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
