/* SPDX-License-Identifier: MIT */
/*
 * worker.c - ask enclosure-worker, which links what must not be in this program (libbpf, libsystemd)
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "host/impl.h"

#define MAX_ANSWER 65536

/* From our own place; the build says where it is installed when that is elsewhere. */
#ifndef ENC_WORKER
#define ENC_WORKER "../libexec/enclosure/enclosure-worker"
#endif

/* Beside us (build folder), else where it is installed. */
static bool find(char *ret, size_t size)
{
	static const char *const places[] = {"enclosure-worker", "src/worker/enclosure-worker", ENC_WORKER};
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;

	self[n > 0 ? n : 0] = '\0';
	slash = strrchr(self, '/');
	if (!slash)
		return false;
	slash[1] = '\0';
	for (size_t i = 0; i < ENC_LEN(places); i++) {
		int len = snprintf(ret, size, "%s%s", places[i][0] == '/' ? "" : self, places[i]);

		if (len > 0 && (size_t)len < size && access(ret, X_OK) == 0)
			return true;
	}
	return false;
}

/* The supervisor blocks signals that it reads elsewhere: the worker must be ended by its alarm all the same. */
static _Noreturn void become(const char *worker, char *const *argv, unsigned seconds, int out)
{
	sigset_t none;

	sigemptyset(&none);
	(void)signal(SIGALRM, SIG_DFL);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)alarm(seconds);
	(void)dup2(out, STDOUT_FILENO);
	execv(worker, argv);
	_exit(127);
}

int enc_worker_ask(char *const *argv, unsigned seconds, struct enc_buf *out)
{
	char worker[PATH_MAX], part[1024];
	int pipes[2], status = -1;
	ssize_t n;
	pid_t pid;

	if (!find(worker, sizeof(worker)))
		return -ENOENT;
	if (pipe2(pipes, O_CLOEXEC) < 0)
		return -errno;
	pid = fork();
	if (pid == 0)
		become(worker, argv, seconds, pipes[1]);
	(void)close(pipes[1]);
	while (pid > 0 && ((n = read(pipes[0], part, sizeof(part))) > 0 || (n < 0 && errno == EINTR)))
		if (n > 0 && out->len < MAX_ANSWER)
			enc_buf_add(out, part, (size_t)n);
	(void)close(pipes[0]);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (pid < 0)
		return -EAGAIN;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -ETIMEDOUT;
}
