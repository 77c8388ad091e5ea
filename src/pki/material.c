#include "pki/material.h"

#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/limits.h"
#include "base/mem.h"
#include "json/emit.h"
#include "kube/timestamp.h"

#define TYPE "kubernetes.io/tls"

static void free_key(char *key)
{
	if (key)
		explicit_bzero(key, strlen(key));
	free(key);
}

void material_release(struct material *m)
{
	authorities_release(&m->cas);
	free_key(m->ca_key);
	key_pair_release(&m->serving);
	free(m->type);
	free(m->version);
	*m = (struct material)MATERIAL_INIT;
}

/* --- reading ---------------------------------------------------------------------------------- */

/* For free(); NULL if it is missing, no base64, not text or too large. */
static char *read_text(const struct json *secret, const char *key)
{
	struct buf b = BUF_INIT(LIMIT_CERTIFICATE_BYTES);
	const char *text = json_string(json_at(secret, "data", key));
	bool ok = text && base64_decode(&b, text) == 0 && b.len && strlen(b.data) == b.len;

	if (ok)
		return buf_steal(&b);
	buf_release(&b);
	return NULL;
}

static void note_time(struct material *m, const struct json *time)
{
	int64_t ms = 0;

	if (json_string(time) && timestamp_parse(json_string(time), &ms) == 0 && ms > m->seen_ms)
		m->seen_ms = ms;
}

static void read_times(const struct json *secret, struct material *m)
{
	note_time(m, json_at(secret, "metadata", "creationTimestamp"));
	json_each (entry, json_at(secret, "metadata", "managedFields"))
		note_time(m, json_get(entry, "time"));
}

void material_read(const struct json *secret, struct material *ret)
{
	const char *version = json_string(json_at(secret, "metadata", "resourceVersion"));
	CLEANUP(free_p) char *bundle = read_text(secret, "ca.crt");

	*ret = (struct material)MATERIAL_INIT;
	if (version) {
		ret->version = xstrdup(version);
		ret->type = xstrdup(json_string_or(json_get(secret, "type"), TYPE));
	}
	read_times(secret, ret);
	if (bundle)
		certificate_add_authorities(bundle, &ret->cas);
	ret->ca_key = read_text(secret, "ca.key");
	ret->serving.cert = read_text(secret, "tls.crt");
	ret->serving.key = read_text(secret, "tls.key");
}

void material_describe(
	const struct material *m, const char *const *names, struct renewal_stored *ret)
{
	*ret = (struct renewal_stored){.ca_count = m->cas.count, .issuer = m->cas.count};
	memcpy(ret->cas, m->cas.validity, sizeof(ret->cas));
	ret->has_ca_key =
		m->cas.count && m->ca_key && certificate_has_key(m->cas.pem[0], m->ca_key);
	ret->has_serving =
		certificate_serves(&m->serving, names, &m->cas, &ret->serving, &ret->issuer);
}

/* --- steps ------------------------------------------------------------------------------------ */

static void forget(struct material *m, size_t keep)
{
	while (m->cas.count > keep)
		free(m->cas.pem[--m->cas.count]);
}

static int renew_serving(struct material *m, const struct renewal_config *c,
	const char *const *names, int64_t now_ms, struct err *err)
{
	const struct key_pair ca = {.cert = m->cas.pem[0], .key = m->ca_key};
	const struct validity v = renewal_validity(c->serving_ms, now_ms);
	struct key_pair made = KEY_PAIR_INIT;

	if (certificate_make_serving(&ca, &v, names, &made, err) < 0)
		return -1;
	key_pair_release(&m->serving);
	m->serving = made;
	return 0;
}

/* keep leaves room for it. */
static void put_ca_first(struct material *m, struct key_pair *ca, const struct validity *v)
{
	struct authorities *cas = &m->cas;

	memmove(cas->pem + 1, cas->pem, cas->count * sizeof(*cas->pem));
	memmove(cas->validity + 1, cas->validity, cas->count * sizeof(*cas->validity));
	cas->pem[0] = STEAL(ca->cert);
	cas->validity[0] = *v;
	cas->count++;
	free_key(m->ca_key);
	m->ca_key = STEAL(ca->key);
}

static int renew_ca(struct material *m, const struct renewal *step, const struct renewal_config *c,
	const char *const *names, int64_t now_ms, struct err *err)
{
	const struct validity v = renewal_validity(c->ca_ms, now_ms);
	CLEANUP(key_pair_release) struct key_pair ca = KEY_PAIR_INIT, serving = KEY_PAIR_INIT;
	const struct validity s = renewal_validity(c->serving_ms, now_ms);

	if (certificate_make_ca(&v, &ca, err) < 0 ||
		(step->with_serving && certificate_make_serving(&ca, &s, names, &serving, err) < 0))
		return -1;
	forget(m, step->keep);
	put_ca_first(m, &ca, &v);
	if (step->with_serving) {
		key_pair_release(&m->serving);
		m->serving = serving;
		serving = (struct key_pair)KEY_PAIR_INIT;
	}
	return 0;
}

int material_step(struct material *m, const struct renewal *step, const struct renewal_config *c,
	const char *const *names, int64_t now_ms, struct err *err)
{
	switch (step->step) {
	case RENEWAL_CA:
		return renew_ca(m, step, c, names, now_ms, err);
	case RENEWAL_SERVING:
		return renew_serving(m, c, names, now_ms, err);
	case RENEWAL_FORGET:
		forget(m, step->keep);
		break;
	case RENEWAL_WAIT:
	case RENEWAL_TRUST:
		break;
	}
	return 0;
}

/* --- writing ---------------------------------------------------------------------------------- */

static void emit_base64(struct emit *e, const char *key, const char *text)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT(LIMIT_CA_BUNDLE_BYTES);

	if (text)
		base64_encode(&b, text, strlen(text));
	emit_key_string(e, key, buf_str(&b));
	if (b.data)
		explicit_bzero(b.data, b.len);
}

/* Without the version of a Secret that does not exist, it is created. */
static void emit_metadata(
	struct emit *e, const struct material *m, const char *ns, const char *name)
{
	emit_key_object(e, "metadata");
	emit_key_string(e, "namespace", ns);
	emit_key_string(e, "name", name);
	if (m->version)
		emit_key_string(e, "resourceVersion", m->version);
	emit_key_object(e, "labels");
	emit_key_string(e, "app.kubernetes.io/managed-by", "promogate");
	emit_key_string(e, "app.kubernetes.io/part-of", "promogate");
	emit_object_end(e);
	emit_object_end(e);
}

void material_bundle(const struct material *m, struct buf *to)
{
	certificate_write_authorities(&m->cas, to);
}

void material_write(const struct material *m, const char *ns, const char *name, struct buf *to)
{
	CLEANUP(buf_release) struct buf bundle = BUF_INIT(LIMIT_CERTIFICATE_BYTES);
	struct emit e = EMIT_INIT(to);

	material_bundle(m, &bundle);
	emit_object_begin(&e);
	emit_key_string(&e, "apiVersion", "v1");
	emit_key_string(&e, "kind", "Secret");
	emit_key_string(&e, "type", m->type ? m->type : TYPE);
	emit_metadata(&e, m, ns, name);
	emit_key_object(&e, "data");
	emit_base64(&e, "ca.crt", buf_str(&bundle));
	emit_base64(&e, "ca.key", m->ca_key);
	emit_base64(&e, "tls.crt", m->serving.cert);
	emit_base64(&e, "tls.key", m->serving.key);
	emit_object_end(&e);
	emit_object_end(&e);
}
