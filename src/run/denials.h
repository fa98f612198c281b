/* SPDX-License-Identifier: MIT */
/*
 * denials.h - refused acts, folded: the first of a kind by a process is an event at once, the others are counted
 */
#ifndef ENC_RUN_DENIALS_H
#define ENC_RUN_DENIALS_H

#include <stdint.h>
#include <sys/types.h>

#include "event/event.h"

#define ENC_DENIALS_MAX 512 /* kinds of refusal x processes kept apart; above it kinds alone are */

struct enc_denial_row {
	char type[24], name[40], comm[17];
	const char *clause; /* outlives the run */
	pid_t pid;
	int error;
	uint64_t count, first_real_ns, last_real_ns, first_mono_ns, last_mono_ns;
};

struct enc_denials {
	const char *comm; /* of the next caller, as the box saw it; NULL: /proc is asked */
	struct enc_denial_row *rows;
	size_t n;
	uint64_t unkept; /* counted in another process's row, since the table was full */
};

/* Counts one; publishes it when it is the first of its kind by this process. class_name as in enc_refusal. */
int enc_denials_add(struct enc_denials *d, struct enc_bus *bus, const char *run, const char *class_name,
		    const char *name, int error, pid_t pid, struct enc_err *e);
/* At the end of the run: one event with the exact count for each row that was seen more than once. */
int enc_denials_fold(struct enc_denials *d, struct enc_bus *bus, const char *run, struct enc_err *e);
void enc_denials_done(struct enc_denials *d);

#endif
