/* SPDX-License-Identifier: Apache-2.0 */
#include "core/rules/handover.h"

#include "base/limits.h"
#include "base/relabel.h"

struct handover {
	struct arena arena;
	struct relabel_rules relabel;
};

/* The mapping as it is read. */
struct section {
	struct relabel_rules relabel;
	const struct doc_node *alertmanagers;
};

static const struct doc_key keys[] = {
	{ "alert_relabel_configs", relabel_take, offsetof(struct section, relabel) },
	{ "alertmanagers", doc_raw, offsetof(struct section, alertmanagers) },
	{ 0 },
};
static const struct doc_shape shape = {
	.name = "alerting",
	.size_bytes = sizeof(struct section),
	.keys = keys,
};

enum rc handover_read(struct handover **ret, const char *file, const struct doc_node *section,
	struct findings *findings, struct err *e)
{
	scoped(handover_free) struct handover *h = must_alloc(sizeof *h);
	struct doc_reader r = { .arena = &h->arena,
		.findings = findings,
		.file = file,
		.folder = "",
		.within = "" };
	uint32_t before = findings->n_errors;
	struct section read = { 0 };

	arena_init(&h->arena, RULE_FILE_BYTES_MAX);
	if (section)
		doc_read(&r, &shape, section, &read);
	h->relabel = read.relabel;
	if (read.alertmanagers && read.alertmanagers->n)
		doc_warning(&r, read.alertmanagers,
			"alertmanagers: alerts become incidents, which the sites tell of "
			"themselves; no Alertmanager is told");
	if (findings->n_errors > before)
		return err_set(e, RC_INPUT, "%s: the alerting section has %u errors", file,
			findings->n_errors - before);
	*ret = TAKE(h);
	return RC_OK;
}

void handover_free(struct handover *h)
{
	if (!h)
		return;
	relabel_rules_fini(&h->relabel);
	arena_fini(&h->arena);
	free(h);
}

enum rc handover_labels(const struct handover *h, const struct labels *alert,
	const struct labels *external, struct arena *a, struct labels *ret, bool *ret_is_dropped,
	struct err *e)
{
	scoped(label_set_fini) struct label_set set;
	enum relabel_fate fate;
	struct labels labels;

	label_set_init(&set, a);
	label_set_load(&set, alert);
	for (uint32_t i = 0; i < external->n; i++)
		if (!labels_find(alert, external->v[i].name))
			label_set_put(&set, external->v[i].name, external->v[i].value);
	fate = relabel_apply(&h->relabel, &set, e);
	if (fate == RELABEL_FAILED)
		return e && e->rc ? e->rc : RC_LIMIT;
	labels = label_set_labels(&set);
	if (set.is_full || !labels_copy(&labels, a, ret))
		return err_set(e, RC_LIMIT, "the labels of an alert are too long");
	*ret_is_dropped = fate == RELABEL_DROPPED || ret->n == 0;
	return RC_OK;
}

/* As Go's url.QueryEscape. */
static void add_escaped(struct str *out, const char *text)
{
	for (; *text; text++)
		if ((*text >= 'a' && *text <= 'z') || (*text >= 'A' && *text <= 'Z') ||
			(*text >= '0' && *text <= '9') || strchr("-_.~", *text))
			str_addc(out, *text);
		else if (*text == ' ')
			str_addc(out, '+');
		else
			str_addf(out, "%%%02X", (unsigned char)*text);
}

void handover_link(const char *external_url, const char *expression, struct str *out)
{
	str_addf(out, "%s/graph?g0.expr=", external_url);
	add_escaped(out, expression);
	str_add(out, "&g0.tab=1");
}
