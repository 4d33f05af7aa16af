// SPDX-License-Identifier: GPL-2.0
/* Takes a command's line apart. The grammar is internal/inject/protocol.go. */
#include <linux/ctype.h>
#include <linux/kstrtox.h>
#include <linux/string.h>

#include "kmodsh.h"

/* A decimal number, digits only, up to max. */
int kmodsh_number(const char *word, u64 max, u64 *n)
{
	if (!isdigit(*word))
		return -EINVAL;
	if (kstrtoull(word, 10, n) || *n > max)
		return -EINVAL;
	return 0;
}

/* Letters, digits, dots, underscores and what extra holds. */
bool kmodsh_is_symbol(const char *s, size_t max, const char *extra)
{
	size_t i;

	for (i = 0; s[i]; i++)
		if (i == max || (!isalnum(s[i]) && !strchr("_.", s[i]) && !strchr(extra, s[i])))
			return false;
	return i > 0;
}

/* A text with %XX for what is not plain, into to. */
int kmodsh_text(char *to, size_t size, char *from)
{
	size_t n = 0;
	int hi, lo;
	char c;

	for (c = *from++; c; c = *from++) {
		if (c == '%') {
			hi = hex_to_bin(from[0]);
			lo = hi < 0 ? -1 : hex_to_bin(from[1]);
			if (lo < 0 || !(hi | lo))
				return -EINVAL;
			c = hi << 4 | lo;
			from += 2;
		}
		if (n == size - 1)
			return -EINVAL;
		to[n++] = c;
	}
	to[n] = 0;
	return n ? 0 : -EINVAL;
}

bool kmodsh_is_id(const char *s)
{
	return kmodsh_is_symbol(s, KMODSH_ID, ":-");
}

/* Whether the word is "key=value", and the value. */
bool kmodsh_value(char *word, const char *key, char **v)
{
	size_t n = strlen(key);

	if (strncmp(word, key, n) || word[n] != '=')
		return false;
	*v = word + n + 1;
	return true;
}

/* Does one command; line is without its newline, and is written to. */
int kmodsh_command(char *line)
{
	char *word[KMODSH_WORDS], *p;
	int n = 0;

	if (strlen(line) >= KMODSH_LINE)
		return -E2BIG;
	for (p = line; *p; p++)
		if (*p < ' ' || *p > '~')
			return -EINVAL;
	while (line) {
		p = strsep(&line, " ");
		if (!*p || n == KMODSH_WORDS)
			return -EINVAL;
		word[n++] = p;
	}
	return kmodsh_verb(word, n);
}
