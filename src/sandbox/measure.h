/* SPDX-License-Identifier: MIT */
/*
 * measure.h - the dear readings of a run: what its files take on the disk, and memory that no process is charged with
 */
#ifndef ENC_SANDBOX_MEASURE_H
#define ENC_SANDBOX_MEASURE_H

#include <stdint.h>

#include "sandbox/box_impl.h"

/* Things by device and inode, each with two numbers. */
struct measured {
	dev_t dev;
	ino_t ino;
	bool used, open;
	uint64_t bytes, mapped; /* by a descriptor; by mappings alone */
};

struct measure {
	unsigned what; /* ENC_MEASURE_* */
	struct measured *table;
	size_t n, size; /* size: a power of two, or 0 */
	dev_t *devs;	/* of the trees */
	size_t n_devs;
	bool overlay; /* files of the overlay have a device of its own, which only the run sees */
	dev_t space;  /* of the private space, which is memory */
	uint64_t unix_sent, unix_queued;
	dev_t memory; /* where memfds, shared and System V memory have their inodes */
	struct enc_box_usage ret;
};

/* The entry, made if it isn't there; *ret_new tells. */
struct measured *enc_measure_find(struct measure *m, dev_t dev, ino_t ino, bool *ret_new);
/* Files of this device take place on the disk. */
bool enc_measure_on_disk(const struct measure *m, dev_t dev);

/* The same of a file that is in no directory. */
bool enc_measure_deleted_on_disk(const struct measure *m, dev_t dev);

/* measure_tree.c: one writable grant, whole. No link is followed. */
void enc_measure_tree(struct measure *m, const char *path);
/* measure_held.c: descriptors and mappings of these processes; then what they add up to. */
void enc_measure_held(struct measure *m, const pid_t *v, int n);
/* System V memory and messages of this process's own namespace. */
void enc_measure_sysv(struct measure *m);

#endif
