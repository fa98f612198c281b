/* SPDX-License-Identifier: MIT */
/*
 * explain.c - which clause decides an action, in words and without a machine
 *
 * Order: deny, then protect for what changes something, then grants; what nothing grants is denied. Paths are
 * taken as they are written; a caller that wants links followed asks again with what they lead to.
 */
#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "policy/impl.h"
#include "policy/net.h"

enum what { READ, WRITE, REPLACE, EXEC, CONNECT };

static const struct {
	const char *word;
	enum what what;
} actions[] = {
	{"read", READ},	     {"write", WRITE},	  {"create", WRITE}, {"unlink", REPLACE},
	{"delete", REPLACE}, {"rename", REPLACE}, {"exec", EXEC},    {"connect", CONNECT},
};

struct answer {
	const struct enc_policy *p;
	const struct enc_clause *clause;
	const char *reason;
};

static int say(struct answer *a, int verdict, const struct enc_clause *c, const char *reason)
{
	a->clause = c;
	a->reason = reason;
	return verdict;
}

static const struct enc_clause *covering(const struct enc_policy *p, enum enc_clause_kind kind, const char *path)
{
	for (size_t i = 0; i < p->n_clauses; i++)
		if (p->clauses[i].kind == kind && enc_clause_covers(&p->clauses[i], path))
			return &p->clauses[i];
	return NULL;
}

/* Something denied or protected that lies below the path, which therefore can't be moved or removed. */
static const struct enc_clause *held_below(const struct enc_policy *p, const char *path)
{
	for (size_t i = 0; i < p->n_clauses; i++) {
		const struct enc_clause *c = &p->clauses[i];

		if ((c->kind == ENC_CL_FS_DENY || c->kind == ENC_CL_FS_PROTECT) && !c->glob &&
		    enc_path_in(c->value, path))
			return c;
	}
	return NULL;
}

static int private_place(struct answer *a, const char *path)
{
	static const char *const devices[] = {"/dev/null",    "/dev/zero", "/dev/full", "/dev/random",
					      "/dev/urandom", "/dev/tty",  "/dev/ptmx"};
	static const char *const scratch[] = {"/tmp", "/var/tmp", "/dev/shm"};

	for (size_t i = 0; i < ENC_LEN(devices); i++)
		if (strcmp(path, devices[i]) == 0)
			return say(a, 1, NULL, "every run has a /dev of its own with this device");
	if (strcmp(a->p->home, "/") != 0 && enc_path_in(path, a->p->home))
		return say(a, 0, NULL, "nothing grants it: the run has a private, empty home in its place");
	for (size_t i = 0; i < ENC_LEN(scratch); i++)
		if (enc_path_in(path, scratch[i]))
			return say(a, 0, NULL, "nothing grants it: the run has a private directory in its place");
	if (enc_path_in(path, "/proc"))
		return say(a, 0, NULL, "the run sees a /proc of its own processes alone");
	if (enc_path_in(path, "/dev"))
		return say(a, 0, NULL, "the run has a /dev of its own without it");
	return say(a, 0, NULL, "nothing grants it");
}

static int granted(struct answer *a, enum what what, const char *path)
{
	const struct enc_clause *w = covering(a->p, ENC_CL_FS_WRITE, path), *r;

	if (w)
		return say(a, 1, w,
			   what == READ || what == EXEC ? "granted for reading and writing" : "granted for writing");
	r = covering(a->p, ENC_CL_FS_READ, path);
	if (r && (what == READ || what == EXEC))
		return say(a, 1, r, "granted for reading");
	if (r)
		return say(a, 0, r, "granted for reading alone");
	return private_place(a, path);
}

static int explain_path(struct answer *a, enum what what, const char *path)
{
	const struct enc_clause *c = covering(a->p, ENC_CL_FS_DENY, path);

	if (c)
		return say(a, 0, c, "denied; a deny always wins");
	if (what == WRITE || what == REPLACE) {
		c = covering(a->p, ENC_CL_FS_PROTECT, path);
		if (c)
			return say(a, 0, c, "protected from every change");
	}
	if (what == REPLACE) {
		c = held_below(a->p, path);
		if (c)
			return say(a, 0, c, "it holds what this clause keeps in its place");
		for (size_t i = 0; i < a->p->n_clauses; i++)
			if (a->p->clauses[i].kind == ENC_CL_FS_WRITE && strcmp(a->p->clauses[i].value, path) == 0)
				return say(a, 0, &a->p->clauses[i], "the top of a grant stays in its place");
	}
	return granted(a, what, path);
}

/* A rule of exec names a file or, without a slash, a program. */
static bool exec_matches(const struct enc_clause *c, const char *path)
{
	const char *base = strrchr(path, '/');

	if (strchr(c->value, '/'))
		return c->glob ? enc_glob_match(c->value, path) : enc_path_in(path, c->value);
	base = base ? base + 1 : path;
	return c->glob ? enc_glob_match(c->value, base) : strcmp(c->value, base) == 0;
}

static int explain_exec(struct answer *a, const char *path)
{
	const struct enc_clause *allow = NULL;
	bool list = false;

	for (size_t i = 0; i < a->p->n_clauses; i++) {
		const struct enc_clause *c = &a->p->clauses[i];

		if (c->kind == ENC_CL_EXEC_DENY && exec_matches(c, path))
			return say(a, 0, c, "this program may not be started");
		list |= c->kind == ENC_CL_EXEC_ALLOW;
		if (c->kind == ENC_CL_EXEC_ALLOW && !allow && exec_matches(c, path))
			allow = c;
	}
	if (list && !allow)
		return say(a, 0, enc_policy_get(a->p, ENC_CL_EXEC_ALLOW), "no exec.allow names this program");
	return explain_path(a, EXEC, path);
}

static int explain_connect(struct answer *a, const char *object, struct enc_err *e)
{
	const struct enc_clause *mode = enc_policy_get(a->p, ENC_CL_NET_MODE);
	const char *host;
	uint64_t port;

	if (enc_endpoint_parse(a->p->arena, object, false, &host, &port) < 0) {
		ENC_FAIL(e, EINVAL, "'%s' is not a host or host:port", object);
		return enc_err_id(e, "E0701", "enclosure policy explain connect api.example.com:443");
	}
	if (a->p->net_mode == ENC_NET_OPEN)
		return say(a, 1, mode, "the network is open");
	if (a->p->net_mode == ENC_NET_NONE)
		return say(a, 0, mode, "the run has no network but its own loopback");
	for (size_t i = 0; i < a->p->n_clauses; i++) {
		const struct enc_clause *c = &a->p->clauses[i];

		if (c->kind == ENC_CL_NET_ALLOW && enc_host_covers(c->name, host) && c->number == (port ? port : 443))
			return say(a, 1, c, "this host is let out");
	}
	return say(a, 0, mode, "no network.allow names this host and port");
}

static int object_path(const struct enc_policy *p, const char *object, const char **ret, struct enc_err *e)
{
	const char *why = NULL, *hint = NULL;
	bool glob = false;

	/* What is asked about is one file, not a pattern. */
	*ret = *object == '/' ? enc_path_clean(p->arena, object)
			      : enc_path_resolve(p->arena, p, object, &why, &hint, &glob);
	if (*ret)
		return 0;
	ENC_FAIL(e, EINVAL, "%s", why ? why : "not a path");
	return enc_err_id(e, "E0701", hint ? "%s" : NULL, hint);
}

int enc_policy_explain(const struct enc_policy *p, const char *action, const char *object,
		       const struct enc_clause **ret_clause, const char **ret_reason, struct enc_err *e)
{
	const char *words[ENC_LEN(actions)], *near, *path;
	struct answer a = {.p = p};
	size_t i = 0;
	int r;

	while (i < ENC_LEN(actions) && strcmp(actions[i].word, action) != 0) {
		words[i] = actions[i].word;
		i++;
	}
	if (i == ENC_LEN(actions)) {
		near = enc_nearest(action, words, ENC_LEN(words));
		ENC_FAIL(e, EINVAL, "there is no action '%s'", action);
		if (near)
			return enc_err_id(e, "E0701", "did you mean '%s'?", near);
		return enc_err_id(e, "E0701", "read, write, create, unlink, rename, exec or connect");
	}
	if (actions[i].what == CONNECT) {
		r = explain_connect(&a, object, e);
	} else {
		r = object_path(p, object, &path, e);
		if (r == 0)
			r = actions[i].what == EXEC ? explain_exec(&a, path) : explain_path(&a, actions[i].what, path);
	}
	*ret_clause = a.clause;
	*ret_reason = a.reason;
	return r;
}
