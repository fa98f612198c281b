/* SPDX-License-Identifier: MIT */
/*
 * utf8.h - UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing above U+10FFFF
 */
#ifndef ENC_BASE_UTF8_H
#define ENC_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes of the character that s begins with (n of them are there), or 0 when it is not valid. */
size_t enc_utf8_len(const char *s, size_t n);
bool enc_utf8_ok(const char *s, size_t n);

#endif
