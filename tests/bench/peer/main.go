// Command peer is the webhook that the benchmark compares Promogate with: the same rules, as people commonly
// write a webhook in Go. It keeps controller-runtime's defaults, but speaks HTTP/1.1 only, like every webhook
// that the API server calls through a Service.
package main

import (
	"context"
	"crypto/tls"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/controller-runtime/pkg/webhook"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"
)

type options struct {
	certFile, keyFile, listen, metricsListen, keptnNamespace string
}

func main() {
	var o options
	flag.StringVar(&o.certFile, "tls-cert-file", "", "serving certificate, PEM")
	flag.StringVar(&o.keyFile, "tls-key-file", "", "its key, PEM, in the same folder")
	flag.StringVar(&o.listen, "listen", "127.0.0.1:9443", "address of the webhook")
	flag.StringVar(&o.metricsListen, "metrics-listen", "127.0.0.1:8080", "address of /metrics and /readyz")
	flag.StringVar(&o.keptnNamespace, "keptn-namespace", "keptn-system", "where common definitions are")
	flag.Parse() // --kubeconfig is controller-runtime's own

	ctrl.SetLogger(zap.New())
	if err := run(ctrl.SetupSignalHandler(), &o); err != nil {
		ctrl.Log.Error(err, "stopped")
		os.Exit(1)
	}
}

func run(ctx context.Context, o *options) error {
	host, portText, err := net.SplitHostPort(o.listen)
	if err != nil {
		return err
	}
	port, err := strconv.Atoi(portText)
	if err != nil {
		return fmt.Errorf("--listen: %w", err)
	}
	if filepath.Dir(o.certFile) != filepath.Dir(o.keyFile) {
		return fmt.Errorf("--tls-cert-file and --tls-key-file are in different folders")
	}
	config, err := ctrl.GetConfig()
	if err != nil {
		return err
	}

	scheme := runtime.NewScheme()
	utilruntime.Must(addToScheme(scheme))

	ready := &readiness{}
	mgr, err := ctrl.NewManager(config, ctrl.Options{
		Scheme: scheme,
		Cache:  cache.Options{DefaultTransform: cache.TransformStripManagedFields()},
		WebhookServer: webhook.NewServer(webhook.Options{
			Host:     host,
			Port:     port,
			CertDir:  filepath.Dir(o.certFile),
			CertName: filepath.Base(o.certFile),
			KeyName:  filepath.Base(o.keyFile),
			TLSOpts:  []func(*tls.Config){likeTheAPIServersCalls},
		}),
		Metrics: metricsserver.Options{
			BindAddress:   o.metricsListen,
			ExtraHandlers: map[string]http.Handler{"/readyz": ready},
		},
	})
	if err != nil {
		return err
	}
	server := mgr.GetWebhookServer()
	ready.cache, ready.serving = mgr.GetCache(), server.StartedChecker()

	for _, obj := range []client.Object{&KeptnTaskDefinition{}, &KeptnConfig{}} {
		if _, err := mgr.GetCache().GetInformer(ctx, obj); err != nil {
			return err
		}
	}
	around := &surroundings{
		decoder: admission.NewDecoder(scheme),
		defs: &lookup{
			cache:          mgr.GetClient(),
			live:           mgr.GetAPIReader(),
			keptnNamespace: o.keptnNamespace,
		},
		readers:  []client.Reader{mgr.GetClient(), mgr.GetAPIReader()},
		policies: &policies{},
	}
	_, err = mgr.GetRESTMapper().RESTMapping(policyV1Alpha1.WithKind("PromotionPolicy").GroupKind())
	if meta.IsNoMatchError(err) {
		ctrl.Log.Info("PromotionPolicy is not installed")
	} else if err = around.policies.follow(ctx, mgr.GetCache()); err != nil {
		return err
	}
	server.Register("/validate", &webhook.Admission{Handler: &validator{around}})
	server.Register("/mutate", &webhook.Admission{Handler: &defaulter{around}})
	return mgr.Start(ctx)
}

// The API server's client speaks HTTP/1.1 to a Service, and keeps no sessions: it never resumes one, but h2load would.
func likeTheAPIServersCalls(c *tls.Config) {
	c.NextProtos = []string{"http/1.1"}
	c.SessionTicketsDisabled = true
}

type readiness struct {
	cache   cache.Cache
	serving func(*http.Request) error
}

func (r *readiness) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	ctx, cancel := context.WithTimeout(req.Context(), time.Second)
	defer cancel()
	if !r.cache.WaitForCacheSync(ctx) {
		http.Error(w, "caches are not synced", http.StatusServiceUnavailable)
		return
	}
	if err := r.serving(req); err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	fmt.Fprintln(w, "ok")
}
