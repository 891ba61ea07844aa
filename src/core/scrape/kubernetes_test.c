/* SPDX-License-Identifier: Apache-2.0 */
#include "core/scrape/kubernetes.h"

#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

struct fixture {
	struct sd_kubernetes config;
	struct kube_store *store;
	struct arena arena;
};

static void fixture_fini(struct fixture *f)
{
	kube_store_free(f->store);
	arena_fini(&f->arena);
}
SCOPED_FINI(fixture_fini, struct fixture)

static void begin(struct fixture *f, enum kube_role role)
{
	f->config.role = role;
	f->store = kube_store_new(&f->config);
}

/* JSON is written with single quotes here. */
static void put(struct fixture *f, enum kube_role kind, const char *text)
{
	scoped(json_flat_fini) struct json_flat flat = JSON_FLAT_EMPTY;
	char *json = arena_strdup(&f->arena, text);
	const struct json_node *node;
	struct err e = { 0 };

	for (char *c = json; *c; c++)
		if (*c == '\'')
			*c = '"';
	if (json_flat_read(&flat, json, strlen(json), &node, &e) != RC_OK ||
		kube_put(f->store, kind, node, &e) != RC_OK)
		fail_msg("%s: %s", text, e.text);
}

static bool next(struct fixture *f, struct target_group *ret)
{
	bool has = false;

	assert_int_equal(kube_next_group(f->store, &f->arena, ret, &has, NULL), RC_OK);
	return has;
}

static void add_labels(const struct labels *l, struct str *out)
{
	for (uint32_t i = 0; i < l->n; i++) {
		const char *name = l->v[i].name;

		if (str_starts(name, "__meta_kubernetes_"))
			name += strlen("__meta_kubernetes_");
		str_addf(out, "%s%s=%s", i ? " " : "", name, l->v[i].value);
	}
}

/* The next group as text: its source, its labels, a line for each target. */
static void check(struct fixture *f, const char *wanted)
{
	scoped(str_fini) struct str got = STR_EMPTY;
	struct target_group g;

	assert_true(next(f, &g));
	str_addf(&got, "%s: ", g.source);
	add_labels(&g.labels, &got);
	for (uint32_t i = 0; i < g.n; i++) {
		str_add(&got, "\n");
		add_labels(&g.targets[i], &got);
	}
	assert_string_equal(str_c(&got), wanted);
}

#define NODE                                                                                   \
	"{'metadata':{'name':'n1','labels':{'zone/a':'x'},'annotations':{'k.8':'v'}},"         \
	"'spec':{'providerID':'k3s://n1'},'status':{'addresses':[{'type':'Hostname',"          \
	"'address':'n1.lan'},{'type':'InternalIP','address':'10.0.0.1'},{'type':'InternalIP'," \
	"'address':'fd00::1'}],'daemonEndpoints':{'kubeletEndpoint':{'Port':10250}}}}"

#define POD                                                                                       \
	"{'metadata':{'name':'web-1','namespace':'shop','uid':'u-1','labels':{'app':'web'},"      \
	"'ownerReferences':[{'kind':'Other','name':'o'},{'kind':'ReplicaSet','name':'web',"       \
	"'controller':true}]},'spec':{'nodeName':'n1','containers':[{'name':'c','image':'i:1',"   \
	"'ports':[{'name':'http','containerPort':8080,'protocol':'TCP'},{'containerPort':9100,"   \
	"'protocol':'TCP'}]},{'name':'side','image':'s:2'}],'initContainers':[{'name':'init',"    \
	"'image':'in:3'}]},'status':{'podIP':'10.42.0.5','hostIP':'10.0.0.1','phase':'Running',"  \
	"'conditions':[{'type':'Initialized','status':'True'},{'type':'Ready','status':'True'}]," \
	"'containerStatuses':[{'name':'c','containerID':'containerd://1'}]}}"

#define POD_LABELS                                                                     \
	"pod_controller_kind=ReplicaSet pod_controller_name=web pod_host_ip=10.0.0.1 " \
	"pod_ip=10.42.0.5 pod_label_app=web pod_labelpresent_app=true pod_name=web-1 " \
	"pod_node_name=n1 pod_phase=Running pod_ready=true pod_uid=u-1"

#define SERVICE                                                                                \
	"{'metadata':{'name':'web','namespace':'shop','annotations':{'prometheus.io/scrape':"  \
	"'true'}},'spec':{'type':'ClusterIP','clusterIP':'10.43.0.7','ports':[{'name':'http'," \
	"'port':80,'protocol':'TCP'}]}}"

static void a_node_is_its_kubelet(void **state)
{
	scoped(fixture_fini) struct fixture f = { 0 };

	(void)state;
	begin(&f, KUBE_NODE);
	put(&f, KUBE_NODE, NODE);
	check(&f, "node/n1: node_annotation_k_8=v node_annotationpresent_k_8=true "
		  "node_label_zone_a=x node_labelpresent_zone_a=true node_name=n1 "
		  "node_provider_id=k3s://n1\n"
		  "__address__=10.0.0.1:10250 node_address_Hostname=n1.lan "
		  "node_address_InternalIP=10.0.0.1 instance=n1");
}

static void a_pod_is_a_target_for_each_port_of_its_containers(void **state)
{
	scoped(fixture_fini) struct fixture f = { 0 };

	(void)state;
	f.config.attach_node = true;
	begin(&f, KUBE_POD);
	put(&f, KUBE_NODE, NODE);
	put(&f, KUBE_POD, POD);
	check(&f,
		"pod/shop/web-1: namespace=shop node_annotation_k_8=v "
		"node_annotationpresent_k_8=true node_label_zone_a=x node_labelpresent_zone_a=true "
		"node_name=n1 " POD_LABELS "\n"
		"__address__=10.42.0.5:8080 pod_container_id=containerd://1 "
		"pod_container_image=i:1 pod_container_init=false pod_container_name=c "
		"pod_container_port_name=http pod_container_port_number=8080 "
		"pod_container_port_protocol=TCP\n"
		"__address__=10.42.0.5:9100 pod_container_id=containerd://1 "
		"pod_container_image=i:1 pod_container_init=false pod_container_name=c "
		"pod_container_port_number=9100 pod_container_port_protocol=TCP\n"
		"__address__=10.42.0.5 pod_container_image=s:2 pod_container_init=false "
		"pod_container_name=side\n"
		"__address__=10.42.0.5 pod_container_image=in:3 pod_container_init=true "
		"pod_container_name=init");
}

static void a_pod_without_an_address_has_no_targets(void **state)
{
	scoped(fixture_fini) struct fixture f = { 0 };

	(void)state;
	begin(&f, KUBE_POD);
	put(&f, KUBE_POD, "{'metadata':{'name':'p','namespace':'s'},'status':{'phase':'Pending'}}");
	check(&f, "pod/s/p: ");
}

static void a_service_is_a_target_for_each_port(void **state)
{
	scoped(fixture_fini) struct fixture f = { 0 };

	(void)state;
	begin(&f, KUBE_SERVICE);
	put(&f, KUBE_SERVICE, SERVICE);
	check(&f, "svc/shop/web: namespace=shop service_annotation_prometheus_io_scrape=true "
		  "service_annotationpresent_prometheus_io_scrape=true service_name=web\n"
		  "__address__=web.shop.svc:80 service_cluster_ip=10.43.0.7 "
		  "service_port_name=http service_port_number=80 service_port_protocol=TCP "
		  "service_type=ClusterIP");
}

static void endpoints_know_their_service_and_pods_and_the_pods_other_ports(void **state)
{
	scoped(fixture_fini) struct fixture f = { 0 };

	(void)state;
	begin(&f, KUBE_ENDPOINTS);
	put(&f, KUBE_SERVICE, SERVICE);
	put(&f, KUBE_POD, POD);
	put(&f, KUBE_ENDPOINTS,
		"{'metadata':{'name':'web','namespace':'shop','labels':{'l':'m'}},'subsets':["
		"{'addresses':[{'ip':'10.42.0.5','nodeName':'n1','targetRef':{'kind':'Pod',"
		"'name':'web-1','namespace':'shop'}}],'notReadyAddresses':[{'ip':'10.42.0.6',"
		"'hostname':'h'}],'ports':[{'name':'http','port':8080,'protocol':'TCP'}]}]}");
	check(&f,
		"endpoints/shop/web: endpoints_label_l=m endpoints_labelpresent_l=true "
		"endpoints_name=web namespace=shop service_annotation_prometheus_io_scrape=true "
		"service_annotationpresent_prometheus_io_scrape=true service_name=web\n"
		"__address__=10.42.0.5:8080 endpoint_address_target_kind=Pod "
		"endpoint_address_target_name=web-1 endpoint_node_name=n1 endpoint_port_name=http "
		"endpoint_port_protocol=TCP endpoint_ready=true pod_container_image=i:1 "
		"pod_container_init=false pod_container_name=c pod_container_port_name=http "
		"pod_container_port_number=8080 pod_container_port_protocol=TCP " POD_LABELS "\n"
		"__address__=10.42.0.6:8080 endpoint_hostname=h endpoint_port_name=http "
		"endpoint_port_protocol=TCP endpoint_ready=false\n"
		"__address__=10.42.0.5:9100 pod_container_image=i:1 pod_container_init=false "
		"pod_container_name=c pod_container_port_number=9100 "
		"pod_container_port_protocol=TCP " POD_LABELS);
}

static void endpoint_slices_too(void **state)
{
	scoped(fixture_fini) struct fixture f = { 0 };

	(void)state;
	begin(&f, KUBE_ENDPOINTSLICE);
	put(&f, KUBE_POD, POD);
	put(&f, KUBE_ENDPOINTSLICE,
		"{'metadata':{'name':'web-x','namespace':'shop'},'addressType':'IPv6','endpoints':["
		"{'addresses':['fd00::5'],'conditions':{'ready':true,'serving':true,"
		"'terminating':false},'nodeName':'n1','zone':'z','deprecatedTopology':{'a/"
		"b':'c'}}],"
		"'ports':[{'name':'http','port':8080,'protocol':'TCP','appProtocol':'http'},"
		"{'name':'any'}]}");
	check(&f, "endpointslice/shop/web-x: endpointslice_address_type=IPv6 "
		  "endpointslice_name=web-x namespace=shop\n"
		  "__address__=[fd00::5]:8080 "
		  "endpointslice_endpoint_conditions_ready=true "
		  "endpointslice_endpoint_conditions_serving=true "
		  "endpointslice_endpoint_conditions_terminating=false "
		  "endpointslice_endpoint_node_name=n1 "
		  "endpointslice_endpoint_topology_a_b=c "
		  "endpointslice_endpoint_topology_present_a_b=true endpointslice_endpoint_zone=z "
		  "endpointslice_port=8080 endpointslice_port_app_protocol=http "
		  "endpointslice_port_name=http endpointslice_port_protocol=TCP\n"
		  "__address__=fd00::5 "
		  "endpointslice_endpoint_conditions_ready=true "
		  "endpointslice_endpoint_conditions_serving=true "
		  "endpointslice_endpoint_conditions_terminating=false "
		  "endpointslice_endpoint_node_name=n1 "
		  "endpointslice_endpoint_topology_a_b=c "
		  "endpointslice_endpoint_topology_present_a_b=true endpointslice_endpoint_zone=z "
		  "endpointslice_port_name=any");
}

static void an_ingress_is_a_target_for_each_path(void **state)
{
	scoped(fixture_fini) struct fixture f = { 0 };

	(void)state;
	begin(&f, KUBE_INGRESS);
	put(&f, KUBE_INGRESS,
		"{'metadata':{'name':'i','namespace':'shop'},'spec':{'ingressClassName':'traefik',"
		"'tls':[{'hosts':['*.example.org']}],'rules':[{'host':'a.example.org','http':"
		"{'paths':[{'path':'/x'},{'pathType':'Prefix'}]}},{'host':'example.org'}]}}");
	check(&f, "ingress/shop/i: ingress_class_name=traefik ingress_name=i namespace=shop\n"
		  "__address__=a.example.org ingress_host=a.example.org ingress_path=/x "
		  "ingress_scheme=https\n"
		  "__address__=a.example.org ingress_host=a.example.org ingress_path=/ "
		  "ingress_scheme=https\n"
		  "__address__=example.org ingress_host=example.org ingress_path=/ "
		  "ingress_scheme=http");
}

static void a_heartbeat_changes_nothing_and_a_label_does(void **state)
{
	scoped(fixture_fini) struct fixture f = { 0 };
	struct target_group g;

	(void)state;
	begin(&f, KUBE_NODE);
	put(&f, KUBE_NODE,
		"{'metadata':{'name':'n','resourceVersion':'1'},'status':{'addresses':["
		"{'type':'InternalIP','address':'10.0.0.1'}],'conditions':["
		"{'type':'Ready','lastHeartbeatTime':'10:00'}]}}");
	assert_true(next(&f, &g));
	put(&f, KUBE_NODE,
		"{'metadata':{'name':'n','resourceVersion':'2'},'status':{'addresses':["
		"{'type':'InternalIP','address':'10.0.0.1'}],'conditions':["
		"{'type':'Ready','lastHeartbeatTime':'10:01'}]}}");
	assert_false(next(&f, &g));
	put(&f, KUBE_NODE,
		"{'metadata':{'name':'n','labels':{'a':'b'}},'status':{'addresses':["
		"{'type':'InternalIP','address':'10.0.0.1'}]}}");
	assert_true(next(&f, &g));
	assert_string_equal(labels_get(&g.labels, "__meta_kubernetes_node_label_a"), "b");
}

static void what_a_group_is_made_of_changes_it(void **state)
{
	scoped(fixture_fini) struct fixture f = { 0 };
	struct target_group g;

	(void)state;
	f.config.attach_node = true;
	begin(&f, KUBE_POD);
	put(&f, KUBE_POD, POD);
	assert_true(next(&f, &g));
	assert_string_equal(labels_get(&g.labels, "__meta_kubernetes_node_name"), "");
	put(&f, KUBE_NODE, NODE);
	assert_true(next(&f, &g));
	assert_string_equal(labels_get(&g.labels, "__meta_kubernetes_node_name"), "n1");
	put(&f, KUBE_NODE, "{'metadata':{'name':'other'}}");
	assert_false(next(&f, &g));
}

static void what_a_new_list_lacks_is_gone(void **state)
{
	scoped(fixture_fini) struct fixture f = { 0 };
	struct target_group g;

	(void)state;
	begin(&f, KUBE_SERVICE);
	put(&f, KUBE_SERVICE, SERVICE);
	put(&f, KUBE_SERVICE, "{'metadata':{'name':'x','namespace':'other'}}");
	assert_true(next(&f, &g) && next(&f, &g));
	kube_list_begin(f.store, KUBE_SERVICE, "shop");
	kube_list_end(f.store, KUBE_SERVICE, "shop");
	assert_int_equal(kube_count(f.store, KUBE_SERVICE), 1);
	check(&f, "svc/shop/web: ");
	assert_false(next(&f, &g));
}

static void lists_are_asked_for_where_the_api_has_them(void **state)
{
	scoped(str_fini) struct str out = STR_EMPTY;
	struct kube_selector selectors[] = { { KUBE_POD, "app=x,b in (c)", "spec.nodeName=n" },
		{ KUBE_SERVICE, NULL, "metadata.name=a" } };
	struct sd_kubernetes c = { .role = KUBE_ENDPOINTS,
		.selectors = selectors,
		.n_selectors = 2 };

	(void)state;
	assert_int_equal(kube_watched(&c), 1 << KUBE_ENDPOINTS | 1 << KUBE_POD | 1 << KUBE_SERVICE);
	kube_path(KUBE_INGRESS, "a b", &out);
	assert_string_equal(out.s, "/apis/networking.k8s.io/v1/namespaces/a%20b/ingresses");
	str_clear(&out);
	kube_path(KUBE_NODE, "x", &out);
	assert_string_equal(out.s, "/api/v1/nodes");
	str_clear(&out);
	kube_selection(&c, KUBE_POD, &out);
	assert_string_equal(out.s, "labelSelector=app%3Dx%2Cb%20in%20%28c%29&fieldSelector="
				   "spec.nodeName%3Dn");
	str_clear(&out);
	kube_selection(&c, KUBE_SERVICE, &out);
	assert_string_equal(out.s, "fieldSelector=metadata.name%3Da");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_node_is_its_kubelet),
		cmocka_unit_test(a_pod_is_a_target_for_each_port_of_its_containers),
		cmocka_unit_test(a_pod_without_an_address_has_no_targets),
		cmocka_unit_test(a_service_is_a_target_for_each_port),
		cmocka_unit_test(endpoints_know_their_service_and_pods_and_the_pods_other_ports),
		cmocka_unit_test(endpoint_slices_too),
		cmocka_unit_test(an_ingress_is_a_target_for_each_path),
		cmocka_unit_test(a_heartbeat_changes_nothing_and_a_label_does),
		cmocka_unit_test(what_a_group_is_made_of_changes_it),
		cmocka_unit_test(what_a_new_list_lacks_is_gone),
		cmocka_unit_test(lists_are_asked_for_where_the_api_has_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
