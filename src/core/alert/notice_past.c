/* SPDX-License-Identifier: Apache-2.0 */
#include "core/alert/notice.h"

/* What notice_title() says of the present, and how the same is said of the past.  What isn't here
 * is said of both alike: "failed", "disk trouble". */
static const struct {
	const char *now, *then;
} tenses[] = {
	{ " is ", " was " },
	{ " are ", " were " },
	{ " fires", " fired" },
	{ ", fails from ", ", failed from " },
	{ ": certificate has ", ": certificate had " },
	{ ": certificate of its issuer has ", ": certificate of its issuer had " },
	{ ": certificate expires soon", ": certificate was about to expire" },
	{ ": cannot ", ": could not " },
};

/* Names come first, and may hold anything: the last of it counts.  NULL: there is none. */
static const char *last_of(const char *text, const char *what)
{
	const char *found = NULL;

	for (const char *at = text; (at = strstr(at, what)); at++)
		found = at;
	return found;
}

void notice_title_past(const char *title, struct str *out)
{
	for (size_t i = 0; i < COUNT(tenses); i++) {
		const char *verb = last_of(title, tenses[i].now);

		if (!verb)
			continue;
		str_addn(out, title, (size_t)(verb - title));
		str_add(out, tenses[i].then);
		str_add(out, verb + strlen(tenses[i].now));
		return;
	}
	str_add(out, title);
}
