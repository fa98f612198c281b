/* SPDX-License-Identifier: MIT */
/*
 * test_plan_paths.c - from path clauses to mounts: grants, links, masks, pins, single files, the state directory
 */
#include "plan_fixture.h"

#include <sys/sysmacros.h>

#include "plan/impl.h"

#define WS "own @/home\nrw @/home/ws"

static const struct {
	const char *name, *tree, *text, *said;
} rows[] = {
	{"nothing granted but the workspace", "", "filesystem: {write: [$WORKSPACE]}\n", WS},
	{"a read inside a write says nothing new", "mkdir home/ws/a", "filesystem: {write: [$WORKSPACE], read: [a]}\n",
	 WS},
	{"a write inside a read opens that part", "mkdir home/ws/a", "filesystem: {read: [$WORKSPACE], write: [a]}\n",
	 "own @/home\nro @/home/ws\nrw @/home/ws/a"},
	{"a granted home is not private", "", "filesystem: {read: [~]}\n", "ro @/home"},
	{"absent", "", "filesystem: {write: [$WORKSPACE], read: [~/gone]}\n",
	 WS "\n! filesystem.read[0]: @/home/gone does not exist"},
	{"absent and optional", "",
	 "filesystem: {write: [$WORKSPACE], read: [{path: ~/gone, optional: true}, {path: ~/ws/m.yaml/x, optional: "
	 "true}]}\n",
	 WS},
	{"patterns", "", "filesystem: {write: [$WORKSPACE], deny: [\"**/.env\"]}\n",
	 WS "\n! filesystem.deny[0]: patterns are not bound in this version"},
	{"a pipe can't be granted for writing", "mkfifo home/p", "filesystem: {write: [$WORKSPACE, ~/p]}\n",
	 WS "\n! filesystem.write[1]: @/home/p is neither a folder nor a regular file"},

	/* Links */
	{"a link of the owner is followed and kept", "mkdir -p outside/usr/bin && ln -s usr/bin outside/bin",
	 "filesystem: {write: [$WORKSPACE], read: [@/outside/bin]}\n",
	 WS "\nlink @/outside/bin -> usr/bin\nro @/outside/usr/bin"},
	{"the link is kept beside a grant of its target", "mkdir -p outside/usr/bin && ln -s usr/bin outside/bin",
	 "filesystem: {write: [$WORKSPACE], read: [@/outside/usr, @/outside/bin]}\n",
	 WS "\nlink @/outside/bin -> usr/bin\nro @/outside/usr"},
	{"links of links, up and absolute",
	 "mkdir -p outside/a/b && ln -s ../a/./b outside/a/l1 && ln -s \"$PWD/outside/a/l1\" outside/l2",
	 "filesystem: {write: [$WORKSPACE], read: [@/outside/l2]}\n",
	 WS "\nlink @/outside/l2 -> @/outside/a/l1\nro @/outside/a/b\nlink @/outside/a/l1 -> ../a/./b"},
	{"a planted link is not followed for reading", "ln -s ../../outside home/ws/l",
	 "filesystem: {write: [$WORKSPACE], read: [l]}\n",
	 WS
	 "\n! filesystem.read[0]: @/home/ws/l is a symbolic link in a folder that runs can write: it is not followed"},
	{"nor for writing, nor in the middle", "mkdir outside/d && ln -s ../../outside home/ws/l",
	 "filesystem: {write: [$WORKSPACE, l/d]}\n",
	 WS
	 "\n! filesystem.write[1]: @/home/ws/l is a symbolic link in a folder that runs can write: it is not followed"},
	{"nor in a workspace that can only be read", "ln -s ../../outside home/ws/l",
	 "filesystem: {read: [$WORKSPACE, l]}\n",
	 "own @/home\nro @/home/ws\n! filesystem.read[1]: @/home/ws/l is a symbolic link in a folder that runs can "
	 "write: it is not followed"},
	{"nor where a later grant makes its place writable",
	 "mkdir -p home/a-long-name/d outside/x && ln -s home/a-long-name/d/e l && ln -s ../../../outside/x "
	 "home/a-long-name/d/e",
	 "filesystem: {write: [$WORKSPACE, @/l, ~/a-long-name]}\n",
	 "own @/home\nlink @/l -> home/a-long-name/d/e\nrw @/home/a-long-name\nrw @/home/ws\nrw @/outside/x\n"
	 "! filesystem.write[1]: @/home/a-long-name/d/e is a symbolic link in a folder that runs can write: it is not "
	 "followed"},
	{"a circle", "ln -s b outside/a && ln -s a outside/b",
	 "filesystem: {write: [$WORKSPACE], read: [@/outside/a]}\n",
	 WS "\n! filesystem.read[0]: @/outside/a can't be looked at: Too many levels of symbolic links"},
	{"a link to nothing", "ln -s gone home/l", "filesystem: {write: [$WORKSPACE], read: [~/l]}\n",
	 WS "\n! filesystem.read[0]: @/home/l does not exist"},

	/* Deny */
	{"outside of every grant, there or not", "mkdir home/.ssh",
	 "filesystem: {write: [$WORKSPACE], deny: [~/.ssh, ~/.aws]}\n", WS},
	{"a folder and a file", "mkdir home/ws/d && touch home/ws/f",
	 "filesystem: {write: [$WORKSPACE], deny: [d, f]}\n", WS "\nmask-dir @/home/ws/d\nmask-file @/home/ws/f"},
	{"every folder on the way down is pinned", "mkdir -p home/ws/a/b && touch home/ws/a/b/s",
	 "filesystem: {write: [$WORKSPACE], deny: [a/b/s]}\n",
	 WS "\npin @/home/ws/a\npin @/home/ws/a/b\nmask-file @/home/ws/a/b/s"},
	{"but not in a grant for reading", "mkdir -p home/ws/a/b && touch home/ws/a/b/s",
	 "filesystem: {read: [$WORKSPACE], deny: [a/b/s]}\n", "own @/home\nro @/home/ws\nmask-file @/home/ws/a/b/s"},
	{"a deny in a deny, the deep one first", "mkdir -p home/ws/a/b",
	 "filesystem: {write: [$WORKSPACE], deny: [a/b, a]}\n", WS "\nmask-dir @/home/ws/a"},
	{"a deny in a deny, the deep one last", "mkdir -p home/ws/a/b",
	 "filesystem: {write: [$WORKSPACE], deny: [a, a/b]}\n", WS "\nmask-dir @/home/ws/a"},
	{"a pin in a deny", "mkdir -p home/ws/a/b && touch home/ws/a/b/s",
	 "filesystem: {write: [$WORKSPACE], deny: [a/b/s, a/b]}\n", WS "\npin @/home/ws/a\nmask-dir @/home/ws/a/b"},
	{"a link: what it points at", "mkdir -p home/ws/real && ln -s real home/ws/l && touch home/ws/real/s",
	 "filesystem: {write: [$WORKSPACE], deny: [l/s]}\n", WS "\npin @/home/ws/real\nmask-file @/home/ws/real/s"},
	{"a link out of every grant", "touch outside/s && ln -s ../../outside/s home/ws/l",
	 "filesystem: {write: [$WORKSPACE], deny: [l]}\n", WS},
	{"absent inside a grant", "", "filesystem: {write: [$WORKSPACE], deny: [gone]}\n",
	 WS
	 "\n! filesystem.deny[0]: @/home/ws/gone is inside a grant and does not exist yet; absent paths are not bound "
	 "in this version (No such file or directory)"},
	{"absent and optional inside a grant", "",
	 "filesystem: {write: [$WORKSPACE], deny: [{path: gone/x, optional: true}]}\n", WS},
	{"a link to what holds a grant", "ln -s ../home outside/h",
	 "filesystem: {write: [$WORKSPACE], deny: [@/outside/h]}\n",
	 WS "\n! filesystem.deny[0]: @/home holds what another clause grants"},
	{"of a part that a deeper grant carries", "mkdir -p home/ws/a && touch home/ws/a/s",
	 "filesystem: {read: [$WORKSPACE], write: [a], deny: [a/s]}\n",
	 "own @/home\nro @/home/ws\nrw @/home/ws/a\nmask-file @/home/ws/a/s"},

	/* Protect */
	{"protect with pins", "mkdir -p home/ws/.git/hooks",
	 "filesystem: {write: [$WORKSPACE], protect: [.git/hooks]}\n",
	 WS "\npin @/home/ws/.git\nprotect @/home/ws/.git/hooks"},
	{"protect of what is read-only already", "mkdir home/ws/.git",
	 "filesystem: {read: [$WORKSPACE], protect: [.git]}\n", "own @/home\nro @/home/ws"},
	{"a deny inside a protect", "mkdir -p home/ws/.git/s",
	 "filesystem: {write: [$WORKSPACE], protect: [.git], deny: [.git/s]}\n",
	 WS "\nprotect @/home/ws/.git\nmask-dir @/home/ws/.git/s"},
	{"protect through a link that could be replaced", "touch home/ws/real && ln -s real home/ws/l",
	 "filesystem: {write: [$WORKSPACE], protect: [l]}\n",
	 WS "\n! filesystem.protect[0]: @/home/ws/l is a symbolic link in a writable folder, which could be replaced"},

	/* Single files */
	{"a writable file in the private home is kept by copy", "touch home/.claude.json",
	 "filesystem: {write: [$WORKSPACE, ~/.claude.json]}\n", "own @/home\nsync @/home/.claude.json\nrw @/home/ws"},
	{"its folder is private", "mkdir -p home/.c && touch home/.c/f", "filesystem: {write: [$WORKSPACE, ~/.c/f]}\n",
	 "own @/home\nown @/home/.c\nrw @/home/ws\nsync @/home/.c/f"},
	{"inside a grant it is mounted", "touch home/ws/f", "filesystem: {read: [$WORKSPACE], write: [f]}\n",
	 "own @/home\nro @/home/ws\nrw @/home/ws/f"},
	{"a file for reading is mounted", "touch home/f", "filesystem: {write: [$WORKSPACE], read: [~/f]}\n",
	 "own @/home\nro @/home/f\nrw @/home/ws"},
	{"granted by one name, protected by another", "touch home/f && ln -s ../home/f outside/l",
	 "filesystem: {write: [$WORKSPACE, ~/f], protect: [@/outside/l]}\n",
	 "own @/home\nsync @/home/f\nrw @/home/ws\n! filesystem.protect[0]: the same file is granted for writing by "
	 "filesystem.write[1]"},

	/* The state directory, and what lies over the host's */
	{"the state inside a grant for writing", "mkdir -p state/runs home/.local/state/enclosure",
	 "filesystem: {write: [$WORKSPACE, @]}\n",
	 "rw @\npin @/home\nmask-dir @/state\npin @/home/.local\npin @/home/ws\npin @/home/.local/state\n"
	 "mask-dir @/home/.local/state/enclosure"},
	{"a state that the run could make", "mkdir -p home/.local/state",
	 "filesystem: {write: [$WORKSPACE, ~/.local]}\n",
	 "E0404 filesystem.write[1] lets the run make Enclosure's state directory @/home/.local/state/enclosure, which "
	 "does "
	 "not exist yet"},
	{"the user's own state, wherever this run's is", "mkdir -p home/.local/state/enclosure",
	 "filesystem: {read: [~]}\n", "ro @/home\nmask-dir @/home/.local/state/enclosure"},
	{"a grant inside the user's own state", "mkdir -p home/.local/state/enclosure/log",
	 "filesystem: {write: [$WORKSPACE], read: [~/.local/state/enclosure/log]}\n",
	 "E0404 filesystem.read[0] grants @/home/.local/state/enclosure/log, which lies in Enclosure's own state "
	 "directory"},
	{"a grant of the whole state by another name", "ln -s ../state outside/s",
	 "filesystem: {write: [$WORKSPACE], read: [@/outside/s]}\n",
	 "E0404 filesystem.read[0] grants @/state, which lies in Enclosure's own state directory"},
	{"the working directory is in no grant", "", "filesystem: {read: [@/outside]}\n",
	 "E0402 the working directory @/home/ws is not visible inside: no grant shows it"},
	{"the working directory is denied", "mkdir home/ws/d", "filesystem: {read: [@], deny: [~/ws]}\n",
	 "E0402 the working directory @/home/ws is not visible inside: no grant shows it"},
};

static void test_mounts(void **state)
{
	struct fixture *f = *state;
	size_t failed = 0;

	for (size_t i = 0; i < ENC_LEN(rows); i++) {
		char *said;

		tree(f, rows[i].tree);
		(void)plan_of(f, rows[i].text, NULL, 0);
		said = plan_said(f);
		if (strcmp(said, rows[i].said) != 0) {
			failed++;
			print_error("%s:\n--- want\n%s\n--- have\n%s\n", rows[i].name, rows[i].said, said);
		}
		free(said);
		for (size_t b = 0; plan && b < plan->n_bindings; b++)
			if (!plan->bindings[b].bound &&
			    (!plan->bindings[b].next || plan->bindings[b].note || plan->bindings[b].mechanisms))
				fail_msg("%s: %s: a clause that is not bound says what to do, and nothing else",
					 rows[i].name, plan->bindings[b].clause->id);
	}
	assert_int_equal(failed, 0);
}

/* `read: [/]` shows the host's tree, but not what lies under the run's own /tmp and /run. */
static void test_whole_host(void **state)
{
	struct fixture *f = *state;
	char *said;

	tree(f, "");
	(void)plan_of(f, "filesystem: {read: [/], write: [$WORKSPACE], deny: [@/outside]}\n", NULL, 0);
	said = plan_said(f);
	/* The home lies in /tmp here, so it is private, and the denied folder is not there to be masked. */
	assert_string_equal(said, "ro /\nown @/home\nrw @/home/ws");
	free(said);
	(void)plan_of(f, "filesystem: {read: [/, $WORKSPACE]}\n", NULL, 0);
	said = plan_said(f);
	assert_string_equal(said, "ro /\nown @/home\nro @/home/ws");
	free(said);
	(void)plan_of(f, "filesystem: {read: [/]}\n", NULL, 0);
	said = plan_said(f);
	assert_string_equal(said, "E0402 the working directory @/home/ws is not visible inside: no grant shows it");
	free(said);
}

/* What the launcher compares: the resolved object, and the owner that an idmapped mount maps. */
static void test_identity(void **state)
{
	struct fixture *f = *state;
	struct stat st;
	char path[200];

	tree(f, "mkdir outside/d && ln -s d outside/l && touch home/k && chmod 640 home/k");
	assert_non_null(plan_of(f, "filesystem: {write: [$WORKSPACE, ~/k], read: [@/outside/l]}\n", NULL, 0));
	snprintf(path, sizeof(path), "%s/outside/d", f->root);
	assert_int_equal(stat(path, &st), 0);
	for (size_t i = 0; i < plan->n_mounts; i++) {
		const struct enc_mount *m = &plan->mounts[i];

		if (m->kind == ENC_MT_BIND_RO) {
			assert_string_equal(m->path, path);
			assert_true(m->dev == st.st_dev && m->ino == st.st_ino && m->is_dir);
			assert_int_equal(m->uid, st.st_uid);
			assert_string_equal(plan->bindings[m->clause].clause->id, "filesystem.read[0]");
			assert_false(m->idmap); /* others may read it */
		}
		if (m->kind == ENC_MT_FILE_SYNC)
			assert_int_equal(m->mode, 0640);
		if (m->kind == ENC_MT_BIND_RW)
			assert_int_equal(m->idmap, geteuid() == 0);
	}
}

static void test_idmap_of_closed(void **state)
{
	struct fixture *f = *state;

	if (geteuid() != 0)
		skip();
	tree(f,
	     "mkdir outside/open outside/closed && chmod 700 outside/closed && mkdir -p outside/shut/in && chmod 700 "
	     "outside/shut");
	assert_non_null(
		plan_of(f, "filesystem: {write: [$WORKSPACE], read: [@/outside/open, @/outside/closed]}\n", NULL, 0));
	for (size_t i = 0; i < plan->n_mounts; i++)
		if (plan->mounts[i].kind == ENC_MT_BIND_RO)
			assert_int_equal(plan->mounts[i].idmap, strstr(plan->mounts[i].path, "closed") != NULL);
	assert_true(enc_plan_find(plan, "filesystem.read[1]")->mechanisms & ENC_BIT(IDMAP));
	enc_host_mask(&plan_host, ENC_MECH_IDMAP);
	assert_non_null(plan_of(f, "filesystem: {write: [$WORKSPACE]}\n", NULL, 0));
	host_with_all(&plan_host);
	assert_false(plan->runnable);
	assert_non_null(strstr(enc_plan_find(plan, "filesystem.write[0]")->missing, "idmapped"));
}

/* The launcher walks with the rights of the run: what it can't reach needs no mask, and can't be granted apart. */
static void test_closed_folders(void **state)
{
	struct fixture *f = *state;
	char *said;

	if (geteuid() != 0)
		skip();
	tree(f, "mkdir -p outside/shut/in && chmod 700 outside/shut && chmod 755 outside . && touch outside/shut/s");
	assert_non_null(plan_of(f, "filesystem: {write: [$WORKSPACE], read: [@/outside], deny: [@/outside/shut/s]}\n",
				NULL, 0));
	said = plan_said(f);
	assert_string_equal(said, "own @/home\nro @/outside\nrw @/home/ws");
	free(said);
	assert_true(plan->runnable);
	assert_non_null(strstr(enc_plan_find(plan, "filesystem.deny[0]")->note, "closed"));
	assert_non_null(
		plan_of(f, "filesystem: {write: [$WORKSPACE, @/outside/shut/in], read: [@/outside]}\n", NULL, 0));
	assert_false(plan->runnable);
	assert_non_null(strstr(enc_plan_find(plan, "filesystem.write[1]")->missing, "closed"));
	/* Mapped to its owner, the run can go there, and so the mask is needed. */
	assert_int_equal(shell(f, "chmod 700 outside"), 0);
	assert_non_null(plan_of(f, "filesystem: {write: [$WORKSPACE], read: [@/outside], deny: [@/outside/shut/s]}\n",
				NULL, 0));
	said = plan_said(f);
	assert_string_equal(said, "own @/home\nro @/outside\nrw @/home/ws\nmask-file @/outside/shut/s");
	free(said);
}

/* Walks that must end: too long, too many links, through a file. */
static void test_resolve_ends(void **state)
{
	struct fixture *f = *state;
	enc_auto(enc_arena_free_auto) struct enc_arena *a = enc_arena_new();
	struct enc_resolved at;
	char *path;

	tree(f, "touch home/f && cd outside && n=$(printf 'x%.0s' $(seq 200)) && for i in 1 2 3 4 5 6 7 8 9 10 11 12 "
		"13 14 15 "
		"16 17 18 19; do mkdir $n && cd $n; done; ln -s $(pwd | cut -c1-3900)/. l 2>/dev/null; true");
	path = enc_arena_printf(a, "%s/home/f/x", f->root);
	enc_resolve(a, path, false, NULL, 0, &at);
	assert_int_equal(at.error, ENOTDIR);
	assert_false(at.exists);
	path = enc_arena_alloc(a, 8000);
	memset(path, '/', 1);
	for (size_t i = 1; i < 7000; i += 2)
		memcpy(path + i, "a/", 3);
	enc_resolve(a, path, false, NULL, 0, &at);
	assert_int_equal(at.error, ENAMETOOLONG);
	assert_false(at.exists);
	/* What is left over after a link's target does not fit any more: an error, never a shorter path. */
	path = enc_arena_printf(a, "%s/home/l", f->root);
	{
		char target[3900];

		memset(target, 'b', sizeof(target));
		for (size_t i = 0; i < sizeof(target); i += 100)
			target[i] = '/';
		target[sizeof(target) - 1] = '\0';
		assert_int_equal(symlink(target, path), 0);
	}
	path = enc_arena_printf(a, "%s/home/l/%0300d", f->root, 1);
	enc_resolve(a, path, false, NULL, 0, &at);
	assert_true(at.error == ELOOP || at.error == ENOENT || at.error == ENAMETOOLONG);
	assert_false(at.exists);
	free(at.links);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_mounts, plan_open, plan_close),
		cmocka_unit_test_setup_teardown(test_whole_host, plan_open, plan_close),
		cmocka_unit_test_setup_teardown(test_identity, plan_open, plan_close),
		cmocka_unit_test_setup_teardown(test_idmap_of_closed, plan_open, plan_close),
		cmocka_unit_test_setup_teardown(test_closed_folders, plan_open, plan_close),
		cmocka_unit_test_setup_teardown(test_resolve_ends, plan_open, plan_close),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
