package main

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Keptn's objects, with the fields that a promotion of containers reads and writes.

var lifecycleV1 = schema.GroupVersion{Group: "lifecycle.keptn.sh", Version: "v1"}

type KeptnAppVersion struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`
	Spec              KeptnAppVersionSpec   `json:"spec,omitempty"`
	Status            KeptnAppVersionStatus `json:"status,omitempty"`
}

type KeptnAppVersionSpec struct {
	AppName        string            `json:"appName"`
	Version        string            `json:"version"`
	PromotionTasks []string          `json:"promotionTasks,omitempty"`
	Metadata       map[string]string `json:"metadata,omitempty"`
	TraceID        map[string]string `json:"traceId,omitempty"`
}

type KeptnAppVersionStatus struct {
	CurrentPhase        string       `json:"currentPhase,omitempty"`
	Status              string       `json:"status,omitempty"`
	EndTime             *metav1.Time `json:"endTime,omitempty"`
	PromotionStatus     string       `json:"promotionStatus,omitempty"`
	PromotionTaskStatus []ItemStatus `json:"promotionTaskStatus,omitempty"`
}

type ItemStatus struct {
	DefinitionName string       `json:"definitionName,omitempty"`
	Name           string       `json:"name,omitempty"`
	Status         string       `json:"status,omitempty"`
	StartTime      *metav1.Time `json:"startTime,omitempty"`
	EndTime        *metav1.Time `json:"endTime,omitempty"`
}

type KeptnAppVersionList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []KeptnAppVersion `json:"items"`
}

type KeptnTaskDefinition struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`
	Spec              KeptnTaskDefinitionSpec `json:"spec,omitempty"`
}

type KeptnTaskDefinitionSpec struct {
	Container      *corev1.Container            `json:"container,omitempty"`
	Retries        *int32                       `json:"retries,omitempty"`
	Timeout        metav1.Duration              `json:"timeout,omitempty"`
	TTL            *int32                       `json:"ttlSecondsAfterFinished,omitempty"`
	ServiceAccount *corev1.LocalObjectReference `json:"serviceAccount,omitempty"`
}

type KeptnTaskDefinitionList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []KeptnTaskDefinition `json:"items"`
}

func (in *KeptnAppVersion) DeepCopyObject() runtime.Object {
	out := *in
	in.ObjectMeta.DeepCopyInto(&out.ObjectMeta)
	out.Spec.PromotionTasks = append([]string(nil), in.Spec.PromotionTasks...)
	out.Spec.Metadata = copyMap(in.Spec.Metadata)
	out.Spec.TraceID = copyMap(in.Spec.TraceID)
	out.Status.EndTime = in.Status.EndTime.DeepCopy()
	out.Status.PromotionTaskStatus = nil
	for _, item := range in.Status.PromotionTaskStatus {
		item.StartTime, item.EndTime = item.StartTime.DeepCopy(), item.EndTime.DeepCopy()
		out.Status.PromotionTaskStatus = append(out.Status.PromotionTaskStatus, item)
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

func (in *KeptnAppVersionList) DeepCopyObject() runtime.Object {
	out := *in
	out.Items = nil
	for i := range in.Items {
		out.Items = append(out.Items, *in.Items[i].DeepCopyObject().(*KeptnAppVersion))
	}
	return &out
}

func (in *KeptnTaskDefinition) DeepCopyObject() runtime.Object {
	out := *in
	in.ObjectMeta.DeepCopyInto(&out.ObjectMeta)
	out.Spec.Container = in.Spec.Container.DeepCopy()
	out.Spec.ServiceAccount = in.Spec.ServiceAccount.DeepCopy()
	return &out
}

func (in *KeptnTaskDefinitionList) DeepCopyObject() runtime.Object {
	out := *in
	out.Items = nil
	for i := range in.Items {
		out.Items = append(out.Items, *in.Items[i].DeepCopyObject().(*KeptnTaskDefinition))
	}
	return &out
}

func addToScheme(scheme *runtime.Scheme) error {
	scheme.AddKnownTypes(lifecycleV1, &KeptnAppVersion{}, &KeptnAppVersionList{},
		&KeptnTaskDefinition{}, &KeptnTaskDefinitionList{})
	metav1.AddToGroupVersion(scheme, lifecycleV1)
	return nil
}
