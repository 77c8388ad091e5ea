#include "client/credentials.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"
#include "client/context.h"
#include "client/kubeconfig.h"
#include "run/file.h"

#define SERVICE_ACCOUNT "/var/run/secrets/kubernetes.io/serviceaccount"

void credentials_release(struct credentials *c)
{
	free(c->server);
	pem_release(&c->ca);
	pem_release(&c->cert);
	pem_release(&c->key);
	free(c->token);
	free(c->token_file);
	free(c->namespace);
	free(c->tls_server_name);
	free(c->source);
	*c = (struct credentials)CREDENTIALS_INIT;
}

int credentials_from_kubeconfig(
	const char *paths, const char *context, struct credentials *ret, struct err *err)
{
	CLEANUP(kubeconfig_release) struct kubeconfig k = {.n = 0};
	struct credentials c = CREDENTIALS_INIT;

	if (kubeconfig_open(paths, &k, err) < 0)
		return -1;
	if (!context || !*context)
		context = kubeconfig_current(&k);
	if (!context)
		return err_set(err, ERR_INVALID,
			"kubeconfig %s: no current-context; set it, or use --context", paths);
	if (context_read(&k, context, &c, err) < 0) {
		credentials_release(&c);
		return -1;
	}
	*ret = c;
	return 0;
}

static int read_namespace(const char *folder, char **ret, struct err *err)
{
	CLEANUP(free_p) char *path = xasprintf("%s/namespace", folder);
	CLEANUP(buf_release) struct buf b = BUF_INIT(LIMIT_CONFIG_FILE_BYTES);

	if (file_read(path, &b, err) < 0)
		return -1;
	*ret = xstrndup(buf_str(&b), strcspn(buf_str(&b), " \t\r\n"));
	return 0;
}

int credentials_in_cluster(const char *folder, struct credentials *ret, struct err *err)
{
	const char *host = secure_getenv("KUBERNETES_SERVICE_HOST");
	const char *port = secure_getenv("KUBERNETES_SERVICE_PORT");
	CLEANUP(free_p) char *ca = NULL;
	struct credentials c = CREDENTIALS_INIT;

	folder = folder ? folder : SERVICE_ACCOUNT;
	if (!host || !*host || !port || !*port)
		return err_set(err, ERR_NOT_FOUND,
			"not in a cluster: no KUBERNETES_SERVICE_HOST and _PORT");
	c.token_file = xasprintf("%s/token", folder);
	if (access(c.token_file, R_OK) < 0) {
		(void)err_set_errno(err, errno, "no service account token: %s", c.token_file);
		credentials_release(&c);
		return -1;
	}
	c.server = xasprintf(strchr(host, ':') ? "https://[%s]:%s" : "https://%s:%s", host, port);
	ca = xasprintf("%s/ca.crt", folder);
	if (pem_from_file(ca, &c.ca, err) < 0 || read_namespace(folder, &c.namespace, err) < 0) {
		credentials_release(&c);
		/* There is a token, so this is a pod, and its service account is incomplete. */
		if (err)
			err->kind = ERR_INVALID;
		return err_wrap(err, "in-cluster credentials");
	}
	c.source = xasprintf("service account of namespace %s", c.namespace);
	*ret = c;
	return 0;
}

static int pass_on(const struct err *failed, struct err *err)
{
	if (err)
		*err = *failed;
	return -1;
}

static int from_home(const char *context, struct credentials *ret, struct err *err)
{
	const char *home = secure_getenv("HOME");
	CLEANUP(free_p) char *path = xasprintf("%s/.kube/config", home ? home : "");
	struct err failed = ERR_INIT;

	if (credentials_from_kubeconfig(path, context, ret, &failed) == 0)
		return 0;
	if (failed.kind == ERR_NOT_FOUND)
		return err_set(err, ERR_NOT_FOUND,
			"no API server configured; use --kubeconfig, set KUBECONFIG, or run in a "
			"pod with a service account (%s does not exist either)",
			path);
	return pass_on(&failed, err);
}

int credentials_find(
	const char *kubeconfig, const char *context, struct credentials *ret, struct err *err)
{
	const char *list = secure_getenv("KUBECONFIG");
	struct err failed = ERR_INIT;

	if (kubeconfig && *kubeconfig)
		return credentials_from_kubeconfig(kubeconfig, context, ret, err);
	if (!context || !*context) {
		if (credentials_in_cluster(NULL, ret, &failed) == 0)
			return 0;
		if (failed.kind != ERR_NOT_FOUND)
			return pass_on(&failed, err);
	}
	if (list && *list)
		return credentials_from_kubeconfig(list, context, ret, err);
	return from_home(context, ret, err);
}
