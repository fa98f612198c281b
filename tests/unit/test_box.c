/* SPDX-License-Identifier: MIT */
/*
 * test_box.c - real boxes from hand-made plans: what they let by, what they stop, what is left of them
 *
 * Started by root it runs twice, the second time as an ordinary user (an id without a name).
 */
#include "box_fixture.h"

#include "box_probe.h"
#include "sandbox/box_impl.h"

static struct fixture fx;

static int fresh(void **state)
{
	(void)state;
	fixture_init(&fx);
	return 0;
}

static int clean(void **state)
{
	(void)state;
	fixture_done(&fx);
	return 0;
}

static void assert_code(const struct outcome *o, int code, const char *name)
{
	if (o->prepared)
		fail_msg("%s: not prepared: %s", name, o->failure.text);
	if (!o->status.exited || o->status.code != code)
		fail_msg("%s: exited %d signaled %d code %d, not %d; it said: %s", name, o->status.exited,
			 o->status.signaled, o->status.code, code, o->out);
}

/* ---- what a box is ---- */

/* Scripts with the status that they end with; @ stands for the test's directory. */
static const struct {
	const char *name, *script;
	int code;
} scripts[] = {
	{"status is passed on", "exit 42", 42},
	{"reads a read grant", "cat @/ro/file", 0},
	{"does not write a read grant", "echo x > @/ro/file", 2},
	{"does not create in a read grant", "touch @/ro/new", 1},
	{"does not delete in a read grant", "rm -f @/ro/file", 1},
	{"writes a write grant", "echo x > @/ws/new && cat @/ws/new", 0},
	{"renames and links in it", "cd @/ws && mkdir b && touch c && mv c b/c && ln b/c d && mkfifo p && ln -s d e",
	 0},
	{"sees nothing beside the grants", "test -e @/outside", 1},
	{"sees the test's directory as its own", "ls @ | tr '\\n' ' ' | grep -qx 'ro ws '", 0},
	{"the root is read-only", "touch /new", 1},
	{"/etc is read-only", "touch /etc/new", 1},
	{"no /sys", "test -e /sys", 1},
	{"/run is empty", "test -z \"$(ls /run)\"", 0},
	{"/tmp is private", "touch /tmp/x && test \"$(ls /tmp)\" != \"\" && ! test -e @/outside", 0},
	{"home is private and writable", "echo x > $HOME/.x && test $(stat -c %a $HOME) = 700", 0},
	{"shm is writable", "echo x > /dev/shm/x", 0},
	{"devices work", "echo x > /dev/null && head -c 3 /dev/zero /dev/urandom >/dev/null && test -c /dev/tty", 0},
	{"no other device", "test $(ls /dev | wc -l) = 13", 0},
	{"links at the top", "test \"$(readlink /bin)\" = usr/bin -o -d /bin", 0},
	{"own processes alone", "test $(ls /proc | grep -c '^[0-9]') -lt 8 && test $$ -lt 10", 0},
	{"own host name", "test \"$(cat /proc/sys/kernel/hostname)\" = enclosure", 0},
	{"own session", "test $(cut -d' ' -f6 /proc/self/stat) != 1", 0},
	{"nothing but loopback", "test \"$(tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' ')\" = lo", 0},
	{"one user", "id -u | grep -qx $(stat -c %u @/ws)", 0},
	{"no core file", "test $(ulimit -Hc) = 0", 0},
	{"the core limit stays", "ulimit -c 0; grep -q 'core file size *1 *1 ' /proc/self/limits", 0},
	{"opens its output again", "echo x > /dev/stdout && echo x > /dev/stderr", 0},
	{"environment is the plan's", "env | grep -v -e ^PWD= -e ^PATH= -e ^HOME= -e ^_= -e ^SHLVL= -e ^OLDPWD=", 1},
	{"/proc/sys is read-only", "echo x > /proc/sys/kernel/hostname", 2},
	{"hidden files of /proc are empty", "test -z \"$(cat /proc/kallsyms 2>/dev/null)\"", 0},
	{"init can't be looked at", "ls /proc/1/fd", 2},
	{"init can't be killed", "kill -9 1; sleep 0.1; true", 0},
	{"mount table has no host path", "grep -q -e @/outside -e ' /old' /proc/self/mountinfo", 1},
	{"setuid bit is refused", "touch @/ws/s && chmod u+s @/ws/s", 1},
	{"setgid bit is refused", "touch @/ws/s && chmod 2755 @/ws/s", 1},
	{"no user namespace", "unshare -U true", 1},
	{"no mount", "mount -t tmpfs none /tmp", 32},
};

static void expand(char *out, size_t size, const char *script)
{
	size_t n = 0;

	for (; *script && n < size - 1; script++) {
		if (*script == '@')
			n += (size_t)snprintf(out + n, size - n, "%s", fx.dir);
		else
			out[n++] = *script;
	}
	out[n] = '\0';
}

static void run_scripts(void)
{
	char text[1024];

	for (size_t i = 0; i < ENC_LEN(scripts); i++) {
		expand(text, sizeof(text), scripts[i].script);
		assert_code(run_sh(&fx, text), scripts[i].code, scripts[i].name);
	}
}

static void a_box(void **state)
{
	(void)state;
	run_scripts();
}

/* The mounts hold by themselves. */
static void a_box_without_landlock(void **state)
{
	(void)state;
	fx.plan.use_landlock = false;
	run_scripts();
}

static void a_box_without_notification(void **state)
{
	struct outcome *o;

	(void)state;
	fx.plan.use_notify = false;
	run_scripts();
	o = run_probe(&fx, "call", "428:-100:0:0"); /* open_tree */
	assert_code(o, 1, "open_tree");
	assert_string_equal(o->out, "errno 1\n");
}

static void the_whole_host_to_read(void **state)
{
	static const struct {
		const char *name, *script;
		int code;
	} cases[] = {
		{"sees the host", "test -e /etc && test -e /usr/bin", 0},
		{"writes nothing of it", "touch /etc/new", 1},
		{"private /tmp", "test -z \"$(ls /tmp | grep -v enc-box)\" && touch /tmp/x", 0},
		{"empty /sys", "test -z \"$(ls -A /sys)\"", 0},
		{"empty /run", "test -z \"$(ls -A /run)\"", 0},
		{"own /proc", "test $$ -lt 10", 0},
		{"write grant in it", "echo x > @/ws/new", 0},
		{"no secrets of root", "cat /etc/shadow", 1},
	};
	size_t n = 0;
	char text[1024];

	(void)state;
	fx.plan.n_mounts = 0;
	add(&fx, ENC_MT_BIND_RO, "/", NULL);
	add(&fx, ENC_MT_BIND_RW, at(&fx, "ws"), NULL);
	for (n = 0; n < ENC_LEN(cases); n++) {
		expand(text, sizeof(text), cases[n].script);
		assert_code(run_sh(&fx, text), cases[n].code, cases[n].name);
	}
}

static void masks_and_pins(void **state)
{
	static const struct {
		const char *name, *script;
		int code;
	} cases[] = {
		{"masked directory", "ls @/ws/a/secret", 2},
		{"masked file in it", "cat @/ws/a/secret/key", 1},
		{"masked file", "cat @/ws/token", 1},
		{"can't be opened up", "chmod 700 @/ws/a/secret", 1},
		{"can't be opened up either", "chmod 600 @/ws/token", 1},
		{"can't be deleted", "rm -rf @/ws/a/secret @/ws/token", 1},
		{"can't be moved", "mv @/ws/token @/ws/t2", 1},
		{"nor its parent", "mv @/ws/a @/ws/a2", 1},
		{"the parent is writable", "touch @/ws/a/new", 0},
		{"protected is readable", "cat @/ws/hooks/pre", 0},
		{"protected is not writable", "echo x > @/ws/hooks/pre", 2},
		{"nor can one be added", "touch @/ws/hooks/post", 1},
		{"nor can it be moved", "mv @/ws/hooks @/ws/h2", 1},
		{"a link to it helps nothing", "ln -s @/ws/a/secret @/ws/l && cat @/ws/l/key", 1},
		{"generated file", "grep -q ^agent: /etc/passwd && ! echo x >> /etc/passwd", 0},
	};
	char text[1024];

	(void)state;
	add(&fx, ENC_MT_PIN, at(&fx, "ws/a"), NULL);
	add(&fx, ENC_MT_MASK_DIR, at(&fx, "ws/a/secret"), NULL);
	add(&fx, ENC_MT_MASK_FILE, at(&fx, "ws/token"), NULL);
	add(&fx, ENC_MT_PROTECT, at(&fx, "ws/hooks"), NULL);
	add(&fx, ENC_MT_TEXT, "/etc/passwd", "agent:x:1:1::/home/agent:/bin/sh\n");
	for (size_t i = 0; i < ENC_LEN(cases); i++) {
		expand(text, sizeof(text), cases[i].script);
		assert_code(run_sh(&fx, text), cases[i].code, cases[i].name);
	}
}

/* ---- what is tried against it ---- */

static void forbidden_acts(void **state)
{
	static const struct {
		const char *name, *probe, *arg;
	} acts[] = {
		{"core_pattern", "write", "/proc/sys/kernel/core_pattern"},
		{"modprobe", "write", "/proc/sys/kernel/modprobe"},
		{"sysrq-trigger", "write", "/proc/sysrq-trigger"},
		{"uevent_helper", "write", "/sys/kernel/uevent_helper"},
		{"release_agent", "write", "/sys/fs/cgroup/memory/release_agent"},
		{"cgroup.procs", "write", "/sys/fs/cgroup/unified/cgroup.procs"},
		{"kmsg", "write", "/dev/kmsg"},
		{"kmsg of proc", "read", "/proc/kmsg"},
		{"kcore", "read", "/proc/kcore"},
		{"keys", "read", "/proc/keys"},
		{"memory", "write", "/dev/mem"},
		{"a disk", "read", "/dev/vda"},
		{"memory of init", "write", "/proc/1/mem"},
		{"root of init", "read", "/proc/1/root/etc/hostname"},
		{"environment of init", "read", "/proc/1/environ"},
		{"/etc/passwd", "write", "/etc/passwd"},
		{"capabilities", "caps", NULL},
		{"descriptors", "fds", NULL},
		{"/..", "up", NULL},
		{"ids", "ids", NULL},
		{"a typed character", "tiocsti", NULL},
	};
	struct outcome *o;

	(void)state;
	for (size_t i = 0; i < ENC_LEN(acts); i++)
		assert_code(run_probe(&fx, acts[i].probe, acts[i].arg), 1, acts[i].name);
	o = run_probe(&fx, "vm-read", "1");
	assert_code(o, 1, "memory of init by number");
	assert_string_equal(o->out, "errno 1\n");
}

static void refused_calls_are_seen(void **state)
{
	static const struct {
		const char *call, *seen;
		int error;
	} cases[] = {
		{"428:-100:0:0", "mount:open_tree ", EPERM},
		{"425:8:0", "io_uring:io_uring_setup ", EPERM},
#ifdef __x86_64__
		{"165:0:0:0:0:0", "mount:mount ", EPERM},
		{"161:0", "chroot:chroot ", EPERM},
		{"321:0:0:0", "bpf:bpf ", EPERM},
		{"298:0:0:0:0:0", "perf:perf_event_open ", EPERM},
		{"323:0", "userfaultfd:userfaultfd ", EPERM},
		{"250:0", "keyring:keyctl ", EPERM},
		{"272:0x10000000", "namespace:unshare ", EPERM},
		{"56:0x10000011:0:0:0:0", "namespace:clone ", EPERM},
		{"308:0:0", "namespace:setns ", EPERM},
		{"41:40:1:0", "socket:socket ", EAFNOSUPPORT},
		{"41:2:1:262", "socket:socket ", EPROTONOSUPPORT},
		{"41:17:3:0", "socket:socket ", EAFNOSUPPORT},
		{"54:0:6:30:0:0", "fast-open:setsockopt ", ENOPROTOOPT},
		{"133:0:0020644:0", "device-node:mknod ", EPERM},
		{"101:16:1:0:0", "", ESRCH}, /* ptrace is let by: the kernel decides */
#endif
		{"435:0:0", "", ENOSYS}, /* clone3: not a refusal, programs go on with clone */
		{"437:-100:0:0:0", "", ENOSYS},
	};
	char want[32];

	(void)state;
	for (size_t i = 0; i < ENC_LEN(cases); i++) {
		struct outcome *o = run_probe(&fx, "call", cases[i].call);

		assert_code(o, 1, cases[i].call);
		(void)snprintf(want, sizeof(want), "errno %d\n", cases[i].error);
		if (strcmp(o->out, want) != 0 && cases[i].error != ESRCH)
			fail_msg("%s: %s instead of %s", cases[i].call, o->out, want);
		if (strcmp(o->refused, cases[i].seen) != 0)
			fail_msg("%s: seen '%s', not '%s'", cases[i].call, o->refused, cases[i].seen);
	}
}

#ifdef __x86_64__
static void foreign_calls_kill(void **state)
{
	static const char *const names[] = {"x32", "int80"};

	(void)state;
	for (size_t i = 0; i < ENC_LEN(names); i++) {
		struct outcome *o = run_probe(&fx, names[i], NULL);

		assert_int_equal(o->prepared, 0);
		if (!o->status.signaled || o->status.code != SIGSYS)
			fail_msg("%s: exited %d code %d", names[i], o->status.exited, o->status.code);
	}
}
#endif

/* With the host's network: an abstract socket of somebody outside stays out of reach (Landlock scope). */
static void abstract_sockets(void **state)
{
	struct sockaddr_un me = {.sun_family = AF_UNIX};
	char name[64];
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)state;
	if (!enc_sys_landlock_scopes(fx.host.landlock_abi))
		skip();
	(void)snprintf(name, sizeof(name), "enc-%s", fx.run);
	memcpy(me.sun_path + 1, name, strlen(name));
	assert_int_equal(bind(fd, (struct sockaddr *)&me,
			      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name))),
			 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(probe_abstract(name), 0); /* the control: it works out here */
	fx.plan.net_none = false;
	assert_code(run_probe(&fx, "abstract", name), 1, "abstract socket");
	(void)close(fd);
}

/* A link that an agent planted on the way to a grant, or in place of it. */
static void planted_links(void **state)
{
	struct outcome *o;

	(void)state;
	assert_int_equal(symlink("/etc", at(&fx, "ws/way")), 0);
	add(&fx, ENC_MT_BIND_RO, at(&fx, "ws/token"), NULL)->path = at(&fx, "ws/way/hostname");
	o = run_sh(&fx, "true");
	assert_int_equal(o->prepared, -ELOOP);
	assert_string_equal(o->failure.step, "mount");

	fx.plan.n_mounts--;
	add(&fx, ENC_MT_BIND_RO, at(&fx, "ws/token"), NULL);
	assert_int_equal(rename(at(&fx, "ws/token"), at(&fx, "ws/old")), 0);
	put_file(&fx, "ws/token", "another\n", 0644);
	assert_int_equal(run_sh(&fx, "true")->prepared, -ESTALE);

	assert_int_equal(unlink(at(&fx, "ws/token")), 0);
	assert_int_equal(symlink("/etc/hostname", at(&fx, "ws/token")), 0);
	assert_int_equal(run_sh(&fx, "true")->prepared, -ESTALE);
}

static void masks_of_what_is_gone(void **state)
{
	(void)state;
	add(&fx, ENC_MT_MASK_FILE, at(&fx, "ws/token"), NULL);
	assert_int_equal(unlink(at(&fx, "ws/token")), 0);
	assert_int_equal(run_sh(&fx, "true")->prepared, -ENOENT);
	assert_int_equal(symlink("hooks", at(&fx, "ws/token")), 0);
	assert_true(run_sh(&fx, "true")->prepared < 0);
}

static void root_of_the_machine_never_runs(void **state)
{
	(void)state;
	fx.plan.ids.uid = 0;
	assert_int_equal(run_sh(&fx, "true")->prepared, -EPERM);
	fx.plan.ids.uid = fx.plan.ids.inside_uid;
	fx.plan.ids.gid = 0;
	assert_int_equal(run_sh(&fx, "true")->prepared, -EPERM);
}

static void root_inside(void **state)
{
	(void)state;
	fx.plan.ids.inside_uid = fx.plan.ids.inside_gid = 0;
	assert_code(run_sh(&fx, "test $(id -u) = 0 && touch /tmp/x && test $(stat -c %u /tmp/x) = 0"), 0, "uid 0");
	assert_code(run_probe(&fx, "caps", NULL), 1, "capabilities");
	assert_code(run_probe(&fx, "write", "/proc/sys/kernel/core_pattern"), 1, "core_pattern");
	assert_code(run_sh(&fx, "cat /etc/shadow"), 1, "shadow");
	assert_code(run_sh(&fx, "mount -t tmpfs none /tmp"), 32, "mount");
	assert_code(run_sh(&fx, "echo 1 > /proc/sysrq-trigger"), 2, "sysrq");
}

/* Files that the run makes belong to the owner of the grant. */
static void owners_on_the_disk(void **state)
{
	struct stat st;

	(void)state;
	assert_code(run_sh(&fx, "cd / && echo x > /tmp/x"), 0, "start");
	{
		char text[128];

		expand(text, sizeof(text), "echo x > @/ws/made && mkdir @/ws/dir");
		assert_code(run_sh(&fx, text), 0, "make");
	}
	assert_int_equal(stat(at(&fx, "ws/made"), &st), 0);
	assert_int_equal(st.st_uid, getuid());
	assert_int_equal(st.st_gid, getgid());
}

/* ---- limits ---- */

static void limit_files(void **state)
{
	struct outcome *o;

	(void)state;
	fx.plan.limits.files = 20;
	o = run_probe(&fx, "opens", "100");
	assert_code(o, 1, "files");
	assert_string_equal(o->out, "open 20\n");
	assert_code(run_probe(&fx, "opens", "15"), 0, "fewer files");
}

static void limit_pids(void **state)
{
	struct outcome *o;

	(void)state;
	fx.plan.limits.pids = 5;
	fx.plan.use_rlimit_pids = true;
	o = run_probe(&fx, "forks", "50");
	assert_code(o, 1, "rlimit");
	assert_string_equal(o->out, "made 5\n"); /* one more than the limit, by which it is seen */
	assert_code(run_probe(&fx, "forks", "4"), 0, "fewer");
	fx.plan.use_rlimit_pids = false;
	if (!use_controller(&fx, ENC_CTL_PIDS, "pids"))
		return;
	fx.plan.use_cgroup_pids = true;
	o = run_probe(&fx, "forks", "50");
	assert_code(o, 1, "cgroup");
	assert_string_equal(o->out, "made 4\n");
	assert_true(o->sample.pids_hits >= 1);
}

static void limit_cpu(void **state)
{
	static const char spin[] = "i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done";
	struct outcome *o;

	(void)state;
	if (!use_controller(&fx, ENC_CTL_CPU, "cpu"))
		return;
	fx.plan.limits.cpu_percent = 20;
	fx.plan.use_cgroup_cpu = true;
	o = run_sh(&fx, spin);
	assert_code(o, 0, "slowed");
	assert_true(o->sample.cpu_throttled > 0);
	assert_code(o = run_sh(&fx, "true"), 0, "fast");
	assert_int_equal(o->sample.cpu_throttled, 0);
}

static void limit_memory(void **state)
{
	struct outcome *o;

	(void)state;
	fx.plan.limits.memory_bytes = 64 << 20;
	fx.plan.watch_memory = true;
	o = run_probe(&fx, "memory", "200");
	assert_true(o->sample.memory_over);
	assert_true(o->status.signaled && o->status.code == SIGKILL);
	fx.plan.watch_memory = false;
	if (!use_controller(&fx, ENC_CTL_MEMORY, "memory"))
		return;
	fx.plan.use_cgroup_memory = true;
	o = run_probe(&fx, "memory", "200");
	assert_true(o->status.signaled && o->status.code == SIGKILL);
	assert_true(o->sample.oom_kills >= 1);
	assert_true(!o->sample.memory_peak_bytes || o->sample.memory_peak_bytes > 60 << 20); /* v2: Linux 5.19 */
	assert_code(run_probe(&fx, "memory", "20"), 0, "less memory");
	/* Private directories are memory too. */
	o = run_sh(&fx, "head -c 200m /dev/zero > /tmp/big");
	assert_true(o->status.signaled || o->status.code != 0);
}

/* ---- the end of a run ---- */

/* True when nobody holds the other end any more. */
static bool closes_within(int fd, int ms)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, ms) == 1 && (p.revents & POLLHUP);
}

/* Daemons, double forks, new sessions: gone when the box is. */
static void no_survivors(void **state)
{
	static const char *const scripts_[] = {
		"setsid sleep 1000 & exit 0",
		"(setsid sh -c '(sleep 1000 &) ; sleep 1000' &) ; exit 3",
		"trap '' TERM HUP INT; sleep 1000 & (trap '' TERM; setsid sleep 1000) & kill -9 $$",
	};

	(void)state;
	for (size_t i = 0; i < ENC_LEN(scripts_); i++) {
		char script[256];
		char *argv[] = {(char[]){"/bin/sh"}, (char[]){"-c"}, script, NULL};
		int life[2];

		(void)snprintf(script, sizeof(script), "%s", scripts_[i]);
		assert_int_equal(pipe(life), 0);
		(void)run_kept(&fx, argv, &life[1], 1);
		(void)close(life[1]);
		assert_true(closes_within(life[0], 1000));
		(void)close(life[0]);
	}
}

/* A supervisor that is killed takes the run with it, before and after go. */
static void dies_with_the_supervisor(void **state)
{
	(void)state;
	for (int go = 0; go < 2; go++) {
		char *argv[] = {(char[]){"/bin/sleep"}, (char[]){"1000"}, NULL};
		int life[2], ready[2];
		char c;
		pid_t pid;

		assert_int_equal(pipe(life), 0);
		assert_int_equal(pipe(ready), 0);
		pid = fork();
		if (!pid) {
			struct enc_box_io io = {.stdin_fd = -1, .stdout_fd = 1, .stderr_fd = 2, .argv = argv};
			struct enc_box *b;

			io.run = fx.run;
			io.keep = &life[1];
			io.n_keep = 1;
			fx.host.cgroup2_dir[0] = '\0'; /* nobody will remove the group */
			if (enc_box_prepare(&fx.plan, &io, &b, NULL, NULL) || (go && enc_box_go(b, NULL)))
				_exit(1);
			(void)!write(ready[1], "r", 1);
			(void)pause();
			_exit(1);
		}
		(void)close(life[1]);
		(void)close(ready[1]);
		assert_int_equal(read(ready[0], &c, 1), 1);
		assert_false(closes_within(life[0], 100)); /* the control: it lives */
		assert_int_equal(kill(pid, SIGKILL), 0);
		assert_true(closes_within(life[0], 2000));
		(void)waitpid(pid, NULL, 0);
		(void)close(life[0]);
		(void)close(ready[0]);
	}
}

static void signals_and_kill(void **state)
{
	for (int which = 0; which < 2; which++) {
		char *argv[] = {(char[]){"/bin/sleep"}, (char[]){"1000"}, NULL};
		struct enc_box_io io = {.stdin_fd = -1, .stdout_fd = 1, .stderr_fd = 2, .argv = argv, .run = fx.run};
		struct enc_box_status st = {0};
		struct enc_box *b;

		(void)state;
		assert_int_equal(enc_box_prepare(&fx.plan, &io, &b, NULL, NULL), 0);
		assert_true(enc_box_init_pid(b) > 1);
		assert_int_equal(enc_box_go(b, NULL), 0);
		assert_true(enc_box_command_pid(b) > 1);
		assert_int_equal(kill(enc_box_command_pid(b), 0), 0); /* a number of our namespace */
		assert_int_equal(enc_box_status(b, &st, NULL), 0);
		if (which)
			enc_box_kill(b);
		else
			assert_int_equal(enc_box_signal(b, SIGTERM), 0);
		for (int i = 0; i < 200 && !enc_box_status(b, &st, NULL); i++)
			(void)usleep(10000);
		assert_true(st.signaled);
		assert_int_equal(st.code, which ? SIGKILL : SIGTERM);
		b = enc_box_close(b);
	}
}

static void commands_that_can_not_start(void **state)
{
	static const struct {
		const char *name, *argv0;
		int went, code;
	} cases[] = {
		{"absent", "no-such-command", -ENOENT, 127},
		{"absent path", "/no/such", -ENOENT, 127},
		{"a directory", "/usr", -EACCES, 126},
		{"not executable", "@/ro/file", -EACCES, 126},
		{"empty", "", -ENOENT, 127},
	};

	(void)state;
	for (size_t i = 0; i < ENC_LEN(cases); i++) {
		char name[128];
		char *argv[] = {name, NULL};
		struct outcome *o;

		expand(name, sizeof(name), cases[i].argv0);
		o = run_argv(&fx, argv);
		assert_int_equal(o->prepared, 0);
		if (o->went != cases[i].went || !o->status.exec_failed || o->status.code != cases[i].code)
			fail_msg("%s: %d, status %d", cases[i].name, o->went, o->status.code);
	}
}

/* A directory of the host as standard input, or kept, would be a way out. */
static void descriptors_that_lead_out(void **state)
{
	char *argv[] = {(char[]){"/bin/true"}, NULL};
	struct enc_box_io io = {.stdin_fd = -1, .stdout_fd = 1, .stderr_fd = 2, .argv = argv};
	int dir = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC), path = open("/etc/hostname", O_PATH | O_CLOEXEC);
	struct enc_box *b;

	(void)state;
	io.run = fx.run;
	io.stdin_fd = dir;
	assert_int_equal(enc_box_prepare(&fx.plan, &io, &b, NULL, NULL), -EISDIR);
	io.stdin_fd = path;
	assert_int_equal(enc_box_prepare(&fx.plan, &io, &b, NULL, NULL), -EINVAL);
	io.stdin_fd = -1;
	io.keep = &dir;
	io.n_keep = 1;
	assert_int_equal(enc_box_prepare(&fx.plan, &io, &b, NULL, NULL), -EISDIR);
	(void)close(dir);
	(void)close(path);
}

/* ---- single files ---- */

static void add_conf(void)
{
	add(&fx, ENC_MT_SCRATCH, fx.dir, NULL)->mode = 0755;
	add(&fx, ENC_MT_FILE_SYNC, at(&fx, "conf.json"), NULL);
}

static void file_sync(void **state)
{
	char text[256], script[512];
	struct outcome *o;
	struct stat st;

	(void)state;
	fx.plan.n_mounts -= 2; /* the grants below the test's directory */
	add_conf();
	expand(script, sizeof(script), "cat @/conf.json && echo '{1}' > @/t && mv @/t @/conf.json && ls @");
	o = run_sh(&fx, script);
	assert_code(o, 0, "replace by rename");
	assert_string_equal(o->out, "{}\nconf.json\n");
	assert_int_equal(o->synced, 1);
	assert_string_equal(get_file(&fx, "conf.json", text, sizeof(text)), "{1}\n");
	assert_int_equal(stat(at(&fx, "conf.json"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(st.st_uid, getuid());

	fx.plan.n_mounts -= 2;
	add_conf();
	assert_int_equal(run_sh(&fx, "true")->synced, 0);
	expand(script, sizeof(script), "rm @/conf.json");
	assert_int_equal(run_sh(&fx, script)->synced, 0);
	assert_string_equal(get_file(&fx, "conf.json", text, sizeof(text)), "{1}\n");
}

/* What the run puts there instead is never followed. */
static void file_sync_is_hostile(void **state)
{
	static const char *const tricks[] = {
		"rm @/conf.json && ln -s /etc/shadow @/conf.json",
		"rm @/conf.json && ln -s @/outside @/conf.json",
		"rm @/conf.json && mkfifo @/conf.json",
		"rm @/conf.json && mkdir @/conf.json",
		"rm @/conf.json && truncate -s 65M @/conf.json",
	};
	char text[256], script[512];

	(void)state;
	fx.plan.n_mounts -= 2;
	add_conf();
	for (size_t i = 0; i < ENC_LEN(tricks); i++) {
		struct outcome *o;

		expand(script, sizeof(script), tricks[i]);
		o = run_sh(&fx, script);
		assert_code(o, 0, tricks[i]);
		assert_true(o->synced < 0);
		assert_string_equal(get_file(&fx, "conf.json", text, sizeof(text)), "{}\n");
	}
}

static void file_sync_conflict(void **state)
{
	char text[256], script[512], path[64];
	struct outcome *o;

	(void)state;
	fx.plan.n_mounts -= 2;
	add_conf();
	/* Waits for the host's change, which the watcher below makes while the run goes on. */
	expand(script, sizeof(script), "sleep 0.5; echo '{run}' > @/conf.json");
	if (!fork()) {
		int fd;

		(void)usleep(250000);
		fd = open(at(&fx, "conf.json"), O_WRONLY | O_TRUNC | O_CLOEXEC); /* no assert: this isn't the test */
		_exit(write(fd, "{host}\n", 7) == 7 ? 0 : 1);
	}
	o = run_sh(&fx, script);
	(void)wait(NULL);
	assert_code(o, 0, "conflict");
	assert_int_equal(o->kept, 1);
	assert_string_equal(get_file(&fx, "conf.json", text, sizeof(text)), "{host}\n");
	(void)snprintf(path, sizeof(path), "state/runs/%s/files/1-conf.json", fx.run);
	assert_string_equal(get_file(&fx, path, text, sizeof(text)), "{run}\n");
}

/* ---- nothing is left behind ---- */

static void every_step_can_fail(void **state)
{
	static char before[65536], after[65536];
	int fds = count_fds(), step = 1;

	(void)state;
	fx.plan.n_mounts -= 2;
	add_conf();
	add(&fx, ENC_MT_BIND_RW, at(&fx, "ws"), NULL);
	add(&fx, ENC_MT_PIN, at(&fx, "ws/a"), NULL);
	add(&fx, ENC_MT_MASK_DIR, at(&fx, "ws/a/secret"), NULL);
	add(&fx, ENC_MT_PROTECT, at(&fx, "ws/hooks"), NULL);
	fx.plan.limits = (struct enc_limits){.memory_bytes = 512 << 20, .pids = 50, .files = 100, .cpu_percent = 900};
	fx.plan.use_cgroup_memory = use_controller(&fx, ENC_CTL_MEMORY, "memory");
	fx.plan.use_cgroup_pids = use_controller(&fx, ENC_CTL_PIDS, "pids");
	fx.plan.use_cgroup_cpu = use_controller(&fx, ENC_CTL_CPU, "cpu");
	(void)mount_table(before, sizeof(before));
	for (; step < 200; step++) {
		struct outcome *o;
		char name[64];

		enc_box_steps = 0;
		enc_box_fail_at = step;
		o = run_sh(&fx, "true");
		enc_box_fail_at = 0;
		(void)snprintf(name, sizeof(name), "step %d (%s)", step, o->failure.step);
		assert_nothing_left(&fx, fds, name);
		(void)mount_table(after, sizeof(after));
		assert_string_equal(before, after);
		if (!o->prepared)
			break;
		if (o->prepared != -EIO || !o->failure.step[0] || !o->failure.mechanism[0] || o->failure.error != EIO)
			fail_msg("%s: %d %s", name, o->prepared, o->failure.text);
	}
	assert_true(step > 30 && step < 200);
}

static void nothing_left_of_a_good_run(void **state)
{
	int fds = count_fds();

	(void)state;
	assert_code(run_sh(&fx, "sleep 1000 & exit 0"), 0, "run");
	assert_nothing_left(&fx, fds, "good run");
}

#define T(f) cmocka_unit_test_setup_teardown(f, fresh, clean)

static int all(const char *who)
{
	const struct CMUnitTest tests[] = {
		T(a_box),
		T(a_box_without_landlock),
		T(a_box_without_notification),
		T(the_whole_host_to_read),
		T(masks_and_pins),
		T(forbidden_acts),
		T(refused_calls_are_seen),
#ifdef __x86_64__
		T(foreign_calls_kill),
#endif
		T(abstract_sockets),
		T(planted_links),
		T(masks_of_what_is_gone),
		T(root_of_the_machine_never_runs),
		T(root_inside),
		T(owners_on_the_disk),
		T(limit_files),
		T(limit_pids),
		T(limit_cpu),
		T(limit_memory),
		T(no_survivors),
		T(dies_with_the_supervisor),
		T(signals_and_kill),
		T(commands_that_can_not_start),
		T(descriptors_that_lead_out),
		T(file_sync),
		T(file_sync_is_hostile),
		T(file_sync_conflict),
		T(every_step_can_fail),
		T(nothing_left_of_a_good_run),
	};

	return cmocka_run_group_tests_name(who, tests, NULL, NULL);
}

int main(int argc, char **argv)
{
	int r = probe_main(argc, argv);

	if (r >= 0)
		_exit(r); /* without a leak checker's look at the process, which the box refuses */
	if (geteuid() != 0)
		return all("as an ordinary user");
	r = all("as root");
	return as_ordinary(argv) + r;
}
