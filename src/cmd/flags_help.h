/*
 * flags_help - the table of flags for people: a program's --help, and the page docs/reference.md of
 * all programs. Pure.
 */
#ifndef PROMOGATE_CMD_FLAGS_HELP_H
#define PROMOGATE_CMD_FLAGS_HELP_H

#include "base/buf.h"
#include "cmd/flags.h"

/* Appends the text of --help, in lines of at most 80 columns. */
void flags_help(const struct program *p, struct buf *to);

/* Appends docs/reference.md: the flags of the daemons, as Markdown. */
void flags_reference(struct buf *to);

#endif
