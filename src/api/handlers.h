/* SPDX-License-Identifier: Apache-2.0 */
/* handlers: what routes.def names, declared from it. */
#ifndef API_HANDLERS_H
#define API_HANDLERS_H

#include "api/route.h"

#define ROUTE(method, pattern, handler, needs, takes, help) route_handler handler;
#include "api/routes.def"
#undef ROUTE

#endif
