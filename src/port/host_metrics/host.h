/* SPDX-License-Identifier: Apache-2.0 */
/*
 * host: what collectors read with and write with.  Private to port/host_metrics.
 *
 * A collector writes its metrics one after the other, each with all its samples:
 *
 *	host_metric(h, "node_load1", GAUGE, "1m load average");
 *	host_value(h, NULL, 0.25);
 */
#ifndef PORT_HOST_METRICS_HOST_H
#define PORT_HOST_METRICS_HOST_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

#include <stdint.h>

struct host {
	const char *root;
	const char *textfile; /* NULL: no such folder */
	struct arena arena;   /* of one collector's run */
	struct str *out;
	char metric[128]; /* whose samples are being written */
	bool failed;      /* something that is there can't be read, or understood */
};

enum host_type { COUNTER, GAUGE, UNTYPED };

/* ---- reading */

/* A file below the root, whole and terminated, in the arena, without its last line break; NULL when
 * it isn't there.  A file that is there and can't be read fails the collector. */
char *host_file(struct host *h, const char *fmt, ...) PRINTF(2, 3);
/* A file that holds one integer. */
bool host_number(struct host *h, int64_t *ret, const char *fmt, ...) PRINTF(3, 4);
/* The last part of where a symbolic link points; NULL. */
char *host_link(struct host *h, const char *fmt, ...) PRINTF(2, 3);
/* Names in a folder in order, ended by NULL; none when it isn't there. */
char **host_folder(struct host *h, const char *fmt, ...) PRINTF(2, 3);

/* The next line of a text, terminated in place; NULL at its end. */
char *host_line(char **text);
/* Words between blanks, terminated in place; how many there were, `most` at most. */
uint32_t host_words(char *line, char **words, uint32_t most);

/* ---- writing */

void host_metric(struct host *h, const char *name, enum host_type type, const char *help);
/* The same, where the help names a field. */
void host_field(struct host *h, const char *name, enum host_type type, const char *help, ...)
	PRINTF(4, 5);
/* `labels` as host_labels() makes them; NULL: none. */
void host_value(struct host *h, const char *labels, double v);
void host_count(struct host *h, const char *labels, uint64_t v);
/* Names and values in turns, ended by NULL: `a="x",b="y"`, in the arena. */
const char *host_labels(struct host *h, ...) __attribute__((sentinel));
/* Both at once, for what has no labels. */
void host_gauge(struct host *h, const char *name, double v, const char *help);
void host_counter(struct host *h, const char *name, uint64_t v, const char *help);

/* ---- many files of one kind, each a metric, in folders of one kind, each a device */

#define HOST_PLACES_MAX 512

struct host_places {
	struct {
		const char *path, *labels;
	} * v;
	uint32_t n; /* at most HOST_PLACES_MAX; others are left out */
};
struct host_places host_places_new(struct host *h);
void host_place(struct host *h, struct host_places *p, const char *labels, const char *fmt, ...)
	PRINTF(4, 5);
/* Every folder in `folder`; its name is the value of `label`. */
struct host_places host_places_of(struct host *h, const char *folder, const char *label);

struct field {
	const char *file; /* below the place */
	const char *metric;
	enum host_type type;
	double factor;
	const char *help;
};
/* What isn't there, and what is no quantity, is left out. */
void host_fields(struct host *h, const struct field *f, size_t n, const struct host_places *p);

/* The number that a text begins with: decimal, 0x..., or as bcache writes it, 1.5M, where the digit behind
 * the point counts hundreds of the next smaller unit.  False: there is none, or all its bits are set, which
 * drivers say for "not known". */
bool host_quantity(const char *text, double *ret);
/* Without blanks around it, in place; what isn't UTF-8 is U+FFFD. */
const char *host_text(struct host *h, char *text);

#define COLLECTOR(name, what) void collect_##name(struct host *h);
#include "port/host_metrics/collectors.def"
#undef COLLECTOR

#endif
