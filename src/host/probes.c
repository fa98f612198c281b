/* SPDX-License-Identifier: MIT */
/*
 * probes.c - one real attempt a mechanism, each in a child of its own
 *
 * A probe uses what it asks for, as a run would: a namespace is entered and something is done in it, a filter is
 * installed and must refuse. What the child made ends with it.
 */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/impl.h"
#include "sys/kernel.h"
#include "sys/landlock.h"
#include "sys/mountfd.h"
#include "sys/seccomp.h"

#define PATIENCE_MS 5000

int enc_probe_fail(struct enc_answer *a, const char *step)
{
	a->error = errno ? errno : EIO;
	(void)snprintf(a->step, sizeof(a->step), "%s", step);
	return -1;
}

void enc_probe_run(enc_probe_fn fn, const struct enc_host *h, struct enc_answer *ret)
{
	struct pollfd p = {.events = POLLIN};
	int pipes[2];
	pid_t pid;

	memset(ret, 0, sizeof(*ret));
	if (pipe2(pipes, O_CLOEXEC) < 0) {
		(void)enc_probe_fail(ret, "pipe");
		return;
	}
	pid = fork();
	if (pid == 0) {
		struct enc_answer a = {0};

		(void)close(pipes[0]);
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		fn(&a, h);
		_exit(write(pipes[1], &a, sizeof(a)) == sizeof(a) ? 0 : 1);
	}
	(void)close(pipes[1]);
	if (pid < 0) {
		(void)enc_probe_fail(ret, "fork");
		(void)close(pipes[0]);
		return;
	}
	p.fd = pipes[0];
	ret->error = ETIMEDOUT;
	(void)snprintf(ret->step, sizeof(ret->step), "the probe did not answer");
	if (poll(&p, 1, PATIENCE_MS) == 1) {
		struct enc_answer a;

		if (read(pipes[0], &a, sizeof(a)) == sizeof(a))
			*ret = a;
	}
	(void)close(pipes[0]);
	(void)kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

static int put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? write(fd, text, strlen(text)) : -1;
	int saved = errno;

	if (fd >= 0)
		(void)close(fd);
	errno = saved;
	return n < 0 ? -1 : 0;
}

int enc_probe_userns(struct enc_answer *a, int more_flags)
{
	char map[64];
	unsigned uid = geteuid(), gid = getegid();

	if (unshare(CLONE_NEWUSER | more_flags) < 0)
		return enc_probe_fail(a, "unshare");
	if (put("/proc/self/setgroups", "deny") < 0)
		return enc_probe_fail(a, "write setgroups");
	(void)snprintf(map, sizeof(map), "%u %u 1", uid, uid);
	if (put("/proc/self/uid_map", map) < 0)
		return enc_probe_fail(a, "write uid_map");
	(void)snprintf(map, sizeof(map), "%u %u 1", gid, gid);
	return put("/proc/self/gid_map", map) < 0 ? enc_probe_fail(a, "write gid_map") : 0;
}

/* Ubuntu lets the namespace be made and takes its capabilities away: use one of them. */
void enc_probe_user_namespace(struct enc_answer *a, const struct enc_host *h)
{
	if (enc_probe_userns(a, CLONE_NEWUTS) == 0 && sethostname("probe", 5) < 0)
		(void)enc_probe_fail(a, "use a capability in the user namespace");
}

void enc_probe_mount_namespace(struct enc_answer *a, const struct enc_host *h)
{
	static const char *const opts[] = {"mode", "0700", NULL};
	int tree, fs;

	if (enc_probe_userns(a, CLONE_NEWNS) < 0)
		return;
	if (mount("", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) {
		(void)enc_probe_fail(a, "make mounts private");
		return;
	}
	tree = open("/usr", O_PATH | O_DIRECTORY | O_CLOEXEC);
	tree = tree >= 0 ? enc_sys_tree_clone(tree) : -1;
	if (tree < 0) {
		(void)enc_probe_fail(a, "open_tree /usr");
		return;
	}
	if (enc_sys_mount_attr(tree, true, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID, 0, -1) < 0) {
		(void)enc_probe_fail(a, "mount_setattr read-only");
		return;
	}
	fs = enc_sys_mount_new("tmpfs", opts, 0);
	if (fs < 0 || enc_sys_mount_attach(fs, open("/", O_PATH | O_CLOEXEC)) < 0)
		(void)enc_probe_fail(a, "mount a tmpfs");
}

void enc_probe_pid_namespace(struct enc_answer *a, const struct enc_host *h)
{
	static const char *const none[] = {NULL};
	int status;
	pid_t pid;

	if (enc_probe_userns(a, CLONE_NEWPID | CLONE_NEWNS) < 0)
		return;
	pid = fork();
	if (pid == 0)
		_exit(getpid() == 1 && enc_sys_mount_new("proc", none, 0) >= 0 ? 0 : errno & 0x7f);
	if (pid < 0 || waitpid(pid, &status, 0) < 0) {
		(void)enc_probe_fail(a, "fork into the pid namespace");
		return;
	}
	if (status) {
		errno = WIFEXITED(status) ? WEXITSTATUS(status) : EIO;
		(void)enc_probe_fail(a, "mount /proc in the pid namespace");
	}
}

void enc_probe_net_namespace(struct enc_answer *a, const struct enc_host *h)
{
	struct ifreq r = {.ifr_name = "lo"};
	int s;

	if (enc_probe_userns(a, CLONE_NEWNET) < 0)
		return;
	s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	r.ifr_flags = IFF_UP;
	if (s < 0 || ioctl(s, SIOCSIFFLAGS, &r) < 0)
		(void)enc_probe_fail(a, "bring lo up");
}

void enc_probe_landlock(struct enc_answer *a, const struct enc_host *h)
{
	int ruleset, fd;

	a->number = enc_sys_landlock_abi();
	if (a->number <= 0) {
		(void)enc_probe_fail(a, "landlock_create_ruleset");
		return;
	}
	ruleset = enc_sys_landlock_new(ENC_LL_READ_FILE, enc_sys_landlock_scopes(a->number));
	if (ruleset < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || enc_sys_landlock_enforce(ruleset) < 0) {
		(void)enc_probe_fail(a, "landlock_restrict_self");
		return;
	}
	fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	if (fd >= 0 || errno != EACCES) {
		errno = EIO;
		(void)enc_probe_fail(a, "a file that no rule allows could be opened");
		return;
	}
	(void)snprintf(a->detail, sizeof(a->detail), "ABI %d", a->number);
}

/* getppid(2) answers with `action`. */
static int install(unsigned action, bool listener)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, action),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = {.len = ENC_LEN(code), .filter = code};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -1;
	return enc_sys_seccomp_install(&prog, listener);
}

void enc_probe_seccomp(struct enc_answer *a, const struct enc_host *h)
{
	if (install(SECCOMP_RET_ERRNO | ENOANO, false) < 0) {
		(void)enc_probe_fail(a, "seccomp");
		return;
	}
	if (syscall(SYS_getppid) != -1 || errno != ENOANO) {
		errno = EIO;
		(void)enc_probe_fail(a, "the filter did not refuse");
	}
}

void enc_probe_seccomp_notify(struct enc_answer *a, const struct enc_host *h)
{
	int listener = install(SECCOMP_RET_USER_NOTIF, true), status = -1;
	struct seccomp_notif n;
	struct pollfd p = {.fd = listener, .events = POLLIN};
	pid_t pid;

	if (listener < 0) {
		(void)enc_probe_fail(a, "seccomp with a listener");
		return;
	}
	pid = fork();
	if (pid == 0) {
		/* The asker's is then the only one: when it is killed, the call returns instead of waiting for ever. */
		(void)close(listener);
		_exit(syscall(SYS_getppid) == -1 && errno == ENOANO ? 0 : 1);
	}
	if (pid < 0 || poll(&p, 1, PATIENCE_MS / 2) != 1 || enc_sys_seccomp_recv(listener, &n) != 1 ||
	    enc_sys_seccomp_refuse(listener, n.id, ENOANO) < 0) {
		(void)enc_probe_fail(a, "answer a notification");
		if (pid > 0)
			(void)kill(pid, SIGKILL);
		return;
	}
	if (waitpid(pid, &status, 0) < 0 || status != 0) {
		errno = EIO;
		(void)enc_probe_fail(a, "the answer did not arrive");
	}
}

/* A user namespace that maps 0 to another id, held by a child. */
static int mapped_userns(pid_t *ret_pid)
{
	pid_t parent = getpid();
	int go[2], fd = -1;
	char path[64], c;

	if (pipe2(go, O_CLOEXEC) < 0)
		return -1;
	*ret_pid = fork();
	if (*ret_pid == 0) {
		bool ok = unshare(CLONE_NEWUSER) == 0;

		/* After the change of credentials; one that died before has left us another parent. */
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(0);
		(void)!write(go[1], ok ? "y" : "n", 1);
		(void)pause();
		_exit(0);
	}
	(void)close(go[1]);
	if (*ret_pid > 0 && read(go[0], &c, 1) == 1 && c == 'y') {
		(void)snprintf(path, sizeof(path), "/proc/%d/uid_map", (int)*ret_pid);
		if (put(path, "0 1879048192 1") == 0) {
			(void)snprintf(path, sizeof(path), "/proc/%d/gid_map", (int)*ret_pid);
			if (put(path, "0 1879048192 1") == 0) {
				(void)snprintf(path, sizeof(path), "/proc/%d/ns/user", (int)*ret_pid);
				fd = open(path, O_RDONLY | O_CLOEXEC);
			}
		}
	}
	(void)close(go[0]);
	return fd;
}

static bool idmaps(const char *path, int userns)
{
	int fd = open(path, O_PATH | O_CLOEXEC), tree = fd >= 0 ? enc_sys_tree_clone(fd) : -1;
	bool ok = tree >= 0 && enc_sys_mount_attr(tree, false, MOUNT_ATTR_IDMAP, 0, userns) == 0;
	int saved = errno;

	if (fd >= 0)
		(void)close(fd);
	if (tree >= 0)
		(void)close(tree);
	errno = saved;
	return ok;
}

void enc_probe_idmap(struct enc_answer *a, const struct enc_host *h)
{
	static const char *const places[] = {"/", "/root", "/home", "/tmp", "/var/tmp", "/run"};
	pid_t holder = -1;
	int userns = mapped_userns(&holder), last = 0;
	char good[120] = "";

	if (userns < 0) {
		(void)enc_probe_fail(a, "make a user namespace with another id in it");
	} else {
		for (size_t i = 0; i < ENC_LEN(places); i++) {
			size_t len = strlen(good);

			if (idmaps(places[i], userns))
				(void)snprintf(good + len, sizeof(good) - len, "%s%s", len ? " " : "", places[i]);
			else
				last = errno;
		}
		(void)snprintf(a->detail, sizeof(a->detail), "file systems of %s", good);
		errno = last;
		if (!good[0])
			(void)enc_probe_fail(a, "mount_setattr with MOUNT_ATTR_IDMAP");
	}
	if (holder > 0) {
		(void)kill(holder, SIGKILL);
		(void)waitpid(holder, NULL, 0);
	}
}

void enc_probe_rlimit(struct enc_answer *a, const struct enc_host *h)
{
	struct rlimit r = {16, 16};
	int fd, n = 0;

	if (setrlimit(RLIMIT_NOFILE, &r) < 0) {
		(void)enc_probe_fail(a, "setrlimit");
		return;
	}
	while ((fd = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0 && n < 64)
		n++;
	if (errno != EMFILE)
		(void)enc_probe_fail(a, "the limit on descriptors did not hold");
}

void enc_probe_overlay(struct enc_answer *a, const struct enc_host *h)
{
	static const char *const none[] = {NULL};
	int fs;

	if (enc_probe_userns(a, CLONE_NEWNS) < 0)
		return;
	(void)mount("", "/", NULL, MS_REC | MS_PRIVATE, NULL);
	fs = enc_sys_mount_new("tmpfs", none, 0);
	if (fs < 0 || enc_sys_mount_attach(fs, open("/tmp", O_PATH | O_CLOEXEC)) < 0 || fchdir(fs) < 0 ||
	    mkdir("lower", 0700) < 0 || mkdir("upper", 0700) < 0 || mkdir("work", 0700) < 0 || mkdir("all", 0700) < 0) {
		(void)enc_probe_fail(a, "prepare folders");
		return;
	}
	if (mount("overlay", "all", "overlay", 0, "lowerdir=lower,upperdir=upper,workdir=work,userxattr") < 0)
		(void)enc_probe_fail(a, "mount an overlay with userxattr");
	else
		(void)snprintf(a->detail, sizeof(a->detail), "userxattr");
}
