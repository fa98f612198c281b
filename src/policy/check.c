/* SPDX-License-Identifier: MIT */
/*
 * check.c - walk a manifest's tree along the schema
 *
 * Every node is looked at, whatever was wrong before it, so that all errors come at once. A value that is wrong
 * makes a finding and no clause; load.c refuses when there is any finding.
 */
#include <stdio.h>
#include <string.h>

#include "policy/impl.h"

static void walk_section(struct enc_check *c, const char *prefix, const struct enc_node *n);

static void unknown_key(struct enc_check *c, const char *prefix, const struct enc_node *key)
{
	const char *words[32];
	size_t n = enc_schema_children(prefix, words, ENC_LEN(words));
	const char *near = enc_nearest(key->text, words, n);
	struct enc_diag *g = enc_load_diag(c->l, "E0202", &key->at, "unknown key '%s'%s%s", key->text,
					   *prefix ? " in " : "", prefix);

	if (near) {
		enc_diag_hint(c->l->d, g, "did you mean '%s'?", near);
		return;
	}
	/* A known key in the wrong section is the other common slip. */
	for (size_t i = 0; i < enc_n_schema; i++) {
		const char *dot = strrchr(enc_schema[i].path, '.');

		if (!strchr(enc_schema[i].path, '[') && strcmp(dot ? dot + 1 : enc_schema[i].path, key->text) == 0) {
			enc_diag_hint(c->l->d, g, "the key is %s", enc_schema[i].path);
			return;
		}
	}
	struct enc_buf b = {0};

	for (size_t i = 0; i < n; i++)
		enc_buf_printf(&b, "%s%s", i ? ", " : "", words[i]);
	enc_diag_hint(c->l->d, g, "known keys: %s", b.s);
	enc_buf_done(&b);
}

static const char *kind_name(const struct enc_node *n)
{
	switch (n->kind) {
	case ENC_NODE_LIST: return "a list";
	case ENC_NODE_MAP: return "a map";
	case ENC_NODE_SCALAR: return n->len || !n->plain ? "text" : "nothing";
	}
	return "something else";
}

static void wrong_type(struct enc_check *c, const struct enc_key *row, const struct enc_node *n, const char *want)
{
	struct enc_diag *g = enc_load_diag(c->l, "E0203", &n->at, "%s wants %s, not %s", row->path, want, kind_name(n));

	if (row->shape == SH_LIST && n->kind == ENC_NODE_SCALAR && n->len)
		enc_diag_hint(c->l->d, g, "write it as a list: [%s]", n->text);
}

/* `key:` with nothing behind it, as it stands when all of a section is commented out. */
static bool is_empty(const struct enc_node *n)
{
	return n->kind == ENC_NODE_SCALAR && n->plain && n->len == 0;
}

static bool duplicate_scalar(const struct enc_node *list, size_t i)
{
	const struct enc_node *n = list->items[i];

	for (size_t k = 0; k < i; k++) {
		const struct enc_node *o = list->items[k];

		if (n->kind == ENC_NODE_SCALAR && o->kind == ENC_NODE_SCALAR && n->len == o->len &&
		    memcmp(n->text, o->text, n->len) == 0)
			return true;
	}
	return false;
}

static void too_many(struct enc_check *c, const struct enc_key *row, const struct enc_node *list, size_t max)
{
	enc_load_diag(c->l, "E0205", &list->at, "%s has %zu items, more than %zu", row->path, list->n, max);
}

/* A list of scalars inside an item (methods, paths). */
static bool field_list(struct enc_check *c, const struct enc_key *row, const struct enc_node *n)
{
	struct enc_value unused;
	bool ok = true;

	if (n->kind != ENC_NODE_LIST) {
		wrong_type(c, row, n, "a list");
		return false;
	}
	if (n->n > 256) {
		too_many(c, row, n, 256);
		return false;
	}
	for (size_t i = 0; i < n->n; i++) {
		if (duplicate_scalar(n, i)) {
			enc_load_diag(c->l, "E0208", &n->items[i]->at, "'%s' stands in %s twice", n->items[i]->text,
				      row->path);
			ok = false;
		}
		ok &= enc_value_parse(c, row, n->items[i], &unused);
	}
	return ok;
}

/* The map of one list item into it->fields; false with findings. */
static bool walk_fields(struct enc_check *c, const struct enc_key *row, struct enc_item *it)
{
	const struct enc_node *n = it->node;
	char prefix[64];
	bool ok = true;

	snprintf(prefix, sizeof(prefix), "%s[]", row->path);
	for (size_t i = 0; i < n->n; i++) {
		const struct enc_key *f = enc_schema_find(prefix, n->keys[i]->text);
		struct enc_field *field;

		if (!f) {
			unknown_key(c, prefix, n->keys[i]);
			ok = false;
			continue;
		}
		if (it->n_fields == ENC_LEN(it->fields)) /* duplicate keys are refused by the YAML reader */
			return false;
		field = &it->fields[it->n_fields++];
		field->row = f;
		field->node = n->items[i];
		ok &= f->shape == SH_LIST ? field_list(c, f, n->items[i])
					  : enc_value_parse(c, f, n->items[i], &field->value);
	}
	for (size_t i = 0; i < enc_n_schema; i++) {
		const struct enc_key *f = &enc_schema[i];
		const char *dot = strrchr(f->path, '.');

		if (!f->required || !dot || (size_t)(dot - f->path) != strlen(prefix) ||
		    strncmp(f->path, prefix, strlen(prefix)) != 0 || enc_node_get(n, dot + 1))
			continue;
		enc_load_diag(c->l, "E0207", &n->at, "'%s' is missing in this item of %s", dot + 1, row->path);
		ok = false;
	}
	return ok;
}

static void walk_list(struct enc_check *c, const struct enc_key *row, const struct enc_node *n)
{
	char probe[64];
	bool maps;

	snprintf(probe, sizeof(probe), "%s[]", row->path);
	const char *one[1];

	maps = enc_schema_children(probe, one, 1) > 0;
	if (n->n > 1024) {
		too_many(c, row, n, 1024);
		return;
	}
	for (size_t i = 0; i < n->n; i++) {
		struct enc_item it = {.node = n->items[i]};

		if (duplicate_scalar(n, i)) {
			enc_load_diag(c->l, "E0208", &it.node->at, "'%s' stands in %s twice", it.node->text, row->path);
			continue;
		}
		if (it.node->kind == ENC_NODE_MAP && maps) {
			if (walk_fields(c, row, &it) && row->emit)
				row->emit(c, row, &it);
			continue;
		}
		if (it.node->kind != ENC_NODE_SCALAR || row->type == V_NONE) {
			enc_load_diag(c->l, "E0203", &it.node->at, "an item of %s is %s%s, not %s", row->path,
				      enc_type_name(row), maps && row->type != V_NONE ? " or a map" : "",
				      kind_name(it.node));
			continue;
		}
		it.scalar = true;
		if (enc_value_parse(c, row, it.node, &it.value) && row->emit)
			row->emit(c, row, &it);
	}
}

static void walk_map(struct enc_check *c, const struct enc_key *row, const struct enc_node *n)
{
	if (n->n > 1024) {
		too_many(c, row, n, 1024);
		return;
	}
	for (size_t i = 0; i < n->n; i++) {
		struct enc_item it = {.node = n->items[i], .scalar = true, .key = n->keys[i]};

		if (enc_value_parse(c, row, it.node, &it.value) && row->emit)
			row->emit(c, row, &it);
	}
}

static void walk_value(struct enc_check *c, const struct enc_key *row, const struct enc_node *n)
{
	struct enc_item it = {.node = n, .scalar = true};

	switch (row->shape) {
	case SH_SECTION:
		if (n->kind == ENC_NODE_MAP)
			walk_section(c, row->path, n);
		else if (!is_empty(n))
			wrong_type(c, row, n, "a map of keys");
		return;
	case SH_LIST:
		if (n->kind == ENC_NODE_LIST)
			walk_list(c, row, n);
		else if (row->type == V_EXTENDS && n->kind == ENC_NODE_SCALAR && n->len)
			return; /* one profile alone may stand without brackets; source.c has read it */
		else if (!is_empty(n))
			wrong_type(c, row, n, "a list");
		return;
	case SH_MAP:
		if (n->kind == ENC_NODE_MAP)
			walk_map(c, row, n);
		else if (!is_empty(n))
			wrong_type(c, row, n, "a map");
		return;
	case SH_SCALAR:
		if (!enc_value_parse(c, row, n, &it.value))
			c->set->mode_unknown |= row->kind == ENC_CL_NET_MODE;
		else if (row->emit)
			row->emit(c, row, &it);
		return;
	}
}

static void walk_section(struct enc_check *c, const char *prefix, const struct enc_node *n)
{
	for (size_t i = 0; i < n->n; i++) {
		const struct enc_key *row = enc_schema_find(prefix, n->keys[i]->text);

		if (row)
			walk_value(c, row, n->items[i]);
		else
			unknown_key(c, prefix, n->keys[i]);
	}
}

const struct enc_field *enc_item_field(const struct enc_item *it, const char *key)
{
	for (size_t i = 0; i < it->n_fields; i++) {
		const char *dot = strrchr(it->fields[i].row->path, '.');

		if (strcmp(dot + 1, key) == 0)
			return &it->fields[i];
	}
	return NULL;
}

void enc_check_source(struct enc_load *l, struct enc_source *s, struct enc_set *set, size_t layer)
{
	struct enc_check c = {.l = l, .src = s, .set = set, .layer = layer};
	struct enc_mark top = {.file = s->path, .line = 1, .column = 1, .width = 1};
	struct enc_diag *g;

	if (!s->parsed)
		return; /* its findings are there already */
	if (s->root && s->root->kind != ENC_NODE_MAP) {
		enc_load_diag(l, "E0203", &s->root->at, "a manifest is a map of keys, not %s", kind_name(s->root));
		return;
	}
	if (!s->root || !enc_node_get(s->root, "enclosure")) {
		g = enc_load_diag(l, "E0201", &top, "'enclosure: 1' is missing");
		enc_diag_hint(l->d, g, "begin the manifest with the line: enclosure: 1");
	}
	if (s->root)
		walk_section(&c, "", s->root);
}
