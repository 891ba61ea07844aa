/* SPDX-License-Identifier: Apache-2.0 */
/*
 * auth: who may use the API: one password for people, one token for scripts, and sessions.
 *
 * Secrets live in memory only; a restart ends all sessions.  Of a session's id only the SHA-256 is
 * kept, and every secret is compared in constant time.  Checking a password is slow on purpose
 * (port/password) and happens elsewhere: here is when it may be tried.
 *
 *	tries of an address:  1 2 3 at once │ then 1 s, 2, 4, ... 60 s apart │ forgotten after 15 min
 *
 * The wait ends at a minute, because all who come through one reverse proxy share an address, and
 * nobody shall be able to lock the others out for good.  An IPv6 address counts with its /64.  When
 * LOGIN_ADDRESSES_MAX networks have failed lately, all further ones count as one, so that a
 * thousand addresses guess hardly faster than these; who is logged in, or has the token, notices
 * nothing.
 *
 * Pure: time and random bytes are handed in.
 */
#ifndef API_AUTH_H
#define API_AUTH_H

#include "base/hash.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/time.h"

#define AUTH_ID_BYTES        32
#define AUTH_ID_MAX          (2 * AUTH_ID_BYTES + 1) /* in hex, terminated */
#define AUTH_SESSION_MS      (30 * DAY_MS)           /* from the login */
#define AUTH_SESSION_IDLE_MS (7 * DAY_MS)            /* without a request */
#define AUTH_FREE_TRIES      3
#define AUTH_WAIT_MIN_MS     SECOND_MS
#define AUTH_WAIT_MAX_MS     MINUTE_MS
#define AUTH_FORGET_MS       (15 * MINUTE_MS)
#define AUTH_BASIC_BYTES_MAX 1024 /* of a name and a password, decoded */
#define AUTH_TOKEN_BYTES_MIN 16 /* shorter ones can be guessed */

struct auth;

/* Fills `bytes` from the operating system's source; never returns without. */
typedef void auth_random(void *ctx, void *bytes, size_t n);

struct auth *auth_new(auth_random *random, void *ctx);
void auth_free(struct auth *a); /* wipes the secrets */
SCOPED_BY(auth_free, struct auth *)

/* NULL: none; both NULL: no login is needed.  Sessions end when the password changes.  RC_INPUT,
 * and nothing changed, when the token is too short. */
enum rc auth_set(struct auth *a, const char *password_hash, const char *token,
	struct err *e) MUST_USE;
bool auth_is_needed(const struct auth *a);
const char *auth_password_hash(const struct auth *a); /* NULL: only the token opens */

/* An Authorization header, or NULL: "Bearer TOKEN", or "Basic ...", with any name and the token as
 * password, and the token is ours. */
bool auth_bearer(const struct auth *a, const char *header);

/* May `address` try a password now?  True counts it as failed until auth_succeeded(); false says
 * how long to wait. */
bool auth_may_try(struct auth *a, struct mono now, const char *address, int64_t *ret_wait_ms);
void auth_succeeded(struct auth *a, struct mono now, const char *address);

struct session {
	struct sha256 id; /* of the cookie's value */
	char csrf[AUTH_ID_MAX];
	struct mono opened, used;
	uint64_t number; /* never reused; 0: free */
};

/* A new session and its cookie's value.  When all are taken the least recently used one ends. */
const struct session *auth_open(struct auth *a, struct mono now, char ret_id[AUTH_ID_MAX]);
/* The session of a cookie's value, now used; NULL when unknown or expired. */
const struct session *auth_session(struct auth *a, struct mono now, const char *id);
void auth_close(struct auth *a, const struct session *s);
/* For what outlives a request: the session of this number, and whether it is still open. */
const struct session *auth_numbered(const struct auth *a, uint64_t number); /* NULL: none */
bool auth_is_open(const struct auth *a, struct mono now, uint64_t number);

#endif
