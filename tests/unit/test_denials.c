/* SPDX-License-Identifier: MIT */
/*
 * test_denials.c - refused acts are told once, counted exactly, and bounded
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "run/denials.h"

struct seen {
	size_t n;
	enum enc_event_type last;
	uint64_t counts[4]; /* of folded events, in order */
	size_t folded;
	int fail;
};

static int sink(const struct enc_event *ev, void *data, struct enc_err *e)
{
	struct seen *s = data;

	if (s->fail)
		return ENC_FAIL(e, s->fail, "the sink failed");
	s->n++;
	s->last = ev->type;
	for (size_t i = 0; i < ev->n; i++)
		if (ev->v[i].field == ENC_F_COUNT && s->folded < 4)
			s->counts[s->folded++] = ev->v[i].u;
	return 0;
}

static struct enc_bus *new_bus(struct seen *s)
{
	struct enc_bus *b = enc_bus_new();

	memset(s, 0, sizeof(*s));
	enc_bus_sink(b, sink, s);
	return b;
}

static void test_fold(void **state)
{
	struct seen seen;
	struct enc_bus *bus = new_bus(&seen);
	struct enc_denials d = {0};
	struct enc_err e = {0};

	for (int i = 0; i < 1000; i++)
		assert_int_equal(enc_denials_add(&d, bus, "r", "mount", "mount", EPERM, getpid(), &e), 0);
	assert_int_equal(enc_denials_add(&d, bus, "r", "mount", "fsopen", EPERM, getpid(), &e), 0);
	assert_int_equal(enc_denials_add(&d, bus, "r", "mount", "mount", EPERM, getpid() + 1, &e), 0);
	assert_int_equal(seen.n, 3);
	assert_int_equal(seen.last, ENC_EV_PRIV_MOUNT);
	assert_int_equal(enc_denials_fold(&d, bus, "r", &e), 0);
	assert_int_equal(seen.n, 4);
	assert_int_equal(seen.folded, 1);
	assert_int_equal(seen.counts[0], 1000);
	enc_denials_done(&d);
	enc_bus_free(bus);
}

/* Every class that the filter can name has a type of its own or is the general one. */
static void test_types(void **state)
{
	static const struct {
		const char *class_name;
		enum enc_event_type want;
	} rows[] = {
		{"mount", ENC_EV_PRIV_MOUNT},	  {"unshare", ENC_EV_PRIV_UNSHARE}, {"setns", ENC_EV_PRIV_SETNS},
		{"bpf", ENC_EV_PRIV_BPF},	  {"module", ENC_EV_PRIV_MODULE},   {"io_uring", ENC_EV_PRIV_IO_URING},
		{"socket", ENC_EV_PRIV_SOCKET},	  {"keyctl", ENC_EV_PRIV_KEYCTL},   {"perf", ENC_EV_PRIV_PERF},
		{"nothing", ENC_EV_PRIV_SYSCALL}, {"syscall", ENC_EV_PRIV_SYSCALL},
	};

	for (size_t i = 0; i < ENC_LEN(rows); i++) {
		struct seen seen;
		struct enc_bus *bus = new_bus(&seen);
		struct enc_denials d = {0};
		struct enc_err e = {0};

		(void)enc_denials_add(&d, bus, "r", rows[i].class_name, "call", EPERM, 1, &e);
		if (seen.last != rows[i].want)
			fail_msg("%s became %s", rows[i].class_name, enc_event_name(seen.last));
		enc_denials_done(&d);
		enc_bus_free(bus);
	}
}

static void test_bounded(void **state)
{
	struct seen seen;
	struct enc_bus *bus = new_bus(&seen);
	struct enc_denials d = {0};
	struct enc_err e = {0};
	uint64_t total = 0;

	for (int i = 0; i < 5000; i++)
		(void)enc_denials_add(&d, bus, "r", "mount", "mount", EPERM, 100000 + i, &e);
	assert_int_equal(d.n, ENC_DENIALS_MAX);
	assert_int_equal(seen.n, ENC_DENIALS_MAX);
	assert_int_equal(d.unkept, 5000 - ENC_DENIALS_MAX);
	for (size_t i = 0; i < d.n; i++)
		total += d.rows[i].count;
	assert_int_equal(total, 5000);
	enc_denials_done(&d);
	enc_bus_free(bus);
}

static void test_sink_fails(void **state)
{
	struct seen seen;
	struct enc_bus *bus = new_bus(&seen);
	struct enc_denials d = {0};
	struct enc_err e = {0};

	seen.fail = ENOSPC;
	assert_int_equal(enc_denials_add(&d, bus, "r", "mount", "mount", EPERM, 1, &e), -ENOSPC);
	assert_string_equal(e.text, "the sink failed");
	enc_denials_done(&d);
	enc_bus_free(bus);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fold),
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_bounded),
		cmocka_unit_test(test_sink_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
