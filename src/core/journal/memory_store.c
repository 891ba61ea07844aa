/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows stand in order of arrival; a row's cursor is its index plus FIRST_CURSOR.  `sorted` holds
 * the live ones by stamp, all and by kind, and each chain its own by seq.  Rows that replace()
 * forgot stay until the store is freed, marked with the commit that forgot them, so that a rollback
 * can bring them back.
 *
 * Sites, kinds and subjects are kept once each, so that a search compares addresses.
 *
 * A history that is pulled back comes chain by chain: each row stamped before those of another
 * chain that are here already.  So what doesn't arrive in order is put there when somebody asks.
 */
#include "core/journal/memory_store.h"

#include "base/map.h"

#define FIRST_CURSOR (EVENT_CURSOR_OLDEST + 1)

/* A site, kind or subject of some event; lives as long as the store. */
struct name {
	size_t rank;   /* as a site, for equal stamps */
	uint64_t seen; /* by this search, as a subject */
	char text[];
};

struct row {
	const struct name *site, *kind;
	struct name *subject;
	enum event_kind number;
	uint64_t cursor;
	uint64_t commit;    /* that brought it */
	uint64_t forgotten; /* commit that took it away; 0: it is live */
	struct event ev;    /* its texts are the names', and its body the row's */
	size_t n_body;
	char body[];
};

struct rows {
	struct row **v;
	size_t n, cap;
};

/* Rows by stamp; those that didn't arrive in order stand behind `n_in_order` until somebody
 * asks. */
struct sorted {
	struct rows rows;
	size_t n_in_order;
};

struct chain {
	const char *site; /* of its first row, or of the row being added */
	uint64_t epoch;
	struct rows rows; /* seq 1 first */
};

struct memory_store {
	struct journal_store port;
	struct rows arrived;
	struct sorted sorted[EVENT_UNKNOWN + 1]; /* by kind; the last: of any */
	struct chain *chains;
	size_t n_chains, cap_chains;
	char **sites; /* in the order that decides */
	size_t n_sites;
	struct map names;                              /* text -> struct name */
	struct name *last_site, *kinds[EVENT_UNKNOWN]; /* of these, those most asked for */
	uint64_t searches;
	struct map notes, durable_notes; /* name -> int64_t */
	uint64_t commits;
	struct memory_fault fault;
	bool is_searching; /* the store may not be called meanwhile */
	struct rows torn;  /* what a torn write left; seq 0: it forgot nothing */
	struct journal_head torn_from;
};

static void push(struct rows *rows, struct row *row)
{
	must_grow(rows->v, rows->n, rows->cap);
	rows->v[rows->n++] = row;
}

/* Sites that are in no order rank before all that are. */
static size_t rank_of(const struct memory_store *s, const char *site)
{
	for (size_t i = 0; i < s->n_sites; i++)
		if (str_eq(s->sites[i], site))
			return i + 1;
	return 0;
}

static struct name *name_of(struct memory_store *s, const char *text)
{
	struct name *name = map_get(&s->names, text);
	size_t size = strlen(text) + 1;

	if (name)
		return name;
	name = must_alloc(sizeof *name + size);
	memcpy(name->text, text, size);
	name->rank = rank_of(s, text);
	map_put(&s->names, text, name);
	return name;
}

static const struct name *site_of(struct memory_store *s, const char *site)
{
	if (!s->last_site || !str_eq(s->last_site->text, site))
		s->last_site = name_of(s, site);
	return s->last_site;
}

static const struct name *kind_of(struct memory_store *s, enum event_kind number, const char *kind)
{
	if (number == EVENT_UNKNOWN)
		return name_of(s, kind);
	if (!s->kinds[number])
		s->kinds[number] = name_of(s, kind);
	return s->kinds[number];
}

static struct row *row_new(struct memory_store *s, const struct event *ev)
{
	size_t n_body = strlen(ev->body);
	struct row *row = must_alloc(sizeof *row + n_body + 1);

	row->number = event_kind_of(ev->kind);
	row->site = site_of(s, ev->site);
	row->kind = kind_of(s, row->number, ev->kind);
	row->subject = name_of(s, ev->subject);
	row->n_body = n_body;
	row->ev = *ev;
	row->ev.site = row->site->text;
	row->ev.kind = row->kind->text;
	row->ev.subject = row->subject->text;
	row->ev.body = memcpy(row->body, ev->body, n_body + 1);
	return row;
}

static int compare_rows(const struct row *a, const struct row *b)
{
	if (a->ev.hlc != b->ev.hlc)
		return a->ev.hlc < b->ev.hlc ? -1 : 1;
	if (a->site->rank != b->site->rank)
		return a->site->rank < b->site->rank ? -1 : 1;
	if (a->site != b->site)
		return strcmp(a->ev.site, b->ev.site);
	if (a->ev.epoch != b->ev.epoch)
		return a->ev.epoch < b->ev.epoch ? -1 : 1;
	return a->ev.seq < b->ev.seq ? -1 : a->ev.seq > b->ev.seq;
}

static int compare_pointers(const void *a, const void *b)
{
	return compare_rows(*(struct row *const *)a, *(struct row *const *)b);
}

static void push_sorted(struct sorted *sorted, struct row *row)
{
	struct rows *rows = &sorted->rows;

	if (sorted->n_in_order == rows->n &&
		(rows->n == 0 || compare_rows(rows->v[rows->n - 1], row) < 0))
		sorted->n_in_order++;
	push(rows, row);
}

static void sort_in(struct memory_store *s, struct row *row)
{
	push_sorted(&s->sorted[EVENT_UNKNOWN], row);
	if (row->number != EVENT_UNKNOWN)
		push_sorted(&s->sorted[row->number], row);
}

/* Merge what is behind the rows in order into them, from the end. */
static const struct rows *put_in_order(struct sorted *sorted)
{
	size_t left = sorted->n_in_order, n = sorted->rows.n - left, to = sorted->rows.n;
	struct row **v = sorted->rows.v, **late;

	if (n == 0)
		return &sorted->rows;
	late = must_alloc(n * sizeof(struct row *));
	memcpy(late, v + left, n * sizeof(struct row *));
	qsort(late, n, sizeof(struct row *), compare_pointers);
	while (n > 0)
		if (left > 0 && compare_rows(v[left - 1], late[n - 1]) > 0)
			v[--to] = v[--left];
		else
			v[--to] = late[--n];
	free(late);
	sorted->n_in_order = sorted->rows.n;
	return &sorted->rows;
}

static struct chain *find_chain(const struct memory_store *s, const char *site, uint64_t epoch)
{
	for (size_t i = 0; i < s->n_chains; i++)
		if (s->chains[i].epoch == epoch && str_eq(s->chains[i].site, site))
			return &s->chains[i];
	return NULL;
}

static void link_row(struct memory_store *s, struct row *row)
{
	struct chain *c = find_chain(s, row->ev.site, row->ev.epoch);

	if (!c) {
		must_grow(s->chains, s->n_chains, s->cap_chains);
		c = &s->chains[s->n_chains++];
		*c = (struct chain){ .site = row->ev.site, .epoch = row->ev.epoch };
	}
	push(&c->rows, row);
}

static void unlink_all(struct memory_store *s)
{
	for (size_t i = 0; i < s->n_chains; i++)
		free(s->chains[i].rows.v);
	s->n_chains = 0;
	for (size_t i = 0; i < COUNT(s->sorted); i++)
		s->sorted[i].rows.n = s->sorted[i].n_in_order = 0;
}

/* The chains and the order, from the rows. */
static void relink(struct memory_store *s)
{
	unlink_all(s);
	for (size_t i = 0; i < s->arrived.n; i++) {
		struct row *row = s->arrived.v[i];

		if (row->forgotten)
			continue;
		link_row(s, row);
		sort_in(s, row);
	}
}

static enum rc refuse(const struct event *ev, const char *why, struct err *e)
{
	return err_set(e, RC_CORRUPT, "event %lu of %s's epoch %lu %s", (unsigned long)ev->seq,
		ev->site, (unsigned long)ev->epoch, why);
}

static bool follows(const struct event *before, const struct event *ev)
{
	return sha256_eq(&before->hash, &ev->previous) && ev->hlc > before->hlc;
}

static enum rc add(struct memory_store *s, const struct event *ev, struct err *e)
{
	struct chain *c = find_chain(s, ev->site, ev->epoch);
	size_t held = c ? c->rows.n : 0;
	struct row *row;

	if (ev->seq == 0 || ev->seq > held + 1)
		return refuse(ev, "would leave a hole", e);
	if (ev->seq <= held)
		return sha256_eq(&c->rows.v[ev->seq - 1]->ev.hash, &ev->hash)
			       ? RC_OK
			       : refuse(ev, "is there already, and is another", e);
	if (held > 0 && !follows(&c->rows.v[held - 1]->ev, ev))
		return refuse(ev, "doesn't follow the one before", e);
	row = row_new(s, ev);
	row->cursor = s->arrived.n + FIRST_CURSOR;
	row->commit = s->commits;
	push(&s->arrived, row);
	link_row(s, row);
	sort_in(s, row);
	return RC_OK;
}

/* Back to what there was after an earlier commit. */
static void return_to(struct memory_store *s, uint64_t commit)
{
	while (s->arrived.n > 0 && s->arrived.v[s->arrived.n - 1]->commit > commit)
		free(s->arrived.v[--s->arrived.n]);
	for (size_t i = 0; i < s->arrived.n; i++)
		if (s->arrived.v[i]->forgotten > commit)
			s->arrived.v[i]->forgotten = 0;
	s->commits = commit;
	relink(s);
}

static void copy_notes(struct map *from, struct map *to)
{
	map_each (from, it) {
		int64_t *value = map_get(to, it->key);

		if (!value)
			map_put(to, it->key, value = must_alloc(sizeof *value));
		*value = *(int64_t *)it->value;
	}
}

static void free_notes(struct map *notes)
{
	map_each (notes, it)
		free(it->value);
	map_fini(notes);
}

/* Whether this put is one of those that fail. */
static bool is_faulty(struct memory_store *s)
{
	struct memory_fault *f = &s->fault;

	if (f->count == 0)
		return false;
	if (f->after > 0) {
		f->after--;
		return false;
	}
	if (f->count != UINT64_MAX)
		f->count--;
	return true;
}

static void forget(struct memory_store *s, const struct journal_head *from)
{
	struct chain *c = find_chain(s, from->site, from->epoch);

	if (!c)
		return;
	for (size_t i = from->seq - 1; i < c->rows.n; i++)
		c->rows.v[i]->forgotten = s->commits;
	relink(s);
}

/* `from` NULL: nothing is forgotten. */
static enum rc commit(struct memory_store *s, const struct journal_head *from,
	const struct event *events, size_t n, struct err *e)
{
	size_t before = s->arrived.n;
	enum rc rc = RC_OK;

	s->commits++;
	if (from)
		forget(s, from);
	for (size_t i = 0; i < n && rc == RC_OK; i++)
		rc = add(s, &events[i], e);
	if (rc != RC_OK)
		return_to(s, s->commits - 1);
	else if (!from && s->arrived.n == before)
		s->commits--; /* all was there already */
	return rc;
}

static void forget_torn(struct memory_store *s)
{
	for (size_t i = 0; i < s->torn.n; i++)
		free(s->torn.v[i]);
	s->torn.n = 0;
}

/* A write that failed, as it may turn out to be on the disk after the next crash. */
static void keep_torn(struct memory_store *s, const struct journal_head *from,
	const struct event *events, size_t n)
{
	forget_torn(s);
	s->torn_from = from ? *from : (struct journal_head){ 0 };
	for (size_t i = 0; i < n; i++)
		push(&s->torn, row_new(s, &events[i]));
}

static enum rc replace(void *ctx, const struct journal_head *from, const struct event *events,
	size_t n, struct err *e)
{
	struct memory_store *s = ctx;
	enum rc rc;

	must(!s->is_searching);
	if (is_faulty(s)) {
		if (s->fault.is_torn)
			keep_torn(s, from, events, n);
		return err_set(e, s->fault.rc, "the simulated disk failed");
	}
	rc = commit(s, from, events, n, e);
	if (rc != RC_OK)
		return rc;
	forget_torn(s); /* overwritten */
	copy_notes(&s->notes, &s->durable_notes);
	return RC_OK;
}

static enum rc put(void *ctx, const struct event *events, size_t n, struct err *e)
{
	return replace(ctx, NULL, events, n, e);
}

static enum rc mend(void *ctx, const struct event *ev, struct err *e)
{
	struct memory_store *s = ctx;
	struct chain *c = find_chain(s, ev->site, ev->epoch);
	struct row *old, *row;

	must(!s->is_searching);
	if (!c || ev->seq == 0 || ev->seq > c->rows.n)
		return refuse(ev, "isn't held", e);
	if (is_faulty(s))
		return err_set(e, s->fault.rc, "the simulated disk failed");
	old = c->rows.v[ev->seq - 1];
	row = row_new(s, ev);
	row->cursor = old->cursor;
	row->commit = old->commit;
	s->arrived.v[row->cursor - FIRST_CURSOR] = row;
	relink(s);
	free(old);
	return RC_OK;
}

static enum rc heads(void *ctx, struct journal_head **ret, size_t *ret_n, struct err *e)
{
	const struct memory_store *s = ctx;
	struct journal_head *all = must_alloc((s->n_chains + 1) * sizeof *all);

	(void)e;
	for (size_t i = 0; i < s->n_chains; i++) {
		const struct event *last = &s->chains[i].rows.v[s->chains[i].rows.n - 1]->ev;

		all[i] = (struct journal_head){ .epoch = last->epoch,
			.seq = last->seq,
			.hash = last->hash };
		must(str_copy(all[i].site, sizeof all[i].site, last->site));
	}
	*ret = all;
	*ret_n = s->n_chains;
	return RC_OK;
}

static enum rc range(void *ctx, const struct journal_span *span, struct arena *a,
	struct event_batch *ret, struct err *e)
{
	const struct chain *c = find_chain(ctx, span->site, span->epoch);
	size_t first = span->seq > 0 ? span->seq - 1 : 0;
	size_t n = c && first < c->rows.n ? c->rows.n - first : 0;
	struct event *events;

	if (n > span->most)
		n = span->most;
	events = arena_alloc(a, n * sizeof *events);
	for (size_t i = 0; events && i < n; i++) {
		const struct row *row = c->rows.v[first + i];

		events[i] = row->ev;
		events[i].body = arena_strndup(a, row->body, row->n_body);
		if (!events[i].body)
			events = NULL;
	}
	if (!events)
		return err_set(e, RC_LIMIT, "%zu events exceed the memory set aside for them", n);
	*ret = (struct event_batch){ events, n };
	return RC_OK;
}

/* One query under way. */
struct search {
	const struct event_query *q;
	bool (*each)(void *arg, const struct event *ev, uint64_t cursor);
	void *arg;
	const struct name *site, *kind, *subject; /* NULL: any */
	const struct row *below;                  /* NULL: from the newest */
	uint64_t number;
	uint32_t n;
};

static bool matches(const struct search *search, const struct row *row)
{
	const struct event_query *q = search->q;
	int64_t at = hlc_wall(row->ev.hlc).ms;

	return (!q->since.ms || at >= q->since.ms) && (!q->until.ms || at <= q->until.ms) &&
	       (!search->site || search->site == row->site) &&
	       (!search->kind || search->kind == row->kind) &&
	       (!search->subject || search->subject == row->subject);
}

/* False when the search is over. */
static bool offer(struct search *search, const struct row *row)
{
	const struct event_query *q = search->q;

	if (!matches(search, row))
		return true;
	if (q->is_latest_by_subject) {
		if (row->subject->seen == search->number)
			return true;
		row->subject->seen = search->number;
	}
	if (search->below && compare_rows(row, search->below) >= 0)
		return true;
	if (!search->each(search->arg, &row->ev, row->cursor))
		return false;
	return ++search->n != q->most;
}

/* How many of `sorted` are stamped at or before `t`. */
static size_t rows_until(const struct rows *sorted, struct wall t)
{
	size_t low = 0, high = sorted->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (hlc_wall(sorted->v[middle]->ev.hlc).ms <= t.ms)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void search_newest_first(struct memory_store *s, struct search *search)
{
	const struct event_query *q = search->q;
	enum event_kind kind = q->kind ? event_kind_of(q->kind) : EVENT_UNKNOWN;
	const struct rows *rows = put_in_order(&s->sorted[kind]);
	size_t i = q->until.ms ? rows_until(rows, q->until) : rows->n;

	while (i-- > 0) {
		const struct row *row = rows->v[i];

		if (q->since.ms && hlc_wall(row->ev.hlc).ms < q->since.ms)
			break;
		if (!offer(search, row))
			break;
	}
}

static void search_as_arrived(const struct memory_store *s, struct search *search)
{
	for (size_t i = search->q->after_cursor - EVENT_CURSOR_OLDEST; i < s->arrived.n; i++)
		if (!s->arrived.v[i]->forgotten && !offer(search, s->arrived.v[i]))
			break;
}

static const struct row *row_of(const struct memory_store *s, uint64_t cursor)
{
	const struct row *row = NULL;

	if (cursor >= FIRST_CURSOR && cursor - FIRST_CURSOR < s->arrived.n)
		row = s->arrived.v[cursor - FIRST_CURSOR];
	return row && !row->forgotten ? row : NULL;
}

/* False: no event holds it. */
static bool find_name(const struct memory_store *s, const char *text, const struct name **ret)
{
	*ret = text ? map_get(&s->names, text) : NULL;
	return !text || *ret;
}

static bool find_names(const struct memory_store *s, struct search *search)
{
	return find_name(s, search->q->site, &search->site) &&
	       find_name(s, search->q->kind, &search->kind) &&
	       find_name(s, search->q->subject, &search->subject);
}

static enum rc query(void *ctx, const struct event_query *q,
	bool (*each)(void *arg, const struct event *ev, uint64_t cursor), void *arg, struct err *e)
{
	struct memory_store *s = ctx;
	struct search search = { .q = q, .each = each, .arg = arg, .number = ++s->searches };

	if (q->after_cursor && (q->before_cursor || q->is_latest_by_subject))
		return err_set(e, RC_INPUT,
			"after a cursor goes neither with before one nor with latest");
	if (q->before_cursor) {
		search.below = row_of(s, q->before_cursor);
		if (!search.below)
			return err_set(e, RC_INPUT, "cursor %lu names no event of this journal",
				(unsigned long)q->before_cursor);
	}
	must(!s->is_searching);
	if (!find_names(s, &search))
		return RC_OK;
	s->is_searching = true;
	if (q->after_cursor)
		search_as_arrived(s, &search);
	else
		search_newest_first(s, &search);
	s->is_searching = false;
	return RC_OK;
}

static void free_sites(struct memory_store *s)
{
	for (size_t i = 0; i < s->n_sites; i++)
		free(s->sites[i]);
	free(s->sites);
}

static bool is_ordered_so(const struct memory_store *s, const char *const *sites, size_t n)
{
	for (size_t i = 0; i < n && n == s->n_sites; i++)
		if (!str_eq(s->sites[i], sites[i]))
			return false;
	return n == s->n_sites;
}

static void order(void *ctx, const char *const *sites, size_t n)
{
	struct memory_store *s = ctx;

	if (is_ordered_so(s, sites, n))
		return;
	free_sites(s);
	s->sites = must_alloc((n + 1) * sizeof *s->sites);
	s->n_sites = n;
	for (size_t i = 0; i < n; i++)
		s->sites[i] = must_strdup(sites[i]);
	map_each (&s->names, it)
		((struct name *)it->value)->rank = rank_of(s, it->key);
	relink(s);
}

static enum rc note(void *ctx, const char *name, int64_t value, struct err *e)
{
	struct memory_store *s = ctx;
	int64_t *held = map_get(&s->notes, name);

	(void)e;
	if (!held)
		map_put(&s->notes, name, held = must_alloc(sizeof *held));
	*held = value;
	return RC_OK;
}

static int64_t noted(void *ctx, const char *name, int64_t otherwise)
{
	const struct memory_store *s = ctx;
	const int64_t *held = map_get(&s->notes, name);

	return held ? *held : otherwise;
}

struct memory_store *memory_store_new(void)
{
	struct memory_store *s = must_alloc(sizeof *s);

	s->port = (struct journal_store){ .ctx = s,
		.put = put,
		.replace = replace,
		.mend = mend,
		.heads = heads,
		.range = range,
		.query = query,
		.order = order,
		.note = note,
		.noted = noted };
	return s;
}

void memory_store_wipe(struct memory_store *s)
{
	unlink_all(s);
	forget_torn(s);
	for (size_t i = 0; i < s->arrived.n; i++)
		free(s->arrived.v[i]);
	s->arrived.n = 0;
	s->commits = 0;
	free_notes(&s->notes);
	free_notes(&s->durable_notes);
}

void memory_store_free(struct memory_store *s)
{
	if (!s)
		return;
	memory_store_wipe(s);
	map_each (&s->names, it)
		free(it->value);
	map_fini(&s->names);
	free_sites(s);
	free(s->arrived.v);
	for (size_t i = 0; i < COUNT(s->sorted); i++)
		free(s->sorted[i].rows.v);
	free(s->torn.v);
	free(s->chains);
	free(s);
}

const struct journal_store *memory_store_port(struct memory_store *s)
{
	return &s->port;
}

void memory_store_set_fault(struct memory_store *s, struct memory_fault fault)
{
	s->fault = fault;
}

void memory_store_crash(struct memory_store *s)
{
	scoped(mem_free) char *memory = must_alloc((s->torn.n + 1) * sizeof(struct event));
	struct event *events = (struct event *)memory;
	enum rc rc = RC_OK;

	for (size_t i = 0; i < s->torn.n; i++)
		events[i] = s->torn.v[i]->ev;
	if (s->torn.n > 0)
		rc = commit(s, s->torn_from.seq ? &s->torn_from : NULL, events, s->torn.n, NULL);
	must(rc == RC_OK || rc == RC_CORRUPT); /* it never was a batch that could be kept */
	forget_torn(s);
	free_notes(&s->notes);
	copy_notes(&s->durable_notes, &s->notes);
}

void memory_store_rollback(struct memory_store *s, uint64_t commits)
{
	forget_torn(s);
	return_to(s, commits < s->commits ? s->commits - commits : 0);
}

static void flip(struct row *row, uint64_t which, struct event *ret)
{
	*ret = row->ev;
	if (which % 4 == 0)
		row->ev.hash.bytes[which % SHA256_BYTES] ^= (uint8_t)(1 << which % 8);
	else /* never to a NUL: letters differ from it in more than the lowest bits */
		row->body[which % row->n_body] ^= 1;
}

bool memory_store_flip(struct memory_store *s, uint64_t number, struct event *ret)
{
	const struct rows *rows = put_in_order(&s->sorted[EVENT_UNKNOWN]);

	if (rows->n)
		flip(rows->v[number % rows->n], number / (rows->n + 1), ret);
	return rows->n > 0;
}

bool memory_store_flip_newest(struct memory_store *s, const char *site, uint64_t which,
	struct event *ret)
{
	const struct chain *newest = NULL;

	for (size_t i = 0; i < s->n_chains; i++)
		if (str_eq(s->chains[i].site, site) &&
			(!newest || s->chains[i].epoch > newest->epoch))
			newest = &s->chains[i];
	if (newest)
		flip(newest->rows.v[newest->rows.n - 1], which, ret);
	return newest != NULL;
}

size_t memory_store_count(const struct memory_store *s)
{
	return s->sorted[EVENT_UNKNOWN].rows.n;
}

uint64_t memory_store_commits(const struct memory_store *s)
{
	return s->commits;
}
