// chart: Helm's own engine and Kubernetes' own types, for the tests of deploy/helm/trivium. A machine without Helm and without a cluster can so render the
// chart as Helm does, with values checked by values.schema.json, lint it, and decode each document into the type that a cluster would.
//
//	chart render CHART RELEASE NAMESPACE [VALUES.yaml...]   prints the documents, those of hooks too, then NOTES.txt as comments
//	chart lint CHART NAMESPACE [VALUES.yaml...]             prints what Helm's linter says; status 1 for an error
//	chart types FILE...                                     decodes each document strictly; prints what does not fit; status 1
package main

import (
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"path"
	"sort"
	"strings"

	certmanager "github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1"
	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	"helm.sh/helm/v3/pkg/lint"
	"helm.sh/helm/v3/pkg/lint/support"
	apps "k8s.io/api/apps/v1"
	autoscaling "k8s.io/api/autoscaling/v2"
	batch "k8s.io/api/batch/v1"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	policy "k8s.io/api/policy/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

// What a cluster would take a document for.
var types = map[string]func() interface{}{
	"v1/ConfigMap":                           func() interface{} { return &core.ConfigMap{} },
	"v1/Secret":                              func() interface{} { return &core.Secret{} },
	"v1/Service":                             func() interface{} { return &core.Service{} },
	"v1/ServiceAccount":                      func() interface{} { return &core.ServiceAccount{} },
	"apps/v1/Deployment":                     func() interface{} { return &apps.Deployment{} },
	"apps/v1/StatefulSet":                    func() interface{} { return &apps.StatefulSet{} },
	"batch/v1/Job":                           func() interface{} { return &batch.Job{} },
	"autoscaling/v2/HorizontalPodAutoscaler": func() interface{} { return &autoscaling.HorizontalPodAutoscaler{} },
	"policy/v1/PodDisruptionBudget":          func() interface{} { return &policy.PodDisruptionBudget{} },
	"networking.k8s.io/v1/NetworkPolicy":     func() interface{} { return &networking.NetworkPolicy{} },
	"networking.k8s.io/v1/Ingress":           func() interface{} { return &networking.Ingress{} },
	"cert-manager.io/v1/Certificate":         func() interface{} { return &certmanager.Certificate{} },
	"cert-manager.io/v1/Issuer":              func() interface{} { return &certmanager.Issuer{} },
	"monitoring.coreos.com/v1/PodMonitor":    func() interface{} { return &monitoring.PodMonitor{} },
	"monitoring.coreos.com/v1/PrometheusRule": func() interface{} {
		return &monitoring.PrometheusRule{}
	},
}

// values merges the files, the last one first in rank, as `helm --values` does.
func values(files []string) (chartutil.Values, error) {
	merged := map[string]interface{}{}
	for _, file := range files {
		next, err := chartutil.ReadValuesFile(file)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		merged = chartutil.CoalesceTables(next, merged)
	}
	return merged, nil
}

func render(folder, release, namespace string, files []string) error {
	chart, err := loader.Load(folder)
	if err != nil {
		return err
	}
	given, err := values(files)
	if err != nil {
		return err
	}
	capabilities := chartutil.DefaultCapabilities.Copy()
	capabilities.KubeVersion = chartutil.KubeVersion{Version: "v1.29.0", Major: "1", Minor: "29"}
	if !chartutil.IsCompatibleRange(chart.Metadata.KubeVersion, capabilities.KubeVersion.Version) {
		return fmt.Errorf("kubeVersion: %s, want one that takes %s", chart.Metadata.KubeVersion, capabilities.KubeVersion.Version)
	}
	// Checks them by values.schema.json, too.
	all, err := chartutil.ToRenderValues(chart, given,
		chartutil.ReleaseOptions{Name: release, Namespace: namespace, Revision: 1, IsInstall: true}, capabilities)
	if err != nil {
		return err
	}
	rendered, err := engine.Render(chart, all)
	if err != nil {
		return err
	}
	print(rendered)
	return nil
}

func print(rendered map[string]string) {
	names := make([]string, 0, len(rendered))
	for name := range rendered {
		names = append(names, name)
	}
	sort.Strings(names)
	notes := ""
	for _, name := range names {
		base := path.Base(name)
		if base == "NOTES.txt" {
			notes = rendered[name]
		} else if !strings.HasPrefix(base, "_") {
			printDocuments(name, rendered[name])
		}
	}
	fmt.Printf("---\n# NOTES.txt\n")
	for _, line := range strings.Split(strings.TrimSpace(notes), "\n") {
		fmt.Println(strings.TrimRight("# "+line, " "))
	}
}

func printDocuments(name, text string) {
	for _, document := range strings.Split("\n"+text, "\n---\n") {
		if document = strings.TrimSpace(document); document != "" {
			fmt.Printf("---\n# Source: %s\n%s\n", name, document)
		}
	}
}

func lintChart(folder, namespace string, files []string) error {
	given, err := values(files)
	if err != nil {
		return err
	}
	linter := lint.All(folder, given, namespace, true)
	for _, message := range linter.Messages {
		fmt.Println(message.Error())
	}
	if linter.HighestSeverity >= support.ErrorSev {
		return errors.New("the linter found errors")
	}
	return nil
}

// decode says what of a document does not fit its type; "" when all does.
func decode(document string) string {
	var head struct {
		meta.TypeMeta   `json:",inline"`
		meta.ObjectMeta `json:"metadata"`
	}
	if err := yaml.Unmarshal([]byte(document), &head); err != nil {
		return err.Error()
	}
	name := head.APIVersion + "/" + head.Kind
	if name == "/" {
		return ""
	}
	build, known := types[name]
	if !known {
		return fmt.Sprintf("%s %s: a type that this test does not know", name, head.Name)
	}
	if err := yaml.UnmarshalStrict([]byte(document), build()); err != nil {
		return fmt.Sprintf("%s %s: %v", name, head.Name, err)
	}
	return ""
}

func checkTypes(files []string) error {
	wrong, documents := 0, 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		for _, document := range strings.Split("\n"+string(text), "\n---\n") {
			documents++
			if what := decode(document); what != "" {
				fmt.Printf("%s: %s\n", file, what)
				wrong++
			}
		}
	}
	if wrong > 0 || documents < 2 {
		return fmt.Errorf("%d of %d documents do not fit their types", wrong, documents)
	}
	return nil
}

func run(arguments []string) error {
	command := ""
	if len(arguments) > 0 {
		command = arguments[0]
	}
	switch {
	case command == "render" && len(arguments) >= 4:
		return render(arguments[1], arguments[2], arguments[3], arguments[4:])
	case command == "lint" && len(arguments) >= 3:
		return lintChart(arguments[1], arguments[2], arguments[3:])
	case command == "types" && len(arguments) >= 2:
		return checkTypes(arguments[1:])
	}
	return errors.New("usage: chart render CHART RELEASE NAMESPACE [VALUES...] | lint CHART NAMESPACE [VALUES...] | types FILE...")
}

func main() {
	// The loader says of each link in the chart that it follows it.
	log.SetOutput(io.Discard)
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintf(os.Stderr, "chart: %v\n", err)
		os.Exit(1)
	}
}
