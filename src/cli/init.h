/* SPDX-License-Identifier: Apache-2.0 */
/*
 * init: `diarchy init`: a first lab.yaml that the check accepts, from arguments or from questions.
 *
 *	arguments ──► plan ──► keys ──► text ──► checked ──► written, once
 *	questions ──►
 *
 * Private keys that don't exist yet are made beside the file, as NAME.key; one that exists is used.
 */
#ifndef CLI_INIT_H
#define CLI_INIT_H

#include "base/arena.h"
#include "base/limits.h"
#include "core/lab/probe_spec.h"
#include "port/files/zones.h"

#include <stdio.h>

struct init_machine {
	const char *name;
	const char *address;  /* sites: host:port; watchers: URL */
	const char *zone;     /* sites */
	const char *key;      /* "ed25519:..."; NULL: to be found or made */
	const char *key_file; /* where the private one lies; NULL: elsewhere */
	bool is_new_key;
};

struct init_plan { /* all zero: nothing is known yet */
	struct arena arena;
	struct zones *zones; /* the caller's */
	const char *lab;     /* NULL: "home" */
	struct init_machine sites[SITES_MAX];
	uint32_t n_sites;
	struct init_machine watcher;   /* name NULL: none */
	const char *probe, *probe_url; /* NULL: none */
	struct secret discord;         /* SECRET_NONE: none */
};
void init_fini(struct init_plan *p);
SCOPED_FINI(init_fini, struct init_plan)

/* Take one answer, as arguments give it.  RC_USAGE with what was expected. */
enum rc init_lab(struct init_plan *p, const char *name, struct err *e) MUST_USE;
enum rc init_site(struct init_plan *p, const char *text, struct err *e) MUST_USE;
/* "dublin=dublin.example.net[:7443],Europe/Dublin[,ed25519:...]" */
enum rc init_watcher(struct init_plan *p, const char *text, struct err *e) MUST_USE;
/* "webhost=https://watch.example.net[,ed25519:...]" */
enum rc init_probe(struct init_plan *p, const char *text, struct err *e) MUST_USE;
/* "immich=https://photos.example.net/..." */
enum rc init_discord(struct init_plan *p, const char *text, struct err *e) MUST_USE;
/* "credential:NAME", "file:PATH", "env:NAME" */

/* The parts of a site, each by itself, so that a wrong answer is refused where it is given. */
enum rc init_check_name(struct init_plan *p, const char *name, struct err *e) MUST_USE;
enum rc init_check_address(struct init_plan *p, const char *address, struct err *e) MUST_USE;
enum rc init_check_zone(struct init_plan *p, const char *zone, struct err *e) MUST_USE;

/* Ask for whatever is not known yet; a wrong answer is asked for again.  RC_USAGE when the answers
 * end too soon. */
enum rc init_ask(struct init_plan *p, FILE *in, FILE *out, struct err *e) MUST_USE;

/* Find or make the keys that are missing, in `folder` ("" or ending in '/'). */
enum rc init_keys(struct init_plan *p, const char *folder, struct err *e) MUST_USE;

/* The file.  Every key must be known. */
void init_render(const struct init_plan *p, struct str *out);

#endif
