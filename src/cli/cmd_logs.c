/* SPDX-License-Identifier: MIT */
/*
 * cmd_logs.c - enclosure logs RUN: what the command printed, or the run's events
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/runs.h"
#include "cli/verbs.h"
#include "record/record.h"

struct logs_args {
	bool out, err, events;
};

static const struct enc_opt logs_opts[] = {
	{0, "stdout", NULL, ENC_OPT_FLAG, offsetof(struct logs_args, out), "only what went to stdout"},
	{0, "stderr", NULL, ENC_OPT_FLAG, offsetof(struct logs_args, err), "only what went to stderr"},
	{0, "events", NULL, ENC_OPT_FLAG, offsetof(struct logs_args, events),
	 "the run's events from the record, a line of JSON each"},
};

/* What a program printed must not act on the terminal of whoever reads it later. */
static int show_escaped(int to, const char *data, size_t n)
{
	struct enc_buf b = {0};
	size_t from = 0;
	int r;

	for (size_t i = 0; i <= n; i++) {
		if (i < n && data[i] != '\n' && data[i] != '\t')
			continue;
		enc_buf_add_escaped(&b, data + from, i - from);
		if (i < n)
			enc_buf_putc(&b, data[i]);
		from = i + 1;
	}
	r = enc_write_all(to, b.s, b.len);
	enc_buf_done(&b);
	return r;
}

static int copy(const struct enc_cli_run *run, const char *name, int to, struct enc_err *e)
{
	enc_auto_fd int fd = openat(run->dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	bool terminal = isatty(to);
	char buf[65536];
	ssize_t n;

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0)
		return ENC_FAIL_ID(e, "E0801", errno, "open %s of run %s: %s", name, run->id, strerror(errno));
	while ((n = read(fd, buf, sizeof(buf))) > 0) {
		int r = terminal ? show_escaped(to, buf, (size_t)n) : enc_write_all(to, buf, (size_t)n);

		if (r < 0)
			return ENC_FAIL_ID(e, "E0702", -r, "output can't be written: %s", strerror(-r));
	}
	return n < 0 ? ENC_FAIL_ID(e, "E0801", errno, "read %s of run %s: %s", name, run->id, strerror(errno)) : 0;
}

struct wanted {
	char needle[48];
	struct enc_err *e;
};

/* Strings inside a line have their quotes escaped, so that the needle can match the field alone. */
static int print_line(uint64_t seq, const char *text, size_t len, void *data)
{
	const struct wanted *w = data;
	struct enc_buf b = {0};
	int r;

	if (!memmem(text, len, w->needle, strlen(w->needle)))
		return 0;
	enc_buf_add(&b, text, len);
	enc_buf_putc(&b, '\n');
	r = enc_write_all(STDOUT_FILENO, b.s, b.len);
	enc_buf_done(&b);
	return r < 0 ? ENC_FAIL_ID(w->e, "E0702", -r, "output can't be written: %s", strerror(-r)) : 0;
}

static int print_events(const struct enc_cli_run *run, struct enc_err *e)
{
	struct wanted w = {.e = e};

	snprintf(w.needle, sizeof(w.needle), "\"run\":\"%s\"", run->id);
	return enc_record_walk(run->state_dir, 0, UINT64_MAX, print_line, &w, e);
}

static int cmd_logs(const struct enc_verb *verb, void *args, int argc, char **argv)
{
	const struct logs_args *a = args;
	struct enc_cli_run run;
	struct enc_err e = {0};
	int r = enc_cli_run_open(&run, argv[0], &e);

	if (r >= 0 && a->events)
		r = print_events(&run, &e);
	if (r >= 0 && !a->events && (a->out || !a->err))
		r = copy(&run, "stdout", STDOUT_FILENO, &e);
	if (r >= 0 && !a->events && (a->err || !a->out))
		r = copy(&run, "stderr", a->err && !a->out ? STDOUT_FILENO : STDERR_FILENO, &e);
	enc_cli_run_close(&run);
	if (r < 0)
		return enc_cli_error(&e, false, r == -ENOENT ? 1 : 2);
	return 0;
}

const struct enc_verb enc_verb_logs = {
	.name = "logs",
	.summary = "show what a run printed, or its events",
	.operands = "RUN",
	.description =
		"Captured stdout goes to stdout, captured stderr to stderr. On a terminal, control characters are\n"
		"shown escaped. RUN as in 'enclosure result'.",
	.opts = logs_opts,
	.n_opts = ENC_LEN(logs_opts),
	.args_size = sizeof(struct logs_args),
	.min_operands = 1,
	.max_operands = 1,
	.run = cmd_logs,
	.exits = "0 shown, 1 no such run, 2 can't tell, 64 usage.",
	.examples = "enclosure logs --stderr last\tWhat went to standard error.\n"
		    "enclosure logs --events last | jq 'select(.verdict == \"deny\")'\tWhat was refused.\n",
};
