package main

import (
	"context"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

type fakeDefinitions map[string]KeptnTaskDefinitionSpec

func (f fakeDefinitions) find(_ context.Context, _, name string) (*KeptnTaskDefinition, error) {
	spec, ok := f[name]
	if !ok {
		return nil, nil
	}
	return &KeptnTaskDefinition{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: spec}, nil
}

func (f fakeDefinitions) names(context.Context, string) ([]string, error) {
	var names []string
	for name := range f {
		names = append(names, name)
	}
	return names, nil
}

func (f fakeDefinitions) cached(ctx context.Context, namespace, name string) (*KeptnTaskDefinition, error) {
	return f.find(ctx, namespace, name)
}

func (f fakeDefinitions) shared() string { return "keptn-system" }

func inline(code string) *RuntimeSpec { return &RuntimeSpec{Inline: Inline{Code: code}} }
func ref(name string) *RuntimeSpec    { return &RuntimeSpec{FunctionRef: NamedRef{Name: name}} }

var known = fakeDefinitions{
	"open-pull-request": {Deno: inline("x"), Timeout: "5m"},
	"notify":            {Container: &corev1.Container{Name: "c", Image: "i"}},
	"by-ref":            {Deno: ref("open-pull-request")},
	"no-runtime":        {},
	"two-runtimes":      {Deno: inline("x"), Python: inline("x")},
	"no-code":           {Python: &RuntimeSpec{}},
	"ref-missing":       {Deno: ref("gone")},
	"ref-container":     {Deno: ref("notify")},
	"ref-a":             {Deno: ref("ref-b")},
	"ref-b":             {Deno: ref("ref-a")},
	"no-image":          {Container: &corev1.Container{Name: "c"}},
	"short":             {Deno: inline("x"), Timeout: "10ms"},
	"not-a-duration":    {Deno: inline("x"), Timeout: "soon"},
}

func TestValidate(t *testing.T) {
	promote := func(names ...string) KeptnAppContextSpec { return KeptnAppContextSpec{PromotionTasks: names} }
	for _, c := range []struct {
		name      string
		spec      KeptnAppContextSpec
		onFailure string
		lenient   bool
		errs      []string
		warnings  []string
	}{
		{name: "nothing to say", spec: promote("open-pull-request", "notify", "by-ref"), onFailure: warn},
		{name: "PG101", spec: promote("open-pr", "notfy"), errs: []string{
			`spec.promotionTasks[0]: Not found: "open-pr": no KeptnTaskDefinition of this name`,
			`spec.promotionTasks[1]: Not found: "notfy": no KeptnTaskDefinition of this name; did you mean "notify"?`}},
		{name: "PG101 lenient", spec: promote("notfy"), lenient: true, warnings: []string{`did you mean "notify"?`}},
		{name: "PG102", spec: promote("notify", "notify"), errs: []string{`spec.promotionTasks[1]: Duplicate value: "notify"`}},
		{name: "PG103", spec: promote("Not_A_Name"), errs: []string{`spec.promotionTasks[0]: Invalid value: "Not_A_Name"`}},
		{name: "PG105", spec: promote("no-runtime", "two-runtimes", "no-code", "ref-missing", "ref-container", "ref-a", "no-image",
			"short", "not-a-duration"),
			errs: []string{"0 of", "2 of", "has no code", `"gone" does not exist`, "which is a container", "leads back", "no image",
				"less than a second", "not a duration"}},
		{name: "PG106", spec: KeptnAppContextSpec{PromotionTasks: []string{"notify"}, PostDeploymentTasks: []string{"notify"}},
			warnings: []string{"runs twice"}},
		{name: "PG107", spec: KeptnAppContextSpec{PreDeploymentTasks: []string{"a"}, PostDeploymentTasks: []string{"b"}},
			warnings: []string{"spec.preDeploymentTasks[0]", "spec.postDeploymentTasks[0]"}},
		{name: "PG108", spec: KeptnAppContextSpec{SpanLinks: []string{"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "x"}},
			warnings: []string{"spec.spanLinks[1]"}},
		{name: "PG110", onFailure: "Abort", errs: []string{`metadata.annotations[promogate.dev/on-failure]: Unsupported value: "Abort"`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			obj := &KeptnAppContext{Spec: c.spec}
			if c.onFailure != "" {
				obj.Annotations = map[string]string{annotationOnFailure: c.onFailure}
			}
			errs, warnings, err := validate(t.Context(), known, obj, c.lenient)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, e := range errs {
				got = append(got, e.Error())
			}
			compare(t, "errors", got, c.errs)
			compare(t, "warnings", warnings, c.warnings)
		})
	}
}

func compare(t *testing.T, what string, got, want []string) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: got %q, want %q", what, got, want)
	}
	for i := range want {
		if !strings.Contains(got[i], want[i]) {
			t.Errorf("%s: got %q, want %q", what, got[i], want[i])
		}
	}
}

func TestResolveAll(t *testing.T) {
	blocks := &policy{PromotionPolicy: &PromotionPolicy{Spec: PromotionPolicySpec{
		ValidationActions: []string{"Deny"},
		OnFailure: &PolicyOnFailure{Default: block, Tasks: []PolicyTaskOnFailure{
			{Names: []string{"not*"}, Default: warn}}},
	}}}
	only := &policy{PromotionPolicy: &PromotionPolicy{Spec: PromotionPolicySpec{
		ValidationActions: []string{"Deny"}, OnFailure: &PolicyOnFailure{Allowed: []string{block}}}}}
	for _, c := range []struct {
		annotation      string
		blockDeployment *bool
		policies        []*policy
		want            string
	}{
		{"", nil, nil, block},
		{"", new(true), nil, block},
		{"", new(false), nil, warn},
		{block, new(false), nil, block},
		{warn, nil, nil, warn},
		{"Abort", new(false), nil, warn},
		{"", new(false), []*policy{blocks}, "by-ref=Block,notify=Warn"},
		{warn, new(false), []*policy{blocks}, warn},
		{warn, new(false), []*policy{only, blocks}, block},
	} {
		obj := &KeptnAppContext{ObjectMeta: metav1.ObjectMeta{Annotations: map[string]string{annotationOnFailure: c.annotation}}}
		got, err := resolveAll(t.Context(), known, c.policies, obj, []string{"by-ref", "notify"}, c.blockDeployment)
		if got != c.want || err != nil {
			t.Errorf("%q, %v: got %s, want %s; %v", c.annotation, c.blockDeployment, got, c.want, err)
		}
	}
}

func TestGlobs(t *testing.T) {
	for _, c := range []struct {
		glob, name string
		want       bool
	}{{"a", "a", true}, {"a", "ab", false}, {"a*", "ab", true}, {"*b", "ab", true}, {"a*a", "a", false}, {"*", "", true},
		{"a*b*c", "a-b-c", true}, {"a*b*c", "a-c-b", false}} {
		if globMatches(c.glob, c.name) != c.want {
			t.Errorf("%q, %q: not %v", c.glob, c.name, c.want)
		}
	}
}

func TestJudge(t *testing.T) {
	of := func(actions []string, tasks PolicyPromotionTasks) *policy {
		return &policy{PromotionPolicy: &PromotionPolicy{ObjectMeta: metav1.ObjectMeta{Name: "p"},
			Spec: PromotionPolicySpec{ValidationActions: actions, PromotionTasks: &tasks}}}
	}
	deny, warns, audits := []string{"Deny"}, []string{"Warn"}, []string{"Audit"}
	anySource := func(name string) []PolicyTask { return []PolicyTask{{Name: name, Source: "Any"}} }
	for _, c := range []struct {
		p                       *policy
		errs, warnings, audited int
	}{
		{of(deny, PolicyPromotionTasks{Max: 2}), 0, 0, 0},
		{of(deny, PolicyPromotionTasks{Max: 1}), 1, 0, 0},
		{of(deny, PolicyPromotionTasks{Max: 2, Added: anySource("x")}), 1, 0, 0},
		{of(warns, PolicyPromotionTasks{Required: anySource("x")}), 0, 1, 0},
		{of(audits, PolicyPromotionTasks{Allowed: []string{"by*"}}), 0, 0, 1},
		{of(deny, PolicyPromotionTasks{Required: []PolicyTask{{Name: "gone"}}}), 2, 0, 0},
	} {
		obj := &KeptnAppContext{Spec: KeptnAppContextSpec{PromotionTasks: []string{"by-ref", "notify"}}}
		j, err := judge(t.Context(), known, []*policy{c.p}, obj, false)
		if err != nil || len(j.errs) != c.errs || len(j.warnings) != c.warnings || len(j.audited) != c.audited {
			t.Errorf("%+v: %+v, %v", c.p.Spec, j, err)
		}
	}
}

func TestLevenshtein(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"a", "", 1}, {"kitten", "sitting", 3}, {"notfy", "notify", 1}} {
		if got := levenshtein(c.a, c.b); got != c.want {
			t.Errorf("%q, %q: got %d, want %d", c.a, c.b, got, c.want)
		}
	}
}
