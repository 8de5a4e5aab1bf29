// A stock grpc-go client: it follows the route plan by xDS and knows nothing of the platform but a method's name.
//
// usage: xds_client_go TARGET CA CERTIFICATE KEY
// Calls without a pause until SIGTERM. Prints "backend NAME" whenever another backend answers, "failed REASON" for each call that fails, and
// "calls N failed M" at the end.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	_ "google.golang.org/grpc/xds"
)

const method = "/trivium.payment.v1.PaymentService/GetPayment"

// Bytes as they are: no generated code is needed.
type rawCodec struct{}

func (rawCodec) Marshal(v any) ([]byte, error) { return *v.(*[]byte), nil }
func (rawCodec) Unmarshal(data []byte, v any) error {
	*v.(*[]byte) = append([]byte(nil), data...)
	return nil
}
func (rawCodec) Name() string { return "proto" }

func transportCredentials(ca, certificate, key string) (credentials.TransportCredentials, error) {
	pem, err := os.ReadFile(ca)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s: no certificate", ca)
	}
	pair, err := tls.LoadX509KeyPair(certificate, key)
	if err != nil {
		return nil, err
	}
	return credentials.NewTLS(&tls.Config{RootCAs: roots, Certificates: []tls.Certificate{pair}}), nil
}

func run(target, ca, certificate, key string) error {
	transport, err := transportCredentials(ca, certificate, key)
	if err != nil {
		return err
	}
	channel, err := grpc.NewClient(target, grpc.WithTransportCredentials(transport), grpc.WithDefaultCallOptions(grpc.ForceCodec(rawCodec{})))
	if err != nil {
		return err
	}
	defer channel.Close()
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)

	calls, failed, last := 0, 0, ""
	for {
		select {
		case <-stop:
			fmt.Printf("calls %d failed %d\n", calls, failed)
			return nil
		case <-time.After(2 * time.Millisecond):
		}
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		request, response := []byte{}, []byte{}
		err := channel.Invoke(ctx, method, &request, &response)
		cancel()
		calls++
		if err != nil {
			failed++
			fmt.Printf("failed %v\n", err)
			continue
		}
		// Field 1 of the answer is the backend's name: a tag, a length, text.
		if name := strings.ToValidUTF8(string(response[2:]), ""); name != last {
			last = name
			fmt.Printf("backend %s\n", name)
		}
	}
}

func main() {
	if len(os.Args) != 5 {
		fmt.Fprintln(os.Stderr, "usage: xds_client_go TARGET CA CERTIFICATE KEY")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2], os.Args[3], os.Args[4]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
