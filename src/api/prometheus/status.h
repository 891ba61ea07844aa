/* SPDX-License-Identifier: Apache-2.0 */
/* status: the envelope of answers that are small and made at once. */
#ifndef API_PROMETHEUS_STATUS_H
#define API_PROMETHEUS_STATUS_H

#include "base/json.h"

/* {"status":"success","data":{ or [ */
void status_open(struct json_out *w, bool is_object);
void status_close(struct json_out *w);

#endif
