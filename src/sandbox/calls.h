/* SPDX-License-Identifier: MIT */
/*
 * calls.h - the tables of system calls, for filter.c alone
 *
 * Names are resolved by libseccomp; a name that the architecture doesn't have is left out. Calls that libseccomp
 * 2.5.4 doesn't know yet come with their number, which is the same on every architecture from 424 on.
 * Whatever is in neither table gets ENOSYS. That is meant for: clone3 and openat2 (their flags and modes lie in
 * memory, which a filter can't see; programs fall back to clone and openat), modify_ldt, _sysctl, sysfs, ustat,
 * uselib, get_kernel_syms and other remains.
 */
#ifndef ENC_SANDBOX_CALLS_H
#define ENC_SANDBOX_CALLS_H

#include <stdint.h>

/* clang-format off */
static const char *const known_names[] = {
	/* files */
	"read", "write", "open", "close", "stat", "fstat", "lstat", "lseek", "pread64", "pwrite64", "readv", "writev",
	"access", "sendfile", "fcntl", "flock", "fsync", "fdatasync", "truncate", "ftruncate", "getdents", "getcwd",
	"chdir", "fchdir", "rename", "mkdir", "rmdir", "creat", "link", "unlink", "symlink", "readlink", "chmod",
	"fchmod", "chown", "fchown", "lchown", "umask", "utime", "mknod", "statfs", "fstatfs", "sync", "readahead",
	"setxattr", "lsetxattr", "fsetxattr", "getxattr", "lgetxattr", "fgetxattr", "listxattr", "llistxattr",
	"flistxattr", "removexattr", "lremovexattr", "fremovexattr", "getdents64", "fadvise64", "utimes", "openat",
	"mkdirat", "mknodat", "fchownat", "futimesat", "newfstatat", "unlinkat", "renameat", "linkat", "symlinkat",
	"readlinkat", "fchmodat", "faccessat", "splice", "tee", "sync_file_range", "vmsplice", "utimensat", "fallocate",
	"preadv", "pwritev", "syncfs", "renameat2", "copy_file_range", "preadv2", "pwritev2", "statx", "faccessat2",
	"dup", "dup2", "dup3", "pipe", "pipe2", "close_range", "ioctl", "name_to_handle_at", "memfd_create",
	"memfd_secret", "inotify_init", "inotify_init1", "inotify_add_watch", "inotify_rm_watch",
	/* waiting */
	"poll", "ppoll", "select", "pselect6", "epoll_create", "epoll_create1", "epoll_ctl", "epoll_wait",
	"epoll_pwait", "epoll_pwait2", "eventfd", "eventfd2", "signalfd", "signalfd4", "timerfd_create",
	"timerfd_settime", "timerfd_gettime", "io_setup", "io_destroy", "io_getevents", "io_submit", "io_cancel",
	"io_pgetevents",
	/* memory */
	"mmap", "mprotect", "munmap", "brk", "mremap", "msync", "mincore", "madvise", "mlock", "munlock", "mlockall",
	"munlockall", "mlock2", "remap_file_pages", "mbind", "set_mempolicy", "get_mempolicy", "migrate_pages",
	"move_pages", "pkey_mprotect", "pkey_alloc", "pkey_free", "membarrier", "process_madvise", "process_mrelease",
	/* processes, signals, time */
	"clone", "fork", "vfork", "execve", "execveat", "exit", "exit_group", "wait4", "waitid", "kill", "tkill",
	"tgkill", "uname", "getpid", "getppid", "gettid", "getpgrp", "getpgid", "setpgid", "getsid", "setsid", "getuid",
	"geteuid", "getgid", "getegid", "getresuid", "getresgid", "getgroups", "setuid", "setgid", "setreuid",
	"setregid", "setresuid", "setresgid", "setfsuid", "setfsgid", "setgroups", "capget", "capset", "prctl",
	"arch_prctl", "personality", "ptrace", "getpriority", "setpriority", "sched_yield", "sched_setparam",
	"sched_getparam", "sched_setscheduler", "sched_getscheduler", "sched_get_priority_max",
	"sched_get_priority_min", "sched_rr_get_interval", "sched_setaffinity", "sched_getaffinity", "sched_setattr",
	"sched_getattr", "ioprio_set", "ioprio_get", "getrlimit", "setrlimit", "prlimit64", "getrusage", "times",
	"sysinfo", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "rt_sigpending", "rt_sigtimedwait",
	"rt_sigqueueinfo", "rt_tgsigqueueinfo", "rt_sigsuspend", "sigaltstack", "pause", "alarm", "getitimer",
	"setitimer", "nanosleep", "clock_nanosleep", "gettimeofday", "time", "clock_gettime", "clock_getres",
	"adjtimex", "timer_create", "timer_settime", "timer_gettime", "timer_getoverrun", "timer_delete", "futex",
	"set_robust_list", "get_robust_list", "set_tid_address", "restart_syscall", "getcpu", "rseq", "getrandom",
	"seccomp", "kcmp", "process_vm_readv", "process_vm_writev", "pidfd_open", "pidfd_send_signal", "pidfd_getfd",
	"landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self", "unshare",
	/* between processes */
	"socket", "socketpair", "connect", "accept", "accept4", "bind", "listen", "sendto", "recvfrom", "sendmsg",
	"recvmsg", "sendmmsg", "recvmmsg", "shutdown", "getsockname", "getpeername", "setsockopt", "getsockopt",
	"shmget", "shmat", "shmctl", "shmdt", "semget", "semop", "semctl", "semtimedop", "msgget", "msgsnd", "msgrcv",
	"msgctl", "mq_open", "mq_unlink", "mq_timedsend", "mq_timedreceive", "mq_notify", "mq_getsetattr",
};

static const struct { const char *name; int nr; } known_numbers[] = {
	{"futex_waitv", 449}, {"set_mempolicy_home_node", 450}, {"cachestat", 451}, {"fchmodat2", 452},
	{"map_shadow_stack", 453}, {"futex_wake", 454}, {"futex_wait", 455}, {"futex_requeue", 456},
	{"statmount", 457}, {"listmount", 458}, {"lsm_get_self_attr", 459}, {"lsm_list_modules", 461}, {"mseal", 462},
	{"setxattrat", 463}, {"getxattrat", 464}, {"listxattrat", 465}, {"removexattrat", 466}, {"file_getattr", 468},
	{"file_setattr", 469},
};

/* One condition on the low 32 bits of an argument: the calls below read no more of them. */
enum cond_kind {
	COND_NONE,
	COND_EQ,	/* (arg & mask) == value[0] */
	COND_ANY,	/* (arg & mask) != 0 */
	COND_OUT,	/* (arg & mask) is none of value[] */
	COND_SET,	/* a pointer, all 64 bits of it, that isn't NULL */
};
struct cond {
	enum cond_kind kind;
	uint8_t arg, n;
	uint32_t mask, value[7];
};
struct refused {
	const char *name;
	int nr;			/* where libseccomp has no name; else 0 */
	const char *class_name;
	int error;		/* 0: the call "works" and does nothing, and nobody is told */
	struct cond c[2];	/* both must hold */
};

#define EQ(a, m, v)  {.kind = COND_EQ, .arg = (a), .n = 1, .mask = (m), .value = {(v)}}
#define ANY(a, m)    {.kind = COND_ANY, .arg = (a), .mask = (m)}
#define OUT(a, m, count, ...) {.kind = COND_OUT, .arg = (a), .n = (count), .mask = (m), .value = {__VA_ARGS__}}
#define SET(a)       {.kind = COND_SET, .arg = (a), .mask = 1}
#define W32	          0xffffffffu
#define SUID_BITS    06000u
#define NEW_BITS     0x7e020000u	/* CLONE_NEWNS|NEWCGROUP|NEWUTS|NEWIPC|NEWUSER|NEWPID|NEWNET */
#define NEWTIME_BIT  0x00000080u	/* in unshare alone; in clone these bits are the exit signal */
#define FASTOPEN_BIT 0x20000000u	/* MSG_FASTOPEN: data leaves before any connect() is seen */
#define CREATES	     0100u		/* O_CREAT */
#define TMPFILE	     020000000u		/* __O_TMPFILE */

static const struct refused refused_calls[] = {
	{"mount", 0, "mount", EPERM, {{0}}}, {"umount2", 0, "mount", EPERM, {{0}}},
	{"pivot_root", 0, "mount", EPERM, {{0}}}, {"open_tree", 428, "mount", EPERM, {{0}}},
	{"move_mount", 429, "mount", EPERM, {{0}}}, {"fsopen", 430, "mount", EPERM, {{0}}},
	{"fsconfig", 431, "mount", EPERM, {{0}}}, {"fsmount", 432, "mount", EPERM, {{0}}},
	{"fspick", 433, "mount", EPERM, {{0}}}, {"mount_setattr", 442, "mount", EPERM, {{0}}},
	{"open_tree_attr", 467, "mount", EPERM, {{0}}}, {"chroot", 0, "chroot", EPERM, {{0}}},
	{"setns", 0, "namespace", EPERM, {{0}}},
	{"unshare", 0, "namespace", EPERM, {ANY(0, NEW_BITS | NEWTIME_BIT)}},
	{"clone", 0, "namespace", EPERM, {ANY(0, NEW_BITS)}},
	{"io_uring_setup", 425, "io_uring", EPERM, {{0}}}, {"io_uring_enter", 426, "io_uring", EPERM, {{0}}},
	{"io_uring_register", 427, "io_uring", EPERM, {{0}}},
	{"bpf", 0, "bpf", EPERM, {{0}}}, {"perf_event_open", 0, "perf", EPERM, {{0}}},
	{"userfaultfd", 0, "userfaultfd", EPERM, {{0}}},
	{"add_key", 0, "keyring", EPERM, {{0}}}, {"request_key", 0, "keyring", EPERM, {{0}}},
	{"keyctl", 0, "keyring", EPERM, {{0}}},
	{"kexec_load", 0, "kexec", EPERM, {{0}}}, {"kexec_file_load", 0, "kexec", EPERM, {{0}}},
	{"init_module", 0, "module", EPERM, {{0}}}, {"finit_module", 0, "module", EPERM, {{0}}},
	{"delete_module", 0, "module", EPERM, {{0}}}, {"create_module", 0, "module", EPERM, {{0}}},
	{"reboot", 0, "reboot", EPERM, {{0}}},
	{"swapon", 0, "swap", EPERM, {{0}}}, {"swapoff", 0, "swap", EPERM, {{0}}},
	{"settimeofday", 0, "clock", EPERM, {{0}}}, {"clock_settime", 0, "clock", EPERM, {{0}}},
	{"clock_adjtime", 0, "clock", EPERM, {{0}}},
	{"quotactl", 0, "quota", EPERM, {{0}}}, {"quotactl_fd", 443, "quota", EPERM, {{0}}},
	{"acct", 0, "accounting", EPERM, {{0}}}, {"syslog", 0, "syslog", EPERM, {{0}}},
	{"sethostname", 0, "hostname", EPERM, {{0}}}, {"setdomainname", 0, "hostname", EPERM, {{0}}},
	{"iopl", 0, "port-io", EPERM, {{0}}}, {"ioperm", 0, "port-io", EPERM, {{0}}},
	{"vhangup", 0, "tty", EPERM, {{0}}}, {"nfsservctl", 0, "nfs", EPERM, {{0}}},
	{"lookup_dcookie", 0, "profiling", EPERM, {{0}}},
	{"open_by_handle_at", 0, "file-handle", EPERM, {{0}}},
	{"fanotify_init", 0, "fanotify", EPERM, {{0}}}, {"fanotify_mark", 0, "fanotify", EPERM, {{0}}},
	{"lsm_set_self_attr", 460, "lsm", EPERM, {{0}}}, {"listns", 470, "namespace", EPERM, {{0}}},

	/* Files of an idmapped grant can be root's on the disk: a set-id bit would outlive the run. */
	{"chmod", 0, "setuid-bit", EPERM, {ANY(1, SUID_BITS)}}, {"fchmod", 0, "setuid-bit", EPERM, {ANY(1, SUID_BITS)}},
	{"fchmodat", 0, "setuid-bit", EPERM, {ANY(2, SUID_BITS)}},
	{"fchmodat2", 452, "setuid-bit", EPERM, {ANY(2, SUID_BITS)}},
	{"creat", 0, "setuid-bit", EPERM, {ANY(1, SUID_BITS)}},
	{"open", 0, "setuid-bit", EPERM, {EQ(1, CREATES, CREATES), ANY(2, SUID_BITS)}},
	{"open", 0, "setuid-bit", EPERM, {EQ(1, TMPFILE, TMPFILE), ANY(2, SUID_BITS)}},
	{"openat", 0, "setuid-bit", EPERM, {EQ(2, CREATES, CREATES), ANY(3, SUID_BITS)}},
	{"openat", 0, "setuid-bit", EPERM, {EQ(2, TMPFILE, TMPFILE), ANY(3, SUID_BITS)}},
	{"mknod", 0, "setuid-bit", EPERM, {ANY(1, SUID_BITS)}},
	{"mknodat", 0, "setuid-bit", EPERM, {ANY(2, SUID_BITS)}},
	{"mknod", 0, "device-node", EPERM, {EQ(1, 0170000, 0020000)}},
	{"mknod", 0, "device-node", EPERM, {EQ(1, 0170000, 0060000)}},
	{"mknodat", 0, "device-node", EPERM, {EQ(2, 0170000, 0020000)}},
	{"mknodat", 0, "device-node", EPERM, {EQ(2, 0170000, 0060000)}},

	/* AF_UNIX, AF_INET, AF_INET6, AF_NETLINK; streams and datagrams; TCP, UDP, ICMP; NETLINK_ROUTE. */
	{"socket", 0, "socket", EAFNOSUPPORT, {OUT(0, W32, 4, 1, 2, 10, 16)}},
	{"socket", 0, "socket", EPROTONOSUPPORT, {EQ(0, W32, 2), OUT(2, W32, 4, 0, 1, 6, 17)}},
	{"socket", 0, "socket", EPROTONOSUPPORT, {EQ(0, W32, 10), OUT(2, W32, 4, 0, 6, 17, 58)}},
	{"socket", 0, "socket", EPERM, {EQ(0, W32, 2), OUT(1, 15, 2, 1, 2)}},
	{"socket", 0, "socket", EPERM, {EQ(0, W32, 10), OUT(1, 15, 2, 1, 2)}},
	{"socket", 0, "socket", EPROTONOSUPPORT, {EQ(0, W32, 16), OUT(2, W32, 1, 0)}},
	{"socketpair", 0, "socket", EAFNOSUPPORT, {OUT(0, W32, 1, 1)}},
	{"sendto", 0, "fast-open", EOPNOTSUPP, {ANY(3, FASTOPEN_BIT)}},
	{"sendmsg", 0, "fast-open", EOPNOTSUPP, {ANY(2, FASTOPEN_BIT)}},
	{"sendmmsg", 0, "fast-open", EOPNOTSUPP, {ANY(3, FASTOPEN_BIT)}},
	/* IPPROTO_TCP: TCP_FASTOPEN, TCP_FASTOPEN_CONNECT, TCP_ULP (another protocol on the socket), TCP_FASTOPEN_KEY */
	{"setsockopt", 0, "fast-open", ENOPROTOOPT, {EQ(1, W32, 6), EQ(2, W32, 23)}},
	{"setsockopt", 0, "fast-open", ENOPROTOOPT, {EQ(1, W32, 6), EQ(2, W32, 30)}},
	{"setsockopt", 0, "fast-open", ENOPROTOOPT, {EQ(1, W32, 6), EQ(2, W32, 33)}},
	{"setsockopt", 0, "socket", ENOPROTOOPT, {EQ(1, W32, 6), EQ(2, W32, 31)}},

	/* TIOCSTI, TIOCLINUX type into a terminal for somebody else; TIOCCONS takes the console's output; TIOCSETD
	 * loads line disciplines. */
	{"ioctl", 0, "tty", EPERM, {EQ(1, W32, 0x5412)}}, {"ioctl", 0, "tty", EPERM, {EQ(1, W32, 0x541c)}},
	{"ioctl", 0, "tty", EPERM, {EQ(1, W32, 0x541d)}}, {"ioctl", 0, "tty", EPERM, {EQ(1, W32, 0x5423)}},

	/* RLIMIT_CORE stays 1, which the kernel takes as "no core, and no handler either": below it, a core_pattern
	 * with a pipe would have root of the host run a program on what the agent left behind. Programs that set it
	 * to 0 (gpg, ssh-agent) end when that fails. */
	{"setrlimit", 0, "core", 0, {EQ(0, W32, 4)}}, {"prlimit64", 0, "core", 0, {EQ(1, W32, 4), SET(2)}},

	/* PER_LINUX, PER_LINUX32, each also with UNAME26 or (debuggers) ADDR_NO_RANDOMIZE; asking */
	{"personality", 0, "personality", EPERM,
	 {OUT(0, W32, 7, 0, 8, 0x20000, 0x20008, 0x40000, 0x40008, 0xffffffffu)}},
};
/* clang-format on */

#endif
