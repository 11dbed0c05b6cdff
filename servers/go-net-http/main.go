// Hello world with the net/http of Go's standard library.
package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/signal"
	"runtime"
	"strconv"
	"syscall"
)

// somebody is what the Python servers await. Go has no coroutine to await: the equivalent
// is a call, kept from being optimised away.
//
//go:noinline
func somebody() {}

func hello(w http.ResponseWriter, _ *http.Request) {
	somebody()
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	io.WriteString(w, "Hello world!")
}

func handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", hello) // and HEAD
	mux.HandleFunc("/", http.NotFound)
	return mux
}

// settings says where to listen and on how many cores to run.
func settings(env func(string) string) (address string, workers int, err error) {
	host, port, count := env("BENCH_ADDRESS"), env("BENCH_PORT"), env("BENCH_WORKERS")
	if count == "" {
		count = "1"
	}
	ip, hostErr := netip.ParseAddr(host)
	number, portErr := strconv.ParseUint(port, 10, 16)
	workers, countErr := strconv.Atoi(count)
	if hostErr != nil || portErr != nil || countErr != nil || number == 0 || workers < 1 {
		return "", 0, fmt.Errorf("BENCH_ADDRESS must be an IP address, BENCH_PORT a port number and "+
			"BENCH_WORKERS a number from 1: got %q, %q and %q", host, port, count)
	}
	return netip.AddrPortFrom(ip, uint16(number)).String(), workers, nil
}

func fail(status int, err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(status)
}

func main() {
	address, workers, err := settings(os.Getenv)
	if err != nil {
		fail(2, err)
	}
	runtime.GOMAXPROCS(workers)
	listener, err := net.Listen("tcp", address)
	if err != nil {
		fail(1, err)
	}
	terminated := make(chan os.Signal, 1)
	signal.Notify(terminated, syscall.SIGTERM)
	failed := make(chan error, 1)
	go func() { failed <- http.Serve(listener, handler()) }()
	select {
	case err := <-failed:
		fail(1, err)
	case <-terminated: // no connection is worth waiting for: a measurement is over
	}
}
