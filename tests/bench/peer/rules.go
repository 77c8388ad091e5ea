package main

import (
	"context"
	"fmt"
	"regexp"
	"time"

	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

const (
	annotationOnFailure = "promogate.dev/on-failure"
	annotationResolved  = "promogate.dev/resolved-on-failure"

	block = "Block"
	warn  = "Warn"
)

var traceparent = regexp.MustCompile(`^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$`)

// definitions answers the rules' questions about other objects.
type definitions interface {
	// find returns nil when the definition exists in neither namespace.
	find(ctx context.Context, namespace, name string) (*KeptnTaskDefinition, error)
	// names lists what a promotion task in the namespace could be called.
	names(ctx context.Context, namespace string) ([]string, error)
	// cached is find without asking the API server.
	cached(ctx context.Context, namespace, name string) (*KeptnTaskDefinition, error)
	// shared is the Keptn namespace.
	shared() string
}

// validate applies every rule but those of policies. Findings that depend on another object only warn if lenient is set.
func validate(ctx context.Context, defs definitions, obj *KeptnAppContext, lenient bool) (field.ErrorList, []string, error) {
	var errs field.ErrorList
	var warnings []string
	foreign := func(e *field.Error) {
		if lenient {
			warnings = append(warnings, e.Error())
		} else {
			errs = append(errs, e)
		}
	}

	spec := field.NewPath("spec")
	seen := make(map[string]bool, len(obj.Spec.PromotionTasks))
	post := make(map[string]bool, len(obj.Spec.PostDeploymentTasks))
	for _, name := range obj.Spec.PostDeploymentTasks {
		post[name] = true
	}

	for i, name := range obj.Spec.PromotionTasks {
		path := spec.Child("promotionTasks").Index(i)
		if seen[name] { // PG102
			errs = append(errs, field.Duplicate(path, name))
			continue
		}
		seen[name] = true
		if msgs := validation.IsDNS1123Subdomain(name); len(msgs) > 0 { // PG103
			e := field.Invalid(path, name, msgs[0])
			if err := suggest(ctx, defs, e, obj.Namespace, name); err != nil {
				return nil, nil, err
			}
			errs = append(errs, e)
			continue
		}
		if post[name] { // PG106
			warnings = append(warnings, fmt.Sprintf("%s: %q is also a post-deployment task and runs twice", path, name))
		}
		def, err := defs.find(ctx, obj.Namespace, name)
		if err != nil {
			return nil, nil, err
		}
		if def == nil { // PG101
			e := field.NotFound(path, name)
			e.Detail = "no KeptnTaskDefinition of this name"
			if err := suggest(ctx, defs, e, obj.Namespace, name); err != nil {
				return nil, nil, err
			}
			foreign(e)
			continue
		}
		why, err := cannotRun(ctx, defs, obj.Namespace, def)
		if err != nil {
			return nil, nil, err
		}
		if why != "" { // PG105
			foreign(field.Invalid(path, name, "this KeptnTaskDefinition can't run: "+why))
		}
	}

	for _, list := range []struct {
		field string
		tasks []string
	}{
		{"preDeploymentTasks", obj.Spec.PreDeploymentTasks},
		{"postDeploymentTasks", obj.Spec.PostDeploymentTasks},
	} {
		for i, name := range list.tasks { // PG107
			def, err := defs.find(ctx, obj.Namespace, name)
			if err != nil {
				return nil, nil, err
			}
			if def == nil {
				warnings = append(warnings, fmt.Sprintf("%s: no KeptnTaskDefinition %q",
					spec.Child(list.field).Index(i), name))
			}
		}
	}

	for i, link := range obj.Spec.SpanLinks { // PG108
		if !traceparent.MatchString(link) {
			warnings = append(warnings, fmt.Sprintf("%s: %q is not a W3C traceparent",
				spec.Child("spanLinks").Index(i), link))
		}
	}

	if v, ok := obj.Annotations[annotationOnFailure]; ok && v != block && v != warn { // PG110
		errs = append(errs, field.NotSupported(
			field.NewPath("metadata", "annotations").Key(annotationOnFailure), v, []string{block, warn}))
	}
	return errs, warnings, nil
}

func suggest(ctx context.Context, defs definitions, e *field.Error, namespace, name string) error {
	names, err := defs.names(ctx, namespace)
	if err != nil {
		return err
	}
	if s := nearest(name, names); s != "" {
		e.Detail += fmt.Sprintf("; did you mean %q?", s)
	}
	return nil
}

// cannotRun says why a Job of this definition could not start, or "".
func cannotRun(ctx context.Context, defs definitions, namespace string, def *KeptnTaskDefinition) (string, error) {
	if t := def.Spec.Timeout; t != "" {
		d, err := time.ParseDuration(t)
		if err != nil {
			return fmt.Sprintf("timeout %q is not a duration", t), nil
		}
		if d < time.Second {
			return fmt.Sprintf("timeout %q is less than a second", t), nil
		}
	}
	visited := map[string]bool{}
	for {
		spec := &def.Spec
		visited[def.Name] = true

		runtimes := 0
		for _, set := range []bool{spec.Container != nil, spec.Deno != nil, spec.Python != nil} {
			if set {
				runtimes++
			}
		}
		if runtimes != 1 {
			return fmt.Sprintf("%d of container, deno and python are set in %q, not one", runtimes, def.Name), nil
		}
		if spec.Container != nil {
			switch {
			case len(visited) > 1:
				return fmt.Sprintf("functionRef names %q, which is a container", def.Name), nil
			case spec.Container.Name == "":
				return "its container has no name", nil
			case spec.Container.Image == "":
				return "its container has no image", nil
			}
			return "", nil
		}

		function := spec.Deno
		if function == nil {
			function = spec.Python
		}
		if function.Inline.Code != "" || function.HTTPRef.URL != "" || function.ConfigMapRef.Name != "" {
			return "", nil
		}
		ref := function.FunctionRef.Name
		if ref == "" {
			return fmt.Sprintf("%q has no code", def.Name), nil
		}
		if visited[ref] {
			return fmt.Sprintf("functionRef %q leads back to itself", ref), nil
		}
		next, err := defs.find(ctx, namespace, ref)
		if err != nil {
			return "", err
		}
		if next == nil {
			return fmt.Sprintf("functionRef %q does not exist", ref), nil
		}
		def = next
	}
}

// nearest is the candidate within a third of the name's length in edits, or "".
func nearest(name string, candidates []string) string {
	best, limit := "", max(2, len(name)/3)+1
	for _, c := range candidates {
		if diff := len(c) - len(name); diff >= limit || -diff >= limit {
			continue
		}
		if d := levenshtein(name, c); d < limit {
			best, limit = c, d
		}
	}
	return best
}

func levenshtein(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j+1]+1, row[j]+1)
		}
	}
	return row[len(b)]
}
