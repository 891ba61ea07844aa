/* SPDX-License-Identifier: Apache-2.0 */
/*
 * build: from what was written (decl.h) to the lab that the program runs (lab.h).
 *
 *	read ──► sites, watchers, hosts, notify ──► probes, heartbeats ──► derived checks ──► needs
 *
 * Each step complains about what it finds and goes on with what it has, so that one look at the
 * findings shows everything.
 */
#ifndef CORE_LAB_BUILD_H
#define CORE_LAB_BUILD_H

#include "base/map.h"
#include "core/lab/decl.h"
#include "core/lab/reader.h"

struct needs { /* of one check, while they are collected */
	uint16_t *items;
	uint16_t n, cap;
};

struct build {
	struct reader *r;
	struct lab *lab;
	const struct lab_decl *decl;
	const struct doc_node *root;     /* of lab.yaml */
	struct map sites, hosts;         /* name -> index + 1 */
	struct map addresses;            /* "SITE/ADDRESS" and "ADDRESS" -> host's index + 1 */
	const struct check_decl **about; /* by check; NULL: derived */
	struct needs *needs;             /* by check */
	uint16_t cap_checks;
	struct doc *documents; /* of the modules' files; struct module_decl points into them */
	uint32_t n_documents;
	struct sha256_state files; /* hashes of all files that lab.yaml names, as they are read */
	bool has_files;
	struct map modules; /* name -> struct module_decl */
	struct map used;    /* names of modules that a probe uses */
};

void build_init(struct build *b, struct reader *r, struct lab *lab);
void build_fini(struct build *b);
SCOPED_FINI(build_fini, struct build)

/* Each returns nothing: what is wrong is in the findings. */
void build_sites(struct build *b);   /* sites, watchers, hosts; sites.c */
void build_notify(struct build *b);  /* channels, quiet hours, windows; notify.c */
void build_modules(struct build *b); /* the modules' files; blackbox.c */
void build_checks(struct build *b);  /* probes and heartbeats; checks.c */
void build_derived(struct build *b); /* derive.c */
void build_needs(struct build *b);   /* needs.c */
void build_metrics(struct build *b); /* metrics.c */

/* What one probe does.  False after a complaint. */
bool build_native(struct build *b, const struct probe_decl *decl, struct probe_spec *ret);
bool build_module(struct build *b, const struct probe_decl *decl, struct probe_spec *ret);
/* Complain about what can't be done by modules that are used, warn about the others. */
void build_refusals(struct build *b);

/* A new check called `name`; NULL after a complaint at `at` (the name is taken, or too many). */
struct lab_check *build_check(struct build *b, const char *name, struct place at);

/* A probe's own words over a spec: what it is asked from, and how long it may take. */
void build_probe_common(const struct probe_decl *decl, int64_t timeout_ms, struct probe_spec *spec);

/* References.  `what` is said in the complaint: "site".  NO_SITE etc. after it. */
uint8_t build_site_ref(struct build *b, const struct doc_node *node, const char *key);
uint16_t build_index(const struct map *m, const char *name); /* UINT16_MAX when absent */
void build_put_index(struct map *m, const char *name, uint16_t index);

/* A file that lab.yaml names was read: it is part of the lab's identity. */
void build_add_file(struct build *b, const struct sha256 *hash);

/* "SITE/ADDRESS", the key of `addresses`. */
#define ADDRESS_KEY_MAX 300
const char *build_address_key(uint8_t site, const char *address, char buf[ADDRESS_KEY_MAX]);

#endif
