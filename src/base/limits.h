/*
 * limits - every bound on what others send, each with its reason. A bound that is not here is a
 * bug: out of memory ends the process (base/mem.h), which is sound only because of this list.
 */
#ifndef PROMOGATE_BASE_LIMITS_H
#define PROMOGATE_BASE_LIMITS_H

enum {
	/* The API server takes objects up to 3 MiB; an AdmissionReview of an update holds two. */
	LIMIT_REVIEW_BYTES = 7 * 1024 * 1024,
	/* Objects that CRDs describe are about 10 deep; ours nests two more around them. */
	LIMIT_JSON_DEPTH = 64,
	/*
	 * One parsed value costs 80 to 112 bytes: what the API server stores, 1.5 MiB of "[0,0,…"
	 * at the worst, must be read all the same, or one odd object would stop an informer.
	 */
	LIMIT_JSON_VALUES = 512 * 1024,
	/*
	 * An AdmissionReview is anybody's to send, and many are judged in a pod of 128 MiB: 7 MiB
	 * of values. Contexts have a few hundred.
	 */
	LIMIT_REVIEW_VALUES = 64 * 1024,
	/* A response holds messages of ours and no object: see LIMIT_FINDINGS. */
	LIMIT_RESPONSE_BYTES = 1024 * 1024,
	/*
	 * Of each severity. An object with more errors than this is denied whoever applies it and
	 * whatever the stored one had.
	 */
	LIMIT_FINDINGS = 1000,
	/* More findings than a person reads; the rest is counted in one last line. */
	LIMIT_FINDINGS_REPORTED = 100,
	/* The explanation of one finding: our words, and names of at most LIMIT_NAME_BYTES. */
	LIMIT_DETAIL_BYTES = 8 * 1024,
	/* Each "did you mean" compares with every name in two namespaces. */
	LIMIT_SUGGESTIONS = 5,
	/* How many names all of them may measure, 10 us each: one namespace may hold thousands. */
	LIMIT_SUGGESTION_NAMES = 1000,
	/* Live look-ups that one request asks for at a time. */
	LIMIT_LOOKUPS_PER_ROUND = 32,
	/* A live look-up: well below the 3 s that the API server waits for the webhook. */
	LIMIT_LOOKUP_MS = 2000,
	/* How long before the API server stops waiting a request is answered, come what may. */
	LIMIT_ANSWER_MARGIN_MS = 300,
	/* Requests that wait for live look-ups; each holds its body, and nothing parsed. */
	LIMIT_WAITING_REQUESTS = 256,
	/* What a finding says of a value that somebody wrote. */
	LIMIT_QUOTED_BYTES = 256,
	/* The API server cuts a warning over 256 characters, and all of them at 4,096. */
	LIMIT_WARNING_CHARS = 256,
	LIMIT_WARNINGS_CHARS = 4096,
	/* A character is up to four bytes of UTF-8. */
	LIMIT_WARNING_BYTES = 4 * LIMIT_WARNING_CHARS,
	/* What the API server reads of a request; etcd stores half of it. */
	LIMIT_JOB_BYTES = 3 * 1024 * 1024,
	/* A Job's name is the value of a label of its pods. */
	LIMIT_LABEL_VALUE_BYTES = 63,
	LIMIT_JOB_NAME_BYTES = LIMIT_LABEL_VALUE_BYTES,
	/* An RFC 1123 subdomain, as the API server has it. */
	LIMIT_NAME_BYTES = 253,
	/* Parents of a functionRef; Keptn's own chains are one long. */
	LIMIT_FUNCTION_REF_DEPTH = 16,
	/* Tasks or status items of one KeptnAppVersion that are judged; people name a handful. */
	LIMIT_VERSION_TASKS = 1000,
	/* What an Event or an annotation says; an Event's message may be no longer. */
	LIMIT_MESSAGE_BYTES = 1024,
	/* One page of a list: 100 task definitions with code inline; fewer if it is too large. */
	LIMIT_LIST_PAGE_BYTES = 8 * 1024 * 1024,
	/* One watch event, an object in a few bytes of its own. */
	LIMIT_WATCH_LINE_BYTES = 4 * 1024 * 1024,
	/* One object, as the API server answers a GET. */
	LIMIT_OBJECT_BYTES = 4 * 1024 * 1024,
	/* A kubeconfig, token or certificate file. */
	LIMIT_CONFIG_FILE_BYTES = 1024 * 1024,
	/* Connections to the server. The API server keeps about 25; the rest is room for others. */
	LIMIT_SERVER_CONNECTIONS = 1024,
	/* All headers of a request, its body as it comes by, and the headers of the answer. */
	LIMIT_SERVER_CONNECTION_BYTES = 16 * 1024,
	/*
	 * Bodies that were received and not answered: the pod has 128 MiB, and buffers that grow
	 * are half as large again. A quarter of it is for small bodies alone: whoever sends large
	 * ones keeps nobody else out.
	 */
	LIMIT_SERVER_BODIES_BYTES = 16 * 1024 * 1024,
	LIMIT_SERVER_SMALL_BODY_BYTES = 64 * 1024,
	/* What is read of a body that was refused already, so that its sender reads the answer. */
	LIMIT_SERVER_DISCARD_BYTES = 1024 * 1024,
	/*
	 * From the accept to the last byte of the first request; the API server gives up at 10 s.
	 */
	LIMIT_SERVER_FIRST_REQUEST_MS = 10 * 1000,
	/* From the first byte of a request to the last of its answer. */
	LIMIT_SERVER_REQUEST_MS = 10 * 1000,
	/* Above the 90 s for which the API server keeps an idle connection: it closes first. */
	LIMIT_SERVER_IDLE_MS = 120 * 1000,
	/* Sockets that are kept for a moment after an early answer, so that it is not lost. */
	LIMIT_SERVER_LINGERING = 64,
	LIMIT_SERVER_LINGER_MS = 1000,
	/* An answer up to this size goes out in one piece: one TLS record holds 16 KiB. */
	LIMIT_SERVER_CORK_BYTES = 15 * 1024,
	/* Files in one $KUBECONFIG: people merge a handful. */
	LIMIT_KUBECONFIG_FILES = 32,
	/* A file of manifests, many documents in one; and one document of it, as JSON. */
	LIMIT_YAML_BYTES = 16 * 1024 * 1024,
	LIMIT_YAML_JSON_BYTES = 4 * 1024 * 1024,
	/* The Status of a call that failed; an Invalid lists each field once. */
	LIMIT_STATUS_BYTES = 64 * 1024,
	/* Path and query of an API call: three names, and a continue token of under 1 KiB. */
	LIMIT_URL_BYTES = 8 * 1024,
	/* All header lines of one response; the API server sends under 1 KiB. */
	LIMIT_HEADER_BYTES = 64 * 1024,
	/* A server that asks for more than a minute is asked again after one. */
	LIMIT_RETRY_AFTER_MS = 60 * 1000,
	/*
	 * Calls on their way at once, each on a connection of its own, which costs some 80 KiB of
	 * TLS; the others queue. The API server answers a GET in 1 or 2 ms.
	 */
	LIMIT_API_CALLS = 8,
	/* The same, where a program asks for more: a reconciler writes far more than it reads. */
	LIMIT_API_CALLS_MOST = 32,
	/* Watches at once: one a kind, far fewer than this; they don't count as calls. */
	LIMIT_API_WATCHES = 32,
	/* Calls that wait for a connection: what a reconciler does to 100 versions at once. */
	LIMIT_API_QUEUE = 4096,
	/* A call without a limit of its own: as client-go's and kubectl's own requests. */
	LIMIT_API_CALL_MS = 30 * 1000,
	/* A watch without a limit of its own: above the 5 to 10 min that informers ask for. */
	LIMIT_API_WATCH_MS = 11 * 60 * 1000,
	/* PIPE_BUF: what one write(2) puts into a pipe in one piece. */
	LIMIT_LOG_LINE_BYTES = 4096,
	/* Label values may come from requests; Prometheus wants families small anyway. */
	LIMIT_METRIC_SERIES = 1000,
	LIMIT_METRIC_LABEL_BYTES = 1024,
	/* All of /metrics: about 1,000 series of 200 bytes in each of a few families. */
	LIMIT_METRICS_BYTES = 4 * 1024 * 1024,
};

#endif
