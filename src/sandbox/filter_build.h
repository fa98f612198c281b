/* SPDX-License-Identifier: MIT */
/*
 * filter_build.h - makes the seccomp programs; for the build and for tests, not for the program that runs
 */
#ifndef ENC_SANDBOX_FILTER_BUILD_H
#define ENC_SANDBOX_FILTER_BUILD_H

#include "base/err.h"
#include "sandbox/filter.h"

/* notify: refused calls go to the listener; otherwise they get their errno at once. */
int enc_filters_build(bool notify, struct enc_filters *ret, struct enc_err *e);
void enc_filters_done(struct enc_filters *f);
/* The numbers of the table's refused calls, row by row; negative where this architecture has none. How many. */
size_t enc_filters_numbers(int *ret, size_t max);

#endif
