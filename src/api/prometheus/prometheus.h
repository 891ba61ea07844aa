/* SPDX-License-Identifier: Apache-2.0 */
/* prometheus: what the rest of the API needs of this folder. */
#ifndef API_PROMETHEUS_PROMETHEUS_H
#define API_PROMETHEUS_PROMETHEUS_H

struct jobs;

struct jobs *jobs_new(void);
void jobs_free(struct jobs *jobs); /* none may be waiting or running; NULL is fine */

#endif
