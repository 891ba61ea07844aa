/* SPDX-License-Identifier: Apache-2.0 */
/* Two lines: a URL, and a redirect from there.  What comes out must be fit for a request, and mean
 * the same when it is read again. */
#include "port/probe/url.h"

#include "base/mem.h"

#include <stdio.h>
#include <string.h>

static void check(const struct url *u)
{
	char authority[URL_AUTHORITY_MAX], text[URL_AUTHORITY_MAX + URL_TARGET_MAX + 16];
	struct url again;

	must(u->port != 0 && u->target[0] == '/' && u->host[0]);
	for (const char *c = u->target; *c; c++)
		must((unsigned char)*c > ' ' && (unsigned char)*c < 0x7f);
	for (const char *c = u->host; *c; c++)
		must((unsigned char)*c > ' ' && (unsigned char)*c < 0x7f && *c != '/' && *c != '@');
	snprintf(text, sizeof text, "%s://%s%s", u->is_https ? "https" : "http",
		url_authority(u, authority), u->target);
	must(url_parse(text, &again, NULL) == RC_OK);
	must(url_same_origin(u, &again) && strcmp(u->target, again.target) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[8192], *location;
	struct url u, next;

	if (size >= sizeof text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	location = strchr(text, '\n');
	if (location)
		*location++ = '\0';
	if (url_parse(text, &u, NULL) != RC_OK)
		return 0;
	check(&u);
	if (location && url_redirect(&u, location, &next, NULL) == RC_OK)
		check(&next);
	return 0;
}
