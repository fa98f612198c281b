/* SPDX-License-Identifier: MIT */
/*
 * limit_watch.h - what is kept between two looks at the limits of a run
 */
#ifndef ENC_RUN_LIMIT_WATCH_H
#define ENC_RUN_LIMIT_WATCH_H

#include "base/loop.h"
#include "sandbox/sandbox.h"

#define ENC_CPU_POINTS 32

struct enc_limit_watch {
	struct enc_box_sample seen; /* counters at the last look */
	uint64_t mono_ns;	    /* when that was; CLOCK_MONOTONIC, which a sleeping machine stops */
	uint64_t output_bytes;	    /* what the run has written to its output, in all */
	/* idle: since when, and the slice of time whose processor time is being measured */
	uint64_t active_ns, slice_ns, slice_cpu_ns, slice_output;
	/* refused since, and last seen to be; 0 not: a bomb is what goes on */
	uint64_t pids_since_ns, pids_last_ns, pids_hits, files_since_ns;
	/* cpu without a group: points of (time, processor time), the newest at `cpu_at` */
	struct {
		uint64_t ns, cpu_ns;
	} cpu[ENC_CPU_POINTS];
	size_t cpu_at;
	struct enc_source *timer;
};

#endif
