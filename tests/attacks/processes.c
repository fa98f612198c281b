/* SPDX-License-Identifier: MIT */
/*
 * processes.c - other processes, resources without end, and processes that want to outlive their run
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attack.h"

/* pid 1 of the run is ours and stronger than its children: neither to be traced, read, nor killed. */
static int init_ptrace(int argc, char **argv)
{
	return outcome(ptrace(PTRACE_SEIZE, 1, NULL, NULL));
}
static int init_memory(int argc, char **argv)
{
	int fd = open("/proc/1/mem", O_RDWR | O_CLOEXEC);

	return outcome(fd);
}
static int init_vm_read(int argc, char **argv)
{
	char c;
	struct iovec here = {&c, 1}, there = {(void *)&init_vm_read, 1};

	return outcome(process_vm_readv(1, &here, 1, &there, 1, 0));
}
static int init_root(int argc, char **argv)
{
	return outcome(open("/proc/1/root", O_PATH | O_CLOEXEC));
}
static int init_descriptors(int argc, char **argv)
{
	return outcome(open("/proc/1/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}
static int init_environment(int argc, char **argv)
{
	int fd = open("/proc/1/environ", O_RDONLY | O_CLOEXEC);
	char c;

	return fd < 0 ? -errno : outcome(read(fd, &c, 1));
}
/* A signal that pid 1 doesn't handle is dropped by the kernel: it worked when we have ceased to be. */
static int init_kill(int argc, char **argv)
{
	static const int all[] = {SIGKILL, SIGSTOP, SIGTERM, SIGINT,  SIGHUP,
				  SIGSEGV, SIGABRT, SIGUSR1, SIGCHLD, SIGPIPE};

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		(void)kill(1, all[i]);
	usleep(50000);
	return -EPERM;
}
/* Processes that are not the run's: more than a handful of numbers below /proc, or a parent outside. */
static int host_processes(int argc, char **argv)
{
	int seen = 0;
	char path[40];

	for (int pid = 1; pid < 70000; pid++) {
		snprintf(path, sizeof(path), "/proc/%d", pid);
		if (access(path, F_OK) == 0)
			seen++;
	}
	return seen > 12 ? 0 : -ESRCH;
}
static int signal_all(int argc, char **argv)
{
	return argc ? outcome(kill(atoi(argv[0]), 0)) : CANT_TRY;
}

/* Capabilities: 0 when any is held in any of the five sets. */
static int capabilities(int argc, char **argv)
{
	static const char *const sets[] = {"CapInh:", "CapPrm:", "CapEff:", "CapBnd:", "CapAmb:"};
	char line[256];
	FILE *f = fopen("/proc/self/status", "re");
	int held = 0, seen = 0;

	while (f && fgets(line, sizeof(line), f))
		for (size_t i = 0; i < 5; i++)
			if (strncmp(line, sets[i], 7) == 0) {
				seen++;
				held += strtoull(line + 7, NULL, 16) != 0;
			}
	if (f)
		fclose(f);
	return seen != 5 ? CANT_TRY : held ? 0 : -EPERM;
}
static int gain_privileges(int argc, char **argv)
{
	return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? -EPERM : 0;
}
static int become_root(int argc, char **argv)
{
	if (getuid() == 0)
		return CANT_TRY;
	if (setresuid(0, 0, 0) < 0)
		return -errno;
	return 0;
}
static int drop_groups(int argc, char **argv)
{
	return outcome(syscall(SYS_setgroups, 0, NULL)); /* groups can also deny: mode 0705 */
}
static int core_pattern_dump(int argc, char **argv)
{
	return outcome(prctl(PR_SET_MM, 0, 0, 0, 0));
}

/* ALLOCATE MiB [MS]: touches memory page by page, and holds it so long. */
static int allocate(int argc, char **argv)
{
	size_t mib = argc ? strtoul(argv[0], NULL, 10) : 256;

	for (size_t i = 0; i < mib; i++) {
		char *p = mmap(NULL, 1u << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (p == MAP_FAILED)
			return -errno;
		memset(p, 1, 1u << 20);
	}
	if (argc > 1)
		usleep((unsigned)atoi(argv[1]) * 1000u);
	return 0;
}
/* FORKS N: that many children at once. */
static int forks(int argc, char **argv)
{
	int want = argc ? atoi(argv[0]) : 64, made = 0, r = 0;
	pid_t *pids = calloc((size_t)want, sizeof(*pids));

	for (; made < want && !r; made++) {
		pids[made] = fork();
		if (pids[made] == 0) {
			pause();
			_exit(0);
		}
		if (pids[made] < 0)
			r = -errno;
	}
	printf("forked %d\n", r ? made - 1 : made);
	usleep(400000);
	for (int i = 0; i < made; i++)
		if (pids[i] > 0) {
			kill(pids[i], SIGKILL);
			waitpid(pids[i], NULL, 0);
		}
	free(pids);
	return r;
}
/* FILES N: that many descriptors at once, held for as long as a sample takes. */
static int files(int argc, char **argv)
{
	int want = argc ? atoi(argv[0]) : 256, r = 0, made = 0;

	for (; made < want && !r; made++)
		if (open("/dev/null", O_RDONLY) < 0)
			r = -errno;
	usleep(argc > 1 ? (unsigned)atoi(argv[1]) * 1000u : 700000u);
	return r;
}

/* A daemon by the book, deaf to every signal that can be ignored; says its name so that tests can look for it. */
static int daemonize(int argc, char **argv)
{
	if (fork())
		_exit(0);
	setsid();
	if (fork())
		_exit(0);
	for (int s = 1; s < 65; s++)
		if (s != SIGKILL && s != SIGSTOP)
			signal(s, SIG_IGN);
	prctl(PR_SET_PDEATHSIG, 0);
	for (int fd = 0; fd < 3; fd++)
		close(fd);
	for (;;)
		pause();
	return 0;
}

#define ROW(n, f, who, ...)                                                                      \
	{                                                                                        \
		.name = n, .group = "processes", .act = f, .expect = {__VA_ARGS__}, .needs = who \
	}
#define RES(n, f, ...)                                                                               \
	{                                                                                            \
		.name = n, .group = "resources", .act = f, .expect = {__VA_ARGS__}, .needs = BY_USER \
	}
/* clang-format off */
const struct attack process_attacks[] = {
	ROW("init-ptrace", init_ptrace, BY_ROOT, EPERM), ROW("init-memory", init_memory, BY_ROOT, EACCES, EPERM),
	ROW("init-vm-read", init_vm_read, BY_NOBODY, EPERM), ROW("init-root", init_root, BY_ROOT, EACCES, EPERM),
	ROW("init-descriptors", init_descriptors, BY_ROOT, EACCES, EPERM),
	ROW("init-environment", init_environment, BY_ROOT, EACCES, EPERM),
	ROW("init-kill", init_kill, BY_NOBODY, EPERM), ROW("host-processes", host_processes, BY_USER, ESRCH),
	ROW("signal", signal_all, BY_ROOT, ESRCH, EPERM),
	ROW("capabilities", capabilities, BY_ROOT, EPERM), ROW("gain-privileges", gain_privileges, BY_USER, EPERM),
	ROW("become-root", become_root, BY_NOBODY, EPERM, EINVAL), ROW("drop-groups", drop_groups, BY_ROOT, EPERM),
	ROW("set-mm", core_pattern_dump, BY_NOBODY, EPERM),
	RES("allocate", allocate, ENOMEM), RES("forks", forks, EAGAIN), RES("files", files, EMFILE),
	RES("daemonize", daemonize, EPERM),
	{.name = NULL},
};
/* clang-format on */
