/* SPDX-License-Identifier: GPL-2.0 */
/* The bounds of the protocol, as in internal/inject/protocol.go. */
#ifndef KMODSH_LIMITS_H
#define KMODSH_LIMITS_H

#define KMODSH_LINE	512	/* bytes of a command's line */
#define KMODSH_WRITE	16384	/* bytes of one write */
#define KMODSH_OUT	1024	/* bytes of an event's line */
#define KMODSH_ID	63
#define KMODSH_FUNC	95
#define KMODSH_NAME	103
#define KMODSH_RULES	255
#define KMODSH_THREADS	1000	/* of one request command */
#define KMODSH_MS	600000	/* longest hold or delay */
#define KMODSH_STUBS	64
#define KMODSH_HOOKS	8	/* of one function */
#define KMODSH_TRACED	1024
#define KMODSH_LEDGER	4096	/* requests that are remembered */

#endif
