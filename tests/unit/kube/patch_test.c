#include "kube/patch.h"

#include "base/mem.h"
#include "unit.h"

static void without_an_operation_is_an_empty_array(void **state)
{
	CLEANUP(patch_release) struct patch p;

	(void)state;
	patch_init(&p);
	assert_true(p.empty);
	assert_string_equal(buf_str(patch_text(&p)), "[]");
	assert_string_equal(buf_str(patch_text(&p)), "[]");
}

static void escapes_pointers_and_values(void **state)
{
	static const char *const list[] = {"metadata", "annotations", "promogate.dev/a~b", NULL};
	static const char *const parent[] = {"a", "", "~1/", NULL};
	CLEANUP(patch_release) struct patch p;

	(void)state;
	patch_init(&p);
	patch_add_string(&p, list, "say \"yes\"");
	patch_add_object(&p, parent, "k/~", "v");
	assert_false(p.empty);
	for (int i = 0; i < 2; i++)
		assert_string_equal(buf_str(patch_text(&p)),
			"[{\"op\":\"add\",\"path\":\"/metadata/annotations/promogate.dev~1a~0b\","
			"\"value\":\"say \\\"yes\\\"\"},"
			"{\"op\":\"add\",\"path\":\"/a//~01~1\",\"value\":{\"k/~\":\"v\"}}]");
}

static void each_operation_has_its_form(void **state)
{
	static const char *const at[] = {"spec", "a", NULL}, *const spec[] = {"spec", NULL};
	static const char *const values[] = {"x", "y"};
	CLEANUP(patch_release) struct patch p;

	(void)state;
	patch_init(&p);
	patch_add_empty(&p, spec);
	patch_add_strings(&p, at, values, 2);
	patch_add_strings(&p, at, NULL, 0);
	patch_remove(&p, at);
	assert_string_equal(buf_str(patch_text(&p)),
		"[{\"op\":\"add\",\"path\":\"/spec\",\"value\":{}},"
		"{\"op\":\"add\",\"path\":\"/spec/a\",\"value\":[\"x\",\"y\"]},"
		"{\"op\":\"add\",\"path\":\"/spec/a\",\"value\":[]},"
		"{\"op\":\"remove\",\"path\":\"/spec/a\"}]");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_an_operation_is_an_empty_array),
		cmocka_unit_test(escapes_pointers_and_values),
		cmocka_unit_test(each_operation_has_its_form),
	};

	return cmocka_run_group_tests_name("patch", tests, NULL, NULL);
}
