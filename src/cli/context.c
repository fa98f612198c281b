/* SPDX-License-Identifier: MIT */
/*
 * context.c - what most verbs begin with: who runs, where state lies, the manifest, the machine, the plan
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/context.h"
#include "host/host.h"
#include "plan/plan.h"
#include "policy/policy.h"
#include "record/record.h"

static int load_cwd(struct enc_cli_context *c, struct enc_err *e)
{
	char buf[4096];

	if (!getcwd(buf, sizeof(buf)) || buf[0] != '/') {
		ENC_FAIL(e, errno ? errno : ENOENT, "the working directory can't be named: %s",
			 strerror(errno ? errno : ENOENT));
		return enc_err_id(e, "E0501", "change to a directory that exists");
	}
	c->cwd = enc_arena_strdup(c->arena, buf);
	return 0;
}

static int load_policy(struct enc_cli_context *c, unsigned what, const char *manifest, struct enc_diags *d,
		       struct enc_err *e)
{
	struct enc_ids ids;
	int r = enc_ids_resolve(c->arena, NULL, NULL, environ, &ids, e);

	if (r < 0)
		return r;
	struct enc_policy_where w = {
		.manifest = manifest,
		.cwd = c->cwd,
		.home = ids.home,
		.state_dir = what & ENC_CTX_UNTRUSTED ? NULL : c->state_dir,
		.uid = geteuid(),
		.own_home = getenv("HOME"),
	};
	return enc_policy_load(&w, &c->policy, d, e);
}

static int load_host(struct enc_cli_context *c, unsigned what, const struct enc_opt_list *masks, struct enc_err *e)
{
	int r;

	c->host = enc_arena_alloc(c->arena, sizeof(*c->host));
	r = enc_host_load(c->state_dir, what & ENC_CTX_FRESH ? ENC_HOST_FRESH : 0, c->host, e);
	if (r < 0)
		return r;
	for (size_t i = 0; masks && i < masks->n; i++) {
		enum enc_mech m;

		if (enc_mech_parse(masks->v[i], &m) < 0) {
			ENC_FAIL(e, EINVAL, "--mask: there is no mechanism '%s'", masks->v[i]);
			return enc_err_id(e, "E0701", "enclosure capabilities lists the mechanisms");
		}
		enc_host_mask(c->host, m);
	}
	return 0;
}

static int load_plan(struct enc_cli_context *c, uint64_t timeout_ns, struct enc_diags *d, struct enc_err *e)
{
	struct enc_plan_request q = {
		.policy = c->policy,
		.host = c->host,
		.state_dir = c->state_dir,
		.cwd = c->cwd,
		.environ = environ,
		.timeout_ns = timeout_ns,
	};

	return enc_plan_make(&q, &c->plan, d, e);
}

int enc_cli_context_load(struct enc_cli_context *c, unsigned what, const char *manifest,
			 const struct enc_opt_list *masks, uint64_t timeout_ns, struct enc_diags *d, struct enc_err *e)
{
	int r;

	if (what & ENC_CTX_PLAN)
		what |= ENC_CTX_POLICY | ENC_CTX_HOST;
	c->arena = enc_arena_new();
	r = load_cwd(c, e);
	if (r == 0)
		r = enc_state_dir(c->arena, true, &c->state_dir, e);
	if (r >= 0 && what & ENC_CTX_POLICY)
		r = load_policy(c, what, manifest, d, e);
	if (r >= 0 && what & ENC_CTX_HOST)
		r = load_host(c, what, masks, e);
	if (r >= 0 && what & ENC_CTX_PLAN)
		r = load_plan(c, timeout_ns, d, e);
	return r < 0 ? r : 0;
}

int enc_cli_context(struct enc_cli_context *c, unsigned what, const char *manifest, const struct enc_opt_list *masks,
		    uint64_t timeout_ns, bool json, int status)
{
	struct enc_err e = {0};
	struct enc_diags d;
	int r;

	memset(c, 0, sizeof(*c));
	enc_diags_init(&d);
	r = enc_cli_context_load(c, what, manifest, masks, timeout_ns, &d, &e);
	if (r < 0) {
		if (d.n)
			r = enc_cli_diags(&d, json, status);
		else
			r = enc_cli_error(&e, json, strcmp(e.id, "E0701") == 0 && status != 125 ? 64 : status);
		enc_cli_context_done(c);
	}
	enc_diags_done(&d);
	return r;
}

void enc_cli_context_done(struct enc_cli_context *c)
{
	c->plan = enc_plan_free(c->plan);
	c->policy = enc_policy_free(c->policy);
	c->arena = enc_arena_free(c->arena);
}
