//go:build tools

// Package tools pins Kubernetes' controllers: a module apart, for what they need must not rebuild the API server.
package tools

import (
	_ "k8s.io/kubernetes/cmd/kube-controller-manager"
)
