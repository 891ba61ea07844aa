/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/ask.h"

void answer_fini(struct answer *a)
{
	str_fini(&a->text);
	json_decref(a->json);
	a->json = NULL;
}

void answer_print(struct call *c, const struct answer *a)
{
	(c->page.term.width ? text_add_json : str_add)(&c->page.out, str_c(&a->text));
	page_line(&c->page);
}

void ask_encode(struct str *path, const char *text)
{
	for (const unsigned char *s = (const unsigned char *)text; *s; s++) {
		bool is_plain = (*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z') ||
			(*s >= '0' && *s <= '9') || strchr("-._~", *s);

		str_addf(path, is_plain ? "%c" : "%%%02X", *s);
	}
}

enum rc ask(struct call *c, const char *path, struct answer *ret, struct err *e)
{
	(void)c;
	(void)path;
	(void)ret;
	return err_set(e, RC_UNSUPPORTED, "no client yet");
}

enum rc tell(struct call *c, const char *method, const char *path, const char *body,
	struct answer *ret, struct err *e)
{
	(void)method;
	(void)body;
	return ask(c, path, ret, e);
}

enum rc ask_stream(struct call *c, const char *path,
	bool (*each)(void *ctx, const char *event, const char *data), void *ctx, struct err *e)
{
	(void)each;
	(void)ctx;
	return ask(c, path, NULL, e);
}
