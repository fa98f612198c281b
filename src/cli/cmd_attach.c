/* SPDX-License-Identifier: MIT */
/*
 * cmd_attach.c - enclosure attach RUN: see what a run prints, and type to it
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/runs.h"
#include "cli/terminal.h"
#include "cli/verbs.h"

#define SETTLE_NS 3000000000ull

struct attach_args {
	bool no_input;
};

static const struct enc_opt attach_opts[] = {
	{0, "no-input", NULL, ENC_OPT_FLAG, offsetof(struct attach_args, no_input), "only look; Ctrl-C leaves"},
};

static int no_terminal(const struct enc_cli_run *run)
{
	struct enc_err e = {0};

	ENC_FAIL(&e, ENOTTY, "run %s has a terminal, and this is none", run->id);
	enc_err_id(&e, "E0701", "attach --no-input shows what it prints; enclosure logs what it printed");
	return enc_cli_error(&e, false, 64);
}

static int had_ended(const struct enc_cli_run *run, const struct enc_run_about *about)
{
	struct enc_err e = {0};

	ENC_FAIL(&e, ESRCH, "run %s has ended: %s", run->id, about->state);
	enc_err_id(&e, "E0803", "enclosure logs %s shows what it printed", run->id);
	return enc_cli_error(&e, false, 1);
}

static void say(const char *text, const char *id)
{
	struct enc_buf b = {0};

	enc_buf_printf(&b, "enclosure: run %s %s\n", id, text);
	(void)enc_write_all(STDERR_FILENO, b.s, b.len);
	enc_buf_done(&b);
}

static int turned_away(const struct enc_cli_run *run)
{
	struct enc_err e = {0};

	ENC_FAIL(&e, ECONNREFUSED, "run %s goes on and does not take us: too many look at it", run->id);
	enc_err_id(&e, "E0803", "enclosure logs %s shows what it printed", run->id);
	return enc_cli_error(&e, false, 2);
}

static int show(struct enc_cli_run *run, int link, bool tty)
{
	struct enc_run_about about = {0};
	struct enc_err e = {0};
	int status = 2;

	switch (enc_cli_window(link, tty, false, &status, NULL)) {
	case ENC_WINDOW_ENDED:
	case ENC_WINDOW_DEAD:
		/* Dead, dying, or full: the time that it takes to die tells. */
		if (enc_cli_run_settle(run, SETTLE_NS, &about, &e) == 0)
			return turned_away(run);
		if (enc_cli_run_settle(run, 0, &about, &e) < 0)
			return enc_cli_error(&e, false, 2);
		if (isatty(STDERR_FILENO)) {
			char text[80];

			snprintf(text, sizeof(text), "has ended: %.60s", about.state);
			say(text, run->id);
		}
		return about.status;
	case ENC_WINDOW_LEFT: say("goes on", run->id); break;
	case ENC_WINDOW_LOST: break;
	}
	return 0;
}

static int attach(struct enc_cli_run *run, const struct attach_args *a, struct enc_err *e)
{
	struct winsize size = enc_cli_window_size();
	struct enc_link_msg m = {.kind = ENC_LINK_ATTACH, .rows = size.ws_row, .cols = size.ws_col};
	struct enc_run_about about = {0};
	int r = enc_cli_run_about(run, &about, e), link, status;
	bool tty;

	if (r < 0)
		return enc_cli_error(e, false, 2);
	if (about.life == ENC_LIFE_ENDED)
		return had_ended(run, &about);
	tty = about.tty && !a->no_input;
	if (tty && (!enc_cli_foreground() || !isatty(STDOUT_FILENO)))
		return no_terminal(run);
	link = enc_link_connect(run->dir);
	m.value = tty ? ENC_LINK_INPUT_TOO : 0;
	if (link < 0 || enc_link_send(link, &m, 0) < 0) {
		ENC_FAIL(e, ECONNREFUSED, "run %s does not answer: it ends just now, or is being set up", run->id);
		enc_err_id(e, "E0803", "enclosure ps --all tells its state");
		return enc_cli_error(e, false, 2);
	}
	status = show(run, link, tty);
	close(link);
	return status;
}

static int cmd_attach(const struct enc_verb *verb, void *args, int argc, char **argv)
{
	struct enc_cli_run run;
	struct enc_err e = {0};
	int r = enc_cli_run_open(&run, argv[0], &e), status;

	status = r < 0 ? enc_cli_error(&e, false, r == -ENOENT ? 1 : 2) : attach(&run, args, &e);
	enc_cli_run_close(&run);
	return status;
}

const struct enc_verb enc_verb_attach = {
	.name = "attach",
	.summary = "see what a run prints as it comes, and type to it",
	.operands = "RUN",
	.description =
		"A run with a terminal (run at a terminal, or run --detach --tty) gets this one's size and keys, and\n"
		"draws anew; Ctrl-] three times within a second leaves it. Of a run without one, what it prints from "
		"now\n"
		"on is shown, and Ctrl-C leaves. The run goes on when you leave. What is shown passes the filter that\n"
		"keeps the run from making your terminal answer. RUN as in 'enclosure result'.",
	.opts = attach_opts,
	.n_opts = ENC_LEN(attach_opts),
	.args_size = sizeof(struct attach_args),
	.min_operands = 1,
	.max_operands = 1,
	.run = cmd_attach,
	.exits = "the run's status when it ended meanwhile; 0 left, 1 no such run or it has ended, 2 can't tell, 64 "
		 "usage.",
	.examples = "enclosure run --detach --tty --name night -- claude\tStart one that goes on without you,\n"
		    "enclosure attach night\tand look in.\n",
};
