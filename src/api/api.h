/* SPDX-License-Identifier: Apache-2.0 */
/*
 * api: the HTTP side of a site, as doc/api.md has it.
 *
 * Reads the machine that it is given (node/site.h) and hands it operators' words and heartbeats;
 * decides nothing about the lab.  The driver owns the machine: after each such input the API calls
 * after_input(), in which the driver drains the effects, and out of SITE_SAY_* effects the driver
 * calls api_changed() and api_event(), from where browsers learn of them.
 *
 * All calls from the loop's thread.
 */
#ifndef API_API_H
#define API_API_H

#include "api/gate.h"
#include "base/embedded.h"
#include "core/peer/asking.h"
#include "node/site.h"
#include "port/host_metrics/host_page.h"

struct api;
struct store;   /* core/metrics/store.h */
struct scraper; /* core/scrape/scraper.h */
struct rules;   /* core/rules/rules.h */

struct api_login {                 /* already read: the values themselves; wiped by the caller */
	const char *password_hash; /* port/password; NULL: none */
	const char *token;         /* NULL: none */
};

struct outside;

/* What another site is asked about its samples, and what it answers. */
struct api_question {
	enum asking_what what;
	const char *label, *form; /* core/peer/asking.h */
	int64_t timeout_ms;
};
struct api_site_answer {
	uint16_t status; /* 0: there is none, for this */
	const char *why;
	struct str body; /* JSON; taken over by who is told */
};
typedef void api_site_answered(void *ctx, struct api_site_answer *a);

/* What this site has copied of another's key series; the store lives as long as the API. */
struct api_copy {
	struct store *store;
	int64_t newest_ms; /* of its samples; INT64_MIN: there are none */
	int64_t every_ms;  /* how far apart they are */
};

struct api_setup {
	uv_loop_t *loop;
	struct site *site;                /* the machine; stays through reloads */
	const char *listen;               /* host:port; copied */
	const char *cert_file, *key_file; /* its own TLS; NULL: plain HTTP */
	struct api_login login;
	const struct embedded *files; /* the pages (web_files) */
	const char *lab_path;  /* lab.yaml, of whose folder the dashboards are; outlives us */
	struct store *metrics; /* of this site; NULL: it keeps none */
	const struct scraper *scraper; /* what fills it; NULL: nothing does */
	struct host_page *host_page;   /* of this machine; NULL: it isn't measured */
	struct outside *outside; /* port/outside: asked instead of `metrics`, if it is used; NULL */
	struct wall started;     /* of this run */
	void *ctx;               /* of all callbacks */
	/* What is evaluated, until the loop goes on; NULL, or NULL from it: nothing. */
	const struct rules *(*rules)(void *ctx);
	/* The store may have work that shall not wait; NULL: nobody wants to know. */
	void (*store_has_work)(void *ctx);
	/* Ask another site; `done` is called once, later, unless an error is returned: RC_OFFLINE,
	 * RC_LIMIT.  NULL: no site can be asked. */
	enum rc (*ask_site)(void *ctx, uint8_t site, const struct api_question *q,
		api_site_answered *done, void *done_ctx, struct err *e);
	/* False: there is no copy of that site's.  NULL: of no site's. */
	bool (*copy_of)(void *ctx, uint8_t site, struct api_copy *ret);
	/* What others are to tell our series by; NULL: nothing. */
	struct labels (*external_labels)(void *ctx);
	/* A line for each query goes there; NULL, or NULL from it: nowhere. */
	const char *(*query_log_file)(void *ctx);
	struct now (*now)(void *ctx);
	/* The site was given an input: carry out its effects. */
	void (*after_input)(void *ctx);
	auth_random *random;
	/* The value of a secret of lab.yaml, for the tokens of heartbeats.  RC_NOT_FOUND, RC_IO. */
	enum rc (*secret)(void *ctx, const struct secret *which, struct str *ret, struct err *e);
	/* Append the metrics of the newest results of our probes; NULL: none. */
	void (*probe_metrics)(void *ctx, struct str *out);
};

/* Listens on return, or doesn't at all: RC_REFUSED when others could come in without a login
 * (api_check_exposure), RC_INPUT for an address, a certificate, a hash or a token that can't be. */
enum rc api_start(struct api **ret, const struct api_setup *setup, struct err *e) MUST_USE;
/* The store of `metrics` has done some of its work. */
void api_store_worked(const struct api *a);
/* Ends what is under way; `stopped` (or NULL) is called from the loop when all is freed. */
void api_stop(struct api *a, void (*stopped)(void *ctx), void *ctx);

const char *api_address(const struct api *a); /* "127.0.0.1:7080": the real port */

enum api_kind { API_CHECK, API_INCIDENT, API_LINK };
/* What `/metrics` says, for who needs no connection. */
enum rc api_write_metrics(const struct api *a, struct str *out, struct err *e) MUST_USE;

/* SITE_SAY_CHECK: `index` of the check; SITE_SAY_LINK: of the peer; SITE_SAY_INCIDENT: `id`. */
void api_changed(struct api *a, enum api_kind kind, uint16_t index, const char *id);
/* SITE_SAY_EVENT; the event may be gone when this returns. */
void api_event(struct api *a, const struct event *ev);
/* The certificate's files may have changed: RC_INPUT when what they hold now can't be shown, and
 * the one in use stays. */
enum rc api_refresh_certificate(struct api *a, bool *ret_is_new, struct err *e) MUST_USE;
/* Secrets behind the login may be others now; who is logged in with the same password stays so. */
enum rc api_take_login(struct api *a, const struct api_login *login, struct err *e) MUST_USE;
/* The lab was reloaded, and maybe the login: indices mean something else now.  What can't be taken
 * up stays as it was. */
enum rc api_reloaded(struct api *a, const struct api_login *login, struct err *e) MUST_USE;

/* Another site asks for our samples; `done` is called once, maybe before this returns.  What it asks
 * is answered from here, never passed on.  Not when the API is stopping. */
void api_answer_site(struct api *a, const struct api_question *q, api_site_answered *done,
	void *ctx);

/* What only the driver can count, for `/metrics`: deliveries through our own egress that were
 * taken, and that were not. */
enum api_counter { API_DELIVERIES, API_DELIVERIES_FAILED, API_COUNTERS };
void api_count(struct api *a, enum api_counter which);

#endif
