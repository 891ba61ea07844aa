/* SPDX-License-Identifier: Apache-2.0 */
#include "core/journal/journal_fixture.h"

#include "core/journal/journal_private.h"

struct site dublin, mumbai;
struct arena arena;
struct now now;

void fake_signature(const char *site, const struct sha256 *hash, uint8_t ret[SIGNATURE_BYTES])
{
	struct sha256_state s;
	struct sha256 half;

	sha256_begin(&s);
	sha256_add(&s, site, strlen(site));
	sha256_add(&s, hash->bytes, sizeof hash->bytes);
	half = sha256_end(&s);
	memcpy(ret, half.bytes, sizeof half.bytes);
	memcpy(ret + sizeof half.bytes, half.bytes, sizeof half.bytes);
}

static void sign(void *ctx, const struct sha256 *hash, uint8_t ret[SIGNATURE_BYTES])
{
	fake_signature(((struct site *)ctx)->name, hash, ret);
}

bool verify(void *ctx, const char *site, const struct sha256 *hash,
	const uint8_t signature[SIGNATURE_BYTES])
{
	uint8_t expected[SIGNATURE_BYTES];

	(void)ctx;
	fake_signature(site, hash, expected);
	return !str_eq(site, "undeclared") && memcmp(expected, signature, sizeof expected) == 0;
}

static void start(struct site *s)
{
	struct err e = { 0 };

	s->signer = (struct journal_signer){ .ctx = s, .sign = sign, .verify = verify };
	if (journal_open(&s->journal,
		    &(struct journal_setup){ s->name, memory_store_port(s->disk), &s->signer }, now,
		    &e) != RC_OK)
		fail_msg("%s", e.text);
}

void restart(struct site *s)
{
	journal_free(s->journal);
	start(s);
}

void tick(int64_t ms)
{
	now.wall.ms += ms;
	now.mono.ms += ms;
}

int enter(void **state)
{
	(void)state;
	arena_init(&arena, 0);
	now = (struct now){ .mono = { 5000 }, .wall = { 1763000000000 } };
	dublin = (struct site){ .name = "dublin", .disk = memory_store_new() };
	mumbai = (struct site){ .name = "mumbai", .disk = memory_store_new() };
	start(&dublin);
	start(&mumbai);
	return 0;
}

int leave(void **state)
{
	(void)state;
	journal_free(dublin.journal);
	journal_free(mumbai.journal);
	memory_store_free(dublin.disk);
	memory_store_free(mumbai.disk);
	arena_fini(&arena);
	return 0;
}

enum rc commit(struct site *s)
{
	const struct event *events;
	size_t n;

	return journal_commit(s->journal, &events, &n, NULL);
}

const struct event *add(struct site *s, const char *subject)
{
	tick(1);
	return journal_add(s->journal, now, EVENT_NOTE, subject, "{\"text\":\"x\"}");
}

void write_some(struct site *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		add(s, "x");
		assert_int_equal(commit(s), RC_OK);
	}
}

void begin_epoch(struct site *s)
{
	journal_enter(s->journal, journal_next_epoch(s->journal, now));
}

size_t held(struct site *s, const char *site, uint64_t epoch, uint64_t from, struct event **ret)
{
	const struct journal_store *store = journal_store(s->journal);
	struct journal_span span = { site, epoch, from, .most = SIZE_MAX };
	struct event_batch read;

	assert_int_equal(store->range(store->ctx, &span, &arena, &read, NULL), RC_OK);
	*ret = arena_alloc(&arena, read.n * sizeof **ret);
	memcpy(*ret, read.v, read.n * sizeof **ret);
	return read.n;
}

uint64_t head_of(struct site *s, const char *site, uint64_t epoch)
{
	struct event *events;

	return held(s, site, epoch, 1, &events);
}

enum rc offer(struct site *s, const struct event *events, size_t n, size_t *ret_new, struct err *e)
{
	struct event_batch batch = { events, n };

	return journal_accept(s->journal, now, &batch, ret_new, e);
}

static enum rc send_chain(struct site *from, struct site *to, const struct journal_span *chain,
	size_t *ret_new)
{
	struct event *events;
	size_t n = held(from, chain->site, chain->epoch, chain->seq, &events);

	return offer(to, events, n, ret_new, NULL);
}

enum rc send_from(struct site *from, struct site *to, const char *site, uint64_t seq,
	size_t *ret_new)
{
	return send_chain(from, to, &(struct journal_span){ site, 1763000000, seq }, ret_new);
}

enum rc send_all(struct site *from, struct site *to, const char *site, uint64_t epoch)
{
	size_t n_new;

	return send_chain(from, to, &(struct journal_span){ site, epoch, 1 }, &n_new);
}

uint64_t shown(struct site *s, struct site *other)
{
	struct journal_head heads[4] = { 0 };
	size_t n;
	const struct journal_head *theirs = journal_heads(other->journal, &n);

	journal_heads_for(s->journal, theirs, n, heads);
	for (size_t i = 0; i < COUNT(heads); i++)
		if (heads[i].epoch == 1763000000 && str_eq(heads[i].site, "dublin"))
			return heads[i].seq;
	return 0;
}

bool is_behind_itself(struct site *s, struct site *other)
{
	size_t n;
	const struct journal_head *theirs = journal_heads(other->journal, &n);

	return journal_is_behind_itself(s->journal, theirs, n);
}
struct event *copy_of_mumbais(void)
{
	struct event *events;

	write_some(&mumbai, 5);
	assert_int_equal(held(&mumbai, "mumbai", 1763000000, 1, &events), 5);
	return events;
}
