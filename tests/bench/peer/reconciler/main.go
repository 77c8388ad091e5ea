// Command reconciler is the controller that the benchmark compares Promogate's reconciler with: the same three
// steps, as people commonly write a controller with controller-runtime and its defaults. It leaves out everything
// that makes a task run exactly once despite crashes.
package main

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"os"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
)

func main() {
	metricsListen := flag.String("metrics-listen", "127.0.0.1:8080", "address of /metrics and /readyz")
	keptnNamespace := flag.String("keptn-namespace", "keptn-system", "where common definitions are")
	concurrent := flag.Int("concurrent", 16, "versions that are reconciled at a time")
	flag.Parse() // --kubeconfig is controller-runtime's own

	ctrl.SetLogger(zap.New())
	if err := run(ctrl.SetupSignalHandler(), *metricsListen, *keptnNamespace, *concurrent); err != nil {
		ctrl.Log.Error(err, "stopped")
		os.Exit(1)
	}
}

func run(ctx context.Context, metricsListen, keptnNamespace string, concurrent int) error {
	config, err := ctrl.GetConfig()
	if err != nil {
		return err
	}
	scheme := runtime.NewScheme()
	utilruntime.Must(addToScheme(scheme))
	utilruntime.Must(batchv1.AddToScheme(scheme))

	ready := &readiness{}
	mgr, err := ctrl.NewManager(config, ctrl.Options{
		Scheme: scheme,
		Cache: cache.Options{
			DefaultTransform: cache.TransformStripManagedFields(),
			ByObject: map[client.Object]cache.ByObject{
				&batchv1.Job{}: {Label: labels.SelectorFromSet(labels.Set{managedBy: manager})},
			},
		},
		Metrics: metricsserver.Options{
			BindAddress:   metricsListen,
			ExtraHandlers: map[string]http.Handler{"/readyz": ready},
		},
	})
	if err != nil {
		return err
	}
	ready.cache = mgr.GetCache()
	if err := mgr.GetFieldIndexer().IndexField(ctx, &batchv1.Job{}, byOwner, ownerOf); err != nil {
		return err
	}
	err = ctrl.NewControllerManagedBy(mgr).
		For(&KeptnAppVersion{}).
		Owns(&batchv1.Job{}).
		WithOptions(controller.Options{MaxConcurrentReconciles: concurrent}).
		Complete(&reconciler{Client: mgr.GetClient(), scheme: scheme, keptnNamespace: keptnNamespace})
	if err != nil {
		return err
	}
	// All informers start now, so that /readyz waits for each.
	for _, o := range []client.Object{&KeptnAppVersion{}, &batchv1.Job{}, &KeptnTaskDefinition{}} {
		if _, err := mgr.GetCache().GetInformer(ctx, o); err != nil {
			return err
		}
	}
	return mgr.Start(ctx)
}

type readiness struct {
	cache cache.Cache
}

func (r *readiness) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	ctx, cancel := context.WithTimeout(req.Context(), time.Second)
	defer cancel()
	if !r.cache.WaitForCacheSync(ctx) {
		http.Error(w, "caches are not synced", http.StatusServiceUnavailable)
		return
	}
	fmt.Fprintln(w, "ok")
}
