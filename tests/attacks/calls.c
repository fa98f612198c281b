/* SPDX-License-Identifier: MIT */
/*
 * calls.c - system calls that no run needs and that have been ways out
 *
 * Arguments are such that the call is harmless where it is not refused: it fails late, on a bad pointer or name.
 */
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "attack.h"

#define CALL(fn, ...)                                 \
	static int fn(int argc, char **argv)          \
	{                                             \
		return outcome(syscall(__VA_ARGS__)); \
	}

static char nowhere[] = "/nonexistent-enclosure/x";

CALL(do_mount, SYS_mount, "none", "/dev/shm", "tmpfs", 0, "")
CALL(do_remount, SYS_mount, "none", "/", NULL, MS_REMOUNT | MS_BIND, NULL)
CALL(do_umount, SYS_umount2, "/dev/shm", MNT_DETACH)
CALL(do_pivot_root, SYS_pivot_root, nowhere, nowhere)
CALL(do_open_tree, 428, AT_FDCWD, "/", 1u)
CALL(do_move_mount, 429, -1, "", AT_FDCWD, nowhere, 4u)
CALL(do_fsopen, 430, "tmpfs", 0)
CALL(do_fsconfig, 431, -1, 0, NULL, NULL, 0)
CALL(do_fsmount, 432, -1, 0, 0)
CALL(do_fspick, 433, AT_FDCWD, "/", 0)
CALL(do_chroot, SYS_chroot, "/")
CALL(do_clone3, SYS_clone3, NULL, 0)
CALL(do_openat2, SYS_openat2, AT_FDCWD, "/", NULL, 0)
CALL(do_io_uring_enter, 426, -1, 0, 0, 0, NULL, 0)
CALL(do_io_uring_register, 427, -1, 0, NULL, 0)
CALL(do_userfaultfd, SYS_userfaultfd, O_CLOEXEC | 1 /* UFFD_USER_MODE_ONLY */)
CALL(do_add_key, SYS_add_key, "user", "enclosure-test", "x", 1, -1 /* thread keyring */)
CALL(do_request_key, SYS_request_key, "user", "enclosure-no-such-key", NULL, 0)
CALL(do_keyctl, SYS_keyctl, 0 /* GET_KEYRING_ID */, -3, 1)
CALL(do_kexec_load, SYS_kexec_load, 0, 17, NULL, 0)
CALL(do_kexec_file_load, SYS_kexec_file_load, -1, -1, 0, NULL, 0)
CALL(do_init_module, SYS_init_module, NULL, 0, "")
CALL(do_finit_module, SYS_finit_module, -1, "", 0)
CALL(do_delete_module, SYS_delete_module, "enclosure_no_such", O_NONBLOCK)
CALL(do_reboot, SYS_reboot, 0, 0, 0, NULL)
CALL(do_swapon, SYS_swapon, nowhere, 0)
CALL(do_swapoff, SYS_swapoff, nowhere)
CALL(do_settimeofday, SYS_settimeofday, NULL, NULL)
CALL(do_quotactl, SYS_quotactl, 0x800001 << 8, NULL, 0, NULL)
CALL(do_acct, SYS_acct, nowhere)
CALL(do_syslog, SYS_syslog, 10, NULL, 0)
CALL(do_sethostname, SYS_sethostname, NULL, 1 << 20)
CALL(do_setdomainname, SYS_setdomainname, NULL, 1 << 20)
CALL(do_vhangup, SYS_vhangup)
CALL(do_fanotify, SYS_fanotify_init, 0x200 /* FAN_REPORT_FID: needs no privilege */, O_RDONLY)
CALL(do_personality, SYS_personality, READ_IMPLIES_EXEC)
#ifdef __x86_64__
CALL(do_iopl, SYS_iopl, 0)
CALL(do_ioperm, SYS_ioperm, 0x80, 1, 0)
#endif

static int do_clock_settime(int argc, char **argv)
{
	struct timespec t = {.tv_nsec = -1};

	return outcome(syscall(SYS_clock_settime, CLOCK_REALTIME, &t));
}

static int do_mount_setattr(int argc, char **argv)
{
	uint64_t attr[4] = {0};

	return outcome(syscall(442, AT_FDCWD, nowhere, 0, attr, sizeof(attr)));
}

static int do_io_uring_setup(int argc, char **argv)
{
	char params[120] = {0};

	return outcome(syscall(425, 4, params));
}

static int do_bpf(int argc, char **argv)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_type = BPF_MAP_TYPE_ARRAY;
	attr.key_size = attr.value_size = 4;
	attr.max_entries = 1;
	return outcome(syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr)));
}

static int do_perf(int argc, char **argv)
{
	struct perf_event_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.size = sizeof(attr);
	attr.type = PERF_TYPE_SOFTWARE;
	attr.config = PERF_COUNT_SW_CPU_CLOCK;
	attr.exclude_kernel = 1;
	return outcome(syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0));
}

static int do_setns(int argc, char **argv)
{
	int fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	return fd < 0 ? CANT_TRY : outcome(syscall(SYS_setns, fd, 0));
}

static int do_open_by_handle(int argc, char **argv)
{
	struct {
		struct file_handle h;
		unsigned char room[128];
	} f = {.h.handle_bytes = 128};
	int id, dir = open("/", O_RDONLY | O_DIRECTORY);

	/* The handle of the root of an ext4; any handle will do where the call is refused. */
	if (name_to_handle_at(AT_FDCWD, argc ? argv[0] : ".", &f.h, &id, 0) < 0)
		f.h.handle_bytes = 8;
	return outcome(open_by_handle_at(dir, &f.h, O_RDONLY));
}

#define UNSHARE(name, flag)                                 \
	static int name(int argc, char **argv)              \
	{                                                   \
		return outcome(syscall(SYS_unshare, flag)); \
	}
UNSHARE(unshare_newuser, CLONE_NEWUSER)
UNSHARE(unshare_newns, CLONE_NEWNS)
UNSHARE(unshare_newpid, CLONE_NEWPID)
UNSHARE(unshare_newnet, CLONE_NEWNET)
UNSHARE(unshare_newipc, CLONE_NEWIPC)
UNSHARE(unshare_newuts, CLONE_NEWUTS)
UNSHARE(unshare_newcgroup, CLONE_NEWCGROUP)
UNSHARE(unshare_newtime, 0x80)
UNSHARE(unshare_newuser_fs, CLONE_NEWUSER | CLONE_FS)

static int clone_with(unsigned long flags)
{
	long pid = syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0);

	if (pid == 0)
		_exit(0);
	if (pid > 0)
		waitpid((pid_t)pid, NULL, 0);
	return outcome(pid);
}
#define CLONE(name, flag)                      \
	static int name(int argc, char **argv) \
	{                                      \
		return clone_with(flag);       \
	}
CLONE(clone_newuser, CLONE_NEWUSER)
CLONE(clone_newns, CLONE_NEWNS)
CLONE(clone_newpid, CLONE_NEWPID)
CLONE(clone_newnet, CLONE_NEWNET)
CLONE(clone_newipc, CLONE_NEWIPC)
CLONE(clone_newuts, CLONE_NEWUTS)
CLONE(clone_newcgroup, CLONE_NEWCGROUP)

/* Set-id bits: each way to put one on a file. `made` is then really a set-id file. */
static int set_id(const char *path)
{
	struct stat st;
	int r = stat(path, &st) == 0 && (st.st_mode & 06000) ? 0 : -ENOTSUP;

	unlink(path);
	return r;
}
static const char *plain_file(void)
{
	const char *path = scratch("plain");
	int fd = open(path, O_CREAT | O_RDWR | O_EXCL, 0755);

	if (fd < 0)
		return NULL;
	close(fd);
	return path;
}
#define SUID(name, call)                              \
	static int name(int argc, char **argv)        \
	{                                             \
		const char *p = plain_file();         \
		int fd = p ? open(p, O_RDWR) : -1, r; \
		if (!p)                               \
			return CANT_TRY;              \
		r = outcome(call);                    \
		close(fd);                            \
		if (r < 0) {                          \
			unlink(p);                    \
			return r;                     \
		}                                     \
		return set_id(p);                     \
	}
#ifdef SYS_chmod
SUID(suid_chmod, syscall(SYS_chmod, p, 04755))
SUID(sgid_chmod, syscall(SYS_chmod, p, 0x10000 | 02755))
#endif
SUID(suid_fchmod, syscall(SYS_fchmod, fd, 06755))
SUID(suid_fchmodat, syscall(SYS_fchmodat, AT_FDCWD, p, 04755))
SUID(suid_fchmodat2, syscall(452, AT_FDCWD, p, 04755, 0))

static int made(long fd, const char *path)
{
	int r = outcome(fd);

	if (fd >= 0)
		close((int)fd);
	return r < 0 ? r : set_id(path);
}
static int suid_openat(int argc, char **argv)
{
	const char *p = scratch("openat");

	umask(0);
	return made(syscall(SYS_openat, AT_FDCWD, p, O_CREAT | O_WRONLY, 04755), p);
}
static int suid_tmpfile(int argc, char **argv)
{
	const char *p = scratch("tmpfile"), *dir = getenv("ATTACK_DIR");
	char fdpath[40];
	int fd;

	umask(0);
	fd = (int)syscall(SYS_openat, AT_FDCWD, dir ? dir : ".", O_TMPFILE | O_WRONLY, 04755);
	if (fd < 0)
		return -errno;
	snprintf(fdpath, sizeof(fdpath), "/proc/self/fd/%d", fd);
	if (linkat(AT_FDCWD, fdpath, AT_FDCWD, p, AT_SYMLINK_FOLLOW) < 0)
		return -errno;
	return made(fd, p);
}
static int suid_mknodat(int argc, char **argv)
{
	const char *p = scratch("mknodat");

	umask(0);
	return made(syscall(SYS_mknodat, AT_FDCWD, p, S_IFREG | 04755, 0), p);
}
#ifdef SYS_open
static int suid_open(int argc, char **argv)
{
	const char *p = scratch("open");

	umask(0);
	return made(syscall(SYS_open, p, O_CREAT | O_WRONLY, 02755), p);
}
static int suid_creat(int argc, char **argv)
{
	const char *p = scratch("creat");

	umask(0);
	return made(syscall(SYS_creat, p, 04755), p);
}
#endif
static int device_node(int argc, char **argv)
{
	const char *p = scratch("device");
	int r = outcome(syscall(SYS_mknodat, AT_FDCWD, p, S_IFBLK | 0666, 0x800));

	unlink(p);
	return r;
}
static int device_char(int argc, char **argv)
{
	const char *p = scratch("device");
	int r = outcome(syscall(SYS_mknodat, AT_FDCWD, p, S_IFCHR | 0666, 0x101));

	unlink(p);
	return r;
}

/* A terminal of our own as the controlling one: what a program does that was started at somebody's terminal. */
static int own_terminal(void)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY), slave;

	if (master < 0 || grantpt(master) || unlockpt(master) || setsid() < 0)
		return -1;
	slave = open(ptsname(master), O_RDWR);
	if (slave >= 0)
		(void)ioctl(slave, TIOCSCTTY, 0);
	return slave;
}
static int tty_ioctl(unsigned long what, void *arg)
{
	int fd = own_terminal();

	return fd < 0 ? CANT_TRY : outcome(syscall(SYS_ioctl, fd, what, arg));
}
static int do_tiocsti(int argc, char **argv)
{
	char c = 'x';

	return tty_ioctl(TIOCSTI, &c);
}
static int do_tiocsti_high(int argc, char **argv)
{
	char c = 'x';

	return tty_ioctl(TIOCSTI | 1ul << 32, &c); /* CVE-2019-10063: the kernel reads 32 bits of it */
}
static int do_tioclinux(int argc, char **argv)
{
	char c[2] = {2, 0};

	return tty_ioctl(TIOCLINUX, c);
}
static int do_tiocsetd(int argc, char **argv)
{
	int n = 0;

	return tty_ioctl(TIOCSETD, &n);
}

#ifdef __x86_64__
/* getpid by the i386 gate and by the x32 numbers: tables that a filter for x86-64 doesn't look at. */
static int do_int80(int argc, char **argv)
{
	long r;

	__asm__ volatile("int $0x80" : "=a"(r) : "a"(20) : "memory", "r8", "r9", "r10", "r11");
	return r > 0 ? 0 : -ENOSYS;
}
static int do_x32(int argc, char **argv)
{
	return outcome(syscall(0x40000000 | SYS_getpid));
}
#endif

#define ROW(n, f, e, c, who, ...)                                                                           \
	{                                                                                                   \
		.name = n, .group = "calls", .act = f, .expect = {e}, .call = c, .needs = who, .reached = { \
			__VA_ARGS__                                                                         \
		}                                                                                           \
	}
/* clang-format off */
const struct attack call_attacks[] = {
	ROW("mount", do_mount, EPERM, "mount", BY_ROOT), ROW("remount", do_remount, EPERM, "mount", BY_ROOT),
	ROW("umount", do_umount, EPERM, "umount2", BY_ROOT, EINVAL),
	ROW("pivot_root", do_pivot_root, EPERM, "pivot_root", BY_ROOT, ENOENT),
	ROW("open_tree", do_open_tree, EPERM, "open_tree", BY_ROOT),
	ROW("move_mount", do_move_mount, EPERM, "move_mount", BY_ROOT, ENOENT, EBADF),
	ROW("fsopen", do_fsopen, EPERM, "fsopen", BY_ROOT),
	ROW("fsconfig", do_fsconfig, EPERM, "fsconfig", BY_USER, EINVAL, EBADF),
	ROW("fsmount", do_fsmount, EPERM, "fsmount", BY_ROOT, EBADF), ROW("fspick", do_fspick, EPERM, "fspick", BY_ROOT),
	ROW("mount_setattr", do_mount_setattr, EPERM, "mount_setattr", BY_ROOT, ENOENT, EINVAL),
	ROW("chroot", do_chroot, EPERM, "chroot", BY_ROOT), ROW("setns", do_setns, EPERM, "setns", BY_ROOT),
	ROW("unshare-user", unshare_newuser, EPERM, "unshare", BY_USER),
	ROW("unshare-user-fs", unshare_newuser_fs, EPERM, "unshare", BY_USER),
	ROW("unshare-mount", unshare_newns, EPERM, "unshare", BY_ROOT),
	ROW("unshare-pid", unshare_newpid, EPERM, "unshare", BY_ROOT),
	ROW("unshare-net", unshare_newnet, EPERM, "unshare", BY_ROOT),
	ROW("unshare-ipc", unshare_newipc, EPERM, "unshare", BY_ROOT),
	ROW("unshare-uts", unshare_newuts, EPERM, "unshare", BY_ROOT),
	ROW("unshare-cgroup", unshare_newcgroup, EPERM, "unshare", BY_ROOT),
	ROW("unshare-time", unshare_newtime, EPERM, "unshare", BY_ROOT),
	ROW("clone-user", clone_newuser, EPERM, "clone", BY_USER), ROW("clone-mount", clone_newns, EPERM, "clone", BY_ROOT),
	ROW("clone-pid", clone_newpid, EPERM, "clone", BY_ROOT), ROW("clone-net", clone_newnet, EPERM, "clone", BY_ROOT),
	ROW("clone-ipc", clone_newipc, EPERM, "clone", BY_ROOT), ROW("clone-uts", clone_newuts, EPERM, "clone", BY_ROOT),
	ROW("clone-cgroup", clone_newcgroup, EPERM, "clone", BY_ROOT),
	ROW("clone3", do_clone3, ENOSYS, NULL, BY_USER, EINVAL), ROW("openat2", do_openat2, ENOSYS, NULL, BY_USER, EINVAL),
	ROW("io_uring_setup", do_io_uring_setup, EPERM, "io_uring_setup", BY_USER),
	ROW("io_uring_enter", do_io_uring_enter, EPERM, "io_uring_enter", BY_USER, EBADF),
	ROW("io_uring_register", do_io_uring_register, EPERM, "io_uring_register", BY_USER, EBADF, EINVAL),
	ROW("bpf", do_bpf, EPERM, "bpf", BY_ROOT), ROW("perf_event_open", do_perf, EPERM, "perf_event_open", BY_ROOT),
	ROW("userfaultfd", do_userfaultfd, EPERM, "userfaultfd", BY_USER),
	ROW("add_key", do_add_key, EPERM, "add_key", BY_USER),
	ROW("request_key", do_request_key, EPERM, "request_key", BY_USER, ENOKEY),
	ROW("keyctl", do_keyctl, EPERM, "keyctl", BY_USER, ENOKEY),
	ROW("kexec_load", do_kexec_load, EPERM, "kexec_load", BY_NOBODY, EINVAL),
	ROW("kexec_file_load", do_kexec_file_load, EPERM, "kexec_file_load", BY_NOBODY, EBADF),
	ROW("init_module", do_init_module, EPERM, "init_module", BY_NOBODY),
	ROW("finit_module", do_finit_module, EPERM, "finit_module", BY_NOBODY),
	ROW("delete_module", do_delete_module, EPERM, "delete_module", BY_NOBODY),
	ROW("reboot", do_reboot, EPERM, "reboot", BY_ROOT, EINVAL),
	ROW("swapon", do_swapon, EPERM, "swapon", BY_ROOT, ENOENT), ROW("swapoff", do_swapoff, EPERM, "swapoff", BY_ROOT, ENOENT),
	ROW("settimeofday", do_settimeofday, EPERM, "settimeofday", BY_ROOT),
	ROW("clock_settime", do_clock_settime, EPERM, "clock_settime", BY_USER, EINVAL),
	ROW("quotactl", do_quotactl, EPERM, "quotactl", BY_USER),
	ROW("acct", do_acct, EPERM, "acct", BY_ROOT, ENOENT), ROW("syslog", do_syslog, EPERM, "syslog", BY_ROOT),
	ROW("sethostname", do_sethostname, EPERM, "sethostname", BY_ROOT, EINVAL),
	ROW("setdomainname", do_setdomainname, EPERM, "setdomainname", BY_ROOT, EINVAL),
	ROW("vhangup", do_vhangup, EPERM, "vhangup", BY_NOBODY),
	ROW("fanotify_init", do_fanotify, EPERM, "fanotify_init", BY_USER),
	ROW("open_by_handle_at", do_open_by_handle, EPERM, "open_by_handle_at", BY_ROOT, ESTALE, EINVAL),
	ROW("personality", do_personality, EPERM, "personality", BY_USER),
	ROW("suid-fchmod", suid_fchmod, EPERM, "fchmod", BY_USER), ROW("suid-fchmodat", suid_fchmodat, EPERM, "fchmodat", BY_USER),
	ROW("suid-fchmodat2", suid_fchmodat2, EPERM, "fchmodat2", BY_USER),
	ROW("suid-openat", suid_openat, EPERM, "openat", BY_USER), ROW("suid-tmpfile", suid_tmpfile, EPERM, "openat", BY_USER),
	ROW("suid-mknodat", suid_mknodat, EPERM, "mknodat", BY_USER),
	ROW("device-block", device_node, EPERM, "mknodat", BY_ROOT), ROW("device-char", device_char, EPERM, "mknodat", BY_ROOT),
	ROW("TIOCSTI", do_tiocsti, EPERM, "ioctl", BY_USER), ROW("TIOCSTI-high", do_tiocsti_high, EPERM, "ioctl", BY_USER),
	ROW("TIOCLINUX", do_tioclinux, EPERM, "ioctl", BY_USER, ENOTTY, EINVAL),
	ROW("TIOCSETD", do_tiocsetd, EPERM, "ioctl", BY_USER),
#ifdef __x86_64__
	ROW("suid-chmod", suid_chmod, EPERM, "chmod", BY_USER), ROW("sgid-chmod", sgid_chmod, EPERM, "chmod", BY_USER),
	ROW("suid-open", suid_open, EPERM, "open", BY_USER), ROW("suid-creat", suid_creat, EPERM, "creat", BY_USER),
	ROW("iopl", do_iopl, EPERM, "iopl", BY_NOBODY), ROW("ioperm", do_ioperm, EPERM, "ioperm", BY_NOBODY),
	ROW("int80", do_int80, 0, NULL, BY_USER), ROW("x32", do_x32, 0, NULL, BY_NOBODY),
#endif
	{.name = NULL},
};
/* clang-format on */
