/* SPDX-License-Identifier: MIT */
/*
 * filter_build.c - the system calls of a run: tables (calls.h) into seccomp programs, by libseccomp
 *
 * Runs when Enclosure is built (gen_filter.c) and in tests. At the start of a run it would cost 4 ms, more than all the
 * rest of the walls together, for a result that only depends on the architecture.
 *
 * libseccomp takes conditions of the form (arg & mask) == value, all of one rule on different arguments. ANY becomes
 * one rule a bit; OUT, "none of these values", becomes the blocks of values that are left when they are taken
 * out, as one takes addresses out of a network: at most 32 blocks a value. Comparisons are of 32 bits since that
 * is what the kernel reads of these arguments: junk in the upper half must not get by.
 */
#include "sandbox/filter_build.h"

#include <errno.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sandbox/calls.h"

#define MAX_BLOCKS 224 /* 7 values of 32 bits */

struct block {
	uint32_t mask, value;
};

/* Splits the block that `bits` high bits of `value` name until no part holds one of c->value. */
static size_t split(const struct cond *c, uint32_t value, int bit, uint32_t fixed, struct block *ret, size_t n)
{
	bool hit = false;

	for (int i = 0; i < c->n && !hit; i++)
		hit = ((c->value[i] ^ value) & fixed) == 0;
	if (!hit) {
		ret[n++] = (struct block){fixed, value};
		return n;
	}
	while (bit >= 0 && !(c->mask >> bit & 1))
		bit--;
	if (bit < 0)
		return n; /* exactly one of the values */
	n = split(c, value, bit - 1, fixed | 1u << bit, ret, n);
	return split(c, value | 1u << bit, bit - 1, fixed | 1u << bit, ret, n);
}

/* The blocks whose union is the condition; COND_NONE gives none. */
static size_t blocks_of(const struct cond *c, struct block *ret)
{
	size_t n = 0;

	switch (c->kind) {
	case COND_EQ: ret[n++] = (struct block){c->mask, c->value[0]}; break;
	case COND_ANY:
		for (int bit = 0; bit < 32; bit++)
			if (c->mask >> bit & 1)
				ret[n++] = (struct block){1u << bit, 1u << bit};
		break;
	case COND_OUT: n = split(c, 0, 31, 0, ret, 0); break;
	case COND_SET:
	case COND_NONE: break;
	}
	return n;
}

static int number_of(const char *name, int nr)
{
	return nr ? nr : seccomp_syscall_resolve_name(name);
}

/* The rules of one condition: blocks, or the one that isn't a comparison of 32 bits. */
static size_t rules_of(const struct cond *c, struct scmp_arg_cmp *ret)
{
	struct block v[MAX_BLOCKS];
	size_t n = blocks_of(c, v);

	if (c->kind == COND_SET) {
		ret[0] = SCMP_CMP(c->arg, SCMP_CMP_NE, 0);
		return 1;
	}
	for (size_t i = 0; i < n; i++)
		ret[i] = SCMP_CMP(c->arg, SCMP_CMP_MASKED_EQ, v[i].mask, v[i].value);
	return n;
}

static int add_refused(scmp_filter_ctx ctx, const struct refused *row, int nr, bool notify)
{
	uint32_t action = notify && row->error ? SCMP_ACT_NOTIFY : SCMP_ACT_ERRNO((uint32_t)row->error);
	struct scmp_arg_cmp a[MAX_BLOCKS], b[MAX_BLOCKS];
	size_t na = rules_of(&row->c[0], a), nb = rules_of(&row->c[1], b);
	int r = 0;

	if (!na)
		return seccomp_rule_add_array(ctx, action, nr, 0, NULL);
	for (size_t i = 0; i < na && !r; i++) {
		if (!nb)
			r = seccomp_rule_add_array(ctx, action, nr, 1, &a[i]);
		for (size_t k = 0; k < nb && !r; k++)
			r = seccomp_rule_add_array(ctx, action, nr, 2, (struct scmp_arg_cmp[]){a[i], b[k]});
	}
	return r;
}

static int fill_refuse(scmp_filter_ctx ctx, bool notify, struct enc_err *e)
{
	for (size_t i = 0; i < ENC_LEN(refused_calls); i++) {
		const struct refused *row = &refused_calls[i];
		int nr = number_of(row->name, row->nr), r;

		if (nr < 0)
			continue; /* not on this architecture */
		r = add_refused(ctx, row, nr, notify);
		if (r < 0)
			return ENC_FAIL(e, -r, "seccomp rule for %s: %s", row->name, strerror(-r));
	}
	return 0;
}

static int allow(scmp_filter_ctx ctx, const char *name, int nr, struct enc_err *e)
{
	int r = nr < 0 ? 0 : seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, nr, 0, NULL);

	/* -EEXIST: in both tables (unshare, openat) */
	return !r || r == -EEXIST ? 0 : ENC_FAIL(e, -r, "seccomp rule for %s: %s", name, strerror(-r));
}

/* Refused calls are let by here, so that it is the other program that answers. */
static int fill_known(scmp_filter_ctx ctx, struct enc_err *e)
{
	int r = 0;

	for (size_t i = 0; i < ENC_LEN(known_names) && !r; i++)
		r = allow(ctx, known_names[i], number_of(known_names[i], 0), e);
	for (size_t i = 0; i < ENC_LEN(known_numbers) && !r; i++)
		r = allow(ctx, known_numbers[i].name, known_numbers[i].nr, e);
	for (size_t i = 0; i < ENC_LEN(refused_calls) && !r; i++)
		r = allow(ctx, refused_calls[i].name, number_of(refused_calls[i].name, refused_calls[i].nr), e);
	return r;
}

/* The program's bytes, through a file in memory: libseccomp 2.5 writes to descriptors alone. */
static int export_program(scmp_filter_ctx ctx, struct sock_fprog *ret, struct enc_err *e)
{
	enc_auto_fd int fd = memfd_create("filter", MFD_CLOEXEC);
	enc_auto(enc_free_auto) struct sock_filter *v = NULL;
	struct stat st;
	int r;

	if (fd < 0)
		return ENC_FAIL(e, errno, "memfd_create: %s", strerror(errno));
	r = seccomp_export_bpf(ctx, fd);
	if (r < 0)
		return ENC_FAIL(e, -r, "seccomp program: %s", strerror(-r));
	if (fstat(fd, &st) || st.st_size <= 0 || (size_t)st.st_size > BPF_MAXINSNS * sizeof(*v))
		return ENC_FAIL(e, E2BIG, "seccomp program of %jd bytes", (intmax_t)st.st_size);
	v = enc_alloc((size_t)st.st_size);
	if (pread(fd, v, (size_t)st.st_size, 0) != st.st_size)
		return ENC_FAIL(e, EIO, "seccomp program can't be read back");
	ret->len = (unsigned short)((size_t)st.st_size / sizeof(*v));
	ret->filter = ENC_TAKE(v);
	return 0;
}

static int build(bool known, bool notify, struct sock_fprog *ret, struct enc_err *e)
{
	scmp_filter_ctx ctx = seccomp_init(known ? SCMP_ACT_ERRNO(ENOSYS) : SCMP_ACT_ALLOW);
	int r;

	if (!ctx)
		return ENC_FAIL(e, ENOMEM, "seccomp_init failed");
	r = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	if (!r)
		r = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (r < 0)
		r = ENC_FAIL(e, -r, "seccomp attribute: %s", strerror(-r));
	else
		r = known ? fill_known(ctx, e) : fill_refuse(ctx, notify, e);
	if (!r)
		r = export_program(ctx, ret, e);
	seccomp_release(ctx);
	return r;
}

int enc_filters_build(bool notify, struct enc_filters *ret, struct enc_err *e)
{
	struct enc_filters f = {0};
	int r = build(true, notify, &f.known, e);

	if (!r)
		r = build(false, notify, &f.refuse, e);
	if (r < 0) {
		enc_filters_done(&f);
		return r;
	}
	*ret = f;
	return 0;
}

void enc_filters_done(struct enc_filters *f)
{
	free(f->known.filter);
	free(f->refuse.filter);
	memset(f, 0, sizeof(*f));
}

size_t enc_filters_numbers(int *ret, size_t max)
{
	size_t n = 0;

	for (; n < ENC_LEN(refused_calls) && n < max; n++)
		ret[n] = number_of(refused_calls[n].name, refused_calls[n].nr);
	return n;
}
