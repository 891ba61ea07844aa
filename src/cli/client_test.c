/* SPDX-License-Identifier: Apache-2.0 */
/* The client against a real API of a real site, which runs on a thread of its own meanwhile. */
#include "cli/client.h"

#include "api/api_fixture.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define STATUS "/api/lab/v1/status"

struct server {
	struct fixture f;
	uv_thread_t thread;
	atomic_bool is_over;
	char url[128];
};

static void serve(void *ctx)
{
	struct server *s = ctx;

	while (!s->is_over)
		pump_run(&s->f.loop, 10);
}

static void start(struct server *s, enum fixture_login login)
{
	s->is_over = false;
	fixture_init(&s->f, login);
	snprintf(s->url, sizeof s->url, "http://%s", api_address(s->f.api));
	assert_int_equal(uv_thread_create(&s->thread, serve, s), 0);
}

static void server_fini(struct server *s)
{
	s->is_over = true;
	uv_thread_join(&s->thread);
	fixture_fini(&s->f);
}
SCOPED_FINI(server_fini, struct server)

static enum rc ask_with(const char *url, const char *token, struct client_order order,
	struct str *ret, struct err *e)
{
	const struct client_site site = { .url = url, .token = token };

	str_clear(ret);
	*e = (struct err){ 0 };
	return client_ask(&site, &order, ret, e);
}

static void an_answer_is_its_text(void **state)
{
	scoped(server_fini) struct server s;
	scoped(str_fini) struct str text = STR_EMPTY;
	scoped(json_decref) json_t *status = NULL;
	struct err e;

	(void)state;
	start(&s, FIXTURE_OPEN);
	assert_int_equal(ask_with(s.url, NULL, (struct client_order){ .path = STATUS }, &text, &e),
		RC_OK);
	assert_int_equal(json_read(&status, str_c(&text), text.len, NULL), RC_OK);
	assert_string_equal(text_at(status, "site"), "dublin");
}

static void orders_are_given(void **state)
{
	static const struct client_order note = { "POST", "/api/lab/v1/notes",
		"{\"text\":\"h\xc3\xa9llo\"}" };
	scoped(server_fini) struct server s;
	scoped(str_fini) struct str text = STR_EMPTY;
	struct err e;

	(void)state;
	start(&s, FIXTURE_OPEN);
	assert_int_equal(ask_with(s.url, NULL, note, &text, &e), RC_OK);
	assert_string_equal(str_c(&text), "{}");
	assert_int_equal(
		ask_with(s.url, NULL,
			(struct client_order){ "DELETE", "/api/lab/v1/silences/none", NULL }, &text,
			&e),
		RC_NOT_FOUND);
	assert_non_null(strstr(e.text, "none"));
}

static void the_token_opens_and_is_never_shown(void **state)
{
	scoped(server_fini) struct server s;
	scoped(str_fini) struct str text = STR_EMPTY;
	struct client_order order = { .path = STATUS };
	struct err e;

	(void)state;
	start(&s, FIXTURE_LOGIN);
	assert_int_equal(ask_with(s.url, NULL, order, &text, &e), RC_AUTH);
	assert_int_equal(ask_with(s.url, "a wrong token", order, &text, &e), RC_AUTH);
	assert_null(strstr(e.text, "wrong token"));
	assert_int_equal(ask_with(s.url, FIXTURE_TOKEN, order, &text, &e), RC_OK);
}

static void tokens_come_from_the_environment_or_a_file(void **state)
{
	char path[] = "/tmp/client_test.XXXXXX";
	scoped(str_fini) struct str none = STR_EMPTY, own = STR_EMPTY, file = STR_EMPTY,
				    absent = STR_EMPTY;
	int fd = mkstemp(path);

	(void)state;
	assert_int_equal(write(fd, "from the file\r\nsecond\n", 22), 22);
	close(fd);
	unsetenv("DIARCHY_TOKEN");
	unsetenv("DIARCHY_TOKEN_FILE");
	assert_int_equal(client_token(&none, NULL), RC_OK);
	assert_string_equal(str_c(&none), "");
	setenv("DIARCHY_TOKEN_FILE", path, 1);
	assert_int_equal(client_token(&file, NULL), RC_OK);
	assert_string_equal(str_c(&file), "from the file");
	setenv("DIARCHY_TOKEN", "own", 1);
	assert_int_equal(client_token(&own, NULL), RC_OK);
	assert_string_equal(str_c(&own), "own");
	unsetenv("DIARCHY_TOKEN");
	remove(path);
	assert_int_equal(client_token(&absent, NULL), RC_NOT_FOUND);
	unsetenv("DIARCHY_TOKEN_FILE");
}

/* A port that listens, or doesn't, and never answers. */
static int silent_port(bool listens, char *url, size_t size)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t n = sizeof at;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&at, n), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &n), 0);
	if (listens)
		assert_int_equal(listen(fd, 5), 0);
	snprintf(url, size, "http://127.0.0.1:%u", ntohs(at.sin_port));
	return fd;
}

static void nobody_there_is_offline(void **state)
{
	scoped(str_fini) struct str text = STR_EMPTY;
	struct client_order order = { .path = STATUS };
	char url[64];
	int fd = silent_port(false, url, sizeof url);
	struct err e;

	(void)state;
	assert_int_equal(ask_with(url, NULL, order, &text, &e), RC_OFFLINE);
	assert_non_null(strstr(e.text, url));
	close(fd);
	assert_int_equal(ask_with("http://no-such-host.invalid", NULL, order, &text, &e),
		RC_OFFLINE);
	assert_int_equal(ask_with("gopher://127.0.0.1", NULL, order, &text, &e), RC_USAGE);
}

struct foreign {
	int fd;
	const char *answer;
};

static void answer_once(void *ctx)
{
	struct foreign *f = ctx;
	char request[4096];
	int fd = accept(f->fd, NULL, NULL);

	if (recv(fd, request, sizeof request, 0) > 0)
		send(fd, f->answer, strlen(f->answer), MSG_NOSIGNAL);
	close(fd);
}

static enum rc ask_foreign(const char *answer, struct err *e)
{
	scoped(str_fini) struct str text = STR_EMPTY;
	char url[64];
	struct foreign f = { silent_port(true, url, sizeof url), answer };
	uv_thread_t thread;
	enum rc rc;

	assert_int_equal(uv_thread_create(&thread, answer_once, &f), 0);
	rc = ask_with(url, NULL, (struct client_order){ .path = STATUS }, &text, e);
	uv_thread_join(&thread);
	close(f.fd);
	return rc;
}

static void who_is_no_site_is_told_apart(void **state)
{
	struct err e;

	(void)state;
	assert_int_equal(
		ask_foreign("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 6\r\n\r\n<html>", &e),
		RC_OFFLINE);
	assert_non_null(strstr(e.text, "502"));
	assert_int_equal(ask_foreign("HTTP/1.1 500 x\r\nContent-Length: 27\r\n\r\n"
				     "{\"error\":\"NEW\",\"text\":\"why\"}",
				 &e),
		RC_IO);
	assert_int_equal(ask_foreign("HTTP/1.1 302 x\r\nLocation: http://127.0.0.1:1/\r\n\r\n", &e),
		RC_IO);
	assert_int_equal(ask_foreign("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\ncut", &e),
		RC_TIMEOUT);
	assert_int_equal(ask_foreign("", &e), RC_TIMEOUT); /* it took the request */
}

/* ---- streams */

struct following {
	int statuses, beats;
	int beats_wanted;
};

static bool count(void *ctx, const char *event, const char *data)
{
	struct following *f = ctx;
	scoped(json_decref) json_t *root = NULL;

	if (json_read(&root, data, strlen(data), NULL) != RC_OK)
		return false;
	f->statuses += str_eq(event, "status");
	f->beats += str_eq(event, "beat");
	return f->beats < f->beats_wanted;
}

static void a_stream_is_followed_until_there_is_enough(void **state)
{
	scoped(server_fini) struct server s;
	struct following f = { .beats_wanted = 2 };
	struct err e = { 0 };

	(void)state;
	start(&s, FIXTURE_OPEN);
	assert_int_equal(client_follow(&(struct client_site){ .url = s.url }, "/api/lab/v1/stream",
				 count, &f, &e),
		RC_OK);
	assert_int_equal(f.statuses, 1);
	assert_int_equal(f.beats, 2);
}

static void a_refused_stream_is_an_error_with_its_sentence(void **state)
{
	scoped(server_fini) struct server s;
	struct following f = { .beats_wanted = 1 };
	struct err e = { 0 };

	(void)state;
	start(&s, FIXTURE_LOGIN);
	assert_int_equal(client_follow(&(struct client_site){ .url = s.url }, "/api/lab/v1/stream",
				 count, &f, &e),
		RC_AUTH);
	assert_non_null(strstr(e.text, "Bearer"));
}

static void a_stream_that_ends_is_offline(void **state)
{
	struct following f = { .beats_wanted = 2 };
	struct err e = { 0 };
	char url[64];
	struct foreign site = { silent_port(true, url, sizeof url),
		"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\nevent: beat\ndata: "
		"{}\n\n" };
	uv_thread_t thread;

	(void)state;
	assert_int_equal(uv_thread_create(&thread, answer_once, &site), 0);
	assert_int_equal(
		client_follow(&(struct client_site){ .url = url }, "/stream", count, &f, &e),
		RC_OFFLINE);
	assert_int_equal(f.beats, 1);
	uv_thread_join(&thread);
	close(site.fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_is_its_text),
		cmocka_unit_test(orders_are_given),
		cmocka_unit_test(the_token_opens_and_is_never_shown),
		cmocka_unit_test(tokens_come_from_the_environment_or_a_file),
		cmocka_unit_test(nobody_there_is_offline),
		cmocka_unit_test(who_is_no_site_is_told_apart),
		cmocka_unit_test(a_stream_is_followed_until_there_is_enough),
		cmocka_unit_test(a_refused_stream_is_an_error_with_its_sentence),
		cmocka_unit_test(a_stream_that_ends_is_offline),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
