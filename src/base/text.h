/* SPDX-License-Identifier: MIT */
/*
 * text.h - numbers with units, times, globs, digests, ids, safe printing
 */
#ifndef ENC_BASE_TEXT_H
#define ENC_BASE_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/mem.h"

/* Units of the manifest (CONTRACTS). 0, or -EINVAL (no number or wrong unit), or -ERANGE. Whole text only. */
int enc_parse_u64(const char *s, uint64_t *ret);
int enc_parse_size(const char *s, uint64_t *ret_bytes);		      /* 512 512K 2G 1T, powers of 1024 */
int enc_parse_time(const char *s, uint64_t *ret_ns);		      /* 500ms 30s 10m 2h 7d; a unit is required */
int enc_parse_percent(const char *s, uint64_t *ret_percent);	      /* 200% */
int enc_parse_rate(const char *s, uint64_t *ret_n, uint64_t *ret_ns); /* 3/1m, 20/10s */
void enc_format_size(char *out, size_t n, uint64_t bytes);	      /* 1.5G, 512K, 17 */
void enc_format_time(char *out, size_t n, uint64_t ns);		      /* 1.2s, 340ms, 2m05s */

/* Clocks, in nanoseconds. */
uint64_t enc_now_real(void);
uint64_t enc_now_boot(void);
uint64_t enc_now_mono(void); /* stands still while the machine sleeps */
/* RFC 3339 in UTC with nine digits: 2026-11-21T04:44:04.123456789Z; out has at least 31 bytes. */
void enc_format_rfc3339(char *out, size_t n, uint64_t real_ns);

/* A ULID in lower case, 26 characters and the terminator; random part from getrandom(2). */
void enc_ulid(char out[27]);
bool enc_ulid_ok(const char *s);

/* SHA-256 (FIPS 180-4). */
struct enc_sha256 {
	uint32_t h[8];
	uint64_t len;
	uint8_t block[64];
};
void enc_sha256_init(struct enc_sha256 *c);
void enc_sha256_add(struct enc_sha256 *c, const void *data, size_t n);
void enc_sha256_end(struct enc_sha256 *c, uint8_t out[32]);
void enc_sha256_hex(const void *data, size_t n, char out[65]);

/* Globs of the manifest: `*` within a component, `**` across components, `?`, `[...]`. Linear in pattern x text. */
bool enc_glob_match(const char *pattern, const char *path);
bool enc_glob_has_magic(const char *s);

/* Lexical cleaning of an absolute path: no `.`, `..`, `//`, no trailing slash. Arena string; NULL if not absolute. */
char *enc_path_clean(struct enc_arena *a, const char *path);
/* True when `path` is `dir` or below it, both clean and absolute. */
bool enc_path_in(const char *path, const char *dir);

/* Add s for a terminal: control bytes and invalid UTF-8 as \xNN, nothing else changed. */
void enc_buf_add_escaped(struct enc_buf *b, const char *s, size_t n);

/* Whole files. Read returns 0, or -errno with e set; more than `max` bytes is -EFBIG. The text is terminated. */
struct enc_err;
int enc_read_file(int dirfd, const char *path, size_t max, char **ret, size_t *ret_n, struct enc_err *e);
/* Written beside and renamed into place, fsync'ed when `sync`. mode as for open(2). */
int enc_write_file(int dirfd, const char *path, const void *data, size_t n, unsigned mode, bool sync,
		   struct enc_err *e);
/* Write all of it, again after EINTR and short writes; 0 or -errno. */
int enc_write_all(int fd, const void *data, size_t n);

#endif
