/* SPDX-License-Identifier: MIT */
/*
 * about.c - what is known of a run from its folder: run.json while it goes on, result.json after it
 *
 * Whether it goes on is told by the lock on the folder, which the supervisor holds from the folder's first moment until
 * the result is written, and which the kernel takes away when it dies.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"
#include "base/yaml.h"
#include "run/supervise.h"
#include "sys/kernel.h"

#define COMMAND_MAX    4096 /* bytes of the command line that run.json keeps */
#define TAKE_TRIES     20
#define NS_PER_S       1000000000u
#define CLOCK_SLACK_NS 50000000u /* between two looks at clocks */

/* Field 22 of proc(5)'s stat, behind the name, which may hold anything but ends with the last parenthesis. */
static uint64_t start_ticks(pid_t pid)
{
	enc_auto(enc_free_auto) char *text = NULL;
	char path[40], *at;
	size_t n;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if (enc_read_file(AT_FDCWD, path, 4096, &text, &n, NULL) < 0)
		return 0;
	at = strrchr(text, ')');
	for (int field = 2; at && field < 22; field++)
		at = strchr(at + 1, ' ');
	return at ? strtoull(at + 1, NULL, 10) : 0;
}

static void add_command(struct enc_json *j, char *const *argv)
{
	size_t left = COMMAND_MAX;

	enc_json_array(j, "argv");
	for (; *argv && left; argv++) {
		size_t n = strnlen(*argv, left);

		enc_json_strn(j, NULL, *argv, n);
		left -= n < left ? n : left;
	}
	enc_json_end(j);
}

/* Where its groups may be: who finds the run dead takes them away. */
static void add_groups(struct enc_json *j, const struct enc_host *h)
{
	enc_json_array(j, "cgroup_homes");
	for (int c = 0; c < ENC_CTL__COUNT; c++)
		if (h->ctl[c].version)
			enc_json_str(j, NULL, h->ctl[c].dir);
	if (h->old[ENC_CTL_FREEZER].version)
		enc_json_str(j, NULL, h->old[ENC_CTL_FREEZER].dir);
	if (h->cgroup2_dir[0])
		enc_json_str(j, NULL, h->cgroup2_dir);
	enc_json_end(j);
}

/* What diff and apply need, long after the plan. */
static void add_overlay(struct enc_json *j, const struct enc_plan *p)
{
	const struct enc_mount *m = NULL;

	for (size_t i = 0; i < p->n_mounts; i++)
		if (p->mounts[i].kind == ENC_MT_OVERLAY)
			m = &p->mounts[i];
	if (!m) {
		enc_json_null(j, "overlay");
		return;
	}
	enc_json_object(j, "overlay");
	enc_json_path(j, "path", m->path);
	enc_json_uint(j, "dev", m->dev);
	enc_json_uint(j, "ino", m->ino);
	enc_json_uint(j, "uid", m->idmap ? m->uid : p->ids.uid);
	enc_json_uint(j, "gid", m->idmap ? m->gid : p->ids.gid);
	enc_json_uint(j, "run_uid", p->ids.uid);
	enc_json_uint(j, "run_gid", p->ids.gid);
	enc_json_str(j, "boot", p->host->boot_id);
	enc_json_uint(j, "clock_ns", enc_now_real() - enc_now_boot());
	enc_json_end(j);
}

static void remove_groups(const struct enc_node *map, const char *id)
{
	const struct enc_node *list = map ? enc_node_get(map, "cgroup_homes") : NULL;

	for (size_t i = 0; list && list->kind == ENC_NODE_LIST && i < list->n; i++)
		if (list->items[i]->kind == ENC_NODE_SCALAR && list->items[i]->text[0] == '/')
			enc_box_remove_group(list->items[i]->text, id);
}

int enc_run_write_about(struct enc_supervisor *s, struct enc_err *e)
{
	const struct enc_run_request *q = s->q;
	struct enc_buf b = {0};
	struct enc_json j;
	char when[40];
	int r;

	enc_format_rfc3339(when, sizeof(when), s->result->started_ns);
	enc_json_init(&j, &b, 0);
	enc_json_object(&j, NULL);
	enc_json_str(&j, "schema", "enclosure.run/v1");
	enc_json_str(&j, "run", s->result->id);
	enc_json_str(&j, "name", q->name);
	add_command(&j, q->argv);
	enc_json_path(&j, "cwd", q->plan->cwd);
	enc_json_str(&j, "manifest", q->plan->policy->path);
	enc_json_str(&j, "plan_digest", q->plan->digest);
	enc_json_str(&j, "started", when);
	enc_json_uint(&j, "started_ns", s->result->started_ns);
	enc_json_bool(&j, "tty", q->tty);
	enc_json_bool(&j, "detached", q->detached);
	enc_json_uint(&j, "supervisor", (uint64_t)getpid());
	enc_json_uint(&j, "supervisor_start", start_ticks(getpid()));
	add_groups(&j, q->plan->host);
	add_overlay(&j, q->plan);
	enc_json_end(&j);
	enc_buf_putc(&b, '\n');
	r = enc_write_file(s->dir, "run.json", b.s, b.len, 0600, false, e);
	enc_buf_done(&b);
	return r;
}

/* ---- reading ---- */

static int read_object(struct enc_arena *a, int dir, const char *file, const struct enc_node **ret, struct enc_err *e)
{
	enc_auto(enc_free_auto) char *text = NULL;
	struct enc_node *root = NULL;
	struct enc_diags d;
	size_t n = 0;
	int r = enc_read_file(dir, file, 16u << 20, &text, &n, e);

	if (r < 0)
		return r;
	enc_diags_init(&d);
	r = enc_yaml_parse(a, file, enc_arena_strndup(a, text, n), n, &d, &root);
	enc_diags_done(&d);
	if (r < 0 || !root || root->kind != ENC_NODE_MAP)
		return ENC_FAIL_ID(e, "E0801", EINVAL, "%s is damaged", file);
	*ret = root;
	return 0;
}

static const char *text_of(const struct enc_node *map, const char *key)
{
	const struct enc_node *v = enc_node_get(map, key);

	return v && v->kind == ENC_NODE_SCALAR && !(v->plain && strcmp(v->text, "null") == 0) ? v->text : NULL;
}

static uint64_t number_of(const struct enc_node *map, const char *key)
{
	const char *text = text_of(map, key);
	uint64_t n = 0;

	return text && enc_parse_u64(text, &n) == 0 ? n : 0;
}

static bool true_of(const struct enc_node *map, const char *key)
{
	const char *text = text_of(map, key);

	return text && strcmp(text, "true") == 0;
}

static const char *command_of(struct enc_arena *a, const struct enc_node *map)
{
	const struct enc_node *argv = enc_node_get(map, "argv");
	struct enc_buf b = {0};
	const char *text;

	for (size_t i = 0; argv && argv->kind == ENC_NODE_LIST && i < argv->n; i++) {
		if (i)
			enc_buf_putc(&b, ' ');
		if (argv->items[i]->kind == ENC_NODE_SCALAR)
			enc_buf_add(&b, argv->items[i]->text, argv->items[i]->len);
	}
	text = enc_arena_strndup(a, b.s ? b.s : "", b.len);
	enc_buf_done(&b);
	return text;
}

static void take_common(struct enc_arena *a, const struct enc_node *map, struct enc_run_about *ret)
{
	ret->name = text_of(map, "name");
	ret->command = command_of(a, map);
	ret->cwd = text_of(map, "cwd");
	ret->manifest = text_of(map, "manifest");
	ret->started = text_of(map, "started");
}

/* What changed since is told by the file's own time. A clock that was set back meanwhile gives times that are too
 * early: then all is taken for changed. */
static bool clock_went_back(const struct enc_node *o, const struct timespec *since)
{
	uint64_t now = enc_now_real(), then = (uint64_t)since->tv_sec * NS_PER_S + (uint64_t)since->tv_nsec;
	const char *boot = text_of(o, "boot");
	enc_auto(enc_free_auto) char *own = NULL;
	size_t n;

	if (now < then)
		return true;
	if (!boot || enc_read_file(AT_FDCWD, "/proc/sys/kernel/random/boot_id", 64, &own, &n, NULL) < 0)
		return true;
	own[strcspn(own, "\n")] = '\0';
	/* Another boot has another beginning: there is nothing to compare. */
	return strcmp(own, boot) == 0 && now - enc_now_boot() + CLOCK_SLACK_NS < number_of(o, "clock_ns");
}

static void take_overlay(const struct enc_node *map, int dir, struct enc_run_about *ret)
{
	const struct enc_node *o = enc_node_get(map, "overlay");
	struct stat st;

	if (!o || o->kind != ENC_NODE_MAP || fstatat(dir, "run.json", &st, AT_SYMLINK_NOFOLLOW) < 0)
		return;
	ret->overlay.path = text_of(o, "path");
	ret->overlay.dev = (dev_t)number_of(o, "dev");
	ret->overlay.ino = (ino_t)number_of(o, "ino");
	ret->overlay.uid = (uid_t)number_of(o, "uid");
	ret->overlay.gid = (gid_t)number_of(o, "gid");
	ret->overlay.run_uid = (uid_t)number_of(o, "run_uid");
	ret->overlay.run_gid = (gid_t)number_of(o, "run_gid");
	if (!clock_went_back(o, &st.st_ctim))
		ret->overlay.since = st.st_ctim;
}

static void take_result(const struct enc_node *map, struct enc_run_about *ret)
{
	ret->life = ENC_LIFE_ENDED;
	ret->state = text_of(map, "state");
	ret->clause = text_of(map, "clause");
	ret->reason = text_of(map, "reason");
	ret->status = (int)number_of(map, "status");
	ret->wall_ns = number_of(map, "wall_ns");
	ret->cpu_ns = number_of(map, "user_ns") + number_of(map, "system_ns");
	ret->memory_bytes = number_of(map, "max_rss");
}

int enc_run_about(struct enc_arena *a, int dir, const char *id, struct enc_run_about *ret, struct enc_err *e)
{
	const struct enc_node *map = NULL;
	struct enc_err first = {0};
	struct stat st;
	bool lives;
	int r;

	*ret = (struct enc_run_about){.id = enc_arena_strdup(a, id), .status = -1, .command = ""};
	/* In this order: the result is written before the lock is given back. */
	lives = enc_state_run_lives(dir, false);
	r = read_object(a, dir, "run.json", &map, &first);
	if (r == 0) {
		take_common(a, map, ret);
		ret->tty = true_of(map, "tty");
		ret->detached = true_of(map, "detached");
		ret->supervisor = (pid_t)number_of(map, "supervisor");
		ret->supervisor_start = number_of(map, "supervisor_start");
		take_overlay(map, dir, ret);
	}
	/* A damaged one (a crash of the machine) only tells less: the lock and the result are what counts. */
	enc_err_clear(&first);
	r = read_object(a, dir, "result.json", &map, &first);
	if (r == 0 && text_of(map, "state")) {
		take_common(a, map, ret);
		take_result(map, ret);
		return 0;
	}
	if (r == 0)
		r = ENC_FAIL(&first, EINVAL, "result.json is damaged");
	if (r != -ENOENT)
		return ENC_FAIL_ID(e, "E0801", -r, "run %s: %s", id, first.text);
	ret->life = !lives ? ENC_LIFE_LOST : fstatat(dir, "started", &st, 0) == 0 ? ENC_LIFE_STARTED : ENC_LIFE_PLANNED;
	ret->state = !lives ? "lost" : ret->life == ENC_LIFE_STARTED ? "started" : "planned";
	return 0;
}

int enc_run_kill_supervisor(const struct enc_run_about *about)
{
	enc_auto_fd int fd = -1;

	if (about->supervisor <= 1 || !about->supervisor_start)
		return -ESRCH;
	fd = enc_sys_pidfd_open(about->supervisor);
	if (fd < 0)
		return -errno;
	/* The number may be somebody else's by now; once the descriptor is open it can't become so. */
	if (start_ticks(about->supervisor) != about->supervisor_start)
		return -ESRCH;
	return enc_sys_pidfd_kill(fd, SIGKILL) < 0 ? -errno : 0;
}

/* ---- a run whose supervisor died ---- */

static int publish_end(const char *state_dir, const struct enc_run_result *res, struct enc_err *e)
{
	enc_auto(enc_record_close_auto) struct enc_record *record = NULL;
	struct enc_event ev;
	int r = enc_record_open(state_dir, &record, e);

	if (r < 0)
		return r;
	enc_event_init(&ev, ENC_EV_RUN_FINISHED, res->id, "recovery");
	enc_ev_str(&ev, ENC_F_STATE, enc_run_state_name(res->state));
	enc_ev_int(&ev, ENC_F_EXIT, res->status);
	enc_ev_str(&ev, ENC_F_CLAUSE, res->clause);
	enc_ev_str(&ev, ENC_F_REASON, res->reason);
	ev.real_ns = enc_now_real();
	ev.mono_ns = enc_now_boot();
	r = enc_record_sink(&ev, record, e);
	if (r >= 0)
		r = enc_record_sync(record, e);
	return r;
}

/* The end that its supervisor told before it died, or that another told who could not write the result. */
static int take_end(uint64_t seq, const char *line, size_t len, void *data)
{
	struct enc_run_result *res = data;
	struct enc_node *map = NULL;
	struct enc_diags d;
	const char *state, *run;

	if (!memmem(line, len, "\"run.finished\"", 14) || !memmem(line, len, res->id, strlen(res->id)))
		return 0;
	enc_diags_init(&d);
	(void)enc_yaml_parse(res->arena, "record", enc_arena_strndup(res->arena, line, len), len, &d, &map);
	enc_diags_done(&d);
	if (!map || map->kind != ENC_NODE_MAP)
		return 0;
	state = text_of(map, "state");
	run = text_of(map, "run");
	if (!state || !run || strcmp(run, res->id) != 0)
		return 0;
	for (int i = 0; i <= ENC_RUN_FAILED_SETUP; i++)
		if (strcmp(state, enc_run_state_name((enum enc_run_state)i)) == 0)
			res->state = (enum enc_run_state)i;
	res->status = (int)number_of(map, "exit");
	res->signal = text_of(map, "signal") ? (int)number_of(map, "signal") : -1;
	if (res->state == ENC_RUN_FINISHED && res->signal <= 0)
		res->exit_code = res->status;
	res->clause = text_of(map, "clause");
	res->reason = text_of(map, "reason");
	return 1;
}

static int recorded_end(const char *state_dir, struct enc_run_result *res, struct enc_err *e)
{
	return enc_record_walk(state_dir, 0, UINT64_MAX, take_end, res, e);
}

static void measure_streams(int dir, struct enc_run_result *res)
{
	static const char *const names[] = {"stdout", "stderr"};
	struct stat st;

	for (int i = 0; i < 2; i++)
		if (fstatat(dir, names[i], &st, AT_SYMLINK_NOFOLLOW) == 0)
			res->out[i].bytes = (uint64_t)st.st_size;
}

static int write_lost(const char *state_dir, int dir, const struct enc_node *map, const char *id,
		      struct enc_run_result *res, struct enc_err *e)
{
	const struct enc_node *list = map ? enc_node_get(map, "argv") : NULL;
	struct enc_run_identity who = {.state_dir = state_dir, .name = map ? text_of(map, "name") : NULL};
	struct enc_buf b = {0};
	struct enc_json j;
	size_t n = list && list->kind == ENC_NODE_LIST ? list->n : 0;
	char **argv = enc_arena_alloc(res->arena, (n + 1) * sizeof(*argv));
	int r;

	for (size_t i = 0; i < n; i++)
		argv[i] = enc_arena_strdup(res->arena, list->items[i]->text ? list->items[i]->text : "");
	who.argv = argv;
	who.cwd = map ? text_of(map, "cwd") : NULL;
	who.manifest = map ? text_of(map, "manifest") : NULL;
	who.plan_digest = map ? text_of(map, "plan_digest") : NULL;
	who.overlay = map && enc_node_get(map, "overlay") && enc_node_get(map, "overlay")->kind == ENC_NODE_MAP
			      ? text_of(enc_node_get(map, "overlay"), "path")
			      : NULL;
	enc_json_init(&j, &b, 2);
	enc_run_result_json(&who, res, &j);
	enc_buf_putc(&b, '\n');
	r = enc_write_file(dir, "result.json", b.s, b.len, 0600, true, e);
	enc_buf_done(&b);
	return r;
}

/* Another that only asks whether the run lives has the lock for a moment. */
static bool take(int dir)
{
	const struct timespec pause = {.tv_nsec = 5000000};

	for (int i = 0; i < TAKE_TRIES; i++) {
		if (!enc_state_run_lives(dir, true))
			return true;
		(void)nanosleep(&pause, NULL);
	}
	return false;
}

int enc_run_recover(const char *state_dir, int dir, const char *id, struct enc_err *e)
{
	enc_auto(enc_arena_free_auto) struct enc_arena *a = enc_arena_new();
	enc_auto_fd int own = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const struct enc_node *map = NULL;
	struct enc_run_result res = {.arena = a, .state = ENC_RUN_KILLED, .status = 137, .exit_code = -1, .signal = -1};
	struct stat st;
	int r;

	if (own < 0)
		return ENC_FAIL_ID(e, "E0801", errno, "run %s: %s", id, strerror(errno));
	if (!take(own) || fstatat(own, "result.json", &st, AT_SYMLINK_NOFOLLOW) == 0)
		return 0;
	snprintf(res.id, sizeof(res.id), "%s", id);
	(void)read_object(a, own, "run.json", &map, e); /* missing or damaged: then less is told */
	enc_err_clear(e);
	res.clause = "die-with-supervisor";
	res.reason = "its supervisor died, and the run with it";
	res.started_ns = map ? number_of(map, "started_ns") : enc_now_real();
	res.finished_ns = enc_now_real(); /* when it was noticed */
	measure_streams(own, &res);
	r = recorded_end(state_dir, &res, e);
	if (r == 0)
		r = publish_end(state_dir, &res, e);
	if (r >= 0)
		r = write_lost(state_dir, own, map, id, &res, e);
	remove_groups(map, id);
	(void)unlinkat(own, "control", 0);
	return r < 0 ? r : 1;
}
