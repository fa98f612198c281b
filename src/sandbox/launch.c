/* SPDX-License-Identifier: MIT */
/*
 * launch.c - the child of clone3, from its first instruction until it is init
 *
 * Order matters and is fixed in put_up(): each step takes away something that the steps before it needed.
 *
 *   cgroup namespace   after the supervisor has put us into the groups: they are the root that the run sees
 *   ids                before the mounts: what we make belongs to the run
 *   network, mounts    need capabilities of our own user namespace
 *   descriptors        after pivot: nothing of the host is open but what the command is given
 *   limits             after the mounts have been made, before we can't raise any
 *   capabilities, no_new_privs, dumpable, PDEATHSIG
 *   working directory  as the run's ids without a capability: a place that they can't enter is refused
 *   Landlock, seccomp
 *
 * Nothing here allocates or logs: a failure is one message on the control socket and status 125.
 */
#include <errno.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sandbox/box_impl.h"
#include "sys/kernel.h"

static _Noreturn void fail(const struct launch *l, int error)
{
	struct wire w = {.kind = WIRE_FAIL, .error = error};

	strncpy(w.step, l->stage.step, sizeof(w.step) - 1);
	strncpy(w.mechanism, l->stage.mechanism, sizeof(w.mechanism) - 1);
	if (l->stage.what)
		strncpy(w.text, l->stage.what, sizeof(w.text) - 1);
	(void)enc_wire_send(l->ctl, &w, NULL, 0); /* nobody left to tell when it fails */
	_exit(125);
}

/* Nobody else's failure: the supervisor is gone or has given up. */
static void await(const struct launch *l, enum wire_kind kind)
{
	struct wire w;

	if (enc_wire_recv(l->ctl, &w, NULL, NULL, NULL) != 1 || w.kind != kind)
		_exit(125);
}

static int raise_loopback(void)
{
	enc_auto_fd int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq lo = {.ifr_name = "lo"};

	if (fd < 0 || ioctl(fd, SIOCGIFFLAGS, &lo))
		return -1;
	lo.ifr_flags |= IFF_UP;
	return ioctl(fd, SIOCSIFFLAGS, &lo);
}

static int send_dirs(struct launch *l)
{
	struct wire w = {.kind = WIRE_DIRS};
	int r = enc_wire_send(l->ctl, &w, l->sync_dirs, l->n_sync + 1);

	errno = -r;
	return r;
}

static int give_terminal(struct launch *l)
{
	struct wire w = {.kind = WIRE_TERMINAL};
	enc_auto_fd int master = -1;
	int r;

	if (enc_wall_terminal(l, &master))
		return -1;
	r = enc_wire_send(l->ctl, &w, &master, 1);
	errno = -r;
	return r;
}

static int put_up(struct launch *l, int *ret_listener)
{
	static const char host[] = "enclosure";
	const struct enc_plan *p = l->plan;
	struct stage *s = &l->stage;

	if (enc_stage(s, "cgroup namespace", "user-namespace", NULL) || unshare(CLONE_NEWCGROUP))
		return -1;
	if (enc_stage(s, "ids", "user-namespace", NULL) || enc_wall_ids(l))
		return -1;
	if (enc_stage(s, "host name", "user-namespace", NULL) || sethostname(host, sizeof(host) - 1))
		return -1;
	if (enc_stage(s, "loopback", "net-namespace", NULL) || (p->net_none && raise_loopback()))
		return -1;
	if (enc_mounts_build(l))
		return -1;
	if (enc_stage(s, "private directories", "mount-namespace", NULL) || send_dirs(l))
		return -1;
	if (l->tty && (enc_stage(s, "terminal", "mount-namespace", NULL) || give_terminal(l)))
		return -1;
	if (enc_stage(s, "descriptors", "mount-namespace", NULL) || enc_wall_descriptors(l))
		return -1;
	if (enc_stage(s, "limits", "rlimit", NULL) || enc_wall_limits(l))
		return -1;
	if (enc_stage(s, "capabilities", "user-namespace", NULL) || enc_wall_capabilities(l))
		return -1;
	if (enc_stage(s, "working directory", "mount-namespace", p->cwd) || chdir(p->cwd))
		return -1;
	if (enc_stage(s, "landlock", "landlock", NULL) || (p->use_landlock && enc_wall_landlock(l)))
		return -1;
	if (enc_stage(s, "seccomp", "seccomp", NULL) || enc_wall_seccomp(l, ret_listener))
		return -1;
	return 0;
}

void enc_launch_child(struct launch *l)
{
	struct wire ready = {.kind = WIRE_READY};
	int listener = -1;

	(void)umask(0);
	await(l, WIRE_MAPPED);
	if (put_up(l, &listener))
		fail(l, errno);
	(void)enc_stage(&l->stage, "hand over", "seccomp-notify", NULL);
	if (enc_wire_send(l->ctl, &ready, &listener, listener >= 0))
		_exit(125);
	if (listener >= 0)
		(void)close(listener); /* the supervisor's now */
	await(l, WIRE_GO);
	enc_init_main(l);
}
