/* SPDX-License-Identifier: MIT */
/*
 * cmd_ps.c - enclosure ps: the runs that go on, or all
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/runs.h"
#include "cli/verbs.h"
#include "record/record.h"

#define ID_MIN 10 /* characters shown; more where that is not unique */

struct ps_args {
	bool all, json, quiet;
};

static const struct enc_opt ps_opts[] = {
	{'a', "all", NULL, ENC_OPT_FLAG, offsetof(struct ps_args, all), "also those that have ended"},
	{'q', "quiet", NULL, ENC_OPT_FLAG, offsetof(struct ps_args, quiet), "ids alone, whole, a line each"},
	{0, "json", NULL, ENC_OPT_FLAG, offsetof(struct ps_args, json), "print the list as an object"},
};

struct list {
	struct enc_arena *arena;
	struct enc_run_about *v;
	size_t n;
};

/* One that can't be read (being made, removed by hand) is no reason to show none: it is told as it is. */
static int add(struct list *l, const char *state_dir, const char *id, bool all)
{
	struct enc_cli_run run = {.arena = l->arena, .state_dir = state_dir};
	struct enc_run_about about;
	struct enc_err e = {0};
	struct stat st;
	char path[4300];
	bool lives;

	snprintf(run.id, sizeof(run.id), "%s", id);
	snprintf(path, sizeof(path), "%s/runs/%s", state_dir, id);
	run.dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (run.dir < 0)
		return 0;
	lives = enc_state_run_lives(run.dir, false);
	/* A dead one without a result is given it, whoever asks first. */
	if (all || lives || faccessat(run.dir, "result.json", F_OK, AT_SYMLINK_NOFOLLOW) < 0) {
		int r = enc_cli_run_about(&run, &about, &e);

		if (r < 0 && fstatat(run.dir, ".", &st, 0) == 0 && st.st_nlink > 0)
			about = (struct enc_run_about){.id = enc_arena_strdup(l->arena, id),
						       .life = ENC_LIFE_ENDED,
						       .state = "damaged",
						       .reason = enc_arena_strdup(l->arena, e.text),
						       .command = "",
						       .status = -1};
		else if (r < 0)
			about.life = ENC_LIFE_ENDED, all = false; /* removed meanwhile */
		if (all || about.life < ENC_LIFE_ENDED)
			*ENC_PUSH(l->v, l->n) = about;
	}
	close(run.dir);
	return 0;
}

static size_t id_width(const struct list *l)
{
	size_t width = ID_MIN;

	/* In order, so that those that are alike are neighbours. */
	for (size_t i = 1; i < l->n; i++)
		while (width < 26 && strncmp(l->v[i - 1].id, l->v[i].id, width) == 0)
			width++;
	return width;
}

static void add_cell(struct enc_buf *b, const char *text, size_t width)
{
	size_t from = b->len;

	enc_buf_add_escaped(b, text, strlen(text));
	for (size_t n = b->len - from; n < width; n++)
		enc_buf_putc(b, ' ');
	enc_buf_puts(b, "  ");
}

static void show_row(const struct enc_run_about *r, size_t width, int columns, struct enc_buf *b)
{
	char text[64];
	size_t from = b->len;

	snprintf(text, sizeof(text), "%.*s", (int)width, r->id);
	add_cell(b, text, width);
	add_cell(b, r->name ? r->name : "-", 16);
	if (r->life == ENC_LIFE_ENDED)
		snprintf(text, sizeof(text), r->status < 0 ? "%s" : "%s (%d)", r->state, r->status);
	else
		snprintf(text, sizeof(text), "%s%s", r->state, r->tty ? " tty" : "");
	add_cell(b, text, 15);
	enc_format_time(text, sizeof(text), r->wall_ns);
	add_cell(b, text, 7);
	enc_format_time(text, sizeof(text), r->cpu_ns);
	add_cell(b, text, 7);
	enc_format_size(text, sizeof(text), r->memory_bytes);
	add_cell(b, text, 7);
	enc_buf_add_escaped(b, r->command, strlen(r->command));
	/* A command line may be pages long. */
	if (b->len - from > (size_t)columns)
		b->len = from + (size_t)columns;
	enc_buf_putc(b, '\n');
}

static void show(const struct list *l, struct enc_buf *b, bool all)
{
	size_t width = id_width(l);
	bool color = enc_cli_color(STDOUT_FILENO);
	int columns = isatty(STDOUT_FILENO) ? enc_cli_columns(STDOUT_FILENO) : 1000;

	if (!l->n) {
		enc_buf_printf(b, "no run %s\n",
			       all ? "was made yet: enclosure run -- COMMAND"
				   : "goes on; --all shows those that have ended");
		return;
	}
	enc_buf_printf(b, "%s%-*s  %-16s  %-15s  %-7s  %-7s  %-7s  %s%s\n", color ? "\033[1m" : "", (int)width, "RUN",
		       "NAME", "STATE", "TIME", "CPU", "MEMORY", "COMMAND", color ? "\033[0m" : "");
	for (size_t i = 0; i < l->n; i++)
		show_row(&l->v[i], width, columns, b);
}

static void object(const struct enc_run_about *r, struct enc_json *j)
{
	enc_json_object(j, NULL);
	enc_json_str(j, "run", r->id);
	enc_json_str(j, "name", r->name);
	enc_json_str(j, "state", r->state);
	if (r->status >= 0)
		enc_json_int(j, "status", r->status);
	else
		enc_json_null(j, "status");
	enc_json_str(j, "clause", r->clause);
	enc_json_str(j, "reason", r->reason);
	enc_json_str(j, "started", r->started);
	enc_json_str(j, "command", r->command);
	enc_json_str(j, "cwd", r->cwd);
	enc_json_str(j, "manifest", r->manifest);
	enc_json_bool(j, "tty", r->tty);
	enc_json_bool(j, "detached", r->detached);
	if (r->supervisor && r->life < ENC_LIFE_ENDED)
		enc_json_int(j, "supervisor", r->supervisor);
	else
		enc_json_null(j, "supervisor");
	enc_json_uint(j, "wall_ns", r->wall_ns);
	enc_json_uint(j, "cpu_ns", r->cpu_ns);
	enc_json_uint(j, "memory", r->memory_bytes);
	enc_json_uint(j, "pids", r->pids);
	enc_json_end(j);
}

static void print(const struct list *l, const struct ps_args *a, struct enc_buf *b)
{
	struct enc_json j;

	if (a->json) {
		enc_json_init(&j, b, 2);
		enc_json_object(&j, NULL);
		enc_json_str(&j, "schema", "enclosure.ps/v1");
		enc_json_array(&j, "runs");
		for (size_t i = 0; i < l->n; i++)
			object(&l->v[i], &j);
		enc_json_end(&j);
		enc_json_end(&j);
		enc_buf_putc(b, '\n');
	} else if (a->quiet) {
		for (size_t i = 0; i < l->n; i++)
			enc_buf_printf(b, "%s\n", l->v[i].id);
	} else {
		show(l, b, a->all);
	}
}

static int cmd_ps(const struct enc_verb *verb, void *args, int argc, char **argv)
{
	const struct ps_args *a = args;
	enc_auto(enc_arena_free_auto) struct enc_arena *arena = enc_arena_new();
	enc_auto(enc_free_auto) struct enc_run_id *ids = NULL;
	struct list l = {.arena = arena};
	struct enc_buf b = {0};
	struct enc_err e = {0};
	const char *state_dir;
	size_t n = 0;
	int r = enc_state_dir(arena, false, &state_dir, &e);

	if (r >= 0)
		r = enc_state_runs(state_dir, &ids, &n, &e);
	if (r < 0)
		return enc_cli_error(&e, a->json, 2);
	for (size_t i = 0; i < n; i++)
		add(&l, state_dir, ids[i].text, a->all);
	print(&l, a, &b);
	free(l.v);
	r = enc_cli_out(&b);
	enc_buf_done(&b);
	return r;
}

const struct enc_verb enc_verb_ps = {
	.name = "ps",
	.summary = "list the runs that go on",
	.operands = "",
	.description =
		"Runs of this user (or of root) in this state directory, oldest first. TIME, CPU and MEMORY are the\n"
		"supervisor's latest figures, or for an ended run its totals.",
	.opts = ps_opts,
	.n_opts = ENC_LEN(ps_opts),
	.args_size = sizeof(struct ps_args),
	.run = cmd_ps,
	.exits = "0 listed, 2 can't tell, 64 usage.",
	.examples = "enclosure ps --all\tEvery run that is kept, and how it ended.\n",
};
