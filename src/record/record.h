/* SPDX-License-Identifier: MIT */
/*
 * record.h - the record: JSON lines in segments under STATE/log, written by one writer at a time
 *
 * A line's exact bytes are its identity. Writers of several runs take turns under flock(STATE/lock): open the
 * newest segment, cut a torn tail to the last whole line (the cut is itself a `recovery` line), number, append.
 * The reader gives lines back byte for byte.
 */
#ifndef ENC_RECORD_RECORD_H
#define ENC_RECORD_RECORD_H

#include "event/event.h"

struct enc_record;
/* Opens (and creates, 0700/0600) STATE/log for appending. */
int enc_record_open(const char *state_dir, struct enc_record **ret, struct enc_err *e);
struct enc_record *enc_record_close(struct enc_record *r);
ENC_AUTO_DEFINE(struct enc_record, enc_record_close)
/* A sink for the bus: data is the struct enc_record. Sets seq. */
int enc_record_sink(const struct enc_event *ev, void *data, struct enc_err *e);
/* fdatasync what was appended. */
int enc_record_sync(struct enc_record *r, struct enc_err *e);
/* The numbers of the first and the last line appended through this handle; 0 and 1 when none: 1, 0. */
void enc_record_range(const struct enc_record *r, uint64_t *ret_first, uint64_t *ret_last);

/* Reading: fn gets each line without its newline; returns 0 to go on, else the walk ends with that value. */
typedef int (*enc_line_fn)(uint64_t seq, const char *line, size_t len, void *data);
int enc_record_walk(const char *state_dir, uint64_t first, uint64_t last, enc_line_fn fn, void *data,
		    struct enc_err *e);

/* STATE: $ENCLOSURE_STATE, else /var/lib/enclosure (root) or $XDG_STATE_HOME/enclosure. Made 0700 when `create`;
 * refused when it is not the caller's, or open to others. Arena string. */
int enc_state_dir(struct enc_arena *a, bool create, const char **ret, struct enc_err *e);
/* STATE/runs/ID by id, unique prefix (6 or more), name (newest) or "last". 0, -ENOENT, -EEXIST (not unique). */
int enc_state_find_run(const char *state_dir, const char *run, char ret_id[27], struct enc_err *e);
/* Make STATE/runs/ID; returns a descriptor of it, on which the caller holds a lock as long as it is open: who finds the
 * folder unlocked and without a result knows that its supervisor is dead. name may be NULL. */
int enc_state_new_run(const char *state_dir, const char *id, const char *name, int *ret_fd, struct enc_err *e);

/* Takes an empty one away again. */
void enc_state_drop_run(const char *state_dir, const char *id);

struct enc_run_id {
	char text[27];
};
/* The ids in STATE/runs, oldest first: a malloc'ed array in *ret. 0 or negative errno. */
int enc_state_runs(const char *state_dir, struct enc_run_id **ret, size_t *ret_n, struct enc_err *e);
/* Is its supervisor alive? dir: descriptor of STATE/runs/ID. With `take` the lock is the caller's when it was free,
 * until dir is closed. */
bool enc_state_run_lives(int dir, bool take);

#endif
