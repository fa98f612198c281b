/* SPDX-License-Identifier: MIT */
/*
 * cmd_run.c - enclosure run
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/context.h"
#include "cli/terminal.h"
#include "cli/verbs.h"
#include "run/run.h"

struct run_args {
	const char *manifest, *name, *events;
	uint64_t timeout_ns;
	bool json, tee, verbose, detach, tty, no_tty;
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
	{'d', "detach", NULL, ENC_OPT_FLAG, offsetof(struct run_args, detach),
	 "print the run's id once it is started, and leave it running"},
	{0, "tty", NULL, ENC_OPT_FLAG, offsetof(struct run_args, tty),
	 "give the command a terminal of its own (the default when stdin and stdout are one)"},
	{0, "no-tty", NULL, ENC_OPT_FLAG, offsetof(struct run_args, no_tty), "give it pipes, also at a terminal"},
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
		struct enc_run_identity who = enc_run_identify(q);

		enc_run_result_json(&who, r, &j);
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

static int supervise(const struct enc_run_request *q, const struct run_args *a)
{
	enc_auto(enc_run_result_free_auto) struct enc_run_result *r = NULL;
	struct enc_err e = {0};

	if (enc_run(q, &r, &e) < 0)
		return enc_cli_error(&e, a->json, 125);
	if (r->state == ENC_RUN_REFUSED)
		return print_refusal(q->plan, a->json);
	if (r->state == ENC_RUN_FAILED_SETUP)
		(void)enc_cli_error(&e, a->json, 0);
	return print_result(q, a, r);
}

/* ---- a supervisor in the background ---- */

static void drop_output(void *data)
{
	enc_auto_fd int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	if (null >= 0 && dup2(null, STDOUT_FILENO) >= 0)
		(void)dup2(null, STDERR_FILENO);
}

/* A session of its own: no signal and no hangup of the caller's terminal reaches it. Errors are still the caller's to
 * see, until it leaves. */
static _Noreturn void be_supervisor(struct enc_run_request *q, const struct run_args *a)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (setsid() < 0 || null < 0 || dup2(null, STDIN_FILENO) < 0)
		_exit(125);
	if (!a->json && dup2(null, STDOUT_FILENO) < 0)
		_exit(125);
	close(null);
	q->link_lost = drop_output;
	q->progress = false;
	_exit(supervise(q, a));
}

/* What its exit status is, when it has ended; 137 when it was killed, which nobody else is left to tell. */
static int reap(pid_t supervisor, bool json)
{
	struct enc_err e = {0};
	int status = 0;

	while (waitpid(supervisor, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	ENC_FAIL(&e, ECHILD, "the supervisor was ended by signal %d, and the run with it", WTERMSIG(status));
	enc_err_id(&e, "E0803", "enclosure ps --all");
	return enc_cli_error(&e, json, 137);
}

static int print_started(const struct enc_link_msg *m, const struct run_args *a, pid_t supervisor)
{
	struct enc_buf b = {0};
	int status;

	if (a->json) {
		struct enc_json j;

		enc_json_init(&j, &b, 2);
		enc_json_object(&j, NULL);
		enc_json_str(&j, "schema", "enclosure.started/v1");
		enc_json_strn(&j, "run", m->data, m->len);
		enc_json_str(&j, "name", a->name);
		enc_json_uint(&j, "supervisor", (uint64_t)supervisor);
		enc_json_end(&j);
	} else {
		enc_buf_add(&b, m->data, m->len);
	}
	enc_buf_putc(&b, '\n');
	status = enc_cli_out(&b);
	enc_buf_done(&b);
	return status ? 125 : 0;
}

/* Until it is started; one that is not tells why itself, and by its exit status. */
static int await_start(int link, const struct run_args *a, pid_t supervisor)
{
	struct enc_link_msg m;

	while (enc_link_recv(link, &m, 0) == 1)
		if (m.kind == ENC_LINK_STARTED)
			return print_started(&m, a, supervisor);
	return reap(supervisor, a->json);
}

static void tell_left(const char *id)
{
	struct enc_buf b = {0};

	enc_buf_printf(&b, "enclosure: the run goes on\n  next: enclosure attach %s   enclosure stop %s\n", id, id);
	(void)enc_write_all(STDERR_FILENO, b.s, b.len);
	enc_buf_done(&b);
}

static int show_window(int link, const struct run_args *a, pid_t supervisor)
{
	char id[27];
	int status = 0;
	enum enc_window_end end = enc_cli_window(link, true, true, &status, id);

	close(link); /* the supervisor may print now */
	if (end == ENC_WINDOW_LEFT)
		tell_left(id);
	return end == ENC_WINDOW_ENDED || end == ENC_WINDOW_DEAD ? reap(supervisor, false) : 0;
}

/* What the caller holds (locks, pipes) is not held for as long as the run goes on. */
static void drop_descriptors(const struct enc_run_request *q)
{
	uint64_t events = 0;
	int kept[2] = {q->link, -1};

	if (q->events && enc_parse_u64(q->events, &events) == 0 && events < 1u << 20)
		kept[1] = (int)events;
	if (kept[1] >= 0 && kept[1] < kept[0]) {
		kept[0] = kept[1];
		kept[1] = q->link;
	}
	for (int i = 0, from = 3; i < 3; i++) {
		int to = i < 2 ? kept[i] - 1 : INT_MAX;

		if (i < 2 && kept[i] < 3)
			continue;
		if (to >= from)
			(void)close_range((unsigned)from, (unsigned)to, 0);
		from = i < 2 ? kept[i] + 1 : from;
	}
}

static int run_behind(struct enc_run_request *q, const struct run_args *a)
{
	struct enc_err e = {0};
	int pair[2], r = enc_link_pair(pair);
	pid_t pid = r < 0 ? -1 : fork();

	if (pid < 0) {
		ENC_FAIL(&e, r < 0 ? -r : errno, "no process for the supervisor: %s", strerror(r < 0 ? -r : errno));
		enc_err_id(&e, "E0501", NULL);
		return enc_cli_error(&e, a->json, 125);
	}
	if (pid == 0) {
		close(pair[0]);
		q->link = pair[1];
		drop_descriptors(q);
		be_supervisor(q, a);
	}
	close(pair[1]);
	return a->detach ? await_start(pair[0], a, pid) : show_window(pair[0], a, pid);
}

/* A terminal of its own is for who sits at one; without, it is somebody's who attaches later. */
static int check_terminal(const struct run_args *a)
{
	struct enc_err e = {0};

	if (a->tty && a->no_tty)
		ENC_FAIL(&e, EINVAL, "--tty and --no-tty contradict each other");
	else if (a->tty && !a->detach && (a->json || !enc_cli_foreground() || !isatty(STDOUT_FILENO)))
		ENC_FAIL(&e, ENOTTY, "--tty needs a terminal as stdin and stdout, and no --json");
	else if (a->tee && a->detach)
		ENC_FAIL(&e, EINVAL, "--tee shows output, and --detach leaves it to enclosure attach and logs");
	else
		return 0;
	enc_err_id(&e, "E0701", "enclosure run --detach --tty, and enclosure attach later, work without one");
	return enc_cli_error(&e, a->json, 125);
}

static int execute(const struct enc_cli_context *c, const struct run_args *a, char **argv)
{
	bool at_terminal = !a->no_tty && !a->json && enc_cli_foreground() && isatty(STDOUT_FILENO);
	struct enc_run_request q = {
		.plan = c->plan,
		.argv = argv,
		.name = a->name,
		.events = a->events,
		.quiet_streams = a->json,
		.tee = a->tee,
		.progress = enc_cli_color(STDERR_FILENO),
		.detached = a->detach,
		.tty = a->tty || (at_terminal && !a->detach),
		.size = enc_cli_window_size(),
		.link = -1,
	};

	if (a->verbose)
		print_plan(c->plan);
	/* What is refused needs no process. */
	return (q.tty || a->detach) && c->plan->runnable ? run_behind(&q, a) : supervise(&q, a);
}

static int cmd_run(const struct enc_verb *verb, void *args, int argc, char **argv)
{
	struct run_args *a = args;
	struct enc_cli_context c;
	struct enc_err e = {0};
	int status = check_terminal(a);

	if (status != 0)
		return status;
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
		"built-in profile coding-agent. A clause that nothing on this machine can enforce refuses the run.\n"
		"\n"
		"At a terminal the command has a terminal of its own; what it prints passes a filter that keeps it "
		"from\n"
		"making yours answer. Ctrl-] three times within a second leaves the run, which goes on; so does "
		"closing\n"
		"the terminal. enclosure ps, attach, stop and wait find it again.",
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
	.examples = "enclosure run -- make test\tUnder the project's manifest.\n"
		    "enclosure run -m claude-code -- claude -p 'fix the tests' --dangerously-skip-permissions\t"
		    "Under a built-in profile.\n"
		    "enclosure run --json -t 10m -- ./agent >result.json\tFor a program that reads the result.\n",
};
