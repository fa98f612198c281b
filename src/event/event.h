/* SPDX-License-Identifier: MIT */
/*
 * event.h - one fact about a run; one table says which types there are and which fields each has
 *
 * A producer fills a struct enc_event with enc_ev_*(), a sink gets it from the bus; neither knows the other.
 * The JSON encoder, docs/events.md and the schema file are made from the table (event_table.h).
 */
#ifndef ENC_EVENT_EVENT_H
#define ENC_EVENT_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/json.h"

/* event_table.h defines ENC_EVENT_TYPES(X): X(RUN_STARTED, "run.started", "docs", OCSF class uid, "otel name")
 * and ENC_EVENT_FIELDS(X): X(ARGV, "argv", LIST, "docs", "otel attribute"), with the types that carry a field. */
#include "event/event_table.h"

#define ENC_EV_ENUM(id, ...) ENC_EV_##id,
enum enc_event_type { ENC_EVENT_TYPES(ENC_EV_ENUM) ENC_EV__COUNT };
#undef ENC_EV_ENUM
#define ENC_F_ENUM(id, ...) ENC_F_##id,
enum enc_field { ENC_EVENT_FIELDS(ENC_F_ENUM) ENC_F__COUNT };
#undef ENC_F_ENUM
const char *enc_event_name(enum enc_event_type t);
const char *enc_field_name(enum enc_field f);

#define ENC_EVENT_MAX	     65535 /* bytes of a line, CONTRACTS */
#define ENC_EVENT_FIELDS_MAX 40

struct enc_value {
	enum enc_field field;
	enum { ENC_V_STR, ENC_V_INT, ENC_V_UINT, ENC_V_BOOL, ENC_V_LIST, ENC_V_JSON } kind;
	union {
		const char *s; /* STR, and JSON (a trusted object's text) */
		int64_t i;
		uint64_t u;
		bool b;
		const char *const *list; /* LIST of strings, n of them */
	};
	size_t n;
};

/* Strings are borrowed until the event has been published. */
struct enc_event {
	enum enc_event_type type;
	const char *by;		   /* "supervisor", "seccomp", ... */
	const char *run;	   /* run id */
	uint64_t real_ns, mono_ns; /* 0: enc_bus_publish() fills in */
	uint64_t seq;		   /* of the log; filled in by the record */
	struct enc_value v[ENC_EVENT_FIELDS_MAX];
	size_t n;
};

void enc_event_init(struct enc_event *ev, enum enc_event_type t, const char *run, const char *by);
/* Adding a field that the type does not have, or twice, is a bug (assert). NULL strings are left out. */
void enc_ev_str(struct enc_event *ev, enum enc_field f, const char *s);
void enc_ev_int(struct enc_event *ev, enum enc_field f, int64_t i);
void enc_ev_uint(struct enc_event *ev, enum enc_field f, uint64_t u);
void enc_ev_bool(struct enc_event *ev, enum enc_field f, bool b);
void enc_ev_list(struct enc_event *ev, enum enc_field f, const char *const *list, size_t n);
void enc_ev_json(struct enc_event *ev, enum enc_field f, const char *json);

/* One line of JSON without the newline, at most ENC_EVENT_MAX bytes: longest strings are cut, and `truncated`
 * names the fields, when it would be longer. `boot` is the boot id. */
void enc_event_encode(const struct enc_event *ev, const char *boot, struct enc_buf *out);
/* docs/events.md, and the JSON schema, from the table. */
void enc_event_docs(struct enc_buf *out);
void enc_event_schema(struct enc_buf *out);

/* The bus: sinks in order of registration. The first error of a sink is returned after all have been called. */
struct enc_bus;
typedef int (*enc_sink_fn)(const struct enc_event *ev, void *data, struct enc_err *e);
struct enc_bus *enc_bus_new(void);
struct enc_bus *enc_bus_free(struct enc_bus *b);
ENC_AUTO_DEFINE(struct enc_bus, enc_bus_free)
void enc_bus_sink(struct enc_bus *b, enc_sink_fn fn, void *data);
int enc_bus_publish(struct enc_bus *b, struct enc_event *ev, struct enc_err *e);

#endif
