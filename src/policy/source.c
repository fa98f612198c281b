/* SPDX-License-Identifier: MIT */
/*
 * source.c - find a manifest and all that it extends, and read each file once
 *
 * A file is opened, looked at by its descriptor, read from it, and named by what the kernel says of that
 * descriptor; no path is opened twice. A manifest that was looked up is never reached through a link in its last
 * component: the agent of an earlier run may have put it there.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "policy/impl.h"

static const struct enc_builtin *find_builtin(const char *name)
{
	for (size_t i = 0; i < enc_n_builtins; i++)
		if (strcmp(enc_builtins[i].name, name) == 0)
			return &enc_builtins[i];
	return NULL;
}

static const char *nearest_builtin(const char *name)
{
	const char *names[32];
	size_t n = 0;

	for (; n < enc_n_builtins && n < ENC_LEN(names); n++)
		names[n] = enc_builtins[n].name;
	return enc_nearest(name, names, n);
}

static bool ends_in_yaml(const char *s)
{
	size_t n = strlen(s);

	return (n > 5 && strcmp(s + n - 5, ".yaml") == 0) || (n > 4 && strcmp(s + n - 4, ".yml") == 0);
}

static bool is_file_name(const char *s)
{
	return strchr(s, '/') || ends_in_yaml(s);
}

/* The source gets its tree; what is wrong with the text goes to the findings. */
static void parse(struct enc_load *l, struct enc_source *s)
{
	struct enc_node *root = NULL;

	enc_sha256_hex(s->text, s->len, s->digest);
	s->parsed = enc_yaml_parse(l->a, s->path, s->text, s->len, l->d, &root) == 0;
	s->root = root;
}

static struct enc_source *known(struct enc_load *l, const char *path)
{
	for (size_t i = 0; i < l->n_sources; i++)
		if (strcmp(l->sources[i]->path, path) == 0)
			return l->sources[i];
	return NULL;
}

static struct enc_source *open_builtin(struct enc_load *l, const struct enc_builtin *b)
{
	const char *path = enc_arena_printf(l->a, "built-in:%s", b->name);
	struct enc_source *s = known(l, path);

	if (s || l->n_sources == ENC_SOURCES_MAX)
		return s;
	s = enc_arena_alloc(l->a, sizeof(*s));
	s->path = path;
	s->builtin = true;
	s->text = enc_arena_strndup(l->a, b->text, b->len);
	s->len = b->len;
	l->sources[l->n_sources++] = s;
	parse(l, s);
	return s;
}

/* What the kernel calls the open file; it must still lead to the same one. */
static int canonical(struct enc_load *l, int fd, const struct stat *st, const char *path, const char **ret,
		     struct enc_err *e)
{
	char link[64], buf[4096];
	struct stat again;
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, buf, sizeof(buf) - 1);
	if (n < 0)
		return ENC_FAIL_ID(e, "E0302", errno, "the place of %s can't be told: %s", path, strerror(errno));
	buf[n] = '\0';
	if (lstat(buf, &again) < 0 || again.st_dev != st->st_dev || again.st_ino != st->st_ino)
		return ENC_FAIL_ID(e, "E0302", ESTALE, "%s was moved or replaced while it was read", path);
	*ret = enc_arena_strdup(l->a, buf);
	return 0;
}

static int read_all(struct enc_load *l, int fd, const char *path, struct enc_source *s, struct enc_err *e)
{
	size_t cap = ENC_MANIFEST_MAX + 1;
	enc_auto(enc_free_auto) char *buf = enc_alloc(cap);

	for (;;) {
		ssize_t n = read(fd, buf + s->len, cap - s->len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return ENC_FAIL_ID(e, "E0302", errno, "read %s: %s", path, strerror(errno));
		if (n == 0)
			break;
		s->len += (size_t)n;
		if (s->len > ENC_MANIFEST_MAX)
			return ENC_FAIL_ID(e, "E0302", EFBIG, "%s is larger than 1 MiB", path);
	}
	/* Not strndup: NUL bytes must reach the reader, which refuses them. */
	s->text = enc_arena_alloc(l->a, s->len + 1);
	memcpy(s->text, buf, s->len);
	return 0;
}

/* 0 and a source, which may be one that was read before; or a negative errno with e set and nothing kept. */
static int open_file(struct enc_load *l, const char *path, int flags, struct enc_source **ret, struct enc_err *e)
{
	struct enc_source *s = enc_arena_alloc(l->a, sizeof(*s)), *old;
	struct stat st;
	char *slash;
	int r;
	/* O_NONBLOCK: a fifo in place of the file must not hang the launcher. */
	enc_auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | flags);

	if (fd < 0 && errno == ELOOP && flags & O_NOFOLLOW)
		return ENC_FAIL_ID(e, "E0302", ELOOP, "%s is a symbolic link, which is not followed", path);
	if (fd < 0)
		return ENC_FAIL_ID(e, errno == ENOENT ? "E0301" : "E0302", errno, "open %s: %s", path, strerror(errno));
	if (fstat(fd, &st) < 0)
		return ENC_FAIL_ID(e, "E0302", errno, "stat %s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return ENC_FAIL_ID(e, "E0302", EINVAL, "%s is not a regular file", path);
	r = canonical(l, fd, &st, path, &s->path, e);
	if (r < 0)
		return r;
	old = known(l, s->path);
	if (old) {
		*ret = old;
		return 0;
	}
	if (l->n_sources == ENC_SOURCES_MAX)
		return ENC_FAIL_ID(e, "E0305", E2BIG, "more than %d files make up this manifest", ENC_SOURCES_MAX);
	r = read_all(l, fd, path, s, e);
	if (r < 0)
		return r;
	s->owner = st.st_uid;
	s->mode = st.st_mode;
	slash = strrchr(s->path, '/');
	s->dir = slash == s->path ? "/" : enc_arena_strndup(l->a, s->path, (size_t)(slash - s->path));
	s->dir_owner = stat(s->dir, &st) == 0 ? st.st_uid : (uid_t)-1;
	s->alias = strcmp(path, s->path) == 0 ? NULL : enc_path_clean(l->a, path);
	if (s->alias && strcmp(s->alias, s->path) == 0)
		s->alias = NULL;
	l->sources[l->n_sources++] = s;
	parse(l, s);
	*ret = s;
	return 0;
}

/* The directory that holds .git, cwd or above it; NULL outside of a work tree. */
static const char *git_root(struct enc_load *l, const char *cwd)
{
	char *dir = enc_arena_strdup(l->a, cwd);
	struct stat st;

	for (;;) {
		char *slash;

		if (lstat(enc_arena_printf(l->a, "%s/.git", dir), &st) == 0)
			return *dir ? dir : "/";
		slash = strrchr(dir, '/');
		if (!slash)
			return NULL;
		*slash = '\0';
	}
}

static int lookup(struct enc_load *l, const char *cwd, struct enc_source **ret)
{
	const char *top = git_root(l, cwd);
	const char *dir = cwd;

	for (;;) {
		const char *path = enc_arena_printf(l->a, "%s/%s", strcmp(dir, "/") ? dir : "", ENC_MANIFEST_NAME);
		struct stat st;
		const char *slash;

		/* Anything of that name counts: one that can't be read is an error, not a reason to look on. */
		if (lstat(path, &st) == 0) {
			l->p->found = enc_arena_printf(l->a, "%s found in %s", ENC_MANIFEST_NAME, dir);
			return open_file(l, path, O_NOFOLLOW, ret, l->e);
		}
		if (errno != ENOENT)
			return ENC_FAIL_ID(l->e, "E0302", errno, "look for %s: %s", path, strerror(errno));
		if (!top || strcmp(dir, top) == 0)
			break;
		slash = strrchr(dir, '/');
		dir = slash == dir ? "/" : enc_arena_strndup(l->a, dir, (size_t)(slash - dir));
	}
	l->p->found = "no " ENC_MANIFEST_NAME ": built-in profile coding-agent";
	*ret = open_builtin(l, find_builtin("coding-agent"));
	return 0;
}

static int named(struct enc_load *l, const char *cwd, const char *name, struct enc_source **ret)
{
	const struct enc_builtin *b = find_builtin(name);
	const char *near, *path;
	int r;

	if (b) {
		l->p->found = enc_arena_printf(l->a, "built-in profile %s, by name", name);
		*ret = open_builtin(l, b);
		return 0;
	}
	l->p->found = enc_arena_printf(l->a, "-m %s", name);
	path = *name == '/' ? name : enc_arena_printf(l->a, "%s/%s", cwd, name);
	r = open_file(l, path, 0, ret, l->e);
	if (r == -ENOENT && !is_file_name(name)) {
		near = nearest_builtin(name);
		enc_err_clear(l->e);
		ENC_FAIL(l->e, ENOENT, "there is no file and no built-in profile '%s'", name);
		if (near)
			return enc_err_id(l->e, "E0301", "did you mean '%s'?", near);
		return enc_err_id(l->e, "E0301",
				  "built-in: read-only, coding-agent, offline, claude-code, codex; or a file");
	}
	return r;
}

int enc_source_manifest(struct enc_load *l, struct enc_source **ret)
{
	enc_auto(enc_free_auto) char *cwd = realpath(l->w->cwd, NULL);
	int r;

	if (!cwd)
		return ENC_FAIL_ID(l->e, "E0302", errno, "the working directory %s: %s", l->w->cwd, strerror(errno));
	r = l->w->manifest ? named(l, cwd, l->w->manifest, ret) : lookup(l, cwd, ret);
	if (r < 0)
		return r;
	l->p->workspace = enc_arena_strdup(l->a, cwd);
	/* A manifest above the working directory is the project's and its folder the workspace; one from elsewhere
	 * (/etc, another project) says nothing about where the work is. Neither makes / or a whole home a workspace. */
	if (!(*ret)->builtin && enc_path_in(cwd, (*ret)->dir) && strcmp((*ret)->dir, "/") != 0 &&
	    (!l->w->manifest || !enc_path_in(l->w->home, (*ret)->dir)))
		l->p->workspace = (*ret)->dir;
	return 0;
}

int enc_source_ceiling(struct enc_load *l, struct enc_source **ret)
{
	struct enc_err e = {0};
	int r;

	*ret = NULL;
	r = open_file(l, l->ceiling_path, 0, ret, &e);
	if (r == -ENOENT)
		return 0;
	if (r < 0) {
		ENC_FAIL(l->e, e.code, "the ceiling can't be used: %s", e.text);
		return enc_err_id(l->e, "E0308", "mend or remove %s", l->ceiling_path);
	}
	return 0;
}

struct visit {
	struct enc_load *l;
	struct enc_order *order;
	struct enc_source *stack[ENC_EXTENDS_DEPTH + 1];
	size_t depth;
};

static void visit(struct visit *v, struct enc_source *s);

static void report_cycle(struct visit *v, const struct enc_source *s, const struct enc_node *at)
{
	struct enc_buf b = {0};
	size_t i = 0;

	while (v->stack[i] != s)
		i++;
	for (; i < v->depth; i++)
		enc_buf_printf(&b, "%s -> ", v->stack[i]->path);
	enc_load_diag(v->l, "E0304", &at->at, "extends goes in a circle: %s%s", b.s, s->path);
	enc_buf_done(&b);
}

/* One item of `extends`; NULL with a finding. */
static struct enc_source *open_parent(struct visit *v, const struct enc_source *s, const struct enc_node *at)
{
	const struct enc_builtin *b = is_file_name(at->text) ? NULL : find_builtin(at->text);
	struct enc_source *parent = NULL;
	struct enc_err e = {0};
	const char *path = at->text, *near;
	struct enc_diag *g;

	if (b)
		parent = open_builtin(v->l, b);
	if (parent)
		return parent;
	if (!is_file_name(path) || s->builtin) {
		g = enc_load_diag(v->l, "E0303", &at->at, "there is no built-in profile '%s'", path);
		near = nearest_builtin(path);
		if (near)
			enc_diag_hint(v->l->d, g, "did you mean '%s'?", near);
		else
			enc_diag_hint(v->l->d, g,
				      "built-in: read-only, coding-agent, offline, claude-code, codex; a "
				      "file is written with a '/'");
		return NULL;
	}
	if (strncmp(path, "~/", 2) == 0)
		path = enc_arena_printf(v->l->a, "%s%s", v->l->w->home, path + 1);
	else if (*path != '/')
		path = strncmp(path, "./", 2) == 0 ? path + 2 : path;
	if (*path != '/')
		path = enc_arena_printf(v->l->a, "%s/%s", strcmp(s->dir, "/") ? s->dir : "", path);
	/* A link would let what is protected and what is read be two files. */
	if (open_file(v->l, path, O_NOFOLLOW, &parent, &e) < 0)
		enc_load_diag(v->l, e.id[0] && strcmp(e.id, "E0301") ? e.id : "E0303", &at->at, "extends: %s", e.text);
	return parent;
}

static void visit_parent(struct visit *v, struct enc_source *s, const struct enc_node *at)
{
	struct enc_source *parent;

	if (at->kind != ENC_NODE_SCALAR || at->len == 0)
		return; /* check.c says so */
	parent = open_parent(v, s, at);
	if (!parent)
		return;
	for (size_t i = 0; i < v->depth; i++) {
		if (v->stack[i] == parent) {
			report_cycle(v, parent, at);
			return;
		}
	}
	if (v->depth > ENC_EXTENDS_DEPTH) {
		enc_load_diag(v->l, "E0305", &at->at, "extends is more than %d deep", ENC_EXTENDS_DEPTH);
		return;
	}
	visit(v, parent);
}

/* Parents first; a file that two others extend applies once, at its first place. */
static void visit(struct visit *v, struct enc_source *s)
{
	const struct enc_node *x = s->root && s->root->kind == ENC_NODE_MAP ? enc_node_get(s->root, "extends") : NULL;

	for (size_t i = 0; i < v->order->n; i++)
		if (v->order->v[i] == s)
			return;
	v->stack[v->depth++] = s;
	if (x && x->kind == ENC_NODE_SCALAR)
		visit_parent(v, s, x);
	for (size_t i = 0; x && x->kind == ENC_NODE_LIST && i < x->n; i++)
		visit_parent(v, s, x->items[i]);
	v->depth--;
	v->order->v[v->order->n++] = s;
}

int enc_source_chain(struct enc_load *l, struct enc_source *first, struct enc_order *ret)
{
	struct visit v = {.l = l, .order = ret};

	ret->n = 0;
	visit(&v, first);
	return 0;
}
