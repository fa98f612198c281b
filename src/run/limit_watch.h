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
	uint64_t seen_ns;	    /* when all processes could be looked at, the last time */
	unsigned unseen;	    /* looks since then */
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

struct enc_reading {   /* a dear one: by a process of its own */
	unsigned what; /* ENC_MEASURE_*; 0: not needed */
	bool runs;
	uint64_t begun_ns, ended_ns, took_ns;
	uint64_t cpu_ns; /* of the run, when it was begun */
	struct enc_source *source;
};

struct enc_disk_watch {
	struct enc_reading readings[2];
	uint64_t base, bytes; /* of the writable grants: before the command, and now */
	bool base_incomplete;
	unsigned blind;	    /* readings in a row that could not see everything */
	uint64_t free_then; /* when the last one began */
	struct {
		dev_t dev;
		int fd;
	} fs[16]; /* of the grants, to ask for free space */
	size_t n_fs;
};

#endif
