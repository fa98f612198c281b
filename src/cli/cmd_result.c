/* SPDX-License-Identifier: MIT */
/*
 * cmd_result.c - enclosure result RUN: how a run ended, from its result.json
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/yaml.h"
#include "cli/runs.h"
#include "cli/verbs.h"

struct result_args {
	bool json;
};

static const struct enc_opt result_opts[] = {
	{0, "json", NULL, ENC_OPT_FLAG, offsetof(struct result_args, json), "print the result object"},
};

static void line(struct enc_buf *b, const char *label, const char *value)
{
	if (!value || strcmp(value, "null") == 0)
		return;
	enc_buf_printf(b, "  %-9s", label);
	enc_buf_add_escaped(b, value, strlen(value));
	enc_buf_putc(b, '\n');
}

static void line_time(struct enc_buf *b, const char *label, const char *ns)
{
	char t[32];

	enc_format_time(t, sizeof(t), ns ? strtoull(ns, NULL, 10) : 0);
	line(b, label, t);
}

static void show_command(const struct enc_node *argv, struct enc_buf *b)
{
	enc_buf_printf(b, "  %-9s", "command");
	for (size_t i = 0; argv && i < argv->n; i++) {
		if (i)
			enc_buf_putc(b, ' ');
		enc_buf_add_escaped(b, argv->items[i]->text, argv->items[i]->len);
	}
	enc_buf_putc(b, '\n');
}

static void show_denials(const struct enc_node *list, struct enc_buf *b)
{
	for (size_t i = 0; list && i < list->n; i++) {
		const char *what = enc_node_str(list->items[i], "what");

		enc_buf_printf(b, "  %-9s%s x ", i ? "" : "stopped", enc_node_str(list->items[i], "count"));
		enc_buf_add_escaped(b, what, what ? strlen(what) : 0);
		enc_buf_printf(b, " [%s]\n", enc_node_str(list->items[i], "clause"));
	}
}

static void show(const struct enc_node *r, struct enc_buf *b)
{
	const struct enc_node *out = enc_node_get(r, "stdout"), *err = enc_node_get(r, "stderr");
	const char *rss = enc_node_str(r, "max_rss");
	char size[32];

	enc_buf_printf(b, "run %s: %s\n", enc_node_str(r, "run"), enc_node_str(r, "state"));
	line(b, "name", enc_node_str(r, "name"));
	show_command(enc_node_get(r, "argv"), b);
	line(b, "in", enc_node_str(r, "cwd"));
	line(b, "manifest", enc_node_str(r, "manifest"));
	line(b, "exit", enc_node_str(r, "exit"));
	line(b, "signal", enc_node_str(r, "signal"));
	line(b, "clause", enc_node_str(r, "clause"));
	line(b, "reason", enc_node_str(r, "reason"));
	line(b, "started", enc_node_str(r, "started"));
	line_time(b, "took", enc_node_str(r, "wall_ns"));
	enc_format_size(size, sizeof(size), rss ? strtoull(rss, NULL, 10) : 0);
	line(b, "memory", size);
	show_denials(enc_node_get(r, "denials"), b);
	line(b, "note", enc_node_str(r, "note"));
	line(b, "stdout", out ? enc_node_str(out, "path") : NULL);
	line(b, "stderr", err ? enc_node_str(err, "path") : NULL);
}

static int print(const struct enc_cli_run *run, const char *text, size_t n, bool json, struct enc_err *e)
{
	struct enc_buf b = {0};
	struct enc_diags d;
	struct enc_node *root = NULL;
	int r;

	if (json) {
		enc_buf_add(&b, text, n);
	} else {
		enc_diags_init(&d);
		r = enc_yaml_parse(run->arena, "result.json", text, n, &d, &root);
		enc_diags_done(&d);
		if (r < 0 || !root || root->kind != ENC_NODE_MAP)
			return ENC_FAIL_ID(e, "E0801", EINVAL, "result.json of run %s is damaged", run->id);
		show(root, &b);
	}
	r = enc_cli_out(&b);
	enc_buf_done(&b);
	return r;
}

static int cmd_result(const struct enc_verb *verb, void *args, int argc, char **argv)
{
	const struct result_args *a = args;
	struct enc_cli_run run;
	struct enc_err e = {0};
	enc_auto(enc_free_auto) char *text = NULL;
	size_t n = 0;
	int r = enc_cli_run_open(&run, argv[0], &e);

	if (r >= 0) {
		r = enc_read_file(run.dir, "result.json", 16u << 20, &text, &n, &e);
		if (r == -ENOENT) {
			enc_err_clear(&e);
			ENC_FAIL(&e, ENOENT, "run %s has no result yet", run.id);
			enc_err_id(&e, "E0802", "it still goes on, or its supervisor was killed: enclosure logs %s",
				   run.id);
		}
	}
	if (r >= 0)
		r = print(&run, text, n, a->json, &e);
	enc_cli_run_close(&run);
	if (r < 0)
		return enc_cli_error(&e, a->json, r == -ENOENT ? 1 : 2);
	return r;
}

const struct enc_verb enc_verb_result = {
	.name = "result",
	.summary = "show how a run ended",
	.operands = "RUN",
	.description = "RUN is a run's id, a prefix of it of 6 or more characters, a name given with run --name (the\n"
		       "newest so named), or 'last'.",
	.opts = result_opts,
	.n_opts = ENC_LEN(result_opts),
	.args_size = sizeof(struct result_args),
	.min_operands = 1,
	.max_operands = 1,
	.run = cmd_result,
	.exits = "0 shown, 1 no such run or no result yet, 2 can't tell, 64 usage.",
	.examples = "enclosure result last\tHow the latest run ended.\n",
};
