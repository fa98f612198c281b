/* SPDX-License-Identifier: MIT */
/*
 * json.h - a streaming JSON writer
 *
 * Writes into an enc_buf, compact or indented; commas and nesting are its own work. In an object every value
 * takes a key, in an array and at the top the key is NULL. Strings are taken as UTF-8; a byte that is not
 * valid UTF-8 is written as \u00XX (CONTRACTS: paths). Depth is at most 32 (assert).
 */
#ifndef ENC_BASE_JSON_H
#define ENC_BASE_JSON_H

#include "base/mem.h"

struct enc_json {
	struct enc_buf *out;
	int indent; /* 0: one line; else spaces a level */
	int depth;
	bool more[33];
	char closer[33];
};

void enc_json_init(struct enc_json *j, struct enc_buf *out, int indent);
void enc_json_object(struct enc_json *j, const char *key);
void enc_json_array(struct enc_json *j, const char *key);
void enc_json_end(struct enc_json *j);					   /* closes the innermost object or array */
void enc_json_str(struct enc_json *j, const char *key, const char *value); /* NULL writes null */
void enc_json_strn(struct enc_json *j, const char *key, const char *value, size_t n);
void enc_json_int(struct enc_json *j, const char *key, int64_t value);
void enc_json_uint(struct enc_json *j, const char *key, uint64_t value);
void enc_json_bool(struct enc_json *j, const char *key, bool value);
void enc_json_null(struct enc_json *j, const char *key);
void enc_json_raw(struct enc_json *j, const char *key, const char *json); /* JSON text, trusted */
/* A path: `key`, and when it is not valid UTF-8 also `<key>_raw` in base64. In objects only. */
void enc_json_path(struct enc_json *j, const char *key, const char *path);

#endif
