/*
 * A stored Secret of anybody: what can't be used is left out, the next step is always a step
 * forward, and what is written is read again as the same.
 */
#include <assert.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "pki/material.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NOW_MS INT64_C(1795482123000)

static const char *const names[] = {"webhook.ns.svc", NULL};

static void describe(const struct json *secret, struct material *m, struct renewal_stored *s)
{
	material_read(secret, m);
	material_describe(m, names, s);
	assert(s->ca_count <= RENEWAL_CAS && s->issuer <= s->ca_count);
	assert(!s->has_ca_key || s->ca_count);
}

static void check_written(const struct material *m, const struct renewal_stored *want)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT(LIMIT_OBJECT_BYTES);
	CLEANUP(material_release) struct material again = MATERIAL_INIT;
	CLEANUP(json_free_p) struct json *secret = NULL;
	struct renewal_stored got;

	material_write(m, "ns", "name", &text);
	assert(json_parse(buf_str(&text), text.len, &secret, NULL) == 0);
	describe(secret, &again, &got);
	assert(got.ca_count == want->ca_count && got.has_ca_key == want->has_ca_key &&
		got.has_serving == want->has_serving && got.issuer == want->issuer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct renewal_config config = {.serving_ms = 3600 * 1000, .ca_ms = 36000 * 1000};
	const struct renewal_trust trust = {.complete = true, .complete_ms = 60 * 1000};
	CLEANUP(material_release) struct material m = MATERIAL_INIT;
	CLEANUP(json_free_p) struct json *secret = NULL;
	struct renewal_stored s;
	struct renewal r;

	if (json_parse((const char *)data, size, &secret, NULL) < 0)
		return 0;
	describe(secret, &m, &s);
	check_written(&m, &s);
	r = renewal_decide(&config, &s, &trust, NOW_MS);
	assert(r.keep <= s.ca_count && (r.step != RENEWAL_WAIT || r.wait_ms > 0));
	assert(material_step(&m, &r, &config, names, NOW_MS, NULL) == 0);
	material_describe(&m, names, &s);
	assert(r.step == RENEWAL_WAIT ||
		renewal_decide(&config, &s, &trust, NOW_MS).step != r.step);
	return 0;
}
