/* SPDX-License-Identifier: Apache-2.0 */
/* Keys, hashes and signatures as text: what is taken for one is one text only, and comes out
 * again. */
#include "base/hash.h"

#include "base/err.h"
#include "base/mem.h"

#include <string.h>
#include <strings.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check_key(const char *text)
{
	struct public_key key;
	struct err e = { 0 };
	char again[KEY_TEXT_MAX];

	if (key_parse(text, &key, &e) == RC_OK)
		must(strcmp(key_text(&key, again), text) == 0);
	else
		must(e.text[0] != '\0');
}

static void check_hash(const char *text)
{
	struct sha256 hash;
	char again[2 * sizeof hash.bytes + 1];

	if (!sha256_parse(text, &hash))
		return;
	hex_encode(hash.bytes, sizeof hash.bytes, again);
	must(strcasecmp(again, text) == 0);
}

static void check_base64(const char *text)
{
	uint8_t bytes[64];
	char again[128];
	long n = base64_decode(text, bytes, sizeof bytes);

	must(n <= (long)sizeof bytes);
	if (n < 0)
		return;
	base64_encode(bytes, (size_t)n, again);
	must(strcmp(again, text) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char text[160] = { 0 };

	if (n >= sizeof text)
		return 0;
	memcpy(text, data, n);
	check_key(text);
	check_hash(text);
	check_base64(text);
	return 0;
}
