/*
 * credentials - where the API server is, and how to prove who we are: from a kubeconfig, or from
 * the service account that Kubernetes mounts into a pod.
 *
 * Plain data that owns its strings; read once at the start, then const for every thread. Files that
 * rotate (a token, certificates) are kept as paths and read again by whoever uses them; here they
 * are only checked, so that a fault shows at the start.
 */
#ifndef PROMOGATE_CLIENT_CREDENTIALS_H
#define PROMOGATE_CLIENT_CREDENTIALS_H

#include <stdbool.h>

#include "base/err.h"
#include "client/pem.h"

struct credentials {
	char *server; /* "https://host:port", perhaps a path behind it, no slash at the end */
	struct pem ca; /* none: the system's */
	struct pem cert, key; /* the client's certificate; both or neither */
	char *token; /* NULL, or a bearer token */
	char *token_file; /* NULL, or where it is read from again and again; goes before token */
	char *namespace; /* never NULL: of the context or the service account, else "default" */
	char *tls_server_name; /* NULL: the certificate must be for the server's own name */
	bool insecure; /* the server's certificate is not checked */
	char *source; /* for people: "kubeconfig FILE, context NAME" */
};

#define CREDENTIALS_INIT {.server = NULL}

void credentials_release(struct credentials *c); /* for CLEANUP() too */

/*
 * From kubeconfig files: paths is one, or several with ':' between, of which the first that has an
 * entry wins and those that don't exist are passed over (as kubectl reads $KUBECONFIG). context
 * NULL: the current one. Relative paths in a file start at its folder.
 *
 * ERR_INVALID with file, line and the mend for what is wrong or not supported: exec and
 * auth-provider plugins, passwords, impersonation, a proxy. ERR_NOT_FOUND if no file exists. Over
 * http:// no credentials are kept, as kubectl sends none in clear text.
 */
int credentials_from_kubeconfig(
	const char *paths, const char *context, struct credentials *ret, struct err *err);

/*
 * From the service account mounted at folder (NULL: where Kubernetes mounts it) and the variables
 * KUBERNETES_SERVICE_HOST and _PORT. ERR_NOT_FOUND outside a cluster.
 */
int credentials_in_cluster(const char *folder, struct credentials *ret, struct err *err);

/*
 * The first there is: the kubeconfig given (NULL or "": none was), the service account,
 * $KUBECONFIG,
 * ~/.kube/config. A context makes no sense in a cluster: where one is given, that step is left out.
 */
int credentials_find(
	const char *kubeconfig, const char *context, struct credentials *ret, struct err *err);

#endif
