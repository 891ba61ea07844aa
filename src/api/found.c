/* SPDX-License-Identifier: Apache-2.0 */
#include "api/found.h"

struct searching {
	struct found *found;
	const struct lab *lab;
	bool is_full;
};

void found_fini(struct found *f)
{
	free(f->items);
}

bool found_is_news(const struct event *ev)
{
	scoped(json_decref) json_t *body = NULL;
	const char *what;

	if (event_kind_of(ev->kind) != EVENT_PING ||
		json_read(&body, ev->body, strlen(ev->body), NULL) != RC_OK)
		return true;
	what = json_get_text(body, "what", "");
	return str_eq(what, "fail") || (str_eq(what, "exit") && json_get_int(body, "code", 0));
}

static bool keep(void *arg, const struct event *ev, uint64_t cursor)
{
	struct searching *s = arg;
	struct found *f = s->found;
	scoped(str_fini) struct str text = STR_EMPTY;
	struct found_event item = { .hlc = ev->hlc, .cursor = cursor };
	struct json_out w;

	if (f->is_wanted && !f->is_wanted(ev))
		return true;
	json_begin(&w, &text);
	view_event(&w, s->lab, ev, cursor);
	item.site = arena_strdup(f->arena, ev->site);
	item.json = arena_strndup(f->arena, str_c(&text), text.len);
	s->is_full = !item.site || !item.json;
	if (s->is_full)
		return false;
	must_grow(f->items, f->n, f->cap);
	f->items[f->n++] = item;
	return !f->most || f->n < f->most;
}

enum rc found_search(struct found *f, const struct call *c, const struct event_query *q,
	struct err *e)
{
	const struct journal_store *store = call_store(c);
	struct searching s = { .found = f, .lab = site_lab(c->api->setup.site) };
	enum rc rc = store->query(store->ctx, q, keep, &s, e);

	if (rc == RC_OK && s.is_full)
		return err_set(e, RC_LIMIT, "the answer would be too long: ask for fewer events");
	return rc;
}

static int by_cursor(const void *a, const void *b)
{
	const struct found_event *one = a, *other = b;

	return (one->cursor > other->cursor) - (one->cursor < other->cursor);
}

static int by_time(const void *a, const void *b)
{
	const struct found_event *one = a, *other = b;
	int order = (one->hlc > other->hlc) - (one->hlc < other->hlc);

	if (order == 0)
		order = strcmp(one->site, other->site);
	return order ? order : by_cursor(a, b);
}

static int by_time_reversed(const void *a, const void *b)
{
	return by_time(b, a);
}

void found_sort(struct found *f, enum found_order order)
{
	static int (*const compare[])(const void *, const void *) = {
		[FOUND_NEWEST] = by_time_reversed,
		[FOUND_OLDEST] = by_time,
		[FOUND_ARRIVAL] = by_cursor,
	};
	uint32_t n = 0;

	if (f->n == 0)
		return;
	qsort(f->items, f->n, sizeof *f->items, compare[order]);
	for (uint32_t i = 0; i < f->n; i++) {
		if (n == 0 || f->items[n - 1].cursor != f->items[i].cursor)
			f->items[n++] = f->items[i];
	}
	f->n = n;
}

void found_write(const struct found *f, struct json_out *w, const char *key, uint32_t most)
{
	json_array_open(w, key);
	for (uint32_t i = 0; i < f->n && i < most; i++)
		json_raw(w, NULL, f->items[i].json);
	json_close(w);
}
