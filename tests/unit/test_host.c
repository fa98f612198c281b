/* SPDX-License-Identifier: MIT */
/*
 * test_host.c - probes that try, and notice a machine that refuses; the cache; capabilities as an object
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/text.h"
#include "base/yaml.h"
#include "host/host.h"
#include "sys/seccomp.h"

static void test_names(void **state)
{
	static const char *const wanted[] = {
		"user-namespace", "mount-namespace", "pid-namespace", "net-namespace", "landlock", "seccomp",
		"seccomp-notify", "idmap",	     "cgroup-v2",     "cgroup-v1",     "rlimit",   "egress",
		"cgroup-bpf",	  "bpf-exec-check",  "bpf-lsm",	      "witness",       "overlay",
	};
	enum enc_mech m;

	assert_int_equal(ENC_LEN(wanted), ENC_MECH__COUNT);
	for (size_t i = 0; i < ENC_LEN(wanted); i++) {
		assert_int_equal(enc_mech_parse(wanted[i], &m), 0);
		assert_int_equal(m, i);
		assert_string_equal(enc_mech_name(m), wanted[i]);
	}
	assert_int_equal(enc_mech_parse("user", &m), -EINVAL);
	assert_int_equal(enc_mech_parse("", &m), -EINVAL);
	assert_int_equal(enc_mech_parse("Landlock", &m), -EINVAL);
	assert_string_equal(enc_status_name(ENC_ST_REQUIRES_SETUP), "requires-setup");
}

/* ---- probes: a machine that refuses one call ---- */

static const struct {
	const char *name;
	long nr;		/* this call... */
	int error;		/* ...is refused with this */
	enum enc_mech lacks[3]; /* what is lacking then */
	size_t n;
	const char *reason;
} refusals[] = {
	{"unshare",
	 SYS_unshare,
	 EPERM,
	 {ENC_MECH_USER_NAMESPACE, ENC_MECH_MOUNT_NAMESPACE, ENC_MECH_NET_NAMESPACE},
	 3,
	 "unshare: Operation not permitted"},
	{"unshare 2",
	 SYS_unshare,
	 ENOSPC,
	 {ENC_MECH_USER_NAMESPACE, ENC_MECH_PID_NAMESPACE, ENC_MECH_OVERLAY},
	 3,
	 "No space left"},
	{"sethostname", SYS_sethostname, EPERM, {ENC_MECH_USER_NAMESPACE}, 1, "use a capability"},
	{"open_tree", SYS_open_tree, ENOSYS, {ENC_MECH_MOUNT_NAMESPACE}, 1, "open_tree"},
	{"mount_setattr", SYS_mount_setattr, ENOSYS, {ENC_MECH_MOUNT_NAMESPACE}, 1, "mount_setattr"},
	{"move_mount",
	 SYS_move_mount,
	 EPERM,
	 {ENC_MECH_MOUNT_NAMESPACE, ENC_MECH_OVERLAY},
	 2,
	 "Operation not permitted"},
	{"fsopen", SYS_fsopen, EPERM, {ENC_MECH_MOUNT_NAMESPACE, ENC_MECH_PID_NAMESPACE}, 2, "Operation not permitted"},
	{"mount", SYS_mount, EPERM, {ENC_MECH_MOUNT_NAMESPACE, ENC_MECH_OVERLAY}, 2, "Operation not permitted"},
	{"ioctl", SYS_ioctl, EPERM, {ENC_MECH_NET_NAMESPACE, ENC_MECH_SECCOMP_NOTIFY}, 2, "Operation not permitted"},
	{"ruleset",
	 SYS_landlock_create_ruleset,
	 ENOSYS,
	 {ENC_MECH_LANDLOCK},
	 1,
	 "landlock_create_ruleset: Function not"},
	{"ruleset off", SYS_landlock_create_ruleset, EOPNOTSUPP, {ENC_MECH_LANDLOCK}, 1, "Operation not supported"},
	{"restrict", SYS_landlock_restrict_self, EPERM, {ENC_MECH_LANDLOCK}, 1, "landlock_restrict_self"},
	/* Says yes and does nothing: the attempt itself shows it. */
	{"a Landlock that does nothing", SYS_landlock_restrict_self, 0, {ENC_MECH_LANDLOCK}, 1, "could be opened"},
	{"seccomp", SYS_seccomp, EINVAL, {ENC_MECH_SECCOMP, ENC_MECH_SECCOMP_NOTIFY}, 2, "Invalid argument"},
	{"a seccomp that does nothing", SYS_seccomp, 0, {ENC_MECH_SECCOMP}, 1, "did not refuse"},
	{"prlimit64", SYS_prlimit64, EPERM, {ENC_MECH_RLIMIT}, 1, "setrlimit"},
	{"a limit that does not hold", SYS_prlimit64, 0, {ENC_MECH_RLIMIT}, 1, "did not hold"},
#ifdef SYS_mkdir
	{"mkdir", SYS_mkdir, EROFS, {ENC_MECH_CGROUP_V1, ENC_MECH_CGROUP_V2, ENC_MECH_OVERLAY}, 3, "Read-only"},
#else
	{"mkdir", SYS_mkdirat, EROFS, {ENC_MECH_CGROUP_V1, ENC_MECH_CGROUP_V2, ENC_MECH_OVERLAY}, 3, "Read-only"},
#endif
};

/* In a child: the call is refused from here on, for what is started too. */
static int refuse(long nr, int error)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)nr, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)error),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = {.len = ENC_LEN(code), .filter = code};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -1;
	return enc_sys_seccomp_install(&prog, false);
}

static int child_status(pid_t pid)
{
	int status = -1;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

static void test_refusals(void **state)
{
	for (size_t i = 0; i < ENC_LEN(refusals); i++) {
		pid_t pid = fork();
		int status;

		if (pid == 0) {
			struct enc_host h, before;
			struct enc_err e = {0};

			if (enc_host_load(NULL, 0, &before, &e) < 0 || refuse(refusals[i].nr, refusals[i].error) < 0)
				_exit(100);
			if (enc_host_load(NULL, 0, &h, &e) < 0)
				_exit(101);
			for (size_t k = 0; k < refusals[i].n; k++) {
				const struct enc_probe *p = &h.mech[refusals[i].lacks[k]];

				/* A machine (or user) that never had it tells nothing here. */
				if (before.mech[refusals[i].lacks[k]].status != ENC_ST_SUPPORTED)
					continue;
				if (p->status == ENC_ST_SUPPORTED || !strstr(p->reason, refusals[i].reason)) {
					(void)fprintf(stderr, "%s: %s is %s: %s\n", refusals[i].name,
						      enc_mech_name(refusals[i].lacks[k]), enc_status_name(p->status),
						      p->reason);
					_exit(1);
				}
			}
			_exit(h.mech[ENC_MECH_LANDLOCK].status != ENC_ST_SUPPORTED && h.landlock_abi ? 2 : 0);
		}
		status = child_status(pid);
		if (status)
			fail_msg("%s: %d", refusals[i].name, status);
	}
}

/* What lacks says why; what can be mended says how; what is there claims nothing more. */
static void check_told(const struct enc_host *h)
{
	for (int m = 0; m < ENC_MECH__COUNT; m++) {
		const struct enc_probe *p = &h->mech[m];

		if (p->status == ENC_ST_SUPPORTED ? p->reason[0] || p->next[0] : !p->reason[0])
			fail_msg("%s: %s '%s' '%s'", enc_mech_name((enum enc_mech)m), enc_status_name(p->status),
				 p->reason, p->next);
	}
	assert_int_not_equal(h->mech[ENC_MECH_EGRESS].status, ENC_ST_SUPPORTED);
	assert_int_equal(h->mech[ENC_MECH_LANDLOCK].status == ENC_ST_SUPPORTED, h->landlock_abi > 0);
	for (int c = 0; c < ENC_CTL__COUNT; c++)
		assert_int_equal(h->ctl[c].version != 0, h->ctl[c].dir[0] == '/' || enc_home_is_scope(h->ctl[c].dir));
}

static void test_here(void **state)
{
	struct enc_host h;
	struct enc_err e = {0};

	assert_int_equal(enc_host_load(NULL, 0, &h, &e), 0);
	assert_false(h.cached);
	assert_int_equal(h.uid, geteuid());
	assert_int_equal(strlen(h.boot_id), 36);
	assert_true(h.release[0] && h.machine[0]);
	check_told(&h);
}

static void test_ordinary_user(void **state)
{
	pid_t pid = fork();

	if (pid == 0) {
		struct enc_host h;
		struct enc_err e = {0};

		if (geteuid() == 0 && (setresgid(4242, 4242, 4242) < 0 || setresuid(4242, 4242, 4242) < 0))
			_exit(100);
		if (enc_host_load(NULL, 0, &h, &e) < 0)
			_exit(101);
		check_told(&h);
		_exit(h.mech[ENC_MECH_IDMAP].status == ENC_ST_REQUIRES_SETUP && h.uid == geteuid() ? 0 : 1);
	}
	assert_int_equal(child_status(pid), 0);
}

static size_t count_lines(const char *path)
{
	FILE *f = fopen(path, "re");
	size_t n = 0;
	int c;

	assert_non_null(f);
	while ((c = fgetc(f)) != EOF)
		n += c == '\n';
	assert_int_equal(fclose(f), 0);
	return n;
}

static size_t count_entries(const char *path)
{
	DIR *d = opendir(path);
	size_t n = 0;

	assert_non_null(d);
	while (readdir(d))
		n++;
	assert_int_equal(closedir(d), 0);
	return n;
}

static void test_nothing_left(void **state)
{
	size_t mounts = count_lines("/proc/self/mountinfo"), fds = count_entries("/proc/self/fd");
	struct enc_host h;
	struct enc_err e = {0};
	char group[600];

	assert_int_equal(enc_host_load(NULL, ENC_HOST_FRESH, &h, &e), 0);
	assert_int_equal(count_lines("/proc/self/mountinfo"), mounts);
	assert_int_equal(count_entries("/proc/self/fd"), fds);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
	for (int c = 0; c < ENC_CTL__COUNT; c++) {
		if (!h.ctl[c].version)
			continue;
		snprintf(group, sizeof(group), "%s/probe-%d", h.ctl[c].dir, (int)getpid());
		assert_int_equal(access(group, F_OK), -1);
	}
}

/* ---- the cache ---- */

static char dir[64];

static int cache_open(void **state)
{
	strcpy(dir, "/tmp/enc-host-XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int cache_close(void **state)
{
	char path[100];

	snprintf(path, sizeof(path), "%s/boot.json", dir);
	(void)unlink(path);
	return rmdir(dir);
}

static char *read_cache(void)
{
	char path[100], *text;
	size_t n;

	snprintf(path, sizeof(path), "%s/boot.json", dir);
	assert_int_equal(enc_read_file(AT_FDCWD, path, 1 << 20, &text, &n, NULL), 0);
	return text;
}

static void write_cache(const char *text, size_t n)
{
	char path[100];

	snprintf(path, sizeof(path), "%s/boot.json", dir);
	assert_int_equal(enc_write_file(AT_FDCWD, path, text, n, 0600, false, NULL), 0);
}

/* The text with its first `from` replaced. */
static char *changed(const char *text, const char *from, const char *to)
{
	const char *at = strstr(text, from);

	if (!at)
		fail_msg("the cache has no %s", from);
	return enc_asprintf("%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
}

static void load_again(bool cached, struct enc_host *h)
{
	struct enc_err e = {0};

	assert_int_equal(enc_host_load(dir, 0, h, &e), 0);
	assert_int_equal(h->cached, cached);
}

static void test_cache(void **state)
{
	struct enc_host first, again;
	char path[100], *text, *other;
	struct stat st;

	load_again(false, &first);
	snprintf(path, sizeof(path), "%s/boot.json", dir);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	load_again(true, &again);
	assert_int_equal(again.landlock_abi, first.landlock_abi);
	assert_string_equal(again.cgroup2_dir, first.cgroup2_dir);
	for (int m = 0; m < ENC_MECH__COUNT; m++) {
		assert_int_equal(again.mech[m].status, first.mech[m].status);
		assert_string_equal(again.mech[m].detail, first.mech[m].detail);
		assert_string_equal(again.mech[m].reason, first.mech[m].reason);
		assert_string_equal(again.mech[m].next, first.mech[m].next);
	}
	for (int c = 0; c < ENC_CTL__COUNT; c++) {
		assert_int_equal(again.ctl[c].version, first.ctl[c].version);
		assert_string_equal(again.ctl[c].dir, first.ctl[c].dir);
		assert_int_equal(again.old[c].version, first.old[c].version);
		assert_string_equal(again.old[c].dir, first.old[c].dir);
	}
	/* It is really read. */
	text = read_cache();
	other = changed(text, "not built in this version", "from the cache");
	write_cache(other, strlen(other));
	free(other);
	load_again(true, &again);
	assert_string_equal(again.mech[ENC_MECH_EGRESS].reason, "from the cache");
	assert_int_equal(enc_host_load(dir, ENC_HOST_FRESH, &again, NULL), 0);
	assert_false(again.cached);
	assert_string_equal(again.mech[ENC_MECH_EGRESS].reason, "not built in this version");
	free(text);
}

static void test_damaged_cache(void **state)
{
	static const struct {
		const char *from, *to;
	} changes[] = {
		{"\"key\": \"", "\"key\": \"0"}, /* another boot */
		{"\"status\": 0", "\"status\": 99"},
		{"\"status\": 0", "\"status\": -1"},
		{"\"status\": 0", "\"status\": \"x\""},
		{"\"status\": 0", "\"status\": 18446744073709551616"},
		{"\"landlock_abi\"", "\"abi\""},
		{"\"version\": ", "\"version\": 3"},
		{"\"mechanisms\": [", "\"mechanisms\": [{\"status\": 0},"},
		{"\"controllers\": [", "\"controllers\": [{\"version\": 0},"},
		{"\"mechanisms\"", "\"key\""},
		{"{", "["},
		{"\"key\"", "\"x\": &a 1, \"key\""},
	};
	struct enc_host h;
	char *good, *bad;

	load_again(false, &h);
	good = read_cache();
	for (size_t i = 0; i < ENC_LEN(changes); i++) {
		bad = changed(good, changes[i].from, changes[i].to);
		write_cache(bad, strlen(bad));
		free(bad);
		load_again(false, &h); /* and written anew */
		load_again(true, &h);
	}
	for (size_t n = 0; n < strlen(good) - 2; n += 1 + strlen(good) / 12) {
		write_cache(good, n);
		load_again(false, &h);
	}
	write_cache("\0\xff\xfe", 3);
	load_again(false, &h);
	bad = enc_alloc(2 << 20);
	memset(bad, ' ', 2 << 20);
	write_cache(bad, 2 << 20);
	free(bad);
	load_again(false, &h);
	free(good);
}

static void test_no_place_for_it(void **state)
{
	struct enc_host h;
	struct enc_err e = {0};

	assert_true(enc_host_load("/nonexistent/state", 0, &h, &e) < 0);
	assert_string_equal(e.id, "E0801");
}

/* ---- masks and the object ---- */

static void all_there(struct enc_host *h)
{
	memset(h, 0, sizeof(*h));
	h->landlock_abi = 7;
	strcpy(h->release, "6.1");
	strcpy(h->cgroup2_dir, "/g");
	h->ctl[ENC_CTL_MEMORY] = (struct enc_cgroup_home){1, "/m"};
	h->ctl[ENC_CTL_PIDS] = (struct enc_cgroup_home){2, "/p"};
	h->ctl[ENC_CTL_CPU] = (struct enc_cgroup_home){2, "/new"};
	h->old[ENC_CTL_CPU] = (struct enc_cgroup_home){1, "/old"};
}

static void test_mask(void **state)
{
	struct enc_host h;

	for (int m = 0; m < ENC_MECH__COUNT; m++) {
		all_there(&h);
		enc_host_mask(&h, (enum enc_mech)m);
		for (int o = 0; o < ENC_MECH__COUNT; o++)
			assert_int_equal(enc_host_has(&h, (enum enc_mech)o), o != m);
		assert_true(h.mech[m].reason[0] && h.mech[m].next[0]);
		assert_int_equal(h.landlock_abi, m == ENC_MECH_LANDLOCK ? 0 : 7);
		assert_int_equal(h.cgroup2_dir[0] == '\0', m == ENC_MECH_CGROUP_V2);
		assert_int_equal(h.ctl[ENC_CTL_MEMORY].version, m == ENC_MECH_CGROUP_V1 ? 0 : 1);
		assert_int_equal(h.ctl[ENC_CTL_PIDS].version, m == ENC_MECH_CGROUP_V2 ? 0 : 2);
		/* Both there: what is left of them is used. */
		assert_string_equal(h.ctl[ENC_CTL_CPU].dir, m == ENC_MECH_CGROUP_V2 ? "/old" : "/new");
		assert_int_equal(h.ctl[ENC_CTL_CPU].version, m == ENC_MECH_CGROUP_V2 ? 1 : 2);
	}
	for (int first = 0; first < 2; first++) {
		all_there(&h);
		enc_host_mask(&h, first ? ENC_MECH_CGROUP_V1 : ENC_MECH_CGROUP_V2);
		enc_host_mask(&h, first ? ENC_MECH_CGROUP_V2 : ENC_MECH_CGROUP_V1);
		assert_int_equal(h.ctl[ENC_CTL_CPU].version, 0);
	}
}

static void test_json(void **state)
{
	static const struct {
		enum enc_mech mask; /* _COUNT: none */
		const char *levels, *none, *open;
	} cases[] = {
		{ENC_MECH__COUNT, "read-only workspace-write contained open", "supported", "supported"},
		{ENC_MECH_NET_NAMESPACE, "workspace-write open", "unavailable", "supported"},
		{ENC_MECH_USER_NAMESPACE, "", "unavailable", "unavailable"},
		{ENC_MECH_SECCOMP, "", "unavailable", "unavailable"},
		{ENC_MECH_LANDLOCK, "read-only workspace-write contained open", "supported", "supported"},
	};

	for (size_t i = 0; i < ENC_LEN(cases); i++) {
		enc_auto(enc_arena_free_auto) struct enc_arena *a = enc_arena_new();
		struct enc_node *root = NULL;
		const struct enc_node *n;
		struct enc_buf b = {0}, levels = {0};
		struct enc_diags d;
		struct enc_json j;
		struct enc_host h;

		all_there(&h);
		if (cases[i].mask != ENC_MECH__COUNT)
			enc_host_mask(&h, cases[i].mask);
		enc_json_init(&j, &b, 2);
		enc_host_json(&h, &j);
		enc_diags_init(&d);
		assert_int_equal(enc_yaml_parse(a, "capabilities", b.s, b.len, &d, &root), 0);
		enc_diags_done(&d);
		assert_string_equal(enc_node_str(root, "schema"), "enclosure.capabilities/v1");
		assert_string_equal(enc_node_str(root, "kernel"), "6.1");
		assert_non_null(enc_node_get(root, "arch"));
		assert_non_null(enc_node_get(root, "euid"));
		n = enc_node_get(root, "levels");
		enc_buf_puts(&levels, "");
		for (size_t k = 0; k < n->n; k++)
			enc_buf_printf(&levels, "%s%s", k ? " " : "", n->items[k]->text);
		assert_string_equal(levels.s, cases[i].levels);
		n = enc_node_get(root, "network_modes");
		assert_string_equal(enc_node_str(n, "none"), cases[i].none);
		assert_string_equal(enc_node_str(n, "open"), cases[i].open);
		assert_string_equal(enc_node_str(n, "proxy"), "unsupported");
		assert_int_equal(enc_node_get(root, "mechanisms")->n, ENC_MECH__COUNT);
		n = enc_node_get(root, "features");
		assert_true(n->n > 20);
		for (size_t k = 0; k < n->n; k++) {
			assert_true(enc_node_get(n->items[k], "reason") && enc_node_get(n->items[k], "next"));
			/* What is not there says why. */
			if (strcmp(enc_node_str(n->items[k], "status"), "supported") != 0)
				assert_string_not_equal(enc_node_str(n->items[k], "reason"), "null");
		}
		enc_buf_done(&b);
		enc_buf_done(&levels);
	}
}

/* ---- the worker's part ---- */

static void ask_worker(char *ret, size_t size, const char *group)
{
	const char *root = getenv("ENC_BUILD_ROOT");
	char *command = enc_asprintf("%s/enclosure-worker probe-bpf '%s'", root ? root : ".", group);
	FILE *f = popen(command, "re");
	size_t n;

	assert_non_null(f);
	n = fread(ret, 1, size - 1, f);
	ret[n] = '\0';
	assert_int_equal(pclose(f), 0);
	free(command);
}

static void test_worker(void **state)
{
	static const char *const mechs[] = {"bpf-lsm ", "cgroup-bpf ", "bpf-exec-check ", "witness "};
	char said[2000], *line;
	size_t lines = 0;

	ask_worker(said, sizeof(said), "");
	for (line = said; *line; line = strchr(line, '\n') + 1)
		lines++;
	assert_int_equal(lines, ENC_LEN(mechs));
	for (size_t i = 0; i < ENC_LEN(mechs); i++) {
		int error = -1, at = 0;

		line = strstr(said, mechs[i]);
		assert_non_null(line);
		assert_true(line == said || line[-1] == '\n');
		assert_int_equal(sscanf(line + strlen(mechs[i]), "%d %n", &error, &at), 1);
		assert_true(error >= 0 && at > 0 && line[strlen(mechs[i]) + (size_t)at] > ' ');
	}
	/* No folder for a group: an answer with a reason, never success. */
	assert_non_null(strstr(said, "cgroup-bpf 2 "));
}

/* Where nobody listens there is no scope: never a success, never without a reason. */
static void test_worker_without_manager(void **state)
{
	static const struct {
		const char *arguments, *says;
		int status;
	} cases[] = {
		{"enclosure-test.scope 1", "connect: ", 1},
		{"enclosure-test.scope", "", 64},
		{"enclosure-test.scope 1 2 3 4 5 6 7 8 9", "", 64},
	};
	const char *root = getenv("ENC_BUILD_ROOT");

	for (size_t i = 0; i < ENC_LEN(cases); i++) {
		char *command = enc_asprintf("XDG_RUNTIME_DIR=/nonexistent "
					     "DBUS_SESSION_BUS_ADDRESS=unix:path=/nonexistent/bus "
					     "%s/enclosure-worker scope %s",
					     root ? root : ".", cases[i].arguments);
		char said[200] = "";
		FILE *f = popen(command, "re");
		int status;

		assert_non_null(f);
		said[fread(said, 1, sizeof(said) - 1, f)] = '\0';
		status = pclose(f);
		if (!WIFEXITED(status) || WEXITSTATUS(status) != cases[i].status ||
		    strncmp(said, cases[i].says, strlen(cases[i].says)) != 0)
			fail_msg("scope %s: status %x: %s", cases[i].arguments, status, said);
		free(command);
	}
}

static void test_scope(void **state)
{
	struct enc_host h = {0};
	struct enc_err e = {0};
	pid_t pid = getpid();
	char scope[256];

	assert_false(enc_host_in_scope(&h));
	strcpy(h.cgroup2_dir, ENC_HOME_SCOPE);
	assert_true(enc_host_in_scope(&h));
	h.ctl[ENC_CTL_MEMORY] = (struct enc_cgroup_home){2, ENC_HOME_SCOPE};
	enc_host_mask(&h, ENC_MECH_CGROUP_V1);
	assert_true(enc_host_in_scope(&h));
	enc_host_mask(&h, ENC_MECH_CGROUP_V2);
	assert_false(enc_host_in_scope(&h));
	/* Beside the test there is no worker to ask. */
	assert_true(enc_host_scope("test", &pid, 1, scope, sizeof(scope), &e) < 0);
	assert_non_null(strstr(e.text, "enclosure-worker"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_here),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_ordinary_user),
		cmocka_unit_test(test_nothing_left),
		cmocka_unit_test_setup_teardown(test_cache, cache_open, cache_close),
		cmocka_unit_test_setup_teardown(test_damaged_cache, cache_open, cache_close),
		cmocka_unit_test(test_no_place_for_it),
		cmocka_unit_test(test_mask),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_worker),
		cmocka_unit_test(test_worker_without_manager),
		cmocka_unit_test(test_scope),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
