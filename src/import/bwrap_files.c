/* SPDX-License-Identifier: MIT */
/*
 * bwrap_files.c - bubblewrap's mounts, in their order, as path rules
 *
 * A mount hides everything that was put at or below its place before. What has no equal still hides what lies there on
 * the host: a file of another content over /etc/passwd becomes a deny of /etc/passwd, never nothing.
 */
#include <string.h>

#include "base/text.h"
#include "import/bwrap_impl.h"

/* The folders that every run has for itself, empty and writable. */
static bool is_scratch(const char *abs)
{
	return strcmp(abs, "/tmp") == 0 || strcmp(abs, "/var/tmp") == 0 || strcmp(abs, "/dev/shm") == 0;
}

static const char *absolute(struct bwrap *b, const char *s, const char *base)
{
	return enc_arena_printf(b->m.a, "%s/%s", *s == '/' ? "" : base, s);
}

static bool dots(const char *s)
{
	for (const char *p = s; (p = strstr(p, "..")); p += 2)
		if ((p == s || p[-1] == '/') && (p[2] == '\0' || p[2] == '/'))
			return true;
	return false;
}

/* What a mount at DEST hides is forgotten. False: the place can't be said in a manifest. */
static bool place(struct bwrap *b, const struct bwrap_option *o, const char *dest, const struct enc_mark *at,
		  struct imp_path *ret)
{
	const char *why = "holds '..'", *full = absolute(b, dest, "");

	if (dots(dest) || !imp_path(&b->m, "", "", full, false, ret, &why)) {
		imp_find(&b->m, ENC_IMPORT_WEAKER, at, "write the place in the manifest by hand",
			 "%s at %s has no equal: it %s", o->name, dest, why);
		return false;
	}
	for (size_t i = 0; i < b->m.n_rules; i++)
		b->m.rules[i].dead |=
			!b->m.rules[i].path.glob && !ret->glob && enc_path_in(b->m.rules[i].path.abs, ret->abs);
	return true;
}

static struct imp_rule *rule(struct bwrap *b, const struct bwrap_option *o, const struct imp_path *path,
			     enum imp_access access, const struct enc_mark *at)
{
	return imp_rule(&b->m, path, access, at, o->name);
}

/* What is mounted there is not the host's: hide the host's. */
static void hide(struct bwrap *b, const struct bwrap_option *o, const struct imp_path *path, const struct enc_mark *at)
{
	if (strcmp(path->abs, "/proc") != 0 && strcmp(path->abs, "/dev") != 0 && !is_scratch(path->abs))
		rule(b, o, path, IMP_HIDE, at);
}

void bwrap_bind(struct bwrap *b, const struct bwrap_option *o, char *const *a, const struct enc_mark *at)
{
	const char *src = dots(a[0]) ? NULL : enc_path_clean(b->m.a, absolute(b, a[0], b->m.q->cwd));
	struct imp_path path;
	struct imp_rule *r;

	if (!place(b, o, a[1], at, &path))
		return;
	if (!path.glob && src && strcmp(src, path.abs) == 0) {
		if (o->how & BW_DEV)
			imp_find(&b->m, ENC_IMPORT_DROPPED, at, NULL,
				 "%s %s: devices in it can't be opened; every run has a /dev of its own", o->name,
				 a[1]);
		if (enc_path_in(path.abs, "/dev") && o->how & BW_DEV)
			return;
		r = rule(b, o, &path, o->how & BW_RW ? IMP_WRITE : IMP_READ, at);
		r->optional = o->how & BW_TRY;
		return;
	}
	hide(b, o, &path, at);
	if (path.glob)
		imp_find(&b->m, ENC_IMPORT_DROPPED, at, NULL, "%s %s: a name with * ? [ or $ can't be granted yet",
			 o->name, a[1]);
	else if (!src || strcmp(src, "/dev/null") != 0)
		imp_find(&b->m, ENC_IMPORT_DROPPED, at, "grant the source, and let the command use its name",
			 "%s %s %s: nothing is shown under another name; what the host has at %s is not shown either",
			 o->name, a[0], a[1], a[1]);
}

void bwrap_size(struct bwrap *b, const struct bwrap_option *o, char *const *a, const struct enc_mark *at)
{
	b->sized = true;
}

void bwrap_tmpfs(struct bwrap *b, const struct bwrap_option *o, char *const *a, const struct enc_mark *at)
{
	bool sized = b->sized;
	struct imp_path path;

	b->sized = false;
	if (!place(b, o, a[0], at, &path))
		return;
	hide(b, o, &path, at);
	if (is_scratch(path.abs)) {
		if (sized)
			imp_find(&b->m, ENC_IMPORT_APPROXIMATE, at, "limits: {memory: ...} bounds the whole run",
				 "--size of %s has no equal", a[0]);
	} else if (strcmp(path.abs, "/") != 0) {
		imp_find(&b->m, ENC_IMPORT_TIGHTENED, at, "let the command write in /tmp or in its home",
			 "%s %s: what the host has there is not shown, and nothing can be written there", o->name,
			 a[0]);
	}
}

/* --proc, --dev, --mqueue: at their usual place they are there anyway. */
void bwrap_own(struct bwrap *b, const struct bwrap_option *o, char *const *a, const struct enc_mark *at)
{
	struct imp_path path;

	if (!place(b, o, a[0], at, &path))
		return;
	if (strcmp(path.abs, o->say) == 0 && strcmp(o->name, "--mqueue") != 0)
		return;
	hide(b, o, &path, at);
	imp_find(&b->m, ENC_IMPORT_DROPPED, at, NULL, "%s %s has no equal: nothing is mounted there", o->name, a[0]);
}

/* Content from a descriptor. */
void bwrap_mask(struct bwrap *b, const struct bwrap_option *o, char *const *a, const struct enc_mark *at)
{
	struct imp_path path;

	if (!place(b, o, a[1], at, &path))
		return;
	hide(b, o, &path, at);
	imp_find(&b->m, ENC_IMPORT_DROPPED, at, NULL,
		 "%s at %s has no equal: nothing is put there, and what the host has there is not shown", o->name,
		 a[1]);
}

void bwrap_dir(struct bwrap *b, const struct bwrap_option *o, char *const *a, const struct enc_mark *at)
{
	const char *abs = enc_path_clean(b->m.a, absolute(b, a[0], ""));

	/* In what is bound from the host it is there already, or made there, which is no matter of the run. */
	if (abs && !is_scratch(abs) && imp_access_at(&b->m, abs) == IMP_HIDE)
		imp_find(&b->m, ENC_IMPORT_DROPPED, at, NULL, "%s %s has no equal: no empty folder is made", o->name,
			 a[0]);
}

/* /bin -> usr/bin, as every system with a merged /usr has it: what the host has there is the same. */
static bool is_merged(const struct bwrap *b, const char *target, const char *abs)
{
	static const char *const names[] = {"/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"};

	for (size_t i = 0; i < ENC_LEN(names) && b->m.q->merged_usr; i++)
		if (strcmp(abs, names[i]) == 0)
			return strncmp(target + (*target == '/'), "usr", 3) == 0 &&
			       strcmp(target + (*target == '/') + 3, abs) == 0;
	return false;
}

void bwrap_symlink(struct bwrap *b, const struct bwrap_option *o, char *const *a, const struct enc_mark *at)
{
	const char *abs = dots(a[1]) ? NULL : enc_path_clean(b->m.a, absolute(b, a[1], ""));
	const struct imp_path path = {.abs = abs, .shown = abs};
	const char *target = abs ? enc_arena_printf(b->m.a, "/usr%s", abs) : NULL;

	if (abs && is_merged(b, a[0], abs) && imp_access_at(&b->m, target) >= IMP_READ) {
		rule(b, o, &path, IMP_READ, at)->optional = true;
		return;
	}
	imp_find(&b->m, ENC_IMPORT_DROPPED, at, "grant the target, and let the command use its name",
		 "%s %s %s has no equal: no link is made", o->name, a[0], a[1]);
}

void bwrap_remount(struct bwrap *b, const struct bwrap_option *o, char *const *a, const struct enc_mark *at)
{
	const char *abs = dots(a[0]) ? NULL : enc_path_clean(b->m.a, absolute(b, a[0], ""));

	if (!abs) {
		imp_find(&b->m, ENC_IMPORT_WEAKER, at, NULL, "%s %s has no equal: it holds '..'", o->name, a[0]);
		return;
	}
	for (size_t i = 0; i < b->m.n_rules; i++) {
		struct imp_rule *r = &b->m.rules[i];

		if (!r->dead && r->access == IMP_WRITE && (r->path.glob || strcmp(r->path.abs, abs) == 0))
			r->access = IMP_READ;
	}
	if (is_scratch(abs))
		imp_find(&b->m, ENC_IMPORT_APPROXIMATE, at, NULL, "%s %s: the run's own %s can be written", o->name,
			 a[0], abs);
}

void bwrap_overlay_src(struct bwrap *b, const struct bwrap_option *o, char *const *a, const struct enc_mark *at)
{
	*ENC_PUSH(b->overlay, b->n_overlay) = dots(a[0]) ? "" : enc_path_clean(b->m.a, absolute(b, a[0], b->m.q->cwd));
}

/* One layer in its own place can be read; everything else is a tree of another name. */
void bwrap_overlay(struct bwrap *b, const struct bwrap_option *o, char *const *a, const struct enc_mark *at)
{
	const char *dest = a[o->how], *src = b->n_overlay == 1 ? b->overlay[0] : "";
	struct imp_path path;
	size_t n = b->n_overlay;

	for (size_t i = 0; i < n; i++)
		b->overlay[i] = "";
	b->n_overlay = 0;
	if (!place(b, o, dest, at, &path))
		return;
	if (n == 1 && !path.glob && o->how == 0 && strcmp(src, path.abs) == 0) {
		rule(b, o, &path, IMP_READ, at);
		if (strcmp(o->name, "--ro-overlay") != 0)
			imp_find(&b->m, ENC_IMPORT_TIGHTENED, at, "filesystem: {workspace: overlay}",
				 "%s %s can be read and not written", o->name, dest);
		return;
	}
	hide(b, o, &path, at);
	imp_find(&b->m, ENC_IMPORT_DROPPED, at, NULL,
		 "%s at %s has no equal: neither its layers nor what the host has there is shown", o->name, dest);
}
