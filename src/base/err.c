/* SPDX-License-Identifier: MIT */
/*
 * err.c - fill, note and name an error without allocating
 */
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int enc_err_set(struct enc_err *e, int code, const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	if (code <= 0)
		code = EIO;
	if (!e || e->code)
		return -code;
	e->code = code;
	e->file = file;
	e->line = line;
	va_start(ap, fmt);
	(void)vsnprintf(e->text, sizeof(e->text), fmt, ap);
	va_end(ap);
	return -code;
}

int enc_err_note(struct enc_err *e, const char *fmt, ...)
{
	char context[256], old[sizeof(e->text)];
	va_list ap;

	if (!e || !e->code)
		return -EIO;
	va_start(ap, fmt);
	(void)vsnprintf(context, sizeof(context), fmt, ap);
	va_end(ap);
	memcpy(old, e->text, sizeof(old));
	(void)snprintf(e->text, sizeof(e->text), "%s: %.*s", context, (int)(sizeof(e->text) - strlen(context) - 3),
		       old);
	return -e->code;
}

int enc_err_id(struct enc_err *e, const char *id, const char *hint_fmt, ...)
{
	va_list ap;

	if (!e || !e->code)
		return -EIO;
	if (!e->id[0])
		(void)snprintf(e->id, sizeof(e->id), "%s", id);
	if (hint_fmt && !e->hint[0]) {
		va_start(ap, hint_fmt);
		(void)vsnprintf(e->hint, sizeof(e->hint), hint_fmt, ap);
		va_end(ap);
	}
	return -e->code;
}

void enc_err_clear(struct enc_err *e)
{
	memset(e, 0, sizeof(*e));
}

void enc_close_auto(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
	errno = saved;
}
