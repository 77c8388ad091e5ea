package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"sync"
	"time"
)

// runLatency delivers versions one at a time, ends their Jobs, and reports how long the promoting side took. A
// change counts from the moment when the benchmark's own watch, one for versions and one for Jobs, delivered it.
func runLatency(arguments []string) error {
	flags := flag.NewFlagSet("latency", flag.ExitOnError)
	namespace := flags.String("namespace", "", "where")
	prefix := flags.String("prefix", "", "of the applications' names")
	tasks := flags.Int("tasks", 1, "of each version")
	count := flags.Int("versions", 1, "how many")
	inTurn := flags.Bool("in-turn", false, "the Jobs end one after another, not together")
	flags.Parse(arguments)

	a, err := newAPI("latency")
	if err != nil {
		return err
	}
	o, err := newObserver(a)
	if err != nil {
		return err
	}
	var result struct {
		Running  []float64 `json:"running"` // milliseconds
		Recorded []float64 `json:"recorded"`
	}
	for n := range *count {
		p := &promotion{api: a, observer: o, namespace: *namespace, tasks: *tasks, inTurn: *inTurn}
		if err := p.run(fmt.Sprintf("%s-%03d", *prefix, n)); err != nil {
			return err
		}
		result.Running = append(result.Running, milliseconds(p.running))
		result.Recorded = append(result.Recorded, milliseconds(p.recorded))
	}
	return json.NewEncoder(os.Stdout).Encode(result)
}

func milliseconds(d time.Duration) float64 {
	return float64(d.Microseconds()) / 1000
}

const (
	settle   = 100 * time.Millisecond // the reactions to a change are over by then
	patience = 60 * time.Second
)

type promotion struct {
	api               *api
	observer          *observer
	namespace         string
	tasks             int
	inTurn            bool
	running, recorded time.Duration
}

func (p *promotion) run(app string) error {
	name, body := newVersion(p.namespace, app, 1, p.tasks)
	path := versionPath(p.namespace, name) + "/status"
	if _, err := p.api.call(http.MethodPost, versionPath(p.namespace, ""), body); err != nil {
		return err
	}
	before := encode(object{"status": deploymentStatus("1.1.0")})
	if _, err := p.api.call(http.MethodPatch, path, before); err != nil {
		return err
	}
	time.Sleep(settle)
	if _, err := p.api.call(http.MethodPatch, path, deliver()); err != nil {
		return err
	}
	s, err := p.observer.until(name, "its Jobs to run", func(s *seen) bool { return len(s.running) == p.tasks })
	if err != nil {
		return err
	}
	p.running = s.lastRunning.Sub(s.delivered)
	time.Sleep(settle)
	if err := p.end(s); err != nil {
		return err
	}
	s, err = p.observer.until(name, "its outcome", func(s *seen) bool { return !s.recorded.IsZero() && len(s.ended) == p.tasks })
	if err != nil {
		return err
	}
	p.recorded = s.recorded.Sub(s.lastEnded)
	time.Sleep(settle)
	return nil
}

func (p *promotion) end(s *seen) error {
	var names []string
	for name := range s.running {
		names = append(names, name)
	}
	end := func(i int) error {
		_, err := p.api.call(http.MethodPatch, jobPath(p.namespace, names[i])+"/status", jobEnds())
		return err
	}
	if !p.inTurn {
		return together(len(names), end)
	}
	for i := range names {
		if err := end(i); err != nil {
			return err
		}
		time.Sleep(settle)
	}
	return nil
}

// seen is what the watches have delivered of one version.
type seen struct {
	delivered, lastRunning, lastEnded, recorded time.Time
	running, ended                              map[string]bool
}

type observer struct {
	mu       sync.Mutex
	changed  *sync.Cond
	versions map[string]*seen // by name
	owners   map[string]*seen // by uid
	failed   error
}

func newObserver(a *api) (*observer, error) {
	text, err := a.call(http.MethodGet, versionsPath+"?limit=1", nil)
	if err != nil {
		return nil, err
	}
	var list struct{ Metadata metadata }
	if err := json.Unmarshal(text, &list); err != nil {
		return nil, err
	}
	o := &observer{versions: map[string]*seen{}, owners: map[string]*seen{}}
	o.changed = sync.NewCond(&o.mu)
	follow := func(path string, event func(line []byte, at time.Time) string) {
		err := a.watch(path, list.Metadata.ResourceVersion, event)
		o.fail(err)
	}
	go follow(versionsPath, o.versionEvent)
	go follow(jobsPath, o.jobEvent)
	return o, nil
}

func (o *observer) fail(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.failed = err
	o.changed.Broadcast()
}

func (o *observer) versionEvent(line []byte, at time.Time) string {
	var event struct{ Object version }
	if json.Unmarshal(line, &event) == nil {
		o.seeVersion(&event.Object, at)
	}
	return event.Object.Metadata.ResourceVersion
}

func (o *observer) seeVersion(v *version, at time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	s := o.versions[v.Metadata.Name]
	if s == nil {
		s = &seen{running: map[string]bool{}, ended: map[string]bool{}}
		o.versions[v.Metadata.Name] = s
		o.owners[v.Metadata.UID] = s
	}
	if s.delivered.IsZero() && v.delivered() {
		s.delivered = at
	}
	if s.recorded.IsZero() && v.Status.PromotionStatus == "Succeeded" {
		s.recorded = at
	}
	o.changed.Broadcast()
}

func (o *observer) jobEvent(line []byte, at time.Time) string {
	var event struct{ Object job }
	if json.Unmarshal(line, &event) == nil && len(event.Object.Metadata.OwnerReferences) == 1 {
		o.seeJob(&event.Object, at)
	}
	return event.Object.Metadata.ResourceVersion
}

func (o *observer) seeJob(j *job, at time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	s := o.owners[j.Metadata.OwnerReferences[0].UID]
	if s == nil {
		return
	}
	if !j.Spec.Suspend && !s.running[j.Metadata.Name] {
		s.running[j.Metadata.Name] = true
		s.lastRunning = at
	}
	if j.complete() && !s.ended[j.Metadata.Name] {
		s.ended[j.Metadata.Name] = true
		s.lastEnded = at
	}
	o.changed.Broadcast()
}

func (o *observer) until(name, what string, reached func(s *seen) bool) (*seen, error) {
	late := time.AfterFunc(patience, func() { o.fail(fmt.Errorf("waited %s in vain for %s", patience, what)) })
	defer late.Stop()
	o.mu.Lock()
	defer o.mu.Unlock()
	for {
		if s := o.versions[name]; s != nil && reached(s) {
			return s, nil
		}
		if o.failed != nil {
			return nil, fmt.Errorf("%s: %w", name, o.failed)
		}
		o.changed.Wait()
	}
}
