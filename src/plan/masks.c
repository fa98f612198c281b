/* SPDX-License-Identifier: MIT */
/*
 * masks.c - filesystem.deny and filesystem.protect inside what is granted
 *
 * What no grant makes visible needs no mount. Inside a grant, an existing path is masked (deny) or bound over itself
 * read-only (protect); a mount point can be neither renamed nor removed, and so that none of its ancestors can be moved
 * aside with it, each folder between it and the top of a writable grant is bound over itself too (pinned).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "plan/impl.h"

static struct enc_mount *add_mount(struct enc_planner *w, enum enc_mount_kind kind, const struct enc_resolved *at,
				   int clause)
{
	struct enc_mount *m = ENC_PUSH(w->second, w->n_second);

	m->kind = kind;
	m->path = at->path;
	m->is_dir = at->is_dir;
	m->dev = at->dev;
	m->ino = at->ino;
	m->mode = at->mode;
	m->clause = clause;
	return m;
}

static struct enc_mount *find(struct enc_planner *w, const char *path)
{
	for (size_t i = 0; i < w->n_second; i++)
		if (strcmp(w->second[i].path, path) == 0)
			return &w->second[i];
	return NULL;
}

static bool is_mask(const struct enc_mount *m)
{
	return m->kind == ENC_MT_MASK_DIR || m->kind == ENC_MT_MASK_FILE;
}

static bool masked(const struct enc_planner *w, const char *path)
{
	for (size_t i = 0; i < w->n_second; i++)
		if (is_mask(&w->second[i]) && enc_path_in(path, w->second[i].path))
			return true;
	return false;
}

static void pin(struct enc_planner *w, const char *path, const char *top)
{
	char *dir = enc_arena_strdup(w->p->arena, path);
	char *slash;

	while ((slash = strrchr(dir, '/')) && slash != dir) {
		struct enc_resolved at;

		*slash = '\0';
		if (strlen(dir) <= strlen(top))
			return;
		if (find(w, dir))
			continue;
		enc_resolve(w->p->arena, dir, false, NULL, 0, &at);
		if (at.exists && strcmp(at.path, dir) == 0)
			add_mount(w, ENC_MT_PIN, &at, -1);
	}
}

/* A grant inside the path is hidden by a mask over the path, if there is one; else it would still be there. */
static bool holds_grant(const struct enc_planner *w, const char *path)
{
	for (size_t i = 0; i < w->n_grants; i++)
		if (w->grants[i].at.exists && enc_path_in(w->grants[i].at.path, path))
			return true;
	return false;
}

static void not_there(struct enc_planner *w, struct enc_binding *b, const struct enc_resolved *at,
		      const struct enc_grant *in)
{
	const struct enc_clause *c = b->clause;

	if ((at->error == ENOENT || at->error == ENOTDIR) && c->optional) {
		enc_plan_bound(b, 0, ENC_G_PREVENT);
		b->note = "absent at the start: nothing to hold in this version";
		b->absent = in && in->write;
		return;
	}
	if (at->error == EACCES && in && !in->write) {
		enc_plan_bound(b, ENC_BIT(MOUNT_NAMESPACE), ENC_G_PREVENT);
		b->note = "its folder is closed to the user, and read-only inside";
		return;
	}
	enc_plan_missing(w, b, "create it before the run, or write {path: ..., optional: true}",
			 at->error == ENOENT
				 ? "%s is inside a grant and does not exist yet; absent paths are not bound in "
				   "this version (%s)"
				 : "%s can't be looked at: %s",
			 c->value, strerror(at->error));
}

static const char *link_in_writable(const struct enc_planner *w, const struct enc_resolved *at)
{
	for (size_t i = 0; i < at->n_links; i++) {
		const struct enc_grant *g = enc_plan_grant(w, at->links[i].path);

		if (g && g->write && strcmp(g->at.path, at->links[i].path) != 0)
			return at->links[i].path;
	}
	return NULL;
}

static void hold(struct enc_planner *w, struct enc_binding *b, const struct enc_resolved *at, bool deny,
		 const struct enc_grant *in)
{
	int index = (int)(b - w->p->bindings);
	struct enc_mount *m = find(w, at->path);

	enc_plan_bound(b, ENC_BIT(MOUNT_NAMESPACE), ENC_G_PREVENT);
	if (!enc_plan_has(w, ENC_MECH_MOUNT_NAMESPACE)) {
		enc_plan_missing(w, b, "enclosure doctor", "needs mount-namespace, which this machine lacks");
		return;
	}
	if (enc_plan_closed(w, at->path, in)) {
		b->note = "a folder above it is closed to the run's user";
		return;
	}
	if (masked(w, at->path)) {
		b->note = "hidden by another deny";
		return;
	}
	if (!deny && !in->write && !holds_grant(w, at->path)) {
		b->note = "read-only already";
		return;
	}
	if (at->linked && in->write) {
		enc_plan_missing(w, b, "give it a name of its own: cp -p FILE FILE.new && mv FILE.new FILE",
				 "%s has other names (hard links), by which a run could reach it", at->path);
		return;
	}
	if (at->linked && deny)
		b->note = "it has other names (hard links), which a grant might show";
	if (m && (is_mask(m) || (!deny && m->kind == ENC_MT_PROTECT)))
		return;
	if (!m)
		m = add_mount(w, ENC_MT_PIN, at, index);
	m->kind = !deny ? ENC_MT_PROTECT : at->is_dir ? ENC_MT_MASK_DIR : ENC_MT_MASK_FILE;
	m->clause = index;
	if (in->write)
		pin(w, at->path, in->at.path);
}

/* `.git/config` where .git is a file, as in a work tree or a submodule: whoever replaces the file makes the rest, so
 * the file is what is held. */
static bool hold_file_above(struct enc_planner *w, struct enc_binding *b, const struct enc_resolved *at)
{
	char *path = enc_arena_strdup(w->p->arena, at->path);
	struct enc_resolved up = {0};
	const struct enc_grant *in;
	char *slash;

	while (!up.exists && (slash = strrchr(path, '/')) && slash != path) {
		*slash = '\0';
		enc_resolve(w->p->arena, path, false, NULL, 0, &up);
		free(up.links);
	}
	in = up.is_file && strcmp(up.path, path) == 0 ? enc_plan_grant(w, path) : NULL;
	if (!in || !in->write || strcmp(in->at.path, path) == 0)
		return false;
	hold(w, b, &up, false, in);
	if (!b->note)
		b->note = "a file stands where its folder would be, and is held instead";
	return true;
}

/* A grant would show it, were it not for a folder that is every run's own. */
static bool in_private(const struct enc_planner *w, const char *path)
{
	for (size_t i = 0; i < w->n_grants; i++)
		if (w->grants[i].at.exists && enc_path_in(path, w->grants[i].at.path))
			return true;
	return false;
}

static void add_clause(struct enc_planner *w, const struct enc_clause *c, bool deny)
{
	struct enc_binding *b = enc_plan_add(w, c);
	struct enc_resolved at;
	const struct enc_grant *in, *named_in;
	const char *link;

	if (c->glob) {
		enc_plan_missing(w, b, "name the paths that exist", "patterns are not bound in this version");
		return;
	}
	enc_resolve(w->p->arena, c->value, false, NULL, 0, &at);
	in = enc_plan_grant(w, at.path);
	named_in = enc_plan_grant(w, c->value);
	if (!in && !named_in && !holds_grant(w, at.path)) {
		enc_plan_bound(b, ENC_BIT(MOUNT_NAMESPACE), ENC_G_PREVENT);
		if (!enc_plan_has(w, ENC_MECH_MOUNT_NAMESPACE))
			enc_plan_missing(w, b, "enclosure doctor", "needs mount-namespace, which this machine lacks");
		b->note =
			in_private(w, at.path) ? "the run has a private folder in its place" : "outside of every grant";
		goto out;
	}
	link = deny ? NULL : link_in_writable(w, &at);
	if (!at.exists && !deny && !link && at.error == ENOTDIR && hold_file_above(w, b, &at))
		goto out;
	if (!at.exists && !(link && at.error == ENOTDIR)) {
		not_there(w, b, &at, in ? in : named_in);
		goto out;
	}
	if (link) {
		enc_plan_missing(w, b, "protect what it points at by name, or replace the link by the file",
				 "%s is a symbolic link in a writable folder, which could be replaced", link);
		goto out;
	}
	if (in && in->sync && strcmp(in->at.path, at.path) == 0) {
		enc_plan_missing(w, b, "remove one of the two", "the same file is granted for writing by %s",
				 w->p->bindings[in->binding].clause->id);
		goto out;
	}
	if (!in && !holds_grant(w, at.path)) {
		enc_plan_bound(b, ENC_BIT(MOUNT_NAMESPACE), ENC_G_PREVENT);
		b->note = "its target is outside of every grant";
		goto out;
	}
	if (!in) {
		enc_plan_missing(w, b, "remove one of the two, or name what is to be held inside of the grant",
				 "%s holds what another clause grants", at.path);
		goto out;
	}
	hold(w, b, &at, deny, in);
out:
	free(at.links);
}

/* The agent can reach none of the state: record, results, trust. */
static int hide_one(struct enc_planner *w, const char *dir, struct enc_err *e)
{
	struct enc_resolved at;
	const struct enc_grant *in;

	enc_resolve(w->p->arena, dir, false, NULL, 0, &at);
	free(at.links);
	for (size_t i = 0; i < w->n_grants; i++)
		if (w->grants[i].at.exists && enc_path_in(w->grants[i].at.path, at.path)) {
			ENC_FAIL(e, EINVAL, "%s grants %s, which lies in Enclosure's own state directory",
				 w->p->bindings[w->grants[i].binding].clause->id, w->grants[i].at.path);
			return enc_err_id(e, "E0404", "remove the grant, or move the state with ENCLOSURE_STATE");
		}
	in = enc_plan_grant(w, at.path);
	if (in && in->write && (at.error == ENOENT || at.error == ENOTDIR)) {
		/* A run that can make it could put manifests there that are trusted later. */
		ENC_FAIL(e, at.error, "%s lets the run make Enclosure's state directory %s, which does not exist yet",
			 w->p->bindings[in->binding].clause->id, dir);
		return enc_err_id(e, "E0404", "grant less, or make it: mkdir -p -m 700 %s", dir);
	}
	if (!in || !at.exists || masked(w, at.path) || enc_plan_closed(w, at.path, in))
		return 0;
	add_mount(w, ENC_MT_MASK_DIR, &at, -1);
	if (in->write)
		pin(w, at.path, in->at.path);
	return 0;
}

/* Also where it is when nobody has moved it: root's, and that of the run's user. */
static int hide_state(struct enc_planner *w, struct enc_err *e)
{
	const char *users =
		enc_path_clean(w->p->arena, enc_arena_printf(w->p->arena, "%s/.local/state/enclosure", w->p->ids.home));
	const char *const dirs[] = {w->q->state_dir, "/var/lib/enclosure", users};

	for (size_t i = 0; i < ENC_LEN(dirs); i++) {
		int r = dirs[i] ? hide_one(w, dirs[i], e) : 0;

		if (r < 0)
			return r;
	}
	return 0;
}

static void add_all(struct enc_planner *w, enum enc_clause_kind kind)
{
	const struct enc_policy *policy = w->q->policy;

	for (size_t i = 0; i < policy->n_clauses; i++)
		if (policy->clauses[i].kind == kind)
			add_clause(w, &policy->clauses[i], kind == ENC_CL_FS_DENY);
}

int enc_plan_masks(struct enc_planner *w, struct enc_err *e)
{
	int r = hide_state(w, e);

	if (r < 0)
		return r;
	add_all(w, ENC_CL_FS_DENY);
	add_all(w, ENC_CL_FS_PROTECT);
	return 0;
}
