/* SPDX-License-Identifier: MIT */
/*
 * net.c - hosts that are let out
 *
 * A manifest names hosts with one port each and has no list of denied ones: what is denied among the allowed takes the
 * allowed entry away.
 */
#include <string.h>

#include "import/impl.h"
#include "policy/policy.h"

void imp_host_add(struct importer *m, const char *host, uint64_t port, const char *comment)
{
	struct imp_host *h;

	for (size_t i = 0; i < m->n_hosts; i++)
		if (m->hosts[i].port == port && strcmp(m->hosts[i].host, host) == 0)
			return;
	if (m->n_hosts == IMP_ITEMS_MAX) {
		if (!m->errors->n)
			imp_error(m, "E0105", NULL, "import a part of it", "more than %d hosts with their ports",
				  IMP_ITEMS_MAX);
		return;
	}
	h = ENC_PUSH(m->hosts, m->n_hosts);
	h->host = host;
	h->port = port;
	h->comment = comment;
}

void imp_host_deny(struct importer *m, const char *host, uint64_t port, const struct enc_mark *at, const char *shown)
{
	bool every = strcmp(host, "*") == 0;
	const char *said = NULL;

	for (size_t i = 0; i < m->n_hosts; i++) {
		struct imp_host *h = &m->hosts[i];

		if (h->dead || (port && port != h->port))
			continue;
		if (every || enc_host_covers(host, h->host)) {
			h->dead = true;
		} else if (enc_host_covers(h->host, host)) {
			h->dead = true;
			if (said && strcmp(said, h->host) == 0)
				continue;
			said = h->host;
			imp_find(m, ENC_IMPORT_TIGHTENED, at, "allow the hosts that are needed by name",
				 "'%s' is denied among '%s': a manifest has no denied hosts, and so %s is not allowed "
				 "at all",
				 shown, h->host, h->host);
		}
	}
}
