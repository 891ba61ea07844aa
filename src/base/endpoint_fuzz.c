/* SPDX-License-Identifier: Apache-2.0 */
/* What is taken for host:port is the same again when it is written as text; hosts hold nothing that
 * would end them elsewhere. */
#include "base/endpoint.h"

#include "base/mem.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check(const struct endpoint *p)
{
	char text[ENDPOINT_TEXT_MAX];
	struct endpoint again;

	must(strcspn(p->host, " []/@\r\n") == strlen(p->host));
	must(endpoint_parse(endpoint_text(p, text), &again, NULL) == RC_OK);
	must(strcmp(again.host, p->host) == 0 && again.port == p->port);
	(void)host_is_loopback(p->host);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char text[ENDPOINT_TEXT_MAX + 16] = { 0 };
	struct err e = { 0 };
	struct endpoint p;

	if (n >= sizeof text)
		return 0;
	memcpy(text, data, n);
	if (endpoint_parse(text, &p, &e) == RC_OK)
		check(&p);
	else
		must(e.text[0] != '\0');
	if (endpoint_parse_or(text, 80, &p, NULL) == RC_OK) {
		must(p.host[0] && p.port);
		check(&p);
	}
	return 0;
}
