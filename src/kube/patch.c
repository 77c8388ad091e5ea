#include "kube/patch.h"

#include "base/limits.h"
#include "base/mem.h"

void patch_init(struct patch *p)
{
	buf_init(&p->text, LIMIT_RESPONSE_BYTES);
	p->emit = (struct emit)EMIT_INIT(&p->text);
	p->empty = true;
	p->closed = false;
}

void patch_release(struct patch *p)
{
	buf_release(&p->text);
}

static void add_segment(struct buf *pointer, const char *segment)
{
	(void)buf_addc(pointer, '/');
	for (; *segment; segment++) {
		if (*segment == '~')
			(void)buf_add(pointer, "~0");
		else if (*segment == '/')
			(void)buf_add(pointer, "~1");
		else
			(void)buf_addc(pointer, *segment);
	}
}

static void begin(struct patch *p, const char *op, const char *const *segments)
{
	CLEANUP(buf_release) struct buf pointer = BUF_INIT(LIMIT_RESPONSE_BYTES);

	while (*segments)
		add_segment(&pointer, *segments++);
	if (p->empty)
		emit_array_begin(&p->emit);
	p->empty = false;
	emit_object_begin(&p->emit);
	emit_key_string(&p->emit, "op", op);
	emit_key_string(&p->emit, "path", buf_str(&pointer));
}

static void begin_add(struct patch *p, const char *const *segments)
{
	begin(p, "add", segments);
	emit_key(&p->emit, "value");
}

void patch_add_string(struct patch *p, const char *const *segments, const char *value)
{
	begin_add(p, segments);
	emit_string(&p->emit, value);
	emit_object_end(&p->emit);
}

void patch_add_object(
	struct patch *p, const char *const *segments, const char *key, const char *value)
{
	begin_add(p, segments);
	emit_object_begin(&p->emit);
	emit_key_string(&p->emit, key, value);
	emit_object_end(&p->emit);
	emit_object_end(&p->emit);
}

void patch_add_empty(struct patch *p, const char *const *segments)
{
	begin_add(p, segments);
	emit_object_begin(&p->emit);
	emit_object_end(&p->emit);
	emit_object_end(&p->emit);
}

void patch_add_strings(
	struct patch *p, const char *const *segments, const char *const *values, size_t n)
{
	begin_add(p, segments);
	emit_array_begin(&p->emit);
	for (size_t i = 0; i < n; i++)
		emit_string(&p->emit, values[i]);
	emit_array_end(&p->emit);
	emit_object_end(&p->emit);
}

void patch_remove(struct patch *p, const char *const *segments)
{
	begin(p, "remove", segments);
	emit_object_end(&p->emit);
}

const struct buf *patch_text(struct patch *p)
{
	if (!p->closed) {
		if (p->empty)
			emit_array_begin(&p->emit);
		emit_array_end(&p->emit);
		p->closed = true;
	}
	return &p->text;
}
