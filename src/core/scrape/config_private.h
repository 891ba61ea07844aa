/* SPDX-License-Identifier: Apache-2.0 */
/* config_private: what config.c and config_sd.c share. */
#ifndef CORE_SCRAPE_CONFIG_PRIVATE_H
#define CORE_SCRAPE_CONFIG_PRIVATE_H

#include "core/scrape/config.h"

/* A job's lists of service discovery, which stand beside each other in its mapping. */
struct sd_lists {
	struct sd_config *v;
	uint32_t n, cap;
};
/* Appends to the struct sd_lists; the list lives in the reader's arena. */
doc_take sd_take_static, sd_take_file, sd_take_http, sd_take_dns, sd_take_kubernetes;

/* Prometheus' other mechanisms, refused by name. */
#define SD_REFUSED_KEYS                                                                  \
	SD_REFUSED("azure"), SD_REFUSED("consul"), SD_REFUSED("digitalocean"),           \
		SD_REFUSED("docker"), SD_REFUSED("dockerswarm"), SD_REFUSED("ec2"),      \
		SD_REFUSED("eureka"), SD_REFUSED("gce"), SD_REFUSED("hetzner"),          \
		SD_REFUSED("ionos"), SD_REFUSED("kuma"), SD_REFUSED("lightsail"),        \
		SD_REFUSED("linode"), SD_REFUSED("marathon"), SD_REFUSED("nerve"),       \
		SD_REFUSED("nomad"), SD_REFUSED("openstack"), SD_REFUSED("ovhcloud"),    \
		SD_REFUSED("puppetdb"), SD_REFUSED("scaleway"), SD_REFUSED("serverset"), \
		SD_REFUSED("stackit"), SD_REFUSED("triton"), SD_REFUSED("uyuni"),        \
		SD_REFUSED("vultr")
#define SD_REFUSED(name)                                                                     \
	{                                                                                    \
		name "_sd_configs", doc_refused,                                             \
			.hint = "let its API's answer be served by http_sd or written to a " \
				"file for file_sd"                                           \
	}

/* "http://10.0.0.1/metrics" where "10.0.0.1" is meant. */
bool is_target_address(const char *address);

#endif
