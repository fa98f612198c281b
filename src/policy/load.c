/* SPDX-License-Identifier: MIT */
/*
 * load.c - from a place to an effective manifest
 *
 * Order: find and read (source.c), trust, who the command runs as (what ~ means), check each file along the schema
 * with parents first, pairs, ceiling, then sort and number the clauses. Any finding refuses the whole: there is no
 * policy with a part left out.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/text.h"
#include "base/user.h"
#include "policy/impl.h"
#include "policy/trust.h"

const char *enc_load_text(const struct enc_load *l, const char *file)
{
	for (size_t i = 0; i < l->n_sources; i++)
		if (file && strcmp(l->sources[i]->path, file) == 0)
			return l->sources[i]->text;
	return NULL;
}

struct enc_diag *enc_load_diag(struct enc_load *l, const char *code, const struct enc_mark *at, const char *fmt, ...)
{
	va_list ap;
	char *text;
	struct enc_diag *g;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		abort();
	va_end(ap);
	g = enc_diag_add(l->d, code, at, enc_load_text(l, at->file), "%s", text);
	free(text);
	return g;
}

struct enc_draft *enc_set_add(struct enc_check *c, const struct enc_key *row, const struct enc_mark *at)
{
	struct enc_draft *d = ENC_PUSH(c->set->v, c->set->n);

	d->row = row;
	d->layer = c->layer;
	d->c.kind = (enum enc_clause_kind)row->kind;
	d->c.at = *at;
	return d;
}

struct enc_draft *enc_set_get(const struct enc_set *s, int kind)
{
	for (size_t i = 0; i < s->n; i++)
		if ((int)s->v[i].c.kind == kind && !s->v[i].dropped)
			return &s->v[i];
	return NULL;
}

/* The last of the applied files that names a user; its text alone, checked later with everything else. */
static void find_user(const struct enc_order *o, struct enc_set *s)
{
	for (size_t i = 0; i < o->n; i++) {
		const struct enc_node *root = o->v[i]->root;
		const struct enc_node *n = root && root->kind == ENC_NODE_MAP ? enc_node_get(root, "user") : NULL;

		if (!n || n->kind != ENC_NODE_SCALAR || n->len == 0)
			continue;
		s->user = n->text;
		s->user_at = n->at;
	}
}

/* What ~ means, and whether the caller may ask for this user. */
static void settle_user(struct enc_load *l, const struct enc_set *s)
{
	struct enc_user u = {0};
	struct enc_diag *g;
	int r;

	l->p->home = enc_path_clean(l->a, l->w->home);
	if (!s->user)
		return;
	r = enc_user_by_name(l->a, s->user, &u);
	if (r < 0) {
		enc_load_diag(l, "E0216", &s->user_at, "there is no user '%s' on this machine", s->user);
		return;
	}
	if (l->w->uid != 0 && u.uid != l->w->uid) {
		g = enc_load_diag(l, "E0216", &s->user_at, "only root may run a command as '%s'", s->user);
		enc_diag_hint(l->d, g, "leave `user` out, or start enclosure as root");
		return;
	}
	/* As src/plan has it: who names themself (root gets a borrowed id) keeps $HOME. */
	if (u.uid == l->w->uid && l->w->own_home && l->w->own_home[0] == '/')
		l->p->home = enc_path_clean(l->a, l->w->own_home);
	else if (u.home && u.home[0] == '/')
		l->p->home = enc_path_clean(l->a, u.home);
}

static void add_file(struct enc_load *l, const struct enc_source *s)
{
	struct enc_policy_file *f = &l->p->files[l->p->n_files++];

	f->path = s->path;
	f->builtin = s->builtin;
	f->ceiling = s->ceiling;
	memcpy(f->digest, s->digest, sizeof(f->digest));
}

/* The manifest first, what it extends, then the ceiling. */
static void list_files(struct enc_load *l)
{
	struct enc_sha256 h;
	uint8_t sum[32];

	l->p->files = enc_arena_alloc(l->a, (l->n_sources + 1) * sizeof(*l->p->files));
	enc_sha256_init(&h);
	for (size_t i = 0; i < l->n_sources; i++) {
		add_file(l, l->sources[i]);
		enc_sha256_add(&h, l->sources[i]->digest, 64);
	}
	enc_sha256_end(&h, sum);
	for (size_t i = 0; i < sizeof(sum); i++)
		snprintf(l->p->digest + 2 * i, 3, "%02x", sum[i]);
}

/* A ceiling that somebody else could rewrite is none. */
static int check_ceiling_files(struct enc_load *l, const struct enc_order *o)
{
	for (size_t i = 0; i < o->n; i++) {
		const struct enc_source *s = o->v[i];

		if (s->builtin || (s->owner == 0 && !(s->mode & 022)))
			continue;
		ENC_FAIL(l->e, EPERM, "the ceiling can't be used: %s %s", s->path,
			 s->owner ? "does not belong to root" : "can be written by others than root");
		return enc_err_id(l->e, "E0308", "chown root %s && chmod go-w %s", s->path, s->path);
	}
	return 0;
}

static int load_ceiling(struct enc_load *l, struct enc_order *ret)
{
	struct enc_source *s;
	size_t before = l->n_sources;
	int r = enc_source_ceiling(l, &s);

	if (r < 0 || !s)
		return r;
	r = enc_source_chain(l, s, ret);
	if (r == 0)
		r = check_ceiling_files(l, ret);
	for (size_t i = before; i < l->n_sources; i++)
		l->sources[i]->ceiling = true;
	return r;
}

static size_t rank(const struct enc_draft *d)
{
	return (size_t)(d->row - enc_schema);
}

static int by_rank(const void *a, const void *b)
{
	const struct enc_draft *const *x = a, *const *y = b;
	size_t i = rank(*x), k = rank(*y);

	if (i != k)
		return i < k ? -1 : 1;
	return *x < *y ? -1 : *x > *y; /* stable: drafts stand in one array, in order */
}

static unsigned count_before(const struct enc_clause *v, size_t n, enum enc_clause_kind kind, const char *name)
{
	unsigned count = 0;

	for (size_t i = 0; i < n; i++)
		count += v[i].kind == kind && v[i].name && strcmp(v[i].name, name) == 0;
	return count;
}

static void number(struct enc_load *l, const struct enc_draft **v, size_t i, unsigned *index)
{
	struct enc_clause *c = &l->p->clauses[l->p->n_clauses];
	const struct enc_key *row = v[i]->row;

	*index = i > 0 && v[i - 1]->row == row ? *index + 1 : 0;
	*c = v[i]->c;
	if (row->type == V_RULES)
		c->id = enc_arena_printf(l->a, "rules.%s[%u]", c->name,
					 count_before(l->p->clauses, l->p->n_clauses, c->kind, c->name));
	else if (row->shape == SH_LIST)
		c->id = enc_arena_printf(l->a, "%s[%u]", row->path, *index);
	else if (row->shape == SH_MAP)
		c->id = enc_arena_printf(l->a, "%s.%s", row->path, c->name);
	else
		c->id = row->path;
	l->p->n_clauses++;
}

static void add_builtin_protect(struct enc_load *l, const char *path, const char *what, unsigned n)
{
	struct enc_clause *c = &l->p->clauses[l->p->n_clauses++];

	c->kind = ENC_CL_FS_PROTECT;
	c->id = enc_arena_printf(l->a, "manifest[%u]", n);
	c->text = enc_arena_printf(l->a, "protect the %s %s", what, path);
	c->value = path;
	c->at = (struct enc_mark){.file = path, .width = 1};
}

/* Who can rewrite the manifest decides about the next run. */
static void protect_manifests(struct enc_load *l)
{
	unsigned n = 0;

	for (size_t i = 0; i < l->n_sources; i++) {
		const struct enc_source *s = l->sources[i];
		const char *what = s->ceiling ? "ceiling" : "manifest";

		if (s->builtin)
			continue;
		add_builtin_protect(l, s->path, what, n++);
		if (s->alias)
			add_builtin_protect(l, s->alias, what, n++);
	}
}

/* The network's mode is a clause even when nobody wrote it: what binds `none` has to be planned. */
static void default_mode(struct enc_load *l, struct enc_set *s)
{
	struct enc_draft *d;

	if (enc_set_get(s, ENC_CL_NET_MODE))
		return;
	d = ENC_PUSH(s->v, s->n);
	d->row = enc_schema_path("network.mode");
	d->c.kind = ENC_CL_NET_MODE;
	d->c.value = "none";
	d->c.name = "mode";
	d->c.text = "network none (the default)";
	d->c.at = (struct enc_mark){.file = l->p->path, .width = 1};
}

static const struct enc_draft **sorted(struct enc_load *l, const struct enc_set *s, size_t *ret_n)
{
	const struct enc_draft **v = enc_arena_alloc(l->a, (s->n + 1) * sizeof(*v));

	*ret_n = 0;
	for (size_t i = 0; i < s->n; i++)
		if (!s->v[i].dropped)
			v[(*ret_n)++] = &s->v[i];
	qsort(v, *ret_n, sizeof(*v), by_rank);
	return v;
}

static void settle_modes(struct enc_policy *p)
{
	const struct enc_clause *mode = enc_policy_get(p, ENC_CL_NET_MODE);
	const struct enc_clause *workspace = enc_policy_get(p, ENC_CL_FS_WORKSPACE);

	p->net_mode = ENC_NET_NONE;
	if (mode && strcmp(mode->value, "open") == 0)
		p->net_mode = ENC_NET_OPEN;
	else if (mode && strcmp(mode->value, "proxy") == 0)
		p->net_mode = ENC_NET_PROXY;
	p->workspace_mode = workspace && strcmp(workspace->value, "overlay") == 0 ? ENC_WS_OVERLAY : ENC_WS_DIRECT;
}

static void build(struct enc_load *l, struct enc_set *s)
{
	const struct enc_draft **v;
	unsigned index = 0;
	bool protected = false;
	size_t n;

	default_mode(l, s);
	v = sorted(l, s, &n);
	l->p->clauses = enc_arena_alloc(l->a, (n + 2 * l->n_sources + 1) * sizeof(*l->p->clauses));
	for (size_t i = 0; i < n; i++) {
		/* The manifest's own clauses stand behind the owner's `protect`; the mode comes after, always. */
		if (!protected && v[i]->c.kind > ENC_CL_FS_PROTECT && v[i]->c.kind != ENC_CL_USER) {
			protect_manifests(l);
			protected = true;
		}
		number(l, v, i, &index);
	}
	settle_modes(l->p);
	l->p->accepts = enc_arena_alloc(l->a, (s->n_accepts + 1) * sizeof(*l->p->accepts));
	if (s->n_accepts)
		memcpy(l->p->accepts, s->accepts, s->n_accepts * sizeof(*s->accepts));
	l->p->n_accepts = s->n_accepts;
}

/* `accept` of what nothing is called would be a weakening that its author believes in. */
static void check_accepts(struct enc_load *l, const struct enc_set *s)
{
	static const char *const builtin[] = {"files",	      "system-calls",	     "capabilities", "descriptors",
					      "kernel-files", "die-with-supervisor", "processes-end"};

	for (size_t i = 0; i < s->n_accepts; i++) {
		const char *prefix = s->accepts[i].prefix, *near, *words[128];
		char path[64];
		bool known = strncmp(prefix, "rules.", 6) == 0;
		size_t n = strcspn(prefix, "["), count = 0;
		struct enc_diag *g;

		snprintf(path, sizeof(path), "%.*s", (int)(n < 60 ? n : 60), prefix);
		known |= strncmp(path, "env.set.", 8) == 0;
		for (size_t k = 0; k < ENC_LEN(builtin); k++)
			words[count++] = builtin[k];
		for (size_t k = 0; k < enc_n_schema && count < ENC_LEN(words); k++)
			if (!strchr(enc_schema[k].path, '['))
				words[count++] = enc_schema[k].path;
		for (size_t k = 0; k < count; k++)
			known |= strcmp(words[k], path) == 0;
		if (known)
			continue;
		g = enc_load_diag(l, "E0221", &s->accepts[i].at, "accept: there is no clause '%s'", prefix);
		near = enc_nearest(path, words, count);
		if (near)
			enc_diag_hint(l->d, g, "did you mean '%s'?", near);
	}
}

static void set_name(struct enc_load *l, const struct enc_source *s, const struct enc_set *set)
{
	const char *base = strrchr(s->path, s->builtin ? ':' : '/');

	l->p->path = s->path;
	l->p->name = set->name ? set->name : base ? base + 1 : s->path;
}

/* Findings of the text refuse; in what remains the pairs and the ceiling are looked at. */
static int settle(struct enc_load *l, const struct enc_order *o, const struct enc_order *co, struct enc_set *s,
		  struct enc_set *ceiling)
{
	size_t before = l->d->n;

	for (size_t i = 0; i < l->n_sources; i++)
		l->incomplete |= !l->sources[i]->parsed;
	find_user(o, s);
	find_user(co, ceiling);
	settle_user(l, s->user ? s : ceiling);
	for (size_t i = 0; i < o->n; i++)
		enc_check_source(l, o->v[i], s, i);
	for (size_t i = 0; i < co->n; i++)
		enc_check_source(l, co->v[i], ceiling, i);
	check_accepts(l, s);
	check_accepts(l, ceiling);
	if (s->n > ENC_CLAUSES_MAX || ceiling->n > ENC_CLAUSES_MAX)
		return ENC_FAIL_ID(l->e, "E0305", E2BIG, "the manifest has more than %d clauses", ENC_CLAUSES_MAX);
	enc_pairs_check(l, s);
	if (co->n)
		enc_pairs_check(l, ceiling);
	if (l->d->n == before && co->n)
		enc_ceiling_apply(l, s, ceiling);
	return 0;
}

static int load(struct enc_load *l)
{
	struct enc_set s = {0}, ceiling = {0};
	struct enc_order o = {0}, co = {0};
	struct enc_source *first = NULL;
	size_t before = l->d->n;
	int r;

	if (!l->w->home || l->w->home[0] != '/' || !l->w->cwd || l->w->cwd[0] != '/')
		return ENC_FAIL_ID(l->e, "E0302", EINVAL, "the home and the working directory must be absolute paths");
	r = enc_source_manifest(l, &first);
	if (r < 0)
		return r;
	r = enc_source_chain(l, first, &o);
	if (r == 0)
		r = load_ceiling(l, &co);
	if (r < 0)
		return r;
	list_files(l);
	set_name(l, first, &s);
	l->incomplete = l->d->n > before;
	if (l->w->state_dir && !l->w->manifest && !first->builtin && !l->incomplete) {
		r = enc_trust_required(l, first);
		if (r < 0)
			return r;
	}
	r = settle(l, &o, &co, &s, &ceiling);
	set_name(l, first, &s);
	if (r == 0 && l->d->n > before) {
		enc_diags_sort(l->d);
		r = -EINVAL;
	}
	if (r == 0)
		build(l, &s);
	free(s.v);
	free(s.accepts);
	free(ceiling.v);
	free(ceiling.accepts);
	return r;
}

int enc_policy_load_under(const struct enc_policy_where *w, const char *ceiling_path, struct enc_policy **ret,
			  struct enc_diags *d, struct enc_err *e)
{
	enc_auto(enc_policy_free_auto) struct enc_policy *p = NULL;
	struct enc_err unused = {0};
	struct enc_arena *a = enc_arena_new();
	struct enc_load l = {.w = w, .a = a, .d = d, .e = e ? e : &unused, .ceiling_path = ceiling_path};
	int r;

	p = enc_arena_alloc(a, sizeof(*p));
	p->arena = a;
	l.p = p;
	r = load(&l);
	if (r < 0)
		return r;
	*ret = ENC_TAKE(p);
	return 0;
}

int enc_policy_load(const struct enc_policy_where *w, struct enc_policy **ret, struct enc_diags *d, struct enc_err *e)
{
	return enc_policy_load_under(w, ENC_CEILING_PATH, ret, d, e);
}

struct enc_policy *enc_policy_free(struct enc_policy *p)
{
	if (p)
		enc_arena_free(p->arena); /* p itself lies in it */
	return NULL;
}

const struct enc_clause *enc_policy_get(const struct enc_policy *p, enum enc_clause_kind kind)
{
	for (size_t i = 0; i < p->n_clauses; i++)
		if (p->clauses[i].kind == kind)
			return &p->clauses[i];
	return NULL;
}

uint64_t enc_policy_limit(const struct enc_policy *p, enum enc_clause_kind kind, uint64_t otherwise)
{
	const struct enc_clause *c = enc_policy_get(p, kind);

	return c ? c->number : otherwise;
}

const char *enc_guarantee_name(enum enc_guarantee g)
{
	static const char *const names[] = {[ENC_G_NONE] = "none",
					    [ENC_G_DETECT] = "detect",
					    [ENC_G_CONTAIN] = "contain",
					    [ENC_G_PREVENT] = "prevent"};

	return names[g];
}

static enum enc_guarantee asked_by_default(enum enc_clause_kind kind)
{
	if ((kind >= ENC_CL_LIMIT_MEMORY && kind <= ENC_CL_LIMIT_DISK) || kind == ENC_CL_RATE ||
	    kind == ENC_CL_BUDGET || kind == ENC_CL_KILL)
		return ENC_G_CONTAIN;
	return ENC_G_PREVENT;
}

enum enc_guarantee enc_policy_asked(const struct enc_policy *p, const struct enc_clause *c)
{
	const struct enc_accept *best = NULL;

	for (size_t i = 0; i < p->n_accepts; i++) {
		const struct enc_accept *a = &p->accepts[i];
		size_t n = strlen(a->prefix);

		if (strncmp(c->id, a->prefix, n) != 0 || (c->id[n] && c->id[n] != '.' && c->id[n] != '['))
			continue;
		if (!best || n > strlen(best->prefix))
			best = a;
	}
	return best ? best->guarantee : asked_by_default(c->kind);
}
