package main

import (
	"flag"
	"fmt"
	"maps"
	"net/http"
	"sync"
)

// runFill makes many versions, delivered and waiting for their promotion, or promoted long ago.
func runFill(arguments []string) error {
	flags := flag.NewFlagSet("fill", flag.ExitOnError)
	namespace := flags.String("namespace", "", "prefix of the namespaces")
	namespaces := flags.Int("namespaces", 1, "over how many namespaces they are spread")
	count := flags.Int("versions", 0, "how many")
	apps := flags.Int("apps", 0, "of how many applications")
	tasks := flags.Int("tasks", 5, "promotion tasks of each")
	promoted := flags.Bool("promoted", false, "all of them succeeded")
	flags.Parse(arguments)

	a, err := newAPI("fill")
	if err != nil {
		return err
	}
	return inParallel(*count, 16, func(n int) error {
		ns := fmt.Sprintf("%s-%02d", *namespace, n%*apps%*namespaces)
		name, body := newVersion(ns, fmt.Sprintf("app-%05d", n%*apps), n / *apps, *tasks)
		if _, err := a.call(http.MethodPost, versionPath(ns, ""), body); err != nil {
			return err
		}
		status := deploymentStatus(fmt.Sprintf("1.%d.0", n / *apps))
		maps.Copy(status, object{"currentPhase": "Completed", "status": "Succeeded", "endTime": now()})
		if *promoted {
			var items []item
			for _, task := range taskNames(*tasks) {
				items = append(items, item{task, task + "-1-bcdfghjk", "Succeeded", now(), now()})
			}
			maps.Copy(status, object{"promotionStatus": "Succeeded", "promotionTaskStatus": items})
		}
		_, err := a.call(http.MethodPatch, versionPath(ns, name)+"/status", encode(object{"status": status}))
		return err
	})
}

// From 0 to count, `width` at a time; stops at the first error.
func inParallel(count, width int, do func(n int) error) error {
	var mu sync.Mutex
	var failed error
	next := 0
	take := func(err error) (int, bool) {
		mu.Lock()
		defer mu.Unlock()
		if err != nil && failed == nil {
			failed = err
		}
		next++
		return next - 1, failed == nil && next <= count
	}
	var wait sync.WaitGroup
	for range width {
		wait.Go(func() {
			var err error
			for n, more := take(nil); more; n, more = take(err) {
				err = do(n)
			}
		})
	}
	wait.Wait()
	return failed
}
