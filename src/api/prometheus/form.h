/* SPDX-License-Identifier: Apache-2.0 */
/* form: parameters put together again, for who is asked in our place. */
#ifndef API_PROMETHEUS_FORM_H
#define API_PROMETHEUS_FORM_H

#include "api/uri.h"
#include "base/str.h"

/* application/x-www-form-urlencoded */
void form_write(const struct uri_pairs *pairs, struct str *out);

#endif
