#include "promotion/event_text.h"

#include "promotion/event_text_internal.h"

/* So that the text after a list is not truncated. */
enum { LIST_BYTES = 400 };

void event_text_release(struct event_text *t)
{
	buf_release(&t->message);
}

struct buf *event_text_begin(struct event_text *t, bool warning, const char *reason)
{
	t->warning = warning;
	t->reason = reason;
	buf_reset(&t->message);
	return &t->message;
}

const char *event_text_tasks(size_t n)
{
	return n == 1 ? "promotion task" : "promotion tasks";
}

void event_text_command(struct buf *to, const char *ns, const struct view_version *v,
	const char *annotation, unsigned attempt)
{
	(void)buf_addf(to, "kubectl annotate keptnappversion -n %s %s %s=%u --overwrite", ns,
		v->name, annotation, attempt);
}

struct event_text_list event_text_list_begin(struct buf *to, const char *between)
{
	return (struct event_text_list){.to = to, .start = to->len, .between = between};
}

bool event_text_list_more(struct event_text_list *l)
{
	if (l->to->len - l->start > LIST_BYTES) {
		l->left_out++;
		return false;
	}
	if (l->count++)
		(void)buf_add(l->to, l->between);
	return true;
}

void event_text_list_end(struct event_text_list *l)
{
	if (l->left_out)
		(void)buf_addf(l->to, "%sand %zu more", l->between, l->left_out);
}

void event_text_started(struct event_text *t, const struct appversion *v,
	const struct plan_action *a, const struct plan *p)
{
	struct buf *to = event_text_begin(t, false, "PromotionTasksStarted");
	struct event_text_list list;

	(void)buf_addf(to, "%s %s: started %zu %s", v->app, v->view.version, a->count,
		event_text_tasks(a->count));
	if (a->attempt > 1)
		(void)buf_addf(to, ", attempt %u", a->attempt);
	(void)buf_add(to, ": ");
	list = event_text_list_begin(to, ", ");
	for (size_t i = a->first; i < a->first + a->count; i++)
		if (event_text_list_more(&list))
			(void)buf_addf(to, "%s (Job %s)", p->changes[i].task, p->changes[i].job);
	event_text_list_end(&list);
}

void event_text_retired(
	struct event_text *t, const struct appversion *v, const struct plan_action *a)
{
	bool never = a->kind == PLAN_DEPRECATE;
	struct buf *to = event_text_begin(
		t, false, never ? "PromotionTasksDeprecated" : "PromotionTasksSuperseded");

	(void)buf_addf(to, "%s %s: superseded by %s; %s", v->app, v->view.version, a->other->name,
		never ? "its promotion tasks will not run" : "it can no longer be retried");
}

void event_text_create_failed(struct event_text *t, const char *task, const char *error)
{
	struct buf *to = event_text_begin(t, true, "CreateTaskFailed");

	(void)buf_addf(
		to, "could not create the Job for promotion task %s, retrying: %s", task, error);
}

void event_text_failed(struct event_text *t, const char *doing, const char *error)
{
	struct buf *to = event_text_begin(t, true, "PromotionTasksReconcileError");

	(void)buf_addf(to, "failed to %s, retrying: %s", doing, error);
}
