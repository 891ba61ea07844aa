/* SPDX-License-Identifier: Apache-2.0 */
#include "api/alertmanager/answer.h"

enum rc v2_refuse(struct answer *out, enum rc rc, struct err *e)
{
	if (rc != RC_INPUT && rc != RC_LIMIT)
		return rc;
	out->status = 400;
	str_clear(&out->body);
	json_begin(&out->json, &out->body);
	json_text(&out->json, NULL, e->text);
	return RC_OK;
}

enum rc v2_filter(const struct call *c, struct matcher_list *ret, struct err *e)
{
	for (uint32_t i = 0; i < c->uri.query.n; i++) {
		const struct uri_pair *pair = &c->uri.query.items[i];
		enum rc rc = RC_OK;

		if (str_eq(pair->name, "filter"))
			rc = matcher_list_parse(ret, pair->value, e);
		if (rc != RC_OK)
			return err_in(e, RC_INPUT, "bad matcher format '%.200s'", pair->value);
	}
	return RC_OK;
}

enum rc v2_flag(const struct call *c, const char *name, bool otherwise, bool *ret, struct err *e)
{
	static const char *const words[2][6] = { { "false", "0", "f", "F", "FALSE", "False" },
		{ "true", "1", "t", "T", "TRUE", "True" } };
	const char *text = uri_pair(&c->uri.query, name);

	*ret = otherwise;
	if (!text)
		return RC_OK;
	for (int value = 0; value <= 1; value++)
		for (size_t i = 0; i < COUNT(words[0]); i++)
			if (str_eq(text, words[value][i])) {
				*ret = value;
				return RC_OK;
			}
	return err_set(e, RC_INPUT, "%s in query must be of type boolean: \"%.64s\"", name, text);
}
