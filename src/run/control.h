/* SPDX-License-Identifier: MIT */
/*
 * control.h - the supervisor's end of its links: who is attached, who waits, who asks to stop
 */
#ifndef ENC_RUN_CONTROL_H
#define ENC_RUN_CONTROL_H

#include "base/loop.h"
#include "run/stream.h"

struct enc_supervisor;
struct enc_control;

/* Listens in the run's folder; s->q->link is a client from now on. Nothing is read before the loop runs. */
int enc_control_open(struct enc_supervisor *s, struct enc_control **ret, struct enc_err *e);
/* Somebody asked for the end before the command was started. */
bool enc_control_stop_waits(struct enc_control *c);
/* A stream's tap: what the command printed goes to whoever is attached. */
void enc_control_output(struct enc_stream *stream, const char *data, size_t n);
void enc_control_started(struct enc_control *c);
void enc_control_stopped(struct enc_control *c);
/* What is queued is delivered (or given up, soon); then the result is announced, and the first client has restored its
 * terminal when this returns. */
void enc_control_ended(struct enc_control *c, int status);
struct enc_control *enc_control_close(struct enc_control *c);

#endif
