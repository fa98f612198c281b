/* SPDX-License-Identifier: MIT */
/* main.c - calc EXPRESSION */
#include <stdio.h>

#include "calc.h"

int main(int argc, char **argv)
{
	long value;

	if (argc != 2 || calc(argv[1], &value) < 0) {
		fprintf(stderr, "usage: calc EXPRESSION\n");
		return 1;
	}
	printf("%ld\n", value);
	return 0;
}
