/* SPDX-License-Identifier: Apache-2.0 */
/* web: the pages, as built into the binary. */
#ifndef WEB_WEB_H
#define WEB_WEB_H

#include "base/embedded.h"

extern const struct embedded web_files[];

#endif
