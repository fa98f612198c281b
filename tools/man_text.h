/* SPDX-License-Identifier: MIT */
/*
 * man_text.h - plain text of the tables, and the Markdown of docs/, as scdoc
 */
#ifndef ENC_TOOLS_MAN_TEXT_H
#define ENC_TOOLS_MAN_TEXT_H

#include "base/mem.h"

/* Every character as itself. */
void man_escape(struct enc_buf *out, const char *s, size_t n);
/* A piece of one line: `code` and options in bold, words of `names` (each between spaces: " RUN FILE ") underlined. */
void man_inline(struct enc_buf *out, const char *s, size_t n, const char *names);
/* Paragraphs as verbs have them: blank lines part them, lines that begin with two spaces are examples. */
void man_paragraphs(struct enc_buf *out, const char *text, const char *names);
/* A page of docs/: headings, paragraphs, lists, tables, code. Comments and the title are left out. */
void man_markdown(struct enc_buf *out, const char *text);

#endif
