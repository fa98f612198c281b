/* SPDX-License-Identifier: MIT */
/*
 * kernel.c - the kernel's own files: what a root without capabilities could still open for writing
 */
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "attack.h"

static int writable(const char *path)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}
#define OPEN(fn, path)                       \
	static int fn(int argc, char **argv) \
	{                                    \
		return writable(path);       \
	}
OPEN(core_pattern, "/proc/sys/kernel/core_pattern")
OPEN(modprobe, "/proc/sys/kernel/modprobe")
OPEN(hostname_file, "/proc/sys/kernel/hostname")
OPEN(poweroff_cmd, "/proc/sys/kernel/poweroff_cmd")
OPEN(usermodehelper, "/proc/sys/kernel/usermodehelper/bset")
OPEN(mmap_min_addr, "/proc/sys/vm/mmap_min_addr")
OPEN(binfmt, "/proc/sys/fs/binfmt_misc/register")
OPEN(sysrq, "/proc/sysrq-trigger")
OPEN(kmsg, "/dev/kmsg")
OPEN(mem, "/dev/mem")
OPEN(proc_kcore, "/proc/kcore")
OPEN(uevent_helper, "/sys/kernel/uevent_helper")
OPEN(kexec_loaded, "/sys/kernel/kexec_crash_size")
OPEN(oom_adj_init, "/proc/1/oom_score_adj")
OPEN(irq, "/proc/irq/default_smp_affinity")
OPEN(tracing, "/sys/kernel/tracing/trace_marker")
OPEN(debug, "/sys/kernel/debug/sched_features")
OPEN(sock_docker, "/run/docker.sock")

static int written(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), r;

	if (fd < 0)
		return -errno;
	r = outcome(write(fd, text, strlen(text)));
	close(fd);
	return r;
}
static int uid_map(int argc, char **argv)
{
	return written("/proc/self/uid_map", "0 0 4294967295\n");
}
static int setgroups_file(int argc, char **argv)
{
	return written("/proc/self/setgroups", "allow");
}

static int first_of(const char *const *paths)
{
	int last = -ENOENT;

	for (size_t i = 0; paths[i]; i++) {
		int r = writable(paths[i]);

		if (r >= 0)
			return 0;
		if (r != -ENOENT)
			last = r;
	}
	return last;
}
static int release_agent(int argc, char **argv)
{
	static const char *const v[] = {"/sys/fs/cgroup/memory/release_agent",
					"/sys/fs/cgroup/pids/release_agent",
					"/sys/fs/cgroup/cpu/release_agent",
					"/sys/fs/cgroup/freezer/release_agent",
					"/sys/fs/cgroup/cpuset/release_agent",
					"/sys/fs/cgroup/systemd/release_agent",
					NULL};
	return first_of(v);
}
static int cgroup_procs(int argc, char **argv)
{
	static const char *const v[] = {"/sys/fs/cgroup/cgroup.procs", "/sys/fs/cgroup/unified/cgroup.procs",
					"/sys/fs/cgroup/memory/cgroup.procs", "/sys/fs/cgroup/pids/cgroup.procs", NULL};
	return first_of(v);
}
static int disks(int argc, char **argv)
{
	static const char *const v[] = {"/dev/vda",   "/dev/sda",  "/dev/nvme0n1", "/dev/xvda",	   "/dev/loop-control",
					"/dev/loop0", "/dev/fuse", "/dev/kvm",	   "/dev/net/tun", NULL};
	return first_of(v);
}

static const char *found;
static int visit(const char *path, const struct stat *st, int kind, struct FTW *where)
{
	if (kind != FTW_F || writable(path) < 0)
		return 0;
	found = path;
	printf("%s can be written\n", path);
	return 1;
}
/* Any file at all below a tree that is the kernel's. */
static int tree(const char *top)
{
	return access(top, F_OK) < 0 ? -ENOENT : nftw(top, visit, 16, FTW_PHYS | FTW_MOUNT) == 1 ? 0 : -EROFS;
}
static int any_sysctl(int argc, char **argv)
{
	return tree("/proc/sys");
}
static int any_sys(int argc, char **argv)
{
	return tree("/sys");
}
/* Nodes of /dev that are not of the harmless ones. */
static int any_device(int argc, char **argv)
{
	static const char harmless[] =
		" null zero full random urandom tty ptmx stdin stdout stderr fd pts shm console mqueue core log ";
	DIR *d = opendir("/dev");
	struct dirent *e;
	char word[300];
	int more = 0;

	while (d && (e = readdir(d)) != NULL) {
		snprintf(word, sizeof(word), " %s ", e->d_name);
		if (e->d_name[0] != '.' && !strstr(harmless, word)) {
			printf("/dev/%s\n", e->d_name);
			more = 1;
		}
	}
	if (d)
		closedir(d);
	return more ? 0 : -ENOENT;
}

#define ROW(n, f, who)                                                                                  \
	{                                                                                               \
		.name = n, .group = "kernel", .act = f, .expect = {EROFS, EACCES, ENOENT}, .needs = who \
	}
/* clang-format off */
const struct attack kernel_attacks[] = {
	ROW("core_pattern", core_pattern, BY_ROOT), ROW("release_agent", release_agent, BY_ROOT),
	ROW("cgroup.procs", cgroup_procs, BY_ROOT), ROW("kmsg", kmsg, BY_ROOT), ROW("sysrq-trigger", sysrq, BY_ROOT),
	ROW("uevent_helper", uevent_helper, BY_ROOT), ROW("modprobe", modprobe, BY_NOBODY), ROW("hostname", hostname_file, BY_ROOT),
	ROW("poweroff_cmd", poweroff_cmd, BY_ROOT), ROW("usermodehelper", usermodehelper, BY_NOBODY),
	ROW("mmap_min_addr", mmap_min_addr, BY_ROOT), ROW("binfmt_misc", binfmt, BY_NOBODY), ROW("mem", mem, BY_NOBODY),
	ROW("kcore", proc_kcore, BY_NOBODY), ROW("kexec_crash_size", kexec_loaded, BY_NOBODY),
	ROW("init-oom", oom_adj_init, BY_ROOT), ROW("irq", irq, BY_ROOT), ROW("tracing", tracing, BY_NOBODY),
	ROW("debugfs", debug, BY_NOBODY), ROW("docker.sock", sock_docker, BY_NOBODY), ROW("disks", disks, BY_ROOT),
	ROW("any-sysctl", any_sysctl, BY_ROOT), ROW("any-sys", any_sys, BY_ROOT), ROW("any-device", any_device, BY_ROOT),
	{.name = "uid_map", .group = "maps", .act = uid_map, .expect = {EACCES, EPERM, EROFS}, .needs = BY_NOBODY},
	{.name = "setgroups", .group = "maps", .act = setgroups_file, .expect = {EACCES, EPERM, EROFS}, .needs = BY_NOBODY},
	{.name = NULL},
};
/* clang-format on */
