/* SPDX-License-Identifier: MIT */
/*
 * emit.c - from checked values to clauses
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "policy/impl.h"
#include "policy/net.h"

static const char *last(const struct enc_key *row)
{
	const char *dot = strrchr(row->path, '.');

	return dot ? dot + 1 : row->path;
}

static const char *path_verb(int kind)
{
	return kind == ENC_CL_FS_READ	 ? "read"
	       : kind == ENC_CL_FS_WRITE ? "write"
	       : kind == ENC_CL_FS_DENY	 ? "deny"
					 : "protect";
}

/* Where somebody happened to stand when the run was started: root in /etc, anybody in /tmp with its sockets. */
static bool is_system(const char *path)
{
	static const char *const trees[] = {"/etc",  "/usr", "/boot",  "/run",	"/bin",
					    "/sbin", "/lib", "/lib32", "/lib64"};
	static const char *const tops[] = {"/var", "/var/lib", "/var/log", "/var/tmp", "/tmp", "/opt",
					   "/srv", "/mnt",     "/media",   "/home",    "/root"};

	for (size_t i = 0; i < ENC_LEN(trees); i++)
		if (enc_path_in(path, trees[i]) && !enc_path_in(path, "/usr/src") &&
		    !enc_path_in(path, "/usr/local/src"))
			return true;
	for (size_t i = 0; i < ENC_LEN(tops); i++)
		if (strcmp(path, tops[i]) == 0)
			return true;
	return false;
}

/* $WORKSPACE as a grant must be a project, not the whole home with everything that the owner has. */
static bool workspace_ok(struct enc_check *c, const struct enc_node *at, const char *workspace, bool write)
{
	bool home = enc_path_in(c->l->p->home, workspace) || strcmp(workspace, "/") == 0;
	struct enc_diag *g;

	if (!home && !(write && is_system(workspace)))
		return true;
	g = enc_load_diag(c->l, "E0215", &at->at, "the workspace is %s, which %s", workspace,
			  !home					  ? "belongs to the system"
			  : strcmp(c->l->p->home, workspace) == 0 ? "is your home directory"
								  : "holds your home directory");
	enc_diag_hint(c->l->d, g, "start in a project's folder, or name the path in the manifest");
	return false;
}

static bool grant_possible(struct enc_check *c, const struct enc_key *row, const struct enc_node *at,
			   const struct enc_path *path)
{
	static const char *const own[] = {"/proc", "/dev", "/sys"};
	bool write = row->kind == ENC_CL_FS_WRITE;
	struct enc_diag *g;

	if (path->workspace && !workspace_ok(c, at, path->path, write))
		return false;
	if (write && strcmp(path->path, "/") == 0) {
		g = enc_load_diag(c->l, "E0212", &at->at, "'/' can't be written: nothing would be left to enforce");
		enc_diag_hint(c->l->d, g, "name the folders that the agent may change");
		return false;
	}
	for (size_t i = 0; i < ENC_LEN(own) - (write ? 0 : 1); i++) {
		if (!enc_path_in(path->path, own[i]))
			continue;
		g = enc_load_diag(c->l, "E0212", &at->at, "%s can't be granted for %s", path->path,
				  write ? "writing" : "reading");
		enc_diag_hint(c->l->d, g, "%s %s", own[i],
			      i == 2 ? "belongs to the whole machine" : "is private: every run has its own");
		return false;
	}
	return true;
}

void enc_emit_path(struct enc_check *c, const struct enc_key *row, struct enc_item *it)
{
	const struct enc_field *field = enc_item_field(it, "path"), *optional = enc_item_field(it, "optional");
	const struct enc_node *at = it->scalar ? it->node : field->node;
	struct enc_path path = {0};
	struct enc_draft *d;
	bool grant = row->kind == ENC_CL_FS_READ || row->kind == ENC_CL_FS_WRITE;

	if (!enc_path_expand(c, at, &path))
		return;
	if (grant && !grant_possible(c, row, at, &path))
		return;
	if (!grant && (strcmp(path.path, "/") == 0 || strcmp(path.path, "/**") == 0)) {
		enc_load_diag(c->l, "E0212", &at->at, "%s of '/' leaves nothing to run in", path_verb(row->kind));
		return;
	}
	d = enc_set_add(c, row, &at->at);
	d->c.value = path.path;
	d->c.glob = path.glob;
	d->c.optional = optional && optional->value.n;
	d->from_workspace = path.workspace;
	d->c.text = enc_arena_printf(c->l->a, "%s %s%s", path_verb(row->kind), at->text,
				     d->c.optional ? " if it is there" : "");
}

void enc_emit_exec(struct enc_check *c, const struct enc_key *row, struct enc_item *it)
{
	const char *text = it->node->text;
	struct enc_path path = {.path = text, .glob = enc_glob_has_magic(text)};
	struct enc_draft *d;

	/* A bare word is a program's name, not a file of the workspace. */
	if (strpbrk(text, "/~$") && !enc_path_expand(c, it->node, &path))
		return;
	d = enc_set_add(c, row, &it->node->at);
	d->c.value = path.path;
	d->c.glob = path.glob;
	d->c.text =
		enc_arena_printf(c->l->a, "%s starting %s", row->kind == ENC_CL_EXEC_ALLOW ? "allow" : "deny", text);
}

/* limits.memory -> "limit memory to 2G" and so on. */
static const char *scalar_text(struct enc_check *c, const struct enc_key *row, const char *value)
{
	struct enc_arena *a = c->l->a;
	const char *key = last(row);

	switch (row->kind) {
	case ENC_CL_USER: return enc_arena_printf(a, "run as %s", value);
	case ENC_CL_NET_MODE: return enc_arena_printf(a, "network %s", value);
	case ENC_CL_FS_WORKSPACE: return enc_arena_printf(a, "workspace %s", value);
	case ENC_CL_BUDGET: return enc_arena_printf(a, "budget of %s %s", key, value);
	case ENC_CL_KILL: return enc_arena_printf(a, "kill at %s %s", key, value);
	case ENC_CL_ASK: return enc_arena_printf(a, "ask %s %s", key, value);
	case ENC_CL_RECORD: return enc_arena_printf(a, "record %s %s", key, value);
	default: return enc_arena_printf(a, "limit %s to %s", key, value);
	}
}

void enc_emit_scalar(struct enc_check *c, const struct enc_key *row, struct enc_item *it)
{
	struct enc_draft *d = NULL;

	/* A scalar of a later file replaces the one before it, in place. */
	for (size_t i = 0; i < c->set->n; i++)
		if (c->set->v[i].row == row)
			d = &c->set->v[i];
	if (!d)
		d = enc_set_add(c, row, &it->node->at);
	d->layer = c->layer;
	d->c.at = it->node->at;
	d->c.value = it->value.text;
	d->c.name = last(row);
	d->c.number = it->value.n;
	d->c.text = scalar_text(c, row, it->value.text);
}

void enc_emit_list(struct enc_check *c, const struct enc_key *row, struct enc_item *it)
{
	const char *value = it->value.text, *what = "record redact";
	struct enc_draft *d;

	for (size_t i = 0; i < c->set->n; i++)
		if (c->set->v[i].row == row && strcmp(c->set->v[i].c.value, value) == 0)
			return; /* a parent said it already */
	d = enc_set_add(c, row, &it->node->at);
	d->c.value = value;
	d->c.name = last(row);
	d->c.number = it->value.n;
	d->c.glob = row->kind == ENC_CL_ENV_PASS && enc_glob_has_magic(value);
	if (row->kind == ENC_CL_ENV_PASS)
		what = "pass the variable";
	else if (row->kind == ENC_CL_KILL)
		what = "kill on";
	else if (row->kind == ENC_CL_NET_EXPOSE)
		what = "expose port";
	d->c.text = enc_arena_printf(c->l->a, "%s%s %s", what, d->c.glob ? "s" : "", value);
}

static const char *const *texts(struct enc_check *c, const struct enc_field *f, size_t *ret_n, struct enc_buf *b,
				const char *what)
{
	const char **v;

	*ret_n = 0;
	if (!f)
		return NULL;
	v = enc_arena_alloc(c->l->a, (f->node->n + 1) * sizeof(*v));
	enc_buf_printf(b, ", %s", what);
	for (size_t i = 0; i < f->node->n; i++) {
		v[i] = f->node->items[i]->text;
		enc_buf_printf(b, " %s", v[i]);
	}
	*ret_n = f->node->n;
	return v;
}

void enc_emit_allow(struct enc_check *c, const struct enc_key *row, struct enc_item *it)
{
	const struct enc_field *host = enc_item_field(it, "host"), *port = enc_item_field(it, "port"),
			       *methods = enc_item_field(it, "methods"), *paths = enc_item_field(it, "paths"),
			       *inspect = enc_item_field(it, "inspect");
	struct enc_buf b = {0};
	struct enc_net net = {0};
	struct enc_draft *d;
	struct enc_diag *g;

	net.host = it->scalar ? it->value.host : host->value.host;
	net.port = it->scalar ? it->value.n : port ? port->value.n : 443;
	net.inspect = inspect && inspect->value.n;
	enc_buf_printf(&b, "%s%s%s:%llu", strchr(net.host, ':') ? "[" : "", net.host, strchr(net.host, ':') ? "]" : "",
		       (unsigned long long)net.port);
	net.methods = texts(c, methods, &net.n_methods, &b, "methods");
	net.paths = texts(c, paths, &net.n_paths, &b, "paths");
	if (net.inspect)
		enc_buf_puts(&b, ", inspected");
	if ((methods || paths) && !net.inspect) {
		g = enc_load_diag(c->l, "E0214", methods ? &methods->node->at : &paths->node->at,
				  "methods and paths of %s can't be seen without inspection", net.host);
		enc_diag_hint(c->l->d, g, "add: inspect: true");
		enc_buf_done(&b);
		return;
	}
	d = enc_set_add(c, row, &it->node->at);
	d->net = net;
	d->c.name = net.host;
	d->c.number = net.port;
	d->c.value = enc_arena_strdup(c->l->a, b.s);
	d->c.text = enc_arena_printf(c->l->a, "allow %s", b.s);
	enc_buf_done(&b);
}

void enc_emit_credential(struct enc_check *c, const struct enc_key *row, struct enc_item *it)
{
	static const char *const ways[] = {"header", "query", "basic"};
	const struct enc_field *host = enc_item_field(it, "host"), *from = enc_item_field(it, "from"), *way = NULL;
	struct enc_draft *d;

	for (size_t i = 0; i < ENC_LEN(ways); i++) {
		const struct enc_field *f = enc_item_field(it, ways[i]);

		if (f && way) {
			enc_load_diag(c->l, "E0219", &f->node->at, "a credential is put in one place: %s or %s",
				      last(way->row), ways[i]);
			return;
		}
		way = f ? f : way;
	}
	if (!way) {
		enc_load_diag(c->l, "E0219", &it->node->at, "a credential needs one of header, query, basic");
		return;
	}
	d = enc_set_add(c, row, &it->node->at);
	d->c.name = host->value.host;
	d->c.value = from->value.text;
	d->net.host = host->value.host;
	d->c.text = enc_arena_printf(c->l->a, "give %s the credential %s in %s %s", host->value.host, from->value.text,
				     last(way->row), way->value.text);
}

void enc_emit_env_set(struct enc_check *c, const struct enc_key *row, struct enc_item *it)
{
	struct enc_draft *d = NULL;

	if (!enc_env_name_ok(it->key->text)) {
		enc_load_diag(c->l, "E0220", &it->key->at, "'%s' is not a variable's name", it->key->text);
		return;
	}
	if (strlen(it->node->text) != it->node->len) {
		enc_load_diag(c->l, "E0204", &it->node->at, "env.set.%s holds a NUL byte", it->key->text);
		return;
	}
	for (size_t i = 0; i < c->set->n; i++)
		if (c->set->v[i].row == row && strcmp(c->set->v[i].c.name, it->key->text) == 0)
			d = &c->set->v[i];
	if (!d)
		d = enc_set_add(c, row, &it->node->at);
	d->layer = c->layer;
	d->c.at = it->node->at;
	d->c.name = it->key->text;
	d->c.value = it->value.text;
	d->c.text = enc_arena_printf(c->l->a, "set the variable %s", it->key->text);
}

/* connect HOST[:PORT], request HOST, bytes HOST, exec "WORD"..., open|create|write|unlink|rename "PATTERN" */
static const char *trigger_wrong(struct enc_check *c, const char *s, bool *ret_bytes)
{
	static const char *const net[] = {"connect", "request", "bytes"};
	static const char *const other[] = {"exec", "open", "create", "write", "unlink", "rename"};
	static const char *const words[] = {"connect", "request", "bytes",  "exec",  "open",
					    "create",  "write",	  "unlink", "rename"};
	size_t n = strcspn(s, " ");
	const char *word = enc_arena_strndup(c->l->a, s, n), *near, *host;
	uint64_t port;
	int operands = 0;

	s += n;
	s += strspn(s, " ");
	*ret_bytes = strcmp(word, "bytes") == 0;
	for (size_t i = 0; i < ENC_LEN(net); i++)
		if (strcmp(word, net[i]) == 0)
			return enc_endpoint_parse(c->l->a, s, false, &host, &port) == 0
				       ? NULL
				       : enc_arena_printf(c->l->a, "'%s' needs a host", word);
	for (size_t i = 0; i < ENC_LEN(other); i++) {
		if (strcmp(word, other[i]) != 0)
			continue;
		for (; *s == '"'; operands++) {
			const char *close = strchr(s + 1, '"');

			if (!close || close == s + 1)
				break;
			s = close + 1;
			s += strspn(s, " ");
		}
		if (*s || operands == 0 || (operands > 1 && i > 0))
			return enc_arena_printf(c->l->a, "'%s' needs %s in double quotes", word,
						i ? "one pattern" : "one or more words");
		return NULL;
	}
	near = enc_nearest(word, words, ENC_LEN(words));
	return near ? enc_arena_printf(c->l->a, "there is no action '%s'; did you mean '%s'?", word, near)
		    : enc_arena_printf(c->l->a, "there is no action '%s'", word);
}

void enc_emit_rate(struct enc_check *c, const struct enc_key *row, struct enc_item *it)
{
	const struct enc_field *on = enc_item_field(it, "on"), *limit = enc_item_field(it, "limit"),
			       *then = enc_item_field(it, "then");
	bool bytes = false;
	const char *wrong = trigger_wrong(c, on->node->text, &bytes), *count;
	struct enc_draft *d;

	if (wrong) {
		enc_load_diag(c->l, "E0204", &on->node->at, "rates[].on: %s", wrong);
		return;
	}
	count = limit->node->text;
	if (!bytes && strspn(count, "0123456789") != (size_t)(strchr(count, '/') - count)) {
		enc_load_diag(c->l, "E0204", &limit->node->at,
			      "rates[].limit: a size is for 'bytes' alone; '%s' is "
			      "counted",
			      on->node->text);
		return;
	}
	d = enc_set_add(c, row, &it->node->at);
	d->c.name = on->node->text;
	d->c.value = limit->node->text;
	d->c.number = limit->value.n;
	d->c.text = enc_arena_printf(c->l->a, "at most %s of %s, then %s", limit->node->text, on->node->text,
				     then ? then->node->text : "deny");
}

void enc_emit_name(struct enc_check *c, const struct enc_key *row, struct enc_item *it)
{
	c->set->name = it->value.text;
}

void enc_emit_accept(struct enc_check *c, const struct enc_key *row, struct enc_item *it)
{
	static const struct {
		const char *word;
		enum enc_guarantee g;
	} words[] = {{"detect", ENC_G_DETECT}, {"contain", ENC_G_CONTAIN}, {"prevent", ENC_G_PREVENT}};
	struct enc_accept *a = NULL;

	for (size_t i = 0; i < c->set->n_accepts; i++)
		if (strcmp(c->set->accepts[i].prefix, it->key->text) == 0)
			a = &c->set->accepts[i];
	if (!a)
		a = ENC_PUSH(c->set->accepts, c->set->n_accepts);
	a->prefix = it->key->text;
	a->at = it->key->at;
	for (size_t i = 0; i < ENC_LEN(words); i++)
		if (strcmp(words[i].word, it->value.text) == 0)
			a->guarantee = words[i].g;
}
