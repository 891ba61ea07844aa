/* SPDX-License-Identifier: Apache-2.0 */
/* outside: questions about samples that another server answers (port/outside). */
#ifndef API_PROMETHEUS_OUTSIDE_H
#define API_PROMETHEUS_OUTSIDE_H

#include "api/api_private.h"

/* Whether an outside server answers this request in the place of its handler. */
bool outside_answers(const struct call *c);
enum rc outside_pass(struct call *c, struct answer *out, struct err *e) MUST_USE;

#endif
