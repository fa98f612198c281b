/* SPDX-License-Identifier: MIT */
/*
 * base.h - attributes and small macros that every file may use
 */
#ifndef ENC_BASE_BASE_H
#define ENC_BASE_BASE_H

#include <stddef.h>

#define ENC_LEN(a)	      (sizeof(a) / sizeof((a)[0]))
#define ENC_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

/* Run a release function when the variable leaves its scope. */
#define enc_auto(fn) __attribute__((cleanup(fn)))
/* Make release_auto(T **) out of `T *release(T *)`, for use with enc_auto(). */
#define ENC_AUTO_DEFINE(type, release)              \
	static inline void release##_auto(type **p) \
	{                                           \
		*p = release(*p);                   \
	}
/* Move a pointer out of a variable, which becomes NULL. */
#define ENC_TAKE(p)                     \
	__extension__({                 \
		__typeof__(p) t_ = (p); \
		(p) = NULL;             \
		t_;                     \
	})
/* Move a descriptor out of a variable, which becomes -1. */
#define ENC_TAKE_FD(fd)        \
	__extension__({        \
		int t_ = (fd); \
		(fd) = -1;     \
		t_;            \
	})

void enc_close_auto(int *fd); /* closes when >= 0, keeps errno */
#define enc_auto_fd enc_auto(enc_close_auto)

#endif
