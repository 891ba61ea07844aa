/* SPDX-License-Identifier: Apache-2.0 */
/* tz_fixture: for tests: the time zones of this system. */
#ifndef BASE_TZ_FIXTURE_H
#define BASE_TZ_FIXTURE_H

#include "base/tz.h"

/* Out of /usr/share/zoneinfo; NULL, and said, where it is missing.  Ends the test when it can't be
 * parsed.  Freed by the caller. */
struct tz *tz_fixture(const char *name);

/* tz_instant() of "2026-03-29 01:30"; ends the test when it isn't like that. */
struct wall tz_fixture_instant(const struct tz *z, const char *local);

#endif
