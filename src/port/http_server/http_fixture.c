/* SPDX-License-Identifier: Apache-2.0 */
#include "port/http_server/http_fixture.h"

const struct http_patience fixture_short_patience = { 200, 200, 200, 200 };

static void describe(struct str *out, const struct http_ask *ask)
{
	const char *agent = http_ask_header(ask, "x-Test");

	str_clear(out);
	str_addf(out, "%s %s from %s test=%s body=%s cut=%d tls=%d", ask->method, ask->target,
		ask->address, agent ? agent : "-", ask->body, ask->is_cut, ask->is_tls);
}

static size_t pull(void *ctx, char *bytes, size_t n)
{
	struct fixture *f = ctx;

	n = n < f->flow.len ? n : f->flow.len;
	memcpy(bytes, str_c(&f->flow), n);
	str_consume(&f->flow, n);
	return n;
}

static void on_closed(void *ctx)
{
	struct fixture *f = ctx;

	f->closed++;
	f->kept = NULL;
}

void fixture_pieces(struct str *body, struct str_pieces *more)
{
	*more = (struct str_pieces){ must_alloc(5 * sizeof *more->v), 5 };
	str_add(body, "first,");
	for (uint32_t i = 0; i < more->n; i++)
		for (int k = 0; k < 100000 && i != 2; k++) /* one is empty */
			str_addf(&more->v[i], "%u.%d,", i, k);
}

static const struct http_stream_source source = { pull, on_closed };

static void on_begin(void *ctx, struct http_exchange *x, const struct http_ask *ask)
{
	struct fixture *f = ctx;

	f->begun++;
	if (str_starts(ask->target, "/never"))
		http_reply_error(x, RC_REFUSED, "not here", NULL, 0);
	else
		http_take_body(x, f->keep_bytes, f->most_bytes);
}

static void on_handle(void *ctx, struct http_exchange *x, const struct http_ask *ask)
{
	struct http_header head = { "X-Own", "yes" };
	struct http_reply r = { .status = 200,
		.type = "text/plain",
		.headers = &head,
		.n_headers = 1 };
	struct fixture *f = ctx;

	f->handled++;
	describe(&f->asked, ask);
	if (str_starts(ask->target, "/later")) {
		f->kept = x;
	} else if (str_starts(ask->target, "/pieces")) {
		fixture_pieces(&r.body, &r.more);
		http_reply(x, &r);
	} else if (str_starts(ask->target, "/stream")) {
		f->kept = x;
		http_reply_stream(x, &r, &source, f);
	} else {
		str_add(&r.body, str_c(&f->asked));
		http_reply(x, &r);
	}
}

static void on_stopped(void *ctx)
{
	((struct fixture *)ctx)->is_stopped = true;
}

static const struct http_header fixed[] = { { "X-Fixed", "always" } };

void fixture_start(struct fixture *f, struct http_server_setup setup)
{
	struct err e = { 0 };

	*f = (struct fixture){ .keep_bytes = 100, .most_bytes = 1000 };
	uv_loop_init(&f->loop);
	setup.loop = &f->loop;
	setup.listen = setup.listen ? setup.listen : "127.0.0.1:0";
	setup.headers = fixed;
	setup.n_headers = 1;
	setup.begin = on_begin;
	setup.handle = on_handle;
	setup.ctx = f;
	if (http_server_start(&f->server, &setup, &e) != RC_OK)
		fail_msg("%s", e.text);
}

void fixture_fini(struct fixture *f)
{
	http_server_stop(f->server, on_stopped, f);
	while (!f->is_stopped)
		uv_run(&f->loop, UV_RUN_ONCE);
	uv_run(&f->loop, UV_RUN_NOWAIT);
	assert_int_equal(uv_loop_close(&f->loop), 0);
	str_fini(&f->asked);
	str_fini(&f->flow);
}

void fixture_connect(struct fixture *f, struct pump *p)
{
	pump_connect(p, &f->loop, http_server_address(f->server));
}

enum rc fixture_try(const char *listen, const char *cert, const char *key, struct err *e)
{
	uv_loop_t loop;
	struct http_server *s;
	struct http_server_setup setup = { .loop = &loop,
		.listen = listen,
		.cert_file = cert,
		.key_file = key,
		.begin = on_begin,
		.handle = on_handle };
	enum rc rc;

	uv_loop_init(&loop);
	rc = http_server_start(&s, &setup, e);
	assert_int_equal(uv_loop_close(&loop), 0);
	return rc;
}

static void on_program_exit(uv_process_t *process, int64_t status, int signal)
{
	*(int64_t *)process->data = status + signal;
	uv_close((uv_handle_t *)process, NULL);
}

int64_t fixture_run(uv_loop_t *loop, const char *const *argv)
{
	uv_process_t process;
	int64_t status = -1;
	uv_process_options_t options = { .file = argv[0],
		.args = (char **)(uintptr_t)argv,
		.exit_cb = on_program_exit };

	process.data = &status;
	if (uv_spawn(loop, &process, &options) != 0)
		return -1;
	while (status < 0 || uv_is_active((uv_handle_t *)&process))
		uv_run(loop, UV_RUN_ONCE);
	uv_run(loop, UV_RUN_NOWAIT);
	return status;
}
