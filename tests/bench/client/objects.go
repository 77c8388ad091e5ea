package main

import (
	"encoding/json"
	"fmt"
	"time"
)

const (
	versionsPath = "/apis/lifecycle.keptn.sh/v1/keptnappversions"
	jobsPath     = "/apis/batch/v1/jobs"
)

func versionPath(namespace, name string) string {
	return "/apis/lifecycle.keptn.sh/v1/namespaces/" + namespace + "/keptnappversions/" + name
}

func jobPath(namespace, name string) string {
	return "/apis/batch/v1/namespaces/" + namespace + "/jobs/" + name
}

// The fields of an object that are read.

type metadata struct {
	Name            string  `json:"name"`
	Namespace       string  `json:"namespace"`
	UID             string  `json:"uid"`
	ResourceVersion string  `json:"resourceVersion"`
	OwnerReferences []owner `json:"ownerReferences"`
}

type owner struct {
	UID string `json:"uid"`
}

type item struct {
	DefinitionName string `json:"definitionName"`
	Name           string `json:"name"`
	Status         string `json:"status"`
	StartTime      string `json:"startTime,omitempty"`
	EndTime        string `json:"endTime,omitempty"`
}

type version struct {
	Metadata metadata `json:"metadata"`
	Spec     struct {
		AppName        string   `json:"appName"`
		Version        string   `json:"version"`
		PromotionTasks []string `json:"promotionTasks"`
	} `json:"spec"`
	Status struct {
		Status              string `json:"status"`
		CurrentPhase        string `json:"currentPhase"`
		EndTime             string `json:"endTime"`
		PromotionStatus     string `json:"promotionStatus"`
		PromotionTaskStatus []item `json:"promotionTaskStatus"`
	} `json:"status"`
}

func (v *version) delivered() bool {
	return v.Status.EndTime != "" && v.Status.Status == "Succeeded" && v.Status.CurrentPhase == "Completed" &&
		v.Status.PromotionStatus == "Pending"
}

type job struct {
	Metadata metadata `json:"metadata"`
	Spec     struct {
		Suspend bool `json:"suspend"`
	} `json:"spec"`
	Status struct {
		Conditions []struct {
			Type   string `json:"type"`
			Status string `json:"status"`
		} `json:"conditions"`
	} `json:"status"`
}

func (j *job) complete() bool {
	for _, c := range j.Status.Conditions {
		if c.Type == "Complete" && c.Status == "True" {
			return true
		}
	}
	return false
}

type object = map[string]any

func encode(o any) []byte {
	text, err := json.Marshal(o)
	if err != nil {
		panic(err)
	}
	return text
}

func now() string {
	return time.Now().UTC().Format(time.RFC3339)
}

// The definitions are made by tests/bench/lib/objects.py.
func taskNames(count int) []string {
	var names []string
	for i := range count {
		names = append(names, fmt.Sprintf("promote-%02d", i))
	}
	return names
}

// A version of an application with three workloads, as Keptn's operator creates it.
func newVersion(namespace, app string, revision, tasks int) (name string, body []byte) {
	number := fmt.Sprintf("1.%d.0", revision)
	name = fmt.Sprintf("%s-%s-6b86b273", app, number)
	return name, encode(object{
		"apiVersion": "lifecycle.keptn.sh/v1",
		"kind":       "KeptnAppVersion",
		"metadata":   object{"name": name, "namespace": namespace},
		"spec": object{
			"appName":                   app,
			"version":                   number,
			"previousVersion":           fmt.Sprintf("1.%d.0", revision-1),
			"revision":                  1,
			"workloads":                 workloads(number),
			"preDeploymentTasks":        []string{"warm-caches"},
			"postDeploymentTasks":       []string{"smoke-test", "load-test"},
			"postDeploymentEvaluations": []string{"availability"},
			"promotionTasks":            taskNames(tasks),
			"metadata":                  object{"commit": "6f1c0a1b3f0e4f1b8f1d2c7e9a5b4d3c2e1f0a9b", "stage": "staging"},
			"traceId":                   object{"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"},
		},
	})
}

func workloads(number string) []object {
	return []object{
		{"name": "frontend", "version": number},
		{"name": "backend", "version": number},
		{"name": "worker", "version": number},
	}
}

// The status that the operator has written when the post-deployment phase is done.
func deploymentStatus(number string) object {
	var each []object
	for _, w := range workloads(number) {
		each = append(each, object{"workload": w, "status": "Succeeded"})
	}
	return object{
		"currentPhase":                   "AppDeploy",
		"status":                         "Progressing",
		"startTime":                      now(),
		"preDeploymentStatus":            "Succeeded",
		"preDeploymentEvaluationStatus":  "Succeeded",
		"workloadOverallStatus":          "Succeeded",
		"workloadStatus":                 each,
		"postDeploymentStatus":           "Succeeded",
		"postDeploymentEvaluationStatus": "Succeeded",
		"preDeploymentTaskStatus":        []object{endedTask("warm-caches")},
		"postDeploymentTaskStatus":       []object{endedTask("smoke-test"), endedTask("load-test")},
	}
}

func endedTask(name string) object {
	return object{"definitionName": name, "name": "post-" + name + "-53820", "status": "Succeeded",
		"startTime": now(), "endTime": now()}
}

// The operator's last write: from then on the version counts as delivered.
func deliver() []byte {
	return encode(object{"status": object{"currentPhase": "Completed", "status": "Succeeded", "endTime": now()}})
}

// As the Job controller ends a Job that succeeded.
func jobEnds() []byte {
	condition := func(kind string) object {
		return object{"type": kind, "status": "True", "lastProbeTime": now(), "lastTransitionTime": now(),
			"reason": "CompletionsReached", "message": "Reached expected number of succeeded pods"}
	}
	return encode(object{"status": object{
		"startTime":               now(),
		"completionTime":          now(),
		"succeeded":               1,
		"ready":                   0,
		"terminating":             0,
		"uncountedTerminatedPods": object{},
		"conditions":              []object{condition("SuccessCriteriaMet"), condition("Complete")},
	}})
}
