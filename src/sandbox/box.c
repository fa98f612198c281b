/* SPDX-License-Identifier: MIT */
/*
 * box.c - a box whose walls are up: told to go, watched, killed, closed (prepare.c makes it)
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "sandbox/box_impl.h"
#include "sys/kernel.h"

#define MESSAGES_AT_ONCE 64

static void ended(struct enc_box *b)
{
	b->ended = true;
}

#define THAW_NS 200000000ull /* what was killed and is still there after this may be frozen */

void enc_box_finish(struct enc_box *b)
{
	if (b->killed_ns && !b->reaped && enc_now_mono() - b->killed_ns >= THAW_NS)
		enc_groups_thaw(b);
}

/* Init ends after the last process of its namespace. What does not die is looked after from time to time. */
static void await_init(struct enc_box *b)
{
	struct pollfd p = {.fd = b->pidfd, .events = POLLIN};

	while (poll(&p, 1, THAW_NS / 1000000) <= 0)
		enc_box_finish(b);
}

/* Init is gone without a report: somebody killed it, and with it everything. */
static void died(struct enc_box *b)
{
	siginfo_t info = {0};
	int pid = b->pidfd;

	ended(b);
	b->status = (struct enc_box_status){.signaled = true, .code = SIGKILL};
	if (b->reaped || pid < 0)
		return;
	if (!b->killed_ns)
		b->killed_ns = enc_now_mono(); /* the kernel has told them */
	await_init(b);
	/* The raw call, since libc's leaves out the usage; P_PIDFD is 3. */
	if (!syscall(SYS_waitid, 3, pid, &info, WEXITED, &b->status.usage))
		b->reaped = true;
}

static void take_status(struct enc_box *b, const struct wire *w)
{
	if (b->ended)
		return;
	ended(b);
	b->status = (struct enc_box_status){.exited = WIFEXITED(w->value), .signaled = WIFSIGNALED(w->value)};
	b->status.code = b->status.exited ? WEXITSTATUS(w->value) : WTERMSIG(w->value);
	b->status.usage = w->usage;
}

static int exec_failed(struct enc_box *b, int error, struct enc_err *e)
{
	ended(b);
	b->status = (struct enc_box_status){.exited = true, .code = error == ENOENT ? 127 : 126};
	b->status.exec_failed = true;
	b->status.exec_errno = error;
	enc_box_kill(b);
	return ENC_FAIL_ID(e, error == ENOENT ? "E0601" : "E0602", error, "can't execute the command: %s",
			   strerror(error));
}

int enc_box_go(struct enc_box *b, struct enc_err *e)
{
	struct wire w = {.kind = WIRE_GO};
	int r = enc_wire_send(b->ctl, &w, NULL, 0);
	pid_t from = 0;

	while (r >= 0) {
		r = enc_wire_recv(b->ctl, &w, NULL, NULL, &from);
		if (r <= 0)
			break;
		if (w.kind == WIRE_COMMAND)
			b->command = from; /* the kernel says who sent it, in our pid namespace */
		else if (w.kind == WIRE_EXEC_FAILED)
			return exec_failed(b, w.error, e);
		else if (w.kind == WIRE_EXECED)
			return 0;
		else if (w.kind == WIRE_EXIT) {
			take_status(b, &w);
			return 0;
		}
	}
	died(b);
	return ENC_FAIL_ID(e, "E0501", r < 0 ? -r : ECHILD, "the run's init died before the command started");
}

int enc_box_status(struct enc_box *b, struct enc_box_status *ret, struct enc_err *e)
{
	struct pollfd p = {.fd = b->ctl, .events = POLLIN};
	bool stopped = false;
	struct wire w;

	(void)e;
	/* What is left comes next time: who stops and goes on for ever must not keep us here. */
	for (int i = 0; i < MESSAGES_AT_ONCE && !b->ended && poll(&p, 1, 0) > 0; i++) {
		int r = enc_wire_recv(b->ctl, &w, NULL, NULL, NULL);

		if (r <= 0)
			died(b);
		else if (w.kind == WIRE_STOPPED)
			stopped = true;
		else if (w.kind == WIRE_EXIT)
			take_status(b, &w);
	}
	if (b->ended)
		*ret = b->status;
	ret->stopped = stopped && !b->ended;
	return b->ended;
}

int enc_box_signal(struct enc_box *b, int signo)
{
	struct wire w = {.kind = WIRE_SIGNAL, .value = signo};

	return b->ended ? 0 : enc_wire_send(b->ctl, &w, NULL, 0);
}

void enc_box_kill(struct enc_box *b)
{
	if (!b->killed_ns)
		b->killed_ns = enc_now_mono();
	enc_groups_kill(b);
	if (b->pidfd >= 0 && !b->reaped)
		(void)enc_sys_pidfd_kill(b->pidfd, SIGKILL); /* fails when it is dead */
}

int enc_box_pidfd(const struct enc_box *b)
{
	return b->pidfd;
}

int enc_box_control_fd(const struct enc_box *b)
{
	return b->ctl;
}

int enc_box_notify_fd(const struct enc_box *b)
{
	return b->listener;
}

int enc_box_terminal_fd(const struct enc_box *b)
{
	return b->terminal;
}

pid_t enc_box_init_pid(const struct enc_box *b)
{
	return b->init;
}

pid_t enc_box_command_pid(const struct enc_box *b)
{
	return b->command;
}

/* Init is reaped only after the last process of its pid namespace: then the groups are empty. */
struct enc_box *enc_box_close(struct enc_box *b)
{
	siginfo_t info;

	if (!b)
		return NULL;
	enc_box_kill(b);
	enc_box_measure_stop(b, ENC_MEASURE_DISK | ENC_MEASURE_MEMORY);
	enc_close_auto(&b->listener); /* before waiting: a caller that waits for an answer wakes up */
	if (b->pidfd >= 0 && !b->reaped) {
		await_init(b);
		while (waitid((idtype_t)3, (id_t)b->pidfd, &info, WEXITED) < 0 && errno == EINTR)
			;
	}
	enc_groups_remove(b);
	enc_sync_close(b);
	enc_close_auto(&b->pidfd);
	enc_close_auto(&b->ctl);
	enc_close_auto(&b->terminal);
	enc_close_auto(&b->space);
	enc_close_auto(&b->spaces[0]);
	enc_close_auto(&b->spaces[1]);
	free(b);
	return NULL;
}
