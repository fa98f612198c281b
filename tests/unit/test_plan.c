/* SPDX-License-Identifier: MIT */
/*
 * test_plan.c - clauses, mechanisms, guarantees; who runs, with which environment; the plan as text and object
 */
#include "plan_fixture.h"

#include <sys/wait.h>

#include "base/user.h"
#include "base/yaml.h"
#include "plan/impl.h"

#define S	1000000000ull
#define BIND(m) ENC_BIT(m)

/* ---- every kind of clause, on machines that lack something ---- */

static const struct {
	const char *text, *id, *mask; /* mask: names with blanks between */
	bool bound, visible;
	enum enc_guarantee guarantee;
	uint32_t mechanisms;
	const char *said; /* part of the note, or of what is missing */
} rows[] = {
	{"network: {mode: none}", "network.mode", "", true, false, ENC_G_PREVENT, BIND(NET_NAMESPACE), NULL},
	{"network: {mode: none}", "network.mode", "net-namespace", false, false, ENC_G_NONE, 0, "net-namespace"},
	{"network: {mode: open}", "network.mode", "net-namespace", true, false, ENC_G_PREVENT, 0, "as it is"},
	{"network: {mode: proxy}", "network.mode", "", false, false, ENC_G_NONE, 0, "not bound in this version"},
	{"network: {mode: proxy, allow: [\"a.b:1\"]}", "network.allow[0]", "", false, false, ENC_G_NONE, 0,
	 "not bound in this version"},
	{"network: {mode: none, expose: [3000]}", "network.expose[0]", "", false, false, ENC_G_NONE, 0,
	 "not bound in this version"},
	{"limits: {memory: 1G}", "limits.memory", "", true, true, ENC_G_PREVENT, BIND(CGROUP_V1), NULL},
	{"limits: {memory: 1G}", "limits.memory", "cgroup-v1", true, true, ENC_G_CONTAIN, BIND(PID_NAMESPACE),
	 "watched"},
	{"limits: {memory: 1G}", "limits.memory", "cgroup-v1 pid-namespace", false, false, ENC_G_NONE, 0,
	 "pid-namespace"},
	{"limits: {pids: 9}", "limits.pids", "", true, true, ENC_G_PREVENT, BIND(CGROUP_V1), NULL},
	{"limits: {pids: 9}", "limits.pids", "cgroup-v1", true, true, ENC_G_CONTAIN,
	 BIND(RLIMIT) | BIND(USER_NAMESPACE), "counted"},
	{"limits: {pids: 9}", "limits.pids", "cgroup-v1 rlimit", false, false, ENC_G_NONE, 0, "rlimit"},
	{"limits: {files: 16}", "limits.files", "", true, true, ENC_G_PREVENT, BIND(RLIMIT), "sampled every 0.25 s"},
	{"limits: {files: 16}", "limits.files", "rlimit", false, false, ENC_G_NONE, 0, "rlimit"},
	{"limits: {time: 9s}", "limits.time", "", true, true, ENC_G_CONTAIN, BIND(PID_NAMESPACE), NULL},
	{"limits: {time: 9s}", "limits.time", "pid-namespace", false, false, ENC_G_NONE, 0, "pid-namespace"},
	{"limits: {cpu: 50%}", "limits.cpu", "", true, true, ENC_G_PREVENT, BIND(CGROUP_V1), "slowed"},
	{"limits: {cpu: 50%}", "limits.cpu", "cgroup-v1", true, true, ENC_G_CONTAIN, BIND(PID_NAMESPACE),
	 "average of five seconds"},
	{"limits: {cpu: 50%}", "limits.cpu", "cgroup-v1 pid-namespace", false, false, ENC_G_NONE, 0, "pid-namespace"},
	{"limits: {idle: 5m}", "limits.idle", "", true, true, ENC_G_CONTAIN, BIND(PID_NAMESPACE), "1 % of a core"},
	{"limits: {idle: 5m}", "limits.idle", "pid-namespace", false, false, ENC_G_NONE, 0, "pid-namespace"},
	{"limits: {output: 5M}", "limits.output", "", true, true, ENC_G_CONTAIN, BIND(PID_NAMESPACE), "neither"},
	{"limits: {output: 5M}", "limits.output", "pid-namespace", false, false, ENC_G_NONE, 0, "pid-namespace"},
	{"limits: {disk: 5M}", "limits.disk", "", true, true, ENC_G_CONTAIN, BIND(PID_NAMESPACE), "walked"},
	{"limits: {disk: 5M}", "limits.disk", "pid-namespace", false, false, ENC_G_NONE, 0, "pid-namespace"},
	{"env: {pass: [TERM]}", "env.pass[0]", "", true, false, ENC_G_PREVENT, BIND(PID_NAMESPACE), NULL},
	{"env: {set: {A: b}}", "env.set.A", "", true, false, ENC_G_PREVENT, BIND(PID_NAMESPACE), NULL},
	{"exec: {deny: [git]}", "exec.deny[0]", "", false, false, ENC_G_NONE, 0, "not bound in this version"},
	{"exec: {allow: [git]}", "exec.allow[0]", "", false, false, ENC_G_NONE, 0, "not bound in this version"},
	{"filesystem: {workspace: direct, write: [$WORKSPACE]}", "filesystem.workspace", "", true, false, ENC_G_PREVENT,
	 0, "in place"},
	{"filesystem: {workspace: overlay, write: [$WORKSPACE]}", "filesystem.workspace", "", true, false,
	 ENC_G_PREVENT, BIND(OVERLAY) | BIND(MOUNT_NAMESPACE), "enclosure diff"},
	{"filesystem: {workspace: overlay, write: [$WORKSPACE]}", "filesystem.workspace", "overlay", false, false,
	 ENC_G_NONE, 0, "no overlay"},
	{"filesystem: {write: [$WORKSPACE]}", "filesystem.write[0]", "", true, false, ENC_G_PREVENT,
	 BIND(MOUNT_NAMESPACE) | BIND(LANDLOCK), NULL},
	{"filesystem: {write: [$WORKSPACE]}", "filesystem.write[0]", "landlock", true, false, ENC_G_PREVENT,
	 BIND(MOUNT_NAMESPACE), NULL},
	{"filesystem: {write: [$WORKSPACE]}", "filesystem.write[0]", "mount-namespace", false, false, ENC_G_NONE, 0,
	 "mount-namespace"},
	{"filesystem: {read: [/usr]}", "filesystem.read[0]", "mount-namespace", false, false, ENC_G_NONE, 0,
	 "mount-namespace"},
	{"filesystem: {deny: [/nowhere]}", "filesystem.deny[0]", "", true, false, ENC_G_PREVENT, BIND(MOUNT_NAMESPACE),
	 "outside of every grant"},
	{"filesystem: {deny: [/nowhere]}", "filesystem.deny[0]", "mount-namespace", false, false, ENC_G_NONE, 0,
	 "mount-namespace"},
	{"filesystem: {protect: [/nowhere]}", "filesystem.protect[0]", "mount-namespace", false, false, ENC_G_NONE, 0,
	 "mount-namespace"},
	{"rates: [{on: connect a:1, limit: 3/1m, then: kill}]", "rates[0]", "", false, false, ENC_G_NONE, 0,
	 "not bound in this version"},
	{"budgets: {tokens: 200k}", "budgets.tokens", "", false, false, ENC_G_NONE, 0, "not bound in this version"},
	{"kill: {denials: 20/1m}", "kill.denials", "", false, false, ENC_G_NONE, 0, "not bound in this version"},
	{"ask: {via: terminal}", "ask.via", "", false, false, ENC_G_NONE, 0, "not bound in this version"},
	{"record: {detail: full}", "record.detail", "", false, false, ENC_G_NONE, 0, "not bound in this version"},
	{"rules: |\n  rule a:\n    block connect endpoint \"*\"\n    because \"x\"\n", "rules.a[0]", "", false, false,
	 ENC_G_NONE, 0, "not bound in this version"},
	{"{}", "system-calls", "", true, true, ENC_G_PREVENT, BIND(SECCOMP) | BIND(SECCOMP_NOTIFY), NULL},
	{"{}", "system-calls", "seccomp-notify", true, false, ENC_G_PREVENT, BIND(SECCOMP), NULL},
	{"{}", "system-calls", "seccomp", false, false, ENC_G_NONE, 0, "seccomp"},
	{"{}", "capabilities", "user-namespace", false, false, ENC_G_NONE, 0, "user-namespace"},
	{"{}", "files", "mount-namespace", false, false, ENC_G_NONE, 0, "mount-namespace"},
	{"{}", "kernel-files", "mount-namespace", false, false, ENC_G_NONE, 0, "mount-namespace"},
	{"{}", "descriptors", "", true, false, ENC_G_PREVENT, 0, NULL},
	{"{}", "processes-end", "pid-namespace", false, false, ENC_G_NONE, 0, "pid-namespace"},
	{"{}", "die-with-supervisor", "", true, false, ENC_G_PREVENT, BIND(PID_NAMESPACE), NULL},
	{"{}", "die-with-supervisor", "pid-namespace", false, false, ENC_G_NONE, 0, "pid-namespace"},
};

static void mask_all(const char *names)
{
	char copy[100], *save = NULL;

	host_with_all(&plan_host);
	snprintf(copy, sizeof(copy), "%s", names);
	for (char *n = strtok_r(copy, " ", &save); n; n = strtok_r(NULL, " ", &save)) {
		enum enc_mech m;

		assert_int_equal(enc_mech_parse(n, &m), 0);
		enc_host_mask(&plan_host, m);
	}
}

/* Each row's clause, and beside it whatever shows the working directory. */
static struct enc_plan *plan_row(struct fixture *f, const char *text, const char *mask)
{
	bool files = strncmp(text, "filesystem", 10) == 0 && strstr(text, "write");
	char *whole;

	mask_all(mask);
	if (files)
		return plan_of(f, text, NULL, 0);
	if (strncmp(text, "filesystem", 10) == 0)
		whole = enc_asprintf("filesystem: {write: [$WORKSPACE], %s", strchr(text, '{') + 1);
	else
		whole = enc_asprintf("filesystem: {write: [$WORKSPACE]}\n%s\n", strcmp(text, "{}") == 0 ? "" : text);
	(void)plan_of(f, whole, NULL, 0);
	free(whole);
	return plan;
}

static void test_bindings(void **state)
{
	struct fixture *f = *state;

	tree(f, "");
	for (size_t i = 0; i < ENC_LEN(rows); i++) {
		const struct enc_binding *b;
		const char *words;

		if (!plan_row(f, rows[i].text, rows[i].mask))
			fail_msg("%s without %s: %s", rows[i].text, rows[i].mask, f->e.text);
		b = enc_plan_find(plan, rows[i].id);
		if (!b)
			fail_msg("%s: no clause %s", rows[i].text, rows[i].id);
		words = b->bound ? b->note : b->missing;
		if (b->bound != rows[i].bound || b->visible != rows[i].visible || b->guarantee != rows[i].guarantee ||
		    (b->mechanisms & ~BIND(IDMAP)) != rows[i].mechanisms ||
		    (rows[i].said && (!words || !strstr(words, rows[i].said))))
			fail_msg("%s without '%s': bound %d visible %d guarantee %s mechanisms %x said %s",
				 rows[i].text, rows[i].mask, b->bound, b->visible, enc_guarantee_name(b->guarantee),
				 b->mechanisms, words ? words : "nothing");
		assert_int_equal(plan->runnable, plan->n_unbound == 0);
		if (!b->bound)
			assert_false(plan->runnable);
	}
}

/* No kind may slip through: every clause is bound, or says why not and what to do; and all kinds are among the rows. */
static void test_no_kind_forgotten(void **state)
{
	struct fixture *f = *state;
	bool seen[ENC_CL__COUNT] = {false};

	tree(f, "");
	for (size_t i = 0; i < ENC_LEN(rows); i++) {
		assert_non_null(plan_row(f, rows[i].text, rows[i].mask));
		for (size_t k = 0; k < plan->n_bindings; k++) {
			const struct enc_binding *b = &plan->bindings[k];

			seen[b->clause->kind] = true;
			if (b->bound ? b->missing || b->next || b->guarantee < b->asked
				     : !b->missing || !b->next || !b->missing[0] || !b->next[0] ||
					       b->guarantee != ENC_G_NONE)
				fail_msg("%s without '%s': %s", rows[i].text, rows[i].mask, b->clause->id);
			/* Nothing claims what this version can't do. */
			assert_false(b->mechanisms & (BIND(EGRESS) | BIND(CGROUP_BPF) | BIND(BPF_EXEC_CHECK) |
						      BIND(BPF_LSM) | BIND(WITNESS)));
			/* A mechanism that the machine lacks carries nothing. */
			for (int m = 0; m < ENC_MECH__COUNT; m++)
				if (b->mechanisms & 1u << m)
					assert_true(enc_host_has(&plan_host, (enum enc_mech)m));
		}
	}
	/* Their own rows: user (test_ids), credentials (need more keys around them). */
	seen[ENC_CL_USER] = seen[ENC_CL_NET_CREDENTIAL] = true;
	for (int kind = 0; kind < ENC_CL__COUNT; kind++)
		if (!seen[kind])
			fail_msg("no row for kind %d", kind);
	mask_all("");
	assert_non_null(plan_of(
		f,
		"filesystem: {write: [$WORKSPACE]}\nnetwork: {mode: proxy, allow: [{host: a.b, inspect: true}], "
		"credentials: [{host: a.b, header: A, from: env:X}]}\n",
		NULL, 0));
	assert_false(enc_plan_find(plan, "network.credentials[0]")->bound);
}

static void test_controllers(void **state)
{
	struct fixture *f = *state;

	tree(f, "");
	host_with_all(&plan_host);
	plan_host.ctl[ENC_CTL_PIDS].version = 2;
	plan_host.ctl[ENC_CTL_MEMORY].version = 0;
	assert_non_null(
		plan_of(f, "filesystem: {write: [$WORKSPACE]}\nlimits: {memory: 2G, pids: 7, files: 18}\n", NULL, 0));
	assert_int_equal(enc_plan_find(plan, "limits.pids")->mechanisms, BIND(CGROUP_V2));
	assert_true(plan->use_cgroup_pids && !plan->use_rlimit_pids && plan->watch_memory && !plan->use_cgroup_memory);
	assert_true(plan->limits.memory_bytes == 2ull << 30 && plan->limits.pids == 7 && plan->limits.files == 18);
	enc_host_mask(&plan_host, ENC_MECH_CGROUP_V2);
	assert_non_null(plan_of(f, "filesystem: {write: [$WORKSPACE]}\nlimits: {pids: 7}\n", NULL, 0));
	assert_true(plan->use_rlimit_pids && !plan->use_cgroup_pids && !plan->watch_memory);
	assert_int_equal(plan->limits.memory_bytes, 0);
}

/* Each machine there is: controllers in v2, in v1, in v1 beside a v2 that has none, in both, nowhere. */
static void test_hierarchies(void **state)
{
	static const struct {
		const char *name;
		int best, old;
		bool v1, v2; /* not masked */
		uint32_t held;
	} cases[] = {
		{"v2", 2, 0, true, true, BIND(CGROUP_V2)},
		{"v1", 1, 0, true, true, BIND(CGROUP_V1)},
		{"both", 2, 1, true, true, BIND(CGROUP_V2)},
		{"both, v2 masked", 2, 1, true, false, BIND(CGROUP_V1)},
		{"both, v1 masked", 2, 1, false, true, BIND(CGROUP_V2)},
		{"both masked", 2, 1, false, false, 0},
		{"v1 beside an empty v2, v2 masked", 1, 0, true, false, BIND(CGROUP_V1)},
		{"v1, masked", 1, 0, false, true, 0},
		{"v2, masked", 2, 0, true, false, 0},
		{"none", 0, 0, true, true, 0},
	};
	static const char *const ids[] = {"limits.memory", "limits.pids", "limits.cpu"};
	struct fixture *f = *state;

	tree(f, "");
	for (size_t i = 0; i < ENC_LEN(cases); i++) {
		host_with_all(&plan_host);
		for (int c = 0; c < ENC_CTL__COUNT; c++) {
			plan_host.ctl[c].version = cases[i].best;
			plan_host.old[c] = (struct enc_cgroup_home){.version = cases[i].old, .dir = "/old"};
		}
		if (!cases[i].v1)
			enc_host_mask(&plan_host, ENC_MECH_CGROUP_V1);
		if (!cases[i].v2)
			enc_host_mask(&plan_host, ENC_MECH_CGROUP_V2);
		assert_non_null(plan_of(f,
					"filesystem: {write: [$WORKSPACE]}\nlimits: {memory: 1G, pids: 9, cpu: 50%}\n",
					NULL, 0));
		for (size_t k = 0; k < ENC_LEN(ids); k++) {
			const struct enc_binding *b = enc_plan_find(plan, ids[k]);
			uint32_t other = k == 1 ? BIND(RLIMIT) | BIND(USER_NAMESPACE) : BIND(PID_NAMESPACE);
			bool held = cases[i].held != 0;

			if (b->mechanisms != (held ? cases[i].held : other) || !b->bound || !b->visible ||
			    b->guarantee != (held ? ENC_G_PREVENT : ENC_G_CONTAIN) || (!held && !b->note))
				fail_msg("%s: %s: %x", cases[i].name, ids[k], b->mechanisms);
		}
		assert_int_equal(plan->use_cgroup_memory && plan->use_cgroup_pids && plan->use_cgroup_cpu,
				 cases[i].held != 0);
		assert_int_equal(plan->watch_memory && plan->use_rlimit_pids && plan->watch_cpu, cases[i].held == 0);
	}
}

/* What the owner accepts by name, and no less. */
static void test_accept(void **state)
{
	struct fixture *f = *state;

	tree(f, "");
	host_with_all(&plan_host);
	assert_non_null(plan_of(f,
				"filesystem: {write: [$WORKSPACE]}\nlimits: {memory: 1G}\naccept: {limits: detect}\n",
				NULL, 0));
	assert_int_equal(enc_plan_find(plan, "limits.memory")->asked, ENC_G_DETECT);
	assert_true(plan->runnable);
	/* Accepting less does not bind what nothing binds: `detect` needs something that detects. */
	assert_non_null(plan_of(f,
				"filesystem: {write: [$WORKSPACE]}\nbudgets: {tokens: 5k}\naccept: {budgets: detect}\n",
				NULL, 0));
	assert_false(plan->runnable);
	assert_non_null(
		plan_of(f,
			"filesystem: {write: [$WORKSPACE]}\nlimits: {memory: 1G}\naccept: {limits.memory: prevent}\n",
			NULL, 0));
	assert_true(plan->runnable);
	enc_host_mask(&plan_host, ENC_MECH_CGROUP_V1);
	assert_non_null(
		plan_of(f,
			"filesystem: {write: [$WORKSPACE]}\nlimits: {memory: 1G}\naccept: {limits.memory: prevent}\n",
			NULL, 0));
	assert_false(plan->runnable);
	assert_string_equal(enc_plan_find(plan, "limits.memory")->missing,
			    "this machine can contain it, and not prevent");
	assert_string_equal(enc_plan_find(plan, "limits.memory")->next, "write accept: {\"limits.memory\": contain}");
}

static void test_timeout(void **state)
{
	static const struct {
		const char *limit;
		uint64_t timeout, want;
		const char *file, *note;
	} cases[] = {
		{"", 0, 0, NULL, NULL},
		{"", 5 * S, 5 * S, "--timeout", NULL},
		{"limits: {time: 9s}\n", 0, 9 * S, "m.yaml", NULL},
		{"limits: {time: 9s}\n", 5 * S, 5 * S, "m.yaml", "shortened by --timeout to 5.0s"},
		{"limits: {time: 9s}\n", 9 * S, 9 * S, "m.yaml", NULL},
		{"limits: {time: 9s}\n", 50 * S, 9 * S, "m.yaml", "--timeout is longer: this one holds"},
	};
	struct fixture *f = *state;

	tree(f, "");
	host_with_all(&plan_host);
	for (size_t i = 0; i < ENC_LEN(cases); i++) {
		char *text = enc_asprintf("filesystem: {write: [$WORKSPACE]}\n%s", cases[i].limit);
		size_t n = 0;

		assert_non_null(plan_of(f, text, NULL, cases[i].timeout));
		free(text);
		assert_true(plan->limits.time_ns == cases[i].want);
		for (size_t k = 0; k < plan->n_bindings; k++)
			if (plan->bindings[k].clause->kind == ENC_CL_LIMIT_TIME) {
				const char *note = plan->bindings[k].note;

				n++;
				assert_non_null(strstr(plan->bindings[k].clause->at.file, cases[i].file));
				assert_string_equal(note ? note : "", cases[i].note ? cases[i].note : "");
			}
		assert_int_equal(n, cases[i].file != NULL);
	}
}

/* ---- who runs ---- */

static const struct {
	const char *name, *user;
	const char *env[4];
	int error;
	uid_t uid, inside;
	gid_t gid;
	bool borrowed;
	const char *called, *home;
} as_root[] = {
	{"behind sudo",
	 NULL,
	 {"SUDO_UID=4242", "SUDO_GID=4243", "HOME=/root"},
	 0,
	 4242,
	 4242,
	 4243,
	 false,
	 "4242",
	 "/"},
	{"sudo by root itself",
	 NULL,
	 {"SUDO_UID=0", "SUDO_GID=0", "HOME=/r"},
	 0,
	 1879048192,
	 1879048192,
	 1879048192,
	 true,
	 "agent",
	 "/r"},
	{"a damaged SUDO_UID",
	 NULL,
	 {"SUDO_UID=42x", "HOME=/r"},
	 0,
	 1879048192,
	 1879048192,
	 1879048192,
	 true,
	 "agent",
	 "/r"},
	{"-1 means unchanged to setuid",
	 NULL,
	 {"SUDO_UID=4294967295", "HOME=/r"},
	 0,
	 1879048192,
	 1879048192,
	 1879048192,
	 true,
	 "agent",
	 "/r"},
	{"2^32 is 0",
	 NULL,
	 {"SUDO_UID=4294967296", "HOME=/r"},
	 0,
	 1879048192,
	 1879048192,
	 1879048192,
	 true,
	 "agent",
	 "/r"},
	{"SUDO_GID 0 is not taken", NULL, {"SUDO_UID=4242", "SUDO_GID=0"}, 0, 4242, 4242, 4242, false, "4242", "/"},
	{"nobody behind", NULL, {"HOME=/r/"}, 0, 1879048192, 1879048192, 1879048192, true, "agent", "/r"},
	{"user: root", "root", {"HOME=/r", "SUDO_UID=4242"}, 0, 1879048192, 0, 1879048192, true, "root", "/r"},
	{"user: 0", "0", {"HOME=/r"}, 0, 1879048192, 0, 1879048192, true, "root", "/r"},
	{"a number", "4244", {"HOME=/r", "SUDO_UID=4242"}, 0, 4244, 4244, 4244, false, "4244", "/"},
	{"by name", "nobody", {"HOME=/r"}, 0, 65534, 65534, 65534, false, "nobody", "/nonexistent"},
	{"nobody of that name", "no-such-user", {"HOME=/r"}, -ENOENT, 0, 0, 0, false, NULL, NULL},
};

static void test_ids_of_root(void **state)
{
	if (geteuid() != 0)
		skip();
	for (size_t i = 0; i < ENC_LEN(as_root); i++) {
		enc_auto(enc_arena_free_auto) struct enc_arena *a = enc_arena_new();
		char *env[5] = {NULL};
		struct enc_ids ids;
		struct enc_err e = {0};
		int r;

		for (size_t k = 0; k < 4 && as_root[i].env[k]; k++)
			env[k] = enc_arena_strdup(a, as_root[i].env[k]);
		r = enc_ids_resolve(a, as_root[i].user, "why", env, &ids, &e);
		if (r != as_root[i].error)
			fail_msg("%s: %d %s", as_root[i].name, r, e.text);
		if (r < 0) {
			assert_string_equal(e.id, "E0403");
			continue;
		}
		if (ids.uid != as_root[i].uid || ids.gid != as_root[i].gid || ids.inside_uid != as_root[i].inside ||
		    ids.borrowed != as_root[i].borrowed || strcmp(ids.name, as_root[i].called) != 0 ||
		    strcmp(ids.home, as_root[i].home) != 0)
			fail_msg("%s: uid %u inside %u gid %u borrowed %d %s %s", as_root[i].name, ids.uid,
				 ids.inside_uid, ids.gid, ids.borrowed, ids.name, ids.home);
		assert_true(ids.uid != 0 && ids.gid != 0);
		assert_string_equal(ids.why, as_root[i].user ? "why"
					     : ids.borrowed  ? "an id that nobody has, since root may not run it"
							     : "the user behind sudo");
	}
}

static int as_ordinary(void)
{
	enc_auto(enc_arena_free_auto) struct enc_arena *a = enc_arena_new();
	char *env[] = {enc_arena_strdup(a, "HOME=/h//x/"), enc_arena_strdup(a, "SUDO_UID=7"), NULL};
	struct enc_err e = {0};
	struct enc_ids ids;
	char own[20];

	if (enc_ids_resolve(a, NULL, NULL, env, &ids, &e) < 0 || ids.uid != geteuid() || ids.inside_uid != geteuid() ||
	    ids.gid != getegid() || ids.borrowed || strcmp(ids.home, "/h/x") != 0)
		return 1;
	snprintf(own, sizeof(own), "%u", geteuid());
	if (enc_ids_resolve(a, own, "why", env, &ids, &e) < 0 || ids.uid != geteuid())
		return 2;
	if (enc_ids_resolve(a, "root", "why", env, &ids, &e) != -EPERM || strcmp(e.id, "E0403") != 0)
		return 3;
	enc_err_clear(&e);
	return enc_ids_resolve(a, "4", "why", env, &ids, &e) == -EPERM ? 0 : 4;
}

static void test_ids_of_others(void **state)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		if (geteuid() == 0 && (setresgid(4242, 4242, 4242) < 0 || setresuid(4242, 4242, 4242) < 0))
			_exit(9);
		_exit(as_ordinary());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static const struct enc_mount *text_of(const char *path)
{
	for (size_t i = 0; i < plan->n_mounts; i++)
		if (plan->mounts[i].kind == ENC_MT_TEXT && strcmp(plan->mounts[i].path, path) == 0)
			return &plan->mounts[i];
	return NULL;
}

/* A run whose user has no name is given one, and nobody else's names. */
static void test_names(void **state)
{
	struct fixture *f = *state;
	char *const sudo[] = {(char *)(uintptr_t) "SUDO_UID=65534", (char *)(uintptr_t) "SUDO_GID=65534", NULL};
	char *const number[] = {(char *)(uintptr_t) "SUDO_UID=4242", (char *)(uintptr_t) "SUDO_GID=4243", NULL};
	struct enc_arena *a;
	struct enc_user u;

	if (geteuid() != 0)
		skip();
	tree(f, "");
	host_with_all(&plan_host);
	assert_non_null(plan_of(f, "filesystem: {write: [$WORKSPACE], read: [/etc]}\n", sudo, 0));
	assert_null(text_of("/etc/passwd")); /* is in the host's */
	assert_non_null(plan_of(f, "filesystem: {write: [$WORKSPACE], read: [/etc, /etc/passwd]}\n", number, 0));
	assert_non_null(text_of("/etc/passwd"));
	assert_non_null(strstr(text_of("/etc/passwd")->target, "\n4242:x:4242:4243:4242:/:/bin/sh\n"));
	assert_non_null(strstr(text_of("/etc/group")->target, "\n4242:x:4243:\n"));
	assert_non_null(plan_of(f, "filesystem: {write: [$WORKSPACE]}\n", NULL, 0));
	a = enc_arena_new();
	assert_int_equal(enc_user_find(a, text_of("/etc/passwd")->target, NULL, plan->ids.uid, &u), 1);
	assert_string_equal(u.name, "agent");
	assert_string_equal(u.home, f->home);
	assert_non_null(plan_of(f, "user: root\nfilesystem: {write: [$WORKSPACE]}\n", NULL, 0));
	assert_int_equal(enc_user_find(a, text_of("/etc/passwd")->target, NULL, 0, &u), 1);
	assert_string_equal(u.home, f->home);
	enc_arena_free(a);
	/* Denied is denied, whoever would write it. */
	assert_non_null(plan_of(f, "filesystem: {write: [$WORKSPACE], read: [/etc], deny: [/etc/passwd]}\n", NULL, 0));
	assert_null(text_of("/etc/passwd"));
	assert_non_null(text_of("/etc/group"));
	/* On top of the host's own, when that is granted by name. */
	assert_non_null(plan_of(f, "filesystem: {write: [$WORKSPACE], read: [/etc/passwd]}\n", NULL, 0));
	for (size_t i = 0, seen = 0; i < plan->n_mounts; i++)
		if (strcmp(plan->mounts[i].path, "/etc/passwd") == 0)
			assert_int_equal(plan->mounts[i].kind, seen++ ? ENC_MT_TEXT : ENC_MT_BIND_RO);
}

/* ---- environment ---- */

static void test_env(void **state)
{
	static const struct {
		const char *text, *env;
	} cases[] = {
		{"", "PATH=/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin HOME USER LOGNAME"},
		{"env: {pass: [PATH]}\n", "PATH=/p HOME USER LOGNAME"},
		{"env: {pass: [TERM, GONE], set: {CI: \"1\"}}\n", "TERM=xterm PATH HOME USER LOGNAME CI=1"},
		{"env: {pass: [\"LC_*\"]}\n", "LC_ALL=C LC_TIME=D PATH HOME USER LOGNAME"},
		{"env: {pass: [\"MY_*\"]}\n", "MY_NAME=n PATH HOME USER LOGNAME"},
		{"env: {pass: [MY_TOKEN]}\n", "MY_TOKEN=t PATH HOME USER LOGNAME"},
		{"env: {pass: [HOME, USER]}\n", "HOME USER PATH LOGNAME"},
		{"env: {pass: [TERM], set: {TERM: dumb, PATH: /q, HOME: /elsewhere}}\n",
		 "TERM=dumb PATH=/q HOME=/elsewhere USER LOGNAME"},
		{"env: {pass: [TER]}\n", "PATH HOME USER LOGNAME"},
	};
	struct fixture *f = *state;
	char home[100];
	char *const env[] = {home,
			     (char *)(uintptr_t) "PATH=/p",
			     (char *)(uintptr_t) "TERM=xterm",
			     (char *)(uintptr_t) "TERM=twice",
			     (char *)(uintptr_t) "LC_ALL=C",
			     (char *)(uintptr_t) "LC_TIME=D",
			     (char *)(uintptr_t) "MY_NAME=n",
			     (char *)(uintptr_t) "MY_TOKEN=t",
			     (char *)(uintptr_t) "MY_secret_x=s",
			     (char *)(uintptr_t) "MY_API_KEY=k",
			     (char *)(uintptr_t) "USER=evil",
			     (char *)(uintptr_t) "no equals sign",
			     (char *)(uintptr_t) "=empty",
			     NULL};

	tree(f, "");
	host_with_all(&plan_host);
	snprintf(home, sizeof(home), "HOME=%s", f->home);
	for (size_t i = 0; i < ENC_LEN(cases); i++) {
		char *text = enc_asprintf("filesystem: {write: [$WORKSPACE]}\n%s", cases[i].text), *save = NULL, *want;
		char copy[300];
		size_t n = 0;

		assert_non_null(plan_of(f, text, env, 0));
		free(text);
		snprintf(copy, sizeof(copy), "%s", cases[i].env);
		for (want = strtok_r(copy, " ", &save); want; want = strtok_r(NULL, " ", &save), n++) {
			const char *have = plan->env[n];

			if (!have || strncmp(have, want, strlen(want)) != 0 ||
			    (strchr(want, '=') ? have[strlen(want)] != '\0' : have[strlen(want)] != '='))
				fail_msg("%s: want %s, have %s", cases[i].text, want, have ? have : "no more");
		}
		if (plan->env[n])
			fail_msg("%s: %s is too much", cases[i].text, plan->env[n]);
		for (n = 0; plan->env[n]; n++)
			assert_true(strcmp(plan->env[n], "USER=evil") != 0);
	}
}

/* ---- the plan as an object and as text ---- */

static void test_json(void **state)
{
	struct fixture *f = *state;
	enc_auto(enc_arena_free_auto) struct enc_arena *a = enc_arena_new();
	struct enc_node *root = NULL;
	const struct enc_node *clauses_;
	struct enc_buf b = {0};
	struct enc_json j;
	char digest[65];

	tree(f, "");
	host_with_all(&plan_host);
	assert_non_null(
		plan_of(f, "filesystem: {write: [$WORKSPACE]}\nenv: {set: {MY_TOKEN: hunter2}}\nbudgets: {usd: 5.00}\n",
			NULL, 0));
	enc_json_init(&j, &b, 2);
	enc_plan_json(plan, &j);
	enc_diags_done(&f->d);
	enc_diags_init(&f->d);
	assert_int_equal(enc_yaml_parse(a, "plan", b.s, b.len, &f->d, &root), 0);
	assert_string_equal(enc_node_str(root, "schema"), "enclosure.plan/v1");
	assert_string_equal(enc_node_str(root, "engine"), "user");
	assert_string_equal(enc_node_str(root, "network"), "none");
	assert_string_equal(enc_node_str(root, "runnable"), "false");
	assert_string_equal(enc_node_str(root, "unbound"), "1");
	assert_int_equal(strlen(enc_node_str(enc_node_get(root, "manifest"), "digest")), 64);
	assert_int_equal(enc_node_get(root, "processes")->n, 3);
	clauses_ = enc_node_get(root, "clauses");
	assert_int_equal(clauses_->n, plan->n_bindings);
	for (size_t i = 0; i < clauses_->n; i++) {
		static const char *const keys[] = {"id",	"text",	   "source", "mechanisms",
						   "guarantee", "visible", "bound"};

		for (size_t k = 0; k < ENC_LEN(keys); k++)
			if (!enc_node_get(clauses_->items[i], keys[k]))
				fail_msg("clause %zu has no %s", i, keys[k]);
	}
	/* Values of variables may be secret: the object of the plan is kept and shown. */
	assert_null(strstr(b.s, "hunter2"));
	assert_non_null(strstr(b.s, "\"MY_TOKEN\""));
	enc_buf_done(&b);
	/* The same plan has the same digest, another one another. */
	memcpy(digest, plan->digest, sizeof(digest));
	assert_int_equal(strlen(digest), 64);
	assert_non_null(
		plan_of(f, "filesystem: {write: [$WORKSPACE]}\nenv: {set: {MY_TOKEN: hunter2}}\nbudgets: {usd: 5.00}\n",
			NULL, 0));
	assert_string_equal(plan->digest, digest);
	assert_non_null(plan_of(f, "filesystem: {write: [$WORKSPACE]}\nbudgets: {usd: 5.01}\n", NULL, 0));
	assert_string_not_equal(plan->digest, digest);
}

static void test_unbound_is_named(void **state)
{
	struct fixture *f = *state;
	struct enc_diags d;

	tree(f, "");
	host_with_all(&plan_host);
	assert_non_null(
		plan_of(f,
			"filesystem: {write: [$WORKSPACE]}\nbudgets: {usd: 1.00, tokens: 5k}\nkill: {denials: 9/1m}\n",
			NULL, 0));
	enc_diags_init(&d);
	enc_plan_unbound(plan, &d);
	assert_int_equal(d.n, 3);
	assert_int_equal(plan->n_unbound, 3);
	for (size_t i = 0; i < d.n; i++) {
		assert_string_equal(d.v[i].code, "E0401");
		assert_non_null(d.v[i].clause);
		assert_non_null(d.v[i].source);
		assert_non_null(d.v[i].hint);
		assert_true(d.v[i].line >= 3);
		assert_non_null(strstr(d.v[i].file, "m.yaml"));
	}
	enc_diags_done(&d);
}

static void test_show(void **state)
{
	struct fixture *f = *state;
	struct enc_buf b = {0};

	tree(f, "mkdir \"home/ws/d\033x\"");
	host_with_all(&plan_host);
	assert_non_null(plan_of(
		f, "filesystem: {write: [$WORKSPACE], deny: [\"d\\ex\"]}\nbudgets: {usd: 5.00}\nlimits: {time: 5m}\n",
		NULL, 0));
	for (int columns = 20; columns < 200; columns += 30) {
		enc_plan_show(plan, &b, columns, false);
		assert_non_null(strstr(b.s, "UNBOUND"));
		assert_non_null(strstr(b.s, "budgets.usd"));
		assert_non_null(strstr(b.s, "1 of "));
		assert_null(strchr(b.s, '\033')); /* a name can't paint the terminal */
		for (size_t i = 0; i < plan->n_bindings; i++)
			if (plan->bindings[i].clause->kind == ENC_CL_BUILTIN &&
			    strlen(plan->bindings[i].clause->text) < 20)
				assert_non_null(strstr(b.s, plan->bindings[i].clause->text));
		enc_buf_reset(&b);
	}
	enc_plan_show(plan, &b, 100, true);
	assert_non_null(strstr(b.s, "\033[31mUNBOUND"));
	enc_buf_done(&b);
}

/* Every built-in profile can be planned here, and runs on a machine that has everything. */
static void test_profiles(void **state)
{
	struct fixture *f = *state;
	char home[100];
	char *const env[] = {home, NULL};

	tree(f, "");
	host_with_all(&plan_host);
	snprintf(home, sizeof(home), "HOME=%s", f->home);
	for (size_t i = 0; i < enc_n_builtins; i++) {
		struct enc_plan_request q = {.host = &plan_host, .state_dir = f->state, .cwd = f->ws, .environ = env};

		assert_int_equal(load(f, enc_builtins[i].name), 0);
		plan = enc_plan_free(plan);
		q.policy = f->p;
		if (enc_plan_make(&q, &plan, &f->d, &f->e) < 0)
			fail_msg("%s: %s", enc_builtins[i].name, f->e.text);
		for (size_t k = 0; k < plan->n_bindings; k++)
			if (!plan->bindings[k].bound)
				fail_msg("%s: %s: %s", enc_builtins[i].name, plan->bindings[k].clause->id,
					 plan->bindings[k].missing);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_bindings, plan_open, plan_close),
		cmocka_unit_test_setup_teardown(test_no_kind_forgotten, plan_open, plan_close),
		cmocka_unit_test_setup_teardown(test_controllers, plan_open, plan_close),
		cmocka_unit_test_setup_teardown(test_hierarchies, plan_open, plan_close),
		cmocka_unit_test_setup_teardown(test_accept, plan_open, plan_close),
		cmocka_unit_test_setup_teardown(test_timeout, plan_open, plan_close),
		cmocka_unit_test(test_ids_of_root),
		cmocka_unit_test(test_ids_of_others),
		cmocka_unit_test_setup_teardown(test_names, plan_open, plan_close),
		cmocka_unit_test_setup_teardown(test_env, plan_open, plan_close),
		cmocka_unit_test_setup_teardown(test_json, plan_open, plan_close),
		cmocka_unit_test_setup_teardown(test_unbound_is_named, plan_open, plan_close),
		cmocka_unit_test_setup_teardown(test_show, plan_open, plan_close),
		cmocka_unit_test_setup_teardown(test_profiles, plan_open, plan_close),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
