/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a stranger sends to the peer link's port, or answers on it, before and instead of TLS: the
 * first byte says who is who, and in which steps it arrives.  Nothing of it is ever taken for a
 * peer's, and what ends the session says why.
 */
#include "port/tls/tls.h"

#include "base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum rc admit(void *ctx, const struct public_key *shown, struct err *why)
{
	(void)ctx;
	(void)shown;
	return err_set(why, RC_REFUSED, "nobody is admitted");
}

static const struct tls_identity *identity(void)
{
	static const struct private_key key = { { 7 } };
	static struct tls_identity *own;

	if (!own)
		must(tls_identity_new(&own, "dublin", &key, NULL) == RC_OK);
	return own;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct tls_gate gate = { NULL, admit };
	scoped(tls_session_free) struct tls_session *s = NULL;
	scoped(str_fini) struct str plain = STR_EMPTY;
	size_t step = size ? data[0] % 127 + 1 : 1;
	enum rc rc = RC_OK;
	struct err e = { 0 };

	must(tls_session_new(&s, identity(), size && data[0] & 0x80 ? TLS_DIAL : TLS_ACCEPT, &gate,
		     NULL) == RC_OK);
	for (size_t at = 1; at < size && rc == RC_OK; at += step) {
		scoped(str_fini) struct str answer = STR_EMPTY;

		rc = tls_session_feed(s, data + at, size - at < step ? size - at : step, &plain,
			&e);
		answer = tls_session_take(s);
		must(answer.len <= 65536);
	}
	must(!tls_session_is_open(s) && plain.len == 0);
	must((rc == RC_OK) == (e.text[0] == '\0'));
	return 0;
}
