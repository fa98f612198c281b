/* SPDX-License-Identifier: MIT */
/*
 * ceiling.c - compare a manifest with the owner's ceiling, and add what the ceiling demands
 *
 * The ceiling reads as any manifest does: what it does not grant, nobody can be granted. Its deny and protect, its
 * exec, rates, kill and rules clauses are added; a limit or budget that the manifest leaves out is taken over; one
 * that is wider is an error that names both places.
 */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "policy/impl.h"
#include "policy/net.h"

static void exceeds(struct enc_load *l, const struct enc_draft *d, const struct enc_draft *ceiling, const char *why)
{
	struct enc_diag *g;

	if (ceiling)
		g = enc_load_diag(l, "E0309", &d->c.at, "'%s' exceeds the ceiling: '%s' (%s:%d)", d->c.text,
				  ceiling->c.text, ceiling->c.at.file, ceiling->c.at.line);
	else
		g = enc_load_diag(l, "E0309", &d->c.at, "'%s' exceeds the ceiling: %s (%s)", d->c.text, why,
				  l->ceiling_path);
	enc_diag_hint(l->d, g, "ask for less, or have root change %s", l->ceiling_path);
}

static void add(struct enc_set *s, const struct enc_draft *d)
{
	struct enc_draft copy = *d, *n = ENC_PUSH(s->v, s->n);

	*n = copy;
	n->layer = ENC_SOURCES_MAX; /* above all files of the manifest */
}

static void check_fs(struct enc_load *l, const struct enc_draft *d, const struct enc_set *c)
{
	char path[4096];
	size_t magic;

	/* Of a pattern, the directory that all its matches lie in. */
	snprintf(path, sizeof(path), "%s", d->c.value);
	if (d->c.glob) {
		magic = strcspn(path, "*?[");
		while (magic > 1 && path[magic - 1] != '/')
			magic--;
		path[magic > 1 ? magic - 1 : 1] = '\0';
	}
	for (size_t i = 0; i < c->n; i++)
		if (!c->v[i].dropped && enc_pair_bars(&c->v[i], d)) {
			exceeds(l, d, &c->v[i], NULL);
			return;
		}
	for (size_t i = 0; i < c->n; i++) {
		const struct enc_draft *o = &c->v[i];

		if (o->dropped ||
		    (o->c.kind != ENC_CL_FS_WRITE && (o->c.kind != ENC_CL_FS_READ || d->c.kind == ENC_CL_FS_WRITE)))
			continue;
		if (enc_clause_covers(&o->c, path))
			return;
	}
	exceeds(l, d, NULL,
		d->c.kind == ENC_CL_FS_WRITE ? "no write grant of it covers this" : "no grant of it covers this");
}

static int mode_rank(const struct enc_draft *d)
{
	const char *mode = d ? d->c.value : "none";

	return strcmp(mode, "open") == 0 ? 2 : strcmp(mode, "proxy") == 0;
}

static bool all_in(const char *const *v, size_t n, const char *const *in, size_t n_in)
{
	if (n_in == 0)
		return true;
	for (size_t i = 0; i < n; i++) {
		bool found = false;

		for (size_t k = 0; k < n_in && !found; k++)
			found = enc_glob_match(in[k], v[i]);
		if (!found)
			return false;
	}
	return n > 0; /* the ceiling restricts and the manifest does not */
}

static void check_allow(struct enc_load *l, const struct enc_draft *d, const struct enc_set *c)
{
	const struct enc_draft *mode = enc_set_get(c, ENC_CL_NET_MODE);

	if (mode_rank(mode) == 2)
		return;
	for (size_t i = 0; i < c->n; i++) {
		const struct enc_draft *o = &c->v[i];

		if (o->dropped || o->c.kind != ENC_CL_NET_ALLOW || !enc_host_covers(o->net.host, d->net.host))
			continue;
		if (o->net.port == d->net.port && (!o->net.inspect || d->net.inspect) &&
		    all_in(d->net.methods, d->net.n_methods, o->net.methods, o->net.n_methods) &&
		    all_in(d->net.paths, d->net.n_paths, o->net.paths, o->net.n_paths))
			return;
	}
	exceeds(l, d, NULL, "its network.allow does not cover this");
}

/* For values that must stand in the ceiling as they are (credentials, expose) or under a pattern of it (env.pass). */
static void check_same(struct enc_load *l, const struct enc_draft *d, const struct enc_set *c)
{
	for (size_t i = 0; i < c->n; i++) {
		const struct enc_draft *o = &c->v[i];

		if (o->dropped || o->row != d->row)
			continue;
		if (strcmp(o->c.text, d->c.text) == 0 ||
		    (d->c.kind == ENC_CL_ENV_PASS && enc_glob_match(o->c.value, d->c.value)))
			return;
	}
	exceeds(l, d, NULL, "it does not list this");
}

/* Limits, budgets and kill switches: the smaller number holds; rates by count and window. */
static bool wider(const struct enc_draft *d, const struct enc_draft *o)
{
	uint64_t n, t, on, ot;

	if (d->row->type == V_RATE) {
		if (enc_parse_rate(d->c.value, &n, &t) < 0 || enc_parse_rate(o->c.value, &on, &ot) < 0)
			return true;
		return n > on || t < ot;
	}
	if (d->row->type == V_WORD)
		return strcmp(d->c.value, o->c.value) != 0;
	return d->c.number > o->c.number;
}

static struct enc_draft *same_row(const struct enc_set *s, const struct enc_key *row)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->v[i].row == row && !s->v[i].dropped)
			return &s->v[i];
	return NULL;
}

static void apply_number(struct enc_load *l, struct enc_set *s, const struct enc_draft *o)
{
	const struct enc_draft *d = same_row(s, o->row);

	if (!d)
		add(s, o);
	else if (wider(d, o))
		exceeds(l, d, o, NULL);
}

static void apply_equal(struct enc_load *l, struct enc_set *s, const struct enc_draft *o)
{
	const struct enc_draft *d = same_row(s, o->row);

	if (!d)
		add(s, o);
	else if (strcmp(d->c.value, o->c.value) != 0)
		exceeds(l, d, o, NULL);
}

static void apply_demand(struct enc_load *l, struct enc_set *s, const struct enc_draft *o)
{
	bool list = o->row->shape == SH_LIST;

	switch ((int)o->c.kind) {
	case ENC_CL_FS_DENY:
	case ENC_CL_FS_PROTECT:
	case ENC_CL_EXEC_ALLOW:
	case ENC_CL_EXEC_DENY:
	case ENC_CL_RATE:
	case ENC_CL_RULE: add(s, o); break;
	case ENC_CL_USER:
	case ENC_CL_ASK: apply_equal(l, s, o); break;
	case ENC_CL_FS_WORKSPACE: /* `direct` demands nothing; an overlay is a demand */
		if (strcmp(o->c.value, "overlay") == 0)
			apply_equal(l, s, o);
		break;
	case ENC_CL_RECORD:
		if (list)
			add(s, o);
		else
			apply_equal(l, s, o);
		break;
	case ENC_CL_KILL:
		if (list)
			add(s, o);
		else
			apply_number(l, s, o);
		break;
	default:
		if ((o->c.kind >= ENC_CL_LIMIT_MEMORY && o->c.kind <= ENC_CL_LIMIT_DISK) || o->c.kind == ENC_CL_BUDGET)
			apply_number(l, s, o);
	}
}

static void check_grant(struct enc_load *l, const struct enc_draft *d, const struct enc_set *c)
{
	const struct enc_draft *mode = enc_set_get(c, ENC_CL_NET_MODE);

	switch ((int)d->c.kind) {
	case ENC_CL_FS_READ:
	case ENC_CL_FS_WRITE: check_fs(l, d, c); break;
	case ENC_CL_NET_MODE:
		if (mode_rank(d) > mode_rank(mode))
			exceeds(l, d, mode, "its network mode is none");
		break;
	case ENC_CL_NET_ALLOW: check_allow(l, d, c); break;
	case ENC_CL_NET_CREDENTIAL:
	case ENC_CL_NET_EXPOSE:
	case ENC_CL_ENV_PASS: check_same(l, d, c); break;
	default: break;
	}
}

/* Without this a manifest could take the ceiling's clauses and accept that nothing enforces them. */
static void check_accepts(struct enc_load *l, const struct enc_set *s, const struct enc_set *c)
{
	for (size_t i = 0; i < s->n_accepts; i++) {
		const struct enc_accept *a = &s->accepts[i];
		bool covered = a->guarantee == ENC_G_PREVENT;
		struct enc_diag *g;

		for (size_t k = 0; k < c->n_accepts && !covered; k++) {
			const struct enc_accept *o = &c->accepts[k];
			size_t n = strlen(o->prefix);

			covered = strncmp(a->prefix, o->prefix, n) == 0 && strchr(".[", a->prefix[n]) &&
				  a->guarantee >= o->guarantee;
		}
		if (covered)
			continue;
		g = enc_load_diag(l, "E0309", &a->at, "'accept %s: %s' exceeds the ceiling, which does not accept it",
				  a->prefix, enc_guarantee_name(a->guarantee));
		enc_diag_hint(l->d, g, "remove it, or have root change %s", l->ceiling_path);
	}
}

void enc_ceiling_apply(struct enc_load *l, struct enc_set *s, const struct enc_set *c)
{
	size_t n = s->n;

	check_accepts(l, s, c);
	for (size_t i = 0; i < n; i++)
		if (!s->v[i].dropped)
			check_grant(l, &s->v[i], c);
	for (size_t i = 0; i < c->n; i++)
		if (!c->v[i].dropped)
			apply_demand(l, s, &c->v[i]);
}
