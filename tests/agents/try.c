/* SPDX-License-Identifier: MIT */
/*
 * try.c - tries one act that leaves the boundary; the scripted agent writes, compiles and runs it
 *
 *     try ptrace PID | connect SOCKET | mount DIRECTORY | mount-api | userns
 *
 * Exit status 0: it worked. 1: refused, with the error on stdout.
 */
#define _GNU_SOURCE /* unshare */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#ifndef SYS_fsopen
#define SYS_fsopen 430
#endif

static int try_connect(const char *path)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	if (fd < 0 || strlen(path) >= sizeof(a.sun_path))
		return -1;
	strcpy(a.sun_path, path);
	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0)
		return -1;
	return write(fd, "hello", 5) == 5 ? 0 : -1;
}

static int act(const char *what, const char *arg)
{
	if (strcmp(what, "ptrace") == 0)
		return (int)ptrace(PTRACE_SEIZE, atoi(arg), 0, 0);
	if (strcmp(what, "connect") == 0)
		return try_connect(arg);
	if (strcmp(what, "mount") == 0)
		return mount("none", arg, "tmpfs", 0, "");
	if (strcmp(what, "mount-api") == 0)
		return (int)syscall(SYS_fsopen, "tmpfs", 0);
	if (strcmp(what, "userns") == 0)
		return unshare(CLONE_NEWUSER);
	errno = EINVAL;
	return -1;
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return 2;
	if (act(argv[1], argc > 2 ? argv[2] : "") < 0) {
		printf("%s: %s\n", argv[1], strerror(errno));
		return 1;
	}
	printf("%s: worked\n", argv[1]);
	return 0;
}
