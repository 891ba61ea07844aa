/* SPDX-License-Identifier: Apache-2.0 */
/*
 * template: Go's text/template as Prometheus uses it in the labels and annotations of rules.
 *
 * The whole language, with the same words when something is wrong with a text or fails while it is
 * expanded, and Prometheus' functions.  https://pkg.go.dev/text/template and
 * https://prometheus.io/docs/prometheus/latest/configuration/template_reference/
 *
 *	arena ◄── template_new(source) ─► struct template, immutable
 *	                                      │ template_expand(data), as often as one likes
 *	                                      ▼
 *	                                    text
 *
 * What differs, on purpose: pointers are shown as what they point to; of time.Time only the methods
 * that give numbers and texts exist; depth, steps and bytes are bounded (limits.def).
 */
#ifndef CORE_TEMPLATE_TEMPLATE_H
#define CORE_TEMPLATE_TEMPLATE_H

#include "base/series.h"
#include "base/str.h"

/* Stands before the text of each label and annotation, and shifts columns in messages, too. */
#define TEMPLATE_ALERT_PROLOGUE                                        \
	"{{$labels := .Labels}}{{$externalLabels := .ExternalLabels}}" \
	"{{$externalURL := .ExternalURL}}{{$value := .Value}}"

struct template_sample {
	struct labels labels;
	double v; /* when `h` is NULL */
	const struct histogram *h;
};

/* What a template may ask of the world. */
struct template_world {
	void *ctx;
	/* An instant query; samples and all that they hold live in `a`. */
	enum rc (*query)(void *ctx, const char *expression, struct arena *a,
		const struct template_sample **ret, uint32_t *ret_n, struct err *e);
	/* How Prometheus writes a histogram. */
	void (*histogram)(const struct histogram *h, struct str *out);
};

struct template_data { /* the dot */
	struct labels labels, external_labels;
	const char *external_url;
	struct template_sample value; /* its labels aren't looked at */
	const struct template_world *world;
};

struct template;

/* Parsed into the arena; `name` and `text` are copied.  RC_INPUT: `why` (appended to) says what is wrong:
 * "template: NAME:LINE: ...".  RC_LIMIT: too large or too deep. */
enum rc template_new(struct template **ret, const char *name, const char *text, struct arena *a,
	struct str *why) MUST_USE;

/* Append what it expands to; on failure nothing but, to `why`, the words of the error. */
enum rc template_expand(const struct template *t, const struct template_data *data, struct str *out,
	struct str *why) MUST_USE;

#endif
