/* SPDX-License-Identifier: MIT */
/*
 * srt_net.c - srt's `network`
 *
 * allowedDomains and deniedDomains hold `host`, `*.suffix`, an address or `[v6]`, each with an optional `:port`;
 * without one it means each port, which a manifest can't say. What is denied wins.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "import/srt_impl.h"
#include "policy/policy.h"

/* `:443` at the end, outside of brackets; 0 and the whole text when there is none. */
static const char *split_port(struct enc_arena *a, const char *text, uint64_t *ret_port)
{
	const char *colon = strrchr(text, ':');
	uint64_t port;

	*ret_port = 0;
	if (!colon || strchr(colon, ']') || colon[1] == '0' || !isdigit((unsigned char)colon[1]) ||
	    enc_parse_u64(colon + 1, &port) < 0 || port > 65535)
		return text;
	*ret_port = port;
	return enc_arena_strndup(a, text, (size_t)(colon - text));
}

static bool has_dot(const char *s)
{
	return strchr(s, '.') != NULL;
}

/* False with an error: srt would refuse the file too. */
static bool parse(struct srt *s, const char *path, const struct enc_node *n, bool deny, const char **ret_host,
		  uint64_t *ret_port)
{
	struct enc_arena *a = s->m.a;
	const char *host;

	if (!srt_text(s, path, n))
		return false;
	host = split_port(a, n->text, ret_port);
	if (deny && strcmp(host, "*") == 0) {
		*ret_host = host;
		return true;
	}
	/* `*.com` is as broad as `*`; two colons without brackets can be read in two ways. */
	if (strchr(host, '/') || (strchr(host, ':') && host[0] != '[') ||
	    (strncmp(host, "*.", 2) == 0 && !deny && !has_dot(host + 2)) || enc_host_parse(a, host, ret_host) < 0) {
		imp_error(&s->m, "E0902", &n->at, "write a host, *.suffix, an address or [IPv6], and :port if need be",
			  "%s: '%s' is not a host", path, n->text);
		return false;
	}
	return true;
}

static void allowed(struct srt *s, const struct srt_key *k, const struct enc_node *n)
{
	const struct enc_node *first = NULL;
	size_t open = 0;

	if (!srt_list(s, k->path, n))
		return;
	s->m.net_comment = imp_from(&s->m, &n->at, n->n ? k->path : "network.allowedDomains is empty");
	for (size_t i = 0; i < n->n; i++) {
		const char *path = srt_item(s, k->path, i), *host;
		const char *comment = imp_from(&s->m, &n->items[i]->at, path);
		uint64_t port;

		if (!parse(s, path, n->items[i], false, &host, &port))
			continue;
		s->m.net = IMP_NET_PROXY;
		if (port) {
			imp_host_add(&s->m, host, port, comment);
			continue;
		}
		first = first ? first : n->items[i];
		open++;
		imp_host_add(&s->m, host, 443, comment);
		imp_host_add(&s->m, host, 80, comment);
	}
	if (open)
		imp_find(&s->m, ENC_IMPORT_TIGHTENED, &first->at, "add other ports to network.allow: host:22",
			 "%zu of the allowed domains have no port, which means each: the manifest allows 443 and 80",
			 open);
}

static bool is_address(const char *host)
{
	return strchr(host, ':') || isdigit((unsigned char)host[strlen(host) - 1]);
}

static void denied(struct srt *s, const struct srt_key *k, const struct enc_node *n)
{
	bool names = false;

	if (!srt_list(s, k->path, n))
		return;
	for (size_t i = 0; i < s->m.n_hosts; i++)
		names |= !is_address(s->m.hosts[i].host);
	for (size_t i = 0; i < n->n; i++) {
		const char *path = srt_item(s, k->path, i), *host;
		uint64_t port;

		if (!parse(s, path, n->items[i], true, &host, &port))
			continue;
		imp_host_deny(&s->m, host, port, &n->items[i]->at, n->items[i]->text);
		if (names && strcmp(host, "*") != 0 && is_address(host))
			imp_find(&s->m, ENC_IMPORT_WEAKER, &n->items[i]->at, NULL,
				 "%s is an address: that an allowed name must not resolve to it has no equal", path);
	}
	for (size_t i = 0; i < s->m.n_hosts; i++)
		if (!s->m.hosts[i].dead)
			return;
	s->m.net = IMP_NET_NONE;
}

/* deniedDomains after allowedDomains, in whichever order they stand. */
static void later(struct srt *s, const struct srt_key *k, const struct enc_node *n)
{
}

static void sockets(struct srt *s, const struct srt_key *k, const struct enc_node *n)
{
	srt_bool(s, k->path, n, &s->sockets_open);
}

static void only_if_hosts(struct srt *s, const struct srt_key *k, const struct enc_node *n)
{
	if (s->m.net == IMP_NET_PROXY)
		srt_weaker(s, k, n);
	else
		srt_ignore(s, &(struct srt_key){k->path, NULL, "means nothing without an allowed domain"}, n);
}

#define NEEDS_NONE "has no equal, and needs none: the list of allowed hosts is always all there is"

static const struct srt_key network_keys[] = {
	{"network.allowedDomains", allowed, .required = true},
	{"network.deniedDomains", later, .required = true},
	{"network.deniedDomainReasons", srt_ignore, "has no equal: the reasons are told to nobody"},
	{"network.strictAllowlist", srt_ignore, NEEDS_NONE},
	{"network.deniedResolvedAddresses", only_if_hosts,
	 "has no equal: an allowed name may resolve to one of these addresses"},
	{"network.allowUnixSockets", srt_ignore, "concerns macOS: srt on Linux does not look at it"},
	{"network.allowAllUnixSockets", sockets},
	{"network.allowLocalBinding", srt_ignore, "means nothing on Linux: every run has a loopback of its own"},
	{"network.allowMachLookup", srt_ignore, "concerns macOS"},
	{"network.httpProxyPort", srt_drop, "has no equal: another proxy can't be put in place of the run's own"},
	{"network.socksProxyPort", srt_drop, "has no equal: another proxy can't be put in place of the run's own"},
	{"network.parentProxy", srt_drop, "has no equal: hosts are reached directly"},
	{"network.mitmProxy", only_if_hosts, "has no equal: what that proxy would hold back is let through"},
	{"network.tlsTerminate", srt_drop, "has no equal here: without a filter it holds nothing back",
	 "{host: ..., inspect: true} in network.allow looks inside TLS"},
	{"network.filterRequest", only_if_hosts, "has no equal: what it would hold back is let through"},
	{"network.allowPlaintextHeaderSet", srt_ignore, "means nothing without a filter"},
	{"network.ambiguousRequestTarget", srt_ignore, "means nothing without a filter"},
	{"network.stripResponseHeaders", only_if_hosts, "has no equal: headers of answers come through"},
	{"network.refuseOpaqueTunnels", only_if_hosts, "has no equal: tunnels to allowed hosts are let through"},
	{"network.requireHostMatch", only_if_hosts, "has no equal: the Host header is not compared"},
};

void srt_network(struct srt *s, const struct srt_key *k, const struct enc_node *n)
{
	const struct enc_node *list;

	if (!srt_map(s, k->path, n))
		return;
	/* Whether there is a host to speak of is what other keys depend on. */
	list = enc_node_get(n, "allowedDomains");
	if (list && list->kind == ENC_NODE_LIST && list->n)
		s->m.net = IMP_NET_PROXY;
	srt_walk(s, n, k->path, network_keys, ENC_LEN(network_keys));
	list = enc_node_get(n, "deniedDomains");
	if (list)
		denied(s, &(struct srt_key){"network.deniedDomains", NULL}, list);
	if (s->m.net == IMP_NET_PROXY)
		imp_find(&s->m, ENC_IMPORT_NOTE, &n->at, "enclosure plan says whether this version can start it",
			 "the hosts are named in network.allow, which asks for network mode proxy");
}
