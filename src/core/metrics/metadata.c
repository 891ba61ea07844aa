/* SPDX-License-Identifier: Apache-2.0 */
#include "core/metrics/metadata.h"

#include "base/limits.h"
#include "base/str.h"

void metadata_fini(struct metadata *m)
{
	map_each (&m->metrics, it)
		free(it->value);
	map_fini(&m->metrics);
}

/* A copy in one piece. */
static struct metric_metadata *copy(const struct metric_metadata *said)
{
	const char *const texts[] = { said->type, said->help, said->unit };
	const char **places[3];
	struct metric_metadata *m;
	size_t n[3], sum = sizeof *m;
	char *at;

	for (int i = 0; i < 3; i++) {
		n[i] = utf8_most(texts[i], METADATA_TEXT_BYTES_MAX);
		sum += n[i] + 1;
	}
	m = must_alloc(sum);
	places[0] = &m->type;
	places[1] = &m->help;
	places[2] = &m->unit;
	at = (char *)(m + 1);
	for (int i = 0; i < 3; i++) {
		memcpy(at, texts[i], n[i]);
		*places[i] = at;
		at += n[i] + 1;
	}
	return m;
}

static bool is_same(const char *kept, const char *said)
{
	size_t n = utf8_most(said, METADATA_TEXT_BYTES_MAX);

	return strlen(kept) == n && memcmp(kept, said, n) == 0;
}

/* What isn't said stays as it was. */
static const char *said_or(const char *said, const char *kept)
{
	return *said ? said : kept;
}

bool metadata_put(struct metadata *m, const char *metric, const struct metric_metadata *said)
{
	const struct metric_metadata *kept = map_get(&m->metrics, metric);
	struct metric_metadata both = *said;

	if (kept)
		both = (struct metric_metadata){ said_or(said->type, kept->type),
			said_or(said->help, kept->help), said_or(said->unit, kept->unit) };
	if (kept && is_same(kept->type, both.type) && is_same(kept->help, both.help) &&
		is_same(kept->unit, both.unit))
		return false;
	if (!kept && map_count(&m->metrics) >= METRICS_WITH_METADATA_MAX)
		return false;
	free(map_put(&m->metrics, metric, copy(&both)));
	m->changes++;
	return true;
}

const struct metric_metadata *metadata_get(const struct metadata *m, const char *metric)
{
	return map_get(&m->metrics, metric);
}
