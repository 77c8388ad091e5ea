/*
 * scenario_file - reads a file of scenarios: each begins with a line "it TITLE", the lines after it
 * are the scenario's own, and empty lines and those that begin with '#' are skipped.
 */
#ifndef PROMOGATE_TESTS_SCENARIO_FILE_H
#define PROMOGATE_TESTS_SCENARIO_FILE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

/* A new scenario, which the caller keeps. */
typedef void *scenario_begin_fn(void *ctx, const char *title);
/* One line of it, without the newline; may be changed. */
typedef void scenario_line_fn(void *scenario, char *line);

static inline void scenario_file_read(
	const char *path, scenario_begin_fn *begin, scenario_line_fn *add_line, void *ctx)
{
	FILE *f = fopen(path, "r");
	void *scenario = NULL;
	char *line = NULL;
	size_t cap = 0;

	if (!f)
		abort();
	while (getline(&line, &cap, f) > 0) {
		line[strcspn(line, "\n")] = '\0';
		if (str_starts(line, "it "))
			scenario = begin(ctx, line + 3);
		else if (*line && *line != '#' && scenario)
			add_line(scenario, line);
	}
	free(line);
	(void)fclose(f);
}

#endif
