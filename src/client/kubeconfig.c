#include "client/kubeconfig.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "run/file.h"

static int read_file(const char *path, struct kubeconfig_file *ret, struct err *err)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT(LIMIT_CONFIG_FILE_BYTES);
	struct yaml_doc doc = YAML_DOC_INIT;

	if (file_read(path, &b, err) < 0)
		return -1;
	if (yaml_parse(buf_str(&b), b.len, &doc, err) < 0)
		return err_wrap(err, "kubeconfig %s", path);
	if (json_type(doc.root) != JSON_OBJECT) {
		yaml_doc_release(&doc);
		return err_set(err, ERR_INVALID, "kubeconfig %s: not a mapping", path);
	}
	*ret = (struct kubeconfig_file){.path = xstrdup(path), .doc = doc};
	return 0;
}

int kubeconfig_open(const char *paths, struct kubeconfig *ret, struct err *err)
{
	CLEANUP(free_p) char *list = xstrdup(paths);
	struct err missing = ERR_INIT;
	char *next = list, *path;

	*ret = (struct kubeconfig){.n = 0};
	(void)err_set(&missing, ERR_NOT_FOUND, "no kubeconfig given");
	while ((path = strsep(&next, ":"))) {
		struct err failed = ERR_INIT;

		if (!*path)
			continue;
		if (ret->n == ARRAY_SIZE(ret->files)) {
			(void)err_set(&failed, ERR_TOO_LARGE, "over %d kubeconfig files",
				LIMIT_KUBECONFIG_FILES);
		} else if (read_file(path, &ret->files[ret->n], &failed) == 0) {
			ret->n++;
			continue;
		}
		if (failed.kind == ERR_NOT_FOUND) {
			missing = failed;
			continue;
		}
		kubeconfig_release(ret);
		if (err)
			*err = failed;
		return -1;
	}
	if (ret->n)
		return 0;
	if (err)
		*err = missing;
	return -1;
}

void kubeconfig_release(struct kubeconfig *k)
{
	for (size_t i = 0; i < k->n; i++) {
		free(k->files[i].path);
		yaml_doc_release(&k->files[i].doc);
	}
	k->n = 0;
}

const char *kubeconfig_current(const struct kubeconfig *k)
{
	for (size_t i = 0; i < k->n; i++) {
		const char *name = json_string(json_get(k->files[i].doc.root, "current-context"));

		if (name && *name)
			return name;
	}
	return NULL;
}

static const struct json *find_in(const struct json *list, const char *name)
{
	json_each (item, list)
		if (str_eq(json_string(json_get(item, "name")), name))
			return item;
	return NULL;
}

int kubeconfig_find(const struct kubeconfig *k, const char *kind, const char *name,
	struct kubeconfig_entry *ret, struct err *err)
{
	CLEANUP(free_p) char *list = xasprintf("%ss", kind);

	*ret = (struct kubeconfig_entry){.kind = kind, .name = name};
	for (size_t i = 0; i < k->n; i++) {
		const struct json *item = find_in(json_get(k->files[i].doc.root, list), name);

		if (!item)
			continue;
		ret->file = &k->files[i];
		ret->value = json_get(item, kind);
		if (json_type(ret->value) == JSON_OBJECT)
			return 0;
		ret->value = item;
		(void)err_set(err, ERR_INVALID, "no entries in \"%s\"", kind);
		return kubeconfig_blame(ret, NULL, err);
	}
	return err_set(err, ERR_INVALID, "kubeconfig %s%s: no %s \"%.*s\"",
		k->n ? k->files[0].path : "", k->n > 1 ? " and the others" : "", kind,
		LIMIT_QUOTED_BYTES, name);
}

int kubeconfig_string(
	const struct kubeconfig_entry *entry, const char *field, const char **ret, struct err *err)
{
	const struct json *value = json_get(entry->value, field);
	const char *s = json_string(value);

	*ret = s && *s ? s : NULL;
	if (s || json_type(value) == JSON_NULL)
		return 0;
	(void)err_set(err, ERR_INVALID, "%s: must be a string, not a %s; quote it", field,
		json_type_name(json_type(value)));
	return kubeconfig_blame(entry, field, err);
}

char *kubeconfig_path(const struct kubeconfig_entry *entry, const char *path)
{
	const char *slash = strrchr(entry->file->path, '/');

	if (*path == '/' || !slash)
		return xstrdup(path);
	return xasprintf("%.*s/%s", (int)(slash - entry->file->path), entry->file->path, path);
}

int kubeconfig_blame(const struct kubeconfig_entry *entry, const char *field, struct err *err)
{
	const struct json *at = field ? json_get(entry->value, field) : NULL;

	return err_wrap(err, "kubeconfig %s line %u: %s \"%.*s\"", entry->file->path,
		yaml_line(&entry->file->doc, at ? at : entry->value), entry->kind,
		LIMIT_QUOTED_BYTES, entry->name);
}
