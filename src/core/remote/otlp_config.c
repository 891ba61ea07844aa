/* SPDX-License-Identifier: Apache-2.0 */
#include "core/remote/otlp_config.h"

#include "base/str.h"

#define CONFIG_BYTES_MAX (1u << 20)

static const struct doc_choice strategies[] = {
	{ "UnderscoreEscapingWithSuffixes", OTLP_UNDERSCORES_AND_SUFFIXES },
	{ "UnderscoreEscapingWithoutSuffixes", OTLP_UNDERSCORES },
	{ "NoUTF8EscapingWithSuffixes", OTLP_SUFFIXES },
	{ "NoTranslation", OTLP_AS_IT_IS },
	{ 0 },
};

static const struct doc_key otlp_keys[] = {
	{ "promote_all_resource_attributes", doc_flag, offsetof(struct otlp_config, promotes_all) },
	{ "promote_resource_attributes", doc_text_list, offsetof(struct otlp_config, promoted) },
	{ "ignore_resource_attributes", doc_text_list, offsetof(struct otlp_config, ignored) },
	{ "translation_strategy", doc_choose, offsetof(struct otlp_config, strategy),
		.choices = strategies },
	{ "keep_identifying_resource_attributes", doc_flag,
		offsetof(struct otlp_config, keeps_identifying) },
	{ "convert_histograms_to_nhcb", doc_flag,
		offsetof(struct otlp_config, makes_custom_buckets) },
	{ "promote_scope_metadata", doc_flag, offsetof(struct otlp_config, promotes_scope) },
	{ 0 },
};

static void check(struct doc_reader *r, const struct doc_node *node, void *to)
{
	const struct otlp_config *c = to;

	if (c->promotes_all && c->promoted.n)
		doc_error(r, doc_at(node, "promote_resource_attributes"),
			"'promote_all_resource_attributes' and 'promote_resource_attributes' "
			"cannot "
			"be configured simultaneously");
	if (!c->promotes_all && c->ignored.n)
		doc_error(r, doc_at(node, "ignore_resource_attributes"),
			"'ignore_resource_attributes' cannot be configured unless "
			"'promote_all_resource_attributes' is true");
}

static const struct doc_shape otlp_shape = {
	.name = "otlp",
	.size_bytes = sizeof(struct otlp_config),
	.keys = otlp_keys,
	.check = check,
};

enum rc otlp_config_read(struct otlp_config **ret, const struct otlp_section *section,
	struct findings *findings, struct err *e)
{
	scoped(otlp_config_free) struct otlp_config *c = must_alloc(sizeof *c);
	struct doc_reader r = { .findings = findings,
		.file = section->file,
		.folder = section->folder,
		.arena = &c->arena,
		.within = "" };
	uint32_t before = findings->n_errors;

	arena_init(&c->arena, CONFIG_BYTES_MAX);
	if (section->otlp && section->otlp->kind != DOC_NULL)
		doc_read(&r, &otlp_shape, section->otlp, c);
	if (findings->n_errors > before)
		return err_set(e, RC_INPUT, "otlp can't be used");
	*ret = TAKE(c);
	return RC_OK;
}

void otlp_config_free(struct otlp_config *c)
{
	if (!c)
		return;
	arena_fini(&c->arena);
	free(c);
}

static bool has(const struct doc_texts *texts, const char *text)
{
	for (uint32_t i = 0; i < texts->n; i++)
		if (str_eq(texts->v[i], text))
			return true;
	return false;
}

bool otlp_config_promotes(const struct otlp_config *c, const char *attribute)
{
	if (!c)
		return false;
	return c->promotes_all ? !has(&c->ignored, attribute) : has(&c->promoted, attribute);
}
