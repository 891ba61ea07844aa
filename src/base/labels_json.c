/* SPDX-License-Identifier: Apache-2.0 */
#include "base/labels_json.h"

void json_labels(struct json_out *w, const char *key, const struct labels *l)
{
	json_object_open(w, key);
	for (uint32_t i = 0; i < l->n; i++)
		json_textn(w, l->v[i].name, l->v[i].value, l->v[i].value_len);
	json_close(w);
}
