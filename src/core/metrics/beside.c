/* SPDX-License-Identifier: Apache-2.0 */
#include "core/metrics/beside.h"

#include "base/limits.h"
#include "core/metrics/varint.h"

static const char magic[8] = "DiaBes1\n";

static void add_item(struct str *out, enum beside_kind kind, const struct str *item)
{
	str_addc(out, (char)kind);
	varint_add(out, item->len);
	str_addn(out, item->s, item->len);
}

static void add_text(struct str *out, const char *text, size_t n)
{
	varint_add(out, n);
	str_addn(out, text, n);
}

void beside_add_late_histogram(struct str *out, uint32_t id, int64_t t_ms, const void *packed,
	size_t n)
{
	scoped(str_fini) struct str item = STR_EMPTY;

	varint_add(&item, id);
	str_addn(&item, &t_ms, 8);
	str_addn(&item, packed, n);
	add_item(out, BESIDE_LATE_HISTOGRAM, &item);
}

void beside_labels(struct str *out, const struct labels *l)
{
	varint_add(out, l->n);
	for (uint32_t i = 0; i < l->n; i++) {
		add_text(out, l->v[i].name, l->v[i].name_len);
		add_text(out, l->v[i].value, l->v[i].value_len);
	}
}

void beside_add_exemplar(struct str *out, uint32_t id, const struct exemplar *x,
	const struct str *labels)
{
	scoped(str_fini) struct str item = STR_EMPTY;

	varint_add(&item, id);
	str_addn(&item, &x->t_ms, 8);
	str_addn(&item, &x->v, 8);
	str_addn(&item, labels->s, labels->len);
	add_item(out, BESIDE_EXEMPLAR, &item);
}

void beside_add_metadata(struct str *out, const char *metric, const struct metric_metadata *m)
{
	scoped(str_fini) struct str item = STR_EMPTY;

	add_text(&item, metric, strlen(metric));
	add_text(&item, m->type, strlen(m->type));
	add_text(&item, m->help, strlen(m->help));
	add_text(&item, m->unit, strlen(m->unit));
	add_item(out, BESIDE_METADATA, &item);
}

/* Texts of an item, terminated: copied one behind the other. */
struct texts {
	struct varint_bytes in;
	char *room;
	size_t at;
};

static bool take_text(struct texts *t, const char **ret, uint32_t *ret_n)
{
	uint64_t n;

	if (!varint_get(&t->in, UINT32_MAX, &n) || n > (uint64_t)(t->in.end - t->in.p))
		return false;
	memcpy(t->room + t->at, t->in.p, n);
	t->room[t->at + n] = 0;
	*ret = t->room + t->at;
	*ret_n = (uint32_t)n;
	t->at += n + 1;
	t->in.p += n;
	return true;
}

/* One that nobody knows the length of. */
static bool take_word(struct texts *t, const char **ret)
{
	uint32_t n;

	return take_text(t, ret, &n) && !memchr(*ret, 0, n);
}

static bool take_head(struct varint_bytes *in, uint32_t *ret_id, int64_t *ret_t_ms)
{
	uint64_t id;

	if (!varint_get(in, UINT32_MAX, &id) || in->end - in->p < 8)
		return false;
	*ret_id = (uint32_t)id;
	*ret_t_ms = (int64_t)get_u64(in->p);
	in->p += 8;
	return true;
}

static bool read_late_histogram(struct varint_bytes in, const struct beside_visitor *visitor)
{
	uint32_t id;
	int64_t t_ms;

	if (!visitor->late_histogram)
		return true;
	return take_head(&in, &id, &t_ms) &&
	       visitor->late_histogram(visitor->self, id, t_ms, in.p, (unsigned)(in.end - in.p));
}

static bool read_exemplar(struct varint_bytes in, char *room, const struct beside_visitor *visitor)
{
	struct texts texts = { .room = room };
	struct label v[EXEMPLAR_LABELS_MAX];
	struct exemplar x = { .has_time = true };
	uint64_t n;
	uint32_t id;

	if (!visitor->exemplar)
		return true;
	if (!take_head(&in, &id, &x.t_ms) || in.end - in.p < 8)
		return false;
	x.v = double_of_bits(get_u64(in.p));
	in.p += 8;
	if (!varint_get(&in, EXEMPLAR_LABELS_MAX, &n))
		return false;
	texts.in = in;
	for (uint64_t i = 0; i < n; i++)
		if (!take_text(&texts, &v[i].name, &v[i].name_len) ||
			!take_text(&texts, &v[i].value, &v[i].value_len))
			return false;
	x.labels = (struct labels){ v, (uint32_t)n };
	return texts.in.p == texts.in.end && visitor->exemplar(visitor->self, id, &x);
}

static bool read_metadata(struct varint_bytes in, char *room, const struct beside_visitor *visitor)
{
	struct texts texts = { .in = in, .room = room };
	struct metric_metadata m;
	const char *metric;

	if (!visitor->metadata)
		return true;
	return take_word(&texts, &metric) && take_word(&texts, &m.type) &&
	       take_word(&texts, &m.help) && take_word(&texts, &m.unit) &&
	       texts.in.p == texts.in.end && visitor->metadata(visitor->self, metric, &m);
}

static bool read_item(unsigned kind, struct varint_bytes in, const struct beside_visitor *visitor)
{
	/* Each text has a length before it, of a byte or more, for which its terminator stands. */
	scoped(mem_free) char *room = NULL;

	if (kind == BESIDE_LATE_HISTOGRAM)
		return read_late_histogram(in, visitor);
	if (kind != BESIDE_EXEMPLAR && kind != BESIDE_METADATA)
		return true;
	room = must_alloc((size_t)(in.end - in.p) + 1);
	return kind == BESIDE_EXEMPLAR ? read_exemplar(in, room, visitor)
				       : read_metadata(in, room, visitor);
}

bool beside_read(const uint8_t *p, size_t n, const struct beside_visitor *visitor)
{
	struct varint_bytes in = { p, n ? p + n : p };

	while (in.p < in.end) {
		unsigned kind = *in.p++;
		uint64_t size;

		if (!varint_get(&in, UINT32_MAX, &size) || size > (uint64_t)(in.end - in.p))
			return false;
		in.p += size;
		if (!read_item(kind, (struct varint_bytes){ in.p - size, in.p }, visitor))
			return false;
	}
	return true;
}

enum rc beside_write(const struct files *files, const char *name, const struct str *items,
	struct err *e)
{
	scoped(str_fini) struct str bytes = STR_EMPTY;
	uint64_t sum;

	str_addn(&bytes, magic, sizeof magic);
	str_addn(&bytes, items->s, items->len);
	sum = XXH3_64bits(bytes.s, bytes.len);
	str_addn(&bytes, &sum, 8);
	return files_write(files, name, &bytes, e);
}

enum rc beside_parse(const uint8_t *p, size_t n, const struct beside_visitor *visitor,
	struct err *e)
{
	if (n < sizeof magic + 8 || memcmp(p, magic, sizeof magic) != 0)
		return err_set(e, RC_CORRUPT, "it isn't a file of what stands beside samples");
	if (get_u64(p + n - 8) != XXH3_64bits(p, n - 8))
		return err_set(e, RC_CORRUPT, "its checksum is wrong");
	if (!beside_read(p + sizeof magic, n - sizeof magic - 8, visitor))
		return err_set(e, RC_CORRUPT, "an item in it is malformed");
	return RC_OK;
}

enum rc beside_open(const struct files *files, const char *name,
	const struct beside_visitor *visitor, struct err *e)
{
	struct files_map map = { 0 };
	enum rc rc = files->map(files->self, name, &map, e);

	if (rc == RC_OK)
		rc = beside_parse(map.p, map.n, visitor, e);
	files->unmap(files->self, &map);
	return rc == RC_OK ? rc : err_in(e, rc, "%s", name);
}
