/* SPDX-License-Identifier: MIT */
/*
 * progress.c - one line with the elapsed time, on a terminal, while the command is silent
 *
 * It is drawn only when the last thing shown ended a line, and taken away before anything else is shown, so that what
 * the command prints stays as it printed it.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "run/supervise.h"

#define SILENCE_NS 1000000000ull

void enc_run_progress_clear(void *supervisor)
{
	struct enc_supervisor *s = supervisor;

	s->last_output_ns = enc_now_boot();
	if (s->line_shown)
		(void)enc_write_all(STDERR_FILENO, "\r\033[K", 4);
	s->line_shown = false;
}

void enc_run_progress_tick(struct enc_supervisor *s)
{
	uint64_t now = enc_now_boot();
	char line[160], elapsed[32], memory[32];
	int n;

	if (!s->q->progress || now - s->last_output_ns < SILENCE_NS)
		return;
	if (!s->out[0].at_line_start || !s->out[1].at_line_start)
		return;
	enc_format_time(elapsed, sizeof(elapsed), now - s->began_ns);
	enc_format_size(memory, sizeof(memory), s->limits.seen.memory_bytes);
	n = snprintf(line, sizeof(line), "\r\033[K\033[2menclosure: %s%s%s%s\033[0m", elapsed,
		     s->limits.seen.memory_bytes ? ", memory " : "", s->limits.seen.memory_bytes ? memory : "",
		     s->denials.n ? ", refused some system calls" : "");
	if (n > 0 && (size_t)n < sizeof(line))
		(void)enc_write_all(STDERR_FILENO, line, (size_t)n);
	s->line_shown = true;
}
