package main

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func dial(t *testing.T) net.Conn {
	t.Helper()
	server := httptest.NewServer(handler())
	t.Cleanup(server.Close)
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() }) // before the server's own, which waits for it
	conn.SetDeadline(time.Now().Add(10 * time.Second))
	return conn
}

func check(t *testing.T, reader *bufio.Reader, request string, status int, body string) {
	t.Helper()
	got, err := http.ReadResponse(reader, nil)
	if err != nil {
		t.Fatalf("%s: %v", request, err)
	}
	read, err := io.ReadAll(got.Body)
	if err != nil || got.StatusCode != status || !strings.HasPrefix(string(read), body) {
		t.Fatalf("%s: got %d %q, %v", request, got.StatusCode, read, err)
	}
	if kind := got.Header.Get("Content-Type"); !strings.HasPrefix(kind, "text/plain") {
		t.Errorf("%s: content type %q", request, kind)
	}
}

func TestAnswers(t *testing.T) {
	for request, want := range map[string]struct {
		status int
		body   string
	}{
		"GET /":        {200, "Hello world!"},
		"GET /missing": {404, "404 page not found"},
		"POST /":       {404, "404 page not found"},
	} {
		conn := dial(t)
		if _, err := conn.Write([]byte(request + " HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n")); err != nil {
			t.Fatal(err)
		}
		check(t, bufio.NewReader(conn), request, want.status, want.body)
	}
}

func TestPipelineIsAnsweredInOrder(t *testing.T) {
	const pairs = 8
	conn := dial(t)
	one := "GET / HTTP/1.1\r\nHost: h\r\n\r\nGET /missing HTTP/1.1\r\nHost: h\r\n\r\n"
	if _, err := conn.Write([]byte(strings.Repeat(one, pairs))); err != nil {
		t.Fatal(err)
	}
	reader := bufio.NewReader(conn)
	for range pairs {
		check(t, reader, "GET /", 200, "Hello world!")
		check(t, reader, "GET /missing", 404, "404 page not found")
	}
}
