/* SPDX-License-Identifier: MIT */
/*
 * cmd_policy.c - policy check, policy show, policy explain
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/verbs.h"
#include "plan/plan.h"
#include "policy/policy.h"

struct policy_args {
	const char *manifest;
	bool json;
};

static const struct enc_opt policy_opts[] = {
	{'m', "manifest", "FILE", ENC_OPT_TEXT, offsetof(struct policy_args, manifest),
	 "manifest or built-in profile, instead of looking for enclosure.yaml"},
	{0, "json", NULL, ENC_OPT_FLAG, offsetof(struct policy_args, json), "print one JSON object"},
};

/* The manifest stands as an operand or behind -m; both at once is two answers to one question. */
static int pick_manifest(struct policy_args *a, int argc, char **argv)
{
	struct enc_err e = {0};

	if (argc == 0)
		return 0;
	if (a->manifest) {
		ENC_FAIL(&e, EINVAL, "the manifest was given twice: '%s' and '%s'", a->manifest, argv[0]);
		enc_err_id(&e, "E0701", "enclosure policy --help");
		return enc_cli_error(&e, a->json, 64);
	}
	a->manifest = argv[0];
	return 0;
}

static int finish(struct enc_cli_context *c, struct enc_buf *b, int status)
{
	int r = enc_cli_out(b);

	enc_buf_done(b);
	enc_cli_context_done(c);
	return r ? r : status;
}

/* A looked-up manifest: is it trusted? Profiles and -m need no trust. */
static const char *trust_word(const struct enc_cli_context *c, const char *manifest)
{
	struct enc_err e = {0};

	if (manifest || c->policy->path[0] != '/')
		return "not needed";
	return enc_trust_check(c->state_dir, c->policy, &e) == 1 ? "yes" : "no";
}

static int run_check(const struct enc_verb *verb, void *args, int argc, char **argv)
{
	struct policy_args *a = args;
	struct enc_cli_context c;
	struct enc_buf b = {0};
	const char *trusted;
	struct enc_json j;
	int r = pick_manifest(a, argc, argv);

	if (r == 0)
		r = enc_cli_context(&c, ENC_CTX_POLICY | ENC_CTX_UNTRUSTED, a->manifest, NULL, 0, a->json, 1);
	if (r)
		return r;
	trusted = trust_word(&c, a->manifest);
	if (a->json) {
		enc_json_init(&j, &b, 2);
		enc_json_object(&j, NULL);
		enc_json_str(&j, "schema", "enclosure.check/v1");
		enc_json_bool(&j, "ok", true);
		enc_json_path(&j, "manifest", c.policy->path);
		enc_json_str(&j, "digest", c.policy->digest);
		enc_json_str(&j, "found", c.policy->found);
		enc_json_str(&j, "trusted", trusted);
		enc_json_uint(&j, "clauses", c.policy->n_clauses);
		enc_json_uint(&j, "files", c.policy->n_files);
		enc_json_end(&j);
		enc_buf_putc(&b, '\n');
		return finish(&c, &b, 0);
	}
	enc_buf_add_escaped(&b, c.policy->path, strlen(c.policy->path));
	enc_buf_printf(&b, ": good, %zu clauses from %zu file%s\n", c.policy->n_clauses, c.policy->n_files,
		       c.policy->n_files == 1 ? "" : "s");
	if (strcmp(trusted, "no") == 0)
		enc_buf_printf(&b, "  not trusted yet; next: enclosure trust %s\n", c.policy->path);
	return finish(&c, &b, 0);
}

static int run_show(const struct enc_verb *verb, void *args, int argc, char **argv)
{
	struct policy_args *a = args;
	struct enc_cli_context c;
	struct enc_buf b = {0};
	struct enc_json j;
	int r = pick_manifest(a, argc, argv);

	if (r == 0)
		r = enc_cli_context(&c, ENC_CTX_POLICY | ENC_CTX_UNTRUSTED, a->manifest, NULL, 0, a->json, 1);
	if (r)
		return r;
	if (a->json) {
		enc_json_init(&j, &b, 2);
		enc_policy_json(c.policy, &j);
		enc_buf_putc(&b, '\n');
	} else {
		enc_policy_show(c.policy, &b);
	}
	return finish(&c, &b, 0);
}

struct verdict {
	int allow;
	const struct enc_clause *clause;
	const char *reason;
	const char *resolved; /* where the object leads, when that is elsewhere and decided */
};

/* What a program of this name would be found as; NULL when nowhere. */
static const char *find_program(struct enc_arena *a, const char *name)
{
	const char *path = getenv("PATH");

	for (const char *p = path ? path : "/usr/local/bin:/usr/bin:/bin"; *p;) {
		size_t n = strcspn(p, ":");
		const char *file = enc_arena_printf(a, "%.*s/%s", (int)n, p, name);

		if (*p == '/' && access(file, X_OK) == 0)
			return file;
		p += n + (p[n] == ':');
	}
	return NULL;
}

static const char *object_of(const struct enc_cli_context *c, const char *action, const char *object)
{
	const char *found;

	if (strcmp(action, "connect") == 0 || strchr("/~$", object[0]) || !object[0])
		return object;
	if (strcmp(action, "exec") == 0 && !strchr(object, '/')) {
		found = find_program(c->arena, object);
		if (found)
			return found;
	}
	return enc_arena_printf(c->arena, "%s/%s", c->cwd, object);
}

/* Where links lead. Of a path whose last component is absent, or is itself what is acted on, the directory is
 * followed. NULL: nowhere else. */
static const char *follow(struct enc_arena *a, const char *path, bool last)
{
	enc_auto(enc_free_auto) char *real = last ? realpath(path, NULL) : NULL;
	enc_auto(enc_free_auto) char *dir = NULL;
	const char *slash = strrchr(path, '/');
	size_t n = slash ? (size_t)(slash - path) : 0;

	if (real)
		return strcmp(real, path) ? enc_arena_strdup(a, real) : NULL;
	dir = n ? realpath(enc_arena_strndup(a, path, n), NULL) : NULL;
	if (!dir || (strlen(dir) == n && memcmp(dir, path, n) == 0))
		return NULL;
	return enc_arena_printf(a, "%s%s", strcmp(dir, "/") ? dir : "", slash);
}

/* By its name first: what a deny or protect names, and what nothing shows, is decided there. Else a link leads to
 * the file that is acted on, and the clauses of that one decide. */
static int decide(const struct enc_cli_context *c, const char *action, const char *object, struct verdict *v,
		  struct enc_err *e)
{
	bool last = strcmp(action, "unlink") && strcmp(action, "delete") && strcmp(action, "rename");
	const char *path, *real;

	v->allow = enc_policy_explain(c->policy, action, object, &v->clause, &v->reason, e);
	if (v->allow < 0)
		return v->allow;
	if (object[0] != '/' || !v->clause)
		return 0;
	if (v->clause->kind == ENC_CL_FS_DENY || v->clause->kind == ENC_CL_FS_PROTECT ||
	    v->clause->kind == ENC_CL_EXEC_DENY)
		return 0;
	path = enc_path_clean(c->arena, object);
	real = follow(c->arena, path, last);
	if (!real)
		return 0;
	v->resolved = real;
	v->allow = enc_policy_explain(c->policy, action, real, &v->clause, &v->reason, e);
	return v->allow < 0 ? v->allow : 0;
}

static void mechanisms(const struct enc_binding *b, struct enc_buf *out)
{
	bool more = false;

	for (int m = 0; b && m < ENC_MECH__COUNT; m++) {
		if (!(b->mechanisms & (1u << m)))
			continue;
		enc_buf_printf(out, "%s%s", more ? ", " : "", enc_mech_name((enum enc_mech)m));
		more = true;
	}
	if (!more)
		enc_buf_puts(out, "-");
}

static void explain_words(const char *action, const char *object, const struct verdict *v, const struct enc_binding *b,
			  struct enc_buf *out)
{
	enc_buf_printf(out, "%s  %s ", v->allow ? "allow" : "deny", action);
	enc_buf_add_escaped(out, object, strlen(object));
	enc_buf_putc(out, '\n');
	if (v->resolved) {
		enc_buf_puts(out, "  leads to   ");
		enc_buf_add_escaped(out, v->resolved, strlen(v->resolved));
		enc_buf_putc(out, '\n');
	}
	if (v->clause) {
		enc_buf_printf(out, "  clause     %s (", v->clause->id);
		enc_buf_add_escaped(out, v->clause->text, strlen(v->clause->text));
		enc_buf_puts(out, ")\n  from       ");
		enc_buf_add_escaped(out, v->clause->at.file, strlen(v->clause->at.file));
		if (v->clause->at.line)
			enc_buf_printf(out, ":%d", v->clause->at.line);
		enc_buf_putc(out, '\n');
	} else {
		enc_buf_puts(out, "  clause     none\n");
	}
	enc_buf_printf(out, "  reason     %s\n", v->reason);
	enc_buf_puts(out, "  mechanism  ");
	mechanisms(b, out);
	if (b && b->bound)
		enc_buf_printf(out, " (%s)", enc_guarantee_name(b->guarantee));
	enc_buf_putc(out, '\n');
	if (b && !b->bound)
		enc_buf_printf(out, "  unbound    %s: no run starts under this manifest\n",
			       b->missing ? b->missing : "nothing enforces it here");
}

static void explain_json(const char *action, const char *object, const struct verdict *v, const struct enc_binding *b,
			 struct enc_buf *out)
{
	struct enc_json j;

	enc_json_init(&j, out, 2);
	enc_json_object(&j, NULL);
	enc_json_str(&j, "schema", "enclosure.explain/v1");
	enc_json_str(&j, "action", action);
	enc_json_path(&j, "object", object);
	if (v->resolved)
		enc_json_path(&j, "resolved", v->resolved);
	enc_json_str(&j, "verdict", v->allow ? "allow" : "deny");
	enc_json_str(&j, "clause", v->clause ? v->clause->id : NULL);
	enc_json_str(&j, "text", v->clause ? v->clause->text : NULL);
	enc_json_object(&j, "source");
	enc_json_str(&j, "file", v->clause ? v->clause->at.file : NULL);
	enc_json_int(&j, "line", v->clause ? v->clause->at.line : 0);
	enc_json_end(&j);
	enc_json_str(&j, "reason", v->reason);
	enc_json_array(&j, "mechanisms");
	for (int m = 0; b && m < ENC_MECH__COUNT; m++)
		if (b->mechanisms & (1u << m))
			enc_json_str(&j, NULL, enc_mech_name((enum enc_mech)m));
	enc_json_end(&j);
	enc_json_str(&j, "guarantee", b ? enc_guarantee_name(b->guarantee) : NULL);
	enc_json_bool(&j, "bound", b ? b->bound : true);
	enc_json_end(&j);
	enc_buf_putc(out, '\n');
}

static int run_explain(const struct enc_verb *verb, void *args, int argc, char **argv)
{
	const struct policy_args *a = args;
	const struct enc_binding *binding;
	struct enc_cli_context c;
	struct verdict v = {0};
	struct enc_err e = {0};
	struct enc_buf b = {0};
	const char *object;
	int r = enc_cli_context(&c, ENC_CTX_PLAN | ENC_CTX_UNTRUSTED, a->manifest, NULL, 0, a->json, 2);

	if (r)
		return r;
	object = object_of(&c, argv[0], argv[1]);
	r = decide(&c, argv[0], object, &v, &e);
	if (r < 0) {
		enc_cli_context_done(&c);
		return enc_cli_error(&e, a->json, 64);
	}
	binding = v.clause ? enc_plan_find(c.plan, v.clause->id) : NULL;
	if (a->json)
		explain_json(argv[0], object, &v, binding, &b);
	else
		explain_words(argv[0], object, &v, binding, &b);
	return finish(&c, &b, v.allow ? 0 : 1);
}

const struct enc_verb enc_verb_policy_check = {
	.name = "policy check",
	.summary = "read a manifest and name everything that is wrong in it",
	.operands = "[FILE]",
	.description =
		"Reads the manifest, all that it extends and the ceiling, and prints every error at once with its\n"
		"place and the nearest right spelling. Nothing is run and nothing is probed; `enclosure plan`\n"
		"says whether this machine can enforce it.",
	.opts = policy_opts,
	.n_opts = ENC_LEN(policy_opts),
	.args_size = sizeof(struct policy_args),
	.max_operands = 1,
	.usage_status = 64,
	.run = run_check,
	.exits = "0 good, 1 not, 64 usage.",
};

const struct enc_verb enc_verb_policy_show = {
	.name = "policy show",
	.summary = "print the effective manifest and where each clause came from",
	.operands = "[FILE]",
	.description =
		"What remains when everything that the manifest extends and the ceiling are put together: variables\n"
		"replaced, lists added up, each line with the file and line that it came from.",
	.opts = policy_opts,
	.n_opts = ENC_LEN(policy_opts),
	.args_size = sizeof(struct policy_args),
	.max_operands = 1,
	.usage_status = 64,
	.run = run_show,
	.exits = "0 printed, 1 the manifest is not good, 64 usage.",
};

const struct enc_verb enc_verb_policy_explain = {
	.name = "policy explain",
	.summary = "say what would happen to one action, and which clause decides",
	.operands = "ACTION OBJECT",
	.description =
		"ACTION is read, write, create, unlink, rename, exec or connect; OBJECT a path, a program or "
		"host:port.\n"
		"Prints the verdict, the clause that decides and the mechanism that enforces it on this machine.",
	.opts = policy_opts,
	.n_opts = ENC_LEN(policy_opts),
	.args_size = sizeof(struct policy_args),
	.min_operands = 2,
	.max_operands = 2,
	.usage_status = 64,
	.run = run_explain,
	.exits = "0 allowed, 1 denied, 2 can't tell, 64 usage.",
	.examples = "enclosure policy explain write ~/.ssh/id_rsa\tMay it write the key?\n"
		    "enclosure policy explain -m claude-code exec git\tMay Claude Code start git?\n",
};
