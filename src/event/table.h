/* SPDX-License-Identifier: MIT */
/*
 * table.h - the rows of event_table.h as arrays, for the files of this folder
 */
#ifndef ENC_EVENT_TABLE_H
#define ENC_EVENT_TABLE_H

#include "event/event.h"

struct enc_type_row {
	const char *name, *docs;
	uint32_t groups;
	bool emitted;
	int ocsf;
};

struct enc_field_row {
	const char *name, *otel, *docs;
	uint32_t groups;
};

extern const struct enc_type_row enc_event_types[ENC_EV__COUNT];
extern const struct enc_field_row enc_event_fields[ENC_F__COUNT];

#endif
