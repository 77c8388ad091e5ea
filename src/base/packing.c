#include "base/packing.h"

#include <string.h>

#include "base/str.h"

void packing_text(struct packing *p, const char **text)
{
	size_t size;

	if (!*text)
		return;
	size = **text ? strlen(*text) + 1 : 0;
	p->size += size;
	if (!p->at)
		return;
	if (!size) {
		*text = "";
		return;
	}
	*text = memcpy(p->at, *text, size);
	p->at += size;
}

void packing_text_once(struct packing *p, const char **text, const char *before)
{
	if (!str_eq(*text, before))
		packing_text(p, text);
	else if (p->at)
		*text = before;
}
