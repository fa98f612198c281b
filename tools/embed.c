/* SPDX-License-Identifier: MIT */
/*
 * embed.c - the built-in profiles as C
 *
 * embed OUT FILE.yaml...: writes enc_builtins[] with the name (the file's), the summary (its comment line
 * "# NAME: SUMMARY") and the text of each. Runs at build time alone.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char text[1 << 16];

static void die(const char *what, const char *file)
{
	fprintf(stderr, "embed: %s: %s\n", file, what);
	exit(1);
}

static size_t slurp(const char *file)
{
	FILE *f = fopen(file, "r");
	size_t n;

	if (!f)
		die("can't be opened", file);
	n = fread(text, 1, sizeof(text) - 1, f);
	if (ferror(f) || n == sizeof(text) - 1)
		die("can't be read, or is larger than 64 KiB", file);
	fclose(f);
	text[n] = '\0';
	return n;
}

static void put_text(FILE *out, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c == '\n')
			fputs(i + 1 < n ? "\\n\"\n\t \"" : "\\n", out);
		else if (c == '"' || c == '\\')
			fprintf(out, "\\%c", c);
		else if (c < 0x20 || c >= 0x7f)
			fprintf(out, "\\%03o", c);
		else
			fputc(c, out);
	}
}

static void embed(FILE *out, const char *file)
{
	const char *slash = strrchr(file, '/');
	char name[64], mark[80];
	size_t n = slurp(file);
	char *summary;

	snprintf(name, sizeof(name), "%s", slash ? slash + 1 : file);
	name[strcspn(name, ".")] = '\0';
	snprintf(mark, sizeof(mark), "# %s: ", name);
	summary = strstr(text, mark);
	if (!summary)
		die("no line '# NAME: SUMMARY'", file);
	summary += strlen(mark);
	fprintf(out, "\t{\"%s\", \"%.*s\",\n\t \"", name, (int)strcspn(summary, "\n\"\\"), summary);
	put_text(out, n);
	fprintf(out, "\",\n\t %zu},\n", n);
}

int main(int argc, char **argv)
{
	FILE *out;

	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		puts("usage: embed OUT FILE.yaml...\nWrite the built-in profiles as C.");
		return 0;
	}
	if (argc < 3) {
		fputs("usage: embed OUT FILE.yaml...\n", stderr);
		return 64;
	}
	out = fopen(argv[1], "w");
	if (!out)
		die("can't be written", argv[1]);
	fputs("/* SPDX-License-Identifier: MIT */\n/* Made by tools/embed.c from policies/. */\n"
	      "#include \"policy/policy.h\"\n\nconst struct enc_builtin enc_builtins[] = {\n",
	      out);
	for (int i = 2; i < argc; i++)
		embed(out, argv[i]);
	fputs("};\nconst size_t enc_n_builtins = sizeof(enc_builtins) / sizeof(enc_builtins[0]);\n", out);
	if (fclose(out) != 0)
		die("can't be written", argv[1]);
	return 0;
}
