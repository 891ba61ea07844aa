/* SPDX-License-Identifier: Apache-2.0 */
/* tz_fixture: for tests: the time zones of this system. */
#ifndef BASE_TZ_FIXTURE_H
#define BASE_TZ_FIXTURE_H

#include "base/tz.h"

/* Out of /usr/share/zoneinfo; NULL, and said, where it is missing.  Ends the test when it can't be
 * parsed.  Freed by the caller. */
struct tz *tz_fixture(const char *name);

#endif
