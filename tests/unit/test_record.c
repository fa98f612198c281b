/* SPDX-License-Identifier: MIT */
/*
 * test_record.c - the writer and reader of the record, the state directory, runs
 */
#include <errno.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "record/record.h"

#define RUN "01kbexample00000000000test"

static char root[64], log_dir[96];

static int begin(void **state)
{
	snprintf(root, sizeof(root), "/tmp/enc-record-XXXXXX");
	snprintf(log_dir, sizeof(log_dir), "%s/log", mkdtemp(root) ? root : "/nonexistent");
	return 0;
}

static int end(void **state)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s'", root);
	return system(command);
}

static const char *segment(uint64_t first)
{
	static char path[160];

	snprintf(path, sizeof(path), "%s/%016llu.jsonl", log_dir, (unsigned long long)first);
	return path;
}

static struct enc_record *opened(void)
{
	struct enc_record *r = NULL;
	struct enc_err e = {0};

	if (enc_record_open(root, &r, &e) < 0)
		fail_msg("%s", e.text);
	return r;
}

static int put(struct enc_record *r, const char *text, struct enc_err *e)
{
	enc_auto(enc_bus_free_auto) struct enc_bus *bus = enc_bus_new();
	struct enc_event ev;

	enc_bus_sink(bus, enc_record_sink, r);
	enc_event_init(&ev, ENC_EV_RUN_STARTED, RUN, "supervisor");
	enc_ev_str(&ev, ENC_F_CWD, text);
	return enc_bus_publish(bus, &ev, e);
}

static void append_raw(const char *path, const char *data, size_t n)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, n), n);
	close(fd);
}

/* What a walk saw. */
struct seen {
	uint64_t next, n;
	size_t recoveries;
	bool gap;
	char last[1024];
};

static int see(uint64_t seq, const char *line, size_t len, void *data)
{
	struct seen *s = data;

	s->gap |= s->n > 0 && seq != s->next;
	s->next = seq + 1;
	s->n++;
	s->recoveries += strstr(line, "\"type\":\"recovery\"") != NULL;
	snprintf(s->last, sizeof(s->last), "%.*s", (int)len, line);
	return 0;
}

static struct seen walked(uint64_t first, uint64_t last)
{
	struct enc_err e = {0};
	struct seen s = {0};

	if (enc_record_walk(root, first, last, see, &s, &e) < 0)
		fail_msg("walk: %s", e.text);
	return s;
}

static void numbers_go_on_over_handles(void **state)
{
	uint64_t first, last;
	struct enc_record *r = opened();
	struct seen s;

	enc_record_range(r, &first, &last);
	assert_int_equal(first, 1);
	assert_int_equal(last, 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(put(r, "/a", NULL), 0);
	enc_record_range(r, &first, &last);
	assert_int_equal(first, 0);
	assert_int_equal(last, 2);
	assert_int_equal(enc_record_sync(r, NULL), 0);
	enc_record_close(r);
	r = opened();
	assert_int_equal(put(r, "/b", NULL), 0);
	enc_record_range(r, &first, &last);
	assert_int_equal(first, 3);
	assert_int_equal(last, 3);
	enc_record_close(r);
	s = walked(0, UINT64_MAX);
	assert_int_equal(s.n, 4);
	assert_false(s.gap);
	assert_int_equal(s.recoveries, 0);
	assert_non_null(strstr(s.last, "{\"v\":1,\"seq\":3,\"time\":\""));
	assert_non_null(strstr(s.last, "\"cwd\":\"/b\"}"));
	assert_int_equal(walked(1, 2).n, 2);
	assert_int_equal(walked(3, 3).n, 1);
	assert_int_equal(walked(4, 9).n, 0);
}

static void two_handles_take_turns(void **state)
{
	struct enc_record *a = opened(), *b = opened();
	struct seen s;

	for (int i = 0; i < 10; i++)
		assert_int_equal(put(i % 3 ? a : b, "/x", NULL), 0);
	enc_record_close(a);
	enc_record_close(b);
	s = walked(0, UINT64_MAX);
	assert_int_equal(s.n, 10);
	assert_int_equal(s.next, 10);
	assert_false(s.gap);
}

static void private_modes(void **state)
{
	struct enc_record *r;
	struct stat st;
	char path[128];
	mode_t old = umask(0);

	r = opened();
	assert_int_equal(put(r, "/", NULL), 0);
	umask(old);
	enc_record_close(r);
	assert_int_equal(stat(log_dir, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(stat(segment(0), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	snprintf(path, sizeof(path), "%s/lock", root);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
}

#define WHOLE "{\"v\":1,\"seq\":2,\"time\":\"t\"}"

static const struct {
	const char *name;
	char tail[80];
	size_t n, cut;
	uint64_t lines; /* in the end: two of before, what was saved, the recovery, one more */
} tails[] = {
#define ROW(name_, keep, torn, lines_)                                            \
	{                                                                         \
		name_, keep torn, sizeof(keep torn) - 1, sizeof(torn) - 1, lines_ \
	}
	ROW("half a line", "", "{\"v\":1,\"seq\":2,\"ti", 4),
	ROW("one byte", "", "{", 4),
	ROW("whole line without newline", "", WHOLE, 4),
	ROW("zeros of a page never written", "", "\0\0\0\0\0\0\0\0", 4),
	ROW("line with zeros inside", "", "{\"v\":1,\"seq\":2,\"t\0\0\0\":1}\n", 4),
	ROW("a good line, then half of one", WHOLE "\n", "{\"v\":1", 5),
	ROW("not ours", "", "hello\n", 4),
	ROW("empty lines", "", "\n\n", 4),
	ROW("number too long", "", "{\"v\":1,\"seq\":99999999999999999999,\"a\":1}\n", 4),
	ROW("number without end", "", "{\"v\":1,\"seq\":2}\n", 4),
#undef ROW
};

static void torn_tails_are_cut_and_told(void **state)
{
	for (size_t i = 0; i < ENC_LEN(tails); i++) {
		struct enc_record *r;
		char want[64];
		struct seen s;

		assert_int_equal(begin(NULL), 0);
		r = opened();
		assert_int_equal(put(r, "/a", NULL), 0);
		assert_int_equal(put(r, "/b", NULL), 0);
		/* once under an open handle, once seen by a new one */
		if (i % 2)
			r = enc_record_close(r);
		append_raw(segment(0), tails[i].tail, tails[i].n);
		if (!r)
			r = opened();
		assert_int_equal(put(r, "/c", NULL), 0);
		enc_record_close(r);
		s = walked(0, UINT64_MAX);
		snprintf(want, sizeof(want), "\"bytes\":%llu", (unsigned long long)tails[i].cut);
		if (s.n != tails[i].lines || s.gap || s.recoveries != 1 || !strstr(s.last, "\"cwd\":\"/c\""))
			fail_msg("%s: %zu lines, %zu recoveries, gap %d", tails[i].name, (size_t)s.n, s.recoveries,
				 s.gap);
		s = walked(s.next - 2, s.next - 2);
		if (!s.recoveries || !strstr(s.last, want))
			fail_msg("%s: %s has no %s", tails[i].name, s.last, want);
		assert_int_equal(end(NULL), 0);
	}
}

static void torn_first_line(void **state)
{
	struct enc_record *r = opened();
	struct seen s;

	append_raw(segment(0), "{\"v\":1,", 7);
	s = walked(0, UINT64_MAX); /* a reader sees no half lines */
	assert_int_equal(s.n, 0);
	assert_int_equal(put(r, "/a", NULL), 0);
	enc_record_close(r);
	s = walked(0, UINT64_MAX);
	assert_int_equal(s.n, 2);
	assert_int_equal(s.next, 2);
	assert_int_equal(s.recoveries, 1);
}

static void much_damage_is_refused(void **state)
{
	struct enc_record *r = opened();
	char *junk = enc_alloc(5u << 20);
	struct enc_err e = {0};
	struct stat before, after;

	assert_int_equal(put(r, "/a", NULL), 0);
	append_raw(segment(0), junk, 5u << 20);
	free(junk);
	assert_int_equal(stat(segment(0), &before), 0);
	assert_int_equal(put(r, "/b", &e), -EBADMSG);
	assert_string_equal(e.id, "E0801");
	assert_int_equal(stat(segment(0), &after), 0);
	assert_int_equal(before.st_size, after.st_size);
	enc_record_close(r);
}

static void full_segment_begins_another(void **state)
{
	struct enc_record *r = opened(), *other = opened();
	struct enc_buf b = {0};
	uint64_t seq = 1;
	struct seen s;

	assert_int_equal(put(r, "/a", NULL), 0);
	assert_int_equal(put(other, "/a", NULL), 0);
	while (b.len < 64u << 20) {
		enc_buf_printf(&b, "{\"v\":1,\"seq\":%llu,\"x\":\"%060000d\"}\n", (unsigned long long)++seq, 0);
	}
	append_raw(segment(0), b.s, b.len);
	enc_buf_done(&b);
	assert_int_equal(put(r, "/b", NULL), 0);
	assert_int_equal(put(other, "/c", NULL), 0); /* whose own segment is the full one */
	assert_int_equal(put(r, "/d", NULL), 0);
	enc_record_close(r);
	enc_record_close(other);
	assert_int_equal(access(segment(seq + 1), F_OK), 0);
	s = walked(0, UINT64_MAX);
	assert_false(s.gap);
	assert_int_equal(s.n, seq + 4);
	assert_non_null(strstr(s.last, "/d"));
	assert_int_equal(walked(seq, seq + 1).n, 2);
	assert_int_equal(walked(seq + 2, UINT64_MAX).n, 2);
}

/* Several processes at once: no number twice, none missing, every line whole. */
static void many_writers(void **state)
{
	struct seen s;

	for (int w = 0; w < 4; w++) {
		if (fork() == 0) {
			struct enc_record *r = NULL;
			char text[40];

			if (enc_record_open(root, &r, NULL) < 0)
				_exit(1);
			for (int i = 0; i < 500; i++) {
				snprintf(text, sizeof(text), "/%d/%d", w, i);
				if (put(r, text, NULL) < 0)
					_exit(2);
			}
			enc_record_close(r);
			_exit(0);
		}
	}
	for (int w = 0; w < 4; w++) {
		int status = -1;

		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}
	s = walked(0, UINT64_MAX);
	assert_int_equal(s.n, 2000);
	assert_int_equal(s.next, 2000);
	assert_false(s.gap);
	assert_int_equal(s.recoveries, 0);
}

/* Writers that are killed at any moment leave at most a torn tail, which the next one cuts. */
static void killed_writers(void **state)
{
	struct enc_record *r;
	struct seen s;

	for (int round = 0; round < 30; round++) {
		pid_t pid = fork();

		if (pid == 0) {
			if (enc_record_open(root, &r, NULL) < 0)
				_exit(1);
			for (;;)
				if (put(r, "/killed/at/any/moment", NULL) < 0)
					_exit(2);
		}
		usleep(1000 + 300 * (useconds_t)round);
		kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, NULL, 0), pid);
	}
	r = opened();
	assert_int_equal(put(r, "/last", NULL), 0);
	enc_record_close(r);
	s = walked(0, UINT64_MAX);
	assert_false(s.gap);
	assert_true(s.n > 1);
	assert_non_null(strstr(s.last, "/last"));
}

/* A full disk, played by RLIMIT_FSIZE in a child: the error is told, nothing half-written stays, and it goes on after.
 */
static void full_disk(void **state)
{
	struct enc_record *r = opened();
	struct stat before, after;
	int status = -1;

	assert_int_equal(put(r, "/a", NULL), 0);
	assert_int_equal(stat(segment(0), &before), 0);
	if (fork() == 0) {
		struct rlimit small = {(rlim_t)before.st_size + 50, RLIM_INFINITY}, back = small;
		struct enc_record *own = NULL;
		struct enc_err e = {0};

		signal(SIGXFSZ, SIG_IGN);
		if (enc_record_open(root, &own, NULL) < 0 || setrlimit(RLIMIT_FSIZE, &small) < 0)
			_exit(1);
		if (put(own, "/does/not/fit", &e) != -EFBIG || strcmp(e.id, "E0801") != 0)
			_exit(2);
		if (stat(segment(0), &after) < 0 || after.st_size != before.st_size)
			_exit(3);
		back.rlim_cur = RLIM_INFINITY;
		if (setrlimit(RLIMIT_FSIZE, &back) < 0 || put(own, "/fits", NULL) < 0)
			_exit(4);
		enc_record_close(own);
		_exit(0);
	}
	assert_true(wait(&status) > 0);
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_int_equal(status, 0);
	enc_record_close(r);
	assert_int_equal(walked(0, UINT64_MAX).n, 2);
	assert_int_equal(walked(0, UINT64_MAX).recoveries, 0);
}

static void links_are_not_followed(void **state)
{
	struct enc_record *r;
	struct enc_err e = {0};
	char path[128];

	snprintf(path, sizeof(path), "%s/elsewhere", root);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(symlink(path, log_dir), 0);
	assert_true(enc_record_open(root, &r, &e) < 0);
	assert_string_equal(e.id, "E0801");
	assert_int_equal(unlink(log_dir), 0);
	r = opened();
	enc_record_close(r);
}

static void planted_segment(void **state)
{
	struct enc_record *r = opened();
	struct enc_err e = {0};
	char target[128];

	snprintf(target, sizeof(target), "%s/target", root);
	append_raw(target, "", 0);
	assert_int_equal(symlink(target, segment(0)), 0);
	assert_int_equal(put(r, "/a", &e), -ELOOP);
	assert_int_equal(unlink(segment(0)), 0);
	assert_int_equal(mkfifo(segment(0), 0600), 0);
	enc_err_clear(&e);
	assert_true(put(r, "/a", &e) < 0);
	assert_string_equal(e.id, "E0801");
	enc_record_close(r);
}

static void damaged_logs_are_not_read_on(void **state)
{
	struct enc_record *r = opened();
	struct enc_err e = {0};
	struct seen s = {0};

	assert_int_equal(put(r, "/a", NULL), 0);
	append_raw(segment(0), "hello\n", 6);
	append_raw(segment(0), WHOLE "\n", sizeof(WHOLE));
	assert_int_equal(enc_record_walk(root, 0, UINT64_MAX, see, &s, &e), -EBADMSG);
	assert_int_equal(s.n, 1);
	enc_record_close(r);
}

static void nothing_recorded(void **state)
{
	struct seen s = {0};

	assert_int_equal(enc_record_walk(root, 0, UINT64_MAX, see, &s, NULL), 0);
	assert_int_equal(enc_record_walk("/nonexistent/state", 0, UINT64_MAX, see, &s, NULL), 0);
	assert_int_equal(s.n, 0);
}

static void state_dir(void **state)
{
	static const mode_t modes[] = {0701, 0702, 0704, 0710, 0720, 0740, 0755, 01777};
	struct enc_arena *a = enc_arena_new();
	const char *got = NULL;
	char path[128];
	struct enc_err e = {0};
	struct stat st;

	snprintf(path, sizeof(path), "%s/deep/er/state", root);
	setenv("ENCLOSURE_STATE", path, 1);
	assert_int_equal(enc_state_dir(a, false, &got, &e), 0); /* absent: readers find nothing in it */
	assert_string_equal(got, path);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(enc_state_dir(a, true, &got, &e), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	for (size_t i = 0; i < ENC_LEN(modes); i++) {
		assert_int_equal(chmod(path, modes[i]), 0);
		enc_err_clear(&e);
		assert_int_equal(enc_state_dir(a, false, &got, &e), -EPERM);
		assert_string_equal(e.id, "E0801");
		assert_non_null(strstr(e.hint, "chmod 700"));
		assert_int_equal(enc_state_dir(a, true, &got, &e), -EPERM);
	}
	assert_int_equal(chmod(path, 0700), 0);
	if (geteuid() == 0) {
		assert_int_equal(chown(path, 12345, 12345), 0);
		enc_err_clear(&e);
		assert_int_equal(enc_state_dir(a, true, &got, &e), -EPERM);
		assert_non_null(strstr(e.text, "12345"));
	}
	setenv("ENCLOSURE_STATE", "relative", 1);
	enc_err_clear(&e);
	assert_int_equal(enc_state_dir(a, true, &got, &e), -EINVAL);
	unsetenv("ENCLOSURE_STATE");
	if (geteuid() != 0) {
		setenv("XDG_STATE_HOME", root, 1);
		assert_int_equal(enc_state_dir(a, false, &got, NULL), 0);
		assert_non_null(strstr(got, root));
	}
	enc_arena_free(a);
}

static const char *const ids[] = {"01aaaaaaaa0000000000000001", "01aaaaaaaa0000000000000002",
				  "01bbbbbbbb0000000000000003", "01cccccccc0000000000000004"};

static void runs_are_found(void **state)
{
	static const struct {
		const char *what;
		int want;
		const char *id;
	} rows[] = {
		{"last", 0, "01cccccccc0000000000000004"},
		{"01aaaaaaaa0000000000000001", 0, "01aaaaaaaa0000000000000001"},
		{"01AAAAAAAA0000000000000001", 0, "01aaaaaaaa0000000000000001"},
		{"01bbbb", 0, "01bbbbbbbb0000000000000003"},
		{"01bbb", -ENOENT, NULL},
		{"01aaaa", -EEXIST, NULL},
		{"01aaaaaaaa000000000000000", -EEXIST, NULL},
		{"demo", 0, "01bbbbbbbb0000000000000003"}, /* the newest of that name */
		{"first", 0, "01aaaaaaaa0000000000000001"},
		{"other", -ENOENT, NULL},
		{"", -ENOENT, NULL},
		{"../log", -ENOENT, NULL},
	};
	static const char *const names[] = {"first", "demo", "demo", NULL};
	struct enc_err e = {0};

	assert_int_equal(enc_state_find_run(root, "last", (char[27]){0}, &e), -ENOENT);
	assert_string_equal(e.id, "E0802");
	for (size_t i = 0; i < ENC_LEN(ids); i++) {
		struct stat st;
		int fd = -1;

		assert_int_equal(enc_state_new_run(root, ids[i], names[i], &fd, NULL), 0);
		assert_int_equal(fstat(fd, &st), 0);
		assert_int_equal(st.st_mode & 07777, 0700);
		close(fd);
	}
	for (size_t i = 0; i < ENC_LEN(rows); i++) {
		char id[27] = "";
		int r;

		enc_err_clear(&e);
		r = enc_state_find_run(root, rows[i].what, id, &e);
		if (r != rows[i].want || (rows[i].id && strcmp(id, rows[i].id) != 0))
			fail_msg("'%s': %d %s", rows[i].what, r, id);
		if (r < 0 && (strcmp(e.id, "E0802") != 0 || !e.hint[0]))
			fail_msg("'%s': no code or hint: %s", rows[i].what, e.text);
	}
}

static void run_names(void **state)
{
	static const char *const bad[] = {"",	     "last",	"-x",
					  ".hidden", "a/b",	"a b",
					  "x\n",     "\033[2J", "01aaaaaaaa0000000000000001"};
	int fd = -1;

	for (size_t i = 0; i < ENC_LEN(bad); i++) {
		struct enc_err e = {0};

		if (enc_state_new_run(root, ids[0], bad[i], &fd, &e) != -EINVAL || !e.hint[0])
			fail_msg("name '%s' was taken", bad[i]);
	}
	assert_int_equal(enc_state_new_run(root, "../../../escape", NULL, &fd, NULL), -EINVAL);
	assert_int_equal(enc_state_new_run(root, ids[0], "nightly-3.1_b", &fd, NULL), 0);
	close(fd);
	assert_int_equal(enc_state_new_run(root, ids[0], NULL, &fd, NULL), -EEXIST);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(numbers_go_on_over_handles),
		CASE(two_handles_take_turns),
		CASE(private_modes),
		cmocka_unit_test(torn_tails_are_cut_and_told),
		CASE(torn_first_line),
		CASE(much_damage_is_refused),
		CASE(full_segment_begins_another),
		CASE(many_writers),
		CASE(killed_writers),
		CASE(full_disk),
		CASE(links_are_not_followed),
		CASE(planted_segment),
		CASE(damaged_logs_are_not_read_on),
		CASE(nothing_recorded),
		CASE(state_dir),
		CASE(runs_are_found),
		CASE(run_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
