/* SPDX-License-Identifier: Apache-2.0 */
/*
 * message prometheus.WriteRequest: prompb/remote.proto, prompb/types.proto.
 *
 * Labels stand first in a series, one message after the other: their bytes, from the first to behind
 * the last, are what the series is known by.  Should somebody write them elsewhere, it is the whole
 * series that is hashed, and costs the reading of its labels each time.
 */
#include "core/remote/write_private.h"

#include "base/limits.h"

#include <xxhash.h>

static bool read_label(const struct protobuf_field *message, struct arena *a, struct label *ret)
{
	struct protobuf p = protobuf_inside(message);
	struct protobuf_field f;

	*ret = (struct label){ "", "", 0, 0 };
	while (protobuf_next(&p, &f)) {
		const char *text;

		if (f.key != PROTOBUF_BYTES(1) && f.key != PROTOBUF_BYTES(2))
			continue;
		text = remote_text(a, f.s, f.n);
		if (!text)
			return false;
		if (f.key == PROTOBUF_BYTES(1)) {
			ret->name = text;
			ret->name_len = f.n;
		} else {
			ret->value = text;
			ret->value_len = f.n;
		}
	}
	return !p.is_bad;
}

static enum rc read_labels(const struct protobuf_field *series, struct arena *a, uint32_t *ret_n,
	struct label **ret, struct err *e)
{
	struct protobuf p = protobuf_inside(series);
	struct protobuf_field f;
	uint32_t n = 0;

	while (protobuf_next(&p, &f))
		n += f.key == PROTOBUF_BYTES(1);
	if (n > SERIES_LABELS_MAX)
		return err_set(e, RC_INPUT, "a series of %u labels: %d are allowed", n,
			SERIES_LABELS_MAX);
	*ret = arena_alloc(a, (n + 1) * sizeof **ret);
	if (!*ret)
		return err_set(e, RC_LIMIT, "too many labels");
	*ret_n = 0;
	p = protobuf_inside(series);
	while (protobuf_next(&p, &f))
		if (f.key == PROTOBUF_BYTES(1) && !read_label(&f, a, &(*ret)[(*ret_n)++]))
			return err_set(e, RC_INPUT, "a malformed label");
	return RC_OK;
}

static enum rc labels_of(const struct series_batch *b, uint32_t series, struct arena *a,
	struct labels *ret, struct err *e)
{
	const struct batch_series *s = &b->series[series];
	struct protobuf_field f = { .s = (const uint8_t *)s->text, .n = s->n };
	struct label *v;
	uint32_t n;
	enum rc rc = read_labels(&f, a, &n, &v, e);

	return rc == RC_OK ? remote_check_labels(v, n, ret, e) : rc;
}

static enum rc take_exemplar(struct series_batch *b, const struct protobuf_field *message,
	struct err *e)
{
	struct protobuf p = protobuf_inside(message);
	struct protobuf_field f;
	struct exemplar x = { .has_time = true };
	struct label *v;
	uint32_t n;
	enum rc rc = remote_check_room(b, e);

	if (rc == RC_OK)
		rc = read_labels(message, &b->arena, &n, &v, e);
	while (protobuf_next(&p, &f))
		if (f.key == PROTOBUF_FIXED64(2))
			x.v = protobuf_double(&f);
		else if (f.key == PROTOBUF_VARINT(3))
			x.t_ms = (int64_t)f.v;
	if (p.is_bad)
		return remote_malformed(e);
	if (rc == RC_OK)
		rc = labels_sort(v, n, &x.labels, e);
	if (rc == RC_OK)
		series_batch_add_exemplar(b, b->n_series - 1, &x);
	return rc;
}

static enum rc take_other(struct series_batch *b, const struct protobuf_field *f, struct err *e)
{
	if (f->key == PROTOBUF_BYTES(3))
		return take_exemplar(b, f, e);
	if (f->key == PROTOBUF_BYTES(4))
		return remote_take_histogram(b, f, e);
	return RC_OK;
}

static enum rc take_series(struct series_batch *b, const struct protobuf_field *message,
	struct err *e)
{
	struct protobuf p = protobuf_inside(message);
	const uint8_t *labels_end = p.at;
	struct protobuf_field f;
	struct batch_series *s = series_batch_add_series(b, 0, (const char *)p.at, 0);
	enum rc rc = RC_OK;

	while (protobuf_next(&p, &f) && f.key == PROTOBUF_BYTES(1))
		labels_end = p.at;
	s->n = (uint32_t)(labels_end - message->s);
	for (p.at = labels_end; rc == RC_OK && protobuf_next(&p, &f);) {
		if (f.key == PROTOBUF_BYTES(2))
			rc = remote_take_sample(b, &f, e);
		else if (f.key == PROTOBUF_BYTES(1))
			s->n = message->n;
		else
			rc = take_other(b, &f, e);
	}
	if (p.is_bad)
		return remote_malformed(e);
	s->hash = XXH3_64bits_withSeed(s->text, s->n, b->seed);
	return rc;
}

static enum rc take_metadata(struct series_batch *b, const struct protobuf_field *message,
	struct err *e)
{
	struct protobuf p = protobuf_inside(message);
	struct metric_metadata m = { "unknown", "", "" };
	const char *metric = "";
	struct protobuf_field f;

	while (protobuf_next(&p, &f)) {
		const char **to = f.key == PROTOBUF_BYTES(2)   ? &metric
				  : f.key == PROTOBUF_BYTES(4) ? &m.help
				  : f.key == PROTOBUF_BYTES(5) ? &m.unit
							       : NULL;

		if (f.key == PROTOBUF_VARINT(1))
			m.type = remote_type_name(f.v);
		if (to)
			*to = remote_text(&b->arena, f.s, f.n);
	}
	if (p.is_bad)
		return remote_malformed(e);
	if (!metric || !m.help || !m.unit)
		return err_set(e, RC_LIMIT, "more metadata than is taken at once");
	if (*metric && utf8_valid(metric, strlen(metric)) && utf8_valid(m.help, strlen(m.help)) &&
		utf8_valid(m.unit, strlen(m.unit)))
		series_batch_add_metadata(b, metric, &m);
	return RC_OK;
}

enum rc remote_write_read_1(struct protobuf p, struct series_batch *b, struct err *e)
{
	struct protobuf_field f;
	enum rc rc = RC_OK;

	b->labels = labels_of;
	while (rc == RC_OK && protobuf_next(&p, &f)) {
		rc = remote_check_room(b, e);
		if (rc == RC_OK && f.key == PROTOBUF_BYTES(1))
			rc = take_series(b, &f, e);
		else if (rc == RC_OK && f.key == PROTOBUF_BYTES(3))
			rc = take_metadata(b, &f, e);
	}
	return p.is_bad ? remote_malformed(e) : rc;
}
