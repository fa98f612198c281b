/* SPDX-License-Identifier: MIT */
/*
 * main.c - enclosure-worker: pick the job
 */
#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "worker/worker.h"

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
} jobs[] = {
	{"probe-bpf", enc_worker_probe_bpf},
	{"scope", enc_worker_scope},
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc >= 2 && i < ENC_LEN(jobs); i++)
		if (strcmp(argv[1], jobs[i].name) == 0)
			return jobs[i].run(argc - 2, argv + 2);
	(void)fprintf(stderr, "enclosure-worker: started by enclosure, not by hand\n");
	return 64;
}
