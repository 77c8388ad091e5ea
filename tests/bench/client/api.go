package main

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"
)

// api is a minimal client of an API server: calls and watches over net/http.
type api struct {
	server, token, agent string
	calls, watches       *http.Client
}

// The API server's address, CA and token are in the environment, as `hack/localcluster env` prints them.
func newAPI(agent string) (*api, error) {
	ca, err := os.ReadFile(os.Getenv("CLUSTER_CA"))
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(ca) {
		return nil, errors.New("no certificate in CLUSTER_CA")
	}
	// HTTP/1.1: over one HTTP/2 connection each call takes longer here, with the same calls per second.
	transport := func() *http.Transport {
		return &http.Transport{
			TLSClientConfig:     &tls.Config{RootCAs: pool, ClientSessionCache: tls.NewLRUClientSessionCache(64)},
			MaxIdleConnsPerHost: 256,
			DisableCompression:  true,
		}
	}
	return &api{
		server:  os.Getenv("CLUSTER_SERVER"),
		token:   os.Getenv("CLUSTER_TOKEN"),
		agent:   agent,
		calls:   &http.Client{Transport: transport(), Timeout: time.Minute},
		watches: &http.Client{Transport: transport()},
	}, nil
}

func (a *api) send(client *http.Client, method, path string, body []byte) (*http.Response, error) {
	request, err := http.NewRequest(method, a.server+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	contentType := "application/json"
	if method == http.MethodPatch {
		contentType = "application/merge-patch+json"
	}
	request.Header.Set("Content-Type", contentType)
	request.Header.Set("Authorization", "Bearer "+a.token)
	request.Header.Set("User-Agent", a.agent)
	return client.Do(request)
}

// call returns the answer to a request; a status other than 2xx is an error.
func (a *api) call(method, path string, body []byte) ([]byte, error) {
	response, err := a.send(a.calls, method, path, body)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode/100 != 2 {
		err = fmt.Errorf("%s %s: %d %s", method, path, response.StatusCode, answer)
	}
	return answer, err
}

// watch hands each event's line to `event`, with the moment at which it was read; `event` returns the object's
// resourceVersion. A busy API server ends a watch that it considers slow: the next one continues from there.
func (a *api) watch(path, resourceVersion string, event func(line []byte, at time.Time) string) error {
	for {
		last, err := a.watchOnce(path, resourceVersion, event)
		if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return fmt.Errorf("watch %s: %w", path, err)
		}
		resourceVersion = last
	}
}

func (a *api) watchOnce(path, last string, event func(line []byte, at time.Time) string) (string, error) {
	response, err := a.send(a.watches, http.MethodGet, path+"?watch=true&resourceVersion="+last, nil)
	if err != nil {
		return last, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return last, errors.New(response.Status)
	}
	reader := bufio.NewReaderSize(response.Body, 1<<20)
	for {
		line, err := reader.ReadBytes('\n')
		if err != nil {
			return last, err
		}
		at := time.Now()
		if bytes.HasPrefix(line, []byte(`{"type":"ERROR"`)) {
			return last, fmt.Errorf("%s", line)
		}
		if seen := event(line, at); seen != "" {
			last = seen
		}
	}
}
