/* SPDX-License-Identifier: MIT */
/*
 * cmd_import.c - enclosure import srt, codex, bwrap: another sandbox's settings as a manifest
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/verbs.h"
#include "import/import.h"
#include "plan/plan.h"

#define TEXT_MAX (1u << 20)

struct import_args {
	const char *output, *profile;
	struct enc_opt_list files;
	bool force, partial, json;
};

#define COMMON_OPTS                                                                                                 \
	{'o',                                                                                                       \
	 "output",                                                                                                  \
	 "FILE",                                                                                                    \
	 ENC_OPT_TEXT,                                                                                              \
	 offsetof(struct import_args, output),                                                                      \
	 "write the manifest to FILE, which must not exist yet"},                                                   \
		{0, "force", NULL, ENC_OPT_FLAG, offsetof(struct import_args, force), "replace FILE if it exists"}, \
		{0,                                                                                                 \
		 "partial",                                                                                         \
		 NULL,                                                                                              \
		 ENC_OPT_FLAG,                                                                                      \
		 offsetof(struct import_args, partial),                                                             \
		 "give the manifest also if a restriction has no equal"},                                           \
	{                                                                                                           \
		0, "json", NULL, ENC_OPT_FLAG, offsetof(struct import_args, json), "print one JSON object"          \
	}

static const struct enc_opt file_opts[] = {COMMON_OPTS};
static const struct enc_opt codex_opts[] = {
	COMMON_OPTS,
	{0, "profile", "NAME", ENC_OPT_TEXT, offsetof(struct import_args, profile),
	 "permission profile, in place of what the file selects"},
};
static const struct enc_opt bwrap_opts[] = {
	COMMON_OPTS,
	{0, "file", "LIST", ENC_OPT_LIST, offsetof(struct import_args, files),
	 "arguments, each ended by NUL, in place of the next --args FD (may be repeated)"},
};

static int where(struct enc_arena *a, struct enc_import_request *q, struct enc_err *e)
{
	const char *home = getenv("HOME");
	struct enc_ids ids;
	char cwd[4096];
	int r = enc_ids_resolve(a, NULL, NULL, environ, &ids, e);

	if (r < 0)
		return r;
	if (!getcwd(cwd, sizeof(cwd)) || cwd[0] != '/')
		return ENC_FAIL(e, errno ? errno : ENOENT, "the working directory can't be named: %s",
				strerror(errno ? errno : ENOENT));
	q->cwd = enc_arena_strdup(a, cwd);
	q->home = home && *home == '/' ? enc_path_clean(a, home) : enc_path_clean(a, ids.home);
	if (!q->home)
		q->home = "/";
	q->other_home = strcmp(q->home, ids.home) != 0;
	return 0;
}

/* A manifest's workspace is its folder when the working directory lies in it: from further above, `.` would be more. */
static bool lies_above(const char *file, const char *cwd)
{
	enc_auto(enc_free_auto) char *dir = enc_strdup(file);
	enc_auto(enc_free_auto) char *real = NULL;
	char *slash = strrchr(dir, '/');

	if (slash)
		slash[slash == dir] = '\0';
	real = realpath(slash ? dir : ".", NULL);
	return real && strcmp(real, cwd) != 0 && enc_path_in(cwd, real);
}

/* Without --force a file that is there stays as it is. */
static int write_new(const char *path, const struct enc_buf *b, bool force, struct enc_err *e)
{
	enc_auto(enc_free_auto) char *tmp = NULL;
	int r;

	if (force)
		return enc_write_file(AT_FDCWD, path, b->s, b->len, 0644, true, e);
	tmp = enc_asprintf("%s.import.%d", path, (int)getpid());
	r = enc_write_file(AT_FDCWD, tmp, b->s, b->len, 0644, true, e);
	if (r == 0 && link(tmp, path) < 0) {
		r = ENC_FAIL(e, errno, "%s: %s", path, strerror(errno));
		if (e->code == EEXIST)
			enc_err_id(e, "E0702", "remove it, name another file, or --force");
	}
	(void)unlink(tmp);
	return r;
}

/* `-` is standard input. A pipe (`<(...)`) is waited for, which enc_read_file() does not do. */
static int read_text(const char *file, char **ret, size_t *ret_n, struct enc_err *e)
{
	bool in = strcmp(file, "-") == 0;
	enc_auto_fd int fd = in ? -1 : open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct enc_buf b = {0};
	char part[16384];
	ssize_t n;

	if (!in && (fd < 0 || fcntl(fd, F_SETFL, 0) < 0))
		return ENC_FAIL(e, errno, "open %s: %s", file, strerror(errno));
	enc_buf_add(&b, "", 0);
	while ((n = read(in ? STDIN_FILENO : fd, part, sizeof(part))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n > 0 && b.len + (size_t)n > TEXT_MAX) {
			n = -1;
			errno = EFBIG;
		}
		if (n < 0) {
			int code = errno;

			enc_buf_done(&b);
			return ENC_FAIL(e, code, "read %s: %s", in ? "standard input" : file, strerror(code));
		}
		enc_buf_add(&b, part, (size_t)n);
	}
	*ret = b.s;
	*ret_n = b.len;
	return 0;
}

static void findings_json(const struct enc_import *m, struct enc_json *j)
{
	enc_json_array(j, "findings");
	for (size_t i = 0; i < m->findings.n; i++) {
		const struct enc_diag *g = &m->findings.v[i];

		enc_json_object(j, NULL);
		enc_json_str(j, "class", g->level);
		enc_json_str(j, "code", g->code);
		enc_json_str(j, "message", g->message);
		enc_json_object(j, "where");
		enc_json_str(j, "file", g->file);
		enc_json_int(j, "line", g->line);
		enc_json_int(j, "column", g->column);
		enc_json_end(j);
		enc_json_str(j, "hint", g->hint);
		enc_json_end(j);
	}
	enc_json_end(j);
}

static void result_json(const struct enc_import *m, const char *from, bool given, struct enc_buf *out)
{
	struct enc_json j;

	enc_json_init(&j, out, 2);
	enc_json_object(&j, NULL);
	enc_json_str(&j, "schema", "enclosure.import/v1");
	enc_json_str(&j, "from", from);
	enc_json_str(&j, "manifest", given ? m->manifest.s : NULL);
	enc_json_object(&j, "counts");
	for (int c = 0; c < ENC_IMPORT__COUNT; c++)
		enc_json_uint(&j, enc_import_class_name((enum enc_import_class)c), m->count[c]);
	enc_json_end(&j);
	findings_json(m, &j);
	enc_json_end(&j);
	enc_buf_putc(out, '\n');
}

static int withheld(const struct import_args *a)
{
	struct enc_err e = {0};

	ENC_FAIL(&e, EINVAL, "a restriction has no equal, and so there is no manifest");
	enc_err_id(&e, "E0907", "add what is missing by hand after: --partial");
	return enc_cli_error(&e, false, 1);
}

static int give(const struct import_args *a, const char *from, const struct enc_import *m)
{
	bool given = !m->count[ENC_IMPORT_WEAKER] || a->partial;
	bool all = m->findings.n == m->count[ENC_IMPORT_NOTE];
	struct enc_err e = {0};
	struct enc_buf b = {0};
	int r;

	(void)enc_cli_diags(&m->findings, false, 0);
	if (given && a->output && write_new(a->output, &m->manifest, a->force, &e) < 0) {
		enc_err_id(&e, "E0702", NULL);
		return enc_cli_error(&e, a->json, 2);
	}
	if (a->json)
		result_json(m, from, given, &b);
	else if (given && !a->output)
		enc_buf_add(&b, m->manifest.s, m->manifest.len);
	r = enc_cli_out(&b);
	enc_buf_done(&b);
	if (r)
		return r;
	return given ? !all : withheld(a);
}

static int import_text(const struct import_args *a, const char *from, enc_import_fn *fn, struct enc_import_request *q)
{
	enc_auto(enc_arena_free_auto) struct enc_arena *arena = enc_arena_new();
	struct enc_import m = {0};
	struct enc_err e = {0};
	struct enc_diags d;
	int r;

	if (where(arena, q, &e) < 0)
		return enc_cli_error(&e, a->json, 2);
	q->other_workspace = a->output && lies_above(a->output, q->cwd);
	enc_diags_init(&d);
	r = fn(q, &m, &d);
	r = r < 0 ? enc_cli_diags(&d, a->json, 2) : give(a, from, &m);
	enc_import_done(&m);
	enc_diags_done(&d);
	return r;
}

static int import_file(const struct import_args *a, const char *from, enc_import_fn *fn, const char *file)
{
	enc_auto(enc_free_auto) char *text = NULL;
	struct enc_import_request q = {.file = file, .profile = a->profile};
	struct enc_err e = {0};

	if (read_text(file, &text, &q.len, &e) < 0) {
		enc_err_id(&e, "E0901", "name a file that you can read: enclosure import %s FILE", from);
		return enc_cli_error(&e, a->json, 2);
	}
	q.text = text;
	return import_text(a, from, fn, &q);
}

static int import_usual(const struct import_args *a, const char *from, enc_import_fn *fn, char **argv,
			const char *usual)
{
	enc_auto(enc_free_auto) char *file = NULL;
	const char *home = getenv("HOME");

	if (argv[0])
		return import_file(a, from, fn, argv[0]);
	file = enc_asprintf("%s/%s", home ? home : "", usual);
	return import_file(a, from, fn, file);
}

static int cmd_srt(const struct enc_verb *verb, void *args, int argc, char **argv)
{
	return import_usual(args, "srt", enc_import_srt, argv, ".srt-settings.json");
}

static int cmd_codex(const struct enc_verb *verb, void *args, int argc, char **argv)
{
	return import_usual(args, "codex", enc_import_codex, argv, ".codex/config.toml");
}

struct arguments {
	char **v;
	size_t n;
	char **texts; /* what the items of lists point into */
	size_t n_texts;
};

static void arguments_done(struct arguments *g)
{
	for (size_t i = 0; i < g->n_texts; i++)
		free(g->texts[i]);
	free(g->texts);
	free(g->v);
}

static int add_list(struct arguments *g, const char *file, struct enc_err *e)
{
	char *text = NULL;
	size_t n = 0;
	int r = read_text(file, &text, &n, e);

	if (r < 0)
		return r;
	*ENC_PUSH(g->texts, g->n_texts) = text;
	for (size_t at = 0; at < n; at += strlen(text + at) + 1)
		*ENC_PUSH(g->v, g->n) = text + at;
	return 0;
}

/* The command line with a list in place of each --args FD; a list that is left over stands at the beginning or alone.
 */
static int collect(const struct import_args *a, int argc, char **argv, struct arguments *g, struct enc_err *e)
{
	size_t used = 0;
	int r = 0;

	for (int i = 0; i < argc && r == 0; i++) {
		if (strcmp(argv[i], "--args") == 0 && i + 1 < argc && used < a->files.n) {
			r = add_list(g, a->files.v[used++], e);
			i++;
			continue;
		}
		*ENC_PUSH(g->v, g->n) = argv[i];
	}
	if (r == 0 && used < a->files.n && argc) {
		ENC_FAIL(e, EINVAL, "--file %s: there is no --args that it could stand for", a->files.v[used]);
		return enc_err_id(e, "E0701", "enclosure import bwrap --file LIST, or -- bwrap --args 3 ...");
	}
	for (; r == 0 && used < a->files.n; used++)
		r = add_list(g, a->files.v[used], e);
	return r;
}

/* Whether /bin and the like are links into /usr on this machine. */
static bool merged_usr(void)
{
	static const char *const names[] = {"/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"};
	char target[64];

	for (size_t i = 0; i < ENC_LEN(names); i++) {
		ssize_t n = readlink(names[i], target, sizeof(target) - 1);

		if (n < 0 && errno == ENOENT)
			continue;
		if (n < 0)
			return false;
		target[n] = '\0';
		if (strncmp(target + (target[0] == '/'), "usr", 3) != 0 ||
		    strcmp(target + (target[0] == '/') + 3, names[i]) != 0)
			return false;
	}
	return true;
}

static int cmd_bwrap(const struct enc_verb *verb, void *args, int argc, char **argv)
{
	struct import_args *a = args;
	struct enc_import_request q = {.file = "bwrap", .merged_usr = merged_usr()};
	struct arguments g = {0};
	struct enc_err e = {0};
	int r;

	if (!argc && !a->files.n) {
		ENC_FAIL(&e, EINVAL, "there is no command line to import");
		enc_err_id(&e, "E0701", "enclosure import bwrap -- bwrap --ro-bind / / ...");
		return enc_cli_error(&e, a->json, 64);
	}
	if (collect(a, argc, argv, &g, &e) < 0) {
		enc_err_id(&e, "E0901", "name a file that you can read");
		r = enc_cli_error(&e, a->json, strcmp(e.id, "E0701") == 0 ? 64 : 2);
	} else {
		q.argv = g.v;
		q.n_argv = g.n;
		r = import_text(a, "bwrap", enc_import_bwrap, &q);
	}
	arguments_done(&g);
	free(a->files.v);
	return r;
}

#define EXITS                                                                                    \
	"0 every part has an equal, 1 some have none (the manifest is printed unless one is a\n" \
	"restriction), 2 it can't be read or is not what its program takes, 64 usage."
#define CLASSES                                                                                                    \
	"What has no equal is named on stderr with its place: dropped (a permission or setting is left out),\n"    \
	"tightened (the manifest allows less), approximate (nearly the same; the difference is said), weaker (a\n" \
	"restriction would be lost: there is no manifest without --partial). A note loses nothing."

const struct enc_verb enc_verb_import_srt = {
	.name = "import srt",
	.summary = "make a manifest of sandbox-runtime's settings",
	.operands = "[FILE]",
	.description = "Reads sandbox-runtime's JSON (~/.srt-settings.json when no FILE is named; - is standard input) "
		       "and prints a\n"
		       "manifest that says the same, with the place that each line came from.\n" CLASSES,
	.opts = file_opts,
	.n_opts = ENC_LEN(file_opts),
	.args_size = sizeof(struct import_args),
	.max_operands = 1,
	.run = cmd_srt,
	.usage_status = 64,
	.exits = EXITS,
};

const struct enc_verb enc_verb_import_bwrap = {
	.name = "import bwrap",
	.summary = "make a manifest of a bubblewrap command line",
	.operands = "[--] [bwrap] OPTION...",
	.description =
		"Reads the options up to the command that bubblewrap would run, in their order (a later mount hides "
		"what lies\n"
		"below it), and prints a manifest that allows no more.\n"
		"  enclosure import bwrap -- bwrap --unshare-all --ro-bind / / --bind ~/proj ~/proj -- make\n" CLASSES,
	.opts = bwrap_opts,
	.n_opts = ENC_LEN(bwrap_opts),
	.args_size = sizeof(struct import_args),
	.max_operands = -1,
	.stop_at_operand = true,
	.run = cmd_bwrap,
	.usage_status = 64,
	.exits = EXITS,
};

const struct enc_verb enc_verb_import_codex = {
	.name = "import codex",
	.summary = "make a manifest of Codex's sandbox settings",
	.operands = "[FILE]",
	.description = "Reads Codex's config.toml (~/.codex/config.toml when no FILE is named; - is standard input) "
		       "and prints a manifest\n"
		       "of the sandbox that it asks for: sandbox_mode with [sandbox_workspace_write], or the "
		       "permission profile that\n"
		       "default_permissions or --profile names.\n" CLASSES,
	.opts = codex_opts,
	.n_opts = ENC_LEN(codex_opts),
	.args_size = sizeof(struct import_args),
	.max_operands = 1,
	.run = cmd_codex,
	.usage_status = 64,
	.exits = EXITS,
};
