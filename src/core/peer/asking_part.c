/* SPDX-License-Identifier: Apache-2.0 */
#include "core/peer/asking_part.h"

#include "base/mem.h"

#define FRONT_BYTES 9 /* the question's number and the kind */
#define LABEL_MAX   UINT16_MAX

static void put_number(struct str *out, uint64_t v, unsigned n_bytes)
{
	while (n_bytes--)
		str_addc(out, (char)(v >> (8 * n_bytes)));
}

static uint64_t get_number(const char *p, unsigned n_bytes)
{
	uint64_t v = 0;

	for (unsigned i = 0; i < n_bytes; i++)
		v = v << 8 | (unsigned char)p[i];
	return v;
}

static void write_question(const struct asking_part *p, struct str *out)
{
	must(p->what < ASKING_WHATS && p->label_len <= LABEL_MAX && p->n <= ASKING_FORM_BYTES_MAX);
	str_addc(out, (char)p->what);
	put_number(out, p->label_len, 2);
	str_addn(out, p->label, p->label_len);
	str_addn(out, p->bytes, p->n);
}

static bool read_question(const char *at, size_t n, struct asking_part *p)
{
	if (n < 3 || (unsigned char)at[0] >= ASKING_WHATS)
		return false;
	p->what = (enum asking_what)at[0];
	p->label_len = (size_t)get_number(at + 1, 2);
	p->label = at + 3;
	if (n - 3 < p->label_len)
		return false;
	p->bytes = p->label + p->label_len;
	p->n = n - 3 - p->label_len;
	return p->n <= ASKING_FORM_BYTES_MAX;
}

static void write_nothing(const struct asking_part *p, struct str *out)
{
	(void)p;
	(void)out;
}

static bool read_nothing(const char *at, size_t n, struct asking_part *p)
{
	(void)at;
	(void)p;
	return n == 0;
}

static void write_piece(const struct asking_part *p, struct str *out)
{
	must(p->n > 0 && p->n <= ASKING_PIECE_BYTES);
	str_addn(out, p->bytes, p->n);
}

static bool read_piece(const char *at, size_t n, struct asking_part *p)
{
	p->bytes = at;
	p->n = n;
	return n > 0 && n <= ASKING_PIECE_BYTES;
}

static void write_last(const struct asking_part *p, struct str *out)
{
	must(p->status >= 200 && p->status <= 599 && p->n <= ASKING_PIECE_BYTES);
	put_number(out, p->status, 2);
	str_addn(out, p->bytes, p->n);
}

static bool read_last(const char *at, size_t n, struct asking_part *p)
{
	if (n < 2 || n - 2 > ASKING_PIECE_BYTES)
		return false;
	p->status = (uint16_t)get_number(at, 2);
	p->bytes = at + 2;
	p->n = n - 2;
	return p->status >= 200 && p->status <= 599;
}

static void write_taken(const struct asking_part *p, struct str *out)
{
	put_number(out, p->taken, 8);
}

static bool read_taken(const char *at, size_t n, struct asking_part *p)
{
	if (n != 8)
		return false;
	p->taken = get_number(at, 8);
	return true;
}

static const struct {
	const char *name;
	void (*write)(const struct asking_part *p, struct str *out);
	bool (*read)(const char *at, size_t n, struct asking_part *p);
} kinds[] = {
	[ASKING_QUESTION] = { "QUESTION", write_question, read_question },
	[ASKING_HEARD] = { "HEARD", write_nothing, read_nothing },
	[ASKING_PIECE] = { "PIECE", write_piece, read_piece },
	[ASKING_LAST] = { "LAST", write_last, read_last },
	[ASKING_TAKEN] = { "TAKEN", write_taken, read_taken },
	[ASKING_STOP] = { "STOP", write_nothing, read_nothing },
};
_Static_assert(COUNT(kinds) == ASKING_PARTS, "every part has its form");

void asking_part_write(const struct asking_part *p, struct str *out)
{
	put_number(out, p->id, 8);
	str_addc(out, (char)p->kind);
	kinds[p->kind].write(p, out);
}

enum rc asking_part_read(const char *bytes, size_t n, struct asking_part *ret, struct err *e)
{
	struct asking_part p = { 0 };

	if (n < FRONT_BYTES || (unsigned char)bytes[8] >= ASKING_PARTS)
		return err_set(e, RC_INPUT, "ASKING of %zu bytes is none that this program knows",
			n);
	p.id = get_number(bytes, 8);
	p.kind = (enum asking_part_kind)bytes[8];
	if ((p.kind == ASKING_TAKEN) != !p.id ||
		!kinds[p.kind].read(bytes + FRONT_BYTES, n - FRONT_BYTES, &p))
		return err_set(e, RC_INPUT, "ASKING: malformed %s of %zu bytes", kinds[p.kind].name,
			n);
	*ret = p;
	return RC_OK;
}
