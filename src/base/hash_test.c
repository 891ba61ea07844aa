/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hash.h"

#include "base/mem.h"
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void sha256_is_that_of_fips_180_4(void **state)
{
	static const struct {
		const char *text, *hex;
	} rows[] = {
		{ "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
		{ "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
		{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
			"248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
	};
	char hex[SHA256_HEX];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct sha256 h = sha256_of(rows[i].text, strlen(rows[i].text));

		assert_string_equal(sha256_hex(&h, hex), rows[i].hex);
	}
}

static void pieces_hash_like_the_whole(void **state)
{
	char text[300];
	struct sha256 whole, joined;

	(void)state;
	for (size_t i = 0; i < sizeof text; i++)
		text[i] = (char)i;
	whole = sha256_of(text, sizeof text);
	for (size_t cut = 0; cut <= sizeof text; cut += 25) {
		struct sha256_state s;

		sha256_begin(&s);
		sha256_add(&s, text, cut);
		sha256_add(&s, NULL, 0);
		sha256_add(&s, text + cut, sizeof text - cut);
		joined = sha256_end(&s);
		assert_memory_equal(joined.bytes, whole.bytes, SHA256_BYTES);
	}
}

static void a_hash_survives_its_text_and_nothing_else_is_one(void **state)
{
	struct sha256 h = sha256_of("x", 1), back;
	char hex[SHA256_HEX + 1] = { 0 };

	(void)state;
	sha256_hex(&h, hex);
	assert_true(sha256_parse(hex, &back));
	assert_memory_equal(h.bytes, back.bytes, SHA256_BYTES);
	strcat(hex, "0");
	assert_false(sha256_parse(hex, &back));
	hex[SHA256_HEX - 2] = '\0';
	assert_false(sha256_parse(hex, &back));
	sha256_hex(&h, hex);
	hex[10] = 'g';
	assert_false(sha256_parse(hex, &back));
}

/* RFC 8032, section 7.1 */
static const struct {
	const char *private, *public, *message, *signature;
} signatures[] = {
	{ "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
		"d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
		"e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc6"
		"1e39701cf9b46bd25bf5f0595bbe24655141438e7a100b" },
	{ "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
		"3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
		"92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e45"
		"8f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00" },
	{ "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
		"fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
		"6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae"
		"67f760984dc6594a7c15e9716ed28dc027beceea1ec40a" },
};

static void signatures_are_those_of_rfc_8032(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(signatures); i++) {
		struct private_key private;
		struct public_key public, made;
		uint8_t message[2], want[SIGNATURE_BYTES], got[SIGNATURE_BYTES];
		size_t n = strlen(signatures[i].message) / 2;

		assert_true(hex_decode(signatures[i].private, private.bytes, KEY_BYTES));
		assert_true(hex_decode(signatures[i].public, public.bytes, KEY_BYTES));
		assert_true(hex_decode(signatures[i].message, message, n));
		assert_true(hex_decode(signatures[i].signature, want, SIGNATURE_BYTES));
		made = key_public(&private);
		assert_memory_equal(made.bytes, public.bytes, KEY_BYTES);
		key_sign(&private, message, n, got);
		assert_memory_equal(got, want, SIGNATURE_BYTES);
		assert_true(key_verify(&public, message, n, want));
	}
}

static void a_changed_message_signature_or_key_does_not_verify(void **state)
{
	struct private_key private = { { 1, 2, 3 } };
	struct public_key public = key_public(&private), other;
	uint8_t message[] = "silence is failure", signature[SIGNATURE_BYTES];

	(void)state;
	key_sign(&private, message, sizeof message, signature);
	assert_true(key_verify(&public, message, sizeof message, signature));
	assert_false(key_verify(&public, message, sizeof message - 1, signature));
	message[3] ^= 1;
	assert_false(key_verify(&public, message, sizeof message, signature));
	message[3] ^= 1;
	for (size_t i = 0; i < SIGNATURE_BYTES; i++) {
		signature[i] ^= 0x10;
		assert_false(key_verify(&public, message, sizeof message, signature));
		signature[i] ^= 0x10;
	}
	private.bytes[0]++;
	other = key_public(&private);
	assert_false(key_verify(&other, message, sizeof message, signature));
}

static void a_key_survives_its_text(void **state)
{
	struct private_key private = { { 42 } };
	struct public_key public = key_public(&private), back;
	char text[KEY_TEXT_MAX];

	(void)state;
	assert_int_equal(strlen(key_text(&public, text)), 8 + 44);
	assert_true(str_starts(text, "ed25519:"));
	assert_int_equal(key_parse(text, &back, NULL), RC_OK);
	assert_memory_equal(public.bytes, back.bytes, KEY_BYTES);
}

static void what_is_no_key_is_refused_with_what_was_expected(void **state)
{
	static const char *const texts[] = {
		"",
		"ed25519:",
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
		"rsa:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
		"ed25519:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",  /* no padding */
		"ed25519:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==", /* 31 bytes */
		"ed25519:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", /* 33 bytes */
		"ed25519:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB=", /* bits left over */
		"ed25519:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= ",
		"ed25519: AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct public_key k;
		struct err e = { 0 };

		assert_int_equal(key_parse(texts[i], &k, &e), RC_INPUT);
		assert_non_null(
			strstr(e.text, "expected \"ed25519:\" and 44 characters of base64"));
	}
}

static void a_key_that_anybody_can_sign_for_is_refused(void **state)
{
	/* Points of order 1, 2, 4 and 8, with either sign, and spellings beyond the field's
	 * size. */
	static const char *const points[] = {
		"0000000000000000000000000000000000000000000000000000000000000000",
		"0000000000000000000000000000000000000000000000000000000000000080",
		"0100000000000000000000000000000000000000000000000000000000000000",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
		"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
		"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
	};

	(void)state;
	for (size_t i = 0; i < sizeof points / sizeof points[0]; i++) {
		struct public_key k, back;
		struct err e = { 0 };
		char text[KEY_TEXT_MAX];

		for (size_t j = 0; j < sizeof k.bytes; j++)
			sscanf(points[i] + 2 * j, "%2hhx", &k.bytes[j]);
		assert_int_equal(key_parse(key_text(&k, text), &back, &e), RC_INPUT);
		assert_non_null(strstr(e.text, "nobody's key"));
	}
}

static void secrets_are_equal_only_when_all_bytes_are(void **state)
{
	char a[64] = "token", b[64] = "token";

	(void)state;
	assert_true(secret_equal(a, b, sizeof a));
	for (size_t i = 0; i < sizeof a; i++) {
		b[i] ^= 4;
		assert_false(secret_equal(a, b, sizeof a));
		b[i] ^= 4;
	}
	assert_true(secret_equal(a, "x", 0));
}

static void base64_is_that_of_rfc_4648(void **state)
{
	static const struct {
		const char *plain, *encoded;
	} rows[] = { { "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" }, { "foo", "Zm9v" },
		{ "foob", "Zm9vYg==" }, { "fooba", "Zm9vYmE=" }, { "foobar", "Zm9vYmFy" },
		{ "\xff\xfe\xfb", "//77" } };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		size_t n = strlen(rows[i].plain);
		char encoded[16], plain[8];

		base64_encode(rows[i].plain, n, encoded);
		assert_string_equal(encoded, rows[i].encoded);
		assert_int_equal(base64_decode(encoded, plain, n), n);
		assert_memory_equal(plain, rows[i].plain, n);
	}
}

static void malformed_base64_is_refused(void **state)
{
	static const char *const texts[] = { "Z", "Zg", "Zg=", "Zg===", "=",
		"====", "Zg==Zg==", "Zm9v\n", "Z g=", "Zm9-", "Zm9_",
		"Zh==", "Zm9=", "Z===", "=m9v" };
	char out[16];

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++)
		if (base64_decode(texts[i], out, sizeof out) != -1)
			fail_msg("'%s' was taken", texts[i]);
}

static void base64_never_writes_past_the_room_it_has(void **state)
{
	char out[4] = "....";

	(void)state;
	assert_int_equal(base64_decode("Zm9vYmFy", out, 3), -1);
	assert_int_equal(base64_decode("Zm9vYm", out, 3), -1);
	assert_int_equal(base64_decode("Zm9vYmF", out, 3), -1);
	assert_int_equal(out[3], '.');
	assert_int_equal(base64_decode("Zm8=", out, 1), -1);
	assert_int_equal(base64_decode("Zm8=", out, 2), 2);
	assert_memory_equal(out, "fo..", 4);
}

static void hexadecimal_goes_both_ways_and_in_both_cases(void **state)
{
	uint8_t bytes[3];
	char text[7];

	(void)state;
	assert_true(hex_decode("00aFf9", bytes, 3));
	assert_memory_equal(bytes, "\x00\xaf\xf9", 3);
	hex_encode(bytes, 3, text);
	assert_string_equal(text, "00aff9");
	assert_false(hex_decode("00aff", bytes, 3));
	assert_false(hex_decode("00aff9 ", bytes, 3));
	assert_false(hex_decode("00afg9", bytes, 3));
	assert_true(hex_decode("", bytes, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sha256_is_that_of_fips_180_4),
		cmocka_unit_test(pieces_hash_like_the_whole),
		cmocka_unit_test(a_hash_survives_its_text_and_nothing_else_is_one),
		cmocka_unit_test(signatures_are_those_of_rfc_8032),
		cmocka_unit_test(a_changed_message_signature_or_key_does_not_verify),
		cmocka_unit_test(a_key_survives_its_text),
		cmocka_unit_test(what_is_no_key_is_refused_with_what_was_expected),
		cmocka_unit_test(a_key_that_anybody_can_sign_for_is_refused),
		cmocka_unit_test(secrets_are_equal_only_when_all_bytes_are),
		cmocka_unit_test(base64_is_that_of_rfc_4648),
		cmocka_unit_test(malformed_base64_is_refused),
		cmocka_unit_test(base64_never_writes_past_the_room_it_has),
		cmocka_unit_test(hexadecimal_goes_both_ways_and_in_both_cases),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
