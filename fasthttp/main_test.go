package main

import (
	"bufio"
	"net"
	"strings"
	"testing"

	"github.com/valyala/fasthttp"
	"github.com/valyala/fasthttp/fasthttputil"
)

func dial(t *testing.T) net.Conn {
	t.Helper()
	listener := fasthttputil.NewInmemoryListener()
	t.Cleanup(func() { listener.Close() })
	go fasthttp.Serve(listener, handle)
	conn, err := listener.Dial()
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

func TestAnswers(t *testing.T) {
	for request, want := range map[string]struct {
		status int
		body   string
	}{
		"GET /":        {200, "Hello world!"},
		"GET /missing": {404, "Not found"},
		"POST /":       {404, "Not found"},
	} {
		conn := dial(t)
		if _, err := conn.Write([]byte(request + " HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n")); err != nil {
			t.Fatal(err)
		}
		var got fasthttp.Response
		if err := got.Read(bufio.NewReader(conn)); err != nil {
			t.Fatal(err)
		}
		if got.StatusCode() != want.status || string(got.Body()) != want.body {
			t.Errorf("%s: got %d %q", request, got.StatusCode(), got.Body())
		}
		if kind := string(got.Header.ContentType()); !strings.HasPrefix(kind, "text/plain") {
			t.Errorf("%s: content type %q", request, kind)
		}
	}
}

func TestPipelineIsAnsweredInOrder(t *testing.T) {
	const depth = 16
	conn := dial(t)
	one := "GET / HTTP/1.1\r\nHost: h\r\n\r\nGET /missing HTTP/1.1\r\nHost: h\r\n\r\n"
	go conn.Write([]byte(strings.Repeat(one, depth/2)))
	reader := bufio.NewReader(conn)
	for i := range depth {
		var got fasthttp.Response
		if err := got.Read(reader); err != nil {
			t.Fatal(err)
		}
		if want := []int{200, 404}[i%2]; got.StatusCode() != want {
			t.Errorf("answer %d: got %d, want %d", i, got.StatusCode(), want)
		}
	}
}
