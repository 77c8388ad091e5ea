#include "run/thread.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "cond.h"
#include "run/clock.h"
#include "run/file.h"
#include "run/lock.h"
#include "run/signal.h"
#include "unit.h"

struct shared {
	struct lock lock;
	pthread_cond_t cond;
	int turns;
	char name[16];
	bool sigterm_blocked, sigsys_blocked;
};

static void work(void *ctx)
{
	struct shared *s = ctx;
	sigset_t mask;

	LOCK_SCOPE(&s->lock);
	lock_assert_held(&s->lock);
	if (pthread_getname_np(pthread_self(), s->name, sizeof(s->name)) ||
		pthread_sigmask(SIG_BLOCK, NULL, &mask))
		abort();
	s->sigterm_blocked = sigismember(&mask, SIGTERM) == 1;
	s->sigsys_blocked = sigismember(&mask, SIGSYS) == 1;
	s->turns++;
	(void)pthread_cond_signal(&s->cond);
	while (s->turns < 2)
		cond_wait(&s->cond, &s->lock);
}

static void threads_have_names_and_no_signals(void **state)
{
	struct shared s = {.lock = LOCK_INIT};
	struct thread *t = NULL;
	struct err err = ERR_INIT;

	(void)state;
	(void)pthread_cond_init(&s.cond, NULL);
	assert_int_equal(thread_start("a-rather-long-name", work, &s, &t, &err), 0);
	lock_lock(&s.lock);
	while (s.turns < 1)
		cond_wait(&s.cond, &s.lock);
	s.turns++;
	(void)pthread_cond_broadcast(&s.cond);
	lock_unlock(&s.lock);
	thread_join(t);
	thread_join(NULL);
	assert_string_equal(s.name, "a-rather-long-n");
	assert_true(s.sigterm_blocked);
	assert_false(s.sigsys_blocked); /* the sandbox's own, to the thread that broke a rule */
	(void)pthread_cond_destroy(&s.cond);
	lock_destroy(&s.lock);
}

static void write_once(void *ctx)
{
	struct rwlock *l = ctx;

	rwlock_wrlock(l);
	rwlock_unlock(l);
}

/* Readers that overlap without end, as verdicts under load, must not keep the informer out. */
static void a_writer_goes_before_later_readers(void **state)
{
	int64_t deadline = clock_mono_ms() + 10000;
	struct thread *t = NULL;
	struct err err = ERR_INIT;
	struct rwlock l;

	(void)state;
	rwlock_init(&l);
	rwlock_rdlock(&l);
	assert_int_equal(thread_start("writer", write_once, &l, &t, &err), 0);
	while (pthread_rwlock_tryrdlock(&l.rwlock) == 0) {
		rwlock_unlock(&l);
		assert_true(clock_mono_ms() < deadline);
	}
	rwlock_unlock(&l);
	thread_join(t);
	rwlock_destroy(&l);
}

static void a_signal_is_waited_for(void **state)
{
	(void)state;
	signal_setup();
	assert_int_equal(signal_wait(0), 0);
	assert_int_equal(signal_wait(10), 0);
	assert_int_equal(kill(getpid(), SIGTERM), 0);
	assert_int_equal(signal_wait(-1), SIGTERM);
	assert_int_equal(kill(getpid(), SIGINT), 0);
	assert_int_equal(signal_wait(10000), SIGINT);
}

static void times_read_as_rfc_3339(void **state)
{
	char text[CLOCK_TEXT_BYTES];

	(void)state;
	clock_text(1700000000007, text);
	assert_string_equal(text, "2023-11-14T22:13:20.007Z");
	assert_true(clock_wall_ms() > 1700000000000);
}

static void files_are_read_up_to_a_limit(void **state)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT(10000);
	char path[] = "/tmp/promogate-file-XXXXXX";
	struct err err = ERR_INIT;
	int fd = mkostemp(path, O_CLOEXEC);

	(void)state;
	assert_true(fd >= 0);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(write(fd, "0123456789", 10), 10);
	assert_int_equal(file_read(path, &b, &err), 0);
	assert_int_equal(b.len, 10000);
	buf_reset(&b);
	assert_int_equal(write(fd, "x", 1), 1);
	assert_int_equal(file_read(path, &b, &err), -1);
	assert_int_equal(err.kind, ERR_TOO_LARGE);
	(void)close(fd);
	(void)unlink(path);
	assert_int_equal(file_read(path, &b, &err), -1);
	assert_int_equal(err.kind, ERR_NOT_FOUND);
	assert_says(err.msg, path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(threads_have_names_and_no_signals),
		cmocka_unit_test(a_writer_goes_before_later_readers),
		cmocka_unit_test(a_signal_is_waited_for),
		cmocka_unit_test(times_read_as_rfc_3339),
		cmocka_unit_test(files_are_read_up_to_a_limit),
	};

	return cmocka_run_group_tests_name("thread", tests, NULL, NULL);
}
