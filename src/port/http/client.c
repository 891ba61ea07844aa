/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libcurl's multi_socket interface on libuv: curl says which sockets to watch and when to call it
 * back; the loop says what happened.  A watched socket is a `struct watch`, which outlives the
 * socket until libuv has closed the handle.
 *
 * Mails run on the pool instead: when libcurl hangs up on a mail server it says QUIT and blocks
 * until the server has answered, which the loop can't afford.
 */
#include "port/http/token.h"

struct http_client {
	uv_loop_t *loop;
	const struct curl_api *api; /* NULL until the first call */
	CURLM *multi;
	uv_timer_t timer;
	struct http_call *calls;
	struct token_list tokens;
	unsigned n_handles; /* of libuv, not yet closed */
	bool is_closing;
	void (*closed)(void *ctx);
	void *closed_ctx;
};

struct watch {
	uv_poll_t poll;
	struct http_client *client;
	curl_socket_t socket;
};

static void release(struct http_client *c)
{
	void (*closed)(void *) = c->closed;
	void *ctx = c->closed_ctx;

	if (--c->n_handles > 0)
		return;
	free(c);
	if (closed)
		closed(ctx);
}

static void unlink_call(struct http_call *call)
{
	if (!call->link)
		return;
	*call->link = call->next;
	if (call->next)
		call->next->link = call->link;
	call->link = NULL;
}

static void link_call(struct http_client *c, struct http_call *call)
{
	call->client = c;
	call->next = c->calls;
	call->link = &c->calls;
	if (c->calls)
		c->calls->link = &call->next;
	c->calls = call;
}

/* The handle goes out of curl before the callback, which may start or cancel other calls. */
static void finish(struct http_client *c, struct http_call *call, CURLcode code)
{
	struct http_response response;

	call_response(call, code, &response);
	unlink_call(call);
	if (!call->is_mail)
		c->api->multi_remove_handle(c->multi, call->easy);
	call->done(call->ctx, &response);
	call_free(call);
}

static void collect(struct http_client *c)
{
	int left;

	while (!c->is_closing) {
		CURLMsg *msg = c->api->multi_info_read(c->multi, &left);
		struct http_call *call = NULL;

		if (!msg)
			return;
		if (msg->msg != CURLMSG_DONE)
			continue;
		c->api->easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &call);
		finish(c, call, msg->data.result);
	}
}

static void on_socket(uv_poll_t *poll, int status, int events)
{
	struct watch *w = poll->data;
	struct http_client *c = w->client;
	/* Let libcurl read, too, when something is wrong: else it can't say what. */
	int flags = status < 0 ? CURL_CSELECT_ERR | CURL_CSELECT_IN | CURL_CSELECT_OUT : 0;
	int running;

	if (events & UV_READABLE)
		flags |= CURL_CSELECT_IN;
	if (events & UV_WRITABLE)
		flags |= CURL_CSELECT_OUT;
	c->api->multi_socket_action(c->multi, w->socket, flags, &running);
	collect(c);
}

static void on_timer(uv_timer_t *timer)
{
	struct http_client *c = timer->data;
	int running;

	c->api->multi_socket_action(c->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	collect(c);
}

static void on_watch_closed(uv_handle_t *handle)
{
	struct watch *w = handle->data;

	release(w->client);
	free(w);
}

static struct watch *watch_new(struct http_client *c, curl_socket_t socket)
{
	struct watch *w = must_alloc(sizeof *w);

	if (uv_poll_init_socket(c->loop, &w->poll, socket) != 0) {
		free(w);
		return NULL;
	}
	w->poll.data = w;
	w->client = c;
	w->socket = socket;
	c->n_handles++;
	return w;
}

/* curl: watch this socket for `what` from now on, or forget it. */
static int watch_socket(CURL *easy, curl_socket_t socket, int what, void *ctx, void *assigned)
{
	struct http_client *c = ctx;
	struct watch *w = assigned;
	int events = 0;

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		if (w)
			uv_close((uv_handle_t *)&w->poll, on_watch_closed);
		c->api->multi_assign(c->multi, socket, NULL);
		return 0;
	}
	if (!w)
		w = watch_new(c, socket);
	if (!w)
		return -1;
	c->api->multi_assign(c->multi, socket, w);
	if (what & CURL_POLL_IN)
		events |= UV_READABLE;
	if (what & CURL_POLL_OUT)
		events |= UV_WRITABLE;
	return uv_poll_start(&w->poll, events, on_socket) == 0 ? 0 : -1;
}

static int set_timer(CURLM *multi, long timeout_ms, void *ctx)
{
	struct http_client *c = ctx;

	(void)multi;
	if (timeout_ms < 0)
		return uv_timer_stop(&c->timer);
	uv_update_time(c->loop);
	return uv_timer_start(&c->timer, on_timer, (uint64_t)timeout_ms, 0);
}

struct http_client *http_client_new(uv_loop_t *loop)
{
	struct http_client *c = must_alloc(sizeof *c);

	c->loop = loop;
	must(uv_timer_init(loop, &c->timer) == 0);
	c->timer.data = c;
	c->n_handles = 1;
	return c;
}

static enum rc open_multi(struct http_client *c, struct err *e)
{
	enum rc rc;

	if (c->multi)
		return RC_OK;
	rc = curl_api_open(&c->api, e);
	if (rc != RC_OK)
		return rc;
	c->multi = c->api->multi_init();
	if (!c->multi)
		return err_set(e, RC_LIMIT, "libcurl: out of memory");
	c->api->multi_setopt(c->multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
	c->api->multi_setopt(c->multi, CURLMOPT_SOCKETDATA, c);
	c->api->multi_setopt(c->multi, CURLMOPT_TIMERFUNCTION, set_timer);
	c->api->multi_setopt(c->multi, CURLMOPT_TIMERDATA, c);
	return RC_OK;
}

static void send_mail(uv_work_t *work)
{
	struct http_call *call = work->data;

	call->mail_code = call->api->easy_perform(call->easy);
}

static void on_mail_sent(uv_work_t *work, int status)
{
	struct http_call *call = work->data;
	struct http_client *c = call->client;

	if (status != 0 || atomic_load(&call->is_cancelled))
		call_free(call);
	else
		finish(c, call, call->mail_code);
	release(c);
}

static enum rc start_mail(struct http_client *c, struct http_call *call, struct err *e)
{
	call->work.data = call;
	if (uv_queue_work(c->loop, &call->work, send_mail, on_mail_sent) != 0)
		return err_set(e, RC_INTERNAL, "the pool refuses one more mail");
	c->n_handles++;
	return RC_OK;
}

enum rc client_start(struct http_client *c, struct http_call *call, struct err *e)
{
	enum rc rc = RC_OK;

	if (call->is_mail)
		rc = start_mail(c, call, e);
	else if (c->api->multi_add_handle(c->multi, call->easy) != CURLM_OK)
		rc = err_set(e, RC_INTERNAL, "libcurl refuses one more request");
	if (rc == RC_OK)
		link_call(c, call);
	return rc;
}

/* ---- calls that wait for a token */

struct token_list *client_tokens(struct http_client *c)
{
	return &c->tokens;
}

const struct curl_api *client_curl(const struct http_client *c)
{
	return c->api;
}

struct http_call *client_waiting(const struct http_client *c, const struct token *t)
{
	struct http_call *call = c->is_closing ? NULL : c->calls;

	while (call && call->token != t)
		call = call->next;
	return call;
}

void client_send(struct http_client *c, struct http_call *call)
{
	if (c->api->multi_add_handle(c->multi, call->easy) != CURLM_OK)
		client_end_unsent(c, call, "libcurl refuses one more request");
}

void client_end_unsent(struct http_client *c, struct http_call *call, const char *why)
{
	struct http_response response;

	(void)c;
	call_response_unsent(why, &response);
	unlink_call(call);
	call->done(call->ctx, &response);
	call_free(call);
}

enum rc http_start(struct http_client *c, const struct http_request *r, struct http_call **ret,
	struct err *e)
{
	scoped(call_free) struct http_call *call = NULL;
	bool waits = false;
	enum rc rc = open_multi(c, e);

	if (rc == RC_OK)
		rc = call_new(&call, c->api, r, e);
	if (rc != RC_OK)
		return rc;
	if (r->token)
		rc = token_use(c, call, r->token, &waits, e);
	if (rc == RC_OK && waits)
		link_call(c, call);
	else if (rc == RC_OK)
		rc = client_start(c, call, e);
	if (rc == RC_OK)
		*ret = TAKE(call);
	return rc;
}

void http_cancel(struct http_call *call)
{
	if (!call || !call->link)
		return;
	unlink_call(call);
	if (call->is_mail) { /* on_mail_sent frees it */
		atomic_store(&call->is_cancelled, true);
		uv_cancel((uv_req_t *)&call->work);
		return;
	}
	if (!call->token)
		call->api->multi_remove_handle(call->client->multi, call->easy);
	call_free(call);
}

static void on_timer_closed(uv_handle_t *handle)
{
	release(handle->data);
}

void http_client_close(struct http_client *c, void (*closed)(void *ctx), void *ctx)
{
	c->closed = closed;
	c->closed_ctx = ctx;
	c->is_closing = true;
	while (c->calls)
		http_cancel(c->calls);
	tokens_free(&c->tokens);
	if (c->multi)
		c->api->multi_cleanup(c->multi);
	uv_close((uv_handle_t *)&c->timer, on_timer_closed);
}
