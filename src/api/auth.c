/* SPDX-License-Identifier: Apache-2.0 */
#include "api/auth.h"

#include "base/endpoint.h"
#include "base/str.h"

#include <strings.h>

struct tries { /* of one network; free when address is "" */
	char address[NETWORK_TEXT_MAX];
	uint32_t failed; /* in a row */
	struct mono last;
};

struct auth {
	auth_random *random;
	void *random_ctx;
	char *password_hash, *token;
	struct session sessions[SESSIONS_MAX];
	uint64_t last_number;
	struct tries tries[LOGIN_ADDRESSES_MAX];
	struct tries others; /* of all for whom there is no row */
};

struct auth *auth_new(auth_random *random, void *ctx)
{
	struct auth *a = must_alloc(sizeof *a);

	a->random = random;
	a->random_ctx = ctx;
	return a;
}

static void forget_secret(char **secret)
{
	if (*secret)
		explicit_bzero(*secret, strlen(*secret));
	free(TAKE(*secret));
}

void auth_free(struct auth *a)
{
	if (!a)
		return;
	forget_secret(&a->password_hash);
	forget_secret(&a->token);
	explicit_bzero(a->sessions, sizeof a->sessions);
	free(a);
}

/* ---- secrets */

static bool is_same(const char *a, const char *b)
{
	return a && b ? str_eq(a, b) : a == b;
}

enum rc auth_set(struct auth *a, const char *password_hash, const char *token, struct err *e)
{
	if (token && strlen(token) < AUTH_TOKEN_BYTES_MIN)
		return err_set(e, RC_INPUT,
			"the token of the login has %zu bytes; give it at least %d random ones",
			strlen(token), AUTH_TOKEN_BYTES_MIN);
	if (!is_same(a->password_hash, password_hash))
		explicit_bzero(a->sessions, sizeof a->sessions);
	forget_secret(&a->password_hash);
	forget_secret(&a->token);
	a->password_hash = password_hash ? must_strdup(password_hash) : NULL;
	a->token = token ? must_strdup(token) : NULL;
	return RC_OK;
}

bool auth_is_needed(const struct auth *a)
{
	return a->password_hash || a->token;
}

const char *auth_password_hash(const struct auth *a)
{
	return a->password_hash;
}

/* Hashes are compared, so that not even the token's length can be timed. */
static bool is_token(const struct auth *a, const char *text)
{
	struct sha256 given = sha256_of(text, strlen(text));
	struct sha256 wanted = sha256_of(a->token, strlen(a->token));

	return secret_equal(given.bytes, wanted.bytes, sizeof given.bytes);
}

/* What stands behind a scheme's name; NULL: it is another scheme. */
static const char *credentials(const char *header, const char *scheme)
{
	size_t n = strlen(scheme);

	if (strncasecmp(header, scheme, n) != 0 || header[n] != ' ')
		return NULL;
	return header + n + strspn(header + n, " ");
}

/* RFC 7617: whoever says who it is has the token as its password. */
static bool is_basic_token(const struct auth *a, const char *encoded)
{
	char pair[AUTH_BASIC_BYTES_MAX + 1];
	long n = base64_decode(encoded, pair, sizeof pair - 1);
	const char *colon;

	if (n < 0)
		return false;
	pair[n] = '\0';
	colon = strchr(pair, ':');
	return colon && is_token(a, colon + 1);
}

bool auth_bearer(const struct auth *a, const char *header)
{
	const char *given;

	if (!a->token || !header)
		return false;
	given = credentials(header, "Bearer");
	if (given)
		return is_token(a, given);
	given = credentials(header, "Basic");
	return given && is_basic_token(a, given);
}

/* ---- tries */

static bool is_forgotten(const struct tries *t, struct mono now)
{
	return !t->address[0] || now.ms - t->last.ms > AUTH_FORGET_MS;
}

/* The row of this network; else one that is free.  Where none is, somebody tries from many
 * addresses: nobody's row is given up for that, and all who have none share the last. */
static struct tries *tries_of(struct auth *a, struct mono now, const char *address)
{
	struct tries *found = &a->others;
	char network[NETWORK_TEXT_MAX];

	address_network(address, network);
	for (size_t i = 0; i < COUNT(a->tries); i++) {
		struct tries *t = &a->tries[i];

		if (str_eq(t->address, network))
			return t;
		if (found == &a->others && is_forgotten(t, now))
			found = t;
	}
	if (found == &a->others)
		return found;
	*found = (struct tries){ .last = now };
	str_copy(found->address, sizeof found->address, network);
	return found;
}

static int64_t wait_after(uint32_t failed)
{
	uint32_t doublings = failed - AUTH_FREE_TRIES;

	if (failed < AUTH_FREE_TRIES)
		return 0;
	if (doublings >= 16 || AUTH_WAIT_MIN_MS << doublings > AUTH_WAIT_MAX_MS)
		return AUTH_WAIT_MAX_MS;
	return AUTH_WAIT_MIN_MS << doublings;
}

bool auth_may_try(struct auth *a, struct mono now, const char *address, int64_t *ret_wait_ms)
{
	struct tries *t = tries_of(a, now, address);
	int64_t wait_ms;

	if (now.ms - t->last.ms > AUTH_FORGET_MS)
		t->failed = 0;
	wait_ms = t->last.ms + wait_after(t->failed) - now.ms;
	if (t->failed && wait_ms > 0) {
		*ret_wait_ms = wait_ms;
		return false;
	}
	t->failed++;
	t->last = now;
	return true;
}

void auth_succeeded(struct auth *a, struct mono now, const char *address)
{
	*tries_of(a, now, address) = (struct tries){ 0 };
}

/* ---- sessions */

static bool is_alive(const struct session *s, struct mono now)
{
	return s->number && now.ms - s->opened.ms < AUTH_SESSION_MS &&
	       now.ms - s->used.ms < AUTH_SESSION_IDLE_MS;
}

static void draw_hex(struct auth *a, char ret[AUTH_ID_MAX])
{
	uint8_t bytes[AUTH_ID_BYTES];

	a->random(a->random_ctx, bytes, sizeof bytes);
	hex_encode(bytes, sizeof bytes, ret);
	explicit_bzero(bytes, sizeof bytes);
}

const struct session *auth_open(struct auth *a, struct mono now, char ret_id[AUTH_ID_MAX])
{
	struct session *s = &a->sessions[0];

	for (size_t i = 1; i < COUNT(a->sessions) && is_alive(s, now); i++) {
		if (!is_alive(&a->sessions[i], now) || a->sessions[i].used.ms < s->used.ms)
			s = &a->sessions[i];
	}
	draw_hex(a, ret_id);
	*s = (struct session){ .id = sha256_of(ret_id, strlen(ret_id)),
		.opened = now,
		.used = now,
		.number = ++a->last_number };
	draw_hex(a, s->csrf);
	return s;
}

/* Looks at all of them, so that time tells nothing about which. */
const struct session *auth_session(struct auth *a, struct mono now, const char *id)
{
	struct sha256 hash = sha256_of(id, strlen(id));
	struct session *found = NULL;

	for (size_t i = 0; i < COUNT(a->sessions); i++) {
		struct session *s = &a->sessions[i];

		if (secret_equal(s->id.bytes, hash.bytes, sizeof hash.bytes) && is_alive(s, now))
			found = s;
	}
	if (found)
		found->used = now;
	return found;
}

void auth_close(struct auth *a, const struct session *s)
{
	explicit_bzero(&a->sessions[s - a->sessions], sizeof *s);
}

const struct session *auth_numbered(const struct auth *a, uint64_t number)
{
	for (size_t i = 0; i < COUNT(a->sessions); i++) {
		if (number && a->sessions[i].number == number)
			return &a->sessions[i];
	}
	return NULL;
}

bool auth_is_open(const struct auth *a, struct mono now, uint64_t number)
{
	const struct session *s = auth_numbered(a, number);

	return s && is_alive(s, now);
}
