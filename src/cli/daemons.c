/* SPDX-License-Identifier: Apache-2.0 */
/* The commands that run until they are told to stop, and the child that a watcher starts. */
#include "cli/command.h"
#include "cli/lab_find.h"
#include "daemon/deliver.h"
#include "daemon/serve.h"
#include "daemon/watch.h"

static enum log_level level_of(const char *name)
{
	static const char *const names[] = { "debug", "info", "warning", "error" };

	for (size_t i = 0; i < COUNT(names); i++) {
		if (name && str_eq(names[i], name))
			return (enum log_level)i;
	}
	return LOG_LEVEL_INFO;
}

enum rc command_serve(struct call *c, struct err *e)
{
	struct serve_options options = {
		.site = call_option(c, serve, site),
		.key_path = call_option(c, serve, key),
		.state_dir = call_option(c, serve, state),
		.listen = call_option(c, serve, listen),
		.least = level_of(call_option(c, serve, log_level)),
	};
	enum rc rc = lab_find_path(c, &options.lab_path, e);

	return rc == RC_OK ? serve_run(&options, e) : rc;
}

enum rc command_watch(struct call *c, struct err *e)
{
	struct watch_options options = {
		.name = call_option(c, watch, name),
		.key_path = call_option(c, watch, key),
		.state_dir = call_option(c, watch, state),
		.listen = call_option(c, watch, listen),
		.least = level_of(call_option(c, watch, log_level)),
	};
	enum rc rc = lab_find_path(c, &options.lab_path, e);

	return rc == RC_OK ? watch_run(&options, e) : rc;
}

enum rc command_deliver(struct call *c, struct err *e)
{
	(void)c;
	return deliver_run(e);
}
