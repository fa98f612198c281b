/* SPDX-License-Identifier: MIT */
/*
 * net.c - hosts, endpoints and names as a manifest writes them
 *
 * One strict grammar: letters, digits, hyphens and dots, at most 253 bytes, labels of at most 63; no name that is
 * all digits and dots unless it is an address in its one canonical form (010.1 and 0x7f.1 are refused).
 */
#include "policy/net.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"

static bool label_ok(const char *s, size_t n)
{
	if (n == 0 || n > 63 || s[0] == '-' || s[n - 1] == '-')
		return false;
	for (size_t i = 0; i < n; i++)
		if (!isalnum((unsigned char)s[i]) && s[i] != '-' && s[i] != '_')
			return false;
	return true;
}

static bool name_ok(const char *s)
{
	const char *last = s;

	if (strlen(s) > 253)
		return false;
	for (;;) {
		size_t n = strcspn(s, ".");

		if (!label_ok(s, n))
			return false;
		last = s;
		if (!s[n])
			break;
		s += n + 1;
	}
	/* A last label of digits makes resolvers read the name as an address. */
	return !isdigit((unsigned char)*last);
}

/* Address or range in `s` (n bytes) -> canonical text. */
static int parse_address(struct enc_arena *a, const char *s, size_t n, const char **ret)
{
	struct in6_addr six;
	struct in_addr four;
	char addr[64], text[INET6_ADDRSTRLEN];
	uint64_t bits = 0, max;
	const char *slash = memchr(s, '/', n);
	size_t len = slash ? (size_t)(slash - s) : n;
	bool v6 = memchr(s, ':', n) != NULL;

	if (len >= sizeof(addr))
		return -EINVAL;
	memcpy(addr, s, len);
	addr[len] = '\0';
	max = v6 ? 128 : 32;
	if (slash) {
		char width[8] = {0};

		if (n - len - 1 >= sizeof(width))
			return -EINVAL;
		memcpy(width, slash + 1, n - len - 1);
		if (enc_parse_u64(width, &bits) < 0 || bits > max)
			return -EINVAL;
	}
	if (v6 ? inet_pton(AF_INET6, addr, &six) != 1 : inet_pton(AF_INET, addr, &four) != 1)
		return -EINVAL;
	if (!inet_ntop(v6 ? AF_INET6 : AF_INET, v6 ? (void *)&six : (void *)&four, text, sizeof(text)))
		return -EINVAL;
	*ret = slash ? enc_arena_printf(a, "%s/%u", text, (unsigned)bits) : enc_arena_strdup(a, text);
	return 0;
}

int enc_host_parse(struct enc_arena *a, const char *s, const char **ret)
{
	size_t n = strlen(s);
	char *low;

	if (n == 0 || n > 255)
		return -EINVAL;
	if (*s == '[')
		return s[n - 1] == ']' ? parse_address(a, s + 1, n - 2, ret) : -EINVAL;
	if (strchr(s, ':') || strchr(s, '/') || (isdigit((unsigned char)s[n - 1]) && parse_address(a, s, n, ret) == 0))
		return parse_address(a, s, n, ret);
	low = enc_arena_strdup(a, s);
	for (char *p = low; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	if (!name_ok(strncmp(low, "*.", 2) == 0 ? low + 2 : low))
		return -EINVAL;
	*ret = low;
	return 0;
}

int enc_endpoint_parse(struct enc_arena *a, const char *s, bool need_port, const char **ret_host, uint64_t *ret_port)
{
	const char *colon = strrchr(s, ':');
	const char *close = strrchr(s, ']');
	int r;

	*ret_port = 0;
	if (!colon || (close && colon < close))
		return need_port ? -EINVAL : enc_host_parse(a, s, ret_host);
	/* Two colons without brackets: where the address ends can't be told. */
	if (memchr(s, ':', (size_t)(colon - s)) && !close)
		return -EINVAL;
	r = enc_host_parse(a, enc_arena_strndup(a, s, (size_t)(colon - s)), ret_host);
	if (r == 0)
		r = enc_parse_u64(colon + 1, ret_port);
	if (r < 0)
		return r;
	return *ret_port >= 1 && *ret_port <= 65535 ? 0 : -ERANGE;
}

/* True when the address stands in the CIDR range. */
static bool in_range(const char *range, const char *host)
{
	const char *slash = strchr(range, '/');
	unsigned char net[16], addr[16];
	char text[64];
	int family = strchr(range, ':') ? AF_INET6 : AF_INET;
	uint64_t bits;

	if (!slash || (size_t)(slash - range) >= sizeof(text) || enc_parse_u64(slash + 1, &bits) < 0)
		return false;
	memcpy(text, range, (size_t)(slash - range));
	text[slash - range] = '\0';
	if (inet_pton(family, text, net) != 1 || inet_pton(family, host, addr) != 1)
		return false;
	for (uint64_t i = 0; i < bits; i++) {
		unsigned mask = 0x80u >> (i % 8);

		if ((net[i / 8] & mask) != (addr[i / 8] & mask))
			return false;
	}
	return true;
}

bool enc_host_covers(const char *rule, const char *host)
{
	size_t rn, hn = strlen(host);

	if (strcmp(rule, host) == 0)
		return true;
	if (strchr(rule, '/'))
		return !strchr(host, '/') && in_range(rule, host);
	if (strncmp(rule, "*.", 2) != 0)
		return false;
	rule++; /* ".suffix" */
	rn = strlen(rule);
	if (strncmp(host, "*.", 2) == 0)
		host++, hn--;
	return hn >= rn && strcmp(host + hn - rn, rule) == 0 && (hn > rn || host[0] == '.');
}

bool enc_env_name_ok(const char *s)
{
	if (!*s || isdigit((unsigned char)*s) || strlen(s) > 256)
		return false;
	for (; *s; s++)
		if (!isalnum((unsigned char)*s) && *s != '_')
			return false;
	return true;
}

/* A pattern passes what is harmless by name; a secret has to be named in full. */
bool enc_env_looks_secret(const char *name)
{
	static const char *const words[] = {"TOKEN", "SECRET", "KEY", "PASS", "CRED", "AUTH"};

	for (const char *at = name; *at; at++)
		for (size_t i = 0; i < ENC_LEN(words); i++)
			if (strncasecmp(at, words[i], strlen(words[i])) == 0)
				return true;
	return strlen(name) >= 256;
}
