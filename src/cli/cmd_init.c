/* SPDX-License-Identifier: MIT */
/*
 * cmd_init.c - enclosure init: a first manifest, fit for the project that it stands in
 *
 * The manifest is written beside its place, loaded and planned as a run would do it, and then put there in one step:
 * what is no good never has the name. No link is followed, and what stands there stays unless --force is given.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/context.h"
#include "cli/init.h"
#include "cli/verbs.h"
#include "plan/plan.h"
#include "policy/policy.h"

struct init_args {
	const char *agent, *output;
	bool force, to_stdout, json;
};

static const struct enc_opt init_opts[] = {
	{0, "agent", "claude-code|codex|none", ENC_OPT_TEXT, offsetof(struct init_args, agent),
	 "the agent that shall work here, instead of looking for one"},
	{0, "force", NULL, ENC_OPT_FLAG, offsetof(struct init_args, force), "replace the manifest that is there"},
	{'o', "output", "FILE", ENC_OPT_TEXT, offsetof(struct init_args, output),
	 "write there, and not enclosure.yaml at the top of the project"},
	{0, "stdout", NULL, ENC_OPT_FLAG, offsetof(struct init_args, to_stdout), "print the manifest, write nothing"},
	{0, "json", NULL, ENC_OPT_FLAG, offsetof(struct init_args, json), "print what was found and done as an object"},
};

struct init_place {
	int dir;
	const char *path, *name; /* absolute; the last component of it */
	char tmp[64];		 /* beside it, until it is put there; empty: none */
};

static int place_open(struct enc_arena *a, const char *cwd, const char *output, const char *root,
		      struct init_place *ret, struct enc_err *e)
{
	const char *path = !output	    ? enc_arena_printf(a, "%s/enclosure.yaml", strcmp(root, "/") ? root : "")
			   : *output == '/' ? output
					    : enc_arena_printf(a, "%s/%s", cwd, output);
	const char *slash = strrchr(path, '/'),
		   *dir = slash == path ? "/" : enc_arena_strndup(a, path, (size_t)(slash - path));

	ret->path = path;
	ret->name = slash + 1;
	if (!*ret->name || strcmp(ret->name, ".") == 0 || strcmp(ret->name, "..") == 0) {
		ENC_FAIL(e, EISDIR, "%s is a folder", path);
		return enc_err_id(e, "E0701", "name a file: -o %s/enclosure.yaml", output);
	}
	ret->dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (ret->dir < 0) {
		ENC_FAIL(e, errno, "open %s: %s", dir, strerror(errno));
		return enc_err_id(e, "E0302", "name a file in a folder that exists");
	}
	return 0;
}

/* What stands there already: 0 nothing, 1 a file that --force replaces; else refused. */
static int place_taken(const struct init_place *p, bool force, struct enc_err *e)
{
	struct stat st;

	if (fstatat(p->dir, p->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : ENC_FAIL_ID(e, "E0302", errno, "%s: %s", p->path, strerror(errno));
	if (!S_ISREG(st.st_mode)) {
		ENC_FAIL(e, EEXIST, "%s is there, and is %s", p->path,
			 S_ISLNK(st.st_mode) ? "a symbolic link, which is not followed" : "no file");
		return enc_err_id(e, "E0311", "remove it, or write elsewhere with -o FILE");
	}
	if (!force) {
		ENC_FAIL(e, EEXIST, "%s is there already", p->path);
		return enc_err_id(e, "E0311", "enclosure init --stdout shows a new one, --force replaces it");
	}
	return 1;
}

static void place_drop(struct init_place *p)
{
	if (p->tmp[0])
		(void)unlinkat(p->dir, p->tmp, 0);
	p->tmp[0] = '\0';
}

/* A name that nobody foresees, so that nothing of another's can stand there; `.yaml`, since it is loaded by it. */
static int place_write(struct init_place *p, const struct enc_buf *text, struct enc_err *e)
{
	char id[27];
	int r;
	enc_auto_fd int fd = -1;

	enc_ulid(id);
	snprintf(p->tmp, sizeof(p->tmp), ".enclosure-%s.yaml", id);
	fd = openat(p->dir, p->tmp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0) {
		r = errno;
		p->tmp[0] = '\0';
		ENC_FAIL(e, r, "%s can't be written: %s", p->path, strerror(r));
		return enc_err_id(e, "E0702", "enclosure init --stdout, or -o FILE where you may write");
	}
	r = enc_write_all(fd, text->s, text->len);
	if (r == 0 && fsync(fd) < 0)
		r = -errno;
	if (r == 0)
		return 0;
	place_drop(p);
	return ENC_FAIL_ID(e, "E0702", -r, "%s can't be written: %s", p->path, strerror(-r));
}

static int place_commit(struct init_place *p, bool force, struct enc_err *e)
{
	int r = force ? renameat(p->dir, p->tmp, p->dir, p->name) : linkat(p->dir, p->tmp, p->dir, p->name, 0);

	if (r < 0) {
		ENC_FAIL(e, errno, "%s can't be put in its place: %s", p->path, strerror(errno));
		enc_err_id(e, "E0311", "something was put there meanwhile: look at it first");
		place_drop(p);
		return -e->code;
	}
	if (force)
		p->tmp[0] = '\0';
	place_drop(p);
	return 0;
}

/* As a run would do it. Negative: the manifest is no good (findings in d) or the machine can't be asked. */
static int try_out(struct enc_arena *a, const struct init_place *p, bool *ret_runnable, struct enc_diags *d,
		   struct enc_err *e)
{
	struct enc_cli_context c = {0};
	const char *slash = strrchr(p->path, '/');
	const char *file = enc_arena_printf(a, "%.*s/%s", (int)(slash - p->path), p->path, p->tmp);
	int r = enc_cli_context_load(&c, ENC_CTX_PLAN | ENC_CTX_UNTRUSTED, file, NULL, 0, d, e);

	*ret_runnable = r == 0 && c.plan->runnable;
	if (r == 0)
		enc_plan_unbound(c.plan, d);
	enc_cli_context_done(&c);
	return r;
}

static size_t count(const struct init_found *f, enum init_state state)
{
	size_t n = 0;

	for (size_t i = 0; i < f->n_secrets; i++)
		n += f->secrets[i].state == state;
	return n;
}

static void say_path(struct enc_buf *b, const char *path)
{
	enc_buf_add_escaped(b, path, strlen(path));
}

static void report_found(const struct init_found *f, struct enc_buf *b)
{
	for (size_t i = 0; i < f->n_hits; i++) {
		enc_buf_printf(b, "  %-10s %-14s ", init_kind_name(f->hits[i].kit->kind), f->hits[i].kit->name);
		say_path(b, f->hits[i].evidence);
		enc_buf_putc(b, '\n');
	}
	for (size_t i = 0; i < f->n_secrets; i++) {
		static const char *const words[] = {"denied", "left: a test's?", "left: a link that leads out",
						    "LEFT: no manifest can name it"};

		enc_buf_puts(b, "  secret     ");
		say_path(b, f->secrets[i].path);
		enc_buf_printf(b, " (%s)\n", words[f->secrets[i].state]);
	}
	for (size_t i = 0; i < f->n_later; i++) {
		enc_buf_puts(b, "  protected  ");
		say_path(b, f->later[i].path);
		enc_buf_putc(b, '\n');
	}
	if (!f->n_hits && !f->n_secrets)
		enc_buf_puts(b, "  nothing that is known here: the manifest is the profile's\n");
	if (f->cut)
		enc_buf_puts(b, "  the project is larger than what was looked at: see what is missing\n");
}

static void report_words(const struct init_found *f, const char *path, bool replaced, bool runnable, struct enc_buf *b)
{
	enc_buf_puts(b, replaced ? "replaced " : "wrote ");
	say_path(b, path);
	enc_buf_puts(b, "\nfound in ");
	say_path(b, f->root);
	enc_buf_puts(b, f->git ? " (git work tree)\n" : "\n");
	report_found(f, b);
	enc_buf_printf(b, "network: none%s%s\n", f->agent ? "; change network.mode before you start " : "",
		       f->agent ? f->agent->name : "");
	enc_buf_puts(b, runnable ? "every clause of it can be enforced here\nnext:\n"
				 : "not every clause of it can be enforced here\nnext:\n");
	enc_buf_puts(b, "  enclosure plan                  what is enforced here, and by what\n"
			"  enclosure trust                 obey it from now on\n");
	enc_buf_printf(b, "  enclosure run -- %s\n", f->agent ? f->agent->program : "COMMAND");
}

static void report_json(const struct init_found *f, const char *path, bool replaced, bool runnable, struct enc_buf *b)
{
	static const char *const states[] = {"denied", "fixture", "outside", "unnamed"};
	struct enc_json j;

	enc_json_init(&j, b, 2);
	enc_json_object(&j, NULL);
	enc_json_str(&j, "schema", "enclosure.init/v1");
	enc_json_path(&j, "manifest", path);
	enc_json_bool(&j, "replaced", replaced);
	enc_json_path(&j, "root", f->root);
	enc_json_str(&j, "profile", f->agent ? f->agent->profile : "offline");
	enc_json_str(&j, "agent", f->agent ? f->agent->name : NULL);
	enc_json_array(&j, "found");
	for (size_t i = 0; i < f->n_hits; i++) {
		enc_json_object(&j, NULL);
		enc_json_str(&j, "kind", init_kind_name(f->hits[i].kit->kind));
		enc_json_str(&j, "name", f->hits[i].kit->name);
		enc_json_path(&j, "evidence", f->hits[i].evidence);
		enc_json_end(&j);
	}
	enc_json_end(&j);
	enc_json_array(&j, "secrets");
	for (size_t i = 0; i < f->n_secrets; i++) {
		enc_json_object(&j, NULL);
		enc_json_path(&j, "path", f->secrets[i].path);
		enc_json_str(&j, "state", states[f->secrets[i].state]);
		enc_json_end(&j);
	}
	enc_json_end(&j);
	enc_json_array(&j, "protected");
	for (size_t i = 0; i < f->n_later; i++) {
		enc_json_object(&j, NULL);
		enc_json_path(&j, "path", f->later[i].path);
		enc_json_end(&j);
	}
	enc_json_end(&j);
	enc_json_bool(&j, "complete", !f->cut && !count(f, INIT_UNNAMED));
	enc_json_bool(&j, "runnable", runnable);
	enc_json_array(&j, "next");
	enc_json_str(&j, NULL, "enclosure plan");
	enc_json_str(&j, NULL, "enclosure trust");
	enc_json_end(&j);
	enc_json_end(&j);
	enc_buf_putc(b, '\n');
}

static int flush(struct enc_buf *b, int status)
{
	int r = enc_cli_out(b);

	enc_buf_done(b);
	return r ? r : status;
}

/* The manifest goes to stdout, what was found to stderr. */
static int print_only(const struct init_found *f)
{
	struct enc_buf b = {0};

	report_found(f, &b);
	(void)enc_write_all(STDERR_FILENO, b.s, b.len);
	enc_buf_reset(&b);
	init_write(f, &b);
	return flush(&b, 0);
}

static int write_it(const struct init_args *a, const struct init_found *f, const char *cwd)
{
	struct init_place p = {.dir = -1};
	struct enc_buf text = {0}, b = {0};
	struct enc_diags d;
	struct enc_err e = {0};
	bool runnable = false;
	int taken, r;

	enc_diags_init(&d);
	r = taken = place_open(f->arena, cwd, a->output, f->root, &p, &e);
	if (r == 0)
		r = taken = place_taken(&p, a->force, &e);
	if (r >= 0) {
		init_write(f, &text);
		r = place_write(&p, &text, &e);
		enc_buf_done(&text);
	}
	if (r >= 0)
		r = try_out(f->arena, &p, &runnable, &d, &e);
	if (r >= 0)
		r = place_commit(&p, a->force, &e);
	place_drop(&p);
	if (r < 0) {
		r = d.n ? enc_cli_diags(&d, a->json, 1)
			: enc_cli_error(&e, a->json, strcmp(e.id, "E0701") == 0 ? 64 : 1);
	} else {
		(a->json ? report_json : report_words)(f, p.path, taken == 1, runnable, &b);
		r = flush(&b, 0);
		if (r == 0 && !a->json)
			r = enc_cli_diags(&d, false, 0);
	}
	enc_diags_done(&d);
	if (p.dir >= 0)
		close(p.dir);
	return r;
}

static int usage(const struct init_args *a, const char *what, const char *hint)
{
	struct enc_err e = {0};

	ENC_FAIL(&e, EINVAL, "%s", what);
	enc_err_id(&e, "E0701", "%s", hint);
	return enc_cli_error(&e, a->json, 64);
}

static int cmd_init(const struct enc_verb *verb, void *args, int argc, char **argv)
{
	enc_auto(enc_arena_free_auto) struct enc_arena *arena = enc_arena_new();
	const struct init_args *a = args;
	struct init_found f;
	struct enc_err e = {0};
	char cwd[4096];
	int r;

	if (a->to_stdout && (a->json || a->output || a->force))
		return usage(a, "--stdout stands alone, or with --agent", "enclosure init --help");
	if (a->agent && strcmp(a->agent, "claude-code") != 0 && strcmp(a->agent, "codex") != 0 &&
	    strcmp(a->agent, "none") != 0)
		return usage(a, "--agent is claude-code, codex or none", "enclosure init --agent none");
	if (!getcwd(cwd, sizeof(cwd)) || cwd[0] != '/') {
		ENC_FAIL(&e, ENOENT, "the working directory can't be named");
		enc_err_id(&e, "E0501", "change to a directory that exists");
		return enc_cli_error(&e, a->json, 1);
	}
	r = init_find(arena, cwd, a->agent, getenv("PATH"), &f, &e);
	if (r < 0)
		r = enc_cli_error(&e, a->json, 1);
	else
		r = a->to_stdout ? print_only(&f) : write_it(a, &f, cwd);
	init_found_done(&f);
	return r;
}

const struct enc_verb enc_verb_init = {
	.name = "init",
	.summary = "write a first manifest, fit for this project",
	.operands = "",
	.description =
		"Looks at the names in the project (the git work tree that the working directory is in, else that\n"
		"directory): languages, package managers, agents, secrets, files that run code later. Nothing is read\n"
		"and no link is followed. Writes enclosure.yaml, with the reason on each line, and says whether this\n"
		"machine can enforce it. The network is off in it. It is obeyed after `enclosure trust`.",
	.opts = init_opts,
	.n_opts = ENC_LEN(init_opts),
	.args_size = sizeof(struct init_args),
	.usage_status = 64,
	.run = cmd_init,
	.exits = "0 written, 1 not (one is there, or it would be no good), 2 it can't be shown, 64 usage.",
	.examples = "enclosure init && enclosure trust\tBegin.\n"
		    "enclosure init --stdout --agent codex | diff enclosure.yaml -\tWhat would it say now?\n",
};
