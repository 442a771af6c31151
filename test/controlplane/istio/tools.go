//go:build tools

// Package tools pins the two Istio commands that the tests run as the real counterparts.
package tools

import (
	_ "istio.io/istio/pilot/cmd/pilot-agent"
	_ "istio.io/istio/pilot/cmd/pilot-discovery"
)
