/* SPDX-License-Identifier: MIT */
/*
 * cmd_run.c - enclosure run
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/context.h"
#include "cli/verbs.h"
#include "run/run.h"

struct run_args {
	const char *manifest, *name, *events;
	uint64_t timeout_ns;
	bool json, tee, verbose;
	struct enc_opt_list masks;
};

static const struct enc_opt run_opts[] = {
	{'m', "manifest", "FILE", ENC_OPT_TEXT, offsetof(struct run_args, manifest),
	 "manifest, or the name of a built-in profile"},
	{0, "name", "LABEL", ENC_OPT_TEXT, offsetof(struct run_args, name),
	 "label by which the run can be found again"},
	{'t', "timeout", "TIME", ENC_OPT_TIME, offsetof(struct run_args, timeout_ns),
	 "end the run after this time (the shorter of this and limits.time)"},
	{0, "json", NULL, ENC_OPT_FLAG, offsetof(struct run_args, json),
	 "print the result as JSON; the command's output is only captured"},
	{0, "tee", NULL, ENC_OPT_FLAG, offsetof(struct run_args, tee),
	 "with --json: show the command's output on stderr as it comes"},
	{0, "events", "FD|FILE", ENC_OPT_TEXT, offsetof(struct run_args, events),
	 "write the run's events there, a line each"},
	{'v', "verbose", NULL, ENC_OPT_FLAG, offsetof(struct run_args, verbose),
	 "print the plan before and the report after, also without a terminal"},
	{0, "mask", "MECHANISM", ENC_OPT_LIST, offsetof(struct run_args, masks),
	 "do as if this machine lacked it (may be repeated)"},
};

static void print_plan(const struct enc_plan *p)
{
	struct enc_buf b = {0};

	enc_plan_show(p, &b, enc_cli_columns(STDERR_FILENO), enc_cli_color(STDERR_FILENO));
	(void)enc_write_all(STDERR_FILENO, b.s, b.len);
	enc_buf_done(&b);
}

static void print_lost_output(const struct enc_run_result *r)
{
	struct enc_err e = {0};

	ENC_FAIL(&e, r->output_error, "what the command printed can't be written: %s", strerror(r->output_error));
	enc_err_id(&e, "E0702", "it was captured: enclosure logs %s", r->id);
	(void)enc_cli_error(&e, false, 0);
}

static int print_result(const struct enc_run_request *q, const struct run_args *a, const struct enc_run_result *r)
{
	struct enc_buf b = {0};
	int status = r->status;

	if (r->output_error)
		print_lost_output(r);
	if (a->verbose || (isatty(STDERR_FILENO) && r->state != ENC_RUN_REFUSED)) {
		enc_run_report(q, r, &b, enc_cli_color(STDERR_FILENO));
		(void)enc_write_all(STDERR_FILENO, b.s, b.len);
		enc_buf_reset(&b);
	}
	if (a->json && r->state != ENC_RUN_REFUSED && r->state != ENC_RUN_FAILED_SETUP) {
		struct enc_json j;

		enc_json_init(&j, &b, 2);
		enc_run_result_json(q, r, &j);
		enc_buf_putc(&b, '\n');
		/* The result is also in the state directory; what was asked for on stdout could not be given. */
		if (enc_cli_out(&b) != 0)
			status = 125;
	}
	enc_buf_done(&b);
	return status;
}

static int print_refusal(const struct enc_plan *p, bool json)
{
	struct enc_diags d;
	int status;

	enc_diags_init(&d);
	enc_plan_unbound(p, &d);
	status = enc_cli_diags(&d, json, 125);
	enc_diags_done(&d);
	return status;
}

static int execute(const struct enc_cli_context *c, const struct run_args *a, char **argv)
{
	struct enc_err e = {0};
	enc_auto(enc_run_result_free_auto) struct enc_run_result *r = NULL;
	struct enc_run_request q = {
		.plan = c->plan,
		.argv = argv,
		.name = a->name,
		.events = a->events,
		.quiet_streams = a->json,
		.tee = a->tee,
		.progress = enc_cli_color(STDERR_FILENO),
	};

	if (a->verbose)
		print_plan(c->plan);
	if (enc_run(&q, &r, &e) < 0)
		return enc_cli_error(&e, a->json, 125);
	if (r->state == ENC_RUN_REFUSED)
		return print_refusal(c->plan, a->json);
	if (r->state == ENC_RUN_FAILED_SETUP)
		(void)enc_cli_error(&e, a->json, 0);
	return print_result(&q, a, r);
}

static int cmd_run(const struct enc_verb *verb, void *args, int argc, char **argv)
{
	struct run_args *a = args;
	struct enc_cli_context c;
	struct enc_err e = {0};
	int status;

	if (!argv[0][0]) {
		ENC_FAIL(&e, ENOENT, "the command is an empty text");
		enc_err_id(&e, "E0601", "enclosure run -- COMMAND [ARG...]");
		return enc_cli_error(&e, a->json, 127);
	}
	status = enc_cli_context(&c, ENC_CTX_PLAN, a->manifest, &a->masks, a->timeout_ns, a->json, 125);
	if (status != 0)
		return status;
	status = execute(&c, a, argv);
	enc_cli_context_done(&c);
	free(a->masks.v);
	return status;
}

const struct enc_verb enc_verb_run = {
	.name = "run",
	.summary = "run a command inside the boundary of a manifest",
	.operands = "[--] COMMAND [ARG...]",
	.description =
		"Plans, puts up every wall, runs the command, and keeps its result, output and events. The manifest "
		"is\n"
		"-m FILE, else a trusted enclosure.yaml here or above (inside the same git work tree), else the\n"
		"built-in profile coding-agent. A clause that nothing on this machine can enforce refuses the run.",
	.opts = run_opts,
	.n_opts = ENC_LEN(run_opts),
	.args_size = sizeof(struct run_args),
	.min_operands = 1,
	.max_operands = -1,
	.stop_at_operand = true,
	.usage_status = 125,
	.run = cmd_run,
	.exits = "the command's own; 128+N when signal N ended it; 124 time limit; 125 refused or set-up\n"
		 "failed; 126 not executable; 127 not found; 130 cancelled; 137 ended by Enclosure.",
};
