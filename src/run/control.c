/* SPDX-License-Identifier: MIT */
/*
 * control.c - the clients of a run
 *
 * A client that only waits costs a descriptor. An attached one is sent what the command prints; when it does not read,
 * the command is held back as it would be at a plain terminal, but only for a while: one that is stopped or hangs must
 * not stop the run. Then what waits for it is dropped, and the terminal's programs are asked to draw anew when it reads
 * again.
 */
#include "run/control.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "run/link.h"
#include "run/supervise.h"

#define MAX_CLIENTS 64
#define MAX_SHOWN   48		 /* attached; the others come and go */
#define QUEUE_HIGH  (256u << 10) /* bytes that wait for a client: the command is held back */
#define PATIENCE_NS 2000000000ull
#define LEAVE_MS    2000
#define MAX_TYPED   (64u << 10)
#define RETRY_NS    10000000ull

struct client {
	struct enc_control *control;
	int fd;
	struct enc_source *source;
	bool attached, types, first, lagging;
	bool stopped;	      /* it was told that the command is, and has not said `go on` since */
	uint64_t came;	      /* of all that ever came, the how manieth */
	struct enc_buf queue; /* of bytes [at, len), each message as it is sent */
	size_t at;
	uint64_t moved_ns; /* when it last took something */
};

struct enc_control {
	struct enc_supervisor *s;
	int fd;
	struct enc_source *source, *retry;
	struct client *clients[MAX_CLIENTS];
	size_t n;
	uint64_t came;
	struct enc_buf typed; /* for the terminal, which was full */
	bool paused, ending;
};

static void leave(struct client *k)
{
	struct enc_control *c = k->control;

	for (size_t i = 0; i < c->n; i++)
		if (c->clients[i] == k)
			c->clients[i] = c->clients[--c->n];
	k->source = enc_source_remove(k->source);
	if (k->first && !c->ending && c->s->q->link_lost)
		c->s->q->link_lost(c->s->q->data);
	close(k->fd);
	enc_buf_done(&k->queue);
	free(k);
}

/* ---- to the clients ---- */

static size_t waiting(const struct client *k)
{
	return k->queue.len - k->at;
}

/* Back to reading the command's output, unless somebody is still behind. */
static void update_pause(struct enc_control *c)
{
	bool hold = false;

	for (size_t i = 0; i < c->n; i++)
		hold = hold || (!c->clients[i]->lagging && waiting(c->clients[i]) > QUEUE_HIGH);
	if (hold == c->paused)
		return;
	c->paused = hold;
	for (int i = 0; i < 2; i++)
		enc_stream_hold(&c->s->out[i], hold);
}

static int flush(struct client *k)
{
	/* One that is always a little behind never empties it. */
	if (k->at > QUEUE_HIGH) {
		memmove(k->queue.s, k->queue.s + k->at, waiting(k));
		k->queue.len -= k->at;
		k->at = 0;
	}
	while (waiting(k)) {
		struct enc_link_msg m;
		size_t head = offsetof(struct enc_link_msg, data);
		int r;

		memcpy(&m, k->queue.s + k->at, head);
		memcpy(m.data, k->queue.s + k->at + head, m.len);
		r = enc_link_send(k->fd, &m, MSG_DONTWAIT);
		if (r == -EAGAIN)
			return enc_source_events(k->source, EPOLLIN | EPOLLOUT);
		if (r < 0)
			return r;
		k->at += head + m.len;
		k->moved_ns = enc_now_boot();
	}
	enc_buf_reset(&k->queue);
	k->at = 0;
	return enc_source_events(k->source, EPOLLIN);
}

static void redraw(struct enc_control *c);

static void tell(struct client *k, const struct enc_link_msg *m)
{
	if (k->lagging)
		return;
	if (!waiting(k))
		k->moved_ns = enc_now_boot();
	enc_buf_add(&k->queue, m, offsetof(struct enc_link_msg, data) + m->len);
	if (flush(k) < 0)
		leave(k);
}

static void tell_all(struct enc_control *c, const struct enc_link_msg *m, bool attached_only)
{
	for (size_t i = c->n; i-- > 0;)
		if (!attached_only || c->clients[i]->attached)
			tell(c->clients[i], m);
}

void enc_control_output(struct enc_stream *stream, const char *data, size_t n)
{
	struct enc_supervisor *s = stream->data;
	struct enc_link_msg m = {.kind = ENC_LINK_OUTPUT, .value = stream == &s->out[1]};

	while (n && s->control && s->control->n) {
		m.len = n < sizeof(m.data) ? (uint32_t)n : sizeof(m.data);
		memcpy(m.data, data, m.len);
		tell_all(s->control, &m, true);
		data += m.len;
		n -= m.len;
	}
	if (s->control)
		update_pause(s->control);
}

static void send_status(struct client *k)
{
	struct enc_supervisor *s = k->control->s;
	struct enc_link_msg m = {.kind = ENC_LINK_STATUS};

	enc_run_limits_look(s);
	m.value = s->ended ? ENC_LIFE_STOPPING : ENC_LIFE_STARTED;
	m.v[0] = enc_now_boot() - s->began_ns;
	m.v[1] = s->limits.seen.cpu_ns;
	m.v[2] = s->limits.seen.memory_bytes;
	m.v[3] = s->limits.seen.pids;

	tell(k, &m);
}

/* ---- from the clients ---- */

/* Whatever program draws is told of a size that is another, and then of the right one. */
static void redraw(struct enc_control *c)
{
	struct winsize w = c->s->size, other = w;

	if (c->s->terminal < 0 || !w.ws_row)
		return;
	other.ws_row = (unsigned short)(w.ws_row > 1 ? w.ws_row - 1 : 2);
	(void)ioctl(c->s->terminal, TIOCSWINSZ, &other);
	(void)ioctl(c->s->terminal, TIOCSWINSZ, &w);
}

static void resize(struct enc_control *c, const struct enc_link_msg *m)
{
	if (c->s->terminal < 0 || !m->rows || !m->cols)
		return;
	c->s->size = (struct winsize){.ws_row = m->rows, .ws_col = m->cols};
	(void)ioctl(c->s->terminal, TIOCSWINSZ, &c->s->size);
}

static void write_typed(struct enc_control *c);

static int on_retry(struct enc_source *src, uint64_t now, void *data)
{
	struct enc_control *c = data;

	c->retry = enc_source_remove(src);
	write_typed(c);
	return 0;
}

/* The program inside may read slowly or not at all: what does not fit waits, a bounded part of it. */
static void write_typed(struct enc_control *c)
{
	ssize_t n = c->typed.len ? write(c->s->terminal, c->typed.s, c->typed.len) : 0;

	if (n > 0) {
		memmove(c->typed.s, c->typed.s + n, c->typed.len - (size_t)n);
		c->typed.len -= (size_t)n;
	}
	if (n < 0 && errno != EAGAIN && errno != EINTR)
		enc_buf_reset(&c->typed); /* nobody has the terminal open any more */
	if (c->typed.len && !c->retry)
		(void)enc_loop_timer(c->s->loop, RETRY_NS, 0, on_retry, c, &c->retry, c->s->e);
}

static void type(struct enc_control *c, const struct enc_link_msg *m)
{
	if (c->s->terminal < 0 || c->typed.len + m->len > MAX_TYPED)
		return;
	enc_buf_add(&c->typed, m->data, m->len);
	write_typed(c);
}

static void attach(struct client *k, const struct enc_link_msg *m)
{
	struct enc_control *c = k->control;
	size_t shown = 0;

	for (size_t i = 0; i < c->n; i++)
		shown += c->clients[i]->attached;
	if (shown >= MAX_SHOWN) {
		leave(k);
		return;
	}
	k->attached = true;
	k->types = m->value & ENC_LINK_INPUT_TOO;
	if (!k->types)
		return;
	resize(c, m);
	redraw(c);
	(void)enc_box_signal(c->s->box, SIGCONT);
}

static void handle(struct client *k, const struct enc_link_msg *m)
{
	struct enc_control *c = k->control;

	switch (m->kind) {
	case ENC_LINK_ATTACH: attach(k, m); break;
	case ENC_LINK_INPUT:
		if (k->types)
			type(c, m);
		break;
	case ENC_LINK_RESIZE:
		if (k->types)
			resize(c, m);
		break;
	case ENC_LINK_CONTINUE:
		k->stopped = false;
		(void)enc_box_signal(c->s->box, SIGCONT);
		redraw(c);
		break;
	case ENC_LINK_STOP:
		(void)enc_run_cancel(c->s, m->value, m->v[0],
				     m->value == SIGTERM ? "by enclosure stop" : strsignal(m->value));
		break;
	case ENC_LINK_ASK: send_status(k); break;
	default: break; /* of a newer client: it finds that nothing happens */
	}
}

static int on_client(struct enc_source *src, int fd, uint32_t events, void *data)
{
	struct client *k = data;
	struct enc_control *c = k->control;
	struct enc_link_msg m;
	int r;

	if (events & EPOLLOUT) {
		r = flush(k);
		if (r >= 0 && !waiting(k) && k->lagging) {
			k->lagging = false;
			redraw(c);
		}
		update_pause(c);
		if (r < 0) {
			leave(k);
			return 0;
		}
	}
	if (!(events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
		return 0;
	r = enc_link_recv(fd, &m, MSG_DONTWAIT);
	if (r == -EAGAIN)
		return 0;
	if (r <= 0) {
		leave(k);
		update_pause(c);
		return 0;
	}
	handle(k, &m);
	return 0;
}

/* ---- coming and going ---- */

static struct client *admit(struct enc_control *c, int fd)
{
	struct client *k = enc_alloc(sizeof(*k));
	struct enc_err ignored = {0};

	k->control = c;
	k->fd = fd;
	k->came = c->came++;
	k->moved_ns = enc_now_boot();
	if (enc_loop_fd(c->s->loop, fd, EPOLLIN, on_client, k, &k->source, &ignored) < 0) {
		close(fd);
		free(k);
		return NULL;
	}
	c->clients[c->n++] = k;
	return k;
}

/* Who could reach the socket is the owner of the state directory, or root; a second look costs nothing. */
static bool may_ask(int fd)
{
	struct ucred who;
	socklen_t n = sizeof(who);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &n) == 0 && (who.uid == geteuid() || who.uid == 0);
}

/* A crowd that waits must not keep a stop from being heard: who has waited longest makes room, after what it said was
 * heard, and comes again if it still wants to. Who is attached stays. */
static void make_room(struct enc_control *c)
{
	struct client *oldest = NULL;
	struct enc_link_msg m;

	for (size_t i = 0; i < c->n; i++) {
		struct client *k = c->clients[i];

		if (!k->attached && (!oldest || k->came < oldest->came))
			oldest = k;
	}
	if (!oldest)
		return;
	if (enc_link_recv(oldest->fd, &m, MSG_DONTWAIT) == 1 && m.kind == ENC_LINK_STOP)
		handle(oldest, &m);
	leave(oldest);
}

static bool out_of_something(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOMEM || error == ENOBUFS;
}

static int on_connection(struct enc_source *src, int fd, uint32_t events, void *data)
{
	struct enc_control *c = data;
	int client;

	if (c->n >= MAX_CLIENTS - 1)
		make_room(c);
	client = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
	if (client < 0 && out_of_something(errno)) {
		make_room(c);
		client = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
	}
	if (client < 0) {
		/* The connection stays and would wake us for ever: it is looked at again in a second. */
		if (out_of_something(errno))
			(void)enc_source_events(src, 0);
		return 0;
	}
	if (c->n == MAX_CLIENTS || !may_ask(client))
		close(client);
	else
		(void)admit(c, client);
	return 0;
}

void enc_control_tick(struct enc_control *c)
{
	uint64_t now = enc_now_boot();

	for (size_t i = 0; c && i < c->n; i++) {
		struct client *k = c->clients[i];

		if (waiting(k) <= QUEUE_HIGH || now - k->moved_ns < PATIENCE_NS)
			continue;
		/* What is in the socket already is still its; of the queue only whole messages may go. */
		enc_buf_reset(&k->queue);
		k->at = 0;
		k->lagging = true;
	}
	if (!c)
		return;
	update_pause(c);
	(void)enc_source_events(c->source, EPOLLIN);
}

static int listen_at(int dir)
{
	enc_auto_fd int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	mode_t old = umask(0177);
	struct sockaddr_un a;
	int r = 0;

	enc_link_address(dir, &a);
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(fd, MAX_CLIENTS) < 0)
		r = -errno;
	(void)umask(old);
	return r < 0 ? r : ENC_TAKE_FD(fd);
}

int enc_control_open(struct enc_supervisor *s, struct enc_control **ret, struct enc_err *e)
{
	struct enc_control *c = enc_alloc(sizeof(*c));
	struct client *k;

	c->s = s;
	*ret = c;
	c->fd = listen_at(s->dir);
	if (c->fd < 0)
		return ENC_FAIL_ID(e, "E0801", -c->fd, "listen in the run's folder: %s", strerror(-c->fd));
	if (enc_loop_fd(s->loop, c->fd, EPOLLIN, on_connection, c, &c->source, e) < 0)
		return enc_err_id(e, "E0501", NULL);
	if (s->q->link < 0)
		return 0;
	k = admit(c, s->q->link);
	if (!k)
		return ENC_FAIL_ID(e, "E0501", EBADF, "the first client's link is of no use");
	k->first = k->attached = true;
	k->types = s->q->tty;
	return 0;
}

/* Looks without taking: the loop will. */
bool enc_control_stop_waits(struct enc_control *c)
{
	struct enc_link_msg m;

	while (c->n < MAX_CLIENTS) {
		int fd = accept4(c->fd, NULL, NULL, SOCK_CLOEXEC);

		if (fd < 0)
			break;
		if (may_ask(fd))
			(void)admit(c, fd);
		else
			close(fd);
	}
	for (size_t i = 0; i < c->n; i++)
		if (enc_link_recv(c->clients[i]->fd, &m, MSG_DONTWAIT | MSG_PEEK) == 1 && m.kind == ENC_LINK_STOP)
			return true;
	return false;
}

void enc_control_started(struct enc_control *c)
{
	struct enc_link_msg m = {.kind = ENC_LINK_STARTED, .len = 26};

	memcpy(m.data, c->s->result->id, m.len);
	tell_all(c, &m, false);
}

void enc_control_stopped(struct enc_control *c)
{
	struct enc_link_msg m = {.kind = ENC_LINK_STOPPED};

	/* Once until it answers: a command that stops itself a thousand times must not stop its window as often. */
	for (size_t i = c->n; i-- > 0;) {
		struct client *k = c->clients[i];

		if (!k->attached || k->stopped)
			continue;
		k->stopped = true;
		tell(k, &m);
	}
}

static void deliver(struct client *k, uint64_t end)
{
	while (waiting(k) && !k->lagging && enc_now_boot() < end) {
		struct pollfd p = {.fd = k->fd, .events = POLLOUT};

		if (flush(k) < 0)
			break;
		if (waiting(k))
			(void)poll(&p, 1, 50);
	}
}

/* The first client shares our terminal: it is put in order before we write to it. */
static void await_leave(struct client *k)
{
	const struct enc_run_request *q = k->control->s->q;
	uint64_t end = enc_now_boot() + LEAVE_MS * 1000000ull;
	struct pollfd p = {.fd = k->fd, .events = POLLIN};
	struct enc_link_msg m;

	while (enc_now_boot() < end && poll(&p, 1, LEAVE_MS) == 1)
		if (enc_link_recv(k->fd, &m, MSG_DONTWAIT) <= 0)
			break;
	if (q->detached && k->control->s->went && q->link_lost) /* what is said from now on is for nobody */
		q->link_lost(q->data);
}

void enc_control_ended(struct enc_control *c, int status)
{
	struct enc_link_msg m = {.kind = ENC_LINK_ENDED, .value = status};
	uint64_t end = enc_now_boot() + PATIENCE_NS;

	if (!c)
		return;
	c->ending = true;
	for (size_t i = c->n; i-- > 0;) {
		struct client *k = c->clients[i];

		deliver(k, end);
		(void)enc_link_send(k->fd, &m, MSG_DONTWAIT);
		if (k->first)
			await_leave(k);
	}
}

struct enc_control *enc_control_close(struct enc_control *c)
{
	if (!c)
		return NULL;
	c->ending = true;
	while (c->n)
		leave(c->clients[c->n - 1]);
	enc_source_remove(c->retry);
	enc_source_remove(c->source);
	if (c->fd >= 0)
		close(c->fd);
	(void)unlinkat(c->s->dir, "control", 0);
	enc_buf_done(&c->typed);
	free(c);
	return NULL;
}
