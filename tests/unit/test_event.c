/* SPDX-License-Identifier: MIT */
/*
 * test_event.c - the table, the encoder and its limit, the bus, and the pages that are made from the table
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/codes.h"
#include "base/text.h"
#include "base/utf8.h"
#include "event/event.h"

static void every_kind_of_value(void **state)
{
	static const char *const argv[] = {"/bin/echo", "a b", "\xff\n"};
	struct enc_buf b = {0};
	struct enc_event ev;

	enc_event_init(&ev, ENC_EV_RUN_STARTED, "01run", "supervisor");
	ev.seq = 7;
	ev.real_ns = 1763700244000000005ull;
	ev.mono_ns = UINT64_MAX;
	enc_ev_list(&ev, ENC_F_ARGV, argv, 3);
	enc_ev_str(&ev, ENC_F_CWD, "/w\"");
	enc_ev_str(&ev, ENC_F_USER, NULL); /* left out */
	enc_ev_uint(&ev, ENC_F_UID, 1001);
	enc_ev_bool(&ev, ENC_F_RUNNABLE, true);
	enc_ev_int(&ev, ENC_F_EXIT, -1);
	enc_ev_json(&ev, ENC_F_USAGE, "{\"a\":1}");
	enc_event_encode(&ev, "boot-id", &b);
	assert_string_equal(b.s, "{\"v\":1,\"seq\":7,\"time\":\"2025-11-21T04:44:04.000000005Z\","
				 "\"mono_ns\":18446744073709551615,\"boot\":\"boot-id\",\"run\":\"01run\","
				 "\"type\":\"run.started\",\"by\":\"supervisor\",\"argv\":[\"/bin/echo\",\"a b\","
				 "\"\\u00ff\\n\"],\"cwd\":\"/w\\\"\",\"uid\":1001,\"runnable\":true,\"exit\":-1,"
				 "\"usage\":{\"a\":1}}");
	enc_buf_done(&b);
}

static char *filled(size_t n, const char *with)
{
	size_t len = strlen(with);
	char *s = enc_alloc(n + 1);

	for (size_t i = 0; i + len <= n; i += len)
		memcpy(s + i, with, len);
	return s;
}

/* However long and however hostile the strings are: a line within the limit, valid UTF-8, told what was cut. */
static void long_lines_are_cut(void **state)
{
	static const char *const fills[] = {"a", "\xff", "\"", "\033", "\xe2\x82\xac", "\xf0\x9f\x98\x80"};
	static const size_t sizes[] = {100, 60000, 65535, 70000, 400000, 3000000};

	for (size_t i = 0; i < ENC_LEN(fills); i++)
		for (size_t k = 0; k < ENC_LEN(sizes); k++) {
			enc_auto(enc_free_auto) char *s = filled(sizes[k], fills[i]);
			const char *list[] = {s, "short", s};
			struct enc_buf b = {0};
			struct enc_event ev;

			enc_event_init(&ev, ENC_EV_RUN_STARTED, "01run", "supervisor");
			enc_ev_str(&ev, ENC_F_USER, "agent");
			enc_ev_str(&ev, ENC_F_CWD, s);
			enc_ev_list(&ev, ENC_F_ARGV, list, 3);
			enc_event_encode(&ev, "boot", &b);
			if (b.len > ENC_EVENT_MAX || strchr(b.s, '\n') || b.s[b.len - 1] != '}' ||
			    !enc_utf8_ok(b.s, b.len))
				fail_msg("%zu x %zu: a line of %zu", i, sizes[k], b.len);
			if (!strstr(b.s, "\"user\":\"agent\"") || !strstr(b.s, "\"short\""))
				fail_msg("%zu x %zu: short fields are lost", i, sizes[k]);
			if ((sizes[k] > 65000) != !!strstr(b.s, "\"truncated\":[\"cwd\",\"argv\"]") &&
			    sizes[k] != 60000)
				fail_msg("%zu x %zu: `truncated` is wrong", i, sizes[k]);
			enc_buf_done(&b);
		}
}

static void a_list_of_many_is_cut(void **state)
{
	size_t n = 100000;
	const char **list = enc_alloc(n * sizeof(*list));
	struct enc_buf b = {0};
	struct enc_event ev;

	for (size_t i = 0; i < n; i++)
		list[i] = "";
	enc_event_init(&ev, ENC_EV_RUN_STARTED, "01run", "supervisor");
	enc_ev_list(&ev, ENC_F_ARGV, list, n);
	enc_event_encode(&ev, "boot", &b);
	assert_true(b.len <= ENC_EVENT_MAX);
	assert_non_null(strstr(b.s, "\"truncated\":[\"argv\"]"));
	enc_buf_done(&b);
	free(list);
}

/* A JSON value can't be cut in the middle: it is left out, and that is told. */
static void large_json_is_left_out(void **state)
{
	enc_auto(enc_free_auto) char *s = filled(80000, "1");
	struct enc_buf b = {0};
	struct enc_event ev;

	enc_event_init(&ev, ENC_EV_RUN_FINISHED, "01run", "supervisor");
	enc_ev_json(&ev, ENC_F_USAGE, s);
	enc_event_encode(&ev, "boot", &b);
	assert_true(b.len <= ENC_EVENT_MAX);
	assert_non_null(strstr(b.s, "\"usage\":null,\"truncated\":[\"usage\"]"));
	enc_buf_done(&b);
}

static void appends_to_what_is_there(void **state)
{
	enc_auto(enc_free_auto) char *s = filled(100000, "x");
	struct enc_buf b = {0};
	struct enc_event ev;

	enc_buf_puts(&b, "before");
	enc_event_init(&ev, ENC_EV_RUN_STARTED, "01run", "supervisor");
	enc_ev_str(&ev, ENC_F_CWD, s);
	enc_event_encode(&ev, "boot", &b);
	assert_memory_equal(b.s, "before{\"v\":1", 11);
	enc_buf_done(&b);
}

/* True when fn dies of the assertion. */
static bool dies(void (*fn)(void))
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		int null = open("/dev/null", O_WRONLY);

		dup2(null, 2);
		signal(SIGABRT, SIG_DFL); /* cmocka catches it */
		fn();
		_exit(0);
	}
	waitpid(pid, &status, 0);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

static void field_of_another_type(void)
{
	struct enc_event ev;

	enc_event_init(&ev, ENC_EV_RUN_STARTED, "01run", "supervisor");
	enc_ev_str(&ev, ENC_F_SNI, "x");
}

static void field_twice(void)
{
	struct enc_event ev;

	enc_event_init(&ev, ENC_EV_RUN_STARTED, "01run", "supervisor");
	enc_ev_str(&ev, ENC_F_CWD, "x");
	enc_ev_str(&ev, ENC_F_CWD, "y");
}

static void allowed_field(void)
{
	struct enc_event ev;

	enc_event_init(&ev, ENC_EV_RUN_STARTED, "01run", "supervisor");
	enc_ev_str(&ev, ENC_F_CWD, "x");
}

static void wrong_fields_are_bugs(void **state)
{
#ifdef NDEBUG
	skip();
#endif
	assert_true(dies(field_of_another_type));
	assert_true(dies(field_twice));
	assert_false(dies(allowed_field));
}

static void names_are_unique_and_well_formed(void **state)
{
	for (int t = 0; t < ENC_EV__COUNT; t++) {
		const char *name = enc_event_name((enum enc_event_type)t);

		assert_int_equal(strspn(name, "abcdefghijklmnopqrstuvwxyz._"), strlen(name));
		for (int o = 0; o < t; o++)
			assert_string_not_equal(name, enc_event_name((enum enc_event_type)o));
	}
	for (int f = 0; f < ENC_F__COUNT; f++) {
		static const char *const common[] = {"v",   "seq",  "time", "mono_ns",	"boot",
						     "run", "type", "by",   "truncated"};
		const char *name = enc_field_name((enum enc_field)f);

		assert_int_equal(strspn(name, "abcdefghijklmnopqrstuvwxyz_"), strlen(name));
		for (size_t i = 0; i < ENC_LEN(common); i++)
			assert_string_not_equal(name, common[i]);
		for (int o = 0; o < f; o++)
			assert_string_not_equal(name, enc_field_name((enum enc_field)o));
	}
}

static char order[8];

static int sink(const struct enc_event *ev, void *data, struct enc_err *e)
{
	const char *me = data;

	assert_true(ev->real_ns > 0 && ev->mono_ns > 0);
	strncat(order, me, 1);
	return me[1] ? ENC_FAIL(e, EIO, "sink %s", me) : 0;
}

static void every_sink_is_called(void **state)
{
	static char a[] = "a", b[] = "b!", c[] = "c!", d[] = "d";
	enc_auto(enc_bus_free_auto) struct enc_bus *bus = enc_bus_new();
	struct enc_err e = {0};
	struct enc_event ev;

	enc_event_init(&ev, ENC_EV_RUN_PLANNED, "01run", "supervisor");
	assert_int_equal(enc_bus_publish(bus, &ev, &e), 0);
	enc_bus_sink(bus, sink, a);
	enc_bus_sink(bus, sink, b);
	enc_bus_sink(bus, sink, c);
	enc_bus_sink(bus, sink, d);
	assert_int_equal(enc_bus_publish(bus, &ev, &e), -EIO);
	assert_string_equal(order, "abcd");
	assert_string_equal(e.text, "sink b!");
}

/* The pages in the tree are what the tables make: run `gen-docs` after a change of a table. */
static void pages_are_current(void **state)
{
	static const struct {
		const char *path;
		void (*make)(struct enc_buf *out);
	} pages[] = {
		{"docs/events.md", enc_event_docs},
		{"docs/schema/event.v1.json", enc_event_schema},
		{"docs/errors.md", enc_codes_docs},
	};
	const char *root = getenv("ENC_SOURCE_ROOT");

	if (!root)
		skip();
	for (size_t i = 0; i < ENC_LEN(pages); i++) {
		enc_auto(enc_free_auto) char *path = enc_asprintf("%s/%s", root, pages[i].path), *text = NULL;
		struct enc_buf b = {0};
		struct enc_err e = {0};
		size_t n;

		if (enc_read_file(AT_FDCWD, path, 1u << 20, &text, &n, &e) < 0)
			fail_msg("%s", e.text);
		pages[i].make(&b);
		if (n != b.len || memcmp(text, b.s, n) != 0)
			fail_msg("%s is out of date: make it again with gen-docs", pages[i].path);
		enc_buf_done(&b);
	}
}

static void codes(void **state)
{
	const char *code, *before = "";

	for (unsigned i = 0; (code = enc_code_at(i)) != NULL; i++) {
		assert_int_equal(strlen(code), 5);
		assert_int_equal(code[0], 'E');
		assert_int_equal(strspn(code + 1, "0123456789"), 4);
		if (strcmp(code, before) <= 0)
			fail_msg("%s stands behind %s", code, before);
		assert_non_null(enc_code_name(code));
		assert_true(strlen(enc_code_meaning(code)) > 5);
		before = code;
	}
	assert_string_equal(enc_code_name("E0401"), "unbound");
	assert_null(enc_code_name("E9999"));
	assert_null(enc_code_meaning(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_of_value),
		cmocka_unit_test(long_lines_are_cut),
		cmocka_unit_test(a_list_of_many_is_cut),
		cmocka_unit_test(large_json_is_left_out),
		cmocka_unit_test(appends_to_what_is_there),
		cmocka_unit_test(wrong_fields_are_bugs),
		cmocka_unit_test(names_are_unique_and_well_formed),
		cmocka_unit_test(every_sink_is_called),
		cmocka_unit_test(pages_are_current),
		cmocka_unit_test(codes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
