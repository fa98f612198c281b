/* SPDX-License-Identifier: MIT */
/*
 * text.c - numbers with units, clocks, ids, printing of hostile text
 */
#include "base/text.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "base/utf8.h"

/* Digits at the front; returns how many, 0 when none, -ERANGE. */
static int digits(const char *s, uint64_t *ret)
{
	uint64_t v = 0;
	int n = 0;

	for (; s[n] >= '0' && s[n] <= '9'; n++)
		if (__builtin_mul_overflow(v, 10u, &v) || __builtin_add_overflow(v, (uint64_t)(s[n] - '0'), &v))
			return -ERANGE;
	*ret = v;
	return n;
}

struct unit {
	const char *name;
	uint64_t factor;
};

static int with_unit(const char *s, const struct unit *units, size_t n, uint64_t *ret)
{
	uint64_t v;
	int used = digits(s, &v);

	if (used <= 0)
		return used < 0 ? used : -EINVAL;
	for (size_t i = 0; i < n; i++)
		if (strcmp(s + used, units[i].name) == 0)
			return __builtin_mul_overflow(v, units[i].factor, ret) ? -ERANGE : 0;
	return -EINVAL;
}

int enc_parse_u64(const char *s, uint64_t *ret)
{
	static const struct unit units[] = {{"", 1}};

	return with_unit(s, units, ENC_LEN(units), ret);
}

int enc_parse_size(const char *s, uint64_t *ret_bytes)
{
	static const struct unit units[] = {
		{"", 1}, {"K", 1ull << 10}, {"M", 1ull << 20}, {"G", 1ull << 30}, {"T", 1ull << 40}};

	return with_unit(s, units, ENC_LEN(units), ret_bytes);
}

int enc_parse_time(const char *s, uint64_t *ret_ns)
{
	static const struct unit units[] = {{"ms", 1000000ull},
					    {"s", 1000000000ull},
					    {"m", 60000000000ull},
					    {"h", 3600000000000ull},
					    {"d", 86400000000000ull}};

	return with_unit(s, units, ENC_LEN(units), ret_ns);
}

int enc_parse_percent(const char *s, uint64_t *ret_percent)
{
	static const struct unit units[] = {{"%", 1}};

	return with_unit(s, units, ENC_LEN(units), ret_percent);
}

int enc_parse_rate(const char *s, uint64_t *ret_n, uint64_t *ret_ns)
{
	int used = digits(s, ret_n);
	int r;

	if (used <= 0)
		return used < 0 ? used : -EINVAL;
	if (s[used] != '/' || *ret_n == 0)
		return -EINVAL;
	r = enc_parse_time(s + used + 1, ret_ns);
	return r == 0 && *ret_ns == 0 ? -EINVAL : r;
}

void enc_format_size(char *out, size_t n, uint64_t bytes)
{
	static const char units[] = "KMGT";
	uint64_t v = bytes;
	int u = -1;

	while (v >= 1024 && u < 3) {
		u++;
		v >>= 10;
	}
	if (u < 0) {
		snprintf(out, n, "%" PRIu64, bytes);
		return;
	}
	uint64_t tenths = (bytes >> (10 * u)) * 10 / 1024;
	if (tenths % 10 == 0 || tenths >= 1000)
		snprintf(out, n, "%" PRIu64 "%c", tenths / 10, units[u]);
	else
		snprintf(out, n, "%" PRIu64 ".%" PRIu64 "%c", tenths / 10, tenths % 10, units[u]);
}

void enc_format_time(char *out, size_t n, uint64_t ns)
{
	uint64_t ms = ns / 1000000, s = ms / 1000;

	if (ms < 1000)
		snprintf(out, n, "%" PRIu64 "ms", ms);
	else if (s < 60)
		snprintf(out, n, "%" PRIu64 ".%" PRIu64 "s", s, ms % 1000 / 100);
	else if (s < 3600)
		snprintf(out, n, "%" PRIu64 "m%02" PRIu64 "s", s / 60, s % 60);
	else
		snprintf(out, n, "%" PRIu64 "h%02" PRIu64 "m", s / 3600, s / 60 % 60);
}

static uint64_t now(clockid_t clock)
{
	struct timespec t;

	(void)clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

uint64_t enc_now_real(void)
{
	return now(CLOCK_REALTIME);
}

uint64_t enc_now_boot(void)
{
	return now(CLOCK_BOOTTIME);
}

uint64_t enc_now_mono(void)
{
	return now(CLOCK_MONOTONIC);
}

void enc_format_rfc3339(char *out, size_t n, uint64_t real_ns)
{
	time_t s = (time_t)(real_ns / 1000000000u);
	struct tm tm;
	char date[24];

	gmtime_r(&s, &tm);
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(out, n, "%s.%09uZ", date, (unsigned)(real_ns % 1000000000u));
}

/* Crockford's base 32: 48 bits of milliseconds, 80 bits of chance. */
static const char crockford[] = "0123456789abcdefghjkmnpqrstvwxyz";

void enc_ulid(char out[27])
{
	uint64_t ms = enc_now_real() / 1000000u;
	uint8_t chance[10];
	unsigned bits = 0, have = 0;
	int at = 10;

	for (int i = 9; i >= 0; i--, ms >>= 5)
		out[i] = crockford[ms & 31];
	for (size_t got = 0; got < sizeof(chance);) {
		ssize_t r = getrandom(chance + got, sizeof(chance) - got, 0);

		got += r > 0 ? (size_t)r : 0;
	}
	for (size_t i = 0; i < sizeof(chance); i++) {
		bits = bits << 8 | chance[i];
		for (have += 8; have >= 5; have -= 5)
			out[at++] = crockford[bits >> (have - 5) & 31];
		bits &= 0xff;
	}
	out[26] = '\0';
}

bool enc_ulid_ok(const char *s)
{
	size_t n = 0;

	for (; s[n]; n++)
		if (n >= 26 || !strchr(crockford, s[n]))
			return false;
	return n == 26 && s[0] <= '7';
}

/* Characters that are not seen and change in which order the others are (Unicode's bidirectional controls). */
static bool is_bidi_control(const unsigned char *c, size_t len)
{
	if (len == 2)
		return c[0] == 0xd8 && c[1] == 0x9c; /* U+061C */
	if (len != 3 || c[0] != 0xe2)
		return false;
	if (c[1] == 0x80)
		return c[2] == 0x8e || c[2] == 0x8f || (c[2] >= 0xaa && c[2] <= 0xae); /* U+200E, F, U+202A to E */
	return c[1] == 0x81 && c[2] >= 0xa6 && c[2] <= 0xa9;			       /* U+2066 to 9 */
}

void enc_buf_add_escaped(struct enc_buf *b, const char *s, size_t n)
{
	for (size_t i = 0; i < n;) {
		unsigned char c = (unsigned char)s[i];
		size_t len = enc_utf8_len(s + i, n - i);
		bool c1 = len == 2 && c == 0xc2 && (unsigned char)s[i + 1] < 0xa0;

		if (is_bidi_control((const unsigned char *)s + i, len)) {
			enc_buf_printf(b, "\\x%02x", c);
			for (size_t k = 1; k < len; k++)
				enc_buf_printf(b, "\\x%02x", (unsigned char)s[i + k]);
			i += len;
		} else if (len == 0 || c < 0x20 || c == 0x7f || c1) {
			enc_buf_printf(b, "\\x%02x", c);
			i++;
		} else {
			enc_buf_add(b, s + i, len);
			i += len;
		}
	}
}
