/* SPDX-License-Identifier: Apache-2.0 */
#include "core/scrape/media_type.h"

#include <ctype.h>
#include <strings.h>

#define TEXT        "text/plain"
#define OPENMETRICS "application/openmetrics-text"
#define PROTOBUF    "application/vnd.google.protobuf"

static const struct {
	const char *type; /* of a body */
	enum exposition_format format;
	const char *accept;
	bool is_escaped; /* the Accept header says which names we take */
} protocols[SCRAPE_PROTOCOLS] = {
	[SCRAPE_OPENMETRICS_1_0_0] = { OPENMETRICS, EXPOSITION_OPENMETRICS,
		OPENMETRICS ";version=1.0.0", true },
	[SCRAPE_OPENMETRICS_0_0_1] = { OPENMETRICS, EXPOSITION_OPENMETRICS,
		OPENMETRICS ";version=0.0.1", false },
	[SCRAPE_TEXT_1_0_0] = { TEXT, EXPOSITION_TEXT, TEXT ";version=1.0.0", true },
	[SCRAPE_TEXT_0_0_4] = { TEXT, EXPOSITION_TEXT, TEXT ";version=0.0.4", false },
	[SCRAPE_PROTOBUF] = { PROTOBUF, EXPOSITION_PROTOBUF,
		PROTOBUF ";proto=io.prometheus.client.MetricFamily;encoding=delimited", false },
};

static bool is_token(char c)
{
	return c > ' ' && c < 0x7f && !strchr("()<>@,;:\\\"/[]?=", c);
}

static const char *skip_token(const char *s)
{
	while (*s && is_token(*s))
		s++;
	return s;
}

static const char *skip_quoted(const char *s)
{
	for (s++; *s && *s != '"'; s++)
		if (*s == '\\' && s[1])
			s++;
	return *s ? s + 1 : NULL;
}

static const char *skip_space(const char *s)
{
	while (isspace((unsigned char)*s))
		s++;
	return s;
}

/* "; charset=utf-8; version=\"0.0.4\"", as Go's mime.ParseMediaType wants them. */
static bool are_parameters(const char *s)
{
	for (s = skip_space(s); *s; s = skip_space(s)) {
		const char *name;

		if (*s++ != ';')
			return false;
		name = s = skip_space(s);
		if (!*s)
			return true;
		s = skip_token(s);
		if (s == name || *s++ != '=')
			return false;
		name = s;
		s = *s == '"' ? skip_quoted(s) : skip_token(s);
		if (!s || s == name)
			return false;
	}
	return true;
}

/* Length of "type/subtype" at the start; 0: malformed. */
static size_t type_length(const char *s)
{
	const char *end = skip_token(s);

	if (end == s)
		return 0;
	if (*end == '/') {
		const char *sub = end + 1;

		end = skip_token(sub);
		if (end == sub)
			return 0;
	}
	return are_parameters(end) ? (size_t)(end - s) : 0;
}

static bool find_format(const char *type, size_t n, enum exposition_format *ret)
{
	for (size_t i = 0; i < SCRAPE_PROTOCOLS; i++) {
		if (!protocols[i].type || strlen(protocols[i].type) != n ||
			strncasecmp(protocols[i].type, type, n) != 0)
			continue;
		*ret = protocols[i].format;
		return true;
	}
	return false;
}

enum rc media_type_choose(const char *content_type, int fallback_protocol,
	enum exposition_format *ret, struct err *e)
{
	size_t n;

	content_type = skip_space(content_type);
	n = type_length(content_type);
	if (n && find_format(content_type, n, ret))
		return RC_OK;
	if (fallback_protocol != SCRAPE_PROTOCOL_NONE) {
		*ret = protocols[fallback_protocol].format;
		return RC_OK;
	}
	if (!*content_type)
		return err_set(e, RC_INPUT,
			"non-compliant scrape target sending blank Content-Type and no "
			"fallback_scrape_protocol specified for target");
	if (!n)
		return err_set(e, RC_INPUT,
			"cannot parse Content-Type \"%.80s\" and no fallback_scrape_protocol for "
			"target",
			content_type);
	return err_set(e, RC_INPUT,
		"received unsupported Content-Type \"%.80s\" and no fallback_scrape_protocol "
		"specified for target",
		content_type);
}

void media_type_accept(const struct scrape_terms *terms, struct str *out)
{
	uint32_t weight = SCRAPE_PROTOCOLS + 1;

	for (uint32_t i = 0; i < terms->protocols.n; i++, weight--) {
		enum scrape_protocol p = terms->protocols.v[i];

		str_add(out, protocols[p].accept);
		if (protocols[p].is_escaped)
			str_addf(out, ";escaping=%s",
				name_escaping_text((enum name_escaping)terms->name_escaping));
		str_addf(out, ";q=0.%u,", weight);
	}
	str_addf(out, "*/*;q=0.%u", weight);
}
