/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The module file of blackbox_exporter 0.28: its CONFIGURATION.md, and HTTPClientConfig and
 * TLSConfig of prometheus/common.  Every key of theirs is here; what we can't do is refused by
 * name, and only when a probe uses the module, since people have files with modules that nobody
 * uses.
 */
#include "core/lab/schema.h"

#include "core/lab/rows.h"
#include "core/lab/types.h"

#define REFUSED(key)                                           \
	{                                                      \
		key, &unsupported_type, 0, OPTIONAL, "refused" \
	}
#define REFUSED_IF_ON(key)                                                \
	{                                                                 \
		key, &unsupported_flag_type, 0, OPTIONAL, "refused if on" \
	}
/* "ip6" is blackbox_exporter's preference, whatever is usual elsewhere. */
#define FAMILY(module)                                                                           \
	{ "preferred_ip_protocol", &go_family_type, AT(module, ip), DEFAULT("ip6"), "" },        \
	{                                                                                        \
		"ip_protocol_fallback", &flag_type, AT(module, ip_fallback), DEFAULT("true"), "" \
	}

static const struct key tls_config_keys[] = {
	{ "insecure_skip_verify", &flag_type, AT(tls_spec, is_insecure), DEFAULT("false"), "" },
	{ "ca_file", &path_type, AT(tls_spec, ca_file), OPTIONAL, "" },
	{ "cert_file", &path_type, AT(tls_spec, cert_file), OPTIONAL, "" },
	{ "key_file", &path_type, AT(tls_spec, key_file), OPTIONAL, "" },
	{ "server_name", &text_type, AT(tls_spec, server_name), OPTIONAL, "" },
	REFUSED("ca"),
	REFUSED("cert"),
	REFUSED("key"),
	REFUSED("ca_ref"),
	REFUSED("cert_ref"),
	REFUSED("key_ref"),
	REFUSED("min_version"),
	REFUSED("max_version"),
	{ 0 },
};
static const struct shape tls_config_shape = {
	.name = "tls_config",
	.size_bytes = sizeof(struct tls_spec),
	.keys = tls_config_keys,
};
EMBEDDED(tls_config_type, tls_config_shape, "a mapping");

static const struct key header_match_keys[] = {
	{ "header", &text_type, AT(header_rule, header), REQUIRED, "" },
	{ "regexp", &pattern_type, AT(header_rule, pattern), REQUIRED, "" },
	{ "allow_missing", &flag_type, AT(header_rule, allow_missing), DEFAULT("false"), "" },
	{ 0 },
};
static const struct shape header_match_shape = {
	.name = "header match",
	.size_bytes = sizeof(struct header_rule),
	.keys = header_match_keys,
};
static const struct type header_matches_type = { "a list of header matches", "list", read_shapes,
	.shape = &header_match_shape, .many = LIST };

static const struct key module_header_keys[] = {
	{ "values", &texts_type, AT(module_header, values), OPTIONAL, "" },
	{ "secrets", &texts_type, AT(module_header, secrets), OPTIONAL, "" },
	REFUSED("files"),
	{ 0 },
};
static const struct shape module_header_shape = {
	.name = "header",
	.size_bytes = sizeof(struct module_header),
	.keys = module_header_keys,
};
ENTRIES(module_headers_type, module_header_shape, "a mapping of headers", 0);

static const struct key basic_auth_keys[] = {
	{ "username", &text_type, AT(module_auth, user), OPTIONAL, "" },
	{ "password", &inline_secret_type, AT(module_auth, password), OPTIONAL, "" },
	{ "password_file", &secret_path_type, AT(module_auth, password_file), OPTIONAL, "" },
	REFUSED("username_file"),
	REFUSED("username_ref"),
	REFUSED("password_ref"),
	{ 0 },
};
static const struct shape basic_auth_shape = {
	.name = "basic_auth",
	.size_bytes = sizeof(struct module_auth),
	.keys = basic_auth_keys,
};
POINTER(basic_auth_type, basic_auth_shape, "a mapping");

static const struct key authorization_keys[] = {
	{ "type", &text_type, AT(module_authorization, type), DEFAULT("Bearer"), "" },
	{ "credentials", &inline_secret_type, AT(module_authorization, credentials), OPTIONAL, "" },
	{ "credentials_file", &secret_path_type, AT(module_authorization, credentials_file),
		OPTIONAL, "" },
	REFUSED("credentials_ref"),
	{ 0 },
};
static const struct shape authorization_shape = {
	.name = "authorization",
	.size_bytes = sizeof(struct module_authorization),
	.keys = authorization_keys,
};
POINTER(authorization_type, authorization_shape, "a mapping");

static const struct key http_module_keys[] = {
	{ "valid_status_codes", &status_type, AT_LIST(http_module, spec.status, spec.n_status),
		OPTIONAL, "" },
	{ "valid_http_versions", &texts_type, AT_LIST(http_module, spec.versions, spec.n_versions),
		OPTIONAL, "" },
	{ "method", &method_type, AT(http_module, spec.method), DEFAULT("GET"), "" },
	{ "headers", &pairs_type, AT_PAIRS(http_module, spec.header_names, spec.n_headers),
		OPTIONAL, "" },
	{ "http_headers", &module_headers_type, AT(http_module, headers), OPTIONAL, "" },
	{ "body_size_limit", &size_type, AT(http_module, spec.body_size_limit_bytes), OPTIONAL,
		"" },
	{ "compression", &compression_type, AT(http_module, spec.compression), OPTIONAL, "" },
	{ "follow_redirects", &flag_type, AT(http_module, spec.follow_redirects), DEFAULT("true"),
		"" },
	{ "no_follow_redirects", &flag_type, AT(http_module, no_follow_redirects), OPTIONAL, "" },
	{ "fail_if_ssl", &flag_type, AT(http_module, spec.fail_if_tls), DEFAULT("false"), "" },
	{ "fail_if_not_ssl", &flag_type, AT(http_module, spec.fail_if_not_tls), DEFAULT("false"),
		"" },
	{ "fail_if_body_matches_regexp", &patterns_type, AT(http_module, spec.body_matches_not),
		OPTIONAL, "" },
	{ "fail_if_body_not_matches_regexp", &patterns_type, AT(http_module, spec.body_matches),
		OPTIONAL, "" },
	{ "fail_if_header_matches", &header_matches_type, AT(http_module, spec.header_matches_not),
		OPTIONAL, "" },
	{ "fail_if_header_not_matches", &header_matches_type, AT(http_module, spec.header_matches),
		OPTIONAL, "" },
	{ "tls_config", &tls_config_type, AT(http_module, spec.tls), OPTIONAL, "" },
	{ "basic_auth", &basic_auth_type, AT(http_module, basic_auth), OPTIONAL, "" },
	{ "authorization", &authorization_type, AT(http_module, authorization), OPTIONAL, "" },
	{ "bearer_token", &inline_secret_type, AT(http_module, bearer), OPTIONAL, "" },
	{ "bearer_token_file", &secret_path_type, AT(http_module, bearer_file), OPTIONAL, "" },
	{ "proxy_url", &url_type, AT(http_module, spec.proxy_url), OPTIONAL, "" },
	{ "skip_resolve_phase_with_proxy", &flag_type, AT(http_module, skip_resolve), OPTIONAL,
		"with a proxy, names are always left to it" },
	{ "enable_http2", &flag_type, AT(http_module, spec.enable_http2), DEFAULT("true"), "" },
	{ "body", &text_type, AT(http_module, spec.body), OPTIONAL, "" },
	{ "body_file", &path_type, AT(http_module, body_file), OPTIONAL, "" },
	FAMILY(http_module),
	REFUSED("fail_if_body_json_matches_cel"),
	REFUSED("fail_if_body_json_not_matches_cel"),
	REFUSED("no_proxy"),
	REFUSED_IF_ON("proxy_from_environment"),
	REFUSED("proxy_connect_header"),
	REFUSED("oauth2"),
	REFUSED_IF_ON("enable_http3"),
	{ 0 },
};
static const struct shape http_module_shape = {
	.name = "http",
	.size_bytes = sizeof(struct http_module),
	.keys = http_module_keys,
};
EMBEDDED(http_module_type, http_module_shape, "a mapping");

static const struct key turn_keys[] = {
	{ "expect", &expect_type, 0, OPTIONAL, "" },
	{ "send", &text_type, AT(dialogue_step, send), OPTIONAL, "" },
	{ "starttls", &flag_type, AT(dialogue_step, start_tls), DEFAULT("false"), "" },
	REFUSED("expect_bytes"),
	REFUSED("labels"),
	{ 0 },
};
static const struct shape turn_shape = {
	.name = "query_response",
	.size_bytes = sizeof(struct dialogue_step),
	.keys = turn_keys,
};
static const struct type turns_type = { "a list", "list", read_shapes, .shape = &turn_shape,
	.many = LIST };

static const struct key tcp_module_keys[] = {
	{ "query_response", &turns_type, AT_LIST(tcp_module, spec.steps, spec.n_steps), OPTIONAL,
		"" },
	{ "tls", &flag_type, AT(tcp_module, spec.use_tls), DEFAULT("false"), "" },
	{ "tls_config", &tls_config_type, AT(tcp_module, spec.tls), OPTIONAL, "" },
	{ "source_ip_address", &ip_type, AT(tcp_module, source_address), OPTIONAL, "" },
	FAMILY(tcp_module),
	{ 0 },
};
static const struct shape tcp_module_shape = {
	.name = "tcp",
	.size_bytes = sizeof(struct tcp_module),
	.keys = tcp_module_keys,
};
EMBEDDED(tcp_module_type, tcp_module_shape, "a mapping");

static const struct key rr_keys[] = {
	{ "fail_if_matches_regexp", &patterns_type, AT(rr_rules, fail_if_matches), OPTIONAL, "" },
	{ "fail_if_all_match_regexp", &patterns_type, AT(rr_rules, fail_if_all_match), OPTIONAL,
		"" },
	{ "fail_if_not_matches_regexp", &patterns_type, AT(rr_rules, fail_if_not_matches), OPTIONAL,
		"" },
	{ "fail_if_none_matches_regexp", &patterns_type, AT(rr_rules, fail_if_none_matches),
		OPTIONAL, "" },
	{ 0 },
};
static const struct shape rr_shape = {
	.name = "records",
	.size_bytes = sizeof(struct rr_rules),
	.keys = rr_keys,
};
EMBEDDED(rr_type, rr_shape, "a mapping");

static const struct key dns_module_keys[] = {
	{ "query_name", &dns_name_type, AT(dns_module, spec.name), OPTIONAL,
		"wanted of a dns module" },
	{ "query_type", &dns_type_type, AT(dns_module, spec.type), DEFAULT("ANY"), "" },
	{ "query_class", &dns_class_type, AT(dns_module, spec.class), DEFAULT("IN"), "" },
	{ "recursion_desired", &inverted_flag_type, AT(dns_module, spec.no_recursion),
		DEFAULT("true"), "" },
	{ "transport_protocol", &dns_transport_type, AT(dns_module, transport), DEFAULT("udp"),
		"" },
	{ "dns_over_tls", &flag_type, AT(dns_module, spec.use_tls), DEFAULT("false"), "" },
	{ "tls_config", &tls_config_type, AT(dns_module, spec.tls), OPTIONAL, "" },
	{ "valid_rcodes", &rcodes_type, AT_LIST(dns_module, spec.rcodes, spec.n_rcodes), OPTIONAL,
		"" },
	{ "validate_answer_rrs", &rr_type, AT(dns_module, spec.answer), OPTIONAL, "" },
	{ "validate_authority_rrs", &rr_type, AT(dns_module, spec.authority), OPTIONAL, "" },
	{ "validate_additional_rrs", &rr_type, AT(dns_module, spec.additional), OPTIONAL, "" },
	{ "source_ip_address", &ip_type, AT(dns_module, source_address), OPTIONAL, "" },
	FAMILY(dns_module),
	{ 0 },
};
static const struct shape dns_module_shape = {
	.name = "dns",
	.size_bytes = sizeof(struct dns_module),
	.keys = dns_module_keys,
};
EMBEDDED(dns_module_type, dns_module_shape, "a mapping");

static const struct key icmp_module_keys[] = {
	{ "payload_size", &payload_type, AT(icmp_module, spec.payload_bytes), DEFAULT("56"), "" },
	{ "dont_fragment", &flag_type, AT(icmp_module, spec.dont_fragment), DEFAULT("false"), "" },
	{ "ttl", &ttl_type, AT(icmp_module, spec.ttl), DEFAULT("64"), "" },
	{ "source_ip_address", &ip_type, AT(icmp_module, source_address), OPTIONAL, "" },
	FAMILY(icmp_module),
	{ 0 },
};
static const struct shape icmp_module_shape = {
	.name = "icmp",
	.size_bytes = sizeof(struct icmp_module),
	.keys = icmp_module_keys,
};
EMBEDDED(icmp_module_type, icmp_module_shape, "a mapping");

static const struct key module_keys[] = {
	{ "prober", &prober_type, AT(module_decl, prober), REQUIRED, "" },
	{ "timeout", &go_duration_type, AT(module_decl, timeout_ms), OPTIONAL, "" },
	{ "http", &http_module_type, AT(module_decl, http), OPTIONAL, "" },
	{ "tcp", &tcp_module_type, AT(module_decl, tcp), OPTIONAL, "" },
	{ "dns", &dns_module_type, AT(module_decl, dns), OPTIONAL, "" },
	{ "icmp", &icmp_module_type, AT(module_decl, icmp), OPTIONAL, "" },
	REFUSED("grpc"),
	REFUSED("unix"),
	{ 0 },
};
static const struct shape module_shape = {
	.name = "module",
	.size_bytes = sizeof(struct module_decl),
	.keys = module_keys,
};
ENTRIES(modules_type, module_shape, "a mapping of modules by name", 0);

static const struct key blackbox_keys[] = {
	{ "modules", &modules_type, AT(modules_decl, modules), REQUIRED, "" },
	{ 0 },
};
const struct shape blackbox_shape = {
	.name = "the module file",
	.size_bytes = sizeof(struct modules_decl),
	.keys = blackbox_keys,
};
