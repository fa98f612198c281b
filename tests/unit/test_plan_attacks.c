/* SPDX-License-Identifier: MIT */
/*
 * test_plan_attacks.c - what somebody who prepares the machine, the project or the environment could try on a plan
 */
#include "plan_fixture.h"

static char *said;

static void expect(struct fixture *f, const char *manifest, const char *want)
{
	plan_of(f, manifest, NULL, 0);
	free(said);
	said = plan_said(f);
	if (strcmp(said, want) != 0)
		fail_msg("%s\n--- want\n%s\n--- have\n%s", manifest, want, said);
}

static const struct enc_mount *mount_at(const char *path, enum enc_mount_kind kind)
{
	for (size_t i = 0; plan && i < plan->n_mounts; i++)
		if (plan->mounts[i].kind == kind && strcmp(plan->mounts[i].path, path) == 0)
			return &plan->mounts[i];
	return NULL;
}

/* /tmp is everybody's: what another user has linked there is not theirs to grant. */
static void test_links_of_strangers(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *mode, *owner;
		bool followed;
	} rows[] = {
		{"1777", "65534", false}, /* as /tmp: a stranger's link */
		{"0777", "65534", false}, /* without the sticky bit, too */
		{"1777", "0", true},	  /* root's own */
		{"0755", "65534", true},  /* in a folder that only its owner writes */
		{"1777", "same", true},	  /* who owns the folder could do anything anyway */
	};

	if (geteuid() != 0)
		skip();
	for (size_t i = 0; i < ENC_LEN(rows); i++) {
		bool same = strcmp(rows[i].owner, "same") == 0;
		char *make = enc_asprintf(
			"mkdir outside/open outside/x && chmod %s outside/open && ln -s ../x outside/open/l "
			"&& chown -h %s outside/open/l && chown %s outside/open",
			rows[i].mode, same ? "65534" : rows[i].owner, same ? "65534" : "0");

		tree(f, make);
		free(make);
		expect(f, "filesystem: {write: [$WORKSPACE, @/outside/open/l]}\n",
		       rows[i].followed ? "own @/home\nrw @/home/ws\nrw @/outside/x\nlink @/outside/open/l -> ../x"
					: "own @/home\nrw @/home/ws\n! filesystem.write[1]: @/outside/open/l is a "
					  "symbolic link in a "
					  "folder that runs can write: it is not followed");
	}
}

static void test_write_into_the_kernels(void **state)
{
	struct fixture *f = *state;
	static const char *const targets[] = {"/proc/sys", "/sys", "/dev/shm", "/"};

	for (size_t i = 0; i < ENC_LEN(targets); i++) {
		char *make = enc_asprintf("ln -s %s outside/l", targets[i]);
		char *want = enc_asprintf(
			"own @/home\nrw @/home/ws\n! filesystem.write[1]: @/outside/l leads to %s, which no "
			"run may write",
			targets[i]);

		tree(f, make);
		expect(f, "filesystem: {write: [$WORKSPACE, @/outside/l]}\n", want);
		free(make);
		free(want);
	}
}

/* A write in a read in a write is one grant, and what is protected in it is pinned from its very top. */
static void test_nested_grants_add_up(void **state)
{
	struct fixture *f = *state;

	tree(f, "mkdir -p home/ws/a/b/c && touch home/ws/a/b/c/s");
	expect(f, "filesystem: {write: [$WORKSPACE, a/b], read: [a], protect: [a/b/c/s]}\n",
	       "own @/home\nrw @/home/ws\npin @/home/ws/a\npin @/home/ws/a/b\npin @/home/ws/a/b/c\nprotect "
	       "@/home/ws/a/b/c/s");
	expect(f, "filesystem: {read: [$WORKSPACE, a/b], write: [a], protect: [a/b/c]}\n",
	       "own @/home\nro @/home/ws\nrw @/home/ws/a\npin @/home/ws/a/b\nprotect @/home/ws/a/b/c");
	expect(f, "filesystem: {read: [$WORKSPACE, a, a/b], write: [a/b/c]}\n",
	       "own @/home\nro @/home/ws\nrw @/home/ws/a/b/c");
}

/* The network needs /etc/resolv.conf; a deny of it, by any name, is stronger. */
static void test_denied_resolver(void **state)
{
	struct fixture *f = *state;
	static const char *const names[] = {"/etc/resolv.conf", "/etc", "@/outside/l"};
	char *real = realpath("/etc/resolv.conf", NULL);

	if (!real)
		skip();
	tree(f, "ln -s /etc/resolv.conf outside/l");
	plan_of(f, "network: {mode: open}\nfilesystem: {write: [$WORKSPACE]}\n", NULL, 0);
	assert_non_null(mount_at(real, ENC_MT_BIND_RO));
	for (size_t i = 0; i < ENC_LEN(names); i++) {
		char *manifest = enc_asprintf("network: {mode: open}\nfilesystem: {write: [$WORKSPACE], deny: [%s]}\n",
					      names[i]);

		assert_non_null(plan_of(f, manifest, NULL, 0));
		assert_null(mount_at(real, ENC_MT_BIND_RO));
		free(manifest);
	}
	plan_of(f, "network: {mode: none}\nfilesystem: {write: [$WORKSPACE]}\n", NULL, 0);
	assert_null(mount_at(real, ENC_MT_BIND_RO));
	free(real);
}

/* To connect is not to write: a grant for reading opens every service in it. The owner is told. */
static void test_sockets_are_named(void **state)
{
	struct fixture *f = *state;

	tree(f, "mkfifo outside/p");
	assert_non_null(plan_of(f, "filesystem: {write: [$WORKSPACE], read: [/run, @/outside/p, /usr, /]}\n", NULL, 0));
	assert_non_null(strstr(enc_plan_find(plan, "filesystem.read[0]")->note, "can talk to them"));
	assert_non_null(strstr(enc_plan_find(plan, "filesystem.read[1]")->note, "can talk to it"));
	assert_null(enc_plan_find(plan, "filesystem.read[2]")->note);
	assert_null(enc_plan_find(plan, "filesystem.read[3]")->note);
}

static void test_deny_of_private_places(void **state)
{
	struct fixture *f = *state;
	static const char *const ids[] = {"filesystem.deny[0]", "filesystem.deny[1]"};

	tree(f, "");
	assert_non_null(plan_of(f, "filesystem: {write: [$WORKSPACE], read: [/], deny: [/var/tmp, /run]}\n", NULL, 0));
	for (size_t i = 0; i < ENC_LEN(ids); i++)
		assert_string_equal(enc_plan_find(plan, ids[i])->note, "the run has a private folder in its place");
	for (size_t i = 0; i < plan->n_mounts; i++)
		assert_true(plan->mounts[i].kind != ENC_MT_MASK_DIR || strcmp(plan->mounts[i].path, "/run") != 0);
}

/* HOME is the caller's to choose: it must neither cover the run's own /proc nor add a line to its passwd. */
static void test_odd_homes(void **state)
{
	struct fixture *f = *state;
	static const char *const kernels[] = {"HOME=/proc", "HOME=/proc/x", "HOME=/sys", "HOME=/dev"};
	const struct enc_mount *m;

	tree(f, "");
	for (size_t i = 0; i < ENC_LEN(kernels); i++) {
		char *env[] = {enc_strdup(kernels[i]), NULL};

		assert_non_null(plan_of(f, "filesystem: {write: [$WORKSPACE]}\n", env, 0));
		for (size_t k = 0; k < plan->n_mounts; k++)
			assert_false(plan->mounts[k].kind == ENC_MT_SCRATCH);
		free(env[0]);
	}
	if (geteuid() != 0)
		return; /* an ordinary user's names come from /etc/passwd */
	char line[] = "HOME=/x\nroot2::0:0::/:/bin/sh";
	char *env[] = {line, NULL};

	assert_non_null(plan_of(f, "filesystem: {write: [$WORKSPACE]}\n", env, 0));
	m = mount_at("/etc/passwd", ENC_MT_TEXT);
	assert_non_null(m);
	assert_null(strstr(m->target, "root2"));
	assert_non_null(strstr(m->target, "agent:x:1879048192:1879048192:agent:/:"));
}

/* The generated file is a read-only mount already; a second one would look for the host's file in its place. */
static void test_protected_passwd(void **state)
{
	struct fixture *f = *state;

	if (geteuid() != 0)
		skip();
	tree(f, "");
	assert_non_null(
		plan_of(f, "filesystem: {write: [$WORKSPACE, /etc], protect: [/etc/passwd, /etc/fstab]}\n", NULL, 0));
	assert_non_null(mount_at("/etc/passwd", ENC_MT_TEXT));
	assert_null(mount_at("/etc/passwd", ENC_MT_PROTECT));
	for (size_t i = 0; i < plan->n_mounts; i++)
		for (size_t k = 0; k < i; k++)
			assert_false(plan->mounts[i].kind == plan->mounts[k].kind &&
				     strcmp(plan->mounts[i].path, plan->mounts[k].path) == 0);
	assert_true(access("/etc/fstab", F_OK) != 0 || mount_at("/etc/fstab", ENC_MT_PROTECT));
	assert_non_null(plan_of(f, "filesystem: {write: [$WORKSPACE], read: [/etc], deny: [/etc/passwd]}\n", NULL, 0));
	assert_null(mount_at("/etc/passwd", ENC_MT_TEXT));
	assert_non_null(mount_at("/etc/passwd", ENC_MT_MASK_FILE));
}

/* What the owner did not name keeps its own modes: only a grant that is closed to others is mapped, or one for writing.
 */
static void test_root_only_files(void **state)
{
	struct fixture *f = *state;

	if (geteuid() != 0)
		skip();
	tree(f, "mkdir outside/open outside/shut && chmod 700 outside/shut && touch outside/open/key && chmod 600 "
		"outside/open/key");
	assert_non_null(plan_of(f,
				"filesystem: {write: [$WORKSPACE], read: [/etc, /, @/outside/open, @/outside/shut]}\n",
				NULL, 0));
	assert_false(mount_at("/", ENC_MT_BIND_RO)->idmap);
	assert_null(mount_at("/etc", ENC_MT_BIND_RO));
	assert_non_null(plan_of(f, "filesystem: {write: [$WORKSPACE], read: [/etc, @/outside/open, @/outside/shut]}\n",
				NULL, 0));
	assert_false(mount_at("/etc", ENC_MT_BIND_RO)->idmap);
	char *open_ = with_root(f, "@/outside/open"), *shut = with_root(f, "@/outside/shut");

	assert_false(mount_at(open_, ENC_MT_BIND_RO)->idmap);
	assert_true(mount_at(shut, ENC_MT_BIND_RO)->idmap);
	assert_true(mount_at(f->ws, ENC_MT_BIND_RW)->idmap);
	free(open_);
	free(shut);
}

/* Root's own home is closed to an id that nobody has: then the run gets one, and one that it can read is left. */
static void test_closed_home(void **state)
{
	struct fixture *f = *state;
	char root[] = "HOME=/root", usr_[] = "HOME=/usr", *env[] = {root, NULL}, *usr[] = {usr_, NULL};
	struct stat st;

	if (geteuid() != 0 || stat("/root", &st) < 0 || st.st_mode & 05 || st.st_uid != 0)
		skip();
	tree(f, "");
	assert_non_null(plan_of(f, "filesystem: {write: [$WORKSPACE], read: [/]}\n", env, 0));
	assert_non_null(mount_at("/root", ENC_MT_SCRATCH));
	assert_non_null(plan_of(f, "filesystem: {write: [$WORKSPACE], read: [/root]}\n", env, 0));
	assert_null(mount_at("/root", ENC_MT_SCRATCH));
	assert_true(mount_at("/root", ENC_MT_BIND_RO)->idmap);
	assert_non_null(plan_of(f, "filesystem: {write: [$WORKSPACE], read: [/]}\n", usr, 0));
	assert_null(mount_at("/usr", ENC_MT_SCRATCH));
}

static void test_group_of_root(void **state)
{
	struct fixture *f = *state;

	tree(f, "");
	if (geteuid() != 0)
		skip();
	assert_null(plan_of(f, "user: \"65533:0\"\nfilesystem: {write: [$WORKSPACE]}\n", NULL, 0));
	assert_string_equal(f->e.id, "E0403");
	assert_non_null(strstr(f->e.text, "root's"));
	assert_non_null(plan_of(f, "user: \"65533:65533\"\nfilesystem: {write: [$WORKSPACE]}\n", NULL, 0));
	assert_int_equal(plan->ids.gid, 65533);
}

/* What is asked for twice is answered alike, whoever reads the plan. */
static void test_digest(void **state)
{
	struct fixture *f = *state;
	static const char manifest[] = "filesystem: {write: [$WORKSPACE], read: [/usr, /bin, /lib], deny: [x, /n]}\n";
	char first[65];

	tree(f, "touch home/ws/x");
	assert_non_null(plan_of(f, manifest, NULL, 0));
	memcpy(first, plan->digest, sizeof(first));
	assert_non_null(plan_of(f, manifest, NULL, 0));
	assert_string_equal(plan->digest, first);
	enc_host_mask(&plan_host, ENC_MECH_LANDLOCK);
	assert_non_null(plan_of(f, manifest, NULL, 0));
	assert_string_not_equal(plan->digest, first);
}

static int done(void **state)
{
	free(said);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_links_of_strangers, plan_open, plan_close),
		cmocka_unit_test_setup_teardown(test_write_into_the_kernels, plan_open, plan_close),
		cmocka_unit_test_setup_teardown(test_nested_grants_add_up, plan_open, plan_close),
		cmocka_unit_test_setup_teardown(test_denied_resolver, plan_open, plan_close),
		cmocka_unit_test_setup_teardown(test_sockets_are_named, plan_open, plan_close),
		cmocka_unit_test_setup_teardown(test_deny_of_private_places, plan_open, plan_close),
		cmocka_unit_test_setup_teardown(test_odd_homes, plan_open, plan_close),
		cmocka_unit_test_setup_teardown(test_protected_passwd, plan_open, plan_close),
		cmocka_unit_test_setup_teardown(test_root_only_files, plan_open, plan_close),
		cmocka_unit_test_setup_teardown(test_closed_home, plan_open, plan_close),
		cmocka_unit_test_setup_teardown(test_group_of_root, plan_open, plan_close),
		cmocka_unit_test_setup_teardown(test_digest, plan_open, plan_close),
	};

	return cmocka_run_group_tests(tests, NULL, done);
}
