/* SPDX-License-Identifier: MIT */
/*
 * sources.c - what the supervisor opens for the child before clone
 *
 * A privileged supervisor makes the grants' trees, since only it may idmap them. In every case it opens the sources
 * of FILE_SYNC, and finds kernel file systems that lie below a grant: `read: [/]` must not show another namespace's
 * /proc that happens to be mounted somewhere.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "sandbox/box_impl.h"
#include "sys/mountfd.h"

struct idmap {
	uid_t uid;
	gid_t gid;
	int fd;
};

/* One user namespace for each pair of owners, open until the trees are made. */
static int idmap_of(struct idmap **v, size_t *n, const struct enc_mount *m, const struct enc_ids *ids)
{
	struct idmap *new;

	for (size_t i = 0; i < *n; i++)
		if ((*v)[i].uid == m->uid && (*v)[i].gid == m->gid)
			return (*v)[i].fd;
	new = ENC_PUSH(*v, *n);
	new->uid = m->uid;
	new->gid = m->gid;
	new->fd = enc_idmap_open(m->uid, ids->uid, m->gid, ids->gid);
	return new->fd;
}

static int make_trees(struct enc_box *b, struct launch *l)
{
	const struct enc_plan *p = b->plan;
	struct idmap *maps = NULL;
	size_t n = 0;
	int r = 0;

	for (size_t i = 0; i < p->n_mounts && !r; i++) {
		const struct enc_mount *m = &p->mounts[i];
		int userns = -1;

		if (m->kind != ENC_MT_BIND_RO && m->kind != ENC_MT_BIND_RW && m->kind != ENC_MT_OVERLAY)
			continue;
		r = enc_stage(&l->stage, "mount", m->idmap ? "idmap" : "mount-namespace", m->path);
		if (!r && m->idmap) {
			userns = idmap_of(&maps, &n, m, &p->ids);
			r = userns < 0 ? -1 : 0;
		}
		if (!r)
			l->tree[i] = enc_source_tree(m, userns);
		if (l->tree[i] < 0)
			r = -1;
	}
	for (size_t i = 0; i < n; i++)
		enc_close_auto(&maps[i].fd); /* keeps errno */
	free(maps);
	return r;
}

/* ---- kernel file systems below grants ---- */

static bool is_pseudo(const char *type)
{
	static const char *const types[] = {"proc",    "sysfs",	     "cgroup",	   "cgroup2",  "debugfs",
					    "tracefs", "securityfs", "configfs",   "efivarfs", "devtmpfs",
					    "devpts",  "mqueue",     "bpf",	   "pstore",   "binfmt_misc",
					    "fusectl", "nsfs",	     "rpc_pipefs", "nfsd",     "selinuxfs",
					    "smackfs", "resctrl"};

	for (size_t i = 0; i < ENC_LEN(types); i++)
		if (!strcmp(type, types[i]))
			return true;
	return false;
}

/* \040 and the like, in place. */
static void unescape(char *s)
{
	char *to = s;

	for (; *s; s++, to++) {
		if (s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && s[2] && s[3]) {
			*to = (char)((s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0'));
			s += 3;
		} else {
			*to = *s;
		}
	}
	*to = '\0';
}

/* /proc, /dev and the rest of the frame are ours in every run, whatever the host has there. */
static bool in_frame(const char *path)
{
	static const char *const frame[] = {"/proc", "/sys", "/dev", "/run", "/tmp"};

	for (size_t i = 0; i < ENC_LEN(frame); i++)
		if (enc_path_in(path, frame[i]))
			return true;
	return false;
}

static void hide_below(struct enc_box *b, struct launch *l, const char *path)
{
	const struct enc_plan *p = b->plan;
	struct pseudo_mask *mask;
	struct stat st;

	for (size_t i = 0; i < p->n_mounts; i++) {
		const struct enc_mount *m = &p->mounts[i];

		if ((m->kind != ENC_MT_BIND_RO && m->kind != ENC_MT_BIND_RW) || !m->is_dir || !strcmp(path, m->path) ||
		    !enc_path_in(path, m->path))
			continue;
		if (!strcmp(m->path, "/") && in_frame(path))
			continue;
		if (lstat(path, &st))
			continue; /* lies below another mount: nobody reaches it */
		mask = ENC_PUSH(l->masks, l->n_masks);
		*mask = (struct pseudo_mask){.after = i, .path = enc_strdup(path), .is_dir = S_ISDIR(st.st_mode)};
	}
}

static int find_pseudo(struct enc_box *b, struct launch *l)
{
	FILE *f = fopen("/proc/self/mountinfo", "re");
	enc_auto(enc_free_auto) char *line = NULL;
	size_t cap = 0;

	if (!f)
		return -1;
	while (getline(&line, &cap, f) > 0) {
		char *save, *path = NULL, *type, *dash = strstr(line, " - ");

		if (!dash)
			continue;
		*dash = '\0';
		type = strtok_r(dash + 3, " ", &save);
		if (!type || !is_pseudo(type))
			continue;
		path = strtok_r(line, " ", &save);
		for (int i = 0; path && i < 4; i++)
			path = strtok_r(NULL, " ", &save);
		if (!path)
			continue;
		unescape(path);
		hide_below(b, l, path);
	}
	(void)fclose(f); /* was only read */
	return 0;
}

int enc_sources_make(struct enc_box *b, struct launch *l)
{
	if (l->privileged && make_trees(b, l))
		return -1;
	if (l->plan->overlay && enc_overlay_make(b, l))
		return -1;
	if (enc_stage(&l->stage, "mount table", "mount-namespace", NULL) || find_pseudo(b, l))
		return -1;
	return enc_sync_open(b, l);
}
