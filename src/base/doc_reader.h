/* SPDX-License-Identifier: Apache-2.0 */
/*
 * doc_reader: fills structs from a doc by tables of keys, for files in another program's syntax:
 * scrape configs, rule files, remote write, alerting.
 *
 * A shape is a mapping with known keys.  Its struct is filled with defaults by `init`, then each
 * key that is there is read, then `check` looks at the whole.  As in Go's YAML, a key with nothing
 * behind it leaves the default.  A key that isn't known is a mistake; one that is known and can't
 * be done is refused by name, with what to do instead.  Reading goes on after a mistake: what
 * can't be read keeps its default.
 *
 *	static const struct doc_key basic_auth_keys[] = {
 *		{ "username", doc_text, offsetof(struct http_basic_auth, user) },
 *		{ "username_ref", doc_refused, .hint = "use username" },
 *		{ 0 },
 *	};
 */
#ifndef BASE_DOC_READER_H
#define BASE_DOC_READER_H

#include "base/arena.h"
#include "base/doc.h"
#include "base/finding.h"
#include "base/secret.h"
#include "base/series.h"

struct doc_reader {
	struct arena *arena; /* what is read lives here */
	struct findings *findings;
	const char *file;              /* that the nodes come from */
	const char *folder;            /* goes before relative paths: "" or "/etc/prometheus/" */
	const char *within;            /* for messages: " in scrape config 'node'", or "" */
	const struct doc_node *at_key; /* whose value is being read */
	bool is_full;                  /* the arena was too small; said once */
};

struct doc_key;
struct doc_shape;
typedef void doc_take(struct doc_reader *r, const struct doc_key *key, const struct doc_node *node,
	void *to);

struct doc_choice {
	const char *text;
	int value;
};

struct doc_key {
	const char *name; /* NULL in the last row */
	doc_take *take;
	size_t at; /* where it goes in the struct */
	union {
		const struct doc_shape *shape;    /* doc_mapping, doc_pointer, doc_list */
		const struct doc_choice *choices; /* doc_choose: ends with a NULL text */
		const char *hint;                 /* doc_refused: what to do instead; or NULL */
	};
};

struct doc_shape {
	const char *name; /* "scrape config" */
	size_t size_bytes;
	const struct doc_key *keys;
	void (*init)(struct doc_reader *r, void *to); /* NULL: zeroes are the defaults */
	void (*check)(struct doc_reader *r, const struct doc_node *node, void *to); /* NULL: none */
};

/* What doc_list and doc_texts fill. */
struct doc_list {
	void *v;
	uint32_t n;
};
/* Into two members that look like it.  What follows them may lie in a doc_list's padding, which no
 * byte is written to. */
static inline void doc_list_put(void *to, void *v, uint32_t n)
{
	memcpy(to, &v, sizeof v);
	memcpy((char *)to + offsetof(struct doc_list, n), &n, sizeof n);
}
struct doc_texts {
	const char **v;
	uint32_t n;
};

/* Read a mapping (or nothing, which is an empty one) into `to`, a struct of the shape's size. */
void doc_read(struct doc_reader *r, const struct doc_shape *shape, const struct doc_node *node,
	void *to);

/* Complaints at `node`. */
void doc_error(struct doc_reader *r, const struct doc_node *node, const char *fmt, ...)
	PRINTF(3, 4);
void doc_warning(struct doc_reader *r, const struct doc_node *node, const char *fmt, ...)
	PRINTF(3, 4);
/* "key: expected WHAT, not 'this'". */
void doc_expected(struct doc_reader *r, const struct doc_key *key, const struct doc_node *node,
	const char *what);
/* The node of this key, or the mapping itself, for complaints about what is there or isn't. */
const struct doc_node *doc_at(const struct doc_node *mapping, const char *key);

/* Memory of the reader's arena, zeroed; NULL when it is full, which has then been said. */
void *doc_alloc(struct doc_reader *r, size_t n);
/* A copy of a scalar's text.  NULL after a complaint: it isn't one, or holds NUL bytes. */
const char *doc_copy(struct doc_reader *r, const struct doc_key *key, const struct doc_node *node);

/* What a value may be, and what it is stored in. */
doc_take doc_text;        /* const char * */
doc_take doc_path;        /* const char *, with the folder before a relative one */
doc_take doc_flag;        /* bool */
doc_take doc_flag_set;    /* int8_t: 0 or 1; the default may be -1 for "not said" */
doc_take doc_duration;    /* int64_t, ms: Prometheus' durations */
doc_take doc_count;       /* uint64_t */
doc_take doc_size;        /* uint64_t, bytes: 512KB, 10MB (of 1024), as alecthomas/units has them */
doc_take doc_number;      /* double */
doc_take doc_choose;      /* int */
doc_take doc_text_list;   /* struct doc_texts */
doc_take doc_labels;      /* struct labels: a mapping of label names and values */
doc_take doc_inline;      /* struct secret, inline, of what isn't secret */
doc_take doc_secret;      /* struct secret, inline, with a warning that it stands there */
doc_take doc_secret_file; /* struct secret */
doc_take doc_mapping;     /* the shape's struct, embedded */
doc_take doc_pointer;     /* a pointer to the shape's struct; NULL when absent */
doc_take doc_list;        /* struct doc_list of the shape's structs */
doc_take doc_raw;         /* const struct doc_node *, for another reader */
doc_take doc_ignored;     /* nothing: has no meaning here, and that is harmless */
doc_take doc_refused;     /* nothing, after a complaint */
doc_take doc_refused_flag; /* nothing, after a complaint if it is on */

#endif
