/* SPDX-License-Identifier: MIT */
/*
 * test_seccomp.c - the two programs that libseccomp makes of our tables, run in a simulator
 */
#include <errno.h>
#include <linux/audit.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>

#include <cmocka.h>

#include "bpf_sim.h"
#include "sandbox/filter_build.h"

#if defined(__x86_64__)
#define NATIVE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE AUDIT_ARCH_AARCH64
#endif

#define ALLOW  SECCOMP_RET_ALLOW
#define REFUSE SECCOMP_RET_USER_NOTIF
#define NOSYS  (SECCOMP_RET_ERRNO | ENOSYS)
#define KILL   SECCOMP_RET_KILL_PROCESS
#define HIGH   0x100000000ull /* junk in the half that the kernel doesn't read */

struct call {
	const char *name;
	uint32_t arch;
	int nr;
	uint64_t args[6];
	uint32_t want;
	int error; /* of the refusal */
};

/* clang-format off */
static const struct call calls[] = {
	{"read", NATIVE, SYS_read, {0}, ALLOW, 0},
	{"execve", NATIVE, SYS_execve, {0}, ALLOW, 0},
	{"ptrace", NATIVE, SYS_ptrace, {0}, ALLOW, 0},
	{"seccomp", NATIVE, SYS_seccomp, {1}, ALLOW, 0},
	{"futex_waitv", NATIVE, 449, {0}, ALLOW, 0},
	{"mseal", NATIVE, 462, {0}, ALLOW, 0},
	{"setxattrat", NATIVE, 463, {0}, ALLOW, 0},
	{"clone3 has its flags in memory", NATIVE, 435, {0}, NOSYS, 0},
	{"openat2 has its mode in memory", NATIVE, 437, {0}, NOSYS, 0},
	{"uretprobe", NATIVE, 335, {0}, NOSYS, 0},
	{"one that doesn't exist yet", NATIVE, 600, {0}, NOSYS, 0},
	{"a huge number", NATIVE, 0x3fffffff, {0}, NOSYS, 0},
	/* a foreign architecture */
	{"i386 getpid", AUDIT_ARCH_I386, 20, {0}, KILL, 0},
	{"arm", AUDIT_ARCH_ARM, 20, {0}, KILL, 0},
#ifdef __x86_64__
	{"x32 getpid", NATIVE, 0x40000000 | 39, {0}, KILL, 0},
	{"x32 ioctl", NATIVE, 0x40000000 | 514, {0}, KILL, 0},
	{"arm64 on x86-64", AUDIT_ARCH_AARCH64, 63, {0}, KILL, 0},
	{"modify_ldt", NATIVE, SYS_modify_ldt, {1}, NOSYS, 0},
	{"iopl", NATIVE, SYS_iopl, {3}, REFUSE, EPERM},
	{"open plain", NATIVE, SYS_open, {0, 0, 06777}, ALLOW, 0},
	{"open create", NATIVE, SYS_open, {0, 0101, 0644}, ALLOW, 0},
	{"open create setuid", NATIVE, SYS_open, {0, 0101, 04755}, REFUSE, EPERM},
	{"open create setgid, junk above", NATIVE, SYS_open, {0, HIGH | 0101, HIGH | 02755}, REFUSE, EPERM},
	{"creat setuid", NATIVE, SYS_creat, {0, 04755}, REFUSE, EPERM},
	{"creat", NATIVE, SYS_creat, {0, 0755}, ALLOW, 0},
	{"chmod", NATIVE, SYS_chmod, {0, 01777}, ALLOW, 0},
	{"chmod setuid", NATIVE, SYS_chmod, {0, 04755}, REFUSE, EPERM},
	{"mknod fifo", NATIVE, SYS_mknod, {0, 0010644}, ALLOW, 0},
	{"mknod block", NATIVE, SYS_mknod, {0, 0060644}, REFUSE, EPERM},
#endif
	/* always refused */
	{"mount", NATIVE, SYS_mount, {0}, REFUSE, EPERM},
	{"umount2", NATIVE, SYS_umount2, {0}, REFUSE, EPERM},
	{"pivot_root", NATIVE, SYS_pivot_root, {0}, REFUSE, EPERM},
	{"chroot", NATIVE, SYS_chroot, {0}, REFUSE, EPERM},
	{"open_tree", NATIVE, 428, {0}, REFUSE, EPERM},
	{"mount_setattr", NATIVE, 442, {0}, REFUSE, EPERM},
	{"open_tree_attr", NATIVE, 467, {0}, REFUSE, EPERM},
	{"setns", NATIVE, SYS_setns, {0}, REFUSE, EPERM},
	{"io_uring_setup", NATIVE, 425, {0}, REFUSE, EPERM},
	{"bpf", NATIVE, SYS_bpf, {0}, REFUSE, EPERM},
	{"perf_event_open", NATIVE, SYS_perf_event_open, {0}, REFUSE, EPERM},
	{"keyctl", NATIVE, SYS_keyctl, {0}, REFUSE, EPERM},
	{"add_key", NATIVE, SYS_add_key, {0}, REFUSE, EPERM},
	{"userfaultfd", NATIVE, SYS_userfaultfd, {0}, REFUSE, EPERM},
	{"kexec_load", NATIVE, SYS_kexec_load, {0}, REFUSE, EPERM},
	{"init_module", NATIVE, SYS_init_module, {0}, REFUSE, EPERM},
	{"open_by_handle_at", NATIVE, SYS_open_by_handle_at, {0}, REFUSE, EPERM},
	{"reboot", NATIVE, SYS_reboot, {0}, REFUSE, EPERM},
	{"syslog", NATIVE, SYS_syslog, {0}, REFUSE, EPERM},
	{"sethostname", NATIVE, SYS_sethostname, {0}, REFUSE, EPERM},
	{"clock_settime", NATIVE, SYS_clock_settime, {0}, REFUSE, EPERM},
	{"quotactl", NATIVE, SYS_quotactl, {0}, REFUSE, EPERM},
	{"swapon", NATIVE, SYS_swapon, {0}, REFUSE, EPERM},
	{"acct", NATIVE, SYS_acct, {0}, REFUSE, EPERM},
	{"fanotify_init", NATIVE, SYS_fanotify_init, {0}, REFUSE, EPERM},
	/* namespaces */
	{"clone of a process", NATIVE, SYS_clone, {0x01200011}, ALLOW, 0},
	{"clone of a thread", NATIVE, SYS_clone, {0x003d0f00}, ALLOW, 0},
	{"clone user", NATIVE, SYS_clone, {0x10000011}, REFUSE, EPERM},
	{"clone mount, junk above", NATIVE, SYS_clone, {HIGH | 0x00020011}, REFUSE, EPERM},
	{"unshare files", NATIVE, SYS_unshare, {0x400}, ALLOW, 0},
	{"unshare user", NATIVE, SYS_unshare, {0x10000000}, REFUSE, EPERM},
	{"unshare time", NATIVE, SYS_unshare, {0x80}, REFUSE, EPERM},
	/* set-id bits, devices */
	{"openat plain", NATIVE, SYS_openat, {0, 0, 0, 06777}, ALLOW, 0},
	{"openat directory", NATIVE, SYS_openat, {0, 0, 0200000, 0}, ALLOW, 0},
	{"openat create", NATIVE, SYS_openat, {0, 0, 0101, 0644}, ALLOW, 0},
	{"openat create sticky", NATIVE, SYS_openat, {0, 0, 0101, 01644}, ALLOW, 0},
	{"openat create setuid", NATIVE, SYS_openat, {0, 0, 0101, 04755}, REFUSE, EPERM},
	{"openat create setgid", NATIVE, SYS_openat, {0, 0, 0101, 02755}, REFUSE, EPERM},
	{"openat tmpfile setuid", NATIVE, SYS_openat, {0, 0, 020200002, 04755}, REFUSE, EPERM},
	{"openat tmpfile", NATIVE, SYS_openat, {0, 0, 020200002, 0600}, ALLOW, 0},
	{"fchmod", NATIVE, SYS_fchmod, {0, 0755}, ALLOW, 0},
	{"fchmod setuid, junk above", NATIVE, SYS_fchmod, {0, HIGH | 04755}, REFUSE, EPERM},
	{"fchmodat setgid", NATIVE, SYS_fchmodat, {0, 0, 02755}, REFUSE, EPERM},
	{"fchmodat2", NATIVE, 452, {0, 0, 0755}, ALLOW, 0},
	{"fchmodat2 setuid", NATIVE, 452, {0, 0, 04755}, REFUSE, EPERM},
	{"mknodat file", NATIVE, SYS_mknodat, {0, 0, 0100644}, ALLOW, 0},
	{"mknodat char", NATIVE, SYS_mknodat, {0, 0, 0020644}, REFUSE, EPERM},
	{"mknodat setuid", NATIVE, SYS_mknodat, {0, 0, 0104755}, REFUSE, EPERM},
	/* sockets */
	{"unix stream", NATIVE, SYS_socket, {1, 1, 0}, ALLOW, 0},
	{"unix seqpacket", NATIVE, SYS_socket, {1, 5, 0}, ALLOW, 0},
	{"tcp", NATIVE, SYS_socket, {2, 1, 0}, ALLOW, 0},
	{"tcp by name, cloexec", NATIVE, SYS_socket, {2, 02000001, 6}, ALLOW, 0},
	{"udp6", NATIVE, SYS_socket, {10, 2, 17}, ALLOW, 0},
	{"ping", NATIVE, SYS_socket, {2, 2, 1}, ALLOW, 0},
	{"ping6", NATIVE, SYS_socket, {10, 2, 58}, ALLOW, 0},
	{"netlink route", NATIVE, SYS_socket, {16, 3, 0}, ALLOW, 0},
	{"netlink audit", NATIVE, SYS_socket, {16, 3, 9}, REFUSE, EPROTONOSUPPORT},
	{"netlink netfilter", NATIVE, SYS_socket, {16, 3, 12}, REFUSE, EPROTONOSUPPORT},
	{"mptcp", NATIVE, SYS_socket, {2, 1, 262}, REFUSE, EPROTONOSUPPORT},
	{"mptcp, junk above", NATIVE, SYS_socket, {HIGH | 2, 1, HIGH | 262}, REFUSE, EPROTONOSUPPORT},
	{"sctp", NATIVE, SYS_socket, {2, 1, 132}, REFUSE, EPROTONOSUPPORT},
	{"udplite6", NATIVE, SYS_socket, {10, 2, 136}, REFUSE, EPROTONOSUPPORT},
	{"raw", NATIVE, SYS_socket, {2, 3, 1}, REFUSE, EPERM},
	{"raw6", NATIVE, SYS_socket, {10, 3, 58}, REFUSE, EPERM},
	{"unspec", NATIVE, SYS_socket, {0, 1, 0}, REFUSE, EAFNOSUPPORT},
	{"key", NATIVE, SYS_socket, {15, 3, 2}, REFUSE, EAFNOSUPPORT},
	{"packet", NATIVE, SYS_socket, {17, 3, 0}, REFUSE, EAFNOSUPPORT},
	{"alg", NATIVE, SYS_socket, {38, 5, 0}, REFUSE, EAFNOSUPPORT},
	{"vsock", NATIVE, SYS_socket, {40, 1, 0}, REFUSE, EAFNOSUPPORT},
	{"vsock, junk above", NATIVE, SYS_socket, {HIGH | 40, 1, 0}, REFUSE, EAFNOSUPPORT},
	{"smc", NATIVE, SYS_socket, {43, 1, 0}, REFUSE, EAFNOSUPPORT},
	{"xdp", NATIVE, SYS_socket, {44, 3, 0}, REFUSE, EAFNOSUPPORT},
	{"a negative family", NATIVE, SYS_socket, {0xffffffffull, 1, 0}, REFUSE, EAFNOSUPPORT},
	{"socketpair", NATIVE, SYS_socketpair, {1, 1, 0}, ALLOW, 0},
	{"socketpair tipc", NATIVE, SYS_socketpair, {30, 1, 0}, REFUSE, EAFNOSUPPORT},
	{"sendto", NATIVE, SYS_sendto, {3, 0, 1, 0x4000}, ALLOW, 0},
	{"sendto fast open", NATIVE, SYS_sendto, {3, 0, 1, 0x20004000}, REFUSE, EOPNOTSUPP},
	{"sendmsg fast open", NATIVE, SYS_sendmsg, {3, 0, 0x20000000}, REFUSE, EOPNOTSUPP},
	{"sendmmsg fast open", NATIVE, SYS_sendmmsg, {3, 0, 1, 0x20000000}, REFUSE, EOPNOTSUPP},
	{"setsockopt nodelay", NATIVE, SYS_setsockopt, {3, 6, 1}, ALLOW, 0},
	{"setsockopt reuseport", NATIVE, SYS_setsockopt, {3, 1, 15}, ALLOW, 0},
	{"setsockopt 23 elsewhere", NATIVE, SYS_setsockopt, {3, 1, 23}, ALLOW, 0},
	{"setsockopt fast open", NATIVE, SYS_setsockopt, {3, 6, 23}, REFUSE, ENOPROTOOPT},
	{"setsockopt fast open connect", NATIVE, SYS_setsockopt, {3, HIGH | 6, HIGH | 30}, REFUSE, ENOPROTOOPT},
	{"setsockopt ulp", NATIVE, SYS_setsockopt, {3, 6, 31}, REFUSE, ENOPROTOOPT},
	/* terminals */
	{"tcgets", NATIVE, SYS_ioctl, {0, 0x5401}, ALLOW, 0},
	{"tiocgwinsz", NATIVE, SYS_ioctl, {0, 0x5413}, ALLOW, 0},
	{"tiocsti", NATIVE, SYS_ioctl, {0, 0x5412}, REFUSE, EPERM},
	{"tiocsti, junk above", NATIVE, SYS_ioctl, {0, HIGH | 0x5412}, REFUSE, EPERM},
	{"tioclinux", NATIVE, SYS_ioctl, {0, 0x541c}, REFUSE, EPERM},
	{"tiocsetd", NATIVE, SYS_ioctl, {0, 0x5423}, REFUSE, EPERM},
	{"fionbio", NATIVE, SYS_ioctl, {0, 0x5421}, ALLOW, 0},
	/* the core limit stays as it is, and nobody is told */
	{"setrlimit files", NATIVE, SYS_setrlimit, {7, 4096}, ALLOW, 0},
	{"setrlimit core", NATIVE, SYS_setrlimit, {4, 4096}, SECCOMP_RET_ERRNO, 0},
	{"prlimit asks", NATIVE, SYS_prlimit64, {0, 4, 0, 4096}, ALLOW, 0},
	{"prlimit files", NATIVE, SYS_prlimit64, {0, 7, 4096, 0}, ALLOW, 0},
	{"prlimit core", NATIVE, SYS_prlimit64, {0, 4, 4096, 0}, SECCOMP_RET_ERRNO, 0},
	{"prlimit core from above 4G", NATIVE, SYS_prlimit64, {0, HIGH | 4, HIGH, 0}, SECCOMP_RET_ERRNO, 0},
	/* personality */
	{"personality linux", NATIVE, SYS_personality, {0}, ALLOW, 0},
	{"personality ask", NATIVE, SYS_personality, {0xffffffffull}, ALLOW, 0},
	{"personality no randomize", NATIVE, SYS_personality, {0x40000}, ALLOW, 0},
	{"personality read implies exec", NATIVE, SYS_personality, {0x400000}, REFUSE, EPERM},
	{"personality nearly ask", NATIVE, SYS_personality, {0xfffffffeull}, REFUSE, EPERM},
};
/* clang-format on */

static struct enc_filters with_notify, without;

static int setup(void **state)
{
	struct enc_err e = {0};

	(void)state;
	return enc_filters_build(true, &with_notify, &e) || enc_filters_build(false, &without, &e);
}

static int teardown(void **state)
{
	(void)state;
	enc_filters_done(&with_notify);
	enc_filters_done(&without);
	return 0;
}

/* As the kernel joins them: the verdict with the smallest action, which as a signed number kill has. */
static uint32_t verdict(const struct enc_filters *f, const struct seccomp_data *d)
{
	uint32_t a = bpf_sim(&f->known, d), b = bpf_sim(&f->refuse, d);
	int32_t pa = (int32_t)(a & SECCOMP_RET_ACTION_FULL), pb = (int32_t)(b & SECCOMP_RET_ACTION_FULL);

	assert_int_not_equal(a, BPF_SIM_BROKEN);
	assert_int_not_equal(b, BPF_SIM_BROKEN);
	return pa <= pb ? a : b;
}

static struct seccomp_data data_of(const struct call *c)
{
	struct seccomp_data d = {.nr = c->nr, .arch = c->arch};

	memcpy(d.args, c->args, sizeof(d.args));
	return d;
}

static void table_with_notify(void **state)
{
	(void)state;
	for (size_t i = 0; i < ENC_LEN(calls); i++) {
		struct seccomp_data d = data_of(&calls[i]);
		uint32_t got = verdict(&with_notify, &d);

		if (got != calls[i].want)
			fail_msg("%s: %#x, not %#x", calls[i].name, got, calls[i].want);
	}
}

static void table_without_notify(void **state)
{
	(void)state;
	for (size_t i = 0; i < ENC_LEN(calls); i++) {
		struct seccomp_data d = data_of(&calls[i]);
		uint32_t got = verdict(&without, &d), want = calls[i].want;

		if (want == REFUSE)
			want = SECCOMP_RET_ERRNO | (uint32_t)calls[i].error;
		if (got != want)
			fail_msg("%s: %#x, not %#x", calls[i].name, got, want);
	}
}

/* What the supervisor says about a notified call is what the program refused. */
static void refusals_agree(void **state)
{
	struct enc_refusal r;

	(void)state;
	for (size_t i = 0; i < ENC_LEN(calls); i++) {
		bool refused = enc_filter_refusal(calls[i].nr, calls[i].args, &r);

		if (calls[i].arch != NATIVE)
			continue;
		if (refused != (calls[i].want == REFUSE))
			fail_msg("%s: table and program differ", calls[i].name);
		if (refused && r.error != calls[i].error)
			fail_msg("%s: errno %d, not %d", calls[i].name, r.error, calls[i].error);
	}
}

/* Program and table over many arguments: numbers that look at some, with values around the interesting ones. */
static void random_arguments_agree(void **state)
{
	static const int numbers[] = {SYS_socket,   SYS_socketpair, SYS_ioctl,	SYS_setsockopt,
				      SYS_clone,    SYS_unshare,    SYS_openat, SYS_fchmod,
				      SYS_fchmodat, SYS_mknodat,    SYS_sendto, SYS_personality};
	static const uint64_t bits[] = {0,	1,	 2,	  3,	     5,		 6,	     8,
					10,	15,	 16,	  17,	     23,	 30,	     31,
					40,	58,	 0100,	  262,	     04000,	 02000,	     0x5412,
					0x541c, 0x20000, 0x40000, 020000000, 0x20000000, 0x10000000, 0xffffffffull,
					HIGH};
	struct enc_refusal r;

	(void)state;
	srand(1);
	for (int n = 0; n < 400000; n++) {
		struct seccomp_data d = {.arch = NATIVE, .nr = numbers[(size_t)rand() % ENC_LEN(numbers)]};
		uint64_t args[6];
		bool program, table;

		for (int i = 0; i < 6; i++) {
			d.args[i] = bits[(size_t)rand() % ENC_LEN(bits)];
			if (rand() & 1)
				d.args[i] |= bits[(size_t)rand() % ENC_LEN(bits)];
			args[i] = d.args[i];
		}
		program = verdict(&with_notify, &d) == REFUSE;
		table = enc_filter_refusal(d.nr, args, &r);
		if (program != table)
			fail_msg("nr %d args %llx %llx %llx %llx: program %d, table %d", d.nr,
				 (unsigned long long)d.args[0], (unsigned long long)d.args[1],
				 (unsigned long long)d.args[2], (unsigned long long)d.args[3], program, table);
	}
}

/* What is compiled in is what the tables say. */
static void compiled_in_is_the_same(void **state)
{
	const struct sock_fprog *pairs[][2] = {{&enc_filters(true)->known, &with_notify.known},
					       {&enc_filters(true)->refuse, &with_notify.refuse},
					       {&enc_filters(false)->known, &without.known},
					       {&enc_filters(false)->refuse, &without.refuse}};

	(void)state;
	for (size_t i = 0; i < ENC_LEN(pairs); i++) {
		assert_int_equal(pairs[i][0]->len, pairs[i][1]->len);
		assert_memory_equal(pairs[i][0]->filter, pairs[i][1]->filter,
				    pairs[i][1]->len * sizeof(struct sock_filter));
	}
}

/* Every number: nothing of the mount API, io_uring and so on is let by, whatever the arguments. */
static void every_number_is_decided(void **state)
{
	int allowed = 0, nosys = 0, refused = 0;

	(void)state;
	for (int nr = 0; nr < 1024; nr++) {
		struct seccomp_data d = {.arch = NATIVE, .nr = nr};

		switch (verdict(&with_notify, &d)) {
		case ALLOW: allowed++; break;
		case REFUSE: refused++; break;
		case NOSYS: nosys++; break;
		default: fail_msg("number %d has another verdict", nr);
		}
	}
	assert_true(allowed > 250 && allowed < 340);
	assert_true(refused >= 40);
	assert_int_equal(allowed + refused + nosys, 1024);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table_with_notify),	   cmocka_unit_test(table_without_notify),
		cmocka_unit_test(refusals_agree),	   cmocka_unit_test(random_arguments_agree),
		cmocka_unit_test(every_number_is_decided), cmocka_unit_test(compiled_in_is_the_same),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
