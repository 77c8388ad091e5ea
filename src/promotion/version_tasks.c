#include "promotion/version_tasks.h"

#include "base/str.h"

bool version_takes_in(const struct view_version *v, const struct added_task *task)
{
	return v->ntasks > 0 || (task->since > 0 && v->ended > task->since);
}

static void add(struct view_task *tasks, size_t *n, const char *name, enum view_task_kind kind)
{
	for (size_t i = 0; i < *n; i++)
		if (str_eq(tasks[i].name, name))
			return;
	tasks[(*n)++] = (struct view_task){.name = name, .kind = kind};
}

size_t version_tasks(
	const struct view_version *v, const struct added_tasks *added, struct view_task *ret)
{
	size_t n = 0;

	for (size_t i = 0; i < v->ntasks; i++)
		add(ret, &n, v->tasks[i].name, VIEW_OWN);
	for (size_t i = 0; i < added->count; i++)
		if (version_takes_in(v, &added->at[i]))
			add(ret, &n, added->at[i].name, VIEW_ADDED);
	for (size_t i = 0; i < v->nitems; i++)
		add(ret, &n, v->items[i].task, VIEW_FORMER);
	return n;
}
