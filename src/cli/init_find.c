/* SPDX-License-Identifier: MIT */
/*
 * init_find.c - a project by the names in it
 *
 * One walk, by descriptors, without following a link or crossing to another file system, and bounded: a tree can be
 * deep, wide or hostile. Nothing is opened but folders.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "base/utf8.h"
#include "cli/init.h"

#define DEPTH_MAX   8
#define KIT_DEPTH   3 /* a monorepo's packages/NAME/package.json, and no deeper */
#define ENTRIES_MAX 100000
#define LISTED_MAX  256

struct walk {
	struct init_found *f;
	dev_t dev;
	size_t entries;
	char path[4096]; /* of the folder that is read, in the project, with a slash at its end */
};

static void hit(struct init_found *f, const struct init_kit *kit, const char *evidence)
{
	struct init_hit *h;

	for (size_t i = 0; i < f->n_hits; i++)
		if (f->hits[i].kit == kit)
			return;
	h = ENC_PUSH(f->hits, f->n_hits);
	h->kit = kit;
	h->evidence = enc_arena_strdup(f->arena, evidence);
}

static void match_kits(struct walk *w, const char *name, const char *path)
{
	for (size_t i = 0; i < init_n_kits; i++)
		for (size_t k = 0; k < ENC_LEN(init_kits[i].files) && init_kits[i].files[k]; k++)
			if (init_like(init_kits[i].files[k], name))
				hit(w->f, &init_kits[i], path);
}

/* Does the path end with these components? */
static bool ends_with(const char *path, const char *end)
{
	size_t n = strlen(path), m = strlen(end);

	return n >= m && strcmp(path + n - m, end) == 0 && (n == m || path[n - m - 1] == '/');
}

static void add_later(struct init_found *f, const char *path, const char *why)
{
	struct init_note *n;

	if (f->n_later == LISTED_MAX) {
		f->cut = true;
		return;
	}
	n = ENC_PUSH(f->later, f->n_later);
	n->path = enc_arena_strdup(f->arena, path);
	n->why = why;
}

static void match_later(struct walk *w, const char *path)
{
	for (size_t i = 0; i < init_n_later; i++) {
		if (!ends_with(path, init_later[i].path))
			continue;
		add_later(w->f, path, init_later[i].why);
		return;
	}
	for (size_t i = 0; i < init_n_kits; i++) {
		for (size_t k = 0; k < ENC_LEN(init_kits[i].protect) && init_kits[i].protect[k].path; k++) {
			if (!ends_with(path, init_kits[i].protect[k].path))
				continue;
			add_later(w->f, path, init_kits[i].protect[k].why);
			return;
		}
	}
}

/* By its text alone: does this link stay in the project? What it names may be a link again; that is not asked. */
static bool stays_inside(struct walk *w, int dir, const char *name)
{
	char target[4096];
	ssize_t n = readlinkat(dir, name, target, sizeof(target) - 1);
	const char *clean;

	if (n <= 0)
		return false;
	target[n] = '\0';
	if (target[0] == '/')
		clean = enc_path_clean(w->f->arena, target);
	else
		clean = enc_path_clean(w->f->arena,
				       enc_arena_printf(w->f->arena, "%s/%s%s", w->f->root, w->path, target));
	return clean && enc_path_in(clean, w->f->root);
}

/* What a manifest can say: no pattern, no variable, and nothing that YAML or a terminal takes for more than a letter.
 */
static bool can_be_named(const char *path)
{
	if (!enc_utf8_ok(path, strlen(path)) || strpbrk(path, "*?[\\$"))
		return false;
	for (const unsigned char *p = (const unsigned char *)path; *p; p++)
		if (*p < 0x20 || *p == 0x7f || (*p == 0xc2 && p[1] < 0xa0) || /* C1 controls, NEL among them */
		    (*p == 0xe2 && (p[1] == 0x80 || p[1] == 0x81)) ||	      /* U+2000-207F: line ends, directions */
		    (*p == 0xef && p[1] == 0xbb && p[2] == 0xbf))
			return false;
	return true;
}

static void add_secret(struct walk *w, int dir, const char *name, const char *path, const char *why, bool fixture,
		       bool link)
{
	struct init_found *f = w->f;
	struct init_secret *s;

	if (f->n_secrets == LISTED_MAX) {
		f->cut = true;
		return;
	}
	s = ENC_PUSH(f->secrets, f->n_secrets);
	s->path = enc_arena_strdup(f->arena, path);
	s->why = why;
	if (!can_be_named(path))
		s->state = INIT_UNNAMED;
	else if (link && !stays_inside(w, dir, name))
		s->state = INIT_OUTSIDE;
	else
		s->state = fixture && init_fixture(path) ? INIT_FIXTURE : INIT_DENIED;
}

static void walk_dir(struct walk *w, int fd, int depth);

/* A repository in the project: its hooks are run by git just as the project's own; a .git file leads to them. */
static void nested_git(struct walk *w, const char *path, bool dir)
{
	if (!dir) {
		add_later(w->f, path, "leads git to its hooks");
		return;
	}
	add_later(w->f, enc_arena_printf(w->f->arena, "%s/hooks", path), "hooks of git");
	add_later(w->f, enc_arena_printf(w->f->arena, "%s/config", path), "names programs that git runs");
}

static void enter(struct walk *w, int dir, const char *name, int depth)
{
	size_t len = strlen(w->path);
	struct stat st;
	int fd;

	if (init_skipped(name))
		return;
	if (depth + 1 > DEPTH_MAX) {
		w->f->cut = true;
		return;
	}
	fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st) < 0 || st.st_dev != w->dev) {
		/* What can't be read by us can't be read by the run; another file system is another matter. */
		w->f->cut |= fd >= 0;
		if (fd >= 0)
			close(fd);
		return;
	}
	snprintf(w->path + len, sizeof(w->path) - len, "%s/", name);
	walk_dir(w, fd, depth + 1);
	w->path[len] = '\0';
}

static void look_at(struct walk *w, int dir, const char *name, int depth)
{
	char path[4096];
	const char *why;
	struct stat st;
	bool fixture;

	if (snprintf(path, sizeof(path), "%s%s", w->path, name) >= (int)sizeof(path) - 1 ||
	    fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return;
	if (depth <= KIT_DEPTH)
		match_kits(w, name, path);
	why = init_secret_name(name, S_ISDIR(st.st_mode), &fixture);
	if (why) {
		add_secret(w, dir, name, path, why, fixture, S_ISLNK(st.st_mode));
		return;
	}
	if (can_be_named(path) && !S_ISLNK(st.st_mode)) {
		match_later(w, path);
		if (depth > 0 && strcmp(name, ".git") == 0)
			nested_git(w, path, S_ISDIR(st.st_mode));
	}
	if (S_ISDIR(st.st_mode))
		enter(w, dir, name, depth);
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* Takes fd. Sorted, so that the same project gives the same manifest. */
static void walk_dir(struct walk *w, int fd, int depth)
{
	struct dirent **names = NULL;
	int n = scandirat(fd, ".", &names, NULL, by_name);

	for (int i = 0; i < n; i++) {
		const char *name = names[i]->d_name;

		if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0) {
			if (++w->entries <= ENTRIES_MAX)
				look_at(w, fd, name, depth);
			else
				w->f->cut = true;
		}
		free(names[i]);
	}
	free(names);
	close(fd);
}

/* The work tree that cwd is in. A .git above that belongs to somebody else is not ours to obey: /tmp/.git. */
static const char *find_root(struct enc_arena *a, const char *cwd, bool *ret_git)
{
	char *dir = enc_arena_strdup(a, cwd);
	struct stat own, st, top;

	*ret_git = false;
	if (stat(cwd, &own) < 0)
		return cwd;
	for (;;) {
		char *slash;

		if (lstat(enc_arena_printf(a, "%s/.git", dir), &st) == 0 && stat(*dir ? dir : "/", &top) == 0 &&
		    (top.st_uid == own.st_uid || top.st_uid == geteuid()) && st.st_uid == top.st_uid) {
			*ret_git = true;
			return *dir ? dir : "/";
		}
		slash = strrchr(dir, '/');
		if (!slash)
			return cwd;
		*slash = '\0';
	}
}

static const char *find_program(struct enc_arena *a, const char *path, const char *name)
{
	for (const char *p = path; p && *p;) {
		size_t n = strcspn(p, ":");
		const char *file = enc_arena_printf(a, "%.*s/%s", (int)n, p, name);

		if (*p == '/' && access(file, X_OK) == 0)
			return file;
		p += n + (p[n] == ':');
	}
	return NULL;
}

static int by_kit(const void *a, const void *b)
{
	const struct init_hit *x = a, *y = b;

	return (x->kit > y->kit) - (x->kit < y->kit);
}

static const struct init_hit *hit_of(const struct init_found *f, const struct init_kit *kit)
{
	for (size_t i = 0; i < f->n_hits; i++)
		if (f->hits[i].kit == kit)
			return &f->hits[i];
	return NULL;
}

/* What the project is set up for wins over what is installed; the first of the table wins among equals. */
static void choose_agent(struct init_found *f, const char *asked, const char *path)
{
	for (int programs = 0; programs < 2; programs++) {
		for (size_t i = 0; i < init_n_kits; i++) {
			const struct init_kit *kit = &init_kits[i];
			const char *program;

			if (kit->kind != INIT_AGENT)
				continue;
			program = programs ? find_program(f->arena, path, kit->program) : NULL;
			if (program)
				hit(f, kit, program);
			if (asked ? strcmp(asked, kit->profile) == 0 : !f->agent && hit_of(f, kit))
				f->agent = kit;
		}
	}
}

int init_find(struct enc_arena *a, const char *cwd, const char *agent, const char *path, struct init_found *ret,
	      struct enc_err *e)
{
	struct walk w = {.f = ret};
	struct stat st;
	int fd;

	memset(ret, 0, sizeof(*ret));
	ret->arena = a;
	ret->root = find_root(a, cwd, &ret->git);
	fd = open(ret->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0) {
		int code = errno;

		if (fd >= 0)
			close(fd);
		ENC_FAIL(e, code, "open %s: %s", ret->root, strerror(code));
		return enc_err_id(e, "E0302", "change to a project that can be read");
	}
	w.dev = st.st_dev;
	walk_dir(&w, fd, 0);
	choose_agent(ret, agent, path);
	if (ret->n_hits)
		qsort(ret->hits, ret->n_hits, sizeof(*ret->hits), by_kit);
	return 0;
}

void init_found_done(struct init_found *f)
{
	free(f->hits);
	free(f->secrets);
	free(f->later);
}
