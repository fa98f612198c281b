/* SPDX-License-Identifier: MIT */
/*
 * plan.c - bind every clause of a policy on a host
 */
#include "plan/plan.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "plan/impl.h"

#define SOURCE_MAX (1u << 20) /* bytes of a manifest */

bool enc_plan_has(const struct enc_planner *w, enum enc_mech m)
{
	return enc_host_has(w->q->host, m);
}

const char *enc_plan_text(struct enc_planner *w, const char *fmt, ...)
{
	char *s = NULL, *kept;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&s, fmt, ap) < 0)
		s = NULL;
	va_end(ap);
	kept = enc_arena_strdup(w->p->arena, s ? s : fmt);
	free(s);
	return kept;
}

/* Room for all is there from the beginning, so that a pointer to a binding stays good. */
struct enc_binding *enc_plan_add(struct enc_planner *w, const struct enc_clause *c)
{
	struct enc_binding *b = &w->p->bindings[w->p->n_bindings++];

	b->clause = c;
	b->asked = enc_policy_asked(w->q->policy, c);
	return b;
}

void enc_plan_bound(struct enc_binding *b, uint32_t mechanisms, enum enc_guarantee g)
{
	b->mechanisms = mechanisms;
	b->guarantee = g;
	b->bound = true;
	b->missing = b->next = NULL;
}

void enc_plan_missing(struct enc_planner *w, struct enc_binding *b, const char *next, const char *fmt, ...)
{
	char *s = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&s, fmt, ap) < 0)
		s = NULL;
	va_end(ap);
	b->missing = enc_arena_strdup(w->p->arena, s ? s : fmt);
	free(s);
	b->next = next;
	b->bound = false;
	b->visible = false;
	b->mechanisms = 0;
	b->guarantee = ENC_G_NONE;
	b->note = NULL;
}

/* Who is asked for the group is no mechanism of its own, but the reader should know on whom the run relies. */
static void tell_scopes(struct enc_planner *w)
{
	for (size_t i = 0; i < w->p->n_bindings && enc_host_in_scope(w->q->host); i++) {
		struct enc_binding *b = &w->p->bindings[i];

		if (b->bound && !b->note && b->mechanisms & ENC_BIT(CGROUP_V2))
			b->note = "in a scope, for which systemd's user manager is asked";
	}
}

bool enc_plan_need(struct enc_planner *w, struct enc_binding *b, enum enc_mech m)
{
	if (enc_plan_has(w, m))
		return true;
	enc_plan_missing(w, b, w->q->host->mech[m].next[0] ? w->q->host->mech[m].next : "enclosure doctor",
			 "needs %s, which this machine lacks", enc_mech_name(m));
	return false;
}

/* A guarantee below what the clause asks for is no binding, unless the owner accepted it by name. */
static void check_guarantees(struct enc_planner *w)
{
	for (size_t i = 0; i < w->p->n_bindings; i++) {
		struct enc_binding *b = &w->p->bindings[i];
		enum enc_guarantee g = b->guarantee;

		if (b->bound && g < b->asked)
			enc_plan_missing(w, b,
					 enc_plan_text(w, "write accept: {\"%s\": %s}", b->clause->id,
						       enc_guarantee_name(g)),
					 "this machine can %s it, and not %s", enc_guarantee_name(g),
					 enc_guarantee_name(b->asked));
	}
}

static const struct enc_clause *user_clause(const struct enc_plan_request *q)
{
	return enc_policy_get(q->policy, ENC_CL_USER);
}

static int resolve_ids(struct enc_planner *w, struct enc_err *e)
{
	const struct enc_clause *c = user_clause(w->q);
	const char *why = NULL;

	if (c)
		why = enc_plan_text(w, "user: %s, %s:%d", c->value, c->at.file, c->at.line);
	return enc_ids_resolve(w->p->arena, c ? c->value : NULL, why, w->q->environ, &w->p->ids, e);
}

/* --timeout is a clause of this run, unless the manifest has one of its own (limits.c takes the shorter). */
static void add_timeout(struct enc_planner *w)
{
	struct enc_clause *c;
	char t[32];

	if (!w->q->timeout_ns || enc_policy_get(w->q->policy, ENC_CL_LIMIT_TIME))
		return;
	enc_format_time(t, sizeof(t), w->q->timeout_ns);
	c = enc_arena_alloc(w->p->arena, sizeof(*c));
	c->kind = ENC_CL_LIMIT_TIME;
	c->id = "limits.time";
	c->text = enc_plan_text(w, "limit time to %s", t);
	c->number = w->q->timeout_ns;
	c->at.file = "--timeout";
	enc_plan_bind_limit(w, enc_plan_add(w, c));
}

static void digest(struct enc_plan *p)
{
	struct enc_buf b = {0};
	struct enc_json j;

	enc_json_init(&j, &b, 0);
	enc_plan_json(p, &j);
	enc_sha256_hex(b.s, b.len, p->digest);
	enc_buf_done(&b);
}

static void finish(struct enc_planner *w)
{
	struct enc_plan *p = w->p;

	tell_scopes(w);
	check_guarantees(w);
	for (size_t i = 0; i < p->n_bindings; i++)
		p->n_unbound += !p->bindings[i].bound;
	p->runnable = p->n_unbound == 0;
	digest(p);
}

static int make(struct enc_planner *w, struct enc_err *e)
{
	int r = resolve_ids(w, e);

	if (r < 0)
		return r;
	add_timeout(w);
	r = enc_plan_grants(w, e);
	if (r >= 0)
		r = enc_plan_masks(w, e);
	if (r < 0)
		return r;
	enc_plan_bind_rest(w);
	enc_plan_bind_builtin(w);
	r = enc_plan_mounts(w, e);
	/* A clause that is not bound explains the rest: then the working directory is no reason to say less. */
	if (r < 0) {
		for (size_t i = 0; i < w->p->n_bindings; i++)
			if (!w->p->bindings[i].bound)
				r = 0;
		if (r == 0) {
			enc_err_clear(e);
			w->p->cwd = w->q->cwd;
		}
	}
	if (r < 0)
		return r;
	enc_plan_env(w);
	finish(w);
	return 0;
}

int enc_plan_make(const struct enc_plan_request *q, struct enc_plan **ret, struct enc_diags *d, struct enc_err *e)
{
	struct enc_plan *p = enc_alloc(sizeof(*p));
	struct enc_planner w = {.q = q, .p = p, .d = d};
	int r;

	p->arena = enc_arena_new();
	p->policy = q->policy;
	p->host = q->host;
	p->engine = "user";
	p->cwd = q->cwd;
	p->state_dir = enc_arena_strdup(p->arena, q->state_dir);
	p->bindings = enc_arena_alloc(p->arena, (q->policy->n_clauses + 16) * sizeof(*p->bindings));
	r = make(&w, e);
	for (size_t i = 0; i < w.n_grants; i++)
		free(w.grants[i].at.links);
	free(w.grants);
	free(w.writable);
	free(w.first);
	free(w.second);
	if (r < 0) {
		enc_plan_free(p);
		return r;
	}
	*ret = p;
	return 0;
}

struct enc_plan *enc_plan_free(struct enc_plan *p)
{
	if (!p)
		return NULL;
	enc_arena_free(p->arena);
	free(p);
	return NULL;
}

const struct enc_binding *enc_plan_find(const struct enc_plan *p, const char *clause_id)
{
	for (size_t i = 0; i < p->n_bindings; i++)
		if (strcmp(p->bindings[i].clause->id, clause_id) == 0)
			return &p->bindings[i];
	return NULL;
}

/* The text of a clause's file, for the finding's source line: arena string of d, or NULL. The file may have changed
 * since it was read; the line that is shown is then today's, as in any editor. */
static const char *text_of(const char *file, struct enc_diags *d)
{
	static const char prefix[] = "built-in:";
	enc_auto(enc_free_auto) char *text = NULL;
	size_t n;

	if (file && strncmp(file, prefix, sizeof(prefix) - 1) == 0)
		for (size_t i = 0; i < enc_n_builtins; i++)
			if (strcmp(enc_builtins[i].name, file + sizeof(prefix) - 1) == 0)
				return enc_arena_strndup(d->arena, enc_builtins[i].text, enc_builtins[i].len);
	if (!file || file[0] != '/' || enc_read_file(AT_FDCWD, file, SOURCE_MAX, &text, &n, NULL) < 0)
		return NULL;
	return enc_arena_strndup(d->arena, text, n);
}

void enc_plan_unbound(const struct enc_plan *p, struct enc_diags *d)
{
	const char *file = NULL, *text = NULL;

	for (size_t i = 0; i < p->n_bindings; i++) {
		const struct enc_binding *b = &p->bindings[i];
		struct enc_diag *g;

		if (b->bound)
			continue;
		if (b->clause->at.line > 0 && b->clause->at.file != file) {
			file = b->clause->at.file;
			text = text_of(file, d);
		}
		g = enc_diag_add(d, "E0401", &b->clause->at, b->clause->at.line > 0 ? text : NULL, "%s: %s",
				 b->clause->id, b->missing);
		g->clause = enc_arena_strdup(d->arena, b->clause->id);
		if (b->next)
			enc_diag_hint(d, g, "%s", b->next);
	}
}
