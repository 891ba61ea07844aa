/* SPDX-License-Identifier: Apache-2.0 */
#include "core/remote/write_private.h"

#include "base/histogram_protobuf.h"

#define MEDIA_TYPE "application/x-protobuf"

static const struct {
	const char *name;
	enum remote_version version;
} messages[] = {
	{ "prometheus.WriteRequest", REMOTE_VERSION_1 },
	{ "io.prometheus.write.v2.Request", REMOTE_VERSION_2 },
};

static const char *skip_blanks(const char *s)
{
	while (*s == ' ' || *s == '\t')
		s++;
	return s;
}

static bool is_piece(const char *s, size_t n, const char *text)
{
	return strlen(text) == n && strncmp(s, text, n) == 0;
}

enum rc remote_write_version(const char *content_type, enum remote_version *ret, struct err *e)
{
	const char *s = skip_blanks(content_type);
	size_t n = strcspn(s, ";");

	*ret = REMOTE_VERSION_1;
	if (!*s)
		return RC_OK;
	if (!is_piece(s, n, MEDIA_TYPE))
		return err_set(e, RC_UNSUPPORTED,
			"expected " MEDIA_TYPE
			" as the first (media) part, got %.100s content-type",
			content_type);
	for (s += n; *s; s += strcspn(s, ";")) {
		s = skip_blanks(s + 1);
		if (!str_starts(s, "proto="))
			continue;
		s += strlen("proto=");
		for (size_t i = 0; i < COUNT(messages); i++) {
			if (!is_piece(s, strcspn(s, "; "), messages[i].name))
				continue;
			*ret = messages[i].version;
			return RC_OK;
		}
		return err_set(e, RC_UNSUPPORTED,
			"got %.100s content type; unknown remote write protobuf message",
			content_type);
	}
	return RC_OK;
}

enum rc remote_malformed(struct err *e)
{
	return err_set(e, RC_INPUT, "proto: the message is malformed");
}

enum rc remote_check_room(const struct series_batch *b, struct err *e)
{
	if (series_batch_is_full(b))
		return err_set(e, RC_LIMIT,
			"more than %u series, histograms, exemplars and metadata at once",
			b->samples_max);
	return RC_OK;
}

enum rc remote_take_sample(struct series_batch *b, const struct protobuf_field *message,
	struct err *e)
{
	struct protobuf p = protobuf_inside(message);
	struct protobuf_field f;
	int64_t t_ms = 0;
	double v = 0;

	while (protobuf_next(&p, &f))
		if (f.key == PROTOBUF_FIXED64(1))
			v = protobuf_double(&f);
		else if (f.key == PROTOBUF_VARINT(2))
			t_ms = (int64_t)f.v;
	if (p.is_bad)
		return remote_malformed(e);
	if (b->n_samples >= b->samples_max)
		return err_set(e, RC_LIMIT, "more than %u samples at once", b->samples_max);
	series_batch_add(b, b->n_series - 1, t_ms, v);
	return RC_OK;
}

enum rc remote_take_histogram(struct series_batch *b, const struct protobuf_field *f, struct err *e)
{
	const struct histogram *h;
	int64_t t_ms;
	enum rc rc = remote_check_room(b, e);

	if (rc == RC_OK)
		rc = histogram_protobuf_read(protobuf_inside(f), &b->arena, &h, &t_ms, e);
	if (rc == RC_OK)
		series_batch_add_histogram(b, b->n_series - 1, t_ms, h);
	return rc;
}

enum rc remote_check_labels(struct label *v, uint32_t n, struct labels *ret, struct err *e)
{
	enum rc rc;

	for (uint32_t i = 0; i < n; i++)
		if (!v[i].name_len || !utf8_valid(v[i].name, v[i].name_len) ||
			!utf8_valid(v[i].value, v[i].value_len))
			return err_set(e, RC_INPUT, "invalid metric name or labels");
	rc = labels_sort(v, n, ret, e);
	if (rc == RC_OK && !labels_find(ret, METRIC_NAME))
		return err_set(e, RC_INPUT, "invalid metric name or labels: no metric name");
	return rc;
}

const char *remote_text(struct arena *a, const void *s, uint32_t n)
{
	return n ? arena_strndup(a, s, n) : "";
}

const char *remote_type_name(uint64_t type)
{
	static const char *const names[] = { "unknown", "counter", "gauge", "histogram",
		"gaugehistogram", "summary", "info", "stateset" };

	return names[type < COUNT(names) ? type : 0];
}

enum rc remote_write_read(enum remote_version version, const void *bytes, size_t n,
	struct series_batch *ret, struct err *e)
{
	struct protobuf p = protobuf_over(bytes, n);

	return version == REMOTE_VERSION_1 ? remote_write_read_1(p, ret, e)
					   : remote_write_read_2(p, ret, e);
}
