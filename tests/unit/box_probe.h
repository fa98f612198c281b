/* SPDX-License-Identifier: MIT */
/*
 * box_probe.h - one forbidden act each, tried from inside a box by the test's own program
 *
 * Exit status: 0 it worked, 1 it was denied, 2 it could not be tried. "errno N" is printed.
 */
#ifndef ENC_TESTS_BOX_PROBE_H
#define ENC_TESTS_BOX_PROBE_H

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>

#include "box_fixture.h"

static inline int result_of(long r)
{
	if (r >= 0)
		return 0;
	printf("errno %d\n", errno);
	return 1;
}

static inline int probe_write(const char *path)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	return fd < 0 ? result_of(-1) : 0; /* opening is enough: nothing on the machine is touched */
}

static inline int probe_read(const char *path)
{
	char byte[16];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	return result_of(fd < 0 ? -1 : read(fd, byte, sizeof(byte)) > 0 ? 0 : -1);
}

/* NUMBER:arg:arg:..., in C notation */
static inline int probe_call(const char *text)
{
	long v[7] = {0};
	char *end;

	for (int i = 0; i < 7 && *text; i++) {
		v[i] = strtol(text, &end, 0);
		text = *end ? end + 1 : end;
	}
	return result_of(syscall(v[0], v[1], v[2], v[3], v[4], v[5], v[6]));
}

static inline int probe_vm_read(const char *pid)
{
	char there[8];
	struct iovec local = {there, sizeof(there)}, remote = {(void *)(uintptr_t)&there, sizeof(there)};

	return result_of(process_vm_readv(atoi(pid), &local, 1, &remote, 1, 0));
}

static inline int probe_abstract(const char *name)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memcpy(to.sun_path + 1, name, strlen(name));
	return result_of(connect(fd, (struct sockaddr *)&to,
				 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name))));
}

/* Own terminal: TIOCSTI would work there for anybody outside. */
static inline int probe_tiocsti(const char *unused)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY), slave;
	char c = 'x';

	(void)unused;
	if (master < 0 || grantpt(master) || unlockpt(master) || (slave = open(ptsname(master), O_RDWR)) < 0)
		return 2;
	return result_of(ioctl(slave, TIOCSTI, &c));
}

static inline int probe_caps(const char *unused)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct d[2] = {0};

	(void)unused;
	if (syscall(SYS_capget, &head, d))
		return 2;
	for (int i = 0; i < 2; i++)
		if (d[i].effective | d[i].permitted | d[i].inheritable)
			return 0;
	for (int cap = 0; cap < 64; cap++)
		if (prctl(PR_CAPBSET_READ, cap, 0, 0, 0) == 1 ||
		    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, cap, 0, 0) == 1)
			return 0;
	return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? 1 : 0;
}

static inline int probe_fds(const char *unused)
{
	(void)unused;
	for (int fd = 3; fd < 4096; fd++)
		if (fcntl(fd, F_GETFD) >= 0) {
			printf("descriptor %d\n", fd);
			return 0;
		}
	return 1;
}

/* Every way up leads to our own root. */
static inline int probe_up(const char *unused)
{
	struct stat root, up;

	(void)unused;
	if (stat("/", &root) || stat("/..", &up))
		return 2;
	if (root.st_dev != up.st_dev || root.st_ino != up.st_ino || !access("/../../outside", F_OK))
		return 0;
	return 1;
}

static inline int probe_ids(const char *unused)
{
	(void)unused;
	if (!setuid(0) && getuid() != 0)
		return 0;
	if (!setgroups(0, NULL) || !setresuid(1, 1, 1) || !setresgid(1, 1, 1))
		return 0;
	return 1;
}

#ifdef __x86_64__
static inline int probe_x32(const char *unused)
{
	(void)unused;
	return result_of(syscall(0x40000000 | SYS_getpid));
}

static inline int probe_int80(const char *unused)
{
	long r = 20; /* i386 getpid */

	(void)unused;
	__asm__ volatile("int $0x80" : "+a"(r) : : "memory");
	return result_of(r);
}
#endif

static inline int probe_forks(const char *count)
{
	int n = atoi(count), made = 0;

	for (; made < n; made++) {
		pid_t pid = fork();

		if (pid < 0)
			break;
		if (!pid) {
			(void)pause();
			_exit(0);
		}
	}
	printf("made %d\n", made);
	return made < n ? 1 : 0;
}

static inline int probe_opens(const char *count)
{
	int n = atoi(count), made = 3;

	while (made < n && dup(0) >= 0)
		made++;
	printf("open %d\n", made);
	return made < n ? 1 : 0;
}

static inline int probe_memory(const char *mib)
{
	size_t n = strtoul(mib, NULL, 10) << 20;
	volatile char *p = malloc(n);

	for (size_t i = 0; p && i < n; i += 4096)
		p[i] = 1;
	(void)usleep(300000); /* long enough to be looked at */
	return 0;
}

static const struct {
	const char *name;
	int (*run)(const char *arg);
} probes[] = {
	{"write", probe_write},	    {"read", probe_read},	  {"call", probe_call},
	{"vm-read", probe_vm_read}, {"abstract", probe_abstract}, {"tiocsti", probe_tiocsti},
	{"caps", probe_caps},	    {"fds", probe_fds},		  {"up", probe_up},
	{"ids", probe_ids},	    {"forks", probe_forks},	  {"opens", probe_opens},
	{"memory", probe_memory},
#ifdef __x86_64__
	{"x32", probe_x32},	    {"int80", probe_int80},
#endif
};

/* main() of the probe; -1 when this isn't one. */
static inline int probe_main(int argc, char **argv)
{
	if (argc < 3 || strcmp(argv[1], "--probe") != 0)
		return -1;
	for (size_t i = 0; i < ENC_LEN(probes); i++)
		if (!strcmp(argv[2], probes[i].name)) {
			int r = probes[i].run(argc > 3 ? argv[3] : "");

			(void)fflush(stdout);
			return r;
		}
	return 2;
}

#endif
