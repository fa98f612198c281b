/* SPDX-License-Identifier: MIT */
/*
 * grants.c - filesystem.read and filesystem.write: what becomes visible, and how
 *
 * Permissions add up: a read inside a write grant changes nothing, a write inside a read grant opens that part. Write
 * grants are resolved first, the shallow ones before the deep ones, so that no link which a run could have planted is
 * followed for any grant.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "plan/impl.h"

static const char *const closed[] = {"/proc", "/sys", "/dev"};

static bool is_private(const char *path)
{
	for (size_t i = 0; i < ENC_LEN(closed); i++)
		if (enc_path_in(path, closed[i]))
			return true;
	return false;
}

bool enc_plan_carries(const struct enc_grant *g, const char *path)
{
	static const char *const own[] = {"/proc", "/sys", "/dev", "/tmp", "/var/tmp", "/run"};

	if (!g->at.exists || !enc_path_in(path, g->at.path))
		return false;
	for (size_t i = 0; i < ENC_LEN(own); i++)
		if (enc_path_in(path, own[i]) && !enc_path_in(g->at.path, own[i]))
			return false;
	return true;
}

const struct enc_grant *enc_plan_grant(const struct enc_planner *w, const char *path)
{
	const struct enc_grant *best = NULL;

	for (size_t i = 0; i < w->n_grants; i++) {
		const struct enc_grant *g = &w->grants[i];

		if (enc_plan_carries(g, path) && (!best || strlen(g->at.path) > strlen(best->at.path)))
			best = g;
	}
	return best;
}

static void absent(struct enc_planner *w, struct enc_binding *b, const struct enc_resolved *at)
{
	const struct enc_clause *c = b->clause;

	if (c->optional && (at->error == ENOENT || at->error == ENOTDIR)) {
		enc_plan_bound(b, 0, ENC_G_PREVENT);
		b->note = "absent at the start: nothing is granted";
		return;
	}
	if (at->error == ENOENT || at->error == ENOTDIR)
		enc_plan_missing(w, b, "create it, or write {path: ..., optional: true}", "%s does not exist",
				 c->value);
	else
		enc_plan_missing(w, b, "grant what you can reach yourself", "%s can't be looked at: %s", c->value,
				 strerror(at->error));
}

static void bind_grant(struct enc_planner *w, struct enc_binding *b)
{
	uint32_t mechanisms = ENC_BIT(MOUNT_NAMESPACE);

	if (!enc_plan_has(w, ENC_MECH_MOUNT_NAMESPACE)) {
		enc_plan_missing(w, b, "enclosure doctor", "needs mount-namespace, which this machine lacks");
		return;
	}
	if (enc_plan_has(w, ENC_MECH_LANDLOCK))
		mechanisms |= ENC_BIT(LANDLOCK);
	enc_plan_bound(b, mechanisms, ENC_G_PREVENT);
}

static void planted(struct enc_planner *w, struct enc_binding *b, const char *link)
{
	enc_plan_missing(w, b, "replace the link by what it should be, or grant its target by name",
			 "%s is a symbolic link in a folder that runs can write: it is not followed", link);
}

static void add_grant(struct enc_planner *w, const struct enc_clause *c, bool write)
{
	struct enc_binding *b = enc_plan_add(w, c);
	size_t index = (size_t)(b - w->p->bindings);
	struct enc_resolved at;
	struct enc_grant *g;

	if (c->glob) {
		enc_plan_missing(w, b, "name folders and files", "patterns are not bound in this version");
		return;
	}
	enc_resolve(w->p->arena, c->value, true, w->writable, w->n_writable, &at);
	if (at.planted) {
		planted(w, b, at.planted);
		free(at.links);
		return;
	}
	if (!at.exists) {
		absent(w, b, &at);
		free(at.links);
		return;
	}
	/* The manifest's reader refuses these by name; a link may lead here too. */
	if (write && (is_private(at.path) || strcmp(at.path, "/") == 0)) {
		enc_plan_missing(w, b, "grant another folder", "%s leads to %s, which no run may write", c->value,
				 at.path);
		free(at.links);
		return;
	}
	if (!at.is_dir && !at.is_file && write) {
		enc_plan_missing(w, b, "grant a folder or a regular file", "%s is neither a folder nor a regular file",
				 c->value);
		free(at.links);
		return;
	}
	bind_grant(w, b);
	if (!at.is_dir && !at.is_file)
		b->note = "a socket, pipe or device: whoever sees it can talk to it";
	else if (at.is_dir && (enc_path_in(at.path, "/run")) && b->bound)
		b->note = "services listen on sockets in it: whoever sees them can talk to them";
	if (is_private(at.path) && !enc_path_in(at.path, "/sys")) {
		b->note = "the run has its own /proc and /dev";
		free(at.links);
		return;
	}
	g = ENC_PUSH(w->grants, w->n_grants);
	g->at = at;
	g->write = write;
	g->binding = index;
	if (write && at.is_dir)
		*ENC_PUSH(w->writable, w->n_writable) = at.path;
}

static int by_depth(const void *va, const void *vb)
{
	const struct enc_clause *const *a = va, *const *b = vb;
	size_t na = strlen((*a)->value), nb = strlen((*b)->value);

	if (na != nb)
		return na < nb ? -1 : 1;
	return *a < *b ? -1 : *a > *b;
}

static void add_all(struct enc_planner *w, enum enc_clause_kind kind)
{
	const struct enc_policy *policy = w->q->policy;
	const struct enc_clause **list = enc_alloc((policy->n_clauses + 1) * sizeof(*list));
	size_t n = 0;

	for (size_t i = 0; i < policy->n_clauses; i++)
		if (policy->clauses[i].kind == kind)
			list[n++] = &policy->clauses[i];
	if (n)
		qsort(list, n, sizeof(*list), by_depth);
	for (size_t i = 0; i < n; i++)
		add_grant(w, list[i], kind == ENC_CL_FS_WRITE);
	free(list);
}

/* Another grant at or above it carries it already, with the same access or more: permissions add up, and so a write in
 * a read in a write is the outermost's. (What is to be held in it is then pinned from the outermost top.) */
static bool covered(const struct enc_planner *w, const struct enc_grant *g)
{
	for (size_t i = 0; i < w->n_grants; i++) {
		const struct enc_grant *o = &w->grants[i];
		bool same = strcmp(o->at.path, g->at.path) == 0;

		if (o == g || o->write < g->write || !enc_plan_carries(o, g->at.path))
			continue;
		if (!same || o->write > g->write || o < g)
			return true;
	}
	return false;
}

/* A single file below nothing that is visible: its folder is private, and the file is kept in step by copy. */
static bool wants_sync(const struct enc_planner *w, const struct enc_grant *g)
{
	static const char *const tmps[] = {"/tmp", "/var/tmp", "/run", "/"};
	char *parent, *slash;
	bool yes;

	if (!g->write || !g->at.is_file)
		return false;
	parent = enc_arena_strdup(w->p->arena, g->at.path);
	slash = strrchr(parent, '/');
	slash[slash == parent] = '\0';
	yes = !enc_plan_grant(w, parent);
	for (size_t i = 0; i < ENC_LEN(tmps); i++)
		yes = yes && strcmp(parent, tmps[i]) != 0;
	return yes;
}

/* Grants are resolved one after the other, and a later one may turn out to make the place of a link writable. */
static void check_planted(struct enc_planner *w)
{
	for (size_t i = 0; i < w->n_grants; i++) {
		struct enc_grant *g = &w->grants[i];

		for (size_t l = 0; l < g->at.n_links; l++)
			for (size_t k = 0; k < w->n_writable; k++)
				if (strcmp(g->at.links[l].path, w->writable[k]) != 0 &&
				    enc_path_in(g->at.links[l].path, w->writable[k]))
					planted(w, &w->p->bindings[g->binding], g->at.links[l].path);
	}
}

/* Inside another grant there is no folder to make on the way: those of the host lead there, or keep the run out. */
static void check_reach(struct enc_planner *w)
{
	for (size_t i = 0; i < w->n_grants; i++) {
		const struct enc_grant *g = &w->grants[i], *in = NULL;

		for (size_t k = 0; k < w->n_grants; k++)
			if (k != i && enc_plan_carries(&w->grants[k], g->at.path) &&
			    strcmp(w->grants[k].at.path, g->at.path) != 0 &&
			    (!in || strlen(w->grants[k].at.path) > strlen(in->at.path)))
				in = &w->grants[k];
		if (g->at.exists && in && enc_plan_closed(w, g->at.path, in))
			enc_plan_missing(w, &w->p->bindings[g->binding],
					 "grant less above it, or name a user: who may go there",
					 "a folder on the way to %s is closed to %s, who runs the command", g->at.path,
					 w->p->ids.name);
	}
}

int enc_plan_grants(struct enc_planner *w, struct enc_err *e)
{
	size_t kept = 0;

	*ENC_PUSH(w->writable, w->n_writable) = w->q->policy->workspace;
	add_all(w, ENC_CL_FS_WRITE);
	add_all(w, ENC_CL_FS_READ);
	check_planted(w);
	bool *drop = enc_alloc(w->n_grants + 1);
	for (size_t i = 0; i < w->n_grants; i++)
		drop[i] = covered(w, &w->grants[i]);
	/* The links to what is covered must still be there: /bin -> usr/bin. They go along with the grant above. */
	for (size_t i = 0; i < w->n_grants; i++) {
		if (drop[i] && !w->grants[i].at.n_links)
			continue;
		w->grants[kept] = w->grants[i];
		w->grants[kept].at.exists = !drop[i];
		kept++;
	}
	w->n_grants = kept;
	free(drop);
	for (size_t i = 0; i < w->n_grants; i++) {
		struct enc_grant *g = &w->grants[i];
		struct enc_binding *b = &w->p->bindings[g->binding];

		g->sync = g->at.exists && wants_sync(w, g);
		if (!b->bound)
			continue;
		if (g->sync)
			b->note = "kept in step by copy, so that it can be replaced by rename";
		else if (g->write && g->at.is_file)
			b->note = "can be written, but not replaced by rename (EBUSY)";
	}
	check_reach(w);
	return 0;
}
