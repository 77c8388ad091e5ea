/*
 * limits - every bound on input, each with its reason. A missing bound is a bug: out of memory ends
 * the process (base/mem.h), which is sound only because of this list.
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
	 * at the worst, must still be read, or one odd object would stop an informer.
	 */
	LIMIT_JSON_VALUES = 512 * 1024,
	/*
	 * Any client can send an AdmissionReview, and a pod of 128 MiB handles many: 7 MiB of
	 * values. Contexts have a few hundred.
	 */
	LIMIT_REVIEW_VALUES = 64 * 1024,
	/*
	 * Of a context that is written: an update carries it twice, and others add to it (managed
	 * fields, labels). Otherwise what was created could never be changed again.
	 */
	LIMIT_CONTEXT_VALUES = 24 * 1024,
	/*
	 * promogate.dev/optional-tasks: hundreds of names. It is searched for each task, by each
	 * policy.
	 */
	LIMIT_OPTIONAL_TASKS_BYTES = 16 * 1024,
	/* All annotations of an object, names and values, as the API server counts them. */
	LIMIT_ANNOTATIONS_BYTES = 256 * 1024,
	/* A response contains our messages and no object; see LIMIT_FINDINGS. */
	LIMIT_RESPONSE_BYTES = 1024 * 1024,
	/*
	 * Of each severity. An object with more errors than this is denied, whatever the field
	 * manager and the stored object.
	 */
	LIMIT_FINDINGS = 1000,
	/* More findings than a person reads; the rest is counted in one last line. */
	LIMIT_FINDINGS_REPORTED = 100,
	/* The explanation of one finding: fixed text, and names of at most LIMIT_NAME_BYTES. */
	LIMIT_DETAIL_BYTES = 8 * 1024,
	/*
	 * Of a list, and of promogate.dev/optional-tasks, that each policy checks: a version can't
	 * have more. What comes after them is not allowed.
	 */
	LIMIT_CHECKED_TASKS = 1000,
	/* Names in one violation; the rest is counted. */
	LIMIT_VIOLATION_NAMES = 5,
	/* Each "did you mean" compares with the names of two namespaces. */
	LIMIT_SUGGESTIONS = 5,
	/*
	 * Names that all suggestions of a request compare, 10 us each: a namespace may have
	 * thousands.
	 */
	LIMIT_SUGGESTION_NAMES = 1000,
	/* Concurrent live look-ups of one request. */
	LIMIT_LOOKUPS_PER_ROUND = 32,
	/*
	 * Live look-ups of one request that only word its findings: enough for a few misspelt
	 * names, and a list of a thousand costs no more than they do.
	 */
	LIMIT_WORDING_LOOKUPS = 8,
	/*
	 * What one request can force, whatever its answers: 32 tasks in two namespaces, each with a
	 * chain of LIMIT_FUNCTION_REF_DEPTH. One whose names do not exist is denied after a round.
	 */
	LIMIT_REQUEST_LOOKUPS = 1024,
	/*
	 * Namespaces that a request about a definition reads live for their labels: the cache lacks
	 * only the newest, and half of a round leaves room for the other look-ups.
	 */
	LIMIT_LABEL_LOOKUPS = LIMIT_LOOKUPS_PER_ROUND / 2,
	/* A live look-up: well below the 3 s that the API server waits for the webhook. */
	LIMIT_LOOKUP_MS = 2000,
	/* A request is answered this long before the API server stops waiting. */
	LIMIT_ANSWER_MARGIN_MS = 300,
	/*
	 * Requests that wait for live look-ups; each keeps its body, and nothing parsed. One
	 * namespace gets half of the places (webhook/places.h).
	 */
	LIMIT_WAITING_REQUESTS = 512,
	/* An audit annotation, as the API server's own policies have it. */
	LIMIT_AUDIT_BYTES = 10 * 1024,
	/* How much of a value a finding quotes. */
	LIMIT_QUOTED_BYTES = 256,
	/* The API server cuts a warning over 256 characters, and all of them at 4,096. */
	LIMIT_WARNING_CHARS = 256,
	LIMIT_WARNINGS_CHARS = 4096,
	/* A character is up to four bytes of UTF-8. */
	LIMIT_WARNING_BYTES = 4 * LIMIT_WARNING_CHARS,
	/* What the API server reads of a request; etcd stores half of that. */
	LIMIT_JOB_BYTES = 3 * 1024 * 1024,
	/*
	 * Of a PromotionPolicy, as its CRD has them: each admission looks at all policies, and each
	 * audit at all policies and contexts.
	 */
	LIMIT_POLICY_PRIORITY = 1000,
	LIMIT_POLICY_MESSAGE_CHARS = 120,
	LIMIT_POLICY_TASKS = 32, /* required, added, default; entries of onFailure.tasks */
	LIMIT_POLICY_NAMES = 256, /* allowed, and the ceiling of max */
	/*
	 * What a preview of a policy takes at most: a person waits. Of it, how long it holds the
	 * cache's lock at a time.
	 */
	LIMIT_PREVIEW_MS = 80,
	LIMIT_PREVIEW_SLICE_MS = 2,
	/* A Job's name is the value of a label of its pods. */
	LIMIT_LABEL_VALUE_BYTES = 63,
	LIMIT_JOB_NAME_BYTES = LIMIT_LABEL_VALUE_BYTES,
	/* An RFC 1123 subdomain, as the API server checks it. */
	LIMIT_NAME_BYTES = 253,
	/* Parents of a functionRef; Keptn's own chains are one long. */
	LIMIT_FUNCTION_REF_DEPTH = 16,
	/* Tasks or status items of one KeptnAppVersion that are read; users list a handful. */
	LIMIT_VERSION_TASKS = 1000,
	/* The text of an Event or annotation; an Event's message may not be longer. */
	LIMIT_MESSAGE_BYTES = 1024,
	/*
	 * Events that are not posted yet, about 2 KB each: two for each of 1,000 versions that start
	 * at once. Of one application: a newer version deprecates each older one.
	 */
	LIMIT_EVENTS = 4096,
	LIMIT_EVENTS_OF_APP = 256,
	/*
	 * One page of a list: 100 task definitions with inline code; fewer if they are larger. One
	 * object can be larger still, since etcd stores most kinds in a shorter form than JSON.
	 */
	LIMIT_LIST_PAGE_BYTES = 8 * 1024 * 1024,
	/* One watch event: an object and a small envelope. A longer one is skipped. */
	LIMIT_WATCH_LINE_BYTES = 4 * 1024 * 1024,
	/* What is parsed and freed, and leaves no more than a few MiB in the heap. */
	LIMIT_UNTRIMMED_BYTES = 128 * 1024,
	/*
	 * How long nothing may be heard of a kind: bookmarks come once a minute, and a watch that
	 * fails is tried again within 30 s.
	 */
	LIMIT_UNHEARD_MS = 180 * 1000,
	/* Skipped objects that /readyz names; the log names each. */
	LIMIT_SKIPPED_NAMED = 5,
	/*
	 * What the reconciler keeps of a definition, and of all of them; one that is larger, or
	 * comes when these are used, is fetched when a Job is made of it. Definitions have about 1
	 * KiB, and the pod has 128 MiB.
	 */
	LIMIT_DEFINITION_KEPT_BYTES = 32 * 1024,
	LIMIT_DEFINITIONS_KEPT_BYTES = 16 * 1024 * 1024,
	/* One object, as a GET returns it. */
	LIMIT_OBJECT_BYTES = 4 * 1024 * 1024,
	/* Four CAs, or a serving certificate, are under 4 KiB; people's own chains are longer. */
	LIMIT_CERTIFICATE_BYTES = 64 * 1024,
	/* The same in base64. */
	LIMIT_CA_BUNDLE_BYTES = 96 * 1024,
	/* A kubeconfig, token or certificate file. */
	LIMIT_CONFIG_FILE_BYTES = 1024 * 1024,
	/*
	 * File descriptors: connections of both ports, with those that are being closed, a few dozen
	 * towards the API server, and what libraries open.
	 */
	LIMIT_OPEN_FILES = 4096,
	/* Connections to the server: about 25 of the API server, the rest for other clients. */
	LIMIT_SERVER_CONNECTIONS = 1024,
	/* Beyond those, connections that have been cut and that their thread has not closed yet. */
	LIMIT_SERVER_CLOSING = 256,
	/*
	 * The headers of a request, the piece of its body being read, and the headers of the
	 * response.
	 */
	LIMIT_SERVER_CONNECTION_BYTES = 16 * 1024,
	/*
	 * Bodies received and not answered yet: the pod has 128 MiB, and growing buffers take half
	 * as much again. A quarter is reserved for small bodies, so that large ones cannot exhaust
	 * it.
	 */
	LIMIT_SERVER_BODIES_BYTES = 16 * 1024 * 1024,
	LIMIT_SERVER_SMALL_BODY_BYTES = 64 * 1024,
	/*
	 * A body may take this long, and a second more for each MiB that has arrived: far slower
	 * than any network of a cluster. A segment that is lost twice costs 0.6 s.
	 */
	LIMIT_SERVER_BODY_MS = 2000,
	LIMIT_SERVER_BODY_BYTES_PER_MS = 1024,
	/*
	 * Responses over LIMIT_SERVER_CORK_BYTES that are being sent, of each port; as much again
	 * may wait to be sent. Two pages of /metrics fit.
	 */
	LIMIT_SERVER_REPLIES_BYTES = 8 * 1024 * 1024,
	/* What the kernel keeps of an unread response; it doubles this, and counts it to the pod. */
	LIMIT_SERVER_UNSENT_BYTES = 32 * 1024,
	/* How much of a rejected body is still read, so that its sender reads the response. */
	LIMIT_SERVER_DISCARD_BYTES = 1024 * 1024,
	/* From the accept to the end of the first request; the API server gives up at 10 s. */
	LIMIT_SERVER_FIRST_REQUEST_MS = 10 * 1000,
	/* From the first byte of a request to the last of its response. */
	LIMIT_SERVER_REQUEST_MS = 10 * 1000,
	/* Above the 90 s for which the API server keeps an idle connection: it closes first. */
	LIMIT_SERVER_IDLE_MS = 120 * 1000,
	/* Sockets kept open for a moment after an early response, so that it is not lost. */
	LIMIT_SERVER_LINGERING = 64,
	LIMIT_SERVER_LINGER_MS = 1000,
	/* A response up to this size is sent in one piece: a TLS record holds 16 KiB. */
	LIMIT_SERVER_CORK_BYTES = 15 * 1024,
	/* Files in one $KUBECONFIG: users merge a handful. */
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
	/*
	 * If a server asks for more, retry after this: three tries fit into a call's timeout, and
	 * anybody's webhook may ask for an hour.
	 */
	LIMIT_RETRY_AFTER_MS = 8 * 1000,
	/*
	 * Concurrent calls, each on its own connection, which costs about 80 KiB for TLS; others
	 * wait. One namespace gets eight of them. The API server answers a GET in 1 or 2 ms.
	 */
	LIMIT_API_CALLS = 12,
	/* The most that a program can configure: a reconciler writes far more than it reads. */
	LIMIT_API_CALLS_MOST = 32,
	/* Concurrent watches: one for each kind, far fewer than this; they don't count as calls. */
	LIMIT_API_WATCHES = 32,
	/*
	 * Calls waiting for a connection: those of a reconciler for 100 versions at once. When it
	 * is full, the namespace with the most of them loses its last.
	 */
	LIMIT_API_QUEUE = 4096,
	/*
	 * Bodies of one plan in flight together; a larger one is alone. A Job is 3 KiB; with code,
	 * it or its ConfigMap may have 1.5 MiB, and an attempt has up to LIMIT_VERSION_TASKS.
	 */
	LIMIT_PLAN_BYTES = 256 * 1024,
	/* The default timeout of a call, as of client-go's and kubectl's requests. */
	LIMIT_API_CALL_MS = 30 * 1000,
	/* The default timeout of a watch: above the 5 to 10 min that informers ask for. */
	LIMIT_API_WATCH_MS = 11 * 60 * 1000,
	/*
	 * Silence after which a watch counts as dead: kube-apiserver sends a bookmark about every
	 * minute (apiserver, storage/cacher).
	 */
	LIMIT_WATCH_SILENCE_MS = 90 * 1000,
	/* What a policy's status has of violations, and of the text of one: it stays below 32 KiB. */
	LIMIT_POLICY_VIOLATIONS = 20,
	LIMIT_POLICY_VIOLATION_BYTES = 512,
	/* A policy's status: these, 256 added tasks, and conditions. */
	LIMIT_POLICY_STATUS_BYTES = 512 * 1024,
	/* PIPE_BUF: what one write(2) puts into a pipe in one piece. */
	LIMIT_LOG_LINE_BYTES = 4096,
	/*
	 * Series of a family. Label values may come from users: of the largest family, a histogram
	 * with Keptn's labels, so many series with the longest names take 3 MB of the page.
	 */
	LIMIT_METRIC_SERIES = 200,
	/* Of a series: three names of 253 bytes, a namespace, and Keptn's long label names. */
	LIMIT_METRIC_LABEL_BYTES = 1024,
	/* All of /metrics; a series that might not fit is not added. */
	LIMIT_METRICS_BYTES = 4 * 1024 * 1024,
};

#endif
