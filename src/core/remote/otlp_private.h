/* SPDX-License-Identifier: Apache-2.0 */
/* One translation under way, and what its units give each other.  Private to otlp.c,
 * otlp_attributes.c, otlp_series.c and otlp_points.c. */
#ifndef CORE_REMOTE_OTLP_PRIVATE_H
#define CORE_REMOTE_OTLP_PRIVATE_H

#include "base/arena.h"
#include "base/protobuf.h"
#include "base/series.h"
#include "core/remote/otlp.h"
#include "core/remote/otlp_config.h"

#define ATTRIBUTES_MAX      256
#define NANOSECONDS_IN_A_MS 1000000

struct attributes {
	struct label v[ATTRIBUTES_MAX];
	uint32_t n;
};

struct translation {
	struct str *out;
	struct otlp_result *result;
	struct arena resource_arena, arena; /* of the resource; of a point */
	const struct otlp_config *config;   /* NULL: the defaults */
	enum otlp_strategy strategy;
	struct attributes resource; /* as labels, sanitized */
	struct attributes promoted; /* of these, what each series gets */
	struct attributes scope;    /* as labels, where that is wanted */
	const char *job, *instance;
	bool has_others;   /* attributes of the resource but service.* */
	int64_t latest_ms; /* of the resource's points */
	const char *name;  /* of the metric, translated */
	struct err *e;
	enum rc rc;
};

/* The first error stays. */
void otlp_fail(struct translation *t, enum rc rc, const char *text);
/* Fails where the message was malformed. */
void otlp_check(struct translation *t, const struct protobuf *p);
/* One point less; the first reason is told. */
void otlp_reject(struct translation *t, const char *why);

/* ---- otlp_attributes.c */

struct attribute {
	const char *key, *value;
};

/* "" after having failed. */
const char *otlp_text_of(struct translation *t, struct arena *a, const struct protobuf_field *f);
struct attribute otlp_read_attribute(struct translation *t, struct arena *a,
	const struct protobuf_field *message);
/* Two attributes that become one label have their values joined. */
void otlp_add_label(struct translation *t, struct arena *a, struct attributes *to, const char *name,
	const char *value);
/* Under the name that the strategy gives it; one without a value is no label. */
void otlp_take_attribute(struct translation *t, struct arena *a, struct attributes *to,
	const struct attribute *it);

/* ---- otlp_series.c: series of the request that is made */

/* One more label than the point has. */
struct extra {
	const char *suffix;       /* of the metric's name */
	const char *name, *value; /* NULL: none */
};

struct sample {
	int64_t t_ms;
	double v;
	const struct protobuf *message; /* of the point that it is of; NULL: it has no exemplars */
	uint32_t exemplars;             /* key of these in it */
	double above, most;             /* those that lie in between, the latter included */
};

/* A series with its labels, for protobuf_close(). */
size_t otlp_open_series(struct translation *t, const struct attributes *labels,
	const struct extra *x);
/* Those of the message that lie where `s` says. */
void otlp_put_exemplars(struct translation *t, const struct sample *s);
/* With one sample, and its exemplars. */
void otlp_put_series(struct translation *t, const struct attributes *labels, const struct extra *x,
	const struct sample *s);

/* ---- otlp_points.c */

struct point_form; /* what a kind of points looks like, and what it becomes */
extern const struct point_form otlp_numbers, otlp_histograms, otlp_exponentials, otlp_summaries;

void otlp_take_point(struct translation *t, const struct point_form *form,
	const struct protobuf_field *message);

#endif
