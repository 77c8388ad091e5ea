/*
 * credentials - how to reach the API server and authenticate: from a kubeconfig, or from the
 * service account that Kubernetes mounts into a pod.
 *
 * Plain data that owns its strings; read once at the start, then const for every thread. Files that
 * rotate (a token, certificates) are kept as paths and reloaded by their users; here they are only
 * checked, so that a fault shows at the start.
 */
#ifndef PROMOGATE_CLIENT_CREDENTIALS_H
#define PROMOGATE_CLIENT_CREDENTIALS_H

#include <stdbool.h>

#include "base/err.h"
#include "client/pem.h"

struct credentials {
	char *server; /* "https://host:port", an optional path, no trailing slash */
	struct pem ca; /* none: the system's */
	struct pem cert, key; /* the client's certificate; both or neither */
	char *token; /* NULL, or a bearer token */
	char *token_file; /* NULL, or the file that it is reloaded from; wins over token */
	char *namespace; /* never NULL; of the context or the service account, else "default" */
	char *tls_server_name; /* NULL: the certificate must be for the server's own name */
	bool insecure; /* the server's certificate is not checked */
	char *source; /* for people: "kubeconfig FILE, context NAME" */
};

#define CREDENTIALS_INIT {.server = NULL}

void credentials_release(struct credentials *c); /* for CLEANUP() too */

/*
 * From kubeconfig files: paths is one, or several separated by ':', of which the first with an
 * entry wins and missing ones are skipped (as in kubectl). context NULL: the current one. Relative
 * paths in a file start at its folder.
 *
 * ERR_INVALID with file, line and fix for anything wrong or not supported: exec and auth-provider
 * plugins, passwords, impersonation, a proxy. ERR_NOT_FOUND if no file exists. Over http:// no
 * credentials are kept, as kubectl sends none in clear text.
 */
int credentials_from_kubeconfig(
	const char *paths, const char *context, struct credentials *ret, struct err *err);

/*
 * From the service account mounted at folder (NULL: where Kubernetes mounts it) and the variables
 * KUBERNETES_SERVICE_HOST and _PORT. ERR_NOT_FOUND outside a cluster.
 */
int credentials_in_cluster(const char *folder, struct credentials *ret, struct err *err);

/*
 * The first that exists: the given kubeconfig (NULL or "": none), the service account, $KUBECONFIG,
 * ~/.kube/config. If a context is given, the service account is skipped.
 */
int credentials_find(
	const char *kubeconfig, const char *context, struct credentials *ret, struct err *err);

#endif
