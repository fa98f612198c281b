/* SPDX-License-Identifier: MIT */
/*
 * cmd_diff.c - enclosure diff RUN: what a run changed in a workspace that was kept apart
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/layer.h"
#include "cli/verbs.h"

struct diff_args {
	bool stat, json;
};

static const struct enc_opt diff_opts[] = {
	{0, "stat", NULL, ENC_OPT_FLAG, offsetof(struct diff_args, stat),
	 "a line a file, with the number of lines changed"},
	{0, "json", NULL, ENC_OPT_FLAG, offsetof(struct diff_args, json), "print the list of changes as an object"},
};

static const char *type_of(const struct stat *st)
{
	return S_ISREG(st->st_mode)    ? "file"
	       : S_ISDIR(st->st_mode)  ? "folder"
	       : S_ISLNK(st->st_mode)  ? "link"
	       : S_ISFIFO(st->st_mode) ? "fifo"
	       : S_ISSOCK(st->st_mode) ? "socket"
				       : "special";
}

static void side(struct enc_json *j, const char *key, const struct stat *st, bool there)
{
	if (!there) {
		enc_json_null(j, key);
		return;
	}
	enc_json_object(j, key);
	enc_json_str(j, "type", type_of(st));
	enc_json_uint(j, "mode", st->st_mode & 07777);
	enc_json_uint(j, "size", (uint64_t)st->st_size);
	enc_json_end(j);
}

static void object(const struct enc_change *c, const struct enc_diff_count *n, struct enc_json *j)
{
	char kind[2] = {(char)c->kind, '\0'};

	enc_json_object(j, NULL);
	enc_json_path(j, "path", c->path);
	enc_json_str(j, "kind", kind);
	side(j, "old", &c->old, c->kind != ENC_CHANGE_ADDED);
	side(j, "new", &c->new, c->kind != ENC_CHANGE_DELETED);
	enc_json_uint(j, "lines_added", n->added);
	enc_json_uint(j, "lines_deleted", n->deleted);
	enc_json_bool(j, "binary", n->binary);
	enc_json_bool(j, "attributes", c->attrs);
	enc_json_bool(j, "changed_meanwhile", c->meanwhile);
	enc_json_str(j, "runs_later", c->later);
	enc_json_str(j, "trouble", c->trouble);
	enc_json_end(j);
}

static void stat_line(const struct enc_change *c, const struct enc_diff_count *n, struct enc_buf *b, bool color)
{
	const struct stat *st = c->kind == ENC_CHANGE_DELETED ? &c->old : &c->new;
	const char *red = color ? "\033[31m" : "", *green = color ? "\033[32m" : "", *bold = color ? "\033[1m" : "",
		   *off = color ? "\033[0m" : "";

	enc_buf_printf(b, "%c  ", c->kind);
	enc_diff_path(b, "", c->path);
	if (!S_ISREG(st->st_mode))
		enc_buf_printf(b, "  (%s)", type_of(st));
	else if (n->binary)
		enc_buf_puts(b, "  (binary)");
	if (n->added)
		enc_buf_printf(b, "  %s+%llu%s", green, (unsigned long long)n->added, off);
	if (n->deleted)
		enc_buf_printf(b, "  %s-%llu%s", red, (unsigned long long)n->deleted, off);
	if (c->mode)
		enc_buf_printf(b, "  mode %04o to %04o", c->old.st_mode & 07777, c->new.st_mode & 07777);
	if (c->attrs)
		enc_buf_puts(b, "  attributes");
	if (c->trouble)
		enc_buf_printf(b, "  %snot compared: %s%s", bold, c->trouble, off);
	if (c->later)
		enc_buf_printf(b, "  %sruns code later: %s%s", bold, c->later, off);
	if (c->meanwhile)
		enc_buf_printf(b, "  %schanged in the workspace meanwhile%s", bold, off);
	enc_buf_putc(b, '\n');
}

/* As git colours it; what a line says is told by its first letter. */
static void add_coloured(struct enc_buf *out, const char *s, size_t n)
{
	for (size_t at = 0; at < n;) {
		const char *end = memchr(s + at, '\n', n - at);
		size_t len = end ? (size_t)(end - s) - at : n - at;
		const char *line = s + at, *colour = "";

		if (len >= 3 && (!memcmp(line, "---", 3) || !memcmp(line, "+++", 3) || !memcmp(line, "dif", 3)))
			colour = "\033[1m";
		else if (len)
			colour = line[0] == '+'	  ? "\033[32m"
				 : line[0] == '-' ? "\033[31m"
				 : line[0] == '@' ? "\033[36m"
						  : "";
		enc_buf_puts(out, colour);
		enc_cli_add_text(out, line, len, true);
		enc_buf_puts(out, colour[0] ? "\033[m\n" : "\n");
		at += len + 1;
	}
}

/* One change after the other, since together they may be large. */
static int print_texts(struct enc_cli_layer *l, const char *path, const struct diff_args *a)
{
	bool terminal = isatty(STDOUT_FILENO), color = enc_cli_color(STDOUT_FILENO);
	uint64_t files = 0, added = 0, deleted = 0;
	struct enc_buf out = {0}, text = {0};
	int r = 0;

	for (size_t i = 0; i < l->changes.n && r >= 0; i++) {
		struct enc_diff_count n = {0};

		if (!enc_change_in(&l->changes.v[i], path))
			continue;
		enc_buf_reset(&text);
		enc_buf_reset(&out);
		enc_overlay_diff(&l->o, &l->changes.v[i], &text, &n);
		files++;
		added += n.added;
		deleted += n.deleted;
		if (a->stat)
			stat_line(&l->changes.v[i], &n, &out, color);
		else if (color)
			add_coloured(&out, text.s ? text.s : "", text.len);
		else
			enc_cli_add_text(&out, text.s ? text.s : "", text.len, terminal);
		if (enc_cli_out(&out))
			r = -EPIPE;
	}
	enc_buf_reset(&out);
	if (r >= 0 && a->stat)
		enc_buf_printf(&out, "%llu change%s, %llu line%s added, %llu deleted\n", (unsigned long long)files,
			       files == 1 ? "" : "s", (unsigned long long)added, added == 1 ? "" : "s",
			       (unsigned long long)deleted);
	if (r >= 0 && enc_cli_out(&out))
		r = -EPIPE;
	enc_buf_done(&out);
	enc_buf_done(&text);
	return r;
}

static int print_object(struct enc_cli_layer *l, const char *path)
{
	struct enc_buf out = {0}, text = {0};
	struct enc_json j;
	int r = 0;

	enc_json_init(&j, &out, 2);
	enc_json_object(&j, NULL);
	enc_json_str(&j, "schema", "enclosure.diff/v1");
	enc_json_str(&j, "run", l->run.id);
	enc_json_str(&j, "state", l->about.state);
	enc_json_path(&j, "workspace", l->about.overlay.path);
	enc_json_array(&j, "changes");
	for (size_t i = 0; i < l->changes.n; i++) {
		struct enc_diff_count n = {0};

		if (!enc_change_in(&l->changes.v[i], path))
			continue;
		enc_buf_reset(&text);
		enc_overlay_diff(&l->o, &l->changes.v[i], &text, &n);
		object(&l->changes.v[i], &n, &j);
	}
	enc_json_end(&j);
	enc_json_end(&j);
	enc_buf_putc(&out, '\n');
	if (enc_cli_out(&out))
		r = -EPIPE;
	enc_buf_done(&out);
	enc_buf_done(&text);
	return r;
}

static int cmd_diff(const struct enc_verb *verb, void *args, int argc, char **argv)
{
	const struct diff_args *a = args;
	struct enc_cli_layer l;
	struct enc_err e = {0};
	const char *path = "";
	int r = enc_cli_layer_open(&l, argv[0], &e);

	if (r >= 0 && argc > 1)
		path = enc_cli_layer_path(&l, argv[1], &e);
	if (r >= 0 && path)
		r = a->json ? print_object(&l, path) : print_texts(&l, path, a);
	enc_cli_layer_close(&l);
	if (r == -EPIPE && !e.code)
		return 2; /* told already */
	if (r < 0 || !path)
		return enc_cli_error(&e, a->json, !path ? 64 : r == -ENOENT || r == -ENODATA ? 1 : 2);
	return 0;
}

const struct enc_verb enc_verb_diff = {
	.name = "diff",
	.summary = "show what a run changed in a workspace that was kept apart",
	.operands = "RUN [PATH]",
	.description =
		"For a run with filesystem: {workspace: overlay}. In the form of 'git diff': 'git apply' takes it. "
		"What\n"
		"git has no form for (folders, FIFOs, extended attributes, finer modes, what is closed) stands in "
		"lines that begin "
		"with #.\n"
		"PATH is below the workspace. While the run goes on it is what has been changed up to now. RUN as in\n"
		"'enclosure result'.",
	.opts = diff_opts,
	.n_opts = ENC_LEN(diff_opts),
	.args_size = sizeof(struct diff_args),
	.min_operands = 1,
	.max_operands = 2,
	.run = cmd_diff,
	.exits = "0 shown, 1 no such run, or none whose workspace was kept apart, 2 can't tell, 64 usage.",
	.examples = "enclosure diff --stat last\tWhich files were changed, and which of them run code later.\n"
		    "enclosure diff last src | less\tWhat was changed below src.\n",
};
