/* SPDX-License-Identifier: MIT */
/*
 * main.c - find the act, do it in a child, compare what came of it with what was expected
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attack.h"

static const struct attack *const groups[] = {
	file_attacks, call_attacks, socket_attacks, process_attacks, kernel_attacks, bomb_attacks, NULL,
};
static const char *const needs_names[] = {"user", "root", "nobody"};

const char *scratch(const char *name)
{
	static char path[4096];
	const char *dir = getenv("ATTACK_DIR");

	snprintf(path, sizeof(path), "%s/%s.%d", dir ? dir : ".", name, (int)getpid());
	return path;
}

int in_child(int (*fn)(int argc, char **argv), int argc, char **argv)
{
	int *result = mmap(NULL, sizeof(*result), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status;
	pid_t pid;

	if (result == MAP_FAILED)
		return CANT_TRY;
	*result = CANT_TRY;
	fflush(stdout);
	pid = fork();
	if (pid < 0)
		return CANT_TRY;
	if (pid == 0) {
		*result = fn(argc, argv);
		fflush(stdout);
		_exit(0);
	}
	if (waitpid(pid, &status, 0) != pid)
		return CANT_TRY;
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
		return KILLED;
	return *result;
}

static const struct attack *find(const char *name)
{
	for (size_t g = 0; groups[g]; g++)
		for (const struct attack *a = groups[g]; a->name; a++)
			if (strcmp(a->name, name) == 0)
				return a;
	return NULL;
}

static int list(const char *group)
{
	for (size_t g = 0; groups[g]; g++)
		for (const struct attack *a = groups[g]; a->name; a++)
			if (!group || strcmp(a->group, group) == 0)
				printf("%s %s %s %s %s\n", a->name, a->group,
				       a->expect[0] ? strerrorname_np(a->expect[0]) : "KILLED", a->call ? a->call : "-",
				       needs_names[a->needs]);
	return 0;
}

static int among(const int *v, size_t n, int error)
{
	for (size_t i = 0; i < n && v[i]; i++)
		if (v[i] == error)
			return 1;
	return 0;
}

int main(int argc, char **argv)
{
	const struct attack *a = argc > 1 ? find(argv[1]) : NULL;
	int r;

	if (argc > 1 && strcmp(argv[1], "list") == 0)
		return list(argv[2]);
	if (!a) {
		fprintf(stderr, "usage: attack NAME [ARG...] | list [GROUP]\n");
		return 2;
	}
	r = in_child(a->act, argc - 2, argv + 2);
	if (r == CANT_TRY) {
		printf("%s: could not try\n", a->name);
		return 2;
	}
	if (r == KILLED) {
		printf("%s: killed by SIGSYS\n", a->name);
		return a->expect[0] ? 3 : 1;
	}
	if (r >= 0 || among(a->reached, sizeof(a->reached) / sizeof(int), -r)) {
		printf("%s: WORKED\n", a->name);
		return 0;
	}
	printf("%s: %s\n", a->name, strerrorname_np(-r));
	return among(a->expect, sizeof(a->expect) / sizeof(int), -r) ? 1 : 3;
}
