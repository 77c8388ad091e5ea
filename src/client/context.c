#include "client/context.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"

static char *copy(const char *s)
{
	return s ? xstrdup(s) : NULL;
}

/* Fields that are not supported, with what to do instead. */
struct refusal {
	const char *field, *why;
};

static bool is_empty(const struct json *value)
{
	switch (json_type(value)) {
	case JSON_NULL:
		return true;
	case JSON_STRING:
		return str_eq(json_string(value), "");
	case JSON_ARRAY:
	case JSON_OBJECT:
		return json_count(value) == 0;
	default:
		return false;
	}
}

static int refuse(const struct kubeconfig_entry *entry, const struct refusal *refusals, size_t n,
	struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		const struct json *value = json_get(entry->value, refusals[i].field);

		if (is_empty(value))
			continue;
		(void)err_set(err, ERR_INVALID, "%s: %s", refusals[i].field, refusals[i].why);
		return kubeconfig_blame(entry, refusals[i].field, err);
	}
	return 0;
}

static int read_pem(
	const struct kubeconfig_entry *entry, const char *field, struct pem *ret, struct err *err)
{
	CLEANUP(free_p) char *data_field = xasprintf("%s-data", field);
	CLEANUP(free_p) char *file = NULL;
	const char *data = NULL, *path = NULL;

	if (kubeconfig_string(entry, data_field, &data, err) < 0 ||
		kubeconfig_string(entry, field, &path, err) < 0)
		return -1;
	if (data && path) {
		(void)err_set(
			err, ERR_INVALID, "both %s and %s are set; remove one", field, data_field);
		return kubeconfig_blame(entry, field, err);
	}
	if (data && pem_from_base64(data, ret, err) < 0) {
		(void)err_wrap(err, "%s", data_field);
		return kubeconfig_blame(entry, data_field, err);
	}
	if (!path)
		return 0;
	file = kubeconfig_path(entry, path);
	if (pem_from_file(file, ret, err) == 0)
		return 0;
	/* A file that the kubeconfig names does not exist: the kubeconfig is wrong. */
	if (err)
		err->kind = ERR_INVALID;
	(void)err_wrap(err, "%s", field);
	return kubeconfig_blame(entry, field, err);
}

/* http or https, a host, perhaps a path; nothing else. */
static bool is_server(const char *url)
{
	const char *host = str_starts(url, "https://")  ? url + 8
			   : str_starts(url, "http://") ? url + 7
							: "";

	if (!*host || strchr("/:", *host))
		return false;
	for (const char *p = host; *p; p++)
		if (*p <= ' ' || *p >= 0x7f || strchr("?#@\\", *p))
			return false;
	return true;
}

static int read_server(const struct kubeconfig_entry *entry, struct credentials *c, struct err *err)
{
	const char *server = NULL;
	size_t len;

	if (kubeconfig_string(entry, "server", &server, err) < 0)
		return -1;
	if (!server || !is_server(server)) {
		(void)err_set(err, ERR_INVALID, "server: must be https://HOST:PORT, not \"%.*s\"",
			LIMIT_QUOTED_BYTES, server ? server : "");
		return kubeconfig_blame(entry, "server", err);
	}
	len = strlen(server);
	while (server[len - 1] == '/')
		len--;
	c->server = xstrndup(server, len);
	return 0;
}

static int read_cluster(
	const struct kubeconfig_entry *entry, struct credentials *c, struct err *err)
{
	static const struct refusal refusals[] = {
		{"proxy-url", "proxies are not supported; remove it, or use a direct address"},
	};
	const struct json *insecure = json_get(entry->value, "insecure-skip-tls-verify");
	const char *name = NULL;

	if (refuse(entry, refusals, ARRAY_SIZE(refusals), err) < 0 ||
		read_server(entry, c, err) < 0 ||
		read_pem(entry, "certificate-authority", &c->ca, err) < 0 ||
		kubeconfig_string(entry, "tls-server-name", &name, err) < 0)
		return -1;
	c->tls_server_name = copy(name);
	c->insecure = json_is_true(insecure);
	if (json_type(insecure) != JSON_NULL && json_type(insecure) != JSON_BOOL)
		(void)err_set(err, ERR_INVALID, "insecure-skip-tls-verify: must be true or false");
	else if (c->insecure && pem_given(&c->ca))
		(void)err_set(err, ERR_INVALID,
			"insecure-skip-tls-verify and a certificate-authority are both set; remove one");
	else
		return 0;
	return kubeconfig_blame(entry, "insecure-skip-tls-verify", err);
}

static int read_user(const struct kubeconfig_entry *entry, struct credentials *c, struct err *err)
{
#define INSTEAD "use a token, a tokenFile or a client certificate"
	static const struct refusal refusals[] = {
		{"exec", "exec plugins are not supported; " INSTEAD},
		{"auth-provider", "auth providers are not supported; " INSTEAD},
		{"username", "Kubernetes has no passwords since 1.19; " INSTEAD},
		{"password", "Kubernetes has no passwords since 1.19; " INSTEAD},
		{"as", "impersonation is not supported; " INSTEAD " of that user"},
		{"as-uid", "impersonation is not supported; remove it"},
		{"as-groups", "impersonation is not supported; remove it"},
		{"as-user-extra", "impersonation is not supported; remove it"},
	};
	const char *token = NULL, *file = NULL;

	if (refuse(entry, refusals, ARRAY_SIZE(refusals), err) < 0 ||
		read_pem(entry, "client-certificate", &c->cert, err) < 0 ||
		read_pem(entry, "client-key", &c->key, err) < 0 ||
		kubeconfig_string(entry, "token", &token, err) < 0 ||
		kubeconfig_string(entry, "tokenFile", &file, err) < 0)
		return -1;
	if (pem_given(&c->cert) != pem_given(&c->key)) {
		(void)err_set(err, ERR_INVALID,
			"a client certificate needs its key, and a key its certificate");
		return kubeconfig_blame(entry, NULL, err);
	}
	c->token = copy(token);
	c->token_file = file ? kubeconfig_path(entry, file) : NULL;
	return 0;
}

/* As in kubectl: no secrets over plain HTTP. */
static void drop_secrets(struct credentials *c)
{
	pem_release(&c->ca);
	pem_release(&c->cert);
	pem_release(&c->key);
	free(STEAL(c->token));
	free(STEAL(c->token_file));
}

int context_read(
	const struct kubeconfig *k, const char *name, struct credentials *c, struct err *err)
{
	struct kubeconfig_entry context, cluster, user;
	const char *cluster_name = NULL, *user_name = NULL, *namespace = NULL;

	if (kubeconfig_find(k, "context", name, &context, err) < 0 ||
		kubeconfig_string(&context, "cluster", &cluster_name, err) < 0 ||
		kubeconfig_string(&context, "user", &user_name, err) < 0 ||
		kubeconfig_string(&context, "namespace", &namespace, err) < 0)
		return -1;
	c->namespace = xstrdup(namespace ? namespace : "default");
	c->source = xasprintf("kubeconfig %s, context %s", context.file->path, name);
	if (!cluster_name) {
		(void)err_set(err, ERR_INVALID, "cluster: required");
		return kubeconfig_blame(&context, NULL, err);
	}
	if (kubeconfig_find(k, "cluster", cluster_name, &cluster, err) < 0 ||
		(user_name && kubeconfig_find(k, "user", user_name, &user, err) < 0))
		return err_wrap(err, "context \"%.*s\"", LIMIT_QUOTED_BYTES, name);
	if (read_cluster(&cluster, c, err) < 0 || (user_name && read_user(&user, c, err) < 0))
		return -1;
	if (!str_starts(c->server, "https://"))
		drop_secrets(c);
	return 0;
}
