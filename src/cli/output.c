/* SPDX-License-Identifier: MIT */
/*
 * output.c - what verbs print: text, findings, errors in words and as objects
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/cli.h"

bool enc_cli_color(int fd)
{
	const char *term = getenv("TERM");

	return isatty(fd) && !getenv("NO_COLOR") && term && strcmp(term, "dumb") != 0;
}

int enc_cli_columns(int fd)
{
	struct winsize w;

	if (isatty(fd) && ioctl(fd, TIOCGWINSZ, &w) == 0 && w.ws_col >= 40)
		return w.ws_col;
	return 100;
}

int enc_cli_out(const struct enc_buf *b)
{
	struct enc_err e = {0};
	int r = b->len ? enc_write_all(STDOUT_FILENO, b->s, b->len) : 0;

	if (r == 0)
		return 0;
	ENC_FAIL(&e, -r, "standard output can't be written: %s", strerror(-r));
	enc_err_id(&e, "E0702", NULL);
	return enc_cli_error(&e, false, 2);
}

static void error_words(const struct enc_err *e, struct enc_buf *b)
{
	bool color = enc_cli_color(STDERR_FILENO);

	enc_buf_printf(b, "%senclosure: error%s%s%s:%s ", color ? "\033[1;31m" : "", e->id[0] ? "[" : "", e->id,
		       e->id[0] ? "]" : "", color ? "\033[0m" : "");
	enc_buf_add_escaped(b, e->text, strlen(e->text));
	enc_buf_putc(b, '\n');
	if (e->hint[0]) {
		enc_buf_puts(b, "  next: ");
		enc_buf_add_escaped(b, e->hint, strlen(e->hint));
		enc_buf_putc(b, '\n');
	}
}

int enc_cli_error(const struct enc_err *e, bool json, int status)
{
	struct enc_buf b = {0};

	error_words(e, &b);
	/* Nothing is left to say when stderr itself is closed. */
	(void)enc_write_all(STDERR_FILENO, b.s, b.len);
	enc_buf_reset(&b);
	if (json) {
		struct enc_json j;

		enc_json_init(&j, &b, 2);
		enc_json_object(&j, NULL);
		enc_json_str(&j, "schema", "enclosure.error/v1");
		enc_json_str(&j, "code", e->id[0] ? e->id : "E0501");
		enc_json_str(&j, "message", e->text);
		enc_json_str(&j, "next", e->hint[0] ? e->hint : NULL);
		enc_json_end(&j);
		enc_buf_putc(&b, '\n');
		(void)enc_write_all(STDOUT_FILENO, b.s, b.len);
	}
	enc_buf_done(&b);
	return status;
}

static void diags_object(const struct enc_diags *d, struct enc_buf *b)
{
	const struct enc_diag *first = &d->v[0];
	struct enc_json j;

	enc_json_init(&j, b, 2);
	enc_json_object(&j, NULL);
	enc_json_str(&j, "schema", "enclosure.error/v1");
	enc_json_str(&j, "code", first->code);
	enc_json_str(&j, "message", first->message);
	enc_json_object(&j, "where");
	enc_json_str(&j, "file", first->file);
	enc_json_int(&j, "line", first->line);
	enc_json_int(&j, "column", first->column);
	enc_json_end(&j);
	enc_json_array(&j, "clauses");
	for (size_t i = 0; i < d->n; i++)
		if (d->v[i].clause)
			enc_json_str(&j, NULL, d->v[i].clause);
	enc_json_end(&j);
	enc_json_str(&j, "hint", first->hint);
	enc_json_str(&j, "next", first->hint);
	enc_diags_json(d, &j);
	enc_json_end(&j);
	enc_buf_putc(b, '\n');
}

int enc_cli_diags(const struct enc_diags *d, bool json, int status)
{
	struct enc_buf b = {0};

	enc_diags_print(d, &b, enc_cli_color(STDERR_FILENO));
	(void)enc_write_all(STDERR_FILENO, b.s, b.len);
	enc_buf_reset(&b);
	if (json && d->n) {
		diags_object(d, &b);
		(void)enc_write_all(STDOUT_FILENO, b.s, b.len);
	}
	enc_buf_done(&b);
	return status;
}
