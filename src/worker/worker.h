/* SPDX-License-Identifier: MIT */
/*
 * worker.h - the jobs of enclosure-worker
 *
 * Started by enclosure, never by hand: enclosure-worker JOB [ARG...]. What it links (libbpf, libsystemd) must not be in
 * the supervisor.
 */
#ifndef ENC_WORKER_WORKER_H
#define ENC_WORKER_WORKER_H

/* Load, attach, use and detach one BPF program a mechanism. argv[0]: a folder in which a cgroup v2 group can be made,
 * or "". Prints a line each: "NAME ERRNO TEXT" (ERRNO 0: it works). Returns the exit status. */
int enc_worker_probe_bpf(int argc, char **argv);
/* Have systemd's user manager start the transient scope argv[0] with the processes argv[1]... in it, and wait until
 * it is there. Exit status 0, or 1 with a line on standard output that says why not. */
int enc_worker_scope(int argc, char **argv);

#endif
