/* SPDX-License-Identifier: Apache-2.0 */
/* labels_json: labels as a member of a JSON document, {"job": "node", ...}, in their order. */
#ifndef BASE_LABELS_JSON_H
#define BASE_LABELS_JSON_H

#include "base/json.h"
#include "base/series.h"

void json_labels(struct json_out *w, const char *key, const struct labels *l);

#endif
