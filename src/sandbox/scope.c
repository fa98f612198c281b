/* SPDX-License-Identifier: MIT */
/*
 * scope.c - the run's scope of systemd's user manager, for a user without a group of its own
 *
 * Two processes are put into it: init, before it has been told to go on, and a holder. Both leave the scope itself at
 * once, init for the run's group below it (cgroup.c), the holder for a group of its own: so the scope may give its
 * controllers to the run's. The manager removes an empty scope with all groups in it; without the holder the run's last
 * counters would go with its last process.
 *
 * The supervisor stays where its user has started it: its own group may be one (a session's) that the user can neither
 * leave nor clone out of. Init and the holder end with the supervisor, however that ends, and the scope with them.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sandbox/box_impl.h"
#include "sys/cgroup.h"
#include "sys/kernel.h"
#include "sys/mountfd.h"

/* Has nothing of the supervisor's open, and is in no session with a terminal. A stop of the scope ends it. */
static _Noreturn void hold(pid_t parent)
{
	sigset_t none;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)prctl(PR_SET_NAME, "enclosure-scope");
	(void)setsid();
	(void)close_range(0, ~0U, 0);
	sigemptyset(&none);
	(void)signal(SIGTERM, SIG_DFL);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	while (getppid() == parent)
		(void)pause();
	_exit(0);
}

/* Tells nobody when it ends: the supervisor waits for other children. */
static pid_t start_holder(void)
{
	struct enc_clone_args args = {0};
	pid_t parent = getpid(), pid = enc_sys_clone3(&args);

	if (pid == 0)
		hold(parent);
	return pid;
}

static int seat_holder(const struct enc_box *b)
{
	enc_auto_fd int scope = enc_sys_open_plain(AT_FDCWD, b->scope, O_RDONLY | O_DIRECTORY, 0), group = -1;

	if (scope < 0 || mkdirat(scope, "holder", 0755))
		return -1;
	group = enc_sys_open_plain(scope, "holder", O_RDONLY | O_DIRECTORY, ENC_RESOLVE_BENEATH);
	return group < 0 ? -1 : enc_sys_cgroup_write_u64(group, "cgroup.procs", (uint64_t)b->holder);
}

/* A run without a limit that needs a group does not depend on the manager: its pid namespace ends its processes. */
bool enc_scope_wanted(const struct enc_plan *p)
{
	for (size_t i = 0; i < p->n_bindings && enc_host_in_scope(p->host); i++)
		if (p->bindings[i].bound && p->bindings[i].mechanisms & 1u << ENC_MECH_CGROUP_V2)
			return true;
	return false;
}

int enc_scope_make(struct enc_box *b, struct stage *s)
{
	struct enc_err e = {0};
	pid_t pids[ENC_SCOPE_PIDS] = {b->init};
	int r;

	if (enc_stage(s, "scope", "cgroup-v2", NULL))
		return -1;
	b->holder = start_holder();
	if (b->holder < 0)
		return -1;
	pids[1] = b->holder;
	r = enc_host_scope(b->run, pids, ENC_LEN(pids), b->scope, sizeof(b->scope), &e);
	if (r == 0)
		return seat_holder(b);
	(void)snprintf(b->scope_why, sizeof(b->scope_why), "systemd's user manager: %.160s", e.text);
	errno = -r;
	return -1;
}

void enc_scope_leave(struct enc_box *b)
{
	if (b->holder > 0) {
		(void)kill(b->holder, SIGKILL); /* our child, not yet waited for */
		while (waitpid(b->holder, NULL, __WALL) < 0 && errno == EINTR)
			;
	}
	b->holder = 0;
}
