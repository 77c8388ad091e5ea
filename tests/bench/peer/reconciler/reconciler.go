package main

import (
	"context"
	"encoding/json"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	utilerrors "k8s.io/apimachinery/pkg/util/errors"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
)

const (
	managedBy = "app.kubernetes.io/managed-by"
	manager   = "peer"
	byOwner   = "owner"
)

type reconciler struct {
	client.Client
	scheme         *runtime.Scheme
	keptnNamespace string
}

func ownerOf(o client.Object) []string {
	if owner := metav1.GetControllerOf(o); owner != nil {
		return []string{string(owner.UID)}
	}
	return nil
}

func (r *reconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	v := &KeptnAppVersion{}
	if err := r.Get(ctx, req.NamespacedName, v); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	s := &v.Status
	switch {
	case len(v.Spec.PromotionTasks) == 0 || s.EndTime == nil:
		return ctrl.Result{}, nil
	case s.Status == "Succeeded" && s.PromotionStatus == "Pending":
		return ctrl.Result{}, ignoreStale(r.start(ctx, v))
	case s.PromotionStatus == "Progressing":
		return ctrl.Result{}, ignoreStale(r.record(ctx, v))
	}
	return ctrl.Result{}, nil
}

// After a conflict: the watch will deliver the newer version.
func ignoreStale(err error) error {
	if apierrors.IsConflict(err) || apierrors.IsAlreadyExists(err) {
		return nil
	}
	return err
}

// start does all three steps in one pass, the calls of each in flight together.
func (r *reconciler) start(ctx context.Context, v *KeptnAppVersion) error {
	jobs := make([]*batchv1.Job, len(v.Spec.PromotionTasks))
	for i, task := range v.Spec.PromotionTasks {
		definition, err := r.definition(ctx, v.Namespace, task)
		if err != nil {
			return err
		}
		if jobs[i], err = r.job(v, definition); err != nil {
			return err
		}
	}
	if err := together(jobs, func(job *batchv1.Job) error { return r.Create(ctx, job) }); err != nil {
		return err
	}
	if err := r.commit(ctx, v, jobs); err != nil {
		return err
	}
	return together(jobs, func(job *batchv1.Job) error {
		before := job.DeepCopy()
		job.Spec.Suspend = new(bool)
		return r.Patch(ctx, job, client.MergeFrom(before))
	})
}

func (r *reconciler) definition(ctx context.Context, namespace, name string) (*KeptnTaskDefinition, error) {
	d := &KeptnTaskDefinition{}
	err := r.Get(ctx, types.NamespacedName{Namespace: namespace, Name: name}, d)
	if apierrors.IsNotFound(err) {
		err = r.Get(ctx, types.NamespacedName{Namespace: r.keptnNamespace, Name: name}, d)
	}
	return d, err
}

func (r *reconciler) commit(ctx context.Context, v *KeptnAppVersion, jobs []*batchv1.Job) error {
	before := v.DeepCopyObject().(*KeptnAppVersion)
	now := metav1.Now()
	for i, task := range v.Spec.PromotionTasks {
		v.Status.PromotionTaskStatus = append(v.Status.PromotionTaskStatus, ItemStatus{
			DefinitionName: task, Name: jobs[i].Name, Status: "Progressing", StartTime: &now})
	}
	v.Status.PromotionStatus, v.Status.CurrentPhase, v.Status.Status = "Progressing", "PromotionTasks", "Progressing"
	return r.Status().Patch(ctx, v, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{}))
}

// record writes the outcomes since its last write; the TTL is in the Job from the start.
func (r *reconciler) record(ctx context.Context, v *KeptnAppVersion) error {
	var jobs batchv1.JobList
	if err := r.List(ctx, &jobs, client.InNamespace(v.Namespace),
		client.MatchingFields{byOwner: string(v.UID)}); err != nil {
		return err
	}
	ended := map[string]string{}
	for i := range jobs.Items {
		ended[jobs.Items[i].Name] = outcome(&jobs.Items[i])
	}
	before := v.DeepCopyObject().(*KeptnAppVersion)
	now := metav1.Now()
	open, failed, changed := 0, false, false
	for i := range v.Status.PromotionTaskStatus {
		item := &v.Status.PromotionTaskStatus[i]
		if item.Status == "Progressing" && ended[item.Name] != "" {
			item.Status, item.EndTime, changed = ended[item.Name], &now, true
		}
		if item.Status == "Progressing" {
			open++
		}
		failed = failed || item.Status == "Failed"
	}
	if !changed {
		return nil
	}
	if open == 0 {
		finish(&v.Status, failed, now)
	}
	return r.Status().Patch(ctx, v, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{}))
}

func finish(s *KeptnAppVersionStatus, failed bool, now metav1.Time) {
	s.EndTime = &now
	if failed {
		s.PromotionStatus, s.Status = "Failed", "Failed"
		return
	}
	s.PromotionStatus, s.Status, s.CurrentPhase = "Succeeded", "Succeeded", "Completed"
}

func outcome(job *batchv1.Job) string {
	for _, c := range job.Status.Conditions {
		if c.Status != corev1.ConditionTrue {
			continue
		}
		switch c.Type {
		case batchv1.JobComplete:
			return "Succeeded"
		case batchv1.JobFailed:
			return "Failed"
		}
	}
	return ""
}

func (r *reconciler) job(v *KeptnAppVersion, d *KeptnTaskDefinition) (*batchv1.Job, error) {
	container := d.Spec.Container.DeepCopy()
	text, err := keptnContext(v)
	if err != nil {
		return nil, err
	}
	container.Env = append(container.Env,
		corev1.EnvVar{Name: "KEPTN_CONTEXT", Value: text},
		corev1.EnvVar{Name: "PROMOGATE_ID", Value: string(v.UID) + "/" + d.Name},
		corev1.EnvVar{Name: "PROMOGATE_ATTEMPT", Value: "1"})
	labels := map[string]string{
		managedBy:               manager,
		"promogate.dev/app":     v.Spec.AppName,
		"promogate.dev/version": v.Spec.Version,
		"promogate.dev/task":    d.Name,
		"promogate.dev/attempt": "1",
	}
	suspend, seconds := true, int64(d.Spec.Timeout.Seconds())
	job := &batchv1.Job{
		ObjectMeta: metav1.ObjectMeta{
			Name:      d.Name + "-1-" + string(v.UID[:8]),
			Namespace: v.Namespace,
			Labels:    labels,
			Annotations: map[string]string{
				"keptn.sh/app":       v.Spec.AppName,
				"keptn.sh/version":   v.Spec.Version,
				"keptn.sh/task-name": d.Name,
				"promogate.dev/task": d.Name,
			},
		},
		Spec: batchv1.JobSpec{
			Suspend:                 &suspend,
			BackoffLimit:            d.Spec.Retries,
			ActiveDeadlineSeconds:   &seconds,
			TTLSecondsAfterFinished: d.Spec.TTL,
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec: corev1.PodSpec{
					RestartPolicy: corev1.RestartPolicyOnFailure,
					Containers:    []corev1.Container{*container},
				},
			},
		},
	}
	if d.Spec.ServiceAccount != nil {
		job.Spec.Template.Spec.ServiceAccountName = d.Spec.ServiceAccount.Name
	}
	return job, controllerutil.SetControllerReference(v, job, r.scheme)
}

func keptnContext(v *KeptnAppVersion) (string, error) {
	metadata := copyMap(v.Spec.Metadata)
	if traceparent := v.Spec.TraceID["traceparent"]; traceparent != "" && metadata != nil {
		metadata["traceparent"] = traceparent
	}
	text, err := json.Marshal(struct {
		WorkloadName    string            `json:"workloadName"`
		AppName         string            `json:"appName"`
		AppVersion      string            `json:"appVersion"`
		WorkloadVersion string            `json:"workloadVersion"`
		TaskType        string            `json:"taskType"`
		ObjectType      string            `json:"objectType"`
		Metadata        map[string]string `json:"metadata,omitempty"`
	}{"", v.Spec.AppName, v.Spec.Version, "", "promotion", "App", metadata})
	return string(text), err
}

func together(jobs []*batchv1.Job, do func(job *batchv1.Job) error) error {
	failures := make(chan error, len(jobs))
	for _, job := range jobs {
		go func() { failures <- do(job) }()
	}
	var all []error
	for range jobs {
		all = append(all, <-failures)
	}
	return utilerrors.NewAggregate(all)
}
