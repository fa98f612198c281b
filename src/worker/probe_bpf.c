/* SPDX-License-Identifier: MIT */
/*
 * probe_bpf.c - what BPF may do here, by doing it
 *
 * Each program is a few instructions, loaded, attached, seen to work, and gone with its descriptors. The one that
 * refuses (BPF-LSM) looks at the process id and refuses this process alone; the one on connect(2) is attached to a
 * group of its own in which this process is alone.
 */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/base.h"
#include "worker/worker.h"

#define INSN(c, d, s, o, i) ((struct bpf_insn){.code = (c), .dst_reg = (d), .src_reg = (s), .off = (o), .imm = (i)})
#define MOV(d, i)	    INSN(BPF_ALU64 | BPF_MOV | BPF_K, d, 0, 0, i)
#define EXIT()		    INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)
#define CALL(f)		    INSN(BPF_JMP | BPF_CALL, 0, 0, 0, f)
#define JNE(d, i, o)	    INSN(BPF_JMP | BPF_JNE | BPF_K, d, 0, o, i)
#define MOVX(d, s)	    INSN(BPF_ALU64 | BPF_MOV | BPF_X, d, s, 0, 0)
#define ADD(d, i)	    INSN(BPF_ALU64 | BPF_ADD | BPF_K, d, 0, 0, i)
#define STORE(d, o, i)	    INSN(BPF_ST | BPF_MEM | BPF_DW, d, 0, o, i)
#define LOADW(d, s, o)	    INSN(BPF_LDX | BPF_MEM | BPF_W, d, s, o, 0)
/* 64 bits take two. */
#define LD64(d, kind, v)                                                \
	INSN(BPF_LD | BPF_DW | BPF_IMM, d, kind, 0, (__s32)(__u32)(v)), \
		INSN(0, 0, 0, 0, (__s32)(__u32)((__u64)(v) >> 32))
/* The caller's process id, as our own pid namespace has it, is put at fp-4 (-EINVAL in r0: it is in another one). A
 * plain bpf_get_current_pid_tgid() has the machine's, and a stranger would be hit from inside of a container. */
#define ASK_PID(ns)                                                                                   \
	STORE(BPF_REG_10, -8, 0), LD64(BPF_REG_1, 0, (ns)->st_dev), LD64(BPF_REG_2, 0, (ns)->st_ino), \
		MOVX(BPF_REG_3, BPF_REG_10), ADD(BPF_REG_3, -8), MOV(BPF_REG_4, 8),                   \
		CALL(BPF_FUNC_get_ns_current_pid_tgid)

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
static int probe_lsm(const struct stat *ns)
{
	const struct bpf_insn code[] = {
		ASK_PID(ns),
		JNE(BPF_REG_0, 0, 4),
		LOADW(BPF_REG_0, BPF_REG_10, -4),
		JNE(BPF_REG_0, getpid(), 2),
		MOV(BPF_REG_0, -EPERM),
		EXIT(),
		MOV(BPF_REG_0, 0),
		EXIT(),
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
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_port = htons(9),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
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

/* A child that waits for a byte on its standard input, and then does `end`. */
static pid_t waiting_child(void (*end)(void), int *ret_go)
{
	int go[2];
	pid_t pid;
	char c;

	if (pipe2(go, O_CLOEXEC) < 0)
		return -1;
	(void)fflush(stdout);
	pid = fork();
	if (pid == 0) {
		(void)close(go[1]);
		if (read(go[0], &c, 1) == 1)
			end();
		_exit(126);
	}
	(void)close(go[0]);
	*ret_go = go[1];
	return pid;
}

static int let_go(pid_t pid, int *go)
{
	int status = -1;

	(void)!write(*go, "x", 1); /* a child that is gone shows in its status */
	(void)close(*go);
	*go = -1;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

/* The worker itself, without a job: says so and ends. It must never come to that. */
static void exec_self(void)
{
	(void)close(STDERR_FILENO);
	(void)execl("/proc/self/exe", "enclosure-worker", (char *)NULL);
}

/* A SIGKILL from sched_process_exec lands before the first instruction of the new program. */
static int probe_exec(const struct stat *ns)
{
	enc_auto_fd int prog = -1, link = -1, go = -1;
	pid_t child = waiting_child(exec_self, &go);
	const struct bpf_insn code[] = {
		ASK_PID(ns),
		JNE(BPF_REG_0, 0, 4),
		LOADW(BPF_REG_0, BPF_REG_10, -4),
		JNE(BPF_REG_0, child, 2),
		MOV(BPF_REG_1, SIGKILL),
		CALL(BPF_FUNC_send_signal),
		MOV(BPF_REG_0, 0),
		EXIT(),
	};
	int status, error;

	if (child < 0)
		return tell("bpf-exec-check", errno, "fork");
	prog = load(BPF_PROG_TYPE_RAW_TRACEPOINT, code, ENC_LEN(code), NULL);
	link = prog < 0 ? -1 : bpf_raw_tracepoint_open("sched_process_exec", prog);
	error = prog < 0 ? -prog : errno;
	status = let_go(child, &go);
	if (prog < 0 || link < 0)
		return tell("bpf-exec-check", error,
			    prog < 0 ? "the kernel refused to load a tracepoint program"
				     : "the program could not be attached");
	if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
		return tell("bpf-exec-check", EOPNOTSUPP, "a test process was not killed at its exec");
	return tell("bpf-exec-check", 0, "a test process was killed before the first instruction of its new program");
}

static void just_end(void)
{
	_exit(0);
}

static int on_record(void *data, void *record, size_t size)
{
	int *seen = data;

	*seen += size == 8;
	return 0;
}

/* The end of a process is told through a ring buffer. */
static int probe_witness(void)
{
	enc_auto_fd int map = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "enc_probe", 0, 0, 4096, NULL), prog = -1, link = -1,
			go = -1;
	const struct bpf_insn code[] = {
		STORE(BPF_REG_10, -8, 1),
		LD64(BPF_REG_1, BPF_PSEUDO_MAP_FD, map),
		MOVX(BPF_REG_2, BPF_REG_10),
		ADD(BPF_REG_2, -8),
		MOV(BPF_REG_3, 8),
		MOV(BPF_REG_4, 0),
		CALL(BPF_FUNC_ringbuf_output),
		MOV(BPF_REG_0, 0),
		EXIT(),
	};
	struct ring_buffer *ring;
	int seen = 0;
	pid_t child;

	if (map < 0)
		return tell("witness", errno, "a ring buffer could not be made");
	ring = ring_buffer__new(map, on_record, &seen, NULL);
	if (!ring)
		return tell("witness", errno, "a ring buffer could not be mapped");
	prog = load(BPF_PROG_TYPE_RAW_TRACEPOINT, code, ENC_LEN(code), NULL);
	link = prog < 0 ? -1 : bpf_raw_tracepoint_open("sched_process_exit", prog);
	if (link < 0) {
		(void)tell("witness", prog < 0 ? -prog : errno, "the kernel refused a tracepoint program");
	} else {
		child = waiting_child(just_end, &go);
		if (child > 0)
			(void)let_go(child, &go);
		(void)ring_buffer__consume(ring);
		(void)tell("witness", seen ? 0 : EOPNOTSUPP,
			   seen ? "the end of a test process came through a ring buffer"
				: "the end of a test process was not told");
	}
	ring_buffer__free(ring);
	return 0;
}

static int quiet(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	return 0;
}

int enc_worker_probe_bpf(int argc, char **argv)
{
	struct stat ns;

	libbpf_set_print(quiet);
	if (stat("/proc/self/ns/pid", &ns) < 0)
		return 1;
	(void)probe_lsm(&ns);
	(void)probe_cgroup(argc > 0 ? argv[0] : "");
	(void)probe_exec(&ns);
	(void)probe_witness();
	return fflush(stdout) == 0 ? 0 : 1;
}
