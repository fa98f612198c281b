/* SPDX-License-Identifier: MIT */
/*
 * overlay.c - workspace: overlay: the workspace's own write grant becomes the lower layer of a file system whose upper
 * one is kept with the run
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/text.h"
#include "plan/impl.h"

/* The upper layer is written in the state directory: its file system must keep attributes of users, and be none of
 * those that overlayfs refuses as a place to write. NULL: it will do. */
static const char *state_lacks(const char *state_dir)
{
	enc_auto_fd int fd = open(state_dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	struct statfs fs;

	if (fd < 0)
		return strerror(errno);
	if (fstatfs(fd, &fs) == 0 && fs.f_type == OVERLAYFS_SUPER_MAGIC)
		return "it is an overlay itself";
	if (fsetxattr(fd, "user.enclosure", "1", 1, 0) < 0)
		return "its file system keeps no user.* attributes";
	return NULL;
}

/* The octal escapes of proc(5), in place. */
static void unescape(char *s)
{
	char *to = s;

	for (; *s; s++, to++) {
		bool octal = s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && s[2] && s[3];

		*to = octal ? (char)((s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0')) : *s;
		s += octal ? 3 : 0;
	}
	*to = '\0';
}

/* What is mounted below the folder: arena string of one, or NULL. An overlay shows its layers without what is mounted
 * in them, and the kernel lets only root uncover what a mount hides. */
static const char *mounted_below(struct enc_planner *w, const char *dir)
{
	FILE *f = fopen("/proc/self/mountinfo", "re");
	enc_auto(enc_free_auto) char *line = NULL;
	const char *found = NULL;
	size_t cap = 0;

	while (f && !found && getline(&line, &cap, f) > 0) {
		char *save, *path = strtok_r(line, " ", &save);

		for (int i = 0; path && i < 4; i++)
			path = strtok_r(NULL, " ", &save);
		if (!path)
			continue;
		unescape(path);
		if (strcmp(path, dir) != 0 && enc_path_in(path, dir))
			found = enc_arena_strdup(w->p->arena, path);
	}
	if (f)
		(void)fclose(f); /* was only read */
	return found;
}

static const struct enc_grant *own_grant(const struct enc_planner *w)
{
	struct enc_resolved at;
	const struct enc_grant *found = NULL;

	enc_resolve(w->p->arena, w->q->policy->workspace, false, NULL, 0, &at);
	free(at.links);
	for (size_t i = 0; i < w->n_grants && !found; i++)
		if (w->grants[i].write && w->grants[i].at.exists && w->grants[i].at.is_dir &&
		    strcmp(w->grants[i].at.path, at.path) == 0)
			found = &w->grants[i];
	return found;
}

static bool others_write(const struct enc_planner *w, const struct enc_grant *g)
{
	for (size_t i = 0; i < w->n_grants; i++)
		if (&w->grants[i] != g && w->grants[i].write && w->grants[i].at.exists)
			return true;
	return false;
}

void enc_plan_bind_overlay(struct enc_planner *w, struct enc_binding *b)
{
	const struct enc_grant *g = own_grant(w);
	const char *lacks, *below;

	if (!enc_plan_has(w, ENC_MECH_OVERLAY)) {
		enc_plan_missing(w, b, "enclosure doctor, or write workspace: direct",
				 "this machine mounts no overlay in a user namespace");
		return;
	}
	if (!g) {
		enc_plan_missing(w, b, "write filesystem: {write: [$WORKSPACE]}, and grant nothing writable above it",
				 "the workspace %s is not a writable folder of its own in this manifest",
				 w->q->policy->workspace);
		return;
	}
	below = mounted_below(w, g->at.path);
	if (below && geteuid() != 0) {
		enc_plan_missing(w, b, "unmount it, start as root, or write workspace: direct",
				 "%s is mounted in the workspace, and only root can keep apart what lies under it",
				 below);
		return;
	}
	lacks = state_lacks(w->q->state_dir);
	if (lacks) {
		enc_plan_missing(w, b, "set ENCLOSURE_STATE to a folder on ext4, xfs or btrfs",
				 "what the run changes can't be kept in %s: %s", w->q->state_dir, lacks);
		return;
	}
	w->p->overlay = g->at.path;
	enc_plan_bound(b, ENC_BIT(OVERLAY) | ENC_BIT(MOUNT_NAMESPACE), ENC_G_PREVENT);
	b->note = enc_plan_text(w, "changes are kept apart: enclosure diff, apply, discard%s%s%s",
				others_write(w, g) ? "; other write grants are changed in place" : "",
				below ? "; what is mounted below it is not seen: " : "", below ? below : "");
}
