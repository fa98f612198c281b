/* SPDX-License-Identifier: MIT */
/*
 * env.c - the environment of the command: what is named, and nothing else
 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "plan/impl.h"

#define DEFAULT_PATH "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin"

struct list {
	char **v;
	size_t n;
};

static size_t name_len(const char *entry)
{
	return strcspn(entry, "=");
}

static bool has(const struct list *l, const char *name, size_t n)
{
	for (size_t i = 0; i < l->n; i++)
		if (name_len(l->v[i]) == n && memcmp(l->v[i], name, n) == 0)
			return true;
	return false;
}

static void put(struct enc_arena *a, struct list *l, const char *name, const char *value)
{
	size_t n = strlen(name);
	char *entry = enc_arena_printf(a, "%s=%s", name, value);

	for (size_t i = 0; i < l->n; i++)
		if (name_len(l->v[i]) == n && memcmp(l->v[i], name, n) == 0) {
			l->v[i] = entry;
			return;
		}
	*ENC_PUSH(l->v, l->n) = entry;
}

static bool passes(const struct enc_clause *c, const char *entry)
{
	size_t n = name_len(entry);
	char name[256];

	if (n == 0 || n >= sizeof(name) || entry[n] != '=')
		return false;
	memcpy(name, entry, n);
	name[n] = '\0';
	if (!c->glob)
		return strcmp(c->value, name) == 0;
	return enc_glob_match(c->value, name) && !enc_env_looks_secret(name);
}

static void pass(struct enc_planner *w, const struct enc_clause *c, struct list *l)
{
	for (char *const *entry = w->q->environ; entry && *entry; entry++)
		if (passes(c, *entry) && !has(l, *entry, name_len(*entry)))
			*ENC_PUSH(l->v, l->n) = enc_arena_strdup(w->p->arena, *entry);
}

void enc_plan_env(struct enc_planner *w)
{
	const struct enc_policy *policy = w->q->policy;
	const struct enc_ids *ids = &w->p->ids;
	struct enc_arena *a = w->p->arena;
	struct list l = {0};
	char **env;

	for (size_t i = 0; i < policy->n_clauses; i++)
		if (policy->clauses[i].kind == ENC_CL_ENV_PASS)
			pass(w, &policy->clauses[i], &l);
	if (!has(&l, "PATH", 4))
		put(a, &l, "PATH", DEFAULT_PATH);
	put(a, &l, "HOME", ids->home);
	put(a, &l, "USER", ids->name);
	put(a, &l, "LOGNAME", ids->name);
	for (size_t i = 0; i < policy->n_clauses; i++)
		if (policy->clauses[i].kind == ENC_CL_ENV_SET)
			put(a, &l, policy->clauses[i].name, policy->clauses[i].value);
	env = enc_arena_alloc(a, (l.n + 1) * sizeof(*env));
	if (l.n)
		memcpy(env, l.v, l.n * sizeof(*env));
	free(l.v);
	w->p->env = env;
}
