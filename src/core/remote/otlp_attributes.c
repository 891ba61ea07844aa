/* SPDX-License-Identifier: Apache-2.0 */
/* Attributes, and the labels that they become. */
#include "base/unicode.h"
#include "core/remote/otlp_private.h"
#include "core/remote/otlp_value.h"

const char *otlp_text_of(struct translation *t, struct arena *a, const struct protobuf_field *f)
{
	const char *s = f->n ? arena_strndup(a, (const char *)f->s, f->n) : "";

	if (!s)
		otlp_fail(t, RC_LIMIT, "more text than is taken at once");
	else if (!utf8_valid(s, strlen(s)))
		otlp_fail(t, RC_INPUT, "a text that isn't UTF-8");
	return t->rc == RC_OK ? s : "";
}

static const char *value_of(struct translation *t, struct arena *a,
	const struct protobuf_field *any)
{
	const char *text = "";
	enum rc rc = t->rc == RC_OK ? otlp_value_text(any, a, &text, t->e) : RC_OK;

	if (rc != RC_OK)
		t->rc = rc;
	return text;
}

struct attribute otlp_read_attribute(struct translation *t, struct arena *a,
	const struct protobuf_field *message)
{
	struct protobuf p = protobuf_inside(message);
	struct attribute it = { "", "" };
	struct protobuf_field f;

	while (protobuf_next(&p, &f)) {
		if (f.key == PROTOBUF_BYTES(1))
			it.key = otlp_text_of(t, a, &f);
		else if (f.key == PROTOBUF_BYTES(2))
			it.value = value_of(t, a, &f);
	}
	otlp_check(t, &p);
	return it;
}

void otlp_add_label(struct translation *t, struct arena *a, struct attributes *to, const char *name,
	const char *value)
{
	struct label *l = to->v;

	while (l < to->v + to->n && !str_eq(l->name, name))
		l++;
	if (l == to->v + ATTRIBUTES_MAX) {
		otlp_fail(t, RC_LIMIT, "more attributes than are taken");
		return;
	}
	if (l < to->v + to->n)
		value = arena_printf(a, "%s;%s", l->value, value);
	else
		to->n++;
	*l = (struct label){ name, value ? value : "", (uint32_t)strlen(name),
		(uint32_t)strlen(value ? value : "") };
}

void otlp_take_attribute(struct translation *t, struct arena *a, struct attributes *to,
	const struct attribute *it)
{
	scoped(str_fini) struct str name = STR_EMPTY;
	const char *kept;

	if (otlp_has_underscores(t->strategy))
		otlp_label_name(it->key, &name);
	else
		str_add(&name, it->key);
	kept = arena_strdup(a, str_c(&name));
	if (!kept)
		otlp_fail(t, RC_LIMIT, "more attributes than are taken");
	else if (*kept && *it->value)
		otlp_add_label(t, a, to, kept, it->value);
}
