/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What explains what.  A check needs, in this order: what its declaration says, its host's check,
 * and the check that stands for its site's uplink.  That it needs its site, too, depends on who
 * looks: node/ adds it where that is another site.  So a dead site explains its dead uplink, and
 * not the other way round: from outside a cut line and a dead site look the same, and the watcher's
 * word on the site is the better evidence.
 *
 * An edge that we add ourselves must not close a circle: what the uplink itself needs (the router's
 * host) doesn't need the uplink.  A circle that is left is one that was declared.
 */
#include "core/lab/build.h"

static bool has_need(const struct needs *needs, uint16_t need)
{
	for (uint16_t i = 0; i < needs->n; i++)
		if (needs->items[i] == need)
			return true;
	return false;
}

static void add_need(struct build *b, uint16_t check, uint16_t need)
{
	struct needs *needs = &b->needs[check];
	uint32_t cap = needs->cap;

	if (need == NO_CHECK || need == check || has_need(needs, need))
		return;
	must_grow(needs->items, needs->n, cap);
	needs->cap = (uint16_t)cap;
	needs->items[needs->n++] = need;
}

/* Mark everything that `check` needs, directly or not, and itself. */
static void mark_ancestors(const struct build *b, uint16_t check, bool *marked)
{
	uint16_t *stack = must_alloc(b->lab->n_checks * sizeof *stack);
	uint16_t n = 0;

	if (!marked[check])
		stack[n++] = check;
	marked[check] = true;
	while (n) {
		const struct needs *needs = &b->needs[stack[--n]];

		for (uint16_t i = 0; i < needs->n; i++) {
			if (marked[needs->items[i]])
				continue;
			marked[needs->items[i]] = true;
			stack[n++] = needs->items[i];
		}
	}
	free(stack);
}

/* A check or a host, by name; hosts stand for their checks. */
static uint16_t find_need(struct build *b, const struct doc_node *node, const char *key)
{
	uint16_t check = build_index(&b->lab->check_names, node->text);
	uint16_t host = build_index(&b->hosts, node->text);
	struct nearest best = { 0 };
	char hint[NAME_BYTES_MAX + 32];

	if (check != UINT16_MAX)
		return check;
	if (host != UINT16_MAX && b->lab->hosts[host].check != NO_CHECK)
		return b->lab->hosts[host].check;
	if (host != UINT16_MAX) {
		reader_error(b->r, node, "%s: host '%s' has no address, so nothing checks it", key,
			node->text);
		return NO_CHECK;
	}
	map_each (&b->lab->check_names, it)
		nearest_offer(&best, node->text, it->key);
	map_each (&b->hosts, it)
		nearest_offer(&best, node->text, it->key);
	reader_error(b->r, node, "%s: no check or host is called '%.64s'%s", key, node->text,
		nearest_text(&best, hint));
	return NO_CHECK;
}

static void add_declared(struct build *b, uint16_t check)
{
	const struct check_decl *about = b->about[check];

	for (uint32_t i = 0; about && i < about->needs.n; i++) {
		uint16_t need = find_need(b, about->needs.items[i], "needs");

		if (need == check)
			reader_error(b->r, about->needs.items[i], "needs: '%s' can't need itself",
				b->lab->checks[check].name);
		add_need(b, check, need);
	}
}

static void add_host(struct build *b, uint16_t check)
{
	uint16_t host = b->lab->checks[check].host;

	if (host != NO_HOST)
		add_need(b, check, b->lab->hosts[host].check);
}

static void resolve_uplinks(struct build *b)
{
	const struct site_decl *sites = b->decl->sites.items;

	for (uint8_t i = 0; i < b->lab->n_sites; i++)
		if (sites[i].uplink)
			b->lab->sites[i].uplink = find_need(b, sites[i].uplink, "uplink");
}

/* Probes, heartbeats and messages go over the uplink; what else a site knows of itself doesn't. */
static bool wants_uplink(const struct lab_check *check)
{
	return check->kind == CHECK_PROBE || check->kind == CHECK_HEARTBEAT ||
	       (check->kind == CHECK_SELF &&
		       (check->self == SELF_NOTIFY || check->self == SELF_OUTSIDE));
}

static void add_uplink(struct build *b, uint8_t site)
{
	uint16_t uplink = b->lab->sites[site].uplink;
	bool *is_ancestor;

	if (uplink == NO_CHECK)
		return;
	is_ancestor = must_alloc(b->lab->n_checks * sizeof *is_ancestor);
	mark_ancestors(b, uplink, is_ancestor);
	for (uint16_t i = 0; i < b->lab->n_checks; i++) {
		const struct lab_check *check = &b->lab->checks[i];

		if (check->home == site && wants_uplink(check) && !is_ancestor[i])
			add_need(b, i, uplink);
	}
	free(is_ancestor);
}

static uint16_t site_check(const struct build *b, uint8_t site)
{
	for (uint16_t i = b->lab->n_declared; i < b->lab->n_checks; i++)
		if (b->lab->checks[i].kind == CHECK_SITE && b->lab->checks[i].subject_a == site)
			return i;
	return NO_CHECK;
}

static void add_ends(struct build *b, uint16_t check)
{
	const struct lab_check *link = &b->lab->checks[check];
	const uint8_t ends[] = { link->subject_a, link->subject_b };

	for (size_t i = 0; i < COUNT(ends); i++)
		add_need(b, check, b->lab->sites[ends[i]].uplink);
	for (size_t i = 0; i < COUNT(ends); i++)
		add_need(b, check, site_check(b, ends[i]));
}

/* The sites read the same repo: a mistake in it is one, not one a site. */
static void add_same_repo(struct build *b, uint16_t check)
{
	for (uint16_t i = b->lab->n_declared; i < check; i++)
		if (b->lab->checks[i].kind == CHECK_SELF && b->lab->checks[i].self == SELF_CONFIG) {
			add_need(b, check, i);
			return;
		}
}

static void add_watcher(struct build *b, uint16_t drill)
{
	for (uint16_t i = b->lab->n_declared; i < b->lab->n_checks; i++)
		if (b->lab->checks[i].kind == CHECK_WATCHER &&
			b->lab->checks[i].subject_a == b->lab->checks[drill].subject_a)
			add_need(b, drill, i);
}

static void add_derived(struct build *b)
{
	for (uint8_t i = 0; i < b->lab->n_sites; i++)
		add_uplink(b, i);
	for (uint16_t i = b->lab->n_declared; i < b->lab->n_checks; i++) {
		if (b->lab->checks[i].kind == CHECK_LINK)
			add_ends(b, i);
		else if (b->lab->checks[i].kind == CHECK_DRILL)
			add_watcher(b, i);
		else if (b->lab->checks[i].kind == CHECK_SELF &&
			 b->lab->checks[i].self == SELF_CONFIG)
			add_same_repo(b, i);
	}
}

/* Depth first, without recursion: a chain of needs may be as long as the file.  `path` is the chain
 * from the start to where we are; a need that is on it closes a circle. */
struct walk {
	struct build *b;
	enum { UNSEEN, ON_PATH, DONE } * state;
	uint16_t *path, *next; /* check, and which of its needs comes next */
	uint16_t depth;
};

/* "a needs b needs a" */
static void complain_circle(struct walk *w, uint16_t closing)
{
	const struct lab *lab = w->b->lab;
	scoped(str_fini) struct str text = { .limit_bytes = 400 };
	const struct lab_check *first = &lab->checks[closing];
	uint16_t begin = w->depth;

	while (begin && w->path[begin - 1] != closing)
		begin--;
	for (uint16_t i = begin - 1; i < w->depth; i++)
		str_addf(&text, "'%s' needs ", lab->checks[w->path[i]].name);
	str_addf(&text, "'%s'", first->name);
	finding_error(w->b->r->findings,
		(struct place){ w->b->r->file, first->line, first->column },
		"needs go in a circle: %s%s", str_c(&text), text.is_cut ? "..." : "");
}

static void enter(struct walk *w, uint16_t check)
{
	w->state[check] = ON_PATH;
	w->path[w->depth] = check;
	w->next[w->depth++] = 0;
}

static void walk_from(struct walk *w, uint16_t start)
{
	enter(w, start);
	while (w->depth) {
		uint16_t check = w->path[w->depth - 1];
		const struct needs *needs = &w->b->needs[check];
		uint16_t i = w->next[w->depth - 1]++;

		if (i == needs->n) {
			w->state[check] = DONE;
			w->depth--;
		} else if (w->state[needs->items[i]] == ON_PATH) {
			complain_circle(w, needs->items[i]);
		} else if (w->state[needs->items[i]] == UNSEEN) {
			enter(w, needs->items[i]);
		}
	}
}

static void find_circles(struct build *b)
{
	uint16_t n = b->lab->n_checks;
	struct walk w = {
		.b = b,
		.state = must_alloc(n * sizeof *w.state),
		.path = must_alloc(n * sizeof *w.path),
		.next = must_alloc(n * sizeof *w.next),
	};

	for (uint16_t i = 0; i < n; i++)
		if (w.state[i] == UNSEEN)
			walk_from(&w, i);
	free(w.state);
	free(w.path);
	free(w.next);
}

/* Into the lab's own memory. */
static void keep(struct build *b)
{
	for (uint16_t i = 0; i < b->lab->n_checks; i++) {
		const struct needs *needs = &b->needs[i];
		struct lab_check *check = &b->lab->checks[i];

		check->needs = reader_alloc(b->r, needs->n * sizeof *needs->items);
		if (!check->needs)
			return;
		if (needs->n)
			memcpy(check->needs, needs->items, needs->n * sizeof *needs->items);
		check->n_needs = needs->n;
	}
}

void build_needs(struct build *b)
{
	uint32_t errors_before = b->r->findings->n_errors;

	resolve_uplinks(b);
	for (uint16_t i = 0; i < b->lab->n_checks; i++) {
		add_declared(b, i);
		add_host(b, i);
	}
	find_circles(b);
	if (b->r->findings->n_errors > errors_before)
		return;
	add_derived(b);
	find_circles(b);
	keep(b);
}
