// How a server in Go is launched. The folders of the frameworks link to this file; it is tested in
// go-net-http, which needs nothing else.
package main

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/signal"
	"strconv"
	"syscall"
)

// settings reads BENCH_*: where to listen, and how many workers to run. The error names all of them.
func settings(env func(string) string) (address netip.AddrPort, workers int, err error) {
	host, port, count := env("BENCH_ADDRESS"), env("BENCH_PORT"), env("BENCH_WORKERS")
	if count == "" {
		count = "1"
	}
	ip, hostErr := netip.ParseAddr(host)
	number, portErr := strconv.ParseUint(port, 10, 16)
	workers, countErr := strconv.Atoi(count)
	if hostErr != nil || portErr != nil || countErr != nil || number == 0 || workers < 1 {
		return netip.AddrPort{}, 0, fmt.Errorf("BENCH_ADDRESS must be an IP address, BENCH_PORT a "+
			"port number and BENCH_WORKERS a number from 1: got %q, %q and %q", host, port, count)
	}
	return netip.AddrPortFrom(ip, uint16(number)), workers, nil
}

// settingsOrExit reads them from the environment, and ends the program with status 2 on an error.
func settingsOrExit() (address netip.AddrPort, workers int) {
	address, workers, err := settings(os.Getenv)
	if err != nil {
		fail(2, err)
	}
	return address, workers
}

func fail(status int, err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(status)
}

// serveUntilSIGTERM listens on the address and serves; it ends the program with status 1 on an error.
func serveUntilSIGTERM(address netip.AddrPort, serve func(net.Listener) error) {
	listener, err := net.Listen("tcp", address.String())
	if err != nil {
		fail(1, err)
	}
	terminated := make(chan os.Signal, 1)
	signal.Notify(terminated, syscall.SIGTERM)
	failed := make(chan error, 1)
	go func() { failed <- serve(listener) }()
	select {
	case err := <-failed:
		fail(1, err)
	case <-terminated: // no connection is worth waiting for: a measurement is over
	}
}
