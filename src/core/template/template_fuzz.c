/* SPDX-License-Identifier: Apache-2.0 */
/* A template with data of every kind: it expands, or says why not, within its bounds. */
#include "base/limits.h"
#include "core/template/template.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define LABEL(n, v)                                                                              \
	{                                                                                        \
		.name = (n), .value = (v), .name_len = sizeof(n) - 1, .value_len = sizeof(v) - 1 \
	}

static const struct label some[] = { LABEL("host", "a<b>:9"), LABEL("job", "\xff x") };
static const struct histogram histogram = { .count = 1 };
static const struct template_sample samples[] = {
	{ .labels = { some, 2 }, .v = 1.5 },
	{ .labels = { some, 1 }, .h = &histogram },
};

static enum rc query(void *ctx, const char *expression, struct arena *a,
	const struct template_sample **ret, uint32_t *ret_n, struct err *e)
{
	(void)ctx;
	(void)a;
	if (*expression == '!')
		return err_set(e, RC_INPUT, "no");
	*ret = samples;
	*ret_n = (uint32_t)strlen(expression) % (COUNT(samples) + 1);
	return RC_OK;
}

static void write_histogram(const struct histogram *h, struct str *out)
{
	str_addf(out, "{count:%g}", h->count);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static const struct template_world world = { .query = query, .histogram = write_histogram };
	const struct template_data data = { .labels = { some, 2 },
		.external_url = "http://x/y",
		.value = { .v = n > 0 ? bytes[n - 1] * 1e3 : 0,
			.h = n % 7 == 6 ? &histogram : NULL },
		.world = &world };
	scoped(str_fini) struct str text = STR_EMPTY, out = STR_EMPTY, why = STR_EMPTY;
	scoped(arena_fini) struct arena a;
	struct template *t;

	if (n > 4096)
		return 0;
	arena_init(&a, TEMPLATE_BYTES_MAX);
	str_add(&text, TEMPLATE_ALERT_PROLOGUE);
	str_addn(&text, bytes, n);
	if (template_new(&t, "fuzz", str_c(&text), &a, &why) != RC_OK) {
		must(why.len > 0);
		return 0;
	}
	if (template_expand(t, &data, &out, &why) == RC_OK)
		must(out.len <= TEMPLATE_OUTPUT_BYTES_MAX);
	else
		must(why.len > 0 && out.len == 0);
	return 0;
}
