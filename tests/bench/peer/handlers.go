package main

import (
	"context"
	"encoding/json"
	"net/http"

	"gomodules.xyz/jsonpatch/v2"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"
)

// lenientManagers apply a context before the definitions that it names.
var lenientManagers = map[string]bool{
	"kustomize-controller": true,
	"helm-controller":      true,
	"helm":                 true,
	"argocd-controller":    true,
}

type validator struct {
	decoder admission.Decoder
	defs    definitions
}

func (v *validator) Handle(ctx context.Context, req admission.Request) admission.Response {
	var obj KeptnAppContext
	if err := v.decoder.Decode(req, &obj); err != nil {
		return admission.Errored(http.StatusBadRequest, err)
	}
	if obj.DeletionTimestamp != nil {
		return admission.Allowed("")
	}
	obj.Namespace = req.Namespace

	errs, warnings, err := validate(ctx, v.defs, &obj, isLenient(req))
	if err != nil {
		return admission.Errored(http.StatusInternalServerError, err)
	}
	if len(errs) == 0 {
		return admission.Allowed("").WithWarnings(warnings...)
	}

	name := obj.Name
	if name == "" {
		name = obj.GenerateName
	}
	kind := schema.GroupKind{Group: req.Kind.Group, Kind: req.Kind.Kind}
	status := apierrors.NewInvalid(kind, name, errs).Status()
	resp := admission.Denied("").WithWarnings(warnings...)
	resp.Result = &status
	return resp
}

func isLenient(req admission.Request) bool {
	if req.DryRun != nil && *req.DryRun {
		return true
	}
	// Create, update and patch options have this field in common.
	var options struct {
		FieldManager string `json:"fieldManager"`
	}
	return len(req.Options.Raw) > 0 && json.Unmarshal(req.Options.Raw, &options) == nil &&
		lenientManagers[options.FieldManager]
}

type defaulter struct {
	decoder admission.Decoder
	cache   client.Reader
}

func (d *defaulter) Handle(ctx context.Context, req admission.Request) admission.Response {
	var obj KeptnAppContext
	if err := d.decoder.Decode(req, &obj); err != nil {
		return admission.Errored(http.StatusBadRequest, err)
	}
	var configs KeptnConfigList
	if err := d.cache.List(ctx, &configs, client.UnsafeDisableDeepCopy); err != nil {
		return admission.Errored(http.StatusInternalServerError, err)
	}
	var blockDeployment *bool
	if len(configs.Items) > 0 { // one in a cluster, by convention
		blockDeployment = configs.Items[0].Spec.BlockDeployment
	}

	resolved := resolveOnFailure(&obj, blockDeployment)
	if obj.Annotations[annotationResolved] == resolved {
		return admission.Allowed("")
	}
	if obj.Annotations == nil {
		return admission.Patched("", jsonpatch.NewOperation("add", "/metadata/annotations",
			map[string]string{annotationResolved: resolved}))
	}
	return admission.Patched("", jsonpatch.NewOperation("add",
		"/metadata/annotations/promogate.dev~1resolved-on-failure", resolved))
}

// lookup finds definitions in the cache. A miss may be the cache's lag: the API server confirms it.
type lookup struct {
	cache          client.Reader
	live           client.Reader
	keptnNamespace string
}

func (l *lookup) find(ctx context.Context, namespace, name string) (*KeptnTaskDefinition, error) {
	for _, reader := range []client.Reader{l.cache, l.live} {
		for _, ns := range l.namespaces(namespace) {
			var def KeptnTaskDefinition
			err := reader.Get(ctx, client.ObjectKey{Namespace: ns, Name: name}, &def)
			if err == nil {
				return &def, nil
			}
			if !apierrors.IsNotFound(err) {
				return nil, err
			}
		}
	}
	return nil, nil
}

func (l *lookup) names(ctx context.Context, namespace string) ([]string, error) {
	var names []string
	for _, ns := range l.namespaces(namespace) {
		var list KeptnTaskDefinitionList
		if err := l.cache.List(ctx, &list, client.InNamespace(ns), client.UnsafeDisableDeepCopy); err != nil {
			return nil, err
		}
		for i := range list.Items {
			names = append(names, list.Items[i].Name)
		}
	}
	return names, nil
}

func (l *lookup) namespaces(namespace string) []string {
	if namespace == l.keptnNamespace {
		return []string{namespace}
	}
	return []string{namespace, l.keptnNamespace}
}
