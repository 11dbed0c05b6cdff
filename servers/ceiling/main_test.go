package main

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"runtime/debug"
	"strings"
	"testing"
	"time"
)

const request = "GET / HTTP/1.1\r\nHost: h\r\n\r\n"

var served netip.AddrPort

func TestMain(m *testing.M) {
	debug.SetGCPercent(-1) // as main does: a loop in the kernel would keep the collector waiting
	os.Exit(m.Run())
}

// start runs one worker for all tests: its loop has no end.
func start(t *testing.T) net.Conn {
	t.Helper()
	if !served.IsValid() {
		free, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		served = free.Addr().(*net.TCPAddr).AddrPort()
		free.Close()
		l, err := newLoop(served, answer(time.Now()))
		if err != nil {
			t.Fatal(err)
		}
		go l.run()
	}
	conn, err := net.Dial("tcp", served.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(10 * time.Second))
	return conn
}

func check(t *testing.T, reader *bufio.Reader, answers int) {
	t.Helper()
	for i := range answers {
		got, err := http.ReadResponse(reader, nil)
		if err != nil {
			t.Fatalf("answer %d: %v", i, err)
		}
		body, err := io.ReadAll(got.Body)
		if err != nil || got.StatusCode != 200 || string(body) != "Hello world!" {
			t.Fatalf("answer %d: got %d %q, %v", i, got.StatusCode, body, err)
		}
	}
}

func TestCountsWhereverAReadEnds(t *testing.T) {
	stream := []byte(strings.Repeat(request, 3) + "\r\n\r\n\r\n\r\n" + request + "GET /half")
	for size := 1; size <= len(stream); size++ {
		var c connection
		buffer := make([]byte, 3+len(stream))
		got := 0
		for rest := stream; len(rest) > 0; {
			read := copy(buffer[3:], rest[:min(size, len(rest))])
			got += c.count(buffer, read)
			rest = rest[read:]
		}
		if got != 6 {
			t.Errorf("in reads of %d: got %d requests", size, got)
		}
	}
}

func TestAnswersEveryRequestOfABatch(t *testing.T) {
	conn := start(t)
	reader := bufio.NewReader(conn)
	for _, depth := range []int{1, 5, 16, 64, 5000} {
		if _, err := conn.Write([]byte(strings.Repeat(request, depth))); err != nil {
			t.Fatal(err)
		}
		check(t, reader, depth)
	}
	if reader.Buffered() != 0 {
		t.Errorf("%d bytes too many", reader.Buffered())
	}
}

func TestAnswersInFullWhoReadsLate(t *testing.T) {
	const depth = 200_000 // more than the buffers between them hold
	conn := start(t)
	go conn.Write(bytes.Repeat([]byte(request), depth))
	time.Sleep(200 * time.Millisecond)
	check(t, bufio.NewReader(conn), depth)
}

func TestClosesWhenToldTo(t *testing.T) {
	conn := start(t)
	if _, err := conn.Write([]byte("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	reader := bufio.NewReader(conn)
	check(t, reader, 1)
	if _, err := reader.ReadByte(); err != io.EOF {
		t.Errorf("not closed: %v", err)
	}
}
