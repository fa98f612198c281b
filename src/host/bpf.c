/* SPDX-License-Identifier: MIT */
/*
 * bpf.c - the BPF mechanisms, tried by the worker, since libbpf must not be in this program
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "host/impl.h"

#define PATIENCE_S 20

static const struct {
	enum enc_mech mech;
	const char *name;
} rows[] = {
	{ENC_MECH_BPF_LSM, "bpf-lsm"},
	{ENC_MECH_CGROUP_BPF, "cgroup-bpf"},
	{ENC_MECH_BPF_EXEC_CHECK, "bpf-exec-check"},
	{ENC_MECH_WITNESS, "witness"},
};

/* From our own place; the build says where it is installed when that is elsewhere. */
#ifndef ENC_WORKER
#define ENC_WORKER "../libexec/enclosure/enclosure-worker"
#endif

/* Beside us (build folder), else where it is installed. */
static bool find_worker(char *ret, size_t size)
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

static int ask(const char *worker, const char *group, struct enc_buf *out)
{
	int pipes[2];
	char part[1024];
	ssize_t n;
	pid_t pid;

	if (pipe2(pipes, O_CLOEXEC) < 0)
		return -errno;
	pid = fork();
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)alarm(PATIENCE_S);
		(void)dup2(pipes[1], STDOUT_FILENO);
		execl(worker, worker, "probe-bpf", group, (char *)NULL);
		_exit(127);
	}
	(void)close(pipes[1]);
	while (pid > 0 && (n = read(pipes[0], part, sizeof(part))) > 0 && out->len < 65536)
		enc_buf_add(out, part, (size_t)n);
	(void)close(pipes[0]);
	while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return pid < 0 ? -EAGAIN : 0;
}

static void answer(struct enc_host *h, enum enc_mech m, const char *line, const char *name)
{
	char reason[200], text[120];
	int error = 0, at = 0;

	if (sscanf(line + strlen(name), "%d %n", &error, &at) != 1)
		return;
	(void)snprintf(text, sizeof(text), "%.*s", (int)strcspn(line + strlen(name) + at, "\n"),
		       line + strlen(name) + at);
	if (error == 0) {
		char detail[160];

		(void)snprintf(detail, sizeof(detail), "%s; no clause uses it in this version", text);
		enc_probe_set(h, m, ENC_ST_SUPPORTED, detail, NULL, NULL);
		return;
	}
	(void)snprintf(reason, sizeof(reason), "%s: %s", text, strerror(error));
	if (geteuid() != 0)
		enc_probe_set(h, m, ENC_ST_REQUIRES_SETUP, NULL, reason,
			      "start as root, or with CAP_BPF and CAP_PERFMON");
	else if (m == ENC_MECH_BPF_LSM)
		enc_probe_set(h, m, ENC_ST_UNAVAILABLE, NULL, reason,
			      "a kernel with CONFIG_BPF_LSM, started with bpf in its lsm= list");
	else
		enc_probe_set(h, m, ENC_ST_UNAVAILABLE, NULL, reason, NULL);
}

void enc_probe_bpf(struct enc_host *h)
{
	char worker[PATH_MAX];
	struct enc_buf out = {0};

	for (size_t i = 0; i < ENC_LEN(rows); i++)
		enc_probe_set(h, rows[i].mech, ENC_ST_UNAVAILABLE, NULL,
			      "enclosure-worker, which tries it, was not found or gave no answer", "make install");
	enc_buf_puts(&out, "");
	if (find_worker(worker, sizeof(worker)) && ask(worker, h->cgroup2_dir, &out) == 0)
		for (const char *line = out.s; *line; line += strcspn(line, "\n"), line += *line == '\n')
			for (size_t i = 0; i < ENC_LEN(rows); i++) {
				size_t n = strlen(rows[i].name);

				if (strncmp(line, rows[i].name, n) == 0 && line[n] == ' ')
					answer(h, rows[i].mech, line, rows[i].name);
			}
	enc_buf_done(&out);
}
