/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Options are a list of settings tried in order; the first that libcurl refuses is the error.
 *
 * Two of them matter more than they look.  QUICK_EXIT: without it, giving up on a name joins the
 * thread that is stuck in getaddrinfo, and the loop stands still with it.  CAPATH: Debian's
 * libcurl parses every file of that directory for each new connection (37 ms of CPU, against 12
 * for the one bundle), so it is told to leave it alone.
 */
#include "port/http/call.h"

#include "base/endpoint.h"
#include "base/time.h"

#include <stdio.h>
#include <strings.h>
#include <unistd.h>

static const char *const bundles[] = {
	"/etc/ssl/certs/ca-certificates.crt", /* Debian, NixOS, Arch */
	"/etc/pki/tls/certs/ca-bundle.crt",   /* Fedora */
	"/etc/ssl/cert.pem",                  /* Alpine */
};

const char *http_ca_bundle(void)
{
	const char *chosen = getenv("SSL_CERT_FILE");

	if (chosen && *chosen)
		return chosen;
	for (size_t i = 0; i < COUNT(bundles); i++)
		if (access(bundles[i], R_OK) == 0)
			return bundles[i];
	return NULL;
}

static long info_long(struct http_call *call, CURLINFO which)
{
	long value = 0;

	return call->api->easy_getinfo(call->easy, which, &value) == CURLE_OK ? value : 0;
}

/* The session is shown while the connection certainly lives: when the answer's first line came. */
static void show_session(struct http_call *call)
{
	struct curl_tlssessioninfo *info = NULL;
	void (*show)(void *, void *) = call->on_session;

	call->on_session = NULL;
	if (!show)
		return;
	if (call->api->easy_getinfo(call->easy, CURLINFO_TLS_SSL_PTR, &info) != CURLE_OK)
		return;
	if (info && info->backend == CURLSSLBACKEND_GNUTLS && info->internals)
		show(call->ctx, info->internals);
}

static size_t on_header(char *bytes, size_t size, size_t n, void *ctx)
{
	struct http_call *call = ctx;
	size_t length = size * n;

	show_session(call);
	if (length >= 5 && strncasecmp(bytes, "HTTP/", 5) == 0)
		str_clear(&call->head); /* of the last answer only */
	else
		str_addn(&call->head, bytes, length);
	call->is_too_large |= call->head.is_cut;
	return call->is_too_large ? 0 : length;
}

static size_t hand_on(struct http_call *call, const char *bytes, size_t n)
{
	void (*on_head)(void *, const char *) = call->on_head;

	call->on_head = NULL;
	if (on_head)
		on_head(call->ctx, str_c(&call->head));
	return call->on_part(call->ctx, bytes, n) ? n : 0;
}

static size_t on_body(char *bytes, size_t size, size_t n, void *ctx)
{
	struct http_call *call = ctx;

	if (call->on_part && info_long(call, CURLINFO_RESPONSE_CODE) == 200)
		return hand_on(call, bytes, size * n);
	str_addn(&call->answer, bytes, size * n);
	call->is_too_large |= call->answer.is_cut;
	return call->is_too_large ? 0 : size * n;
}

static size_t on_upload(char *buffer, size_t size, size_t n, void *ctx)
{
	struct http_call *call = ctx;
	size_t left = call->body_bytes - call->body_sent;
	size_t length = size * n < left ? size * n : left;

	if (length)
		memcpy(buffer, call->body + call->body_sent, length);
	call->body_sent += length;
	return length;
}

/* Only mails have a progress callback: it is how a cancelled one is stopped. */
static int on_progress(void *ctx, curl_off_t to_get, curl_off_t got, curl_off_t to_put,
	curl_off_t put)
{
	const struct http_call *call = ctx;

	(void)to_get, (void)got, (void)to_put, (void)put;
	return atomic_load(&call->is_cancelled);
}

#define SET(option, value)                                                                    \
	do {                                                                                  \
		CURLcode code_ = call->api->easy_setopt(call->easy, CURLOPT_##option, value); \
		if (code_ != CURLE_OK)                                                        \
			return code_;                                                         \
	} while (0)

static CURLcode set_always(struct http_call *call)
{
	SET(PRIVATE, call);
	SET(ERRORBUFFER, call->detail);
	SET(NOSIGNAL, 1L);
	SET(QUICK_EXIT, 1L);
	SET(CAPATH, NULL);
	SET(HEADERFUNCTION, on_header);
	SET(HEADERDATA, call);
	SET(WRITEFUNCTION, on_body);
	SET(WRITEDATA, call);
	SET(USERAGENT, "diarchy/" DIARCHY_VERSION);
	SET(PROTOCOLS_STR, "http,https,smtp,smtps");
	SET(REDIR_PROTOCOLS_STR, "http,https");
	return CURLE_OK;
}

static CURLcode set_limits(struct http_call *call, const struct http_request *r)
{
	int64_t timeout_ms = r->timeout_ms ? r->timeout_ms : HTTP_TIMEOUT_MS;

	SET(SERVER_RESPONSE_TIMEOUT, (long)(timeout_ms / 1000 + 1)); /* the wait after QUIT, too */
	SET(TIMEOUT_MS, (long)timeout_ms);
	SET(CONNECTTIMEOUT_MS, (long)(r->connect_timeout_ms ? r->connect_timeout_ms : timeout_ms));
	SET(FOLLOWLOCATION, r->redirects_max ? 1L : 0L);
	SET(MAXREDIRS, (long)r->redirects_max);
	return CURLE_OK;
}

/* In the order of curl's constants, from TLS 1.0 on; its maxima are the same, shifted. */
static long version_range(const struct http_tls *tls)
{
	long least = tls->min_version ? CURL_SSLVERSION_TLSv1_0 + tls->min_version - 10 : 0;
	long most = tls->max_version ? CURL_SSLVERSION_TLSv1_0 + tls->max_version - 10 : 0;

	return least | most << 16;
}

static CURLcode set_tls(struct http_call *call, const struct http_tls *tls)
{
	const char *bundle = tls->ca_file ? tls->ca_file : http_ca_bundle();

	SET(SSLVERSION, version_range(tls));
	SET(SSL_VERIFYPEER, tls->is_insecure ? 0L : 1L);
	SET(SSL_VERIFYHOST, tls->is_insecure ? 0L : 2L);
	SET(CAINFO, tls->is_insecure ? NULL : bundle);
	if (tls->cert_file)
		SET(SSLCERT, tls->cert_file);
	if (tls->key_file)
		SET(SSLKEY, tls->key_file);
	return CURLE_OK;
}

static CURLcode append(struct http_call *call, struct curl_slist **list, const char *text)
{
	struct curl_slist *longer = call->api->slist_append(*list, text);

	if (!longer)
		return CURLE_OUT_OF_MEMORY;
	*list = longer;
	return CURLE_OK;
}

static CURLcode set_connection(struct http_call *call, const struct http_request *r)
{
	long version = r->wants_http2 ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1;

	SET(URL, r->url);
	SET(HTTP_VERSION, version);
	SET(FRESH_CONNECT, r->is_fresh ? 1L : 0L);
	SET(FORBID_REUSE, r->is_fresh ? 1L : 0L);
	if (r->proxy_url)
		SET(PROXY, r->proxy_url);
	else if (r->falls_back_on_proxy && str_starts(r->url, "http://"))
		SET(PROXY, r->falls_back_on_proxy);
	if (r->no_proxy)
		SET(NOPROXY, r->no_proxy);
	if (r->ip_version)
		SET(IPRESOLVE,
			r->ip_version == 4 ? (long)CURL_IPRESOLVE_V4 : (long)CURL_IPRESOLVE_V6);
	if (r->source_address)
		SET(INTERFACE, r->source_address);
	if (r->accept_encoding)
		SET(ACCEPT_ENCODING, r->accept_encoding);
	if (r->user)
		SET(USERNAME, r->user);
	if (r->password)
		SET(PASSWORD, r->password);
	return CURLE_OK;
}

/* For the proxy alone: what it is asked to pass on unread has them not. */
static CURLcode set_proxy_headers(struct http_call *call, const struct http_request *r)
{
	CURLcode code = CURLE_OK;

	for (uint32_t i = 0; i < r->n_proxy_headers && code == CURLE_OK; i++)
		code = append(call, &call->proxy_headers, r->proxy_headers[i]);
	if (code != CURLE_OK || !call->proxy_headers)
		return code;
	SET(HEADEROPT, CURLHEADER_SEPARATE);
	SET(PROXYHEADER, call->proxy_headers);
	return CURLE_OK;
}

static CURLcode set_http(struct http_call *call, const struct http_request *r)
{
	/* An empty "Expect:" keeps curl from waiting a second for "100 Continue". */
	CURLcode code = append(call, &call->headers, "Expect:");

	for (uint32_t i = 0; i < r->n_headers && code == CURLE_OK; i++)
		code = append(call, &call->headers, r->headers[i]);
	if (code != CURLE_OK)
		return code;
	SET(HTTPHEADER, call->headers);
	if (r->body) {
		SET(POSTFIELDS, call->body);
		SET(POSTFIELDSIZE_LARGE, (curl_off_t)call->body_bytes);
	}
	if (r->method && strcmp(r->method, "HEAD") == 0)
		SET(NOBODY, 1L);
	else if (r->method)
		SET(CUSTOMREQUEST, r->method);
	return CURLE_OK;
}

static CURLcode set_mail(struct http_call *call, const struct http_mail *mail)
{
	CURLcode code = CURLE_OK;

	for (uint32_t i = 0; i < mail->n_to && code == CURLE_OK; i++)
		code = append(call, &call->recipients, mail->to[i]);
	if (code != CURLE_OK)
		return code;
	SET(UPLOAD, 1L);
	SET(READFUNCTION, on_upload);
	SET(READDATA, call);
	SET(NOPROGRESS, 0L);
	SET(XFERINFOFUNCTION, on_progress);
	SET(XFERINFODATA, call);
	SET(MAIL_FROM, mail->from);
	SET(MAIL_RCPT, call->recipients);
	SET(MAIL_RCPT_ALLLOWFAILS,
		1L); /* one refused recipient must not cost the others their mail */
	SET(USE_SSL, (long)(mail->use_starttls ? CURLUSESSL_ALL : CURLUSESSL_NONE));
	return CURLE_OK;
}

static CURLcode set_address(struct http_call *call, const char *connect_to,
	const char *connect_host)
{
	char any_to[ENDPOINT_TEXT_MAX + 8];
	CURLcode code;

	if (connect_host) {
		snprintf(any_to, sizeof any_to, "::%s", connect_host);
		code = append(call, &call->recipients, any_to);
		if (code == CURLE_OK)
			SET(CONNECT_TO, call->recipients);
		return code;
	}
	if (!connect_to)
		return CURLE_OK;
	code = append(call, &call->recipients, connect_to); /* not a mail: the list is free */
	if (code != CURLE_OK)
		return code;
	SET(RESOLVE, call->recipients);
	return CURLE_OK;
}

static CURLcode set_all(struct http_call *call, const struct http_request *r)
{
	CURLcode code = set_always(call);

	if (code == CURLE_OK)
		code = set_limits(call, r);
	if (code == CURLE_OK)
		code = set_tls(call, &r->tls);
	if (code == CURLE_OK)
		code = set_connection(call, r);
	if (code == CURLE_OK && call->is_mail)
		return set_mail(call, &r->mail);
	if (code == CURLE_OK)
		code = set_http(call, r);
	if (code == CURLE_OK)
		code = set_proxy_headers(call, r);
	if (code == CURLE_OK)
		code = set_address(call, r->connect_to, r->connect_host);
	return code;
}

static void copy_body(struct http_call *call, const struct http_request *r)
{
	if (!r->body)
		return;
	call->body = must_alloc(r->body_bytes + 1);
	memcpy(call->body, r->body, r->body_bytes);
	call->body_bytes = r->body_bytes;
}

enum rc call_new(struct http_call **ret, const struct curl_api *api, const struct http_request *r,
	struct err *e)
{
	scoped(call_free) struct http_call *call = must_alloc(sizeof *call);
	CURLcode code;

	call->api = api;
	call->easy = api->easy_init();
	call->is_mail = str_starts(r->url, "smtp");
	call->done = r->done;
	call->ctx = r->ctx;
	call->on_session = r->on_session;
	call->on_part = r->on_part;
	call->on_head = r->on_head;
	call->head.limit_bytes = HTTP_HEADER_BYTES_MAX;
	call->answer.limit_bytes = r->answer_bytes_max ? r->answer_bytes_max : PROBE_BODY_BYTES_MAX;
	copy_body(call, r);
	code = call->easy ? set_all(call, r) : CURLE_OUT_OF_MEMORY;
	if (code != CURLE_OK)
		return err_set(e, RC_INPUT, "libcurl: %s", api->easy_strerror(code));
	*ret = TAKE(call);
	return RC_OK;
}

void call_free(struct http_call *call)
{
	if (!call)
		return;
	if (call->easy)
		call->api->easy_cleanup(call->easy);
	call->api->slist_free_all(call->headers);
	call->api->slist_free_all(call->proxy_headers);
	call->api->slist_free_all(call->recipients);
	str_fini(&call->head);
	str_fini(&call->answer);
	free(call->body);
	free(call);
}

static int64_t info_off(struct http_call *call, CURLINFO which)
{
	curl_off_t value = 0;

	return call->api->easy_getinfo(call->easy, which, &value) == CURLE_OK ? value : 0;
}

static const char *info_text(struct http_call *call, CURLINFO which)
{
	char *value = NULL;

	if (call->api->easy_getinfo(call->easy, which, &value) != CURLE_OK || !value)
		return "";
	return value;
}

static const struct {
	CURLcode code;
	enum http_outcome outcome;
} outcomes[] = {
	{ CURLE_COULDNT_RESOLVE_HOST, HTTP_NO_NAME }, { CURLE_COULDNT_RESOLVE_PROXY, HTTP_NO_NAME },
	{ CURLE_COULDNT_CONNECT, HTTP_NO_CONNECTION },
	{ CURLE_INTERFACE_FAILED, HTTP_NO_CONNECTION }, { CURLE_SSL_CONNECT_ERROR, HTTP_NO_TLS },
	{ CURLE_PEER_FAILED_VERIFICATION, HTTP_NO_TLS }, { CURLE_SSL_CERTPROBLEM, HTTP_NO_TLS },
	{ CURLE_SSL_CACERT_BADFILE, HTTP_NO_TLS }, { CURLE_SSL_ISSUER_ERROR, HTTP_NO_TLS },
	{ CURLE_USE_SSL_FAILED, HTTP_NO_TLS }, { CURLE_URL_MALFORMAT, HTTP_UNUSABLE },
	{ CURLE_UNSUPPORTED_PROTOCOL, HTTP_UNUSABLE }, { CURLE_LOGIN_DENIED, HTTP_UNUSABLE },
	{ CURLE_TOO_MANY_REDIRECTS, HTTP_ANSWERED }, /* with the last redirect */
};

/* Errors that the table doesn't know, timeouts above all, are judged by how far the call got. */
static enum http_outcome judge(struct http_call *call, CURLcode code)
{
	if (code == CURLE_OK)
		return HTTP_ANSWERED;
	if (call->is_too_large)
		return HTTP_TOO_LARGE;
	if (call->is_mail && info_long(call, CURLINFO_RESPONSE_CODE) >= 400)
		return HTTP_ANSWERED; /* the mail server said no, and the status says what */
	if (code == CURLE_UNSUPPORTED_PROTOCOL && info_off(call, CURLINFO_PRETRANSFER_TIME_T))
		return HTTP_UNANSWERED; /* it was sent, and what came isn't HTTP/1 */
	for (size_t i = 0; i < COUNT(outcomes); i++)
		if (outcomes[i].code == code)
			return outcomes[i].outcome;
	if (info_off(call, CURLINFO_PRETRANSFER_TIME_T) == 0)
		return HTTP_NO_CONNECTION;
	return HTTP_UNANSWERED;
}

/* "Failed to connect to HOST port 443 after 3 ms: Couldn't connect to server" says neither why nor
 * anything in its second half. */
static void explain_connection(struct http_call *call, int errnum, struct http_response *ret)
{
	const char *after = strstr(call->detail, " after ");
	int n = (int)(after ? (size_t)(after - call->detail) : strlen(call->detail));

	snprintf(ret->reason, sizeof ret->reason, "%.*s: %s", n, call->detail, strerror(errnum));
}

static void explain(struct http_call *call, CURLcode code, struct http_response *ret)
{
	int64_t total_ms = ret->timings.total_us / 1000;
	int errnum = (int)info_long(call, CURLINFO_OS_ERRNO);
	char took[DURATION_TEXT_MAX];

	if (ret->outcome == HTTP_ANSWERED && code == CURLE_OK)
		return;
	if (ret->outcome == HTTP_TOO_LARGE)
		snprintf(ret->reason, sizeof ret->reason, "the answer is over %zu bytes",
			call->answer.limit_bytes);
	else if (code == CURLE_OPERATION_TIMEDOUT)
		snprintf(ret->reason, sizeof ret->reason, "no %s in %s",
			ret->outcome == HTTP_UNANSWERED ? "answer" : "connection",
			duration_text(total_ms, took));
	else if (ret->outcome == HTTP_NO_CONNECTION && errnum && call->detail[0])
		explain_connection(call, errnum, ret);
	else if (code == CURLE_GOT_NOTHING)
		snprintf(ret->reason, sizeof ret->reason,
			"the connection was closed before an answer came");
	else if ((code == CURLE_RECV_ERROR || code == CURLE_SEND_ERROR) && errnum)
		snprintf(ret->reason, sizeof ret->reason, "the connection broke: %s",
			strerror(errnum));
	else
		snprintf(ret->reason, sizeof ret->reason, "%.*s", REASON_BYTES_MAX - 1,
			call->detail[0] ? call->detail : call->api->easy_strerror(code));
}

/* libcurl counts from the start of the last request, and redirects before it separately. */
static struct http_timings timings(struct http_call *call)
{
	int64_t named = info_off(call, CURLINFO_NAMELOOKUP_TIME_T);
	int64_t connected = info_off(call, CURLINFO_CONNECT_TIME_T);
	int64_t secured = info_off(call, CURLINFO_APPCONNECT_TIME_T);
	int64_t sent = info_off(call, CURLINFO_PRETRANSFER_TIME_T);
	int64_t first = info_off(call, CURLINFO_STARTTRANSFER_TIME_T);
	int64_t total = info_off(call, CURLINFO_TOTAL_TIME_T);

	return (struct http_timings){
		.resolve_us = named,
		.connect_us = connected > named ? connected - named : 0,
		.tls_us = secured > connected ? secured - connected : 0,
		.processing_us = first > sent ? first - sent : 0,
		.transfer_us = first && total > first ? total - first : 0,
		.total_us = total,
	};
}

static uint8_t version(struct http_call *call)
{
	static const uint8_t versions[] = {
		[CURL_HTTP_VERSION_1_0] = 10,
		[CURL_HTTP_VERSION_1_1] = 11,
		[CURL_HTTP_VERSION_2_0] = 20,
	};
	long spoken = info_long(call, CURLINFO_HTTP_VERSION);

	return spoken > 0 && spoken < (long)COUNT(versions) ? versions[spoken] : 0;
}

void call_response(struct http_call *call, CURLcode code, struct http_response *ret)
{
	*ret = (struct http_response){
		.outcome = judge(call, code),
		.status = (int)info_long(call, CURLINFO_RESPONSE_CODE),
		.version = version(call),
		.redirects = (uint8_t)info_long(call, CURLINFO_REDIRECT_COUNT),
		.headers = str_c(&call->head),
		.body = str_c(&call->answer),
		.body_bytes = call->answer.len,
		.received_bytes = info_off(call, CURLINFO_SIZE_DOWNLOAD_T),
		.address = info_text(call, CURLINFO_PRIMARY_IP),
		.url = info_text(call, CURLINFO_EFFECTIVE_URL),
		.timings = timings(call),
	};
	explain(call, code, ret);
}

/* The value after "name:" on this line, without the blanks around it; NULL when it isn't `name`. */
static const char *value_on_line(const char *line, size_t n, const char *name, size_t *ret_n)
{
	size_t length = strlen(name);
	const char *start, *end = line + n;

	if (n <= length || line[length] != ':' || strncasecmp(line, name, length) != 0)
		return NULL;
	start = line + length + 1;
	while (start < end && (*start == ' ' || *start == '\t'))
		start++;
	while (end > start && (end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\r'))
		end--;
	*ret_n = (size_t)(end - start);
	return start;
}

bool http_header(const char *headers, const char *name, char *ret, size_t size)
{
	for (const char *line = headers; *line;) {
		size_t n = strcspn(line, "\n"), length;
		const char *value = value_on_line(line, n, name, &length);

		if (value && length < size) {
			memcpy(ret, value, length);
			ret[length] = '\0';
			return true;
		}
		if (value)
			return false;
		line += n + (line[n] == '\n');
	}
	return false;
}

static CURLcode set_header(struct http_call *call, const char *header)
{
	CURLcode code = append(call, &call->headers, header);

	if (code == CURLE_OK)
		SET(HTTPHEADER, call->headers);
	return code;
}

enum rc call_add_header(struct http_call *call, const char *header, struct err *e)
{
	CURLcode code = set_header(call, header);

	return code == CURLE_OK
		       ? RC_OK
		       : err_set(e, RC_INPUT, "libcurl: %s", call->api->easy_strerror(code));
}

void call_response_unsent(const char *why, struct http_response *ret)
{
	*ret = (struct http_response){ .outcome = HTTP_UNUSABLE,
		.headers = "",
		.body = "",
		.address = "",
		.url = "" };
	str_copy(ret->reason, sizeof ret->reason, why);
}
