/* SPDX-License-Identifier: MIT */
/*
 * runs.c - find a run's folder
 */
#include "cli/runs.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"
#include "record/record.h"

#define ASK_MS	     300
#define MIN_PAUSE_NS 10000000ull
#define MAX_PAUSE_NS 320000000ull

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

int enc_cli_run_about(struct enc_cli_run *run, struct enc_run_about *ret, struct enc_err *e)
{
	int r = enc_run_about(run->arena, run->dir, run->id, ret, e);

	if (r == 0 && ret->life == ENC_LIFE_LOST) {
		r = enc_run_recover(run->state_dir, run->dir, run->id, e);
		if (r >= 0)
			r = enc_run_about(run->arena, run->dir, run->id, ret, e);
	}
	if (r >= 0 && ret->life < ENC_LIFE_ENDED)
		(void)enc_link_ask(run->dir, ASK_MS, ret); /* busy with its set-up or its end: then without numbers */
	return r < 0 ? r : 0;
}

static int left_ms(uint64_t end)
{
	uint64_t now = enc_now_boot();

	return !end ? -1 : now >= end ? 0 : end - now > 3600000000000ull ? 3600000 : (int)((end - now) / 1000000) + 1;
}

/* Until the supervisor says that it has written the result, or its end of the link is closed, as by its death. */
static void listen_for_end(int dir, uint64_t end, uint64_t pause_ns)
{
	const struct timespec pause = {.tv_nsec = (long)pause_ns};
	enc_auto_fd int fd = enc_link_connect(dir);
	struct pollfd p = {.fd = fd, .events = POLLIN};
	struct enc_link_msg m;

	while (fd >= 0 && poll(&p, 1, left_ms(end)) == 1)
		if (enc_link_recv(fd, &m, MSG_DONTWAIT) <= 0 || m.kind == ENC_LINK_ENDED)
			break;
	/* The lock is given back a moment after. */
	(void)nanosleep(&pause, NULL);
}

/* What is looked at again and again is the folder alone: reading files would keep more of them with every look. */
static bool goes_on(const struct enc_cli_run *run)
{
	return enc_state_run_lives(run->dir, false) &&
	       faccessat(run->dir, "result.json", F_OK, AT_SYMLINK_NOFOLLOW) < 0;
}

int enc_cli_run_settle(struct enc_cli_run *run, uint64_t timeout_ns, struct enc_run_about *ret, struct enc_err *e)
{
	uint64_t end = timeout_ns ? enc_now_boot() + timeout_ns : 0;

	for (;;) {
		int r = enc_run_about(run->arena, run->dir, run->id, ret, e);

		if (r == 0 && ret->life == ENC_LIFE_LOST)
			r = enc_run_recover(run->state_dir, run->dir, run->id, e);
		if (r < 0)
			return r;
		if (ret->life == ENC_LIFE_ENDED)
			return 1;
		if (end && enc_now_boot() >= end)
			return 0;
		/* One of a crowd is sent away now and then, and comes less often. */
		for (uint64_t pause = MIN_PAUSE_NS; goes_on(run) && (!end || enc_now_boot() < end);) {
			listen_for_end(run->dir, end, pause);
			pause = pause < MAX_PAUSE_NS ? 2 * pause : pause;
		}
	}
}

void enc_cli_run_close(struct enc_cli_run *r)
{
	if (r->dir >= 0)
		close(r->dir);
	r->arena = enc_arena_free(r->arena);
}
