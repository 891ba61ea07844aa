/* SPDX-License-Identifier: Apache-2.0 */
/* Series of the request that is made: labels, a sample, exemplars. */
#include "base/hash.h"
#include "base/unicode.h"
#include "core/remote/otlp_private.h"

#define ID_BYTES_MAX       16 /* of a trace */
#define EXEMPLAR_CHARS_MAX 128

static void put_label(struct str *out, const char *name, const char *value)
{
	size_t opened = protobuf_open(out, 1);

	protobuf_add_bytes(out, 1, name, strlen(name));
	protobuf_add_bytes(out, 2, value, strlen(value));
	protobuf_close(out, opened);
}

static bool has_label(const struct attributes *labels, const char *name)
{
	for (uint32_t i = 0; i < labels->n; i++)
		if (str_eq(labels->v[i].name, name))
			return true;
	return false;
}

/* Whether a label of the series already says this by other means. */
static bool is_own(const struct translation *t, const char *name, const struct extra *x)
{
	return (*t->job && str_eq(name, "job")) || (*t->instance && str_eq(name, "instance")) ||
	       (x->name && str_eq(name, x->name)) || str_eq(name, METRIC_NAME) ||
	       has_label(&t->scope, name);
}

static void put_labels(struct translation *t, const struct attributes *labels,
	const struct attributes *but, const struct extra *x)
{
	for (uint32_t i = 0; i < labels->n; i++) {
		const struct label *l = &labels->v[i];

		if (!is_own(t, l->name, x) && !(but && has_label(but, l->name)))
			put_label(t->out, l->name, l->value);
	}
}

size_t otlp_open_series(struct translation *t, const struct attributes *labels,
	const struct extra *x)
{
	scoped(str_fini) struct str name = STR_EMPTY;
	size_t opened = protobuf_open(t->out, 1);

	str_addf(&name, "%s%s", t->name, x->suffix);
	put_label(t->out, METRIC_NAME, str_c(&name));
	if (*t->job)
		put_label(t->out, "job", t->job);
	if (*t->instance)
		put_label(t->out, "instance", t->instance);
	if (x->name)
		put_label(t->out, x->name, x->value);
	for (uint32_t i = 0; i < t->scope.n; i++)
		put_label(t->out, t->scope.v[i].name, t->scope.v[i].value);
	put_labels(t, labels, NULL, x);
	if (labels != &t->resource)
		put_labels(t, &t->promoted, labels, x);
	return opened;
}

/* The bytes of an id as digits.  Returns how many characters name and digits are. */
static size_t put_id(struct translation *t, const char *name, const struct protobuf_field *f)
{
	char digits[2 * ID_BYTES_MAX + 1] = "";

	if (!f->n || f->n > ID_BYTES_MAX)
		return 0;
	hex_encode(f->s, f->n, digits);
	put_label(t->out, name, digits);
	return strlen(name) + 2 * (size_t)f->n;
}

static bool is_of_trace(const char *name)
{
	return str_eq(name, "trace_id") || str_eq(name, "span_id");
}

/* Attributes that the series doesn't have; all of them, or none where that would be more than an
 * exemplar's labels may be. */
static void put_filtered(struct translation *t, const struct protobuf_field *message,
	size_t n_chars)
{
	struct protobuf p = protobuf_inside(message);
	struct protobuf_field f;
	struct attributes found;

	found.n = 0;
	while (t->rc == RC_OK && protobuf_next(&p, &f)) {
		struct attribute it;

		if (f.key != PROTOBUF_BYTES(7))
			continue;
		it = otlp_read_attribute(t, &t->arena, &f);
		n_chars +=
			utf8_count(it.key, strlen(it.key)) + utf8_count(it.value, strlen(it.value));
		if (n_chars > EXEMPLAR_CHARS_MAX)
			return;
		if (*it.key && !is_of_trace(it.key))
			otlp_add_label(t, &t->arena, &found, it.key, it.value);
	}
	for (uint32_t i = 0; t->rc == RC_OK && i < found.n; i++)
		put_label(t->out, found.v[i].name, found.v[i].value);
}

struct exemplar_of { /* a point's */
	double v;
	int64_t t_ms;
	struct protobuf_field trace, span;
};

static struct exemplar_of read_exemplar(struct translation *t, const struct protobuf_field *message)
{
	struct protobuf p = protobuf_inside(message);
	struct exemplar_of x = { 0 };
	struct protobuf_field f;

	while (protobuf_next(&p, &f)) {
		if (f.key == PROTOBUF_FIXED64(2))
			x.t_ms = (int64_t)(f.v / NANOSECONDS_IN_A_MS);
		else if (f.key == PROTOBUF_FIXED64(3))
			x.v = protobuf_double(&f);
		else if (f.key == PROTOBUF_FIXED64(6))
			x.v = (double)(int64_t)f.v;
		else if (f.key == PROTOBUF_BYTES(4))
			x.span = f;
		else if (f.key == PROTOBUF_BYTES(5))
			x.trace = f;
	}
	otlp_check(t, &p);
	return x;
}

void otlp_put_exemplars(struct translation *t, const struct sample *s)
{
	struct protobuf p = *s->message;
	struct protobuf_field f;

	while (t->rc == RC_OK && protobuf_next(&p, &f)) {
		struct exemplar_of x;
		size_t opened, n_chars;

		if (f.key != s->exemplars)
			continue;
		x = read_exemplar(t, &f);
		if (!(x.v > s->above && x.v <= s->most))
			continue;
		opened = protobuf_open(t->out, 3);
		n_chars = put_id(t, "trace_id", &x.trace);
		n_chars += put_id(t, "span_id", &x.span);
		put_filtered(t, &f, n_chars);
		protobuf_add_double(t->out, 2, x.v);
		protobuf_add_int(t->out, 3, x.t_ms);
		protobuf_close(t->out, opened);
	}
}

void otlp_put_series(struct translation *t, const struct attributes *labels, const struct extra *x,
	const struct sample *s)
{
	size_t opened = otlp_open_series(t, labels, x), inner = protobuf_open(t->out, 2);

	protobuf_add_double(t->out, 1, s->v);
	protobuf_add_int(t->out, 2, s->t_ms);
	protobuf_close(t->out, inner);
	if (s->message)
		otlp_put_exemplars(t, s);
	protobuf_close(t->out, opened);
	if (s->t_ms > t->latest_ms)
		t->latest_ms = s->t_ms;
}
