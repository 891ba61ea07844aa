/* SPDX-License-Identifier: Apache-2.0 */
/* Requests and conclusions: what our own client and libcurl have in common. */
#include "port/probe/http_probe.h"

#include "base/hash.h"
#include "base/mem.h"
#include "port/files/secret.h"

#include <strings.h>

#define SECRET_MAX 4096

const char *http_spec_header(const struct http_spec *spec, const char *name)
{
	for (uint32_t i = 0; i < spec->n_headers; i++)
		if (strcasecmp(spec->header_names[i], name) == 0)
			return spec->header_values[i];
	return NULL;
}

/* Headers that speak for a login stay with the host that they were written for. */
static bool is_confidential(const char *name)
{
	return strcasecmp(name, "Authorization") == 0 || strcasecmp(name, "Cookie") == 0 ||
	       strcasecmp(name, "Proxy-Authorization") == 0;
}

static bool add_header(struct probe *p, const char *name, const char *value, struct str *out)
{
	if (strpbrk(name, "\r\n: ") || strpbrk(value, "\r\n")) {
		probe_fail(p, "header %.40s can't be sent: it holds a line break", name);
		return false;
	}
	str_addf(out, "%s: %s\r\n", name, value);
	return true;
}

static void add_basic(const char *login, size_t n, struct str *out)
{
	char *text = must_alloc(4 * ((n + 2) / 3) + 1);

	base64_encode(login, n, text);
	str_addf(out, "Authorization: Basic %s\r\n", text);
	explicit_bzero(text, strlen(text));
	free(text);
}

/* Secrets are read for each request, so that a rotated one is taken up at once. */
static enum rc add_login(struct probe *p, const struct url *url, struct str *out, struct err *e)
{
	const struct http_spec *spec = &p->spec->http;
	scoped(secret_wipe) struct str login = { .limit_bytes = SECRET_MAX };
	scoped(secret_wipe) struct str secret = { .limit_bytes = SECRET_MAX };
	enum rc rc = RC_OK;

	if (spec->bearer.kind != SECRET_NONE) {
		rc = probe_secret(p, &spec->bearer, &secret, e);
		if (rc == RC_OK && strpbrk(str_c(&secret), "\r\n"))
			rc = err_set(e, RC_INPUT, "the bearer token holds a line break");
		if (rc == RC_OK)
			str_addf(out, "Authorization: Bearer %s\r\n", str_c(&secret));
	} else if (spec->user) {
		if (spec->password.kind != SECRET_NONE)
			rc = probe_secret(p, &spec->password, &secret, e);
		str_addf(&login, "%s:%s", spec->user, str_c(&secret));
		if (rc == RC_OK)
			add_basic(login.s, login.len, out);
	} else if (url->login[0]) {
		add_basic(url->login, strlen(url->login), out);
	}
	return rc;
}

bool http_add_headers(struct probe *p, const struct url *url, bool with_login, struct str *out)
{
	const struct http_spec *spec = &p->spec->http;
	struct err e;

	for (uint32_t i = 0; i < spec->n_headers; i++) {
		const char *name = spec->header_names[i];

		if (strcasecmp(name, "Host") == 0 || (!with_login && is_confidential(name)))
			continue;
		if (!add_header(p, name, spec->header_values[i], out))
			return false;
	}
	if (!http_spec_header(spec, "User-Agent"))
		str_add(out, "User-Agent: diarchy/" DIARCHY_VERSION "\r\n");
	if (spec->compression && !http_spec_header(spec, "Accept-Encoding"))
		str_addf(out, "Accept-Encoding: %s\r\n", spec->compression);
	if (!with_login || http_spec_header(spec, "Authorization"))
		return true;
	if (add_login(p, url, out, &e) == RC_OK)
		return true;
	probe_fail(p, "%s", e.text);
	return false;
}

void http_conclude(struct probe *p, const struct http_facts *facts)
{
	struct probe_http *result = &p->result.http;
	struct http_verdict verdict;
	char date[64];

	probe_leave_phase(p);
	result->status = facts->answer->status;
	result->version = facts->version;
	result->is_tls = facts->is_tls;
	result->content_length = facts->answer->content_length;
	if (http_answer_header_text(facts->answer, "Last-Modified", date, sizeof date))
		result->has_last_modified = http_date_parse(date, &result->last_modified_s);
	http_judge(&p->spec->http, facts, &verdict);
	if (verdict.is_ok)
		probe_pass(p);
	else if (verdict.by_pattern)
		probe_fail_by_pattern(p, "%s", verdict.why);
	else
		probe_fail(p, "%s", verdict.why);
}
