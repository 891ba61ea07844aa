/* SPDX-License-Identifier: Apache-2.0 */
/*
 * receivers: the receivers of an Alertmanager configuration as channels of the lab.
 *
 *	receivers:
 *	  - name: family                        a channel that lab.yaml declares is called so: that one
 *	  - name: nobody                        none is: nobody is told
 *	  - name: pager                         a channel of its own for each way in which it is told,
 *	    webhook_configs: [{url: "..."}]     and one for all that are told in the same way
 *
 * A webhook of such a receiver is posted what Alertmanager posts (core/alert/webhook_v4.h); one that
 * lab.yaml declares, what doc/api.md says.
 *
 * What isn't an alert goes to the channels that lab.yaml declares; where it declares none, to
 * those of the root's receiver.
 */
#ifndef NODE_RECEIVERS_H
#define NODE_RECEIVERS_H

#include "core/lab/lab.h"

/* Reads the file, and adds its channels to the lab's.  What is wrong is in the findings. */
void receivers_declare(const struct doc *doc, struct lab *lab,
	const struct tz *(*zone)(void *ctx, const char *name), void *ctx,
	struct findings *findings);

#endif
