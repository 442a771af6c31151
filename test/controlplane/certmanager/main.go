// Command cert-manager-signer runs controllers of cert-manager the way cert-manager's own command wires
// them, without what that command runs besides: its other controllers, its servers and its leader election.
//
// By default those are the one that signs CertificateSigningRequests for CA issuers (in cert-manager behind a
// feature gate) and the two that make issuers Ready. Options are named, and default, as cert-manager's.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/cert-manager/cert-manager/pkg/controller"
	csrca "github.com/cert-manager/cert-manager/pkg/controller/certificatesigningrequests/ca"
	"github.com/cert-manager/cert-manager/pkg/controller/clusterissuers"
	"github.com/cert-manager/cert-manager/pkg/controller/issuers"
	_ "github.com/cert-manager/cert-manager/pkg/issuer/ca"
	_ "github.com/cert-manager/cert-manager/pkg/issuer/selfsigned"
	logf "github.com/cert-manager/cert-manager/pkg/logs"
	"github.com/cert-manager/cert-manager/pkg/util"
	"golang.org/x/sync/errgroup"
)

func main() {
	names := []string{csrca.CSRControllerName, clusterissuers.ControllerName, issuers.ControllerName}
	version := flag.Bool("version", false, "print cert-manager's version and end")
	wanted := flag.String("controllers", strings.Join(names, ","), "the controllers to run")
	workers := flag.Int("concurrent-workers", 5, "workers of each controller")
	// Both are without effect where the API server has Priority and Fairness on: cert-manager asks it at its start.
	qps := flag.Float64("kube-api-qps", 20, "calls a second to the API server")
	burst := flag.Int("kube-api-burst", 50, "calls at once to the API server")
	var options controller.ContextOptions
	flag.StringVar(&options.Kubeconfig, "kubeconfig", "", "file with the API server's address and the credentials")
	flag.StringVar(&options.ClusterResourceNamespace, "cluster-resource-namespace", "kube-system", "where the Secrets of ClusterIssuers are")
	flag.Parse()
	if *version {
		fmt.Println(util.AppVersion)
		return
	}
	options.KubernetesAPIQPS, options.KubernetesAPIBurst = float32(*qps), *burst

	logf.InitLogs()
	ctx, stop := signal.NotifyContext(logf.NewContext(context.Background(), logf.Log, "controller"), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, options, strings.Split(*wanted, ","), *workers); err != nil {
		fmt.Fprintln(os.Stderr, "cert-manager-signer:", err)
		os.Exit(1)
	}
}

// run returns when ctx is done, or with the first error of a controller.
func run(ctx context.Context, options controller.ContextOptions, wanted []string, workers int) error {
	group, ctx := errgroup.WithContext(ctx)
	factory, err := controller.NewContextFactory(ctx, options)
	if err != nil {
		return err
	}
	shared, err := factory.Build()
	if err != nil {
		return err
	}
	known := controller.Known()
	for _, name := range slices.Compact(slices.Sorted(slices.Values(wanted))) {
		construct, found := known[name]
		if !found {
			return fmt.Errorf("no controller %q among those that are built in", name)
		}
		// Before the factories start, so that the informers it asks for are among those that do.
		one, err := construct(factory)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		group.Go(func() error { return one.Run(workers, ctx) })
	}
	shared.SharedInformerFactory.Start(ctx.Done())
	shared.KubeSharedInformerFactory.Start(ctx.Done())
	return group.Wait()
}
