/* SPDX-License-Identifier: Apache-2.0 */
#include "base/seldom.h"

bool seldom_may_write(struct seldom *s, struct mono now, uint32_t *ret_left_out)
{
	if (now.ms >= s->until.ms) {
		s->until.ms = now.ms + MINUTE_MS;
		s->n_written = 0;
	}
	if (s->n_written == SELDOM_LINES) {
		s->n_left_out++;
		return false;
	}
	s->n_written++;
	*ret_left_out = s->n_left_out;
	s->n_left_out = 0;
	return true;
}
