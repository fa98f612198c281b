/* SPDX-License-Identifier: MIT */
/*
 * utf8.c - validity of UTF-8, by the ranges of RFC 3629 section 4
 */
#include "base/utf8.h"

static bool tail(unsigned char c)
{
	return (c & 0xc0) == 0x80;
}

size_t enc_utf8_len(const char *s, size_t n)
{
	const unsigned char *u = (const unsigned char *)s;

	if (n >= 1 && u[0] < 0x80)
		return 1;
	if (n >= 2 && u[0] >= 0xc2 && u[0] <= 0xdf && tail(u[1]))
		return 2;
	if (n >= 3 && u[0] >= 0xe0 && u[0] <= 0xef && tail(u[1]) && tail(u[2]))
		return (u[0] == 0xe0 && u[1] < 0xa0) || (u[0] == 0xed && u[1] > 0x9f) ? 0 : 3;
	if (n >= 4 && u[0] >= 0xf0 && u[0] <= 0xf4 && tail(u[1]) && tail(u[2]) && tail(u[3]))
		return (u[0] == 0xf0 && u[1] < 0x90) || (u[0] == 0xf4 && u[1] > 0x8f) ? 0 : 4;
	return 0;
}

bool enc_utf8_ok(const char *s, size_t n)
{
	for (size_t i = 0; i < n;) {
		size_t len = enc_utf8_len(s + i, n - i);

		if (!len)
			return false;
		i += len;
	}
	return true;
}
