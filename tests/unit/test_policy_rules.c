/* SPDX-License-Identifier: MIT */
/*
 * test_policy_rules.c - what stands against what: pairs, the ceiling, trust, explain, the reference page
 */
#include "policy_fixture.h"

#include <fcntl.h>

#include "policy/net.h"

#define M "@/home/ws/m.yaml:"

static const struct {
	const char *text, *said; /* said NULL: accepted */
} pairs[] = {
	{"filesystem: {read: [/x], deny: [/x/y]}\n", NULL},
	{"filesystem: {read: [/x], deny: [/x]}\n",
	 M "2:21 E0213 'read /x' is contradicted by 'deny /x' (@/home/ws/m.yaml:2) | a deny always wins: remove one of "
	   "the two"},
	{"filesystem: {write: [/x/y], deny: [/x]}\n",
	 M "2:22 E0213 'write /x/y' is contradicted by 'deny /x' (@/home/ws/m.yaml:2) | a deny always wins: remove one "
	   "of the two"},
	{"filesystem: {read: [/a/.env], deny: [\"**/.env\"]}\n",
	 M "2:21 E0213 'read /a/.env' is contradicted by 'deny **/.env' (@/home/ws/m.yaml:2) | a deny always wins: "
	   "remove one of the two"},
	{"filesystem: {read: [\"/x/*\"], deny: [/x]}\n",
	 M "2:21 E0213 'read /x/*' is contradicted by 'deny /x' (@/home/ws/m.yaml:2) | a deny always wins: remove one "
	   "of the two"},
	{"filesystem: {write: [/x], protect: [/x]}\n",
	 M "2:22 E0213 'write /x' is contradicted by 'protect /x' (@/home/ws/m.yaml:2) | a protect always wins: remove "
	   "one of the two"},
	{"filesystem: {read: [/x], protect: [/x]}\n", NULL},
	{"filesystem: {write: [/x], protect: [/x/y]}\n", NULL},
	{"network: {allow: [\"x:1\"]}\n",
	 M "2:19 E0214 'allow x:1' means nothing with network mode none, the default | use mode: proxy"},
	{"network: {mode: none, allow: [\"x:1\"]}\n",
	 M "2:31 E0214 'allow x:1' means nothing with network mode none | use mode: proxy"},
	{"network: {mode: open, allow: [\"x:1\"]}\n",
	 M "2:31 E0214 'allow x:1' means nothing with network mode open | use mode: proxy"},
	{"network: {mode: open, allow: []}\n", NULL},
	{"network: {mode: open, expose: [3000]}\n",
	 M "2:32 E0214 'expose port 3000' means nothing with network mode open | use mode: none or proxy"},
	{"network: {mode: prxy, allow: [\"x:1\"]}\n",
	 M "2:17 E0206 network.mode can't be 'prxy' | did you mean 'proxy'?"},
	{"network: {mode: proxy, allow: [{host: x.com}], credentials: [{host: x.com, basic: a, from: env:A}]}\n",
	 M "2:62 E0219 the credential for x.com can't be used: the host is not inspected | add to network.allow: "
	   "{host: x.com, inspect: true}"},
	{"network: {mode: proxy, allow: [{host: \"*.x.com\", inspect: true}], credentials: [{host: a.x.com, basic: a, "
	 "from: env:A}]}\n",
	 NULL},
	{"exec: {allow: [git], deny: [git]}\n",
	 M "2:16 E0213 'allow starting git' is contradicted by 'deny starting git' (@/home/ws/m.yaml:2)"},
};

static void test_pairs(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < ENC_LEN(pairs); i++) {
		int r = load_text(f, pairs[i].text);

		assert_string_equal(f->said.s ? f->said.s : "", pairs[i].said ? pairs[i].said : "");
		assert_int_equal(r, pairs[i].said ? -EINVAL : 0);
	}
}

static void test_read_and_write_are_one(void **state)
{
	struct fixture *f = *state;
	char *got;

	assert_int_equal(load_text(f, "filesystem: {read: [{path: /x, optional: true}, /y, /usr], write: [/x, "
				      "{path: /y, optional: true}]}\n"),
			 0);
	got = clauses(f);
	assert_string_equal(got, "filesystem.read[0] read /usr\nfilesystem.write[0] write /x\n"
				 "filesystem.write[1] write /y if it is there");
	free(got);
	assert_false(clause(f, "filesystem.write[0]")->optional);
	assert_false(clause(f, "filesystem.write[1]")->optional); /* the reader's /y must be there */
}

static void test_state_can_not_be_granted(void **state)
{
	struct fixture *f = *state;

	f->where.state_dir = f->state;
	assert_int_equal(load_text(f, "filesystem: {read: [../../state/runs]}\n"), -EINVAL);
	char *text = enc_asprintf("filesystem: {read: ['%s/runs'], write: ['%s']}\n", f->state, f->state);

	assert_int_equal(load_text(f, text), -EINVAL);
	assert_int_equal(f->d.n, 2);
	assert_non_null(strstr(f->said.s, "E0212 'read @/state/runs' lies in Enclosure's own state"));
	free(text);
}

#define C   "(@/etc/ceiling.yaml:"
#define ASK " | ask for less, or have root change @/etc/ceiling.yaml"

static const struct {
	const char *ceiling, *text, *said; /* said NULL: accepted */
	const char *id, *clause;	   /* accepted: this clause then says this */
} ceilings[] = {
	{"filesystem: {read: [/usr]}\n", "filesystem: {read: [/usr/lib]}\n", NULL, "filesystem.read[0]",
	 "read /usr/lib"},
	{"filesystem: {read: [/usr]}\n", "filesystem: {read: [/etc]}\n",
	 M "2:21 E0309 'read /etc' exceeds the ceiling: no grant of it covers this (@/etc/ceiling.yaml)" ASK, NULL,
	 NULL},
	{"filesystem: {write: [/srv]}\n", "filesystem: {read: [/srv/a], write: [/srv/b]}\n", NULL, NULL, NULL},
	{"filesystem: {read: [/]}\n", "filesystem: {read: [/srv/a], write: [/srv/b]}\n",
	 M "2:38 E0309 'write /srv/b' exceeds the ceiling: no write grant of it covers this (@/etc/ceiling.yaml)" ASK,
	 NULL, NULL},
	{"filesystem: {read: [/usr]}\n", "filesystem: {read: [\"/usr/*/x\"]}\n", NULL, NULL, NULL},
	{"filesystem: {read: [/usr]}\n", "filesystem: {read: [\"/u*/x\"]}\n",
	 M "2:21 E0309 'read /u*/x' exceeds the ceiling: no grant of it covers this (@/etc/ceiling.yaml)" ASK, NULL,
	 NULL},
	{"filesystem: {read: [/usr], deny: [/usr/x], protect: [/usr/y]}\n",
	 "filesystem: {read: [/usr], deny: [/usr/z]}\n", NULL, "filesystem.deny[1]", "deny /usr/x"},
	{"filesystem: {read: [/usr], protect: [/usr/y]}\n", "filesystem: {read: [/usr]}\n", NULL,
	 "filesystem.protect[0]", "protect /usr/y"},
	{"filesystem: {read: [/usr], deny: [/usr/x]}\n", "filesystem: {read: [/usr/x/y]}\n",
	 M "2:21 E0309 'read /usr/x/y' exceeds the ceiling: 'deny /usr/x' " C "2)" ASK, NULL, NULL},
	{"network: {mode: proxy, allow: [\"*.x.com:443\"]}\n", "network: {mode: open}\n",
	 M "2:17 E0309 'network open' exceeds the ceiling: 'network proxy' " C "2)" ASK, NULL, NULL},
	{"", "network: {mode: proxy}\n",
	 M "2:17 E0309 'network proxy' exceeds the ceiling: its network mode is none (@/etc/ceiling.yaml)" ASK, NULL,
	 NULL},
	{"network: {mode: open}\n", "network: {mode: proxy, allow: [\"x:1\"]}\n", NULL, NULL, NULL},
	{"network: {mode: proxy, allow: [\"*.x.com:443\"]}\n", "network: {mode: proxy, allow: [\"a.x.com:443\"]}\n",
	 NULL, NULL, NULL},
	{"network: {mode: proxy, allow: [\"*.x.com:443\"]}\n", "network: {mode: proxy, allow: [\"x.com:443\"]}\n",
	 M "2:32 E0309 'allow x.com:443' exceeds the ceiling: its network.allow does not cover this "
	   "(@/etc/ceiling.yaml)" ASK,
	 NULL, NULL},
	{"network: {mode: proxy, allow: [{host: x.com, methods: [GET], inspect: true}]}\n",
	 "network: {mode: proxy, allow: [{host: x.com, inspect: true}]}\n",
	 M "2:32 E0309 'allow x.com:443, inspected' exceeds the ceiling: its network.allow does not cover this "
	   "(@/etc/ceiling.yaml)" ASK,
	 NULL, NULL},
	{"network: {mode: proxy, allow: [{host: x.com, paths: [\"/a/**\"], inspect: true}]}\n",
	 "network: {mode: proxy, allow: [{host: x.com, paths: [/a/b], inspect: true}]}\n", NULL, NULL, NULL},
	{"limits: {time: 1h, pids: 10}\n", "limits: {time: 30m}\n", NULL, "limits.pids", "limit pids to 10"},
	{"limits: {time: 1h}\n", "limits: {time: 2h}\n",
	 M "2:16 E0309 'limit time to 2h' exceeds the ceiling: 'limit time to 1h' " C "2)" ASK, NULL, NULL},
	{"budgets: {usd: 5}\n", "budgets: {usd: 5.01}\n",
	 M "2:16 E0309 'budget of usd 5.01' exceeds the ceiling: 'budget of usd 5' " C "2)" ASK, NULL, NULL},
	{"kill: {denials: 10/1m}\n", "kill: {denials: 10/30s}\n",
	 M "2:17 E0309 'kill at denials 10/30s' exceeds the ceiling: 'kill at denials 10/1m' " C "2)" ASK, NULL, NULL},
	{"kill: {denials: 10/1m, on: [ptrace]}\n", "kill: {denials: 5/2m, on: [loss]}\n", NULL, "kill.on[1]",
	 "kill on ptrace"},
	{"env: {pass: [\"LC_*\", TERM]}\n", "env: {pass: [LC_ALL, TERM]}\n", NULL, NULL, NULL},
	{"env: {pass: [TERM]}\n", "env: {pass: [HOME_TOKEN]}\n",
	 M "2:14 E0309 'pass the variable HOME_TOKEN' exceeds the ceiling: it does not list this "
	   "(@/etc/ceiling.yaml)" ASK,
	 NULL, NULL},
	{"env: {pass: [TERM]}\n", "env: {pass: [\"*\"]}\n",
	 M "2:14 E0309 'pass the variables *' exceeds the ceiling: it does not list this (@/etc/ceiling.yaml)" ASK,
	 NULL, NULL},
	{"rules: |\n  rule r:\n    x\n", "", NULL, "rules.r[0]", "rule r: x"},
	{"exec: {deny: [curl]}\n", "exec: {deny: [wget]}\n", NULL, "exec.deny[1]", "deny starting curl"},
	{"rates: [{on: connect x, limit: 1/1s}]\n", "", NULL, "rates[0]", "at most 1/1s of connect x, then deny"},
	{"user: root\n", "", NULL, "user", "run as root"},
	{"user: root\n", "user: daemon\n", M "2:7 E0309 'run as daemon' exceeds the ceiling: 'run as root' " C "2)" ASK,
	 NULL, NULL},
	{"filesystem: {workspace: overlay}\n", "filesystem: {workspace: direct}\n",
	 M "2:25 E0309 'workspace direct' exceeds the ceiling: 'workspace overlay' " C "2)" ASK, NULL, NULL},
	{"limits: {time: 1h}\n", "accept: {limits: detect}\n",
	 M "2:10 E0309 'accept limits: detect' exceeds the ceiling, which does not accept it | remove it, or have root "
	   "change @/etc/ceiling.yaml",
	 NULL, NULL},
	{"accept: {limits: detect}\n", "accept: {limits.time: detect}\n", NULL, NULL, NULL},
	{"accept: {limits: contain}\n", "accept: {limits.time: detect}\n",
	 M "2:10 E0309 'accept limits.time: detect' exceeds the ceiling, which does not accept it | remove it, or have "
	   "root change @/etc/ceiling.yaml",
	 NULL, NULL},
	{"limits: {time: x}\n", "",
	 "@/etc/ceiling.yaml:2:16 E0204 limits.time: 'x' is not a time such as 500ms, 30s, 10m, 2h or 7d", NULL, NULL},
	{"extends: [read-only]\n", "filesystem: {read: [/usr]}\n", NULL, "limits.files", "limit files to 4096"},
};

static void test_ceiling(void **state)
{
	struct fixture *f = *state;

	if (geteuid() != 0)
		skip(); /* a ceiling belongs to root, and nobody else can write one */
	f->where.uid = 0;
	for (size_t i = 0; i < ENC_LEN(ceilings); i++) {
		char *whole = enc_asprintf("enclosure: 1\n%s", ceilings[i].ceiling);
		int r;

		put_file(f, "etc/ceiling.yaml", whole);
		free(whole);
		r = load_text(f, ceilings[i].text);
		assert_string_equal(f->said.s ? f->said.s : "", ceilings[i].said ? ceilings[i].said : "");
		assert_int_equal(r, ceilings[i].said ? -EINVAL : 0);
		if (ceilings[i].id) {
			assert_non_null(clause(f, ceilings[i].id)->id);
			assert_string_equal(clause(f, ceilings[i].id)->text, ceilings[i].clause);
		}
	}
	/* The ceiling is protected, named in the files, and no part of what is trusted. */
	assert_true(f->p->files[f->p->n_files - 2].ceiling);
	assert_non_null(strstr(clause(f, "manifest[1]")->value, "/etc/ceiling.yaml"));
}

static void test_ceiling_of_others_refuses(void **state)
{
	struct fixture *f = *state;

	if (geteuid() != 0)
		skip();
	put_file(f, "etc/ceiling.yaml", "enclosure: 1\n");
	assert_int_equal(chmod(f->ceiling, 0664), 0);
	assert_int_equal(load_text(f, ""), -EPERM);
	assert_string_equal(f->said.s,
			    "E0308 the ceiling can't be used: @/etc/ceiling.yaml can be written by others than "
			    "root | chown root @/etc/ceiling.yaml && chmod go-w @/etc/ceiling.yaml");
	assert_int_equal(chmod(f->ceiling, 0644), 0);
	assert_int_equal(chown(f->ceiling, 1234, 0), 0);
	assert_int_equal(load_text(f, ""), -EPERM);
	assert_non_null(
		strstr(f->said.s, "E0308 the ceiling can't be used: @/etc/ceiling.yaml does not belong to root"));
	assert_int_equal(unlink(f->ceiling), 0);
	assert_int_equal(mkdir(f->ceiling, 0755), 0);
	assert_true(load_text(f, "") < 0);
	assert_non_null(strstr(f->said.s, "E0308 the ceiling can't be used: @/etc/ceiling.yaml is not a regular file"));
}

static void test_trust(void **state)
{
	struct fixture *f = *state;
	struct enc_trusted *list;
	struct enc_arena *a = enc_arena_new();
	struct enc_policy *p;
	size_t n;

	put_file(f, "home/ws/enclosure.yaml", "enclosure: 1\nextends: [a.yaml, read-only]\n");
	put_file(f, "home/ws/a.yaml", "enclosure: 1\n");
	f->where.state_dir = f->state;
	assert_int_equal(load(f, NULL), -EPERM);
	assert_string_equal(f->said.s, "E0306 @/home/ws/enclosure.yaml is not trusted, or has changed since it was | "
				       "read it, then: enclosure trust @/home/ws/enclosure.yaml");
	/* By name it needs none. */
	assert_int_equal(load(f, "enclosure.yaml"), 0);
	assert_int_equal(enc_trust_check(f->state, f->p, &f->e), 0);
	assert_int_equal(enc_trust_set(f->state, f->p, &f->e), 0);
	assert_int_equal(load(f, NULL), 0);
	assert_int_equal(enc_trust_check(f->state, f->p, &f->e), 1);
	assert_int_equal(enc_trust_list(a, f->state, &list, &n, &f->e), 0);
	assert_int_equal(n, 1);
	assert_string_equal(list[0].path, f->p->path);
	/* What it extends counts. */
	put_file(f, "home/ws/a.yaml", "enclosure: 1\nfilesystem: {write: [/srv]}\n");
	assert_int_equal(load(f, NULL), -EPERM);
	put_file(f, "home/ws/a.yaml", "enclosure: 1\n");
	assert_int_equal(load(f, NULL), 0);
	put_file(f, "home/ws/enclosure.yaml", "enclosure: 1\nextends: [a.yaml]\n");
	assert_int_equal(load(f, NULL), -EPERM);
	put_file(f, "home/ws/enclosure.yaml", "enclosure: 1\nextends: [a.yaml, read-only]\n");
	assert_int_equal(load(f, NULL), 0);
	/* Trust is of a place: the same text elsewhere is another manifest. */
	put_dir(f, "home/other");
	put_file(f, "home/other/enclosure.yaml", "enclosure: 1\nextends: [a.yaml, read-only]\n");
	put_file(f, "home/other/a.yaml", "enclosure: 1\n");
	char cwd[128];

	snprintf(cwd, sizeof(cwd), "%s/other", f->home);
	f->where.cwd = cwd;
	assert_int_equal(load(f, NULL), -EPERM);
	f->where.cwd = f->ws;
	assert_int_equal(load(f, NULL), 0);
	p = f->p;
	assert_int_equal(enc_trust_forget(f->state, p->path, &f->e), 1);
	assert_int_equal(enc_trust_forget(f->state, p->path, &f->e), 0);
	assert_int_equal(load(f, NULL), -EPERM);
	enc_arena_free(a);
}

static void test_trust_asks_for_the_owner(void **state)
{
	struct fixture *f = *state;
	char path[128], dir[128];

	put_file(f, "home/ws/enclosure.yaml", "enclosure: 1\n");
	snprintf(path, sizeof(path), "%s/enclosure.yaml", f->ws);
	snprintf(dir, sizeof(dir), "%s/trust", f->state);
	f->where.state_dir = f->state;
	assert_int_equal(load(f, "enclosure.yaml"), 0);
	assert_int_equal(enc_trust_set(f->state, f->p, &f->e), 0);
	assert_int_equal(chmod(path, 0666), 0);
	assert_int_equal(load(f, NULL), -EPERM);
	assert_string_equal(f->said.s, "E0307 @/home/ws/enclosure.yaml can be written by others and is not obeyed | "
				       "chmod go-w @/home/ws/enclosure.yaml");
	assert_int_equal(chmod(path, 0644), 0);
	assert_int_equal(load(f, NULL), 0);
	if (geteuid() == 0) {
		assert_int_equal(chown(path, 4321, 4321), 0);
		assert_int_equal(load(f, NULL), -EPERM);
		assert_string_equal(f->said.s,
				    "E0307 @/home/ws/enclosure.yaml belongs to another user (uid 4321) and is "
				    "not obeyed | read it, then: enclosure run -m "
				    "@/home/ws/enclosure.yaml ...");
		/* Root in the folder of the user whom it serves. */
		assert_int_equal(chown(f->ws, 4321, 4321), 0);
		assert_int_equal(load(f, NULL), 0);
		assert_int_equal(chown(path, 0, 0), 0);
	}
	/* A trust store that others can write is none. */
	assert_int_equal(chmod(dir, 0777), 0);
	assert_int_equal(load(f, NULL), -EPERM);
	assert_string_equal(f->said.s, "E0310 @/state/trust can be written by others | ");
}

static const struct {
	const char *action, *object;
	int allow;
	const char *id, *reason;
} explained[] = {
	{"read", "/usr/bin/git", 1, "filesystem.read[0]", "granted for reading"},
	{"write", "/usr/bin/git", 0, "filesystem.read[0]", "granted for reading alone"},
	{"write", "src/a.c", 1, "filesystem.write[0]", "granted for writing"},
	{"read", "$WORKSPACE/src/a.c", 1, "filesystem.write[0]", "granted for reading and writing"},
	{"create", "src/[id].tsx", 1, "filesystem.write[0]", "granted for writing"},
	{"read", "secret/x", 0, "filesystem.deny[0]", "denied; a deny always wins"},
	{"read", "a/.env", 0, "filesystem.deny[1]", "denied; a deny always wins"},
	{"read", "a/.env/b", 0, "filesystem.deny[1]", "denied; a deny always wins"},
	{"read", "a/.envx", 1, "filesystem.write[0]", "granted for reading and writing"},
	{"read", ".git/hooks/pre-commit", 1, "filesystem.write[0]", "granted for reading and writing"},
	{"write", ".git/hooks/pre-commit", 0, "filesystem.protect[0]", "protected from every change"},
	{"unlink", ".git/hooks", 0, "filesystem.protect[0]", "protected from every change"},
	{"rename", ".git", 0, "filesystem.protect[0]", "it holds what this clause keeps in its place"},
	{"delete", "src", 1, "filesystem.write[0]", "granted for writing"},
	{"rename", "$WORKSPACE", 0, "filesystem.deny[0]", "it holds what this clause keeps in its place"},
	{"write", "~/.ssh/id_rsa", 0, NULL, "nothing grants it: the run has a private, empty home in its place"},
	{"read", "/srv", 0, NULL, "nothing grants it"},
	{"write", "/tmp/x", 0, NULL, "nothing grants it: the run has a private directory in its place"},
	{"read", "/proc/1/environ", 0, NULL, "the run sees a /proc of its own processes alone"},
	{"write", "/dev/null", 1, NULL, "every run has a /dev of its own with this device"},
	{"read", "/dev/sda", 0, NULL, "the run has a /dev of its own without it"},
	{"write", "m.yaml", 0, "manifest[0]", "protected from every change"},
	{"exec", "/usr/bin/curl", 0, "exec.deny[0]", "this program may not be started"},
	{"exec", "/usr/bin/git", 1, "filesystem.read[0]", "granted for reading"},
	{"exec", "/srv/x", 0, NULL, "nothing grants it"},
	{"connect", "api.x.com:443", 1, "network.allow[0]", "this host is let out"},
	{"connect", "API.X.com", 1, "network.allow[0]", "this host is let out"},
	{"connect", "api.x.com:80", 0, "network.mode", "no network.allow names this host and port"},
	{"connect", "10.1.2.3:5432", 1, "network.allow[1]", "this host is let out"},
	{"connect", "11.1.2.3:5432", 0, "network.mode", "no network.allow names this host and port"},
};

static void test_explain(void **state)
{
	struct fixture *f = *state;
	const struct enc_clause *c;
	const char *reason;

	assert_int_equal(load_text(f,
				   "filesystem:\n  read: [/usr]\n  write: [$WORKSPACE]\n  deny: [secret, \"**/.env\"]\n"
				   "  protect: [.git/hooks]\nnetwork: {mode: proxy, allow: [\"api.x.com:443\", "
				   "\"10.0.0.0/8:5432\"]}\nexec: {deny: [curl]}\n"),
			 0);
	for (size_t i = 0; i < ENC_LEN(explained); i++) {
		int r;

		r = enc_policy_explain(f->p, explained[i].action, explained[i].object, &c, &reason, &f->e);
		print_message("%s %s\n", explained[i].action, explained[i].object);
		assert_int_equal(r, explained[i].allow);
		assert_string_equal(c ? c->id : "", explained[i].id ? explained[i].id : "");
		assert_string_equal(reason, explained[i].reason);
	}
	assert_int_equal(enc_policy_explain(f->p, "raed", "/x", &c, &reason, &f->e), -EINVAL);
	assert_string_equal(f->e.text, "there is no action 'raed'");
	assert_string_equal(f->e.hint, "did you mean 'read'?");
	enc_err_clear(&f->e);
	assert_int_equal(enc_policy_explain(f->p, "connect", "a b", &c, &reason, &f->e), -EINVAL);
	enc_err_clear(&f->e);
	assert_int_equal(enc_policy_explain(f->p, "read", "../x", &c, &reason, &f->e), -EINVAL);
	assert_string_equal(f->e.id, "E0701");
}

static void test_explain_modes(void **state)
{
	struct fixture *f = *state;
	const struct enc_clause *c;
	const char *reason;

	assert_int_equal(load_text(f, "network: {mode: open}\nexec: {allow: [git]}\nfilesystem: {read: [/usr]}\n"), 0);
	assert_int_equal(enc_policy_explain(f->p, "connect", "x:1", &c, &reason, &f->e), 1);
	assert_string_equal(c->id, "network.mode");
	assert_int_equal(enc_policy_explain(f->p, "exec", "/usr/bin/git", &c, &reason, &f->e), 1);
	assert_int_equal(enc_policy_explain(f->p, "exec", "/usr/bin/make", &c, &reason, &f->e), 0);
	assert_string_equal(c->id, "exec.allow[0]");
	assert_int_equal(load_text(f, ""), 0);
	assert_int_equal(enc_policy_explain(f->p, "connect", "x:1", &c, &reason, &f->e), 0);
	assert_string_equal(c->id, "network.mode");
}

static void test_hosts(void **state)
{
	static const struct {
		const char *rule, *host;
		bool covers;
	} rows[] = {
		{"x.com", "x.com", true},	   {"x.com", "a.x.com", false},	       {"*.x.com", "a.x.com", true},
		{"*.x.com", "x.com", false},	   {"*.x.com", "ax.com", false},       {"*.x.com", "a.b.x.com", true},
		{"*.x.com", "*.a.x.com", true},	   {"*.a.x.com", "*.x.com", false},    {"10.0.0.0/8", "10.9.9.9", true},
		{"10.0.0.0/8", "11.0.0.0", false}, {"fd00::/8", "fd00::1", true},      {"fd00::/8", "fe00::1", false},
		{"10.0.0.0/8", "x.com", false},	   {"10.0.0.0/8", "10.0.0.0/8", true},
	};

	for (size_t i = 0; i < ENC_LEN(rows); i++)
		assert_int_equal(enc_host_covers(rows[i].rule, rows[i].host), rows[i].covers);
}

/* docs/manifest.md is made from the table: `ENC_WRITE_DOCS=1` writes it anew. */
static void test_docs(void **state)
{
	const char *root = getenv("ENC_SOURCE_ROOT");
	struct enc_buf b = {0};
	char *path, *text = NULL;
	size_t n;

	assert_non_null(root);
	path = enc_asprintf("%s/docs/manifest.md", root);
	enc_policy_docs(&b);
	if (getenv("ENC_WRITE_DOCS"))
		assert_int_equal(enc_write_file(AT_FDCWD, path, b.s, b.len, 0644, false, NULL), 0);
	assert_int_equal(enc_read_file(AT_FDCWD, path, 1 << 20, &text, &n, NULL), 0);
	assert_string_equal(text, b.s);
	free(text);
	free(path);
	enc_buf_done(&b);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, fixture_open, fixture_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_pairs),
		T(test_read_and_write_are_one),
		T(test_state_can_not_be_granted),
		T(test_ceiling),
		T(test_ceiling_of_others_refuses),
		T(test_trust),
		T(test_trust_asks_for_the_owner),
		T(test_explain),
		T(test_explain_modes),
		cmocka_unit_test(test_hosts),
		cmocka_unit_test(test_docs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
