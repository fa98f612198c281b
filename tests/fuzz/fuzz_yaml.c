/* SPDX-License-Identifier: MIT */
/*
 * fuzz_yaml.c - any bytes into the YAML reader: a tree that can be walked, or findings that can be printed
 */
#include <stdlib.h>
#include <string.h>

#include "base/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Touches every byte that a caller would. */
static size_t walk(const struct enc_node *n)
{
	size_t sum = n->kind == ENC_NODE_SCALAR ? strlen(n->text) : 0;

	if (n->at.line < 1 || n->at.column < 1 || (n->kind == ENC_NODE_SCALAR && sum != n->len))
		abort();
	for (size_t i = 0; i < n->n; i++) {
		sum += walk(n->items[i]);
		if (n->kind == ENC_NODE_MAP) {
			sum += walk(n->keys[i]);
			if (!enc_node_get(n, n->keys[i]->text))
				abort();
		}
	}
	return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct enc_arena *a = enc_arena_new();
	char *exact = malloc(size ? size : 1); /* so that a read behind the end is seen */
	struct enc_node *n = NULL;
	struct enc_buf out = {0};
	struct enc_diags d;
	int r;

	if (!exact)
		abort();
	memcpy(exact, data, size);
	enc_diags_init(&d);
	r = enc_yaml_parse(a, "fuzz", exact, size, &d, &n);
	if ((r < 0) != (d.n > 0) || (r < 0 && n))
		abort();
	if (n)
		(void)walk(n);
	enc_diags_sort(&d);
	enc_diags_print(&d, &out, false);
	for (size_t i = 0; i < out.len; i++)
		if ((unsigned char)out.s[i] < 0x20 && out.s[i] != '\n' && out.s[i] != '\t')
			abort();
	enc_buf_done(&out);
	enc_diags_done(&d);
	enc_arena_free(a);
	free(exact);
	return 0;
}
