// Command judge gives two second opinions on certificates: Go's crypto/x509 and zlint.
//
// It reads JSON lines {name, chain, roots, dnsName?, usages?, at?} (chain and roots are PEM, the leaf
// first in the chain; at is RFC 3339) and prints one JSON line for each:
// {name, go, zlint}. go is "" when the path verifies, otherwise Go's error. zlint lists every finding
// of status warn, error or fatal on the leaf.
package main

import (
	"bufio"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"os"
	"sort"
	"time"

	zcrypto "github.com/zmap/zcrypto/x509"
	"github.com/zmap/zlint/v3"
	"github.com/zmap/zlint/v3/lint"
)

type question struct {
	Name    string   `json:"name"`
	Chain   string   `json:"chain"`
	Roots   string   `json:"roots"`
	DNSName string   `json:"dnsName"`
	Usages  []string `json:"usages"`
	At      string   `json:"at"`
}

type finding struct {
	Lint    string `json:"lint"`
	Status  string `json:"status"`
	Details string `json:"details"`
}

type verdict struct {
	Name  string    `json:"name"`
	Go    string    `json:"go"`
	Zlint []finding `json:"zlint"`
}

// The sources that speak of X.509 as such. The others are rules of the public web (CA/Browser Forum,
// root programmes), which a private CA neither follows nor claims to.
var sources = lint.SourceList{lint.RFC5280, lint.RFC5480, lint.RFC8813, lint.Community}

var usages = map[string]x509.ExtKeyUsage{
	"any":         x509.ExtKeyUsageAny,
	"server auth": x509.ExtKeyUsageServerAuth,
	"client auth": x509.ExtKeyUsageClientAuth,
}

func main() {
	registry, err := lint.GlobalRegistry().Filter(lint.FilterOptions{IncludeSources: sources})
	if err != nil {
		fail(err)
	}
	if len(registry.Names()) == 0 {
		fail(fmt.Errorf("no lint matches the sources %v", sources))
	}
	in := bufio.NewReaderSize(os.Stdin, 1<<20)
	out := json.NewEncoder(os.Stdout)
	for number := 1; ; number++ {
		line, err := in.ReadBytes('\n')
		if len(line) > 1 {
			var q question
			if problem := json.Unmarshal(line, &q); problem != nil {
				fail(fmt.Errorf("line %d: %w", number, problem))
			}
			if problem := out.Encode(judge(q, registry)); problem != nil {
				fail(problem)
			}
		}
		if err == io.EOF {
			return
		}
		if err != nil {
			fail(err)
		}
	}
}

func judge(q question, registry lint.Registry) verdict {
	v := verdict{Name: q.Name, Zlint: []finding{}}
	leaf, err := verify(q)
	if err != nil {
		v.Go = err.Error()
	}
	if leaf == nil {
		return v
	}
	parsed, err := zcrypto.ParseCertificate(leaf.Raw)
	if err != nil {
		v.Zlint = append(v.Zlint, finding{"parse", "fatal", err.Error()})
		return v
	}
	for name, result := range zlint.LintCertificateEx(parsed, registry).Results {
		if result.Status >= lint.Warn {
			v.Zlint = append(v.Zlint, finding{name, result.Status.String(), result.Details})
		}
	}
	sort.Slice(v.Zlint, func(i, j int) bool { return v.Zlint[i].Lint < v.Zlint[j].Lint })
	return v
}

// verify returns the leaf whenever it could be parsed, also beside an error.
func verify(q question) (*x509.Certificate, error) {
	chain, err := certificates(q.Chain)
	if err != nil {
		return nil, fmt.Errorf("chain: %w", err)
	}
	roots, err := certificates(q.Roots)
	if err != nil {
		return chain[0], fmt.Errorf("roots: %w", err)
	}
	options := x509.VerifyOptions{Roots: x509.NewCertPool(), Intermediates: x509.NewCertPool(), DNSName: q.DNSName}
	for _, certificate := range roots {
		options.Roots.AddCert(certificate)
	}
	for _, certificate := range chain[1:] {
		options.Intermediates.AddCert(certificate)
	}
	for _, name := range q.Usages {
		usage, known := usages[name]
		if !known {
			return chain[0], fmt.Errorf("usage %q: the judge knows any, server auth and client auth", name)
		}
		options.KeyUsages = append(options.KeyUsages, usage)
	}
	if len(options.KeyUsages) == 0 {
		options.KeyUsages = []x509.ExtKeyUsage{x509.ExtKeyUsageAny}
	}
	if q.At != "" {
		if options.CurrentTime, err = time.Parse(time.RFC3339, q.At); err != nil {
			return chain[0], err
		}
	}
	_, err = chain[0].Verify(options)
	return chain[0], err
}

func certificates(text string) ([]*x509.Certificate, error) {
	var found []*x509.Certificate
	rest := []byte(text)
	for {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("certificate %d: %w", len(found)+1, err)
		}
		found = append(found, certificate)
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("no PEM certificate found")
	}
	return found, nil
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "judge:", err)
	os.Exit(1)
}
