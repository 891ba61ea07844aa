/* SPDX-License-Identifier: Apache-2.0 */
#include "port/http/fetch.h"

#include "port/http/call.h"

static void run(struct http_call *call, http_done *done, void *ctx)
{
	CURLcode code = call->api->easy_perform(call->easy);
	struct http_response response;

	call_response(call, code, &response);
	done(ctx, &response);
}

enum rc http_fetch(const struct http_request *r, http_done *done, void *ctx, struct err *e)
{
	scoped(call_free) struct http_call *call = NULL;
	const struct curl_api *api;
	enum rc rc = curl_api_open(&api, e);

	if (rc == RC_OK)
		rc = call_new(&call, api, r, e);
	if (rc == RC_OK)
		run(call, done, ctx);
	return rc;
}

struct streaming {
	const struct http_stream *stream;
	struct http_call *call;
};

/* What an error says about itself is short, and belongs into the response. */
static size_t on_bytes(char *bytes, size_t size, size_t n, void *ctx)
{
	struct streaming *s = ctx;
	long status = 0;

	if (s->call->api->easy_getinfo(s->call->easy, CURLINFO_RESPONSE_CODE, &status) ==
			CURLE_OK &&
		status == 200)
		return s->stream->take(s->stream->ctx, bytes, size * n) ? size * n : 0;
	str_addn(&s->call->answer, bytes, size * n);
	return size * n;
}

static CURLcode set_stream(struct streaming *s)
{
	const struct curl_api *api = s->call->api;
	CURL *easy = s->call->easy;
	CURLcode code = api->easy_setopt(easy, CURLOPT_TIMEOUT_MS, 0L);

	if (code == CURLE_OK)
		code = api->easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
	if (code == CURLE_OK)
		code = api->easy_setopt(easy, CURLOPT_LOW_SPEED_TIME,
			(long)(s->stream->stall_ms / 1000));
	if (code == CURLE_OK)
		code = api->easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_bytes);
	if (code == CURLE_OK)
		code = api->easy_setopt(easy, CURLOPT_WRITEDATA, s);
	return code;
}

enum rc http_fetch_stream(const struct http_stream *stream, struct err *e)
{
	scoped(call_free) struct http_call *call = NULL;
	struct streaming s = { .stream = stream };
	const struct curl_api *api;
	CURLcode code;
	enum rc rc = curl_api_open(&api, e);

	if (rc == RC_OK)
		rc = call_new(&call, api, stream->request, e);
	if (rc != RC_OK)
		return rc;
	s.call = call;
	code = set_stream(&s);
	if (code != CURLE_OK)
		return err_set(e, RC_INPUT, "libcurl: %s", api->easy_strerror(code));
	run(call, stream->done, stream->ctx);
	return RC_OK;
}
