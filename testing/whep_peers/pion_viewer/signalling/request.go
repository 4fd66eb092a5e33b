// Package signalling is what viewer and publisher ask a server over HTTP.
package signalling

import (
	"bytes"
	"io"
	"net/http"
	"regexp"
)

// Request sends a body, if there is one, and returns the answer with its text.
func Request(method, url, contentType, body string) (*http.Response, string, error) {
	return send(method, url, contentType, body, "")
}

// Patch sends a fragment for the session as an ETag names it; "*" for any.
func Patch(url, etag, fragment string) (*http.Response, string, error) {
	return send(http.MethodPatch, url, "application/trickle-ice-sdpfrag", fragment, etag)
}

func send(method, url, contentType, body, etag string) (*http.Response, string, error) {
	ask, err := http.NewRequest(method, url, bytes.NewBufferString(body))
	if err != nil {
		return nil, "", err
	}
	if contentType != "" {
		ask.Header.Set("Content-Type", contentType)
	}
	if etag != "" {
		ask.Header.Set("If-Match", etag)
	}
	response, err := http.DefaultClient.Do(ask)
	if err != nil {
		return nil, "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return response, string(text), err
}

// Credentials are the lines of a description that begin a fragment.
func Credentials(description string) string {
	return regexp.MustCompile(`(?m)^a=ice-ufrag:.*\r\n`).FindString(description) +
		regexp.MustCompile(`(?m)^a=ice-pwd:.*\r\n`).FindString(description)
}
