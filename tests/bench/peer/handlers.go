package main

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"gomodules.xyz/jsonpatch/v2"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
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

// surroundings is what both handlers know besides the request.
type surroundings struct {
	decoder  admission.Decoder
	defs     definitions
	readers  []client.Reader // the cache, then the API server
	policies *policies
}

// read returns the new object, and the policies that match it or the old one.
func (s *surroundings) read(ctx context.Context, req admission.Request) (*KeptnAppContext, []*policy, error) {
	obj, err := s.decode(req, req.Object)
	if err != nil {
		return nil, nil, err
	}
	obj.Namespace = req.Namespace
	objects := []*KeptnAppContext{obj}
	if len(req.OldObject.Raw) > 0 {
		old, err := s.decode(req, req.OldObject)
		if err != nil {
			return nil, nil, err
		}
		objects = append(objects, old)
	}
	if len(s.policies.all()) == 0 {
		return obj, nil, nil
	}
	namespace, err := namespaceLabels(ctx, s.readers, req.Namespace)
	if err != nil {
		return nil, nil, err
	}
	return obj, s.policies.match(namespace, objects...), nil
}

func (s *surroundings) decode(req admission.Request, raw runtime.RawExtension) (*KeptnAppContext, error) {
	if req.Kind.Version == lifecycleV1Beta.Version {
		var beta betaAppContext
		return &beta.KeptnAppContext, s.decoder.DecodeRaw(raw, &beta)
	}
	var obj KeptnAppContext
	return &obj, s.decoder.DecodeRaw(raw, &obj)
}

type validator struct{ *surroundings }

func (v *validator) Handle(ctx context.Context, req admission.Request) admission.Response {
	obj, matched, err := v.read(ctx, req)
	if err != nil {
		return admission.Errored(http.StatusBadRequest, err)
	}
	if obj.DeletionTimestamp != nil {
		return admission.Allowed("")
	}
	lenient := isLenient(req)
	errs, warnings, err := validate(ctx, v.defs, obj, lenient || missingWarns(matched))
	if err != nil {
		return admission.Errored(http.StatusInternalServerError, err)
	}
	judged, err := judge(ctx, v.defs, matched, obj, lenient)
	if err != nil {
		return admission.Errored(http.StatusInternalServerError, err)
	}
	resp := respond(req, obj, append(errs, judged.errs...), append(warnings, judged.warnings...))
	resp.AuditAnnotations = judged.auditAnnotations()
	return resp
}

func respond(req admission.Request, obj *KeptnAppContext, errs field.ErrorList, warnings []string) admission.Response {
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

type defaulter struct{ *surroundings }

func (d *defaulter) Handle(ctx context.Context, req admission.Request) admission.Response {
	obj, matched, err := d.read(ctx, req)
	if err != nil {
		return admission.Errored(http.StatusBadRequest, err)
	}
	var configs KeptnConfigList
	if err := d.readers[0].List(ctx, &configs, client.UnsafeDisableDeepCopy); err != nil {
		return admission.Errored(http.StatusInternalServerError, err)
	}
	var blockDeployment *bool
	if len(configs.Items) > 0 { // one in a cluster, by convention
		blockDeployment = configs.Items[0].Spec.BlockDeployment
	}

	var operations []jsonpatch.JsonPatchOperation
	tasks, marks := obj.Spec.PromotionTasks, map[string]string{}
	if by := defaultTasks(matched); by != nil && tasks == nil {
		tasks = by.Spec.PromotionTasks.Default
		operations = append(operations, jsonpatch.NewOperation("add", "/spec/promotionTasks", tasks))
		marks[annotationDefaulted] = by.Name
	}
	resolved, err := resolveAll(ctx, d.defs, matched, obj, tasks, blockDeployment)
	if err != nil {
		return admission.Errored(http.StatusInternalServerError, err)
	}
	marks[annotationResolved] = resolved
	for key, value := range marks {
		if obj.Annotations[key] == value {
			delete(marks, key)
		}
	}
	switch {
	case len(marks) == 0:
	case obj.Annotations == nil:
		operations = append(operations, jsonpatch.NewOperation("add", "/metadata/annotations", marks))
	default:
		for key, value := range marks {
			operations = append(operations, jsonpatch.NewOperation("add",
				"/metadata/annotations/"+strings.ReplaceAll(key, "/", "~1"), value))
		}
	}
	if operations == nil {
		return admission.Allowed("")
	}
	return admission.Patched("", operations...)
}

// lookup finds definitions in the cache. A miss may be the cache's lag: the API server confirms it.
type lookup struct {
	cache          client.Reader
	live           client.Reader
	keptnNamespace string
}

func (l *lookup) find(ctx context.Context, namespace, name string) (*KeptnTaskDefinition, error) {
	return l.findIn(ctx, []client.Reader{l.cache, l.live}, namespace, name)
}

func (l *lookup) cached(ctx context.Context, namespace, name string) (*KeptnTaskDefinition, error) {
	return l.findIn(ctx, []client.Reader{l.cache}, namespace, name)
}

func (l *lookup) shared() string { return l.keptnNamespace }

func (l *lookup) findIn(ctx context.Context, readers []client.Reader, namespace, name string) (*KeptnTaskDefinition, error) {
	for _, reader := range readers {
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
