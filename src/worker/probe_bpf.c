/* SPDX-License-Identifier: MIT */
/*
 * probe_bpf.c - what BPF may do here, by doing it
 *
 * Each program is a few instructions, loaded, attached, seen to work, and gone with its descriptors. The one that refuses
 * (BPF-LSM) looks at the process id and refuses this process alone; the one on connect(2) is attached to a group of its
 * own in which this process is alone.
 */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/base.h"
#include "worker/worker.h"

#define INSN(c, d, s, o, i) \
	((struct bpf_insn){.code = (c), .dst_reg = (d), .src_reg = (s), .off = (o), .imm = (i)})
#define MOV(d, i) INSN(BPF_ALU64 | BPF_MOV | BPF_K, d, 0, 0, i)
#define EXIT() INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)
#define CALL(f) INSN(BPF_JMP | BPF_CALL, 0, 0, 0, f)
#define RSH(d, i) INSN(BPF_ALU64 | BPF_RSH | BPF_K, d, 0, 0, i)
#define JNE(d, i, o) INSN(BPF_JMP | BPF_JNE | BPF_K, d, 0, o, i)

static int tell(const char *name, int error, const char *text)
{
	(void)printf("%s %d %s\n", name, error < 0 ? -error : error, text);
	return error;
}

static int load(enum bpf_prog_type type, const struct bpf_insn *code, size_t n, const struct bpf_prog_load_opts *opts)
{
	int fd = bpf_prog_load(type, "enc_probe", "Dual MIT/GPL", code, n, opts);

	return fd < 0 ? -errno : fd;
}

/* Refuses file_open to this process: what is opened next must fail. */
static int probe_lsm(void)
{
	const struct bpf_insn code[] = {
		CALL(BPF_FUNC_get_current_pid_tgid), RSH(BPF_REG_0, 32), JNE(BPF_REG_0, getpid(), 2),
		MOV(BPF_REG_0, -EPERM), EXIT(), MOV(BPF_REG_0, 0), EXIT(),
	};
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = BPF_LSM_MAC);
	enc_auto_fd int prog = -1, link = -1, file = -1;
	int id = libbpf_find_vmlinux_btf_id("file_open", BPF_LSM_MAC), error;

	if (id < 0)
		return tell("bpf-lsm", id, "the kernel's BTF has no LSM hook file_open");
	opts.attach_btf_id = (__u32)id;
	prog = load(BPF_PROG_TYPE_LSM, code, ENC_LEN(code), &opts);
	if (prog < 0)
		return tell("bpf-lsm", prog, "the kernel refused to load an LSM program");
	link = bpf_raw_tracepoint_open(NULL, prog);
	if (link < 0)
		return tell("bpf-lsm", errno, "the program could not be attached");
	file = open("/dev/null", O_RDONLY | O_CLOEXEC);
	error = errno;
	if (file >= 0)
		return tell("bpf-lsm", EOPNOTSUPP, "the hook is not called: bpf is not in the lsm= list");
	return tell("bpf-lsm", error == EPERM ? 0 : error, "file_open was refused to a test process");
}

static int try_connect(void)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(9), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int error = connect(s, (struct sockaddr *)&to, sizeof(to)) < 0 ? errno : 0;

	(void)close(s);
	return error;
}

static int join(const char *group, const char *pid)
{
	char path[600];
	int fd, r = 0;

	(void)snprintf(path, sizeof(path), "%s/cgroup.procs", group);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, pid, strlen(pid)) < 0)
		r = -errno;
	if (fd >= 0)
		(void)close(fd);
	return r;
}

/* In a child, so that the group is empty again when it has ended. */
static int connect_in_group(const char *group, int group_fd)
{
	const struct bpf_insn code[] = {MOV(BPF_REG_0, 0), EXIT()};
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = BPF_CGROUP_INET4_CONNECT);
	int prog = load(BPF_PROG_TYPE_CGROUP_SOCK_ADDR, code, ENC_LEN(code), &opts), link, error;

	if (prog < 0)
		return tell("cgroup-bpf", prog, "the kernel refused to load a connect program");
	link = bpf_link_create(prog, group_fd, BPF_CGROUP_INET4_CONNECT, NULL);
	if (link < 0)
		return tell("cgroup-bpf", errno, "the program could not be attached to a group");
	error = join(group, "0");
	if (error < 0)
		return tell("cgroup-bpf", error, "a process could not be put into the group");
	error = try_connect();
	return tell("cgroup-bpf", error == EPERM ? 0 : EOPNOTSUPP, "connect was refused to a test process");
}

static int probe_cgroup(const char *home)
{
	char group[512];
	bool made;
	int fd;

	if (!home[0])
		return tell("cgroup-bpf", ENOENT, "there is no cgroup v2 folder to make a group in");
	made = mkdir(home, 0755) == 0;
	(void)snprintf(group, sizeof(group), "%s/probe-bpf-%d", home, (int)getpid());
	if (mkdir(group, 0755) < 0)
		return tell("cgroup-bpf", errno, "a group could not be made");
	fd = open(group, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	(void)fflush(stdout);
	pid_t pid = fork();
	if (pid == 0) {
		(void)connect_in_group(group, fd);
		(void)fflush(stdout);
		_exit(0);
	}
	while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	(void)close(fd);
	(void)rmdir(group);
	if (made)
		(void)rmdir(home);
	return pid < 0 ? tell("cgroup-bpf", errno, "fork") : 0;
}

static int probe_raw(const char *name, const char *point, const char *text)
{
	const struct bpf_insn code[] = {MOV(BPF_REG_0, 0), EXIT()};
	enc_auto_fd int prog = load(BPF_PROG_TYPE_RAW_TRACEPOINT, code, ENC_LEN(code), NULL), link = -1;

	if (prog < 0)
		return tell(name, prog, "the kernel refused to load a tracepoint program");
	link = bpf_raw_tracepoint_open(point, prog);
	return tell(name, link < 0 ? errno : 0, link < 0 ? "the program could not be attached" : text);
}

static int probe_witness(void)
{
	enc_auto_fd int ring = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "enc_probe", 0, 0, 4096, NULL);

	if (ring < 0)
		return tell("witness", errno, "a ring buffer could not be made");
	return probe_raw("witness", "sched_process_exit", "tracepoints and ring buffers");
}

static int quiet(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	return 0;
}

int enc_worker_probe_bpf(int argc, char **argv)
{
	libbpf_set_print(quiet);
	(void)probe_lsm();
	(void)probe_cgroup(argc > 0 ? argv[0] : "");
	(void)probe_raw("bpf-exec-check", "sched_process_exec", "a program runs at sched_process_exec");
	(void)probe_witness();
	return fflush(stdout) == 0 ? 0 : 1;
}
