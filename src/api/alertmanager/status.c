/* SPDX-License-Identifier: Apache-2.0 */
/* status: who answers, and whom it tells. */
#include "api/alertmanager/answer.h"

#include "core/alertmanager/config.h"

static void write_peers(struct json_out *w, const struct lab *lab)
{
	json_array_open(w, "peers");
	for (uint8_t i = 0; i < lab->n_sites; i++) {
		json_object_open(w, NULL);
		json_text(w, "name", lab->sites[i].name);
		json_text(w, "address", lab->sites[i].address);
		json_close(w);
	}
	json_close(w);
}

static void add_quoted(struct str *out, const char *name)
{
	str_addf(out, "\"%s\"", name); /* names of channels hold nothing that YAML escapes */
}

/* The channels as an Alertmanager would be told of them, without what is secret. */
static void add_config(struct str *out, const struct lab_notify *notify)
{
	str_add(out, "route:\n  receiver: ");
	add_quoted(out, notify->n_channels ? notify->channels[0].name : "none");
	str_add(out, "\n  group_by: [alertname]\nreceivers:\n");
	for (uint16_t i = 0; i < notify->n_channels; i++) {
		str_add(out, "- name: ");
		add_quoted(out, notify->channels[i].name);
		str_addc(out, '\n');
	}
	if (!notify->n_channels)
		str_add(out, "- name: \"none\"\n");
}

static void write_version(struct json_out *w)
{
	json_object_open(w, "versionInfo");
	json_text(w, "version", V2_SPOKEN);
	json_text(w, "revision", "Diarchy " DIARCHY_VERSION);
	json_text(w, "branch", "");
	json_text(w, "buildUser", "");
	json_text(w, "buildDate", "");
	json_text(w, "goVersion", "");
	json_close(w);
}

enum rc v2_status(struct call *c, struct answer *out, struct err *e)
{
	const struct lab *lab = site_lab(c->api->setup.site);
	scoped(str_fini) struct str config = STR_EMPTY;
	struct json_out *w = &out->json;

	(void)e;
	if (lab->notify.alertmanager_root)
		alertmanager_show(lab->notify.alertmanager_root, &config);
	else
		add_config(&config, &lab->notify);
	json_object_open(w, NULL);
	json_object_open(w, "cluster");
	json_text(w, "name", lab->sites[site_self_index(c->api->setup.site)].name);
	json_text(w, "status", "ready");
	write_peers(w, lab);
	json_close(w);
	json_object_open(w, "config");
	json_text(w, "original", str_c(&config));
	json_close(w);
	json_time(w, "uptime", c->api->setup.started);
	write_version(w);
	json_close(w);
	return RC_OK;
}

static void write_receiver(struct json_out *w, const char *name)
{
	json_object_open(w, NULL);
	json_text(w, "name", name);
	json_close(w);
}

enum rc v2_receivers(struct call *c, struct answer *out, struct err *e)
{
	const struct lab_notify *notify = &site_lab(c->api->setup.site)->notify;
	const struct alertmanager *am = notify->alertmanager;

	(void)e;
	json_array_open(&out->json, NULL);
	for (uint32_t i = 0; am && i < am->n_receivers; i++)
		write_receiver(&out->json, am->receivers[i].name);
	for (uint16_t i = 0; !am && i < notify->n_channels; i++)
		write_receiver(&out->json, notify->channels[i].name);
	json_close(&out->json);
	return RC_OK;
}
