/* SPDX-License-Identifier: MIT */
/*
 * codex_net.c - [permissions.NAME.network]
 *
 * Without a table of domains an enabled network is the host's. With one, hosts that are allowed and not denied; that
 * Codex only holds to them while its proxy runs is no reason to hold to less here.
 */
#include <string.h>

#include "import/codex_impl.h"
#include "policy/policy.h"

static void domains(struct codex *c, const struct enc_node *t, const char *from)
{
	if (!codex_map(c, from, t))
		return;
	c->network = t;
	for (size_t i = 0; i < t->n; i++) {
		const struct codex_entry e = {.base = t->keys[i]->text,
					      .sub = ".",
					      .value = t->items[i],
					      .from = codex_name(c, from, t->keys[i]->text)};

		if (!codex_text(c, e.from, e.value))
			continue;
		if (strcmp(e.value->text, "allow") != 0 && strcmp(e.value->text, "deny") != 0)
			imp_error(&c->m, "E0902", &e.value->at, "allow or deny", "%s can't be '%s'", e.from,
				  e.value->text);
		else
			codex_put(c, &c->domains, &c->n_domains, &e);
	}
}

static void sockets(struct codex *c, const struct enc_node *t, const char *from)
{
	if (!codex_map(c, from, t))
		return;
	for (size_t i = 0; i < t->n; i++)
		if (t->items[i]->kind == ENC_NODE_SCALAR && strcmp(t->items[i]->text, "allow") == 0)
			imp_find(&c->m, ENC_IMPORT_DROPPED, &t->keys[i]->at, "filesystem: {read: [...]} shows a socket",
				 "%s is not granted", codex_name(c, from, t->keys[i]->text));
}

static void mode(struct codex *c, const struct enc_node *n, const char *from)
{
	if (!codex_text(c, from, n))
		return;
	if (strcmp(n->text, "full") != 0)
		imp_find(&c->m, ENC_IMPORT_WEAKER, &n->at, "{host: ..., methods: [GET, HEAD, OPTIONS], inspect: true}",
			 "%s: that only some methods are let through is not imported", from);
}

static const struct {
	const char *key, *say;
	enum enc_import_class class;
} others[] = {
	{"proxy_url", "says where Codex's proxy listens; none is needed", ENC_IMPORT_NOTE},
	{"admin_url", "says where Codex's proxy listens; none is needed", ENC_IMPORT_NOTE},
	{"socks_url", "says where Codex's proxy listens; none is needed", ENC_IMPORT_NOTE},
	{"enable_socks5", "says how Codex's proxy listens; none is needed", ENC_IMPORT_NOTE},
	{"enable_socks5_udp", "says how Codex's proxy listens; none is needed", ENC_IMPORT_NOTE},
	{"allow_upstream_proxy", "has no equal: hosts are reached directly", ENC_IMPORT_NOTE},
	{"allow_local_binding", "has no equal: no private address is reached but by its own name in network.allow",
	 ENC_IMPORT_NOTE},
	{"dangerously_allow_non_loopback_proxy", "has no equal", ENC_IMPORT_NOTE},
	{"dangerously_allow_non_loopback_admin", "has no equal", ENC_IMPORT_NOTE},
	{"dangerously_allow_all_unix_sockets", "has no equal: sockets are seen where they are granted",
	 ENC_IMPORT_DROPPED},
};

static bool other(struct codex *c, const struct enc_node *k, const struct enc_node *n, const char *from)
{
	for (size_t i = 0; i < ENC_LEN(others); i++) {
		if (strcmp(others[i].key, k->text) != 0)
			continue;
		if (!(n->kind == ENC_NODE_SCALAR && n->plain && strcmp(n->text, "false") == 0))
			imp_find(&c->m, others[i].class, &k->at, NULL, "%s %s", codex_name(c, from, k->text),
				 others[i].say);
		return true;
	}
	return false;
}

void codex_network(struct codex *c, const struct enc_node *t, const char *from)
{
	if (!codex_map(c, from, t))
		return;
	for (size_t i = 0; i < t->n; i++) {
		const char *key = t->keys[i]->text, *path = codex_name(c, from, key);

		if (strcmp(key, "enabled") == 0) {
			if (codex_bool(c, path, t->items[i], &c->enabled))
				c->m.net_comment = imp_from(&c->m, &t->items[i]->at, path);
		} else if (strcmp(key, "domains") == 0) {
			domains(c, t->items[i], path);
		} else if (strcmp(key, "unix_sockets") == 0) {
			sockets(c, t->items[i], path);
		} else if (strcmp(key, "mode") == 0) {
			mode(c, t->items[i], path);
		} else if (!other(c, t->keys[i], t->items[i], from)) {
			codex_unknown(c, from, t->keys[i]);
		}
	}
}

/* A pattern's hosts: `**.x` is x and all below it. How many; 0 with an error. */
static size_t hosts_of(struct codex *c, const struct codex_entry *e, const char *ret[2])
{
	const char *text = e->base;
	size_t n = 0;

	if (strncmp(text, "**.", 3) == 0) {
		if (enc_host_parse(c->m.a, text + 3, &ret[0]) == 0 && enc_host_parse(c->m.a, text + 1, &ret[1]) == 0)
			n = 2;
	} else if (!strchr(text, '/') && enc_host_parse(c->m.a, text, &ret[0]) == 0) {
		n = 1;
	}
	if (!n)
		imp_error(&c->m, "E0902", &e->value->at, "a host, *.suffix, **.suffix or an address",
			  "%s: '%s' is not a host", e->from, text);
	return n;
}

static void allow(struct codex *c, const struct codex_entry *e)
{
	const char *hosts[2], *comment = imp_from(&c->m, &e->value->at, e->from);
	size_t n;

	if (strcmp(e->base, "*") == 0) {
		imp_find(&c->m, ENC_IMPORT_TIGHTENED, &e->value->at, "name the hosts, or write network: {mode: open}",
			 "%s: a list of allowed hosts can't say every host", e->from);
		return;
	}
	n = hosts_of(c, e, hosts);
	for (size_t i = 0; i < n; i++) {
		imp_host_add(&c->m, hosts[i], 443, comment);
		imp_host_add(&c->m, hosts[i], 80, comment);
	}
}

static void deny(struct codex *c, const struct codex_entry *e)
{
	const char *hosts[2];
	size_t n = strcmp(e->base, "*") == 0 ? 0 : hosts_of(c, e, hosts);

	if (strcmp(e->base, "*") == 0)
		imp_host_deny(&c->m, "*", 0, &e->value->at, e->base);
	for (size_t i = 0; i < n; i++)
		imp_host_deny(&c->m, hosts[i], 0, &e->value->at, e->base);
}

void codex_hosts(struct codex *c)
{
	bool any = false;

	if (!c->enabled || !c->network) {
		if (c->enabled)
			c->m.net = IMP_NET_OPEN;
		return;
	}
	for (size_t i = 0; i < c->n_domains; i++)
		if (strcmp(c->domains[i].value->text, "allow") == 0)
			allow(c, &c->domains[i]);
	for (size_t i = 0; i < c->n_domains; i++)
		if (strcmp(c->domains[i].value->text, "deny") == 0)
			deny(c, &c->domains[i]);
	for (size_t i = 0; i < c->m.n_hosts; i++)
		any |= !c->m.hosts[i].dead;
	if (!any)
		return;
	c->m.net = IMP_NET_PROXY;
	imp_find(&c->m, ENC_IMPORT_TIGHTENED, &c->network->at, "add other ports to network.allow: host:22",
		 "a domain means each port: the manifest allows 443 and 80");
	imp_find(&c->m, ENC_IMPORT_NOTE, &c->network->at, "enclosure plan says whether this version can start it",
		 "the hosts are named in network.allow, which asks for network mode proxy");
}
