#include "controller/configs.h"

#include "fake_env.h"

#define LIST "/apis/options.keptn.sh/v1alpha1/keptnconfigs?limit=100"

struct owner {
	struct fake_env fake;
	struct configs *configs;
	int changes;
	enum block_deployment now;
};

static void changed(void *ctx)
{
	struct owner *o = ctx;

	assert_true(configs_synced(o->configs));
	o->now = configs_block_deployment(o->configs);
	o->changes++;
}

static void owner_init(struct owner *o)
{
	*o = (struct owner){.changes = 0};
	fake_env_init(&o->fake);
	o->configs = configs_new(&o->fake.env, "keptn", changed, o);
	fake_env_run_next(&o->fake);
	assert_false(configs_synced(o->configs));
}

static void owner_release(struct owner *o)
{
	fake_env_release(&o->fake);
	configs_free(o->configs);
}

/* "keptn/a true b/c false": one config after the other; "unset" is a spec without the field. */
static void items(const char *configs, struct buf *to)
{
	char name[32], value[8];
	int n;

	for (; sscanf(configs, " %31s %7s%n", name, value, &n) == 2; configs += n) {
		const char *slash = strchr(name, '/');

		if (to->len && to->data[to->len - 1] == '}')
			(void)buf_addc(to, ',');
		(void)buf_addf(to,
			"{\"metadata\":{\"namespace\":\"%.*s\",\"name\":\"%s\","
			"\"resourceVersion\":\"1\"},\"spec\":{",
			(int)(slash - name), name, slash + 1);
		if (strcmp(value, "unset") != 0)
			(void)buf_addf(to, "\"blockDeployment\":%s", value);
		(void)buf_add(to, "}}");
	}
}

static void owner_lists(struct owner *o, const char *configs)
{
	CLEANUP(buf_release) struct buf body = BUF_INIT(10000);

	(void)buf_add(&body, "{\"metadata\":{\"resourceVersion\":\"1\"},\"items\":[");
	items(configs, &body);
	(void)buf_add(&body, "]}");
	fake_answer_next(&o->fake, "GET", LIST, buf_str(&body));
}

static void owner_event(struct owner *o, const char *type, const char *config)
{
	CLEANUP(buf_release) struct buf line = BUF_INIT(10000);

	(void)buf_addf(&line, "{\"type\":\"%s\",\"object\":", type);
	items(config, &line);
	(void)buf_addc(&line, '}');
	fake_line(&o->fake, o->fake.first, buf_str(&line));
}

static void one_config_counts(void **state)
{
	static const struct {
		const char *configs;
		enum block_deployment want;
	} rows[] = {
		{"", BLOCK_DEPLOYMENT_UNSET},
		{"keptn/a true", BLOCK_DEPLOYMENT_TRUE},
		{"keptn/a false", BLOCK_DEPLOYMENT_FALSE},
		{"keptn/a unset", BLOCK_DEPLOYMENT_UNSET},
		{"keptn/a \"false\"", BLOCK_DEPLOYMENT_UNSET},
		{"keptn/b true keptn/a false", BLOCK_DEPLOYMENT_FALSE},
		{"other/a true", BLOCK_DEPLOYMENT_UNSET},
		{"a/a false z/a true", BLOCK_DEPLOYMENT_UNSET},
		{"a/a true keptn/z false keptn-2/a true", BLOCK_DEPLOYMENT_FALSE},
		{"a/a true keptn/z unset", BLOCK_DEPLOYMENT_UNSET},
		{"keptn-2/a true", BLOCK_DEPLOYMENT_UNSET},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct owner o;

		print_message("# %s\n", rows[i].configs);
		owner_init(&o);
		owner_lists(&o, rows[i].configs);
		assert_int_equal(o.changes, 1);
		assert_int_equal(o.now, rows[i].want);
		owner_release(&o);
	}
}

static void says_when_it_changes(void **state)
{
	struct owner o;

	(void)state;
	owner_init(&o);
	owner_lists(&o, "keptn/b true z/z false");
	assert_int_equal(o.changes, 1);
	owner_event(&o, "MODIFIED", "z/z unset");
	owner_event(&o, "ADDED", "a/a false");
	owner_event(&o, "MODIFIED", "keptn/b true");
	assert_int_equal(o.changes, 1);
	owner_event(&o, "MODIFIED", "keptn/b false");
	assert_int_equal(o.changes, 2);
	assert_int_equal(o.now, BLOCK_DEPLOYMENT_FALSE);
	owner_event(&o, "ADDED", "keptn/a true");
	assert_int_equal(o.changes, 3);
	assert_int_equal(o.now, BLOCK_DEPLOYMENT_TRUE);
	owner_event(&o, "DELETED", "keptn/a true");
	owner_event(&o, "DELETED", "keptn/b false");
	assert_int_equal(o.changes, 5);
	assert_int_equal(o.now, BLOCK_DEPLOYMENT_UNSET);
	owner_event(&o, "DELETED", "a/a false");
	assert_int_equal(o.changes, 5);
	owner_release(&o);
}

/* Not halfway through, and not once more if it says the same. */
static void a_list_counts_at_its_end(void **state)
{
	struct owner o;

	(void)state;
	owner_init(&o);
	owner_lists(&o, "keptn/a true");
	fake_fail(&o.fake, o.fake.first, ERR_GONE);
	fake_env_run_next(&o.fake);
	fake_answer_next(&o.fake, "GET", LIST,
		"{\"metadata\":{\"resourceVersion\":\"2\",\"continue\":\"c\"},\"items\":[]}");
	assert_int_equal(configs_block_deployment(o.configs), BLOCK_DEPLOYMENT_TRUE);
	fake_fail(&o.fake, o.fake.first, ERR_IO);
	fake_env_run_next(&o.fake);
	assert_int_equal(configs_block_deployment(o.configs), BLOCK_DEPLOYMENT_TRUE);
	owner_lists(&o, "keptn/b true");
	assert_int_equal(o.changes, 1);
	fake_fail(&o.fake, o.fake.first, ERR_GONE);
	fake_env_run_next(&o.fake);
	owner_lists(&o, "");
	assert_int_equal(o.changes, 2);
	assert_int_equal(o.now, BLOCK_DEPLOYMENT_UNSET);
	owner_release(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_config_counts),
		cmocka_unit_test(says_when_it_changes),
		cmocka_unit_test(a_list_counts_at_its_end),
	};

	return cmocka_run_group_tests_name("configs", tests, fake_env_quiet, NULL);
}
