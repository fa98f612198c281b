/* SPDX-License-Identifier: MIT */
/*
 * out.c - the manifest as text
 *
 * Scalars that are not plain words are quoted, and in comments every byte but printable ASCII is replaced: a line break
 * of any kind (YAML has five) must not end a comment.
 */
#include <string.h>

#include "base/utf8.h"
#include "import/impl.h"

#define PLAIN "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./$-"

static void put_ascii(struct enc_buf *b, const char *s)
{
	for (; *s; s++)
		enc_buf_putc(b, *s >= 0x20 && *s < 0x7f ? *s : '?');
}

static bool is_plain(const char *s)
{
	const char *from = strncmp(s, "~/", 2) == 0 ? s + 1 : s;

	return *from && *from != '-' && strspn(from, PLAIN) == strlen(from) && strncmp(s, "---", 3) != 0;
}

/* NEL, LS, PS and the byte order mark are breaks or nothing to YAML. */
static bool odd(const char *s, size_t len)
{
	return (len == 2 && memcmp(s, "\xc2", 1) == 0 && (unsigned char)s[1] < 0xa0) ||
	       (len == 3 && (memcmp(s, "\xe2\x80\xa8", 3) == 0 || memcmp(s, "\xe2\x80\xa9", 3) == 0 ||
			     memcmp(s, "\xef\xbb\xbf", 3) == 0 || memcmp(s, "\xef\xbf\xbe", 3) == 0 ||
			     memcmp(s, "\xef\xbf\xbf", 3) == 0));
}

static void put_character(struct enc_buf *b, const char *s, size_t len)
{
	if (len == 1 && (*s == '"' || *s == '\\'))
		enc_buf_printf(b, "\\%c", *s);
	else if (len == 1 && ((unsigned char)*s < 0x20 || *s == 0x7f))
		enc_buf_printf(b, "\\x%02x", (unsigned char)*s);
	else if (odd(s, len) && len == 2)
		enc_buf_printf(b, "\\x%02x", (unsigned char)s[1]);
	else if (odd(s, len))
		enc_buf_printf(b, "\\u%04x",
			       ((unsigned)s[0] & 0xf) << 12 | ((unsigned)s[1] & 0x3f) << 6 | ((unsigned)s[2] & 0x3f));
	else
		enc_buf_add(b, s, len);
}

static void put_scalar(struct enc_buf *b, const char *s)
{
	const char *end = s + strlen(s);

	if (is_plain(s)) {
		enc_buf_puts(b, s);
		return;
	}
	enc_buf_putc(b, '"');
	while (s < end) {
		size_t len = enc_utf8_len(s, (size_t)(end - s));

		if (!len) { /* the readers refuse it earlier */
			enc_buf_putc(b, '?');
			s++;
			continue;
		}
		put_character(b, s, len);
		s += len;
	}
	enc_buf_putc(b, '"');
}

static void put_comment(struct enc_buf *b, const char *s)
{
	if (!s)
		return;
	enc_buf_puts(b, "  # ");
	put_ascii(b, s);
}

/* An entry that was taken back is empty. */
static bool any_left(const struct imp_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		if (*l->v[i].value)
			return true;
	return false;
}

static void put_list(struct enc_buf *b, const char *key, const struct imp_list *l)
{
	if (!any_left(l))
		return;
	enc_buf_printf(b, "  %s:\n", key);
	for (size_t i = 0; i < l->n; i++) {
		const struct imp_item *it = &l->v[i];

		if (!*it->value)
			continue;
		enc_buf_puts(b, it->optional ? "    - {path: " : "    - ");
		put_scalar(b, it->value);
		enc_buf_puts(b, it->optional ? ", optional: true}" : "");
		put_comment(b, it->comment);
		enc_buf_putc(b, '\n');
	}
}

static void put_network(struct importer *m, struct enc_buf *b)
{
	static const char *const modes[] = {"none", "proxy", "open"};
	bool any = false;

	enc_buf_printf(b, "network:\n  mode: %s", modes[m->net]);
	put_comment(b, m->net_comment);
	enc_buf_putc(b, '\n');
	for (size_t i = 0; i < m->n_hosts; i++) {
		const struct imp_host *h = &m->hosts[i];

		if (h->dead || m->net != IMP_NET_PROXY)
			continue;
		enc_buf_puts(b, any ? "" : "  allow:\n");
		any = true;
		enc_buf_printf(b, strchr(h->host, ':') ? "    - \"[%s]:%u\"" : "    - \"%s:%u\"", h->host,
			       (unsigned)h->port);
		put_comment(b, h->comment);
		enc_buf_putc(b, '\n');
	}
}

static void put_env(struct importer *m, struct enc_buf *b)
{
	if (!any_left(&m->env_pass) && !any_left(&m->env_set))
		return;
	enc_buf_puts(b, "env:\n");
	put_list(b, "pass", &m->env_pass);
	if (any_left(&m->env_set))
		enc_buf_puts(b, "  set:\n");
	for (size_t i = 0; i < m->env_set.n; i++) {
		if (!*m->env_set.v[i].value)
			continue;
		enc_buf_printf(b, "    %s: ", m->env_set.v[i].value);
		put_scalar(b, m->env_values[i]);
		put_comment(b, m->env_set.v[i].comment);
		enc_buf_putc(b, '\n');
	}
}

static void put_head(struct importer *m, struct enc_buf *b)
{
	const struct enc_diags *d = &m->r->findings;

	enc_buf_printf(b, "# Made by `enclosure import %s` of ", m->program);
	put_ascii(b, m->q->file);
	enc_buf_puts(b, ". Read it before you rely on it.\n");
	for (size_t i = 0; i < d->n; i++) {
		const struct enc_diag *g = &d->v[i];

		if (strcmp(g->level, "note") == 0)
			continue;
		enc_buf_printf(b, "# %s: ", g->level);
		put_ascii(b, g->message);
		if (g->line)
			enc_buf_printf(b, " (line %d)", g->line);
		enc_buf_putc(b, '\n');
	}
}

void imp_write(struct importer *m)
{
	struct enc_buf *b = &m->r->manifest;

	put_head(m, b);
	enc_buf_puts(b, "enclosure: 1\n");
	if (m->read.n || m->write.n || m->deny.n || m->protect.n)
		enc_buf_puts(b, "filesystem:\n");
	put_list(b, "read", &m->read);
	put_list(b, "write", &m->write);
	put_list(b, "deny", &m->deny);
	put_list(b, "protect", &m->protect);
	put_network(m, b);
	put_env(m, b);
}
