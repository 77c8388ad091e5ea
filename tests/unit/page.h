/*
 * page - a file of this tree, read whole, and the pages of docs/ that are made from tables.
 */
#ifndef PROMOGATE_TESTS_PAGE_H
#define PROMOGATE_TESTS_PAGE_H

#include <stdio.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"
#include "unit.h"

static inline void read_whole(const char *path, struct buf *to)
{
	FILE *f = fopen(path, "r");
	char part[4096];
	size_t n;

	if (!f)
		fail_msg("%s can't be opened", path);
	while ((n = fread(part, 1, sizeof(part), f)) > 0)
		(void)buf_addn(to, part, n);
	(void)fclose(f);
}

static inline void page_is_up_to_date(const char *path, void (*print)(struct buf *to))
{
	CLEANUP(buf_release) struct buf want = BUF_INIT(LIMIT_RESPONSE_BYTES);
	CLEANUP(buf_release) struct buf have = BUF_INIT(LIMIT_RESPONSE_BYTES);

	print(&want);
	read_whole(path, &have);
	if (!str_eq(buf_str(&want), buf_str(&have)))
		fail_msg("%s is out of date; run `make docs`", path);
	assert_false(want.overflowed);
}

#endif
