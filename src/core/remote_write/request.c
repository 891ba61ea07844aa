/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The length of each message is known before it is written, so nothing is moved; what stood in the
 * request before (labels of the same target, the same time) is told as a copy of it.
 */
#include "core/remote_write/request.h"

#include "base/histogram_protobuf.h"
#include "base/limits.h"
#include "base/protobuf.h"
#include "core/remote_write/snappy_out.h"

#define SAMPLE_BYTES_MAX 32 /* and the heads of its messages; of these */
#define SAMPLE_PIECES    6
#define ABOUT_BYTES_MAX  32 /* metadata of a series, but for its symbols */
#define ABOUT_PIECES     6
#define TAIL_LEAST       8 /* bytes of references that are worth a copy */

void remote_batch_fini(struct remote_batch *b)
{
	free(b->ids);
	free(b->t_ms);
	free(b->v);
	free(b->extra);
	free(b->extras);
	free(b->refs.v);
	str_fini(&b->texts);
	*b = (struct remote_batch){ 0 };
}

void remote_batch_clear(struct remote_batch *b)
{
	b->n = b->n_extras = b->n_exemplars = b->refs.n = 0;
	str_clear(&b->texts);
}

void remote_batch_grow(struct remote_batch *b)
{
	b->cap = b->cap ? 2 * b->cap : 256;
	b->ids = must_realloc(b->ids, b->cap * sizeof *b->ids);
	b->t_ms = must_realloc(b->t_ms, b->cap * sizeof *b->t_ms);
	b->v = must_realloc(b->v, b->cap * sizeof *b->v);
	if (b->extra)
		b->extra = must_realloc(b->extra, b->cap * sizeof *b->extra);
}

/* The next one is what will stand in the texts from here on. */
static struct remote_extra *add_extra(struct remote_batch *b, uint32_t id, int64_t t_ms)
{
	remote_batch_add(b, id, t_ms, 0);
	if (!b->extra)
		b->extra = must_alloc(b->cap * sizeof *b->extra);
	must_grow(b->extras, b->n_extras, b->cap_extras);
	b->extras[b->n_extras++] =
		(struct remote_extra){ .at = (uint32_t)b->texts.len, .first = b->refs.n };
	b->extra[b->n - 1] = b->n_extras;
	return &b->extras[b->n_extras - 1];
}

void remote_batch_add_histogram(struct remote_batch *b, uint32_t id, int64_t t_ms,
	const struct histogram *h)
{
	struct remote_extra *x = add_extra(b, id, t_ms);

	histogram_protobuf_write(h, t_ms, &b->texts);
	x->n = (uint32_t)b->texts.len - x->at;
}

static void add_labels(struct str *out, const struct labels *l)
{
	for (uint32_t i = 0; i < l->n; i++) {
		size_t opened = protobuf_open(out, 1);

		protobuf_add_bytes(out, 1, l->v[i].name, l->v[i].name_len);
		protobuf_add_bytes(out, 2, l->v[i].value, l->v[i].value_len);
		protobuf_close(out, opened);
	}
}

void remote_batch_add_exemplar(struct remote_batch *b, struct remote_names *names, uint32_t id,
	const struct exemplar *x)
{
	struct remote_extra *extra = add_extra(b, id, x->t_ms);

	extra->is_exemplar = true;
	b->n_exemplars++;
	if (names->protocol == REMOTE_WRITE_1)
		add_labels(&b->texts, &x->labels);
	else
		remote_names_add_words(names, &x->labels, &b->refs);
	protobuf_add_double(&b->texts, 2, x->v);
	protobuf_add_int(&b->texts, 3, x->t_ms);
	extra->n = (uint32_t)b->texts.len - extra->at;
	extra->n_refs = b->refs.n - extra->first;
}

static const struct remote_series *series_of(const struct remote_names *n, uint32_t id)
{
	uint32_t place = remote_names_find(n, id);

	must(place < n->n_series);
	return &n->series[place];
}

static void begin(struct snappy_out *o, struct str *room, uint64_t bytes, uint64_t pieces)
{
	uint64_t wanted = SNAPPY_BOUND(bytes, pieces);

	if (room->cap < wanted) {
		room->s = must_realloc(room->s, wanted);
		room->cap = wanted;
	}
	snappy_begin(o, (uint8_t *)room->s);
}

static void finish(struct snappy_out *o, struct str *ret, size_t *ret_at)
{
	uint32_t n;
	uint8_t *body = snappy_finish(o, &n);

	*ret_at = (size_t)(body - (uint8_t *)ret->s);
	ret->len = *ret_at + n;
	must(ret->len <= ret->cap);
}

static void put_long(struct snappy_out *o, const char *text, uint32_t n)
{
	for (; n > SNAPPY_LITERAL_MAX; n -= SNAPPY_LITERAL_MAX, text += SNAPPY_LITERAL_MAX)
		snappy_bytes(o, text, SNAPPY_LITERAL_MAX);
	snappy_bytes(o, text, n);
}

/* Field 2 of a TimeSeries; times that repeat are copied. */
struct times {
	int64_t t_ms;
	uint32_t at, n; /* n 0: none yet */
};

static uint32_t sample_bytes(int64_t t_ms)
{
	return 9 + 1 + protobuf_varint_bytes((uint64_t)t_ms);
}

static void put_sample(struct snappy_out *o, struct times *last, int64_t t_ms, double v)
{
	uint8_t bytes[SAMPLE_BYTES_MAX], *p = bytes;

	p = protobuf_write_key(p, PROTOBUF_BYTES(2));
	*p++ = (uint8_t)sample_bytes(t_ms);
	p = protobuf_write_key(p, PROTOBUF_FIXED64(1));
	memcpy(p, &v, 8);
	p += 8;
	if (last->n && last->t_ms == t_ms) {
		snappy_bytes(o, bytes, (uint32_t)(p - bytes));
		snappy_again(o, last->at, last->n);
		last->at = o->n - last->n;
		return;
	}
	p = protobuf_write_key(p, PROTOBUF_VARINT(2));
	p = protobuf_write_varint(p, (uint64_t)t_ms);
	snappy_bytes(o, bytes, (uint32_t)(p - bytes));
	*last = (struct times){ t_ms, o->n - (sample_bytes(t_ms) - 9), sample_bytes(t_ms) - 9 };
}

/* ---- 1.0 */

static void put_labels(struct remote_names *names, struct snappy_out *o,
	const struct remote_series *s)
{
	const uint32_t *refs = names->refs + s->first;

	for (uint32_t i = 0; i < s->n; i++) {
		struct remote_word *w = &names->words[refs[i]];
		uint32_t at = o->n;

		if (w->stamp == names->stamp)
			snappy_again(o, w->last, w->n);
		else
			snappy_bytes(o, names->texts + w->at, w->n);
		w->stamp = names->stamp;
		w->last = at;
	}
}

/* A symbol has a head, and is referred to by a number. */
#define SYMBOL_BYTES_MAX 10

static uint64_t about_bytes(struct remote_names *names, const struct remote_series *s)
{
	const struct remote_about *a = remote_names_about(names, s);

	return a ? ABOUT_BYTES_MAX + names->words[a->help].n + names->words[a->unit].n +
			       2ull * SYMBOL_BYTES_MAX
		 : 0;
}

static uint64_t extra_bytes(const struct remote_names *names, const struct remote_batch *b,
	uint32_t extra)
{
	const struct remote_extra *x = &b->extras[extra - 1];
	uint64_t bytes = x->n;

	for (uint32_t i = 0; i < x->n_refs; i++)
		bytes += names->words[b->refs.v[x->first + i]].n + SYMBOL_BYTES_MAX;
	return bytes;
}

static uint32_t extra_of(const struct remote_batch *b, uint32_t i)
{
	return b->extra ? b->extra[i] : 0;
}

static void measure(struct remote_names *names, const struct remote_batch *b, uint32_t n,
	uint64_t *ret_bytes, uint64_t *ret_pieces)
{
	uint64_t bytes = 0, pieces = 0;

	for (uint32_t i = 0; i < n; i++) {
		const struct remote_series *s = series_of(names, b->ids[i]);
		uint32_t extra = extra_of(b, i);

		bytes += s->n_bytes + SAMPLE_BYTES_MAX + SYMBOL_BYTES_MAX * (uint64_t)s->n +
			 about_bytes(names, s);
		pieces += 2ull * s->n + SAMPLE_PIECES + ABOUT_PIECES;
		if (!extra)
			continue;
		bytes += extra_bytes(names, b, extra);
		pieces += 2ull * b->extras[extra - 1].n_refs + 2;
	}
	*ret_bytes = bytes + 16;
	*ret_pieces = pieces;
}

/* How many bytes it takes in its series. */
static uint32_t extra_1(const struct remote_batch *b, uint32_t extra)
{
	uint32_t n = b->extras[extra - 1].n;

	return 1 + protobuf_varint_bytes(n) + n;
}

static void put_extra_1(struct snappy_out *o, const struct remote_batch *b, uint32_t extra)
{
	const struct remote_extra *x = &b->extras[extra - 1];
	uint8_t head[1 + PROTOBUF_VARINT_MAX], *p = head;

	p = protobuf_write_key(p, x->is_exemplar ? PROTOBUF_BYTES(3) : PROTOBUF_BYTES(4));
	p = protobuf_write_varint(p, x->n);
	snappy_bytes(o, head, (uint32_t)(p - head));
	put_long(o, b->texts.s + x->at, x->n);
}

static void write_1(struct remote_names *names, const struct remote_batch *b, uint32_t n,
	struct snappy_out *o)
{
	struct times last = { 0 };

	for (uint32_t i = 0; i < n; i++) {
		const struct remote_series *s = series_of(names, b->ids[i]);
		uint8_t head[1 + PROTOBUF_VARINT_MAX], *p = head;

		uint32_t extra = extra_of(b, i);

		p = protobuf_write_key(p, PROTOBUF_BYTES(1));
		p = protobuf_write_varint(p, s->n_bytes + (extra ? extra_1(b, extra)
								  : 2 + sample_bytes(b->t_ms[i])));
		snappy_bytes(o, head, (uint32_t)(p - head));
		put_labels(names, o, s);
		if (extra)
			put_extra_1(o, b, extra);
		else
			put_sample(o, &last, b->t_ms[i], b->v[i]);
	}
}

/* ---- 2.0 */

struct numbering {
	struct remote_names *names;
	struct snappy_out *o;
	uint32_t next;
};

/* Symbols get their numbers in the order of their first use; 0 is "". */
static void put_symbol(struct numbering *n, uint32_t word)
{
	struct remote_word *w = &n->names->words[word];
	uint8_t head[1 + PROTOBUF_VARINT_MAX], *p = head;

	if (w->stamp == n->names->stamp)
		return;
	w->stamp = n->names->stamp;
	w->last = w->n ? n->next++ : 0;
	if (!w->n)
		return;
	p = protobuf_write_key(p, PROTOBUF_BYTES(4));
	p = protobuf_write_varint(p, w->n);
	snappy_bytes(n->o, head, (uint32_t)(p - head));
	put_long(n->o, (const char *)n->names->texts + w->at, w->n);
}

static void put_symbols(struct remote_names *names, const struct remote_batch *b, uint32_t n,
	struct snappy_out *o)
{
	struct numbering to = { names, o, 1 };

	snappy_bytes(o, "\x22\x00", 2);
	for (uint32_t i = 0; i < n; i++) {
		const struct remote_series *s = series_of(names, b->ids[i]);
		const struct remote_about *a = remote_names_about(names, s);
		uint32_t extra = extra_of(b, i);

		for (uint32_t k = 0; k < s->n; k++)
			put_symbol(&to, names->refs[s->first + k]);
		if (a) {
			put_symbol(&to, a->help);
			put_symbol(&to, a->unit);
		}
		for (uint32_t k = 0; extra && k < b->extras[extra - 1].n_refs; k++)
			put_symbol(&to, b->refs.v[b->extras[extra - 1].first + k]);
	}
}

struct references {
	uint8_t bytes[2 * SERIES_LABELS_MAX * 5];
	uint32_t n, at; /* where they stand in the request */
};

static void number(const struct remote_names *names, const struct remote_series *s,
	struct references *r)
{
	uint8_t *p = r->bytes;

	for (uint32_t k = 0; k < s->n; k++)
		p = protobuf_write_varint(p, names->words[names->refs[s->first + k]].last);
	r->n = (uint32_t)(p - r->bytes);
}

/* Series of one target end in the same labels. */
static void put_references(struct snappy_out *o, struct references *r,
	const struct references *last)
{
	uint32_t tail = 0;

	r->at = o->n;
	while (tail < r->n && tail < last->n &&
		r->bytes[r->n - 1 - tail] == last->bytes[last->n - 1 - tail])
		tail++;
	if (tail < TAIL_LEAST)
		tail = 0;
	snappy_bytes(o, r->bytes, r->n - tail);
	if (tail)
		snappy_again(o, last->at + last->n - tail, tail);
}

/* Metadata of a series, as a field of it. */
struct about {
	uint8_t bytes[ABOUT_BYTES_MAX];
	uint32_t n, at; /* where it stands in the request; n 0: nothing is known */
};

static void make_about(const struct remote_names *names, const struct remote_about *a,
	struct about *ret)
{
	uint8_t *p = ret->bytes + 2;

	ret->n = 0;
	if (!a)
		return;
	p = protobuf_write_varint(protobuf_write_key(p, PROTOBUF_VARINT(1)), a->type);
	p = protobuf_write_key(p, PROTOBUF_VARINT(3));
	p = protobuf_write_varint(p, names->words[a->help].last);
	p = protobuf_write_key(p, PROTOBUF_VARINT(4));
	p = protobuf_write_varint(p, names->words[a->unit].last);
	ret->n = (uint32_t)(p - ret->bytes);
	ret->bytes[0] = PROTOBUF_BYTES(5);
	ret->bytes[1] = (uint8_t)(ret->n - 2);
}

/* Series of one metric follow each other. */
static void put_about(struct snappy_out *o, struct about *a, const struct about *last)
{
	a->at = o->n;
	if (a->n && a->n == last->n && memcmp(a->bytes, last->bytes, a->n) == 0)
		snappy_again(o, last->at, a->n);
	else
		snappy_bytes(o, a->bytes, a->n);
}

/* A histogram or an exemplar, as a field of its series. */
struct extra_2 {
	uint8_t bytes[2 * EXEMPLAR_LABELS_MAX * 5 + 64];
	uint32_t n;
	const char *rest; /* what follows these bytes */
	uint32_t n_rest;
};

static void make_extra(const struct remote_names *names, const struct remote_batch *b,
	uint32_t extra, struct extra_2 *ret)
{
	const struct remote_extra *x = &b->extras[extra - 1];
	uint8_t refs[2 * EXEMPLAR_LABELS_MAX * 5], *r = refs, *p = ret->bytes;
	uint32_t n = x->n, n_refs;

	must(x->n_refs <= 2 * EXEMPLAR_LABELS_MAX);
	for (uint32_t i = 0; i < x->n_refs; i++)
		r = protobuf_write_varint(r, names->words[b->refs.v[x->first + i]].last);
	n_refs = (uint32_t)(r - refs);
	if (n_refs)
		n += 1 + protobuf_varint_bytes(n_refs) + n_refs;
	p = protobuf_write_key(p, x->is_exemplar ? PROTOBUF_BYTES(4) : PROTOBUF_BYTES(3));
	p = protobuf_write_varint(p, n);
	if (n_refs)
		p = protobuf_write_text(p, 1, refs, n_refs);
	ret->n = (uint32_t)(p - ret->bytes);
	ret->rest = b->texts.s + x->at;
	ret->n_rest = x->n;
}

/* What a request is being written with: of this series and the one before. */
struct writing_2 {
	struct references refs[2];
	struct about abouts[2];
	struct times last;
	struct extra_2 extra;
};

static void put_series(struct snappy_out *o, struct writing_2 *w, const struct remote_batch *b,
	uint32_t i)
{
	struct references *r = &w->refs[i & 1];
	bool is_extra = extra_of(b, i);
	uint32_t n = is_extra ? w->extra.n + w->extra.n_rest : 2 + sample_bytes(b->t_ms[i]);
	uint8_t head[2 + 2 * PROTOBUF_VARINT_MAX], *p = head;

	n += 1 + protobuf_varint_bytes(r->n) + r->n + w->abouts[i & 1].n;
	p = protobuf_write_varint(protobuf_write_key(p, PROTOBUF_BYTES(5)), n);
	p = protobuf_write_varint(protobuf_write_key(p, PROTOBUF_BYTES(1)), r->n);
	snappy_bytes(o, head, (uint32_t)(p - head));
	put_references(o, r, &w->refs[~i & 1]);
	if (is_extra) {
		snappy_bytes(o, w->extra.bytes, w->extra.n);
		put_long(o, w->extra.rest, w->extra.n_rest);
	} else {
		put_sample(o, &w->last, b->t_ms[i], b->v[i]);
	}
	put_about(o, &w->abouts[i & 1], &w->abouts[~i & 1]);
}

static void write_2(struct remote_names *names, const struct remote_batch *b, uint32_t n,
	struct snappy_out *o)
{
	struct writing_2 *w = must_alloc(sizeof *w);

	put_symbols(names, b, n, o);
	for (uint32_t i = 0; i < n; i++) {
		const struct remote_series *s = series_of(names, b->ids[i]);

		number(names, s, &w->refs[i & 1]);
		make_about(names, remote_names_about(names, s), &w->abouts[i & 1]);
		if (extra_of(b, i))
			make_extra(names, b, extra_of(b, i), &w->extra);
		put_series(o, w, b, i);
	}
	free(w);
}

void remote_request_write(struct remote_names *names, const struct remote_batch *b, uint32_t n,
	struct str *ret, size_t *ret_at)
{
	struct snappy_out o;
	uint64_t bytes, pieces;

	measure(names, b, n, &bytes, &pieces);
	begin(&o, ret, bytes, pieces);
	names->stamp++;
	(names->protocol == REMOTE_WRITE_1 ? write_1 : write_2)(names, b, n, &o);
	finish(&o, ret, ret_at);
}

/* ---- metadata */

static uint32_t text_bytes(const char *text)
{
	uint32_t n = (uint32_t)strlen(text);

	return n ? 1 + protobuf_varint_bytes(n) + n : 0;
}

static void put_text(struct snappy_out *o, unsigned field, const char *text)
{
	uint8_t head[1 + PROTOBUF_VARINT_MAX], *p = head;
	uint32_t n = (uint32_t)strlen(text);

	if (!n)
		return;
	p = protobuf_write_key(p, PROTOBUF_BYTES(field));
	p = protobuf_write_varint(p, n);
	snappy_bytes(o, head, (uint32_t)(p - head));
	put_long(o, text, n);
}

void remote_request_write_metadata(const struct remote_metric *v, uint32_t n, struct str *ret,
	size_t *ret_at)
{
	uint64_t bytes = 0;
	struct snappy_out o;

	for (uint32_t i = 0; i < n; i++)
		bytes += 32 + strlen(v[i].name) + strlen(v[i].metadata.help) +
			 strlen(v[i].metadata.unit);
	begin(&o, ret, bytes, 8ull * n);
	for (uint32_t i = 0; i < n; i++) {
		const struct metric_metadata *m = &v[i].metadata;
		uint8_t head[4 + PROTOBUF_VARINT_MAX], *p = head;

		p = protobuf_write_key(p, PROTOBUF_BYTES(3));
		p = protobuf_write_varint(p,
			2 + text_bytes(v[i].name) + text_bytes(m->help) + text_bytes(m->unit));
		p = protobuf_write_key(p, PROTOBUF_VARINT(1));
		*p++ = (uint8_t)remote_metric_type(m->type);
		snappy_bytes(&o, head, (uint32_t)(p - head));
		put_text(&o, 2, v[i].name);
		put_text(&o, 4, m->help);
		put_text(&o, 5, m->unit);
	}
	finish(&o, ret, ret_at);
}

const char *remote_request_type(enum remote_protocol p)
{
	return p == REMOTE_WRITE_1 ? "application/x-protobuf"
				   : "application/x-protobuf;proto=io.prometheus.write.v2.Request";
}

const char *remote_request_version(enum remote_protocol p)
{
	return p == REMOTE_WRITE_1 ? "0.1.0" : "2.0.0";
}
