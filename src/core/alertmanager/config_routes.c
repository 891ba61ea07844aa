/* SPDX-License-Identifier: Apache-2.0 */
/* Which alert goes where, and which one keeps another silent. */
#include "base/limits.h"
#include "core/alertmanager/config_private.h"

#define GROUP_WAIT_MS      (30 * SECOND_MS)
#define GROUP_INTERVAL_MS  (5 * MINUTE_MS)
#define REPEAT_INTERVAL_MS (4 * HOUR_MS)

/* As they are written. */
struct route_written {
	const char *receiver;
	const struct doc_node *group_by, *match, *match_re, *routes, *node;
	struct doc_texts matchers, mute, active;
	bool goes_on;
	int64_t group_wait_ms, group_interval_ms, repeat_interval_ms;
};
struct inhibit_written {
	const struct doc_node *source_match, *source_match_re, *target_match, *target_match_re;
	struct doc_texts source_matchers, target_matchers, equal;
	const struct doc_node *node;
};

/* Matchers */

static void read_matchers(struct reader *r, const struct doc_node *at,
	const struct doc_texts *texts, struct matcher_list *to)
{
	struct err e = { 0 };

	for (uint32_t i = 0; i < texts->n; i++)
		if (matcher_list_parse(to, texts->v[i], &e) != RC_OK)
			doc_error(&r->doc, at, "matchers: %s", e.text);
}

static bool is_label_name(const char *s)
{
	size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789");

	return *s && !s[n] && !(*s >= '0' && *s <= '9');
}

/* One of `match` or `match_re`, in whose key Alertmanager shows the expression that it makes of it. */
static void read_pair(struct reader *r, const char *name, const char *label,
	const struct doc_node *node, enum matcher_op op, struct matcher_list *to)
{
	scoped(str_fini) struct str value = STR_EMPTY;
	bool is_nothing = node->kind == DOC_NULL;
	struct err e = { 0 };

	if (node->kind != DOC_SCALAR && !is_nothing)
		doc_expected(&r->doc, &(struct doc_key){ .name = name }, node, "a text");
	else if (!is_label_name(label))
		doc_error(&r->doc, node, "%s: invalid label name \"%s\"", name, label);
	else if (is_nothing && op == MATCHER_REGEX)
		doc_error(&r->doc, node, "%s: empty regular expression", name);
	else {
		str_addf(&value, op == MATCHER_REGEX ? "^(?:%s)$" : "%s",
			is_nothing ? "" : node->text);
		if (matcher_list_add(to, op, label, str_c(&value), &e) != RC_OK)
			doc_error(&r->doc, node, "%s: %s", name, e.text);
	}
}

/* `match` and `match_re` are older than matchers. */
static void read_mapping(struct reader *r, const char *name, const struct doc_node *node,
	enum matcher_op op, struct matcher_list *to)
{
	if (node && node->kind != DOC_MAPPING) {
		doc_expected(&r->doc, &(struct doc_key){ .name = name }, node,
			"a mapping of labels");
		return;
	}
	for (uint32_t i = 0; node && i < node->n; i++)
		read_pair(r, name, node->keys[i]->text, node->values[i], op, to);
}

/* Routes */

static void keep_node(struct doc_reader *r, const struct doc_node *node, void *to)
{
	(void)r;
	((struct route_written *)to)->node = node;
}

static void init_route(struct doc_reader *r, void *to)
{
	(void)r;
	*(struct route_written *)to = (struct route_written){ .group_wait_ms = NOT_SAID,
		.group_interval_ms = NOT_SAID,
		.repeat_interval_ms = NOT_SAID };
}

#define ROUTE(member) offsetof(struct route_written, member)
static const struct doc_key route_keys[] = {
	{ "receiver", doc_text, ROUTE(receiver) },
	{ "group_by", doc_raw, ROUTE(group_by) },
	{ "match", doc_raw, ROUTE(match) },
	{ "match_re", doc_raw, ROUTE(match_re) },
	{ "matchers", doc_text_list, ROUTE(matchers) },
	{ "mute_time_intervals", doc_text_list, ROUTE(mute) },
	{ "active_time_intervals", doc_text_list, ROUTE(active) },
	{ "continue", doc_flag, ROUTE(goes_on) },
	{ "routes", doc_raw, ROUTE(routes) },
	{ "group_wait", alertmanager_take_duration, ROUTE(group_wait_ms) },
	{ "group_interval", alertmanager_take_duration, ROUTE(group_interval_ms) },
	{ "repeat_interval", alertmanager_take_duration, ROUTE(repeat_interval_ms) },
	{ 0 },
};
static const struct doc_shape route_shape = { "route", sizeof(struct route_written), route_keys,
	init_route, keep_node };

static bool is_repeated(const struct doc_texts *names, const char *name)
{
	for (uint32_t i = 0; i < names->n; i++)
		if (str_eq(names->v[i], name))
			return true;
	return false;
}

/* Said, it replaces what the parent has; "..." by itself is every label. */
static void read_group_by(struct reader *r, const struct doc_node *node, struct alert_route *to)
{
	struct doc_texts names = { 0 }, own = { 0 };
	bool is_by_all = false;

	if (!node)
		return;
	doc_text_list(&r->doc, &(struct doc_key){ .name = "group_by" }, node, &names);
	own.v = doc_alloc(&r->doc, names.n * sizeof *own.v);
	for (uint32_t i = 0; own.v && i < names.n; i++) {
		if (str_eq(names.v[i], "...")) {
			is_by_all = true;
			continue;
		}
		if (!*names.v[i] || !utf8_valid(names.v[i], strlen(names.v[i])))
			doc_error(&r->doc, node, "invalid label name \"%s\" in group_by list",
				names.v[i]);
		if (is_repeated(&own, names.v[i]))
			doc_error(&r->doc, node, "duplicated label \"%s\" in group_by", names.v[i]);
		own.v[own.n++] = names.v[i];
	}
	if (is_by_all && own.n > 0)
		doc_error(&r->doc, node,
			"cannot have wildcard group_by (`...`) and other labels at the same time");
	if (own.n > 0 || !is_by_all) {
		to->group_by = own;
		to->is_by_all = false;
	} else {
		to->is_by_all = true;
	}
}

static const struct time_intervals **named_intervals(struct reader *r, const struct doc_node *at,
	const struct doc_texts *names, uint32_t *ret_n)
{
	const struct time_intervals **v = doc_alloc(&r->doc, names->n * sizeof *v);
	uint32_t n = 0;

	for (uint32_t i = 0; v && i < names->n; i++) {
		uint32_t before = n;

		for (uint32_t k = 0; k < r->am->n_intervals && n == before; k++)
			if (str_eq(r->am->intervals[k].name, names->v[i]))
				v[n++] = &r->am->intervals[k];
		if (n == before)
			doc_error(&r->doc, at, "undefined time interval \"%s\" used in route",
				names->v[i]);
	}
	*ret_n = n;
	return v;
}

static void take_times(struct reader *r, const struct route_written *w, struct alert_route *to)
{
	if (w->group_wait_ms != NOT_SAID)
		to->group_wait_ms = w->group_wait_ms;
	if (w->group_interval_ms != NOT_SAID)
		to->group_interval_ms = w->group_interval_ms;
	if (w->repeat_interval_ms != NOT_SAID)
		to->repeat_interval_ms = w->repeat_interval_ms;
	if (to->group_interval_ms == 0)
		doc_error(&r->doc, doc_at(w->node, "group_interval"),
			"group_interval cannot be zero");
	if (to->repeat_interval_ms == 0)
		doc_error(&r->doc, doc_at(w->node, "repeat_interval"),
			"repeat_interval cannot be zero");
}

static void read_route(struct reader *r, const struct doc_node *node, struct alert_route *to);

static void read_children(struct reader *r, const struct doc_node *list, struct alert_route *to)
{
	if (!list)
		return;
	if (list->kind != DOC_SEQUENCE) {
		doc_expected(&r->doc, &(struct doc_key){ .name = "routes" }, list, "a list");
		return;
	}
	if (r->n_routes + list->n > ALERTMANAGER_ROUTES_MAX) {
		doc_error(&r->doc, list, "routes: more than %d of them", ALERTMANAGER_ROUTES_MAX);
		return;
	}
	r->n_routes += list->n;
	to->routes = doc_alloc(&r->doc, list->n * sizeof *to->routes);
	for (uint32_t i = 0; to->routes && i < list->n; i++) {
		to->routes[i] = *to; /* what it doesn't say is as its parent has it */
		to->routes[i].parent = to;
		to->routes[i].number = r->am->n_routes++;
		to->routes[i].matchers = (struct matcher_list){ 0 };
		to->routes[i].routes = NULL;
		to->routes[i].n_routes = 0;
		to->n_routes = i + 1;
		read_route(r, list->values[i], &to->routes[i]);
	}
}

static void read_route(struct reader *r, const struct doc_node *node, struct alert_route *to)
{
	struct route_written w;

	doc_read(&r->doc, &route_shape, node, &w);
	if (!w.node)
		return;
	if (w.receiver && *w.receiver)
		to->receiver = w.receiver;
	if (w.receiver && *w.receiver && !alertmanager_has_receiver(r->am, w.receiver))
		doc_error(&r->doc, doc_at(node, "receiver"),
			"undefined receiver \"%s\" used in route", w.receiver);
	read_group_by(r, w.group_by, to);
	take_times(r, &w, to);
	to->goes_on = w.goes_on;
	read_mapping(r, "match", w.match, MATCHER_EQUAL, &to->matchers);
	read_mapping(r, "match_re", w.match_re, MATCHER_REGEX, &to->matchers);
	read_matchers(r, doc_at(node, "matchers"), &w.matchers, &to->matchers);
	matcher_list_sort(&to->matchers);
	to->mute = named_intervals(r, doc_at(node, "mute_time_intervals"), &w.mute, &to->n_mute);
	to->active =
		named_intervals(r, doc_at(node, "active_time_intervals"), &w.active, &to->n_active);
	read_children(r, w.routes, to);
}

void alertmanager_read_routes(struct reader *r, const struct doc *doc, const struct doc_node *node)
{
	struct alert_route *root = doc_alloc(&r->doc, sizeof *root);

	if (!root)
		return;
	*root = (struct alert_route){ .receiver = "",
		.group_wait_ms = GROUP_WAIT_MS,
		.group_interval_ms = GROUP_INTERVAL_MS,
		.repeat_interval_ms = REPEAT_INTERVAL_MS };
	r->am->root = root;
	r->am->n_routes = 1;
	if (!node) {
		finding_error(r->doc.findings, (struct place){ doc->file, 1, 1 },
			"no routes provided");
		return;
	}
	read_route(r, node, root);
	if (!*root->receiver)
		doc_error(&r->doc, node, "root route must specify a default receiver");
	if (root->matchers.n > 0)
		doc_error(&r->doc, node, "root route must not have any matchers");
	if (root->n_mute > 0)
		doc_error(&r->doc, node, "root route must not have any mute time intervals");
	if (root->n_active > 0)
		doc_error(&r->doc, node, "root route must not have any active time intervals");
}

/* Inhibition */

static void keep_inhibit(struct doc_reader *r, const struct doc_node *node, void *to)
{
	(void)r;
	((struct inhibit_written *)to)->node = node;
}

#define INHIBIT(member) offsetof(struct inhibit_written, member)
static const struct doc_key inhibit_keys[] = {
	{ "name", doc_ignored, 0 },
	{ "source_match", doc_raw, INHIBIT(source_match) },
	{ "source_match_re", doc_raw, INHIBIT(source_match_re) },
	{ "source_matchers", doc_text_list, INHIBIT(source_matchers) },
	{ "target_match", doc_raw, INHIBIT(target_match) },
	{ "target_match_re", doc_raw, INHIBIT(target_match_re) },
	{ "target_matchers", doc_text_list, INHIBIT(target_matchers) },
	{ "equal", doc_text_list, INHIBIT(equal) },
	{ 0 },
};
const struct doc_shape alertmanager_inhibit_shape = { "inhibit rule",
	sizeof(struct inhibit_written), inhibit_keys, NULL, keep_inhibit };

static void read_inhibit_rule(struct reader *r, const struct inhibit_written *w,
	struct inhibit_rule *to)
{
	if (!w->node)
		return;
	read_mapping(r, "source_match", w->source_match, MATCHER_EQUAL, &to->sources);
	read_mapping(r, "source_match_re", w->source_match_re, MATCHER_REGEX, &to->sources);
	read_matchers(r, doc_at(w->node, "source_matchers"), &w->source_matchers, &to->sources);
	read_mapping(r, "target_match", w->target_match, MATCHER_EQUAL, &to->targets);
	read_mapping(r, "target_match_re", w->target_match_re, MATCHER_REGEX, &to->targets);
	read_matchers(r, doc_at(w->node, "target_matchers"), &w->target_matchers, &to->targets);
	to->equal = w->equal;
	for (uint32_t i = 0; i < w->equal.n; i++)
		if (!*w->equal.v[i] || !utf8_valid(w->equal.v[i], strlen(w->equal.v[i])))
			doc_error(&r->doc, doc_at(w->node, "equal"),
				"invalid label name \"%s\" in equal list", w->equal.v[i]);
}

void alertmanager_read_inhibit_rules(struct reader *r, const struct doc_list *list)
{
	const struct inhibit_written *w = list->v;
	struct alertmanager *am = r->am;

	if (list->n > INHIBIT_RULES_MAX) {
		doc_error(&r->doc, w[INHIBIT_RULES_MAX].node, "inhibit_rules: more than %d of them",
			INHIBIT_RULES_MAX);
		return;
	}
	am->inhibit_rules = doc_alloc(&r->doc, list->n * sizeof *am->inhibit_rules);
	for (uint32_t i = 0; am->inhibit_rules && i < list->n; i++)
		read_inhibit_rule(r, &w[i], &am->inhibit_rules[am->n_inhibit_rules++]);
}
