/* SPDX-License-Identifier: MIT */
/*
 * init.c - pid 1 of a run: starts the command, reaps, passes signals on, reports the end, ends
 *
 * With it ends every process of the run: the kernel kills what is left in its pid namespace. It ends when the command
 * has ended, when the supervisor closes the control socket, and with the supervisor (PDEATHSIG).
 *
 * Behind all walls: it can do no more than the command. Nothing here allocates.
 */
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sandbox/box_impl.h"
#include "sys/kernel.h"

/* Candidates in the order of PATH, as execvp() does: one that is there but closed is told rather than "not found". */
static int exec_first(struct launch *l)
{
	int told = ENOENT;

	for (char **path = l->exec_paths; *path; path++) {
		(void)execve(*path, l->argv, l->plan->env); /* returns only when it failed */
		if (errno == EACCES)
			told = EACCES;
		else if (errno != ENOENT && errno != ENOTDIR)
			return errno;
	}
	return told;
}

/* A job of init's session, as a shell's are: it can be stopped from the keyboard, which the kernel refuses to a group
 * whose parent is in no session of its own. */
static int take_foreground(void)
{
	sigset_t out;

	(void)sigemptyset(&out);
	(void)sigaddset(&out, SIGTTOU); /* the kernel's question to who takes the foreground from the background */
	(void)sigprocmask(SIG_BLOCK, &out, NULL);
	if (setpgid(0, 0) || tcsetpgrp(0, getpid()))
		return -1;
	(void)sigprocmask(SIG_UNBLOCK, &out, NULL);
	return 0;
}

static _Noreturn void command(struct launch *l)
{
	struct wire w = {.kind = WIRE_COMMAND};
	struct sigaction standard = {.sa_handler = SIG_DFL};
	sigset_t none;

	(void)sigemptyset(&none);
	for (int sig = 1; sig < NSIG; sig++)
		(void)sigaction(sig, &standard, NULL); /* fails for SIGKILL, SIGSTOP and libc's own */
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	if (l->tty ? take_foreground() : setsid() < 0)
		_exit(125);
	(void)umask(l->umask);
	if (enc_wire_send(l->ctl, &w, NULL, 0))
		_exit(125);
	/* The control socket is CLOEXEC: the command never has it. */
	w.kind = WIRE_EXEC_FAILED;
	w.error = exec_first(l);
	(void)enc_wire_send(l->ctl, &w, NULL, 0); /* init's report tells it as well */
	_exit(w.error == ENOENT ? 127 : 126);
}

/* The command gets a copy of our memory and we wait until it has called exec: what it says comes before what we say. */
static pid_t start(struct launch *l)
{
	struct wire w = {.kind = WIRE_EXECED};
	pid_t pid = enc_sys_clone(CLONE_VFORK | SIGCHLD);

	if (!pid)
		command(l);
	if (pid < 0)
		w = (struct wire){.kind = WIRE_EXEC_FAILED, .error = errno};
	if (enc_wire_send(l->ctl, &w, NULL, 0) || pid < 0)
		_exit(125);
	return pid;
}

static _Noreturn void report(const struct launch *l, int status)
{
	struct wire w = {.kind = WIRE_EXIT, .value = status};

	(void)getrusage(RUSAGE_CHILDREN, &w.usage); /* can't fail */
	(void)enc_wire_send(l->ctl, &w, NULL, 0);   /* a supervisor that is gone needs no report */
	_exit(0);
}

static void tell_stopped(const struct launch *l, int signo)
{
	struct wire w = {.kind = WIRE_STOPPED, .value = signo};

	(void)enc_wire_send(l->ctl, &w, NULL, 0); /* a supervisor that is gone needs no report */
}

static void reap(const struct launch *l, pid_t cmd)
{
	int status;
	pid_t pid;

	if (l->tty && waitpid(cmd, &status, WNOHANG | WUNTRACED) == cmd) {
		if (!WIFSTOPPED(status))
			report(l, status);
		tell_stopped(l, WSTOPSIG(status));
	}

	while ((pid = waitpid(-1, &status, WNOHANG | __WALL)) > 0)
		if (pid == cmd)
			report(l, status);
}

/* To the group of the command, which has its pid; and to the command itself while the group isn't its yet. */
static void pass_on(const struct launch *l, pid_t cmd, int signo)
{
	if (signo > 0 && signo < NSIG && kill(-cmd, signo))
		(void)kill(cmd, signo); /* gone: then the report is on its way */
	if (l->tty && signo != SIGCONT)
		(void)kill(-cmd, SIGCONT);
}

void enc_init_main(struct launch *l)
{
	struct pollfd p[2] = {{.fd = l->ctl, .events = POLLIN}, {.events = POLLIN}};
	struct signalfd_siginfo info;
	sigset_t chld;
	pid_t cmd;

	(void)sigemptyset(&chld);
	(void)sigaddset(&chld, SIGCHLD);
	(void)sigprocmask(SIG_BLOCK, &chld, NULL);
	p[1].fd = signalfd(-1, &chld, SFD_CLOEXEC | SFD_NONBLOCK);
	if (p[1].fd < 0)
		_exit(125);
	/* We lead the session since the walls went up. */
	if (l->tty && ioctl(0, TIOCSCTTY, 0))
		_exit(125);
	cmd = start(l);
	/* A reader of the command's output sees its end when the command's processes have closed it, not when we do. A
	 * terminal can be opened again by them, and must not be at its end until then. */
	for (int fd = l->tty ? 1 : 0; fd < 3; fd++)
		(void)close(fd);
	for (size_t i = 0; i < l->n_keep; i++)
		(void)close(l->keep[i]);
	for (;;) {
		struct wire w;

		reap(l, cmd);
		if (poll(p, 2, -1) < 0 && errno != EINTR)
			_exit(125);
		/* Only wakes us: reap() asks the kernel. */
		if (p[1].revents && read(p[1].fd, &info, sizeof(info)) < 0 && errno != EAGAIN && errno != EINTR)
			_exit(125);
		if (!p[0].revents)
			continue;
		if (enc_wire_recv(l->ctl, &w, NULL, NULL, NULL) != 1)
			_exit(125);
		if (w.kind == WIRE_SIGNAL)
			pass_on(l, cmd, w.value);
	}
}
