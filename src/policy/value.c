/* SPDX-License-Identifier: MIT */
/*
 * value.c - one scalar of a manifest, by the type that the schema gives it
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "policy/impl.h"
#include "policy/net.h"

/* What a type's parser says: 0 good, -ERANGE out of bounds, -EINVAL not of the type. */
typedef int (*parse_fn)(struct enc_check *c, const char *s, struct enc_value *v);

static bool is_name(const char *s, size_t max)
{
	size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");

	return n > 0 && n <= max && s[n] == '\0';
}

static int parse_count(struct enc_check *c, const char *s, struct enc_value *v)
{
	return enc_parse_u64(s, &v->n);
}

static int parse_size(struct enc_check *c, const char *s, struct enc_value *v)
{
	return enc_parse_size(s, &v->n);
}

static int parse_time(struct enc_check *c, const char *s, struct enc_value *v)
{
	return enc_parse_time(s, &v->n);
}

static int parse_percent(struct enc_check *c, const char *s, struct enc_value *v)
{
	return enc_parse_percent(s, &v->n);
}

static int parse_rate(struct enc_check *c, const char *s, struct enc_value *v)
{
	int r = enc_parse_rate(s, &v->n, &v->n2);

	return r < 0 ? r : v->n && v->n2 ? 0 : -ERANGE;
}

static int parse_quantity_rate(struct enc_check *c, const char *s, struct enc_value *v)
{
	const char *slash = strchr(s, '/');
	enc_auto(enc_free_auto) char *left = NULL;
	int r;

	if (!slash)
		return -EINVAL;
	left = enc_strndup(s, (size_t)(slash - s));
	r = enc_parse_size(left, &v->n);
	if (r == 0)
		r = enc_parse_time(slash + 1, &v->n2);
	return r < 0 ? r : v->n && v->n2 ? 0 : -ERANGE;
}

/* 200k, 2M: powers of 1000, because tokens are counted and not stored. */
static int parse_tokens(struct enc_check *c, const char *s, struct enc_value *v)
{
	size_t n = strlen(s);
	uint64_t unit = 1;
	enc_auto(enc_free_auto) char *digits = enc_strdup(s);
	int r;

	if (n && (s[n - 1] == 'k' || s[n - 1] == 'M')) {
		unit = s[n - 1] == 'k' ? 1000 : 1000000;
		digits[n - 1] = '\0';
	}
	r = enc_parse_u64(digits, &v->n);
	if (r < 0)
		return r;
	return __builtin_mul_overflow(v->n, unit, &v->n) ? -ERANGE : 0;
}

/* 5, 5.00, 0.000001: kept in millionths. */
static int parse_usd(struct enc_check *c, const char *s, struct enc_value *v)
{
	const char *dot = strchr(s, '.');
	size_t whole = dot ? (size_t)(dot - s) : strlen(s), places = dot ? strlen(dot + 1) : 0;
	enc_auto(enc_free_auto) char *left = enc_strndup(s, whole);
	uint64_t n, f = 0;
	int r = enc_parse_u64(left, &n);

	if (r < 0)
		return r;
	if (dot && (places == 0 || places > 6))
		return -EINVAL;
	if (dot && enc_parse_u64(dot + 1, &f) < 0)
		return -EINVAL;
	for (size_t i = places; i < 6; i++)
		f *= 10;
	if (n > UINT64_MAX / 1000000 - 1)
		return -ERANGE;
	v->n = n * 1000000 + f;
	return 0;
}

static int parse_bool(struct enc_check *c, const char *s, struct enc_value *v)
{
	v->n = strcmp(s, "true") == 0;
	return v->n || strcmp(s, "false") == 0 ? 0 : -EINVAL;
}

static int parse_text(struct enc_check *c, const char *s, struct enc_value *v)
{
	return 0;
}

static int parse_name(struct enc_check *c, const char *s, struct enc_value *v)
{
	return is_name(s, 64) ? 0 : -EINVAL;
}

static int parse_some(struct enc_check *c, const char *s, struct enc_value *v)
{
	return *s ? 0 : -EINVAL; /* looked at again by what emits it */
}

static int parse_endpoint(struct enc_check *c, const char *s, struct enc_value *v)
{
	return enc_endpoint_parse(c->l->a, s, true, &v->host, &v->n);
}

static int parse_host(struct enc_check *c, const char *s, struct enc_value *v)
{
	return enc_host_parse(c->l->a, s, &v->host);
}

static int parse_expose(struct enc_check *c, const char *s, struct enc_value *v)
{
	const char *colon = strchr(s, ':');
	enc_auto(enc_free_auto) char *left = enc_strndup(s, colon ? (size_t)(colon - s) : strlen(s));
	int r = enc_parse_u64(left, &v->n);

	if (r == 0)
		r = colon ? enc_parse_u64(colon + 1, &v->n2) : 0;
	if (r < 0)
		return r;
	if (!colon)
		v->n2 = v->n;
	return v->n && v->n <= 65535 && v->n2 && v->n2 <= 65535 ? 0 : -ERANGE;
}

static int parse_method(struct enc_check *c, const char *s, struct enc_value *v)
{
	size_t n = strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ-");

	return n && n <= 32 && !s[n] ? 0 : -EINVAL;
}

static int parse_url_path(struct enc_check *c, const char *s, struct enc_value *v)
{
	return *s == '/' ? 0 : -EINVAL;
}

static int parse_secret_source(struct enc_check *c, const char *s, struct enc_value *v)
{
	if (strncmp(s, "env:", 4) == 0)
		return enc_env_name_ok(s + 4) ? 0 : -EINVAL;
	if (strncmp(s, "file:", 5) == 0)
		return s[5] == '/' || strncmp(s + 5, "~/", 2) == 0 ? 0 : -EINVAL;
	return strncmp(s, "command:", 8) == 0 && s[8] ? 0 : -EINVAL;
}

/* A name with * and ? anywhere. */
static int parse_env_pattern(struct enc_check *c, const char *s, struct enc_value *v)
{
	for (const char *p = s; *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr("_*?", *p))
			return -EINVAL;
	return *s && !isdigit((unsigned char)*s) ? 0 : -EINVAL;
}

static int parse_redact(struct enc_check *c, const char *s, struct enc_value *v)
{
	if (strncmp(s, "env:", 4) == 0)
		return parse_env_pattern(c, s + 4, v);
	return strncmp(s, "header:", 7) == 0 && is_name(s + 7, 64) ? 0 : -EINVAL;
}

static int parse_detector(struct enc_check *c, const char *s, struct enc_value *v)
{
	size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-");

	return n && n <= 64 && !s[n] && islower((unsigned char)*s) ? 0 : -EINVAL;
}

static const parse_fn parsers[] = {
	[V_VERSION] = parse_some,
	[V_TEXT] = parse_text,
	[V_NAME] = parse_name,
	[V_EXTENDS] = parse_some,
	[V_BOOL] = parse_bool,
	[V_PATH] = parse_some,
	[V_COUNT] = parse_count,
	[V_SIZE] = parse_size,
	[V_TIME] = parse_time,
	[V_PERCENT] = parse_percent,
	[V_TOKENS] = parse_tokens,
	[V_USD] = parse_usd,
	[V_RATE] = parse_rate,
	[V_QUANTITY_RATE] = parse_quantity_rate,
	[V_ENDPOINT] = parse_endpoint,
	[V_HOST] = parse_host,
	[V_PORT] = parse_count,
	[V_EXPOSE] = parse_expose,
	[V_METHOD] = parse_method,
	[V_URL_PATH] = parse_url_path,
	[V_SECRET_SOURCE] = parse_secret_source,
	[V_ENV_PATTERN] = parse_env_pattern,
	[V_TRIGGER] = parse_some,
	[V_DETECTOR] = parse_detector,
	[V_REDACT] = parse_redact,
	[V_RULES] = parse_text,
};

const char *const *enc_words_split(struct enc_arena *a, const char *words, size_t *ret_n)
{
	const char **v = enc_arena_alloc(a, 8 * sizeof(*v));
	size_t n = 0;

	for (const char *p = words; n < 8;) {
		size_t len = strcspn(p, "|");

		v[n++] = enc_arena_strndup(a, p, len);
		if (!p[len])
			break;
		p += len + 1;
	}
	*ret_n = n;
	return v;
}

static bool check_word(struct enc_check *c, const struct enc_key *row, const struct enc_node *n)
{
	size_t count;
	const char *const *words = enc_words_split(c->l->a, row->words, &count);
	const char *near;
	struct enc_diag *g;
	struct enc_buf b = {0};

	for (size_t i = 0; i < count; i++)
		if (strcmp(words[i], n->text) == 0)
			return true;
	for (size_t i = 0; i < count; i++)
		enc_buf_printf(&b, "%s%s", i == 0 ? "" : i + 1 == count ? " or " : ", ", words[i]);
	near = enc_nearest(n->text, words, count);
	g = enc_load_diag(c->l, "E0206", &n->at, "%s can't be '%s'", row->path, n->text);
	if (near)
		enc_diag_hint(c->l->d, g, "did you mean '%s'?", near);
	else
		enc_diag_hint(c->l->d, g, "it is %s", b.s);
	enc_buf_done(&b);
	return false;
}

/* A bound as the manifest would write it. */
static void bound_text(const struct enc_key *row, uint64_t n, char *out, size_t size)
{
	static const struct {
		uint64_t ns;
		const char *unit;
	} units[] = {
		{86400000000000, "d"}, {3600000000000, "h"}, {60000000000, "m"}, {1000000000, "s"}, {1000000, "ms"}};
	const char *unit = row->type == V_PERCENT ? "%" : "";

	if (row->type == V_SIZE) {
		enc_format_size(out, size, n);
		return;
	}
	for (size_t i = 0; row->type == V_TIME && !*unit && i < ENC_LEN(units); i++) {
		if (n % units[i].ns)
			continue;
		n /= units[i].ns;
		unit = units[i].unit;
	}
	snprintf(out, size, "%llu%s", (unsigned long long)n, unit);
}

static bool out_of_range(struct enc_check *c, const struct enc_key *row, const struct enc_node *n)
{
	struct enc_diag *g = enc_load_diag(c->l, "E0205", &n->at, "%s: %s is out of range", row->path, n->text);
	char lo[32], hi[32];

	if (row->max) {
		bound_text(row, row->min, lo, sizeof(lo));
		bound_text(row, row->max, hi, sizeof(hi));
		enc_diag_hint(c->l->d, g, "from %s to %s", lo, hi);
	}
	return false;
}

bool enc_value_parse(struct enc_check *c, const struct enc_key *row, const struct enc_node *n, struct enc_value *ret)
{
	struct enc_diag *g;
	int r;

	*ret = (struct enc_value){.text = n->text};
	if (n->kind != ENC_NODE_SCALAR) {
		enc_load_diag(c->l, "E0203", &n->at, "%s wants %s, not %s", row->path, enc_type_name(row),
			      n->kind == ENC_NODE_LIST ? "a list" : "a map");
		return false;
	}
	if (row->type == V_WORD)
		return check_word(c, row, n);
	if (row->type == V_VERSION) {
		if (strcmp(n->text, "1") == 0)
			return true;
		g = enc_load_diag(c->l, "E0201", &n->at, "this version reads 'enclosure: 1', not '%s'", n->text);
		enc_diag_hint(c->l->d, g, "write: enclosure: 1");
		return false;
	}
	if (n->plain && n->len == 0) {
		enc_load_diag(c->l, "E0203", &n->at, "%s wants %s, not nothing", row->path, enc_type_name(row));
		return false;
	}
	r = parsers[row->type](c, n->text, ret);
	if (r == 0 && row->max && (ret->n < row->min || ret->n > row->max))
		r = -ERANGE;
	if (r == -ERANGE)
		return out_of_range(c, row, n);
	if (r < 0)
		enc_load_diag(c->l, "E0204", &n->at, "%s: '%s' is not %s", row->path, n->text, enc_type_name(row));
	return r == 0;
}
