/* SPDX-License-Identifier: MIT */
/*
 * denials.c - fold refused system calls, so that a loop of them can't fill the record
 */
#include "run/denials.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"

static enum enc_event_type type_of(const char *class_name)
{
	char name[40];

	snprintf(name, sizeof(name), "priv.%s", class_name);
	for (int t = 0; t < ENC_EV__COUNT; t++)
		if (strcmp(enc_event_name((enum enc_event_type)t), name) == 0)
			return (enum enc_event_type)t;
	return ENC_EV_PRIV_SYSCALL;
}

/* The caller is stopped in its system call, so that /proc still tells its name; the name is its own choice. */
static void read_comm(pid_t pid, char out[17])
{
	char path[40];
	ssize_t n = -1;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, out, 16);
		close(fd);
	}
	out[n > 0 ? n : 0] = '\0';
	out[strcspn(out, "\n")] = '\0';
}

static struct enc_denial_row *find(struct enc_denials *d, const char *type, const char *name, pid_t pid)
{
	for (size_t i = 0; i < d->n; i++)
		if (d->rows[i].pid == pid && strcmp(d->rows[i].name, name) == 0 && strcmp(d->rows[i].type, type) == 0)
			return &d->rows[i];
	return NULL;
}

static struct enc_denial_row *find_kind(struct enc_denials *d, const char *type, const char *name)
{
	for (size_t i = d->n; i > 0; i--)
		if (strcmp(d->rows[i - 1].name, name) == 0 && strcmp(d->rows[i - 1].type, type) == 0)
			return &d->rows[i - 1];
	return NULL;
}

static int publish(const struct enc_denial_row *r, struct enc_bus *bus, const char *run, bool folded, struct enc_err *e)
{
	struct enc_event ev;
	char reason[80];

	snprintf(reason, sizeof(reason), "%s is refused in every run", r->name);
	enc_event_init(&ev, type_of(r->type), run, "seccomp");
	if (r->pid > 0)
		enc_ev_int(&ev, ENC_F_PID, r->pid);
	enc_ev_str(&ev, ENC_F_COMM, r->comm[0] ? r->comm : NULL);
	enc_ev_str(&ev, ENC_F_WHAT, r->name);
	enc_ev_str(&ev, ENC_F_VERDICT, "deny");
	enc_ev_str(&ev, ENC_F_CLAUSE, r->clause);
	enc_ev_str(&ev, ENC_F_MECHANISM, "seccomp");
	enc_ev_str(&ev, ENC_F_GUARANTEE, "prevent");
	enc_ev_str(&ev, ENC_F_REASON, reason);
	enc_ev_int(&ev, ENC_F_ERRNO, r->error);
	if (folded) {
		enc_ev_uint(&ev, ENC_F_COUNT, r->count);
		enc_ev_uint(&ev, ENC_F_FIRST_NS, r->first_mono_ns);
		enc_ev_uint(&ev, ENC_F_LAST_NS, r->last_mono_ns);
	}
	return enc_bus_publish(bus, &ev, e);
}

int enc_denials_add(struct enc_denials *d, struct enc_bus *bus, const char *run, const char *class_name,
		    const char *name, int error, pid_t pid, struct enc_err *e)
{
	struct enc_denial_row *r = find(d, class_name, name, pid);
	bool first = !r;

	/* A full table still tells kinds apart, or a flood of one would hide the others; there are not many. */
	if (!r && d->n >= ENC_DENIALS_MAX && (r = find_kind(d, class_name, name)) != NULL) {
		d->unkept++;
		first = false;
	} else if (!r) {
		r = ENC_PUSH(d->rows, d->n);
		snprintf(r->type, sizeof(r->type), "%s", class_name);
		snprintf(r->name, sizeof(r->name), "%s", name);
		r->clause = "system-calls";
		r->pid = pid;
		r->error = error;
		if (d->comm)
			snprintf(r->comm, sizeof(r->comm), "%s", d->comm);
		else
			read_comm(pid, r->comm);
		r->first_real_ns = enc_now_real();
		r->first_mono_ns = enc_now_boot();
	}
	r->count++;
	r->last_real_ns = enc_now_real();
	r->last_mono_ns = enc_now_boot();
	return first ? publish(r, bus, run, false, e) : 0;
}

int enc_denials_fold(struct enc_denials *d, struct enc_bus *bus, const char *run, struct enc_err *e)
{
	int r = 0;

	for (size_t i = 0; i < d->n && r >= 0; i++)
		if (d->rows[i].count > 1)
			r = publish(&d->rows[i], bus, run, true, e);
	return r;
}

void enc_denials_done(struct enc_denials *d)
{
	free(d->rows);
	d->rows = NULL;
	d->n = 0;
}
