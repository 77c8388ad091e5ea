/*
 * apiclient - the API client on the command line, for 10-client.bats and for measuring. With the
 * kubeconfig of $KUBECONFIG:
 *
 *	apiclient call METHOD PATH [TYPE]   the answer; TYPE: with standard input as the body
 *	apiclient list PATH PAGE            in pages: "OBJECTS objects in PAGES pages at VERSION"
 *	apiclient watch PATH                a line for each event: "TYPE NAME VERSION"
 *	apiclient idle PATH N               N watches and nothing else, until a signal ends it
 *
 * A failure is one line, "KIND STATUS MESSAGE", and exit 1.
 */
#include "client/api.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "api_wait.h"
#include "base/limits.h"
#include "base/str.h"
#include "json/json.h"
#include "kube/url.h"
#include "kube/watch.h"

static int fail(const struct err *err)
{
	(void)printf("%s %d %s\n", err_kind_name(err->kind), err->http_status, err->msg);
	return 1;
}

static int call(struct api *api, char **argv)
{
	CLEANUP(buf_release) struct buf body = BUF_INIT(LIMIT_OBJECT_BYTES);
	struct api_request request = {.method = argv[0], .path = argv[1], .content_type = argv[2]};
	CLEANUP(free_p) char *answer = NULL;
	struct err err = ERR_INIT;
	char piece[4096];
	size_t n;

	while (argv[2] && (n = fread(piece, 1, sizeof(piece), stdin)) > 0)
		(void)buf_addn(&body, piece, n);
	if (argv[2]) {
		request.body = buf_str(&body);
		request.body_len = body.len;
	}
	if (api_call_wait(api, &request, &answer, &n, &err) < 0)
		return fail(&err);
	(void)puts(answer);
	return 0;
}

/* The next page, its objects counted; *next for free(), "" after the last. */
static int page(struct api *api, const char *path, size_t *objects, char **version, char **next,
	struct err *err)
{
	struct api_request request = {.path = path, .max_bytes = LIMIT_LIST_PAGE_BYTES};
	CLEANUP(json_free_p) struct json *j = NULL;
	CLEANUP(free_p) char *body = NULL;
	const char *token, *at;
	size_t len;

	if (api_call_wait(api, &request, &body, &len, err) < 0 ||
		json_parse(body, len, &j, err) < 0)
		return -1;
	*objects += json_count(json_get(j, "items"));
	token = json_string(json_at(j, "metadata", "continue"));
	at = json_string(json_at(j, "metadata", "resourceVersion"));
	free(*next);
	*next = xstrdup(token ? token : "");
	free(*version);
	*version = xstrdup(at ? at : "");
	return 0;
}

static int list(struct api *api, char **argv)
{
	CLEANUP(free_p) char *version = NULL, *next = xstrdup("");
	size_t objects = 0, pages = 0;
	struct err err = ERR_INIT;

	do {
		CLEANUP(buf_release) struct buf path = BUF_INIT(LIMIT_URL_BYTES);

		(void)buf_add(&path, argv[0]);
		url_add_query(&path, "limit", argv[1]);
		if (*next)
			url_add_query(&path, "continue", next);
		if (page(api, buf_str(&path), &objects, &version, &next, &err) < 0)
			return fail(&err);
		pages++;
	} while (*next);
	(void)printf("%zu objects in %zu pages at %s\n", objects, pages, version);
	return 0;
}

struct watched {
	struct lock lock;
	pthread_cond_t ended;
	bool is_over;
	struct err err;
};

static int on_line(void *ctx, const char *line, size_t len, struct err *err)
{
	static const char *const types[] = {"ADDED", "MODIFIED", "DELETED", "BOOKMARK"};
	CLEANUP(watch_event_release) struct watch_event event = WATCH_EVENT_INIT;
	const char *name;

	(void)ctx;
	if (watch_event_decode(line, len, &event, err) < 0)
		return -1;
	name = json_string(json_at(event.object, "metadata", "name"));
	(void)printf("%s %s %s\n", types[event.type], name ? name : "", event.resource_version);
	(void)fflush(stdout);
	return 0;
}

static void on_end(void *ctx, const struct api_response *response, const struct err *err)
{
	struct watched *w = ctx;

	(void)response;
	LOCK_SCOPE(&w->lock);
	w->is_over = true;
	if (err)
		w->err = *err;
	(void)pthread_cond_signal(&w->ended);
}

static int watch(struct api *api, char **argv)
{
	struct watched w = {.lock = LOCK_INIT};
	struct api_request request = {.path = argv[0]};

	(void)pthread_cond_init(&w.ended, NULL);
	(void)api_watch(api, &request, on_line, on_end, &w);
	lock_lock(&w.lock);
	while (!w.is_over)
		cond_wait(&w.ended, &w.lock);
	lock_unlock(&w.lock);
	(void)pthread_cond_destroy(&w.ended);
	if (w.err.kind != ERR_NONE)
		return fail(&w.err);
	(void)puts("ended");
	return 0;
}

static int idle(struct api *api, char **argv)
{
	struct watched w[LIMIT_API_WATCHES] = {{.is_over = false}};
	struct api_request request = {.path = argv[0]};
	int64_t n = 0;

	(void)str_to_int64(argv[1], &n);
	for (int64_t i = 0; i < n && i < LIMIT_API_WATCHES; i++) {
		lock_init(&w[i].lock);
		(void)pthread_cond_init(&w[i].ended, NULL);
		(void)api_watch(api, &request, on_line, on_end, &w[i]);
	}
	return pause();
}

static int run(struct api *api, int argc, char **argv)
{
	if (argc >= 4 && str_eq(argv[1], "call"))
		return call(api, argv + 2);
	if (argc == 4 && str_eq(argv[1], "list"))
		return list(api, argv + 2);
	if (argc == 3 && str_eq(argv[1], "watch"))
		return watch(api, argv + 2);
	if (argc == 4 && str_eq(argv[1], "idle"))
		return idle(api, argv + 2);
	(void)fputs("usage: see tests/e2e/apiclient.c\n", stderr);
	return 2;
}

int main(int argc, char **argv)
{
	static const struct api_options options = {.user_agent = "promogate-apiclient"};
	CLEANUP(credentials_release) struct credentials credentials = CREDENTIALS_INIT;
	CLEANUP(api_free_p) struct api *api = NULL;
	struct err err = ERR_INIT;

	if (credentials_find(NULL, NULL, &credentials, &err) < 0 ||
		api_new(&credentials, &options, &api, &err) < 0)
		return fail(&err);
	return run(api, argc, argv);
}
