/* SPDX-License-Identifier: Apache-2.0 */
#include "port/notify/settings.h"

#include "base/http_written.h"

static void take_from(struct http_request *to, const struct http_request *from)
{
	to->headers = from->headers;
	to->n_headers = from->n_headers;
	to->wants_http2 = from->wants_http2;
	to->redirects_max = from->redirects_max;
	to->user = from->user;
	to->password = from->password;
	to->proxy_url = from->proxy_url;
	to->falls_back_on_proxy = from->falls_back_on_proxy;
	to->no_proxy = from->no_proxy;
	to->proxy_headers = from->proxy_headers;
	to->n_proxy_headers = from->n_proxy_headers;
	to->token = from->token;
	to->tls = from->tls;
}

enum rc settings_apply(struct request *s, const struct lab_channel *c, struct request_files *files,
	struct http_request *to, struct err *e)
{
	const struct http_config *config = c->http ? &c->http->config : NULL;
	enum rc rc;

	if (!config)
		return RC_OK;
	rc = request_files_open(files, &config->tls, e);
	if (rc == RC_OK)
		rc = request_init(s, config, files, e);
	if (rc != RC_OK)
		return err_in(e, rc, "http_config");
	for (uint32_t i = 0; i < to->n_headers; i++)
		request_add_header(s, "%s", to->headers[i]);
	/* Without a name libcurl posts, and asks by GET where a redirection wants that, as Go's does. */
	if (s->http.redirects_max && to->method && str_eq(to->method, "POST"))
		to->method = NULL;
	take_from(to, &s->http);
	return RC_OK;
}
