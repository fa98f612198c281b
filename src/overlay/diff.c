/* SPDX-License-Identifier: MIT */
/*
 * diff.c - one change as git diff shows it, fit for git apply
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "overlay/impl.h"

#define TEXT_MAX  (8u << 20) /* a larger file is named and not shown */
#define LINES_MAX 500000     /* each costs more than its text */
#define PEEK	  8000	     /* git's way to tell a binary file: a NUL in its first bytes */

struct side {
	char *s; /* malloc'ed; NULL: there is none */
	size_t n;
	bool big;
};

static bool too_many_lines(const struct enc_buf *b)
{
	size_t n = 0;

	for (size_t i = 0; i < b->len && n <= LINES_MAX; i++)
		n += b->s[i] == '\n';
	return n > LINES_MAX;
}

/* 0 or negative errno. */
static int read_side(int root, const struct enc_change *c, const struct stat *st, struct side *ret)
{
	enc_auto_fd int fd = -1;
	struct enc_buf b = {0};
	char part[65536];
	ssize_t n = 0;

	if (S_ISLNK(st->st_mode)) {
		ret->s = enc_overlay_readlink(root, c->path);
		if (!ret->s)
			return -errno;
		ret->n = strlen(ret->s);
		return 0;
	}
	fd = enc_overlay_open(root, c->path, O_RDONLY | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	enc_buf_add(&b, "", 0);
	while (b.len <= TEXT_MAX && (n = read(fd, part, sizeof(part))) > 0)
		enc_buf_add(&b, part, (size_t)n);
	ret->big = b.len > TEXT_MAX || too_many_lines(&b);
	ret->s = b.s;
	ret->n = b.len;
	return n < 0 ? -errno : 0;
}

static bool is_binary(const struct side *s)
{
	return s->big || (s->s && memchr(s->s, '\0', s->n < PEEK ? s->n : PEEK));
}

static unsigned git_mode(const struct stat *st)
{
	if (S_ISLNK(st->st_mode))
		return 0120000;
	return st->st_mode & 0100 ? 0100755 : 0100644;
}

static bool has_content(const struct stat *st)
{
	return S_ISREG(st->st_mode) || S_ISLNK(st->st_mode);
}

/* git tells whether the owner may execute a file, and nothing else of its mode. */
static bool finer_mode(const struct enc_change *c)
{
	if (c->kind == ENC_CHANGE_ADDED)
		return !S_ISLNK(c->new.st_mode) && (c->new.st_mode & 0002);
	return c->mode && (((c->old.st_mode ^ c->new.st_mode) & 01666) || git_mode(&c->old) == git_mode(&c->new));
}

/* What git has no form for is told in lines that git apply passes over. why: what can't be shown, or NULL. */
static void tell_other(const struct enc_change *c, const char *why, struct enc_buf *out)
{
	const struct stat *st = c->kind == ENC_CHANGE_DELETED ? &c->old : &c->new;
	const char *what = S_ISDIR(st->st_mode)	   ? "folder"
			   : S_ISFIFO(st->st_mode) ? "FIFO"
			   : S_ISSOCK(st->st_mode) ? "socket"
			   : S_ISREG(st->st_mode)  ? "file"
						   : "special file";

	enc_buf_printf(out, "# %s %s: ", what,
		       c->kind == ENC_CHANGE_ADDED     ? "added"
		       : c->kind == ENC_CHANGE_DELETED ? "deleted"
						       : "changed");
	enc_diff_path(out, "", c->path);
	if (c->kind == ENC_CHANGE_ADDED && finer_mode(c))
		enc_buf_printf(out, " (mode %04o: anybody may write)", c->new.st_mode & 07777);
	if (c->mode)
		enc_buf_printf(out, " (mode %04o, was %04o)", c->new.st_mode & 07777, c->old.st_mode & 07777);
	if (c->attrs)
		enc_buf_puts(out, " (extended attributes)");
	if (why)
		enc_buf_printf(out, " (not shown: %s)", why);
	enc_buf_putc(out, '\n');
}

/* git ends a name that has a space with a tab, so that other programs take no date for a part of it. */
static void put_end(struct enc_buf *out, bool spaced)
{
	enc_buf_puts(out, spaced ? "\t\n" : "\n");
}

static void put_names(const struct enc_change *c, struct enc_buf *out)
{
	bool spaced = strchr(c->path, ' ');

	enc_buf_puts(out, "--- ");
	if (c->kind == ENC_CHANGE_ADDED)
		enc_buf_puts(out, "/dev/null");
	else
		enc_diff_path(out, "a/", c->path);
	put_end(out, c->kind != ENC_CHANGE_ADDED && spaced);
	enc_buf_puts(out, "+++ ");
	if (c->kind == ENC_CHANGE_DELETED)
		enc_buf_puts(out, "/dev/null");
	else
		enc_diff_path(out, "b/", c->path);
	put_end(out, c->kind != ENC_CHANGE_DELETED && spaced);
}

static void put_head(const struct enc_change *c, struct enc_buf *out)
{
	unsigned old = git_mode(&c->old), new = git_mode(&c->new);

	enc_buf_puts(out, "diff --git ");
	enc_diff_path(out, "a/", c->path);
	enc_buf_putc(out, ' ');
	enc_diff_path(out, "b/", c->path);
	enc_buf_putc(out, '\n');
	if (c->kind == ENC_CHANGE_ADDED)
		enc_buf_printf(out, "new file mode %06o\n", new);
	else if (c->kind == ENC_CHANGE_DELETED)
		enc_buf_printf(out, "deleted file mode %06o\n", old);
	else if (old != new)
		enc_buf_printf(out, "old mode %06o\nnew mode %06o\n", old, new);
}

static void put_binary(const struct enc_change *c, struct enc_buf *out)
{
	enc_buf_puts(out, "Binary files ");
	if (c->kind == ENC_CHANGE_ADDED)
		enc_buf_puts(out, "/dev/null");
	else
		enc_diff_path(out, "a/", c->path);
	enc_buf_puts(out, " and ");
	if (c->kind == ENC_CHANGE_DELETED)
		enc_buf_puts(out, "/dev/null");
	else
		enc_diff_path(out, "b/", c->path);
	enc_buf_puts(out, " differ\n");
}

static bool git_shows(const struct enc_change *c)
{
	const struct stat *st = c->kind == ENC_CHANGE_DELETED ? &c->old : &c->new;

	if (!has_content(st))
		return false;
	return c->kind != ENC_CHANGE_MODIFIED || c->content || git_mode(&c->old) != git_mode(&c->new);
}

/* 0, or negative errno of what can't be read. */
static int put_file(const struct enc_overlay *o, const struct enc_change *c, struct enc_buf *out,
		    struct enc_diff_count *count)
{
	struct side a = {0}, b = {0};
	struct enc_buf hunks = {0};
	int r = 0;

	if (c->kind != ENC_CHANGE_ADDED)
		r = read_side(o->lower, c, &c->old, &a);
	if (r >= 0 && c->kind != ENC_CHANGE_DELETED)
		r = read_side(o->upper, c, &c->new, &b);
	if (r >= 0) {
		put_head(c, out);
		count->binary = is_binary(&a) || is_binary(&b);
		if (!count->binary)
			enc_diff_texts(a.s ? a.s : "", a.n, b.s ? b.s : "", b.n, &hunks, count);
		if (count->binary && (c->kind != ENC_CHANGE_MODIFIED || c->content))
			put_binary(c, out);
		if (hunks.len) {
			put_names(c, out);
			enc_buf_add(out, hunks.s, hunks.len);
		}
	}
	free(a.s);
	free(b.s);
	enc_buf_done(&hunks);
	return r;
}

void enc_overlay_diff(const struct enc_overlay *o, const struct enc_change *c, struct enc_buf *out,
		      struct enc_diff_count *ret)
{
	bool shows = git_shows(c) && !c->trouble;
	struct enc_diff_count count = {0};
	int r;

	if (c->attrs || !shows || finer_mode(c))
		tell_other(c, c->trouble, out);
	/* One file that is closed, or that goes away while the run goes on, hides no other. */
	r = shows ? put_file(o, c, out, &count) : 0;
	if (r < 0)
		tell_other(c, strerror(-r), out);
	if (ret)
		*ret = count;
}
