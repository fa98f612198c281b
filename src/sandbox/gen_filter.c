/* SPDX-License-Identifier: MIT */
/*
 * gen_filter.c - prints filter_programs.h: the seccomp programs as C arrays; runs when Enclosure is built
 */
#include <stdio.h>

#include "sandbox/filter_build.h"

#define MAX_ROWS 512

static void print_program(const char *name, const struct sock_fprog *p)
{
	printf("static struct sock_filter %s[] = {\n", name);
	for (int i = 0; i < p->len; i++)
		printf("\t{%#x, %u, %u, %#x},\n", p->filter[i].code, p->filter[i].jt, p->filter[i].jf, p->filter[i].k);
	printf("};\n\n");
}

int main(void)
{
	struct enc_filters notify, silent;
	struct enc_err e = {0};
	int numbers[MAX_ROWS];
	size_t n = enc_filters_numbers(numbers, MAX_ROWS);

	if (enc_filters_build(true, &notify, &e) || enc_filters_build(false, &silent, &e)) {
		fprintf(stderr, "gen_filter: %s\n", e.text);
		return 1;
	}
	printf("/* SPDX-License-Identifier: MIT */\n/* filter_programs.h - made by gen_filter.c of calls.h, not by "
	       "hand */\n");
	print_program("known", &notify.known);
	print_program("refuse_notify", &notify.refuse);
	print_program("refuse_errno", &silent.refuse);
	printf("static const int refused_numbers[] = {");
	for (size_t i = 0; i < n; i++)
		printf("%d, ", numbers[i]);
	printf("};\n");
	enc_filters_done(&notify);
	enc_filters_done(&silent);
	return ferror(stdout) || fflush(stdout) ? 1 : 0;
}
