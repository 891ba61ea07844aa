/* SPDX-License-Identifier: Apache-2.0 */
#include "core/remote_write/request_fixture.h"

#include "base/histogram.h"
#include "base/histogram_protobuf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

/* ---- what the format's description says, and nothing more */

static uint64_t varint(const uint8_t **p, const uint8_t *end)
{
	uint64_t v = 0;

	for (unsigned shift = 0;; shift += 7) {
		uint8_t byte;

		assert_true(*p < end && shift < 64);
		byte = *(*p)++;
		v |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80)
			return v;
	}
}

static void copy_back(struct str *out, size_t offset, size_t n)
{
	assert_true(offset > 0 && offset <= out->len);
	while (n--)
		str_addc(out, out->s[out->len - offset]);
}

static const uint8_t *element(const uint8_t *p, struct str *out)
{
	unsigned tag = *p++, length = tag >> 2, n = 0;

	switch (tag & 3) {
	case 0:
		if (length >= 60) {
			unsigned bytes = length - 59;

			for (unsigned i = 0; i < bytes; i++)
				n |= (unsigned)*p++ << 8 * i;
			length = n;
		}
		str_addn(out, p, length + 1);
		return p + length + 1;
	case 1:
		copy_back(out, (tag >> 5) << 8 | p[0], (length & 7) + 4);
		return p + 1;
	case 2:
		copy_back(out, p[0] | (size_t)p[1] << 8, length + 1);
		return p + 2;
	}
	copy_back(out, p[0] | (size_t)p[1] << 8 | (size_t)p[2] << 16 | (size_t)p[3] << 24,
		length + 1);
	return p + 4;
}

void request_unpack(const void *body, size_t n_body, struct str *out)
{
	const uint8_t *p = body, *end = p + n_body;
	uint64_t n = varint(&p, end);

	while (p < end)
		p = element(p, out);
	assert_ptr_equal(p, end);
	assert_int_equal(out->len, n);
}

/* Fields of a message; a visitor gets their bytes, or their number. */
struct field {
	unsigned number, kind;
	const uint8_t *p;
	uint64_t n; /* bytes, or the value */
};

static bool next_field(const uint8_t **p, const uint8_t *end, struct field *f)
{
	uint64_t head;

	if (*p == end)
		return false;
	head = varint(p, end);
	*f = (struct field){ (unsigned)(head >> 3), head & 7, *p, 0 };
	if (f->kind == 0) {
		f->n = varint(p, end);
	} else if (f->kind == 1) {
		*p += 8;
	} else {
		assert_int_equal(f->kind, 2);
		f->n = varint(p, end);
		f->p = *p;
		*p += f->n;
	}
	assert_true(*p <= end);
	return true;
}

static void parse_sample(const uint8_t *p, const uint8_t *end, struct request_sample *r)
{
	struct field f;

	while (next_field(&p, end, &f)) {
		if (f.number == 1)
			memcpy(&r->v, f.p, 8);
		else
			r->t_ms = (int64_t)f.n;
	}
}

static void add_pair(char text[], size_t size, const struct field *name, const struct field *value)
{
	size_t n = strlen(text);

	snprintf(text + n, size - n, "%.*s=%.*s,", (int)name->n, (const char *)name->p,
		(int)value->n, (const char *)value->p);
}

static void parse_histogram(const struct field *message, struct request_sample *r)
{
	scoped(arena_fini) struct arena a;
	scoped(str_fini) struct str text = STR_EMPTY;
	const struct histogram *h;

	arena_init(&a, 1 << 20);
	assert_int_equal(histogram_protobuf_read(protobuf_over(message->p, message->n), &a, &h,
				 &r->t_ms, NULL),
		RC_OK);
	histogram_text(h, &text);
	str_copy(r->histogram, sizeof r->histogram, str_c(&text));
	r->kind = REMOTE_HISTOGRAMS;
}

static void parse_label(const struct field *label, char text[], size_t size)
{
	const uint8_t *p = label->p, *end = p + label->n;
	struct field name = { 0 }, value = { 0 }, f;

	while (next_field(&p, end, &f))
		*(f.number == 1 ? &name : &value) = f;
	add_pair(text, size, &name, &value);
}

static void parse_exemplar_1(const struct field *message, struct request_sample *r)
{
	const uint8_t *p = message->p, *end = p + message->n;
	struct field f;

	r->kind = REMOTE_EXEMPLARS;
	while (next_field(&p, end, &f)) {
		if (f.number == 1)
			parse_label(&f, r->exemplar, sizeof r->exemplar);
		else if (f.number == 2)
			memcpy(&r->v, f.p, 8);
		else
			r->t_ms = (int64_t)f.n;
	}
}

static void series_1(const struct field *series, struct request_sample *r)
{
	const uint8_t *p = series->p, *end = p + series->n;
	struct field f;

	while (next_field(&p, end, &f)) {
		if (f.number == 1)
			parse_label(&f, r->text, sizeof r->text);
		else if (f.number == 2)
			parse_sample(f.p, f.p + f.n, r);
		else if (f.number == 3)
			parse_exemplar_1(&f, r);
		else if (f.number == 4)
			parse_histogram(&f, r);
	}
}

struct symbols {
	struct field v[5000];
	uint32_t n;
};

static void parse_refs(const struct field *refs, const struct symbols *s, char text[], size_t size)
{
	const uint8_t *p = refs->p, *end = p + refs->n;

	while (p < end) {
		uint64_t name = varint(&p, end), value = varint(&p, end);

		assert_true(name < s->n && value < s->n && name && value);
		add_pair(text, size, &s->v[name], &s->v[value]);
	}
}

static void parse_exemplar_2(const struct field *message, const struct symbols *s,
	struct request_sample *r)
{
	const uint8_t *p = message->p, *end = p + message->n;
	struct field f;

	r->kind = REMOTE_EXEMPLARS;
	while (next_field(&p, end, &f)) {
		if (f.number == 1)
			parse_refs(&f, s, r->exemplar, sizeof r->exemplar);
		else if (f.number == 2)
			memcpy(&r->v, f.p, 8);
		else
			r->t_ms = (int64_t)f.n;
	}
}

static void parse_about(const struct field *message, const struct symbols *s,
	struct request_sample *r)
{
	const uint8_t *p = message->p, *end = p + message->n;
	uint64_t v[5] = { 0 };
	struct field f;

	while (next_field(&p, end, &f)) {
		assert_true(f.number < COUNT(v) && f.kind == 0);
		v[f.number] = f.n;
	}
	assert_true(v[3] < s->n && v[4] < s->n);
	snprintf(r->about, sizeof r->about, "%d|%.*s|%.*s", (int)v[1], (int)s->v[v[3]].n,
		(const char *)s->v[v[3]].p, (int)s->v[v[4]].n, (const char *)s->v[v[4]].p);
}

static void series_2(const struct field *series, const struct symbols *s, struct request_sample *r)
{
	const uint8_t *p = series->p, *end = p + series->n;
	struct field f;

	while (next_field(&p, end, &f)) {
		if (f.number == 1)
			parse_refs(&f, s, r->text, sizeof r->text);
		else if (f.number == 2)
			parse_sample(f.p, f.p + f.n, r);
		else if (f.number == 3)
			parse_histogram(&f, r);
		else if (f.number == 4)
			parse_exemplar_2(&f, s, r);
		else if (f.number == 5)
			parse_about(&f, s, r);
	}
}

uint32_t request_read(const struct str *raw, enum remote_protocol p,
	void (*show)(void *ctx, const struct request_sample *sample), void *ctx)
{
	const uint8_t *at = (const uint8_t *)raw->s, *end = at + raw->len;
	struct symbols *s = must_alloc(sizeof *s);
	struct request_sample *r = must_alloc(sizeof *r);
	struct field f;
	uint32_t n = 0;

	while (next_field(&at, end, &f)) {
		if (p == REMOTE_WRITE_2 && f.number == 4) {
			assert_true(s->n ? f.n > 0 : !f.n); /* the first is "" */
			assert_true(s->n < COUNT(s->v));
			s->v[s->n++] = f;
			continue;
		}
		assert_int_equal(f.number, p == REMOTE_WRITE_1 ? 1 : 5);
		r->kind = REMOTE_SAMPLES;
		r->text[0] = r->exemplar[0] = r->histogram[0] = r->about[0] = 0;
		r->t_ms = 0;
		r->v = 0;
		if (p == REMOTE_WRITE_1)
			series_1(&f, r);
		else
			series_2(&f, s, r);
		show(ctx, r);
		n++;
	}
	free(r);
	free(s);
	return n;
}
