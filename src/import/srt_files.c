/* SPDX-License-Identifier: MIT */
/*
 * srt_files.c - srt's `filesystem` and `credentials`
 *
 * Order of the rules: reads everywhere, denyRead, allowWrite, allowRead where nothing can be written, denyWrite where
 * it lies in an allowWrite, the names that srt always protects. Precedence between read and write is srt's: allowRead
 * wins over an equal denyRead, denyWrite wins over every allowWrite at or below it.
 */
#include <string.h>

#include "base/text.h"
#include "import/srt_impl.h"

struct entry {
	struct imp_path path;
	const struct enc_node *at;
	const char *from;
	bool workspace; /* "." */
};
struct entries {
	struct entry *v;
	size_t n;
};

enum use { DENY_READ, ALLOW_READ, ALLOW_WRITE, DENY_WRITE };

static bool magic(const char *s)
{
	return strpbrk(s, "*?[") != NULL;
}

static void cannot(struct srt *s, enum use use, const struct enc_node *n, const char *from, const char *why)
{
	bool deny = use == DENY_READ || use == DENY_WRITE;

	imp_find(&s->m, deny ? ENC_IMPORT_WEAKER : ENC_IMPORT_DROPPED, &n->at, "name the path in the manifest by hand",
		 "%s has no equal: it %s", from, why);
}

static void put(struct srt *s, struct entries *out, const struct imp_path *path, const struct enc_node *n,
		const char *from)
{
	struct entry *v;

	if (out->n == 1000) {
		if (!s->m.errors->n)
			imp_error(&s->m, "E0105", &n->at, "import a part of it", "%s: more than 1000 entries", from);
		return;
	}
	if ((out->n & (out->n - 1)) == 0) { /* a power of two: it is full */
		v = enc_arena_alloc(s->m.a, (out->n ? out->n * 2 : 1) * sizeof(*v));
		if (out->n)
			memcpy(v, out->v, out->n * sizeof(*v));
		out->v = v;
	}
	v = &out->v[out->n++];
	v->path = *path;
	v->at = n;
	v->from = from;
	v->workspace = strcmp(path->shown, "$WORKSPACE") == 0;
}

/* Each bracket expression as `?`, or each bracket as `?`: both match all that either reading of it does. */
static const char *widen(struct srt *s, const char *raw, bool whole)
{
	char *out = enc_arena_alloc(s->m.a, strlen(raw) + 1), *to = out;

	for (; *raw; raw++) {
		const char *close = *raw == '[' ? strchr(raw + 1 + (raw[1] != '\0'), ']') : NULL;

		if (whole && close && !memchr(raw, '/', (size_t)(close - raw))) {
			*to++ = '?';
			raw = close;
			continue;
		}
		*to++ = strchr("[]", *raw) ? '?' : *raw;
	}
	return out;
}

/* `**` beside other text crosses folders in srt's patterns and not in ours. */
static bool glued(const char *raw)
{
	for (const char *p = raw; (p = strstr(p, "**")); p += 2)
		if ((p != raw && p[-1] != '/') || (p[2] && p[2] != '/'))
			return true;
	return false;
}

static void add_pattern(struct srt *s, enum use use, const char *raw, const struct enc_node *n, const char *from,
			struct entries *out)
{
	struct imp_path path;
	const char *why = "is a pattern with ** beside other text";

	if (use == ALLOW_READ || use == ALLOW_WRITE) {
		cannot(s, use, n, from, "is a pattern, which no version of a manifest's grant can bind yet");
		return;
	}
	if (glued(raw)) {
		cannot(s, use, n, from, why);
		return;
	}
	if (strchr(raw, '[')) {
		imp_find(&s->m, ENC_IMPORT_TIGHTENED, &n->at, NULL,
			 "%s: brackets are read in two ways by srt; each is taken for any character", from);
		if (imp_path_usual(&s->m, widen(s, raw, false), true, &path, &why))
			put(s, out, &path, n, from);
		raw = widen(s, raw, true);
	}
	if (!imp_path_usual(&s->m, raw, true, &path, &why)) {
		cannot(s, use, n, from, why);
		return;
	}
	put(s, out, &path, n, from);
	imp_find(&s->m, ENC_IMPORT_NOTE, &n->at, "name what exists, if the plan refuses patterns",
		 "%s is a pattern: srt holds what matches when the command starts, the manifest what matches at any "
		 "time",
		 from);
}

static void add_text(struct srt *s, enum use use, const char *raw, bool literal, const struct enc_node *n,
		     const char *from, struct entries *out)
{
	size_t len = strlen(raw);
	struct imp_path path;
	const char *why;

	/* What is below src, all of it, is src. */
	if (!literal && len > 3 && strcmp(raw + len - 3, "/**") == 0) {
		const char *head = enc_arena_strndup(s->m.a, raw, len - 3);

		if (!magic(head))
			raw = head;
	}
	if (!literal && magic(raw)) {
		add_pattern(s, use, raw, n, from, out);
		return;
	}
	if (!imp_path_usual(&s->m, raw, false, &path, &why))
		cannot(s, use, n, from, why);
	else if (path.glob && (use == ALLOW_READ || use == ALLOW_WRITE))
		cannot(s, use, n, from, "has a name with * ? [ or $ in it, which a manifest's grant can't bind yet");
	else
		put(s, out, &path, n, from);
}

/* A text, or {"path": TEXT, "literal": true}. */
static void add_entry(struct srt *s, enum use use, const struct enc_node *n, const char *from, struct entries *out)
{
	bool literal = false;

	if (n->kind != ENC_NODE_MAP) {
		if (srt_text(s, from, n))
			add_text(s, use, n->text, false, n, from, out);
		return;
	}
	if (n->n != 2 || !enc_node_get(n, "path") || !enc_node_get(n, "literal") ||
	    !srt_bool(s, from, enc_node_get(n, "literal"), &literal) || !literal ||
	    !srt_text(s, from, enc_node_get(n, "path"))) {
		imp_error(&s->m, "E0902", &n->at, "{\"path\": \"...\", \"literal\": true}", "%s is not a path", from);
		return;
	}
	add_text(s, use, enc_node_str(n, "path"), true, n, from, out);
}

static struct entries list_of(struct srt *s, const struct enc_node *fs, const char *key, enum use use)
{
	const struct enc_node *n = enc_node_get(fs, key);
	const char *path = enc_arena_printf(s->m.a, "filesystem.%s", key);
	struct entries out = {0};

	if (!n || !srt_list(s, path, n))
		return out;
	for (size_t i = 0; i < n->n; i++)
		add_entry(s, use, n->items[i], srt_item(s, path, i), &out);
	return out;
}

static void add_rule(struct srt *s, const struct entry *v, enum imp_access access, bool optional)
{
	imp_rule(&s->m, &v->path, access, &v->at->at, v->from)->optional = optional;
}

static bool covered(const struct entries *by, const char *abs)
{
	for (size_t i = 0; i < by->n; i++)
		if (!by->v[i].path.glob && enc_path_in(abs, by->v[i].path.abs))
			return true;
	return false;
}

static bool equal(const struct entries *in, const char *abs)
{
	for (size_t i = 0; i < in->n; i++)
		if (!in->v[i].path.glob && strcmp(in->v[i].path.abs, abs) == 0)
			return true;
	return false;
}

/* Strictly inside an allowRead that lies in a denyRead. */
static bool shown_in_hidden(const struct entry *v, const struct entries *hidden, const struct entries *shown)
{
	for (size_t i = 0; i < shown->n; i++)
		if (!shown->v[i].path.glob && strcmp(shown->v[i].path.abs, v->path.abs) != 0 &&
		    enc_path_in(v->path.abs, shown->v[i].path.abs) && covered(hidden, shown->v[i].path.abs))
			return true;
	return false;
}

static void add_writes(struct srt *s, const struct entries *allow, const struct entries *deny,
		       const struct entries *hidden, const struct entries *shown)
{
	for (size_t i = 0; i < allow->n; i++) {
		const struct entry *v = &allow->v[i];

		if (covered(deny, v->path.abs)) {
			imp_find(&s->m, ENC_IMPORT_NOTE, &v->at->at, NULL,
				 "%s is not writable: a denyWrite at or above it wins", v->from);
			continue;
		}
		if (equal(hidden, v->path.abs) && !equal(shown, v->path.abs)) {
			imp_find(&s->m, ENC_IMPORT_TIGHTENED, &v->at->at, "remove one of the two",
				 "%s is denied for reading, and so it is not writable either", v->from);
			continue;
		}
		if (shown_in_hidden(v, hidden, shown)) {
			imp_find(&s->m, ENC_IMPORT_TIGHTENED, &v->at->at, "allow reading and writing of the same path",
				 "%s lies in an allowRead inside a denyRead, which srt shows read-only over it",
				 v->from);
			continue;
		}
		add_rule(s, v, IMP_WRITE, !v->workspace);
	}
}

static void add_write_denies(struct srt *s, const struct entries *deny)
{
	const struct entry *first = NULL;

	for (size_t i = 0; i < deny->n; i++) {
		const struct entry *v = &deny->v[i];

		if (!v->path.glob && imp_access_at(&s->m, v->path.abs) != IMP_WRITE)
			continue;
		add_rule(s, v, IMP_READ, false);
		first = first ? first : v;
	}
	if (first)
		imp_find(&s->m, ENC_IMPORT_NOTE, &first->at->at,
			 "create it, or write {path: ..., optional: true} if it need not be held while it is absent",
			 "a run is refused while a path of denyWrite is absent, as long as absent paths can't be held");
}

/* What srt never lets be written, directly below `dir`. */
static void protect_names(struct srt *s, const struct entry *dir)
{
	static const char *const names[] = {
		".bashrc",	  ".bash_profile", ".zshrc",	  ".zprofile",
		".profile",	  ".gitconfig",	   ".gitmodules", ".ripgreprc",
		".mcp.json",	  ".vscode",	   ".idea",	  ".claude/commands",
		".claude/agents", ".git/hooks",	   ".git/config", ".git/config.worktree",
		".git/commondir",
	};

	for (size_t i = 0; i < ENC_LEN(names); i++) {
		bool relative = dir->workspace || !strchr("/~", dir->path.shown[0]);
		const char *shown =
			dir->workspace ? names[i] : enc_arena_printf(s->m.a, "%s/%s", dir->path.shown, names[i]);
		struct imp_path path = {.shown = shown};
		struct imp_rule *r;

		if (s->git_config && strcmp(names[i], ".git/config") == 0)
			continue;
		path.abs = enc_path_clean(s->m.a, enc_arena_printf(s->m.a, "%s/%s", dir->path.abs, names[i]));
		if (!path.abs || (!relative && strlen(shown) >= 4000) || imp_access_at(&s->m, path.abs) != IMP_WRITE)
			continue;
		r = imp_rule(&s->m, &path, IMP_READ, &dir->at->at, "srt always protects it");
		r->optional = true;
		r->builtin = true;
	}
}

static void add_builtin(struct srt *s, const struct entries *allow)
{
	const struct entry *first = NULL;
	struct entry here = {.path = imp_here(&s->m)};

	for (size_t i = 0; i < allow->n; i++) {
		const struct entry *v = &allow->v[i];
		bool inner = false;

		if (imp_access_at(&s->m, v->path.abs) != IMP_WRITE)
			continue;
		for (size_t k = 0; k < allow->n; k++)
			inner |= k != i && enc_path_in(v->path.abs, allow->v[k].path.abs) &&
				 (k < i || strcmp(v->path.abs, allow->v[k].path.abs) != 0);
		if (!inner)
			protect_names(s, v);
		first = first ? first : v;
	}
	if (!first)
		return;
	here.at = first->at;
	here.workspace = !s->m.q->other_workspace;
	if (imp_access_at(&s->m, here.path.abs) == IMP_WRITE)
		protect_names(s, &here);
	imp_find(&s->m, ENC_IMPORT_APPROXIMATE, &first->at->at,
		 "create what must not be made (mkdir -p .git/hooks), and protect by name what lies deeper",
		 "srt keeps shell, editor and git files from being changed or made, in folders below too: the manifest "
		 "protects those at the top of what can be written that are there when a run starts");
	imp_find(&s->m, ENC_IMPORT_NOTE, NULL, "add them to filesystem.write if they are needed",
		 "srt also lets /tmp/claude, ~/.npm/_logs and ~/.claude/debug be written; a run has a /tmp of its own");
}

static void root_rule(struct srt *s, const struct enc_node *fs)
{
	const struct imp_path root = {.abs = "/", .shown = "/"};
	const struct enc_node *n = enc_node_get(fs, "denyRead");

	imp_rule(&s->m, &root, IMP_READ, n ? &n->at : &fs->at, "reads are allowed but for denyRead");
}

/* One of credentials.files: what it says of reading, for the rules. */
static void secret_file(struct srt *s, const struct enc_node *n, const char *from, struct entries *out)
{
	const struct enc_node *path = enc_node_get(n, "path"), *mode = enc_node_get(n, "mode");

	if (!srt_map(s, from, n))
		return;
	if (!path || !mode) {
		imp_error(&s->m, "E0902", &n->at, NULL, "%s needs path and mode", from);
		return;
	}
	if (!srt_text(s, from, path) || !srt_text(s, from, mode))
		return;
	if (strcmp(mode->text, "mask") == 0)
		imp_find(&s->m, ENC_IMPORT_TIGHTENED, &n->at, "network.credentials puts a secret in on the way out",
			 "%s is masked by srt: the manifest denies it", from);
	else if (strcmp(mode->text, "deny") != 0)
		imp_error(&s->m, "E0902", &mode->at, "deny or mask", "%s: mode can't be '%s'", from, mode->text);
	add_text(s, DENY_READ, path->text, false, n, from, out);
}

static void secret_files(struct srt *s, struct entries *out)
{
	const struct enc_node *c = enc_node_get(s->top, "credentials"), *n = enc_node_get(c, "files");

	if (!n || !srt_list(s, "credentials.files", n))
		return;
	for (size_t i = 0; i < n->n; i++)
		secret_file(s, n->items[i], srt_item(s, "credentials.files", i), out);
}

/* By name, since it may lie where every run has a folder of its own (/tmp). */
static void add_workspace(struct srt *s, const struct enc_node *fs)
{
	const struct imp_path here = imp_here(&s->m);
	const struct imp_rule *r = imp_deepest(&s->m, here.abs);

	if (r && r->access == IMP_READ && strcmp(r->path.abs, here.abs) != 0 && !enc_path_in(s->m.q->home, here.abs))
		imp_rule(&s->m, &here, IMP_READ, &fs->at, "the working directory")->builtin = true;
}

void srt_rules(struct srt *s)
{
	const struct enc_node *fs = enc_node_get(s->top, "filesystem");
	struct entries deny_read, allow_read, allow_write, deny_write;

	if (!fs || fs->kind != ENC_NODE_MAP)
		return;
	deny_read = list_of(s, fs, "denyRead", DENY_READ);
	allow_read = list_of(s, fs, "allowRead", ALLOW_READ);
	allow_write = list_of(s, fs, "allowWrite", ALLOW_WRITE);
	deny_write = list_of(s, fs, "denyWrite", DENY_WRITE);
	if (s->fs_off)
		deny_read = allow_read = allow_write = deny_write = (struct entries){0};
	secret_files(s, &deny_read);
	root_rule(s, fs);
	for (size_t i = 0; i < deny_read.n; i++)
		add_rule(s, &deny_read.v[i], IMP_HIDE, true); /* an absent one hides nothing in srt either */
	add_writes(s, &allow_write, &deny_write, &deny_read, &allow_read);
	for (size_t i = 0; i < allow_read.n; i++)
		if (imp_access_at(&s->m, allow_read.v[i].path.abs) != IMP_WRITE)
			add_rule(s, &allow_read.v[i], IMP_READ, !allow_read.v[i].workspace);
	add_write_denies(s, &deny_write);
	add_builtin(s, &allow_write);
	add_workspace(s, fs);
}

static void disabled(struct srt *s, const struct srt_key *k, const struct enc_node *n)
{
	if (srt_bool(s, k->path, n, &s->fs_off) && s->fs_off)
		imp_find(&s->m, ENC_IMPORT_TIGHTENED, &n->at, "name what may be changed in filesystem.write",
			 "%s: everything can be read under the manifest, and nothing written", k->path);
}

static void git_config(struct srt *s, const struct srt_key *k, const struct enc_node *n)
{
	srt_bool(s, k->path, n, &s->git_config);
}

/* The lists are read together, at the end. */
static void later(struct srt *s, const struct srt_key *k, const struct enc_node *n)
{
}

static const struct srt_key fs_keys[] = {
	{"filesystem.denyRead", later, .required = true},
	{"filesystem.allowRead", later},
	{"filesystem.allowWrite", later, .required = true},
	{"filesystem.denyWrite", later, .required = true},
	{"filesystem.disabled", disabled},
	{"filesystem.allowGitConfig", git_config},
};

void srt_filesystem(struct srt *s, const struct srt_key *k, const struct enc_node *n)
{
	if (srt_map(s, k->path, n))
		srt_walk(s, n, k->path, fs_keys, ENC_LEN(fs_keys));
}

static void secret_variable(struct srt *s, const struct enc_node *n, const char *from)
{
	const char *name = enc_node_str(n, "name"), *mode = enc_node_str(n, "mode");

	if (!srt_map(s, from, n))
		return;
	if (!name || !mode || !*name) {
		imp_error(&s->m, "E0902", &n->at, NULL, "%s needs name and mode", from);
		return;
	}
	if (strcmp(mode, "mask") == 0)
		imp_find(&s->m, ENC_IMPORT_TIGHTENED, &n->at, "network.credentials puts a secret in on the way out",
			 "%s is masked by srt: the manifest does not pass it", from);
	else if (strcmp(mode, "deny") != 0)
		imp_error(&s->m, "E0902", &n->at, "deny or mask", "%s: mode can't be '%s'", from, mode);
	imp_add(&s->m, &s->m.env_not, name, false, from);
}

static void variables(struct srt *s, const struct srt_key *k, const struct enc_node *n)
{
	if (!srt_list(s, k->path, n))
		return;
	for (size_t i = 0; i < n->n; i++)
		secret_variable(s, n->items[i], srt_item(s, k->path, i));
}

static const struct srt_key credential_keys[] = {
	{"credentials.files", later},
	{"credentials.envVars", variables},
	{"credentials.allowPlaintextInject", srt_ignore, "means nothing where nothing is put in on the way out"},
	{"credentials.awsPairs", srt_ignore, "means nothing where nothing is put in on the way out"},
	{"credentials.sigv4", srt_ignore, "means nothing where nothing is put in on the way out"},
};

void srt_credentials(struct srt *s, const struct srt_key *k, const struct enc_node *n)
{
	if (srt_map(s, k->path, n))
		srt_walk(s, n, k->path, credential_keys, ENC_LEN(credential_keys));
}
