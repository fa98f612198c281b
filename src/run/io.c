/* SPDX-License-Identifier: MIT */
/*
 * io.c - the command's standard streams: pipes that we pump, or a terminal of its own
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "run/supervise.h"

static const char *const names[] = {"stdout", "stderr"};

/* The command must not be able to write to our terminal by its stdin, which shells open for both. */
static int open_stdin(const struct enc_run_request *q)
{
	if (q->detached)
		return open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (!isatty(STDIN_FILENO))
		return fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	return open("/proc/self/fd/0", O_RDONLY | O_NOCTTY | O_CLOEXEC);
}

/* By its name in /proc a descriptor can be opened again, for writing too where the file's mode lets the run's user:
 * Landlock is what holds that back. */
static int check_stdin(const struct enc_run_request *q, struct enc_err *e)
{
	struct stat st;

	if (q->plan->use_landlock || q->detached || fstat(STDIN_FILENO, &st) < 0 || !S_ISREG(st.st_mode))
		return 0;
	ENC_FAIL(e, EPERM,
		 "standard input is a file of the host, which could be written by the run, since landlock is missing");
	return enc_err_id(e, "E0501", "give it through a pipe: cat FILE | enclosure run ...");
}

static int open_capture(struct enc_supervisor *s, int i, struct enc_err *e)
{
	int file = openat(s->dir, names[i], O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (file < 0)
		return ENC_FAIL_ID(e, "E0801", errno, "create %s of the run: %s", names[i], strerror(errno));
	return file;
}

static int open_stream(struct enc_supervisor *s, int i, int *ret_child, struct enc_err *e)
{
	const struct enc_run_request *q = s->q;
	int pipes[2], file = open_capture(s, i, e), to;

	if (file < 0)
		return file;
	if (pipe2(pipes, O_CLOEXEC) < 0) {
		close(file);
		return ENC_FAIL_ID(e, "E0501", errno, "pipe: %s", strerror(errno));
	}
	/* Ours alone: the command's end stays blocking. */
	(void)fcntl(pipes[0], F_SETFL, O_NONBLOCK);
	to = q->detached ? -1 : q->quiet_streams ? (q->tee ? STDERR_FILENO : -1) : STDOUT_FILENO + i;
	s->out[i].before_write = q->progress ? enc_run_progress_clear : NULL;
	s->out[i].admit = enc_run_limits_output;
	s->out[i].beside = &s->out[!i];
	s->out[i].tap = enc_control_output;
	s->out[i].data = s;
	*ret_child = pipes[1];
	return enc_stream_start(&s->out[i], s->loop, pipes[0], file, to, e);
}

int enc_run_open_io(struct enc_supervisor *s, int ret[3], struct enc_err *e)
{
	int r = 0;

	ret[0] = ret[1] = ret[2] = -1;
	for (int i = 0; i < 2; i++)
		s->out[i].from = s->out[i].file = s->out[i].to = -1;
	if (s->q->tty)
		return 0;
	r = check_stdin(s->q, e);
	if (r < 0)
		return r;
	ret[0] = open_stdin(s->q);
	if (ret[0] < 0)
		return ENC_FAIL_ID(e, "E0501", errno, "standard input can't be passed on: %s", strerror(errno));
	r = open_stream(s, 0, &ret[1], e);
	if (r >= 0)
		r = open_stream(s, 1, &ret[2], e);
	return r;
}

int enc_run_open_terminal(struct enc_supervisor *s, struct enc_err *e)
{
	int file, from;

	if (!s->q->tty)
		return 0;
	s->terminal = enc_box_terminal_fd(s->box);
	from = s->terminal < 0 ? -1 : fcntl(s->terminal, F_DUPFD_CLOEXEC, 3);
	if (from < 0)
		return ENC_FAIL_ID(e, "E0501", EBADF, "the run's terminal is missing");
	/* One open file: this holds for what we write to it as well. */
	(void)fcntl(from, F_SETFL, O_RDWR | O_NONBLOCK);
	file = open_capture(s, 0, e);
	if (file < 0) {
		close(from);
		return file;
	}
	s->out[0].admit = enc_run_limits_output;
	s->out[0].tap = enc_control_output;
	s->out[0].data = s;
	return enc_stream_start(&s->out[0], s->loop, from, file, -1, e);
}
