/* The kernel of files for kmod's own tools: loaded before libc, it answers the
 * system calls that load and unload modules out of the directory $FAKE, by the
 * same rules as fakekernel_test.go:
 *
 *	answers         lines "load NAME ERRNO" and "remove NAME ERRNO"
 *	log             gets a line for each call
 *	proc/modules    the module list, kept up to date
 *	sys/module      initstate, refcnt and holders of each
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char *path(const char *fmt, const char *a, const char *b)
{
	static char ring[4][4096];
	static int n;
	char *p = ring[n++ % 4];
	int at = snprintf(p, 4096, "%s/", getenv("FAKE"));
	snprintf(p + at, 4096 - at, fmt, a, b);
	return p;
}

static void put(const char *file, const char *mode, const char *fmt, const char *a, const char *b, long n)
{
	FILE *f = fopen(file, mode);
	if (f) {
		fprintf(f, fmt, a, b, n);
		fclose(f);
	}
}

static int answer(const char *op, const char *name)
{
	char o[16], n[256];
	int e, found = 0;
	FILE *f = fopen(path("answers", "", ""), "r");
	while (f && fscanf(f, "%15s %255s %d", o, n, &e) == 3)
		if (!strcmp(o, op) && !strcmp(n, name))
			found = e;
	if (f)
		fclose(f);
	return found;
}

static long load(const char *name, const char *params, long flags)
{
	struct stat st;
	int e = answer("load", name);
	put(path("log", "", ""), "a", "load %s [%s] flags=%ld\n", name, params, flags);
	if (!e && !stat(path("sys/module/%s", name, ""), &st))
		e = EEXIST;
	if (e) {
		errno = e;
		return -1;
	}
	put(path("proc/modules", "", ""), "a", "%s 4096 0 - Live 0x0000000000000000%s\n", name, "", 0);
	mkdir(path("sys/module/%s", name, ""), 0755);
	mkdir(path("sys/module/%s/holders", name, ""), 0755);
	put(path("sys/module/%s/initstate", name, ""), "w", "live\n", "", "", 0);
	put(path("sys/module/%s/refcnt", name, ""), "w", "0\n", "", "", 0);
	return 0;
}

/* drop takes a module off the list, and off the users of all others. */
static void drop(const char *name)
{
	char *text = NULL, *line, *save, mention[4200];
	size_t size = 0;
	FILE *in = fopen(path("proc/modules", "", ""), "r"), *out;
	if (in)
		getdelim(&text, &size, 0, in), fclose(in);
	out = fopen(path("proc/modules", "", ""), "w");
	snprintf(mention, sizeof(mention), "%s,", name);
	for (line = strtok_r(text, "\n", &save); line && out; line = strtok_r(NULL, "\n", &save)) {
		char n[256], users[1024], rest[256], *at;
		long bytes, refs;
		if (sscanf(line, "%255s %ld %ld %1023s %255[^\n]", n, &bytes, &refs, users, rest) != 5 || !strcmp(n, name))
			continue;
		if ((at = strstr(users, mention)) && (at == users || at[-1] == ',')) {
			memmove(at, at + strlen(mention), strlen(at + strlen(mention)) + 1);
			refs--;
			put(path("sys/module/%s/refcnt", n, ""), "w", "%s%s%ld\n", "", "", refs);
			unlink(path("sys/module/%s/holders/%s", n, name));
		}
		fprintf(out, "%s %ld %ld %s %s\n", n, bytes, refs, *users ? users : "-", rest);
	}
	if (out)
		fclose(out);
	snprintf(mention, sizeof(mention), "rm -rf %s", path("sys/module/%s", name, ""));
	unsetenv("LD_PRELOAD");
	system(mention);
}

int delete_module(const char *name, unsigned flags)
{
	struct stat st;
	int e = answer("remove", name);
	long refs = 0;
	FILE *f = fopen(path("sys/module/%s/refcnt", name, ""), "r");
	if (f && fscanf(f, "%ld", &refs) == 1 && refs && !e)
		e = EAGAIN;
	if (f)
		fclose(f);
	put(path("log", "", ""), "a", "remove %s%s flags=%ld\n", name, "", flags);
	if (!e && stat(path("sys/module/%s", name, ""), &st))
		e = ENOENT;
	if (e) {
		errno = e;
		return -1;
	}
	drop(name);
	return 0;
}

int init_module(void *image, unsigned long size, const char *params)
{
	const char *at = memmem(image, size, "\0name=", 6);
	return load(at ? at + 6 : "unnamed", params, 0);
}

static long finit(int fd, const char *params, long flags)
{
	char link[64], file[4096], *name, *p;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	long n = readlink(link, file, sizeof(file) - 1);
	file[n < 0 ? 0 : n] = 0;
	name = strrchr(file, '/') ? strrchr(file, '/') + 1 : file;
	name[strcspn(name, ".")] = 0;
	for (p = name; *p; p++)
		if (*p == '-')
			*p = '_';
	return load(name, params, flags);
}

long syscall(long n, ...)
{
	long a[6], i;
	va_list ap;
	va_start(ap, n);
	for (i = 0; i < 6; i++)
		a[i] = va_arg(ap, long);
	va_end(ap);
	if (n == SYS_finit_module)
		return finit(a[0], (const char *)a[1], a[2]);
	if (n == SYS_init_module)
		return init_module((void *)a[0], a[1], (const char *)a[2]);
	if (n == SYS_delete_module)
		return delete_module((const char *)a[0], a[1]);
	long (*next)(long, ...) = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
	return next(n, a[0], a[1], a[2], a[3], a[4], a[5]);
}
