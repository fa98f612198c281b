/* SPDX-License-Identifier: MIT */
/*
 * runs.c - find a run's folder
 */
#include "cli/runs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "record/record.h"

int enc_cli_run_open(struct enc_cli_run *ret, const char *which, struct enc_err *e)
{
	char path[4300];
	int r;

	memset(ret, 0, sizeof(*ret));
	ret->dir = -1;
	ret->arena = enc_arena_new();
	r = enc_state_dir(ret->arena, false, &ret->state_dir, e);
	if (r == -ENOENT) {
		enc_err_clear(e);
		ENC_FAIL(e, ENOENT, "there is no run '%s': nothing has been run yet", which);
		return enc_err_id(e, "E0802", "enclosure run -- COMMAND");
	}
	if (r >= 0)
		r = enc_state_find_run(ret->state_dir, which, ret->id, e);
	if (r < 0)
		return r;
	snprintf(path, sizeof(path), "%s/runs/%s", ret->state_dir, ret->id);
	ret->dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (ret->dir < 0)
		return ENC_FAIL_ID(e, "E0801", errno, "open %s: %s", path, strerror(errno));
	return 0;
}

void enc_cli_run_close(struct enc_cli_run *r)
{
	if (r->dir >= 0)
		close(r->dir);
	r->arena = enc_arena_free(r->arena);
}
