/* SPDX-License-Identifier: MIT */
/*
 * cmd_stop.c - enclosure stop RUN...: ask a run to end, and see to it that it does
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/runs.h"
#include "cli/verbs.h"
#include "record/record.h"

#define GRACE_NS  5000000000ull
#define ANSWER_NS 10000000000ull /* what a supervisor may take beyond the grace: it kills, syncs, writes */

struct stop_args {
	uint64_t grace_ns;
	bool kill, all, json;
};

static const struct enc_opt stop_opts[] = {
	{'g', "grace", "TIME", ENC_OPT_TIME, offsetof(struct stop_args, grace_ns),
	 "time for the command to end by itself after SIGTERM (5s)"},
	{'k', "kill", NULL, ENC_OPT_FLAG, offsetof(struct stop_args, kill), "give it no time"},
	{'a', "all", NULL, ENC_OPT_FLAG, offsetof(struct stop_args, all), "every run that goes on"},
	{0, "json", NULL, ENC_OPT_FLAG, offsetof(struct stop_args, json),
	 "print what became of each, an object a line"},
};

/* Sends it once the supervisor listens, which it does from the first moments of a run to the last. */
static int ask(struct enc_cli_run *run, uint64_t grace_ns, uint64_t end, struct enc_run_about *about, struct enc_err *e)
{
	const struct timespec pause = {.tv_nsec = 20000000};
	struct enc_link_msg m = {.kind = ENC_LINK_STOP, .value = SIGTERM, .v = {grace_ns}};
	int fd = -1, r;

	for (;;) {
		r = enc_cli_run_settle(run, 1, about, e);
		if (r != 0)
			return r; /* it has ended, or can't be read */
		fd = enc_link_connect(run->dir);
		if (fd >= 0 || enc_now_boot() > end)
			break;
		(void)nanosleep(&pause, NULL);
	}
	if (fd < 0)
		return 0;
	(void)enc_link_send(fd, &m, 0); /* fails when it ends just now */
	/* Open until the end: the message is read from it. */
	r = enc_cli_run_settle(run, end - enc_now_boot(), about, e);
	close(fd);
	return r;
}

static int stop_run(struct enc_cli_run *run, const struct stop_args *a, struct enc_run_about *about, bool *ret_forced,
		    struct enc_err *e)
{
	uint64_t grace = a->kill ? 0 : a->grace_ns ? a->grace_ns : GRACE_NS;
	uint64_t end = enc_now_boot() + grace + ANSWER_NS;
	int r = ask(run, grace, end, about, e);

	if (r != 0)
		return r < 0 ? r : 0;
	/* A supervisor that does not answer is ended, and the run dies with it. */
	*ret_forced = true;
	r = enc_run_kill_supervisor(about);
	if (r < 0 && r != -ESRCH) {
		ENC_FAIL(e, -r, "run %s does not answer, and its supervisor (pid %d) can't be killed: %s", run->id,
			 (int)about->supervisor, strerror(-r));
		return enc_err_id(e, "E0803", NULL);
	}
	r = enc_cli_run_settle(run, ANSWER_NS, about, e);
	if (r == 0)
		return ENC_FAIL_ID(e, "E0803", ETIMEDOUT, "run %s does not end", run->id);
	return r < 0 ? r : 0;
}

static int print(const struct enc_run_about *about, bool had_ended, bool forced, bool json)
{
	struct enc_buf b = {0};
	int status;

	if (json) {
		struct enc_json j;

		enc_json_init(&j, &b, 0);
		enc_json_object(&j, NULL);
		enc_json_str(&j, "schema", "enclosure.stopped/v1");
		enc_json_str(&j, "run", about->id);
		enc_json_str(&j, "name", about->name);
		enc_json_str(&j, "state", about->state);
		enc_json_int(&j, "status", about->status);
		enc_json_bool(&j, "had_ended", had_ended);
		enc_json_bool(&j, "supervisor_killed", forced);
		enc_json_end(&j);
	} else {
		enc_buf_printf(&b, "%s %s%s", about->id, had_ended ? "had ended: " : "", about->state);
		if (forced)
			enc_buf_puts(&b, " (its supervisor did not answer and was killed)");
	}
	enc_buf_putc(&b, '\n');
	status = enc_cli_out(&b);
	enc_buf_done(&b);
	return status;
}

static int stop_one(const char *which, const struct stop_args *a)
{
	struct enc_cli_run run;
	struct enc_run_about about = {0};
	struct enc_err e = {0};
	bool forced = false, had_ended = false;
	int r = enc_cli_run_open(&run, which, &e), status;

	if (r >= 0)
		r = enc_run_about(run.arena, run.dir, run.id, &about, &e);
	if (r >= 0) {
		had_ended = about.life == ENC_LIFE_ENDED;
		r = stop_run(&run, a, &about, &forced, &e);
	}
	status = r >= 0 ? print(&about, had_ended, forced, a->json) : r == -ENOENT ? 1 : 2;
	enc_cli_run_close(&run);
	return r >= 0 ? status : enc_cli_error(&e, a->json, status);
}

static int stop_all(const struct stop_args *a)
{
	enc_auto(enc_arena_free_auto) struct enc_arena *arena = enc_arena_new();
	enc_auto(enc_free_auto) struct enc_run_id *ids = NULL;
	const char *state_dir;
	struct enc_err e = {0};
	size_t n = 0;
	int worst = 0, r = enc_state_dir(arena, false, &state_dir, &e);

	if (r >= 0)
		r = enc_state_runs(state_dir, &ids, &n, &e);
	if (r < 0)
		return enc_cli_error(&e, a->json, 2);
	for (size_t i = 0; i < n; i++) {
		enc_auto_fd int dir = -1;
		char path[4300];
		int status;

		snprintf(path, sizeof(path), "%s/runs/%s", state_dir, ids[i].text);
		dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
		if (dir < 0 || !enc_state_run_lives(dir, false))
			continue;
		status = stop_one(ids[i].text, a);
		worst = status > worst ? status : worst;
	}
	return worst;
}

static int cmd_stop(const struct enc_verb *verb, void *args, int argc, char **argv)
{
	const struct stop_args *a = args;
	struct enc_err e = {0};
	int worst = 0;

	if (a->all == (argc > 0) || (a->kill && a->grace_ns)) {
		if (a->kill && a->grace_ns)
			ENC_FAIL(&e, EINVAL, "--kill and --grace contradict each other");
		else
			ENC_FAIL(&e, EINVAL, a->all ? "--all and RUN contradict each other" : "which run?");
		enc_err_id(&e, "E0701", "enclosure ps lists the runs; enclosure stop RUN..., or --all");
		return enc_cli_error(&e, a->json, 64);
	}
	if (a->all)
		return stop_all(a);
	for (int i = 0; i < argc; i++) {
		int status = stop_one(argv[i], a);

		worst = status > worst ? status : worst;
	}
	return worst;
}

const struct enc_verb enc_verb_stop = {
	.name = "stop",
	.summary = "end a run, and every process of it",
	.operands = "[RUN...]",
	.description =
		"The command is sent SIGTERM; when the grace is over, or at a second 'enclosure stop', every process "
		"of\n"
		"the run is killed. Its state becomes 'cancelled', unless another cause ended it first. A supervisor\n"
		"that does not answer is killed, and its run dies with it. RUN as in 'enclosure result'.",
	.opts = stop_opts,
	.n_opts = ENC_LEN(stop_opts),
	.args_size = sizeof(struct stop_args),
	.min_operands = 0,
	.max_operands = -1,
	.run = cmd_stop,
	.exits = "0 it has ended (also when it had before), 1 no such run, 2 can't tell, 64 usage.",
	.examples = "enclosure stop last\tEnd the newest run, with time to save its work.\n"
		    "enclosure stop --all --kill\tEnd everything now.\n",
};
