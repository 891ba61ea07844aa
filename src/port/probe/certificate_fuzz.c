/* SPDX-License-Identifier: Apache-2.0 */
/* A server's certificate: facts, verification without any anchor, and what is said about it. */
#include "port/probe/certificate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	gnutls_datum_t der = { .data = (unsigned char *)(uintptr_t)data, .size = (unsigned)size };
	scoped(chain_fini) struct chain c;
	struct probe_tls facts = { 0 };
	char why[REASON_BYTES_MAX + 1] = "";
	time_t begins, ends;
	unsigned status;

	if (chain_read(&c, &der, 1, NULL) != RC_OK)
		return 0;
	chain_facts(&c, &der, &facts);
	must(strlen(facts.fingerprint) == 64 && strlen(facts.names) < sizeof facts.names);
	must(strlen(facts.serial) < sizeof facts.serial);
	chain_validity(&c, &begins, &ends);
	if (chain_verify(&c, "nas.lan", &status, NULL) == RC_OK) {
		must(status != 0);
		chain_explain(&c, status, "nas.lan", why, sizeof why);
		must(why[0]);
	}
	return 0;
}
