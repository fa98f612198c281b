/* SPDX-License-Identifier: MIT */
/*
 * worker.h - the jobs of enclosure-worker
 *
 * Started by enclosure, never by hand: enclosure-worker JOB [ARG...]. What it links (libbpf) must not be in the
 * supervisor.
 */
#ifndef ENC_WORKER_WORKER_H
#define ENC_WORKER_WORKER_H

/* Load, attach, use and detach one BPF program a mechanism. argv[0]: a folder in which a cgroup v2 group can be made,
 * or "". Prints a line each: "NAME ERRNO TEXT" (ERRNO 0: it works). Returns the exit status. */
int enc_worker_probe_bpf(int argc, char **argv);

#endif
