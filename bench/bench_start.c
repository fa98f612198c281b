/* SPDX-License-Identifier: MIT */
/*
 * bench_start.c - how long two commands take from fork to their end, in alternating pairs
 *
 *     bench_start [-n PAIRS] [-w WARM-UP] NAME-A COMMAND-A... -- NAME-B COMMAND-B...
 *
 * Each pair runs A then B, the next B then A, so that what the machine does beside falls on both alike. One pair's
 * times give one ratio A/B; the median of those is less moved by noise than the ratio of two medians, so both are told.
 * Standard input and output of the commands are /dev/null. A command that fails ends the measurement: a refusal is
 * fast, too. Prints one line of JSON; `run` adds the words.
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAIRS_MAX 100000

struct side {
	const char *name;
	char **argv;
	double *us;
};

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void child(char **argv)
{
	int null = open("/dev/null", O_RDWR);

	if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0)
		_exit(126);
	execvp(argv[0], argv);
	fprintf(stderr, "bench_start: %s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

/* Fork, exec, wait, as a shell does it. */
static double once(const struct side *s)
{
	double start = now_us();
	pid_t pid = fork();
	int status;

	if (pid == 0)
		child(s->argv);
	if (pid < 0 || waitpid(pid, &status, 0) < 0) {
		perror("bench_start: fork");
		exit(1);
	}
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
		fprintf(stderr, "bench_start: %s failed (wait status %#x)\n", s->name, (unsigned)status);
		exit(1);
	}
	return now_us() - start;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The value below which a share of them lies; v is sorted. */
static double quantile(const double *v, size_t n, double share)
{
	return v[(size_t)((double)(n - 1) * share + 0.5)];
}

static void print_side(const struct side *s, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += s->us[i];
	qsort(s->us, n, sizeof(*s->us), by_value);
	printf("\"%s\":{\"n\":%zu,\"mean_us\":%.0f,\"p5_us\":%.0f,\"median_us\":%.0f,\"p95_us\":%.0f}", s->name, n,
	       sum / (double)n, quantile(s->us, n, 0.05), quantile(s->us, n, 0.5), quantile(s->us, n, 0.95));
}

static void print_ratio(double *v, size_t n, double medians)
{
	qsort(v, n, sizeof(*v), by_value);
	printf("\"ratio\":{\"of_pairs_p5\":%.3f,\"of_pairs_median\":%.3f,\"of_pairs_p95\":%.3f,\"of_medians\":%.3f}",
	       quantile(v, n, 0.05), quantile(v, n, 0.5), quantile(v, n, 0.95), medians);
}

static void measure(struct side sides[2], size_t n, size_t warm)
{
	double *ratio = calloc(n, sizeof(*ratio));
	double load = 0, load_end = 0;
	struct utsname u;

	for (int k = 0; k < 2; k++)
		sides[k].us = calloc(n, sizeof(double));
	if (!ratio || !sides[0].us || !sides[1].us || uname(&u) < 0)
		exit(1);
	for (size_t i = 0; i < warm; i++) {
		(void)once(&sides[0]);
		(void)once(&sides[1]);
	}
	(void)getloadavg(&load, 1);
	for (size_t i = 0; i < n; i++) {
		for (int k = 0; k < 2; k++) {
			struct side *s = &sides[(i & 1) ^ (size_t)k];

			s->us[i] = once(s);
		}
		ratio[i] = sides[0].us[i] / sides[1].us[i];
	}
	(void)getloadavg(&load_end, 1);
	printf("{\"bench\":\"start\",\"kernel\":\"%s\",\"arch\":\"%s\",\"cpus\":%ld,\"uid\":%u,\"load\":[%.2f,%.2f],",
	       u.release, u.machine, sysconf(_SC_NPROCESSORS_ONLN), (unsigned)geteuid(), load, load_end);
	print_side(&sides[0], n);
	putchar(',');
	print_side(&sides[1], n);
	putchar(',');
	print_ratio(ratio, n, quantile(sides[0].us, n, 0.5) / quantile(sides[1].us, n, 0.5));
	puts("}");
}

static int usage(void)
{
	fputs("usage: bench_start [-n PAIRS] [-w WARM-UP] NAME-A COMMAND-A... -- NAME-B COMMAND-B...\n", stderr);
	return 64;
}

/* The B side begins after the last "--": commands may have a "--" of their own. */
int main(int argc, char **argv)
{
	struct side sides[2] = {0};
	size_t n = 200, warm = 10;
	int opt, last = -1;

	while ((opt = getopt(argc, argv, "+n:w:")) != -1) {
		if (opt != 'n' && opt != 'w')
			return usage();
		*(opt == 'n' ? &n : &warm) = strtoul(optarg, NULL, 10);
	}
	for (int i = optind; i < argc; i++)
		if (strcmp(argv[i], "--") == 0)
			last = i;
	if (n < 1 || n > PAIRS_MAX || warm > PAIRS_MAX || last < optind + 2 || last + 2 >= argc)
		return usage();
	argv[last] = NULL;
	sides[0].name = argv[optind];
	sides[0].argv = &argv[optind + 1];
	sides[1].name = argv[last + 1];
	sides[1].argv = &argv[last + 2];
	measure(sides, n, warm);
	return 0;
}
