/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zones: time zones by name, read once from $TZDIR or /usr/share/zoneinfo and kept.
 *
 * UTC is there even where no files are.
 */
#ifndef PORT_FILES_ZONES_H
#define PORT_FILES_ZONES_H

#include "base/tz.h"

struct zones;

struct zones *zones_new(void);
void zones_free(struct zones *z); /* ends all zones that it gave */
SCOPED_BY(zones_free, struct zones *)

/* NULL when there is no such zone; names that would leave the folder are no zones. */
const struct tz *zones_find(struct zones *z, const char *name);

#endif
