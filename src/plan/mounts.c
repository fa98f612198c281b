/* SPDX-License-Identifier: MIT */
/*
 * mounts.c - the new root, in the order in which the launcher builds it
 *
 * First what is granted and the private folders, the shallow before the deep; then pins, protections and masks, again
 * the shallow before the deep, so that a pin (which takes along what is mounted below it) comes before what it pins.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/user.h"
#include "plan/impl.h"

#define NOBODY "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n"

static struct enc_mount *add(struct enc_planner *w, enum enc_mount_kind kind, const char *path)
{
	struct enc_mount *m = ENC_PUSH(w->first, w->n_first);

	m->kind = kind;
	m->path = path;
	m->clause = -1;
	return m;
}

static bool shown(const struct enc_planner *w, const char *path)
{
	for (size_t i = 0; i < w->n_grants; i++)
		if (!w->grants[i].sync && enc_plan_carries(&w->grants[i], path))
			return true;
	return false;
}

static bool has(const struct enc_planner *w, const char *path)
{
	for (size_t i = 0; i < w->n_first; i++)
		if (strcmp(w->first[i].path, path) == 0)
			return true;
	return false;
}

static void put_scratch(struct enc_planner *w, const char *path, unsigned mode)
{
	struct enc_mount *m;

	/* A HOME of /proc must not cover the run's own. */
	if (has(w, path) || strcmp(path, "/") == 0 || enc_path_in(path, "/proc") || enc_path_in(path, "/sys") ||
	    enc_path_in(path, "/dev"))
		return;
	m = add(w, ENC_MT_SCRATCH, path);
	m->is_dir = true;
	m->mode = mode;
}

static void add_scratch(struct enc_planner *w, const char *path, unsigned mode)
{
	if (!shown(w, path))
		put_scratch(w, path, mode);
}

static const char *parent_of(struct enc_planner *w, const char *path)
{
	char *parent = enc_arena_strdup(w->p->arena, path);
	char *slash = strrchr(parent, '/');

	slash[slash == parent] = '\0';
	return parent;
}

static void add_links(struct enc_planner *w, const struct enc_resolved *at)
{
	for (size_t i = 0; i < at->n_links; i++)
		if (!shown(w, at->links[i].path) && !has(w, at->links[i].path))
			add(w, ENC_MT_LINK, at->links[i].path)->target = at->links[i].target;
}

/* A borrowed id owns nothing: what is granted for writing is mapped to it, and so is what only its owner can read.
 * What others may read stays as it is: an /etc/shadow inside a granted /etc stays closed. */
bool enc_plan_wants_idmap(const struct enc_planner *w, const struct enc_grant *g)
{
	unsigned open = g->at.is_dir ? 05 : 04;

	return w->p->ids.borrowed && (g->write || (g->at.mode & open) != open);
}

static bool is_overlay(const struct enc_planner *w, const struct enc_grant *g)
{
	return g->write && w->p->overlay && strcmp(g->at.path, w->p->overlay) == 0;
}

static void add_grant(struct enc_planner *w, const struct enc_grant *g)
{
	struct enc_mount *m;

	add_links(w, &g->at);
	if (!g->at.exists)
		return;
	if (g->sync)
		add_scratch(w, parent_of(w, g->at.path), 0700);
	m = add(w,
		g->sync		   ? ENC_MT_FILE_SYNC
		: is_overlay(w, g) ? ENC_MT_OVERLAY
		: g->write	   ? ENC_MT_BIND_RW
				   : ENC_MT_BIND_RO,
		g->at.path);
	m->is_dir = g->at.is_dir;
	m->dev = g->at.dev;
	m->ino = g->at.ino;
	m->mode = g->at.mode;
	m->uid = g->at.uid;
	m->gid = g->at.gid;
	m->clause = (int)g->binding;
	m->idmap = !g->sync && enc_plan_wants_idmap(w, g);
	if (m->idmap && w->p->bindings[g->binding].bound)
		w->p->bindings[g->binding].mechanisms |= ENC_BIT(IDMAP);
}

static void check_idmap(struct enc_planner *w)
{
	for (size_t i = 0; i < w->n_first; i++) {
		const struct enc_mount *m = &w->first[i];

		if (m->idmap && !enc_plan_has(w, ENC_MECH_IDMAP))
			enc_plan_missing(w, &w->p->bindings[m->clause], "name a user: in the manifest, or use sudo",
					 "the command runs as an unused id, which needs idmapped mounts, and this "
					 "machine lacks them");
	}
}

static bool denied(const struct enc_planner *w, const char *path)
{
	const struct enc_policy *policy = w->q->policy;
	bool yes = false;

	for (size_t i = 0; i < policy->n_clauses && !yes; i++) {
		const struct enc_clause *c = &policy->clauses[i];
		struct enc_resolved at;

		if (c->kind != ENC_CL_FS_DENY || c->glob)
			continue;
		enc_resolve(w->p->arena, c->value, false, NULL, 0, &at);
		free(at.links);
		yes = enc_path_in(path, c->value) || enc_path_in(path, at.path);
	}
	return yes;
}

static void add_text(struct enc_planner *w, const char *path, const char *text)
{
	size_t kept = 0;

	if (denied(w, path))
		return; /* denied is denied, and the mask expects the host's file there */
	add(w, ENC_MT_TEXT, path)->target = text;
	/* It is read-only and a mount: a protect of the host's file asks for no more, and would look for that file. */
	for (size_t i = 0; i < w->n_second; i++)
		if (w->second[i].kind != ENC_MT_PROTECT || strcmp(w->second[i].path, path) != 0)
			w->second[kept++] = w->second[i];
	w->n_second = kept;
}

/* A field of passwd(5): what would end it, or the line, is not in it. */
static const char *field(const char *s)
{
	for (const char *c = s; *c; c++)
		if (*c == ':' || (unsigned char)*c < 0x20 || *c == 0x7f)
			return "/";
	return s;
}

/* A run whose user has no entry of its own still needs a name, or programs such as ssh, git and node give up. */
static void add_names(struct enc_planner *w)
{
	const struct enc_ids *ids = &w->p->ids;
	bool root = ids->inside_uid == 0;
	struct enc_user u;

	if (!ids->borrowed && enc_user_by_uid(w->p->arena, ids->uid, &u) == 1)
		return;
	add_text(w, "/etc/passwd",
		 root ? enc_plan_text(w, "root:x:0:0:root:%s:%s\n" NOBODY, field(ids->home), field(ids->shell))
		      : enc_plan_text(w, "root:x:0:0:root:/nonexistent:/usr/sbin/nologin\n%s:x:%u:%u:%s:%s:%s\n" NOBODY,
				      ids->name, ids->inside_uid, ids->inside_gid, ids->name, field(ids->home),
				      field(ids->shell)));
	add_text(w, "/etc/group",
		 ids->inside_gid == 0
			 ? "root:x:0:\nnogroup:x:65534:\n"
			 : enc_plan_text(w, "root:x:0:\n%s:x:%u:\nnogroup:x:65534:\n", ids->name, ids->inside_gid));
}

/* Names are looked up by /etc/resolv.conf, which often is a link to a file that nothing grants. */
static void add_resolver(struct enc_planner *w)
{
	struct enc_resolved at;
	struct enc_mount *m;

	if (w->p->net_none)
		return;
	enc_resolve(w->p->arena, "/etc/resolv.conf", true, w->writable, w->n_writable, &at);
	if (at.exists && at.is_file && !shown(w, at.path) && !has(w, at.path) && !denied(w, at.path) &&
	    !denied(w, "/etc/resolv.conf")) {
		add_links(w, &at);
		m = add(w, ENC_MT_BIND_RO, at.path);
		m->dev = at.dev;
		m->ino = at.ino;
		m->mode = at.mode;
	}
	free(at.links);
}

static int by_path(const void *va, const void *vb)
{
	const struct enc_mount *a = va, *b = vb;
	size_t na = 0, nb = 0;

	for (const char *s = a->path; *s; s++)
		na += *s == '/';
	for (const char *s = b->path; *s; s++)
		nb += *s == '/';
	if (strcmp(a->path, "/") == 0 || strcmp(b->path, "/") == 0)
		return strcmp(a->path, "/") == 0 ? -(strcmp(b->path, "/") != 0) : 1;
	if (na != nb)
		return na < nb ? -1 : 1;
	/* The same path twice: what is generated goes on top. */
	return strcmp(a->path, b->path) ? strcmp(a->path, b->path) : (int)a->kind - (int)b->kind;
}

/* Below a mask there is nothing left to hold, whichever of the two came first. The shallow stand before the deep. */
static void drop_masked(struct enc_planner *w)
{
	size_t kept = 0;

	for (size_t i = 0; i < w->n_second; i++) {
		bool under = false;

		for (size_t k = 0; k < kept; k++)
			under = under || (w->second[k].kind == ENC_MT_MASK_DIR &&
					  enc_path_in(w->second[i].path, w->second[k].path));
		if (!under)
			w->second[kept++] = w->second[i];
	}
	w->n_second = kept;
}

static int check_cwd(struct enc_planner *w, struct enc_err *e)
{
	const char *cwd = w->q->cwd;
	struct enc_resolved at;
	bool ok;

	enc_resolve(w->p->arena, cwd, false, NULL, 0, &at);
	free(at.links);
	ok = at.exists && (shown(w, at.path) || has(w, at.path));
	for (size_t i = 0; i < w->n_second; i++)
		if ((w->second[i].kind == ENC_MT_MASK_DIR) && enc_path_in(at.path, w->second[i].path))
			ok = false;
	if (!ok) {
		ENC_FAIL(e, ENOENT, "the working directory %s is not visible inside: no grant shows it", cwd);
		return enc_err_id(e, "E0402", "change into a granted folder, or grant it: filesystem: {write: [%s]}",
				  cwd);
	}
	w->p->cwd = at.path;
	return 0;
}

/* `read: [/]` shows a /root that is closed to whoever root starts: of no use, and programs need a home. */
static bool is_closed_home(const struct enc_planner *w, const struct enc_resolved *home)
{
	const struct enc_grant *g = enc_plan_grant(w, home->path);

	return g && strcmp(g->at.path, home->path) != 0 && home->exists && home->is_dir &&
	       !enc_plan_wants_idmap(w, g) && home->uid != w->p->ids.uid && home->gid != w->p->ids.gid &&
	       (home->mode & 05) == 0;
}

static void add_home(struct enc_planner *w)
{
	struct enc_resolved home;

	enc_resolve(w->p->arena, w->p->ids.home, false, NULL, 0, &home);
	if (is_closed_home(w, &home))
		put_scratch(w, home.path, 0700);
	else
		add_scratch(w, home.path, 0700);
	add_links(w, &home);
	free(home.links);
}

int enc_plan_mounts(struct enc_planner *w, struct enc_err *e)
{
	struct enc_plan *p = w->p;

	add_home(w);
	for (size_t i = 0; i < w->n_grants; i++)
		add_grant(w, &w->grants[i]);
	add_names(w);
	add_resolver(w);
	check_idmap(w);
	if (w->n_first > 1)
		qsort(w->first, w->n_first, sizeof(*w->first), by_path);
	if (w->n_second > 1)
		qsort(w->second, w->n_second, sizeof(*w->second), by_path);
	drop_masked(w);
	p->n_mounts = w->n_first + w->n_second;
	p->mounts = enc_arena_alloc(p->arena, (p->n_mounts + 1) * sizeof(*p->mounts));
	if (w->n_first)
		memcpy(p->mounts, w->first, w->n_first * sizeof(*w->first));
	if (w->n_second)
		memcpy(p->mounts + w->n_first, w->second, w->n_second * sizeof(*w->second));
	return check_cwd(w, e);
}
