/* SPDX-License-Identifier: MIT */
/*
 * test_landlock.c - constants by ABI, and a real domain in a child
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "sys/landlock.h"

static void rights_by_abi(void **state)
{
	static const struct {
		int abi;
		uint64_t fs, scopes;
	} rows[] = {
		{0, 0, 0},	{1, 0x1fff, 0}, {2, 0x3fff, 0}, {3, 0x7fff, 0},	 {4, 0x7fff, 0},   {5, 0xffff, 0},
		{6, 0xffff, 3}, {7, 0xffff, 3}, {8, 0xffff, 3}, {9, 0x1ffff, 3}, {10, 0x1ffff, 3}, {99, 0x1ffff, 3},
	};

	(void)state;
	for (size_t i = 0; i < ENC_LEN(rows); i++) {
		assert_int_equal(enc_sys_landlock_fs(rows[i].abi), rows[i].fs);
		assert_int_equal(enc_sys_landlock_scopes(rows[i].abi), rows[i].scopes);
	}
}

/* Every right that we claim for this kernel's ABI it takes, and it takes none that we don't know in its place. */
static void the_kernel_takes_them(void **state)
{
	int abi = enc_sys_landlock_abi(), fd;

	(void)state;
	if (!abi)
		skip();
	fd = enc_sys_landlock_new(enc_sys_landlock_fs(abi), enc_sys_landlock_scopes(abi));
	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	(void)close(fd);
	if (abi >= 9)
		return;
	assert_int_equal(enc_sys_landlock_new((enc_sys_landlock_fs(abi) << 1) | 1, 0), -1);
	assert_int_equal(errno, EINVAL);
}

/* In the child: 0 as it should be, else the number of the line. */
#define CHECK(x)                                                      \
	do {                                                          \
		if (!(x))                                             \
			_exit(__LINE__ & 0xff ? __LINE__ & 0xff : 1); \
	} while (0)

static _Noreturn void child(const char *dir, int abi)
{
	int rules = enc_sys_landlock_new(enc_sys_landlock_fs(abi), enc_sys_landlock_scopes(abi));
	int ro, rw, file;

	CHECK(!chdir(dir) && rules >= 0);
	ro = open("ro", O_PATH | O_CLOEXEC);
	rw = open("rw", O_PATH | O_CLOEXEC);
	file = open("file", O_PATH | O_CLOEXEC);
	CHECK(!enc_sys_landlock_allow(rules, ro, ENC_LL_READ_FILE | ENC_LL_READ_DIR));
	CHECK(!enc_sys_landlock_allow(rules, rw, enc_sys_landlock_fs(abi)));
	/* Directory rights on a file are cut, not an error; nothing left is no rule. */
	CHECK(!enc_sys_landlock_allow(rules, file, (ENC_LL_READ_FILE | ENC_LL_MAKE_REG) & enc_sys_landlock_fs(abi)));
	CHECK(!enc_sys_landlock_allow(rules, file, ENC_LL_MAKE_REG));
	CHECK(!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	CHECK(!enc_sys_landlock_enforce(rules));
	CHECK(open("ro/file", O_RDONLY | O_CLOEXEC) >= 0);
	CHECK(open("ro/file", O_WRONLY | O_CLOEXEC) < 0 && errno == EACCES);
	CHECK(open("ro/new", O_WRONLY | O_CREAT | O_CLOEXEC, 0600) < 0 && errno == EACCES);
	CHECK(open("rw/new", O_WRONLY | O_CREAT | O_CLOEXEC, 0600) >= 0);
	CHECK(open("file", O_RDONLY | O_CLOEXEC) >= 0);
	CHECK(open("file", O_RDWR | O_CLOEXEC) < 0 && errno == EACCES);
	CHECK(open("other", O_RDONLY | O_CLOEXEC) < 0 && errno == EACCES);
	CHECK(abi < 2 || !rename("rw/new", "rw/dir/new"));
	CHECK(rename("rw/dir/new", "ro/new") < 0);
	_exit(0);
}

static void put(const char *dir, const char *name)
{
	char path[128];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	(void)close(fd);
}

static void a_domain(void **state)
{
	char dir[] = "/tmp/enc-ll-XXXXXX", path[128];
	static const char *const dirs[] = {"ro", "rw", "rw/dir"};
	int abi = enc_sys_landlock_abi(), status;
	pid_t pid;

	(void)state;
	if (!abi)
		skip();
	assert_non_null(mkdtemp(dir));
	for (size_t i = 0; i < ENC_LEN(dirs); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", dir, dirs[i]);
		assert_int_equal(mkdir(path, 0700), 0);
	}
	put(dir, "ro/file");
	put(dir, "file");
	put(dir, "other");
	pid = fork();
	if (!pid)
		child(dir, abi);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	(void)snprintf(path, sizeof(path), "rm -rf %s", dir);
	assert_int_equal(system(path), 0);
	if (status)
		fail_msg("line %d (mod 256), status %#x", WEXITSTATUS(status), status);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rights_by_abi),
		cmocka_unit_test(the_kernel_takes_them),
		cmocka_unit_test(a_domain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
