/* SPDX-License-Identifier: MIT */
/*
 * yaml.c - libyaml's events into a tree with marks
 *
 * Events and not libyaml's documents: those expand aliases, keep double keys without a word, and are quadratic in
 * depth. Everything that is not a plain tree of maps, lists and scalars is refused at its place.
 */
#include "base/yaml.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/utf8.h"

#define DEPTH_MAX 64
#define NODES_MAX 100000u
#define BYTES_MAX (1u << 20)

struct reader {
	struct enc_arena *a;
	struct enc_diags *d;
	const char *file, *text;
	yaml_parser_t parser;
	yaml_event_t ev;
	bool have;
	size_t nodes;
	bool failed;
};

static struct enc_mark mark(const struct reader *r, const yaml_mark_t *from, const yaml_mark_t *to)
{
	struct enc_mark m = {.file = r->file, .line = (int)from->line + 1, .column = (int)from->column + 1, .width = 1};

	if (to && to->line == from->line && to->column > from->column)
		m.width = (int)(to->column - from->column);
	return m;
}

static int refuse(struct reader *r, const char *code, const struct enc_mark *at, const char *message, const char *hint)
{
	struct enc_diag *g = enc_diag_add(r->d, code, at, r->text, "%s", message);

	if (hint)
		enc_diag_hint(r->d, g, "%s", hint);
	r->failed = true;
	return -EINVAL;
}

static int syntax_error(struct reader *r)
{
	const yaml_parser_t *p = &r->parser;
	struct enc_mark at = mark(r, &p->problem_mark, NULL);
	struct enc_diag *g;

	if (p->error == YAML_READER_ERROR) {
		at = (struct enc_mark){.file = r->file, .line = 1, .column = 1, .width = 1};
		for (size_t i = 0; i < p->problem_offset && r->text[i]; i++)
			at.line += r->text[i] == '\n';
		return refuse(r, "E0106", &at, "the text is not valid UTF-8 or has control characters", NULL);
	}
	g = enc_diag_add(r->d, "E0101", &at, r->text, "not valid YAML: %s", p->problem ? p->problem : "syntax error");
	if (p->context)
		enc_diag_hint(r->d, g, "%s, which began in line %zu", p->context, p->context_mark.line + 1);
	r->failed = true;
	return -EINVAL;
}

static int next(struct reader *r)
{
	if (r->have)
		yaml_event_delete(&r->ev);
	r->have = false;
	if (!yaml_parser_parse(&r->parser, &r->ev))
		return syntax_error(r);
	r->have = true;
	return 0;
}

static struct enc_node *new_node(struct reader *r, enum enc_node_kind kind)
{
	struct enc_node *n = enc_arena_alloc(r->a, sizeof(*n));

	n->kind = kind;
	n->at = mark(r, &r->ev.start_mark, &r->ev.end_mark);
	return n;
}

/* Anchors and tags say that a node is more than it looks like. */
static int check_plain(struct reader *r, const yaml_char_t *anchor, const yaml_char_t *tag)
{
	struct enc_mark at = mark(r, &r->ev.start_mark, &r->ev.end_mark);

	if (anchor)
		return refuse(r, "E0102", &at, "anchors and aliases are not allowed",
			      "write the value out in each place");
	if (tag)
		return refuse(r, "E0103", &at, "tags are not allowed", "remove the tag: types come from the schema");
	if (++r->nodes > NODES_MAX)
		return refuse(r, "E0105", &at, "more than 100000 values", "split the file");
	return 0;
}

static int read_node(struct reader *r, int depth, struct enc_node **ret);

static int read_scalar(struct reader *r, struct enc_node **ret)
{
	struct enc_node *n = new_node(r, ENC_NODE_SCALAR);
	size_t len = r->ev.data.scalar.length;
	const char *s = (const char *)r->ev.data.scalar.value;

	if (check_plain(r, r->ev.data.scalar.anchor, r->ev.data.scalar.tag) < 0)
		return -EINVAL;
	if (memchr(s, 0, len))
		return refuse(r, "E0106", &n->at, "the text holds a NUL character", NULL);
	n->text = enc_arena_strndup(r->a, s, len);
	n->len = len;
	n->plain = r->ev.data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	*ret = n;
	return 0;
}

static void keep(struct reader *r, struct enc_node *n, struct enc_node **keys, struct enc_node **items, size_t count)
{
	n->n = count;
	n->items = enc_arena_alloc(r->a, (count + 1) * sizeof(*n->items));
	if (count)
		memcpy(n->items, items, count * sizeof(*items));
	if (!keys)
		return;
	n->keys = enc_arena_alloc(r->a, (count + 1) * sizeof(*n->keys));
	memcpy(n->keys, keys, count * sizeof(*keys));
}

static int read_list(struct reader *r, int depth, struct enc_node **ret)
{
	struct enc_node *n = new_node(r, ENC_NODE_LIST);
	enc_auto(enc_free_auto) struct enc_node **items = NULL;
	size_t count = 0;

	if (check_plain(r, r->ev.data.sequence_start.anchor, r->ev.data.sequence_start.tag) < 0)
		return -EINVAL;
	for (;;) {
		struct enc_node *item = NULL;

		if (next(r) < 0)
			return -EINVAL;
		if (r->ev.type == YAML_SEQUENCE_END_EVENT)
			break;
		if (read_node(r, depth + 1, &item) < 0)
			return -EINVAL;
		*ENC_PUSH(items, count) = item;
	}
	keep(r, n, NULL, items, count);
	*ret = n;
	return 0;
}

static int compare_keys(const void *va, const void *vb)
{
	const struct enc_node *const *a = va, *const *b = vb;
	int c = strcmp((*a)->text, (*b)->text);

	if (c)
		return c;
	if ((*a)->at.line != (*b)->at.line)
		return (*a)->at.line < (*b)->at.line ? -1 : 1;
	return ((*a)->at.column > (*b)->at.column) - ((*a)->at.column < (*b)->at.column);
}

/* By sorting a copy, so that a map with many keys is not a quadratic one. */
static void check_doubles(struct reader *r, struct enc_node **keys, size_t n)
{
	enc_auto(enc_free_auto) struct enc_node **sorted = enc_alloc((n + 1) * sizeof(*sorted));

	if (n)
		memcpy(sorted, keys, n * sizeof(*sorted));
	qsort(sorted, n, sizeof(*sorted), compare_keys);
	for (size_t i = 1; i < n; i++) {
		struct enc_diag *g;

		if (strcmp(sorted[i]->text, sorted[i - 1]->text) != 0)
			continue;
		g = enc_diag_add(r->d, "E0104", &sorted[i]->at, r->text, "key '%s' stands twice in this map",
				 sorted[i]->text);
		enc_diag_hint(r->d, g, "the first one is in line %d: keep one", sorted[i - 1]->at.line);
		r->failed = true;
	}
}

static int read_key(struct reader *r, struct enc_node **ret)
{
	if (r->ev.type != YAML_SCALAR_EVENT) {
		struct enc_mark at = mark(r, &r->ev.start_mark, &r->ev.end_mark);

		return refuse(r, "E0107", &at, "a key must be plain text, not a list, a map or an alias", NULL);
	}
	return read_scalar(r, ret);
}

static int read_map(struct reader *r, int depth, struct enc_node **ret)
{
	struct enc_node *n = new_node(r, ENC_NODE_MAP);
	enc_auto(enc_free_auto) struct enc_node **items = NULL, **keys = NULL;
	size_t count = 0, n_keys = 0;

	if (check_plain(r, r->ev.data.mapping_start.anchor, r->ev.data.mapping_start.tag) < 0)
		return -EINVAL;
	for (;;) {
		struct enc_node *key = NULL, *value = NULL;

		if (next(r) < 0)
			return -EINVAL;
		if (r->ev.type == YAML_MAPPING_END_EVENT)
			break;
		if (read_key(r, &key) < 0 || next(r) < 0 || read_node(r, depth + 1, &value) < 0)
			return -EINVAL;
		*ENC_PUSH(keys, n_keys) = key;
		*ENC_PUSH(items, count) = value;
	}
	if (count)
		check_doubles(r, keys, count);
	keep(r, n, count ? keys : NULL, items, count);
	*ret = n;
	return 0;
}

static int read_node(struct reader *r, int depth, struct enc_node **ret)
{
	struct enc_mark at = mark(r, &r->ev.start_mark, &r->ev.end_mark);

	if (depth >= DEPTH_MAX && r->ev.type != YAML_SCALAR_EVENT)
		return refuse(r, "E0105", &at, "lists and maps are nested more than 64 deep", NULL);
	if (r->ev.type == YAML_SCALAR_EVENT)
		return read_scalar(r, ret);
	if (r->ev.type == YAML_SEQUENCE_START_EVENT)
		return read_list(r, depth, ret);
	if (r->ev.type == YAML_MAPPING_START_EVENT)
		return read_map(r, depth, ret);
	return refuse(r, "E0102", &at, "anchors and aliases are not allowed", "write the value out in each place");
}

static int read_stream(struct reader *r, struct enc_node **ret)
{
	struct enc_mark at;

	if (next(r) < 0 || next(r) < 0) /* the stream's start, then a document or the end */
		return -EINVAL;
	if (r->ev.type == YAML_STREAM_END_EVENT)
		return 0;
	at = mark(r, &r->ev.start_mark, NULL);
	if (r->ev.data.document_start.version_directive ||
	    r->ev.data.document_start.tag_directives.start != r->ev.data.document_start.tag_directives.end)
		return refuse(r, "E0103", &at, "%YAML and %TAG directives are not allowed", "remove the line");
	if (next(r) < 0 || read_node(r, 0, ret) < 0)
		return -EINVAL;
	if (next(r) < 0 || next(r) < 0) /* the document's end, then the stream's */
		return -EINVAL;
	if (r->ev.type != YAML_STREAM_END_EVENT) {
		at = mark(r, &r->ev.start_mark, NULL);
		return refuse(r, "E0108", &at, "a second document begins here", "keep one document a file");
	}
	return r->failed ? -EINVAL : 0;
}

int enc_yaml_parse(struct enc_arena *a, const char *file, const char *text, size_t len, struct enc_diags *d,
		   struct enc_node **ret)
{
	struct reader r = {.a = a, .d = d};
	struct enc_mark top = {.file = file, .line = 1, .column = 1, .width = 1};
	int rc;

	*ret = NULL;
	r.file = enc_arena_strdup(a, file);
	r.text = len <= BYTES_MAX ? enc_arena_strndup(a, text, len) : NULL;
	if (len > BYTES_MAX)
		return refuse(&r, "E0105", &top, "the file is larger than 1 MiB", NULL);
	if (!yaml_parser_initialize(&r.parser))
		return refuse(&r, "E0101", &top, "the YAML reader could not be started", NULL);
	/* Without this a byte order mark would choose UTF-16, and marks would count other things than bytes. */
	yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&r.parser, (const unsigned char *)r.text, len);
	rc = read_stream(&r, ret);
	if (r.have)
		yaml_event_delete(&r.ev);
	yaml_parser_delete(&r.parser);
	if (rc < 0)
		*ret = NULL;
	return rc;
}

const struct enc_node *enc_node_get(const struct enc_node *map, const char *key)
{
	if (!map || map->kind != ENC_NODE_MAP)
		return NULL;
	for (size_t i = 0; i < map->n; i++)
		if (strcmp(map->keys[i]->text, key) == 0)
			return map->items[i];
	return NULL;
}

const char *enc_node_str(const struct enc_node *map, const char *key)
{
	const struct enc_node *n = enc_node_get(map, key);

	return n && n->kind == ENC_NODE_SCALAR ? n->text : NULL;
}
