/* SPDX-License-Identifier: Apache-2.0 */
#include "api/prometheus/gone.h"

void gone_write(const struct gone_peer *p, struct str *out)
{
	char ago[DURATION_TEXT_MAX];

	str_addf(out, "%s can't be asked: ", p->name);
	if (p->silent_ms == GONE_NEVER_MS)
		str_add(out, "it has not been heard since this site started");
	else
		str_addf(out, "it was heard %s ago for the last time",
			duration_text(p->silent_ms, ago));
	str_addf(out, "%s%s; %s", p->why[0] ? ": " : "", p->why,
		p->silent_ms == GONE_NEVER_MS ? "`diarchy status` says more" : p->advice);
}
