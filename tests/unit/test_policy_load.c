/* SPDX-License-Identifier: MIT */
/*
 * test_policy_load.c - where a manifest comes from: lookup, extends, workspace, user, built-in profiles
 */
#include "policy_fixture.h"

#include <sys/stat.h>

static void expect_clauses(struct fixture *f, const char *want)
{
	char *got = clauses(f);

	assert_string_equal(got, want);
	free(got);
}

static void test_lists_add_up_scalars_replace(void **state)
{
	struct fixture *f = *state;

	put_file(f, "home/ws/base.yaml",
		 "enclosure: 1\nname: base\nfilesystem:\n  read: [/usr, /opt]\n  deny: [/opt/x]\n"
		 "limits: {time: 1h, pids: 10}\nenv: {pass: [PATH], set: {A: \"1\", B: \"2\"}}\naccept: {rates: "
		 "detect}\n");
	assert_int_equal(load_text(f, "extends: [./base.yaml]\nfilesystem:\n  read: [/srv, /usr]\n  deny: [/srv/x]\n"
				      "limits: {time: 5m}\nenv: {pass: [TERM, PATH], set: {B: \"3\"}}\n"
				      "accept: {rates: contain, limits: detect}\n"),
			 0);
	expect_clauses(f, "filesystem.read[0] read /usr\n"
			  "filesystem.read[1] read /opt\n"
			  "filesystem.read[2] read /srv\n"
			  "filesystem.deny[0] deny /opt/x\n"
			  "filesystem.deny[1] deny /srv/x\n"
			  "env.pass[0] pass the variable PATH\n"
			  "env.pass[1] pass the variable TERM\n"
			  "env.set.A set the variable A\n"
			  "env.set.B set the variable B\n"
			  "limits.pids limit pids to 10\n"
			  "limits.time limit time to 5m");
	assert_string_equal(clause(f, "env.set.B")->value, "3");
	assert_string_equal(f->p->name, "base");
	assert_int_equal(clause(f, "filesystem.read[1]")->at.line, 4);
	assert_non_null(strstr(clause(f, "filesystem.read[1]")->at.file, "base.yaml"));
	assert_non_null(strstr(clause(f, "limits.time")->at.file, "m.yaml"));
	assert_int_equal(f->p->n_accepts, 2);
	assert_int_equal(f->p->accepts[0].guarantee, ENC_G_CONTAIN);
	assert_int_equal(f->p->n_files, 2);
}

static void test_diamond_applies_once(void **state)
{
	struct fixture *f = *state;

	put_file(f, "home/ws/a.yaml", "enclosure: 1\nrules: |\n  rule a:\n    x\n");
	put_file(f, "home/ws/b.yaml", "enclosure: 1\nextends: a.yaml\n");
	put_file(f, "home/ws/c.yaml", "enclosure: 1\nextends: [./a.yaml]\n");
	assert_int_equal(load_text(f, "extends: [b.yaml, c.yaml]\nrules: |\n  rule a:\n    y\n"), 0);
	expect_clauses(f, "rules.a[0] rule a: x\nrules.a[1] rule a: y");
	assert_int_equal(f->p->n_files, 4);
}

static void test_cycle_names_the_chain(void **state)
{
	struct fixture *f = *state;

	put_file(f, "home/ws/a.yaml", "enclosure: 1\nextends: [b.yaml]\n");
	put_file(f, "home/ws/b.yaml", "enclosure: 1\nname: b\nextends: [a.yaml]\n");
	assert_int_equal(load_text(f, "extends: [a.yaml]\n"), -EINVAL);
	assert_string_equal(f->said.s, "@/home/ws/b.yaml:3:11 E0304 extends goes in a circle: @/home/ws/a.yaml -> "
				       "@/home/ws/b.yaml -> @/home/ws/a.yaml");
	assert_int_equal(load_text(f, "extends: [m.yaml]\n"), -EINVAL);
	assert_string_equal(f->said.s, "@/home/ws/m.yaml:2:11 E0304 extends goes in a circle: @/home/ws/m.yaml -> "
				       "@/home/ws/m.yaml");
}

static void test_depth(void **state)
{
	struct fixture *f = *state;
	char name[32], text[80];

	for (int i = 0; i < 9; i++) {
		snprintf(name, sizeof(name), "home/ws/d%d.yaml", i);
		snprintf(text, sizeof(text), i < 8 ? "enclosure: 1\nextends: [d%d.yaml]\n" : "enclosure: 1\n", i + 1);
		put_file(f, name, text);
	}
	assert_int_equal(load_text(f, "extends: [d1.yaml]\n"), 0); /* d1 .. d8: eight */
	assert_int_equal(load_text(f, "extends: [d0.yaml]\n"), -EINVAL);
	assert_string_equal(f->said.s, "@/home/ws/d7.yaml:2:11 E0305 extends is more than 8 deep");
}

static void test_errors_of_a_parent_have_its_place(void **state)
{
	struct fixture *f = *state;

	put_file(f, "home/ws/a.yaml", "enclosure: 1\nlimits: {pids: x}\n");
	assert_int_equal(load_text(f, "extends: [a.yaml]\nlimits: {time: y}\n"), -EINVAL);
	assert_string_equal(
		f->said.s,
		"@/home/ws/a.yaml:2:16 E0204 limits.pids: 'x' is not a whole number\n"
		"@/home/ws/m.yaml:3:16 E0204 limits.time: 'y' is not a time such as 500ms, 30s, 10m, 2h or 7d");
}

static void test_child_tightens_and_never_widens(void **state)
{
	struct fixture *f = *state;

	put_file(f, "home/ws/base.yaml",
		 "enclosure: 1\nfilesystem: {read: [/a, /a/b, /c], write: [/w], deny: [/d], protect: [/p]}\n"
		 "network: {mode: proxy, allow: [\"x:1\"]}\n");
	/* A child's deny takes a grant away, its protect makes it one for reading, its mode closes the network. */
	assert_int_equal(load_text(f, "extends: base.yaml\nfilesystem: {deny: [/a], protect: [/w]}\n"
				      "network: {mode: none}\n"),
			 0);
	expect_clauses(f, "filesystem.read[0] read /c\n"
			  "filesystem.read[1] read /w\n"
			  "filesystem.deny[0] deny /d\n"
			  "filesystem.deny[1] deny /a\n"
			  "filesystem.protect[0] protect /p\n"
			  "filesystem.protect[1] protect /w\n"
			  "network.mode network none");
	/* It takes neither deny nor protect back. */
	assert_int_equal(load_text(f, "extends: base.yaml\nfilesystem: {read: [/d/x], write: [/p/y]}\n"), -EINVAL);
	assert_string_equal(f->said.s, "@/home/ws/m.yaml:3:21 E0213 'read /d/x' is contradicted by 'deny /d' "
				       "(@/home/ws/base.yaml:2) | a deny always wins: remove one of the two\n"
				       "@/home/ws/m.yaml:3:36 E0213 'write /p/y' is contradicted by 'protect /p' "
				       "(@/home/ws/base.yaml:2) | a protect always wins: remove one of the two");
}

static void test_manifests_are_protected(void **state)
{
	struct fixture *f = *state;
	char link[256];

	put_file(f, "home/base.yaml", "enclosure: 1\nextends: [read-only]\n");
	assert_int_equal(load_text(f, "extends: [../base.yaml, offline]\n"), 0);
	assert_int_equal(clause(f, "manifest[0]")->kind, ENC_CL_FS_PROTECT);
	assert_non_null(strstr(clause(f, "manifest[0]")->value, "/home/ws/m.yaml"));
	assert_non_null(strstr(clause(f, "manifest[1]")->value, "/home/base.yaml"));
	assert_null(clause(f, "manifest[2]")->id);
	assert_int_equal(load_text(f, "filesystem: {write: [m.yaml]}\n"), -EINVAL);
	assert_string_equal(f->said.s, "@/home/ws/m.yaml:2:22 E0213 'write m.yaml' is a manifest of this run, which "
				       "is protected");
	/* Named by a link: both the link and the file hold still. */
	put_file(f, "etc/real.yaml", "enclosure: 1\n");
	snprintf(link, sizeof(link), "%s/link.yaml", f->ws);
	assert_int_equal(symlink("../../etc/real.yaml", link), 0);
	assert_int_equal(load(f, "link.yaml"), 0);
	assert_non_null(strstr(clause(f, "manifest[0]")->value, "/etc/real.yaml"));
	assert_string_equal(clause(f, "manifest[1]")->value, link);
	/* extends follows no link at all. */
	assert_int_equal(load_text(f, "extends: [link.yaml]\n"), -EINVAL);
	assert_string_equal(f->said.s, "@/home/ws/m.yaml:2:11 E0302 extends: @/home/ws/link.yaml is a symbolic link, "
				       "which is not followed");
}

static void test_lookup(void **state)
{
	struct fixture *f = *state;
	char cwd[128];

	assert_int_equal(load(f, NULL), 0);
	assert_string_equal(f->p->path, "built-in:coding-agent");
	assert_string_equal(f->p->found, "no enclosure.yaml: built-in profile coding-agent");
	assert_string_equal(f->p->workspace, f->ws);

	/* Above, but no git work tree: not found. */
	put_dir(f, "home/ws/sub");
	snprintf(cwd, sizeof(cwd), "%s/sub", f->ws);
	f->where.cwd = cwd;
	put_file(f, "home/ws/enclosure.yaml", "enclosure: 1\nname: found\n");
	assert_int_equal(load(f, NULL), 0);
	assert_string_equal(f->p->path, "built-in:coding-agent");
	assert_string_equal(f->p->workspace, cwd);
	/* Inside of one: found, and its folder is the workspace. */
	put_dir(f, "home/ws/.git");
	assert_int_equal(load(f, NULL), 0);
	assert_string_equal(f->p->name, "found");
	assert_string_equal(f->p->workspace, f->ws);
	assert_non_null(strstr(f->p->found, "enclosure.yaml found in"));
	/* The nearest wins; the work tree of a submodule (a .git file) ends the search. */
	put_file(f, "home/ws/sub/.git", "gitdir: x\n");
	assert_int_equal(load(f, NULL), 0);
	assert_string_equal(f->p->path, "built-in:coding-agent");
}

static void test_lookup_refuses_what_is_odd(void **state)
{
	struct fixture *f = *state;
	char path[128];

	snprintf(path, sizeof(path), "%s/enclosure.yaml", f->ws);
	put_file(f, "home/x.yaml", "enclosure: 1\n");
	assert_int_equal(symlink("../x.yaml", path), 0);
	assert_int_equal(load(f, NULL), -ELOOP);
	assert_string_equal(f->said.s, "E0302 @/home/ws/enclosure.yaml is a symbolic link, which is not followed | ");
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0644), 0);
	assert_int_equal(load(f, NULL), -EINVAL);
	assert_string_equal(f->said.s, "E0302 @/home/ws/enclosure.yaml is not a regular file | ");
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkdir(path, 0755), 0);
	assert_true(load(f, NULL) < 0);
	assert_string_equal(f->said.s, "E0302 @/home/ws/enclosure.yaml is not a regular file | ");
}

static const struct {
	const char *manifest, *said;
} named[] = {
	{"nope.yaml", "E0301 open @/home/ws/nope.yaml: No such file or directory | "},
	{"/nonexistent/x.yaml", "E0301 open /nonexistent/x.yaml: No such file or directory | "},
	{"coding-agnet",
	 "E0301 there is no file and no built-in profile 'coding-agnet' | did you mean 'coding-agent'?"},
	{"zzzzzzzz", "E0301 there is no file and no built-in profile 'zzzzzzzz' | built-in: read-only, coding-agent, "
		     "offline, claude-code, codex; or a file"},
	{".", "E0302 @/home/ws/. is not a regular file | "},
};

static void test_named(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < ENC_LEN(named); i++) {
		assert_true(load(f, named[i].manifest) < 0);
		assert_string_equal(f->said.s, named[i].said);
	}
	put_file(f, "home/ws/plain", "enclosure: 1\n");
	assert_int_equal(load(f, "plain"), 0);
}

static void test_too_large(void **state)
{
	struct fixture *f = *state;
	char *text = enc_alloc((1u << 20) + 2);

	memset(text, '#', (1u << 20) + 1);
	put_file(f, "home/ws/m.yaml", text);
	assert_int_equal(load(f, "m.yaml"), -EFBIG);
	assert_non_null(strstr(f->said.s, "is larger than 1 MiB"));
	free(text);
}

static void test_workspace(void **state)
{
	struct fixture *f = *state;
	const char *grant = "enclosure: 1\nfilesystem: {write: [$WORKSPACE]}\n";

	/* A manifest from elsewhere says nothing about where the work is. */
	put_file(f, "etc/x.yaml", grant);
	assert_int_equal(load(f, "../../etc/x.yaml"), 0);
	assert_string_equal(f->p->workspace, f->ws);
	/* One in the home, above the project, does not make the home the workspace. */
	put_file(f, "home/x.yaml", grant);
	assert_int_equal(load(f, "../x.yaml"), 0);
	assert_string_equal(f->p->workspace, f->ws);
	/* Nor does starting in the home, or above it. */
	f->where.cwd = f->home;
	assert_int_equal(load(f, "coding-agent"), -EINVAL);
	assert_non_null(strstr(f->said.s, "E0215 the workspace is @/home, which is your home directory | start in a "
					  "project's folder, or name the path in the manifest"));
	f->where.cwd = f->root;
	assert_int_equal(load(f, "coding-agent"), -EINVAL);
	assert_non_null(strstr(f->said.s, "E0215 the workspace is @, which holds your home directory"));
	f->where.cwd = "/";
	assert_int_equal(load(f, "coding-agent"), -EINVAL);
	assert_non_null(strstr(f->said.s, "E0215 the workspace is /, which holds your home directory"));
	f->where.cwd = "/nonexistent";
	assert_int_equal(load(f, "coding-agent"), -ENOENT);
}

static void test_user_names_the_home(void **state)
{
	struct fixture *f = *state;

	f->where.uid = 0;
	assert_int_equal(load_text(f, "user: root\nfilesystem: {deny: [~/.ssh]}\n"), 0);
	assert_string_equal(f->p->home, "/root");
	assert_string_equal(clause(f, "filesystem.deny[0]")->value, "/root/.ssh");
	assert_string_equal(clause(f, "user")->value, "root");
	/* The child's word holds before any path is read. */
	put_file(f, "home/ws/base.yaml", "enclosure: 1\nuser: nobody\nfilesystem: {deny: [~/.ssh]}\n");
	assert_int_equal(load_text(f, "extends: base.yaml\nuser: root\n"), 0);
	assert_string_equal(clause(f, "filesystem.deny[0]")->value, "/root/.ssh");
	f->where.uid = 54321;
	assert_int_equal(load_text(f, "user: root\n"), -EINVAL);
	assert_string_equal(f->said.s,
			    "@/home/ws/m.yaml:2:7 E0216 only root may run a command as 'root' | leave `user` "
			    "out, or start enclosure as root");
	assert_int_equal(load_text(f, "user: \"54321\"\n"), 0);
}

static void test_profiles(void **state)
{
	struct fixture *f = *state;
	static const char *const names[] = {"read-only", "coding-agent", "offline", "claude-code", "codex"};
	static const enum enc_net_mode modes[] = {ENC_NET_NONE, ENC_NET_OPEN, ENC_NET_NONE, ENC_NET_OPEN, ENC_NET_OPEN};

	assert_int_equal(enc_n_builtins, ENC_LEN(names));
	for (size_t i = 0; i < ENC_LEN(names); i++) {
		size_t writes = 0;

		assert_string_equal(enc_builtins[i].name, names[i]);
		assert_true(strlen(enc_builtins[i].summary) > 10);
		assert_int_equal(strlen(enc_builtins[i].text), enc_builtins[i].len);
		assert_int_equal(load(f, names[i]), 0);
		assert_string_equal(f->p->name, names[i]);
		assert_int_equal(f->p->net_mode, modes[i]);
		for (size_t k = 0; k < f->p->n_clauses; k++) {
			const struct enc_clause *c = &f->p->clauses[k];
			bool fs = c->kind <= ENC_CL_FS_PROTECT;

			/* Nothing that is not bound in this version, and nothing that must exist but the system. */
			assert_false(fs && c->glob);
			assert_true(fs || c->kind == ENC_CL_NET_MODE || c->kind == ENC_CL_ENV_PASS ||
				    c->kind == ENC_CL_ENV_SET || c->kind == ENC_CL_LIMIT_MEMORY ||
				    c->kind == ENC_CL_LIMIT_PIDS || c->kind == ENC_CL_LIMIT_TIME ||
				    c->kind == ENC_CL_LIMIT_FILES);
			if (fs && !c->optional)
				assert_true(strcmp(c->value, "/usr") == 0 || strcmp(c->value, "/etc") == 0 ||
					    strcmp(c->value, f->ws) == 0);
			writes += c->kind == ENC_CL_FS_WRITE;
		}
		assert_int_equal(writes > 0, strcmp(names[i], "read-only") != 0);
	}
}

static void test_digest_covers_everything(void **state)
{
	struct fixture *f = *state;
	char first[65];

	put_file(f, "home/ws/a.yaml", "enclosure: 1\n");
	assert_int_equal(load_text(f, "extends: a.yaml\n"), 0);
	strcpy(first, f->p->digest);
	assert_int_equal(load_text(f, "extends: a.yaml\n"), 0);
	assert_string_equal(first, f->p->digest);
	put_file(f, "home/ws/a.yaml", "enclosure: 1\n#\n");
	assert_int_equal(load_text(f, "extends: a.yaml\n"), 0);
	assert_string_not_equal(first, f->p->digest);
}

static void test_asked(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(
		load_text(f, "filesystem: {read: [/usr, /opt], deny: [/opt/a, /opt/b]}\n"
			     "limits: {time: 1m, files: 100}\nrates: [{on: connect x, limit: 1/1s}]\n"
			     "budgets: {usd: 1}\nkill: {on: [ptrace]}\n"
			     "accept: {filesystem: contain, filesystem.deny: detect, \"filesystem.deny[1]\": prevent, "
			     "limits.time: prevent}\n"),
		0);
	assert_int_equal(enc_policy_asked(f->p, clause(f, "filesystem.read[0]")), ENC_G_CONTAIN);
	assert_int_equal(enc_policy_asked(f->p, clause(f, "filesystem.deny[0]")), ENC_G_DETECT);
	assert_int_equal(enc_policy_asked(f->p, clause(f, "filesystem.deny[1]")), ENC_G_PREVENT);
	assert_int_equal(enc_policy_asked(f->p, clause(f, "limits.time")), ENC_G_PREVENT);
	assert_int_equal(enc_policy_asked(f->p, clause(f, "limits.files")), ENC_G_CONTAIN);
	assert_int_equal(enc_policy_asked(f->p, clause(f, "rates[0]")), ENC_G_CONTAIN);
	assert_int_equal(enc_policy_asked(f->p, clause(f, "budgets.usd")), ENC_G_CONTAIN);
	assert_int_equal(enc_policy_asked(f->p, clause(f, "kill.on[0]")), ENC_G_CONTAIN);
	assert_int_equal(enc_policy_asked(f->p, clause(f, "network.mode")), ENC_G_PREVENT);
	assert_int_equal(enc_policy_asked(f->p, clause(f, "manifest[0]")), ENC_G_PREVENT);
}

static void test_show_says_where_from(void **state)
{
	struct fixture *f = *state;
	struct enc_buf b = {0}, at = {0};

	put_file(f, "home/ws/a.yaml", "enclosure: 1\nlimits: {pids: 5}\n");
	assert_int_equal(
		load_text(f, "extends: a.yaml\nname: x\nfilesystem:\n  read:\n    - {path: /usr, optional: true}\n"
			     "env: {set: {A: 'b \"c'}}\naccept: {rates: detect}\n"),
		0);
	enc_policy_show(f->p, &b);
	put_at(f, &at, b.s);
	assert_non_null(strstr(at.s, "# workspace @/home/ws\n# home @/home\n"));
	assert_non_null(
		strstr(at.s,
		       "enclosure: 1\nname: \"x\"\nfilesystem:\n  read:\n    - {path: \"/usr\", optional: true}"));
	assert_non_null(strstr(at.s, "# from @/home/ws/m.yaml:6\n  protect:\n"));
	assert_non_null(strstr(at.s, "env:\n  set:\n    A: \"b \\\"c\""));
	assert_non_null(strstr(at.s, "# from @/home/ws/a.yaml:2\n"));
	assert_non_null(strstr(at.s, "accept:\n  \"rates\": detect"));
	enc_buf_done(&at);
	enc_buf_done(&b);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, fixture_open, fixture_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_lists_add_up_scalars_replace),
		T(test_diamond_applies_once),
		T(test_cycle_names_the_chain),
		T(test_depth),
		T(test_errors_of_a_parent_have_its_place),
		T(test_child_tightens_and_never_widens),
		T(test_manifests_are_protected),
		T(test_lookup),
		T(test_lookup_refuses_what_is_odd),
		T(test_named),
		T(test_too_large),
		T(test_workspace),
		T(test_user_names_the_home),
		T(test_profiles),
		T(test_digest_covers_everything),
		T(test_asked),
		T(test_show_says_where_from),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
