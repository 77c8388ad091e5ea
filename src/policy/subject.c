#include "policy/subject.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "base/packing.h"
#include "keptn/onfailure.h"

/* What is decoded, and still borrows. */
struct draft {
	struct subject s;
	struct labels *labels;
	struct label *label; /* copies of them */
	const char **names; /* of all lists, one after the other */
	size_t nnames;
};

static void draft_release(struct draft *d)
{
	free(d->labels);
	free(d->label);
	free(d->names);
}

static void read_list(struct draft *d, enum task_list which, const struct json *list)
{
	struct subject_tasks *tasks = &d->s.tasks[which];
	size_t before = d->nnames;

	tasks->present = json_type(list) == JSON_ARRAY;
	if (!tasks->present)
		return;
	d->names = xreallocarray(d->names, before + json_count(list), sizeof(*d->names));
	json_each (item, list)
		if (json_string(item))
			d->names[d->nnames++] = json_string(item);
	tasks->count = d->nnames - before;
}

static void read_labels(struct draft *d, const struct json *labels)
{
	d->labels = labels_decode(labels);
	d->label = xcalloc(d->labels->count, sizeof(*d->label));
	for (size_t i = 0; i < d->labels->count; i++)
		d->label[i] = d->labels->at[i];
}

static void read_draft(struct draft *d, const struct json *object, const char *ns)
{
	struct appcontext c;

	appcontext_read(object, ns, &c);
	d->s.namespace = c.namespace;
	d->s.name = c.name;
	d->s.deleting = c.deleting;
	d->s.on_failure = json_string(json_get(c.annotations, ON_FAILURE_ANNOTATION));
	d->s.optional_tasks = json_string(json_get(c.annotations, OPTIONAL_TASKS_ANNOTATION));
	if (d->s.optional_tasks && strlen(d->s.optional_tasks) > LIMIT_OPTIONAL_TASKS_BYTES)
		d->s.optional_tasks = NULL;
	d->s.defaulted_tasks = json_string(json_get(c.annotations, DEFAULTED_TASKS_ANNOTATION));
	read_labels(d, json_at(object, "metadata", "labels"));
	for (int i = 0; i < TASK_LIST_COUNT; i++)
		read_list(d, i, c.tasks[i]);
}

static void visit_texts(struct draft *d, struct packing *p)
{
	packing_text(p, &d->s.namespace);
	packing_text(p, &d->s.name);
	packing_text(p, &d->s.on_failure);
	packing_text(p, &d->s.optional_tasks);
	packing_text(p, &d->s.defaulted_tasks);
	for (size_t i = 0; i < d->labels->count; i++) {
		packing_text(p, &d->label[i].key);
		packing_text(p, &d->label[i].value);
	}
	for (size_t i = 0; i < d->nnames; i++)
		packing_text(p, &d->names[i]);
}

static void *append(char **at, const void *data, size_t size)
{
	void *here = *at;

	if (size)
		memcpy(here, data, size);
	*at += size;
	return here;
}

/* The struct, its labels, the arrays, and all strings, in this order. */
static struct subject *pack(struct draft *d)
{
	size_t label = d->labels->count * sizeof(*d->label);
	size_t names = d->nnames * sizeof(*d->names);
	size_t arrays = sizeof(*d->labels) + label + names;
	struct packing measure = {NULL, 0}, copy = {NULL, 0};
	const char *const *name;
	struct subject *s;
	char *at;

	visit_texts(d, &measure);
	s = xmalloc(sizeof(*s) + arrays + measure.size);
	at = (char *)(s + 1);
	copy.at = at + arrays;
	visit_texts(d, &copy);
	*s = d->s;
	s->labels = append(&at, d->labels, sizeof(*d->labels));
	((struct labels *)s->labels)->at = append(&at, d->label, label);
	name = append(&at, d->names, names);
	for (int i = 0; i < TASK_LIST_COUNT; i++) {
		s->tasks[i].at = name;
		name += s->tasks[i].count;
	}
	return s;
}

struct subject *subject_decode(const struct json *object, const char *ns)
{
	CLEANUP(draft_release) struct draft d = {.nnames = 0};

	read_draft(&d, object, ns);
	return pack(&d);
}

struct subject subject_of_app(const char *ns, const char *app)
{
	static const struct labels none = {NULL, 0};

	return (struct subject){.namespace = ns, .name = app, .labels = &none};
}

/* The next name, and its length; NULL: there is none. */
static const char *next_name(const char **at, size_t *ret_len)
{
	static const char between[] = ", \t\r\n";
	const char *name = *at + strspn(*at, between);

	*ret_len = strcspn(name, ",");
	*at = name + *ret_len;
	while (*ret_len && strchr(between, name[*ret_len - 1]))
		(*ret_len)--;
	return *ret_len ? name : NULL;
}

bool subject_is_optional(const struct subject *s, const char *task)
{
	const char *at = s->optional_tasks ? s->optional_tasks : "";
	const char *name;
	size_t len;

	while ((name = next_name(&at, &len)))
		if (strlen(task) == len && strncmp(name, task, len) == 0)
			return true;
	return false;
}

void subject_optional_tasks(const struct subject *s, subject_name_fn *visit, void *ctx)
{
	const char *at = s->optional_tasks ? s->optional_tasks : "";
	bool more = true;
	const char *name;
	size_t len;

	while (more && (name = next_name(&at, &len))) {
		CLEANUP(free_p) char *copy = xstrndup(name, len);

		more = visit(ctx, copy);
	}
}
