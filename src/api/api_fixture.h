/* SPDX-License-Identifier: Apache-2.0 */
/*
 * api_fixture: a real site over a journal in memory, behind a real API on loopback, for tests.
 *
 * Two sites, of which this is dublin; nobody dials, probes or delivers: tests feed the inputs.
 * Time runs as it does, plus what a test adds.
 */
#ifndef API_API_FIXTURE_H
#define API_API_FIXTURE_H

#include "api/api.h"
#include "base/json.h"
#include "core/journal/memory_store.h"
#include "port/files/zones.h"
#include "port/http_server/pump.h"

#define LAB_                    "/api/lab/v1"
#define FIXTURE_PASSWORD        "correct horse"
#define FIXTURE_TOKEN           "0123456789abcdef0123456789abcdef"
#define FIXTURE_HEARTBEAT_TOKEN "heartbeat secret"

struct fixture {
	uv_loop_t loop;
	struct zones *zones;
	struct lab *lab;
	struct memory_store *store;
	struct site *site;
	struct api *api;
	int64_t ahead_ms; /* what tests added to the time */
	uint64_t randoms; /* drawn so far */
	bool delivers;    /* every delivery succeeds at once; else none has an outcome */
	bool is_stopped;
	void (*probe_metrics)(void *ctx, struct str *out);
	char cookie[128]; /* "diarchy=...", from fixture_log_in() */
	char csrf[128];
};

enum fixture_login { FIXTURE_OPEN, FIXTURE_LOGIN };
void fixture_init(struct fixture *f, enum fixture_login login);
/* Without the API: for what a test starts itself. */
void fixture_init_site(struct fixture *f);
struct api_setup fixture_setup(struct fixture *f);
void fixture_fini(struct fixture *f);
SCOPED_FINI(fixture_fini, struct fixture)

struct now fixture_now(void *f);
uint16_t fixture_check(const struct fixture *f, const char *name);
/* An observation of ours; `reason` NULL: it is well. */
void fixture_observe(struct fixture *f, const char *check, const char *reason);
/* So often, and so far apart, that the word changes and an incident opens. */
void fixture_break(struct fixture *f, const char *check, const char *reason);
/* Carry out what the site wants, as a driver would. */
void fixture_drain(void *f);
void fixture_reload(struct fixture *f, const char *yaml);

/* One request on a connection of its own.  `headers`: lines that end in \r\n, or "". */
void fixture_ask(struct fixture *f, const char *method, const char *target, const char *headers,
	const char *body, struct pump_answer *ret);
/* The same in the name of a logged-in browser, which must succeed; which must fail so. */
void fixture_ask_ok(struct fixture *f, const char *method, const char *target, const char *body,
	struct pump_answer *ret);
void fixture_expect(struct fixture *f, const char *method, const char *target, const char *body,
	int status, const char *code);
/* Cookie and CSRF header, for the next requests. */
void fixture_log_in(struct fixture *f);
/* The header lines of a logged-in browser, in a static buffer. */
const char *fixture_browser(const struct fixture *f);

/* GET that has to succeed, read.  Released with json_decref. */
json_t *fixture_get(struct fixture *f, const char *target);
/* "checks.0.name" of a document; NULL when it isn't there. */
const json_t *json_at(const json_t *root, const char *path);
const char *text_at(const json_t *root, const char *path); /* "" when it isn't there */
int64_t number_at(const json_t *root, const char *path);   /* -1 */
/* Every member of an object, in order: "name kind ..." */
void assert_members(const json_t *object, const char *wanted);
/* The member of an array whose `key` is `value`; NULL. */
const json_t *json_where(const json_t *array, const char *key, const char *value);

extern const char fixture_yaml[];

#endif
