/* SPDX-License-Identifier: MIT */
/*
 * cmd_wait.c - enclosure wait RUN...: until it has ended, and then with its exit status
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cli/runs.h"
#include "cli/verbs.h"

struct wait_args {
	uint64_t timeout_ns;
	bool json;
};

static const struct enc_opt wait_opts[] = {
	{0, "timeout", "TIME", ENC_OPT_TIME, offsetof(struct wait_args, timeout_ns),
	 "wait no longer than this; exit status 2 then"},
	{0, "json", NULL, ENC_OPT_FLAG, offsetof(struct wait_args, json), "print the result object of each run"},
};

static int print_result(const struct enc_cli_run *run, struct enc_err *e)
{
	enc_auto(enc_free_auto) char *text = NULL;
	struct enc_buf b = {0};
	size_t n = 0;
	int r = enc_read_file(run->dir, "result.json", 16u << 20, &text, &n, e);

	if (r < 0)
		return enc_err_id(e, "E0801", NULL);
	enc_buf_add(&b, text, n);
	r = enc_cli_out(&b);
	enc_buf_done(&b);
	return r;
}

/* The exit status of the run, or of the error that was printed. */
static int wait_for(const char *which, const struct wait_args *a)
{
	struct enc_cli_run run;
	struct enc_run_about about = {0};
	struct enc_err e = {0};
	int r = enc_cli_run_open(&run, which, &e), status;

	if (r >= 0)
		r = enc_cli_run_settle(&run, a->timeout_ns, &about, &e);
	if (r == 0) {
		char t[32];

		enc_format_time(t, sizeof(t), a->timeout_ns);
		ENC_FAIL(&e, ETIMEDOUT, "run %s still goes on after %s", run.id, t);
		(void)enc_err_id(&e, "E0803", "enclosure stop %s ends it", run.id);
		r = -ETIMEDOUT;
	}
	if (r > 0 && a->json)
		r = print_result(&run, &e) == 0 ? 1 : -EIO;
	status = r > 0 ? about.status : r == -ENOENT ? 1 : 2;
	enc_cli_run_close(&run);
	return r > 0 ? status : enc_cli_error(&e, a->json, status);
}

static int cmd_wait(const struct enc_verb *verb, void *args, int argc, char **argv)
{
	int status = 0;

	for (int i = 0; i < argc; i++)
		status = wait_for(argv[i], args);
	return status;
}

const struct enc_verb enc_verb_wait = {
	.name = "wait",
	.summary = "wait until a run has ended, and exit with its status",
	.operands = "RUN...",
	.description =
		"RUN as in 'enclosure result'. A run that ended long ago is no different from one that ends now.\n"
		"With several, the last one's status counts, as in the shell's wait.",
	.opts = wait_opts,
	.n_opts = ENC_LEN(wait_opts),
	.args_size = sizeof(struct wait_args),
	.min_operands = 1,
	.max_operands = -1,
	.run = cmd_wait,
	.exits = "the run's, as 'enclosure run' would have had; 1 no such run, 2 it still goes on, 64 usage.",
	.examples = "enclosure wait --timeout 10m night && enclosure result night\tGo on when it has ended well.\n",
};
