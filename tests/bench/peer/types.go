package main

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Keptn's objects, with the fields that the rules read.

var (
	lifecycleV1     = schema.GroupVersion{Group: "lifecycle.keptn.sh", Version: "v1"}
	lifecycleV1Beta = schema.GroupVersion{Group: "lifecycle.keptn.sh", Version: "v1beta1"}
	optionsV1Alpha1 = schema.GroupVersion{Group: "options.keptn.sh", Version: "v1alpha1"}
	policyV1Alpha1  = schema.GroupVersion{Group: "promogate.dev", Version: "v1alpha1"}
	namespaceKind   = schema.GroupVersionKind{Version: "v1", Kind: "Namespace"}
)

// KeptnAppContext is the object under admission. The two versions do not differ.
type KeptnAppContext struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`
	Spec              KeptnAppContextSpec `json:"spec,omitempty"`
}

// betaAppContext is the same in the older version: the cache wants one version for each type.
type betaAppContext struct{ KeptnAppContext }

type KeptnAppContextSpec struct {
	PreDeploymentTasks        []string          `json:"preDeploymentTasks,omitempty"`
	PostDeploymentTasks       []string          `json:"postDeploymentTasks,omitempty"`
	PreDeploymentEvaluations  []string          `json:"preDeploymentEvaluations,omitempty"`
	PostDeploymentEvaluations []string          `json:"postDeploymentEvaluations,omitempty"`
	PromotionTasks            []string          `json:"promotionTasks,omitempty"`
	Metadata                  map[string]string `json:"metadata,omitempty"`
	SpanLinks                 []string          `json:"spanLinks,omitempty"`
}

type KeptnAppContextList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []KeptnAppContext `json:"items"`
}

type KeptnTaskDefinition struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`
	Spec              KeptnTaskDefinitionSpec `json:"spec,omitempty"`
}

type KeptnTaskDefinitionSpec struct {
	Container *corev1.Container `json:"container,omitempty"`
	Deno      *RuntimeSpec      `json:"deno,omitempty"`
	Python    *RuntimeSpec      `json:"python,omitempty"`
	Timeout   string            `json:"timeout,omitempty"`
}

type RuntimeSpec struct {
	FunctionRef  NamedRef      `json:"functionRef,omitempty"`
	Inline       Inline        `json:"inline,omitempty"`
	HTTPRef      HTTPRef       `json:"httpRef,omitempty"`
	ConfigMapRef NamedRef      `json:"configMapRef,omitempty"`
	Parameters   RuntimeParams `json:"parameters,omitempty"`
}

type NamedRef struct {
	Name string `json:"name,omitempty"`
}

type Inline struct {
	Code string `json:"code,omitempty"`
}

type HTTPRef struct {
	URL string `json:"url,omitempty"`
}

type RuntimeParams struct {
	Map map[string]string `json:"map,omitempty"`
}

type KeptnTaskDefinitionList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []KeptnTaskDefinition `json:"items"`
}

type KeptnConfig struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`
	Spec              KeptnConfigSpec `json:"spec,omitempty"`
}

type KeptnConfigSpec struct {
	BlockDeployment *bool `json:"blockDeployment,omitempty"`
}

type KeptnConfigList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []KeptnConfig `json:"items"`
}

type PromotionPolicy struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`
	Spec              PromotionPolicySpec `json:"spec,omitempty"`
}

type PromotionPolicySpec struct {
	NamespaceSelector *metav1.LabelSelector `json:"namespaceSelector"`
	AppSelector       *metav1.LabelSelector `json:"appSelector,omitempty"`
	Priority          int                   `json:"priority,omitempty"`
	ValidationActions []string              `json:"validationActions"`
	EnforcedAt        []string              `json:"enforcedAt,omitempty"`
	Message           string                `json:"message,omitempty"`
	OnFailure         *PolicyOnFailure      `json:"onFailure,omitempty"`
	PromotionTasks    *PolicyPromotionTasks `json:"promotionTasks,omitempty"`
	Definitions       *PolicyDefinitions    `json:"definitions,omitempty"`
}

type PolicyOnFailure struct {
	Default string                `json:"default,omitempty"`
	Allowed []string              `json:"allowed,omitempty"`
	Tasks   []PolicyTaskOnFailure `json:"tasks,omitempty"`
}

type PolicyTaskOnFailure struct {
	Names   []string `json:"names"`
	Default string   `json:"default,omitempty"`
	Allowed []string `json:"allowed,omitempty"`
}

type PolicyPromotionTasks struct {
	Required []PolicyTask `json:"required,omitempty"`
	Added    []PolicyTask `json:"added,omitempty"`
	Default  []string     `json:"default,omitempty"`
	Allowed  []string     `json:"allowed,omitempty"`
	Max      int          `json:"max,omitempty"`
}

type PolicyTask struct {
	Name   string `json:"name"`
	Source string `json:"source,omitempty"`
}

type PolicyDefinitions struct {
	Missing  string `json:"missing,omitempty"`
	Deletion string `json:"deletion,omitempty"`
}

type PromotionPolicyList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []PromotionPolicy `json:"items"`
}

func addToScheme(s *runtime.Scheme) error {
	s.AddKnownTypes(lifecycleV1, &KeptnAppContext{}, &KeptnAppContextList{}, &KeptnTaskDefinition{}, &KeptnTaskDefinitionList{})
	s.AddKnownTypeWithName(lifecycleV1Beta.WithKind("KeptnAppContext"), &betaAppContext{})
	s.AddKnownTypes(optionsV1Alpha1, &KeptnConfig{}, &KeptnConfigList{})
	s.AddKnownTypes(policyV1Alpha1, &PromotionPolicy{}, &PromotionPolicyList{})
	for _, gv := range []schema.GroupVersion{lifecycleV1, lifecycleV1Beta, optionsV1Alpha1, policyV1Alpha1} {
		metav1.AddToGroupVersion(s, gv)
	}
	return nil
}

func (in *KeptnAppContext) DeepCopyInto(out *KeptnAppContext) {
	*out = *in
	in.ObjectMeta.DeepCopyInto(&out.ObjectMeta)
	s := in.Spec
	out.Spec = KeptnAppContextSpec{
		PreDeploymentTasks:        append([]string(nil), s.PreDeploymentTasks...),
		PostDeploymentTasks:       append([]string(nil), s.PostDeploymentTasks...),
		PreDeploymentEvaluations:  append([]string(nil), s.PreDeploymentEvaluations...),
		PostDeploymentEvaluations: append([]string(nil), s.PostDeploymentEvaluations...),
		PromotionTasks:            append([]string(nil), s.PromotionTasks...),
		Metadata:                  copyMap(s.Metadata),
		SpanLinks:                 append([]string(nil), s.SpanLinks...),
	}
}

func (in *KeptnAppContext) DeepCopyObject() runtime.Object {
	out := new(KeptnAppContext)
	in.DeepCopyInto(out)
	return out
}

func (in *betaAppContext) DeepCopyObject() runtime.Object {
	out := new(betaAppContext)
	in.KeptnAppContext.DeepCopyInto(&out.KeptnAppContext)
	return out
}

func (in *KeptnAppContextList) DeepCopyObject() runtime.Object {
	out := *in
	in.ListMeta.DeepCopyInto(&out.ListMeta)
	out.Items = make([]KeptnAppContext, len(in.Items))
	for i := range in.Items {
		in.Items[i].DeepCopyInto(&out.Items[i])
	}
	return &out
}

func (in *KeptnTaskDefinition) DeepCopyInto(out *KeptnTaskDefinition) {
	*out = *in
	in.ObjectMeta.DeepCopyInto(&out.ObjectMeta)
	if in.Spec.Container != nil {
		out.Spec.Container = in.Spec.Container.DeepCopy()
	}
	out.Spec.Deno = in.Spec.Deno.deepCopy()
	out.Spec.Python = in.Spec.Python.deepCopy()
}

func (in *RuntimeSpec) deepCopy() *RuntimeSpec {
	if in == nil {
		return nil
	}
	out := *in
	out.Parameters.Map = copyMap(in.Parameters.Map)
	return &out
}

func (in *KeptnTaskDefinition) DeepCopyObject() runtime.Object {
	out := new(KeptnTaskDefinition)
	in.DeepCopyInto(out)
	return out
}

func (in *KeptnTaskDefinitionList) DeepCopyObject() runtime.Object {
	out := *in
	in.ListMeta.DeepCopyInto(&out.ListMeta)
	out.Items = make([]KeptnTaskDefinition, len(in.Items))
	for i := range in.Items {
		in.Items[i].DeepCopyInto(&out.Items[i])
	}
	return &out
}

func (in *KeptnConfig) DeepCopyInto(out *KeptnConfig) {
	*out = *in
	in.ObjectMeta.DeepCopyInto(&out.ObjectMeta)
	if in.Spec.BlockDeployment != nil {
		out.Spec.BlockDeployment = new(*in.Spec.BlockDeployment)
	}
}

func (in *KeptnConfig) DeepCopyObject() runtime.Object {
	out := new(KeptnConfig)
	in.DeepCopyInto(out)
	return out
}

func (in *KeptnConfigList) DeepCopyObject() runtime.Object {
	out := *in
	in.ListMeta.DeepCopyInto(&out.ListMeta)
	out.Items = make([]KeptnConfig, len(in.Items))
	for i := range in.Items {
		in.Items[i].DeepCopyInto(&out.Items[i])
	}
	return &out
}

func (in *PromotionPolicy) DeepCopyInto(out *PromotionPolicy) {
	*out = *in
	in.ObjectMeta.DeepCopyInto(&out.ObjectMeta)
	s := &out.Spec
	s.NamespaceSelector = in.Spec.NamespaceSelector.DeepCopy()
	s.AppSelector = in.Spec.AppSelector.DeepCopy()
	s.ValidationActions = slices.Clone(s.ValidationActions)
	s.EnforcedAt = slices.Clone(s.EnforcedAt)
	if s.OnFailure != nil {
		s.OnFailure = new(*s.OnFailure)
		s.OnFailure.Allowed = slices.Clone(s.OnFailure.Allowed)
		s.OnFailure.Tasks = slices.Clone(s.OnFailure.Tasks)
		for i := range s.OnFailure.Tasks {
			entry := &s.OnFailure.Tasks[i]
			entry.Names, entry.Allowed = slices.Clone(entry.Names), slices.Clone(entry.Allowed)
		}
	}
	if s.PromotionTasks != nil {
		s.PromotionTasks = new(*s.PromotionTasks)
		tasks := s.PromotionTasks
		tasks.Required, tasks.Added = slices.Clone(tasks.Required), slices.Clone(tasks.Added)
		tasks.Default, tasks.Allowed = slices.Clone(tasks.Default), slices.Clone(tasks.Allowed)
	}
	if s.Definitions != nil {
		s.Definitions = new(*s.Definitions)
	}
}

func (in *PromotionPolicy) DeepCopyObject() runtime.Object {
	out := new(PromotionPolicy)
	in.DeepCopyInto(out)
	return out
}

func (in *PromotionPolicyList) DeepCopyObject() runtime.Object {
	out := *in
	in.ListMeta.DeepCopyInto(&out.ListMeta)
	out.Items = make([]PromotionPolicy, len(in.Items))
	for i := range in.Items {
		in.Items[i].DeepCopyInto(&out.Items[i])
	}
	return &out
}

func copyMap(in map[string]string) map[string]string {
	if in == nil {
		return nil
	}
	out := make(map[string]string, len(in))
	for k, v := range in {
		out[k] = v
	}
	return out
}
