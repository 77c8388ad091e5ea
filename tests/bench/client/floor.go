package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log"
	"net/http"
	"strings"
	"sync"
	"time"
)

// floor promotes with the least that any client has to do: on one watch event three steps one after another, each
// for all tasks together; on the last Job's end one more. It looks nothing up, checks nothing, repeats nothing.
type floor struct {
	api  *api
	mu   sync.Mutex
	runs map[string]*run // by the version's uid
}

type run struct {
	version *version
	items   []item
	ended   map[string]bool // by the Job's name
}

func runFloor(arguments []string) error {
	flags := flag.NewFlagSet("floor", flag.ExitOnError)
	listen := flags.String("metrics-listen", "", "where /readyz is")
	workers := flags.Int("workers", 8, "versions that are promoted at a time")
	flags.Parse(arguments)

	a, err := newAPI("floor")
	if err != nil {
		return err
	}
	f := &floor{api: a, runs: map[string]*run{}}
	queue := make(chan *version, 100_000)
	for range *workers {
		go func() {
			for v := range queue {
				if err := f.start(v); err != nil {
					log.Print(err)
				}
			}
		}()
	}
	return f.follow(queue, *listen)
}

func (f *floor) follow(queue chan<- *version, listen string) error {
	text, err := f.api.call(http.MethodGet, versionsPath, nil)
	if err != nil {
		return err
	}
	var list struct {
		Metadata metadata   `json:"metadata"`
		Items    []*version `json:"items"`
	}
	if err := json.Unmarshal(text, &list); err != nil {
		return err
	}
	failed := make(chan error, 3)
	go func() {
		failed <- f.api.watch(jobsPath, list.Metadata.ResourceVersion, f.jobEvent)
	}()
	go func() {
		failed <- f.api.watch(versionsPath, list.Metadata.ResourceVersion, func(line []byte, _ time.Time) string {
			var event struct{ Object version }
			if json.Unmarshal(line, &event) == nil && event.Object.delivered() {
				queue <- &event.Object
			}
			return event.Object.Metadata.ResourceVersion
		})
	}()
	go func() {
		http.HandleFunc("/readyz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
		failed <- http.ListenAndServe(listen, nil)
	}()
	for _, v := range list.Items {
		if v.delivered() {
			queue <- v
		}
	}
	return <-failed
}

// The three steps: create suspended Jobs, commit, release.
func (f *floor) start(v *version) error {
	m := v.Metadata
	r := &run{version: v, ended: map[string]bool{}}
	for _, task := range v.Spec.PromotionTasks {
		r.items = append(r.items, item{DefinitionName: task, Name: task + "-1-" + m.UID[:8],
			Status: "Progressing", StartTime: now()})
	}
	uids := make([]string, len(r.items))
	if err := together(len(r.items), func(i int) error {
		answer, err := f.api.call(http.MethodPost, jobPath(m.Namespace, ""), newJob(v, &r.items[i]))
		if err != nil {
			return err
		}
		var made struct{ Metadata metadata }
		err = json.Unmarshal(answer, &made)
		uids[i] = made.Metadata.UID
		return err
	}); err != nil {
		return err
	}

	f.mu.Lock()
	f.runs[m.UID] = r
	f.mu.Unlock()
	if err := f.write(r, object{"promotionStatus": "Progressing", "currentPhase": "PromotionTasks",
		"status": "Progressing"}); err != nil {
		return err
	}
	return together(len(r.items), func(i int) error {
		_, err := f.api.call(http.MethodPatch, jobPath(m.Namespace, r.items[i].Name),
			encode(object{"metadata": object{"uid": uids[i]}, "spec": object{"suspend": false}}))
		return err
	})
}

func (f *floor) write(r *run, status object) error {
	m := &r.version.Metadata
	status["promotionTaskStatus"] = r.items
	answer, err := f.api.call(http.MethodPatch, versionPath(m.Namespace, m.Name)+"/status",
		encode(object{"metadata": object{"resourceVersion": m.ResourceVersion}, "status": status}))
	if err != nil {
		return err
	}
	return json.Unmarshal(answer, r.version)
}

func (f *floor) jobEvent(line []byte, _ time.Time) string {
	var event struct{ Object job }
	if json.Unmarshal(line, &event) == nil && event.Object.complete() && len(event.Object.Metadata.OwnerReferences) == 1 {
		f.jobEnded(&event.Object)
	}
	return event.Object.Metadata.ResourceVersion
}

func (f *floor) jobEnded(j *job) {
	f.mu.Lock()
	defer f.mu.Unlock()
	uid := j.Metadata.OwnerReferences[0].UID
	r := f.runs[uid]
	if r == nil {
		return
	}
	r.ended[j.Metadata.Name] = true
	if len(r.ended) < len(r.items) {
		return
	}
	delete(f.runs, uid)
	for i := range r.items {
		r.items[i].Status, r.items[i].EndTime = "Succeeded", now()
	}
	if err := f.write(r, object{"promotionStatus": "Succeeded", "currentPhase": "Completed",
		"status": "Succeeded", "endTime": now()}); err != nil {
		log.Print(err)
	}
}

// All `count` in flight at once.
func together(count int, do func(i int) error) error {
	errs := make([]error, count)
	var wait sync.WaitGroup
	for i := range count {
		wait.Go(func() { errs[i] = do(i) })
	}
	wait.Wait()
	return errors.Join(errs...)
}

// A Job with the labels, annotations and environment that Promogate's has.
func newJob(v *version, i *item) []byte {
	labels := object{
		"app.kubernetes.io/managed-by": "floor",
		"promogate.dev/app":            v.Spec.AppName,
		"promogate.dev/version":        v.Spec.Version,
		"promogate.dev/task":           i.DefinitionName,
		"promogate.dev/attempt":        "1",
	}
	context := fmt.Sprintf(`{"workloadName":"","appName":%q,"appVersion":%q,"workloadVersion":"","taskType":"promotion",`+
		`"objectType":"App","metadata":{"commit":"6f1c0a1b3f0e4f1b8f1d2c7e9a5b4d3c2e1f0a9b","stage":"staging",`+
		`"traceparent":"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}}`, v.Spec.AppName, v.Spec.Version)
	return encode(object{
		"apiVersion": "batch/v1",
		"kind":       "Job",
		"metadata": object{
			"name":   i.Name,
			"labels": labels,
			"annotations": object{
				"keptn.sh/app":                             v.Spec.AppName,
				"keptn.sh/version":                         v.Spec.Version,
				"keptn.sh/task-name":                       i.Name,
				"promogate.dev/task":                       i.DefinitionName,
				"promogate.dev/ttl-seconds-after-finished": "300",
			},
			"ownerReferences": []object{{"apiVersion": "lifecycle.keptn.sh/v1", "kind": "KeptnAppVersion",
				"name": v.Metadata.Name, "uid": v.Metadata.UID, "controller": true, "blockOwnerDeletion": true}},
		},
		"spec": object{
			"suspend":               true,
			"backoffLimit":          3,
			"activeDeadlineSeconds": 300,
			"template": object{
				"metadata": object{"labels": labels},
				"spec": object{
					"restartPolicy":      "OnFailure",
					"serviceAccountName": "promotion",
					"containers": []object{{
						"name":    "task",
						"image":   "registry.example.com/platform/promotion-task:v1.4.2",
						"command": strings.Fields("/bin/promote --stage=production"),
						"env": []object{
							{"name": "CHANGE_BOARD", "value": "https://changes.example.com"},
							{"name": "KEPTN_CONTEXT", "value": context},
							{"name": "PROMOGATE_ID", "value": v.Metadata.UID + "/" + i.DefinitionName},
							{"name": "PROMOGATE_ATTEMPT", "value": "1"},
						},
						"resources": object{
							"limits":   object{"cpu": "200m", "memory": "64Mi"},
							"requests": object{"cpu": "50m", "memory": "32Mi"},
						},
					}},
				},
			},
		},
	})
}
