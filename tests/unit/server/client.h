/*
 * client - a plain socket for tests of the server: sends bytes, reads one answer.
 */
#ifndef PROMOGATE_TESTS_SERVER_CLIENT_H
#define PROMOGATE_TESTS_SERVER_CLIENT_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "unit.h"

enum { ANSWER_BYTES = 65536, CLIENT_PATIENCE_S = 60 };

static inline int client_connect(uint16_t port)
{
	const struct timeval patience = {.tv_sec = CLIENT_PATIENCE_S};
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_true(fd >= 0);
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	return fd;
}

static inline void client_send(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

static inline void client_post(int fd, const char *path, const char *body)
{
	CLEANUP(free_p)
	char *text = xasprintf("POST %s HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
			       "Content-Length: %zu\r\n\r\n%s",
		path, strlen(body), body);

	client_send(fd, text);
}

/* Headers and body of one answer, as text; its status, or 0 where the connection ends before. */
static inline int client_answer(int fd, char answer[ANSWER_BYTES])
{
	size_t len = 0, want = ANSWER_BYTES;

	while (len < want) {
		ssize_t n = recv(fd, answer + len, len + 1 < ANSWER_BYTES ? 1 : 0, 0);
		const char *length;
		char *end;

		if (n <= 0)
			return 0;
		answer[++len] = '\0';
		end = want == ANSWER_BYTES ? strstr(answer, "\r\n\r\n") : NULL;
		if (!end)
			continue;
		length = strstr(answer, "Content-Length: ");
		want = (size_t)(end + 4 - answer) + (length ? strtoul(length + 16, NULL, 10) : 0);
	}
	return (int)strtol(answer + strlen("HTTP/1.1 "), NULL, 10);
}

/* Whether the other side has closed; waits for it. */
static inline bool client_closed(int fd)
{
	char c;

	return recv(fd, &c, 1, 0) <= 0;
}

#endif
