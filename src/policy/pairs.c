/* SPDX-License-Identifier: MIT */
/*
 * pairs.c - clauses that can't stand side by side
 *
 * A file that contradicts itself, or that tries to take back what it extends denies, is wrong and is told so. A file
 * that denies what it extends grants is right: the grant goes. So a child can always make a policy tighter and
 * never wider than its parents' deny and protect.
 */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "policy/impl.h"
#include "policy/net.h"

static bool is_grant(const struct enc_draft *d)
{
	return !d->dropped && (d->c.kind == ENC_CL_FS_READ || d->c.kind == ENC_CL_FS_WRITE);
}

static bool is_bar(const struct enc_draft *d)
{
	return d->c.kind == ENC_CL_FS_DENY || d->c.kind == ENC_CL_FS_PROTECT;
}

/* The same path twice: one clause, at its first place, optional only if both are. */
static void merge_equal(struct enc_set *s)
{
	for (size_t i = 0; i < s->n; i++) {
		struct enc_draft *d = &s->v[i];

		if (d->dropped || (!is_grant(d) && !is_bar(d) && d->c.kind != ENC_CL_NET_ALLOW &&
				   d->c.kind != ENC_CL_EXEC_ALLOW && d->c.kind != ENC_CL_EXEC_DENY))
			continue;
		for (size_t k = i + 1; k < s->n; k++) {
			struct enc_draft *o = &s->v[k];

			if (o->dropped || o->row != d->row || o->c.glob != d->c.glob ||
			    strcmp(o->c.value, d->c.value) != 0)
				continue;
			o->dropped = true;
			if (!d->c.optional || o->c.optional)
				continue;
			d->c.optional = false; /* the one that must be there leads, and says so */
			d->c.text = o->c.text;
			d->c.at = o->c.at;
		}
	}
}

/* `write` says `read` already. */
static void merge_read_write(struct enc_set *s)
{
	for (size_t i = 0; i < s->n; i++) {
		struct enc_draft *w = &s->v[i];

		for (size_t k = 0; w->c.kind == ENC_CL_FS_WRITE && !w->dropped && k < s->n; k++) {
			struct enc_draft *r = &s->v[k];

			if (r->c.kind != ENC_CL_FS_READ || r->dropped || r->c.glob != w->c.glob ||
			    strcmp(r->c.value, w->c.value) != 0)
				continue;
			r->dropped = true;
			w->c.optional &= r->c.optional;
		}
	}
}

bool enc_pair_bars(const struct enc_draft *bar, const struct enc_draft *grant)
{
	if (!is_bar(bar))
		return false;
	if (bar->c.kind == ENC_CL_FS_PROTECT && grant->c.kind != ENC_CL_FS_WRITE)
		return false;
	if (grant->c.glob)
		return bar->c.glob ? strcmp(bar->c.value, grant->c.value) == 0
				   : strncmp(grant->c.value, bar->c.value, strlen(bar->c.value)) == 0 &&
					     grant->c.value[strlen(bar->c.value)] == '/';
	return enc_clause_covers(&bar->c, grant->c.value);
}

static void grant_against_bar(struct enc_load *l, struct enc_draft *grant, const struct enc_draft *bar)
{
	bool protect = bar->c.kind == ENC_CL_FS_PROTECT;
	struct enc_diag *g;

	if (bar->layer > grant->layer) { /* a child that tightens */
		if (!protect) {
			grant->dropped = true;
			return;
		}
		grant->row = enc_schema_path("filesystem.read");
		grant->c.kind = ENC_CL_FS_READ;
		grant->c.text = enc_arena_printf(l->a, "read %s", grant->c.value);
		return;
	}
	g = enc_load_diag(l, "E0213", &grant->c.at, "'%s' is contradicted by '%s' (%s:%d)", grant->c.text, bar->c.text,
			  bar->c.at.file, bar->c.at.line);
	enc_diag_hint(l->d, g, "a %s always wins: remove one of the two", protect ? "protect" : "deny");
}

static void check_grants(struct enc_load *l, struct enc_set *s)
{
	for (size_t i = 0; i < s->n; i++) {
		struct enc_draft *grant = &s->v[i];

		for (size_t k = 0; is_grant(grant) && k < s->n; k++)
			if (!s->v[k].dropped && enc_pair_bars(&s->v[k], grant)) {
				bool was = grant->dropped || grant->c.kind == ENC_CL_FS_READ;

				grant_against_bar(l, grant, &s->v[k]);
				if (!was && grant->c.kind == ENC_CL_FS_READ)
					continue; /* now it is a read grant: the denies still count */
				break;
			}
		for (size_t k = 0; is_grant(grant) && grant->c.kind == ENC_CL_FS_WRITE && k < l->n_sources; k++)
			if (!l->sources[k]->builtin && strcmp(grant->c.value, l->sources[k]->path) == 0)
				enc_load_diag(l, "E0213", &grant->c.at,
					      "'%s' is a manifest of this run, which is "
					      "protected",
					      grant->c.text);
		if (is_grant(grant) && l->w->state_dir && enc_path_in(grant->c.value, l->w->state_dir))
			enc_load_diag(l, "E0212", &grant->c.at, "'%s' lies in Enclosure's own state", grant->c.text);
	}
}

static void check_network(struct enc_load *l, struct enc_set *s)
{
	const struct enc_draft *mode = enc_set_get(s, ENC_CL_NET_MODE);
	const char *word = mode ? mode->c.value : "none";
	struct enc_diag *g;

	for (size_t i = 0; i < s->n; i++) {
		struct enc_draft *d = &s->v[i];
		bool expose = d->c.kind == ENC_CL_NET_EXPOSE;

		if (d->dropped || (!expose && d->c.kind != ENC_CL_NET_ALLOW && d->c.kind != ENC_CL_NET_CREDENTIAL))
			continue;
		if (expose ? strcmp(word, "open") != 0 : strcmp(word, "proxy") == 0)
			continue;
		if (mode && mode->layer > d->layer) { /* a child that closes, or opens, the whole */
			d->dropped = true;
			continue;
		}
		g = enc_load_diag(l, "E0214", &d->c.at, "'%s' means nothing with network mode %s%s", d->c.text, word,
				  mode ? "" : ", the default");
		enc_diag_hint(l->d, g, expose ? "use mode: none or proxy" : "use mode: proxy");
	}
}

static void check_credentials(struct enc_load *l, struct enc_set *s)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct enc_draft *d = &s->v[i];
		bool allowed = false, inspected = false;
		struct enc_diag *g;

		if (d->dropped || d->c.kind != ENC_CL_NET_CREDENTIAL)
			continue;
		for (size_t k = 0; k < s->n; k++) {
			const struct enc_draft *a = &s->v[k];

			if (a->dropped || a->c.kind != ENC_CL_NET_ALLOW || !enc_host_covers(a->net.host, d->net.host))
				continue;
			allowed = true;
			inspected |= a->net.inspect;
		}
		if (inspected)
			continue;
		g = enc_load_diag(l, "E0219", &d->c.at, "the credential for %s can't be used: the host is not %s",
				  d->net.host, allowed ? "inspected" : "in network.allow");
		enc_diag_hint(l->d, g, "add to network.allow: {host: %s, inspect: true}", d->net.host);
	}
}

/* allow and deny of one program; a rate, budget or question that nobody can answer is left to the plan. */
static void check_exec(struct enc_load *l, struct enc_set *s)
{
	for (size_t i = 0; i < s->n; i++)
		for (size_t k = 0; s->v[i].c.kind == ENC_CL_EXEC_ALLOW && k < s->n; k++) {
			struct enc_draft *a = &s->v[i], *d = &s->v[k];

			if (d->c.kind != ENC_CL_EXEC_DENY || a->dropped || strcmp(a->c.value, d->c.value) != 0)
				continue;
			if (d->layer > a->layer)
				a->dropped = true;
			else
				enc_load_diag(l, "E0213", &a->c.at, "'%s' is contradicted by '%s' (%s:%d)", a->c.text,
					      d->c.text, d->c.at.file, d->c.at.line);
		}
}

void enc_pairs_check(struct enc_load *l, struct enc_set *s)
{
	merge_equal(s);
	check_grants(l, s);
	merge_equal(s);
	merge_read_write(s);
	check_exec(l, s);
	/* Where the mode is not known, or what a parent allows, nothing can be said of the rest. */
	if (!s->mode_unknown && !l->incomplete) {
		check_network(l, s);
		check_credentials(l, s);
	}
}
